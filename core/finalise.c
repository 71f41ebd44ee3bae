/* SPDX-License-Identifier: MIT */
/*
 * Derived fields: computed from a well-formed policy, never folded, never
 * compared.  Each step reads ordered fields or what earlier steps made, so
 * that the result is a function of the ordered part alone.
 */
#include "finalise.h"

#include <cpulevel/level.h>

#include "clause.h"

static void put(struct lvl_policy *p, unsigned field, uint64_t value)
{
	lvl_set(p, field, value);
}

/* The value that follows from `from`; unknown where that is unknown. */
static void follow(struct lvl_policy *p, unsigned from, unsigned field,
		   uint64_t value)
{
	if (lvl_known(p, from))
		lvl_set(p, field, value);
	else
		lvl_forget(p, field);
}

/* -- identity without its carrier ----------------------------------------- */

static void clear_instances(struct lvl_policy *p, const struct lvl_field *f)
{
	unsigned i;

	for (i = 0; i < f->instances; i++)
		p->v[f->word + 4u * i] &= ~f->mask;
}

/* Nothing but choices of the VM carries it: they may be made later. */
static int is_chosen(unsigned carrier)
{
	const struct lvl_clause *c = &lvl_clauses[carrier];
	unsigned i;

	for (i = 0; i < c->count; i++)
		if (lvl_fields[lvl_atoms[c->first + i].field].rule != LVL_FREE)
			return 0;
	return 1;
}

void lvl_drop_pins_(struct lvl_policy *p, int chosen_too)
{
	unsigned i;

	for (i = 0; i < LVL_NR_PINS; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_pins[i]];

		if (f->carrier && (chosen_too || !is_chosen(f->carrier)) &&
		    lvl_clause_(p, f->carrier) == LVL_FALSE)
			clear_instances(p, f);
	}
}

/* -- hazards -------------------------------------------------------------- */

/* One chain, 0 faults, 1 aborts, 2 works: two bits (xen cpu-policy.c). */
static void tsx(struct lvl_policy *p)
{
	uint64_t level = lvl_get(p, LVL_F_TSX);

	follow(p, LVL_F_TSX, LVL_F_RTM, level == 2);
	follow(p, LVL_F_TSX, LVL_F_RTM_ALWAYS_ABORT, level == 1);
}

/* One stored hazard; which bit tells it depends on eIBRS. */
static void ret_alternate(struct lvl_policy *p)
{
	int told =
		lvl_has(p, LVL_F_ARCH_CAPS) && lvl_has(p, LVL_F_RET_ALTERNATE);

	if (!lvl_known(p, LVL_F_RET_ALTERNATE) ||
	    !lvl_known(p, LVL_F_ARCH_CAPS)) {
		lvl_forget(p, LVL_F_RSBA);
		lvl_forget(p, LVL_F_RRSBA);
		return;
	}
	put(p, LVL_F_RSBA, told && !lvl_has(p, LVL_F_EIBRS));
	put(p, LVL_F_RRSBA, told && lvl_has(p, LVL_F_EIBRS));
}

/* -- bits that mirror others ---------------------------------------------- */

static void mirrors(struct lvl_policy *p)
{
	unsigned vendor = lvl_policy_vendor(p), i;

	for (i = 0; i < LVL_NR_MIRRORS; i++) {
		const struct lvl_mirror *m = &lvl_mirrors[i];
		const struct lvl_field *f = &lvl_fields[m->field];
		enum lvl_truth t = LVL_FALSE, other;

		if (!m->vendors || m->vendors & vendor)
			t = lvl_clause_(p, m->clause[0]);
		if (t != LVL_FALSE && m->clause[1]) {
			other = lvl_clause_(p, m->clause[1]);
			t = other < t ? other : t;
		}
		if (t == LVL_MAYBE)
			lvl_forget(p, m->field);
		else
			put(p, m->field, t == LVL_TRUE ? f->mask >> f->lo : 0);
	}
}

/* -- XSAVE ---------------------------------------------------------------- */

#define LEGACY_AREA 576u /* 512 bytes FXSAVE and 64 of header, SDM v1 13.4 */

static int named_known(const struct lvl_policy *p, unsigned w)
{
	return !(lvl_masks[LVL_MASK_NAMED][w] & ~p->k[w]);
}

/* Where component i ends in the standard format; 0: nobody knows. */
static uint32_t component_end(const struct lvl_policy *p, unsigned i)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(0xd, i);
	uint32_t size, offset;

	if (!l)
		return LEGACY_AREA;
	if (!named_known(p, l->word[0]) || !named_known(p, l->word[1]))
		return 0;
	size = p->v[l->word[0]];
	offset = p->v[l->word[1]];
	return size <= 0xffffu && offset <= 0xffffu ? offset + size
						    : LEGACY_AREA;
}

/* End of the last user component in the standard format; 0xd:0 ecx. */
static void xsave_size(struct lvl_policy *p)
{
	unsigned xcr0 = lvl_word_of_leaf(0xd, 0, 0), i;
	int known = named_known(p, xcr0);
	uint32_t end = LEGACY_AREA, e;

	if (!lvl_has(p, LVL_F_XSAVE)) {
		follow(p, LVL_F_XSAVE, LVL_F_XSAVE_SIZE_MAX, 0);
		return;
	}
	for (i = 2; i < 20; i++) {
		if (!(p->v[xcr0] >> i & 1))
			continue;
		e = component_end(p, i);
		known &= e != 0;
		end = e > end ? e : end;
	}
	if (known)
		put(p, LVL_F_XSAVE_SIZE_MAX, end);
	else
		lvl_forget(p, LVL_F_XSAVE_SIZE_MAX);
}

/* -- nested VMX ----------------------------------------------------------- */

/*
 * The first-generation capability MSRs: the same allowed values, but with
 * all default1 controls reported as fixed to 1 (SDM v3 A.2, A.3.1).
 */
static const struct legacy {
	uint32_t msr, true_msr, default1;
} legacy[] = {
	{ 0x481, 0x48d, 0x00000016 },
	{ 0x482, 0x48e, 0x0401e172 },
	{ 0x483, 0x48f, 0x00036dff },
	{ 0x484, 0x490, 0x000011ff },
};

static void vmx_legacy(struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(legacy); i++) {
		unsigned to = lvl_word_of_msr(legacy[i].msr);
		unsigned from = lvl_word_of_msr(legacy[i].true_msr);
		int on = lvl_has(p, LVL_F_VMX);

		p->v[to] = on ? p->v[from] | legacy[i].default1 : 0;
		p->v[to + 1] = on ? p->v[from + 1] : 0;
		p->k[to] = p->k[to + 1] =
			lvl_known(p, LVL_F_VMX) ? 0xffffffffu : 0;
	}
}

/* CR4 bits that a feature lets a nested guest set (SDM v3 2.5). */
static const struct cr4_bit {
	uint8_t bit;
	uint16_t field;
} cr4_bits[] = {
	{ 0, LVL_F_VME },    { 1, LVL_F_VME },       { 2, LVL_F_TSC },
	{ 3, LVL_F_DE },     { 4, LVL_F_PSE },       { 5, LVL_F_PAE },
	{ 6, LVL_F_MCE },    { 7, LVL_F_PGE },       { 9, LVL_F_FXSR },
	{ 10, LVL_F_SSE },   { 11, LVL_F_UMIP },     { 12, LVL_F_LA57 },
	{ 13, LVL_F_VMX },   { 16, LVL_F_FSGSBASE }, { 17, LVL_F_PCID },
	{ 18, LVL_F_XSAVE }, { 20, LVL_F_SMEP },     { 21, LVL_F_SMAP },
	{ 22, LVL_F_PKU },   { 23, LVL_F_CET_SS },   { 24, LVL_F_PKS },
	{ 27, LVL_F_LASS },  { 28, LVL_F_LAM },
};

/* VMX operation fixes PE, NE, PG and VMXE to 1 (SDM v3 A.7, A.8). */
static void vmx_fixed(struct lvl_policy *p)
{
	uint64_t cr4 = 1u << 8; /* PCE */
	int on = lvl_has(p, LVL_F_VMX);
	unsigned i;

	for (i = 0; i < LVL_COUNT(cr4_bits); i++)
		if (lvl_has(p, cr4_bits[i].field))
			cr4 |= 1ull << cr4_bits[i].bit;
	follow(p, LVL_F_VMX, LVL_F_VMX_CR0_FIXED0, on ? 0x80000021 : 0);
	follow(p, LVL_F_VMX, LVL_F_VMX_CR0_FIXED1, on ? 0xffffffff : 0);
	follow(p, LVL_F_VMX, LVL_F_VMX_CR4_FIXED0, on ? 0x2000 : 0);
	follow(p, LVL_F_VMX, LVL_F_VMX_CR4_FIXED1, on ? cr4 : 0);
}

/*
 * Highest field index that the shown controls need (SDM v3 A.9, B): 0x2a
 * for the 64-bit and 32-bit fields that every nested hypervisor offers,
 * 0x2e with the preemption timer, 0x32 with TSC scaling.
 */
static void vmx_vmcs_enum(struct lvl_policy *p)
{
	unsigned index = 0x2a;

	if (lvl_has(p, LVL_F_VMX_PREEMPTION_TIMER))
		index = 0x2e;
	if (lvl_has(p, LVL_F_VMX_TSC_SCALING))
		index = 0x32;
	follow(p, LVL_F_VMX, LVL_F_VMX_VMCS_ENUM,
	       lvl_has(p, LVL_F_VMX) ? index >> 1 : 0);
}

/* -- MSRs that say what is not there -------------------------------------- */

static void misc_enable(struct lvl_policy *p)
{
	int ds = lvl_has(p, LVL_F_DS);

	follow(p, LVL_F_DS, LVL_F_MISC_ENABLE_BTS_UNAVAIL, !ds);
	follow(p, LVL_F_DS, LVL_F_MISC_ENABLE_PEBS_UNAVAIL,
	       !(ds && lvl_get(p, LVL_F_PEBS_RECORD_FORMAT)));
	put(p, LVL_F_MISC_ENABLE_EIST, 0);
	put(p, LVL_F_FEAT_CTL_LOCK,
	    lvl_has(p, LVL_F_FEAT_CTL_VMX_OUTSIDE_SMX) ||
		    lvl_has(p, LVL_F_FEAT_CTL_SGX) ||
		    lvl_has(p, LVL_F_FEAT_CTL_SGX_LC) ||
		    lvl_has(p, LVL_F_FEAT_CTL_LMCE));
}

/* -- addresses and copies ------------------------------------------------- */

static void maxlinaddr(struct lvl_policy *p)
{
	if (lvl_has(p, LVL_F_LA57))
		put(p, LVL_F_MAXLINADDR, 57);
	else
		follow(p, LVL_F_LM, LVL_F_MAXLINADDR,
		       lvl_has(p, LVL_F_LM) ? 48 : 32);
}

/* AMD repeats vendor and signature in 0x80000000/1, Intel says 0. */
static const struct copy {
	uint16_t to, from;
} copies[] = {
	{ LVL_F_EXT_VENDOR_0, LVL_F_VENDOR_0 },
	{ LVL_F_EXT_VENDOR_1, LVL_F_VENDOR_1 },
	{ LVL_F_EXT_VENDOR_2, LVL_F_VENDOR_2 },
	{ LVL_F_E_STEPPING, LVL_F_STEPPING },
	{ LVL_F_E_BASE_MODEL, LVL_F_BASE_MODEL },
	{ LVL_F_E_BASE_FAMILY, LVL_F_BASE_FAMILY },
	{ LVL_F_E_EXT_MODEL, LVL_F_EXT_MODEL },
	{ LVL_F_E_EXT_FAMILY, LVL_F_EXT_FAMILY },
};

void lvl_copy_identity_(struct lvl_policy *p)
{
	int amd = (lvl_policy_vendor(p) &
		   (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)) != 0;
	unsigned i;

	for (i = 0; i < LVL_COUNT(copies); i++)
		follow(p, copies[i].from, copies[i].to,
		       amd ? lvl_get(p, copies[i].from) : 0);
}

/* -- maxima, last: raised to the content ---------------------------------- */

/* Does a guest that sees this leaf learn anything from it? */
static int has_content(const struct lvl_policy *p,
		       const struct lvl_leaf_words *l)
{
	uint32_t any = 0;
	unsigned i;

	for (i = 0; i < 4; i++)
		any |= p->v[l->word[i]] & lvl_masks[LVL_MASK_NAMED][l->word[i]];
	return any != 0;
}

const struct lvl_leaf_of_ lvl_leaves_of_[LVL_NR_LEAVES_OF_] = {
	{ LVL_F_X2APIC, 0xb },  { LVL_F_XSAVE, 0xd },
	{ LVL_F_MONITOR, 0x5 }, { LVL_F_AMX_TILE, 0x1e },
	{ LVL_F_AVX10, 0x24 },  { LVL_F_TOPOEXT, 0x8000001e },
};

uint32_t lvl_needed_leaf_(const struct lvl_policy *p, uint32_t base)
{
	uint32_t top = base;
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES_OF_; i++) {
		const struct lvl_leaf_of_ *l = &lvl_leaves_of_[i];

		if (l->leaf >> 16 == base >> 16 && l->leaf > top &&
		    lvl_has(p, l->field))
			top = l->leaf;
	}
	return top;
}

static uint32_t top_leaf(const struct lvl_policy *p, uint32_t base)
{
	uint32_t top = lvl_needed_leaf_(p, base);
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (lvl_leaves[i].leaf >> 16 == base >> 16 &&
		    lvl_leaves[i].leaf > top && has_content(p, &lvl_leaves[i]))
			top = lvl_leaves[i].leaf;
	return top;
}

static uint32_t top_subleaf(const struct lvl_policy *p, uint32_t leaf)
{
	uint32_t top = 0;
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (lvl_leaves[i].leaf == leaf && lvl_leaves[i].subleaf > top &&
		    lvl_leaves[i].subleaf != LVL_NO_SUBLEAF &&
		    has_content(p, &lvl_leaves[i]))
			top = lvl_leaves[i].subleaf;
	return top;
}

/*
 * A maximum can only follow from content that is all known: of a partial
 * policy it stays what was reported, or unknown.  The first leaf of a range
 * raises none: a level of no known vendor has its maxima.
 */
static int all_known(const struct lvl_policy *p)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; r < 4 && lvl_leaves[i].leaf & 0xffff; r++)
			if (p->k[lvl_leaves[i].word[r]] != 0xffffffffu)
				return 0;
	return 1;
}

void lvl_reach_(struct lvl_policy *p, uint32_t leaf)
{
	unsigned max = lvl_maximum_of_(leaf);

	if (max != LVL_NO_FIELD && lvl_known(p, max) && lvl_get(p, max) < leaf)
		lvl_set(p, max, leaf);
}

static void maxima(struct lvl_policy *p)
{
	uint32_t hv;

	if (!all_known(p))
		return;
	put(p, LVL_F_AMX_MAX_PALETTE, (uint64_t)lvl_has(p, LVL_F_AMX_TILE));
	put(p, LVL_F_MAX_SUBLEAF_7, top_subleaf(p, 7));
	put(p, LVL_F_MAX_SUBLEAF_PT, top_subleaf(p, 0x14));
	put(p, LVL_F_MAX_SUBLEAF_TMUL, top_subleaf(p, 0x1e));
	put(p, LVL_F_MAX_SUBLEAF_AVX10, top_subleaf(p, 0x24));
	put(p, LVL_F_MAX_BASIC_LEAF, 0);
	put(p, LVL_F_MAX_BASIC_LEAF, top_leaf(p, 0));
	put(p, LVL_F_MAX_EXTENDED_LEAF, 0);
	put(p, LVL_F_MAX_EXTENDED_LEAF, top_leaf(p, 0x80000000));
	put(p, LVL_F_MAX_CENTAUR_LEAF, 0);
	hv = top_leaf(p, 0xc0000000);
	put(p, LVL_F_MAX_CENTAUR_LEAF, hv == 0xc0000000 ? 0 : hv);
	put(p, LVL_F_MAX_HYPERVISOR_LEAF, 0);
	if (lvl_has(p, LVL_F_HYPERVISOR))
		put(p, LVL_F_MAX_HYPERVISOR_LEAF, top_leaf(p, 0x40000000));
}

void lvl_finalise(struct lvl_policy *p)
{
	lvl_drop_pins_(p, 1);
	tsx(p);
	ret_alternate(p);
	mirrors(p);
	xsave_size(p);
	vmx_legacy(p);
	vmx_fixed(p);
	vmx_vmcs_enum(p);
	misc_enable(p);
	maxlinaddr(p);
	lvl_copy_identity_(p);
	maxima(p);
}

/* SPDX-License-Identifier: MIT */
/*
 * The HOST rules: what a machine can really do.  They run in order; the
 * last makes the policy well-formed.  Only here and in later derivations may
 * a bit be raised: levelling and checking only lower.
 */
#include <cpulevel/host.h>
#include <cpulevel/level.h>

#include "clause.h"
#include "derive.h"
#include "fill.h"
#include "trail.h"

#define AMD_LIKE (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)

/* A bit of an MSR of the dump: 1, 0, or -1 where the MSR was not read. */
static int msr_bit(const struct lvl_policy *raw, uint32_t msr, unsigned bit)
{
	const struct lvl_msr_words *m = lvl_msr_find(msr);
	unsigned w = bit < 32 ? m->word : m->high;

	bit &= 31;
	if (!(raw->k[w] >> bit & 1))
		return -1;
	return (int)(raw->v[w] >> bit & 1);
}

static void take(struct lvl_policy *p, unsigned feature)
{
	if (lvl_has(p, feature))
		lvl_set(p, feature, 0);
}

/* -- what is no part of a host -------------------------------------------- */

static void known(struct lvl_context *c)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++)
		c->p->v[i] &= lvl_masks[LVL_MASK_STORED][i];
}

static void hypervisor(struct lvl_context *c)
{
	unsigned i, r;

	if (!lvl_has(c->p, LVL_F_HYPERVISOR))
		return;
	lvl_set(c->p, LVL_F_HYPERVISOR, 0);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; lvl_leaves[i].leaf >> 16 == 0x4000 && r < 4; r++)
			c->p->v[lvl_leaves[i].word[r]] = 0;
}

static void lower_to(struct lvl_policy *p, unsigned field, uint64_t limit)
{
	if (lvl_get(p, field) > limit)
		lvl_set(p, field, limit);
}

static void ceiling(struct lvl_context *c)
{
	lower_to(c->p, LVL_F_MAX_BASIC_LEAF, 0x29);
	lower_to(c->p, LVL_F_MAX_SUBLEAF_7, 2);
	lower_to(c->p, LVL_F_MAX_EXTENDED_LEAF, 0x80000026);
}

/* Leaf ranges that one vendor alone has. */
static const struct {
	uint32_t range;
	unsigned vendors;
} private_ranges[] = {
	{ 0x8086, LVL_VENDOR_TRANSMETA },
	{ 0xc000, LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN },
};

static void no_leaf(struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	unsigned r;

	for (r = 0; r < 4; r++)
		if (!p->k[l->word[r]])
			p->k[l->word[r]] = 0xffffffffu;
}

static void foreign_leaves(struct lvl_context *c)
{
	const struct lvl_leaf_words *l, *end = lvl_leaves + LVL_NR_LEAVES;
	unsigned i;

	for (i = 0; i < LVL_COUNT(private_ranges); i++) {
		uint32_t range = private_ranges[i].range;

		if (private_ranges[i].vendors & c->vendor)
			continue;
		l = lvl_leaf_find(range << 16, 0);
		for (; l && l < end && l->leaf >> 16 == range; l++)
			no_leaf(c->p, l);
	}
}

/* What other vendors' manuals define does not hold here. */
static void foreign(struct lvl_context *c)
{
	unsigned i;

	if (c->vendor)
		foreign_leaves(c);
	for (i = 0; c->vendor && i < lvl_nr_statements; i++) {
		unsigned field = lvl_statements[i];

		if (!(lvl_fields[field].vendors & c->vendor) &&
		    !lvl_known(c->p, field))
			lvl_set(c->p, field, 0);
	}
}

/* -- errata and firmware -------------------------------------------------- */

static void monitor_fam10(struct lvl_context *c)
{
	if (lvl_policy_family(c->raw) == 0x10)
		take(c->p, LVL_F_MONITOR);
}

static void lahf_k8(struct lvl_context *c)
{
	if (lvl_policy_family(c->raw) == 0xf && lvl_policy_model(c->raw) < 0x14)
		take(c->p, LVL_F_LAHF_LM);
}

static void hwcr_sse(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0xc0010015, 15) == 1)
		take(c->p, LVL_F_SSE);
}

static void xd_disable(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0x1a0, 34) == 1)
		take(c->p, LVL_F_NX);
}

static void erms(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0x1a0, 0) != 0)
		return;
	take(c->p, LVL_F_ERMS);
	take(c->p, LVL_F_FSRM);
}

static void feature_control(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0x3a, 0) != 1)
		return;
	if (!msr_bit(c->raw, 0x3a, 2))
		take(c->p, LVL_F_VMX);
	if (!msr_bit(c->raw, 0x3a, 18))
		take(c->p, LVL_F_SGX);
}

static void vm_cr(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0xc0010114, 4) == 1 &&
	    msr_bit(c->raw, 0xc0010114, 3) == 1)
		take(c->p, LVL_F_SVM);
}

/* -- chains and hazards ---------------------------------------------------- */

static void tsx(struct lvl_context *c)
{
	uint64_t level = 0;

	if (lvl_known(c->p, LVL_F_TSX))
		return;
	if (!lvl_known(c->p, LVL_F_RTM)) {
		if (c->vendor && c->vendor != LVL_VENDOR_INTEL)
			lvl_set(c->p, LVL_F_TSX, 0);
		return;
	}
	if (lvl_has(c->p, LVL_F_RTM))
		level = 2;
	else if (lvl_has(c->p, LVL_F_RTM_ALWAYS_ABORT))
		level = 1;
	lvl_set(c->p, LVL_F_TSX, level);
}

/* TSX_CTRL[0] of the machine itself: RTM is there and always aborts. */
static void tsx_off(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0x122, 0) == 1 && lvl_get(c->p, LVL_F_TSX) == 2)
		lvl_set(c->p, LVL_F_TSX, 1);
}

/* The two bits as a guest's or a hypervisor's policy shows them. */
static void hazard(struct lvl_context *c)
{
	if (lvl_known(c->p, LVL_F_RET_ALTERNATE))
		return;
	if (lvl_known(c->p, LVL_F_ARCH_CAPS) && !lvl_has(c->p, LVL_F_ARCH_CAPS))
		lvl_set(c->p, LVL_F_RET_ALTERNATE, 0);
	else if (lvl_known(c->p, LVL_F_RSBA) && lvl_known(c->p, LVL_F_RRSBA))
		lvl_set(c->p, LVL_F_RET_ALTERNATE,
			lvl_has(c->p, LVL_F_RSBA) ||
				lvl_has(c->p, LVL_F_RRSBA));
}

/*
 * Family 6 models whose RET prediction falls back to other predictors when
 * the return stack is empty, although they have no bit to say so; and all
 * after them.  Broadwell with newer microcode is not told apart here and
 * counts as affected (Intel's retpoline paper, section 5; Xen 4.17.7 under QEMU
 * with each of 79 models, which counts Core 2 and before as affected too, as
 * every model that it does not know).
 */
static const uint8_t rsba_models[] = {
	0x3d, 0x47, 0x4e, 0x4f, 0x55, 0x56, 0x5e,
	0x66, 0x67, 0x6a, 0x6c, 0x7a, 0x7d, 0x7e,
};
#define RSBA_FROM_MODEL 0x86 /* Tremont; 0x85 is a Knights Mill */

int lvl_rsba_by_model_(const struct lvl_policy *raw)
{
	unsigned i;

	if (lvl_policy_family(raw) != 6)
		return 0;
	if (lvl_policy_model(raw) >= RSBA_FROM_MODEL)
		return 1;
	for (i = 0; i < LVL_COUNT(rsba_models); i++)
		if (rsba_models[i] == lvl_policy_model(raw))
			return 1;
	return 0;
}

static void rsba(struct lvl_context *c)
{
	if (lvl_has(c->p, LVL_F_ARCH_CAPS) &&
	    (lvl_has(c->p, LVL_F_EIBRS) || lvl_rsba_by_model_(c->raw)))
		lvl_set(c->p, LVL_F_RET_ALTERNATE, 1);
}

/* -- statements that the dump leaves out ---------------------------------- */

/* The family of a virtual machine's CPU says nothing of the one below. */
static int is_virtual(const struct lvl_context *c)
{
	return lvl_has(c->raw, LVL_F_HYPERVISOR);
}

static void lfence(struct lvl_context *c)
{
	if (msr_bit(c->raw, 0xc0011029, 1) == 1)
		lvl_set(c->p, LVL_F_LFENCE_DISPATCH, 1);
}

static void nscb(struct lvl_context *c)
{
	if (lvl_policy_family(c->raw) >= 0x19 && !is_virtual(c))
		lvl_set(c->p, LVL_F_NSCB, 1);
}

static void no_bits(struct lvl_context *c)
{
	unsigned family = lvl_policy_family(c->raw);

	if (!family || is_virtual(c))
		return;
	if (family == 0x19)
		lvl_set(c->p, LVL_F_BTC_NO, 1);
	if (family != 0x19) {
		lvl_set(c->p, LVL_F_TSA_SQ_NO, 1);
		lvl_set(c->p, LVL_F_TSA_L1_NO, 1);
	}
}

static void no_lmsl(struct lvl_context *c)
{
	if (lvl_has(c->p, LVL_F_LM))
		lvl_set(c->p, LVL_F_NO_LMSL, 1);
}

/* What was set above 0x8000001f must be reachable (xen cpu-policy.c). */
static void max_extended(struct lvl_context *c)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(0x80000021, 0);
	uint32_t any = c->p->v[l->word[0]] | c->p->v[l->word[2]];

	if (any && lvl_known(c->p, LVL_F_MAX_EXTENDED_LEAF) &&
	    lvl_get(c->p, LVL_F_MAX_EXTENDED_LEAF) < l->leaf)
		lvl_set(c->p, LVL_F_MAX_EXTENDED_LEAF, l->leaf);
}

/* -- addresses ------------------------------------------------------------ */

/* SDM v3 4.1.4: without leaf 0x80000008 it is 36 with PAE, else 32. */
static void phys_default(struct lvl_context *c)
{
	if (lvl_known(c->p, LVL_F_MAXPHYSADDR) &&
	    !lvl_get(c->p, LVL_F_MAXPHYSADDR) && lvl_known(c->p, LVL_F_PAE))
		lvl_set(c->p, LVL_F_MAXPHYSADDR,
			lvl_has(c->p, LVL_F_PAE) ? 36 : 32);
}

static void guest_phys(struct lvl_context *c)
{
	if (lvl_known(c->p, LVL_F_GUEST_MAXPHYSADDR) &&
	    lvl_known(c->p, LVL_F_MAXPHYSADDR) &&
	    !lvl_get(c->p, LVL_F_GUEST_MAXPHYSADDR))
		lvl_set(c->p, LVL_F_GUEST_MAXPHYSADDR,
			lvl_get(c->p, LVL_F_MAXPHYSADDR));
}

/*
 * FXSAVE's mask 0 means the architectural default (SDM v1 11.6.6).  Where
 * nobody asked FXSAVE: every part with SSE3 has denormals-are-zeros (bit 6),
 * and from family 10h on AMD has misaligned exception masking (bit 17, APM v1
 * 4.2.2); a hypervisor can change neither.
 */
static void mxcsr(struct lvl_context *c)
{
	unsigned family = lvl_policy_family(c->p);

	if (!lvl_has(c->p, LVL_F_FXSR) || lvl_get(c->p, LVL_F_MXCSR_MASK))
		return;
	if (lvl_known(c->p, LVL_F_MXCSR_MASK))
		lvl_set(c->p, LVL_F_MXCSR_MASK, 0xffbf);
	else if (lvl_has(c->p, LVL_F_SSE3) && c->vendor == LVL_VENDOR_INTEL)
		lvl_set(c->p, LVL_F_MXCSR_MASK, 0xffff);
	else if ((c->vendor & AMD_LIKE) && family >= 0x10)
		lvl_set(c->p, LVL_F_MXCSR_MASK, 0x2ffff);
}

static const struct lvl_rule_step host_rules[] = {
	{ { "HOST.known", "drop bits that no guest may see",
	    "an unknown bit is never given to a guest" },
	  0,
	  known },
	{ { "HOST.hypervisor", "drop the leaves of the hypervisor below",
	    "they are its interface to this machine, not the machine's" },
	  0,
	  hypervisor },
	{ { "HOST.ceiling", "clamp the maxima to what the registry knows",
	    "a leaf beyond has no rule" },
	  0,
	  ceiling },
	{ { "HOST.foreign",
	    "leaves and statements of other vendors are not there",
	    "the manual of this vendor does not define them" },
	  0,
	  foreign },
	{ { "HOST.monitor-fam10", "clear MONITOR",
	    "erratum of AMD family 10h" },
	  AMD_LIKE,
	  monitor_fam10 },
	{ { "HOST.lahf-k8", "clear LAHF_LM",
	    "erratum 110 of early K8: set by mistake" },
	  AMD_LIKE,
	  lahf_k8 },
	{ { "HOST.hwcr-sse", "clear SSE and what needs it",
	    "firmware disabled SSE in HWCR[15]" },
	  AMD_LIKE,
	  hwcr_sse },
	{ { "HOST.xd-disable", "clear NX",
	    "firmware disabled it in IA32_MISC_ENABLE[34]" },
	  LVL_VENDOR_INTEL,
	  xd_disable },
	{ { "HOST.erms", "clear ERMS and FSRM",
	    "IA32_MISC_ENABLE[0] is 0: fast strings are off" },
	  LVL_VENDOR_INTEL,
	  erms },
	{ { "HOST.feature-control", "clear VMX or SGX",
	    "IA32_FEATURE_CONTROL is locked without it" },
	  0,
	  feature_control },
	{ { "HOST.vm-cr", "clear SVM",
	    "firmware disabled and locked it in VM_CR" },
	  AMD_LIKE,
	  vm_cr },
	{ { "HOST.tsx", "one number of RTM and RTM_ALWAYS_ABORT",
	    "0 faults, 1 aborts, 2 works: a chain levels, two bits do not" },
	  0,
	  tsx },
	{ { "HOST.tsx-off", "RTM aborts always",
	    "TSX_CTRL[0] is set: a mitigation switched it off" },
	  LVL_VENDOR_INTEL,
	  tsx_off },
	{ { "HOST.hazard", "one hazard of RSBA and RRSBA",
	    "which of the two tells it depends on eIBRS in the result" },
	  0,
	  hazard },
	{ { "HOST.rsba", "the return predictor hazard holds",
	    "eIBRS parts and some older models have it without saying so" },
	  LVL_VENDOR_INTEL,
	  rsba },
	{ { "HOST.lfence", "LFENCE is serialising", "DE_CFG[1] is set" },
	  AMD_LIKE,
	  lfence },
	{ { "HOST.nscb", "a null selector clears the base",
	    "family 19h and later, not in a virtual machine" },
	  AMD_LIKE,
	  nscb },
	{ { "HOST.no-bits", "not affected: statements the CPU leaves out",
	    "BTC: family 19h has the fix; TSA: family 19h alone has the bug; "
	    "a virtual CPU says nothing of the one below" },
	  AMD_LIKE,
	  no_bits },
	{ { "HOST.no-lmsl", "EFER.LMSLE is not there",
	    "no hypervisor lets a guest set it" },
	  AMD_LIKE,
	  no_lmsl },
	{ { "HOST.max-extended", "the maximum extended leaf is 0x80000021",
	    "statements were set there that the CPU leaves out" },
	  AMD_LIKE,
	  max_extended },
	{ { "HOST.phys-default", "address width without leaf 0x80000008",
	    "36 bits with PAE, 32 without" },
	  0,
	  phys_default },
	{ { "HOST.guest-phys", "guest address width 0 is the host's",
	    "0 means no limit of its own; as a number it would be least" },
	  0,
	  guest_phys },
	{ { "HOST.mxcsr", "the MXCSR mask by vendor, or 0xffbf for 0",
	    "older FXSAVE images leave it out, and no hypervisor changes it" },
	  0,
	  mxcsr },
	{ { "HOST.no-msr", "MSRs that CPUID does not announce are zero",
	    "reading them faults: they hold nothing" },
	  0,
	  lvl_rule_no_msr_ },
	{ { "HOST.tsc-frequency", "TSC frequency from leaf 0x15",
	    "crystal and ratio are given" },
	  0,
	  lvl_rule_tsc_frequency_ },
	{ { "HOST.constant", "a value that all parts of the vendor share",
	    "the description does not give it and no part differs" },
	  0,
	  lvl_rule_constants_ },
	{ { "HOST.owner-unknown", "a feature becomes unknown",
	    "values that must agree everywhere are not in the dump" },
	  0,
	  lvl_rule_owner_unknown_ },
};

/* What a policy from elsewhere goes through: nothing about hardware. */
static const struct lvl_rule_step normal_rules[] = {
	{ { "NORMAL.known", "drop bits that no guest may see",
	    "an unknown bit is never given to a guest" },
	  0,
	  known },
	{ { "NORMAL.foreign",
	    "leaves and statements of other vendors are not there",
	    "the manual of this vendor does not define them" },
	  0,
	  foreign },
	{ { "NORMAL.tsx", "one number of RTM and RTM_ALWAYS_ABORT",
	    "0 faults, 1 aborts, 2 works: a chain levels, two bits do not" },
	  0,
	  tsx },
	{ { "NORMAL.hazard", "one hazard of RSBA and RRSBA",
	    "which of the two tells it depends on eIBRS in the result" },
	  0,
	  hazard },
	{ { "NORMAL.phys-default", "address width without leaf 0x80000008",
	    "36 bits with PAE, 32 without" },
	  0,
	  phys_default },
	{ { "NORMAL.guest-phys", "guest address width 0 is the host's",
	    "0 means no limit of its own; as a number it would be least" },
	  0,
	  guest_phys },
	{ { "NORMAL.mxcsr", "the MXCSR mask by vendor, or 0xffbf for 0",
	    "older FXSAVE images leave it out, and no hypervisor changes it" },
	  0,
	  mxcsr },
	{ { "NORMAL.no-msr", "MSRs that CPUID does not announce are zero",
	    "reading them faults: they hold nothing" },
	  0,
	  lvl_rule_no_msr_ },
	{ { "NORMAL.tsc-frequency", "TSC frequency from leaf 0x15",
	    "crystal and ratio are given" },
	  0,
	  lvl_rule_tsc_frequency_ },
	{ { "NORMAL.constant", "a value that all parts of the vendor share",
	    "the description does not give it and no part differs" },
	  0,
	  lvl_rule_constants_ },
	{ { "NORMAL.owner-unknown", "a feature becomes unknown",
	    "values that must agree everywhere are not given" },
	  0,
	  lvl_rule_owner_unknown_ },
};

/*
 * Rules, interior, derived fields, until nothing changes: what one of them
 * finds out, another may need.  A feature only ever goes from there to
 * unknown to known absent, so that this ends; twice is usual for a policy
 * that is partly unknown.
 */
static void settle(struct lvl_context *c, const struct lvl_rule_step *rule,
		   unsigned count, const struct lvl_trail *trail)
{
	struct lvl_policy before;
	int settled = 0; /* interior and derived fields are */

	do {
		before = *c->p;
		lvl_policy_clear_out_of_range(c->p);
		lvl_apply_rules_(rule, count, c, trail);
		if (settled && !memcmp(&before, c->p, sizeof(before)))
			return;
		lvl_interior(c->p, trail);
		lvl_finalise(c->p);
		settled = 1;
	} while (memcmp(&before, c->p, sizeof(before)));
}

void lvl_host_derive(struct lvl_policy *host, const struct lvl_policy *raw,
		     const struct lvl_trail *trail)
{
	struct lvl_policy was;
	struct lvl_context c = {
		.p = host,
		.raw = raw,
		.vendor = lvl_policy_vendor(raw),
	};

	if (host == raw) {
		was = *raw;
		c.raw = &was;
	} else {
		*host = *raw;
	}
	settle(&c, host_rules, LVL_COUNT(host_rules), trail);
}

void lvl_policy_normalise(struct lvl_policy *p, const struct lvl_trail *trail)
{
	const struct lvl_policy was = *p;
	struct lvl_context c = {
		.p = p,
		.raw = &was,
		.vendor = lvl_policy_vendor(p),
	};

	settle(&c, normal_rules, LVL_COUNT(normal_rules), trail);
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/caps.h>

#include "masks.h"

#define VMX_VENDORS (LVL_VENDOR_INTEL | LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN)
#define SVM_VENDORS (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)

/* -- which CPU ------------------------------------------------------------ */

struct cpu {
	const struct lvl_policy *raw;
	unsigned vendor, family, model;
	int told;    /* family and model are known */
	int virtual; /* 1, 0, or -1 where that is not known */
};

static int in_range(const struct cpu *c, unsigned first, unsigned count)
{
	const struct lvl_cpu_range *r = &lvl_cpu_ranges[first];

	for (; count--; r++)
		if (c->family >= r->family && c->family <= r->last_family &&
		    c->model >= r->model && c->model <= r->last_model)
			return 1;
	return 0;
}

static void look_at(struct cpu *c, const struct lvl_policy *raw)
{
	c->raw = raw;
	c->vendor = lvl_policy_vendor(raw);
	c->family = lvl_policy_family(raw);
	c->model = lvl_policy_model(raw);
	c->told = lvl_known(raw, LVL_F_BASE_FAMILY) &&
		  lvl_known(raw, LVL_F_EXT_FAMILY) &&
		  lvl_known(raw, LVL_F_BASE_MODEL) &&
		  lvl_known(raw, LVL_F_EXT_MODEL);
	c->virtual = -1;
	if (lvl_known(raw, LVL_F_HYPERVISOR))
		c->virtual = lvl_has(raw, LVL_F_HYPERVISOR);
}

/* -- faulting ------------------------------------------------------------- */

static int fault_fits(const struct cpu *c, const struct lvl_fault *f)
{
	if (!(f->vendors & c->vendor) || !c->told)
		return 0;
	if (f->when && c->virtual != (f->when == 2))
		return 0;
	return in_range(c, f->first, f->count);
}

/* An enumerating bit of CPUID is 0 beyond the last leaf; an MSR is not. */
static struct lvl_cap fault_told(const struct cpu *c, unsigned row)
{
	unsigned field = lvl_faults[row].told_by;
	int msr = lvl_words[lvl_fields[field].word].place >= LVL_PLACE_MSR_LO;
	struct lvl_cap cap = { LVL_UNKNOWN, LVL_FROM_NOTHING, 0 };

	if (!lvl_known(c->raw, field))
		return cap;
	cap.has = lvl_has(c->raw, field) ? LVL_YES : LVL_NO;
	cap.from = msr ? LVL_FROM_MSR : LVL_FROM_CPUID;
	cap.row = (uint16_t)row;
	return cap;
}

static struct lvl_cap read_faulting(const struct cpu *c)
{
	struct lvl_cap cap = { LVL_UNKNOWN, LVL_FROM_NOTHING, 0 }, told;
	unsigned i;

	for (i = 0; i < lvl_nr_faults; i++) {
		if (!fault_fits(c, &lvl_faults[i]))
			continue;
		if (lvl_faults[i].told_by != LVL_NO_FIELD) {
			told = fault_told(c, i);
			if (told.has == LVL_YES)
				return told;
			if (told.has == LVL_NO)
				cap = told;
		} else if (cap.has == LVL_UNKNOWN) {
			cap.has = lvl_faults[i].assume == 1 ? LVL_YES : LVL_NO;
			cap.from = LVL_FROM_MODEL;
			cap.row = (uint16_t)i;
		}
	}
	return cap;
}

/* -- masks ---------------------------------------------------------------- */

static int msr_read(const struct lvl_policy *raw, uint32_t msr)
{
	const struct lvl_msr_words *m = lvl_msr_find(msr);

	return m && raw->k[m->word] == 0xffffffffu &&
	       raw->k[m->high] == 0xffffffffu;
}

/* What else the CPU must have: LVL_YES where nothing is needed. */
static enum lvl_verdict needed(const struct cpu *c,
			       const struct lvl_mask_msr *m)
{
	if (!m->needs.at_least || c->raw->v[m->needs.word] >= m->needs.at_least)
		return LVL_YES;
	return c->raw->k[m->needs.word] == 0xffffffffu ? LVL_NO : LVL_UNKNOWN;
}

static struct lvl_cap mask_by_row(const struct cpu *c, unsigned row)
{
	const struct lvl_mask_msr *m = &lvl_mask_msrs[row];
	struct lvl_cap cap = { LVL_NO, LVL_FROM_MODEL, (uint16_t)row };

	if (m->how == LVL_HOW_ABSENT)
		return cap;
	cap.has = (uint8_t)needed(c, m);
	cap.from = LVL_FROM_CPUID;
	if (cap.has != LVL_YES)
		return cap;
	cap.from = LVL_FROM_MSR;
	if (msr_read(c->raw, m->msr))
		return cap;
	/* A hypervisor below often leaves them out. */
	cap.from = c->virtual ? LVL_FROM_NOTHING : LVL_FROM_MODEL;
	cap.has = c->virtual ? LVL_UNKNOWN : LVL_YES;
	return cap;
}

static struct lvl_cap read_mask(const struct cpu *c, unsigned which)
{
	struct lvl_cap none = { LVL_UNKNOWN, LVL_FROM_NOTHING, 0 };
	unsigned i;

	for (i = 0; c->told && i < lvl_nr_mask_msrs; i++) {
		const struct lvl_mask_msr *m = &lvl_mask_msrs[i];

		if (m->cap == which && (m->vendors & c->vendor) &&
		    in_range(c, m->first, m->count))
			return mask_by_row(c, i);
	}
	return none;
}

void lvl_caps_read(struct lvl_caps *caps, const struct lvl_policy *raw)
{
	struct lvl_caps read;
	struct cpu c;
	unsigned i;

	look_at(&c, raw);
	read.measured = NULL;
	read.vendor = c.vendor;
	read.cap[LVL_LCAP_FAULTING] = read_faulting(&c);
	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++)
		read.cap[i] = read_mask(&c, i);
	*caps = read;
}

/* -- encodings ------------------------------------------------------------ */

/* Is the capability one that Xen reports? */
static enum lvl_verdict reported(const struct lvl_caps *caps, unsigned which)
{
	unsigned faults = caps->cap[LVL_LCAP_FAULTING].has;
	unsigned has = caps->cap[which].has;

	if (which == LVL_LCAP_FAULTING || has == LVL_NO || faults == LVL_NO)
		return (enum lvl_verdict)has;
	return faults == LVL_YES ? LVL_NO : LVL_UNKNOWN;
}

static void put_bit(uint32_t *bits, uint32_t *unknown, unsigned bit,
		    enum lvl_verdict has)
{
	if (has == LVL_YES)
		*bits |= 1u << bit;
	if (has == LVL_UNKNOWN)
		*unknown |= 1u << bit;
}

uint32_t lvl_caps_xen(const struct lvl_caps *caps, uint32_t *unknown)
{
	uint32_t bits = 0, open = 0;
	unsigned i;

	for (i = 0; i < LVL_NR_LCAPS; i++)
		put_bit(&bits, &open, i, reported(caps, i));
	if (unknown)
		*unknown = open;
	return bits;
}

uint32_t lvl_caps_2014(const struct lvl_caps *caps, uint32_t *unknown)
{
	uint32_t bits = 0, open = 0;
	unsigned i;

	for (i = 0; i < lvl_nr_old_caps; i++)
		put_bit(&bits, &open, lvl_old_caps[i].bit,
			reported(caps, lvl_old_caps[i].cap));
	if (unknown)
		*unknown = open;
	return bits;
}

const char *lvl_cap_name_2014(unsigned bit)
{
	unsigned i;

	for (i = 0; i < lvl_nr_old_caps; i++)
		if (lvl_old_caps[i].bit == bit)
			return lvl_old_caps[i].name;
	return NULL;
}

unsigned lvl_cap_switch(const struct lvl_caps *caps)
{
	const struct lvl_cap *cap = &caps->cap[LVL_LCAP_FAULTING];

	return cap->has == LVL_YES ? lvl_faults[cap->row].turned_on
				   : LVL_NO_FIELD;
}

uint32_t lvl_cap_msr(const struct lvl_caps *caps, enum lvl_lcap cap)
{
	if (caps->cap[cap].has != LVL_YES)
		return 0;
	if (cap != LVL_LCAP_FAULTING)
		return lvl_mask_msrs[caps->cap[cap].row].msr;
	return lvl_words[lvl_fields[lvl_cap_switch(caps)].word].id;
}

/* -- control -------------------------------------------------------------- */

const char *const lvl_control_names[LVL_NR_CONTROLS] = {
	"controlled",
	"hidden only",
	"leaks",
	"not known",
};

const char *lvl_sight_text(enum lvl_sight sight)
{
	static const char *const texts[LVL_NR_SIGHTS] = {
		"CPUID exits to the hypervisor",
		"CPUID faults, and the hypervisor answers",
		"a masking MSR covers it",
		"the hypervisor answers RDMSR",
		"CPUID runs natively, and no masking MSR covers it",
		("kept as the host's: it explains topology leaves, which no "
		 "mask reaches"),
		"the mask lets the CPU's live state through",
		"it shows in what instructions do",
		"no register shows it",
		"measured: shown whatever the guest is told",
		"not known what the host can control",
	};

	return texts[sight];
}

/* The capability whose MSR covers the word, or LVL_NR_LCAPS. */
static unsigned cap_of_word(unsigned word)
{
	unsigned i;

	for (i = 0; i < lvl_nr_old_caps; i++)
		if (lvl_old_caps[i].word == word)
			return lvl_old_caps[i].cap;
	return LVL_NR_LCAPS;
}

/* A register of leaf 7, 0xd, ... of a PV guest, where CPUID may not fault. */
static enum lvl_sight pv_masked(const struct lvl_caps *caps,
				const struct lvl_field *f)
{
	unsigned cap = cap_of_word(f->word), rule;
	enum lvl_verdict has = LVL_NO;

	if (cap < LVL_NR_LCAPS)
		has = (enum lvl_verdict)caps->cap[cap].has;
	if (has != LVL_YES)
		return has == LVL_NO ? LVL_SIGHT_NATIVE : LVL_SIGHT_UNKNOWN;
	for (rule = LVL_BIT_KEEP; rule <= LVL_BIT_FORWARD; rule++) {
		if (rule == LVL_BIT_CLEAR ||
		    !(lvl_mask_rule_(caps->vendor, f->word, rule) & f->mask))
			continue;
		return rule == LVL_BIT_KEEP ? LVL_SIGHT_KEPT
					    : LVL_SIGHT_FORWARDED;
	}
	return LVL_SIGHT_MASKED;
}

static enum lvl_sight pv_sight(const struct lvl_caps *caps,
			       const struct lvl_field *f)
{
	enum lvl_sight without = pv_masked(caps, f);

	switch ((enum lvl_verdict)caps->cap[LVL_LCAP_FAULTING].has) {
	case LVL_YES:
		return LVL_SIGHT_FAULTS;
	case LVL_NO:
		return without;
	case LVL_UNKNOWN:
		break;
	}
	return without == LVL_SIGHT_MASKED ? without : LVL_SIGHT_UNKNOWN;
}

/*
 * State: what leaks is behaviour, and the mask of MXCSR is in every FXSAVE
 * image.  The rest are numbers that stand behind other fields.
 */
static enum lvl_sight state_sight(const struct lvl_field *f)
{
	return f->rule == LVL_LEAK || f->rule == LVL_AND ? LVL_SIGHT_SILICON
							 : LVL_SIGHT_ABSTRACT;
}

static int is_pinned(const struct lvl_measured *m, const struct lvl_field *f)
{
	return m && f->word != LVL_NO_WORD &&
	       (m->done[f->word] & m->pinned[f->word] & f->mask);
}

static enum lvl_sight sight_of(const struct lvl_caps *caps,
			       enum lvl_guest guest, const struct lvl_field *f)
{
	unsigned place = f->word == LVL_NO_WORD ? LVL_PLACE_EAX
						: lvl_words[f->word].place;

	if (place == LVL_PLACE_STATE)
		return state_sight(f);
	if (place >= LVL_PLACE_MSR_LO)
		return LVL_SIGHT_MSR;
	if (guest == LVL_PV)
		return pv_sight(caps, f);
	return is_pinned(caps->measured, f) ? LVL_SIGHT_PINNED
					    : LVL_SIGHT_EXITS;
}

/* Which column of the gates: registry.h has them as pv, svm, vmx. */
static int gate_column(const struct lvl_caps *caps, enum lvl_guest guest)
{
	if (guest == LVL_PV)
		return 0;
	if (caps->vendor & SVM_VENDORS)
		return 1;
	return caps->vendor & VMX_VENDORS ? 2 : -1;
}

static enum lvl_control judge(enum lvl_sight sight, const char *gate)
{
	switch (sight) {
	case LVL_SIGHT_NATIVE:
	case LVL_SIGHT_KEPT:
	case LVL_SIGHT_FORWARDED:
	case LVL_SIGHT_SILICON:
	case LVL_SIGHT_PINNED:
		return LVL_SHOWN;
	case LVL_SIGHT_UNKNOWN:
		return LVL_CONTROL_UNKNOWN;
	case LVL_SIGHT_EXITS:
	case LVL_SIGHT_FAULTS:
	case LVL_SIGHT_MASKED:
	case LVL_SIGHT_MSR:
	case LVL_SIGHT_ABSTRACT:
	case LVL_NR_SIGHTS:
		break;
	}
	if (!gate)
		return LVL_CONTROL_UNKNOWN;
	/* "none" is the only gate that begins so; "n/a": nothing to use. */
	return gate[0] == 'n' && gate[1] == 'o' ? LVL_HIDDEN_ONLY
						: LVL_CONTROLLED;
}

struct lvl_controlled lvl_control(const struct lvl_caps *caps,
				  enum lvl_guest guest, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	enum lvl_sight sight = sight_of(caps, guest, f);
	int column = gate_column(caps, guest);
	struct lvl_controlled c = { 0, (uint8_t)sight, 0 };

	if (column >= 0)
		c.gate = f->gate[column];
	c.control = (uint8_t)judge(
		sight, column < 0 ? NULL : lvl_gates[f->gate[column]]);
	return c;
}

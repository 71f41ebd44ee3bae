/* SPDX-License-Identifier: MIT */
/* What a description leaves out, and what follows from other fields. */
#include "fill.h"

#include "clause.h"
#include "tables.h"

/* -- MSRs that CPUID says are not there ----------------------------------- */

/* SDM v4 table 2-2: each names the CPUID bit that announces it. */
static const struct announced {
	uint32_t first, last;
	uint16_t field;
} enumerated[] = {
	{ 0xcf, 0xcf, LVL_F_CORE_CAPS },
	{ 0x10a, 0x10a, LVL_F_ARCH_CAPS },
	{ 0x345, 0x345, LVL_F_PDCM },
	{ 0x480, 0x493, LVL_F_VMX },
};

static int absent(const struct lvl_policy *p, const struct announced *a)
{
	return lvl_known(p, a->field) && !lvl_has(p, a->field);
}

int lvl_msr_announced(const struct lvl_policy *p, uint32_t index)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(enumerated); i++)
		if (index >= enumerated[i].first &&
		    index <= enumerated[i].last && absent(p, &enumerated[i]))
			return 0;
	return 1;
}

static void zero_unknown(struct lvl_policy *p, unsigned w)
{
	if (!p->k[w])
		p->k[w] = 0xffffffffu;
}

void lvl_rule_no_msr_(struct lvl_context *c)
{
	const struct announced *a;
	unsigned i, m;

	for (i = 0; i < LVL_COUNT(enumerated); i++) {
		a = &enumerated[i];
		if (!absent(c->p, a))
			continue;
		for (m = 0; m < LVL_NR_MSRS && lvl_msrs[m].index <= a->last;
		     m++) {
			if (lvl_msrs[m].index < a->first)
				continue;
			zero_unknown(c->p, lvl_msrs[m].word);
			zero_unknown(c->p, lvl_msrs[m].high);
		}
	}
}

/* -- TSC frequency -------------------------------------------------------- */

/*
 * Leaf 0x15 gives the frequency where firmware filled it in (SDM v2 CPUID
 * 15H); 250 ppm on either side are what hypervisors tolerate.
 */
void lvl_rule_tsc_frequency_(struct lvl_context *c)
{
	uint32_t den = (uint32_t)lvl_get(c->raw, LVL_F_TSC_RATIO_DENOMINATOR);
	uint32_t num = (uint32_t)lvl_get(c->raw, LVL_F_TSC_RATIO_NUMERATOR);
	uint32_t khz = (uint32_t)lvl_get(c->raw, LVL_F_CRYSTAL_HZ) / 1000;

	if (!den || !num || !khz || lvl_known(c->p, LVL_F_TSC_KHZ_MIN) ||
	    num > 0xffffffffu / khz)
		return;
	khz = khz * num / den;
	if (!khz || khz >= 0x80000000u)
		return;
	lvl_set(c->p, LVL_F_TSC_KHZ_MIN, khz - khz / 4000);
	lvl_set(c->p, LVL_F_TSC_KHZ_MAX, khz + khz / 4000);
}

/* -- values that no description needs to give ------------------------------ */

/* Without a vendor only what all of them share. */
static int shared_by(const struct lvl_constant *k, unsigned vendor)
{
	const unsigned all = LVL_VENDOR_INTEL | LVL_VENDOR_AMD |
			     LVL_VENDOR_HYGON | LVL_VENDOR_CENTAUR |
			     LVL_VENDOR_ZHAOXIN;

	return vendor ? (k->vendors & vendor) != 0 : (k->vendors & all) == all;
}

void lvl_rule_constants_(struct lvl_context *c)
{
	const struct lvl_constant *k = lvl_constants;
	unsigned asked = ~0u; /* a carrier that is not there */

	for (; k < lvl_constants + LVL_NR_CONSTANTS; k++) {
		unsigned carrier = lvl_fields[k->field].carrier;

		if (carrier == asked || lvl_known(c->p, k->field) ||
		    !shared_by(k, c->vendor))
			continue;
		if (lvl_clause_(c->p, carrier) == LVL_TRUE)
			lvl_set(c->p, k->field, k->value);
		else
			asked = carrier;
	}
}

/* The owner of an unknown value cannot be offered. */
static void forget_owner(struct lvl_policy *p, unsigned field)
{
	const struct lvl_clause *o = &lvl_clauses[lvl_fields[field].owner];
	unsigned i;

	for (i = 0; i < o->count; i++)
		lvl_forget(p, lvl_atoms[o->first + i].field);
}

/* Forgetting an owner may leave the others of the run without a carrier. */
static void one_run(struct lvl_policy *p, const struct lvl_run *run)
{
	const uint16_t *field = lvl_owned + run->first;
	const uint16_t *end = field + run->count;

	for (; field < end; field++) {
		if (lvl_clause_(p, run->carrier) != LVL_TRUE)
			return;
		if (!lvl_known(p, *field))
			forget_owner(p, *field);
	}
}

void lvl_rule_owner_unknown_(struct lvl_context *c)
{
	unsigned i;

	for (i = 0; i < lvl_nr_owned_runs; i++)
		one_run(c->p, &lvl_owned_runs[i]);
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/policy.h>

#include "tables.h"

static void zero_leaf(struct lvl_policy *p, unsigned leaf)
{
	const struct lvl_leaf_words *l = &lvl_leaves[leaf];
	unsigned i;

	for (i = 0; i < 4; i++) {
		p->v[l->word[i]] = 0;
		p->k[l->word[i]] = 0xffffffffu;
	}
}

static uint32_t base_of(uint32_t leaf)
{
	return leaf & 0xffff0000u;
}

/*
 * From which leaf on a range is not there.  Without a known maximum all of
 * it is; if its first leaf names no maximum nothing is there but leaf 0.
 */
static uint64_t end_of(const struct lvl_policy *p, const struct lvl_range *r)
{
	const struct lvl_leaf_words *l = &lvl_leaves[r->first];
	unsigned w = l->word[0];

	if (p->k[w] != 0xffffffffu)
		return 1ull << 32;
	if (base_of(p->v[w]) == l->leaf)
		return p->v[w] + 1ull;
	return l->leaf ? l->leaf : 1;
}

/* Is this sub-leaf beyond those that the leaf itself says it has? */
static int has_ended(const struct lvl_policy *p, const struct lvl_ending *e,
		     unsigned leaf)
{
	unsigned teller = e->type ? leaf - 1 : e->first;
	unsigned w = lvl_leaves[teller].word[e->reg];

	if (p->k[w] != 0xffffffffu)
		return 0;
	return e->type ? !(p->v[w] & e->type)
		       : lvl_leaves[leaf].subleaf > p->v[w];
}

void lvl_policy_clear_out_of_range(struct lvl_policy *p)
{
	unsigned i, leaf;

	for (i = 0; i < lvl_nr_ranges; i++) {
		const struct lvl_range *r = &lvl_ranges[i];
		uint64_t end = end_of(p, r);

		for (leaf = r->first + r->count;
		     leaf-- > r->first && lvl_leaves[leaf].leaf >= end;)
			zero_leaf(p, leaf);
	}
	for (i = 0; i < lvl_nr_endings; i++) {
		const struct lvl_ending *e = &lvl_endings[i];

		for (leaf = e->first + 1u; leaf < e->first + e->count; leaf++)
			if (has_ended(p, e, leaf))
				zero_leaf(p, leaf);
	}
}

/* -- a whole CPU ---------------------------------------------------------- */

static void scan_leaf(struct lvl_policy *p, const struct lvl_reader *reader,
		      const struct lvl_leaf_words *l)
{
	uint32_t sub = l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf;
	uint32_t reg[4] = { 0, 0, 0, 0 };

	reader->cpuid(reader->arg, l->leaf, sub, reg);
	(void)lvl_policy_set_leaf(p, l->leaf, l->subleaf, reg);
}

/* The sub-leaves of the leaf are told of in order, *e moves on with them. */
static int is_there(const struct lvl_policy *p, const struct lvl_ending **e,
		    unsigned leaf)
{
	const struct lvl_ending *end = lvl_endings + lvl_nr_endings;

	while (*e < end && leaf >= (unsigned)(*e)->first + (*e)->count)
		++*e;
	return *e == end || leaf <= (*e)->first || !has_ended(p, *e, leaf);
}

/*
 * Leaves of other hypervisors and of other vendors' ranges answer with the
 * last basic leaf on Intel: read only if their first leaf names a maximum.
 */
static void scan_range(struct lvl_policy *p, const struct lvl_reader *reader,
		       const struct lvl_range *r)
{
	const struct lvl_ending *e = lvl_endings;
	uint64_t end;
	unsigned leaf;

	scan_leaf(p, reader, &lvl_leaves[r->first]);
	end = end_of(p, r);
	for (leaf = r->first + 1u; leaf < (unsigned)r->first + r->count; leaf++)
		if (lvl_leaves[leaf].leaf < end && is_there(p, &e, leaf))
			scan_leaf(p, reader, &lvl_leaves[leaf]);
		else
			zero_leaf(p, leaf);
}

void lvl_policy_scan(struct lvl_policy *p, const struct lvl_reader *reader)
{
	uint64_t value;
	unsigned i;

	lvl_policy_clear(p);
	for (i = 0; i < lvl_nr_ranges; i++)
		scan_range(p, reader, &lvl_ranges[i]);
	lvl_policy_clear_out_of_range(p);
	for (i = 0; reader->rdmsr && i < LVL_NR_MSRS; i++)
		if (!reader->rdmsr(reader->arg, lvl_msrs[i].index, &value))
			(void)lvl_policy_set_msr(p, lvl_msrs[i].index, value);
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/policy.h>

/* -- how far a leaf's sub-leaves go --------------------------------------- */

/* Sub-leaves are counted by 0:eax of the same leaf (SDM v2 CPUID). */
static int counted_by_eax(uint32_t leaf)
{
	return leaf == 0x7 || leaf == 0x14 || leaf == 0x1d || leaf == 0x24;
}

/* Sub-leaves end with one whose type is 0: eax[4:0], or ecx[15:8]. */
static int ends_with_type(uint32_t leaf, unsigned *reg, uint32_t *mask)
{
	switch (leaf) {
	case 0x4:
	case 0x8000001d:
		*reg = 0;
		*mask = 0x1f;
		return 1;
	case 0xb:
	case 0x1f:
	case 0x80000026:
		*reg = 2;
		*mask = 0xff00;
		return 1;
	default:
		return 0;
	}
}

/* Sub-leaf 0 of the same leaf. */
static const struct lvl_leaf_words *first(const struct lvl_leaf_words *l)
{
	while (l != lvl_leaves && l[-1].leaf == l->leaf)
		l--;
	return l;
}

static const struct lvl_leaf_words *previous(const struct lvl_leaf_words *l)
{
	if (l == lvl_leaves || l[-1].leaf != l->leaf)
		return NULL;
	return l - 1;
}

/* -- one leaf ------------------------------------------------------------- */

static void zero_leaf(struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	unsigned i;

	for (i = 0; i < 4; i++) {
		p->v[l->word[i]] = 0;
		p->k[l->word[i]] = 0xffffffffu;
	}
}

/* The maximum that governs a leaf: its word; leaf 0x40000000 and the like
 * govern themselves by the register's high half. */
static uint32_t base_of(uint32_t leaf)
{
	return leaf & 0xffff0000u;
}

/* 1: beyond its maximum; 0: within; -1: the maximum is not known. */
static int beyond_maximum(const struct lvl_policy *p, uint32_t leaf, unsigned w)
{
	uint32_t max;

	if (w == LVL_NO_WORD || p->k[w] != 0xffffffffu)
		return -1;
	max = p->v[w];
	if (base_of(max) != base_of(leaf))
		return leaf != base_of(leaf) || base_of(leaf) != 0;
	return leaf > max;
}

/* The word of the maximum that governs a leaf, kept while leaves share it. */
struct range {
	uint32_t base;
	unsigned word;
};

static unsigned maximum_word(struct range *r, uint32_t leaf)
{
	if (r->word == LVL_NO_WORD || r->base != base_of(leaf)) {
		r->base = base_of(leaf);
		r->word = lvl_word_of_leaf(r->base, 0, 0);
	}
	return r->word;
}

/* Beyond the sub-leaves that the leaf itself says it has? */
static int beyond_subleaves(const struct lvl_policy *p,
			    const struct lvl_leaf_words *l)
{
	const struct lvl_leaf_words *before = previous(l);
	uint32_t mask;
	unsigned reg, w;

	if (!before)
		return 0;
	if (counted_by_eax(l->leaf)) {
		w = first(l)->word[0];
		return p->k[w] == 0xffffffffu && l->subleaf > p->v[w];
	}
	if (!ends_with_type(l->leaf, &reg, &mask))
		return 0;
	w = before->word[reg];
	return p->k[w] == 0xffffffffu && !(p->v[w] & mask);
}

void lvl_policy_clear_out_of_range(struct lvl_policy *p)
{
	struct range r = { 0, LVL_NO_WORD };
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (beyond_maximum(p, l->leaf, maximum_word(&r, l->leaf)) > 0 ||
		    beyond_subleaves(p, l))
			zero_leaf(p, l);
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

/*
 * Leaves of other hypervisors and of other vendors' ranges answer with the
 * last basic leaf on Intel: read only if their first leaf names a maximum.
 */
static int worth_reading(const struct lvl_policy *p,
			 const struct lvl_leaf_words *l)
{
	if (l->leaf == base_of(l->leaf))
		return 1;
	return !beyond_maximum(p, l->leaf,
			       lvl_word_of_leaf(base_of(l->leaf), 0, 0)) &&
	       !beyond_subleaves(p, l);
}

void lvl_policy_scan(struct lvl_policy *p, const struct lvl_reader *reader)
{
	uint64_t value;
	unsigned i;

	lvl_policy_clear(p);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		if (worth_reading(p, &lvl_leaves[i]))
			scan_leaf(p, reader, &lvl_leaves[i]);
		else
			zero_leaf(p, &lvl_leaves[i]);
	}
	lvl_policy_clear_out_of_range(p);
	for (i = 0; reader->rdmsr && i < LVL_NR_MSRS; i++)
		if (!reader->rdmsr(reader->arg, lvl_msrs[i].index, &value))
			(void)lvl_policy_set_msr(p, lvl_msrs[i].index, value);
}

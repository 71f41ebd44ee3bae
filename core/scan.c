/* SPDX-License-Identifier: MIT */
#include <cpulevel/policy.h>

/* -- how far a leaf's sub-leaves go --------------------------------------- */

/*
 * SDM v2 CPUID, APM v3 E.4: sub-leaf 0 counts them in eax, or the last is
 * followed by one whose type is 0.  In the order of the leaves.
 */
static const struct ending {
	uint32_t leaf;
	uint32_t type; /* its bits; 0: counted */
	unsigned reg;
} endings[] = {
	{ 0x00000004, 0x1f, 0 },   { 0x00000007, 0, 0 },
	{ 0x0000000b, 0xff00, 2 }, { 0x00000014, 0, 0 },
	{ 0x0000001d, 0, 0 },      { 0x0000001f, 0xff00, 2 },
	{ 0x00000024, 0, 0 },      { 0x8000001d, 0x1f, 0 },
	{ 0x80000026, 0xff00, 2 },
};

/* On the way through lvl_leaves[], in order. */
struct walk {
	const struct lvl_leaf_words *first; /* of this leaf */
	unsigned ending;                    /* of this leaf or the next */
};

/* Is this one of the sub-leaves that the leaf itself says it has? */
static int is_there(struct walk *w, const struct lvl_policy *p,
		    const struct lvl_leaf_words *l)
{
	const struct ending *e;
	unsigned word;

	if (!l->subleaf || l->subleaf == LVL_NO_SUBLEAF) {
		w->first = l;
		while (w->ending < LVL_COUNT(endings) &&
		       endings[w->ending].leaf < l->leaf)
			w->ending++;
		return 1;
	}
	e = &endings[w->ending];
	if (w->ending == LVL_COUNT(endings) || e->leaf != l->leaf)
		return 1;
	word = (e->type ? l - 1 : w->first)->word[e->reg];
	if (p->k[word] != 0xffffffffu)
		return 1;
	return e->type ? (p->v[word] & e->type) != 0 : l->subleaf <= p->v[word];
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

/* Leaf 0x40000000 and the like govern their range, by the high half. */
static uint32_t base_of(uint32_t leaf)
{
	return leaf & 0xffff0000u;
}

/* Leaves that share a maximum. */
struct range {
	uint32_t base;
	uint64_t end; /* from here on they are not there */
};

/*
 * The range that l, its first leaf, begins.  Without a known maximum all
 * leaves count.  If the first leaf names no maximum there is none but leaf 0.
 */
static struct range range_of(const struct lvl_policy *p,
			     const struct lvl_leaf_words *l)
{
	struct range r = { base_of(l->leaf), 1ull << 32 };
	unsigned w = l->word[0];

	if (p->k[w] != 0xffffffffu)
		return r;
	r.end = p->v[w] + 1ull;
	if (base_of(p->v[w]) != r.base)
		r.end = r.base ? r.base : 1;
	return r;
}

void lvl_policy_clear_out_of_range(struct lvl_policy *p)
{
	struct range r = range_of(p, lvl_leaves);
	struct walk w = { NULL, 0 };
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (r.base != base_of(l->leaf))
			r = range_of(p, l);
		if (!is_there(&w, p, l) || l->leaf >= r.end)
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
void lvl_policy_scan(struct lvl_policy *p, const struct lvl_reader *reader)
{
	struct range r = { 0, 1 };
	struct walk w = { NULL, 0 };
	uint64_t value;
	unsigned i;

	lvl_policy_clear(p);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		int begins = l->leaf == base_of(l->leaf);

		if (is_there(&w, p, l) && (begins || l->leaf < r.end))
			scan_leaf(p, reader, l);
		else
			zero_leaf(p, l);
		if (begins)
			r = range_of(p, l);
	}
	lvl_policy_clear_out_of_range(p);
	for (i = 0; reader->rdmsr && i < LVL_NR_MSRS; i++)
		if (!reader->rdmsr(reader->arg, lvl_msrs[i].index, &value))
			(void)lvl_policy_set_msr(p, lvl_msrs[i].index, value);
}

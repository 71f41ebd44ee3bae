/* SPDX-License-Identifier: MIT */
#include "arrays.h"

uint32_t lvl_word_decided(unsigned word)
{
	return ~(lvl_masks[LVL_MASK_DYNAMIC][word] |
		 lvl_masks[LVL_MASK_FREE][word]);
}

static int within(const struct lvl_policy *p, unsigned field, uint32_t leaf)
{
	return lvl_known(p, field) && leaf <= lvl_get(p, field);
}

int lvl_leaf_in_range(const struct lvl_policy *p,
		      const struct lvl_leaf_words *l)
{
	switch (l->leaf >> 16) {
	case 0x8000:
		return within(p, LVL_F_MAX_EXTENDED_LEAF, l->leaf);
	case 0x4000:
		return lvl_has(p, LVL_F_HYPERVISOR) &&
		       within(p, LVL_F_MAX_HYPERVISOR_LEAF, l->leaf);
	case 0:
		return within(p, LVL_F_MAX_BASIC_LEAF, l->leaf) &&
		       (l->leaf != 7 ||
			within(p, LVL_F_MAX_SUBLEAF_7, l->subleaf));
	default:
		return 0;
	}
}

int lvl_leaf_is_topology(const struct lvl_leaf_words *l)
{
	unsigned r;

	for (r = 0; r < 4; r++) {
		unsigned w = l->word[r];

		if (lvl_masks[LVL_MASK_NAMED][w] & lvl_word_decided(w) &
		    ~lvl_masks[LVL_MASK_DERIVED][w])
			return 0;
	}
	return (lvl_masks[LVL_MASK_FREE][l->word[0]] |
		lvl_masks[LVL_MASK_FREE][l->word[1]]) != 0;
}

/* All that counts of a word is known. */
static int is_whole(const struct lvl_policy *p, unsigned w)
{
	return !(lvl_masks[LVL_MASK_NAMED][w] & lvl_word_decided(w) & ~p->k[w]);
}

static uint32_t take(struct lvl_gen *g, unsigned w)
{
	uint32_t decided = lvl_word_decided(w) & lvl_masks[LVL_MASK_NAMED][w];

	g->given.v[w] |= g->p->v[w] & decided;
	g->given.k[w] |= decided;
	return g->p->v[w];
}

int lvl_leaf_take(struct lvl_gen *g, const struct lvl_leaf_words *l,
		  uint32_t reg[4])
{
	unsigned r;

	for (r = 0; r < 4; r++)
		if (!is_whole(g->p, l->word[r]))
			return 0;
	for (r = 0; r < 4; r++)
		reg[r] = take(g, l->word[r]);
	return 1;
}

int lvl_msr_take(struct lvl_gen *g, const struct lvl_msr_words *m,
		 uint64_t *value)
{
	if (!is_whole(g->p, m->word) || !is_whole(g->p, m->high))
		return 0;
	*value = take(g, m->word);
	*value |= (uint64_t)take(g, m->high) << 32;
	return 1;
}

void lvl_put32(FILE *out, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		putc((int)(v >> 8 * i & 0xff), out);
}

void lvl_put64(FILE *out, uint64_t v)
{
	lvl_put32(out, (uint32_t)v);
	lvl_put32(out, (uint32_t)(v >> 32));
}

/* SPDX-License-Identifier: MIT */
/* Rule RAW.cores: several logical CPUs of one machine are levelled. */
#include <cpulevel/host.h>

#include "clause.h"

void lvl_cores_init(struct lvl_cores *c)
{
	c->n = 0;
}

/* Bits that each logical CPU has of its own, or that identify the first. */
static uint32_t own_bits(unsigned w)
{
	return lvl_masks[LVL_MASK_FREE][w] | lvl_masks[LVL_MASK_DYNAMIC][w] |
	       lvl_masks[LVL_MASK_PIN][w];
}

/* Kleene AND and OR of (value, known) pairs. */
static void combine(struct lvl_cores *c, const struct lvl_policy *p, unsigned w)
{
	uint32_t or = lvl_masks[LVL_MASK_OR][w];
	uint32_t keep = own_bits(w) | lvl_masks[LVL_MASK_EQUAL][w] |
			lvl_masks[LVL_MASK_NUMBER][w];
	uint32_t av = c->common.v[w], ak = c->common.k[w];
	uint32_t bv = p->v[w], bk = p->k[w];
	uint32_t and_v = av & bv;
	uint32_t and_k = (ak & bk) | (ak & ~av) | (bk & ~bv);
	uint32_t or_v = av | bv;
	uint32_t or_k = (ak & bk) | av | bv;

	c->common.v[w] = (keep & av) | (~keep & ((or &or_v) | (~ or &and_v)));
	c->common.k[w] = (keep & ak) | (~keep & ((or &or_k) | (~ or &and_k)));
}

static void combine_numbers(struct lvl_cores *c, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		unsigned field = lvl_numbers[i];
		const struct lvl_field *f = &lvl_fields[field];
		int up = f->rule == LVL_MAX ||
			 (f->rule == LVL_PAIR && !(f->flags & LVL_FIELD_UPPER));
		uint64_t a = lvl_get(&c->common, field), b = lvl_get(p, field);

		if (!lvl_known(&c->common, field))
			continue;
		if (!lvl_known(p, field))
			lvl_forget(&c->common, field);
		else if (up ? b > a : b < a)
			lvl_set(&c->common, field, b);
	}
}

void lvl_cores_add(struct lvl_cores *c, const struct lvl_policy *cpu)
{
	unsigned w;

	if (!c->n++) {
		c->first = c->common = *cpu;
		memset(c->differ, 0, sizeof(c->differ));
		return;
	}
	for (w = 0; w < LVL_NR_WORDS; w++) {
		c->differ[w] |= ((cpu->v[w] ^ c->first.v[w]) |
				 (cpu->k[w] ^ c->first.k[w])) &
				~own_bits(w);
		combine(c, cpu, w);
	}
	combine_numbers(c, cpu);
}

void lvl_cores_read(const struct lvl_cores *c, struct lvl_policy *p)
{
	unsigned i;

	*p = c->common;
	for (i = 0; i < LVL_NR_EQUALS; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_equals[i]];

		if (c->differ[f->word] & f->mask)
			lvl_forget(p, lvl_equals[i]);
	}
}

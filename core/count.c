/* SPDX-License-Identifier: MIT */
/*
 * The counting representation.  Counters are bit planes: plane k of a word
 * holds bit k of 32 counters, so that adding a member to all counters of a
 * word is a ripple of a few ANDs and XORs.
 */
#include <cpulevel/level.h>

#include "clause.h"
#include "fold.h"

typedef uint32_t plane[LVL_NR_WORDS];

static void increment(plane *p, unsigned w, uint32_t bits)
{
	unsigned k;

	for (k = 0; bits && k < LVL_COUNT_PLANES; k++) {
		uint32_t carry = p[k][w] & bits;

		p[k][w] ^= bits;
		bits = carry;
	}
}

static void decrement(plane *p, unsigned w, uint32_t bits)
{
	unsigned k;

	for (k = 0; bits && k < LVL_COUNT_PLANES; k++) {
		uint32_t borrow = ~p[k][w] & bits;

		p[k][w] ^= bits;
		bits = borrow;
	}
}

/* Bits whose counter is zero. */
static uint32_t at_zero(const plane *p, unsigned w)
{
	uint32_t any = 0;
	unsigned k;

	for (k = 0; k < LVL_COUNT_PLANES; k++)
		any |= p[k][w];
	return ~any;
}

static uint32_t one_counter(const plane *p, unsigned w, unsigned bit)
{
	uint32_t n = 0;
	unsigned k;

	for (k = 0; k < LVL_COUNT_PLANES; k++)
		n |= (p[k][w] >> bit & 1) << k;
	return n;
}

/* Bits for which a + b == n, added plane by plane. */
static uint32_t sum_is(const plane *a, const plane *b, unsigned w, uint32_t n)
{
	uint32_t carry = 0, same = 0xffffffffu;
	unsigned k;

	for (k = 0; k < LVL_COUNT_PLANES; k++) {
		uint32_t x = a[k][w], y = b ? b[k][w] : 0;
		uint32_t sum = x ^ y ^ carry;

		carry = (x & y) | (carry & (x ^ y));
		same &= n >> k & 1 ? sum : ~sum;
	}
	return same & ~carry;
}

/* -- numbers -------------------------------------------------------------- */

/* What a member contributes to one number. */
enum contribution { NOTHING, UNKNOWN, VALUE };

static enum contribution contributes(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (lvl_clause_(p, f->carrier) == LVL_FALSE)
		return NOTHING;
	if (lvl_known(p, field))
		return VALUE;
	return f->synth == LVL_SYNTH_VM ? NOTHING : UNKNOWN;
}

static unsigned find_value(const struct lvl_count_number *n, uint32_t value)
{
	unsigned i = 0;

	while (i < n->used && n->value[i] != value)
		i++;
	return i;
}

static void add_value(struct lvl_count_number *n, uint32_t value)
{
	unsigned i = find_value(n, value);

	if (i == n->used) {
		n->value[i] = value;
		n->times[i] = 0;
		n->used++;
	}
	n->times[i]++;
}

static void remove_value(struct lvl_count_number *n, uint32_t value)
{
	unsigned i = find_value(n, value);

	if (--n->times[i])
		return;
	n->used--;
	n->value[i] = n->value[n->used];
	n->times[i] = n->times[n->used];
}

/* -- members -------------------------------------------------------------- */

void lvl_count_init(struct lvl_count *c)
{
	memset(c, 0, sizeof(*c));
}

static int has_room(const struct lvl_count *c, const struct lvl_policy *p)
{
	unsigned i;

	if (c->n + 1 >= 1u << LVL_COUNT_PLANES)
		return 0;
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_count_number *n = &c->number[i];

		if (n->used == LVL_COUNT_VALUES &&
		    contributes(p, lvl_numbers[i]) == VALUE &&
		    find_value(n, (uint32_t)lvl_get(p, lvl_numbers[i])) ==
			    n->used)
			return 0;
	}
	return 1;
}

int lvl_count_add(struct lvl_count *c, const struct lvl_policy *p)
{
	unsigned i;

	if (!has_room(c, p))
		return -LVL_E_TOO_BIG;
	for (i = 0; i < LVL_NR_WORDS; i++) {
		increment(c->ones, i, p->v[i]);
		increment(c->unknown, i, ~p->k[i]);
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		enum contribution what = contributes(p, lvl_numbers[i]);

		if (what == VALUE)
			add_value(&c->number[i],
				  (uint32_t)lvl_get(p, lvl_numbers[i]));
		else
			c->number[i].unknown += what == UNKNOWN;
	}
	c->n++;
	return 0;
}

static int was_added(const struct lvl_count *c, const struct lvl_policy *p)
{
	unsigned i;

	if (!c->n)
		return 0;
	for (i = 0; i < LVL_NR_WORDS; i++)
		if ((at_zero(c->ones, i) & p->v[i]) ||
		    (at_zero(c->unknown, i) & ~p->k[i]))
			return 0;
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_count_number *n = &c->number[i];
		enum contribution what = contributes(p, lvl_numbers[i]);
		uint32_t value = (uint32_t)lvl_get(p, lvl_numbers[i]);

		if ((what == VALUE && find_value(n, value) == n->used) ||
		    (what == UNKNOWN && !n->unknown))
			return 0;
	}
	return 1;
}

int lvl_count_remove(struct lvl_count *c, const struct lvl_policy *p)
{
	unsigned i;

	if (!was_added(c, p))
		return -LVL_E_BUG;
	for (i = 0; i < LVL_NR_WORDS; i++) {
		decrement(c->ones, i, p->v[i]);
		decrement(c->unknown, i, ~p->k[i]);
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		enum contribution what = contributes(p, lvl_numbers[i]);

		if (what == VALUE)
			remove_value(&c->number[i],
				     (uint32_t)lvl_get(p, lvl_numbers[i]));
		else
			c->number[i].unknown -= what == UNKNOWN;
	}
	c->n--;
	return 0;
}

/* -- reading -------------------------------------------------------------- */

static void fold_number(const struct lvl_count_number *n, int up,
			struct lvl_fold *f, unsigned number)
{
	unsigned i;

	f->number_unknown[number] = n->unknown != 0;
	f->number_seen[number] = n->used != 0;
	for (i = 0; i < n->used; i++)
		if (!i || (up ? n->value[i] > f->number[number]
			      : n->value[i] < f->number[number]))
			f->number[number] = n->value[i];
	if (n->unknown &&
	    lvl_none_if_unknown_(&lvl_fields[lvl_numbers[number]])) {
		f->number_seen[number] = 1;
		f->number[number] = 0;
	}
}

void lvl_count_fold(const struct lvl_count *c, struct lvl_fold *f)
{
	unsigned i;

	lvl_fold_init(f);
	f->n = c->n;
	if (!c->n)
		return;
	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];

		f->and_low[w] = sum_is(c->ones, NULL, w, c->n);
		f->and_high[w] = sum_is(c->ones, c->unknown, w, c->n);
		f->or_low[w] = ~at_zero(c->ones, w);
		f->or_high[w] = f->or_low[w] | ~at_zero(c->unknown, w);
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_field *n = &lvl_fields[lvl_numbers[i]];

		fold_number(&c->number[i],
			    n->rule == LVL_MAX ||
				    (n->rule == LVL_PAIR &&
				     !(n->flags & LVL_FIELD_UPPER)),
			    f, i);
	}
}

uint32_t lvl_count_ones(const struct lvl_count *c, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->word == LVL_NO_WORD ? 0
				      : one_counter(c->ones, f->word, f->lo);
}

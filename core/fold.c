/* SPDX-License-Identifier: MIT */
#include <cpulevel/level.h>

#include "clause.h"
#include "fold.h"

void lvl_fold_init(struct lvl_fold *f)
{
	memset(f, 0, sizeof(*f));
	memset(f->and_low, 0xff, sizeof(f->and_low));
	memset(f->and_high, 0xff, sizeof(f->and_high));
	memset(f->cap, 0xff, sizeof(f->cap));
}

/* A number folds upwards: max rows and the lower ends of intervals. */
static int folds_up(const struct lvl_field *f)
{
	return f->rule == LVL_MAX ||
	       (f->rule == LVL_PAIR && !(f->flags & LVL_FIELD_UPPER));
}

static void fold_value(struct lvl_fold *f, unsigned n, uint32_t value)
{
	int up = folds_up(&lvl_fields[lvl_numbers[n]]);

	if (!f->number_seen[n] ||
	    (up ? value > f->number[n] : value < f->number[n]))
		f->number[n] = value;
	f->number_seen[n] = 1;
}

/*
 * Members without the carrier have no value (n/a).  They need not be
 * remembered: the carrier is then missing from the level too, and the
 * interior drops the number.
 */
static void fold_numbers(struct lvl_fold *f, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		unsigned field = lvl_numbers[i];

		if (lvl_clause_(p, lvl_fields[field].carrier) == LVL_FALSE)
			continue;
		if (lvl_known(p, field)) {
			fold_value(f, i, (uint32_t)lvl_get(p, field));
			continue;
		}
		if (lvl_fields[field].synth != LVL_SYNTH_VM)
			f->number_unknown[i] = 1;
		if (lvl_none_if_unknown_(&lvl_fields[field]))
			fold_value(f, i, 0);
	}
}

/* -- identity ------------------------------------------------------------- */

/* Known sorts before unknown, then the smaller value. */
static int pin_order(const struct lvl_policy *a, const struct lvl_policy *b,
		     unsigned field)
{
	int ka = lvl_known(a, field), kb = lvl_known(b, field);
	uint64_t va = lvl_get(a, field), vb = lvl_get(b, field);

	if (ka != kb)
		return kb - ka;
	return va == vb ? 0 : va < vb ? -1 : 1;
}

/* The same identity, further sub-leaves included; 0 if it is. */
static int word_order(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i;

	for (i = 0; i < lvl_nr_pinned; i++) {
		unsigned w = lvl_pinned[i];
		uint32_t m = lvl_masks[LVL_MASK_PIN][w];

		if (!(((a->k[w] ^ b->k[w]) | (a->v[w] ^ b->v[w])) & m))
			continue;
		if ((a->k[w] ^ b->k[w]) & m)
			return (a->k[w] & m) > (b->k[w] & m) ? -1 : 1;
		return (a->v[w] & m) < (b->v[w] & m) ? -1 : 1;
	}
	return 0;
}

/*
 * A total order on the whole identity, so that the least does not depend on
 * the order of the members: family, model and stepping first.
 */
static int donor_order(const struct lvl_policy *a, const struct lvl_policy *b)
{
	int words = word_order(a, b), c;
	unsigned i;

	for (i = 0; words && i < LVL_NR_PINS; i++) {
		c = pin_order(a, b, lvl_pins[i]);
		if (c)
			return c;
	}
	return words;
}

/* Only the pins of a member are kept. */
static void take_donor(struct lvl_fold *f, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < lvl_nr_pinned; i++) {
		unsigned w = lvl_pinned[i];

		f->donor.v[w] = p->v[w] & lvl_masks[LVL_MASK_PIN][w];
		f->donor.k[w] = p->k[w] & lvl_masks[LVL_MASK_PIN][w];
	}
}

/* -- members -------------------------------------------------------------- */

void lvl_fold_add(struct lvl_fold *f, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];
		uint32_t low = p->v[w], high = p->v[w] | ~p->k[w];

		f->and_low[w] &= low;
		f->and_high[w] &= high;
		f->or_low[w] |= low;
		f->or_high[w] |= high;
	}
	fold_numbers(f, p);
	if (!f->n || donor_order(p, &f->donor) < 0)
		take_donor(f, p);
	f->n++;
}

void lvl_fold_merge(struct lvl_fold *a, const struct lvl_fold *b)
{
	unsigned i;

	if (b->n && (!a->n || donor_order(&b->donor, &a->donor) < 0))
		a->donor = b->donor;
	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];

		a->and_low[w] &= b->and_low[w];
		a->and_high[w] &= b->and_high[w];
		a->or_low[w] |= b->or_low[w];
		a->or_high[w] |= b->or_high[w];
		a->cap[w] &= b->cap[w];
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		if (b->number_seen[i])
			fold_value(a, i, b->number[i]);
		a->number_unknown[i] |= b->number_unknown[i];
	}
	a->n += b->n;
}

void lvl_fold_drop(struct lvl_fold *f, unsigned feature)
{
	const struct lvl_field *d = &lvl_fields[feature];
	unsigned i;

	f->cap[d->word] &= ~(d->mask & lvl_masks[LVL_MASK_AND][d->word]);
	for (i = 0; i < LVL_NR_NUMBERS; i++)
		if (lvl_numbers[i] == feature && d->rule == LVL_MIN)
			fold_value(f, i, 0);
}

void lvl_fold_cap(struct lvl_fold *f, const struct lvl_policy *cap)
{
	unsigned i;

	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_field *n = &lvl_fields[lvl_numbers[i]];

		if (n->rule == LVL_MIN && lvl_known(cap, lvl_numbers[i]) &&
		    lvl_clause_(cap, n->carrier) == LVL_TRUE)
			fold_value(f, i,
				   (uint32_t)lvl_get(cap, lvl_numbers[i]));
	}
	for (i = 0; i < LVL_NR_WORDS; i++)
		f->cap[i] &= cap->v[i] | ~cap->k[i] |
			     ~lvl_masks[LVL_MASK_FEATURE][i];
}

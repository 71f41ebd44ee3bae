/* SPDX-License-Identifier: MIT */
#include <cpulevel/level.h>

#include "clause.h"
#include "fold.h"

static const struct lvl_rule_info conflict_rule = {
	"LEVEL.conflict",
	"take away the feature that owns a value on which members differ",
	"the value must be the same wherever the guest runs",
};

static const struct lvl_rule_info unknown_rule = {
	"LEVEL.unknown",
	"take away the feature that owns a value which a member does not know",
	"an unknown value may differ, so that nothing can be promised",
};

/* How the members stand to one field that must agree. */
enum agreement { AGREE, UNSURE, DIFFER };

struct reading {
	const struct lvl_fold *f;
	struct lvl_policy p;
	const struct lvl_trail *trail;
	struct lvl_status *s;
};

static void note_incomplete(struct lvl_status *s, unsigned field)
{
	s->incomplete[s->nr_incomplete++] = (uint16_t)field;
}

/* -- what the words say --------------------------------------------------- */

static void read_leaks(struct reading *r, unsigned w)
{
	uint32_t leak = lvl_masks[LVL_MASK_LEAK][w];
	uint32_t open = lvl_fold_differs_(r->f, w) | lvl_fold_unknown_(r->f, w);

	r->p.v[w] |= r->f->and_low[w] & leak;
	r->p.k[w] &= ~(leak & open);
}

/*
 * Published words are total: unknown `and` bits read 0, `or` bits 1.  But for
 * behaviour that leaks: of that the level says what all members agree on.
 */
static void read_words(struct reading *r)
{
	unsigned i;

	lvl_policy_zero(&r->p);
	for (i = 0; i < LVL_NR_WORDS; i++) {
		uint32_t and = lvl_masks[LVL_MASK_AND][i];
		uint32_t equal = lvl_masks[LVL_MASK_EQUAL][i];
		uint32_t or = lvl_masks[LVL_MASK_OR][i];

		r->p.v[i] = (r->f->and_low[i] & r->f->cap[i] & and) |
			    (r->f->and_low[i] & equal) |
			    (r->f->or_high[i] & or);
		read_leaks(r, i);
	}
}

/* Features of the VM's choice: a member that does not know limits nothing. */
static void read_chosen(struct reading *r)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t open = lvl_masks[LVL_MASK_CHOSEN][w] &
				r->f->and_high[w] & r->f->cap[w];

		r->p.v[w] |= open & r->f->or_low[w];
		r->p.k[w] &= ~(open & ~r->f->or_low[w]); /* nobody knows */
	}
}

/* The bound is what the members that know it allow: "at most 46". */
static void read_numbers(struct reading *r)
{
	unsigned i;

	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_field *n = &lvl_fields[lvl_numbers[i]];

		if (r->f->number_seen[i])
			lvl_set(&r->p, lvl_numbers[i], r->f->number[i]);
		else if (n->rule == LVL_PAIR || n->synth == LVL_SYNTH_VM)
			lvl_forget(&r->p, lvl_numbers[i]);
		else if (n->rule == LVL_MAX)
			lvl_set(&r->p, lvl_numbers[i], n->mask >> n->lo);
	}
}

/* -- what must agree ------------------------------------------------------ */

static enum agreement equal_agrees(const struct reading *r, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (lvl_fold_differs_(r->f, f->word) & f->mask)
		return DIFFER;
	return lvl_fold_unknown_(r->f, f->word) & f->mask ? UNSURE : AGREE;
}

/* The index in lvl_numbers[] of a field. */
static unsigned number_of(unsigned field)
{
	unsigned i = 0;

	while (i < LVL_NR_NUMBERS && lvl_numbers[i] != field)
		i++;
	return i;
}

/* An interval [lower, upper]: empty is a conflict. */
static enum agreement wide_pair_agrees(const struct reading *r, unsigned lower)
{
	unsigned lo = number_of(lower);
	unsigned hi = number_of(lvl_fields[lower].pair);

	if (r->f->number_seen[lo] && r->f->number_seen[hi] &&
	    r->f->number[lo] > r->f->number[hi])
		return DIFFER;
	if (r->f->number_unknown[lo] || r->f->number_unknown[hi])
		return UNSURE;
	return AGREE;
}

/* One control: somebody must have it 1, somebody cannot. */
static enum agreement pair_agrees(const struct reading *r, unsigned lower)
{
	const struct lvl_field *l = &lvl_fields[lower];
	const struct lvl_field *u = &lvl_fields[l->pair];
	const struct lvl_fold *f = r->f;

	if (l->width > 1)
		return wide_pair_agrees(r, lower);
	if (!(f->or_high[l->word] & l->mask) || (f->and_low[u->word] & u->mask))
		return AGREE;
	if ((f->or_low[l->word] & l->mask) && !(f->and_high[u->word] & u->mask))
		return DIFFER;
	return UNSURE;
}

/* One feature falls, or a number goes below what carries the value. */
static void fell_atom(struct reading *r, const struct lvl_atom *a,
		      const struct lvl_rule_info *rule, unsigned cause)
{
	struct lvl_change c = {
		.rule = rule,
		.field = a->field,
		.before = lvl_get(&r->p, a->field),
		.known = 3,
		.cause = cause,
		.edge = LVL_NO_FIELD,
	};

	if (c.before < a->at_least)
		return;
	c.after = a->at_least - 1u;
	lvl_set(&r->p, a->field, c.after);
	if (r->trail && r->trail->each)
		r->trail->each(r->trail->arg, &c);
}

static void owner_falls(struct reading *r, unsigned field, enum agreement why)
{
	const struct lvl_rule_info *rule =
		why == DIFFER ? &conflict_rule : &unknown_rule;
	const struct lvl_field *f = &lvl_fields[field];
	const struct lvl_clause *c = &lvl_clauses[f->owner];
	unsigned i;

	for (i = 0; i < c->count; i++)
		fell_atom(r, &lvl_atoms[c->first + i], rule, field);
}

/*
 * Where every member carries the value, it must be one.  A member that does
 * not carry it has taken the carrier, and with it the owner, away already.
 */
static void settle(struct reading *r, unsigned field, enum agreement a)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (a == AGREE)
		return;
	if (a == DIFFER && (f->flags & LVL_FIELD_ZERO_NONE))
		; /* 0 among the members: the value ends, nothing conflicts */
	else if (a == DIFFER && f->owner)
		r->s->conflict[r->s->nr_conflicts++] = (uint16_t)field;
	else if (a == DIFFER && r->s->none_field == LVL_NO_FIELD)
		r->s->none_field = field;
	else if (a == UNSURE)
		note_incomplete(r->s, field);
	if (f->owner)
		owner_falls(r, field, a);
	else
		lvl_forget(&r->p, field);
}

/* Owners of which some member does not know whether it has them. */
static void unsure_owners(struct reading *r)
{
	unsigned w, i;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t bits = r->f->and_high[w] & ~r->f->and_low[w] &
				r->f->cap[w] & lvl_masks[LVL_MASK_OWNER][w];

		for (i = 0; bits && i < lvl_words[w].count; i++)
			if (lvl_fields[lvl_words[w].first + i].mask & bits)
				note_incomplete(r->s, lvl_words[w].first + i);
	}
}

/* All is judged on what the members have, before anything falls. */
static void settle_all(struct reading *r)
{
	const struct lvl_policy all = r->p;
	unsigned i;

	unsure_owners(r);
	for (i = 0; i < LVL_NR_EQUALS; i++) {
		unsigned field = lvl_equals[i];

		if (lvl_there_(&all, lvl_fields[field].carrier) == LVL_TRUE)
			settle(r, field, equal_agrees(r, field));
	}
	for (i = 0; i < LVL_NR_PAIRS; i++) {
		unsigned field = lvl_pairs[i];

		if (lvl_there_(&all, lvl_fields[field].carrier) == LVL_TRUE)
			settle(r, field, pair_agrees(r, field));
	}
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_numbers[i]];

		if (f->rule != LVL_PAIR && r->f->number_unknown[i] &&
		    lvl_there_(&all, f->carrier) == LVL_TRUE)
			note_incomplete(r->s, lvl_numbers[i]);
	}
}

static void read_identity(struct reading *r)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++)
		r->p.v[i] |= r->f->donor.v[i] & lvl_masks[LVL_MASK_PIN][i];
}

int lvl_fold_read(const struct lvl_fold *f, struct lvl_policy *level,
		  const struct lvl_trail *trail, struct lvl_status *status)
{
	struct lvl_status own;
	struct reading r = {
		.f = f,
		.trail = trail,
		.s = status ? status : &own,
	};

	r.s->none_field = LVL_NO_FIELD;
	r.s->nr_conflicts = r.s->nr_incomplete = 0;
	if (!f->n)
		return -LVL_E_EMPTY;
	read_words(&r);
	read_chosen(&r);
	read_numbers(&r);
	settle_all(&r);
	if (r.s->none_field == LVL_F_VENDOR_0 ||
	    r.s->none_field == LVL_F_VENDOR_1 ||
	    r.s->none_field == LVL_F_VENDOR_2)
		return -LVL_E_VENDOR;
	if (r.s->none_field != LVL_NO_FIELD)
		return -LVL_E_CONFLICT;
	lvl_interior(&r.p, trail);
	read_identity(&r);
	lvl_finalise(&r.p);
	/* only now: maxima follow from what there is to tell */
	lvl_forget_pins_(&r.p, &f->donor);
	*level = r.p;
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/level.h>

#include "clause.h"
#include "tables.h"

static const struct lvl_rule_info requires_rule = {
	"LEVEL.requires",
	"take away a feature that lacks what it needs",
	"a guest that sees the one and not the other is told something false",
};

static const struct lvl_rule_info carrier_rule = {
	"LEVEL.carrier",
	"drop a value whose feature is not there",
	"a number without the feature that gives it meaning says nothing",
};

static const struct lvl_rule_info empty_rule = {
	"LEVEL.empty",
	"take away the feature of a control that no value is left for",
	"it must be 1, and what being 1 needs is not there",
};

/* The first field of the clause: what its failure is blamed on. */
static unsigned first_atom(unsigned clause)
{
	return lvl_atoms[lvl_clauses[clause].first].field;
}

/* Make the field 0, or unknown where its clause is; say what it was. */
static void take(struct lvl_policy *p, const struct lvl_step *step,
		 enum lvl_truth truth, const struct lvl_trail *trail)
{
	struct lvl_change c = {
		.rule = step->edge == LVL_NO_FIELD ? &carrier_rule
						   : &requires_rule,
		.field = step->field,
		.before = lvl_get(p, step->field),
		.known = (unsigned)lvl_known(p, step->field),
		.cause = first_atom(step->clause),
		.edge = step->edge,
	};

	if (truth == LVL_FALSE) {
		lvl_set(p, step->field, 0);
		c.known |= 2;
	} else { /* only what is set becomes doubtful */
		const struct lvl_field *f = &lvl_fields[step->field];

		p->k[f->word] &= ~(p->v[f->word] & f->mask);
		p->v[f->word] &= ~f->mask;
	}
	if (c.before && trail && trail->each)
		trail->each(trail->arg, &c);
}

/*
 * lvl_steps[] is ordered so that what a clause looks at is final when it is
 * looked at; one pass is the fixpoint.  A feature whose requirement is not
 * known is not known either; a value whose carrier is not known stays.
 */
static void pass_told(struct lvl_policy *p, const struct lvl_trail *trail)
{
	unsigned i;

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *step = &lvl_steps[i];
		enum lvl_truth truth = lvl_clause_(p, step->clause);

		if (truth == LVL_FALSE ||
		    (truth == LVL_MAYBE && step->edge != LVL_NO_FIELD &&
		     lvl_get(p, step->field)))
			take(p, step, truth, trail);
	}
}

/* -- the same in silence, clause by clause -------------------------------- */

static void fail(struct lvl_policy *p, const struct lvl_group *g)
{
	const struct lvl_effect *e = &lvl_effects[g->first];
	const struct lvl_effect *end = e + g->needs + g->values;

	for (; e < end; e++) {
		p->v[e->word] &= ~e->mask;
		p->k[e->word] |= e->mask;
	}
}

static void doubt(struct lvl_policy *p, const struct lvl_group *g)
{
	const struct lvl_effect *e = &lvl_effects[g->first];
	const struct lvl_effect *end = e + g->needs;

	for (; e < end; e++) {
		uint32_t set = p->v[e->word] & e->mask;

		if (!set)
			continue;
		p->k[e->word] &= ~set;
		p->v[e->word] &= ~set;
	}
}

static void pass(struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < lvl_nr_groups; i++) {
		enum lvl_truth truth = lvl_clause_(p, lvl_groups[i].clause);

		if (truth == LVL_FALSE)
			fail(p, &lvl_groups[i]);
		else if (truth == LVL_MAYBE)
			doubt(p, &lvl_groups[i]);
	}
}

/* -- intervals that a requirement emptied --------------------------------- */

static int is_empty(const struct lvl_policy *p, unsigned lower)
{
	unsigned upper = lvl_fields[lower].pair;

	return lvl_get(p, lower) > lvl_get(p, upper) && lvl_known(p, upper) &&
	       lvl_known(p, lower) &&
	       lvl_clause_(p, lvl_fields[lower].carrier) == LVL_TRUE;
}

/* The features that carry the control fall, or the number that does. */
static void owner_falls(struct lvl_policy *p, unsigned lower,
			const struct lvl_trail *trail)
{
	const struct lvl_clause *o = &lvl_clauses[lvl_fields[lower].owner];
	unsigned i;

	for (i = 0; i < o->count; i++) {
		const struct lvl_atom *a = &lvl_atoms[o->first + i];
		struct lvl_change c = {
			.rule = &empty_rule,
			.field = a->field,
			.before = lvl_get(p, a->field),
			.after = a->at_least - 1u,
			.known = 3,
			.cause = lower,
			.edge = LVL_NO_FIELD,
		};

		if (c.before < a->at_least)
			continue;
		lvl_set(p, a->field, c.after);
		if (trail && trail->each)
			trail->each(trail->arg, &c);
	}
}

static int empty_pairs(struct lvl_policy *p, const struct lvl_trail *trail)
{
	unsigned i;
	int any = 0;

	for (i = 0; i < LVL_NR_PAIRS; i++) {
		if (!is_empty(p, lvl_pairs[i]) ||
		    !lvl_fields[lvl_pairs[i]].owner)
			continue;
		owner_falls(p, lvl_pairs[i], trail);
		any = 1;
	}
	return any;
}

void lvl_interior(struct lvl_policy *p, const struct lvl_trail *trail)
{
	do {
		if (trail && trail->each)
			pass_told(p, trail);
		else
			pass(p);
	} while (empty_pairs(p, trail));
}

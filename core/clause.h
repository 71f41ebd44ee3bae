/* SPDX-License-Identifier: MIT */
/* Evaluating carriers and requirements: three-valued, on any policy. */
#ifndef LVL_CORE_CLAUSE_H
#define LVL_CORE_CLAUSE_H

#include <cpulevel/policy.h>

enum lvl_truth { LVL_FALSE, LVL_MAYBE, LVL_TRUE };

/*
 * An atom's value can only be known as a whole: a partly known number says
 * nothing.  A field that a policy does not hold is never there.
 */
static inline enum lvl_truth lvl_atom_(const struct lvl_policy *p,
				       const struct lvl_atom *a)
{
	const struct lvl_field *f = &lvl_fields[a->field];
	uint32_t value;

	if (f->word == LVL_NO_WORD)
		return LVL_FALSE;
	value = (p->v[f->word] & f->mask) >> f->lo;
	if (value >= a->at_least)
		return LVL_TRUE;
	return (p->k[f->word] & f->mask) == f->mask ? LVL_FALSE : LVL_MAYBE;
}

/* Atom by atom; the empty clause always holds. */
static inline enum lvl_truth lvl_atoms_(const struct lvl_policy *p,
					const struct lvl_clause *c)
{
	enum lvl_truth best = c->count ? LVL_FALSE : LVL_TRUE;
	unsigned i;

	for (i = 0; i < c->count && best != LVL_TRUE; i++) {
		enum lvl_truth t = lvl_atom_(p, &lvl_atoms[c->first + i]);

		if (t > best)
			best = t;
	}
	return best;
}

/* A disjunction: most look at one word. */
static inline enum lvl_truth lvl_clause_(const struct lvl_policy *p,
					 unsigned clause)
{
	const struct lvl_clause *c = &lvl_clauses[clause];

	if (p->v[c->word] & c->mask)
		return LVL_TRUE;
	if (!c->whole)
		return lvl_atoms_(p, c);
	return ~p->k[c->word] & c->mask ? LVL_MAYBE : LVL_FALSE;
}

/* Is what carries a value there?  What carries that, too. */
static inline enum lvl_truth lvl_there_(const struct lvl_policy *p,
					unsigned clause)
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	enum lvl_truth best = c->count ? LVL_FALSE : LVL_TRUE;
	unsigned i;

	for (i = 0; i < c->count && best != LVL_TRUE; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];
		enum lvl_truth t = lvl_atom_(p, a), own;

		if (t == LVL_FALSE)
			continue;
		own = lvl_there_(p, lvl_fields[a->field].carrier);
		if (own < t)
			t = own;
		if (t > best)
			best = t;
	}
	return best;
}

/* One if a value of a carried field means something (0 may mean "none"). */
static inline int lvl_carried_(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (lvl_clause_(p, f->carrier) != LVL_TRUE)
		return 0;
	return !(f->flags & LVL_FIELD_ZERO_NONE) || !lvl_known(p, field) ||
	       lvl_get(p, field) != 0;
}

#endif

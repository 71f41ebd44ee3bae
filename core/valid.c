/* SPDX-License-Identifier: MIT */
#include <cpulevel/check.h>
#include <cpulevel/level.h>

#include "clause.h"
#include "finalise.h"
#include "severity.h"

struct validity {
	const struct lvl_policy *p;
	lvl_finding_fn *each;
	void *arg;
	int no, unknown;
};

static void tell(struct validity *x, struct lvl_finding *f)
{
	if (f->severity <= LVL_SECURITY) {
		x->no |= f->sure;
		x->unknown |= !f->sure;
	}
	if (x->each)
		x->each(x->arg, f);
}

static void found(struct validity *x, unsigned field, enum lvl_reason reason,
		  unsigned edge, int sure)
{
	struct lvl_finding f = {
		.severity = lvl_severity_(field, reason),
		.reason = reason,
		.field = field,
		.word = lvl_fields[field].word,
		.guest = lvl_get(x->p, field),
		.edge = edge,
		.sure = sure,
	};

	tell(x, &f);
}

/* Requirements and carriers, as the interior would enforce them. */
static void steps(struct validity *x)
{
	unsigned i;

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];
		enum lvl_truth t;

		if (!lvl_get(x->p, s->field))
			continue;
		t = lvl_clause_(x->p, s->clause);
		if (t == LVL_TRUE)
			continue;
		if (s->edge != LVL_NO_FIELD)
			found(x, s->field, LVL_R_REQUIREMENT, s->edge,
			      t == LVL_FALSE);
		else if (t == LVL_FALSE)
			found(x, s->field, LVL_R_NO_CARRIER, LVL_NO_FIELD, 1);
	}
}

static void pairs(struct validity *x)
{
	unsigned i;

	for (i = 0; i < LVL_NR_PAIRS; i++) {
		unsigned lower = lvl_pairs[i], upper = lvl_fields[lower].pair;

		if (lvl_clause_(x->p, lvl_fields[lower].carrier) == LVL_TRUE &&
		    lvl_known(x->p, lower) && lvl_known(x->p, upper) &&
		    lvl_get(x->p, lower) > lvl_get(x->p, upper))
			found(x, upper, LVL_R_EMPTY_PAIR, LVL_NO_FIELD, 1);
	}
}

/* -- bits that no guest may see ------------------------------------------- */

static void unnamed(struct validity *x, unsigned w, uint32_t bits)
{
	struct lvl_finding f = {
		.severity = LVL_FATAL,
		.reason = LVL_R_UNNAMED_BIT,
		.field = LVL_NO_FIELD,
		.word = w,
		.guest = bits,
		.edge = LVL_NO_FIELD,
		.sure = 1,
	};

	tell(x, &f);
}

static void shown(struct validity *x)
{
	unsigned w, i;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t rest = x->p->v[w] & ~lvl_masks[LVL_MASK_NAMED][w];

		for (i = 0; rest && i < lvl_words[w].count; i++) {
			unsigned field = lvl_words[w].first + i;
			const struct lvl_field *f = &lvl_fields[field];

			if (f->rule != LVL_HIDDEN || !(rest & f->mask))
				continue;
			found(x, field, LVL_R_HIDDEN_SHOWN, LVL_NO_FIELD, 1);
			rest &= ~f->mask;
		}
		if (rest)
			unnamed(x, w, rest);
	}
}

/* -- maxima --------------------------------------------------------------- */

static int has_feature(const struct lvl_policy *p,
		       const struct lvl_leaf_words *l)
{
	uint32_t any = 0;
	unsigned i;

	for (i = 0; i < 4; i++)
		any |= p->v[l->word[i]] & (lvl_masks[LVL_MASK_AND][l->word[i]] |
					   lvl_masks[LVL_MASK_OR][l->word[i]]);
	return any != 0;
}

/* A feature in a leaf that the guest cannot reach. */
static void reachable(struct validity *x)
{
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		unsigned max = lvl_maximum_of_(l->leaf);

		if (max == LVL_NO_FIELD || !lvl_known(x->p, max))
			continue;
		if (l->leaf > lvl_get(x->p, max) && has_feature(x->p, l))
			found(x, max, LVL_R_OUT_OF_RANGE, LVL_NO_FIELD, 1);
		else if (l->leaf == 7 &&
			 l->subleaf > lvl_get(x->p, LVL_F_MAX_SUBLEAF_7) &&
			 has_feature(x->p, l) &&
			 lvl_known(x->p, LVL_F_MAX_SUBLEAF_7))
			found(x, LVL_F_MAX_SUBLEAF_7, LVL_R_OUT_OF_RANGE,
			      LVL_NO_FIELD, 1);
	}
}

static void structural(struct validity *x)
{
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES_OF_; i++) {
		unsigned max = lvl_maximum_of_(lvl_leaves_of_[i].leaf);

		if (lvl_has(x->p, lvl_leaves_of_[i].field) &&
		    lvl_known(x->p, max) &&
		    lvl_get(x->p, max) < lvl_leaves_of_[i].leaf)
			found(x, lvl_leaves_of_[i].field, LVL_R_OUT_OF_RANGE,
			      LVL_NO_FIELD, 1);
	}
}

/* -- derived fields ------------------------------------------------------- */

/* Maxima may be higher than the content needs. */
static int is_maximum(unsigned field)
{
	return field == LVL_F_MAX_BASIC_LEAF ||
	       field == LVL_F_MAX_EXTENDED_LEAF ||
	       field == LVL_F_MAX_SUBLEAF_7 ||
	       field == LVL_F_MAX_HYPERVISOR_LEAF;
}

/* Is any derived bit other than it should be? */
static int derived_differ(const struct lvl_policy *p,
			  const struct lvl_policy *right)
{
	uint32_t differ = 0;
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++)
		differ |= (p->v[w] ^ right->v[w]) & p->k[w] & right->k[w] &
			  lvl_masks[LVL_MASK_DERIVED][w];
	return differ != 0;
}

static void derived(struct validity *x)
{
	struct lvl_policy right = *x->p;
	unsigned i;

	lvl_finalise(&right);
	if (!derived_differ(x->p, &right))
		return;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lvl_fields[i].rule == LVL_DERIVED && !is_maximum(i) &&
		    lvl_known(x->p, i) && lvl_known(&right, i) &&
		    lvl_get(x->p, i) != lvl_get(&right, i))
			found(x, i, LVL_R_DERIVED_WRONG, LVL_NO_FIELD, 1);
}

enum lvl_verdict lvl_valid(const struct lvl_policy *p, lvl_finding_fn *each,
			   void *arg)
{
	struct validity x = { .p = p, .each = each, .arg = arg };

	steps(&x);
	pairs(&x);
	shown(&x);
	reachable(&x);
	structural(&x);
	derived(&x);
	return x.no ? LVL_NO : x.unknown ? LVL_UNKNOWN : LVL_YES;
}

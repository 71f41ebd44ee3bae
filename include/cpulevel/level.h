/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/level.h: the common level of any number of policies.
 *
 * level(S) is the greatest lower bound of S among well-formed policies under
 * `fits` (check.h): it fits every member, and whatever well-formed guest
 * fits every member fits it.  Order, grouping and duplicates do not matter.
 * The algebra, with its proofs and counter-examples: doc/design.md.
 *
 *	struct lvl_fold f;
 *	lvl_fold_init(&f);
 *	for each member: lvl_fold_add(&f, member);
 *	rc = lvl_fold_read(&f, &level, &trail, &status);
 *
 * Members must be normalised (host.h).  All of it is plain data in the
 * caller's memory.
 */
#ifndef CPULEVEL_LEVEL_H
#define CPULEVEL_LEVEL_H

#include <cpulevel/host.h>
#include <cpulevel/policy.h>

LVL_BEGIN

/*
 * A running fold.  n == 0 is TOP, the level of an empty pool: the identity
 * of folding, never written out.  low is the fold of the members as a host
 * offers them (unknown `and` bits read 0, unknown `or` bits 1), high the
 * fold of what they could at most turn out to be.  Only the words of
 * lvl_ordered[] are folded; the others stay as in TOP.
 */
struct lvl_fold {
	uint32_t n;
	uint32_t and_low[LVL_NR_WORDS];      /* AND of known ones */
	uint32_t and_high[LVL_NR_WORDS];     /* AND of ones and unknowns */
	uint32_t or_low[LVL_NR_WORDS];       /* OR of known ones */
	uint32_t or_high[LVL_NR_WORDS];      /* OR of ones and unknowns */
	uint32_t number[LVL_NR_NUMBERS];     /* of those members that know it */
	uint8_t number_seen[LVL_NR_NUMBERS]; /* some member knows it */
	uint8_t number_unknown[LVL_NR_NUMBERS]; /* some carrying one does not */
	uint32_t cap[LVL_NR_WORDS];             /* features that a cap leaves */
	struct lvl_policy donor; /* least identity among the members */
};

void lvl_fold_init(struct lvl_fold *f);
void lvl_fold_add(struct lvl_fold *f, const struct lvl_policy *member);

/* Fold b into a: the same as adding b's members to a. */
void lvl_fold_merge(struct lvl_fold *a, const struct lvl_fold *b);

/* --drop: the level must not have this feature (meet with TOP minus it). */
void lvl_fold_drop(struct lvl_fold *f, unsigned feature);

/*
 * --cap: of the features for which the cap knows the answer, only those it
 * has, and `min` numbers at most as large as those that it knows.  What the
 * cap does not know is not limited, and what it states is not told.
 */
void lvl_fold_cap(struct lvl_fold *f, const struct lvl_policy *cap);

/* What a level is missing to be the last word. */
struct lvl_status {
	/* equal or pair fields without an owner that differ: no level */
	unsigned none_field; /* LVL_NO_FIELD: there is one */
	/* fields whose values differ, so that their owner fell */
	uint16_t conflict[LVL_NR_EQUALS + LVL_NR_PAIRS];
	unsigned nr_conflicts;
	/* numbers, owned fields and owners that some member does not know */
	uint16_t incomplete[LVL_NR_NUMBERS + 2 * LVL_NR_EQUALS +
			    2 * LVL_NR_PAIRS];
	unsigned nr_incomplete;
};

/*
 * Read the level.  What is not known of an ordered field is told as its low
 * value; values that must agree and choices of the VM may stay unknown.
 * trail: what took which field away, rules LEVEL.conflict,
 * LEVEL.unknown, LEVEL.requires, LEVEL.carrier.  status may be NULL.
 * -LVL_E_EMPTY for TOP; -LVL_E_VENDOR where the CPU vendors differ and
 * -LVL_E_CONFLICT for another field without owner (status->none_field says
 * which): then level is untouched.
 */
int lvl_fold_read(const struct lvl_fold *f, struct lvl_policy *level,
		  const struct lvl_trail *trail, struct lvl_status *status);

/*
 * The interior of a policy, in place: clear features whose requirements
 * fail, make fields without carrier n/a (0).  Monotone, contractive,
 * idempotent.  rules LEVEL.requires and LEVEL.carrier in the trail.
 */
void lvl_interior(struct lvl_policy *p, const struct lvl_trail *trail);

/* Recompute the derived fields of a well-formed policy (algebra 5). */
void lvl_finalise(struct lvl_policy *p);

/*
 * Cross-vendor: the common instruction set, for parity, never for
 * migration.  Keeps `and` fields of class isa and hint and whatever those
 * need; everything else unknown.  Add members of any vendor.
 */
int lvl_fold_read_parity(const struct lvl_fold *f, struct lvl_policy *level,
			 struct lvl_status *status);

/*
 * The counting representation: members may leave again.  Bit planes hold,
 * for every bit, how many members have it and how many do not know it; at
 * most 2^LVL_COUNT_PLANES - 1 members.  Numbers are small histograms in the
 * caller's memory.
 */
#define LVL_COUNT_PLANES 24
#define LVL_COUNT_VALUES 64 /* different values of one number */

struct lvl_count_number {
	uint32_t value[LVL_COUNT_VALUES];
	uint32_t times[LVL_COUNT_VALUES];
	uint32_t used;
	uint32_t unknown;
};

struct lvl_count {
	uint32_t n;
	uint32_t ones[LVL_COUNT_PLANES][LVL_NR_WORDS];
	uint32_t unknown[LVL_COUNT_PLANES][LVL_NR_WORDS];
	struct lvl_count_number number[LVL_NR_NUMBERS];
};

void lvl_count_init(struct lvl_count *c);
/* -LVL_E_TOO_BIG: more members or values than fit; c is untouched. */
int lvl_count_add(struct lvl_count *c, const struct lvl_policy *member);
/* The member must have been added. -LVL_E_BUG if it cannot have been. */
int lvl_count_remove(struct lvl_count *c, const struct lvl_policy *member);
/* The fold of the remaining members; the donor is not part of it. */
void lvl_count_fold(const struct lvl_count *c, struct lvl_fold *f);
/* How many members have this bit as a known 1. */
uint32_t lvl_count_ones(const struct lvl_count *c, unsigned field);

LVL_END

#endif /* CPULEVEL_LEVEL_H */

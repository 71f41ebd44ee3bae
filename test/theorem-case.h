/* SPDX-License-Identifier: MIT */
/*
 * One case of the theorems: a few members, their level, and everything that
 * must be true of it.  The reference and the library are compared on each.
 */
#ifndef LVL_TEST_THEOREM_CASE_H
#define LVL_TEST_THEOREM_CASE_H

#include <cpulevel/check.h>
#include <cpulevel/level.h>

#include "gen-policy.h"
#include "ref.h"

#define CASE_MAX 6

struct theorem_case {
	const char *source; /* "random", "corpus pair", ... */
	uint64_t seed;      /* CPULEVEL_SEED that gives this case again */
	unsigned n;
	const struct lvl_policy *member[CASE_MAX];
	const char *name[CASE_MAX]; /* NULL: by number */
};

/* Everything of T0 .. T6, T14, T16, T17 that one case can show. */
void theorem_case_check(const struct theorem_case *c);

/* Compare lvl_fits with the reference; the order's answer, not the verdict. */
enum ref_truth theorem_fits(const struct theorem_case *c,
			    const struct lvl_policy *guest,
			    const struct lvl_policy *host);

/* Fold the members in the order given; the result of lvl_fold_read. */
int theorem_level(const struct lvl_policy *const member[], unsigned n,
		  struct lvl_policy *level, struct lvl_status *status);

/* Say which theorem, which case, how the members differ, and fail. */
void theorem_fails(const struct theorem_case *c, const char *theorem,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Fail unless both policies have the same bytes. */
void theorem_same(const struct theorem_case *c, const char *theorem,
		  const struct lvl_policy *got, const struct lvl_policy *want);

#endif /* LVL_TEST_THEOREM_CASE_H */

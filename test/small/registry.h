/* SPDX-License-Identifier: MIT */
/* A small registry, drawn from a seed, and all its well-formed policies. */
#ifndef LVL_TEST_SMALL_REGISTRY_H
#define LVL_TEST_SMALL_REGISTRY_H

#include <cpulevel/policy.h>

#include "../ref.h"

/* Replace the registry.  No policy made before means anything any more. */
void small_draw(uint64_t seed);

/* A number below n, from the seed of the last draw on. */
unsigned small_random(unsigned n);

/*
 * Write all well-formed policies of the registry to p[]; how many there
 * are, or max + 1 if there are more than max.
 */
unsigned small_policies(struct ref_policy *p, unsigned max);

/* Any value whatever in every field: not well-formed. */
void small_garbage(struct lvl_policy *p);

/* Requirements, carriers and owners, one a line. */
void small_print(void);

/* The fields of a policy on one line. */
void small_print_policy(const char *name, const struct ref_policy *r);

#endif /* LVL_TEST_SMALL_REGISTRY_H */

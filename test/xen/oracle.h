/* SPDX-License-Identifier: MIT */
/* oracle.h: what we say Xen makes of a policy, and what it does. */
#ifndef XENLAB_ORACLE_H
#define XENLAB_ORACLE_H

#include "policy.h"

/*
 * What Xen is to make of a policy that it takes: no feature beyond those of
 * max, and none without what it needs.
 */
void oracle_predict(struct lvl_policy *out, const struct lvl_policy *asked,
		    const struct lvl_policy *max);

/* Did a requirement take the feature, in the last prediction? */
int oracle_follows(unsigned field);

/*
 * n random policies set on a domain of the kind and read back; differences
 * are told feature by feature, each with its first example.
 */
void oracle(int hvm, unsigned long n, unsigned long seed);

#endif /* XENLAB_ORACLE_H */

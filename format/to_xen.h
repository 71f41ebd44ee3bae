/* SPDX-License-Identifier: MIT */
/* Which leaves and MSRs Xen's policies have. */
#ifndef LVL_FORMAT_TO_XEN_H
#define LVL_FORMAT_TO_XEN_H

#include "gen.h"

/*
 * One if Xen writes this leaf of the policy: within what its policies hold
 * (4.14 to 4.23) and the policy's own maxima, and of leaves 4 and 0xb up to
 * and with the first that ends them.  Xen refuses any other leaf, even a zero
 * one (x86_cpuid_copy_from_buffer()).
 */
int lvl_xen_has_leaf(const struct lvl_policy *p,
		     const struct lvl_leaf_words *l);
int lvl_xen_has_msr(uint32_t index);

/* Room for all that Xen can hold. */
#define LVL_XEN_LEAVES 120u
#define LVL_XEN_MSRS 2u

/*
 * The arrays of a policy as Xen would write them.  What has unknown bits is
 * left out; what is there is noted in g->given.
 */
size_t lvl_xen_leaves(struct lvl_gen *g, struct lvl_leaf leaf[LVL_XEN_LEAVES]);
size_t lvl_xen_msrs(struct lvl_gen *g, struct lvl_msr msr[LVL_XEN_MSRS]);

#endif

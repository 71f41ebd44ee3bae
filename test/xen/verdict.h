/* SPDX-License-Identifier: MIT */
/*
 * verdict.h: may a guest with this policy run on this host?  Ours, from what
 * Xen says that its guests may have at most; Xen is not asked about the guest.
 */
#ifndef XENLAB_VERDICT_H
#define XENLAB_VERDICT_H

#include <cpulevel/policy.h>
#include <cpulevel/registry.h>

#include "stream.h"

/*
 * What Xen lets guests of this kind have, and the machine's state.  0, or what
 * failed was printed.
 */
enum host_policy { HOST_MAX, HOST_DEFAULT };
int host_policy(struct lvl_policy *p, enum host_policy which,
		enum lvl_guest kind);

/* Every finding goes into a.  The policy is as Xen had it on its host. */
int verdict(struct answer *a, const struct lvl_policy *guest,
	    enum lvl_guest kind);

/* No: Xen took the policy and gave less, which is what the guest has now. */
void verdict_clamped(struct answer *a, const struct lvl_policy *guest,
		     const struct lvl_policy *now);

/* The lines that tell it. */
void verdict_print(const struct answer *a);

#endif /* XENLAB_VERDICT_H */

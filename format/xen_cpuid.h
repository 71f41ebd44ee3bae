/* SPDX-License-Identifier: MIT */
/* What Xen's own policies say by saying nothing. */
#ifndef LVL_FORMAT_XEN_CPUID_H
#define LVL_FORMAT_XEN_CPUID_H

#include <cpulevel/policy.h>

/*
 * Leaves that Xen serialises and that are not in a policy of its become known
 * zeroes.  raw: it is the raw one.  most: how many leaves this Xen serialises
 * at most, 0 if that is not known.
 */
void lvl_xen_absent_is_zero(struct lvl_policy *p, int raw, uint64_t most);

/*
 * The current policy is one of guests, which see Xen's signature, or Hyper-V's
 * with Viridian enlightenments.  0 or -LVL_E_..., with its message.
 */
struct lvl_import;
int lvl_xen_signature(struct lvl_import *im, int viridian);

#endif

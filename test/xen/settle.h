/* SPDX-License-Identifier: MIT */
/*
 * settle.h: give a domain a policy and see what became of it.  Xen says that
 * it succeeded and gives less; so what it has is read back and compared.
 */
#ifndef XENLAB_SETTLE_H
#define XENLAB_SETTLE_H

#include <cpulevel/policy.h>

#include "abi.h"

/* What the domain has now.  0, Xen's error or -LVL_E_... */
long policy_now(struct lvl_policy *p, domid_t id);

/*
 * 0: Xen took all of it, exactly.  Prints what it said, and every difference:
 *
 *	xen RC leaf=.. subleaf=.. msr=.. differences=N
 *	differs LEAF SUBLEAF REGISTER asked=.. has=..
 */
int settle(domid_t id, const struct lvl_policy *p);

/* The length of the record that the n bytes begin with; 0 if there is none. */
size_t record_size(const uint8_t *p, size_t n);

#endif /* XENLAB_SETTLE_H */

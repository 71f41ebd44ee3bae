/* SPDX-License-Identifier: MIT */
/*
 * spoil.h: damage on purpose, so that the checks of a guest that moved are
 * seen to fail.  The word break-WHAT on the command line chooses what; without
 * one nothing happens.
 */
#ifndef XENLAB_SPOIL_H
#define XENLAB_SPOIL_H

#include <cpulevel/types.h>

#include "domain.h"
#include "policy.h"

/*
 * A policy with less than was promised: the guest comes all the same with
 * break-cpuid, and the comparison must refuse it with break-policy.
 */
void spoil_policy(struct xen_policy *p);

/* What a PVH guest is loaded from; the new length. */
size_t spoil_context(uint8_t *context, size_t n);

void spoil_pv(struct vcpu_guest_context *c, uint8_t *xstate);
void spoil_tsc(struct xen_domctl_tsc_info *t);
void spoil_memory(const struct domain *d);

#endif /* XENLAB_SPOIL_H */

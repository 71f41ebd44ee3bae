/* SPDX-License-Identifier: MIT */
/* capture.h: what Xen knows of this host, as `cpulevel import` reads it. */
#ifndef XENLAB_CAPTURE_H
#define XENLAB_CAPTURE_H

#include "policy.h"

/* All featuresets and policies, in the words of xen-cpuid: format/xen_log.c */
void capture(void);

/* One policy, as there, below a head of the caller's. */
void capture_policy(const char *head, const struct xen_policy *p);

#endif /* XENLAB_CAPTURE_H */

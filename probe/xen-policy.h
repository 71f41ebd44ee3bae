/* SPDX-License-Identifier: MIT */
/* Policies as Xen's hypercalls carry them. */
#ifndef LVL_PROBE_XEN_POLICY_H
#define LVL_PROBE_XEN_POLICY_H

#include "format/import.h"
#include "xen-lib.h"

/* 120 and 2 in 4.17 to 4.23: room for releases to come. */
#define XEN_MOST_LEAVES 512u
#define XEN_MOST_MSRS 64u

struct xen_policy {
	uint32_t nr_leaves, nr_msrs;
	uint32_t most_leaves; /* that this Xen serialises */
	struct lvl_leaf leaf[XEN_MOST_LEAVES];
	struct lvl_msr msr[XEN_MOST_MSRS];
};

/* XEN_SYSCTL_cpu_policy_...: public/sysctl.h. */
enum xen_system {
	XEN_RAW,
	XEN_HOST,
	XEN_PV_MAX,
	XEN_HVM_MAX,
	XEN_PV_DEFAULT,
	XEN_HVM_DEFAULT
};

/* Return 0 or the errno of Xen. */
int xen_policy_of_system(struct xen *x, enum xen_system which,
			 struct xen_policy *p);
int xen_policy_of_domain(struct xen *x, unsigned domain, struct xen_policy *p);

/* *bad: leaf, sub-leaf and MSR at fault, ~0 where none is. */
struct xen_bad {
	uint32_t leaf, subleaf, msr;
};
int xen_policy_give(struct xen *x, unsigned domain, const struct xen_policy *p,
		    struct xen_bad *bad);

/* What it says, to the current kind of a description. */
int xen_policy_import(struct lvl_import *im, const struct xen_policy *p);

#endif

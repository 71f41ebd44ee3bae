/* SPDX-License-Identifier: MIT */
/*
 * In place of libxencall: the hypercalls that libxc makes to give a domain
 * its CPU policy, answered from three arrays.
 */
#ifndef TEST_HYPERCALLS_H
#define TEST_HYPERCALLS_H

#include <xenctrl.h>

struct arrays {
	xen_cpuid_leaf_t leaf[256];
	uint32_t nr_leaves;
	xen_msr_entry_t msr[16];
	uint32_t nr_msrs;
};

/* A machine with one domain, of the kind HVM. */
#define DOMID 1
struct hypervisor {
	struct arrays host, dflt; /* dflt: default and maximum of guests */
	struct arrays domain;
};
extern struct hypervisor xen;

#endif

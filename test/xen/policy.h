/* SPDX-License-Identifier: MIT */
/* policy.h: policies as Xen's hypercalls take and give them. */
#ifndef XENLAB_POLICY_H
#define XENLAB_POLICY_H

#include <cpulevel/policy.h>

#include "abi.h"

/* Room beyond what any Xen says (120 leaves, 2 MSRs in 4.17): bad ones. */
#define POLICY_LEAVES 256u
#define POLICY_MSRS 16u

struct xen_policy {
	xen_cpuid_leaf_t leaf[POLICY_LEAVES];
	xen_msr_entry_t msr[POLICY_MSRS];
	uint32_t nr_leaves, nr_msrs;
};

/* What Xen says is wrong: ~0 where it says nothing. */
struct xen_policy_error {
	uint32_t leaf, subleaf, msr;
};

/* XEN_SYSCTL_cpu_policy_...: raw, host, pv_max, ... */
long policy_of_xen(struct xen_policy *p, unsigned index);

long policy_get(struct xen_policy *p, domid_t id);
long policy_set(const struct xen_policy *p, domid_t id,
		struct xen_policy_error *why);

/*
 * Sub-leaf XEN_CPUID_NO_SUBLEAF where the leaf has none.  NULL: the policy
 * does not have it.
 */
xen_cpuid_leaf_t *policy_leaf(struct xen_policy *p, uint32_t leaf,
			      uint32_t subleaf);
/* As CPUID takes them: a leaf without sub-leaves answers any. */
xen_cpuid_leaf_t *policy_answer(struct xen_policy *p, uint32_t leaf,
				uint32_t subleaf);
xen_msr_entry_t *policy_msr(struct xen_policy *p, uint32_t index);

/* Same leaves and MSRs, same values. */
int policy_same(struct xen_policy *a, struct xen_policy *b);

/*
 * To and from the library's, as lvl_xen_leaves_in() and _out(): what Xen does
 * not mention keeps its value (merge), or is not known.  0 or -LVL_E_...
 */
int policy_merge_lvl(struct lvl_policy *to, const struct xen_policy *from,
		     struct lvl_err *err);
int policy_to_lvl(struct lvl_policy *to, const struct xen_policy *from,
		  struct lvl_err *err);
int policy_from_lvl(struct xen_policy *to, const struct lvl_policy *from);

/*
 * What no leaf tells: the mask of MXCSR, which is in every FXSAVE, so that no
 * guest can have another one than the CPU it runs on.
 */
void machine_state(struct lvl_policy *p);

#endif /* XENLAB_POLICY_H */

/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <cpulevel/xen.h>

#include "hypercall.h"

/* The library's elements are Xen's. */
_Static_assert(sizeof(struct lvl_leaf) == sizeof(xen_cpuid_leaf_t) &&
		       offsetof(struct lvl_leaf, reg) ==
			       offsetof(xen_cpuid_leaf_t, a) &&
		       LVL_NO_SUBLEAF == XEN_CPUID_NO_SUBLEAF,
	       "struct lvl_leaf");
_Static_assert(sizeof(struct lvl_msr) == sizeof(xen_msr_entry_t) &&
		       offsetof(struct lvl_msr, value) ==
			       offsetof(xen_msr_entry_t, val),
	       "struct lvl_msr");

long policy_of_xen(struct xen_policy *p, unsigned index)
{
	struct xen_sysctl *s = sysctl_new();
	long rc;

	s->u.cpu_policy.index = index;
	s->u.cpu_policy.nr_leaves = POLICY_LEAVES;
	s->u.cpu_policy.nr_msrs = POLICY_MSRS;
	HANDLE(s->u.cpu_policy.leaves, p->leaf);
	HANDLE(s->u.cpu_policy.msrs, p->msr);
	rc = sysctl(s, XEN_SYSCTL_get_cpu_policy);
	p->nr_leaves = rc ? 0 : s->u.cpu_policy.nr_leaves;
	p->nr_msrs = rc ? 0 : s->u.cpu_policy.nr_msrs;
	return rc;
}

long policy_get(struct xen_policy *p, domid_t id)
{
	struct xen_domctl *d = domctl_new();
	long rc;

	d->u.cpu_policy.nr_leaves = POLICY_LEAVES;
	d->u.cpu_policy.nr_msrs = POLICY_MSRS;
	HANDLE(d->u.cpu_policy.leaves, p->leaf);
	HANDLE(d->u.cpu_policy.msrs, p->msr);
	rc = domctl(d, XEN_DOMCTL_get_cpu_policy, id);
	p->nr_leaves = rc ? 0 : d->u.cpu_policy.nr_leaves;
	p->nr_msrs = rc ? 0 : d->u.cpu_policy.nr_msrs;
	return rc;
}

long policy_set(const struct xen_policy *p, domid_t id,
		struct xen_policy_error *why)
{
	struct xen_domctl *d = domctl_new();
	long rc;

	d->u.cpu_policy.nr_leaves = p->nr_leaves;
	d->u.cpu_policy.nr_msrs = p->nr_msrs;
	HANDLE(d->u.cpu_policy.leaves, p->leaf);
	HANDLE(d->u.cpu_policy.msrs, p->msr);
	rc = domctl(d, XEN_DOMCTL_set_cpu_policy, id);
	why->leaf = d->u.cpu_policy.err_leaf;
	why->subleaf = d->u.cpu_policy.err_subleaf;
	why->msr = d->u.cpu_policy.err_msr;
	return rc;
}

xen_cpuid_leaf_t *policy_leaf(struct xen_policy *p, uint32_t leaf,
			      uint32_t subleaf)
{
	uint32_t i;

	for (i = 0; i < p->nr_leaves; i++)
		if (p->leaf[i].leaf == leaf && p->leaf[i].subleaf == subleaf)
			return &p->leaf[i];
	return NULL;
}

xen_cpuid_leaf_t *policy_answer(struct xen_policy *p, uint32_t leaf,
				uint32_t subleaf)
{
	xen_cpuid_leaf_t *l = policy_leaf(p, leaf, XEN_CPUID_NO_SUBLEAF);

	return l ? l : policy_leaf(p, leaf, subleaf);
}

xen_msr_entry_t *policy_msr(struct xen_policy *p, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < p->nr_msrs; i++)
		if (p->msr[i].idx == index)
			return &p->msr[i];
	return NULL;
}

int policy_same(struct xen_policy *a, struct xen_policy *b)
{
	return a->nr_leaves == b->nr_leaves && a->nr_msrs == b->nr_msrs &&
	       !memcmp(a->leaf, b->leaf, a->nr_leaves * sizeof(a->leaf[0])) &&
	       !memcmp(a->msr, b->msr, a->nr_msrs * sizeof(a->msr[0]));
}

int policy_to_lvl(struct lvl_policy *to, const struct xen_policy *from,
		  struct lvl_err *err)
{
	lvl_policy_clear(to);
	return policy_merge_lvl(to, from, err);
}

int policy_merge_lvl(struct lvl_policy *to, const struct xen_policy *from,
		     struct lvl_err *err)
{
	int rc;

	rc = lvl_xen_leaves_in(to, (const struct lvl_leaf *)from->leaf,
			       from->nr_leaves, err);
	if (rc)
		return rc;
	return lvl_xen_msrs_in(to, (const struct lvl_msr *)from->msr,
			       from->nr_msrs, err);
}

int policy_from_lvl(struct xen_policy *to, const struct lvl_policy *from)
{
	size_t leaves = POLICY_LEAVES, msrs = POLICY_MSRS;
	int rc;

	rc = lvl_xen_leaves_out(from, (struct lvl_leaf *)to->leaf, &leaves);
	if (!rc)
		rc = lvl_xen_msrs_out(from, (struct lvl_msr *)to->msr, &msrs);
	to->nr_leaves = rc ? 0 : (uint32_t)leaves;
	to->nr_msrs = rc ? 0 : (uint32_t)msrs;
	return rc;
}

/* SDM vol. 1, 10.5.1 and 11.6.6: a mask of 0 is one of 0xffbf. */
void machine_state(struct lvl_policy *p)
{
	static struct {
		uint8_t before[28];
		uint32_t mxcsr_mask;
		uint8_t behind[480];
	} __attribute__((aligned(16))) image;

	__asm__ volatile("fxsave64 %0" : "=m"(image));
	lvl_set(p, LVL_F_MXCSR_MASK,
		image.mxcsr_mask ? image.mxcsr_mask : 0xffbf);
}

/* SPDX-License-Identifier: MIT */
#include "hypercalls.h"

#include "made.h"

#include <stdlib.h>
#include <xencall.h>
#include <xenguest.h>

struct hypervisor xen;

static int copy_out(const struct arrays *a, xen_cpuid_leaf_t *leaf,
		    uint32_t *nr_leaves, xen_msr_entry_t *msr,
		    uint32_t *nr_msrs)
{
	if (leaf) {
		assert_true(*nr_leaves >= a->nr_leaves);
		memcpy(leaf, a->leaf, a->nr_leaves * sizeof(*leaf));
		*nr_leaves = a->nr_leaves;
	} else {
		*nr_leaves = LVL_COUNT(a->leaf);
	}
	if (msr) {
		assert_true(*nr_msrs >= a->nr_msrs);
		memcpy(msr, a->msr, a->nr_msrs * sizeof(*msr));
		*nr_msrs = a->nr_msrs;
	} else {
		*nr_msrs = LVL_COUNT(a->msr);
	}
	return 0;
}

/* What the domain has not been told it keeps, as in Xen. */
static int set_domain(const xen_cpuid_leaf_t *leaf, uint32_t nr_leaves,
		      const xen_msr_entry_t *msr, uint32_t nr_msrs)
{
	struct arrays *a = &xen.domain;

	assert_true(nr_leaves <= LVL_COUNT(a->leaf) &&
		    nr_msrs <= LVL_COUNT(a->msr));
	if (nr_leaves) {
		memcpy(a->leaf, leaf, nr_leaves * sizeof(*leaf));
		a->nr_leaves = nr_leaves;
	}
	if (nr_msrs) {
		memcpy(a->msr, msr, nr_msrs * sizeof(*msr));
		a->nr_msrs = nr_msrs;
	}
	return 0;
}

static int do_sysctl(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;

	switch (op->cmd) {
	case XEN_SYSCTL_get_cpu_policy:
		return copy_out(
			p->index <= XEN_SYSCTL_cpu_policy_host ? &xen.host
							       : &xen.dflt,
			p->leaves.p, &p->nr_leaves, p->msrs.p, &p->nr_msrs);
	case XEN_SYSCTL_get_cpu_featureset:
		if (f->features.p)
			memset(f->features.p, 0, f->nr_features * 4);
		f->nr_features = xc_get_cpu_featureset_size();
		return 0;
	}
	fail_msg("sysctl %u", op->cmd);
	return -1;
}

static int do_domctl(struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;

	switch (op->cmd) {
	case XEN_DOMCTL_getdomaininfo:
		op->domain = DOMID;
		memset(&op->u.getdomaininfo, 0, sizeof(op->u.getdomaininfo));
		op->u.getdomaininfo.domain = DOMID;
		op->u.getdomaininfo.flags = XEN_DOMINF_hvm_guest;
		return 0;
	case XEN_DOMCTL_get_cpu_policy:
		return copy_out(&xen.domain, p->leaves.p, &p->nr_leaves,
				p->msrs.p, &p->nr_msrs);
	case XEN_DOMCTL_set_cpu_policy:
		return set_domain(p->leaves.p, p->nr_leaves, p->msrs.p,
				  p->nr_msrs);
	}
	fail_msg("domctl %u", op->cmd);
	return -1;
}

int xencall1(xencall_handle *xcall, unsigned op, uint64_t arg)
{
	(void)xcall;
	if (op == __HYPERVISOR_sysctl)
		return do_sysctl((void *)(uintptr_t)arg);
	if (op == __HYPERVISOR_domctl)
		return do_domctl((void *)(uintptr_t)arg);
	fail_msg("hypercall %u", op);
	return -1;
}

void *xencall_alloc_buffer_pages(xencall_handle *xcall, size_t n)
{
	(void)xcall;
	return calloc(n, 4096);
}

void xencall_free_buffer_pages(xencall_handle *xcall, void *p, size_t n)
{
	(void)xcall;
	(void)n;
	free(p);
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
	(void)xcall;
	return calloc(1, size);
}

void xencall_free_buffer(xencall_handle *xcall, void *p)
{
	(void)xcall;
	free(p);
}

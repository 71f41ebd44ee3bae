/* SPDX-License-Identifier: MIT */
/*
 * The state of a PV vCPU comes in pieces, each by a call of its own.  CR3
 * holds a machine frame; in the stream it holds the guest's.
 */
#include <cpulevel/types.h>

#include "console.h"
#include "hypercall.h"
#include "spoil.h"
#include "state.h"

#define XSTATE_SIZE 16384u
#define NR_MSRS 32u

static struct vcpu_guest_context vcpu;
static struct xen_domctl_ext_vcpucontext ext;
static struct xen_domctl_vcpuextstate xstate;
static uint8_t xstate_data[XSTATE_SIZE] __attribute__((aligned(64)));
static xen_domctl_vcpu_msr_t msrs[NR_MSRS];
static uint32_t nr_msrs;

static long failed(const char *call, long rc)
{
	if (rc)
		print("fail %s: %d\n", call, rc);
	return rc;
}

/* -- saving ---------------------------------------------------------------- */

static long save_vcpu(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	uint64_t root;
	long rc;

	HANDLE(ctl->u.vcpucontext.ctxt, &vcpu);
	rc = domctl(ctl, XEN_DOMCTL_getvcpucontext, d->id);
	if (rc)
		return failed("getvcpucontext", rc);
	root = pfn_of(d, xen_cr3_to_pfn(vcpu.ctrlreg[3]));
	/* the traveller has no ring 3, no GDT and no LDT of its own */
	if (!root || vcpu.ctrlreg[1] || vcpu.gdt_ents || vcpu.ldt_ents)
		return failed("getvcpucontext: a frame of nobody's", -1);
	vcpu.ctrlreg[3] = xen_pfn_to_cr3(root);
	return stream_put(STREAM_PV_VCPU, 0, &vcpu, sizeof(vcpu));
}

static long save_ext(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc = domctl(ctl, XEN_DOMCTL_get_ext_vcpucontext, d->id);

	if (rc)
		return failed("get_ext_vcpucontext", rc);
	return stream_put(STREAM_PV_EXT, 0, &ctl->u.ext_vcpucontext,
			  sizeof(ctl->u.ext_vcpucontext));
}

/* Without a buffer Xen tells the size: 0 where there is no XSAVE. */
static long save_xstate(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc = domctl(ctl, XEN_DOMCTL_getvcpuextstate, d->id);
	uint64_t size = ctl->u.vcpuextstate.size;

	if (rc || size > XSTATE_SIZE)
		return failed("getvcpuextstate", rc ? rc : -XEN_ENOBUFS);
	if (!size)
		return 0;
	HANDLE(ctl->u.vcpuextstate.buffer, xstate_data);
	rc = domctl(ctl, XEN_DOMCTL_getvcpuextstate, d->id);
	if (rc)
		return failed("getvcpuextstate", rc);
	return stream_put(STREAM_PV_XSTATE, ctl->u.vcpuextstate.xfeature_mask,
			  xstate_data, ctl->u.vcpuextstate.size);
}

static long save_msrs(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc;

	ctl->u.vcpu_msrs.msr_count = NR_MSRS;
	HANDLE(ctl->u.vcpu_msrs.msrs, msrs);
	rc = domctl(ctl, XEN_DOMCTL_get_vcpu_msrs, d->id);
	if (rc)
		return failed("get_vcpu_msrs", rc);
	return stream_put(STREAM_PV_MSRS, 0, msrs,
			  ctl->u.vcpu_msrs.msr_count * sizeof(msrs[0]));
}

long pv_save(const struct domain *d)
{
	long rc = save_vcpu(d);

	rc = rc ? rc : save_ext(d);
	rc = rc ? rc : save_xstate(d);
	return rc ? rc : save_msrs(d);
}

/* -- loading --------------------------------------------------------------- */

static long keep(void *to, size_t size, const struct message *m,
		 const void *data)
{
	if (m->length != size)
		return -1;
	memcpy(to, data, size);
	return 0;
}

long pv_load(const struct message *m, const void *data)
{
	switch (m->type) {
	case STREAM_PV_VCPU:
		return keep(&vcpu, sizeof(vcpu), m, data);
	case STREAM_PV_EXT:
		return keep(&ext, sizeof(ext), m, data);
	case STREAM_PV_XSTATE:
		xstate.size = m->length;
		xstate.xfeature_mask = m->arg;
		return m->length > XSTATE_SIZE
			       ? -1
			       : keep(xstate_data, m->length, m, data);
	case STREAM_PV_MSRS:
		nr_msrs = m->length / sizeof(msrs[0]);
		return nr_msrs > NR_MSRS ? -1 : keep(msrs, m->length, m, data);
	default:
		return -1;
	}
}

static long set_vcpu(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	uint64_t root = mfn_of(d, xen_cr3_to_pfn(vcpu.ctrlreg[3]));

	if (!root)
		return failed("CR3", -1);
	vcpu.ctrlreg[3] = xen_pfn_to_cr3(root);
	HANDLE(ctl->u.vcpucontext.ctxt, &vcpu);
	return failed("setvcpucontext",
		      domctl(ctl, XEN_DOMCTL_setvcpucontext, d->id));
}

static long set_ext(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();

	ctl->u.ext_vcpucontext = ext;
	return failed("set_ext_vcpucontext",
		      domctl(ctl, XEN_DOMCTL_set_ext_vcpucontext, d->id));
}

static long set_xstate(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();

	if (!xstate.size)
		return 0;
	ctl->u.vcpuextstate = xstate;
	HANDLE(ctl->u.vcpuextstate.buffer, xstate_data);
	return failed("setvcpuextstate",
		      domctl(ctl, XEN_DOMCTL_setvcpuextstate, d->id));
}

static long set_msrs(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();

	if (!nr_msrs)
		return 0;
	ctl->u.vcpu_msrs.msr_count = nr_msrs;
	HANDLE(ctl->u.vcpu_msrs.msrs, msrs);
	return failed("set_vcpu_msrs",
		      domctl(ctl, XEN_DOMCTL_set_vcpu_msrs, d->id));
}

long pv_finish(struct domain *d)
{
	long rc;

	spoil_pv(&vcpu, xstate_data);
	rc = set_vcpu(d);
	rc = rc ? rc : set_ext(d);
	rc = rc ? rc : set_xstate(d);
	return rc ? rc : set_msrs(d);
}

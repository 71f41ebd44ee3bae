/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <cpulevel/types.h>

#include "hypercall.h"

/* A guest that does not end within these turns never does. */
#define TURNS 400000u

static long created(struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	struct xen_domctl_createdomain *c = &ctl->u.createdomain;
	long rc;

	if (d->hvm) {
		c->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
		c->arch.emulation_flags = XEN_X86_EMU_LAPIC;
	}
	c->max_vcpus = 1;
	c->max_evtchn_port = UINT32_MAX;
	c->max_grant_frames = c->max_maptrack_frames = 4;
	c->grant_opts = XEN_DOMCTL_GRANT_version(1);
	rc = domctl(ctl, XEN_DOMCTL_createdomain, 0);
	d->id = ctl->domain;
	return rc;
}

static long sized(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc;

	ctl->u.max_vcpus.max = 1;
	rc = domctl(ctl, XEN_DOMCTL_max_vcpus, d->id);
	if (rc)
		return rc;
	ctl = domctl_new();
	ctl->u.max_mem.max_memkb = 4096;
	rc = domctl(ctl, XEN_DOMCTL_max_mem, d->id);
	if (rc || !d->hvm)
		return rc;
	ctl = domctl_new();
	ctl->u.paging_mempool.size = 2 << 20;
	return domctl(ctl, XEN_DOMCTL_set_paging_mempool_size, d->id);
}

long domain_create(struct domain *d, int hvm)
{
	long rc;

	memset(d, 0, sizeof(*d));
	d->hvm = hvm;
	rc = created(d);
	if (rc)
		return rc;
	rc = sized(d);
	if (rc)
		domain_destroy(d);
	return rc;
}

void domain_destroy(const struct domain *d)
{
	/* what is still mapped would keep the domain as a zombie */
	window_close();
	while (domctl(domctl_new(), XEN_DOMCTL_destroydomain, d->id) ==
	       -XEN_EAGAIN)
		;
}

long domain_flags(const struct domain *d, uint32_t *flags)
{
	struct xen_domctl *ctl = domctl_new();
	long rc = domctl(ctl, XEN_DOMCTL_getdomaininfo, d->id);

	*flags = rc ? 0 : ctl->u.getdomaininfo.flags;
	return rc;
}

long domain_run(const struct domain *d)
{
	long rc = domctl(domctl_new(), XEN_DOMCTL_unpausedomain, d->id);
	uint32_t flags;
	unsigned i;

	for (i = 0; !rc && i < TURNS; i++) {
		yield();
		rc = domain_flags(d, &flags);
		if (!rc && (flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying)))
			return 0;
	}
	return rc ? rc : -XEN_EBUSY;
}

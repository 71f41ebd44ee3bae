/* SPDX-License-Identifier: MIT */
#include "hypercall.h"

#include <cpulevel/types.h>

static char page[PAGE_SIZE] __attribute__((aligned(4096)));

long sysctl(struct xen_sysctl *s, uint32_t cmd)
{
	s->cmd = cmd;
	s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hypercall(__HYPERVISOR_sysctl, (unsigned long)s, 0, 0, 0);
}

long domctl(struct xen_domctl *d, uint32_t cmd, domid_t id)
{
	d->cmd = cmd;
	d->domain = id;
	d->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	return hypercall(__HYPERVISOR_domctl, (unsigned long)d, 0, 0, 0);
}

struct xen_sysctl *sysctl_new(void)
{
	static struct xen_sysctl s;

	return memset(&s, 0, sizeof(s));
}

struct xen_domctl *domctl_new(void)
{
	static struct xen_domctl d;

	return memset(&d, 0, sizeof(d));
}

long populate(domid_t id, xen_pfn_t *frame, unsigned n)
{
	struct xen_memory_reservation r = { .nr_extents = n, .domid = id };
	long rc;

	HANDLE(r.extent_start, frame);
	rc = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
		       (unsigned long)&r, 0, 0);
	return rc == (long)n ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
}

long mmuext(domid_t id, unsigned cmd, xen_pfn_t mfn)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn };

	return hypercall(__HYPERVISOR_mmuext_op, (unsigned long)&op, 1, 0, id);
}

static long map(domid_t id, uint64_t pte)
{
	return hypercall(__HYPERVISOR_update_va_mapping_otherdomain,
			 (unsigned long)page, pte, UVMF_INVLPG, id);
}

void *window(domid_t id, uint64_t frame)
{
	const uint64_t present_rw_user_accessed_dirty = 0x67;
	long rc = map(id, frame << PAGE_SHIFT | present_rw_user_accessed_dirty);

	return rc ? NULL : page;
}

const void *window_read(domid_t id, uint64_t frame)
{
	const uint64_t present_user_accessed = 0x25;
	long rc = map(id, frame << PAGE_SHIFT | present_user_accessed);

	return rc ? NULL : page;
}

void window_close(void)
{
	map(DOMID_SELF, 0);
}

void console_write(const char *s, size_t n)
{
	hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, n, (unsigned long)s,
		  0);
}

uint32_t xen_version(void)
{
	return (uint32_t)hypercall(__HYPERVISOR_xen_version, XENVER_version, 0,
				   0, 0);
}

long xen_told(unsigned what, char *text)
{
	return hypercall(__HYPERVISOR_xen_version, what, (unsigned long)text, 0,
			 0);
}

void yield(void)
{
	hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
}

void reboot(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_reboot };

	for (;;)
		hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown,
			  (unsigned long)&how, 0, 0);
}

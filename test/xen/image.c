/* SPDX-License-Identifier: MIT */
/* Memory of a guest, and the state that its vCPU starts with. */
#include "domain.h"

#include <cpulevel/types.h>

#include "hypercall.h"

#define TABLES 4u
#define PTE 0x67ull /* present, writable, user, accessed, dirty */

static unsigned pages(const struct image *image)
{
	return image_code_pages(image) + image->data_pages;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

long image_pages(struct domain *d, const struct image *image)
{
	unsigned i, n = pages(image) + (d->hvm ? 0 : TABLES);
	size_t size = (size_t)(image->end - image->code), at;
	char *p;
	long rc;

	if (n > DOMAIN_PAGES)
		return -XEN_E2BIG;
	for (i = 0; i < n; i++)
		d->frame[i] = i + 1;
	rc = populate(d->id, d->frame, n);
	for (i = 0; !rc && i < n; i++) {
		p = window(d->id, d->frame[i]);
		if (!p)
			return -XEN_EFAULT;
		memset(p, 0, PAGE_SIZE);
		at = (size_t)i << PAGE_SHIFT;
		if (at < size)
			memcpy(p, image->code + at,
			       least((unsigned)(size - at), PAGE_SIZE));
	}
	return rc;
}

void *image_data(const struct domain *d, const struct image *image, unsigned i)
{
	return window(d->id, d->frame[image_code_pages(image) + i]);
}

/* -- PV ------------------------------------------------------------------- */

/* L1 to L4 in the last four pages: page i + 1 of the guest at i + 1. */
static long pv_tables(struct domain *d, unsigned n)
{
	uint64_t *table = window(d->id, d->frame[n]);
	unsigned i;

	if (!table)
		return -XEN_EFAULT;
	for (i = 0; i < n; i++)
		table[i + 1] = d->frame[i] << PAGE_SHIFT | PTE;
	for (i = 1; i < TABLES; i++) {
		table = window(d->id, d->frame[n + i]);
		if (!table)
			return -XEN_EFAULT;
		table[0] = d->frame[n + i - 1] << PAGE_SHIFT | PTE;
	}
	/* a page that is mapped writable here becomes no page table */
	window_close();
	return mmuext(d->id, MMUEXT_PIN_L4_TABLE, d->frame[n + TABLES - 1]);
}

long pv_start(struct domain *d, const struct image *image)
{
	static struct vcpu_guest_context c;
	struct xen_domctl *ctl;
	unsigned n = pages(image);
	long rc = pv_tables(d, n);

	if (rc)
		return rc;
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = PAGE_SIZE;
	c.user_regs.rsp = c.kernel_sp = (n + 1) << PAGE_SHIFT;
	c.user_regs.rflags = 2;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.kernel_ss = FLAT_KERNEL_SS;
	c.user_regs.ss = c.user_regs.ds = c.user_regs.es = FLAT_KERNEL_SS;
	c.ctrlreg[3] = xen_pfn_to_cr3(d->frame[n + TABLES - 1]);
	ctl = domctl_new();
	HANDLE(ctl->u.vcpucontext.ctxt, &c);
	return domctl(ctl, XEN_DOMCTL_setvcpucontext, d->id);
}

/* -- PVH ------------------------------------------------------------------ */

/* The smallest image that Xen loads: it takes its own header back. */
struct context {
	struct hvm_save_descriptor header_at;
	HVM_SAVE_TYPE(HEADER) header;
	struct hvm_save_descriptor cpu_at;
	HVM_SAVE_TYPE(CPU) cpu;
	struct hvm_save_descriptor end_at;
	HVM_SAVE_TYPE(END) end;
};
_Static_assert(offsetof(struct context, end) ==
		       3 * sizeof(struct hvm_save_descriptor) +
			       sizeof(HVM_SAVE_TYPE(HEADER)) +
			       sizeof(HVM_SAVE_TYPE(CPU)),
	       "Xen's records follow each other without a gap");

/* pvh/start.txt of Xen: flat segments, 32 bits, no paging. */
static void flat(HVM_SAVE_TYPE(CPU) * c)
{
	c->cs_limit = c->ds_limit = c->es_limit = c->ss_limit = UINT32_MAX;
	c->cs_arbytes = 0xc9b;
	c->ds_arbytes = c->es_arbytes = c->ss_arbytes = 0xc93;
	c->tr_limit = 0x67;
	c->tr_arbytes = 0x8b;
	c->cr0 = 0x11; /* PE, ET */
	c->rip = PAGE_SIZE;
	c->rflags = 2;
	c->dr6 = 0xffff0ff0;
	c->dr7 = 0x400;
}

long pvh_start(struct domain *d, const struct image *image)
{
	static struct context c;
	static uint8_t now[16384];
	struct xen_domctl *ctl = domctl_new();
	long rc;

	ctl->u.hvmcontext.size = sizeof(now);
	HANDLE(ctl->u.hvmcontext.buffer, now);
	rc = domctl(ctl, XEN_DOMCTL_gethvmcontext, d->id);
	if (rc < 0)
		return rc;
	memset(&c, 0, sizeof(c));
	memcpy(&c, now, sizeof(c.header_at) + sizeof(c.header));
	c.cpu_at.typecode = HVM_SAVE_CODE(CPU);
	c.cpu_at.length = sizeof(c.cpu);
	flat(&c.cpu);
	c.cpu.rsp = (pages(image) + 1) << PAGE_SHIFT;
	c.end_at.typecode = HVM_SAVE_CODE(END);
	ctl = domctl_new();
	ctl->u.hvmcontext.size = sizeof(c);
	HANDLE(ctl->u.hvmcontext.buffer, &c);
	return domctl(ctl, XEN_DOMCTL_sethvmcontext, d->id);
}

long image_build(struct domain *d, const struct image *image)
{
	long rc = image_pages(d, image);

	if (rc)
		return rc;
	return d->hvm ? pvh_start(d, image) : pv_start(d, image);
}

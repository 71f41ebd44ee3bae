/* SPDX-License-Identifier: MIT */
/* domain.h: a guest of one vCPU, from nothing until it has run. */
#ifndef XENLAB_DOMAIN_H
#define XENLAB_DOMAIN_H

#include "abi.h"

/* Pages that image_pv() and image_pvh() can build. */
#define DOMAIN_PAGES 64u

struct domain {
	domid_t id;
	int hvm;
	/* of page i of the image, for window(): guest frames if hvm */
	xen_pfn_t frame[DOMAIN_PAGES];
};

/*
 * The guest's memory: guest page 1 is the first page of code, entered at its
 * first byte; the data pages follow, zero; the stack begins at their end.
 * PV: four page tables follow, that map all of it at the same addresses.
 */
struct image {
	const char *code, *end;
	unsigned data_pages;
};

/*
 * One vCPU, memory for DOMAIN_PAGES, no devices but a local APIC (HVM).
 * Returns 0 or Xen's error; nothing is left then.
 */
long domain_create(struct domain *d, int hvm);
void domain_destroy(const struct domain *d);

/*
 * Fill its memory and make its vCPU ready: PV in long mode, PVH in flat
 * 32-bit mode without paging.  0 or Xen's error.
 */
long image_build(struct domain *d, const struct image *image);
long image_pages(struct domain *d, const struct image *image);
long pv_start(struct domain *d, const struct image *image);
long pvh_start(struct domain *d, const struct image *image);

/* Guest page that the data begins with: window(d->id, d->frame[i]). */
static inline unsigned image_code_pages(const struct image *image)
{
	return (unsigned)((image->end - image->code + PAGE_SIZE - 1) >>
			  PAGE_SHIFT);
}
void *image_data(const struct domain *d, const struct image *image, unsigned i);

/* Unpause and wait until it shut down: 0, or -XEN_EBUSY if it does not. */
long domain_run(const struct domain *d);

/* XEN_DOMINF_... */
long domain_flags(const struct domain *d, uint32_t *flags);

#endif /* XENLAB_DOMAIN_H */

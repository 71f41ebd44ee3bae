/* SPDX-License-Identifier: MIT */
/*
 * pv.h: a guest in ring 3, as a PV guest is: it executes CPUID natively, or
 * behind the forced-emulation prefix, which is #UD.
 */
#ifndef KERNEL_PV_H
#define KERNEL_PV_H

#include "arch.h"

#define USER_BASE 0x40000000ull

struct pv_guest {
	uint64_t pt[512];
	struct frame frame; /* frame.vector says why it stopped */
} __attribute__((aligned(PAGE_SIZE)));

/*
 * A guest that has pv_guest (guest.S) at GUEST_CODE of 2 MiB of memory at
 * USER_BASE, all mapped but the page at GUEST_HOLE.  There is one at a time.
 */
void pv_guest_init(struct pv_guest *g, uint8_t *memory);

/* To the instruction at this offset of its memory. */
void pv_guest_start(struct pv_guest *g, uint64_t offset);

/* Until it faults. */
void pv_guest_run(struct pv_guest *g);

#endif /* KERNEL_PV_H */

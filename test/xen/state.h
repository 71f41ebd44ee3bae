/* SPDX-License-Identifier: MIT */
/*
 * state.h: what Xen holds of a guest beside its policy: vCPU and memory.
 *
 * Saving writes messages to the line; a message that comes is given to the
 * load of its kind of guest.  All return 0, Xen's error or -1, and print what
 * failed.
 */
#ifndef XENLAB_STATE_H
#define XENLAB_STATE_H

#include "domain.h"
#include "stream.h"

/*
 * The traveller's vCPU at its first instruction.  PVH: in long mode, and with
 * XCR0 set if avx: TCG does not intercept XSETBV, so that Xen would never
 * hear of it, and would save no AVX state.
 */
long pvh_begin(const struct domain *d, int avx);

/* The vCPU of a paused guest. */
long pvh_save(const struct domain *d);
long pv_save(const struct domain *d);

/*
 * The data of a message is kept until all have come; then finish puts it into
 * the domain, whose memory is there.
 */
long pvh_load(const struct message *m, const void *data);
long pv_load(const struct message *m, const void *data);
long pvh_finish(const struct domain *d);
long pv_finish(struct domain *d);

/* -- memory ---------------------------------------------------------------- */

/*
 * A page as the stream has it: in a page table of PV, machine frames are
 * those of the guest.
 */
#define PAGE_ARG(i, type) ((uint64_t)(type) << 32 | (i))
#define PAGE_INDEX(arg) ((uint32_t)(arg))
#define PAGE_TYPE(arg) ((unsigned)((arg) >> 32))
#define PAGE_LEVEL 7u /* of type: 0, or the level of a page table */
#define PAGE_PINNED 8u

/* The guest's frame of a machine frame of PV, and back; 0: it has none. */
uint64_t pfn_of(const struct domain *d, uint64_t mfn);
uint64_t mfn_of(const struct domain *d, uint64_t pfn);

/* Find out which pages are page tables; HVM: none is. */
long memory_types(const struct domain *d);

/* Page number i of d->frame[]. */
long memory_send(const struct domain *d, unsigned i);
long memory_receive(struct domain *d, const struct message *m,
		    const void *data);

/* PV: the page tables become page tables. */
long memory_finish(struct domain *d);

/* Memory while the guest runs and writes to it; then it is paused. */
long memory_send_live(const struct domain *d);

#endif /* XENLAB_STATE_H */

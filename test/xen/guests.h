/* SPDX-License-Identifier: MIT */
/* guests.h: guests that execute CPUID for a list of leaves. */
#ifndef XENLAB_GUESTS_H
#define XENLAB_GUESTS_H

#include <cpulevel/types.h>

/* The first data page of such a guest, at PROBE_PAGE: one struct probe. */
struct probe_ask {
	uint32_t leaf, subleaf;
	uint32_t native[4];
	uint32_t forced[4]; /* behind Xen's prefix; PV only */
};

struct probe {
	uint32_t left;    /* counts down to 0 */
	uint32_t done;    /* PROBE_DONE at the end */
	uint32_t zero[2]; /* struct sched_shutdown: poweroff */
	struct probe_ask ask[102];
};

#define PROBE_PAGE 0x2000
#define PROBE_DONE 0x600d

/* Code, at most a page, for struct image. */
extern const char probe_pv[], probe_pv_end[];
extern const char probe_pvh[], probe_pvh_end[];

#endif /* XENLAB_GUESTS_H */

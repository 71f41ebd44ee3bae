/* SPDX-License-Identifier: MIT */
/* The memory of a guest, page by page, to and from the line. */
#include <cpulevel/types.h>

#include "clock.h"
#include "console.h"
#include "hypercall.h"
#include "state.h"
#include "traveller.h"

#define PTE_PRESENT 1u
#define PTE_FRAME 0x000ffffffffff000ull
#define PTES (PAGE_SIZE / sizeof(uint64_t))
/* Slots 256 to 271 of a PV guest's L4 are Xen's: xen/arch-x86/xen-x86_64.h */
#define XEN_SLOT 256u
#define XEN_SLOTS 16u

#define ROUNDS 3u /* the guest is paused before the last */
#define ROUND_TURNS 8u
#define ROUND_US 20000000u /* it is dead */

static unsigned types[DOMAIN_PAGES];

/* -- page tables of PV --------------------------------------------------- */

long memory_types(const struct domain *d)
{
	static xen_pfn_t frame[DOMAIN_PAGES];
	struct xen_domctl *ctl = domctl_new();
	unsigned i;
	long rc;

	memset(types, 0, sizeof(types));
	if (d->hvm)
		return 0;
	memcpy(frame, d->frame, sizeof(frame));
	ctl->u.getpageframeinfo3.num = DOMAIN_PAGES;
	HANDLE(ctl->u.getpageframeinfo3.array, frame);
	rc = domctl(ctl, XEN_DOMCTL_getpageframeinfo3, d->id);
	for (i = 0; !rc && i < DOMAIN_PAGES; i++) {
		if (!d->frame[i])
			continue;
		types[i] = (frame[i] & XEN_DOMCTL_PFINFO_LTABTYPE_MASK) >>
			   XEN_DOMCTL_PFINFO_LTAB_SHIFT;
		if (frame[i] & XEN_DOMCTL_PFINFO_LPINTAB)
			types[i] |= PAGE_PINNED;
	}
	return rc;
}

uint64_t pfn_of(const struct domain *d, uint64_t mfn)
{
	unsigned i;

	for (i = 0; i < DOMAIN_PAGES; i++)
		if (d->frame[i] && d->frame[i] == mfn)
			return i + 1;
	return 0;
}

uint64_t mfn_of(const struct domain *d, uint64_t pfn)
{
	return pfn && pfn <= DOMAIN_PAGES ? d->frame[pfn - 1] : 0;
}

typedef uint64_t frame_fn(const struct domain *d, uint64_t frame);

/* Other frames in the entries of a page table; -1: one of nobody's. */
static long translate(uint64_t *table, unsigned type, const struct domain *d,
		      frame_fn *other)
{
	uint64_t frame;
	unsigned i;

	for (i = 0; i < PTES; i++) {
		if ((type & PAGE_LEVEL) == 4 && i >= XEN_SLOT &&
		    i < XEN_SLOT + XEN_SLOTS)
			table[i] = 0;
		if (!(table[i] & PTE_PRESENT))
			continue;
		frame = other(d, (table[i] & PTE_FRAME) >> PAGE_SHIFT);
		if (!frame)
			return -1;
		table[i] = (table[i] & ~PTE_FRAME) | frame << PAGE_SHIFT;
	}
	return 0;
}

/* -- there --------------------------------------------------------------- */

static int is_zero(const uint64_t *page)
{
	unsigned i;

	for (i = 0; i < PTES; i++)
		if (page[i])
			return 0;
	return 1;
}

long memory_send(const struct domain *d, unsigned i)
{
	static uint64_t page[PTES];
	const void *seen = window_read(d->id, d->frame[i]);

	if (!seen)
		return -XEN_EFAULT;
	memcpy(page, seen, sizeof(page));
	if (types[i] & PAGE_LEVEL && translate(page, types[i], d, pfn_of)) {
		print("fail page table %d: a frame of nobody's\n", (long)i);
		return -1;
	}
	return stream_put(STREAM_PAGE, PAGE_ARG(i, types[i]), page,
			  is_zero(page) ? 0 : sizeof(page));
}

static long log_dirty(const struct domain *d, uint32_t op)
{
	struct xen_domctl *ctl = domctl_new();

	ctl->u.shadow_op.op = op;
	return domctl(ctl, XEN_DOMCTL_shadow_op, d->id);
}

/* Send what the guest wrote to since this was asked for last; how many. */
static long send_dirty(const struct domain *d)
{
	/* a bit for each guest frame; the first is not ours */
	static uint64_t dirty[2];
	struct xen_domctl *ctl = domctl_new();
	long rc, n = 0;
	unsigned i;

	_Static_assert(DOMAIN_PAGES < 8 * sizeof(dirty), "dirty");
	ctl->u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_CLEAN;
	ctl->u.shadow_op.pages = 8 * sizeof(dirty);
	HANDLE(ctl->u.shadow_op.dirty_bitmap, dirty);
	rc = domctl(ctl, XEN_DOMCTL_shadow_op, d->id);
	for (i = 0; !rc && i < DOMAIN_PAGES; i++) {
		uint64_t pfn = i + 1;

		if (!d->frame[i] || !(dirty[pfn / 64] >> pfn % 64 & 1))
			continue;
		rc = memory_send(d, i);
		n++;
	}
	return rc ? rc : n;
}

/* However busy the machine below is, the guest does something in a round. */
static void let_run(const struct domain *d)
{
	uint64_t to = traveller_turns(d) + ROUND_TURNS;
	uint64_t end = clock_us() + ROUND_US;

	while (traveller_turns(d) < to && clock_us() < end)
		clock_wait(1000);
}

static long rounds(const struct domain *d)
{
	unsigned round;
	long n;

	for (round = 1; round <= ROUNDS; round++) {
		let_run(d);
		if (round == ROUNDS)
			domctl(domctl_new(), XEN_DOMCTL_pausedomain, d->id);
		n = send_dirty(d);
		if (n < 0)
			return n;
		print("round %d pages=%d%s\n", (long)round, n,
		      round == ROUNDS ? " paused" : "");
	}
	return 0;
}

long memory_send_live(const struct domain *d)
{
	long rc = log_dirty(d, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY);
	unsigned i;

	if (rc) {
		print("fail log-dirty: %d\n", rc);
		return rc;
	}
	domctl(domctl_new(), XEN_DOMCTL_unpausedomain, d->id);
	for (i = 0; !rc && i < DOMAIN_PAGES; i++)
		if (d->frame[i])
			rc = memory_send(d, i);
	rc = rc ? rc : rounds(d);
	log_dirty(d, XEN_DOMCTL_SHADOW_OP_OFF);
	return rc;
}

/* -- and back into memory ------------------------------------------------ */

/* A page that is sent while the guest runs comes more than once. */
static long have_page(struct domain *d, unsigned i)
{
	xen_pfn_t frame = i + 1;
	long rc;

	if (d->frame[i])
		return 0;
	rc = populate(d->id, &frame, 1);
	if (!rc)
		d->frame[i] = frame;
	return rc;
}

long memory_receive(struct domain *d, const struct message *m, const void *data)
{
	uint32_t i = PAGE_INDEX(m->arg);
	void *page;
	long rc;

	if (i >= DOMAIN_PAGES || (m->length && m->length != PAGE_SIZE))
		return -1;
	rc = have_page(d, i);
	if (rc)
		return rc;
	types[i] = PAGE_TYPE(m->arg);
	page = window(d->id, d->frame[i]);
	if (!page)
		return -XEN_EFAULT;
	if (m->length)
		memcpy(page, data, PAGE_SIZE);
	else
		memset(page, 0, PAGE_SIZE);
	return 0;
}

static long tables_back(const struct domain *d)
{
	void *page;
	unsigned i;

	for (i = 0; i < DOMAIN_PAGES; i++) {
		if (!(types[i] & PAGE_LEVEL))
			continue;
		page = window(d->id, d->frame[i]);
		if (!page || translate(page, types[i], d, mfn_of))
			return -1;
	}
	/* a page that is mapped writable becomes no page table */
	window_close();
	return 0;
}

long memory_finish(struct domain *d)
{
	long rc = tables_back(d);
	unsigned i, level;

	for (i = 0; !rc && i < DOMAIN_PAGES; i++) {
		if (!(types[i] & PAGE_PINNED))
			continue;
		level = types[i] & PAGE_LEVEL;
		rc = mmuext(d->id, MMUEXT_PIN_L1_TABLE + level - 1,
			    d->frame[i]);
	}
	if (rc)
		print("fail page tables: %d\n", rc);
	return rc;
}

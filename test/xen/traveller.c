/* SPDX-License-Identifier: MIT */
#include "traveller.h"

#include <cpulevel/policy.h>

#include "clock.h"
#include "console.h"
#include "domain.h"
#include "hypercall.h"
#include "state.h"

#define PTE_TABLE 0x67ull /* present, writable, user, accessed, dirty */
#define PTE_LARGE 0xe7ull /* and a page of 2 MiB */
#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_DATA 0x00cf93000000ffffull
#define GATE_INTERRUPT 0x8e00ull
#define DEAD_US 20000000u

/*
 * What it asks, every turn.  0x40000003 has the TSC's incarnation, which is
 * one more after a move.
 */
static const uint32_t questions[][2] = {
	{ 0x0, 0 },        { 0x1, 0 },        { 0x2, 0 },
	{ 0x4, 0 },        { 0x4, 1 },        { 0x4, 2 },
	{ 0x4, 3 },        { 0x5, 0 },        { 0x6, 0 },
	{ 0x7, 0 },        { 0x7, 1 },        { 0x7, 2 },
	{ 0xa, 0 },        { 0xb, 0 },        { 0xb, 1 },
	{ 0xd, 0 },        { 0xd, 1 },        { 0xd, 2 },
	{ 0xd, 9 },        { 0x14, 0 },       { 0x40000000, 0 },
	{ 0x40000001, 0 }, { 0x40000004, 0 }, { 0x80000000, 0 },
	{ 0x80000001, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 },
	{ 0x80000004, 0 }, { 0x80000005, 0 }, { 0x80000006, 0 },
	{ 0x80000007, 0 }, { 0x80000008, 0 }, { 0x8000000a, 0 },
	{ 0x80000019, 0 }, { 0x8000001a, 0 }, { 0x8000001c, 0 },
	{ 0x8000001d, 0 }, { 0x8000001e, 0 }, { 0x80000021, 0 },
	{ 0x8fffffff, 0 },
};

static const char *const what[NR_WRONG] = {
	[WRONG_CPUID] = "cpuid", [WRONG_TSC] = "tsc",       [WRONG_DR0] = "dr0",
	[WRONG_XCR0] = "xcr0",   [WRONG_MSR] = "msr",       [WRONG_X87] = "x87",
	[WRONG_AVX] = "avx",     [WRONG_MEMORY] = "memory",
};

/* A page of it, by guest frame. */
static void *page(const struct domain *d, unsigned pfn)
{
	return window(d->id, d->frame[pfn - 1]);
}

/* -- building ------------------------------------------------------------ */

static uint64_t flags_of(const struct lvl_policy *p, int hvm)
{
	uint64_t flags = 0;

	if (lvl_has(p, LVL_F_XSAVE) && lvl_has(p, LVL_F_AVX))
		flags |= TRAVELLER_AVX;
	if (hvm && lvl_has(p, LVL_F_X2APIC))
		flags |= TRAVELLER_X2APIC;
	return flags;
}

static long write_log(const struct domain *d, uint64_t flags)
{
	struct traveller_log *log = page(d, TRAVELLER_LOG);
	unsigned i;

	if (!log)
		return -XEN_EFAULT;
	log->flags = flags;
	log->nr_asked = LVL_COUNT(questions);
	for (i = 0; i < LVL_COUNT(questions); i++) {
		log->asked[i].leaf = questions[i][0];
		log->asked[i].subleaf = questions[i][1];
	}
	return 0;
}

/* The first 2 MiB one to one, a GDT, and the gate of the timer. */
static long pvh_tables(const struct domain *d)
{
	uint64_t handler = TRAVELLER_CODE * PAGE_SIZE +
			   (uint64_t)(traveller_pvh_tick - traveller_pvh);
	uint64_t *entry = page(d, TRAVELLER_SEGMENTS);
	unsigned i;

	if (!entry)
		return -XEN_EFAULT;
	entry[1] = GDT_CODE64;
	entry[2] = GDT_DATA;
	entry[TRAVELLER_IDT / 8 + 2 * TRAVELLER_VECTOR] =
		(handler & 0xffff) | 8 << 16 | GATE_INTERRUPT << 32;
	for (i = 0; i < 3; i++) {
		entry = page(d, TRAVELLER_PT + i);
		if (!entry)
			return -XEN_EFAULT;
		entry[0] = i ? (TRAVELLER_PT + i - 1) * PAGE_SIZE | PTE_TABLE
			     : PTE_LARGE;
	}
	return 0;
}

/* As in pvh-state.c: a TSC that starts anew must go back. */
static long grow_old(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc = domctl(ctl, XEN_DOMCTL_gettscinfo, d->id);

	ctl->u.tsc_info.elapsed_nsec += 10000ull * 1000000000;
	return rc ? rc : domctl(ctl, XEN_DOMCTL_settscinfo, d->id);
}

long traveller_build(struct domain *d, const struct lvl_policy *policy)
{
	static const struct image pv = { traveller_pv, traveller_pv_end,
					 TRAVELLER_PAGES - 1 };
	static const struct image pvh = { traveller_pvh, traveller_pvh_end,
					  TRAVELLER_PAGES - 1 };
	uint64_t flags = flags_of(policy, d->hvm);
	long rc;

	if (!d->hvm) {
		rc = image_build(d, &pv);
		rc = rc ? rc : grow_old(d);
		return rc ? rc : write_log(d, flags);
	}
	rc = image_pages(d, &pvh);
	rc = rc ? rc : pvh_tables(d);
	rc = rc ? rc : write_log(d, flags);
	window_close();
	return rc ? rc : pvh_begin(d, (flags & TRAVELLER_AVX) != 0);
}

/* -- running ------------------------------------------------------------- */

/* Zero: it made its turns. */
static int go_on(const struct domain *d, const volatile struct traveller_log *l)
{
	uint64_t end = clock_us() + DEAD_US, to = l->turns + TRAVELLER_TURNS;
	uint32_t flags = 0;

	domctl(domctl_new(), XEN_DOMCTL_unpausedomain, d->id);
	while (l->turns < to && clock_us() < end) {
		yield();
		domain_flags(d, &flags);
		if (flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying))
			break;
	}
	domctl(domctl_new(), XEN_DOMCTL_pausedomain, d->id);
	return l->turns < to;
}

/* Bits that must be what the policy says, whoever asks when. */
static uint32_t promised(unsigned word)
{
	return lvl_masks[LVL_MASK_STORED][word] &
	       ~(lvl_masks[LVL_MASK_FREE][word] |
		 lvl_masks[LVL_MASK_LEAK][word]);
}

static unsigned saw(const struct traveller_asked *a, const struct lvl_policy *p)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	const struct lvl_leaf_words *l = lvl_leaf_find(a->leaf, a->subleaf);
	unsigned r, n = 0;

	l = l ? l : lvl_leaf_find(a->leaf, LVL_NO_SUBLEAF);
	/* Xen answers for itself: no policy has it */
	if (a->leaf >> 16 == 0x4000)
		return 0;
	for (r = 0; l && r < 4; r++) {
		uint32_t mask = promised(l->word[r]) & p->k[l->word[r]];
		uint32_t v = p->v[l->word[r]];

		if (!((a->last[r] ^ v) & mask))
			continue;
		print("sees otherwise %w %x %s %w not %w\n", a->leaf,
		      (uint64_t)a->subleaf, regs[r], a->last[r] & mask,
		      v & mask);
		n++;
	}
	return n;
}

static void report(const struct traveller_log *log, uint64_t turns,
		   uint64_t ticks, int dead)
{
	unsigned i, any = 0;

	print("ran %d %d ", (long)turns, (long)log->turns);
	if (log->flags & TRAVELLER_X2APIC)
		print("ticks=%d-%d ", (long)ticks, (long)log->ticks);
	else
		print("ticks=- ");
	print("%s wrong=", dead ? "dead" : "stopped");
	for (i = 0; i < NR_WRONG; i++)
		if (log->wrong[i])
			print("%s%s:%d", any++ ? "," : "", what[i],
			      (long)log->wrong[i]);
	print("%s\n", any ? "" : "nothing");
}

uint64_t traveller_turns(const struct domain *d)
{
	const struct traveller_log *log = page(d, TRAVELLER_LOG);
	uint64_t turns = log ? log->turns : 0;

	window_close();
	return turns;
}

void traveller_run(const struct domain *d, const struct lvl_policy *policy)
{
	struct traveller_log *log = page(d, TRAVELLER_LOG);
	uint64_t turns, ticks, i;
	unsigned n = 0;
	int dead;

	if (!log) {
		print("fail the log of the guest\n");
		return;
	}
	turns = log->turns;
	ticks = log->ticks;
	dead = go_on(d, log);
	report(log, turns, ticks, dead);
	for (i = 0; i < log->nr_asked; i++)
		n += saw(&log->asked[i], policy);
	if (!n)
		print("sees policy\n");
	window_close();
}

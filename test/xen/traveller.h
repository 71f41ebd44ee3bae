/* SPDX-License-Identifier: MIT */
/*
 * traveller.h: the guest that is moved, and the page in which it tells how it
 * is.  It has no devices and never ends: traveller.S.
 *
 * All its memory is below 2 MiB, one to one, by guest frame number.
 */
#ifndef XENLAB_TRAVELLER_H
#define XENLAB_TRAVELLER_H

/*
 * Guest frames.  PV has its own four page tables behind them (domain.h), and
 * has no use for these.
 */
#define TRAVELLER_CODE 1
#define TRAVELLER_LOG 2
#define TRAVELLER_WORK 3
#define TRAVELLER_NR_WORK 32
#define TRAVELLER_SEGMENTS 35 /* GDT and IDT */
#define TRAVELLER_PT 36       /* L2, L3, L4 */
#define TRAVELLER_STACK 39
#define TRAVELLER_PAGES (TRAVELLER_STACK + 1 - TRAVELLER_CODE)

#define TRAVELLER_IDT 0x100   /* in TRAVELLER_SEGMENTS, behind the GDT */
#define TRAVELLER_VECTOR 0x40 /* of its timer */

/* flags: what its policy lets it use */
#define TRAVELLER_AVX 1
#define TRAVELLER_X2APIC 2

/* offsets in struct traveller_log */
#define LOG_TURNS 0
#define LOG_FLAGS 8
#define LOG_TICKS 16
#define LOG_TSC 24
#define LOG_SCRATCH 32
#define LOG_WRONG 64
#define LOG_NR_ASKED 128
#define LOG_ASKED 136

/* what can be wrong: index of wrong[] */
#define WRONG_CPUID 0
#define WRONG_TSC 1
#define WRONG_DR0 2
#define WRONG_XCR0 3
#define WRONG_MSR 4
#define WRONG_X87 5
#define WRONG_AVX 6
#define WRONG_MEMORY 7
#define NR_WRONG 8

#ifndef __ASSEMBLER__
#include <stddef.h>

#include <cpulevel/types.h>

/* One CPUID, and what the first turn and the last turn saw. */
struct traveller_asked {
	uint32_t leaf, subleaf;
	uint32_t first[4], last[4];
};

struct traveller_log {
	uint64_t turns;
	uint64_t flags; /* for the guest */
	uint64_t ticks; /* of its timer */
	uint64_t tsc;   /* of the last turn */
	uint64_t scratch[4];
	uint64_t wrong[NR_WRONG]; /* how often */
	uint64_t nr_asked;        /* for the guest, like asked[].leaf */
	struct traveller_asked asked[];
};

_Static_assert(offsetof(struct traveller_log, wrong) == LOG_WRONG, "wrong");
_Static_assert(offsetof(struct traveller_log, asked) == LOG_ASKED, "asked");

struct domain;
struct lvl_policy;

/* All memory, and its vCPU at its first instruction. */
long traveller_build(struct domain *d, const struct lvl_policy *policy);

/*
 * Let it go on until it has made so many turns more, and stop it.  Prints:
 *
 *	ran FROM TO ticks=FROM-TO stopped|dead wrong=WHAT:TIMES,...
 *	sees policy | sees otherwise LEAF SUBLEAF REGISTER VALUE not VALUE
 *
 * where ticks is "-" without a timer.
 */
#define TRAVELLER_TURNS 60
uint64_t traveller_turns(const struct domain *d);
void traveller_run(const struct domain *d, const struct lvl_policy *policy);

/* Code, less than a page, for struct image. */
extern const char traveller_pvh[], traveller_pvh_tick[], traveller_pvh_end[];
extern const char traveller_pv[], traveller_pv_end[];
#endif

#endif /* XENLAB_TRAVELLER_H */

/* SPDX-License-Identifier: MIT */
/*
 * guest.h: a domain with one vCPU, of either kind, and what it saw.
 *
 * All of its output is lines for the test that runs the kernel (run):
 *
 *	record NAME HEX		its policy, lvl_dom_save()
 *	phase NAME N HOW cr4=.. xcr0=.. id=.. apic=.. beyond=..
 *	saw NAME N LEAF SUBLEAF EAX EBX ECX EDX
 *
 * Of an MSR: its index, 0, its halves, 1 if it is not there, and nothing.
 */
#ifndef KERNEL_GUEST_H
#define KERNEL_GUEST_H

#include <cpulevel/hv.h>
#include <cpulevel/record.h>

#include "job.h"
#include "pv.h"
#include "svm.h"

struct guest {
	const char *name;
	struct lvl_dom dom;
	struct lvl_vcpu vcpu;
	struct job *job;
	union {
		struct svm_guest svm;
		struct pv_guest pv;
	} __attribute__((aligned(PAGE_SIZE)));
	unsigned phase;
	int done;
	uint64_t turns, answered;
	uint64_t leaves; /* after that many answers; 0: it stays */
};

/*
 * Start the domain, which has its policy, with a vCPU of that number, which
 * is at no instruction yet.  Each slot has memory of its own.
 */
void guest_place(struct guest *g, const char *name, unsigned slot, unsigned id);

/* The vCPU is at the first instruction of its first phase. */
void guest_start(struct guest *g);

/*
 * Switch to the guest and run it until its next CPUID, which is answered, or
 * the end of its phase, which is printed; the next one is set up.
 */
void guest_turn(struct guest *g, struct lvl_cpu *cpu);

#endif /* KERNEL_GUEST_H */

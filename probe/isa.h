/* SPDX-License-Identifier: MIT */
/* Does an instruction work, whatever CPUID says?  Try it. */
#ifndef LVL_PROBE_ISA_H
#define LVL_PROBE_ISA_H

#include <stdint.h>

#include <cpulevel/registry.h>

enum isa_result {
	ISA_NOT_TRIED, /* there is no probe for the feature, or no way here */
	ISA_WORKS,
	ISA_BLOCKED /* it raised an exception */
};

/*
 * Execute one instruction of the feature on the CPU that runs this.  Signal
 * handlers and masks are as before when it returns; not for threads that
 * others share signals with.
 */
enum isa_result probe_isa(unsigned field);

/* XCR0 as the kernel has set it; 0: it has not enabled XSAVE. */
uint64_t probe_isa_xcr0(void);

#endif

/* SPDX-License-Identifier: MIT */
/* kernel-hooks.h: what hv needs of us (cpulevel/hooks.h, LVL_HOOKS_HEADER). */
#ifndef KERNEL_HOOKS_H
#define KERNEL_HOOKS_H

#include "msr.h"

extern uint64_t hv_writes; /* how many WRMSRs hv asked for: main.c */

static inline int lvl_hook_rdmsr(uint32_t msr, uint64_t *value)
{
	return msr_read(msr, value);
}

static inline int lvl_hook_wrmsr(uint32_t msr, uint64_t value)
{
	hv_writes++;
	return msr_write(msr, value);
}

static inline void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf,
				  uint32_t reg[4])
{
	cpuid(leaf, subleaf, reg);
}

#endif /* KERNEL_HOOKS_H */

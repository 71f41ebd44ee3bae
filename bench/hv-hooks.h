/* SPDX-License-Identifier: MIT */
/* The hooks of hv for measuring it: an MSR is a variable. */
#ifndef LVL_BENCH_HV_HOOKS_H
#define LVL_BENCH_HV_HOOKS_H

#include <cpulevel/types.h>

extern volatile uint64_t bench_msr[16];
int bench_rdmsr(uint32_t msr, uint64_t *value);
void bench_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);

static inline int lvl_hook_rdmsr(uint32_t msr, uint64_t *value)
{
	return bench_rdmsr(msr, value);
}

static inline int lvl_hook_wrmsr(uint32_t msr, uint64_t value)
{
	bench_msr[msr & 15] = value;
	return 0;
}

static inline void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf,
				  uint32_t reg[4])
{
	bench_cpuid(leaf, subleaf, reg);
}

#endif

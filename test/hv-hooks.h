/* SPDX-License-Identifier: MIT */
/* The hooks of hv, on the simulated CPU that runs just now (hv-cpu.h). */
#ifndef TEST_HV_HOOKS_H
#define TEST_HV_HOOKS_H

#include <cpulevel/types.h>

int sim_rdmsr(uint32_t msr, uint64_t *value);
int sim_wrmsr(uint32_t msr, uint64_t value);
void sim_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);

static inline int lvl_hook_rdmsr(uint32_t msr, uint64_t *value)
{
	return sim_rdmsr(msr, value);
}

static inline int lvl_hook_wrmsr(uint32_t msr, uint64_t value)
{
	return sim_wrmsr(msr, value);
}

static inline void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf,
				  uint32_t reg[4])
{
	sim_cpuid(leaf, subleaf, reg);
}

#endif

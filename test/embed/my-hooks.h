/* SPDX-License-Identifier: MIT */
/*
 * The hooks (cpulevel/hooks.h) of a hypervisor whose #GP handler looks the
 * instruction up in .ex_table and goes on at the second address.
 */
#ifndef MY_HOOKS_H
#define MY_HOOKS_H

#include <cpulevel/types.h>

#define MY_ON_FAULT \
	".pushsection .ex_table, \"a\"; .long 1b - ., 2b - .; .popsection"

/* EDI: the password that the masks of the first AMD CPUs want. */
static inline int lvl_hook_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t low, high;
	int bad = 1;

	__asm__ volatile("1: rdmsr; xorl %0, %0; 2:" MY_ON_FAULT
			 : "+r"(bad), "=a"(low), "=d"(high)
			 : "c"(msr), "D"(0x9c5a203au));
	*value = (uint64_t)high << 32 | low;
	return bad;
}

static inline int lvl_hook_wrmsr(uint32_t msr, uint64_t value)
{
	int bad = 1;

	__asm__ volatile("1: wrmsr; xorl %0, %0; 2:" MY_ON_FAULT
			 : "+r"(bad)
			 : "c"(msr), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32)), "D"(0x9c5a203au)
			 : "memory");
	return bad;
}

static inline void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf,
				  uint32_t reg[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(reg[0]), "=b"(reg[1]), "=c"(reg[2]),
			   "=d"(reg[3])
			 : "a"(leaf), "c"(subleaf));
}

#endif

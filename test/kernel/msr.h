/* SPDX-License-Identifier: MIT */
/* msr.h: CPUID and MSRs, and how an instruction may fail. */
#ifndef KERNEL_MSR_H
#define KERNEL_MSR_H

#include <cpulevel/types.h>

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(reg[0]), "=b"(reg[1]), "=c"(reg[2]),
			   "=d"(reg[3])
			 : "0"(leaf), "2"(subleaf));
}

/* A fault at label 1 goes on at label 3 (trap(), by the exception table). */
#define EXTABLE_1_TO_3 \
	".pushsection .extable, \"a\"\n.quad 1b, 3b\n.popsection\n"

/* 0, or 1 where the MSR is not there (#GP). */
static inline int msr_read(uint32_t index, uint64_t *value)
{
	uint32_t lo, hi;
	int bad = 1;

	__asm__ volatile("1: rdmsr\n"
			 "xor %0, %0\n"
			 "3:\n" EXTABLE_1_TO_3
			 : "+r"(bad), "=&a"(lo), "=&d"(hi)
			 : "c"(index));
	if (!bad)
		*value = (uint64_t)hi << 32 | lo;
	return bad;
}

static inline int msr_write(uint32_t index, uint64_t value)
{
	int bad = 1;

	__asm__ volatile("1: wrmsr\n"
			 "xor %0, %0\n"
			 "3:\n" EXTABLE_1_TO_3
			 : "+r"(bad)
			 : "c"(index), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
	return bad;
}

#endif /* KERNEL_MSR_H */

/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/hooks.h: the three instructions that hv needs of its embedder.
 *
 * Name a header of yours that has them as static inline functions with
 * -DLVL_HOOKS_HEADER='"my-hooks.h"', when hv/ is compiled and wherever
 * <cpulevel/hv.h> is included.  It may include <cpulevel/types.h>.  Without
 * it they are ordinary functions, which you link.
 *
 *	int lvl_hook_rdmsr(uint32_t msr, uint64_t *value);
 *	int lvl_hook_wrmsr(uint32_t msr, uint64_t value);
 *		0; or non-zero if the instruction raised #GP, which you catch:
 *		hv finds out with it what is there.  *value is then not looked
 *		at.  On AMD before family 10h the feature masks want the
 *		password 0x9c5a203a in EDI (BKDG for K8, MSR C001_1004); it
 *		does no harm elsewhere, so load it always.
 *	void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);
 *		CPUID in eax, ebx, ecx, edx, on this CPU at CPL 0.
 *
 * All three act on the CPU that runs them.
 */
#ifndef CPULEVEL_HOOKS_H
#define CPULEVEL_HOOKS_H

#include <cpulevel/types.h>

#if defined(LVL_HOOKS_HEADER)
#include LVL_HOOKS_HEADER
#else
LVL_BEGIN
int lvl_hook_rdmsr(uint32_t msr, uint64_t *value);
int lvl_hook_wrmsr(uint32_t msr, uint64_t value);
void lvl_hook_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);
LVL_END
#endif

#endif /* CPULEVEL_HOOKS_H */

/* SPDX-License-Identifier: MIT */
/* arch.h: the bare machine: ports, CPUID, MSRs, exceptions. */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <cpulevel/types.h>

#include "layout.h"
#include "msr.h"

/* A stopped ring-3 context, and what entry.S pushes for an exception. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

enum { VECTOR_UD = 6, VECTOR_GP = 13, VECTOR_PF = 14 };

/* GDT, TSS, IDT; CR4.OSXSAVE where there is XSAVE. */
void arch_init(void);

/* Run f in ring 3 until it faults; f is then the stopped context. */
void ring3_run(struct frame *f);

/* Copy what may not be mapped.  Returns how many bytes could be read. */
size_t copy_probed(void *dst, const void *src, size_t n);

/* Ends QEMU by its isa-debug-exit: the status is 2 * code + 1. */
_Noreturn void machine_exit(unsigned code);

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void tlb_flush(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0\n"
			 "mov %0, %%cr3"
			 : "=r"(cr3)
			 :
			 : "memory");
}

static inline uint64_t cr4_read(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline void cr4_write(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

/* Only where CR4.OSXSAVE is set. */
static inline uint64_t xcr0_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static inline void xcr0_write(uint64_t v)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

#endif /* KERNEL_ARCH_H */

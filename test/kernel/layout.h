/* SPDX-License-Identifier: MIT */
/*
 * layout.h: numbers that C and assembler share.  Control registers, EFER and
 * page tables: APM vol. 2, 3.1 and 5.3.
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#define PAGE_SIZE 4096
#define STACK_SIZE 0x40000

#define CR0_LONG 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_PAE 0x20
#define CR4_OSXSAVE 0x40000
#define MSR_EFER 0xc0000080
#define EFER_SCE 0x1
#define EFER_LME 0x100
#define EFER_LMA 0x400
#define EFER_SVME 0x1000

#define PAGE_TABLE 0x3      /* present, writable */
#define PAGE_TABLE_USER 0x7 /* and open to ring 3 */
#define PAGE_LARGE 0x83     /* present, writable, 2 MiB */

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER_CODE 0x23
#define SEL_TSS 0x28

/* struct job, job.h: offsets that the guests' code uses */
#define JOB_COUNT 0
#define JOB_CR4 8
#define JOB_XCR0 16
#define JOB_GOT_CR4 24
#define JOB_GOT_XCR0 32
#define JOB_HOW 40
#define JOB_ASKED 64

/* how a guest asks: job.how */
#define HOW_KERNEL 0 /* CPUID in ring 0 of an HVM guest */
#define HOW_USER 1   /* in ring 3 of it */
#define HOW_FAULT 2  /* there, with CPUID faulting turned on */
#define HOW_MSR 3    /* RDMSR in ring 0 */
#define HOW_FORCED 4 /* in ring 3 of the machine, behind the prefix */
#define HOW_NATIVE 5 /* there, without it */

#define MSR_MISC_FEATURES 0x140 /* bit 0: CPUID faults, SDM v4 */

/* guest physical, and for the ring-3 guest offsets from USER_BASE */
#define GUEST_CODE 0x1000
#define GUEST_HOLE 0x2000 /* not mapped in ring 3 */
#define GUEST_STACK 0x4000
#define GUEST_TABLES 0x4000
#define GUEST_JOB 0x8000

/* Where the guests' memory is in ours: 2 MiB for each. */
#define GUEST_MEMORY 0x1000000ull
#define GUEST_MEMORY_SIZE 0x200000ull

#endif /* KERNEL_LAYOUT_H */

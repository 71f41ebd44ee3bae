/* SPDX-License-Identifier: MIT */
/*
 * svm.h: as much of SVM as two guests need (APM vol. 2, chapter 15 and
 * appendix B): 64-bit, nested paging; CPUID, MSRs, HLT and VMMCALL intercepted.
 */
#ifndef KERNEL_SVM_H
#define KERNEL_SVM_H

#include "arch.h"

struct segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

/* APM vol. 2, appendix B; only what is used has a name. */
struct vmcb {
	uint32_t intercept_cr, intercept_dr, intercept_exceptions;
	uint32_t intercept3, intercept4;
	uint8_t reserved014[0x48 - 0x14];
	uint64_t msr_map, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved05d[0x70 - 0x5d];
	uint64_t exit_code, exit_info1, exit_info2, exit_int_info, nested;
	uint8_t reserved098[0xb0 - 0x98];
	uint64_t nested_cr3;
	uint8_t reserved0b8[0x400 - 0xb8];
	struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved4a0[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved4cc;
	uint64_t efer;
	uint8_t reserved4d8[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved580[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved5e0[0x5f8 - 0x5e0];
	uint64_t rax;
	uint64_t star;
	uint8_t reserved608[0x668 - 0x608];
	uint64_t pat;
	uint8_t reserved670[PAGE_SIZE - 0x670];
} __attribute__((packed, aligned(PAGE_SIZE)));

/* APM vol. 2, appendix C */
enum {
	VMEXIT_CPUID = 0x72,
	VMEXIT_HLT = 0x78,
	VMEXIT_MSR = 0x7c, /* exit_info1: 0 a read, 1 a write */
	VMEXIT_VMMCALL = 0x81
};

/* In the order of the encoding; rax is in the VMCB. */
struct gprs {
	uint64_t unused, rcx, rdx, rbx, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

struct svm_guest {
	struct vmcb vmcb;
	uint64_t npt4[512], npt3[512], npt2[512];
	struct gprs gprs;
	uint64_t xcr0; /* VMRUN does not switch it */
	uint8_t *memory;
};

/* 0, or why there is no SVM with nested paging here. */
const char *svm_init(void);

/*
 * A guest that runs hvm_guest (guest.S) with 2 MiB of memory at guest-physical
 * 0, at its first instruction.  asid is not 0.
 */
void svm_guest_init(struct svm_guest *g, uint8_t *memory, unsigned asid);

/* Back to its first instruction, in ring 0. */
void svm_guest_start(struct svm_guest *g);

/* Until it exits; g->vmcb.exit_code says why. */
void svm_guest_run(struct svm_guest *g);

#endif /* KERNEL_SVM_H */

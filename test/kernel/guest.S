/* SPDX-License-Identifier: MIT */
/*
 * What guests run: CPUID for every entry of their job (job.h), results beside
 * the question, then HLT, which ends it in either kind: an intercept under
 * SVM, #GP in ring 3.  Copied to where the guest runs, so it is position
 * independent; each kind has the address of its job in rbp.
 */
#include "layout.h"

	.section .rodata
	.globl	hvm_guest, hvm_guest_end, pv_guest, pv_guest_end

	.macro	forced_cpuid
	ud2a
	.ascii	"xen"
	cpuid
	.endm

	/* ask OPERATION: rdi entries at rsi, by CPUID or forced_cpuid */
	.macro	ask operation
1:	mov	(%rsi), %eax
	mov	4(%rsi), %ecx
	\operation
	mov	%eax, 8(%rsi)
	mov	%ebx, 12(%rsi)
	mov	%ecx, 16(%rsi)
	mov	%edx, 20(%rsi)
	add	$24, %rsi
	dec	%rdi
	jnz	1b
	.endm

	/* CR4 and XCR0 as the job wants them; what they are is written down */
hvm_guest:
	mov	JOB_CR4(%rbp), %rax
	mov	%rax, %cr4
	test	$CR4_OSXSAVE, %eax
	jz	2f
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	JOB_XCR0(%rbp), %rax
	xsetbv
	xgetbv
	mov	%eax, JOB_GOT_XCR0(%rbp)
2:	mov	%cr4, %rax
	mov	%rax, JOB_GOT_CR4(%rbp)
	mov	JOB_COUNT(%rbp), %rdi
	lea	JOB_ASKED(%rbp), %rsi
	ask	cpuid
	hlt
hvm_guest_end:

pv_guest:
	mov	JOB_COUNT(%rbp), %rdi
	lea	JOB_ASKED(%rbp), %rsi
	cmpq	$0, JOB_FORCED(%rbp)
	jne	2f
	ask	cpuid
	hlt
2:	ask	forced_cpuid
	hlt
pv_guest_end:
	.section .note.GNU-stack, "", @progbits

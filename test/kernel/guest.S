/* SPDX-License-Identifier: MIT */
/*
 * What guests run: CPUID for every entry of their job (job.h), results beside
 * the question, then HLT or VMMCALL, which end it: intercepts under SVM, #GP in
 * ring 3.  Copied to where the guest runs, so it is position
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

	/* the host says in ebx that there was #GP, as a handler would see */
	.macro	read_msr
	mov	%eax, %ecx
	xor	%ebx, %ebx
	rdmsr
	mov	%ebx, %ecx
	mov	%edx, %ebx
	xor	%edx, %edx
	.endm

	/* ask OPERATION: rdi entries at rsi, by CPUID or one of the above */
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
	mov	JOB_HOW(%rbp), %eax
	cmp	$HOW_MSR, %eax
	je	4f
	cmp	$HOW_USER, %eax
	je	3f
	cmp	$HOW_FAULT, %eax
	je	2f
	ask	cpuid
	hlt
2:	mov	$MSR_MISC_FEATURES, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
3:	lea	5f(%rip), %rcx
	mov	$2, %r11d
	sysretq
4:	ask	read_msr
	hlt
5:	ask	cpuid
	vmmcall			/* HLT is not for ring 3 */
hvm_guest_end:

pv_guest:
	mov	JOB_COUNT(%rbp), %rdi
	lea	JOB_ASKED(%rbp), %rsi
	cmpq	$HOW_FORCED, JOB_HOW(%rbp)
	je	2f
	ask	cpuid
	hlt
2:	ask	forced_cpuid
	hlt
pv_guest_end:
	.section .note.GNU-stack, "", @progbits

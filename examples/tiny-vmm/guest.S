/* SPDX-License-Identifier: MIT */
#include "guest.h"

	.section .rodata, "a"
	.code64
	.globl guest_code, guest_code_end
guest_code:
	xorl %r15d, %r15d /* rounds; also in memory and xmm7 */
	movdqu GUEST_ROUNDS, %xmm7
round:
	cmpl %r15d, GUEST_ROUNDS
	jne changed
	movdqu %xmm7, GUEST_XMM
	cmpl %r15d, GUEST_XMM
	jne changed
	movl GUEST_NR, %r8d
	movl $GUEST_ASKED, %esi
	movl $GUEST_SAW, %edi
leaf:
	movl (%rsi), %eax
	movl 4(%rsi), %ecx
	cpuid
	testl %r15d, %r15d
	jz keep
	cmpl %eax, (%rdi)
	jne changed
	cmpl %ebx, 4(%rdi)
	jne changed
	cmpl %ecx, 8(%rdi)
	jne changed
	cmpl %edx, 12(%rdi)
	jne changed
	jmp next
keep:
	movl %eax, (%rdi)
	movl %ebx, 4(%rdi)
	movl %ecx, 8(%rdi)
	movl %edx, 12(%rdi)
next:
	addl $8, %esi
	addl $16, %edi
	decl %r8d
	jnz leaf
	incl %r15d
	movl %r15d, GUEST_ROUNDS
	movdqu GUEST_ROUNDS, %xmm7
	outb %al, $GUEST_ROUND
	jmp round
changed:
	outb %al, $GUEST_CHANGED
	jmp changed
guest_code_end:

	.section .note.GNU-stack, "", @progbits

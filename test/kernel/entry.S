/* SPDX-License-Identifier: MIT */
/*
 * From the PVH entry (32-bit, paging off; xen/include/public/arch-x86/hvm/
 * start_info.h) to long mode, the entries of exceptions, ring 3 and VMRUN.
 */
#include "layout.h"

	/* XEN_ELFNOTE_PHYS32_ENTRY (18): where a PVH loader enters */
	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 8, 18
	.asciz	"Xen"
	.quad	_start

	.text
	.code32
	.globl	_start
_start:
	cli
	cld
	mov	$boot_stack_top, %esp
	mov	%ebx, start_info
	/* identity map of 1 GiB in 2 MiB pages, for the kernel alone */
	movl	$pdpt + PAGE_TABLE_USER, pml4
	movl	$pd + PAGE_TABLE, pdpt
	mov	$PAGE_LARGE, %eax
	mov	$pd, %edi
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	$CR0_LONG, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$SEL_KERNEL_CODE, $1f
	.code64
1:	mov	$SEL_KERNEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	start_info(%rip), %edi
	call	kernel_main
1:	hlt
	jmp	1b

/*
 * Stubs of 16 bytes for vectors 0 to 31, each with a zero where the CPU pushes
 * no error code (APM vol. 2, 8.2).  All run on a stack of their own (IST 1):
 * code that a fault interrupts may keep data below its stack pointer.
 */
	.globl	exception_entry
	.balign	16
exception_entry:
	.set	i, 0
	.rept	32
	.balign	16
	.if !(i == 8 || (i >= 10 && i <= 14) || i == 17 || i == 21 || i == 29 || i == 30)
	push	$0
	.endif
	push	$i
	jmp	trapped
	.set	i, i + 1
	.endr

trapped:			/* the rest of struct frame, arch.h */
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	call	trap
	test	%eax, %eax
	jnz	left_ring3
resume:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

/*
 * void ring3_enter(struct frame *f): run f in ring 3 until it faults; trap()
 * then has copied what it was doing into f.
 */
	.globl	ring3_enter
ring3_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, ring0_stack(%rip)
	mov	%rdi, %rsp
	jmp	resume
left_ring3:
	mov	ring0_stack(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void svm_enter(u64 vmcb, struct gprs *g, u64 host): VMRUN saves and loads
 * RAX, RSP and the segments but FS, GS, TR, LDTR, which VMSAVE and VMLOAD do
 * (APM vol. 2, 15.5); all other registers are ours to switch.
 */
	.globl	svm_enter
svm_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx
	push	%rsi
	push	%rdi
	clgi
	mov	%rdx, %rax
	vmsave	%rax
	mov	%rsi, %rax
	mov	8(%rax), %rcx
	mov	16(%rax), %rdx
	mov	24(%rax), %rbx
	mov	32(%rax), %rbp
	mov	40(%rax), %rsi
	mov	48(%rax), %rdi
	mov	56(%rax), %r8
	mov	64(%rax), %r9
	mov	72(%rax), %r10
	mov	80(%rax), %r11
	mov	88(%rax), %r12
	mov	96(%rax), %r13
	mov	104(%rax), %r14
	mov	112(%rax), %r15
	mov	(%rsp), %rax
	vmload	%rax
	vmrun	%rax
	vmsave	%rax
	mov	8(%rsp), %rax
	mov	%rcx, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rbx, 24(%rax)
	mov	%rbp, 32(%rax)
	mov	%rsi, 40(%rax)
	mov	%rdi, 48(%rax)
	mov	%r8, 56(%rax)
	mov	%r9, 64(%rax)
	mov	%r10, 72(%rax)
	mov	%r11, 80(%rax)
	mov	%r12, 88(%rax)
	mov	%r13, 96(%rax)
	mov	%r14, 104(%rax)
	mov	%r15, 112(%rax)
	mov	16(%rsp), %rax
	vmload	%rax
	stgi
	add	$24, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.data
	.balign	8
	.globl	gdt
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* SEL_KERNEL_CODE */
	.quad	0x00cf93000000ffff	/* SEL_KERNEL_DATA */
	.quad	0x00cff3000000ffff	/* SEL_USER_DATA */
	.quad	0x00affb000000ffff	/* SEL_USER_CODE */
	.quad	0, 0			/* SEL_TSS: arch_init() */
gdt_pointer:
	.word	7 * 8 - 1
	.long	gdt
start_info:
	.long	0
	.balign	8
ring0_stack:
	.quad	0

	.bss
	.globl	pd, pdpt, trap_stack_top
	.balign	4096
pml4:	.fill	4096
pdpt:	.fill	4096
pd:	.fill	4096
	.fill	STACK_SIZE
boot_stack_top:
	.fill	8192
trap_stack_top:
	.section .note.GNU-stack, "", @progbits

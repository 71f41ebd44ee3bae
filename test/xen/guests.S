/* SPDX-License-Identifier: MIT */
/* guests.h has the layout of the page that these work on. */
	.set	PROBE_PAGE, 0x2000
	.set	PROBE_DONE, 0x600d
	.set	ASK, 16			/* offset of ask[] */
	.set	ASK_SIZE, 40
	.set	__HYPERVISOR_sched_op, 29
	.set	SCHEDOP_shutdown, 2

	.section .rodata
	.globl	probe_pv, probe_pv_end, probe_pvh, probe_pvh_end
	.code64
probe_pv:
	mov	$PROBE_PAGE, %ebp
	lea	ASK(%rbp), %rsi
1:	mov	(%rsi), %eax
	mov	4(%rsi), %ecx
	cpuid
	mov	%eax, 8(%rsi)
	mov	%ebx, 12(%rsi)
	mov	%ecx, 16(%rsi)
	mov	%edx, 20(%rsi)
	mov	(%rsi), %eax
	mov	4(%rsi), %ecx
	ud2a				/* XEN_CPUID, arch-x86/xen.h */
	.ascii	"xen"
	cpuid
	mov	%eax, 24(%rsi)
	mov	%ebx, 28(%rsi)
	mov	%ecx, 32(%rsi)
	mov	%edx, 36(%rsi)
	add	$ASK_SIZE, %rsi
	decl	(%rbp)
	jnz	1b
	movl	$PROBE_DONE, 4(%rbp)
2:	mov	$__HYPERVISOR_sched_op, %eax
	mov	$SCHEDOP_shutdown, %edi
	lea	8(%rbp), %rsi
	syscall
	jmp	2b
probe_pv_end:

	.code32
probe_pvh:
	mov	$PROBE_PAGE, %ebp
	lea	ASK(%ebp), %esi
1:	mov	(%esi), %eax
	mov	4(%esi), %ecx
	cpuid
	mov	%eax, 8(%esi)
	mov	%ebx, 12(%esi)
	mov	%ecx, 16(%esi)
	mov	%edx, 20(%esi)
	add	$ASK_SIZE, %esi
	decl	(%ebp)
	jnz	1b
	movl	$PROBE_DONE, 4(%ebp)
	cli				/* HLT for good: poweroff */
2:	hlt
	jmp	2b
probe_pvh_end:
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/* Where Xen enters a PV domain 0, and the notes that it wants to see. */
	.text
	.globl	_start
_start:
	cld
	lea	stack_top(%rip), %rsp
	mov	%rsi, %rdi		/* struct start_info, xen/xen.h */
	call	dom0_main
	ud2

	.bss
	.balign	16
	.fill	0x40000			/* core wants no more: doc/design.md */
stack_top:

/* xen/elfnote.h; the names are those of its constants */
	.macro	note type, data:vararg
	.section .note.Xen, "a", @note
	.balign	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	\data
2:	.balign	4
	.endm

	note	1, .quad _start				/* ENTRY */
	note	3, .quad 0				/* VIRT_BASE */
	note	4, .quad 0				/* PADDR_OFFSET */
	note	5, .asciz "xen-3.0"			/* XEN_VERSION */
	note	6, .asciz "cpulevel"			/* GUEST_OS */
	note	8, .asciz "generic"			/* LOADER */
	note	9, .asciz "yes"				/* PAE_MODE */
	note	10, .asciz "pae_pgdir_above_4gb"	/* FEATURES */
	.section .note.GNU-stack, "", @progbits

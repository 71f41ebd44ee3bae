/* SPDX-License-Identifier: MIT */
/*
 * A kernel that QEMU starts (-kernel, multiboot 1): what its CPU says to every
 * CPUID leaf.  C runs as 32-bit code.  Where the CPU has long mode it is on,
 * and CPUID is executed in 64-bit code: Intel's CPUs show SYSCALL only there.
 */
#define MAGIC 0x1badb002

#define CODE32 0x08
#define DATA 0x10
#define CODE64 0x18

#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define CR0_PG (1 << 31)
#define LONG_MODE (1 << 29) /* 0x80000001 EDX */
#define PAGE_2M 0x83        /* present, writable, large */

	.section .text, "ax"
	.code32
	.balign 4
	.long MAGIC, 0, -MAGIC

	.globl _start
_start:
	mov $stack_end, %esp
	lgdt gdt_pointer
	ljmp $CODE32, $1f
1:	mov $DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb 2f
	mov $0x80000001, %eax
	cpuid
	test $LONG_MODE, %edx
	jz 2f
	call long_mode
2:	call guest_main
3:	hlt
	jmp 3b

/* The first 2 MB as they are; the segment stays a 32-bit one. */
long_mode:
	movl $(PAGE_2M), pd
	movl $(pd + 3), pdpt
	movl $(pdpt + 3), pml4
	mov %cr4, %eax
	or $CR4_PAE, %eax
	mov %eax, %cr4
	mov $pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PG, %eax
	mov %eax, %cr0
	movl $1, is_long
	ret

/* void guest_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]) */
	.globl guest_cpuid
guest_cpuid:
	push %ebx
	push %edi
	mov 12(%esp), %eax
	mov 16(%esp), %ecx
	mov 20(%esp), %edi
	cmpl $0, is_long
	jne 1f
	cpuid
	jmp 2f
1:	lcall $CODE64, $cpuid_64
2:	mov %eax, (%edi)
	mov %ebx, 4(%edi)
	mov %ecx, 8(%edi)
	mov %edx, 12(%edi)
	pop %edi
	pop %ebx
	ret

	.code64
cpuid_64:
	cpuid
	lretl

	.data
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff /* CODE32 */
	.quad 0x00cf93000000ffff /* DATA */
	.quad 0x00af9b000000ffff /* CODE64 */
gdt_pointer:
	.word . - gdt - 1
	.long gdt
is_long:
	.long 0

	.bss
	.balign 4096
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096
	.skip 16384
stack_end:

	.section .note.GNU-stack, "", @progbits

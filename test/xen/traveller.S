/* SPDX-License-Identifier: MIT */
/*
 * The guest that is moved.  It is copied to TRAVELLER_CODE and goes round for
 * ever.  Each turn it looks whether all that the last turn left is still
 * there, in registers and in memory, adds one to it, and asks CPUID the same
 * questions; what is not as it was is counted in wrong[].
 *
 *	rbp	the log
 *	r15	turns
 */
#include "traveller.h"

#define PAGE 4096
#define MARK 0x5a5a0       /* DR0: no byte of ours is there */
#define CR4_OSXSAVE 0x40000
#define XCR0_AVX 7         /* x87, SSE, AVX */
#define MSR_LSTAR 0xc0000082
#define MSR_FS_BASE 0xc0000100
#define MSR_APIC_BASE 0x1b
#define X2APIC_EOI 0x80b
#define X2APIC_SPURIOUS 0x80f
#define X2APIC_LVT_TIMER 0x832
#define X2APIC_COUNT 0x838
#define X2APIC_DIVIDE 0x83e

.macro wrong what
	incq	LOG_WRONG + 8 * \what(%rbp)
.endm

.macro write_msr index, value
	mov	$\index, %ecx
	mov	$\value, %eax
	xor	%edx, %edx
	wrmsr
.endm

/* Xen emulates it for a kernel in ring 3 after this prefix only. */
.macro cpuid_here pv
	.if \pv
	ud2a
	.ascii	"xen"
	.endif
	cpuid
.endm

/* A periodic tick; Xen's local APIC counts at 100 MHz: one in 2 ms. */
.macro start_timer
	testl	$TRAVELLER_X2APIC, LOG_FLAGS(%rbp)
	jz	.Lno_timer\@
	mov	$MSR_APIC_BASE, %ecx
	rdmsr
	or	$0xc00, %eax
	wrmsr
	write_msr X2APIC_SPURIOUS, 0x1ff
	write_msr X2APIC_DIVIDE, 0xb
	write_msr X2APIC_LVT_TIMER, (0x20000 | TRAVELLER_VECTOR)
	write_msr X2APIC_COUNT, 200000
	sti
.Lno_timer\@:
.endm

/* XCR0 of a PVH guest is set already: see pvh-state.c. */
.macro enable_avx pv
	.if \pv
	mov	%cr4, %rax
	or	$CR4_OSXSAVE, %rax
	mov	%rax, %cr4
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	$XCR0_AVX, %eax
	xsetbv
	.endif
.endm

/* ymm6: four times 1.0; ymm7: four times 0.0. */
.macro start_avx
	mov	$1, %eax
	vxorpd	%xmm6, %xmm6, %xmm6
	vcvtsi2sd %eax, %xmm6, %xmm6
	vmovddup %xmm6, %xmm6
	vinsertf128 $1, %xmm6, %ymm6, %ymm6
	vxorpd	%ymm7, %ymm7, %ymm7
.endm

/* All lanes of ymm7 are the number in r14d, and then one more. */
.macro turn_avx
	vcvttpd2dq %ymm7, %xmm0
	vmovd	%r14d, %xmm1
	vpshufd	$0, %xmm1, %xmm1
	vpcmpeqd %xmm1, %xmm0, %xmm0
	vpmovmskb %xmm0, %eax
	cmp	$0xffff, %eax
	je	.Llanes\@
	wrong	WRONG_AVX
.Llanes\@:
	vaddpd	%ymm6, %ymm7, %ymm7
	xor	%ecx, %ecx
	xgetbv
	cmp	$XCR0_AVX, %eax
	je	.Lxcr0\@
	wrong	WRONG_XCR0
.Lxcr0\@:
.endm

/* st(0) is the number in r14, and then one more. */
.macro turn_x87
	fld	%st(0)
	fistpll	LOG_SCRATCH(%rbp)
	cmp	%r14, LOG_SCRATCH(%rbp)
	je	.Lx87\@
	wrong	WRONG_X87
.Lx87\@:
	fld1
	faddp
.endm

.macro turn_registers msr
	mov	%dr0, %rax
	cmp	$MARK, %rax
	je	.Ldr0\@
	wrong	WRONG_DR0
.Ldr0\@:
	mov	$\msr, %ecx
	rdmsr
	cmp	$MARK, %eax
	je	.Lmsr\@
	wrong	WRONG_MSR
.Lmsr\@:
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	cmp	LOG_TSC(%rbp), %rax
	jae	.Ltsc\@
	wrong	WRONG_TSC
.Ltsc\@:
	mov	%rax, LOG_TSC(%rbp)
.endm

/* Both ends of each page: the number in r14 and its complement; then r15. */
.macro turn_memory
	mov	$(TRAVELLER_WORK * PAGE), %r12d
	mov	$TRAVELLER_NR_WORK, %r13d
	mov	%r14, %rax
	not	%rax
	mov	%r15, %rdx
	not	%rdx
.Lpage\@:
	cmp	%r14, (%r12)
	jne	.Llost\@
	cmp	%rax, PAGE - 8(%r12)
	je	.Lkept\@
.Llost\@:
	wrong	WRONG_MEMORY
.Lkept\@:
	mov	%r15, (%r12)
	mov	%rdx, PAGE - 8(%r12)
	add	$PAGE, %r12
	dec	%r13d
	jnz	.Lpage\@
.endm

.macro store_answer offset
	mov	%eax, \offset(%r12)
	mov	%ebx, \offset + 4(%r12)
	mov	%ecx, \offset + 8(%r12)
	mov	%edx, \offset + 12(%r12)
.endm

.macro turn_cpuid pv
	lea	LOG_ASKED(%rbp), %r12
	mov	LOG_NR_ASKED(%rbp), %r13
.Lask\@:
	mov	(%r12), %eax
	mov	4(%r12), %ecx
	cpuid_here \pv
	store_answer 24
	cmp	$1, %r15
	jne	.Lcompare\@
	store_answer 8
.Lcompare\@:
	cmp	%eax, 8(%r12)
	jne	.Ldiffers\@
	cmp	%ebx, 12(%r12)
	jne	.Ldiffers\@
	cmp	%ecx, 16(%r12)
	jne	.Ldiffers\@
	cmp	%edx, 20(%r12)
	je	.Lsame\@
.Ldiffers\@:
	wrong	WRONG_CPUID
.Lsame\@:
	add	$40, %r12
	dec	%r13
	jnz	.Lask\@
.endm

/* As the first turn wants to find it. */
.macro start_memory
	mov	$(TRAVELLER_WORK * PAGE), %r12d
	mov	$TRAVELLER_NR_WORK, %r13d
.Lclear\@:
	movq	$0, (%r12)
	movq	$-1, PAGE - 8(%r12)
	add	$PAGE, %r12
	dec	%r13d
	jnz	.Lclear\@
.endm

.macro traveller pv, msr
	mov	$(TRAVELLER_LOG * PAGE), %ebp
	testl	$TRAVELLER_AVX, LOG_FLAGS(%rbp)
	jz	.Lplain\@
	/* before FNINIT: Xen may load something into x87 registers here */
	enable_avx \pv
	start_avx
.Lplain\@:
	fninit
	fldz
	mov	$MARK, %eax
	mov	%rax, %dr0
	write_msr \msr, MARK
	start_memory
	xor	%r15d, %r15d
	.if !\pv
	start_timer
	.endif
.Lturn\@:
	mov	%r15, %r14
	inc	%r15
	mov	%r15, LOG_TURNS(%rbp)
	turn_x87
	testl	$TRAVELLER_AVX, LOG_FLAGS(%rbp)
	jz	.Lno_avx\@
	turn_avx
.Lno_avx\@:
	turn_registers \msr
	turn_memory
	turn_cpuid \pv
	jmp	.Lturn\@
.endm

	.section .rodata, "a", @progbits
	.code64

	.globl traveller_pvh, traveller_pvh_tick, traveller_pvh_end
traveller_pvh:
	traveller 0, MSR_LSTAR
traveller_pvh_tick:
	push	%rax
	push	%rcx
	push	%rdx
	incq	TRAVELLER_LOG * PAGE + LOG_TICKS
	write_msr X2APIC_EOI, 0
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq
traveller_pvh_end:

	.globl traveller_pv, traveller_pv_end
traveller_pv:
	traveller 1, MSR_FS_BASE
traveller_pv_end:

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: MIT */
/*
 * The guest: again and again it executes CPUID for all leaves that it is
 * asked for, keeps what it saw first, and stops the VMM if that changes.
 */
#ifndef TINY_VMM_GUEST_H
#define TINY_VMM_GUEST_H

/* Ports: a round is over; something is not as it was. */
#define GUEST_ROUND 0x10
#define GUEST_CHANGED 0x11

/* Where things are in its memory. */
#define GUEST_CR3 0x1000
#define GUEST_CODE 0x4000
#define GUEST_NR 0x5000
#define GUEST_ROUNDS 0x5010
#define GUEST_XMM 0x5020
#define GUEST_ASKED 0x6000
#define GUEST_SAW 0x8000

/* Long mode, no interrupts, and SSE for its floating point. */
#define GUEST_CR0 0x80000033 /* PG NE ET MP PE */
#define GUEST_CR4 0x220      /* OSFXSR PAE */
#define GUEST_EFER 0x500     /* LMA LME */

#ifndef __ASSEMBLER__
#include <stdint.h>

#define GUEST_LEAVES 1024u

/* All of it; addresses as above. */
struct guest_memory {
	uint8_t zero[GUEST_CR3];
	uint64_t table[3][512];
	uint8_t code[GUEST_NR - GUEST_CODE];
	uint32_t nr, pad[3];
	uint32_t rounds[4], xmm[4];
	uint8_t room[GUEST_ASKED - GUEST_XMM - 16];
	uint32_t asked[GUEST_LEAVES][2]; /* leaf, sub-leaf */
	uint32_t saw[GUEST_LEAVES][4];   /* eax, ebx, ecx, edx */
};

/* The code, and page tables for the first 2 MB as they are. */
void guest_fill(struct guest_memory *m);
#endif

#endif

/* SPDX-License-Identifier: MIT */
#include "pv.h"

extern const uint8_t pv_guest[], pv_guest_end[];
extern uint64_t pdpt[512];

static uint64_t user_pd[512] __attribute__((aligned(PAGE_SIZE)));

/* APM vol. 2, 5.3.3: four levels of tables, pages of 4 KiB */
static void map(struct pv_guest *g, const uint8_t *memory)
{
	uint64_t i;

	for (i = 0; i < 512; i++)
		g->pt[i] = ((uint64_t)memory + i * PAGE_SIZE) | PAGE_TABLE_USER;
	g->pt[GUEST_HOLE / PAGE_SIZE] = 0;
	user_pd[0] = (uint64_t)g->pt | PAGE_TABLE_USER;
	pdpt[USER_BASE >> 30] = (uint64_t)user_pd | PAGE_TABLE_USER;
	tlb_flush();
}

void pv_guest_init(struct pv_guest *g, uint8_t *memory)
{
	memset(g, 0, sizeof(*g));
	memset(memory, 0, GUEST_JOB);
	memcpy(memory + GUEST_CODE, pv_guest,
	       (size_t)(pv_guest_end - pv_guest));
	map(g, memory);
}

void pv_guest_start(struct pv_guest *g, uint64_t offset)
{
	g->frame.rip = USER_BASE + offset;
	g->frame.cs = SEL_USER_CODE;
	g->frame.ss = SEL_USER_DATA;
	g->frame.rflags = 2;
	g->frame.rsp = USER_BASE + GUEST_STACK;
	g->frame.rbp = USER_BASE + GUEST_JOB;
}

void pv_guest_run(struct pv_guest *g)
{
	ring3_run(&g->frame);
}

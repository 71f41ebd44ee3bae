/* SPDX-License-Identifier: MIT */
#include "ring3.h"

#include <cpulevel/hv.h>

#include "print.h"
#include "pv.h"

#define MEMORY ((uint8_t *)GUEST_MEMORY)

static struct pv_guest trial;

/* Put code at an offset of ring 3's memory and run it until it faults. */
static const struct frame *run(uint64_t offset, const void *code, size_t n)
{
	pv_guest_init(&trial, MEMORY);
	memcpy(MEMORY + offset, code, n);
	pv_guest_start(&trial, offset);
	pv_guest_run(&trial);
	return &trial.frame;
}

int ring3_faults(void *arg)
{
	static const uint8_t cpuid_hlt[] = { 0x0f, 0xa2, 0xf4 };
	const struct frame *f;

	(void)arg;
	f = run(GUEST_CODE, cpuid_hlt, sizeof(cpuid_hlt));
	/* #GP of CPUID, or of the HLT behind it */
	return f->rip == USER_BASE + GUEST_CODE;
}

unsigned ring3_fetch(void *arg, uint64_t address, uint8_t *to, unsigned n)
{
	(void)arg;
	return (unsigned)copy_probed(to, (const void *)address, n);
}

void ring3_borders(void)
{
	static const char prefix[] = "\x0f\x0bxen\x0f\xa2\xf4";
	static const char other[] = "\x0f\x0bXen\x0f\xa2\xf4";
	static const struct {
		const char *name, *code;
		uint64_t offset, bytes;
		int want;
	} cases[] = {
		{ "both-pages", prefix, GUEST_TABLES - 3, 8, 1 },
		{ "other-text", other, GUEST_TABLES - 3, 8, 0 },
		{ "second-page-missing", prefix, GUEST_HOLE - 3, 3, -LVL_E_IO },
		{ "other-text-before-hole", other, GUEST_HOLE - 3, 3, 0 },
		{ "up-to-the-hole", prefix, GUEST_HOLE - 7, 7, 1 },
		{ "ud2-before-hole", prefix, GUEST_HOLE - 2, 2, -LVL_E_IO },
	};
	unsigned i;

	for (i = 0; i < LVL_COUNT(cases); i++) {
		const struct frame *f =
			run(cases[i].offset, cases[i].code, cases[i].bytes);
		uint64_t fault = USER_BASE + GUEST_HOLE;
		int got = lvl_forced_cpuid(ring3_fetch, NULL, f->rip, &fault);

		if (f->vector != VECTOR_UD || fault != USER_BASE + GUEST_HOLE)
			got = -LVL_E_BUG;
		print("border %s %w %w\n", cases[i].name, (uint32_t)got,
		      (uint32_t)cases[i].want);
	}
}

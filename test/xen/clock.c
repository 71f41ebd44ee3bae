/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include "hypercall.h"

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Of the TSC; 0: Xen does not say, which it always does. */
static uint64_t per_ms(void)
{
	struct xen_sysctl *s = sysctl_new();

	return sysctl(s, XEN_SYSCTL_physinfo) ? 0 : s->u.physinfo.cpu_khz;
}

uint64_t clock_us(void)
{
	static uint64_t first, khz;

	if (!khz) {
		khz = per_ms();
		khz = khz ? khz : 1000000;
		first = tsc();
	}
	return (tsc() - first) * 1000 / khz;
}

void clock_wait(uint64_t us)
{
	uint64_t end = clock_us() + us;

	while (clock_us() < end)
		yield();
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* affinity */
#include "online.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONLINE "/sys/devices/system/cpu/online"

/* Sets of CPUs, all of one size: as long as the kernel's own. */
struct sets {
	size_t size;
	cpu_set_t *allowed; /* as it was */
	cpu_set_t *online;
	cpu_set_t *one;
};

static void sets_free(struct sets *s)
{
	free(s->allowed);
	free(s->online);
	free(s->one);
}

/* The kernel refuses a mask that is shorter than its own. */
static int sets_init(struct sets *s)
{
	size_t size;
	int error;

	for (size = sizeof(cpu_set_t); size <= 1u << 20; size *= 2) {
		*s = (struct sets){ size, malloc(size), malloc(size),
				    malloc(size) };
		if (!s->allowed || !s->online || !s->one)
			error = ENOMEM;
		else if (!sched_getaffinity(0, size, s->allowed))
			return 0;
		else
			error = errno;
		sets_free(s);
		if (error != EINVAL)
			return error;
	}
	return EINVAL;
}

/* "0-3,8": what /sys says about sets of CPUs.  0 if it is something else. */
static int parse(const char *s, cpu_set_t *set, size_t size)
{
	char *end;

	CPU_ZERO_S(size, set);
	while (*s >= '0' && *s <= '9') {
		unsigned long a = strtoul(s, &end, 10), b = a;

		if (*end == '-')
			b = strtoul(end + 1, &end, 10);
		if (b < a || b >= 8 * size)
			return 0;
		for (; a <= b; a++)
			CPU_SET_S(a, size, set);
		s = *end == ',' ? end + 1 : end;
	}
	return *s == '\n' && CPU_COUNT_S(size, set);
}

static int find_online(struct sets *s)
{
	char *line = NULL;
	size_t room = 0;
	FILE *f = fopen(ONLINE, "r");
	int found;

	if (!f)
		return 0;
	found = getline(&line, &room, f) > 0 && parse(line, s->online, s->size);
	free(line);
	fclose(f);
	return found;
}

static int enter(const struct sets *s, unsigned cpu)
{
	CPU_ZERO_S(s->size, s->one);
	CPU_SET_S(cpu, s->size, s->one);
	if (sched_setaffinity(0, s->size, s->one))
		return errno;
	return sched_getcpu() == (int)cpu ? 0 : EBUSY;
}

int probe_online(probe_cpu_fn *each, void *arg, int *guessed)
{
	struct sets s;
	unsigned cpu;
	int rc = sets_init(&s);

	if (rc)
		return rc;
	*guessed = !find_online(&s);
	if (*guessed)
		memcpy(s.online, s.allowed, s.size);
	for (cpu = 0; cpu < 8 * s.size && !rc; cpu++)
		if (CPU_ISSET_S(cpu, s.size, s.online))
			rc = each(arg, cpu, enter(&s, cpu));
	if (sched_setaffinity(0, s.size, s.allowed) && !rc)
		rc = errno;
	sets_free(&s);
	return rc;
}

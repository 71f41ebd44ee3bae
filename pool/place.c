/* SPDX-License-Identifier: MIT */
/* Which host is the best for one VM. */
#include "fleet.h"

#include <stdlib.h>

static void count_finding(void *arg, const struct lvl_finding *finding)
{
	struct lvl_fleet_place *p = arg;

	if (!finding->sure) {
		p->unsure++;
		return;
	}
	switch (finding->severity) {
	case LVL_FATAL:
		p->fatal++;
		break;
	case LVL_SECURITY:
		p->security++;
		break;
	case LVL_LEAKS:
		p->leaks++;
		break;
	case LVL_SLOW:
		p->slow++;
		break;
	case LVL_INFO:
	case LVL_NR_SEVERITIES:
		break;
	}
}

static unsigned bits(uint32_t v)
{
	unsigned n;

	for (n = 0; v; n++)
		v &= v - 1;
	return n;
}

/* Features that the host would give and the guest does not see. */
static unsigned spare(const struct lvl_policy *guest,
		      const struct lvl_policy *host)
{
	unsigned i, n = 0;

	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];

		n += bits(host->v[w] & ~guest->v[w] &
			  lvl_masks[LVL_MASK_FEATURE][w]);
	}
	return n;
}

static unsigned rank(enum lvl_verdict v)
{
	return v == LVL_YES ? 0 : v == LVL_UNKNOWN ? 1 : 2;
}

static int compare(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int better(const void *x, const void *y)
{
	const struct lvl_fleet_place *a = x, *b = y;
	int c = compare(rank(a->verdict), rank(b->verdict));

	if (!c)
		c = compare(a->fatal + a->security, b->fatal + b->security);
	if (!c)
		c = compare(a->leaks, b->leaks);
	if (!c)
		c = compare(a->slow, b->slow);
	if (!c)
		c = compare(a->spare, b->spare);
	return c ? c : (a->member > b->member) - (a->member < b->member);
}

size_t lvl_fleet_place(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		       size_t seen, struct lvl_fleet_place *place)
{
	const struct lvl_fleet_seen *s = &f->seen[seen];
	size_t i, n = 0;

	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_profile *of =
			&f->profile[p->member[i].profile];
		struct lvl_fleet_place *at = &place[n];

		if (!p->member[i].active)
			continue;
		*at = (struct lvl_fleet_place){ .member = i };
		at->verdict = lvl_fleet_verdict(f, seen, p->member[i].profile);
		if (s->policy && of->known >> s->guest & 1) {
			(void)lvl_fits(s->policy, of->admits[s->guest],
				       count_finding, at);
			at->spare = spare(s->policy, of->offers[s->guest]);
		}
		n++;
	}
	if (n)
		qsort(place, n, sizeof(*place), better);
	return n;
}

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
	if (!c)
		c = compare(a->unreachable, b->unreachable);
	return c ? c : (a->member > b->member) - (a->member < b->member);
}

/* Hosts of one profile; what is said of those out of reach may be old. */
static void judge(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		  size_t seen, struct lvl_fleet_place *at)
{
	const struct lvl_fleet_seen *s = &f->seen[seen];
	size_t profile = p->member[at->member].profile;
	const struct lvl_fleet_profile *of = &f->profile[profile];

	at->verdict = lvl_fleet_verdict(f, seen, profile);
	if (at->unreachable && at->verdict == LVL_YES)
		at->verdict = LVL_UNKNOWN;
	if (!s->policy || !(of->known >> s->guest & 1))
		return;
	(void)lvl_fits(s->policy, of->admits[s->guest], count_finding, at);
	at->spare = lvl_fleet_more(of->offers[s->guest], s->policy);
}

size_t lvl_fleet_place(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		       size_t seen, struct lvl_fleet_place *place)
{
	size_t i, n = 0;
	unsigned away;

	for (i = 0; i < p->nr_members; i++)
		for (away = 0; away < 2; away++) {
			const struct lvl_fleet_member *m = &p->member[i];

			if (!(away ? m->unreachable : m->active))
				continue;
			place[n] = (struct lvl_fleet_place){
				.member = i,
				.unreachable = away,
			};
			judge(f, p, seen, &place[n++]);
		}
	if (n)
		qsort(place, n, sizeof(*place), better);
	return n;
}

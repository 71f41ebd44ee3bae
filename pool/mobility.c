/* SPDX-License-Identifier: MIT */
/* Where VMs may go. */
#include "fleet.h"

#include <stdlib.h>

void lvl_fleet_reach(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		     const struct lvl_fleet_group *g,
		     struct lvl_fleet_reach *reach)
{
	struct lvl_fleet_reach r = { 0 };
	int at_home = g->on == LVL_FLEET_NONE || g->on == LVL_FLEET_HOME;
	size_t i;

	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_member *m = &p->member[i];

		if (!m->active && !m->unreachable)
			continue;
		switch (lvl_fleet_verdict(f, g->seen, m->profile)) {
		case LVL_YES:
			r.homes += m->active;
			r.unsure += m->unreachable;
			at_home |= m->active && m->profile == g->on;
			break;
		case LVL_UNKNOWN:
			r.unsure += m->active + m->unreachable;
			break;
		case LVL_NO:
			break;
		}
	}
	r.others = r.homes - (r.homes && at_home);
	if (r.others)
		r.fate = LVL_FLEET_FREE;
	else if (r.unsure || (r.homes && g->on == LVL_FLEET_NONE))
		r.fate = LVL_FLEET_UNSURE;
	else
		r.fate = LVL_FLEET_STRANDED;
	*reach = r;
}

/* -- islands -------------------------------------------------------------- */

/* The least member of the island; paths get shorter on the way. */
static size_t root(size_t *up, size_t i)
{
	while (up[i] != i) {
		up[i] = up[up[i]];
		i = up[i];
	}
	return i;
}

static int admits(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		  const struct lvl_fleet_group *g, size_t member)
{
	return p->member[member].active &&
	       lvl_fleet_verdict(f, g->seen, p->member[member].profile) ==
		       LVL_YES;
}

/* All hosts that admit the group are one island; the least of them. */
static size_t join(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		   const struct lvl_fleet_group *g, size_t *up)
{
	size_t i, a, b, first = LVL_FLEET_NONE;

	for (i = 0; g->vms && i < p->nr_members; i++) {
		if (!admits(f, p, g, i))
			continue;
		if (first == LVL_FLEET_NONE)
			first = i;
		a = root(up, first);
		b = root(up, i);
		up[a > b ? a : b] = a < b ? a : b;
	}
	return first;
}

/* Some host of it can be reached, and has said what it is. */
static int is_land(const struct lvl_fleet *f, const struct lvl_fleet_member *m)
{
	const struct lvl_fleet_profile *of = &f->profile[m->profile];

	return m->active && (of->known | of->refused);
}

size_t lvl_fleet_islands(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
			 size_t *of_member, size_t *of_group)
{
	size_t i, n = 0;

	for (i = 0; i < p->nr_members; i++)
		of_member[i] = i;
	for (i = 0; i < p->nr_groups; i++)
		of_group[i] = join(f, p, &p->group[i], of_member);
	for (i = 0; i < p->nr_members; i++)
		of_member[i] = root(of_member, i);
	for (i = 0; i < p->nr_groups; i++)
		if (of_group[i] != LVL_FLEET_NONE)
			of_group[i] = of_member[of_group[i]];
	/* a root comes before what hangs on it: it has its number by then */
	for (i = 0; i < p->nr_members; i++)
		if (of_member[i] != i)
			of_member[i] = of_member[of_member[i]];
		else
			of_member[i] = is_land(f, &p->member[i])
					       ? n++
					       : LVL_FLEET_NONE;
	for (i = 0; i < p->nr_groups; i++)
		if (of_group[i] != LVL_FLEET_NONE)
			of_group[i] = of_member[of_group[i]];
	return n;
}

/* SPDX-License-Identifier: MIT */
/* What becomes of a pool and its VMs when hosts come, go or change. */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

int lvl_fleet_apply(struct lvl_fleet_pool *p, const struct lvl_fleet_change *c,
		    size_t nr)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < nr; i++) {
		int64_t n = c[i].hosts;

		if (c[i].from != LVL_FLEET_NONE)
			rc = lvl_fleet_pool_hosts(p, c[i].from,
						  c[i].unreachable ? 0 : -n,
						  c[i].unreachable ? -n : 0);
		if (!rc && c[i].to != LVL_FLEET_NONE)
			rc = lvl_fleet_pool_hosts(p, c[i].to, n, 0);
	}
	return rc;
}

/* -- effects -------------------------------------------------------------- */

/* The levels that VMs would boot at, by kind and vendor; there are few. */
struct levels {
	struct lvl_fleet_level *level;
	enum lvl_guest guest[LVL_NR_GUESTS * LVL_FLEET_VENDORS];
	unsigned nr;
};

/* Its own level, or what is set for it, which follows no host. */
static void boots_at(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		     enum lvl_guest guest, unsigned vendor,
		     struct lvl_fleet_level *l)
{
	lvl_fleet_level_for(f, p, guest, vendor, l);
	if (p->set && guest == p->guest &&
	    lvl_policy_vendor(p->set) == vendor) {
		l->rc = 0;
		l->unknown = 0;
		l->policy = *p->set;
	}
}

/* That of a kind and a vendor; read when it is first asked for. */
static const struct lvl_fleet_level *level_of(const struct lvl_fleet *f,
					      const struct lvl_fleet_pool *p,
					      enum lvl_guest guest,
					      unsigned vendor, struct levels *l)
{
	unsigned i;

	for (i = 0; i < l->nr; i++)
		if (l->guest[i] == guest && l->level[i].vendor == vendor)
			return &l->level[i];
	if (l->nr == LVL_COUNT(l->guest))
		return NULL;
	boots_at(f, p, guest, vendor, &l->level[i]);
	l->guest[i] = guest;
	l->nr++;
	return &l->level[i];
}

static void power_cycle(const struct lvl_fleet *f,
			const struct lvl_fleet_pool *p,
			const struct lvl_fleet_group *g, struct levels *l,
			struct lvl_fleet_turn *t)
{
	const struct lvl_fleet_seen *s = &f->seen[g->seen];
	const struct lvl_fleet_level *next;

	if (!s->policy)
		return;
	next = level_of(f, p, s->guest, lvl_policy_vendor(s->policy), l);
	if (!next || next->rc)
		return;
	t->gains = lvl_fleet_more(&next->policy, s->policy) != 0;
	t->loses = lvl_fleet_more(s->policy, &next->policy) != 0;
}

static void add_turn(struct lvl_fleet_effect *e, uint32_t vms,
		     struct lvl_fleet_turn *t)
{
	t->stranded = t->before.fate != LVL_FLEET_STRANDED &&
		      t->after.fate == LVL_FLEET_STRANDED;
	if (t->stranded)
		e->stranded += vms;
	else if (t->after.fate == LVL_FLEET_STRANDED)
		e->stuck += vms;
	else if (t->after.fate == LVL_FLEET_UNSURE &&
		 t->before.fate == LVL_FLEET_FREE)
		e->unsure += vms;
	e->gain += t->gains ? vms : 0;
	e->lose += t->loses ? vms : 0;
}

static int is_at_home(struct lvl_fleet *f, const struct lvl_fleet_group *g)
{
	return g->on < f->nr_profiles &&
	       lvl_fleet_verdict(f, g->seen, g->on) == LVL_YES;
}

int lvl_fleet_effect(struct lvl_fleet *f, const struct lvl_fleet_pool *before,
		     const struct lvl_fleet_pool *after,
		     struct lvl_fleet_effect *e)
{
	struct levels l = { .nr = 0 };
	size_t i;

	memset(e, 0, sizeof(*e));
	e->turn = calloc(before->nr_groups + 1, sizeof(*e->turn));
	l.level = calloc(LVL_COUNT(l.guest), sizeof(*l.level));
	if (!e->turn || !l.level) {
		free(l.level);
		lvl_fleet_effect_free(e);
		return -LVL_E_NO_MEMORY;
	}
	e->nr = before->nr_groups;
	for (i = 0; i < e->nr; i++) {
		const struct lvl_fleet_group *g = &before->group[i];
		struct lvl_fleet_group then = *g;

		if (g->then != LVL_FLEET_NONE || is_at_home(f, g))
			then.on = LVL_FLEET_HOME;
		lvl_fleet_reach(f, before, g, &e->turn[i].before);
		lvl_fleet_reach(f, after, &then, &e->turn[i].after);
		power_cycle(f, after, g, &l, &e->turn[i]);
		add_turn(e, g->vms, &e->turn[i]);
	}
	free(l.level);
	return 0;
}

void lvl_fleet_effect_free(struct lvl_fleet_effect *e)
{
	free(e->turn);
	memset(e, 0, sizeof(*e));
}

enum lvl_verdict lvl_fleet_way_back(const struct lvl_fleet *f,
				    const struct lvl_fleet_pool *after,
				    const struct lvl_fleet_change *c)
{
	const struct lvl_fleet_profile *was;
	struct lvl_fleet_level *l;
	enum lvl_verdict v = LVL_UNKNOWN;

	if (c->from == LVL_FLEET_NONE)
		return LVL_YES; /* who came can go again */
	was = &f->profile[c->from];
	if (was->refused >> after->guest & 1)
		return LVL_YES;
	l = malloc(sizeof(*l));
	if (l && was->known >> after->guest & 1) {
		boots_at(f, after, after->guest, was->vendor, l);
		l->unknown = 0; /* those hosts are no part of the change */
		v = l->rc == -LVL_E_EMPTY
			    ? LVL_YES
			    : lvl_fleet_boots(f, l, after->guest, c->from);
	}
	free(l);
	return v;
}

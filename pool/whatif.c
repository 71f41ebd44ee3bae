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

/* The levels that VMs would boot at, by vendor; there are few. */
struct levels {
	unsigned vendor[LVL_FLEET_VENDORS];
	struct lvl_fleet_level *level;
	unsigned nr;
};

static int read_levels(const struct lvl_fleet *f,
		       const struct lvl_fleet_pool *p, struct levels *l)
{
	unsigned i;

	l->nr = lvl_fleet_vendors(f, p, l->vendor);
	l->level = calloc(l->nr + 1u, sizeof(*l->level));
	if (!l->level)
		return -LVL_E_NO_MEMORY;
	for (i = 0; i < l->nr; i++)
		lvl_fleet_level(f, p, l->vendor[i], &l->level[i]);
	return 0;
}

/* Some feature of a that b has not. */
static int has_more(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i;

	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];

		if (a->v[w] & ~b->v[w] & lvl_masks[LVL_MASK_FEATURE][w])
			return 1;
	}
	return 0;
}

static void power_cycle(const struct lvl_fleet *f,
			const struct lvl_fleet_pool *p,
			const struct lvl_fleet_group *g, const struct levels *l,
			struct lvl_fleet_turn *t)
{
	const struct lvl_fleet_seen *s = &f->seen[g->seen];
	unsigned i, vendor;

	if (!s->policy || s->guest != p->guest)
		return;
	vendor = lvl_policy_vendor(s->policy);
	for (i = 0; i < l->nr; i++) {
		if (l->vendor[i] != vendor || l->level[i].rc)
			continue;
		t->gains = has_more(&l->level[i].policy, s->policy);
		t->loses = has_more(s->policy, &l->level[i].policy);
	}
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
	struct levels l;
	size_t i;

	memset(e, 0, sizeof(*e));
	e->turn = calloc(before->nr_groups + 1, sizeof(*e->turn));
	if (!e->turn)
		return -LVL_E_NO_MEMORY;
	if (read_levels(f, after, &l)) {
		lvl_fleet_effect_free(e);
		return -LVL_E_NO_MEMORY;
	}
	e->nr = before->nr_groups;
	for (i = 0; i < e->nr; i++) {
		const struct lvl_fleet_group *g = &before->group[i];
		struct lvl_fleet_group then = *g;

		if (is_at_home(f, g))
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
		lvl_fleet_level(f, after, was->vendor, l);
		v = l->rc == -LVL_E_EMPTY ? LVL_YES
		    : l->rc               ? LVL_UNKNOWN
			    : lvl_fits(&l->policy, was->admits[after->guest],
				       NULL, NULL);
	}
	free(l);
	return v;
}

/* SPDX-License-Identifier: MIT */
/*
 * In which order to change hosts.  Hosts change one after another, each empty
 * meanwhile; a VM that has a home must have one at every moment.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

struct ordering {
	struct lvl_fleet *f;
	const struct lvl_fleet_pool *p;
	const struct lvl_fleet_change *c;
	size_t nr;
	int64_t *homes; /* by group: active hosts that admit it now */
	uint8_t *needs; /* by group: it has a home at first */
	int8_t *loses;  /* change x group: 1: the hosts admit it before */
	int8_t *wins;   /* and after */
	size_t *order, *best;
	size_t nr_best; /* changes of the longest order that was found */
	uint8_t *done;
	size_t set;     /* those that are done, as bits */
	uint8_t *tried; /* by set: what follows does not do */
};

static int admits(struct ordering *o, size_t profile, size_t group)
{
	return profile != LVL_FLEET_NONE &&
	       lvl_fleet_verdict(o->f, o->p->group[group].seen, profile) ==
		       LVL_YES;
}

static void survey(struct ordering *o)
{
	size_t g, i, groups = o->p->nr_groups;

	for (g = 0; g < groups; g++) {
		struct lvl_fleet_reach r;

		lvl_fleet_reach(o->f, o->p, &o->p->group[g], &r);
		o->homes[g] = r.homes;
		o->needs[g] = r.homes && o->p->group[g].vms;
		for (i = 0; i < o->nr; i++) {
			o->loses[i * groups + g] = !o->c[i].unreachable &&
						   admits(o, o->c[i].from, g);
			o->wins[i * groups + g] =
				(int8_t)admits(o, o->c[i].to, g);
		}
	}
}

/*
 * Hosts of one change follow one another: the fewest homes a group has on the
 * way is with one of them empty, or with all of them changed.
 */
static int possible(const struct ordering *o, size_t i)
{
	size_t g, groups = o->p->nr_groups;
	int64_t n = o->c[i].hosts;

	for (g = 0; g < groups; g++) {
		int loses = o->loses[i * groups + g];
		int wins = o->wins[i * groups + g];
		int64_t least = o->homes[g];

		if (loses)
			least -= wins ? 1 : n;
		if (o->needs[g] && least < 1)
			return 0;
	}
	return 1;
}

static void change(struct ordering *o, size_t i, int64_t sign)
{
	size_t g, groups = o->p->nr_groups;
	int64_t n = sign * (int64_t)o->c[i].hosts;

	for (g = 0; g < groups; g++)
		o->homes[g] += n * (o->wins[i * groups + g] -
				    o->loses[i * groups + g]);
	o->done[i] = sign > 0;
	o->set ^= o->nr <= LVL_FLEET_EXACT ? (size_t)1 << i : 0;
}

/* It takes no group a home: to do it first is never wrong. */
static int harmless(const struct ordering *o, size_t i)
{
	size_t g, groups = o->p->nr_groups;

	for (g = 0; g < groups; g++)
		if (o->loses[i * groups + g] && !o->wins[i * groups + g])
			return 0;
	return 1;
}

/* The same change as an earlier one that is not done either. */
static int is_twin(const struct ordering *o, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!o->done[k] && o->c[k].from == o->c[i].from &&
		    o->c[k].to == o->c[i].to &&
		    o->c[k].hosts == o->c[i].hosts &&
		    o->c[k].unreachable == o->c[i].unreachable)
			return 1;
	return 0;
}

static void keep_best(struct ordering *o, size_t at)
{
	if (at <= o->nr_best && o->nr_best)
		return;
	memcpy(o->best, o->order, at * sizeof(*o->best));
	o->nr_best = at;
}

/*
 * All harmless ones first, then each other in turn; 1: all are in order.  How
 * things are depends on what is done, not on the order in which it was.
 */
static int search(struct ordering *o, size_t at, int exact)
{
	size_t i, pass, from = at;

	for (pass = 0; pass < o->nr; pass++)
		for (i = 0; i < o->nr; i++)
			if (!o->done[i] && harmless(o, i) && possible(o, i)) {
				change(o, i, 1);
				o->order[at++] = i;
			}
	keep_best(o, at);
	if (exact && o->tried[o->set])
		goto back;
	if (exact)
		o->tried[o->set] = 1;
	for (i = 0; at < o->nr && i < o->nr; i++) {
		if (o->done[i] || is_twin(o, i) || !possible(o, i))
			continue;
		change(o, i, 1);
		o->order[at] = i;
		if (search(o, at + 1, exact) || !exact)
			return o->nr_best == o->nr;
		change(o, i, -1);
	}
	if (at == o->nr)
		return 1;
back:
	while (at > from)
		change(o, o->order[--at], -1);
	return 0;
}

static int prepare(struct ordering *o)
{
	size_t groups = o->p->nr_groups + 1;

	o->homes = calloc(groups, sizeof(*o->homes));
	o->needs = calloc(groups, 1);
	o->loses = calloc(groups, o->nr + 1);
	o->wins = calloc(groups, o->nr + 1);
	o->order = calloc(o->nr + 1, sizeof(*o->order));
	o->done = calloc(o->nr + 1, 1);
	o->tried = calloc((size_t)1 << LVL_FLEET_EXACT, 1);
	return o->homes && o->needs && o->loses && o->wins && o->order &&
			       o->done && o->tried
		       ? 0
		       : -LVL_E_NO_MEMORY;
}

/* The rest, in the order in which it was asked for. */
static size_t append_blocked(struct ordering *o)
{
	size_t i, k, n = o->nr_best;

	memset(o->done, 0, o->nr);
	for (k = 0; k < o->nr_best; k++)
		o->done[o->best[k]] = 1;
	for (i = 0; i < o->nr; i++)
		if (!o->done[i])
			o->best[n++] = i;
	return o->nr - o->nr_best;
}

int lvl_fleet_order(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		    const struct lvl_fleet_change *c, size_t nr, size_t *order,
		    size_t *nr_blocked, int *exact)
{
	struct ordering o = {
		.f = f,
		.p = p,
		.c = c,
		.nr = nr,
		.best = order,
	};
	int rc = prepare(&o);

	if (!rc) {
		survey(&o);
		*exact = nr <= LVL_FLEET_EXACT;
		if (search(&o, 0, *exact))
			*exact = 1;
		*nr_blocked = append_blocked(&o);
	}
	free(o.homes);
	free(o.needs);
	free(o.loses);
	free(o.wins);
	free(o.order);
	free(o.done);
	free(o.tried);
	return rc;
}

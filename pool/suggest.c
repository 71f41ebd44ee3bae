/* SPDX-License-Identifier: MIT */
/*
 * Sub-pools that keep most: which hosts should share a level?
 *
 * Branch and bound over the distinct policies of a pool.  A level only loses
 * features as hosts come in, so that what a part has now is a bound on what
 * it will have; parts are compared by their members, and no set of members is
 * levelled twice.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS 64 /* a set of them is a word */

struct item {
	size_t id; /* members that give guests the same share one */
	const struct lvl_policy *policy;
	uint32_t hosts;
	unsigned features;
};

struct part {
	uint64_t items;
	uint32_t hosts;
	unsigned features;
};

struct known {
	uint64_t items; /* 0: a free slot */
	int features;   /* -1: no level */
};

struct searching {
	struct item item[ITEMS];
	unsigned nr;
	unsigned parts;
	uint32_t homes;
	uint64_t effort; /* levels that may still be read */
	struct known *known;
	size_t slots;
	struct part now[LVL_FLEET_PARTS], best[LVL_FLEET_PARTS];
	unsigned nr_now, nr_best;
	uint64_t value; /* of the best */
	int stopped;
};

static unsigned bits(uint32_t v)
{
	unsigned n;

	for (n = 0; v; n++)
		v &= v - 1;
	return n;
}

static unsigned count_features(const struct lvl_policy *p)
{
	unsigned i, n = 0;

	for (i = 0; i < lvl_nr_ordered; i++)
		n += bits(p->v[lvl_ordered[i]] &
			  lvl_masks[LVL_MASK_FEATURE][lvl_ordered[i]]);
	return n;
}

static int read_level(const struct searching *s, uint64_t items,
		      struct lvl_policy *level)
{
	struct lvl_fold fold;
	unsigned i;

	lvl_fold_init(&fold);
	for (i = 0; i < s->nr; i++)
		if (items >> i & 1)
			lvl_fold_add(&fold, s->item[i].policy);
	return lvl_fold_read(&fold, level, NULL, NULL);
}

/* How many features the level of these has; -1: none, or no more effort. */
static int features_of(struct searching *s, uint64_t items)
{
	size_t at = (items * 0x9e3779b97f4a7c15u) >> 20 & (s->slots - 1);
	struct lvl_policy level;

	while (s->known[at].items && s->known[at].items != items)
		at = (at + 1) & (s->slots - 1);
	if (s->known[at].items)
		return s->known[at].features;
	if (!s->effort) {
		s->stopped = 1;
		return -1;
	}
	s->effort--;
	s->known[at].items = items;
	s->known[at].features =
		read_level(s, items, &level) ? -1 : (int)count_features(&level);
	return s->known[at].features;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* No way to go on from here can be worth more. */
static uint64_t bound(const struct searching *s, unsigned at)
{
	uint64_t sum = 0;
	unsigned i, b;

	for (b = 0; b < s->nr_now; b++)
		sum += (uint64_t)s->now[b].hosts * s->now[b].features;
	for (i = at; i < s->nr; i++) {
		unsigned most = s->nr_now < s->parts ? s->item[i].features : 0;

		for (b = 0; b < s->nr_now; b++) {
			unsigned in =
				least(s->now[b].features, s->item[i].features);

			if (in > most)
				most = in;
		}
		sum += (uint64_t)s->item[i].hosts * most;
	}
	return sum;
}

/* Are there hosts enough left for those parts that are too small? */
static int enough_hosts(const struct searching *s, unsigned at)
{
	uint64_t left = 0, needed = 0;
	unsigned i;

	for (i = at; i < s->nr; i++)
		left += s->item[i].hosts;
	for (i = 0; i < s->nr_now; i++)
		if (s->now[i].hosts < s->homes)
			needed += s->homes - s->now[i].hosts;
	return left >= needed;
}

static void search(struct searching *s, unsigned at);

/* Item `at` into part b, and on. */
static void into(struct searching *s, unsigned at, unsigned b)
{
	struct part was = s->now[b];
	unsigned nr = s->nr_now;
	int features;

	if (b == nr) {
		memset(&was, 0, sizeof(was));
		s->now[b] = was;
		s->nr_now++;
	}
	features = features_of(s, was.items | UINT64_C(1) << at);
	if (features >= 0) {
		s->now[b].items |= UINT64_C(1) << at;
		s->now[b].hosts += s->item[at].hosts;
		s->now[b].features = (unsigned)features;
		search(s, at + 1);
	}
	s->now[b] = was;
	s->nr_now = nr;
}

/* What all hosts are worth after item `at` went into part b; -1: it cannot. */
static int64_t worth(struct searching *s, unsigned at, unsigned b)
{
	static const struct part none;
	const struct part *p = b < s->nr_now ? &s->now[b] : &none;
	int features = features_of(s, p->items | UINT64_C(1) << at);

	if (features < 0)
		return -1;
	return (int64_t)(p->hosts + s->item[at].hosts) * features -
	       (int64_t)p->hosts * p->features + (INT64_C(1) << 40);
}

/* The most promising part first: where it must stop, that much is done. */
static void branch(struct searching *s, unsigned at)
{
	unsigned n = s->nr_now + (s->nr_now < s->parts), b, best;
	int64_t value[LVL_FLEET_PARTS + 1];

	for (b = 0; b < n; b++)
		value[b] = worth(s, at, b);
	for (;;) {
		for (b = best = 0; b < n; b++)
			if (value[b] > value[best])
				best = b;
		if (value[best] < 0)
			return;
		value[best] = -1;
		into(s, at, best);
	}
}

static void search(struct searching *s, unsigned at)
{
	uint64_t most = bound(s, at);

	if (s->nr_best &&
	    (most < s->value || (most == s->value && s->nr_now >= s->nr_best)))
		return;
	if (!enough_hosts(s, at))
		return;
	if (at == s->nr) {
		memcpy(s->best, s->now, sizeof(s->best));
		s->nr_best = s->nr_now;
		s->value = most;
		return;
	}
	if (!s->stopped || !s->nr_best)
		branch(s, at);
}

/* -- the question --------------------------------------------------------- */

/* Many hosts with many features first: they decide most. */
static int heavier(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	uint64_t wa = (uint64_t)a->hosts * a->features;
	uint64_t wb = (uint64_t)b->hosts * b->features;

	if (wa != wb)
		return wa > wb ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int same_offer(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i, w;

	for (i = 0; i < lvl_nr_ordered; i++) {
		w = lvl_ordered[i];
		if (a->v[w] != b->v[w] || a->k[w] != b->k[w])
			return 0;
	}
	return 1;
}

static int add_hosts(struct searching *s, const struct lvl_policy *policy,
		     uint32_t hosts, size_t *id)
{
	unsigned i;

	for (i = 0; i < s->nr; i++)
		if (same_offer(s->item[i].policy, policy)) {
			s->item[i].hosts += hosts;
			*id = i;
			return 0;
		}
	if (s->nr == ITEMS)
		return -LVL_E_TOO_BIG;
	s->item[s->nr] = (struct item){
		.id = s->nr,
		.policy = policy,
		.hosts = hosts,
		.features = count_features(policy),
	};
	*id = s->nr++;
	return 0;
}

/* What there is to divide; part receives the item of each member. */
static int collect(struct searching *s, const struct lvl_fleet *f,
		   const struct lvl_fleet_pool *p, size_t *part)
{
	size_t i;

	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_member *m = &p->member[i];
		const struct lvl_fleet_profile *of = &f->profile[m->profile];
		uint32_t hosts = m->active + m->unreachable;
		int rc;

		part[i] = LVL_FLEET_NONE;
		if (!hosts || of->refused >> p->guest & 1)
			continue;
		if (!(of->known >> p->guest & 1))
			return -LVL_E_INVALID;
		rc = add_hosts(s, of->offers[p->guest], hosts, &part[i]);
		if (rc)
			return rc;
	}
	qsort(s->item, s->nr, sizeof(s->item[0]), heavier);
	return s->nr ? 0 : -LVL_E_CONFLICT;
}

static void read_whole(struct searching *s, struct lvl_fleet_split *split)
{
	uint64_t all =
		s->nr == ITEMS ? ~UINT64_C(0) : (UINT64_C(1) << s->nr) - 1;
	int features = features_of(s, all);
	unsigned i;

	for (i = 0; features > 0 && i < s->nr; i++)
		split->whole += (uint64_t)s->item[i].hosts * (unsigned)features;
}

static void tell(const struct searching *s, struct lvl_fleet_split *split,
		 size_t members)
{
	size_t of[ITEMS], m;
	unsigned b, i;

	for (b = 0; b < s->nr_best; b++) {
		split->of[b].hosts = s->best[b].hosts;
		split->of[b].features = s->best[b].features;
		(void)read_level(s, s->best[b].items, &split->of[b].level);
		for (i = 0; i < s->nr; i++)
			if (s->best[b].items >> i & 1)
				of[s->item[i].id] = b;
	}
	for (m = 0; m < members; m++)
		if (split->part[m] != LVL_FLEET_NONE)
			split->part[m] = of[split->part[m]];
	split->nr_parts = s->nr_best;
	split->value = s->value;
	split->exact = !s->stopped;
}

static size_t slots_for(uint64_t effort)
{
	size_t slots = 256;

	while (slots < 2 * effort)
		slots *= 2;
	return slots;
}

int lvl_fleet_suggest(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		      unsigned parts, uint32_t homes, uint64_t effort,
		      struct lvl_fleet_split *split)
{
	struct searching *s = calloc(1, sizeof(*s));
	int rc = -LVL_E_NO_MEMORY;

	memset(split, 0, sizeof(*split));
	split->part = calloc(p->nr_members + 1, sizeof(*split->part));
	if (s) {
		s->slots = slots_for(effort);
		s->known = calloc(s->slots, sizeof(*s->known));
	}
	if (s && s->known && split->part) {
		s->parts = parts < LVL_FLEET_PARTS ? parts : LVL_FLEET_PARTS;
		s->homes = homes;
		s->effort = effort;
		rc = collect(s, f, p, split->part);
	}
	if (!rc) {
		read_whole(s, split);
		search(s, 0);
		if (!s->nr_best)
			rc = s->stopped ? -LVL_E_TOO_BIG : -LVL_E_CONFLICT;
		else
			tell(s, split, p->nr_members);
	}
	if (s)
		free(s->known);
	free(s);
	if (rc)
		lvl_fleet_split_free(split);
	return rc;
}

void lvl_fleet_split_free(struct lvl_fleet_split *split)
{
	free(split->part);
	memset(split, 0, sizeof(*split));
}

/* SPDX-License-Identifier: MIT */
/*
 * Sub-pools that keep most, by branch and bound over the distinct policies.  A
 * level only loses features as hosts come in, so that what a part has now is a
 * bound on what it will have; parts are compared by their members, and no set
 * of members is levelled twice.
 */
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

struct part {
	uint64_t items; /* a set of them is a word */
	uint64_t hosts, homes;
	unsigned features;
};

struct known {
	uint64_t items; /* 0: a free slot */
	int features;   /* -1: no level */
};

struct searching {
	struct suggest *s;
	struct known *known;
	size_t slots;
	struct part now[LVL_FLEET_PARTS];
	unsigned nr_now;
	int stopped;
};

/* How many features the level of these has; -1: none, or no more effort. */
static int features_of(struct searching *x, uint64_t items)
{
	size_t at = (items * 0x9e3779b97f4a7c15u) >> 20 & (x->slots - 1);
	uint8_t of[LVL_FLEET_DIVIDED];
	struct lvl_policy level;
	size_t i;

	while (x->known[at].items && x->known[at].items != items)
		at = (at + 1) & (x->slots - 1);
	if (x->known[at].items)
		return x->known[at].features;
	if (!x->s->effort) {
		x->stopped = 1;
		return -1;
	}
	x->s->effort--;
	for (i = 0; i < x->s->nr; i++)
		of[i] = items >> i & 1;
	x->known[at].items = items;
	x->known[at].features = suggest_level(x->s, of, 1, &level)
					? -1
					: (int)lvl_fleet_more(&level, NULL);
	return x->known[at].features;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* No way to go on from here can be worth more. */
static uint64_t bound(const struct searching *x, size_t at)
{
	uint64_t sum = 0;
	unsigned b;
	size_t i;

	for (b = 0; b < x->nr_now; b++)
		sum += x->now[b].hosts * x->now[b].features;
	for (i = at; i < x->s->nr; i++) {
		const struct suggest_item *it = &x->s->item[i];
		unsigned most = x->nr_now < x->s->parts ? it->features : 0;

		for (b = 0; b < x->nr_now; b++) {
			unsigned in = least(x->now[b].features, it->features);

			if (in > most)
				most = in;
		}
		sum += (uint64_t)it->hosts * most;
	}
	return sum;
}

/* Are there homes enough left for those parts that are too small? */
static int enough_homes(const struct searching *x, size_t at)
{
	uint64_t left = 0, needed = 0;
	size_t i;

	for (i = at; i < x->s->nr; i++)
		left += x->s->item[i].homes;
	for (i = 0; i < x->nr_now; i++)
		if (x->now[i].homes < x->s->homes)
			needed += x->s->homes - x->now[i].homes;
	return left >= needed;
}

static void search(struct searching *x, size_t at);

/* Item `at` into part b, and on. */
static void into(struct searching *x, size_t at, unsigned b)
{
	struct part was = x->now[b];
	unsigned nr = x->nr_now;
	int features;

	if (b == nr) {
		memset(&was, 0, sizeof(was));
		x->now[b] = was;
		x->nr_now++;
	}
	features = features_of(x, was.items | UINT64_C(1) << at);
	if (features >= 0) {
		x->now[b].items |= UINT64_C(1) << at;
		x->now[b].hosts += x->s->item[at].hosts;
		x->now[b].homes += x->s->item[at].homes;
		x->now[b].features = (unsigned)features;
		search(x, at + 1);
	}
	x->now[b] = was;
	x->nr_now = nr;
}

/* What all hosts are worth after item `at` went into part b; -1: it cannot. */
static int64_t worth(struct searching *x, size_t at, unsigned b)
{
	static const struct part none;
	const struct part *p = b < x->nr_now ? &x->now[b] : &none;
	int features = features_of(x, p->items | UINT64_C(1) << at);

	if (features < 0)
		return -1;
	return (int64_t)(p->hosts + x->s->item[at].hosts) * features -
	       (int64_t)p->hosts * p->features + (INT64_C(1) << 40);
}

/* The most promising part first: where it must stop, that much is done. */
static void branch(struct searching *x, size_t at)
{
	unsigned n = x->nr_now + (x->nr_now < x->s->parts), b, best;
	int64_t value[LVL_FLEET_PARTS + 1];

	for (b = 0; b < n; b++)
		value[b] = worth(x, at, b);
	for (;;) {
		for (b = best = 0; b < n; b++)
			if (value[b] > value[best])
				best = b;
		if (value[best] < 0)
			return;
		value[best] = -1;
		into(x, at, best);
	}
}

static void keep_best(struct searching *x, uint64_t value)
{
	unsigned b;
	size_t i;

	for (b = 0; b < x->nr_now; b++)
		for (i = 0; i < x->s->nr; i++)
			if (x->now[b].items >> i & 1)
				x->s->best[i] = (uint8_t)b;
	x->s->nr_best = x->nr_now;
	x->s->value = value;
}

static void search(struct searching *x, size_t at)
{
	uint64_t most = bound(x, at);

	if (x->s->nr_best &&
	    (most < x->s->value ||
	     (most == x->s->value && x->nr_now >= x->s->nr_best)))
		return;
	if (!enough_homes(x, at))
		return;
	if (at == x->s->nr)
		keep_best(x, most);
	else if (!x->stopped || !x->s->nr_best)
		branch(x, at);
}

static size_t slots_for(uint64_t effort)
{
	size_t slots = 256;

	while (slots < 2 * effort)
		slots *= 2;
	return slots;
}

int suggest_search(struct suggest *s)
{
	struct searching x = { .s = s, .slots = slots_for(s->effort) };

	x.known = calloc(x.slots, sizeof(*x.known));
	if (!x.known)
		return -LVL_E_NO_MEMORY;
	search(&x, 0);
	s->proven = !x.stopped;
	free(x.known);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Sub-pools that keep most, by branch and bound over the distinct policies.  A
 * part loses features as hosts come in, so that what all of it have now is a
 * bound on what its level will have.  Levels are read of whole divisions only,
 * and of no set of members twice.
 */
#include "suggest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct part {
	uint64_t items; /* a set of them is a word */
	uint64_t hosts, homes;
	unsigned features; /* of its level at most: what all have */
	size_t kind;
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
	size_t order[LVL_FLEET_DIVIDED]; /* which item comes when */
	size_t kind[LVL_FLEET_DIVIDED];  /* those with a level in common */
	uint32_t *has;  /* capabilities: of the parts, and below of each item
			   as its part was before it */
	unsigned *peer; /* by item: the most in common with another one */
	uint64_t work;  /* comparisons of an item with a part that are left */
	int stopped;
};

static uint32_t *row(const struct searching *x, size_t i)
{
	return &x->has[i * x->s->words];
}

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

/* The most that hosts of this item give as a member of a part with others. */
static unsigned in_company(const struct searching *x, size_t item)
{
	const uint32_t *has = &x->s->has[item * x->s->words];
	unsigned most = x->nr_now < x->s->parts ? x->peer[item] : 0, b;

	for (b = 0; b < x->nr_now; b++) {
		unsigned in;

		if (least(x->now[b].features, x->s->item[item].features) <=
		    most)
			continue;
		in = least(x->now[b].features,
			   suggest_common(x->s, row(x, b), has));
		if (in > most)
			most = in;
	}
	return most;
}

/* Of what some items gain by a part of their own, the greatest few. */
static void keep_greatest(uint64_t *gain, unsigned n, uint64_t is)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (is > gain[i]) {
			uint64_t was = gain[i];

			gain[i] = is;
			is = was;
		}
}

/*
 * No way to go on from here can be worth more: parts keep what they have,
 * items get the most that they could share with any other, and as many as
 * there are parts left are alone.
 */
static uint64_t bound(const struct searching *x, size_t at)
{
	unsigned alone = x->s->parts - x->nr_now, b, most;
	uint64_t gain[LVL_FLEET_PARTS] = { 0 }, sum = 0;
	size_t i;

	for (b = 0; b < x->nr_now; b++)
		sum += x->now[b].hosts * x->now[b].features;
	for (i = at; i < x->s->nr; i++) {
		const struct suggest_item *it = &x->s->item[x->order[i]];

		most = in_company(x, x->order[i]);
		sum += (uint64_t)it->hosts * most;
		if (it->features > most)
			keep_greatest(gain, alone,
				      (uint64_t)it->hosts *
					      (it->features - most));
	}
	for (b = 0; b < alone; b++)
		sum += gain[b];
	return sum;
}

/* Are there homes enough left for those parts that are too small? */
static int enough_homes(const struct searching *x, size_t at)
{
	uint64_t left = 0, needed = 0;
	size_t i;

	for (i = at; i < x->s->nr; i++)
		left += x->s->item[x->order[i]].homes;
	for (i = 0; i < x->nr_now; i++)
		if (x->now[i].homes < x->s->homes)
			needed += x->s->homes - x->now[i].homes;
	return left >= needed;
}

static void search(struct searching *x, size_t at);

/* The item whose turn is `at` into part b, and on. */
static void into(struct searching *x, size_t at, unsigned b)
{
	const size_t item = x->order[at];
	struct part was = x->now[b];
	uint32_t *has = row(x, b), *saved = row(x, LVL_FLEET_PARTS + at);
	unsigned nr = x->nr_now, w;

	if (b == nr) {
		memset(&was, 0, sizeof(was));
		memset(has, 0xff, x->s->words * sizeof(*has));
		x->now[b] = was;
		x->nr_now++;
	}
	memcpy(saved, has, x->s->words * sizeof(*has));
	if (!was.items || x->kind[item] == was.kind) {
		for (w = 0; w < x->s->words; w++)
			has[w] &= x->s->has[item * x->s->words + w];
		x->now[b].items |= UINT64_C(1) << item;
		x->now[b].hosts += x->s->item[item].hosts;
		x->now[b].homes += x->s->item[item].homes;
		x->now[b].kind = x->kind[item];
		x->now[b].features = suggest_count(x->s, has);
		search(x, at + 1);
	}
	memcpy(has, saved, x->s->words * sizeof(*has));
	x->now[b] = was;
	x->nr_now = nr;
}

/* What all hosts are worth at most after that item went into part b. */
static int64_t worth(const struct searching *x, size_t item, unsigned b)
{
	const struct suggest_item *it = &x->s->item[item];
	const struct part *p = &x->now[b];
	unsigned features;

	if (b == x->nr_now)
		return (int64_t)it->hosts * it->features;
	features = least(p->features,
			 suggest_common(x->s, row(x, b),
					&x->s->has[item * x->s->words]));
	return (int64_t)(p->hosts + it->hosts) * features -
	       (int64_t)p->hosts * p->features;
}

/* The most promising part first: where it must stop, that much is done. */
static void branch(struct searching *x, size_t at)
{
	unsigned n = x->nr_now + (x->nr_now < x->s->parts), b, best, done;
	int64_t value[LVL_FLEET_PARTS + 1];

	for (b = 0; b < n; b++)
		value[b] = worth(x, x->order[at], b);
	for (done = 0; done < n; done++) {
		for (b = best = 0; b < n; b++)
			if (value[b] > value[best])
				best = b;
		value[best] = INT64_MIN;
		into(x, at, best);
	}
}

/* What all hosts are worth by the levels of the parts; 0: one has none. */
static uint64_t value_of(struct searching *x)
{
	uint64_t sum = 0;
	unsigned b;

	for (b = 0; b < x->nr_now; b++) {
		int features = features_of(x, x->now[b].items);

		if (features < 0)
			return 0;
		sum += x->now[b].hosts * (unsigned)features;
	}
	return sum;
}

static void keep_best(struct searching *x)
{
	uint64_t value = value_of(x);
	unsigned b;
	size_t i;

	if (!value || value < x->s->value ||
	    (value == x->s->value && x->s->nr_best &&
	     x->nr_now >= x->s->nr_best))
		return;

	for (b = 0; b < x->nr_now; b++)
		for (i = 0; i < x->s->nr; i++)
			if (x->now[b].items >> i & 1)
				x->s->best[i] = (uint8_t)b;
	x->s->nr_best = x->nr_now;
	x->s->value = value;
}

static void search(struct searching *x, size_t at)
{
	uint64_t most, work = (x->s->nr - at + 1) * (x->nr_now + 1);

	if (x->work < work) {
		x->stopped = 1;
		return;
	}
	x->work -= work;
	most = bound(x, at);
	if (x->s->nr_best &&
	    (most < x->s->value ||
	     (most == x->s->value && x->nr_now >= x->s->nr_best)))
		return;
	if (!enough_homes(x, at))
		return;
	if (at == x->s->nr)
		keep_best(x);
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

static void find_kinds(struct searching *x)
{
	size_t i, k;

	for (i = 0; i < x->s->nr; i++) {
		for (k = 0; k < i; k++)
			if (x->kind[k] == k &&
			    features_of(x, UINT64_C(1) << k |
						   UINT64_C(1) << i) >= 0)
				break;
		x->kind[i] = k;
	}
}

static void find_peers(struct searching *x)
{
	const struct suggest *s = x->s;
	size_t i, k;

	for (i = 0; i < s->nr; i++)
		for (k = 0; k < s->nr; k++) {
			unsigned in = suggest_common(s, &s->has[i * s->words],
						     &s->has[k * s->words]);

			if (k != i && in > x->peer[i])
				x->peer[i] = in;
		}
}

/*
 * Next what is most unlike all before it, beginning with what has least: so
 * parts soon have no more than they will have, and bounds are close.
 */
static void find_order(struct searching *x)
{
	const struct suggest *s = x->s;
	unsigned far[LVL_FLEET_DIVIDED]; /* features; 0: it has its place */
	size_t at, i, next = 0;

	for (i = 0; i < s->nr; i++) {
		far[i] = UINT_MAX;
		if (s->item[i].features < s->item[next].features)
			next = i;
	}
	for (at = 0; at < s->nr; at++) {
		const uint32_t *has = &s->has[next * s->words];

		x->order[at] = next;
		far[next] = 0;
		for (i = 0; i < s->nr; i++) {
			unsigned d = s->item[i].features +
				     s->item[next].features + 1 -
				     2 * suggest_common(
						 s, &s->has[i * s->words], has);

			if (d < far[i])
				far[i] = d;
		}
		for (i = 0; i < s->nr; i++)
			if (far[i] > far[next])
				next = i;
	}
}

int suggest_search(struct suggest *s)
{
	struct searching x = {
		.s = s,
		.slots = slots_for(s->effort),
		.work = 4000 * s->effort,
	};
	int rc = -LVL_E_NO_MEMORY;

	x.known = calloc(x.slots, sizeof(*x.known));
	x.has = calloc((LVL_FLEET_PARTS + s->nr) * s->words, sizeof(*x.has));
	x.peer = calloc(s->nr, sizeof(*x.peer));
	if (x.known && x.has && x.peer) {
		find_peers(&x);
		find_kinds(&x);
		find_order(&x);
		search(&x, 0);
		s->proven = !x.stopped;
		rc = 0;
	}
	free(x.known);
	free(x.has);
	free(x.peer);
	return rc;
}

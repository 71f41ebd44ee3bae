/* SPDX-License-Identifier: MIT */
/*
 * Sub-pools of many different policies.  Clusters grow from single items: the
 * two that lose least by a common level become one.  What a level loses is
 * taken from the capabilities that all have; requirements may take more, so
 * the worth of the division is read from its levels at the end.
 */
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

#define NONE ((size_t)-1)
#define ROUNDS 8 /* of moving single items */

struct cluster {
	uint64_t hosts, homes;
	unsigned features;
	size_t kind;    /* an item with which it can have a level */
	size_t nearest; /* the cluster to join; NONE: there is none */
	uint64_t loss;  /* by that */
	int gone;
};

struct merging {
	struct suggest *s;
	struct cluster *c;
	size_t left;          /* clusters */
	size_t *of;           /* by item: its cluster */
	uint32_t *has, *some; /* capabilities: by cluster; of some items */
	unsigned words;
};

static uint32_t *row(const struct merging *m, size_t i)
{
	return &m->has[i * m->words];
}

/* Have they a level at all?  What stands in the way is what must be equal. */
static int have_level(const struct lvl_policy *a, const struct lvl_policy *b)
{
	struct lvl_policy level;
	struct lvl_fold fold;

	lvl_fold_init(&fold);
	lvl_fold_add(&fold, a);
	lvl_fold_add(&fold, b);
	return !lvl_fold_read(&fold, &level, NULL, NULL);
}

static size_t kind_of(const struct merging *m, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (m->c[k].kind == k &&
		    have_level(m->s->item[k].policy, m->s->item[i].policy))
			break;
	return k;
}

static uint64_t loss_of(const struct merging *m, size_t a, size_t b)
{
	const struct cluster *x = &m->c[a], *y = &m->c[b];

	return x->hosts * x->features + y->hosts * y->features -
	       (x->hosts + y->hosts) *
		       suggest_common(m->s, row(m, a), row(m, b));
}

static void find_nearest(struct merging *m, size_t i)
{
	struct cluster *x = &m->c[i];
	size_t k;

	x->nearest = NONE;
	for (k = 0; k < m->s->nr; k++) {
		uint64_t loss;

		if (k == i || m->c[k].gone || m->c[k].kind != x->kind)
			continue;
		loss = loss_of(m, i, k);
		if (x->nearest != NONE && loss >= x->loss)
			continue;
		x->nearest = k;
		x->loss = loss;
	}
}

/* b becomes part of a. */
static void join(struct merging *m, size_t a, size_t b)
{
	struct cluster *x = &m->c[a], *y = &m->c[b];
	unsigned w;
	size_t i;

	for (w = 0; w < m->words; w++)
		row(m, a)[w] &= row(m, b)[w];
	x->hosts += y->hosts;
	x->homes += y->homes;
	x->features = suggest_count(m->s, row(m, a));
	y->gone = 1;
	m->left--;
	for (i = 0; i < m->s->nr; i++)
		if (m->of[i] == b)
			m->of[i] = a;
	for (i = 0; i < m->s->nr; i++)
		if (!m->c[i].gone &&
		    (i == a || m->c[i].nearest == a || m->c[i].nearest == b))
			find_nearest(m, i);
		else if (!m->c[i].gone && m->c[i].kind == x->kind &&
			 loss_of(m, i, a) < m->c[i].loss) {
			m->c[i].nearest = a;
			m->c[i].loss = loss_of(m, i, a);
		}
}

/* The next to be joined to its nearest; NONE: that will do, or nothing does. */
static size_t next(const struct merging *m)
{
	size_t i, best = NONE, small = NONE;

	for (i = 0; i < m->s->nr; i++) {
		const struct cluster *x = &m->c[i];

		if (x->gone || x->nearest == NONE)
			continue;
		if (best == NONE || x->loss < m->c[best].loss)
			best = i;
		if (x->homes < m->s->homes &&
		    (small == NONE || x->homes < m->c[small].homes))
			small = i;
	}
	if (best != NONE && (m->left > m->s->parts || !m->c[best].loss))
		return best;
	return small;
}

/* -- single items to other clusters --------------------------------------- */

/* What all of a cluster but one item have. */
static unsigned without(struct merging *m, size_t cluster, size_t item)
{
	unsigned w;
	size_t i;

	memset(m->some, 0xff, m->words * sizeof(*m->some));
	for (i = 0; i < m->s->nr; i++)
		for (w = 0; m->of[i] == cluster && i != item && w < m->words;
		     w++)
			m->some[w] &= m->s->has[i * m->words + w];
	return suggest_count(m->s, m->some);
}

/* To where it gains most; 1: it went. */
static int move_item(struct merging *m, size_t item)
{
	struct cluster *from = &m->c[m->of[item]], *x;
	const struct suggest_item *it = &m->s->item[item];
	const uint32_t *has = &m->s->has[item * m->words];
	size_t k, best = NONE;
	unsigned left, w;
	uint64_t now, most = 0;

	if (from->hosts == it->hosts || from->homes - it->homes < m->s->homes)
		return 0;
	left = without(m, m->of[item], item);
	for (k = 0; k < m->s->nr; k++) {
		x = &m->c[k];
		if (x->gone || x == from || x->kind != from->kind)
			continue;
		now = (from->hosts - it->hosts) * left +
		      (x->hosts + it->hosts) *
			      suggest_common(m->s, row(m, k), has);
		if (now <= from->hosts * from->features +
				    x->hosts * x->features ||
		    now - x->hosts * x->features <= most)
			continue;
		most = now - x->hosts * x->features;
		best = k;
	}
	if (best == NONE)
		return 0;
	x = &m->c[best];
	memcpy(row(m, m->of[item]), m->some, m->words * sizeof(*m->some));
	from->hosts -= it->hosts;
	from->homes -= it->homes;
	from->features = left;
	for (w = 0; w < m->words; w++)
		row(m, best)[w] &= has[w];
	x->hosts += it->hosts;
	x->homes += it->homes;
	x->features = suggest_count(m->s, row(m, best));
	m->of[item] = best;
	return 1;
}

/* -- the division --------------------------------------------------------- */

static int prepare(struct merging *m)
{
	size_t nr = m->s->nr, i;

	m->words = m->s->words;
	m->c = calloc(nr, sizeof(*m->c));
	m->of = calloc(nr, sizeof(*m->of));
	m->has = calloc(nr * m->words, sizeof(*m->has));
	m->some = calloc(m->words, sizeof(*m->some));
	if (!m->c || !m->of || !m->has || !m->some)
		return -LVL_E_NO_MEMORY;
	memcpy(m->has, m->s->has, nr * m->words * sizeof(*m->has));
	for (i = 0; i < nr; i++) {
		m->c[i].hosts = m->s->item[i].hosts;
		m->c[i].homes = m->s->item[i].homes;
		m->c[i].features = suggest_count(m->s, row(m, i));
		m->c[i].kind = kind_of(m, i);
		m->of[i] = i;
	}
	for (i = 0; i < nr; i++)
		find_nearest(m, i);
	m->left = nr;
	return 0;
}

/* Few enough parts with homes enough? */
static int is_division(const struct merging *m)
{
	size_t i;

	for (i = 0; i < m->s->nr; i++)
		if (!m->c[i].gone && m->c[i].homes < m->s->homes)
			return 0;
	return m->left <= m->s->parts;
}

/* Parts get their numbers, and are worth what their levels are. */
static void take(struct merging *m)
{
	struct suggest *s = m->s;
	struct lvl_policy level;
	unsigned n = 0;
	size_t i, k;

	s->value = 0;
	for (i = 0; i < s->nr; i++) {
		if (m->c[i].gone)
			continue;
		for (k = 0; k < s->nr; k++)
			if (m->of[k] == i)
				s->best[k] = (uint8_t)n;
		if (suggest_level(s, s->best, n++, &level))
			return;
		s->value += m->c[i].hosts * lvl_fleet_more(&level, NULL);
	}
	s->nr_best = n;
}

int suggest_merge(struct suggest *s)
{
	struct merging m = { .s = s };
	int rc = prepare(&m), moved = 1;
	unsigned round;
	size_t i;

	while (!rc && (i = next(&m)) != NONE)
		join(&m, i, m.c[i].nearest);
	for (round = 0; !rc && moved && round < ROUNDS; round++)
		for (i = moved = 0; i < s->nr; i++)
			moved += move_item(&m, i);
	if (!rc && is_division(&m)) {
		memset(s->best, 0xff, s->nr);
		take(&m);
	}
	free(m.c);
	free(m.of);
	free(m.has);
	free(m.some);
	return rc;
}

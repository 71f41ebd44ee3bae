/* SPDX-License-Identifier: MIT */
/* Sub-pools that keep most: which hosts should share a level? */
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

int suggest_level(const struct suggest *s, const uint8_t *of, unsigned part,
		  struct lvl_policy *level)
{
	struct lvl_fold fold;
	size_t i;

	lvl_fold_init(&fold);
	for (i = 0; i < s->nr; i++)
		if (of[i] == part)
			lvl_fold_add(&fold, s->item[i].policy);
	return lvl_fold_read(&fold, level, NULL, NULL);
}

static unsigned bits(uint32_t v)
{
	v -= v >> 1 & 0x55555555;
	v = (v & 0x33333333) + (v >> 2 & 0x33333333);
	return ((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101u >> 24;
}

unsigned suggest_count(const struct suggest *s, const uint32_t *has)
{
	return suggest_common(s, has, has);
}

unsigned suggest_common(const struct suggest *s, const uint32_t *a,
			const uint32_t *b)
{
	unsigned w, n = 0;

	for (w = 0; w < s->words; w++)
		n += bits(a[w] & b[w]);
	return n;
}

uint64_t suggest_most(const struct suggest *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->nr; i++)
		sum += (uint64_t)s->item[i].hosts * s->item[i].features;
	return sum;
}

/* -- what there is to divide ---------------------------------------------- */

/* Many hosts with many features first: they decide most. */
static int heavier(const void *x, const void *y)
{
	const struct suggest_item *a = x, *b = y;
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

static int add_hosts(struct suggest *s, const struct lvl_policy *policy,
		     const struct lvl_fleet_member *m, size_t *id)
{
	size_t i = 0;

	while (i < s->nr && !same_offer(s->item[i].policy, policy))
		i++;
	if (i == LVL_FLEET_ITEMS)
		return -LVL_E_TOO_BIG;
	if (i == s->nr)
		s->item[s->nr++] = (struct suggest_item){
			.id = i,
			.policy = policy,
			.features = lvl_fleet_more(policy, NULL),
		};
	s->item[i].hosts += m->active + m->unreachable;
	s->item[i].homes += m->active;
	*id = i;
	return 0;
}

/* part receives the item of each member. */
static int collect(struct suggest *s, const struct lvl_fleet *f,
		   const struct lvl_fleet_pool *p, size_t *part)
{
	size_t i;

	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_member *m = &p->member[i];
		const struct lvl_fleet_profile *of = &f->profile[m->profile];
		int rc;

		part[i] = LVL_FLEET_NONE;
		if (!(m->active + m->unreachable) ||
		    of->refused >> p->guest & 1)
			continue;
		if (!(of->known >> p->guest & 1))
			return -LVL_E_INVALID;
		rc = add_hosts(s, of->offers[p->guest], m, &part[i]);
		if (rc)
			return rc;
	}
	if (!s->nr)
		return -LVL_E_CONFLICT;
	qsort(s->item, s->nr, sizeof(s->item[0]), heavier);
	return 0;
}

/* The capabilities of each item, packed. */
static int pack(struct suggest *s)
{
	unsigned k, n;
	size_t i;

	for (k = 0; k < lvl_nr_ordered; k++)
		s->words += lvl_fleet_capabilities(lvl_ordered[k]) != 0;
	s->has = calloc(s->nr * s->words, sizeof(*s->has));
	if (!s->has)
		return -LVL_E_NO_MEMORY;
	for (i = 0; i < s->nr; i++)
		for (k = n = 0; k < lvl_nr_ordered; k++) {
			unsigned w = lvl_ordered[k];
			uint32_t mask = lvl_fleet_capabilities(w);

			if (mask)
				s->has[i * s->words + n++] =
					s->item[i].policy->v[w] & mask;
		}
	return 0;
}

/* -- the question --------------------------------------------------------- */

static int divide(struct suggest *s)
{
	int rc = suggest_merge(s);

	s->proven = s->nr_best && s->value == suggest_most(s);
	if (!rc && s->nr <= LVL_FLEET_DIVIDED)
		rc = suggest_search(s);
	if (!rc && !s->nr_best)
		rc = s->proven ? -LVL_E_CONFLICT : -LVL_E_TOO_BIG;
	return rc;
}

static uint64_t worth_as_one(const struct suggest *s)
{
	uint8_t *of = calloc(s->nr, 1);
	struct lvl_policy level;
	uint64_t hosts = 0;
	size_t i;
	int rc = of ? suggest_level(s, of, 0, &level) : -1;

	for (i = 0; i < s->nr; i++)
		hosts += s->item[i].hosts;
	free(of);
	return rc ? 0 : hosts * lvl_fleet_more(&level, NULL);
}

static int tell(const struct suggest *s, struct lvl_fleet_split *split,
		size_t members)
{
	uint8_t *of = calloc(s->nr, 1); /* by id */
	size_t i, m;
	unsigned b;

	if (!of)
		return -LVL_E_NO_MEMORY;
	for (i = 0; i < s->nr; i++) {
		of[s->item[i].id] = s->best[i];
		split->of[s->best[i]].hosts += s->item[i].hosts;
	}
	for (b = 0; b < s->nr_best; b++)
		(void)suggest_level(s, s->best, b, &split->of[b].level);
	for (m = 0; m < members; m++)
		if (split->part[m] != LVL_FLEET_NONE)
			split->part[m] = of[split->part[m]];
	split->nr_parts = s->nr_best;
	split->nr_items = s->nr;
	split->value = s->value;
	split->whole = worth_as_one(s);
	split->most = s->proven ? s->value : suggest_most(s);
	split->exact = s->proven;
	free(of);
	return 0;
}

int lvl_fleet_suggest(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		      unsigned parts, uint32_t homes, uint64_t effort,
		      struct lvl_fleet_split *split)
{
	struct suggest s = {
		.parts = parts < LVL_FLEET_PARTS ? parts : LVL_FLEET_PARTS,
		.homes = homes,
		.effort = effort,
	};
	int rc = -LVL_E_NO_MEMORY;

	memset(split, 0, sizeof(*split));
	split->part = calloc(p->nr_members + 1, sizeof(*split->part));
	s.item = calloc(LVL_FLEET_ITEMS, sizeof(*s.item));
	s.best = calloc(LVL_FLEET_ITEMS, sizeof(*s.best));
	if (s.item && s.best && split->part)
		rc = collect(&s, f, p, split->part);
	if (!rc)
		rc = pack(&s);
	if (!rc)
		rc = divide(&s);
	if (!rc)
		rc = tell(&s, split, p->nr_members);
	free(s.item);
	free(s.best);
	free(s.has);
	if (rc)
		lvl_fleet_split_free(split);
	return rc;
}

void lvl_fleet_split_free(struct lvl_fleet_split *split)
{
	free(split->part);
	memset(split, 0, sizeof(*split));
}

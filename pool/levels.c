/* SPDX-License-Identifier: MIT */
/* What guests can have in a pool, vendor by vendor. */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

unsigned lvl_fleet_vendors(const struct lvl_fleet *f,
			   const struct lvl_fleet_pool *p,
			   unsigned vendor[LVL_FLEET_VENDORS])
{
	unsigned n = 0, k;
	size_t i;

	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_member *m = &p->member[i];
		const struct lvl_fleet_profile *of = &f->profile[m->profile];

		if (!(m->active + m->unreachable) ||
		    !(of->known >> p->guest & 1))
			continue;
		for (k = n; k && vendor[k - 1] > of->vendor; k--)
			;
		if ((k && vendor[k - 1] == of->vendor) ||
		    n == LVL_FLEET_VENDORS)
			continue;
		memmove(&vendor[k + 1], &vendor[k], (n - k) * sizeof(*vendor));
		vendor[k] = of->vendor;
		n++;
	}
	return n;
}

int lvl_fleet_matters(unsigned field, enum lvl_guest guest)
{
	return lvl_fields[field].guests_default >> guest & 1;
}

/* -- folded --------------------------------------------------------------- */

/* What the hosts of one profile are to the level of this vendor. */
static void count_member(const struct lvl_fleet_profile *of,
			 const struct lvl_fleet_member *m, enum lvl_guest guest,
			 struct lvl_fleet_level *l)
{
	uint32_t hosts = m->active + m->unreachable;

	if (of->refused >> guest & 1) {
		l->without += hosts;
	} else if (!(of->known >> guest & 1)) {
		l->unknown += hosts;
	} else if (of->vendor == l->vendor) {
		l->hosts += hosts;
		l->unreachable += m->unreachable;
	}
}

/* Does something that such guests are told depend on what is not known? */
static int status_open(const struct lvl_status *s, enum lvl_guest guest)
{
	unsigned i;

	for (i = 0; i < s->nr_incomplete; i++)
		if (lvl_fleet_matters(s->incomplete[i], guest))
			return 1;
	return 0;
}

void lvl_fleet_level(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		     unsigned vendor, struct lvl_fleet_level *level)
{
	struct lvl_fold fold;
	size_t i;

	memset(level, 0, sizeof(*level));
	level->vendor = vendor;
	lvl_fold_init(&fold);
	for (i = 0; i < p->nr_members; i++) {
		const struct lvl_fleet_member *m = &p->member[i];
		const struct lvl_fleet_profile *of = &f->profile[m->profile];
		uint32_t before = level->hosts;

		count_member(of, m, p->guest, level);
		if (level->hosts != before)
			lvl_fold_add(&fold, of->offers[p->guest]);
	}
	level->rc = lvl_fold_read(&fold, &level->policy, NULL, &level->status);
	if (level->rc == -LVL_E_VENDOR)
		level->rc = -LVL_E_CONFLICT; /* vendors that nobody knows */
	level->incomplete =
		level->unknown || level->unreachable ||
		(!level->rc && status_open(&level->status, p->guest));
}

void lvl_fleet_level_for(const struct lvl_fleet *f,
			 const struct lvl_fleet_pool *p, enum lvl_guest guest,
			 unsigned vendor, struct lvl_fleet_level *level)
{
	struct lvl_fleet_pool as = *p; /* borrowed */

	as.guest = guest;
	lvl_fleet_level(f, &as, vendor, level);
}

enum lvl_verdict lvl_fleet_boots(const struct lvl_fleet *f,
				 const struct lvl_fleet_level *level,
				 enum lvl_guest guest, size_t profile)
{
	const struct lvl_fleet_profile *p = &f->profile[profile];
	struct lvl_policy seen;

	if (p->refused >> guest & 1)
		return LVL_NO;
	if (level->rc || level->unknown || !(p->known >> guest & 1))
		return LVL_UNKNOWN;
	seen = level->policy; /* as its record will say */
	lvl_policy_normalise(&seen, NULL);
	return lvl_fits(&seen, p->admits[guest], NULL, NULL);
}

/* -- counted -------------------------------------------------------------- */

int lvl_fleet_sum_init(struct lvl_fleet_sum *s, const struct lvl_fleet *f,
		       const struct lvl_fleet_pool *p, unsigned vendor)
{
	struct lvl_fleet_level *first = malloc(sizeof(*first));
	size_t i;
	int rc = 0;

	s->f = f;
	s->guest = p->guest;
	s->vendor = vendor;
	s->folds = 0;
	s->nr_hosts = f->nr_profiles;
	s->hosts = calloc(f->nr_profiles + 1, sizeof(*s->hosts));
	lvl_count_init(&s->count);
	lvl_policy_clear(&s->donor);
	if (!first || !s->hosts)
		rc = -LVL_E_NO_MEMORY;
	for (i = 0; !rc && i < p->nr_members; i++)
		rc = lvl_fleet_sum_hosts(s, p->member[i].profile,
					 (int64_t)p->member[i].active +
						 p->member[i].unreachable);
	if (!rc) {
		lvl_fleet_level(f, p, vendor, first);
		if (!first->rc)
			s->donor = first->policy;
	}
	free(first);
	if (rc)
		lvl_fleet_sum_free(s);
	return rc;
}

void lvl_fleet_sum_free(struct lvl_fleet_sum *s)
{
	free(s->hosts);
	s->hosts = NULL;
}

int lvl_fleet_sum_hosts(struct lvl_fleet_sum *s, size_t profile, int64_t hosts)
{
	const struct lvl_fleet_profile *of = &s->f->profile[profile];
	int64_t sum;
	int was;

	if (profile >= s->nr_hosts)
		return -LVL_E_RANGE;
	sum = (int64_t)s->hosts[profile] + hosts;
	was = s->hosts[profile] != 0;
	if (sum < 0 || sum > 0xffffffff)
		return -LVL_E_RANGE;
	if (of->vendor != s->vendor || !(of->known >> s->guest & 1))
		return 0;
	s->hosts[profile] = (uint32_t)sum;
	if (was == (sum != 0) || s->folds)
		return 0;
	if (was)
		return lvl_count_remove(&s->count, of->offers[s->guest]);
	/* more different numbers than it holds: add them up when asked */
	s->folds = lvl_count_add(&s->count, of->offers[s->guest]) != 0;
	return 0;
}

/* Only the pins of the policy count as identity. */
static void set_donor(struct lvl_fold *fold, const struct lvl_policy *donor)
{
	unsigned i;

	for (i = 0; i < lvl_nr_pinned; i++) {
		unsigned w = lvl_pinned[i];
		uint32_t pins = lvl_masks[LVL_MASK_PIN][w];

		fold->donor.v[w] = donor->v[w] & pins;
		fold->donor.k[w] = donor->k[w] & pins;
	}
}

int lvl_fleet_sum_read(const struct lvl_fleet_sum *s, struct lvl_policy *level,
		       struct lvl_status *status)
{
	struct lvl_fold fold;
	size_t i;

	if (s->folds) {
		lvl_fold_init(&fold);
		for (i = 0; i < s->nr_hosts; i++)
			if (s->hosts[i])
				lvl_fold_add(&fold,
					     s->f->profile[i].offers[s->guest]);
	} else {
		lvl_count_fold(&s->count, &fold);
	}
	set_donor(&fold, &s->donor);
	return lvl_fold_read(&fold, level, NULL, status);
}

int lvl_fleet_sum_without(struct lvl_fleet_sum *s, size_t profile,
			  struct lvl_policy *level)
{
	uint32_t hosts = s->hosts[profile];
	int rc = lvl_fleet_sum_hosts(s, profile, -(int64_t)hosts);

	if (!rc)
		rc = lvl_fleet_sum_read(s, level, NULL);
	(void)lvl_fleet_sum_hosts(s, profile, hosts);
	return rc;
}

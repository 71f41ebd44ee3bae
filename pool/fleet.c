/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element; NULL without memory, and nothing changed. */
static void *grow(void *array, size_t nr, size_t *room, size_t each)
{
	size_t more = *room ? 2 * *room : 16;
	void *grown;

	if (nr < *room)
		return array;
	grown = realloc(array, more * each);
	if (grown)
		*room = more;
	return grown;
}

/* -- found by number ------------------------------------------------------ */

static uint64_t mix(int64_t a, int64_t b)
{
	uint64_t h = (uint64_t)a * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 31 ^ (uint64_t)b) * 0xbf58476d1ce4e5b9u;
	return h ^ h >> 29;
}

typedef int same_fn(const struct lvl_fleet *f, size_t at, int64_t a, int64_t b);

/* The slot of these two, or the empty one where they belong. */
static size_t *slot_of(const struct lvl_fleet *f,
		       const struct lvl_fleet_index *x, same_fn *same,
		       int64_t a, int64_t b)
{
	size_t i = mix(a, b) & (x->slots - 1);

	while (x->slot[i] && !same(f, x->slot[i] - 1, a, b))
		i = (i + 1) & (x->slots - 1);
	return &x->slot[i];
}

static int same_profile(const struct lvl_fleet *f, size_t at, int64_t id,
			int64_t variant)
{
	return f->profile[at].id == id && f->profile[at].variant == variant;
}

static int same_seen(const struct lvl_fleet *f, size_t at, int64_t id,
		     int64_t guest)
{
	return f->seen[at].id == id && (int64_t)f->seen[at].guest == guest;
}

/* Twice as many slots, empty. */
static int more_slots(struct lvl_fleet_index *x, size_t nr)
{
	size_t slots = x->slots ? 2 * x->slots : 64;
	size_t *grown;

	if (2 * (nr + 1) < x->slots)
		return 0;
	grown = calloc(slots, sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	free(x->slot);
	x->slot = grown;
	x->slots = slots;
	return 1;
}

static int room_for_profile(struct lvl_fleet *f)
{
	void *grown = grow(f->profile, f->nr_profiles, &f->profile_room,
			   sizeof(*f->profile));
	int rc = grown ? more_slots(&f->profiles, f->nr_profiles) : -1;
	size_t i;

	if (grown)
		f->profile = grown;
	if (rc < 0)
		return -LVL_E_NO_MEMORY;
	for (i = 0; rc && i < f->nr_profiles; i++)
		*slot_of(f, &f->profiles, same_profile, f->profile[i].id,
			 f->profile[i].variant) = i + 1;
	return 0;
}

static int room_for_seen(struct lvl_fleet *f)
{
	void *grown =
		grow(f->seen, f->nr_seen, &f->seen_room, sizeof(*f->seen));
	int rc = grown ? more_slots(&f->seens, f->nr_seen) : -1;
	size_t i;

	if (grown)
		f->seen = grown;
	if (rc < 0)
		return -LVL_E_NO_MEMORY;
	for (i = 0; rc && i < f->nr_seen; i++)
		*slot_of(f, &f->seens, same_seen, f->seen[i].id,
			 (int64_t)f->seen[i].guest) = i + 1;
	return 0;
}

/* -- profiles and what was seen ------------------------------------------- */

void lvl_fleet_init(struct lvl_fleet *f)
{
	memset(f, 0, sizeof(*f));
}

void lvl_fleet_free(struct lvl_fleet *f)
{
	size_t i;
	unsigned g;

	for (i = 0; i < f->nr_profiles; i++)
		for (g = 0; g < LVL_NR_GUESTS; g++) {
			free(f->profile[i].offers[g]);
			free(f->profile[i].admits[g]);
		}
	for (i = 0; i < f->nr_seen; i++) {
		free(f->seen[i].policy);
		free(f->seen[i].verdict);
	}
	free(f->profile);
	free(f->seen);
	free(f->profiles.slot);
	free(f->seens.slot);
	lvl_fleet_init(f);
}

int lvl_fleet_profile(struct lvl_fleet *f, int64_t id, int64_t variant,
		      size_t *at)
{
	size_t *slot;
	int rc = room_for_profile(f);

	if (rc)
		return rc;
	slot = slot_of(f, &f->profiles, same_profile, id, variant);
	if (!*slot) {
		f->profile[f->nr_profiles] = (struct lvl_fleet_profile){
			.id = id,
			.variant = variant,
		};
		*slot = ++f->nr_profiles;
	}
	*at = *slot - 1;
	return 0;
}

static struct lvl_policy *copy(const struct lvl_policy *p)
{
	struct lvl_policy *c = malloc(sizeof(*c));

	if (c)
		*c = *p;
	return c;
}

int lvl_fleet_offer(struct lvl_fleet *f, size_t profile, enum lvl_guest guest,
		    const struct lvl_policy *offers,
		    const struct lvl_policy *admits)
{
	struct lvl_fleet_profile *p = &f->profile[profile];
	struct lvl_policy *o, *a;

	if (p->known >> guest & 1)
		return 0;
	o = copy(offers);
	a = copy(admits);
	if (!o || !a) {
		free(o);
		free(a);
		return -LVL_E_NO_MEMORY;
	}
	p->offers[guest] = o;
	p->admits[guest] = a;
	p->known |= (uint8_t)(1u << guest);
	p->vendor = lvl_policy_vendor(offers);
	return 0;
}

void lvl_fleet_refuse(struct lvl_fleet *f, size_t profile, enum lvl_guest guest)
{
	f->profile[profile].refused |= (uint8_t)(1u << guest);
}

int lvl_fleet_seen(struct lvl_fleet *f, int64_t id, enum lvl_guest guest,
		   size_t *at, int *fresh)
{
	size_t *slot;
	int rc = room_for_seen(f);

	if (rc)
		return rc;
	slot = slot_of(f, &f->seens, same_seen, id, (int64_t)guest);
	*fresh = !*slot;
	if (!*slot) {
		f->seen[f->nr_seen] = (struct lvl_fleet_seen){
			.id = id,
			.guest = guest,
		};
		*slot = ++f->nr_seen;
	}
	*at = *slot - 1;
	return 0;
}

int lvl_fleet_saw(struct lvl_fleet *f, size_t seen,
		  const struct lvl_policy *policy)
{
	struct lvl_fleet_seen *s = &f->seen[seen];

	if (!s->policy)
		s->policy = copy(policy);
	if (!s->policy)
		return -LVL_E_NO_MEMORY;
	*s->policy = *policy;
	lvl_policy_normalise(s->policy, NULL);
	s->nr_verdicts = 0;
	return 0;
}

/* -- may it run there ----------------------------------------------------- */

static enum lvl_verdict judge(const struct lvl_fleet_seen *s,
			      const struct lvl_fleet_profile *p)
{
	if (p->refused >> s->guest & 1)
		return LVL_NO;
	if (!s->policy || !(p->known >> s->guest & 1))
		return LVL_UNKNOWN;
	return lvl_fits(s->policy, p->admits[s->guest], NULL, NULL);
}

/* Room for a verdict on each profile; those that are new are not known. */
static int more_verdicts(struct lvl_fleet *f, struct lvl_fleet_seen *s)
{
	uint8_t *grown = realloc(s->verdict, f->profile_room);

	if (!grown)
		return -1;
	memset(grown + s->nr_verdicts, 0, f->profile_room - s->nr_verdicts);
	s->verdict = grown;
	s->nr_verdicts = f->profile_room;
	return 0;
}

enum lvl_verdict lvl_fleet_verdict(struct lvl_fleet *f, size_t seen,
				   size_t profile)
{
	struct lvl_fleet_seen *s = &f->seen[seen];
	const struct lvl_fleet_profile *p = &f->profile[profile];
	enum lvl_verdict v;

	if (profile >= s->nr_verdicts && more_verdicts(f, s))
		return LVL_UNKNOWN;
	if (s->verdict[profile])
		return (enum lvl_verdict)(s->verdict[profile] - 1);
	v = judge(s, p);
	/* policies may still come: what is not there yet is not remembered */
	if (s->policy && ((p->known | p->refused) >> s->guest & 1))
		s->verdict[profile] = (uint8_t)(1 + v);
	return v;
}

/* -- pools ---------------------------------------------------------------- */

void lvl_fleet_pool_init(struct lvl_fleet_pool *p, enum lvl_guest guest)
{
	memset(p, 0, sizeof(*p));
	p->guest = guest;
}

void lvl_fleet_pool_free(struct lvl_fleet_pool *p)
{
	free(p->member);
	free(p->group);
	lvl_fleet_pool_init(p, p->guest);
}

int lvl_fleet_pool_copy(struct lvl_fleet_pool *to,
			const struct lvl_fleet_pool *from)
{
	struct lvl_fleet_pool c = *from;

	c.member_room = from->nr_members + 1;
	c.group_room = from->nr_groups + 1;
	c.member = malloc(c.member_room * sizeof(*c.member));
	c.group = malloc(c.group_room * sizeof(*c.group));
	if (!c.member || !c.group) {
		free(c.member);
		free(c.group);
		return -LVL_E_NO_MEMORY;
	}
	if (c.nr_members)
		memcpy(c.member, from->member,
		       c.nr_members * sizeof(*c.member));
	if (c.nr_groups)
		memcpy(c.group, from->group, c.nr_groups * sizeof(*c.group));
	*to = c;
	return 0;
}

/* n more, if that is a count. */
static int add_to(uint32_t *count, int64_t n)
{
	int64_t sum = (int64_t)*count + n;

	if (sum < 0 || sum > 0xffffffff)
		return -LVL_E_RANGE;
	*count = (uint32_t)sum;
	return 0;
}

static struct lvl_fleet_member *member_of(struct lvl_fleet_pool *p,
					  size_t profile)
{
	void *grown;
	size_t i;

	for (i = 0; i < p->nr_members; i++)
		if (p->member[i].profile == profile)
			return &p->member[i];
	grown = grow(p->member, p->nr_members, &p->member_room,
		     sizeof(*p->member));
	if (!grown)
		return NULL;
	p->member = grown;
	p->member[i] = (struct lvl_fleet_member){ .profile = profile };
	p->nr_members++;
	return &p->member[i];
}

int lvl_fleet_pool_hosts(struct lvl_fleet_pool *p, size_t profile,
			 int64_t active, int64_t unreachable)
{
	struct lvl_fleet_member *m = member_of(p, profile), was;
	int rc;

	if (!m)
		return -LVL_E_NO_MEMORY;
	was = *m;
	rc = add_to(&m->active, active);
	if (!rc)
		rc = add_to(&m->unreachable, unreachable);
	if (rc)
		*m = was;
	return rc;
}

static struct lvl_fleet_group *group_of(struct lvl_fleet_pool *p, size_t seen,
					int64_t level, size_t on, size_t then)
{
	void *grown;
	size_t i;

	for (i = 0; i < p->nr_groups; i++)
		if (p->group[i].seen == seen && p->group[i].level == level &&
		    p->group[i].on == on && p->group[i].then == then)
			return &p->group[i];
	grown = grow(p->group, p->nr_groups, &p->group_room, sizeof(*p->group));
	if (!grown)
		return NULL;
	p->group = grown;
	p->group[i] = (struct lvl_fleet_group){
		.seen = seen,
		.level = level,
		.on = on,
		.then = then,
	};
	p->nr_groups++;
	return &p->group[i];
}

int lvl_fleet_pool_vms_then(struct lvl_fleet_pool *p, size_t seen,
			    int64_t level, size_t on, size_t then, int64_t vms)
{
	struct lvl_fleet_group *g = group_of(p, seen, level, on, then);

	return g ? add_to(&g->vms, vms) : -LVL_E_NO_MEMORY;
}

int lvl_fleet_pool_vms(struct lvl_fleet_pool *p, size_t seen, int64_t level,
		       size_t on, int64_t vms)
{
	return lvl_fleet_pool_vms_then(p, seen, level, on, LVL_FLEET_NONE, vms);
}

uint32_t lvl_fleet_pool_size(const struct lvl_fleet_pool *p)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < p->nr_members; i++)
		n += p->member[i].active + p->member[i].unreachable;
	return n;
}

uint64_t lvl_fleet_pool_load(const struct lvl_fleet_pool *p)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < p->nr_groups; i++)
		n += p->group[i].vms;
	return n;
}

/* SPDX-License-Identifier: MIT */
/* What `pool add` and `import` say of hosts that came: who cannot go there. */
#include "fleet_pool.h"
#include "fleet_say.h"
#include "fleet_view.h"

#include <stdlib.h>
#include <string.h>

/* Hosts that came with the same profile. */
struct sort {
	size_t profile;
	int64_t id; /* of the profile */
	const char *first;
	unsigned hosts;
};

struct came {
	const struct store_pool *pool;
	struct fleet_view v;
	struct sort *sort;
	size_t nr, room;
};

static int note(struct fleet *f, struct came *c, const char *name)
{
	struct store_host h;
	struct sort *grown;
	size_t i;
	int rc = store_find_host(f->s, name, &h);

	if (rc || !h.profile)
		return rc;
	for (i = 0; i < c->nr && c->sort[i].id != h.profile; i++)
		;
	if (i < c->nr) {
		c->sort[i].hosts++;
		return 0;
	}
	grown = cli_grow(c->sort, c->nr, &c->room, sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	c->sort = grown;
	c->sort[c->nr++] =
		(struct sort){ .id = h.profile, .first = name, .hosts = 1 };
	return 0;
}

static void where(const struct came *c, size_t i, char buf[300])
{
	if (c->sort[i].hosts == 1)
		snprintf(buf, 300, "%.250s", c->sort[i].first);
	else
		snprintf(buf, 300, "%.200s and %u like it", c->sort[i].first,
			 c->sort[i].hosts - 1);
}

/* VMs keep what they saw: whatever the level is now, they stay away. */
static int say_running(struct fleet *f, struct came *c)
{
	char number[FLEET_NUMBER], there[300];
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < c->nr; i++) {
		uint64_t out;

		rc = fleet_view_profile(&c->v, c->sort[i].id,
					&c->sort[i].profile);
		if (rc)
			break;
		out = fleet_view_shut_out(&c->v, LVL_FLEET_NONE,
					  c->sort[i].profile);
		where(c, i, there);
		if (out)
			fleet_say(f->out, 2,
				  "%s cannot run on %s: %s what %s saw until a "
				  "power cycle",
				  fleet_number(out, "running VM", number),
				  there, out == 1 ? "it keeps" : "they keep",
				  out == 1 ? "it" : "they");
	}
	return rc;
}

/* A level that is set for the pool does not follow who comes. */
static int say_set(struct fleet *f, struct came *c)
{
	static struct check check; /* large */
	struct store_level v;
	const char *why;
	char there[300];
	size_t i;
	int rc;

	if (!fleet_assigned(f, STORE_SCOPE_POOL, c->pool->name, &v, &rc) ||
	    rc || v.pool)
		return rc;
	for (i = 0; !rc && i < c->nr; i++) {
		rc = fleet_fits_profile(f, v.policy, (enum lvl_guest)v.guest,
					c->sort[i].id, fleet_platform(c->pool),
					&check, &why);
		where(c, i, there);
		if (!rc && !why && check.verdict != LVL_YES)
			fleet_say(f->out, 2,
				  "VMs cannot boot on %s: %s@%lld, the level "
				  "that is set for %s, does not fit there",
				  there, v.name, (long long)v.version,
				  c->pool->name);
		check_free(&check);
	}
	return rc;
}

static int say(struct fleet *f, const struct store_pool *p,
	       const char *const *name, size_t nr)
{
	struct came *c = calloc(1, sizeof(*c));
	int64_t vms;
	size_t i;
	int rc = c ? fleet_pool_vms(f, p->id, &vms) : -LVL_E_NO_MEMORY;

	for (i = 0; !rc && i < nr; i++)
		rc = note(f, c, name[i]);
	if (!rc && vms) {
		rc = fleet_view_open(f, p->name, &c->v);
		if (!rc) {
			rc = say_running(f, c);
			fleet_view_close(&c->v);
		}
	}
	if (!rc) {
		c->pool = p;
		rc = say_set(f, c);
	}
	if (c)
		free(c->sort);
	free(c);
	return rc;
}

int fleet_join_added(struct fleet *f, const struct store_pool *p, char **arg,
		     int nr)
{
	const char **name = calloc((size_t)nr + 1, sizeof(*name));
	int i, rc = -LVL_E_NO_MEMORY;

	for (i = 0; name && i < nr; i++) {
		name[i] = strndup(arg[i], strcspn(arg[i], "="));
		if (!name[i])
			break;
	}
	if (name && i == nr)
		rc = say(f, p, name, (size_t)nr);
	while (name && i-- > 0)
		free((char *)name[i]);
	free(name);
	return rc;
}

int fleet_join_imported(struct fleet *f, const struct store_pool *p,
			json_t *seen)
{
	const char **name = calloc(json_object_size(seen) + 1, sizeof(*name));
	const char *key;
	json_t *value;
	size_t nr = 0;
	int rc;

	if (!name)
		return -LVL_E_NO_MEMORY;
	json_object_foreach(seen, key, value) name[nr++] = key;
	rc = say(f, p, name, nr);
	free(name);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* store:LEVEL[@V] where a file is asked for. */
#include "fleet_levels.h"

#include <string.h>

struct wanted {
	const char *name;
	struct lvl_desc *d;
};

static int describe(struct lvl_desc *d, const struct store_level *v,
		    const struct store_pool *p, const struct lvl_policy *policy)
{
	struct lvl_policy *to = lvl_desc_policy(d, LVL_KIND_LEVEL);
	char name[300];
	int rc;

	snprintf(name, sizeof(name), "%s@%lld", v->name, (long long)v->version);
	rc = lvl_desc_set_name(d, name);
	if (!rc)
		rc = lvl_desc_add_fact(d, "guest", lvl_guest_names[v->guest]);
	if (!rc && p->id)
		rc = lvl_desc_add_fact(d, "platform", fleet_platform(p)->name);
	if (!rc && to)
		*to = *policy;
	return to ? rc : -LVL_E_NO_MEMORY;
}

static int body(struct fleet *f, void *arg)
{
	struct wanted *w = arg;
	const struct lvl_policy *policy;
	struct store_pool p;
	struct store_level v;
	int rc = fleet_level(f, w->name, &v);

	lvl_desc_free(w->d);
	w->d = NULL;
	if (!rc)
		rc = fleet_level_pool(f, &v, &p);
	if (!rc)
		rc = store_get_policy(f->s, v.policy, &policy, NULL);
	if (rc)
		return rc;
	w->d = lvl_desc_new();
	return w->d ? describe(w->d, &v, &p, policy) : -LVL_E_NO_MEMORY;
}

int fleet_stored_is(const char *arg)
{
	return !strncmp(arg, "store:", 6);
}

struct lvl_desc *fleet_stored(const char *arg, int *rc)
{
	struct fleet f = { .store = NULL };
	struct wanted w = { arg + 6, NULL };

	*rc = fleet_read(&f, body, &w);
	if (!*rc)
		return w.d;
	lvl_desc_free(w.d);
	return NULL;
}

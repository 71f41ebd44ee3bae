/* SPDX-License-Identifier: MIT */
/* Single hosts and VMs of a pool, where the counts do not say enough. */
#include "fleet_view.h"

#include <stdlib.h>
#include <string.h>

/* -- hosts ---------------------------------------------------------------- */

/* A host as the store has it; its profile's number comes later. */
static int keep_host(void *arg, const struct store_host *h)
{
	struct fleet_view *v = arg;
	struct fleet_view_host *n;

	if (h->state == STORE_HOST_RETIRED)
		return 0;
	n = cli_grow(v->host, v->nr_hosts, &v->host_room, sizeof(*v->host));
	if (!n)
		return -LVL_E_NO_MEMORY;
	v->host = n;
	n += v->nr_hosts;
	*n = (struct fleet_view_host){
		.id = h->id,
		.source = h->source,
		.name = strdup(h->name),
		.profile = (size_t)h->profile,
		.then = LVL_FLEET_NONE,
		.active = h->state == STORE_HOST_ACTIVE,
	};
	if (!n->name)
		return -LVL_E_NO_MEMORY;
	v->nr_hosts++;
	return 0;
}

static int by_id(const void *x, const void *y)
{
	const struct fleet_view_host *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

int fleet_view_hosts(struct fleet_view *v)
{
	const struct store_host_filter of = { .pool = v->id };
	size_t i;
	int rc;

	if (v->has_hosts)
		return 0;
	v->has_hosts = 1;
	rc = store_scan_hosts(v->f->s, &of, keep_host, v);
	for (i = 0; !rc && i < v->nr_hosts; i++) {
		int64_t id = (int64_t)v->host[i].profile;

		rc = fleet_view_profile(v, id, &v->host[i].profile);
	}
	if (v->nr_hosts)
		qsort(v->host, v->nr_hosts, sizeof(*v->host), by_id);
	return rc;
}

const struct fleet_view_host *fleet_view_host(const struct fleet_view *v,
					      int64_t id)
{
	const struct fleet_view_host key = { .id = id };

	return v->nr_hosts ? bsearch(&key, v->host, v->nr_hosts,
				     sizeof(*v->host), by_id)
			   : NULL;
}

const char *fleet_view_names(const struct fleet_view *v, size_t profile,
			     char buf[FLEET_VIEW_NAMES])
{
	size_t i, n = 0, shown = 0, at = 0;

	buf[0] = '\0';
	for (i = 0; i < v->nr_hosts; i++) {
		size_t len = strlen(v->host[i].name);

		if (v->host[i].profile != profile)
			continue;
		n++;
		if (shown == 2 || at + len + 32 > FLEET_VIEW_NAMES)
			continue;
		at += (size_t)snprintf(buf + at, FLEET_VIEW_NAMES - at, "%s%s",
				       shown++ ? " " : "", v->host[i].name);
	}
	if (n > shown)
		snprintf(buf + at, FLEET_VIEW_NAMES - at, " and %zu more",
			 n - shown);
	return buf;
}

/* -- VMs ------------------------------------------------------------------ */

void fleet_view_vms_free(struct fleet_view_vms *all)
{
	while (all->nr)
		free((char *)all->vm[--all->nr].name);
	free(all->vm);
}

static int add_vm(struct fleet_view_vms *all, const struct store_vm *row)
{
	struct store_vm *n =
		cli_grow(all->vm, all->nr, &all->room, sizeof(*all->vm));

	if (!n)
		return -LVL_E_NO_MEMORY;
	all->vm = n;
	all->vm[all->nr++] = *row;
	return 0;
}

/* Running ones, without their names. */
static int keep_vm(void *arg, const struct store_vm *row)
{
	struct store_vm vm = *row;

	vm.name = NULL;
	return row->host ? add_vm(arg, &vm) : 0;
}

/* A host that is not in the pool or cannot be reached is no home. */
static size_t profile_of(struct fleet_view *v, int64_t host)
{
	const struct fleet_view_host *h = fleet_view_host(v, host);

	return h && h->active ? h->profile : LVL_FLEET_ELSEWHERE;
}

struct locating {
	struct fleet_view *v;
	struct lvl_fleet_group g;
};

static int locate_vm(void *arg, const struct store_vm *row)
{
	const struct locating *l = arg;
	struct fleet_view *v = l->v;
	const struct lvl_fleet_seen *s = &v->model->seen[l->g.seen];
	const struct fleet_view_host *h;
	struct store_vm vm = *row;
	int rc;

	if (!vm.host || vm.seen != s->id || vm.level != l->g.level ||
	    (enum lvl_guest)vm.guest != s->guest)
		return 0;
	h = fleet_view_host(v, vm.host);
	rc = lvl_fleet_pool_vms_then(&v->pool, l->g.seen, l->g.level,
				     profile_of(v, vm.host),
				     h ? h->then : LVL_FLEET_NONE, 1);
	if (!rc)
		rc = lvl_fleet_pool_vms(&v->pool, l->g.seen, l->g.level,
					LVL_FLEET_NONE, -1);
	if (rc || !v->keep_located)
		return rc;
	vm.name = strdup(row->name);
	return vm.name ? add_vm(&v->located, &vm) : -LVL_E_NO_MEMORY;
}

/* The group's VMs become groups of their own, by where they run. */
static int locate(struct fleet_view *v, struct lvl_fleet_group g)
{
	struct locating l = { v, g };
	const struct store_vm_filter of = { .pool = v->id,
					    .seen = v->model->seen[g.seen].id };

	return store_scan_vms(v->f->s, &of, locate_vm, &l);
}

int fleet_view_locate(struct fleet_view *v, const struct lvl_fleet_pool *as)
{
	size_t i, nr = v->pool.nr_groups;
	int rc = 0;

	for (i = 0; !rc && i < nr; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		struct lvl_fleet_reach r;

		if (g->on != LVL_FLEET_NONE || !g->vms ||
		    !v->model->seen[g->seen].id)
			continue;
		lvl_fleet_reach(v->model, as, g, &r);
		if (r.homes != 1)
			continue;
		rc = fleet_view_hosts(v);
		if (!rc)
			rc = locate(v, *g);
	}
	return rc;
}

int fleet_view_guests_of(struct fleet_view *v, const struct fleet_view_host *h,
			 struct lvl_fleet_pool *guests)
{
	const struct store_vm_filter of = { .host = h->id };
	struct fleet_view_vms all = { 0 };
	size_t i, seen;
	int rc = store_scan_vms(v->f->s, &of, keep_vm, &all);

	for (i = 0; !rc && i < all.nr; i++) {
		rc = fleet_view_seen(v, all.vm[i].seen,
				     (enum lvl_guest)all.vm[i].guest, &seen);
		if (!rc)
			rc = lvl_fleet_pool_vms(guests, seen, all.vm[i].level,
						profile_of(v, h->id), 1);
	}
	fleet_view_vms_free(&all);
	return rc;
}

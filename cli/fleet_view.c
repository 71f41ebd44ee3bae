/* SPDX-License-Identifier: MIT */
#include "fleet_view.h"
#include "fleet_level.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the store, kept until other rows may be asked for. */
struct rows {
	struct store_host_count *hosts;
	size_t nr_hosts, host_room;
	struct store_vm_count *vms;
	size_t nr_vms, vm_room;
	/* objects that were read ahead: all that pools up to this one name */
	int64_t ahead, most;
	uint8_t *asked; /* a bit an object */
};

static int keep_hosts(void *arg, const struct store_host_count *c)
{
	struct rows *r = arg;
	void *grown = cli_grow(r->hosts, r->nr_hosts, &r->host_room,
			       sizeof(*r->hosts));

	if (!grown)
		return -LVL_E_NO_MEMORY;
	r->hosts = grown;
	r->hosts[r->nr_hosts++] = *c;
	r->most = c->profile > r->most ? c->profile : r->most;
	return 0;
}

static int keep_vms(void *arg, const struct store_vm_count *c)
{
	struct rows *r = arg;
	void *grown = cli_grow(r->vms, r->nr_vms, &r->vm_room, sizeof(*r->vms));

	if (!grown)
		return -LVL_E_NO_MEMORY;
	r->vms = grown;
	r->vms[r->nr_vms++] = *c;
	r->most = c->seen > r->most ? c->seen : r->most;
	return 0;
}

static int read_rows(struct fleet *f, int64_t pool, struct rows *r)
{
	int rc;

	memset(r, 0, sizeof(*r));
	rc = store_count_hosts(f->s, pool, keep_hosts, r);
	if (!rc)
		rc = store_count_vms(f->s, pool, keep_vms, r);
	if (!rc)
		r->asked = calloc(1, (size_t)r->most / 8 + 1);
	return rc || r->asked ? rc : -LVL_E_NO_MEMORY;
}

static void free_rows(struct rows *r)
{
	free(r->hosts);
	free(r->vms);
	free(r->asked);
}

/* Of which pool the next row is, and what object it names; 0: no more. */
static int64_t next_row(const struct rows *r, size_t *host, size_t *vm,
			int64_t *object)
{
	int64_t at_host = *host < r->nr_hosts ? r->hosts[*host].pool : 0;
	int64_t at_vm = *vm < r->nr_vms ? r->vms[*vm].pool : 0;

	if (at_host && (!at_vm || at_host <= at_vm)) {
		*object = r->hosts[(*host)++].profile;
		return at_host;
	}
	if (at_vm)
		*object = r->vms[(*vm)++].seen;
	return at_vm;
}

/* What the rows from these on name, of as many pools as come at once. */
static int read_ahead(struct fleet *f, struct rows *r, size_t host, size_t vm)
{
	int64_t id[STORE_AHEAD], object, pool = 1;
	unsigned nr = 0;

	while (nr < STORE_AHEAD &&
	       (pool = next_row(r, &host, &vm, &object)) != 0) {
		uint8_t bit = (uint8_t)(1 << (object & 7));

		r->ahead = pool;
		if (!object || r->asked[object >> 3] & bit)
			continue;
		r->asked[object >> 3] |= bit;
		id[nr++] = object;
	}
	if (!pool)
		r->ahead = INT64_MAX;
	return store_read_ahead(f->s, id, nr);
}

/* -- policies ------------------------------------------------------------- */

/* What is not known of this profile yet, for the kinds of guests that are. */
static int complete(struct fleet_view *v, const struct store_profile *p,
		    size_t at)
{
	struct lvl_policy offers, admits;
	unsigned g;
	int rc = 0;

	for (g = 0; !rc && g < LVL_NR_GUESTS; g++) {
		const struct lvl_fleet_profile *of = &v->model->profile[at];

		if (!(v->guests >> g & 1) ||
		    ((of->known | of->refused) >> g & 1))
			continue;
		if (!fleet_policies(p, (enum lvl_guest)g, v->on, &offers,
				    &admits))
			rc = lvl_fleet_offer(v->model, at, (enum lvl_guest)g,
					     &offers, &admits);
		else if (p->policy[LVL_KIND_HOST])
			lvl_fleet_refuse(v->model, at, (enum lvl_guest)g);
	}
	return rc;
}

int fleet_view_profile(struct fleet_view *v, int64_t id, size_t *at)
{
	const struct store_profile *p;
	const struct lvl_fleet_profile *of;
	int rc = lvl_fleet_profile(v->model, id, v->on->index, at);

	if (rc || !id)
		return rc;
	of = &v->model->profile[*at];
	if (!(v->guests & ~(unsigned)(of->known | of->refused)))
		return 0;
	rc = store_get_profile(v->f->s, id, &p);
	return rc ? rc : complete(v, p, *at);
}

int fleet_view_machine(struct fleet_view *v, const struct lvl_desc *d,
		       size_t *at)
{
	struct store_profile p = { 0 };
	int64_t id = -(int64_t)v->model->nr_profiles - 1;
	int rc = lvl_fleet_profile(v->model, id, v->on->index, at);

	memcpy(p.policy, d->policy, sizeof(p.policy));
	return rc ? rc : complete(v, &p, *at);
}

int fleet_view_seen(struct fleet_view *v, int64_t id, enum lvl_guest guest,
		    size_t *at)
{
	const struct lvl_policy *p;
	int fresh, rc = lvl_fleet_seen(v->model, id, guest, at, &fresh);

	if (rc || !fresh || !id)
		return rc;
	rc = store_get_policy(v->f->s, id, &p, NULL);
	return rc ? rc : lvl_fleet_saw(v->model, *at, p);
}

/* -- opening -------------------------------------------------------------- */

static int begin(struct fleet *f, const struct store_pool *pool,
		 struct lvl_fleet *model, struct fleet_view *v)
{
	memset(v, 0, sizeof(*v));
	v->f = f;
	v->id = pool->id;
	v->on = fleet_platform(pool);
	v->name = strdup(pool->name);
	v->guests = 1u << pool->guest;
	lvl_fleet_init(&v->own);
	v->model = model ? model : &v->own;
	lvl_fleet_pool_init(&v->pool, (enum lvl_guest)pool->guest);
	return v->name ? 0 : -LVL_E_NO_MEMORY;
}

static int take_hosts(struct fleet_view *v, const struct store_host_count *c)
{
	size_t at;
	int rc;

	if (c->state == STORE_HOST_RETIRED || !c->hosts)
		return 0;
	rc = fleet_view_profile(v, c->profile, &at);
	if (rc)
		return rc;
	return lvl_fleet_pool_hosts(
		&v->pool, at, c->state == STORE_HOST_ACTIVE ? c->hosts : 0,
		c->state == STORE_HOST_UNREACHABLE ? c->hosts : 0);
}

static int take_vms(struct fleet_view *v, const struct store_vm_count *c)
{
	size_t at;
	int rc;

	if (!c->vms)
		return 0;
	rc = fleet_view_seen(v, c->seen, (enum lvl_guest)c->guest, &at);
	return rc ? rc
		  : lvl_fleet_pool_vms(&v->pool, at, c->level, LVL_FLEET_NONE,
				       c->vms);
}

/* The rows of this pool, which follow one another. */
static int take(struct fleet_view *v, const struct rows *r, size_t host,
		size_t vm)
{
	size_t i;
	int rc = 0;

	for (i = vm; i < r->nr_vms && r->vms[i].pool == v->id; i++)
		if (r->vms[i].vms)
			v->guests |= 1u << r->vms[i].guest;
	for (i = host; !rc && i < r->nr_hosts && r->hosts[i].pool == v->id; i++)
		rc = take_hosts(v, &r->hosts[i]);
	for (i = vm; !rc && i < r->nr_vms && r->vms[i].pool == v->id; i++)
		rc = take_vms(v, &r->vms[i]);
	return rc;
}

/* A level that is set for the pool and stays as it is, whoever comes. */
static int take_set(struct fleet_view *v)
{
	const struct lvl_policy *p;
	struct store_level l;
	char name[300];
	int rc;

	if (!fleet_assigned(v->f, STORE_SCOPE_POOL, v->name, &l, &rc) || rc ||
	    l.pool || l.guest != (int)v->pool.guest)
		return rc;
	snprintf(name, sizeof(name), "%.250s@%lld", l.name,
		 (long long)l.version);
	rc = store_get_policy(v->f->s, l.policy, &p, NULL);
	if (rc)
		return rc;
	v->set = malloc(sizeof(*v->set));
	v->set_name = strdup(name);
	if (!v->set || !v->set_name)
		return -LVL_E_NO_MEMORY;
	*v->set = *p;
	v->pool.set = v->set;
	return 0;
}

int fleet_view_of(struct fleet *f, const struct store_pool *pool,
		  struct fleet_view *v)
{
	struct rows r = { 0 };
	int rc = begin(f, pool, NULL, v);

	if (!rc)
		rc = read_rows(f, v->id, &r);
	if (!rc)
		rc = read_ahead(f, &r, 0, 0);
	if (!rc)
		rc = take(v, &r, 0, 0);
	if (!rc)
		rc = take_set(v);
	free_rows(&r);
	if (rc)
		fleet_view_close(v);
	return rc;
}

int fleet_view_open(struct fleet *f, const char *name, struct fleet_view *v)
{
	struct store_pool pool;
	int rc = fleet_pool(f, name, &pool);

	memset(v, 0, sizeof(*v));
	return rc ? rc : fleet_view_of(f, &pool, v);
}

void fleet_view_close(struct fleet_view *v)
{
	size_t i;

	for (i = 0; i < v->nr_hosts; i++)
		free(v->host[i].name);
	free(v->host);
	fleet_view_vms_free(&v->located);
	free(v->name);
	free(v->set);
	free(v->set_name);
	lvl_fleet_pool_free(&v->pool);
	lvl_fleet_free(&v->own);
	memset(v, 0, sizeof(*v));
}

/* -- every pool ----------------------------------------------------------- */

struct pools {
	struct store_pool *pool;
	size_t nr, room;
};

static int keep_pool(void *arg, const struct store_pool *p)
{
	struct pools *all = arg;
	void *grown =
		cli_grow(all->pool, all->nr, &all->room, sizeof(*all->pool));

	if (!grown)
		return -LVL_E_NO_MEMORY;
	all->pool = grown;
	all->pool[all->nr] = *p;
	all->pool[all->nr].name = strdup(p->name);
	all->pool[all->nr].platform = p->platform ? strdup(p->platform) : NULL;
	if (!all->pool[all->nr].name ||
	    (p->platform && !all->pool[all->nr].platform))
		return -LVL_E_NO_MEMORY;
	all->nr++;
	return 0;
}

static int by_pool(const void *x, const void *y)
{
	const struct store_pool *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

static int hosts_by_pool(const void *x, const void *y)
{
	const struct store_host_count *a = x, *b = y;

	return (a->pool > b->pool) - (a->pool < b->pool);
}

static int vms_by_pool(const void *x, const void *y)
{
	const struct store_vm_count *a = x, *b = y;

	return (a->pool > b->pool) - (a->pool < b->pool);
}

static void sort(struct pools *all, struct rows *r)
{
	if (all->nr)
		qsort(all->pool, all->nr, sizeof(*all->pool), by_pool);
	if (r->nr_hosts)
		qsort(r->hosts, r->nr_hosts, sizeof(*r->hosts), hosts_by_pool);
	if (r->nr_vms)
		qsort(r->vms, r->nr_vms, sizeof(*r->vms), vms_by_pool);
}

static int visit(struct fleet *f, struct lvl_fleet *model,
		 const struct pools *all, struct rows *r, fleet_view_fn *each,
		 void *arg)
{
	size_t i, host = 0, vm = 0;
	int rc = 0;

	for (i = 0; !rc && i < all->nr; i++) {
		struct fleet_view v;

		while (host < r->nr_hosts &&
		       r->hosts[host].pool < all->pool[i].id)
			host++;
		while (vm < r->nr_vms && r->vms[vm].pool < all->pool[i].id)
			vm++;
		rc = begin(f, &all->pool[i], model, &v);
		if (!rc && all->pool[i].id > r->ahead)
			rc = read_ahead(f, r, host, vm);
		if (!rc)
			rc = take(&v, r, host, vm);
		if (!rc)
			rc = each(arg, &v);
		fleet_view_close(&v);
	}
	return rc;
}

int fleet_view_each(struct fleet *f, struct lvl_fleet *model,
		    fleet_view_fn *each, void *arg)
{
	struct pools all = { 0 };
	struct rows r = { 0 };
	size_t i;
	int rc = store_scan_pools(f->s, keep_pool, &all);

	if (!rc)
		rc = read_rows(f, 0, &r);
	sort(&all, &r);
	if (!rc)
		rc = visit(f, model, &all, &r, each, arg);
	for (i = 0; i < all.nr; i++) {
		free((char *)all.pool[i].name);
		free((char *)all.pool[i].platform);
	}
	free(all.pool);
	free_rows(&r);
	return rc;
}

uint64_t fleet_view_shut_out(struct fleet_view *v, size_t from, size_t to)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < v->pool.nr_groups; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];

		if (g->vms &&
		    lvl_fleet_verdict(v->model, g->seen, to) == LVL_NO &&
		    (from == LVL_FLEET_NONE ||
		     lvl_fleet_verdict(v->model, g->seen, from) == LVL_YES))
			n += g->vms;
	}
	return n;
}

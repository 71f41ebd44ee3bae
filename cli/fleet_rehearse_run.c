/* SPDX-License-Identifier: MIT */
#include "fleet_rehearse.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* -- the VMs, one by one -------------------------------------------------- */

static int keep_vm(void *arg, const struct store_vm *row)
{
	struct rehearsal *r = arg;
	struct rehearse_vm *vm;

	if (!row->host)
		return 0;
	vm = cli_grow(r->vm, r->nr_vms, &r->vm_room, sizeof(*vm));
	if (!vm)
		return -LVL_E_NO_MEMORY;
	r->vm = vm;
	vm += r->nr_vms;
	*vm = (struct rehearse_vm){
		.name = strdup(row->name),
		.host = row->host,
		.level = row->level,
		.seen = (size_t)row->seen,
		.guest = row->guest,
	};
	if (!vm->name)
		return -LVL_E_NO_MEMORY;
	r->nr_vms++;
	return 0;
}

static int read_vms(struct rehearsal *r)
{
	const struct store_vm_filter of = { .pool = r->v.id };
	size_t i;
	int rc = store_scan_vms(r->v.f->s, &of, keep_vm, r);

	for (i = 0; !rc && i < r->nr_vms; i++) {
		struct rehearse_vm *vm = &r->vm[i];

		rc = fleet_view_seen(&r->v, (int64_t)vm->seen,
				     (enum lvl_guest)vm->guest, &vm->seen);
	}
	return rc;
}

/*
 * Where it is.  It had to go when its host changed, and comes back if that
 * admits it; so does who boots anew.  A host that cannot be reached is no home.
 */
static size_t place_of(const struct rehearsal *r, const struct rehearse_vm *vm)
{
	const struct fleet_view_host *h = fleet_view_host(&r->v, vm->host);

	if (!h)
		return LVL_FLEET_ELSEWHERE;
	if ((vm->anew || r->changed[h - r->v.host]) &&
	    (h->profile == LVL_FLEET_NONE ||
	     lvl_fleet_verdict(r->v.model, vm->seen, h->profile) != LVL_YES))
		return LVL_FLEET_HOME;
	return h->active ? h->profile : LVL_FLEET_ELSEWHERE;
}

static int by_host(const void *x, const void *y)
{
	const struct rehearse_vm *a = x, *b = y;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* The VMs of one host follow one another; the first of them. */
static size_t first_of(const struct rehearsal *r, int64_t host)
{
	size_t from = 0, to = r->nr_vms;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (r->vm[middle].host < host)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* One VM into the groups of the pool as it is now, or out of them. */
static int count_vm(struct rehearsal *r, const struct rehearse_vm *vm, int n)
{
	const struct fleet_view_host *h = fleet_view_host(&r->v, vm->host);

	return lvl_fleet_pool_vms_then(&r->v.pool, vm->seen, vm->level,
				       place_of(r, vm),
				       h ? h->then : LVL_FLEET_NONE, n);
}

/* All VMs of the host; before it changes out, after it in again. */
static int count_guests(struct rehearsal *r, int64_t host, int n)
{
	size_t i;
	int rc = 0;

	for (i = first_of(r, host);
	     !rc && host && i < r->nr_vms && r->vm[i].host == host; i++)
		rc = count_vm(r, &r->vm[i], n);
	return rc;
}

static int group_all(struct rehearsal *r)
{
	size_t i;
	int rc = 0;

	if (r->nr_vms)
		qsort(r->vm, r->nr_vms, sizeof(*r->vm), by_host);
	r->v.pool.nr_groups = 0;
	for (i = 0; !rc && i < r->nr_vms; i++)
		rc = count_vm(r, &r->vm[i], 1);
	return rc;
}

/* -- one step ------------------------------------------------------------- */

static struct rehearse_step *
add_step(struct rehearsal *r, const struct plan_step *of, const char *name)
{
	struct rehearse_step *s =
		cli_grow(r->step, r->nr, &r->room, sizeof(*s));

	if (!s)
		return NULL;
	r->step = s;
	s += r->nr;
	memset(s, 0, sizeof(*s));
	s->what = of->what;
	s->line = of->line;
	s->way_back = LVL_YES;
	s->name = strdup(name);
	r->nr += s->name != NULL;
	return s->name ? s : NULL;
}

/* Features of the level; of mixed vendors all together. */
static unsigned level_features(const struct fleet_view *v,
			       const struct lvl_fleet_pool *p,
			       unsigned *vendors)
{
	unsigned vendor[LVL_FLEET_VENDORS], n, i, sum = 0;
	struct lvl_fleet_level *l = malloc(sizeof(*l));

	n = lvl_fleet_vendors(v->model, p, vendor);
	*vendors = n;
	for (i = 0; l && i < n; i++) {
		lvl_fleet_level(v->model, p, vendor[i], l);
		if (!l->rc)
			sum += cli_count_features(&l->policy);
	}
	free(l);
	return sum;
}

/* VMs of the host: is there another for each? */
static void ask_guests(struct rehearsal *r, int64_t host,
		       struct rehearse_step *s)
{
	size_t i;

	for (i = first_of(r, host);
	     host && i < r->nr_vms && r->vm[i].host == host; i++) {
		const struct rehearse_vm *vm = &r->vm[i];
		const struct lvl_fleet_group g = {
			.seen = vm->seen,
			.on = place_of(r, vm),
			.then = LVL_FLEET_NONE,
			.vms = 1,
		};
		struct lvl_fleet_reach reach;

		if (g.on == LVL_FLEET_HOME)
			continue;
		lvl_fleet_reach(r->v.model, &r->v.pool, &g, &reach);
		s->moves++;
		s->cannot += reach.fate == LVL_FLEET_STRANDED;
		s->unsure += reach.fate == LVL_FLEET_UNSURE;
	}
}

static struct fleet_view_host *host_of(struct rehearsal *r, int64_t id)
{
	const struct fleet_view_host *h = fleet_view_host(&r->v, id);

	return h ? &r->v.host[h - r->v.host] : NULL;
}

/* Its VMs are counted as those of a host that is going to change. */
static int mark_host(struct rehearsal *r, const struct change_host *h)
{
	struct fleet_view_host *on = host_of(r, h->id);
	int rc = count_guests(r, h->id, -1);

	if (on)
		on->then = change_then(h);
	return rc ? rc : count_guests(r, h->id, 1);
}

static int move_host(struct rehearsal *r, const struct change_host *h)
{
	struct fleet_view_host *on = host_of(r, h->id);
	int rc = count_guests(r, h->id, -1);

	if (!rc)
		rc = lvl_fleet_apply(&r->v.pool, &h->c, 1);
	if (on) {
		on->then = LVL_FLEET_NONE;
		on->profile = h->c.to;
		on->active = h->c.to != LVL_FLEET_NONE;
		on->source = h->source;
		r->changed[on - r->v.host] = 1;
	}
	return rc ? rc : count_guests(r, h->id, 1);
}

static int change_one(struct rehearsal *r, const struct plan_step *of,
		      const struct change_host *h)
{
	struct rehearse_step *s = add_step(r, of, h->name);
	struct lvl_fleet_pool after = { .nr_members = 0 };
	struct lvl_fleet_effect e = { .nr = 0 };
	size_t order, blocked = 0;
	int exact, rc = s ? 0 : -LVL_E_NO_MEMORY;

	if (!rc)
		rc = mark_host(r, h);
	if (!rc)
		rc = lvl_fleet_pool_copy(&after, &r->v.pool);
	if (!rc)
		rc = lvl_fleet_apply(&after, &h->c, 1);
	if (!rc)
		rc = lvl_fleet_effect(r->v.model, &r->v.pool, &after, &e);
	if (!rc)
		rc = lvl_fleet_order(r->v.model, &r->v.pool, &h->c, 1, &order,
				     &blocked, &exact);
	if (!rc) {
		memcpy(s->basis, h->basis, sizeof(s->basis));
		s->before = level_features(&r->v, &r->v.pool, &s->vendors);
		s->after = level_features(&r->v, &after, &s->vendors);
		ask_guests(r, h->id, s);
		s->stranded = e.stranded;
		s->homeless = blocked != 0;
		s->way_back = lvl_fleet_way_back(r->v.model, &after, &h->c);
		rc = move_host(r, h);
	}
	lvl_fleet_pool_free(&after);
	lvl_fleet_effect_free(&e);
	return rc;
}

/* -- an item of the plan -------------------------------------------------- */

/* In an order in which every VM keeps a home, if there is one. */
static int change_all(struct rehearsal *r, const struct plan_step *of,
		      struct changes *c)
{
	size_t *order, i, blocked;
	int exact, rc = changes_find(&r->v, c);

	if (rc)
		return rc;
	order = calloc(c->nr + 1, sizeof(*order));
	rc = order ? changes_order(&r->v, c, order, &blocked, &exact)
		   : -LVL_E_NO_MEMORY;
	for (i = 0; !rc && i < c->nr; i++)
		rc = change_one(r, of, &c->host[order[i]]);
	free(order);
	return rc;
}

/* A level that VMs of one vendor and kind boot at; the same for all. */
struct booting {
	const char *name; /* of a level, or NULL: the pool's */
	unsigned vendor;
	enum lvl_guest guest;
	unsigned long line; /* of the plan */
	int64_t id;         /* of the level; 0: none of the store */
	size_t seen;        /* what they will have seen */
};

static int named_level(struct rehearsal *r, struct booting *b,
		       struct lvl_policy *p)
{
	const struct lvl_policy *policy;
	struct store_level row;
	int rc = fleet_level(r->v.f, b->name, &row);

	if (rc)
		return rc;
	b->id = row.id;
	if (row.guest != (int)b->guest) {
		cli_error("line %lu: level %s is for %s guests", b->line,
			  b->name, lvl_guest_names[row.guest]);
		return EXIT_REFUSED;
	}
	rc = store_get_policy(r->v.f->s, row.policy, &policy, NULL);
	if (!rc)
		*p = *policy;
	return rc;
}

static int pool_level(struct rehearsal *r, const struct booting *b,
		      struct lvl_policy *p)
{
	const struct lvl_policy *set = r->v.pool.set;
	struct lvl_fleet_level *l;
	int rc;

	if (set && b->guest == r->v.pool.guest &&
	    lvl_policy_vendor(set) == b->vendor) {
		*p = *set;
		return 0;
	}
	l = malloc(sizeof(*l));
	rc = l ? 0 : -LVL_E_NO_MEMORY;
	if (l) {
		lvl_fleet_level_for(r->v.model, &r->v.pool, b->guest, b->vendor,
				    l);
		*p = l->policy;
		rc = l->rc ? EXIT_REFUSED : l->unknown ? EXIT_INCOMPLETE : 0;
	}
	free(l);
	if (rc > 0)
		cli_error("line %lu: %s has no level then that is known to be "
			  "one of all its hosts: nothing boots there",
			  b->line, r->v.name);
	return rc;
}

static int boot_level(struct rehearsal *r, struct booting *b)
{
	struct lvl_policy p;
	int fresh, rc;

	b->id = 0;
	rc = b->name ? named_level(r, b, &p) : pool_level(r, b, &p);
	if (!rc)
		rc = lvl_fleet_seen(r->v.model,
				    -(int64_t)r->v.model->nr_seen - 1, b->guest,
				    &b->seen, &fresh);
	return rc ? rc : lvl_fleet_saw(r->v.model, b->seen, &p);
}

/* Of the CPU that it saw, or of the host where it runs. */
static unsigned vendor_of(const struct rehearsal *r,
			  const struct rehearse_vm *vm)
{
	const struct lvl_policy *p = r->v.model->seen[vm->seen].policy;
	const struct fleet_view_host *h = fleet_view_host(&r->v, vm->host);

	if (p)
		return lvl_policy_vendor(p);
	return h && h->profile != LVL_FLEET_NONE
		       ? r->v.model->profile[h->profile].vendor
		       : 0;
}

static int boot(struct rehearsal *r, struct rehearse_vm *vm,
		const struct booting *b)
{
	int rc = count_vm(r, vm, -1);

	vm->seen = b->seen;
	vm->level = b->id;
	vm->anew = 1;
	return rc ? rc : count_vm(r, vm, 1);
}

/* Is there a host for it at all? */
static void ask_booted(struct rehearsal *r, const struct rehearse_vm *vm,
		       struct rehearse_step *s)
{
	const struct lvl_fleet_group g = { .seen = vm->seen,
					   .on = LVL_FLEET_ELSEWHERE,
					   .then = LVL_FLEET_NONE };
	struct lvl_fleet_reach reach;

	lvl_fleet_reach(r->v.model, &r->v.pool, &g, &reach);
	s->cycled++;
	s->nowhere += reach.fate == LVL_FLEET_STRANDED;
	s->unsure += reach.fate == LVL_FLEET_UNSURE;
}

/* The level for this VM among those that were found, or one more. */
static int find_level(struct rehearsal *r, const struct rehearse_vm *vm,
		      const struct plan_step *of, struct booting *all,
		      unsigned *nr, const struct booting **found)
{
	const char *equal = strchr(of->value, '=');
	enum lvl_guest guest = r->v.model->seen[vm->seen].guest;
	unsigned vendor = vendor_of(r, vm), k = 0;
	int rc = 0;

	while (k < *nr && (all[k].vendor != vendor || all[k].guest != guest))
		k++;
	if (k == *nr) {
		all[k] = (struct booting){
			.name = equal ? equal + 1 : NULL,
			.vendor = vendor,
			.guest = guest,
			.line = of->line,
		};
		rc = boot_level(r, &all[k]);
		*nr += !rc;
	}
	*found = &all[k];
	return rc;
}

/* VMs like it boot where they are, or where they fit then. */
static int power_cycle(struct rehearsal *r, const struct plan_step *of)
{
	struct booting all[8 * LVL_FLEET_VENDORS * LVL_NR_GUESTS];
	const struct booting *b = NULL;
	struct rehearse_step *s = add_step(r, of, of->value);
	char pattern[256];
	unsigned nr = 0;
	size_t i;
	int rc = s ? 0 : -LVL_E_NO_MEMORY;
	size_t len = strcspn(of->value, "=");

	if (len >= sizeof(pattern)) {
		cli_error("line %lu: a name of more than 255 bytes", of->line);
		return EXIT_INPUT;
	}
	snprintf(pattern, sizeof(pattern), "%.*s", (int)len, of->value);
	for (i = 0; !rc && i < r->nr_vms; i++) {
		if (fnmatch(pattern, r->vm[i].name, 0))
			continue;
		rc = find_level(r, &r->vm[i], of, all, &nr, &b);
		if (!rc)
			rc = boot(r, &r->vm[i], b);
		if (!rc)
			ask_booted(r, &r->vm[i], s);
	}
	if (!rc && !s->cycled) {
		cli_error("line %lu: no running VM of %s is called like %s",
			  of->line, r->v.name, pattern);
		rc = EXIT_INPUT;
	}
	if (!rc)
		s->before = s->after =
			level_features(&r->v, &r->v.pool, &s->vendors);
	return rc;
}

int rehearse_run(struct rehearsal *r)
{
	size_t i;
	int rc = fleet_view_hosts(&r->v);

	r->changed = calloc(r->v.nr_hosts + 1, 1);
	if (!rc && !r->changed)
		rc = -LVL_E_NO_MEMORY;
	if (!rc)
		rc = read_vms(r);
	if (!rc)
		rc = group_all(r);
	for (i = 0; !rc && i < r->plan->nr; i++) {
		const struct plan_step *s = &r->plan->step[i];

		rc = s->what == PLAN_POWER_CYCLE
			     ? power_cycle(r, s)
			     : change_all(r, s, &r->changes[i]);
	}
	return rc;
}

void rehearse_free(struct rehearsal *r)
{
	size_t i;

	for (i = 0; i < r->nr_vms; i++)
		free(r->vm[i].name);
	for (i = 0; i < r->nr; i++)
		free(r->step[i].name);
	free(r->vm);
	free(r->step);
	free(r->changed);
	r->changed = NULL;
	r->vm = NULL;
	r->step = NULL;
	r->nr_vms = r->vm_room = r->nr = r->room = 0;
}

int rehearse_bad(const struct rehearse_step *s)
{
	return s->stranded || s->cannot || s->homeless || s->nowhere;
}

/* SPDX-License-Identifier: MIT */
#include "fleet_levels.h"

#include <jansson.h>
#include <string.h>

/* -- who runs under it ---------------------------------------------------- */

struct under {
	struct fleet *f;
	const struct store_level *v;
	struct fleet_under n;
};

static int add_under(void *arg, const struct store_vm_count *c)
{
	struct under *u = arg;
	struct store_level v;
	int rc;

	if (!c->level)
		return 0;
	rc = store_get_level(u->f->s, c->level, &v);
	if (rc || strcmp(v.name, u->v->name) != 0)
		return rc;
	if (v.id == u->v->id)
		u->n.now += c->vms;
	else
		u->n.older += c->vms;
	return 0;
}

int fleet_level_vms(struct fleet *f, const struct store_level *v,
		    struct fleet_under *n)
{
	struct under u = { f, v, { 0, 0 } };
	int rc = store_count_vms(f->s, 0, add_under, &u);

	*n = u.n;
	return rc;
}

/* -- list ----------------------------------------------------------------- */

struct list {
	struct fleet *f;
	struct fleet_table *t;
	json_t *rows;
	json_t *by_id, *by_name; /* how many VMs run under it */
};

static void add_to(json_t *sums, const char *key, int64_t n)
{
	n += json_integer_value(json_object_get(sums, key));
	json_object_set_new_nocheck(sums, key, json_integer(n));
}

static int sum_id(void *arg, const struct store_vm_count *c)
{
	struct list *l = arg;
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)c->level);
	add_to(l->by_id, id, c->vms);
	return 0;
}

static int64_t under_id(const struct list *l, int64_t level)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)level);
	return json_integer_value(json_object_get(l->by_id, id));
}

static int sum_name(void *arg, const struct store_level *v)
{
	struct list *l = arg;
	int64_t n = under_id(l, v->id);

	if (n)
		add_to(l->by_name, v->name, n);
	return 0;
}

static int list_row(struct list *l, const struct store_level *v,
		    const char *follows)
{
	const struct lvl_policy *p;
	int64_t n = under_id(l, v->id), older;
	char name[300], features[16], now[24], others[24];
	int rc = store_get_policy(l->f->s, v->policy, &p, NULL);

	if (rc)
		return rc;
	older = json_integer_value(json_object_get(l->by_name, v->name)) - n;
	if (l->rows)
		return json_array_append_new(
			l->rows,
			json_pack("{s:s, s:I, s:s, s:i, s:s?, s:I, s:I}",
				  "name", v->name, "level_version",
				  (json_int_t)v->version, "guest",
				  lvl_guest_names[v->guest], "feature_count",
				  (int)cli_count_features(p), "follows",
				  follows, "vms", (json_int_t)n, "vms_older",
				  (json_int_t)older));
	snprintf(name, sizeof(name), "%s@%lld", v->name, (long long)v->version);
	snprintf(features, sizeof(features), "%u", cli_count_features(p));
	snprintf(now, sizeof(now), "%lld", (long long)n);
	snprintf(others, sizeof(others), "%lld", (long long)older);
	fleet_table_row(l->t, name, features, lvl_guest_names[v->guest],
			follows, now, others);
	return 0;
}

/* The newest version of each. */
static int list_one(void *arg, const struct store_level *v)
{
	struct list *l = arg;
	struct store_level newest;
	struct store_pool p;
	int rc = store_find_level(l->f->s, v->name, 0, &newest);

	if (rc || newest.id != v->id)
		return rc;
	rc = fleet_level_pool(l->f, v, &p);
	return rc ? rc : list_row(l, v, p.name);
}

static int list_body(struct fleet *f, void *arg)
{
	static const struct fleet_column columns[] = {
		{ "LEVEL", 0, 0 },   { "FEATURES", 1, 0 }, { "GUESTS", 0, 2 },
		{ "FOLLOWS", 0, 1 }, { "VMS", 1, 0 },      { "OLDER", 1, 0 },
	};
	struct fleet_table t;
	struct list l = { f, &t, NULL, json_object(), json_object() };
	int rc = store_count_vms(f->s, 0, sum_id, &l);

	(void)arg;
	if (f->json)
		l.rows = json_array();
	else
		fleet_table_init(&t, f->out, columns, LVL_COUNT(columns));
	if (!rc)
		rc = store_scan_levels(f->s, sum_name, &l);
	if (!rc)
		rc = store_scan_levels(f->s, list_one, &l);
	json_decref(l.by_id);
	json_decref(l.by_name);
	if (!f->json)
		return fleet_table_end(&t) ? EXIT_INPUT : rc;
	if (!rc)
		return fleet_json(f, json_pack("{s:s, s:i, s:o}", "format",
					       "cpulevel-levels", "version", 1,
					       "levels", l.rows));
	json_decref(l.rows);
	return rc;
}

static int run_list(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 0, 0, "list", list_body);
}

/* -- set ------------------------------------------------------------------ */

static const char *const scopes[] = { "pool", "group", "vm" };

struct set {
	enum store_scope scope;
	const char *name, *level; /* NULL: unset */
};

static int any_host(void *arg, const struct store_host *h)
{
	*(int *)arg = h->id != 0;
	return 0;
}

/* Groups and VMs may come later; pools are there first. */
static int check_target(struct fleet *f, const struct set *s)
{
	const struct store_host_filter of = { .group = s->name, .limit = 1 };
	struct store_pool p;
	struct store_vm v;
	int found = 0, rc = 0;

	switch (s->scope) {
	case STORE_SCOPE_POOL:
		return fleet_pool(f, s->name, &p);
	case STORE_SCOPE_GROUP:
		rc = store_scan_hosts(f->s, &of, any_host, &found);
		if (!rc && !found && s->level)
			cli_warn("no host is in a group %s yet", s->name);
		return rc;
	case STORE_SCOPE_VM:
		break;
	}
	if (s->level && store_find_vm(f->s, s->name, &v) == -LVL_E_NOT_FOUND)
		cli_warn("there is no VM %s yet: it will boot at this level",
			 s->name);
	return 0;
}

/* A VM boots only at a level for its own kind of guest. */
static int check_guest(struct fleet *f, const struct set *s,
		       const struct store_level *v)
{
	struct store_pool p;
	int rc = s->scope == STORE_SCOPE_POOL ? fleet_pool(f, s->name, &p) : 0;

	if (!rc && s->scope == STORE_SCOPE_POOL && p.guest != v->guest)
		cli_warn("level %s is for %s guests, and those of pool %s are "
			 "%s",
			 v->name, lvl_guest_names[v->guest], p.name,
			 lvl_guest_names[p.guest]);
	return rc;
}

struct behind {
	struct fleet *f;
	int64_t policy, vms;
};

static int vm_behind(void *arg, const struct store_vm *v)
{
	struct behind *b = arg;

	b->vms += v->seen != b->policy;
	return 0;
}

static int host_behind(void *arg, const struct store_host *h)
{
	struct behind *b = arg;
	const struct store_vm_filter on = { .host = h->id };

	return store_scan_vms(b->f->s, &on, vm_behind, b);
}

static int count_behind(void *arg, const struct store_vm_count *c)
{
	struct behind *b = arg;

	if (c->seen != b->policy)
		b->vms += c->vms;
	return 0;
}

/* Who keeps what it saw until it is power-cycled. */
static int say_behind(struct fleet *f, const struct set *s,
		      const struct store_level *v)
{
	struct behind b = { f, v->policy, 0 };
	const struct store_host_filter group = { .group = s->name };
	struct store_pool p;
	struct store_vm vm;
	int rc = 0;

	if (s->scope == STORE_SCOPE_POOL) {
		rc = fleet_pool(f, s->name, &p);
		if (!rc)
			rc = store_count_vms(f->s, p.id, count_behind, &b);
	} else if (s->scope == STORE_SCOPE_GROUP) {
		rc = store_scan_hosts(f->s, &group, host_behind, &b);
	} else if (s->scope == STORE_SCOPE_VM &&
		   !store_find_vm(f->s, s->name, &vm)) {
		b.vms = vm.host && vm.seen != v->policy;
	}
	if (!rc && b.vms)
		fprintf(f->out,
			"  %lld running VM%s keep%s what %s saw until a power "
			"cycle\n",
			(long long)b.vms, b.vms == 1 ? "" : "s",
			b.vms == 1 ? "s" : "", b.vms == 1 ? "it" : "they");
	return rc;
}

static int say_set(struct fleet *f, const struct set *s,
		   const struct store_level *v, int64_t version)
{
	if (f->json)
		return fleet_json(
			f,
			json_pack("{s:s, s:i, s:s, s:s, s:s?, s:o}", "format",
				  "cpulevel-assign", "version", 1, "scope",
				  scopes[s->scope], "name", s->name, "level",
				  v ? v->name : NULL, "level_version",
				  version ? json_integer(version)
					  : json_null()));
	if (!v) {
		fprintf(f->out, "%s %s  no level of its own any more\n",
			scopes[s->scope], s->name);
		return 0;
	}
	fprintf(f->out, "%s %s  next boots at %s", scopes[s->scope], s->name,
		v->name);
	if (version)
		fprintf(f->out, "@%lld\n", (long long)version);
	else
		fprintf(f->out, ", the newest: now @%lld\n",
			(long long)v->version);
	return say_behind(f, s, v);
}

static int unset(struct fleet *f, const struct set *s, struct store_assign *a,
		 int found)
{
	int rc;

	if (!found) {
		cli_error("%s %s has no level set", scopes[s->scope], s->name);
		return EXIT_INPUT;
	}
	rc = store_drop_assign(f->s, a);
	return rc ? rc : say_set(f, s, NULL, 0);
}

static int set_body(struct fleet *f, void *arg)
{
	const struct set *s = arg;
	struct store_assign a;
	struct store_level v;
	int found, rc = check_target(f, s);

	if (rc)
		return rc;
	rc = store_find_assign(f->s, s->scope, s->name, &a);
	found = !rc;
	if (rc && rc != -LVL_E_NOT_FOUND)
		return rc;
	if (!s->level)
		return unset(f, s, &a, found);
	rc = fleet_level(f, s->level, &v);
	if (!rc)
		rc = check_guest(f, s, &v);
	if (rc)
		return rc;
	if (!found)
		a = (struct store_assign){ .scope = s->scope, .name = s->name };
	a.level = v.name;
	a.version = strcmp(s->level, v.name) != 0 ? v.version : 0;
	rc = store_put_assign(f->s, &a);
	return rc ? rc : say_set(f, s, &v, a.version);
}

static int run_set(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "unset", no_argument, NULL, 'u' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};
	static const char form[] = "set pool|group|vm NAME LEVEL[@V]|--unset";
	struct fleet f = { .store = NULL };
	struct set s = { .level = NULL };
	int c, off = 0, rc = 0;
	unsigned i;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'u')
			off = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 3 - off, 3 - off, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	for (i = 0; i < LVL_COUNT(scopes); i++)
		if (!strcmp(scopes[i], argv[optind]))
			break;
	if (i == LVL_COUNT(scopes))
		return cli_usage("\"%s\": cpulevel level %s", argv[optind],
				 form);
	s.scope = (enum store_scope)i;
	s.name = argv[optind + 1];
	s.level = off ? NULL : argv[optind + 2];
	return fleet_write(&f, set_body, &s);
}

/* -- which of them -------------------------------------------------------- */

static const struct fleet_sub subs[] = {
	{ "new", fleet_level_new },         { "list", run_list },
	{ "show", fleet_level_show },       { "set", run_set },
	{ "lattice", fleet_level_lattice },
};

int fleet_levels_is(const char *word)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(subs); i++)
		if (!strcmp(subs[i].name, word))
			return 1;
	return 0;
}

int fleet_levels_run(int argc, char **argv)
{
	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

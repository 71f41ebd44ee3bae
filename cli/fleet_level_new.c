/* SPDX-License-Identifier: MIT */
#include "fleet_levels.h"

#include "limits.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES 64

struct order {
	const char *name, *follow;
	char *from[SOURCES];
	unsigned nr_from;
	struct limits limits;
	struct cli_select select;
};

/* The machines; large. */
static struct pool work;

/* -- what the level is made from ------------------------------------------ */

static int from_host(struct fleet *f, const struct order *o, const char *name)
{
	const struct store_profile *profile;
	struct store_pool p = { .platform = NULL };
	struct lvl_policy dflt;
	struct store_host h;
	int rc = fleet_host(f, name, &h);

	if (!rc && !h.profile) {
		cli_error("%s never reported what it is", name);
		return EXIT_INCOMPLETE;
	}
	if (!rc && h.pool)
		rc = store_get_pool(f->s, h.pool, &p);
	if (!rc)
		rc = store_get_profile(f->s, h.profile, &profile);
	if (rc)
		return rc;
	if (fleet_policies(profile, o->select.guest,
			   o->select.platform ? o->select.platform
					      : fleet_platform(&p),
			   &dflt, NULL)) {
		cli_error("%s runs no %s guests, or does not say what they "
			  "get",
			  name, lvl_guest_names[o->select.guest]);
		return EXIT_REFUSED;
	}
	lvl_fold_add(&work.fold, &dflt);
	return 0;
}

static int from_pool(struct fleet *f, const struct order *o, const char *name)
{
	static struct fleet_live l;
	struct store_pool p;
	int rc = fleet_pool(f, name, &p);

	if (!rc)
		rc = fleet_live(f, &p, o->select.guest, NULL, &l);
	if (!rc)
		rc = fleet_live_usable(&l, name);
	if (!rc)
		lvl_fold_add(&work.fold, &l.policy);
	return rc;
}

/* "host:a,b" is a and b. */
static int each_of(struct fleet *f, const struct order *o, const char *list,
		   int (*each)(struct fleet *f, const struct order *o,
			       const char *name))
{
	char name[256];
	int rc = 0;

	while (*list && !rc) {
		size_t n = strcspn(list, ",");

		snprintf(name, sizeof(name), "%.*s", (int)n, list);
		rc = each(f, o, name);
		list += n + (list[n] == ',');
	}
	return rc;
}

static int gather(struct fleet *f, struct order *o)
{
	unsigned i;
	int rc = 0;

	pool_init(&work, &o->select);
	for (i = 0; i < o->nr_from && !rc; i++) {
		if (!strncmp(o->from[i], "host:", 5))
			rc = each_of(f, o, o->from[i] + 5, from_host);
		else if (!strncmp(o->from[i], "pool:", 5))
			rc = each_of(f, o, o->from[i] + 5, from_pool);
		else
			rc = cli_each(&o->from[i], 1, pool_add, &work);
	}
	if (!rc && o->follow)
		rc = from_pool(f, o, o->follow);
	return rc;
}

/* -- and how it is written down ------------------------------------------- */

static json_t *strings(const char *const *list, unsigned nr)
{
	json_t *a = json_array();
	unsigned i;

	for (i = 0; i < nr; i++)
		json_array_append_new(a, json_string(list[i]));
	return a;
}

/* Caps are kept as policies, so that they mean the same for ever. */
static int define(struct fleet *f, struct order *o, char **definition)
{
	json_t *d = json_object(), *caps = json_array();
	struct lvl_policy cap;
	int64_t id;
	unsigned i;
	int rc = 0;

	for (i = 0; i < o->limits.nr_caps && !rc; i++) {
		rc = limits_read_cap(&o->select, o->limits.cap[i], &cap);
		if (!rc)
			rc = store_put_policy(f->s, &cap, -1, &id);
		if (!rc)
			lvl_fold_cap(&work.fold, &cap);
		json_array_append_new(caps, json_integer((json_int_t)id));
	}
	if (o->nr_from)
		json_object_set_new(
			d, "from", strings((const char **)o->from, o->nr_from));
	if (o->follow)
		json_object_set_new(d, "follow", json_string(o->follow));
	if (o->limits.nr_caps) {
		json_object_set_new(d, "cap",
				    strings(o->limits.cap, o->limits.nr_caps));
		json_object_set(d, "caps", caps);
	}
	if (o->limits.nr_drops)
		json_object_set_new(
			d, "drop", strings(o->limits.drop, o->limits.nr_drops));
	*definition = json_dumps(d, JSON_COMPACT);
	json_decref(caps);
	json_decref(d);
	return rc ? rc : *definition ? 0 : -LVL_E_NO_MEMORY;
}

static int read_fold(struct lvl_policy *p)
{
	struct lvl_status status;

	switch (lvl_fold_read(&work.fold, p, NULL, &status)) {
	case 0:
		return 0;
	case -LVL_E_VENDOR:
		cli_error("the CPU vendors differ: no guest can move between "
			  "them");
		return EXIT_REFUSED;
	case -LVL_E_EMPTY:
		cli_error("no machine to level");
		return EXIT_INPUT;
	default:
		cli_error("no common level: %s differs, and nothing can be "
			  "taken away to make it agree",
			  lvl_field_name(status.none_field));
		return EXIT_NO;
	}
}

/* -- the row -------------------------------------------------------------- */

static int say(struct fleet *f, const struct store_level *v,
	       const struct lvl_policy *p, const struct lvl_policy *before)
{
	char size[FLEET_SIZE];

	if (f->json)
		return fleet_json(
			f, json_pack("{s:s, s:i, s:s, s:I, s:s, s:i}", "format",
				     "cpulevel-stored-level", "version", 1,
				     "name", v->name, "level_version",
				     (json_int_t)v->version, "guest",
				     lvl_guest_names[v->guest], "feature_count",
				     (int)cli_count_features(p)));
	fprintf(f->out, "%s@%lld  %s guests  %s\n", v->name,
		(long long)v->version, lvl_guest_names[v->guest],
		fleet_say_size(p, size));
	if (before)
		fleet_say_features(before, p, f->out);
	return 0;
}

static int may_be_called(struct fleet *f, const char *name)
{
	struct store_pool p;
	int rc = store_find_pool(f->s, name, &p);

	if (strchr(name, '@'))
		return cli_usage("a level's name has no @: its version comes "
				 "after it");
	if (rc == -LVL_E_NOT_FOUND)
		return 0;
	if (rc)
		return rc;
	cli_error("%s is a pool, and its level follows its hosts; choose "
		  "another name, and `cpulevel level set pool %s NAME`",
		  name, name);
	return EXIT_REFUSED;
}

static int put(struct fleet *f, const struct order *o, const char *definition,
	       const struct lvl_policy *p)
{
	struct store_level v = { .name = o->name,
				 .guest = o->select.guest,
				 .definition = definition };
	static struct lvl_policy old;
	const struct lvl_policy *before = NULL;
	struct store_level last;
	struct store_pool follow;
	int rc = store_find_level(f->s, o->name, 0, &last);

	if (!rc) {
		rc = store_get_policy(f->s, last.policy, &before, NULL);
		if (!rc)
			old = *before;
	} else if (rc == -LVL_E_NOT_FOUND) {
		rc = 0;
	}
	if (!rc && o->follow) {
		rc = fleet_pool(f, o->follow, &follow);
		v.pool = follow.id;
	}
	if (!rc)
		rc = store_put_policy(f->s, p, v.guest, &v.policy);
	if (!rc)
		rc = store_put_level(f->s, &v);
	return rc ? rc : say(f, &v, p, before ? &old : NULL);
}

static int body(struct fleet *f, void *arg)
{
	struct order *o = arg;
	struct limits drops = o->limits;
	struct lvl_policy p;
	char *definition = NULL;
	int rc = may_be_called(f, o->name);

	if (!rc)
		rc = gather(f, o);
	if (!rc)
		rc = define(f, o, &definition);
	drops.nr_caps = 0;
	if (!rc)
		rc = limits_apply(&drops, &work);
	if (!rc)
		rc = read_fold(&p);
	if (!rc)
		rc = put(f, o, definition, &p);
	pool_free(&work);
	free(definition);
	return rc;
}

/* -- the command line ----------------------------------------------------- */

static int take(struct order *o, struct fleet *f, int c)
{
	struct limits *l = &o->limits;

	switch (c) {
	case 'F':
		if (o->nr_from == SOURCES)
			return cli_usage("--from is given more than %d times",
					 SOURCES);
		o->from[o->nr_from++] = optarg;
		return 0;
	case 'w':
		o->follow = optarg;
		return 0;
	case 'c':
		return limits_add(l->cap, &l->nr_caps, optarg);
	case 'd':
		return limits_add(l->drop, &l->nr_drops, optarg);
	case 'g':
	case 'P':
		return cli_select_option(&o->select, c);
	default:
		return fleet_option(f, c);
	}
}

int fleet_level_new(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "from", required_argument, NULL, 'F' },
		{ "follow", required_argument, NULL, 'w' },
		{ "cap", required_argument, NULL, 'c' },
		{ "drop", required_argument, NULL, 'd' },
		{ "guest", required_argument, NULL, 'g' },
		{ "platform", required_argument, NULL, 'P' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};
	static const char form[] = "new NAME --from host:A,B|pool:P|FILE ... "
				   "[--follow POOL]";
	static struct order o;
	struct fleet f = { .store = NULL };
	int c, rc = 0;

	o.select.guest = LVL_HVM;
	o.select.guest_given = 1; /* never the CPU itself */
	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = take(&o, &f, c);
	if (!rc)
		rc = fleet_arguments(argc, 1, SOURCES, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	o.name = argv[optind++];
	while (optind < argc && o.nr_from < SOURCES)
		o.from[o.nr_from++] = argv[optind++];
	if (!o.nr_from && !o.follow)
		return cli_usage("from what?  cpulevel level %s", form);
	if (o.nr_from && o.follow)
		return cli_usage("--from or --follow, one of them");
	return fleet_write(&f, body, &o);
}

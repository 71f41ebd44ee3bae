/* SPDX-License-Identifier: MIT */
#include "fleet_pool.h"
#include "fleet_say.h"

#include <jansson.h>
#include <string.h>

/* -- copy ----------------------------------------------------------------- */

static int open_one(const char *uri, unsigned flags, struct store **s)
{
	char err[STORE_ERROR] = "";
	int rc = store_open(uri, flags, s, err);

	if (rc)
		cli_error("%s", err);
	return rc ? EXIT_INPUT : 0;
}

static int copy(const char *from, const char *to)
{
	struct store *a, *b;
	int rc = open_one(from, STORE_EXISTING | STORE_READ_ONLY, &a);

	if (rc)
		return rc;
	rc = open_one(to, 0, &b);
	if (!rc) {
		rc = store_copy(a, b);
		if (rc)
			cli_error("%s: %s", fleet_say_uri(to),
				  store_error(b) && *store_error(b)
					  ? store_error(b)
					  : lvl_strerror(rc));
		store_close(b);
	}
	store_close(a);
	return rc ? EXIT_INPUT : 0;
}

static int run_copy(int argc, char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	struct fleet f = { .store = NULL };
	const char *from;
	int rc = fleet_options(argc, argv, none, &f);

	if (!rc)
		rc = fleet_arguments(argc, 2, 2, "copy FROM TO");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	from = fleet_take_uri(argv[optind]);
	return copy(from, fleet_take_uri(argv[optind + 1]));
}

/* -- check ---------------------------------------------------------------- */

struct problems {
	struct fleet *f;
	json_t *list;
};

static int problem(void *arg, const char *text)
{
	struct problems *p = arg;

	if (p->list)
		return json_array_append_new(p->list, json_string(text));
	fprintf(p->f->out, "%s\n", text);
	return 0;
}

static int check_body(struct fleet *f, void *arg)
{
	struct problems p = { f, f->json ? json_array() : NULL };
	int64_t nr, last;
	int rc = store_check(f->s, problem, &p, &nr);

	(void)arg;
	if (!rc)
		rc = store_last(f->s, &last);
	if (rc) {
		json_decref(p.list);
		return rc;
	}
	f->exit = nr ? EXIT_NO : EXIT_YES;
	if (f->json)
		return fleet_json(f,
				  json_pack("{s:s, s:i, s:I, s:o}", "format",
					    "cpulevel-store-check", "version",
					    1, "changes", (json_int_t)last,
					    "problems", p.list));
	fprintf(f->out, "%lld changes, %lld problem%s\n", (long long)last,
		(long long)nr, nr == 1 ? "" : "s");
	return 0;
}

static int run_check(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 0, 0, "check", check_body);
}

/* -- info ----------------------------------------------------------------- */

struct info {
	int64_t pools, hosts, vms, levels, last, time;
};

static int one_pool(void *arg, const struct store_pool *p)
{
	(void)p;
	((struct info *)arg)->pools++;
	return 0;
}

static int one_level(void *arg, const struct store_level *v)
{
	(void)v;
	((struct info *)arg)->levels++;
	return 0;
}

static int last_change(void *arg, const struct store_change *c)
{
	((struct info *)arg)->time = c->time;
	return 0;
}

static int gather(struct fleet *f, struct info *i)
{
	struct store_change_filter newest = { .kind = -1 };
	int rc;

	memset(i, 0, sizeof(*i));
	rc = store_scan_pools(f->s, one_pool, i);
	if (!rc)
		rc = fleet_pool_hosts(f, 0, &i->hosts);
	if (!rc)
		rc = fleet_pool_vms(f, 0, &i->vms);
	if (!rc)
		rc = store_scan_levels(f->s, one_level, i);
	if (!rc)
		rc = store_last(f->s, &i->last);
	newest.since = i->last - 1;
	if (!rc && i->last)
		rc = store_changes(f->s, &newest, last_change, i);
	return rc;
}

static int info_body(struct fleet *f, void *arg)
{
	struct info i;
	char when[FLEET_TIME], n[4][FLEET_NUMBER];
	int rc = gather(f, &i);

	(void)arg;
	if (rc)
		return rc;
	if (f->json)
		return fleet_json(
			f, json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, "
				     "s:s?}",
				     "format", "cpulevel-store", "version", 1,
				     "engine", store_engine_name(f->s), "pools",
				     (json_int_t)i.pools, "hosts",
				     (json_int_t)i.hosts, "vms_running",
				     (json_int_t)i.vms, "level_versions",
				     (json_int_t)i.levels, "changes",
				     (json_int_t)i.last, "last_change",
				     i.time ? fleet_say_time(i.time, when)
					    : NULL));
	fprintf(f->out,
		"%s  %s\n"
		"  %s, %s, %s, %lld version%s of levels\n"
		"  %s, the last %s\n",
		fleet_say_uri(fleet_uri(f)), store_engine_name(f->s),
		fleet_number((uint64_t)i.pools, "pool", n[0]),
		fleet_number((uint64_t)i.hosts, "host", n[1]),
		fleet_number((uint64_t)i.vms, "running VM", n[2]),
		(long long)i.levels, i.levels == 1 ? "" : "s",
		fleet_number((uint64_t)i.last, "change", n[3]),
		fleet_say_time(i.time, when));
	return 0;
}

static int run_info(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 0, 0, "info", info_body);
}

/* -- the verb ------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct fleet_sub subs[] = { { "copy", run_copy },
						 { "check", run_check },
						 { "info", run_info } };

	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

const struct verb verb_store = {
	.name = "store",
	.args = "info|check|copy ...",
	.summary = "where the fleet is kept",
	.help = "  store info\n"
		"  store check\n"
		"  store copy FROM TO\n\n"
		"check looks at everything: changes without gaps, rows that "
		"are what their changes\nsay, counts, hashes; 1 if something "
		"is wrong.  copy takes everything, changes and\ntheir numbers "
		"included, to an empty store, also of the other engine.\n\n"
		"options:\n" FLEET_HELP_READ "\nexamples:\n"
		"  cpulevel store copy fleet.db postgres://inventory/fleet\n"
		"  cpulevel store check --store fleet.db\n",
	.run = run,
};

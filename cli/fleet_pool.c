/* SPDX-License-Identifier: MIT */
#include "fleet_pool.h"

#include <jansson.h>
#include <string.h>

/* -- what a verb has done to a pool --------------------------------------- */

static int count_one(void *arg, const struct store_host_count *c)
{
	int64_t *n = arg;

	if (c->state != STORE_HOST_RETIRED)
		*n += c->hosts;
	return 0;
}

int fleet_pool_hosts(struct fleet *f, int64_t pool, int64_t *n)
{
	*n = 0;
	return store_count_hosts(f->s, pool, count_one, n);
}

static int count_vms(void *arg, const struct store_vm_count *c)
{
	*(int64_t *)arg += c->vms;
	return 0;
}

int fleet_pool_vms(struct fleet *f, int64_t pool, int64_t *n)
{
	*n = 0;
	return store_count_vms(f->s, pool, count_vms, n);
}

/* -- init ----------------------------------------------------------------- */

struct init {
	const char *name, *platform;
	enum lvl_guest guest;
};

/* The level of a pool that was dropped goes on; others are in the way. */
static int name_is_free(struct fleet *f, const char *name)
{
	struct store_level v;
	struct store_pool p;
	int rc = store_find_level(f->s, name, 0, &v);

	if (rc == -LVL_E_NOT_FOUND)
		return 0;
	if (!rc)
		rc = fleet_level_pool(f, &v, &p);
	/* that there is such a pool is found out when this one is put */
	if (rc || (v.pool && !p.id) || (p.id && !strcmp(p.name, name)))
		return rc;
	cli_error("there is a level %s, and a pool's level has its name", name);
	return EXIT_REFUSED;
}

static int init_body(struct fleet *f, void *arg)
{
	const struct init *i = arg;
	struct store_pool p = { .name = i->name,
				.guest = i->guest,
				.platform = i->platform };
	int rc = name_is_free(f, i->name);

	if (!rc)
		rc = store_put_pool(f->s, &p);
	if (rc == -LVL_E_DUPLICATE) {
		cli_error("there is a pool %s already", i->name);
		return EXIT_REFUSED;
	}
	return rc ? rc : fleet_settle_and_say(f, &p, NULL, 0);
}

static int run_init(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "guest", required_argument, NULL, 'g' },
		{ "platform", required_argument, NULL, 'P' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .create = 1 };
	struct cli_select s = { .guest = LVL_HVM };
	struct init i;
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = c == 'g' || c == 'P' ? cli_select_option(&s, c)
					  : fleet_option(&f, c);
	if (!rc)
		rc = fleet_arguments(argc, 1, 1,
				     "init NAME [--guest K] [--platform P]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	i.name = argv[optind];
	if (strchr(i.name, '@'))
		return cli_usage("a pool's name has no @: the version of its "
				 "level comes after it");
	i.guest = s.guest;
	i.platform = s.platform ? s.platform->name : NULL;
	if (!(cli_platform(&s)->guests >> s.guest & 1))
		return cli_usage("%s runs no %s guests", cli_platform(&s)->name,
				 lvl_guest_names[s.guest]);
	return fleet_write(&f, init_body, &i);
}

/* -- drop ----------------------------------------------------------------- */

struct followed {
	struct fleet *f;
	const struct store_pool *p;
};

/* Its own level stays as it was; nothing else may follow it. */
static int must_not_follow(void *arg, const struct store_level *v)
{
	const struct followed *o = arg;
	struct store_level newest;
	int rc;

	if (v->pool != o->p->id || !strcmp(v->name, o->p->name))
		return 0;
	rc = store_find_level(o->f->s, v->name, 0, &newest);
	if (rc || newest.pool != o->p->id)
		return rc;
	cli_error("level %s follows %s; `cpulevel level new %s --from "
		  "store:%s` pins it as it is",
		  v->name, o->p->name, v->name, v->name);
	return EXIT_REFUSED;
}

static int one_vm(void *arg, const struct store_vm *v)
{
	const struct store_pool *p = arg;

	cli_error("VM %s belongs to %s; `cpulevel vm list %s` has all that do",
		  v->name, p->name, p->name);
	return EXIT_REFUSED;
}

static int must_be_unused(struct fleet *f, struct store_pool *p)
{
	const struct store_vm_filter vms = { .pool = p->id, .limit = 1 };
	struct followed o = { f, p };
	int64_t hosts;
	int rc = fleet_pool_hosts(f, p->id, &hosts);

	if (!rc && hosts) {
		cli_error("%s has %lld host%s; `cpulevel pool remove` first",
			  p->name, (long long)hosts, hosts == 1 ? "" : "s");
		return EXIT_REFUSED;
	}
	if (!rc)
		rc = store_scan_vms(f->s, &vms, one_vm, p);
	return rc ? rc : store_scan_levels(f->s, must_not_follow, &o);
}

/* What is set for it goes with it: another pool may get its name. */
static int unset(struct fleet *f, const struct store_pool *p)
{
	struct store_assign a;
	int rc = store_find_assign(f->s, STORE_SCOPE_POOL, p->name, &a);

	if (rc == -LVL_E_NOT_FOUND)
		return 0;
	return rc ? rc : store_drop_assign(f->s, &a);
}

static int drop_body(struct fleet *f, void *arg)
{
	const char *name = *(char **)arg;
	struct store_pool p;
	int rc = fleet_pool(f, name, &p);

	if (!rc)
		rc = must_be_unused(f, &p);
	if (!rc)
		rc = unset(f, &p);
	if (!rc)
		rc = store_drop_pool(f->s, &p);
	if (rc)
		return rc;
	if (f->json)
		return fleet_json(f, json_pack("{s:s, s:i, s:s, s:b}", "format",
					       "cpulevel-pool", "version", 1,
					       "name", name, "dropped", 1));
	fprintf(f->out, "%s  dropped\n", name);
	return 0;
}

static int run_drop(int argc, char **argv)
{
	static const struct option opts[] = { FLEET_OPTS_WRITE,
					      { NULL, 0, NULL, 0 } };
	struct fleet f = { .store = NULL };
	int rc = fleet_options(argc, argv, opts, &f);

	if (!rc)
		rc = fleet_arguments(argc, 1, 1, "drop NAME");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	return fleet_write(&f, drop_body, argv + optind);
}

/* -- list ----------------------------------------------------------------- */

struct list {
	struct fleet *f;
	struct fleet_table *t;
	json_t *all;
	int rc;
};

static int list_pool(void *arg, const struct store_pool *p)
{
	struct list *l = arg;
	struct store_level v = { .version = 0 };
	char level[300], hosts[24], vms[24];
	int64_t nr_hosts, nr_vms;
	int rc = fleet_pool_hosts(l->f, p->id, &nr_hosts);

	if (!rc)
		rc = fleet_pool_vms(l->f, p->id, &nr_vms);
	if (!rc)
		rc = store_find_level(l->f->s, p->name, 0, &v);
	if (rc && rc != -LVL_E_NOT_FOUND)
		return l->rc = rc;
	snprintf(hosts, sizeof(hosts), "%lld", (long long)nr_hosts);
	snprintf(vms, sizeof(vms), "%lld", (long long)nr_vms);
	snprintf(level, sizeof(level), "%s@%lld", p->name,
		 (long long)v.version);
	if (l->all)
		json_array_append_new(
			l->all,
			json_pack("{s:s, s:I, s:I, s:s, s:s, s:s?}", "name",
				  p->name, "hosts", (json_int_t)nr_hosts, "vms",
				  (json_int_t)nr_vms, "guest",
				  lvl_guest_names[p->guest], "platform",
				  fleet_platform(p)->name, "level",
				  v.version ? level : NULL));
	else
		fleet_table_row(
			l->t, p->name, hosts, vms, lvl_guest_names[p->guest],
			fleet_platform(p)->name, v.version ? level : NULL);
	return 0;
}

static int list_body(struct fleet *f, void *arg)
{
	static const struct fleet_column columns[] = {
		{ "POOL", 0, 0 },   { "HOSTS", 1, 0 },    { "VMS", 1, 0 },
		{ "GUESTS", 0, 1 }, { "PLATFORM", 0, 2 }, { "LEVEL", 0, 0 },
	};
	struct fleet_table t;
	struct list l = { f, &t, NULL, 0 };
	int rc;

	(void)arg;
	if (f->json)
		l.all = json_array();
	else
		fleet_table_init(&t, f->out, columns, LVL_COUNT(columns));
	rc = store_scan_pools(f->s, list_pool, &l);
	if (rc) {
		json_decref(l.all);
		return rc;
	}
	if (!f->json)
		return fleet_table_end(&t);
	return fleet_json(f, json_pack("{s:s, s:i, s:o}", "format",
				       "cpulevel-pools", "version", 1, "pools",
				       l.all));
}

static int run_list(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 0, 0, "list", list_body);
}

/* -- the verb ------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct fleet_sub subs[] = {
		{ "init", run_init },
		{ "list", run_list },
		{ "show", fleet_pool_show },
		{ "add", fleet_pool_add },
		{ "remove", fleet_pool_remove },
		{ "import", fleet_pool_import },
		{ "drop", run_drop },
	};

	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

const struct verb verb_pool = {
	.name = "pool",
	.args = "init|list|show|add|remove|import|drop ...",
	.summary = "hosts between which VMs move",
	.help = "  pool init NAME [--guest K] [--platform P]\n"
		"  pool list\n"
		"  pool show NAME [--all]\n"
		"  pool add POOL HOST[=FILE]...\n"
		"  pool remove POOL HOST...\n"
		"  pool import POOL DIR|FILE...\n"
		"  pool drop NAME\n\n"
		"A pool has a level of its own that follows its hosts; `add', "
		"`remove' and\n`import' say what it becomes.  A host without a "
		"FILE reports with `cpulevel\npublish'; until then the pool is "
		"incomplete, and show exits with 4.\nA host is in one pool: "
		"one that comes from another leaves it.  Only a pool "
		"without\nhosts and VMs can be dropped; --at still shows "
		"it.\n\n"
		"options:\n"
		"  --guest KIND    pv, hvm-shadow or hvm (default): of the "
		"pool's own level\n"
		"  --platform P    which hypervisor runs there, where hosts do "
		"not bring its policies:\n"
		"                  generic (default), xen-4.17, kvm-7.2, ...\n"
		"  --all           every host, however many\n"
		"  --from FORMAT   do not detect the format\n" FLEET_HELP_WRITE
		"  --at TIME       list and show: as it was at that time\n\n"
		"examples:\n"
		"  cpulevel pool init prod-a --platform kvm-7.2\n"
		"  cpulevel pool import prod-a hosts/\n"
		"  cpulevel pool add prod-a spr-07=spr-07.txt --dry-run\n"
		"  cpulevel pool show prod-a --at 7d\n",
	.run = run,
};

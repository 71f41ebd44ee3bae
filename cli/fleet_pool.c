/* SPDX-License-Identifier: MIT */
#include "fleet_pool.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* What new VMs get less, or more, than by the version before. */
static int say_difference(struct fleet *f, const struct store_level *v,
			  const struct lvl_policy *now)
{
	const struct lvl_policy *before;
	struct store_level old;
	int rc = 0;

	if (v->version > 1)
		rc = store_find_level(f->s, v->name, v->version - 1, &old);
	if (!rc && v->version > 1) {
		rc = store_get_policy(f->s, old.policy, &before, NULL);
		if (!rc)
			fleet_say_features(before, now, f->out);
	}
	return rc;
}

static void say_none(struct fleet *f, const struct fleet_live *l)
{
	if (l->rc == -LVL_E_VENDOR)
		fputs("  no level of its own: the CPU vendors differ\n",
		      f->out);
	else if (l->rc == -LVL_E_CONFLICT)
		fprintf(f->out, "  no level: %s differs\n",
			lvl_field_name(l->status.none_field));
}

static void say_missing(struct fleet *f, const struct fleet_live *l)
{
	if (l->unknown)
		fprintf(f->out,
			"  incomplete: %lld host%s never reported what %s "
			"guests can have there\n",
			(long long)l->unknown, l->unknown == 1 ? "" : "s",
			lvl_guest_names[l->guest]);
	if (l->without)
		fprintf(f->out, "  %lld host%s no %s guests\n",
			(long long)l->without,
			l->without == 1 ? " runs" : "s run",
			lvl_guest_names[l->guest]);
}

static int say_text(struct fleet *f, const struct store_pool *p,
		    const struct store_level *v, const struct fleet_live *l,
		    int fresh)
{
	int64_t n;
	int rc = fleet_pool_hosts(f, p->id, &n);
	char size[FLEET_SIZE];

	if (rc)
		return rc;
	fprintf(f->out, "%s  %lld host%s", p->name, (long long)n,
		n == 1 ? "" : "s");
	if (v->id && !l->rc)
		fprintf(f->out, "  level %s@%lld  %s%s\n", v->name,
			(long long)v->version, fleet_say_size(&l->policy, size),
			fresh ? "" : "  unchanged");
	else
		putc('\n', f->out);
	say_none(f, l);
	say_missing(f, l);
	return fresh ? say_difference(f, v, &l->policy) : 0;
}

static int say_json(struct fleet *f, const struct store_pool *p,
		    const struct store_level *v, const struct fleet_live *l,
		    int fresh)
{
	int64_t n;
	int rc = fleet_pool_hosts(f, p->id, &n);
	json_t *d;

	if (rc)
		return rc;
	d = json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I}", "format",
		      "cpulevel-pool", "version", 1, "name", p->name, "guest",
		      lvl_guest_names[p->guest], "platform",
		      fleet_platform(p)->name, "hosts", (json_int_t)n,
		      "unknown", (json_int_t)l->unknown, "unreachable",
		      (json_int_t)l->unreachable);
	json_object_set_new(
		d, "level",
		v->id && !l->rc
			? json_pack("{s:s, s:I, s:b, s:i}", "name", v->name,
				    "version", (json_int_t)v->version, "new",
				    fresh, "feature_count",
				    (int)cli_count_features(&l->policy))
			: json_null());
	return fleet_json(f, d);
}

/* Its level is settled, where it has one now, and said. */
static int settle_and_say(struct fleet *f, const struct store_pool *p)
{
	static struct fleet_live l;
	struct store_level v;
	int fresh, rc = fleet_settle(f, p, &v, &l, &fresh);

	if (rc)
		return rc;
	return f->json ? say_json(f, p, &v, &l, fresh)
		       : say_text(f, p, &v, &l, fresh);
}

/* -- init ----------------------------------------------------------------- */

struct init {
	const char *name, *platform;
	enum lvl_guest guest;
};

static int init_body(struct fleet *f, void *arg)
{
	const struct init *i = arg;
	struct store_pool p = { .name = i->name,
				.guest = i->guest,
				.platform = i->platform };
	struct store_level v;
	int rc = store_find_level(f->s, i->name, 0, &v);

	if (!rc) {
		cli_error("there is a level %s, and a pool's level has its "
			  "name",
			  i->name);
		return EXIT_REFUSED;
	}
	rc = rc == -LVL_E_NOT_FOUND ? store_put_pool(f->s, &p) : rc;
	if (rc == -LVL_E_DUPLICATE) {
		cli_error("there is a pool %s already", i->name);
		return EXIT_REFUSED;
	}
	return rc ? rc : settle_and_say(f, &p);
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
	i.guest = s.guest;
	i.platform = s.platform ? s.platform->name : NULL;
	if (!(cli_platform(&s)->guests >> s.guest & 1))
		return cli_usage("%s runs no %s guests", cli_platform(&s)->name,
				 lvl_guest_names[s.guest]);
	return fleet_write(&f, init_body, &i);
}

/* -- hosts come and go ---------------------------------------------------- */

struct hosts {
	const char *pool;
	char **name;
	int nr;
};

static int any(void *arg, const struct store_vm *v)
{
	*(int *)arg = v->id != 0;
	return 1;
}

int fleet_is_busy(struct fleet *f, const struct store_host *h)
{
	const struct store_vm_filter on = { .host = h->id, .limit = 1 };
	int busy = 0, rc;

	if (!h->id)
		return 0;
	rc = store_scan_vms(f->s, &on, any, &busy);
	if (rc < 0 || !busy)
		return rc < 0 ? rc : 0;
	cli_error("VMs are running on %s: `cpulevel vm list --host %s`; move "
		  "or stop them first",
		  h->name, h->name);
	return EXIT_REFUSED;
}

static int join(struct fleet *f, const struct store_pool *p, const char *name)
{
	struct store_host h;
	int rc = store_find_host(f->s, name, &h);

	if (rc == -LVL_E_NOT_FOUND)
		h = (struct store_host){ .name = name };
	else if (rc)
		return rc;
	if (h.pool && h.pool != p->id)
		rc = fleet_is_busy(f, &h);
	else
		rc = 0;
	if (rc)
		return rc;
	h.pool = p->id;
	if (h.state == STORE_HOST_RETIRED)
		h.state = STORE_HOST_ACTIVE;
	return store_put_host(f->s, &h);
}

static int is_machine(const struct lvl_desc *d)
{
	unsigned k;

	for (k = LVL_KIND_HOST; k <= LVL_KIND_HVM_DEFAULT; k++)
		if (d->policy[k])
			return 0;
	cli_error("%s describes no machine that runs guests", d->name);
	return EXIT_INPUT;
}

int fleet_report(struct fleet *f, const char *name, const struct lvl_desc *d,
		 int *changed)
{
	int rc = is_machine(d);

	return rc ? rc : store_publish(f->s, name, d, changed);
}

/* HOST, or HOST=FILE. */
static int add_one(struct fleet *f, const struct store_pool *p, const char *arg)
{
	const char *is = strchr(arg, '=');
	char name[256];
	struct lvl_desc *d;
	int rc, changed;

	if (!is)
		return join(f, p, arg);
	if ((size_t)(is - arg) >= sizeof(name))
		return cli_usage("a name of more than 255 bytes");
	snprintf(name, sizeof(name), "%.*s", (int)(is - arg), arg);
	d = cli_one((char *)is + 1, &rc);
	if (!d)
		return rc;
	rc = fleet_report(f, name, d, &changed);
	lvl_desc_free(d);
	return rc ? rc : join(f, p, name);
}

static int add_body(struct fleet *f, void *arg)
{
	const struct hosts *a = arg;
	struct store_pool p;
	int i, rc = fleet_pool(f, a->pool, &p);

	for (i = 0; i < a->nr && !rc; i++)
		rc = add_one(f, &p, a->name[i]);
	if (!rc)
		rc = settle_and_say(f, &p);
	return rc || f->json ? rc : fleet_join_added(f, &p, a->name, a->nr);
}

static int remove_one(struct fleet *f, const struct store_pool *p,
		      const char *name)
{
	struct store_host h;
	int rc = fleet_host(f, name, &h);

	if (rc)
		return rc;
	if (h.pool != p->id) {
		cli_error("%s is not in pool %s", name, p->name);
		return EXIT_INPUT;
	}
	rc = fleet_is_busy(f, &h);
	if (rc)
		return rc;
	h.pool = 0;
	return store_put_host(f->s, &h);
}

static int remove_body(struct fleet *f, void *arg)
{
	const struct hosts *a = arg;
	struct store_pool p;
	int i, rc = fleet_pool(f, a->pool, &p);

	for (i = 0; i < a->nr && !rc; i++)
		rc = remove_one(f, &p, a->name[i]);
	return rc ? rc : settle_and_say(f, &p);
}

/* -- import --------------------------------------------------------------- */

struct import {
	struct fleet *f;
	const struct store_pool *pool;
	json_t *seen; /* the names so far */
};

static int import_each(void *arg, struct lvl_desc *d)
{
	struct import *im = arg;
	int changed, rc = 0;

	if (json_object_get(im->seen, d->name)) {
		cli_error("two descriptions of a host %s", d->name);
		rc = EXIT_INPUT;
	} else if (json_object_set_new_nocheck(im->seen, d->name,
					       json_true())) {
		rc = -LVL_E_NO_MEMORY;
	}
	if (!rc)
		rc = fleet_report(im->f, d->name, d, &changed);
	if (!rc)
		rc = join(im->f, im->pool, d->name);
	lvl_desc_free(d);
	return rc;
}

static int import_body(struct fleet *f, void *arg)
{
	const struct hosts *a = arg;
	struct import im = { .f = f, .seen = json_object() };
	struct store_pool p;
	int rc = fleet_pool(f, a->pool, &p);

	im.pool = &p;
	if (!rc && fseek(stdin, 0, SEEK_SET))
		clearerr(stdin);
	if (!rc)
		rc = cli_each(a->name, a->nr, import_each, &im);
	if (!rc && !json_object_size(im.seen)) {
		cli_error("no machine there");
		rc = EXIT_INPUT;
	}
	if (!rc)
		rc = settle_and_say(f, &p);
	if (!rc && !f->json)
		rc = fleet_join_imported(f, &p, im.seen);
	json_decref(im.seen);
	return rc;
}

int fleet_keep_stdin(void)
{
	char buf[65536];
	FILE *kept = tmpfile();
	size_t n;
	int rc = -1;

	while (kept && (n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		if (fwrite(buf, 1, n, kept) != n)
			break;
	if (kept && !ferror(stdin) && !fflush(kept) && !ferror(kept) &&
	    dup2(fileno(kept), STDIN_FILENO) >= 0)
		rc = 0;
	if (rc)
		cli_error("standard input: %s", strerror(errno));
	else
		rewind(stdin);
	if (kept)
		fclose(kept);
	return rc ? EXIT_INPUT : 0;
}

/* POOL and at least one more. */
static int run_hosts(int argc, char **argv, const char *form,
		     fleet_body_fn *body, int create)
{
	static const struct option opts[] = {
		FLEET_OPTS_WRITE,
		{ "from", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .create = create };
	struct hosts a;
	int c, i, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = c == 'f' ? cli_set_from(optarg) : fleet_option(&f, c);
	if (!rc)
		rc = fleet_arguments(argc, 2, -1, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	a.pool = argv[optind];
	a.name = argv + optind + 1;
	a.nr = argc - optind - 1;
	for (i = 0; i < a.nr && !rc && body == import_body; i++)
		if (!strcmp(a.name[i], "-"))
			rc = fleet_keep_stdin();
	return rc ? rc : fleet_write(&f, body, &a);
}

static int run_add(int argc, char **argv)
{
	return run_hosts(argc, argv, "add POOL HOST[=FILE]...", add_body, 0);
}

static int run_remove(int argc, char **argv)
{
	return run_hosts(argc, argv, "remove POOL HOST...", remove_body, 0);
}

static int run_import(int argc, char **argv)
{
	return run_hosts(argc, argv, "import POOL DIR|FILE...", import_body, 0);
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
		{ "init", run_init },        { "list", run_list },
		{ "show", fleet_pool_show }, { "add", run_add },
		{ "remove", run_remove },    { "import", run_import },
	};

	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

const struct verb verb_pool = {
	.name = "pool",
	.args = "init|list|show|add|remove|import ...",
	.summary = "hosts between which VMs move",
	.help = "  pool init NAME [--guest K] [--platform P]\n"
		"  pool list\n"
		"  pool show NAME [--all]\n"
		"  pool add POOL HOST[=FILE]...\n"
		"  pool remove POOL HOST...\n"
		"  pool import POOL DIR|FILE...\n\n"
		"A pool has a level of its own that follows its hosts; `add', "
		"`remove' and\n`import' say what it becomes.  A host without a "
		"FILE reports with `cpulevel\npublish'; until then the pool is "
		"incomplete, and show exits with 4.\n\n"
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

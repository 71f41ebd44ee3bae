/* SPDX-License-Identifier: MIT */
/* What is known of VMs, and where they may go. */
#include "fleet_vm.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* -- one VM --------------------------------------------------------------- */

int fleet_level_name(struct fleet *f, int64_t id, char name[FLEET_LEVEL_NAME])
{
	struct store_level v;
	int rc;

	snprintf(name, FLEET_LEVEL_NAME, "-");
	if (!id)
		return 0;
	rc = store_get_level(f->s, id, &v);
	if (!rc)
		snprintf(name, FLEET_LEVEL_NAME, "%s@%lld", v.name,
			 (long long)v.version);
	return rc;
}

struct named {
	const char *pool, *host; /* NULL: none */
	char level[FLEET_LEVEL_NAME];
};

static int names_of(struct fleet *f, const struct store_vm *v, struct named *n)
{
	struct store_pool p;
	struct store_host h;
	int rc = 0;

	n->pool = n->host = NULL;
	if (v->pool)
		rc = store_get_pool(f->s, v->pool, &p);
	if (!rc && v->pool)
		n->pool = p.name;
	if (!rc && v->host)
		rc = store_get_host(f->s, v->host, &h);
	if (!rc && v->host)
		n->host = h.name;
	return rc ? rc : fleet_level_name(f, v->level, n->level);
}

static json_t *vm_json(const struct store_vm *v, const struct named *n)
{
	char when[FLEET_TIME];

	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:s?}", "name", v->name,
			 "pool", n->pool, "host", n->host, "level",
			 v->level ? n->level : NULL, "guest",
			 lvl_guest_names[v->guest], "booted",
			 v->booted ? fleet_say_time(v->booted, when) : NULL);
}

static int as_json(struct fleet *f, const struct store_vm *v,
		   const struct named *n, const struct lvl_policy *saw)
{
	json_t *d = vm_json(v, n);
	char hash[LVL_HASH_HEX];

	json_object_set_new(d, "format", json_string("cpulevel-vm"));
	json_object_set_new(d, "version", json_integer(1));
	json_object_set_new(d, "feature_count",
			    saw ? json_integer(cli_count_features(saw))
				: json_null());
	json_object_set_new(d, "seen",
			    saw && !lvl_policy_hash(saw, hash)
				    ? json_string(hash)
				    : json_null());
	return fleet_json(f, d);
}

static void as_text(struct fleet *f, const struct store_vm *v,
		    const struct named *n, const struct lvl_policy *saw)
{
	char when[FLEET_TIME], size[FLEET_SIZE];

	fprintf(f->out, "  %-7s  %s\n", "pool", n->pool ? n->pool : "-");
	fprintf(f->out, "  %-7s  %s\n", "host", n->host ? n->host : "off");
	fprintf(f->out, "  %-7s  %s\n", "level", n->level);
	fprintf(f->out, "  %-7s  %s\n", "guest", lvl_guest_names[v->guest]);
	fprintf(f->out, "  %-7s  %s\n", "booted",
		fleet_say_time(v->booted, when));
	fprintf(f->out, "  %-7s  %s\n", "saw",
		saw ? fleet_say_size(saw, size) : "not known");
}

int fleet_vm_say(struct fleet *f, const struct store_vm *v)
{
	const struct lvl_policy *saw = NULL;
	struct named n;
	int rc = names_of(f, v, &n);

	if (!rc && v->seen)
		rc = store_get_policy(f->s, v->seen, &saw, NULL);
	if (rc)
		return rc;
	if (f->json)
		return as_json(f, v, &n, saw);
	as_text(f, v, &n, saw);
	return 0;
}

static int show_body(struct fleet *f, void *arg)
{
	struct store_vm v;
	int rc = fleet_vm(f, *(char **)arg, &v);

	if (rc)
		return rc;
	if (!f->json)
		fprintf(f->out, "%s\n", v.name);
	return fleet_vm_say(f, &v);
}

int fleet_vm_show(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 1, 1, "show NAME", show_body);
}

/* -- list ----------------------------------------------------------------- */

struct list {
	struct fleet *f;
	struct fleet_table t;
	int64_t rows;
};

static int list_one(void *arg, const struct store_vm *v)
{
	struct list *l = arg;
	struct named n;
	char when[FLEET_TIME];
	int rc = names_of(l->f, v, &n);

	if (rc)
		return rc;
	if (l->f->json) {
		fputs(l->rows++ ? ",\n    " : "\n    ", l->f->out);
		return fleet_json_part(l->f, vm_json(v, &n));
	}
	fleet_table_row(&l->t, v->name, n.host ? n.host : "off", n.level,
			n.pool, lvl_guest_names[v->guest],
			fleet_say_time(v->booted, when));
	return 0;
}

struct which {
	const char *pool, *host;
};

static int list_rows(struct fleet *f, const struct store_vm_filter *which)
{
	static const struct fleet_column columns[] = {
		{ "VM", 0, 0 },   { "HOST", 0, 0 },  { "LEVEL", 0, 0 },
		{ "POOL", 0, 1 }, { "GUEST", 0, 3 }, { "BOOTED", 0, 2 },
	};
	static struct list l;
	int rc;

	l.f = f;
	l.rows = 0;
	if (f->json)
		fputs("{\n  \"format\": \"cpulevel-vms\",\n"
		      "  \"version\": 1,\n  \"vms\": [",
		      f->out);
	else
		fleet_table_init(&l.t, f->out, columns, LVL_COUNT(columns));
	rc = store_scan_vms(f->s, which, list_one, &l);
	if (f->json)
		fputs(l.rows ? "\n  ]\n}\n" : "]\n}\n", f->out);
	else if (fleet_table_end(&l.t))
		return EXIT_INPUT;
	return rc;
}

static int list_body(struct fleet *f, void *arg)
{
	const struct which *w = arg;
	struct store_vm_filter which = { .pool = 0 };
	struct store_pool p;
	struct store_host h;
	int rc = w->pool ? fleet_pool(f, w->pool, &p) : 0;

	if (!rc && w->host)
		rc = fleet_host(f, w->host, &h);
	if (rc)
		return rc;
	which.pool = w->pool ? p.id : 0;
	which.host = w->host ? h.id : 0;
	return list_rows(f, &which);
}

int fleet_vm_list(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "host", required_argument, NULL, 'H' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct which w = { NULL, NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'H')
			w.host = optarg;
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, 1, "list [POOL] [--host H]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	w.pool = optind < argc ? argv[optind] : NULL;
	return fleet_read(&f, list_body, &w);
}

/* -- check ---------------------------------------------------------------- */

static struct check answer; /* large */

int fleet_fits_say(struct fleet *f, const struct check *c, const char *why)
{
	if (f->json)
		check_json(c, f->out);
	else if (!why && c->verdict == LVL_YES)
		check_findings(c, f->out);
	else if (!why)
		(void)check_print(c, f->out);
	else
		fprintf(f->out,
			"%sUNKNOWN%s  %s may or may not run on %s: %s\n",
			cli_ink(INK_WARN), cli_ink(INK_PLAIN), c->guest_name,
			c->host_name, why);
	return 0;
}

static int check_one(struct fleet *f, const struct store_vm *v,
		     const struct store_host *h)
{
	const char *why;
	int rc = fleet_fits(f, v->seen, (enum lvl_guest)v->guest, h, &answer,
			    &why);

	if (rc)
		return rc;
	answer.guest_name = v->name;
	f->exit = cli_exit(answer.verdict);
	rc = fleet_fits_say(f, &answer, why);
	check_free(&answer);
	return rc;
}

/* Hosts with one profile have one answer. */
struct known {
	int64_t profile;
	enum lvl_verdict verdict;
	char says[64];
};

struct all {
	struct fleet *f;
	const struct store_vm *vm;
	struct fleet_table *t;
	json_t *rows;
	struct known *known;
	size_t nr, room;
	enum lvl_verdict show; /* only these now */
	int64_t homes, unsure;
};

static void summarise(struct known *k, const struct check *c, const char *why)
{
	unsigned s;
	size_t n = 0;

	snprintf(k->says, sizeof(k->says), "%s", why ? why : "");
	for (s = 0; s < LVL_NR_SEVERITIES && !why; s++)
		if (c->all.count[s] && n < sizeof(k->says))
			n += (size_t)snprintf(k->says + n, sizeof(k->says) - n,
					      "%s%u %s", n ? ", " : "",
					      c->all.count[s],
					      lvl_severity_names[s]);
	k->verdict = c->verdict;
}

static int look_up(struct all *a, const struct store_host *h, struct known *out)
{
	struct known *grown;
	const char *why;
	size_t i;
	int rc;

	for (i = 0; i < a->nr && h->state == STORE_HOST_ACTIVE; i++) {
		if (a->known[i].profile == h->profile) {
			*out = a->known[i];
			return 0;
		}
	}
	rc = fleet_fits(a->f, a->vm->seen, (enum lvl_guest)a->vm->guest, h,
			&answer, &why);
	if (rc)
		return rc;
	out->profile = h->profile;
	summarise(out, &answer, why);
	check_free(&answer);
	if (h->state != STORE_HOST_ACTIVE)
		return 0;
	grown = cli_grow(a->known, a->nr, &a->room, sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	a->known = grown;
	a->known[a->nr++] = *out;
	return 0;
}

static int check_host(void *arg, const struct store_host *h)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	struct all *a = arg;
	struct store_source source = { .cpu = NULL };
	struct known k;
	char cpu[FLEET_CPU];
	int rc, own = h->id == a->vm->host;

	rc = look_up(a, h, &k);
	if (rc || k.verdict != a->show)
		return rc;
	if (h->source)
		rc = store_get_source(a->f->s, h->source, &source);
	a->homes += k.verdict == LVL_YES && !own;
	a->unsure += k.verdict == LVL_UNKNOWN;
	if (a->rows)
		json_array_append_new(
			a->rows, json_pack("{s:s, s:s, s:b, s:s}", "host",
					   h->name, "verdict", words[k.verdict],
					   "own", own, "says", k.says));
	else
		fleet_table_row(a->t, words[k.verdict], h->name,
				own ? "runs here" : k.says,
				fleet_say_cpu(source.cpu, cpu), source.kernel);
	return rc;
}

static int check_rows(struct fleet *f, struct all *a)
{
	static const enum lvl_verdict order[] = { LVL_YES, LVL_UNKNOWN,
						  LVL_NO };
	const struct store_host_filter of = { .pool = a->vm->pool };
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(order) && !rc; i++) {
		a->show = order[i];
		rc = store_scan_hosts(f->s, &of, check_host, a);
	}
	f->exit = a->homes ? EXIT_YES : a->unsure ? EXIT_INCOMPLETE : EXIT_NO;
	return rc;
}

static int check_all(struct fleet *f, const struct store_vm *v)
{
	static const struct fleet_column columns[] = {
		{ "FITS", 0, 0 }, { "HOST", 0, 0 },   { "FINDINGS", 0, 0 },
		{ "CPU", 0, 1 },  { "KERNEL", 0, 2 },
	};
	struct fleet_table t;
	struct all a = { .f = f, .vm = v, .t = &t };
	int rc;

	if (!v->pool) {
		cli_error("%s is in no pool", v->name);
		return EXIT_INPUT;
	}
	if (f->json)
		a.rows = json_array();
	else
		fleet_table_init(&t, f->out, columns, LVL_COUNT(columns));
	t.cut[3] = 16;
	t.cut[4] = 8;
	rc = check_rows(f, &a);
	free(a.known);
	if (!f->json) {
		if (fleet_table_end(&t))
			rc = EXIT_INPUT;
		fprintf(f->out, "%lld other host%s will take %s\n",
			(long long)a.homes, a.homes == 1 ? "" : "s", v->name);
		return rc;
	}
	return rc ? rc
		  : fleet_json(f,
			       json_pack("{s:s, s:i, s:s, s:I, s:o}", "format",
					 "cpulevel-vm-check", "version", 1,
					 "vm", v->name, "homes",
					 (json_int_t)a.homes, "hosts", a.rows));
}

struct question {
	const char *vm, *to;
	int all;
};

static int check_body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct store_vm v;
	struct store_host h;
	int rc = fleet_vm(f, q->vm, &v);

	if (rc)
		return rc;
	if (q->all)
		return check_all(f, &v);
	if (!q->to && !v.host) {
		cli_error("%s is off: --to HOST or --all", q->vm);
		return EXIT_INPUT;
	}
	rc = q->to ? fleet_host(f, q->to, &h)
		   : store_get_host(f->s, v.host, &h);
	return rc ? rc : check_one(f, &v, &h);
}

int fleet_vm_check(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "to", required_argument, NULL, 't' },
		{ "all", no_argument, NULL, 'a' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { NULL, NULL, 0 };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 't')
			q.to = optarg;
		else if (c == 'a')
			q.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 1, 1,
				     "check NAME [--to HOST|--all]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (q.all && q.to)
		return cli_usage("--to or --all, one of them");
	q.vm = argv[optind];
	return fleet_read(&f, check_body, &q);
}

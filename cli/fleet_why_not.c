/* SPDX-License-Identifier: MIT */
/* Which single change makes possible what is not. */
#include "fleet_ask.h"

#include <stdlib.h>
#include <string.h>

/* A change that would do, or not. */
struct change {
	char *what;
	int does;
};

struct why_not {
	struct fleet *f;
	const char *vm, *to, *pool;
	unsigned field;
	char question[600]; /* "web-17 on clx-01" */
	int possible;       /* as things are; -1: not known */
	struct change *change;
	size_t nr, room;
	unsigned nr_do;
	int incomplete;   /* hosts of the pool never reported */
	const char *away; /* why nothing runs on the host at all, or NULL */
};

static int add(struct why_not *w, int does, const char *what)
{
	struct change *c;
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (!strcmp(w->change[i].what, what)) {
			w->nr_do += does && !w->change[i].does;
			w->change[i].does |= does;
			return 0;
		}
	c = cli_grow(w->change, w->nr, &w->room, sizeof(*c));
	if (!c)
		return -LVL_E_NO_MEMORY;
	w->change = c;
	c += w->nr;
	c->what = strdup(what);
	c->does = does;
	w->nr += c->what != NULL;
	w->nr_do += c->what && does;
	return c->what ? 0 : -LVL_E_NO_MEMORY;
}

/* -- a VM on a host ------------------------------------------------------- */

/* At the level of the pool. */
static int try_power_cycle(struct why_not *w, struct ask *a, size_t profile)
{
	const struct lvl_fleet_profile *p = &a->v.model->profile[profile];
	enum lvl_guest guest = a->v.model->seen[a->seen].guest;
	struct lvl_fleet_level *l = malloc(sizeof(*l));
	char text[500];
	int rc = 0;

	if (!l)
		return -LVL_E_NO_MEMORY;
	lvl_fleet_level_for(a->v.model, &a->v.pool, guest, p->vendor, l);
	if (!l->rc && p->known >> guest & 1) {
		enum lvl_verdict fits;

		w->incomplete |= l->unknown != 0;
		l->unknown = 0; /* as far as is known, which is said */
		fits = lvl_fleet_boots(a->v.model, l, guest, profile);
		snprintf(text, sizeof(text),
			 "%.200s power-cycled at the level of %.200s for %s "
			 "guests (%u features)",
			 a->vm, a->v.name, lvl_guest_names[guest],
			 cli_count_features(&l->policy));
		rc = add(w, fits == LVL_YES, text);
	}
	free(l);
	return rc;
}

/* Another kernel or another microcode on that host, as seen elsewhere. */
static int try_versions(struct why_not *w, struct ask *a, const char *host,
			size_t own, struct ask_cpu *cpu)
{
	size_t i, at;
	int rc = 0;

	for (i = 0; !rc && i < cpu->nr; i++) {
		char version[ASK_WHY], text[500];
		const char *as = ask_differs(&cpu->seen[i], version);

		if (!as)
			continue;
		rc = fleet_view_profile(&a->v, cpu->seen[i].profile, &at);
		snprintf(text, sizeof(text), "%s on %.200s", as, host);
		if (!rc && at != own)
			rc = add(w,
				 lvl_fleet_verdict(a->v.model, a->seen, at) ==
					 LVL_YES,
				 text);
	}
	return rc;
}

static int ask_vm(struct fleet *f, struct why_not *w)
{
	struct ask *a = calloc(1, sizeof(*a));
	struct store_host h;
	struct store_source like;
	struct ask_cpu cpu = { 0 };
	enum lvl_verdict v;
	size_t at;
	int rc = a ? ask_open(f, w->vm, a) : -LVL_E_NO_MEMORY;

	if (rc) {
		free(a);
		return rc;
	}
	rc = fleet_host(f, w->to, &h);
	if (!rc)
		rc = fleet_view_profile(&a->v, h.profile, &at);
	if (!rc)
		rc = ask_cpu_open(&a->v, h.source, &like, &cpu);
	if (!rc) {
		v = lvl_fleet_verdict(a->v.model, a->seen, at);
		w->away = h.state == STORE_HOST_RETIRED ? "is retired"
			  : h.state == STORE_HOST_UNREACHABLE
				  ? "cannot be reached"
				  : NULL;
		w->possible = v == LVL_NO                ? 0
			      : v == LVL_YES && !w->away ? 1
							 : -1;
		snprintf(w->question, sizeof(w->question), "%.250s on %.250s",
			 a->vm, w->to);
		rc = try_power_cycle(w, a, at);
	}
	if (!rc)
		rc = try_versions(w, a, w->to, at, &cpu);
	ask_cpu_close(&cpu);
	ask_close(a);
	free(a);
	return rc;
}

/* -- a feature of a level ------------------------------------------------- */

static int lacks(const struct fleet_view *v, size_t profile, unsigned field)
{
	const struct lvl_fleet_profile *p = &v->model->profile[profile];

	return (p->known >> v->pool.guest & 1) &&
	       !lvl_has(p->offers[v->pool.guest], field);
}

/* Without all hosts of that sort. */
static int try_without(struct why_not *w, struct fleet_view *v,
		       struct lvl_fleet_sum *sum, size_t profile)
{
	struct lvl_policy level;
	char names[FLEET_VIEW_NAMES], text[400];
	int rc = lvl_fleet_sum_without(sum, profile, &level);

	snprintf(text, sizeof(text), "%s without %s", v->name,
		 fleet_view_names(v, profile, names));
	return add(w, !rc && lvl_has(&level, w->field), text);
}

/* Another kernel or microcode on all hosts of that sort. */
static int try_sort(struct why_not *w, struct fleet_view *v,
		    struct lvl_fleet_sum *sum, const struct fleet_view_host *h)
{
	struct store_source like;
	struct ask_cpu cpu;
	size_t i, at;
	int rc = ask_cpu_open(v, h->source, &like, &cpu);

	for (i = 0; !rc && i < cpu.nr; i++) {
		char version[ASK_WHY], names[FLEET_VIEW_NAMES], text[600];
		const char *as = ask_differs(&cpu.seen[i], version);
		struct lvl_policy level;
		int64_t n = sum->hosts[h->profile];
		int read;

		if (!as || fleet_view_profile(v, cpu.seen[i].profile, &at) ||
		    lacks(v, at, w->field) || at >= sum->nr_hosts)
			continue;
		(void)lvl_fleet_sum_hosts(sum, h->profile, -n);
		(void)lvl_fleet_sum_hosts(sum, at, n);
		read = lvl_fleet_sum_read(sum, &level, NULL);
		(void)lvl_fleet_sum_hosts(sum, at, -n);
		(void)lvl_fleet_sum_hosts(sum, h->profile, n);
		snprintf(text, sizeof(text), "%s on %s", as,
			 fleet_view_names(v, h->profile, names));
		rc = add(w, !read && lvl_has(&level, w->field), text);
	}
	ask_cpu_close(&cpu);
	return rc;
}

/* The profiles of what was observed must be there before it is counted. */
static int load_observed(struct fleet_view *v)
{
	size_t i, k, at;
	int rc = 0;

	for (i = 0; !rc && i < v->nr_hosts; i++) {
		struct store_source like;
		struct ask_cpu cpu;

		for (k = 0; k < i && v->host[k].source != v->host[i].source;
		     k++)
			;
		if (k < i)
			continue;
		rc = ask_cpu_open(v, v->host[i].source, &like, &cpu);
		for (k = 0; !rc && k < cpu.nr; k++)
			rc = fleet_view_profile(v, cpu.seen[k].profile, &at);
		ask_cpu_close(&cpu);
	}
	return rc;
}

static int try_sorts(struct why_not *w, struct fleet_view *v,
		     struct lvl_fleet_sum *sum)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; !rc && i < v->nr_hosts; i++) {
		const struct fleet_view_host *h = &v->host[i];

		for (k = 0; k < i && v->host[k].profile != h->profile; k++)
			;
		if (k < i || !lacks(v, h->profile, w->field) ||
		    v->model->profile[h->profile].vendor != sum->vendor)
			continue;
		rc = try_without(w, v, sum, h->profile);
		if (!rc)
			rc = try_sort(w, v, sum, h);
	}
	return rc;
}

static int ask_level(struct why_not *w, struct fleet_view *v, unsigned vendor)
{
	struct lvl_fleet_sum *sum = calloc(1, sizeof(*sum));
	struct lvl_policy level;
	int rc = sum ? load_observed(v) : -LVL_E_NO_MEMORY;

	if (!rc)
		rc = lvl_fleet_sum_init(sum, v->model, &v->pool, vendor);
	if (rc) {
		free(sum);
		return rc;
	}
	if (lvl_fleet_sum_read(sum, &level, NULL) ||
	    !lvl_has(&level, w->field)) {
		w->possible = 0;
		rc = try_sorts(w, v, sum);
	}
	lvl_fleet_sum_free(sum);
	free(sum);
	return rc;
}

static int ask_feature(struct fleet *f, struct why_not *w)
{
	unsigned vendor[LVL_FLEET_VENDORS], n, i;
	struct fleet_view v;
	int rc = fleet_view_open(f, w->pool, &v);

	if (rc)
		return rc;
	snprintf(w->question, sizeof(w->question), "%s in %.250s",
		 lvl_field_name(w->field), v.name);
	rc = fleet_view_hosts(&v);
	n = lvl_fleet_vendors(v.model, &v.pool, vendor);
	w->possible = n ? 1 : -1; /* in the level of every vendor */
	for (i = 0; !rc && i < n; i++)
		rc = ask_level(w, &v, vendor[i]);
	w->incomplete = fleet_incomplete(&v, &v.pool);
	fleet_view_close(&v);
	return rc;
}

/* -- the answer ----------------------------------------------------------- */

static void print(const struct why_not *w, FILE *out)
{
	size_t i;

	fprintf(out, "%s%s%s: %s\n", cli_ink(INK_BOLD), w->question,
		cli_ink(INK_PLAIN),
		w->possible > 0   ? "nothing is in the way"
		: w->possible < 0 ? "not known"
				  : "not as things are");
	for (i = 0; w->possible <= 0 && i < w->nr; i++)
		if (w->change[i].does)
			fleet_say(out, 2, "%syes%s  %s", cli_ink(INK_GOOD),
				  cli_ink(INK_PLAIN), w->change[i].what);
	for (i = 0; w->possible <= 0 && i < w->nr; i++)
		if (!w->change[i].does)
			fleet_say(out, 2, "%sno%s   %s", cli_ink(INK_BAD),
				  cli_ink(INK_PLAIN), w->change[i].what);
	if (w->away)
		fleet_say(out, 2, "%s %s: nothing is certain of it", w->to,
			  w->away);
	if (w->incomplete)
		fleet_say(out, 2,
			  "as far as is known: not all hosts of the "
			  "pool are");
	if (w->possible <= 0 && !w->nr_do)
		fleet_say(out, 2,
			  "no single change that is known of is "
			  "enough");
}

static void json(const struct why_not *w, FILE *out)
{
	size_t i;

	fputs("{\n  \"format\": \"cpulevel-why-not\",\n  \"version\": 1,\n  ",
	      out);
	fleet_json_key(out, "question", w->question);
	fprintf(out, ",\n  \"possible\": %s,\n  \"changes\": [",
		w->possible > 0   ? "\"yes\""
		: w->possible < 0 ? "\"unknown\""
				  : "\"no\"");
	for (i = 0; i < w->nr; i++) {
		fputs(i ? ",\n    {" : "\n    {", out);
		fleet_json_key(out, "change", w->change[i].what);
		fprintf(out, ", \"enough\": %s}",
			w->change[i].does ? "true" : "false");
	}
	fprintf(out, "%s],\n  \"incomplete\": %s\n}\n", i ? "\n  " : "",
		w->incomplete ? "true" : "false");
}

static void forget(struct why_not *w)
{
	size_t i;

	for (i = 0; i < w->nr; i++)
		free(w->change[i].what);
	free(w->change);
	w->change = NULL;
	w->nr = w->room = 0;
	w->nr_do = 0;
	w->incomplete = 0;
	w->away = NULL;
}

static int body(struct fleet *f, void *arg)
{
	struct why_not *w = arg;
	int rc;

	forget(w);
	rc = w->vm ? ask_vm(f, w) : ask_feature(f, w);
	if (rc)
		return rc;
	if (f->json)
		json(w, f->out);
	else
		print(w, f->out);
	if (w->possible > 0 || (w->nr_do && !w->incomplete && !w->away))
		f->exit = EXIT_YES;
	else
		f->exit = w->possible < 0 || w->incomplete || w->away
				  ? EXIT_INCOMPLETE
				  : EXIT_NO;
	return 0;
}

static int read_question(int argc, char **argv, struct why_not *w)
{
	int field;

	if (!strcmp(argv[optind], "vm")) {
		w->vm = argv[optind + 1];
		return w->to ? 0 : cli_usage("to which host?  --to HOST");
	}
	if (w->to)
		return cli_usage("--to is for VMs: why-not vm NAME --to HOST");
	(void)argc;
	field = cli_field(argv[optind]);
	if (field < 0)
		return EXIT_USAGE;
	if (!cli_is_feature((unsigned)field) ||
	    fleet_is_statement((unsigned)field))
		return cli_usage("%s is no feature that hosts can lack",
				 argv[optind]);
	w->field = (unsigned)field;
	w->pool = argv[optind + 1];
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "to", required_argument, NULL, 't' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	static struct why_not w;
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 't')
			w.to = optarg;
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 2, 2, "vm NAME --to HOST | FEATURE POOL");
	if (!rc)
		rc = read_question(argc, argv, &w);
	if (!rc)
		rc = fleet_read(&f, body, &w);
	forget(&w);
	return rc;
}

const struct verb verb_why_not = {
	.name = "why-not",
	.args = "vm NAME --to HOST | FEATURE POOL [options]",
	.summary = "which single change makes it possible",
	.help = "Of a VM that cannot go to a host: a power cycle at the level "
		"of its pool, or another\nkernel or microcode there, as hosts "
		"with the same CPU showed it.  Of a feature that a\npool's "
		"level has not: which hosts would have to go, or get another "
		"kernel or microcode.\n\n"
		"options:\n"
		"  --to HOST       where the VM should go\n" FLEET_HELP_READ
		"\nexit: 0 one change is enough, or none is needed, 1 none "
		"is, 4 not known\n\n"
		"examples:\n"
		"  cpulevel why-not vm web-17 --to clx-01\n"
		"  cpulevel why-not vaes prod-a\n",
	.run = run,
};

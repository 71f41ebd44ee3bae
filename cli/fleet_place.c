/* SPDX-License-Identifier: MIT */
/* On which host a VM should run: all of them in order, reasons for the rest. */
#include "fleet_ask.h"

#include <stdlib.h>
#include <string.h>

struct placing {
	struct ask a;
	struct lvl_fleet_place *place; /* by profile, best first */
	size_t nr;
	int all;
	FILE *out;
};

#define ROWS 20

/* What findings of this sort are, before their fields. */
static const char *title(const struct lvl_finding *f)
{
	if (!f->sure)
		return "not known: ";
	if (ask_is_vendor(f->field))
		return "another vendor: ";
	if (f->reason == LVL_R_MISSING)
		return "without ";
	return f->reason == LVL_R_UNTOLD ? "not told: " : "differs: ";
}

/* Why not, or what to remark, in a few words: what counts most. */
static const char *remark(struct placing *x, const struct lvl_fleet_place *p,
			  char buf[200])
{
	size_t profile = x->a.v.pool.member[p->member].profile, i, at = 0;
	struct ask_findings all;
	const char *is = NULL;

	buf[0] = '\0';
	(void)ask_fits(&x->a, profile, &all);
	if (p->unreachable)
		at = (size_t)snprintf(buf, 200, "cannot be reached");
	for (i = 0; i < all.nr && i < 3 && at < 120; i++) {
		const char *was = is;

		is = title(&all.f[i]);
		at += (size_t)snprintf(buf + at, 200 - at, "%s%s%s",
				       !at         ? ""
				       : is == was ? " "
						   : ", ",
				       is == was ? "" : is,
				       lvl_field_name(all.f[i].field));
	}
	if (all.nr > i)
		snprintf(buf + at, 200 - at, " +%zu", all.nr - i);
	ask_findings_free(&all);
	if (!*buf && p->verdict == LVL_NO)
		return "runs no such guests";
	if (!*buf && p->verdict == LVL_UNKNOWN)
		return "nothing is known of it";
	return buf;
}

static const char *verdict(const struct placing *x,
			   const struct fleet_view_host *h,
			   const struct lvl_fleet_place *p)
{
	static const char *const words[] = { "yes", "no", "unknown" };

	return h->id == x->a.host && p->verdict == LVL_YES ? "here"
							   : words[p->verdict];
}

typedef void host_fn(struct placing *x, void *arg,
		     const struct fleet_view_host *h,
		     const struct lvl_fleet_place *p);

/* Each host, best first. */
static void each_host(struct placing *x, host_fn *each, void *arg)
{
	size_t i, k;

	for (i = 0; i < x->nr; i++)
		for (k = 0; k < x->a.v.nr_hosts; k++) {
			const struct fleet_view_host *h = &x->a.v.host[k];

			if (h->active != (int)x->place[i].unreachable &&
			    h->profile == x->a.v.pool.member[x->place[i].member]
						  .profile)
				each(x, arg, h, &x->place[i]);
		}
}

static int exit_of(struct placing *x)
{
	const struct fleet_view_host *h = fleet_view_host(&x->a.v, x->a.host);
	const struct lvl_fleet_group g = {
		.seen = x->a.seen,
		.on = h && h->active ? h->profile : LVL_FLEET_ELSEWHERE,
		.vms = 1,
	};
	struct lvl_fleet_reach r;

	lvl_fleet_reach(x->a.v.model, &x->a.v.pool, &g, &r);
	return r.fate == LVL_FLEET_FREE       ? EXIT_YES
	       : r.fate == LVL_FLEET_STRANDED ? EXIT_NO
					      : EXIT_INCOMPLETE;
}

/* -- text ----------------------------------------------------------------- */

struct rows {
	struct fleet_table t;
	size_t nr;
};

static void say_host(struct placing *x, void *arg,
		     const struct fleet_view_host *h,
		     const struct lvl_fleet_place *p)
{
	struct rows *r = arg;
	char spare[16], text[200];

	if (r->nr++ >= ROWS && !x->all)
		return;
	snprintf(spare, sizeof(spare), "%u", p->spare);
	fleet_table_row(&r->t, h->name, verdict(x, h, p), spare,
			remark(x, p, text));
}

static void print(struct placing *x)
{
	static const struct fleet_column columns[] = {
		{ "HOST", 0, 0 },
		{ "MAY RUN", 0, 0 },
		{ "SPARE", 1, 2 },
		{ "WHY NOT, OR BUT", 0, 1 },
	};
	struct rows r = { .nr = 0 };
	size_t homes = ask_homes(&x->a, NULL, NULL);

	fprintf(x->out, "%s%s%s: %zu other host%s of %s\n", cli_ink(INK_BOLD),
		x->a.vm, cli_ink(INK_PLAIN), homes, homes == 1 ? "" : "s",
		x->a.v.name);
	if (!x->a.saw)
		fleet_say(x->out, 2,
			  "it has no boot record: what it saw is "
			  "not known");
	fleet_table_init(&r.t, x->out, columns, LVL_COUNT(columns));
	each_host(x, say_host, &r);
	(void)fleet_table_end(&r.t);
	if (exit_of(x) == EXIT_INCOMPLETE)
		fleet_say(x->out, 2, "of some hosts nothing certain is known");
	if (r.nr > ROWS && !x->all)
		fprintf(x->out, "  ... and %zu more (--all)\n", r.nr - ROWS);
}

/* -- JSON ----------------------------------------------------------------- */

static void json_host(struct placing *x, void *arg,
		      const struct fleet_view_host *h,
		      const struct lvl_fleet_place *p)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	size_t *n = arg;
	char text[200];

	fputs((*n)++ ? ",\n    {" : "\n    {", x->out);
	fleet_json_key(x->out, "host", h->name);
	fprintf(x->out,
		", \"verdict\": \"%s\", \"own\": %s, \"spare\": %u, "
		"\"fatal\": %u, \"security\": %u, \"leaks\": %u, \"slow\": %u, "
		"\"unsure\": %u, ",
		words[p->verdict], h->id == x->a.host ? "true" : "false",
		p->spare, p->fatal, p->security, p->leaks, p->slow, p->unsure);
	fleet_json_key(x->out, "remark", remark(x, p, text));
	fputs("}", x->out);
}

static void json(struct placing *x)
{
	size_t n = 0;

	fputs("{\n  \"format\": \"cpulevel-place\",\n  \"version\": 1,\n  ",
	      x->out);
	fleet_json_key(x->out, "vm", x->a.vm);
	fputs(",\n  ", x->out);
	fleet_json_key(x->out, "pool", x->a.v.name);
	fputs(",\n  \"hosts\": [", x->out);
	each_host(x, json_host, &n);
	fputs("\n  ]\n}\n", x->out);
}

/* -- the verb ------------------------------------------------------------- */

struct question {
	const char *vm;
	int all;
};

static int answer(struct fleet *f, struct placing *x)
{
	x->place = calloc(2 * x->a.v.pool.nr_members + 1, sizeof(*x->place));
	if (!x->place)
		return -LVL_E_NO_MEMORY;
	x->nr = lvl_fleet_place(x->a.v.model, &x->a.v.pool, x->a.seen,
				x->place);
	if (f->json)
		json(x);
	else
		print(x);
	f->exit = exit_of(x);
	free(x->place);
	return 0;
}

static int body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct placing *x = calloc(1, sizeof(*x));
	int rc = x ? ask_open(f, q->vm, &x->a) : -LVL_E_NO_MEMORY;

	if (!rc) {
		x->all = q->all;
		x->out = f->out;
		rc = answer(f, x);
		ask_close(&x->a);
	}
	free(x);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "all", no_argument, NULL, 'a' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { .vm = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'a')
			q.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 2, 2, "vm NAME");
	if (!rc && strcmp(argv[optind], "vm") != 0)
		rc = cli_usage("what is to be placed?  `cpulevel place vm "
			       "NAME`");
	if (rc)
		return rc;
	q.vm = argv[optind + 1];
	return fleet_read(&f, body, &q);
}

const struct verb verb_place = {
	.name = "place",
	.args = "vm NAME [options]",
	.summary = "on which hosts of its pool a VM can run, best first",
	.help = "Hosts that admit the VM come first: those with the fewest "
		"remarks, and of these\nthose with the least to spare, so "
		"that the others are left to VMs that need them.\nThen the "
		"rest, with reasons.\n\n"
		"options:\n"
		"  --all           every host, however many\n" FLEET_HELP_READ
		"\nexit: 0 there is another host, 1 there is none, 4 not "
		"known\n\n"
		"examples:\n"
		"  cpulevel place vm web-17\n"
		"  cpulevel place vm web-17 --json\n",
	.run = run,
};

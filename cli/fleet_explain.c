/* SPDX-License-Identifier: MIT */
/* Why a VM can or cannot go to a host, and what would help. */
#include "fleet_explain.h"
#include "fleet_ask.h"

#include <stdlib.h>
#include <string.h>

struct answer {
	struct ask a;
	char *host;
	size_t profile;
	int64_t source;
	int elsewhere;   /* the host is in another pool or in none */
	int unreachable; /* or retired: what is said of it is old */
	int retired;
	enum lvl_verdict verdict;
	struct ask_findings all;
	struct store_source like;
	struct ask_cpu cpu;
	struct lvl_fleet_level level; /* of the pool, for that host's vendor */
	enum lvl_verdict cycled;      /* may it run there at that level? */
	struct fleet_delta loses;     /* what it saw and the level has not */
	int all_rows;
};

/* -- words ---------------------------------------------------------------- */

static int is_field_of_policy(unsigned field)
{
	return field != LVL_NO_FIELD && lvl_fields[field].width == 1 &&
	       lvl_fields[field].word != LVL_NO_WORD;
}

/* lvl_reason_text() is for wider tables. */
static const char *short_reason(const struct lvl_finding *f, char buf[ASK_WHY])
{
	int is_number = f->field != LVL_NO_FIELD &&
			lvl_fields[f->field].width > 1 && f->guest < 100000 &&
			f->host < 100000;

	if (f->reason == LVL_R_UNTOLD)
		return f->field == LVL_F_RET_ALTERNATE
			       ? "rsba or rrsba there, it was not told"
			       : "true there, it was not told";
	if (is_number && f->sure)
		snprintf(buf, ASK_WHY, "%llu there, it saw %llu",
			 (unsigned long long)f->host,
			 (unsigned long long)f->guest);
	else if (f->reason == LVL_R_NOT_ALLOWED)
		return "not allowed there";
	else if (f->reason == LVL_R_LEAK_DIFFERS)
		return "not hidden, behaves otherwise there";
	else
		return lvl_reason_text(f->reason);
	return buf;
}

static const char *why(struct answer *x, const struct lvl_finding *f,
		       char buf[ASK_WHY])
{
	if (!f->sure || f->reason != LVL_R_MISSING ||
	    !is_field_of_policy(f->field))
		return short_reason(f, buf);
	return ask_why(&x->a.v, &x->cpu, x->profile,
		       x->a.v.model->seen[x->a.seen].guest, f->field, buf);
}

/* What stops a guest that was not told, on a machine of that vendor. */
static const char *gate(const struct answer *x, unsigned field)
{
	unsigned vendor = x->a.v.model->profile[x->profile].vendor;
	enum lvl_guest guest = x->a.v.model->seen[x->a.seen].guest;
	unsigned column = guest == LVL_PV                                ? 0
			  : vendor & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON) ? 1
									 : 2;

	return lvl_gates[lvl_fields[field].gate[column]];
}

static const char *effect(const struct answer *x, const struct lvl_finding *f,
			  char buf[ASK_WHY])
{
	const char *at;

	if (!f->sure)
		return "not known";
	switch (f->severity) {
	case LVL_FATAL:
		if (f->reason != LVL_R_MISSING)
			return "blocks";
		if (lvl_fields[f->field].klass == LVL_ISA)
			return "blocks: SIGILL possible";
		if (lvl_fields[f->field].klass != LVL_KERNEL ||
		    !strcmp(gate(x, f->field), "n/a"))
			return "blocks";
		at = gate(x, f->field);
		if (strlen(at) > 9) /* a control of the hypervisor's own */
			return "blocks: may be in use";
		snprintf(buf, ASK_WHY, "blocks: may be in use (%s)", at);
		return buf;
	case LVL_SECURITY:
		return "blocks: less protected than told";
	case LVL_LEAKS:
		return "the guest can tell";
	case LVL_SLOW:
		return "harmless: speed only";
	case LVL_INFO:
	case LVL_NR_SEVERITIES:
		break;
	}
	return "harmless";
}

/* -- text ----------------------------------------------------------------- */

static void say_head(const struct answer *x, FILE *out)
{
	static const char *const words[] = { "YES", "NO", "UNKNOWN" };
	static const char *const says[] = { "can run on", "cannot run on",
					    "may or may not run on" };
	static const enum cli_ink inks[] = { INK_GOOD, INK_BAD, INK_WARN };
	const struct ask *a = &x->a;
	struct cli_wrap w = { out, (unsigned)strlen(words[x->verdict]) + 2, 0 };
	unsigned rest = (unsigned)x->all.nr - x->all.unsure;
	char text[800];
	int n;

	n = snprintf(text, sizeof(text), "%.250s", a->vm);
	if (a->saw)
		n += snprintf(text + n, 40, " (saw %u features)",
			      cli_count_features(a->saw));
	n += snprintf(text + n, 300, " %s %.250s", says[x->verdict], x->host);
	if (x->all.nr)
		n += snprintf(text + n, 80,
			      ": %u %s - %u block, %u do not matter", rest,
			      rest == x->all.missing ? "missing"
			      : rest == 1            ? "finding"
						     : "findings",
			      x->all.blocks, rest - x->all.blocks);
	if (x->all.unsure)
		snprintf(text + n, 40, ", %u not known", x->all.unsure);
	fprintf(out, "%s%s%s  ", cli_ink(inks[x->verdict]), words[x->verdict],
		cli_ink(INK_PLAIN));
	w.column = w.indent;
	cli_wrap_text(&w, text);
	cli_wrap_end(&w);
	if (!a->saw)
		fleet_say(out, 2,
			  "it has no boot record: what it saw is not "
			  "known");
	if (x->all.nr && ask_is_vendor(x->all.f[0].field))
		fleet_say(out, 2,
			  "the CPU vendors differ: no guest can move between "
			  "them");
	if (x->elsewhere)
		fleet_say(out, 2, "%s is not in pool %s", x->host, a->v.name);
	if (x->unreachable)
		fleet_say(out, 2, "%s %s: this is what it was", x->host,
			  x->retired ? "is retired" : "cannot be reached");
}

#define ROWS 14

static void say_table(struct answer *x, FILE *out)
{
	static const struct fleet_column columns[] = {
		{ "FEATURE", 0, 0 }, { "WHERE", 0, 3 },  { "CLASS", 0, 2 },
		{ "WHY", 0, 1 },     { "EFFECT", 0, 0 },
	};
	struct fleet_table t;
	size_t i;

	if (!x->all.nr)
		return;
	fleet_table_init(&t, out, columns, LVL_COUNT(columns));
	for (i = 0; i < x->all.nr && (x->all_rows || i < ROWS); i++) {
		const struct lvl_finding *f = &x->all.f[i];
		char place[CLI_PLACE], because[ASK_WHY], does[ASK_WHY];

		fleet_table_row(&t, lvl_field_name(f->field),
				cli_place(f->field, place),
				lvl_class_names[lvl_fields[f->field].klass],
				why(x, f, because), effect(x, f, does));
	}
	(void)fleet_table_end(&t);
	if (i < x->all.nr)
		fprintf(out, "  ... and %zu more (--all)\n", x->all.nr - i);
}

static void say_boot(const struct answer *x, FILE *out)
{
	const struct ask *a = &x->a;
	const struct fleet_view_host *h = fleet_view_host(&a->v, a->host);
	char when[FLEET_TIME];

	if (!a->booted)
		return;
	fleet_say(out, 2, "%s booted %s%s%s%s%s", a->vm,
		  fleet_say_time(a->booted, when),
		  *a->level_name ? " at level " : "", a->level_name,
		  h ? " and runs on " : "", h ? h->name : "");
}

/* The pool's own level is for one kind of guests. */
static const char *level_name(const struct answer *x, char buf[300])
{
	enum lvl_guest guest = x->a.v.model->seen[x->a.seen].guest;

	if (guest == x->a.v.pool.guest)
		snprintf(buf, 300, "the level of %.250s", x->a.v.name);
	else
		snprintf(buf, 300, "a level for %s guests that follows %.200s",
			 lvl_guest_names[guest], x->a.v.name);
	return buf;
}

/* What a power cycle would do, and who else would take it. */
static void say_fix(struct answer *x, FILE *out)
{
	char level[300];
	size_t homes;

	if (x->verdict == LVL_YES)
		return;
	level_name(x, level);
	if (x->unreachable)
		; /* nothing boots there either */
	else if (x->cycled == LVL_YES)
		fleet_say(out, 2, "fix: power-cycle %s at %s (%u features)",
			  x->a.vm, level, cli_count_features(&x->level.policy));
	else if (!x->level.rc && x->level.unknown)
		fleet_say(out, 2,
			  "a power cycle may help, once all hosts of %s have "
			  "reported",
			  x->a.v.name);
	else if (!x->level.rc)
		fleet_say(out, 2, "a power cycle at %s does not help", level);
	if (x->cycled == LVL_YES) {
		fleet_say_fields(out, "    loses:", x->loses.lost,
				 x->loses.nr_lost);
		fleet_say_fields(out, "    gains:", x->loses.gained,
				 x->loses.nr_gained);
	}
	homes = ask_homes(&x->a, out, "  or migrate to:");
	if (!homes)
		fleet_say(out, 2, "no other host of %s admits it as it is",
			  x->a.v.name);
	fleet_say(out, 2,
		  "`cpulevel why-not vm %s --to %s` asks which one "
		  "change would do",
		  x->a.vm, x->host);
}

static void print(struct answer *x, FILE *out)
{
	say_head(x, out);
	say_table(x, out);
	say_boot(x, out);
	say_fix(x, out);
}

/* -- JSON ----------------------------------------------------------------- */

static void json_finding(struct answer *x, const struct lvl_finding *f,
			 FILE *out)
{
	char place[CLI_PLACE], because[ASK_WHY], does[ASK_WHY];

	fprintf(out,
		"{\"severity\": \"%s\", \"field\": \"%s\", \"where\": "
		"\"%s\", \"class\": \"%s\", \"sure\": %s,\n     ",
		lvl_severity_names[f->severity], lvl_field_name(f->field),
		cli_place(f->field, place),
		lvl_class_names[lvl_fields[f->field].klass],
		f->sure ? "true" : "false");
	fprintf(out, "\"guest\": %llu, \"host\": %llu, ",
		(unsigned long long)f->guest, (unsigned long long)f->host);
	fleet_json_key(out, "why", why(x, f, because));
	fputs(", ", out);
	fleet_json_key(out, "effect", effect(x, f, does));
	fputs("}", out);
}

static void json_fix(struct answer *x, FILE *out)
{
	struct ask *a = &x->a;
	size_t i, n = 0;

	fprintf(out, "  \"fix\": {\"power_cycle\": %s, ",
		x->cycled == LVL_YES ? "true" : "false");
	fleet_json_fields(out, "loses", x->loses.lost, x->loses.nr_lost);
	fputs(",\n    \"hosts\": [", out);
	for (i = 0; i < a->v.nr_hosts; i++) {
		const struct fleet_view_host *h = &a->v.host[i];

		if (h->id == a->host || !h->active ||
		    lvl_fleet_verdict(a->v.model, a->seen, h->profile) !=
			    LVL_YES)
			continue;
		fputs(n++ ? ", " : "", out);
		cli_json_string(out, h->name);
	}
	fputs("]}\n", out);
}

static void json(struct answer *x, FILE *out)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	size_t i;

	fputs("{\n  \"format\": \"cpulevel-explain-vm\",\n  \"version\": 1,\n"
	      "  ",
	      out);
	fleet_json_key(out, "vm", x->a.vm);
	fputs(",\n  ", out);
	fleet_json_key(out, "host", x->host);
	fputs(",\n  ", out);
	fleet_json_key(out, "pool", x->a.v.name);
	fprintf(out, ",\n  \"verdict\": \"%s\",\n  ", words[x->verdict]);
	fleet_json_key(out, "level", *x->a.level_name ? x->a.level_name : NULL);
	fprintf(out, ",\n  \"reachable\": %s,\n  \"findings\": [",
		x->unreachable ? "false" : "true");
	for (i = 0; i < x->all.nr; i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		json_finding(x, &x->all.f[i], out);
	}
	fputs(i ? "\n  ],\n" : "],\n", out);
	json_fix(x, out);
	fputs("}\n", out);
}

/* -- the question --------------------------------------------------------- */

struct question {
	const char *vm, *to;
	int all;
};

/* At the level of the pool, after a power cycle. */
static void ask_cycled(struct answer *x)
{
	struct ask *a = &x->a;
	const struct lvl_fleet_profile *p = &a->v.model->profile[x->profile];
	enum lvl_guest guest = a->v.model->seen[a->seen].guest;

	x->cycled = LVL_UNKNOWN;
	if (x->verdict == LVL_YES || x->unreachable)
		return; /* it changes nothing, or nothing boots there */
	lvl_fleet_level_for(a->v.model, &a->v.pool, guest, p->vendor,
			    &x->level);
	x->cycled = lvl_fleet_boots(a->v.model, &x->level, guest, x->profile);
	if (a->saw && !x->level.rc)
		fleet_delta(a->saw, &x->level.policy, &x->loses);
}

static int find_host(struct fleet *f, const char *name, struct answer *x)
{
	struct store_host h;
	int rc = fleet_host(f, name, &h);

	if (rc)
		return rc;
	x->host = strdup(h.name);
	x->source = h.source;
	x->retired = h.state == STORE_HOST_RETIRED;
	x->elsewhere = h.pool != x->a.v.id && !x->retired;
	x->unreachable = h.state != STORE_HOST_ACTIVE;
	return fleet_view_profile(&x->a.v, h.profile, &x->profile);
}

static int body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct answer *x = calloc(1, sizeof(*x));
	int rc = x ? ask_open(f, q->vm, &x->a) : -LVL_E_NO_MEMORY;

	if (!rc)
		rc = find_host(f, q->to, x);
	if (!rc)
		x->verdict = ask_fits(&x->a, x->profile, &x->all);
	if (!rc && x->all.nr)
		rc = ask_cpu_open(&x->a.v, x->source, &x->like, &x->cpu);
	if (!rc) {
		x->all_rows = q->all;
		ask_cycled(x);
		if (x->unreachable && x->verdict == LVL_YES)
			x->verdict = LVL_UNKNOWN;
		if (f->json)
			json(x, f->out);
		else
			print(x, f->out);
		f->exit = cli_exit(x->verdict);
	}
	if (x) {
		ask_cpu_close(&x->cpu);
		ask_findings_free(&x->all);
		ask_close(&x->a);
		free(x->host);
	}
	free(x);
	return rc;
}

int fleet_explain(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "to", required_argument, NULL, 't' },
		{ "all", no_argument, NULL, 'a' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { .vm = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 't')
			q.to = optarg;
		else if (c == 'a')
			q.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 1, 1, "vm NAME --to HOST");
	if (!rc && !q.to)
		rc = cli_usage("to which host?  --to HOST; `cpulevel place vm "
			       "%s` asks about all",
			       argv[optind]);
	q.vm = argv[optind];
	return rc ? rc : fleet_read(&f, body, &q);
}

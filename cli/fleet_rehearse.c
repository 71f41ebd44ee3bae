/* SPDX-License-Identifier: MIT */
#include "fleet_rehearse.h"

#include <stdlib.h>
#include <string.h>

/* -- text ----------------------------------------------------------------- */

static const char *level_text(const struct rehearse_step *s, char buf[40])
{
	int n = 0;

	if (s->before != s->after)
		n = snprintf(buf, 40, "%u -> ", s->before);
	n += snprintf(buf + n, 40 - (size_t)n, "%u", s->after);
	if (s->vendors > 1)
		snprintf(buf + n, 40 - (size_t)n, " of %u vendors", s->vendors);
	return buf;
}

static const char *remark(const struct rehearse_step *s, char buf[200])
{
	size_t at = 0;

	buf[0] = '\0';
	if (s->what == PLAN_POWER_CYCLE)
		at += (size_t)snprintf(buf, 200, "%llu boot anew",
				       (unsigned long long)s->cycled);
	if (s->nowhere)
		at += (size_t)snprintf(buf + at, 200 - at,
				       ", no host admits %llu of them",
				       (unsigned long long)s->nowhere);
	if (s->cannot)
		at += (size_t)snprintf(
			buf + at, 200 - at, "%s%llu cannot move away",
			at ? ", " : "", (unsigned long long)s->cannot);
	if (s->unsure)
		at += (size_t)snprintf(buf + at, 200 - at, "%s%llu not known",
				       at ? ", " : "",
				       (unsigned long long)s->unsure);
	if (s->stranded)
		at += (size_t)snprintf(buf + at, 200 - at, "%s%llu stranded",
				       at ? ", " : "",
				       (unsigned long long)s->stranded);
	else if (s->homeless && !s->cannot)
		at += (size_t)snprintf(buf + at, 200 - at,
				       "%sa VM without a home meanwhile",
				       at ? ", " : "");
	if (s->way_back == LVL_NO)
		at += (size_t)snprintf(buf + at, 200 - at, "%sno way back",
				       at ? ", " : "");
	return at ? buf : "ok";
}

#define ROWS 40

static int shown(const struct rehearsal *r, size_t i)
{
	return r->all || r->nr <= ROWS || i < ROWS / 2 ||
	       rehearse_bad(&r->step[i]) || r->step[i].way_back == LVL_NO ||
	       r->step[i].before != r->step[i].after || i + 1 == r->nr;
}

static void say_steps(const struct rehearsal *r, FILE *out)
{
	static const struct fleet_column columns[] = {
		{ "STEP", 1, 0 },  { "WHAT", 0, 2 }, { "WHO", 0, 0 },
		{ "LEVEL", 0, 1 }, { "MOVE", 1, 3 }, { "THEN", 0, 0 },
	};
	struct fleet_table t;
	size_t i, hidden = 0;

	fleet_table_init(&t, out, columns, LVL_COUNT(columns));
	for (i = 0; i < r->nr; i++) {
		const struct rehearse_step *s = &r->step[i];
		char number[24], level[40], moves[24], text[200];

		if (!shown(r, i)) {
			hidden++;
			continue;
		}
		snprintf(number, sizeof(number), "%zu", i + 1);
		snprintf(moves, sizeof(moves), "%llu",
			 (unsigned long long)s->moves);
		fleet_table_row(&t, number, change_names[s->what], s->name,
				level_text(s, level), moves, remark(s, text));
	}
	(void)fleet_table_end(&t);
	if (hidden)
		fprintf(out, "  %zu more steps without remarks (--all)\n",
			hidden);
}

static void say_end(const struct rehearsal *r, FILE *out)
{
	uint64_t stranded = 0, unsure = 0;
	char number[FLEET_NUMBER];
	size_t i, bad = 0, back = 0;

	for (i = 0; i < r->nr; i++) {
		if (rehearse_bad(&r->step[i]) && !bad)
			bad = i + 1;
		if (r->step[i].way_back == LVL_NO && !back)
			back = i + 1;
	}
	for (i = 0; i < r->v.pool.nr_groups; i++) {
		struct lvl_fleet_reach reach;

		lvl_fleet_reach(r->v.model, &r->v.pool, &r->v.pool.group[i],
				&reach);
		stranded += reach.fate == LVL_FLEET_STRANDED
				    ? r->v.pool.group[i].vms
				    : 0;
		unsure += reach.fate == LVL_FLEET_UNSURE
				  ? r->v.pool.group[i].vms
				  : 0;
	}
	if (bad)
		fleet_say(out, 0,
			  "%sstops at step %zu%s (line %lu of the "
			  "plan): %s",
			  cli_ink(INK_BAD), bad, cli_ink(INK_PLAIN),
			  r->step[bad - 1].line, r->step[bad - 1].name);
	else
		fleet_say(out, 0, "%severy VM keeps a home at every step%s",
			  cli_ink(INK_GOOD), cli_ink(INK_PLAIN));
	if (back)
		fleet_say(out, 0,
			  "point of no return: step %zu; VMs that boot from "
			  "then on do not run on %s as it was",
			  back, r->step[back - 1].name);
	else
		fleet_say(out, 0, "no point of no return");
	fleet_say(out, 0, "at the end %s can go nowhere%s",
		  fleet_number(stranded, "VM", number),
		  unsure ? ", of some it is not known" : "");
}

void rehearse_print(const struct rehearsal *r, FILE *out)
{
	fprintf(out, "%s%s%s  %zu step%s\n", cli_ink(INK_BOLD), r->v.name,
		cli_ink(INK_PLAIN), r->nr, r->nr == 1 ? "" : "s");
	say_steps(r, out);
	say_end(r, out);
}

/* -- JSON ----------------------------------------------------------------- */

void rehearse_json(const struct rehearsal *r, FILE *out)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	size_t i;

	fputs("{\n  \"format\": \"cpulevel-rehearse\",\n  \"version\": 1,\n  ",
	      out);
	fleet_json_key(out, "pool", r->v.name);
	fputs(",\n  \"steps\": [", out);
	for (i = 0; i < r->nr; i++) {
		const struct rehearse_step *s = &r->step[i];

		fputs(i ? ",\n    {" : "\n    {", out);
		fleet_json_key(out, "what", change_names[s->what]);
		fputs(", ", out);
		fleet_json_key(out, "who", s->name);
		fputs(", ", out);
		fleet_json_key(out, "basis", *s->basis ? s->basis : NULL);
		fprintf(out,
			", \"line\": %lu,\n     \"before\": %u, \"after\": "
			"%u, \"move\": %llu, \"cannot_move\": %llu, "
			"\"unsure\": %llu, \"stranded\": %llu,\n     "
			"\"homeless\": %s, \"power_cycled\": %llu, "
			"\"nowhere\": %llu, \"way_back\": \"%s\"}",
			s->line, s->before, s->after,
			(unsigned long long)s->moves,
			(unsigned long long)s->cannot,
			(unsigned long long)s->unsure,
			(unsigned long long)s->stranded,
			s->homeless ? "true" : "false",
			(unsigned long long)s->cycled,
			(unsigned long long)s->nowhere, words[s->way_back]);
	}
	fputs("\n  ]\n}\n", out);
}

/* -- the verb ------------------------------------------------------------- */

struct question {
	struct plan plan;
	struct changes *changes;
	int all;
};

/* What a step changes is read before anything else: files may be bad. */
static int ask(struct question *q)
{
	size_t i;
	int rc = 0;

	q->changes = calloc(q->plan.nr + 1, sizeof(*q->changes));
	if (!q->changes) {
		cli_error("out of memory");
		return EXIT_INPUT;
	}
	for (i = 0; !rc && i < q->plan.nr; i++)
		if (q->plan.step[i].what != PLAN_POWER_CYCLE)
			rc = changes_ask(&q->changes[i],
					 (enum change_how)q->plan.step[i].what,
					 q->plan.step[i].value);
	return rc;
}

static int answer(struct fleet *f, struct rehearsal *r)
{
	int unsure = fleet_incomplete(&r->v, &r->v.pool);
	size_t i;
	int rc = rehearse_run(r);

	if (rc)
		return rc;
	if (f->json)
		rehearse_json(r, f->out);
	else
		rehearse_print(r, f->out);
	for (i = 0; i < r->nr; i++) {
		if (rehearse_bad(&r->step[i]))
			f->exit = EXIT_NO;
		unsure |= r->step[i].unsure != 0;
	}
	if (f->exit == EXIT_YES && unsure)
		f->exit = EXIT_INCOMPLETE;
	return 0;
}

static int body(struct fleet *f, void *arg)
{
	struct question *q = arg;
	struct rehearsal r = { .plan = &q->plan,
			       .changes = q->changes,
			       .all = q->all };
	int rc = fleet_view_open(f, q->plan.pool, &r.v);

	if (rc)
		return rc;
	rc = answer(f, &r);
	rehearse_free(&r);
	fleet_view_close(&r.v);
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
	struct question q = { .all = 0 };
	int c, rc = 0;
	size_t i;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'a')
			q.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 1, 1, "PLAN.yaml");
	if (!rc)
		rc = plan_read(argv[optind], &q.plan);
	if (!rc)
		rc = ask(&q);
	if (!rc)
		rc = fleet_read(&f, body, &q);
	for (i = 0; q.changes && i < q.plan.nr; i++)
		changes_free(&q.changes[i]);
	free(q.changes);
	plan_free(&q.plan);
	return rc;
}

const struct verb verb_rehearse = {
	.name = "rehearse",
	.args = "PLAN.yaml [options]",
	.summary = "a rolling upgrade step by step, before it is done",
	.help = "What each step of a plan does to the level and to running "
		"VMs, one host after another:\nwho must move and cannot, who "
		"is stranded, and from which step on there is no way back.\n"
		"Hosts of one item go in an order in which every VM keeps a "
		"home, if there is one.\nNothing is changed.\n\n"
		"a plan:\n"
		"  pool: prod-c\n"
		"  steps:\n"
		"    - power-cycle: web-*      VMs boot at the level of then, "
		"or at web-*=LEVEL\n"
		"    - kernel: spr-*=6.1       as the options of `whatif`: "
		"join, leave, upgrade,\n"
		"    - leave: [clx-01, clx-02] kernel, microcode; one, or a "
		"list\n\n"
		"options:\n"
		"  --all           every step, however many\n" FLEET_HELP_READ
		"\nexit: 0 every VM keeps a home, 1 some do not, 4 not all is "
		"known\n\n"
		"examples:\n"
		"  cpulevel rehearse upgrade.yaml\n"
		"  cpulevel rehearse upgrade.yaml --json\n",
	.run = run,
};

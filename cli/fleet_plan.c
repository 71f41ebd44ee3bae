/* SPDX-License-Identifier: MIT */
#include "fleet_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#define STEPS 10000

struct reading {
	const char *file;
	yaml_parser_t parser;
	yaml_event_t event;
	int has_event, has_steps;
	struct plan *plan;
	char *why; /* the error, for people */
};

static int fail(struct reading *r, const char *why)
{
	snprintf(r->why, PLAN_WHY, "%.200s:%zu: %.200s", r->file,
		 r->has_event ? r->event.start_mark.line + 1
			      : r->parser.problem_mark.line + 1,
		 why);
	return EXIT_INPUT;
}

static const char *text(const struct reading *r)
{
	return (const char *)r->event.data.scalar.value;
}

/* The next event; anchors and tags mean nothing here. */
static int next(struct reading *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = 0;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return fail(r, r->parser.problem ? r->parser.problem
						 : "cannot be read");
	r->has_event = 1;
	if (r->event.type == YAML_ALIAS_EVENT)
		return fail(r, "no aliases in a plan");
	if (r->event.type == YAML_SCALAR_EVENT &&
	    strlen(text(r)) != r->event.data.scalar.length)
		return fail(r, "a NUL in a value");
	return 0;
}

static int expect(struct reading *r, yaml_event_type_t type, const char *why)
{
	int rc = next(r);

	return rc || r->event.type == type ? rc : fail(r, why);
}

/* -- steps ---------------------------------------------------------------- */

/* The event is the value. */
static int add_step(struct reading *r, enum plan_what what)
{
	struct plan *p = r->plan;
	struct plan_step *s;

	if (!*text(r))
		return fail(r, "a value is missing");
	s = cli_grow(p->step, p->nr, &p->room, sizeof(*s));
	if (!s || p->nr == STEPS)
		return fail(r, s ? "too many steps" : "out of memory");
	p->step = s;
	s += p->nr;
	s->what = what;
	s->value = strdup(text(r));
	s->line = (unsigned long)r->event.start_mark.line + 1;
	p->nr += s->value != NULL;
	return s->value ? 0 : fail(r, "out of memory");
}

static int read_value(struct reading *r, enum plan_what what)
{
	int rc = next(r);

	if (rc)
		return rc;
	if (r->event.type == YAML_SCALAR_EVENT)
		return add_step(r, what);
	if (r->event.type != YAML_SEQUENCE_START_EVENT)
		return fail(r, "a value or a list of values is expected");
	while (!(rc = next(r)) && r->event.type == YAML_SCALAR_EVENT)
		if ((rc = add_step(r, what)))
			return rc;
	if (!rc && r->event.type != YAML_SEQUENCE_END_EVENT)
		return fail(r, "a list of values is expected");
	return rc;
}

static int find_what(struct reading *r, enum plan_what *what)
{
	char why[160];
	unsigned i;

	for (i = 0; i < PLAN_NR; i++)
		if (!strcmp(change_names[i], text(r))) {
			*what = (enum plan_what)i;
			return 0;
		}
	snprintf(why, sizeof(why),
		 "no step \"%.40s\": join, leave, upgrade, kernel, microcode "
		 "or power-cycle",
		 text(r));
	return fail(r, why);
}

/* "- leave: clx-01" */
static int read_step(struct reading *r)
{
	enum plan_what what = PLAN_NR;
	int rc;

	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail(r, "a step is \"WHAT: VALUE\"");
	rc = expect(r, YAML_SCALAR_EVENT, "a step is \"WHAT: VALUE\"");
	if (!rc)
		rc = find_what(r, &what);
	if (!rc)
		rc = read_value(r, what);
	if (!rc)
		rc = expect(r, YAML_MAPPING_END_EVENT,
			    "one thing a step: begin the next with \"-\"");
	return rc;
}

static int read_steps(struct reading *r)
{
	int rc;

	if (r->has_steps++)
		return fail(r, "steps is given twice");
	rc = expect(r, YAML_SEQUENCE_START_EVENT,
		    "steps is a list: each begins with \"-\"");
	while (!rc && !(rc = next(r)) &&
	       r->event.type != YAML_SEQUENCE_END_EVENT)
		rc = read_step(r);
	return rc;
}

/* -- the document --------------------------------------------------------- */

static int read_pool(struct reading *r)
{
	int rc = expect(r, YAML_SCALAR_EVENT, "the name of a pool is expected");

	if (rc)
		return rc;
	if (r->plan->pool)
		return fail(r, "pool is given twice");
	r->plan->pool = strdup(text(r));
	return r->plan->pool ? 0 : fail(r, "out of memory");
}

static int read_top(struct reading *r)
{
	int rc = 0;

	while (!rc && !(rc = next(r)) &&
	       r->event.type != YAML_MAPPING_END_EVENT) {
		if (r->event.type != YAML_SCALAR_EVENT)
			rc = fail(r, "\"pool:\" or \"steps:\" is expected");
		else if (!strcmp(text(r), "pool"))
			rc = read_pool(r);
		else if (!strcmp(text(r), "steps"))
			rc = read_steps(r);
		else
			rc = fail(r, "\"pool:\" or \"steps:\" is expected");
	}
	if (!rc && !r->plan->pool)
		rc = fail(r, "which pool?  \"pool: NAME\"");
	if (!rc && !r->plan->nr)
		rc = fail(r, "there are no steps");
	return rc;
}

static int read_document(struct reading *r)
{
	int rc = expect(r, YAML_STREAM_START_EVENT, "not YAML");

	if (!rc)
		rc = expect(r, YAML_DOCUMENT_START_EVENT, "the plan is empty");
	if (!rc)
		rc = expect(r, YAML_MAPPING_START_EVENT,
			    "\"pool:\" and \"steps:\" are expected");
	if (!rc)
		rc = read_top(r);
	if (!rc)
		rc = next(r);
	if (!rc)
		rc = expect(r, YAML_STREAM_END_EVENT, "one plan in a file");
	return rc;
}

int plan_parse(FILE *in, const char *file, struct plan *p, char why[PLAN_WHY])
{
	struct reading r = { .file = file, .plan = p, .why = why };
	int rc;

	memset(p, 0, sizeof(*p));
	if (!yaml_parser_initialize(&r.parser)) {
		snprintf(why, PLAN_WHY, "out of memory");
		return EXIT_INPUT;
	}
	yaml_parser_set_input_file(&r.parser, in);
	rc = read_document(&r);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (rc)
		plan_free(p);
	return rc;
}

int plan_read(const char *file, struct plan *p)
{
	FILE *in = strcmp(file, "-") != 0 ? fopen(file, "r") : stdin;
	char why[PLAN_WHY];
	int rc;

	if (!in) {
		memset(p, 0, sizeof(*p));
		cli_error("%s: %s", file, strerror(errno));
		return EXIT_INPUT;
	}
	rc = plan_parse(in, file, p, why);
	if (rc)
		cli_error("%s", why);
	if (in != stdin)
		fclose(in);
	return rc;
}

void plan_free(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->step[i].value);
	free(p->step);
	free(p->pool);
	memset(p, 0, sizeof(*p));
}

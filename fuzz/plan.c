/* SPDX-License-Identifier: MIT */
/*
 * Plans of `rehearse`: one that is read has a pool and steps with values, and
 * written down again it is the same; one that is not says where and why.
 */
#include "cli/fleet_plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(what)                                                         \
	do {                                                               \
		if (!(what)) {                                             \
			fprintf(stderr, "property violated: %s\n", #what); \
			abort();                                           \
		}                                                          \
	} while (0)

static int parse(const void *data, size_t len, struct plan *p)
{
	char why[PLAN_WHY] = "";
	FILE *in = fmemopen((void *)data, len, "r");
	int rc;

	if (!in)
		exit(1);
	rc = plan_parse(in, "input", p, why);
	fclose(in);
	MUST(rc == 0 || rc == EXIT_INPUT);
	MUST(!rc == !*why);
	MUST(!rc || !strncmp(why, "input:", 6));
	MUST(!rc || (!p->pool && !p->step && !p->nr));
	return rc;
}

/* A quoted scalar of YAML; 0: one with what is not written so easily. */
static int quote(FILE *out, const char *text)
{
	const char *c;

	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return 0;
	putc('\'', out);
	for (c = text; *c; c++)
		fprintf(out, *c == '\'' ? "''" : "%c", *c);
	fputs("'\n", out);
	return 1;
}

static int write_down(const struct plan *p, FILE *out)
{
	size_t i;
	int all;

	fputs("pool: ", out);
	all = quote(out, p->pool);
	fputs("steps:\n", out);
	for (i = 0; i < p->nr; i++) {
		fprintf(out, "  - %s: ", change_names[p->step[i].what]);
		all &= quote(out, p->step[i].value);
	}
	return all;
}

static void again(const struct plan *p)
{
	struct plan q;
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	int all;

	if (!out)
		exit(1);
	all = write_down(p, out);
	fclose(out);
	if (all) {
		MUST(!parse(text, len, &q));
		MUST(!strcmp(p->pool, q.pool));
		MUST(p->nr == q.nr);
		for (i = 0; i < p->nr; i++) {
			MUST(p->step[i].what == q.step[i].what);
			MUST(!strcmp(p->step[i].value, q.step[i].value));
		}
		plan_free(&q);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct plan p;
	size_t i;

	if (!len || parse(data, len, &p))
		return 0;
	MUST(p.pool);
	MUST(p.nr);
	for (i = 0; i < p.nr; i++) {
		MUST(p.step[i].what < PLAN_NR);
		MUST(*p.step[i].value);
		MUST(!i || p.step[i].line >= p.step[i - 1].line);
	}
	again(&p);
	plan_free(&p);
	return 0;
}

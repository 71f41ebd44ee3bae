/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include "format/texts.h"

void findings_keep(void *arg, const struct lvl_finding *f)
{
	struct findings *all = arg;
	void *grown = cli_grow(all->f, all->nr, &all->room, sizeof(*all->f));

	if (!grown) {
		all->failed = 1;
		return;
	}
	all->f = grown;
	all->f[all->nr++] = *f;
	all->count[f->severity] += (unsigned)f->sure;
	all->unsure += !f->sure;
}

static int worse(const void *x, const void *y)
{
	const struct lvl_finding *a = x, *b = y;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->sure != b->sure)
		return a->sure ? -1 : 1;
	return a->field < b->field ? -1 : a->field > b->field;
}

void findings_sort(struct findings *all)
{
	if (all->nr)
		qsort(all->f, all->nr, sizeof(*all->f), worse);
}

void findings_free(struct findings *all)
{
	free(all->f);
	memset(all, 0, sizeof(*all));
}

/* -- values ---------------------------------------------------------------- */

static const char *value(const struct lvl_policy *p, unsigned field,
			 uint64_t found, char buf[CLI_VALUE])
{
	if (!p)
		return cli_value(found, 1, buf);
	return cli_value(lvl_get(p, field), lvl_known(p, field), buf);
}

/* -- text ------------------------------------------------------------------ */

void findings_counts(const struct findings *all, FILE *out)
{
	unsigned s, any = 0;

	for (s = 0; s < LVL_NR_SEVERITIES; s++)
		if (all->count[s])
			fprintf(out, "%s%u %s", any++ ? ", " : ": ",
				all->count[s], lvl_severity_names[s]);
	if (all->unsure)
		fprintf(out, "%s%u not known", any ? ", " : ": ", all->unsure);
}

static int name_width(const struct findings *all)
{
	size_t i;
	int w = 7;

	for (i = 0; i < all->nr; i++) {
		int n = (int)strlen(lvl_field_name(all->f[i].field));

		if (n > w)
			w = n;
	}
	return w < 34 ? w : 34;
}

static void row(const struct lvl_finding *f, const struct findings_of *of,
		int w, FILE *out)
{
	char place[CLI_PLACE], g[CLI_VALUE], h[CLI_VALUE];

	fprintf(out, "  %-*s  %-18s  %-10s  %8s  %8s  %s\n", w,
		lvl_field_name(f->field), cli_place(f->field, place),
		lvl_class_names[lvl_fields[f->field].klass],
		value(of->guest, f->field, f->guest, g),
		value(of->host, f->field, f->host, h),
		lvl_reason_text(f->reason));
}

void findings_table(const struct findings *all, const struct findings_of *of,
		    FILE *out)
{
	int w = name_width(all);
	size_t i;

	for (i = 0; i < all->nr; i++) {
		const struct lvl_finding *f = &all->f[i];

		if (!i || f->severity != f[-1].severity) {
			fprintf(out, "%s%s%s\n", cli_ink(INK_BOLD),
				lvl_severity_names[f->severity],
				cli_ink(INK_PLAIN));
			fprintf(out, "%s  %-*s  %-18s  %-10s  %8s  %8s  %s%s\n",
				cli_ink(INK_DIM), w, "FEATURE", "WHERE",
				"CLASS", of->guest_is, of->host_is, "WHY",
				cli_ink(INK_PLAIN));
		}
		row(f, of, w, out);
	}
}

/* -- JSON ------------------------------------------------------------------ */

void findings_json(const struct findings *all, const struct findings_of *of,
		   FILE *out)
{
	char place[CLI_PLACE], g[CLI_VALUE], h[CLI_VALUE];
	size_t i;

	for (i = 0; i < all->nr; i++) {
		const struct lvl_finding *f = &all->f[i];

		fprintf(out,
			"%s\n    {\"severity\": \"%s\", \"field\": \"%s\", "
			"\"where\": \"%s\", \"guest\": \"%s\", \"host\": "
			"\"%s\", "
			"\"class\": \"%s\", \"sure\": %s, \"reason\": \"%s\"}",
			i ? "," : "", lvl_severity_names[f->severity],
			lvl_field_name(f->field), cli_place(f->field, place),
			value(of->guest, f->field, f->guest, g),
			value(of->host, f->field, f->host, h),
			lvl_class_names[lvl_fields[f->field].klass],
			f->sure ? "true" : "false", lvl_reason_text(f->reason));
	}
	if (i)
		fputs("\n  ", out);
}

/* SPDX-License-Identifier: MIT */
/* Saying what the small registry and its policies are. */
#include <stdio.h>

#include "registry.h"

static void print_clause(const char *verb, unsigned field, unsigned clause)
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	unsigned i;

	fprintf(stderr, "  %s %s", &lvl_field_names[lvl_fields[field].name],
		verb);
	for (i = 0; i < c->count; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];

		fprintf(stderr, "%s%s>=%u", i ? " or " : " ",
			&lvl_field_names[lvl_fields[a->field].name],
			a->at_least);
	}
	fputc('\n', stderr);
}

void small_print(void)
{
	unsigned i;

	for (i = 0; i < lvl_nr_steps; i++)
		print_clause(lvl_steps[i].edge == LVL_NO_FIELD ? "carried by"
							       : "needs",
			     lvl_steps[i].field, lvl_steps[i].clause);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lvl_fields[i].owner)
			print_clause("owned by", i, lvl_fields[i].owner);
}

void small_print_policy(const char *name, const struct ref_policy *r)
{
	unsigned i;

	fprintf(stderr, "  %s:", name);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!ref_ordered(i))
			continue;
		fprintf(stderr, " %s=", &lvl_field_names[lvl_fields[i].name]);
		if (r->f[i].na)
			fprintf(stderr, "n/a");
		else
			fprintf(stderr, "%s%u",
				r->f[i].k == ref_full(i) ? "" : "?",
				(unsigned)r->f[i].v);
	}
	fputc('\n', stderr);
}

/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include "core/tables.h"
#include "format/texts.h"

#include <string.h>

/* One more element of a list. */
static void next(unsigned *nr)
{
	if ((*nr)++)
		fputs(", ", stdout);
}

static void put_text(const char *key, const char *text)
{
	printf("\"%s\": ", key);
	if (text)
		cli_json_string(stdout, text);
	else
		fputs("null", stdout);
}

static const char *or_null(const char *text)
{
	return text && strcmp(text, "-") ? text : NULL;
}

/* -- the field ------------------------------------------------------------ */

static void put_guests(const char *key, unsigned guests)
{
	unsigned g, n = 0;

	printf("\"%s\": [", key);
	for (g = 0; g < LVL_NR_GUESTS; g++) {
		if (!(guests >> g & 1))
			continue;
		next(&n);
		printf("\"%s\"", lvl_guest_names[g]);
	}
	putchar(']');
}

static void put_vendors(unsigned vendors)
{
	unsigned bit, n = 0;

	fputs("    \"vendors\": [", stdout);
	for (bit = 1; bit <= LVL_VENDOR_KVM; bit <<= 1) {
		if (!(vendors & bit))
			continue;
		next(&n);
		printf("\"%s\"",
		       bit == LVL_VENDOR_KVM ? "KVM" : lvl_vendor_name(bit));
	}
	puts("],");
}

static void put_aliases(unsigned field)
{
	unsigned i, n = 0;

	fputs("    \"aliases\": [", stdout);
	for (i = 0; i < lvl_nr_aliases; i++) {
		const struct lvl_alias *a = &lvl_aliases[i];

		if (a->field != field || !(a->who & ~LVL_WHO_OWN))
			continue;
		next(&n);
		cli_json_string(stdout, &lvl_alias_names[a->name]);
	}
	puts("],");
}

static void put_needs(unsigned field)
{
	char clause[EXPLAIN_CLAUSE];
	unsigned i, n = 0;

	fputs("    \"needs\": [", stdout);
	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if (s->field != field || s->edge == LVL_NO_FIELD)
			continue;
		next(&n);
		putchar('{');
		put_text("needs", explain_clause(s->clause, clause));
		fputs(", ", stdout);
		put_text("reason", or_null(lvl_edges[s->edge].reason));
		putchar('}');
	}
	puts("],");
}

static int mentions(unsigned clause, unsigned field)
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	unsigned i;

	for (i = 0; i < c->count; i++)
		if (lvl_atoms[c->first + i].field == field)
			return 1;
	return 0;
}

static void put_needed(unsigned field, int edges, const char *key)
{
	unsigned i, n = 0;

	printf("    \"%s\": [", key);
	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if ((s->edge != LVL_NO_FIELD) != edges ||
		    !mentions(s->clause, field))
			continue;
		next(&n);
		printf("\"%s\"", lvl_field_name(s->field));
	}
	putchar(']');
}

static void put_texts(const struct lvl_text *t)
{
	fputs("    ", stdout);
	put_text("summary", or_null(t->summary));
	fputs(",\n    ", stdout);
	put_text("reason", or_null(t->reason));
	fputs(",\n    ", stdout);
	put_text("source", or_null(t->source));
	puts(",");
}

static void put_field(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	char place[CLI_PLACE], clause[EXPLAIN_CLAUSE];

	printf("  \"field\": {\n    \"name\": \"%s\",\n    \"where\": \"%s\",\n"
	       "    \"rule\": \"%s\",\n    \"class\": \"%s\",\n",
	       lvl_field_name(field), cli_place(field, place),
	       lvl_rule_names[f->rule], lvl_class_names[f->klass]);
	put_texts(&lvl_texts[field]);
	printf("    \"gates\": {\"pv\": \"%s\", \"svm\": \"%s\", "
	       "\"vmx\": \"%s\"},\n    \"guests\": {",
	       lvl_gates[f->gate[0]], lvl_gates[f->gate[1]],
	       lvl_gates[f->gate[2]]);
	put_guests("max", f->guests_max);
	fputs(", ", stdout);
	put_guests("default", f->guests_default);
	puts("},");
	put_vendors(f->vendors);
	put_aliases(field);
	fputs("    ", stdout);
	put_text("carrier",
		 f->carrier ? explain_clause(f->carrier, clause) : NULL);
	fputs(",\n    ", stdout);
	put_text("owner", f->owner ? explain_clause(f->owner, clause) : NULL);
	puts(",");
	put_needs(field);
	put_needed(field, 1, "needed_by");
	puts(",");
	put_needed(field, 0, "carries");
	puts("\n  },");
}

/* -- the machine ---------------------------------------------------------- */

static void put_values(const struct explain *e)
{
	char text[EXPLAIN_TEXT];
	unsigned k, n = 0;

	fputs("  \"values\": [", stdout);
	for (k = 0; e->d && e->field != LVL_NO_FIELD && k < LVL_NR_KINDS; k++) {
		if (!e->d->policy[k])
			continue;
		next(&n);
		printf("{\"kind\": \"%s\", \"value\": \"%s\"}",
		       lvl_kind_names[k],
		       explain_value(e->d->policy[k], e->field, text));
	}
	puts("],");
}

static void put_known(const char *key, uint64_t v, int known)
{
	char text[CLI_VALUE];

	printf("\"%s\": \"%s\", ", key, cli_value(v, known, text));
}

static void put_change(const struct lvl_change *c)
{
	printf("    {\"rule\": \"%s\", \"field\": \"%s\", ", c->rule->name,
	       lvl_field_name(c->field));
	put_known("before", c->before, c->known & 1);
	put_known("after", c->after, c->known & 2);
	put_text("what", c->rule->what);
	fputs(", ", stdout);
	put_text("cause",
		 c->cause == LVL_NO_FIELD ? NULL : lvl_field_name(c->cause));
	fputs(", ", stdout);
	put_text("reason", explain_reason(c));
	putchar('}');
}

/* Is it the field that was asked for, or one that this one follows? */
static int wanted(const struct explain *e, const struct lvl_change *c)
{
	unsigned field = e->field, depth;

	if (field == LVL_NO_FIELD)
		return 1;
	for (depth = 0; depth <= EXPLAIN_DEPTH; depth++) {
		if (c->field == field)
			return 1;
		field = explain_cause(e, field);
		if (field == LVL_NO_FIELD)
			break;
	}
	return 0;
}

/* Those of `of`, as far as they are about what `e` asks for. */
static void put_changes(const struct explain *e, const struct explain *of)
{
	unsigned n = 0;
	size_t i;

	putchar('[');
	for (i = 0; of && i < of->nr; i++) {
		if (!wanted(e, &of->change[i]))
			continue;
		fputs(n++ ? ",\n" : "\n", stdout);
		put_change(&of->change[i]);
	}
	fputs(n ? "\n  ]" : "]", stdout);
}

static void put_guest(const struct explain *e)
{
	fputs("  ", stdout);
	put_text("guest", e->guest ? lvl_guest_names[e->select.guest] : NULL);
	fputs(",\n  ", stdout);
	put_text("platform", e->guest ? cli_platform(&e->select)->name : NULL);
	fputs(",\n  \"guest_changes\": ", stdout);
	put_changes(e, e->guest);
	puts(",");
}

void explain_json(const struct explain *e)
{
	char why[EXPLAIN_WHY];

	puts("{\n  \"format\": \"cpulevel-explain\",\n  \"version\": 1,");
	fputs("  ", stdout);
	put_text("machine", e->d ? e->d->name : NULL);
	puts(",");
	if (e->field == LVL_NO_FIELD)
		puts("  \"field\": null,");
	else
		put_field(e->field);
	put_values(e);
	fputs("  ", stdout);
	put_text("why", e->d && e->field != LVL_NO_FIELD
				? explain_why(e, e->field, why)
				: NULL);
	puts(",");
	put_guest(e);
	fputs("  \"changes\": ", stdout);
	put_changes(e, e);
	puts("\n}");
}

/* SPDX-License-Identifier: MIT */
/* The cpulevel-level document: doc/design.md, section 5. */
#include "as_model.h"
#include "limits.h"

struct list {
	FILE *out;
	int any;
};

static void item(struct list *l, const char *s)
{
	if (l->any++)
		fputs(", ", l->out);
	cli_json_string(l->out, s);
}

static void item_of(void *arg, unsigned field)
{
	item(arg, lvl_field_name(field));
}

static void hosts(const struct level_answer *a, FILE *out)
{
	size_t i;

	fputs("  \"hosts\": [", out);
	for (i = 0; i < a->pool->nr; i++) {
		const struct pool_host *h = &a->pool->host[i];
		struct list l = { out, 0 };

		fprintf(out, "%s\n    {\"name\": ", i ? "," : "");
		cli_json_string(out, h->name);
		fprintf(out,
			", \"offers\": %u, \"gives_up\": %u, "
			"\"policy\": \"%s\", \"alone_lacks\": [",
			h->of->offers, h->of->capabilities - a->capabilities,
			lvl_kind_names[h->of->kind]);
		level_alone(a, i, item_of, &l);
		fputs("]}", out);
	}
	fputs("\n  ],\n", out);
}

/* The machines because of which a feature is not in the level. */
static void blame_of(const struct level_answer *a, unsigned field, FILE *out)
{
	struct list l = { out, 0 };
	size_t i;

	for (i = 0; i < a->pool->nr; i++)
		if (!pool_has(&a->pool->host[i], field))
			item(&l, a->pool->host[i].name);
}

static void blame(const struct level_answer *a, FILE *out)
{
	unsigned i, any = 0;

	fputs("  \"blame\": {", out);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!level_lost(a, i))
			continue;
		fprintf(out, "%s\n    ", any++ ? "," : "");
		cli_json_string(out, lvl_field_name(i));
		fputs(": [", out);
		blame_of(a, i, out);
		putc(']', out);
	}
	fputs("\n  },\n", out);
}

static void numbers(const struct level_answer *a, FILE *out)
{
	unsigned i, any = 0;

	fputs("  \"numbers\": {", out);
	for (i = 0; i < LVL_NR_NUMBERS; i++) {
		unsigned field = lvl_numbers[i];

		if (!lvl_known(&a->level, field) || !lvl_get(&a->level, field))
			continue;
		fprintf(out, "%s\"%s\": %llu", any++ ? ", " : "",
			lvl_field_name(field),
			(unsigned long long)lvl_get(&a->level, field));
	}
	fputs("},\n", out);
}

static void conflicts(const struct level_answer *a, FILE *out)
{
	unsigned i;

	fputs("  \"conflicts\": [", out);
	for (i = 0; i < a->status.nr_conflicts; i++) {
		unsigned field = a->status.conflict[i];
		const struct lvl_clause *c =
			&lvl_clauses[lvl_fields[field].owner];
		unsigned k;

		fprintf(out, "%s\n    {\"field\": \"%s\", \"fell\": [",
			i ? "," : "", lvl_field_name(field));
		for (k = 0; k < c->count; k++)
			fprintf(out, "%s\"%s\"", k ? ", " : "",
				lvl_field_name(lvl_atoms[c->first + k].field));
		fputs("]}", out);
	}
	fputs(i ? "\n  ],\n" : "],\n", out);
}

static void fields(const struct level_answer *a, const char *key,
		   int (*is)(const struct level_answer *a, unsigned field),
		   FILE *out, const char *end)
{
	struct list l = { out, 0 };
	unsigned i;

	fprintf(out, "  \"%s\": [", key);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (is(a, i))
			item(&l, lvl_field_name(i));
	fprintf(out, "]%s\n", end);
}

static int in_level(const struct level_answer *a, unsigned field)
{
	return cli_is_feature(field) && lvl_has(&a->level, field);
}

static int leaks(const struct level_answer *a, unsigned field)
{
	return a->pool->leak_state[field] == 2;
}

static int is_incomplete(const struct level_answer *a, unsigned field)
{
	unsigned i;

	for (i = 0; i < a->status.nr_incomplete; i++)
		if (a->status.incomplete[i] == field)
			return level_matters(a, field);
	return 0;
}

void level_json(const struct level_answer *a, FILE *out)
{
	unsigned in_psabi, v = cli_psabi(&a->level, &in_psabi);
	char id[16];

	fputs("{\n  \"format\": \"cpulevel-level\",\n  \"version\": 1,\n", out);
	fprintf(out, "  \"guest\": \"%s\",\n",
		lvl_guest_names[a->pool->select.guest]);
	fputs("  \"platform\": ", out);
	if (pool_derived(a->pool))
		cli_json_string(out, cli_platform(&a->pool->select)->name);
	else
		fputs("null", out);
	fputs(",\n  \"vendor\": ", out);
	cli_json_string(out, a->parity ? "any" : cli_vendor(&a->level, id));
	fputs(",\n", out);
	fprintf(out, "  \"migratable\": %s,\n", a->parity ? "false" : "true");
	if (v)
		fprintf(out, "  \"psabi\": \"x86-64-v%u\",\n", v);
	else
		fputs("  \"psabi\": null,\n", out);
	fields(a, "features", in_level, out, ",");
	numbers(a, out);
	hosts(a, out);
	blame(a, out);
	conflicts(a, out);
	fields(a, "incomplete", is_incomplete, out, ",");
	if (a->as_model)
		as_model_json(a, out);
	fields(a, "dropped", limits_took, out, ",");
	fields(a, "leaks", leaks, out, "");
	fputs("}\n", out);
}

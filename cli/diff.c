/* SPDX-License-Identifier: MIT */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

/* -- which policies ------------------------------------------------------- */

static unsigned count_kinds(const struct lvl_desc *d)
{
	unsigned k, n = 0;

	for (k = 0; k < LVL_NR_KINDS; k++)
		n += d->policy[k] != NULL;
	return n;
}

/* One policy is asked for, not all. */
static int named(const struct cli_select *s)
{
	return s->of_given || s->guest_given || s->platform || s->with_text;
}

/* Every kind that both have; RAW, which the others come from, last. */
static void compare_common(struct diff *d, int raw)
{
	unsigned i;

	for (i = 1; i <= LVL_NR_KINDS; i++) {
		enum lvl_kind k = (enum lvl_kind)(i % LVL_NR_KINDS);

		if (d->a->policy[k] && d->b->policy[k])
			diff_compare(d, k, k, raw);
	}
}

static int compare_all(struct diff *d, const struct cli_view *o)
{
	const struct lvl_desc *lacks;
	enum lvl_kind ka = LVL_KIND_RAW, kb = LVL_KIND_RAW;

	if (!named(&o->select) &&
	    (count_kinds(d->a) > 1 || count_kinds(d->b) > 1))
		compare_common(d, o->raw);
	if (!d->nr_kinds) {
		lacks = !cli_policy(d->a, &o->select, &ka)   ? d->a
			: !cli_policy(d->b, &o->select, &kb) ? d->b
							     : NULL;
		if (lacks) {
			cli_error("%s has no such policy", lacks->name);
			return EXIT_INPUT;
		}
		diff_compare(d, ka, kb, o->raw);
	}
	if (d->failed)
		cli_error("out of memory");
	return d->failed ? EXIT_INPUT : 0;
}

/* -- provenance ----------------------------------------------------------- */

/* The n-th value of a key, or NULL. */
static const char *nth_fact(const struct lvl_desc *d, const char *key, size_t n)
{
	size_t i;

	for (i = 0; i < d->nr_facts; i++)
		if (!strcmp(d->fact[i].key, key) && !n--)
			return d->fact[i].value;
	return NULL;
}

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

typedef void fact_fn(void *arg, const char *key, const char *a, const char *b);

/* How many facts of d before the i-th have its key. */
static size_t rank(const struct lvl_desc *d, size_t i)
{
	size_t j, n = 0;

	for (j = 0; j < i; j++)
		n += !strcmp(d->fact[j].key, d->fact[i].key);
	return n;
}

static void each_fact(const struct diff *d, fact_fn *each, void *arg)
{
	const struct lvl_desc *a = d->a, *b = d->b;
	const char *other;
	size_t i;

	for (i = 0; i < a->nr_facts; i++) {
		other = nth_fact(b, a->fact[i].key, rank(a, i));
		if (!same_text(a->fact[i].value, other))
			each(arg, a->fact[i].key, a->fact[i].value, other);
	}
	for (i = 0; i < b->nr_facts; i++)
		if (!nth_fact(a, b->fact[i].key, rank(b, i)))
			each(arg, b->fact[i].key, NULL, b->fact[i].value);
}

/* -- text ----------------------------------------------------------------- */

static void print_fact(void *arg, const char *key, const char *a, const char *b)
{
	(void)arg;
	printf("  %-12s  %s  |  %s\n", key, a ? a : "-", b ? b : "-");
}

static const char *name_of(const struct diff_row *r)
{
	return r->field == LVL_NO_FIELD ? "" : lvl_field_name(r->field);
}

static int width(const struct diff *d,
		 const char *(*text)(const struct diff_row *), int least,
		 int most)
{
	size_t i;

	for (i = 0; i < d->nr; i++) {
		int n = (int)strlen(text(&d->row[i]));

		if (n > least)
			least = n;
	}
	return least < most ? least : most;
}

static const char *where_of(const struct diff_row *r)
{
	return r->where;
}

static const char *a_of(const struct diff_row *r)
{
	return r->a;
}

static void print_row(const struct diff_row *r, const int w[3])
{
	const struct lvl_field *f;

	if (r->field == LVL_NO_FIELD) {
		printf("  %-*s  %-*s  %s\n", w[1], r->where, w[2], r->a, r->b);
		return;
	}
	f = &lvl_fields[r->field];
	printf("  %-*s  %-*s  %-10s  %-7s  %-*s  %s\n", w[0], name_of(r), w[1],
	       r->where, lvl_class_names[f->klass], lvl_rule_names[f->rule],
	       w[2], r->a, r->b);
}

static const char *const headings[NR_PARTS] = {
	[PART_LEVELLED] = "levelled, or behaviour that leaks",
	[PART_HALF] = "the same, known of only one of them",
	[PART_OWN] = "not levelled: identity, the VM's own, never shown",
	[PART_UNNAMED] = "not in the registry",
	[PART_REGISTER] = "registers",
};

/* The host policy is made of raw: most of raw's rows were told before. */
static int told(const struct diff *d, size_t i)
{
	const struct diff_row *r = &d->row[i], *e;

	for (e = d->row; e < r; e++)
		if (e->kind != r->kind && e->field == r->field &&
		    !strcmp(e->where, r->where) && !strcmp(e->a, r->a) &&
		    !strcmp(e->b, r->b))
			return 1;
	return 0;
}

static void print_part(const struct diff *d, enum lvl_kind kind,
		       enum diff_part part, const int w[3])
{
	unsigned any = 0;
	size_t i;

	for (i = 0; i < d->nr; i++) {
		if (d->row[i].kind != kind || d->row[i].part != part ||
		    (kind == LVL_KIND_RAW && told(d, i)))
			continue;
		if (!any++)
			printf("%s %s%s\n", cli_ink(INK_DIM), headings[part],
			       cli_ink(INK_PLAIN));
		print_row(&d->row[i], w);
	}
}

static unsigned count_told(const struct diff *d, enum lvl_kind kind)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; kind == LVL_KIND_RAW && i < d->nr; i++)
		n += d->row[i].kind == kind && told(d, i);
	return n;
}

static unsigned count_rows(const struct diff *d, enum lvl_kind kind)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < d->nr; i++)
		n += d->row[i].kind == kind;
	return n;
}

static void print_kind(const struct diff *d, enum lvl_kind kind, const int w[3])
{
	unsigned n = count_rows(d, kind), part;
	unsigned again = count_told(d, kind);

	printf("%s%s%s: ", cli_ink(INK_BOLD), lvl_kind_names[kind],
	       cli_ink(INK_PLAIN));
	if (!n)
		puts("the same");
	else
		printf("%u difference%s", n, n == 1 ? "" : "s");
	if (again)
		printf(", %u of them as above", again);
	if (n)
		putchar('\n');
	for (part = 0; part < NR_PARTS; part++)
		print_part(d, kind, (enum diff_part)part, w);
}

static void print(const struct diff *d)
{
	const int w[3] = { width(d, name_of, 0, 34), width(d, where_of, 0, 22),
			   width(d, a_of, 1, 21) };
	unsigned i;

	printf("%s%s%s  |  %s%s%s\n", cli_ink(INK_BOLD), d->a->name,
	       cli_ink(INK_PLAIN), cli_ink(INK_BOLD), d->b->name,
	       cli_ink(INK_PLAIN));
	each_fact(d, print_fact, NULL);
	for (i = 0; i < d->nr_kinds; i++)
		print_kind(d, d->kind[i], w);
}

/* -- JSON ----------------------------------------------------------------- */

static void json_text(const char *key, const char *text)
{
	printf("\"%s\": ", key);
	if (text)
		cli_json_string(stdout, text);
	else
		fputs("null", stdout);
}

static void json_fact(void *arg, const char *key, const char *a, const char *b)
{
	int *nr = arg;

	fputs((*nr)++ ? ",\n    {" : "\n    {", stdout);
	json_text("key", key);
	fputs(", ", stdout);
	json_text("a", a);
	fputs(", ", stdout);
	json_text("b", b);
	putchar('}');
}

static void json_row(const struct diff_row *r)
{
	const struct lvl_field *f =
		r->field == LVL_NO_FIELD ? NULL : &lvl_fields[r->field];

	printf("    {\"kind\": \"%s\", ", lvl_kind_names[r->kind]);
	json_text("field", f ? lvl_field_name(r->field) : NULL);
	printf(", \"where\": \"%s\", ", r->where);
	json_text("class", f ? lvl_class_names[f->klass] : NULL);
	fputs(", ", stdout);
	json_text("rule", f ? lvl_rule_names[f->rule] : NULL);
	printf(", \"a\": \"%s\", \"b\": \"%s\"}", r->a, r->b);
}

static void json(const struct diff *d)
{
	size_t i;
	int n = 0;

	puts("{\n  \"format\": \"cpulevel-diff\",\n  \"version\": 1,");
	fputs("  ", stdout);
	json_text("a", d->a->name);
	fputs(",\n  ", stdout);
	json_text("b", d->b->name);
	fputs(",\n  ", stdout);
	json_text("kind", d->nr_kinds == 1 ? lvl_kind_names[d->kind[0]] : NULL);
	fputs(",\n  \"kinds\": [", stdout);
	for (i = 0; i < d->nr_kinds; i++)
		printf("%s\"%s\"", i ? ", " : "", lvl_kind_names[d->kind[i]]);
	fputs("],\n  \"provenance\": [", stdout);
	each_fact(d, json_fact, &n);
	fputs(n ? "\n  ],\n  \"fields\": [" : "],\n  \"fields\": [", stdout);
	for (i = 0; i < d->nr; i++) {
		puts(i ? "," : "");
		json_row(&d->row[i]);
	}
	puts(i ? "\n  ]\n}" : "]\n}");
}

/* -- the question --------------------------------------------------------- */

static int diff(char **file, const struct cli_view *o)
{
	struct diff d = { .a = NULL };
	struct lvl_desc *a, *b;
	int rc = cli_two(file, &a, &b);

	if (!rc && named(&o->select))
		rc = cli_derive(a, &o->select);
	if (!rc && named(&o->select))
		rc = cli_derive(b, &o->select);
	d.a = a;
	d.b = b;
	if (!rc)
		rc = compare_all(&d, o);
	if (!rc && o->json)
		json(&d);
	else if (!rc)
		print(&d);
	if (!rc)
		rc = d.nr ? EXIT_NO : EXIT_YES;
	free(d.row);
	lvl_desc_free(a);
	lvl_desc_free(b);
	return rc;
}

static int run(int argc, char **argv)
{
	struct cli_view o;
	int rc = cli_read_view(argc, argv, 0, &o);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (argc - optind != 2)
		return cli_usage("two machines are needed");
	return diff(argv + optind, &o);
}

const struct verb verb_diff = {
	.name = "diff",
	.args = "A B [--of WHAT] [--guest KIND] [--raw] [--json]",
	.summary = "what differs between two machines",
	.help = "Provenance first, then every policy that both have, field by "
		"field; ? is a value\nthat is not known.  Exit: 0 the same, 1 "
		"different (provenance does not count).\n\n"
		"options:\n"
		"  --of WHAT       one policy: raw, host, pv-max, hvm-default, "
		"...; default and\n"
		"                  max choose by --guest\n"
		"  --guest KIND    pv, hvm-shadow or hvm (default)\n"
		"  --platform P    derive what guests see for this hypervisor: "
		"generic\n"
		"                  (default), xen-4.17, kvm-7.2, ...\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --raw           registers and MSRs instead of fields\n"
		"  --json          a cpulevel-diff document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel diff clx.txt icx.txt\n"
		"  cpulevel diff before.txt after.txt --of host && echo no "
		"change\n"
		"  cpulevel diff a.txt b.txt --of hvm-max --json\n",
	.run = run,
};

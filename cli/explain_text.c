/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include "core/tables.h"
#include "format/texts.h"

#include <string.h>

/* -- a field -------------------------------------------------------------- */

static const char *const rules[LVL_NR_RULES] = {
	[LVL_AND] = "a level has it if every machine has it",
	[LVL_OR] = "a statement: a level makes it if it holds on any machine",
	[LVL_MIN] = "a number: a guest sees at most the smallest",
	[LVL_MAX] = "a number: a guest sees at least the largest",
	[LVL_EQUAL] = "must be the same everywhere, or its owner falls",
	[LVL_PAIR] = "one end of an interval of allowed values",
	[LVL_PIN] = "identity: taken from one machine, kept for life",
	[LVL_DERIVED] = "computed from other fields",
	[LVL_LEAK] = "cannot be hidden or provided, only reported",
	[LVL_DYNAMIC] = "filled in when CPUID is answered",
	[LVL_FREE] = "the VM's own configuration",
	[LVL_HIDDEN] = "never shown to a guest",
};

/* "  label     text text text", wrapped. */
static void label(const char *name)
{
	printf("  %-11s", name);
}

/* Text at a column that has been reached already. */
static void wrapped(unsigned indent, const char *text)
{
	struct cli_wrap w = { stdout, indent, indent };
	char word[128];
	size_t n;

	for (; *text; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (n)
			cli_wrap_word(&w, word);
	}
	cli_wrap_end(&w);
}

static void paragraph(const char *name, const char *text)
{
	if (!text || !*text || !strcmp(text, "-"))
		return;
	label(name);
	wrapped(13, text);
}

static void print_gates(const struct lvl_field *f)
{
	label("gate");
	printf("pv: %s, svm: %s, vmx: %s\n", lvl_gates[f->gate[0]],
	       lvl_gates[f->gate[1]], lvl_gates[f->gate[2]]);
}

static void print_guests(const char *when, unsigned guests)
{
	unsigned g;

	printf("%s:", when);
	for (g = 0; g < LVL_NR_GUESTS; g++)
		if (guests >> g & 1)
			printf(" %s", lvl_guest_names[g]);
	if (!guests)
		fputs(" none", stdout);
}

static void print_vendors(unsigned vendors)
{
	unsigned bit;

	label("vendors");
	for (bit = 1; bit < LVL_VENDOR_KVM; bit <<= 1)
		if (vendors & bit)
			printf("%s%s", lvl_vendor_name(bit),
			       vendors >= 2 * bit ? ", " : "");
	if (vendors & LVL_VENDOR_KVM)
		fputs("KVM", stdout);
	puts(vendors ? "" : "any");
}

static const struct {
	unsigned who;
	const char *name;
} tools[] = {
	{ LVL_WHO_XEN, "Xen" },         { LVL_WHO_LIBXL, "libxl" },
	{ LVL_WHO_LINUX, "Linux" },     { LVL_WHO_QEMU, "QEMU" },
	{ LVL_WHO_LIBVIRT, "libvirt" }, { LVL_WHO_KCPUID, "kcpuid" },
};

static void print_aliases(unsigned field)
{
	unsigned i, t, any = 0;

	for (i = 0; i < lvl_nr_aliases; i++) {
		const struct lvl_alias *a = &lvl_aliases[i];
		const char *comma = "";

		if (a->field != field || !(a->who & ~LVL_WHO_OWN))
			continue;
		if (!any++)
			label("called");
		else
			fputs(", ", stdout);
		printf("%s (", &lvl_alias_names[a->name]);
		for (t = 0; t < LVL_COUNT(tools); t++) {
			if (!(a->who & tools[t].who))
				continue;
			printf("%s%s", comma, tools[t].name);
			comma = ", ";
		}
		putchar(')');
	}
	if (any)
		putchar('\n');
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

static void print_needs(unsigned field)
{
	char clause[EXPLAIN_CLAUSE], text[2 * EXPLAIN_CLAUSE];
	unsigned i;

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if (s->field != field || s->edge == LVL_NO_FIELD)
			continue;
		snprintf(text, sizeof(text), "%s: %s",
			 explain_clause(s->clause, clause),
			 lvl_edges[s->edge].reason);
		paragraph("needs", text);
	}
	if (lvl_fields[field].carrier)
		paragraph("means",
			  strcat(strcpy(text, "something with "),
				 explain_clause(lvl_fields[field].carrier,
						clause)));
	if (lvl_fields[field].owner)
		paragraph("owner",
			  explain_clause(lvl_fields[field].owner, clause));
}

/* A longer list ends with how many more there are. */
#define LIST 24

/* Features that need it (edge), or values that it carries. */
static void print_needed(unsigned field, int edges, const char *name)
{
	struct cli_wrap w = { stdout, 13, 13 };
	unsigned i, nr = 0;
	char more[40];

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if ((s->edge != LVL_NO_FIELD) != edges ||
		    !mentions(s->clause, field))
			continue;
		if (!nr++)
			label(name);
		if (nr <= LIST)
			cli_wrap_word(&w, lvl_field_name(s->field));
	}
	if (nr > LIST) {
		snprintf(more, sizeof(more), "and %u more (--json)", nr - LIST);
		cli_wrap_word(&w, more);
	}
	if (nr)
		cli_wrap_end(&w);
}

static void print_field(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	const struct lvl_text *t = &lvl_texts[field];
	char place[CLI_PLACE];

	printf("%s%s%s  %s\n", cli_ink(INK_BOLD), lvl_field_name(field),
	       cli_ink(INK_PLAIN), cli_place(field, place));
	paragraph("what", t->summary);
	label("rule");
	printf("%s: %s\n", lvl_rule_names[f->rule], rules[f->rule]);
	label("class");
	puts(lvl_class_names[f->klass]);
	print_gates(f);
	label("guests");
	print_guests("max", f->guests_max);
	print_guests("; default", f->guests_default);
	putchar('\n');
	print_vendors(f->vendors);
	print_aliases(field);
	paragraph("reason", t->reason);
	paragraph("source", t->source);
	print_needs(field);
	print_needed(field, 1, "needed by");
	print_needed(field, 0, "carries");
}

/* -- a field of a machine ------------------------------------------------- */

/* What a change is about: its rule, or the feature that is missing. */
static void about(const struct lvl_change *c, char *buf, size_t size)
{
	if (c->cause == LVL_NO_FIELD)
		snprintf(buf, size, "%s: %s", c->rule->what, explain_reason(c));
	else
		snprintf(buf, size, "without %s%s: %s",
			 c->known & 2 ? "" : "knowing ",
			 lvl_field_name(c->cause), explain_reason(c));
}

static void print_change(const struct lvl_change *c)
{
	char text[EXPLAIN_WHY], values[EXPLAIN_TEXT];

	printf("  %-20s  %-9s  ", c->rule->name, explain_change(c, values));
	about(c, text, sizeof(text));
	wrapped(35, text);
}

static int has_fact(const struct lvl_desc *d, const char *key,
		    const char *field)
{
	size_t i, n = strlen(field);

	for (i = 0; i < d->nr_facts; i++)
		if (!strcmp(d->fact[i].key, key) &&
		    !strncmp(d->fact[i].value, field, n) &&
		    (!d->fact[i].value[n] || d->fact[i].value[n] == ' '))
			return 1;
	return 0;
}

/* What was done when the dump was read, and is kept in the provenance. */
static void print_reading(const struct lvl_desc *d, unsigned field)
{
	const char *name = lvl_field_name(field);

	if (has_fact(d, "assumed", name))
		puts("  assumed when the dump was read (provenance)");
	if (has_fact(d, "cores-differ", name))
		puts("  the logical CPUs differ: raw is what all of them have");
}

static unsigned count_changes(const struct explain *e, unsigned field)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < e->nr; i++)
		n += e->change[i].field == field;
	return n;
}

/* Why, every rule if there were several, and the same of what it follows. */
static void print_why(const struct explain *e, unsigned field, unsigned depth)
{
	unsigned cause = explain_cause(e, field);
	char text[EXPLAIN_WHY];
	size_t i;

	printf("%s%s%s\n  ", cli_ink(INK_BOLD),
	       depth ? lvl_field_name(field) : "why", cli_ink(INK_PLAIN));
	wrapped(2, explain_why(e, field, text));
	for (i = 0; count_changes(e, field) > 1 && i < e->nr; i++)
		if (e->change[i].field == field)
			print_change(&e->change[i]);
	if (cause != LVL_NO_FIELD && depth < EXPLAIN_DEPTH)
		print_why(e, cause, depth + 1);
}

/* A hypervisor's policies are its own decision. */
static void print_reported(const struct explain *e)
{
	const struct lvl_policy *host = e->d->policy[LVL_KIND_HOST];
	unsigned k;

	for (k = LVL_KIND_HOST + 1; host && k < LVL_NR_KINDS; k++) {
		const struct lvl_policy *p = e->d->policy[k];

		if (p && lvl_get(p, e->field) != lvl_get(host, e->field))
			printf("  %s: reported as it is, no rule made it of "
			       "host\n",
			       lvl_kind_names[k]);
	}
}

/* From the host to the guest, where no hypervisor said it. */
static void print_guest(const struct explain *e)
{
	size_t i;

	if (!e->guest)
		return;
	printf("%s%s guests%s, derived for %s\n", cli_ink(INK_BOLD),
	       lvl_guest_names[e->select.guest], cli_ink(INK_PLAIN),
	       cli_platform(&e->select)->name);
	for (i = 0; i < e->guest->nr; i++)
		if (e->guest->change[i].field == e->field)
			print_change(&e->guest->change[i]);
	if (count_changes(e->guest, e->field))
		return;
	puts(lvl_fields[e->field].rule == LVL_DERIVED
		     ? "  computed from the other fields of each policy"
		     : "  as the host: no rule changes it");
}

static void print_values(const struct explain *e)
{
	const struct lvl_desc *d = e->d;
	char text[EXPLAIN_TEXT];
	unsigned k;

	printf("%son %s%s\n", cli_ink(INK_BOLD), d->name, cli_ink(INK_PLAIN));
	for (k = 0; k < LVL_NR_KINDS; k++)
		if (d->policy[k])
			printf("  %-19s %s\n", lvl_kind_names[k],
			       explain_value(d->policy[k], e->field, text));
	print_why(e, e->field, 0);
	print_reading(d, e->field);
	if (e->guest)
		print_guest(e);
	else
		print_reported(e);
}

/* -- every change of a machine -------------------------------------------- */

/* A value that was not known and turned out to be 0: many, and dull. */
static int is_dull(const struct lvl_change *c)
{
	return !(c->known & 1) && (c->known & 2) && !c->after;
}

/* "-nx", "+btc-no", "?vmx", "fb-clear=1", "maxphysaddr:48->46" */
static void change_word(const struct lvl_change *c, char *buf, size_t size)
{
	const char *name = lvl_field_name(c->field);
	char after[CLI_VALUE], before[CLI_VALUE];

	(void)cli_value(c->after, 1, after);
	(void)cli_value(c->before, 1, before);
	if (!(c->known & 2))
		snprintf(buf, size, "?%s", name);
	else if (!(c->known & 1))
		snprintf(buf, size, "%s=%s", name, after);
	else if (lvl_fields[c->field].width == 1)
		snprintf(buf, size, "%c%s", c->after ? '+' : '-', name);
	else
		snprintf(buf, size, "%s:%s->%s", name, before, after);
}

static int same_group(const struct lvl_change *a, const struct lvl_change *b)
{
	return a->rule == b->rule && a->edge == b->edge;
}

static int grouped_before(const struct explain *e, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (same_group(&e->change[j], &e->change[i]))
			return 1;
	return 0;
}

static void print_group(const struct explain *e, size_t i)
{
	const struct lvl_change *c = &e->change[i];
	struct cli_wrap w = { stdout, 4, 4 };
	unsigned dull = 0;
	char word[160], text[EXPLAIN_WHY];

	about(c, text, sizeof(text));
	printf("%s%s%s  ", cli_ink(INK_BOLD), c->rule->name,
	       cli_ink(INK_PLAIN));
	wrapped((unsigned)strlen(c->rule->name) + 2, text);
	fputs("    ", stdout);
	for (; i < e->nr; i++) {
		if (!same_group(c, &e->change[i]))
			continue;
		if (is_dull(&e->change[i]) && dull++ >= LIST)
			continue;
		change_word(&e->change[i], word, sizeof(word));
		cli_wrap_word(&w, word);
	}
	if (dull > LIST) {
		snprintf(word, sizeof(word), "and %u more =0 (--json)",
			 dull - LIST);
		cli_wrap_word(&w, word);
	}
	cli_wrap_end(&w);
}

static void print_changes(const struct explain *e)
{
	size_t i;

	printf("%s%s%s: %zu change%s from what the CPU said to what the "
	       "machine offers\n",
	       cli_ink(INK_BOLD), e->d->name, cli_ink(INK_PLAIN), e->nr,
	       e->nr == 1 ? "" : "s");
	for (i = 0; i < e->d->nr_facts; i++)
		if (!strcmp(e->d->fact[i].key, "assumed"))
			printf("when it was read: assumed %s\n",
			       e->d->fact[i].value);
	if (!e->d->policy[LVL_KIND_RAW])
		puts("no raw policy: what is there was reported as it is");
	if (e->nr)
		puts("(- taken, + given, ? not known any more, = was not "
		     "known)");
	for (i = 0; i < e->nr; i++)
		if (!grouped_before(e, i))
			print_group(e, i);
	if (!e->guest)
		return;
	printf("\n%s%s guests%s, derived for %s\n", cli_ink(INK_BOLD),
	       lvl_guest_names[e->select.guest], cli_ink(INK_PLAIN),
	       cli_platform(&e->select)->name);
	for (i = 0; i < e->guest->nr; i++)
		if (!grouped_before(e->guest, i))
			print_group(e->guest, i);
}

void explain_print(const struct explain *e)
{
	if (e->field == LVL_NO_FIELD) {
		print_changes(e);
		return;
	}
	print_field(e->field);
	if (e->d)
		print_values(e);
}

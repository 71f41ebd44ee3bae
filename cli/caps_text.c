/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <string.h>

static int asked(const struct caps_answer *a, unsigned guest)
{
	return a->guests >> guest & 1;
}

/* -- capabilities --------------------------------------------------------- */

static void label(const char *name)
{
	printf("  %s%-9s%s ", cli_ink(INK_BOLD), name, cli_ink(INK_PLAIN));
}

static void faulting(const struct native *n)
{
	static const char *const says[] = { "yes", "no", "not known" };
	const struct lvl_cap *cap = &n->caps.cap[LVL_LCAP_FAULTING];
	unsigned on = lvl_cap_switch(&n->caps);
	char buf[32], place[CLI_PLACE];

	label("faulting");
	printf("%s (%s)", says[cap->has], cap_told(n, LVL_LCAP_FAULTING, buf));
	if (on != LVL_NO_FIELD)
		printf(", by %s", cli_place(on, place));
	putchar('\n');
}

static void masks(const struct native *n)
{
	unsigned i, any = 0, open = 0;
	char buf[32];

	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++) {
		open += n->caps.cap[i].has == LVL_UNKNOWN;
		if (n->caps.cap[i].has != LVL_YES)
			continue;
		label(any++ ? "" : "masks");
		printf("%-4s  msr 0x%x (%s)\n", lvl_lcap_names[i],
		       lvl_cap_msr(&n->caps, (enum lvl_lcap)i),
		       cap_told(n, (enum lvl_lcap)i, buf));
	}
	if (any)
		return;
	label("masks");
	puts(open ? "not known" : "none");
}

static void encodings(const struct native *n)
{
	struct cli_wrap w = { stdout, 12, 12 };
	uint32_t xen_open, old_open;
	uint32_t xen = lvl_caps_xen(&n->caps, &xen_open);
	uint32_t old = lvl_caps_2014(&n->caps, &old_open);
	unsigned i;

	label("xen");
	printf("caps 0x%02x%s, of 2014 0x%03x%s:", xen, xen_open ? "?" : "",
	       old, old_open ? "?" : "");
	w.column = cli_width();
	for (i = 0; lvl_cap_name_2014(i); i++)
		if (old >> i & 1)
			cli_wrap_word(&w, lvl_cap_name_2014(i));
	if (!old)
		fputs(" none", stdout);
	cli_wrap_end(&w);
}

/* -- the table ------------------------------------------------------------ */

static void table_head(const struct caps_answer *a)
{
	unsigned g;

	printf("%s%-12s", cli_ink(INK_DIM), "");
	for (g = 0; g < LVL_NR_GUESTS; g++)
		if (asked(a, g))
			printf(" %15s", lvl_guest_names[g]);
	printf("\n  %-10s", "CLASS");
	for (g = 0; g < LVL_NR_GUESTS; g++)
		if (asked(a, g))
			fputs("  ctrl hide leak", stdout);
	printf("%s\n", cli_ink(INK_PLAIN));
}

static void table_row(const struct caps_answer *a, const char *name,
		      const unsigned (*count)[LVL_NR_CONTROLS], size_t stride)
{
	unsigned g, c;

	printf("  %-10s", name);
	for (g = 0; g < LVL_NR_GUESTS; g++) {
		const unsigned *n = count[g * stride];

		if (!asked(a, g))
			continue;
		putchar(' ');
		for (c = 0; c <= LVL_SHOWN; c++) {
			int bad = c == LVL_SHOWN && n[c];

			printf("%s%5u%s", cli_ink(bad ? INK_BAD : INK_PLAIN),
			       n[c], cli_ink(INK_PLAIN));
		}
	}
	putchar('\n');
}

static int any_of_class(const struct caps_answer *a, unsigned class)
{
	unsigned g, c, n = 0;

	for (g = 0; g < LVL_NR_GUESTS; g++)
		for (c = 0; c < LVL_NR_CONTROLS; c++)
			n += a->count[g][class][c];
	return n != 0;
}

static void table(const struct caps_answer *a)
{
	unsigned class, g;

	table_head(a);
	for (class = 0; class < LVL_NR_CLASSES; class ++)
		if (any_of_class(a, class))
			table_row(a, lvl_class_names[class],
				  &a->count[0][class], LVL_NR_CLASSES);
	table_row(a, "all", &a->sum[0], 1);
	for (g = 0; g < LVL_NR_GUESTS; g++)
		if (asked(a, g) && a->sum[g][LVL_CONTROL_UNKNOWN])
			printf("  %snot known for %s: %u%s\n",
			       cli_ink(INK_WARN), lvl_guest_names[g],
			       a->sum[g][LVL_CONTROL_UNKNOWN],
			       cli_ink(INK_PLAIN));
	if (a->unread)
		printf("  not counted: %u fields that the dump says nothing "
		       "of\n",
		       a->unread);
}

/* -- by name -------------------------------------------------------------- */

/* Worth a word: single bits, and whatever no register shows. */
static int named(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->width == 1 || lvl_words[f->word].place == LVL_PLACE_STATE;
}

static int leaks(const struct caps_answer *a, enum lvl_guest g, unsigned field)
{
	return caps_counts(a, field) &&
	       lvl_control(&a->host.caps, g, field).control == LVL_SHOWN;
}

/* The leaking names of one register, on a line of its own. */
static unsigned leaks_of_word(const struct caps_answer *a, enum lvl_guest g,
			      unsigned word)
{
	const struct lvl_word *lw = &lvl_words[word];
	struct cli_wrap w = { stdout, 20, 0 };
	char place[CLI_PLACE];
	unsigned i, rest = 0;

	for (i = lw->first; i < lw->first + lw->count; i++) {
		if (!leaks(a, g, i))
			continue;
		if (!named(i)) {
			rest++;
			continue;
		}
		if (!w.column) {
			printf("  %-16s  ", cap_register(word, place));
			w.column = w.indent;
		}
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (w.column)
		cli_wrap_end(&w);
	return rest;
}

static void leak_names(const struct caps_answer *a, enum lvl_guest g)
{
	unsigned word, rest = 0;

	if (!a->sum[g][LVL_SHOWN])
		return;
	printf("%s%s: leaks%s\n", cli_ink(INK_BOLD), lvl_guest_names[g],
	       cli_ink(INK_PLAIN));
	for (word = 0; word < LVL_NR_WORDS; word++)
		rest += leaks_of_word(a, g, word);
	if (rest)
		printf("  and %u numbers: identity, topology, sizes (-v "
		       "names them)\n",
		       rest);
}

#define WIDE 130 /* room for gate and reason on the same line */

static void one_field(unsigned field, const struct lvl_controlled *c)
{
	const char *why = lvl_sight_text((enum lvl_sight)c->sight);
	char place[CLI_PLACE], text[200];

	printf("  %-22s  %-18s  ", lvl_field_name(field),
	       cli_place(field, place));
	if (cli_width() >= WIDE) {
		printf("%-11s  %-26s  %s\n", lvl_control_names[c->control],
		       lvl_gates[c->gate], why);
		return;
	}
	puts(lvl_control_names[c->control]);
	snprintf(text, sizeof(text), "gate %s; %s", lvl_gates[c->gate], why);
	caps_say(6, 0, text);
}

/* -v: every field, with the reason. */
static void every_field(const struct caps_answer *a, enum lvl_guest g)
{
	unsigned i;

	printf("%s%s%s\n%s  %-22s  %-18s  %-11s%s%s\n", cli_ink(INK_BOLD),
	       lvl_guest_names[g], cli_ink(INK_PLAIN), cli_ink(INK_DIM),
	       "FIELD", "WHERE", "ANSWER",
	       cli_width() >= WIDE ? "  GATE                        WHY" : "",
	       cli_ink(INK_PLAIN));
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		struct lvl_controlled c;

		if (!caps_counts(a, i))
			continue;
		c = lvl_control(&a->host.caps, g, i);
		one_field(i, &c);
	}
}

/* -- all of it ------------------------------------------------------------ */

void caps_text(const struct caps_answer *a)
{
	const struct native *n = &a->host;
	char text[400], cpu[CLI_CPU];
	unsigned g;

	printf("%s%s%s\n", cli_ink(INK_BOLD), a->name, cli_ink(INK_PLAIN));
	label("cpu");
	printf("%s %s\n", lvl_vendor_name(n->caps.vendor), cli_cpu(&n->p, cpu));
	faulting(n);
	masks(n);
	encodings(n);
	if (n->caps.measured)
		caps_measured_text(n->caps.measured);
	putchar('\n');
	table(a);
	putchar('\n');
	for (g = 0; g < LVL_NR_GUESTS; g++) {
		if (asked(a, g) && a->all)
			every_field(a, (enum lvl_guest)g);
		else if (asked(a, g))
			leak_names(a, (enum lvl_guest)g);
	}
	putchar('\n');
	for (g = 0; g < LVL_NR_GUESTS; g++) {
		if (!asked(a, g))
			continue;
		caps_verdict(a, (enum lvl_guest)g, text, sizeof(text));
		caps_say(2, 0, text);
	}
}

/* SPDX-License-Identifier: MIT */
/* `level` on a terminal: answer first, then who costs what. */
#include "as_model.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS_SHOWN 24

/* -- headline ------------------------------------------------------------- */

/* Parts that belong together stay on one line; the rest wraps. */
static void headline(const struct level_answer *a)
{
	unsigned in_level, n = cli_count_features(&a->level);
	unsigned v = cli_psabi(&a->level, &in_level);
	struct cli_wrap w = { stdout, 2, 0 };
	char id[16], part[96];

	snprintf(part, sizeof(part), "%s of %zu machine%s  ",
		 a->parity ? "common instructions" : "level", a->pool->nr,
		 a->pool->nr == 1 ? "" : "s");
	fputs(cli_ink(INK_BOLD), stdout);
	cli_wrap_word(&w, part);
	fputs(cli_ink(INK_PLAIN), stdout);
	snprintf(part, sizeof(part), "%s  ",
		 a->parity ? "any vendor" : cli_vendor(&a->level, id));
	cli_wrap_word(&w, part);
	snprintf(part, sizeof(part), "%s guests  ",
		 lvl_guest_names[a->pool->select.guest]);
	cli_wrap_word(&w, part);
	if (v)
		snprintf(part, sizeof(part), "%u features = x86-64-v%u + %u", n,
			 v, n - in_level);
	else
		snprintf(part, sizeof(part), "%u features", n);
	cli_wrap_word(&w, part);
	cli_wrap_end(&w);
	if (a->parity)
		printf("%sNOT FOR MIGRATION: software built for these\n"
		       "instructions runs on all of them; a running guest\n"
		       "cannot move between them.%s\n",
		       cli_ink(INK_WARN), cli_ink(INK_PLAIN));
}

/* -- the machines --------------------------------------------------------- */

struct columns {
	int name, cpu, kernel;
};

static int longer(int a, const char *s, int limit)
{
	int n = s ? (int)strlen(s) : 0;

	if (n > limit)
		n = limit;
	return n > a ? n : a;
}

static struct columns measure(const struct pool *p)
{
	struct columns c = { 4, 3, 0 };
	int room = (int)cli_width();
	size_t i;

	for (i = 0; i < p->nr; i++) {
		c.name = longer(c.name, p->host[i].name, 34);
		c.cpu = longer(c.cpu, p->host[i].of->cpu, 44);
		c.kernel = longer(c.kernel, p->host[i].of->kernel, 24);
	}
	if (c.kernel && c.kernel < 6)
		c.kernel = 6;
	/* OFFERS, GIVES UP, ALONE LACKS and the gaps take 33 columns */
	if (c.name + c.cpu + c.kernel + 37 > room)
		c.kernel = 0;
	if (c.name + c.cpu + 35 > room)
		c.cpu = room - c.name - 35 > 10 ? room - c.name - 35 : 0;
	if (c.name + 33 > room)
		c.name = room - 33;
	return c;
}

static void cell(const char *s, int width)
{
	if (width)
		printf("  %-*.*s", width, width, s ? s : "-");
}

static void host_row(const struct level_answer *a, size_t i,
		     const struct columns *c)
{
	const struct pool_host *h = &a->pool->host[i];

	printf("  %-*.*s", c->name, c->name, h->name);
	cell(h->of->cpu, c->cpu);
	cell(h->of->kernel, c->kernel);
	printf("  %6u  %8u  %11u\n", h->of->offers,
	       h->of->capabilities - a->capabilities, a->alone[i]);
}

/* The costly ones first where not all are shown. */
static const struct level_answer *sorting;

static int by_cost(const void *x, const void *y)
{
	size_t i = *(const size_t *)x, j = *(const size_t *)y;
	unsigned a = sorting->alone[i], b = sorting->alone[j];

	if (a != b)
		return a < b ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void some_hosts(const struct level_answer *a, const struct columns *c)
{
	size_t *order = malloc(a->pool->nr * sizeof(*order)), i;

	if (!order)
		return;
	for (i = 0; i < a->pool->nr; i++)
		order[i] = i;
	sorting = a;
	qsort(order, a->pool->nr, sizeof(*order), by_cost);
	for (i = 0; i < HOSTS_SHOWN; i++)
		host_row(a, order[i], c);
	printf("  ... and %zu more (--all lists them)\n",
	       a->pool->nr - HOSTS_SHOWN);
	free(order);
}

static void machines(const struct level_answer *a)
{
	struct columns c = measure(a->pool);
	size_t i;

	printf("%s  %-*s", cli_ink(INK_DIM), c.name, "HOST");
	if (c.cpu)
		printf("  %-*s", c.cpu, "CPU");
	if (c.kernel)
		printf("  %-*s", c.kernel, "KERNEL");
	printf("  %6s  %8s  %11s%s\n", "OFFERS", "GIVES UP", "ALONE LACKS",
	       cli_ink(INK_PLAIN));
	if (a->pool->nr > HOSTS_SHOWN && !a->all) {
		some_hosts(a, &c);
		return;
	}
	for (i = 0; i < a->pool->nr; i++)
		host_row(a, i, &c);
}

/* -- lists of names ------------------------------------------------------- */

static void begin(struct cli_wrap *w, const char *title)
{
	unsigned n;

	w->out = stdout;
	w->indent = 4;
	printf("%s%s%s", cli_ink(INK_BOLD), title, cli_ink(INK_PLAIN));
	n = (unsigned)strlen(title);
	if (n < w->indent)
		printf("%*s", (int)(w->indent - n), "");
	w->column = n < w->indent ? w->indent : n;
}

static void word_of(void *arg, unsigned field)
{
	cli_wrap_word(arg, lvl_field_name(field));
}

/* Who limits: the machines whose removal gives something back. */
static void limiting(const struct level_answer *a)
{
	size_t i, shown = 0;

	for (i = 0; i < a->pool->nr && shown < 8; i++) {
		unsigned n = a->alone[i];
		struct cli_wrap w;
		char title[400];

		if (!n)
			continue;
		shown++;
		snprintf(title, sizeof(title),
			 "only %s lacks %u:", a->pool->host[i].name, n);
		begin(&w, title);
		level_alone(a, i, word_of, &w);
		cli_wrap_end(&w);
	}
}

/* Statements that hold on some machines and are told to every guest. */
static void statements(const struct level_answer *a)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		size_t h, n = 0;
		char word[128];

		if (lvl_fields[i].rule != LVL_OR || !pool_keeps(i) ||
		    !lvl_has(&a->level, i) || !level_matters(a, i))
			continue;
		for (h = 0; h < a->pool->nr; h++)
			n += (size_t)pool_has(&a->pool->host[h], i);
		if (n == a->pool->nr)
			continue;
		if (!any++)
			begin(&w, "told although not true on every machine:");
		snprintf(word, sizeof(word), "%s(%zu)",
			 i == LVL_F_RET_ALTERNATE
				 ? lvl_has(&a->level, LVL_F_RRSBA) ? "rrsba"
								   : "rsba"
				 : lvl_field_name(i),
			 n);
		cli_wrap_word(&w, word);
	}
	if (any)
		cli_wrap_end(&w);
}

static void fields(const struct level_answer *a, const char *title,
		   const uint16_t *list, unsigned n, int all)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < n; i++) {
		if (!all && !level_matters(a, list[i]))
			continue;
		if (!any++)
			begin(&w, title);
		cli_wrap_word(&w, lvl_field_name(list[i]));
	}
	if (any)
		cli_wrap_end(&w);
}

/* A number with its name where a guest of this kind sees it. */
static void number(const struct level_answer *a, struct cli_wrap *w,
		   unsigned field, unsigned *any)
{
	char word[96];

	if (!level_matters(a, field) || !lvl_known(&a->level, field) ||
	    !lvl_get(&a->level, field))
		return;
	if (!(*any)++)
		begin(w, "numbers:");
	snprintf(word, sizeof(word), "%s=%llu", lvl_field_name(field),
		 (unsigned long long)lvl_get(&a->level, field));
	cli_wrap_word(w, word);
}

static void numbers(const struct level_answer *a)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_NUMBERS; i++)
		number(a, &w, lvl_numbers[i], &any);
	number(a, &w, LVL_F_MAXLINADDR, &any);
	number(a, &w, LVL_F_XSAVE_SIZE_MAX, &any);
	if (any)
		cli_wrap_end(&w);
}

static void leaks(const struct level_answer *a)
{
	uint16_t list[LVL_NR_FIELDS];
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (a->pool->leak_state[i] == 2)
			list[n++] = (uint16_t)i;
	fields(a, "differs and cannot be hidden:", list, n, 1);
}

/* What the user took, or what the machines do not have in common. */
static void lost(const struct level_answer *a, const char *title, int taken)
{
	struct cli_wrap w;
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!level_lost(a, i) || limits_took(a, i) != taken)
			continue;
		if (!any++)
			begin(&w, title);
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (any)
		cli_wrap_end(&w);
}

static void names(const struct level_answer *a)
{
	struct cli_wrap w;
	unsigned i;

	begin(&w, "features:");
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (cli_is_feature(i) && lvl_has(&a->level, i))
			cli_wrap_word(&w, lvl_field_name(i));
	cli_wrap_end(&w);
}

void level_print(const struct level_answer *a)
{
	headline(a);
	machines(a);
	putchar('\n');
	limiting(a);
	statements(a);
	fields(a,
	       "fell because members differ (conflicts):", a->status.conflict,
	       a->status.nr_conflicts, 1);
	lost(a, "taken away by --cap and --drop:", 1);
	lost(a, "some have, not in the level:", 0);
	numbers(a);
	leaks(a);
	fields(a,
	       "incomplete, not known of every machine:", a->status.incomplete,
	       a->status.nr_incomplete, 0);
	names(a);
	if (a->as_model)
		as_model_print(a);
}

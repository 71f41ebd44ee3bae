/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* So many rows are looked at before the widths are fixed. */
#define LOOKED_AT 1000

void fleet_table_init(struct fleet_table *t, FILE *out,
		      const struct fleet_column *column, unsigned nr)
{
	unsigned i;

	memset(t, 0, sizeof(*t));
	t->out = out;
	t->column = column;
	t->nr = nr;
	for (i = 0; i < nr; i++)
		t->width[i] = (int)strlen(column[i].head);
}

static int total(const struct fleet_table *t)
{
	unsigned i;
	int n = 0;

	for (i = 0; i < t->nr; i++)
		if (t->width[i])
			n += 2 + t->width[i];
	return n;
}

/* A column that may go, the least important one; nr: none is left. */
static unsigned least(const struct fleet_table *t)
{
	unsigned i, found = t->nr;

	for (i = 0; i < t->nr; i++)
		if (t->width[i] && t->column[i].drop &&
		    (found == t->nr ||
		     t->column[i].drop > t->column[found].drop))
			found = i;
	return found;
}

/* Cut the widest column that may be by one; 0: none may. */
static int cut(struct fleet_table *t)
{
	unsigned i, widest = t->nr;

	for (i = 0; i < t->nr; i++)
		if (t->cut[i] && t->width[i] > t->cut[i] &&
		    (widest == t->nr || t->width[i] > t->width[widest]))
			widest = i;
	if (widest == t->nr)
		return 0;
	t->width[widest]--;
	return 1;
}

/* The last to go may rather be cut, if enough of it is left to be read. */
static int shorten(struct fleet_table *t, unsigned i, int over)
{
	int left = t->width[i] - over;

	if (t->column[i].drop != 1 || left < 20)
		return 0;
	t->cut[i] = left; /* the last column is cut, too */
	return left;
}

static void fix_widths(struct fleet_table *t)
{
	int room = (int)cli_width(), over;
	unsigned i;

	for (i = 0; i < t->nr; i++)
		if (t->hide >> i & 1)
			t->width[i] = 0;

	while (total(t) > room && cut(t))
		;

	while ((over = total(t) - room) > 0 && (i = least(t)) < t->nr)
		t->width[i] = shorten(t, i, over);
	over = total(t) - room;
	if (over > 0 && t->width[0] - over >= 8)
		t->width[0] -= over;
	t->streaming = 1;
}

/* The first so many characters. */
static void print_some(FILE *out, const char *s, int n)
{
	for (; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && n-- <= 0)
			return;
		putc(*s, out);
	}
}

/* What does not fit ends in dots: half a number is another number. */
static void print_cell(const struct fleet_table *t, unsigned i, const char *s,
		       int last)
{
	int w = t->width[i], n = (int)cli_columns(s);

	fputs("  ", t->out);
	if (t->column[i].right)
		fprintf(t->out, "%*s", w > n ? w - n : 0, "");
	if (n > w && (t->cut[i] || !last)) {
		print_some(t->out, s, w > 2 ? w - 2 : 0);
		fputs("..", t->out);
		return;
	}
	fputs(s, t->out);
	if (!last && !t->column[i].right)
		fprintf(t->out, "%*s", w - n, "");
}

static void print_row(const struct fleet_table *t, char *const *cell)
{
	unsigned i, last = 0;

	for (i = 0; i < t->nr; i++)
		if (t->width[i])
			last = i;
	for (i = 0; i <= last; i++)
		if (t->width[i])
			print_cell(t, i, cell[i], i == last);
}

static void flush_rows(struct fleet_table *t)
{
	char *head[FLEET_COLUMNS];
	size_t i;

	if (!t->streaming) {
		fix_widths(t);
		for (i = 0; i < t->nr; i++)
			head[i] = (char *)t->column[i].head;
		fputs(cli_ink(INK_DIM), t->out);
		print_row(t, head);
		fprintf(t->out, "%s\n", cli_ink(INK_PLAIN));
	}
	for (i = 0; i < t->rows && !t->failed; i++) {
		print_row(t, t->cell + i * t->nr);
		putc('\n', t->out);
	}
	for (i = 0; i < t->rows * t->nr; i++)
		free(t->cell[i]);
	t->rows = 0;
}

static int copy_cell(struct fleet_table *t, unsigned i, const char *s)
{
	int n;

	if (!s || !*s)
		s = "-";
	n = (int)cli_columns(s);
	if (!t->streaming && n > t->width[i])
		t->width[i] = n;
	t->cell[t->rows * t->nr + i] = strdup(s);
	return t->cell[t->rows * t->nr + i] ? 0 : -1;
}

void fleet_table_row(struct fleet_table *t, ...)
{
	char **grown;
	va_list ap;
	unsigned i;

	grown = cli_grow(t->cell, t->rows, &t->room, t->nr * sizeof(*grown));
	if (!grown || t->failed) {
		t->failed = 1;
		return;
	}
	t->cell = grown;
	va_start(ap, t);
	for (i = 0; i < t->nr; i++)
		t->failed |= copy_cell(t, i, va_arg(ap, const char *));
	va_end(ap);
	if (++t->rows >= LOOKED_AT)
		flush_rows(t);
}

int fleet_table_end(struct fleet_table *t)
{
	flush_rows(t);
	free(t->cell);
	if (!t->failed)
		return 0;
	cli_error("out of memory");
	return EXIT_INPUT;
}

/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *cli_verb = "";
char **cli_command;
int cli_colour;

/* -- messages ------------------------------------------------------------- */

static void message(const char *kind, const char *fmt, va_list ap)
{
	fprintf(stderr, "cpulevel %s: %s", cli_verb, kind);
	vfprintf(stderr, fmt, ap);
	putc('\n', stderr);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap);
	va_end(ap);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("warning: ", fmt, ap);
	va_end(ap);
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap);
	va_end(ap);
	fprintf(stderr, "see `cpulevel %s --help`\n", cli_verb);
	return EXIT_USAGE;
}

/* A word as a shell takes it. */
static void say_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./-_";

	if (*s && !s[strspn(s, plain)]) {
		fputs(s, stderr);
		return;
	}
	putc('\'', stderr);
	for (; *s; s++)
		fputs(*s == '\'' ? "'\\''" : (char[]){ *s, '\0' }, stderr);
	putc('\'', stderr);
}

/*
 * A word of the command by itself.  Not a part of one, nor a line of a file,
 * nor what may be an option's value, which several files cannot be.
 */
static int is_argument(char **words, const char *arg)
{
	while (*words && *words != arg)
		words++;
	return *words && words[-1][0] != '-';
}

void cli_say_command(const char *arg, const char *files)
{
	char **word = cli_command, *folder = strdup(arg);
	size_t n = strlen(arg);

	if (!folder || !word || !is_argument(word, arg)) {
		free(folder);
		return;
	}
	while (n > 1 && folder[n - 1] == '/')
		folder[--n] = '\0';
	fputs("  cpulevel", stderr);
	for (; *word; word++) {
		putc(' ', stderr);
		say_word(*word == arg ? folder : *word);
		if (*word == arg)
			fputs(files, stderr);
	}
	putc('\n', stderr);
	free(folder);
}

int cli_exit(enum lvl_verdict verdict)
{
	switch (verdict) {
	case LVL_YES:
		return EXIT_YES;
	case LVL_NO:
		return EXIT_NO;
	case LVL_UNKNOWN:
		break;
	}
	return EXIT_INCOMPLETE;
}

/* -- memory --------------------------------------------------------------- */

void *cli_grow(void *array, size_t nr, size_t *room, size_t each)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (nr < *room)
		return array;
	grown = realloc(array, more * each);
	if (grown)
		*room = more;
	return grown;
}

/* -- terminal ------------------------------------------------------------- */

const char *cli_ink(enum cli_ink ink)
{
	static const char *const codes[] = {
		"\033[0m",  "\033[1m",  "\033[2m",
		"\033[32m", "\033[31m", "\033[33m",
	};

	return cli_colour ? codes[ink] : "";
}

unsigned cli_width(void)
{
	static unsigned width; /* asked once: every word wants to know */
	struct winsize w;

	if (width)
		return width;
	width = 100;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col)
		width = w.ws_col < 40 ? 40 : w.ws_col;
	return width;
}

unsigned cli_columns(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void cli_wrap_word(struct cli_wrap *w, const char *word)
{
	unsigned len = cli_columns(word);

	if (w->column > w->indent && w->column + 1 + len > cli_width()) {
		fprintf(w->out, "\n%*s", (int)w->indent, "");
		w->column = w->indent;
	}
	if (w->column > w->indent) {
		putc(' ', w->out);
		w->column++;
	}
	fputs(word, w->out);
	w->column += len;
}

void cli_wrap_text(struct cli_wrap *w, const char *text)
{
	while (*text) {
		char word[1024];
		size_t n = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		cli_wrap_word(w, word);
		text += n + (text[n] == ' ');
	}
}

void cli_wrap_end(struct cli_wrap *w)
{
	putc('\n', w->out);
	w->column = 0;
}

void cli_json_string(FILE *out, const char *s)
{
	putc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(out, "\\u%04x", (unsigned)*s);
		else
			putc(*s, out);
	}
	putc('"', out);
}

/* -- values and
 * pl---------------------------------------------------------------- */

const char *cli_value(uint64_t v, int known, char buf[CLI_VALUE])
{
	if (!known)
		return "?";
	snprintf(buf, CLI_VALUE, v < 1000 ? "%llu" : "0x%llx",
		 (unsigned long long)v);
	return buf;
}

static int place_of_word(const struct lvl_word *w, unsigned shift, char *buf)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };

	(void)shift;
	if (w->place >= LVL_PLACE_STATE)
		return snprintf(buf, CLI_PLACE, "state");
	if (w->place >= LVL_PLACE_MSR_LO)
		return snprintf(buf, CLI_PLACE, "msr 0x%x", w->id);
	if (w->subleaf == LVL_NO_SUBLEAF)
		return snprintf(buf, CLI_PLACE, "0x%x.%s", w->id,
				regs[w->place]);
	return snprintf(buf, CLI_PLACE, "0x%x:%u.%s", w->id, w->subleaf,
			regs[w->place]);
}

const char *cli_place(unsigned field, char buf[CLI_PLACE])
{
	const struct lvl_field *f = &lvl_fields[field];
	const struct lvl_word *w;
	unsigned lo = f->lo;
	int n;

	if (f->word == LVL_NO_WORD) {
		snprintf(buf, CLI_PLACE, "-");
		return buf;
	}
	w = &lvl_words[f->word];
	n = place_of_word(w, lo, buf);
	if (w->place == LVL_PLACE_STATE)
		return buf;
	if (w->place == LVL_PLACE_MSR_HI)
		lo += 32;
	if (f->width == 1)
		snprintf(buf + n, CLI_PLACE - (size_t)n, "[%u]", lo);
	else
		snprintf(buf + n, CLI_PLACE - (size_t)n, "[%u:%u]",
			 lo + f->width - 1, lo);
	return buf;
}

/* -- output that appears whole or not at all ------------------------------ */

int cli_is_stdout(const char *name)
{
	return !name || !strcmp(name, "-");
}

int cli_out_open(struct cli_out *o, const char *name)
{
	size_t size;

	o->name = cli_is_stdout(name) ? NULL : name;
	o->temporary = NULL;
	if (!o->name) {
		o->f = tmpfile();
		if (!o->f)
			cli_error("a temporary file: %s", strerror(errno));
		return o->f ? 0 : EXIT_INPUT;
	}
	size = strlen(name) + 16;
	o->temporary = malloc(size);
	if (!o->temporary) {
		cli_error("out of memory");
		return EXIT_INPUT;
	}
	snprintf(o->temporary, size, "%s.%ld.tmp", name, (long)getpid());
	o->f = fopen(o->temporary, "wx");
	if (o->f)
		return 0;
	cli_error("%s: %s", o->temporary, strerror(errno));
	free(o->temporary);
	return EXIT_INPUT;
}

static int copy_to_stdout(FILE *from)
{
	char buf[65536];
	size_t n;

	rewind(from);
	while ((n = fread(buf, 1, sizeof(buf), from)) > 0)
		if (fwrite(buf, 1, n, stdout) != n)
			break;
	if (!ferror(from) && !ferror(stdout) && !fflush(stdout))
		return 0;
	cli_error("standard output: %s", strerror(errno));
	return EXIT_INPUT;
}

static int close_stdout(struct cli_out *o, int failed)
{
	int rc = failed ? failed : copy_to_stdout(o->f);

	fclose(o->f);
	return rc;
}

int cli_out_close(struct cli_out *o, int failed)
{
	if (!o->name)
		return close_stdout(o, failed);
	if (fclose(o->f) && !failed) {
		cli_error("%s: %s", o->name, strerror(errno));
		failed = EXIT_INPUT;
	}
	if (failed) {
		unlink(o->temporary);
	} else if (rename(o->temporary, o->name)) {
		cli_error("%s: %s", o->name, strerror(errno));
		unlink(o->temporary);
		failed = EXIT_INPUT;
	}
	free(o->temporary);
	return failed;
}

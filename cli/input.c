/* SPDX-License-Identifier: MIT */
#include "fleet.h"
#include "named.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const struct lvl_format *cli_from, *cli_read_as;

int cli_set_from(const char *name)
{
	cli_from = lvl_format_find(name);
	if (cli_from)
		return 0;
	return cli_usage("no format \"%s\"; `cpulevel import --formats` lists "
			 "them",
			 name);
}

/* -- one file ------------------------------------------------------------- */

struct walk {
	lvl_desc_fn *each;
	void *arg;
	int rc;            /* what each() returned */
	const char *asked; /* the argument that is being read */
	unsigned depth;    /* folders that are being read, in one another */
	unsigned long machines;
	struct timespec began, shown;
	int tty;
};

static double since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) +
	       (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void progress(struct walk *w)
{
	if (!w->tty || (w->machines & 0xff) || since(&w->began) < 1.0 ||
	    since(&w->shown) < 0.2)
		return;
	fprintf(stderr, "\r%lu machines read", w->machines);
	clock_gettime(CLOCK_MONOTONIC, &w->shown);
}

static int one_machine(void *arg, struct lvl_desc *d)
{
	struct walk *w = arg;

	w->machines++;
	progress(w);
	w->rc = w->each(w->arg, d);
	return w->rc;
}

/* The same command, for the files with a usual name as deep as this one. */
static void say_some(const struct walk *w)
{
	static const char files[] = "/*/*/*/*/*/*/*/*.txt";
	const unsigned most = (sizeof(files) - sizeof("/*.txt")) / 2;
	unsigned deeper = w->depth - 1 < most ? w->depth - 1 : most;

	fputs("every file of a folder is read; to read only some, name them\n",
	      stderr);
	cli_say_command(w->asked, files + 2 * (most - deeper));
}

static int report(struct walk *w, int rc, const struct lvl_ferr *err)
{
	if (!rc)
		return 0;
	if (w->rc)
		return w->rc;
	cli_error("%s", err->text);
	if (w->depth && !err->line)
		say_some(w);
	return EXIT_INPUT;
}

static int read_stream(struct walk *w, const char *head, size_t len)
{
	struct lvl_ferr err;
	int rc = lvl_import_stream(head, len, stdin, "<stdin>", cli_from,
				   one_machine, w, &cli_read_as, &err);

	return report(w, rc, &err);
}

/* The file's name without folders and a last extension. */
static const char *short_name(const char *path, char *buf, size_t size)
{
	const char *base = strrchr(path, '/');
	char *dot;

	snprintf(buf, size, "%s", base ? base + 1 : path);
	dot = strrchr(buf, '.');
	if (dot && dot != buf)
		*dot = '\0';
	return buf;
}

struct renamed {
	struct walk *w;
	const char *path;
	const char *name;
};

/* Messages name the path; a machine without a name gets the short one. */
static int rename_machine(void *arg, struct lvl_desc *d)
{
	const struct renamed *r = arg;
	size_t n = strlen(r->path);

	if (!strncmp(d->name, r->path, n)) {
		size_t to = strlen(r->name), rest = strlen(d->name + n) + 1;
		char *name = malloc(to + rest);

		if (name) {
			memcpy(name, r->name, to);
			memcpy(name + to, d->name + n, rest);
			free(d->name);
			d->name = name;
		}
	}
	return one_machine(r->w, d);
}

static int read_path(struct walk *w, const char *path)
{
	char name[256];
	struct renamed r = { w, path, short_name(path, name, sizeof(name)) };
	struct lvl_ferr err;
	FILE *f = fopen(path, "rb");
	int rc;

	if (!f) {
		cli_error("%s: %s", path, strerror(errno));
		return EXIT_INPUT;
	}
	rc = report(w,
		    lvl_import_file(f, path, cli_from, rename_machine, &r,
				    &cli_read_as, &err),
		    &err);
	fclose(f);
	return rc;
}

/* -- folders -------------------------------------------------------------- */

static int is_file_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int read_argument(struct walk *w, const char *path);

/* Files in name order, so that the answer does not depend on the disk. */
static int read_folder(struct walk *w, const char *path)
{
	size_t len = strlen(path);
	struct dirent **e;
	int n = scandir(path, &e, is_file_name, alphasort), i, rc = 0;

	if (n < 0) {
		cli_error("%s: %s", path, strerror(errno));
		return EXIT_INPUT;
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	w->depth++;
	for (i = 0; i < n; i++) {
		size_t size = len + strlen(e[i]->d_name) + 2;
		char *file = malloc(size);

		if (!rc && file) {
			snprintf(file, size, "%.*s/%s", (int)len, path,
				 e[i]->d_name);
			rc = read_argument(w, file);
		}
		free(file);
		free(e[i]);
	}
	w->depth--;
	free(e);
	return rc;
}

/* -- standard input ------------------------------------------------------- */

/* Is the first line the path of something that is there? */
static int is_list(const char *head, size_t len)
{
	char path[4096];
	const char *end = memchr(head, '\n', len);
	size_t n = end ? (size_t)(end - head) : len;
	struct stat st;

	if (!n || n >= sizeof(path))
		return 0;
	memcpy(path, head, n);
	path[n] = '\0';
	return named_is(path) || !stat(path, &st);
}

static int read_list(struct walk *w)
{
	char line[4096];
	int rc = 0;

	while (!rc && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			rc = read_argument(w, line);
	}
	return rc;
}

static int read_stdin(struct walk *w)
{
	char head[4096];
	size_t n = 0;
	int c;

	while (n < sizeof(head) && (c = getc(stdin)) != EOF) {
		head[n++] = (char)c;
		if (c == '\n')
			break;
	}
	if (is_list(head, n)) {
		head[n - (n && head[n - 1] == '\n')] = '\0';
		w->asked = head;
		c = *head ? read_argument(w, head) : 0;
		return c ? c : read_list(w);
	}
	return read_stream(w, head, n);
}

/* -- arguments ------------------------------------------------------------ */

/* Ours, whatever format the user's files have. */
static int read_named(struct walk *w, const char *arg)
{
	const struct lvl_format *from = cli_from;
	struct named n;
	int rc = named_find(arg, &n);

	if (rc)
		return rc;
	cli_from = NULL;
	cli_read_as = &named_model_format;
	rc = n.desc ? one_machine(w, n.desc) : read_path(w, n.path);
	cli_from = from;
	free(n.path);
	return rc;
}

static int read_stored(struct walk *w, const char *arg)
{
	struct lvl_desc *d;
	int rc;

	d = fleet_stored(arg, &rc);
	cli_read_as = &named_model_format;
	return d ? one_machine(w, d) : rc;
}

static int no_file(const char *path)
{
	int error = errno;
	char *hint = named_hint(path);

	if (hint)
		cli_error("%s: %s; did you mean %s?", path, strerror(error),
			  hint);
	else
		cli_error("%s: %s", path, strerror(error));
	free(hint);
	return EXIT_INPUT;
}

static int read_argument(struct walk *w, const char *path)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return read_stdin(w);
	if (fleet_stored_is(path))
		return read_stored(w, path);
	if (named_is(path))
		return read_named(w, path);
	if (stat(path, &st))
		return no_file(path);
	return S_ISDIR(st.st_mode) ? read_folder(w, path) : read_path(w, path);
}

int cli_each(char **args, int nr, lvl_desc_fn *each, void *arg)
{
	struct walk w = { .each = each, .arg = arg };
	int i, rc = 0;

	w.tty = isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &w.began);
	w.shown = w.began;
	for (i = 0; i < nr && !rc; i++) {
		w.asked = args[i];
		rc = read_argument(&w, args[i]);
	}
	if (w.shown.tv_sec != w.began.tv_sec)
		fputs("\r\033[K", stderr);
	return rc;
}

static int keep_one(void *arg, struct lvl_desc *d)
{
	struct lvl_desc **one = arg;

	if (*one) {
		cli_error("one machine is expected, and %s is a second one",
			  d->name);
		lvl_desc_free(d);
		return EXIT_INPUT;
	}
	*one = d;
	return 0;
}

struct lvl_desc *cli_one(char *arg, int *rc)
{
	struct lvl_desc *d = NULL;

	*rc = cli_each(&arg, 1, keep_one, &d);
	if (!*rc && !d) {
		cli_error("%s: no machine", arg);
		*rc = EXIT_INPUT;
	}
	if (*rc) {
		lvl_desc_free(d);
		return NULL;
	}
	return d;
}

int cli_two(char **arg, struct lvl_desc **a, struct lvl_desc **b)
{
	int rc;

	*b = NULL;
	*a = cli_one(arg[0], &rc);
	if (*a)
		*b = cli_one(arg[1], &rc);
	if (rc) {
		lvl_desc_free(*a);
		*a = NULL;
	}
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "named.h"

#include "format/models.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef CPULEVEL_DATADIR
#define CPULEVEL_DATADIR "/usr/local/share/cpulevel"
#endif

/* -- what can be named ---------------------------------------------------- */

static const struct sort {
	const char *prefix;
	const char *folder; /* NULL: no files */
	const char *what;   /* for messages */
} sorts[] = {
	{ "level:", "levels", "level" },
	{ "cpu:", "cpus", "CPU" },
	{ "model:", NULL, "model" },
};

/* QEMU's and libvirt's; the psABI's are levels. */
static const char *const sources[] = { "qemu", "libvirt" };

static const struct sort *sort_of(const char *arg)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(sorts); i++)
		if (!strncmp(arg, sorts[i].prefix, strlen(sorts[i].prefix)))
			return &sorts[i];
	return NULL;
}

int named_is(const char *arg)
{
	return sort_of(arg) != NULL;
}

static const char *rest_of(const char *arg)
{
	return strchr(arg, ':') + 1;
}

/* NULL unless the text begins with "SOURCE/"; *rest: what follows. */
static const char *source_of(const char *text, const char **rest)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(sources); i++) {
		size_t n = strlen(sources[i]);

		if (strncmp(text, sources[i], n) || text[n] != '/')
			continue;
		*rest = text + n + 1;
		return sources[i];
	}
	return NULL;
}

int named_is_list(const char *arg)
{
	const char *rest;

	if (!named_is(arg))
		return 0;
	rest = rest_of(arg);
	if (sort_of(arg)->folder)
		return !*rest;
	return !*rest || (source_of(rest, &rest) && !*rest);
}

/* -- where the files are -------------------------------------------------- */

/* The folder of the running program, with `below` behind it; NULL: none. */
static char *beside_program(const char *below)
{
	char self[4096], *end, *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	end = strrchr(self, '/');
	if (!end)
		return NULL;
	*end = '\0';
	n += (ssize_t)strlen(below) + 1;
	path = malloc((size_t)n + 1);
	if (path)
		snprintf(path, (size_t)n + 1, "%s%s", self, below);
	return path;
}

/*
 * $CPULEVEL_PATH first, so that one's own win; then those of the build
 * folder, of an installation that was moved, and of the installation.
 */
static int each_folder(int (*each)(void *arg, const char *folder), void *arg)
{
	static const char *const below[] = { "", "/../share/cpulevel" };
	const char *s = getenv("CPULEVEL_PATH");
	char own[4096];
	unsigned i;
	int rc = 0;

	while (s && *s && !rc) {
		size_t n = strcspn(s, ":");

		if (n && n < sizeof(own)) {
			memcpy(own, s, n);
			own[n] = '\0';
			rc = each(arg, own);
		}
		s += n + (s[n] == ':');
	}
	for (i = 0; i < LVL_COUNT(below) && !rc; i++) {
		char *folder = beside_program(below[i]);

		if (folder)
			rc = each(arg, folder);
		free(folder);
	}
	return rc ? rc : each(arg, CPULEVEL_DATADIR);
}

/* -- names ---------------------------------------------------------------- */

/* Case and -_. do not matter, as in names of features. */
static int same(const char *a, const char *b)
{
	static const char skip[] = "-_.";

	for (;; a++, b++) {
		int x, y;

		while (*a && strchr(skip, *a))
			a++;
		while (*b && strchr(skip, *b))
			b++;
		x = *a >= 'A' && *a <= 'Z' ? *a + 'a' - 'A' : *a;
		y = *b >= 'A' && *b <= 'Z' ? *b + 'a' - 'A' : *b;
		if (x != y)
			return 0;
		if (!x)
			return 1;
	}
}

/* Everything of one sort: a name, and a file or a model. */
struct entry {
	char *name;
	char *path;
	const struct lvl_model *model;
};

struct entries {
	const struct sort *sort;
	struct entry *e;
	size_t n;
};

static struct entry *find(const struct entries *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->e[i].name, name))
			return &all->e[i];
	for (i = 0; i < all->n; i++)
		if (same(all->e[i].name, name))
			return &all->e[i];
	return NULL;
}

static void free_entry(struct entry *e)
{
	free(e->name);
	free(e->path);
}

/* The first of a name counts.  What `new` points to becomes the list's. */
static int add(struct entries *all, struct entry new)
{
	struct entry *e;
	size_t i;

	for (i = 0; new.name &&i < all->n; i++) {
		if (!strcmp(all->e[i].name, new.name)) {
			free_entry(&new);
			return 0;
		}
	}
	e = new.name ? realloc(all->e, (all->n + 1) * sizeof(*e)) : NULL;
	if (!e) {
		free_entry(&new);
		return EXIT_INPUT;
	}
	all->e = e;
	all->e[all->n++] = new;
	return 0;
}

static void free_entries(struct entries *all)
{
	while (all->n)
		free_entry(&all->e[--all->n]);
	free(all->e);
}

/* FOLDER/levels/NAME.txt */
static int add_file(struct entries *all, const char *folder, const char *file)
{
	size_t n = strlen(file), size;
	struct entry new = { NULL, NULL, NULL };

	if (n < 5 || file[0] == '.' || strcmp(file + n - 4, ".txt"))
		return 0;
	size = strlen(folder) + strlen(all->sort->folder) + n + 3;
	new.name = strdup(file);
	new.path = malloc(size);
	if (!new.name || !new.path) {
		free_entry(&new);
		return EXIT_INPUT;
	}
	new.name[n - 4] = '\0';
	snprintf(new.path, size, "%s/%s/%s", folder, all->sort->folder, file);
	return add(all, new);
}

static int add_folder(void *arg, const char *folder)
{
	struct entries *all = arg;
	struct dirent **e;
	char path[4096 + 16];
	int n, i, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, all->sort->folder);
	n = scandir(path, &e, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (!rc)
			rc = add_file(all, folder, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return rc;
}

static int add_models(struct entries *all)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < lvl_nr_model_names && !rc; i++) {
		const struct lvl_model_name *m = &lvl_model_names[i];
		const char *source = lvl_model_sources[m->source].name, *rest;
		char name[128];

		snprintf(name, sizeof(name), "%s/%s", source, m->name);
		if (source_of(name, &rest))
			rc = add(all, (struct entry){ strdup(name), NULL,
						      &lvl_models[m->model] });
	}
	return rc;
}

static int by_name(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	return strcmp(a->name, b->name);
}

/* All that there are, by name. */
static int collect(struct entries *all, const struct sort *sort)
{
	int rc;

	memset(all, 0, sizeof(*all));
	all->sort = sort;
	rc = sort->folder ? each_folder(add_folder, all) : add_models(all);
	if (rc) {
		cli_error("out of memory");
		free_entries(all);
		return rc;
	}
	if (all->n)
		qsort(all->e, all->n, sizeof(*all->e), by_name);
	return 0;
}

/* -- one of them ---------------------------------------------------------- */

const struct lvl_format named_model_format = {
	.name = "model",
	.what = "a row of the table of models",
};

static struct lvl_desc *model_desc(const struct entry *e)
{
	struct lvl_desc *d = lvl_desc_new();
	struct lvl_policy *p = d ? lvl_desc_policy(d, LVL_KIND_LEVEL) : NULL;
	const char *slash = strchr(e->name, '/');
	char source[64];

	snprintf(source, sizeof(source), "%.*s %s", (int)(slash - e->name),
		 e->name, lvl_model_sources[e->model->source].version);
	if (!p || lvl_desc_set_name(d, e->name) ||
	    lvl_desc_add_fact(d, "source", source)) {
		lvl_desc_free(d);
		return NULL;
	}
	lvl_model_policy(e->model, p);
	return d;
}

static int unknown_name(const struct entries *all, const char *name)
{
	unsigned best = (unsigned)strlen(name) / 2 + 1;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < all->n; i++) {
		unsigned d = cli_distance(name, all->e[i].name);

		/* one that only needs to be finished is nearer than others */
		if (!strncmp(all->e[i].name, name, strlen(name)))
			d = 0;
		if (d < best) {
			best = d;
			near = all->e[i].name;
		}
	}
	if (near)
		cli_error("no %s \"%s\"; did you mean %s%s?", all->sort->what,
			  name, all->sort->prefix, near);
	else
		cli_error("no %s \"%s\"; `cpulevel show %s` lists them",
			  all->sort->what, name, all->sort->prefix);
	return EXIT_INPUT;
}

int named_find(const char *arg, struct named *n)
{
	const struct sort *sort = sort_of(arg);
	struct entries all;
	struct entry *e;
	int rc;

	n->path = NULL;
	n->desc = NULL;
	if (named_is_list(arg)) {
		cli_error("%s: which? `cpulevel show %s` lists them", arg, arg);
		return EXIT_INPUT;
	}
	rc = collect(&all, sort);
	if (rc)
		return rc;
	e = find(&all, rest_of(arg));
	if (!e) {
		rc = unknown_name(&all, rest_of(arg));
	} else if (e->path) {
		n->path = e->path;
		e->path = NULL;
	} else {
		n->desc = model_desc(e);
		rc = n->desc ? 0 : EXIT_INPUT;
	}
	free_entries(&all);
	return rc;
}

/* Like named_find(), in silence: is there one of this sort? */
static int exists(const struct sort *sort, const char *name)
{
	struct entries all;
	int there;

	if (strchr(name, '/') || collect(&all, sort))
		return 0;
	there = find(&all, name) != NULL;
	free_entries(&all);
	return there;
}

int named_is_level(const char *name)
{
	return exists(&sorts[0], name);
}

char *named_hint(const char *name)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(sorts) && sorts[i].folder; i++) {
		size_t size = strlen(sorts[i].prefix) + strlen(name) + 1;
		char *hint;

		if (!exists(&sorts[i], name))
			continue;
		hint = malloc(size);
		if (hint)
			snprintf(hint, size, "%s%s", sorts[i].prefix, name);
		return hint;
	}
	return NULL;
}

/* -- all of them ---------------------------------------------------------- */

#define ABOUT 160

static int take_about(void *arg, struct lvl_desc *d)
{
	const char *about = lvl_desc_fact(d, "about");

	if (about)
		snprintf(arg, ABOUT, "%s", about);
	lvl_desc_free(d);
	return 0;
}

/* What a file says of itself.  A damaged one is said to be, and listed. */
static void about_file(const char *path, char about[ABOUT])
{
	struct lvl_ferr err;
	FILE *f = fopen(path, "rb");

	if (!f || lvl_import_file(f, path, NULL, take_about, about, NULL, &err))
		snprintf(about, ABOUT, "cannot be read: %.*s", ABOUT - 20,
			 f ? err.text : strerror(errno));
	if (f)
		fclose(f);
}

static void about_model(const struct entry *e, char about[ABOUT])
{
	const char *vendor = e->model->vendor
				     ? lvl_vendor_name(e->model->vendor)
				     : "any vendor";
	const char *name = strchr(e->name, '/') + 1;
	uint32_t set[LVL_MODEL_SET];
	unsigned i, n = 0;

	lvl_model_features(e->model, set);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		n += (unsigned)lvl_model_set_has(set, i);
	snprintf(about, ABOUT, "%s, %u features%s%s", vendor, n,
		 strcmp(name, e->model->name) ? ", is " : "",
		 strcmp(name, e->model->name) ? e->model->name : "");
}

/* The part of the list that the argument asks for, "model:qemu/". */
static int wanted(const struct entry *e, const char *rest)
{
	return !strncmp(e->name, rest, strlen(rest));
}

static void print_entry(const struct entries *all, const struct entry *e,
			int width, int json)
{
	struct cli_wrap w = { stdout, 0, 0 };
	char about[ABOUT] = "";

	if (e->path)
		about_file(e->path, about);
	else
		about_model(e, about);
	if (!json) {
		w.indent = w.column = (unsigned)printf(
			"%s%-*s  ", all->sort->prefix, width, e->name);
		cli_wrap_text(&w, about);
		cli_wrap_end(&w);
		return;
	}
	printf("    {\"name\": \"%s%s\", \"about\": ", all->sort->prefix,
	       e->name);
	cli_json_string(stdout, about);
	putchar('}');
}

int named_list(const char *arg, int json)
{
	struct entries all;
	int width = 0, any = 0, rc = collect(&all, sort_of(arg));
	size_t i;

	if (rc)
		return rc;
	for (i = 0; i < all.n; i++)
		if (wanted(&all.e[i], rest_of(arg)) &&
		    (int)strlen(all.e[i].name) > width)
			width = (int)strlen(all.e[i].name);
	if (json)
		fputs("{\n  \"format\": \"cpulevel-names\",\n"
		      "  \"version\": 1,\n  \"names\": [",
		      stdout);
	for (i = 0; i < all.n; i++) {
		if (!wanted(&all.e[i], rest_of(arg)))
			continue;
		if (json)
			fputs(any++ ? ",\n" : "\n", stdout);
		print_entry(&all, &all.e[i], width, json);
	}
	if (json)
		fputs("\n  ]\n}\n", stdout);
	free_entries(&all);
	return 0;
}

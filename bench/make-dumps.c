/* SPDX-License-Identifier: MIT */
/*
 * usage: make-dumps N FILE...
 *
 * Writes N machines in the text form, one after another: those of the FILEs
 * again and again, each time under another name.  The form leaves out what is
 * derived from a dump, so that the reader has all of the work.
 */
#include <cpulevel/import.h>

#include <errno.h>
#include <stdlib.h>

struct machines {
	struct lvl_desc *d[256];
	size_t nr;
};

static int keep_machine(void *arg, struct lvl_desc *d)
{
	struct machines *m = arg;

	if (m->nr == LVL_COUNT(m->d)) {
		fprintf(stderr, "make-dumps: %s: too many machines\n", d->name);
		lvl_desc_free(d);
		return 1;
	}
	m->d[m->nr++] = d;
	return 0;
}

static int read_file(struct machines *m, const char *path)
{
	struct lvl_ferr err = { .text = "" };
	FILE *f = fopen(path, "rb");
	int rc;

	if (!f) {
		fprintf(stderr, "make-dumps: %s: %s\n", path, strerror(errno));
		return 1;
	}
	rc = lvl_import_file(f, path, NULL, keep_machine, m, NULL, &err);
	fclose(f);
	if (rc && *err.text)
		fprintf(stderr, "make-dumps: %s\n", err.text);
	return rc;
}

static int write_one(struct lvl_desc *d, unsigned long number)
{
	char name[32], *kept = d->name;
	int rc;

	snprintf(name, sizeof(name), "host-%06lu", number);
	d->name = name;
	rc = lvl_desc_write(d, stdout);
	d->name = kept;
	return rc;
}

int main(int argc, char **argv)
{
	static struct machines m;
	unsigned long n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, i;

	if (!n) {
		fprintf(stderr, "usage: make-dumps N FILE...\n");
		return 2;
	}
	for (argv += 2; *argv; argv++)
		if (read_file(&m, *argv))
			return 1;
	for (i = 0; i < n; i++)
		if (write_one(m.d[i % m.nr], i))
			return 1;
	return fflush(stdout) ? 1 : 0;
}

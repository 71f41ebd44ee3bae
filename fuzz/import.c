/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes into the reader of one format: -DFORMAT=lvl_format_text.
 *
 * Properties: a failure has a code, a place and a reason; a success delivers
 * at least one machine; what was delivered can be written, read back as our
 * own text, and written again to the same bytes.
 */
#include "format/import.h"

#include <stdlib.h>

#define NAME "input"

struct text {
	char *bytes;
	size_t len;
};

static void demand(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "property violated: %s\n", what);
	abort();
}

static struct text written(const struct lvl_desc *d)
{
	struct text t = { NULL, 0 };
	FILE *out = open_memstream(&t.bytes, &t.len);

	demand(out != NULL, "memory for the text");
	demand(!lvl_desc_write(d, out), "what was read can be written");
	fclose(out);
	return t;
}

/* The first lines that differ, for whoever reads the crash. */
static void show_difference(const char *a, const char *b)
{
	size_t line = 0, i;

	for (i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			line = i + 1;
	fprintf(stderr, "first:  %.*s\nsecond: %.*s\n",
		(int)strcspn(a + line, "\n"), a + line,
		(int)strcspn(b + line, "\n"), b + line);
}

static int again(void *arg, struct lvl_desc *d)
{
	const struct text *first = arg;
	struct text second = written(d);

	if (strcmp(first->bytes, second.bytes)) {
		show_difference(first->bytes, second.bytes);
		demand(0, "written twice, the same bytes");
	}
	free(second.bytes);
	lvl_desc_free(d);
	return 0;
}

static int each(void *arg, struct lvl_desc *d)
{
	unsigned *machines = arg;
	struct text first = written(d);
	struct lvl_ferr err = { 0 };
	int rc;

	++*machines;
	rc = lvl_import_memory(first.bytes, first.len, "again",
			       &lvl_format_text, again, &first, NULL, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	demand(!rc, "what was written can be read");
	free(first.bytes);
	lvl_desc_free(d);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lvl_ferr err = { 0 };
	unsigned machines = 0;
	int rc = lvl_import_memory(data, len, NAME, &FORMAT, each, &machines,
				   NULL, &err);

	if (!rc) {
		demand(machines > 0, "success delivers a machine");
		return 0;
	}
	demand(err.code == -rc && err.code < LVL_NR_ERRORS, "a known code");
	demand(err.code != LVL_E_BUG, "no bug of our own");
	demand(!strncmp(err.text, NAME ":", sizeof(NAME)), "the place");
	demand(strlen(err.text) > sizeof(NAME) + 1, "the reason");
	return 0;
}

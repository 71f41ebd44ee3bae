/* SPDX-License-Identifier: MIT */
/* Importing a text or a file, and looking at what came of it. */
#ifndef IMPORT_CHECK_H
#define IMPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpulevel/import.h>

#define KEEP 4

struct result {
	int rc;
	struct lvl_ferr err;
	const char *format; /* its name, NULL: none was found */
	unsigned n;         /* machines delivered */
	struct lvl_desc *d[KEEP];
	int stop; /* what the receiver answers */
};

static inline int each(void *arg, struct lvl_desc *d)
{
	struct result *r = arg;

	if (r->n < KEEP)
		r->d[r->n] = d;
	else
		lvl_desc_free(d);
	r->n++;
	return r->stop;
}

static inline const struct lvl_format *by_name(const char *name)
{
	const struct lvl_format *f = name ? lvl_format_find(name) : NULL;

	if (name)
		assert_non_null(f);
	return f;
}

static inline struct result import(const char *format, const char *text,
				   size_t len)
{
	struct result r = { 0 };
	const struct lvl_format *used = NULL;

	r.rc = lvl_import_memory(text, len, "in", by_name(format), each, &r,
				 &used, &r.err);
	r.format = used ? used->name : NULL;
	return r;
}

static inline struct result import_file(const char *path, const char *format)
{
	struct result r = { 0 };
	const struct lvl_format *used = NULL;
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	r.rc = lvl_import_file(in, path, by_name(format), each, &r, &used,
			       &r.err);
	r.format = used ? used->name : NULL;
	fclose(in);
	return r;
}

static inline void drop(struct result *r)
{
	unsigned i;

	for (i = 0; i < r->n && i < KEEP; i++)
		lvl_desc_free(r->d[i]);
}

/* The text must import, as `n` machines. */
static inline struct result good(const char *format, const char *text,
				 unsigned n)
{
	struct result r = import(format, text, strlen(text));

	if (r.rc)
		fail_msg("%s: %s", format, r.err.text);
	assert_int_equal(r.n, n);
	return r;
}

static inline void assert_reg(const struct lvl_policy *p, uint32_t leaf,
			      uint32_t subleaf, unsigned reg, uint32_t value)
{
	unsigned word = lvl_word_of_leaf(leaf, subleaf, reg);

	assert_non_null(p);
	assert_int_not_equal(word, LVL_NO_WORD);
	if (p->k[word] != 0xffffffffu || p->v[word] != value)
		fail_msg("leaf 0x%x:%x register %u: 0x%x, known 0x%x; want "
			 "0x%x",
			 leaf, subleaf, reg, p->v[word], p->k[word], value);
}

static inline void assert_unknown(const struct lvl_policy *p, uint32_t leaf,
				  uint32_t subleaf, unsigned reg)
{
	assert_int_equal(p->k[lvl_word_of_leaf(leaf, subleaf, reg)], 0);
}

static inline void assert_fact(const struct lvl_desc *d, const char *key,
			       const char *value)
{
	const char *is = lvl_desc_fact(d, key);

	if (!is || !value)
		assert_ptr_equal(is, value);
	else
		assert_string_equal(is, value);
}

/* A field that is known to be 1, or known to be 0. */
static inline void assert_bit(const struct lvl_policy *p, unsigned field,
			      int value)
{
	assert_non_null(p);
	if (!lvl_known(p, field) || lvl_has(p, field) != value)
		fail_msg("%s is %d, known %d; want %d", lvl_field_name(field),
			 lvl_has(p, field), lvl_known(p, field), value);
}

/* Where the dumps of real CPUs are; the test is skipped if nowhere. */
static inline const char *corpus(void)
{
	const char *path = getenv("CPULEVEL_CORPUS");
	static char manifest[1024];
	FILE *f;

	path = path ? path : "../shared/corpus";
	snprintf(manifest, sizeof(manifest), "%s/MANIFEST.tsv", path);
	f = fopen(manifest, "r");
	if (!f) {
		print_message("no dumps of real CPUs: %s is not there\n",
			      manifest);
		skip();
	}
	fclose(f);
	return path;
}

static inline void read_dump(struct result *r, const char *file)
{
	char path[16384];

	snprintf(path, sizeof(path), "%s/%s", corpus(), file);
	*r = import_file(path, NULL);
	if (r->rc)
		fail_msg("%s", r->err.text);
	assert_int_equal(r->n, 1);
}

#endif

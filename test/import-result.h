/* SPDX-License-Identifier: MIT */
/* Importing a text in a test, and comparing what came of it. */
#ifndef LVL_TEST_IMPORT_RESULT_H
#define LVL_TEST_IMPORT_RESULT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <cpulevel/import.h>

#define KEEP 4

struct result {
	int rc;
	struct lvl_ferr err;
	const char *format; /* that was detected */
	unsigned n;         /* machines delivered */
	struct lvl_desc *d[KEEP];
};

static int each(void *arg, struct lvl_desc *d)
{
	struct result *r = arg;

	if (r->n < KEEP)
		r->d[r->n] = d;
	else
		lvl_desc_free(d);
	r->n++;
	return 0;
}

static struct result import(const char *text, size_t len)
{
	struct result r = { 0 };
	const struct lvl_format *used = NULL;

	r.rc = lvl_import_memory(text, len, "in", NULL, each, &r, &used,
				 &r.err);
	r.format = used ? used->name : "none";
	return r;
}

static void drop(struct result *r)
{
	unsigned i;

	for (i = 0; i < r->n && i < KEEP; i++)
		lvl_desc_free(r->d[i]);
}

/* The text must be detected as `format` and hold `n` machines. */
static struct result good(const char *format, const char *text, unsigned n)
{
	struct result r = import(text, strlen(text));

	if (r.rc)
		fail_msg("%s: %s", r.format, r.err.text);
	assert_string_equal(r.format, format);
	assert_int_equal(r.n, n);
	return r;
}

static const struct lvl_policy *policy(const struct result *r, unsigned n,
				       enum lvl_kind kind)
{
	assert_non_null(r->d[n]->policy[kind]);
	return r->d[n]->policy[kind];
}

/* What a policy must say about a field; UNKNOWN: nothing. */
#define UNKNOWN UINT64_MAX

struct want {
	unsigned field;
	uint64_t value;
};

static void check(const struct lvl_policy *p, const struct want *want,
		  size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		uint64_t is = lvl_known(p, want[i].field)
				      ? lvl_get(p, want[i].field)
				      : UNKNOWN;

		if (is != want[i].value)
			fail_msg("%s is %#llx, want %#llx",
				 lvl_field_name(want[i].field),
				 (unsigned long long)is,
				 (unsigned long long)want[i].value);
	}
}

#define CHECK(p, ...)                                        \
	check(p, (const struct want[]){ __VA_ARGS__ },       \
	      sizeof((const struct want[]){ __VA_ARGS__ }) / \
		      sizeof(struct want))

static void assert_fact(const struct lvl_desc *d, const char *key,
			const char *value)
{
	const char *is = lvl_desc_fact(d, key);

	assert_non_null(is);
	assert_string_equal(is, value);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A store for each test, new and empty: a file of SQLite's, or what
 * CPULEVEL_TEST_STORE names, which the command of CPULEVEL_TEST_STORE_RESET
 * makes empty.  A test is a transaction's body, or several.
 */
#ifndef TEST_STORES_H
#define TEST_STORES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

struct stores {
	struct store *s;
	char uri[512];
	char folder[64]; /* of its own, for files */
};

static inline const char *stores_uri(struct stores *t)
{
	const char *uri = getenv("CPULEVEL_TEST_STORE");
	const char *reset = getenv("CPULEVEL_TEST_STORE_RESET");

	snprintf(t->folder, sizeof(t->folder), "/tmp/cpulevel-store-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	if (uri)
		snprintf(t->uri, sizeof(t->uri), "%s", uri);
	else
		snprintf(t->uri, sizeof(t->uri), "%s/fleet.db", t->folder);
	if (uri && reset)
		assert_int_equal(system(reset), 0);
	return t->uri;
}

static inline struct store *stores_open(const char *uri, unsigned flags)
{
	struct store *s = NULL;
	char err[STORE_ERROR] = "";
	int rc = store_open(uri, flags, &s, err);

	if (rc)
		fail_msg("%s: %s (%s)", uri, err, lvl_strerror(rc));
	return s;
}

static inline int stores_setup(void **state)
{
	struct stores *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->s = stores_open(stores_uri(t), 0);
	*state = t;
	return 0;
}

/* It succeeds, or says why not. */
static inline void good(struct store *s, int rc)
{
	if (rc)
		fail_msg("%s (%s)", store_error(s), lvl_strerror(rc));
}

static inline void write_by(struct store *s, store_body_fn *body, void *arg)
{
	good(s, store_txn(s, STORE_WRITE, body, arg));
}

static inline void read_by(struct store *s, store_body_fn *body, void *arg)
{
	good(s, store_txn(s, STORE_READ, body, arg));
}

/* No problem in it at all. */
static inline int stores_problem(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
	return 0;
}

static inline int stores_check_body(struct store *s, void *arg)
{
	int64_t nr = -1;

	(void)arg;
	good(s, store_check(s, stores_problem, NULL, &nr));
	assert_int_equal(nr, 0);
	return 0;
}

static inline void stores_check(struct store *s)
{
	read_by(s, stores_check_body, NULL);
}

static inline int stores_teardown(void **state)
{
	struct stores *t = *state;
	char command[128];

	stores_check(t->s);
	store_close(t->s);
	snprintf(command, sizeof(command), "rm -rf %s", t->folder);
	free(t);
	return system(command);
}

#define STORE_TEST(f) \
	cmocka_unit_test_setup_teardown(f, stores_setup, stores_teardown)

#endif

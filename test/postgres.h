/* SPDX-License-Identifier: MIT */
/*
 * The engine on PostgreSQL by itself, on the server of CPULEVEL_POSTGRES
 * (test/postgres/with).  Each test begins in a database without rows.
 */
#ifndef TEST_POSTGRES_H
#define TEST_POSTGRES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "store/db.h"

static const char *server; /* its URI */
/* Somebody else who looks at the same database. */
static PGconn *admin;
static struct db *db;

static inline char *ask(const char *sql)
{
	static char answer[256];
	PGresult *res = PQexec(admin, sql);

	if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res))
		snprintf(answer, sizeof(answer), "%s", PQgetvalue(res, 0, 0));
	else
		snprintf(answer, sizeof(answer), "%s",
			 PQresultErrorMessage(res));
	PQclear(res);
	return answer;
}

static inline struct db *open_store(unsigned flags)
{
	char err[STORE_ERROR] = "";
	struct db *d = NULL;

	if (db_postgres.open(server, flags, &d, err))
		print_error("%s\n", err);
	assert_non_null(d);
	return d;
}

static inline int no_row(void *arg, const struct db_value *v, unsigned nr)
{
	(void)arg;
	(void)v;
	(void)nr;
	return 0;
}

/* At once: what nobody wants rows of would wait for the next one. */
static inline int run(const char *sql)
{
	return db_postgres.run(db, sql, NULL, 0, no_row, NULL);
}

static inline void begin(enum store_mode mode)
{
	assert_int_equal(db_postgres.begin(db, mode), 0);
}

static inline int commit(void)
{
	return db_postgres.commit(db);
}

/* A transaction of one statement. */
static inline int once(const char *sql)
{
	int rc;

	begin(STORE_WRITE);
	rc = run(sql);
	if (rc)
		db_postgres.abort(db);
	return rc ? rc : commit();
}

static inline int save_number(void *arg, const struct db_value *v, unsigned nr)
{
	assert_int_equal(nr, 1);
	*(int64_t *)arg = v[0].i;
	return 0;
}

static inline int64_t number(const char *sql)
{
	int64_t n = -1;

	assert_int_equal(db_postgres.run(db, sql, NULL, 0, save_number, &n), 0);
	return n;
}

static inline void terminate(int64_t pid)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 5000)",
		 (long long)pid);
	assert_string_equal(ask(sql), "t");
}

static inline int empty(void **state)
{
	(void)state;
	ask("DROP SCHEMA IF EXISTS cpulevel CASCADE");
	db = open_store(0);
	return 0;
}

static inline int done(void **state)
{
	(void)state;
	db_postgres.close(db);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, empty, done)

static inline int beside_server(const struct CMUnitTest *tests, size_t nr)
{
	int rc;

	server = getenv("CPULEVEL_POSTGRES");
	if (!server) {
		puts("1..0 # SKIP CPULEVEL_POSTGRES is not set");
		return 0;
	}
	admin = PQconnectdb(server);
	ask("SET client_min_messages = error");
	rc = _cmocka_run_group_tests("postgres", tests, nr, NULL, NULL);
	PQfinish(admin);
	return rc;
}

#endif

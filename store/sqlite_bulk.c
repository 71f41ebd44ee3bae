/* SPDX-License-Identifier: MIT */
/*
 * Many rows into one table.  An empty table gets its indexes and triggers
 * after the rows: sorting once is many times faster than finding the place of
 * each row in each index, and counting once than counting one by one.
 */
#include "sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was taken off a table, to be put back. */
struct off {
	char *create[16], *drop[16];
	unsigned nr;
};

static void off_free(struct off *o)
{
	unsigned i;

	for (i = 0; i < o->nr; i++) {
		sqlite3_free(o->drop[i]);
		free(o->create[i]);
	}
}

static int take_off(void *arg, int nr, char **v, char **name)
{
	struct off *o = arg;

	(void)nr;
	(void)name;
	if (o->nr == LVL_COUNT(o->create))
		return 1;
	o->drop[o->nr] = sqlite3_mprintf("DROP %s %w", v[0], v[1]);
	o->create[o->nr] = strdup(v[2]);
	o->nr++;
	return !o->drop[o->nr - 1] || !o->create[o->nr - 1];
}

static int list(struct sqlite *q, const char *table, struct off *o)
{
	char *sql = sqlite3_mprintf("SELECT type, name, sql FROM sqlite_schema "
				    "WHERE tbl_name = %Q AND sql IS NOT NULL "
				    "AND type IN ('index', 'trigger')",
				    table);
	int rc = sql ? sqlite3_exec(q->handle, sql, take_off, o, NULL)
		     : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc ? sqlite_failed(q, rc, "list indexes") : 0;
}

static int take_any(void *arg, int nr, char **v, char **name)
{
	(void)nr;
	(void)v;
	(void)name;
	*(int *)arg = 1;
	return 0;
}

static int has_rows(struct sqlite *q, const char *table, int *yes)
{
	char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\" LIMIT 1", table);
	int rc = sql ? sqlite3_exec(q->handle, sql, take_any, yes, NULL)
		     : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc ? sqlite_failed(q, rc, "look at the table") : 0;
}

static int each(struct sqlite *q, char *const *sql, unsigned nr)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++)
		rc = sqlite_exec(q, sql[i]);
	return rc;
}

static int recount(struct sqlite *q, const char *table)
{
	const struct sqlite_recount *r;

	for (r = sqlite_recounts; r->table; r++)
		if (!strcmp(r->table, table))
			return sqlite_exec(q, r->sql);
	return 0;
}

/* -- the rows ------------------------------------------------------------- */

static sqlite3_stmt *insert(struct sqlite *q, const char *table,
			    const char *const *column, unsigned nr)
{
	sqlite3_str *s = sqlite3_str_new(q->handle);
	sqlite3_stmt *t = NULL;
	char *sql;
	unsigned i;

	sqlite3_str_appendf(s, "INSERT INTO \"%w\" (", table);
	for (i = 0; i < nr; i++)
		sqlite3_str_appendf(s, "%s\"%w\"", i ? ", " : "", column[i]);
	sqlite3_str_appendall(s, ") VALUES (?");
	for (i = 1; i < nr; i++)
		sqlite3_str_appendall(s, ", ?");
	sqlite3_str_appendall(s, ")");
	sql = sqlite3_str_finish(s);
	if (sql)
		sqlite3_prepare_v2(q->handle, sql, -1, &t, NULL);
	sqlite3_free(sql);
	return t;
}

static int rows(struct sqlite *q, sqlite3_stmt *t, unsigned nr,
		db_next_fn *next, void *arg)
{
	struct db_value v[16];
	int rc, more;

	while ((more = next(arg, v)) > 0) {
		rc = sqlite_bind(q, t, v, nr);
		if (rc)
			return rc;
		rc = sqlite3_step(t);
		if (rc != SQLITE_DONE)
			return sqlite_failed(q, rc, "insert");
		sqlite3_reset(t);
	}
	return more;
}

int sqlite_bulk(struct db *db, const char *table, const char *const *column,
		unsigned nr, db_next_fn *next, void *arg)
{
	struct sqlite *q = (struct sqlite *)db;
	struct off off = { .nr = 0 };
	sqlite3_stmt *t;
	int some = 0, rc;

	rc = has_rows(q, table, &some);
	if (!rc && !some)
		rc = list(q, table, &off);
	if (!rc)
		rc = each(q, off.drop, off.nr);
	if (!rc) {
		t = insert(q, table, column, nr);
		rc = t ? rows(q, t, nr, next, arg)
		       : sqlite_failed(q, sqlite3_errcode(q->handle), table);
		sqlite3_finalize(t);
	}
	if (!rc)
		rc = each(q, off.create, off.nr);
	if (!rc && !some)
		rc = recount(q, table);
	off_free(&off);
	return rc;
}

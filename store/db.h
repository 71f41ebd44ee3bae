/* SPDX-License-Identifier: MIT */
/*
 * What an engine is to the rest of the store: SQL that both understand, with
 * every value bound ($1, $2, ... in the order of first appearance), and the
 * few things in which they differ.
 */
#ifndef LVL_STORE_DB_H
#define LVL_STORE_DB_H

#include "store.h"

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
struct db_value {
	enum db_type type;
	int64_t i;
	const void *p; /* DB_TEXT: a string; DB_BLOB: len bytes */
	size_t len;
};

/* One row; its values live until the callback returns.  Not 0: stop. */
typedef int db_row_fn(void *arg, const struct db_value *column, unsigned nr);
/* The next row of a bulk load: 1, 0 at the end, or a negative code. */
typedef int db_next_fn(void *arg, struct db_value *column);

struct db {
	const struct db_engine *engine;
	char error[STORE_ERROR];
};

struct db_engine {
	const char *name;
	int (*open)(const char *uri, unsigned flags, struct db **db,
		    char err[STORE_ERROR]);
	void (*close)(struct db *db);

	/*
	 * Writers follow one another: begin waits for the one before.
	 * -LVL_E_AGAIN from any of these, within a transaction: abort and
	 * start it anew.
	 */
	int (*begin)(struct db *db, enum store_mode mode);
	int (*commit)(struct db *db);
	void (*abort)(struct db *db);

	/*
	 * One statement.  row may run others; what it returns is returned.
	 * Where row is NULL, it may be done later, and what goes wrong may be
	 * said by a later one or by the commit.  Statements are prepared once
	 * and kept; sql must be a literal.
	 */
	int (*run)(struct db *db, const char *sql, const struct db_value *arg,
		   unsigned nr, db_row_fn *row, void *row_arg);

	/*
	 * This SELECT will be run: an engine that is far away may get its rows
	 * along with others, as long as nothing is written.  NULL: it is near.
	 */
	int (*ahead)(struct db *db, const char *sql, const struct db_value *arg,
		     unsigned nr);

	/*
	 * Many rows into a table: COPY, or one prepared INSERT.  Triggers or
	 * the engine itself keep host_count and vm_count.
	 */
	int (*bulk)(struct db *db, const char *table, const char *const *column,
		    unsigned nr, db_next_fn *next, void *arg);

	/* Wake those who wait, with the commit; wait for it. */
	int (*notify)(struct db *db);
	int (*wait)(struct db *db, int timeout_ms);
};

extern const struct db_engine db_sqlite, db_postgres;

#endif

/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite engine share. */
#ifndef LVL_STORE_SQLITE_H
#define LVL_STORE_SQLITE_H

#include "db.h"

#include <sqlite3.h>

extern const char *const *const sqlite_schema[];
extern const unsigned sqlite_schema_version;

/* The counts of a table whose rows came without triggers; ends with NULL. */
struct sqlite_recount {
	const char *table, *sql;
};
extern const struct sqlite_recount sqlite_recounts[];

struct sqlite_kept {
	const char *sql;
	sqlite3_stmt *statement;
	int busy;
};
#define SQLITE_KEPT 96

struct sqlite {
	struct db db; /* first */
	sqlite3 *handle;
	int transaction;
	int64_t waited; /* for another process, us */
	int read_only;
	struct sqlite_kept kept[SQLITE_KEPT];
	unsigned nr_kept;
};

/* What SQLite said becomes our code, and db->error its text. */
int sqlite_failed(struct sqlite *q, int code, const char *doing);
/* Statements without arguments or rows. */
int sqlite_exec(struct sqlite *q, const char *sql);

/* -- sqlite_open.c -------------------------------------------------------- */

int sqlite_open(const char *uri, unsigned flags, struct db **db,
		char err[STORE_ERROR]);
void sqlite_close(struct db *db);

/* -- sqlite_bulk.c -------------------------------------------------------- */

int sqlite_bulk(struct db *db, const char *table, const char *const *column,
		unsigned nr, db_next_fn *next, void *arg);
int sqlite_bind(struct sqlite *q, sqlite3_stmt *t, const struct db_value *v,
		unsigned nr);

#endif

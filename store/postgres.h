/* SPDX-License-Identifier: MIT */
/*
 * The engine on PostgreSQL 15 and later, through libpq.
 *
 * Everything is in the schema "cpulevel" of the database that the URI names;
 * what libpq takes in a URI works: several hosts, target_session_attrs,
 * sslmode, ...
 *
 * Writers take the lock of the table "writer" before their snapshot: they
 * follow one another, so that the numbers of changes have no gaps and no
 * transaction is started anew because of another one.  It goes with the
 * transaction, so a writer that died stops nobody.
 */
#ifndef LVL_STORE_POSTGRES_H
#define LVL_STORE_POSTGRES_H

#include "db.h"
#include "libpq.h"

#define PG_MAX_ARGS 64
#define PG_MAX_COLUMNS 64

/* Types by their numbers in pg_type.dat, which are fixed. */
enum pg_oid {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_NUMERIC = 1700,
};

/* What will be asked for, or is here already. */
#define PG_AHEAD 256
struct pg_ahead {
	const char *sql;  /* NULL: a free place */
	uint8_t key[232]; /* its values */
	unsigned len;
	unsigned place; /* in the queue, from 1 on; 0: it is answered */
	PGresult *res;
};

/* A literal, so that its address will do; prepared when it comes again. */
struct pg_statement {
	const char *sql;
	enum { PG_UNPREPARED, PG_SENT, PG_PREPARED } prepared;
	unsigned tries; /* how often that was in vain */
};

struct pg {
	struct db db;
	PGconn *conn;
	unsigned flags;

	struct pg_statement *statement;
	unsigned nr_statements, max_statements;

	unsigned queued; /* statements whose results nobody has looked at */
	unsigned owed;   /* and before them, with a sync of their own */
	struct pg_ahead ahead[PG_AHEAD];
	unsigned nr_ahead; /* places of it that are not free */

	enum store_mode mode;
	int failed;    /* the transaction cannot commit, and why */
	int lost;      /* the connection is of no use any more */
	int wrote;     /* this store was written to before */
	int unsettled; /* nobody knows of the last commit whether it happened */
	int warned;    /* the server did not just do it */
	int wake;      /* tell those who wait, with the commit */
	int listening;
	int missing; /* what failed wanted a table that is not there */
};

static inline struct pg *pg_of(struct db *db)
{
	return (struct pg *)db;
}

/* Statements to be sent at once, each with one value or none. */
struct pg_step {
	const char *sql;
	const char *value;
};

/* -- postgres.c: the connection -- */

int pg_open(const char *uri, unsigned flags, struct db **db,
	    char err[STORE_ERROR]);
void pg_close(struct db *db);
/* A schema of that version is one of ours (-1: it has none). */
int pg_usable(struct pg *pg, long version);
/* postgres_upgrade.c: the schema of that version becomes the newest. */
int pg_upgrade(struct pg *pg, long version);
/* There is a connection, if need be a new one; -LVL_E_AGAIN. */
int pg_connected(struct pg *pg);
int pg_notify(struct db *db);
int pg_wait(struct db *db, int timeout_ms);

/* -- postgres_txn.c -- */

int pg_begin(struct db *db, enum store_mode mode);
int pg_commit(struct db *db);
void pg_abort(struct db *db);

/* -- postgres_queue.c -- */

/*
 * What went wrong, as a code: of a result, or of the connection (NULL).
 * -LVL_E_AGAIN: a conflict or a lost connection.
 */
int pg_fail(struct pg *pg, const PGresult *res);
/* They go with what is sent next; before PQsend...(): pg_enter(). */
int pg_queue(struct pg *pg, const struct pg_step *step, unsigned nr);
int pg_enter(struct pg *pg);
int pg_queued(struct pg *pg, int sent);
/*
 * One round trip with all that is queued, the failure of the first that
 * failed.  out may be NULL: the result of the last one.
 */
int pg_settle(struct pg *pg, PGresult **out);
/* What is queued is sent, and nobody waits. */
int pg_part(struct pg *pg);
int pg_steps(struct pg *pg, const struct pg_step *step, unsigned nr,
	     PGresult **out);
int pg_step(struct pg *pg, const char *sql);

/* -- postgres_run.c -- */

/* Without row it is queued. */
int pg_run(struct db *db, const char *sql, const struct db_value *arg,
	   unsigned nr, db_row_fn *row, void *row_arg);
int pg_ahead(struct db *db, const char *sql, const struct db_value *arg,
	     unsigned nr);
/* Who wants the result of that place of the queue: NULL, nobody. */
PGresult **pg_wanted(struct pg *pg, unsigned place);
/* Nobody wants any of them any more. */
void pg_forget(struct pg *pg);
/* What was sent to be prepared is, or nobody knows (rc). */
void pg_prepared(struct pg *pg, int rc);

/* -- postgres_bulk.c -- */

int pg_bulk(struct db *db, const char *table, const char *const *column,
	    unsigned nr, db_next_fn *next, void *arg);

/* -- postgres_bare.c -- */

/* *indexes: what was taken off, or NULL; to be cleared. */
int pg_strip(struct pg *pg, const char *table, PGresult **indexes);
int pg_dress(struct pg *pg, const char *table, const PGresult *indexes);

/* -- schema_postgres.c -- */

extern const char *const *const pg_schema[];
extern const unsigned pg_schema_version;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * SQLite: one file, several processes.  The journal is a write-ahead log, so
 * that readers and the writer do not wait for one another; each commit is on
 * the disk before it is acknowledged.
 */
#include "sqlite.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

/* -- errors --------------------------------------------------------------- */

static int code_of(int extended)
{
	switch (extended & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* too many at the log at once */
		return LVL_E_AGAIN;
	case SQLITE_NOMEM:
		return LVL_E_NO_MEMORY;
	case SQLITE_READONLY:
		return LVL_E_READ_ONLY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return LVL_E_CHECKSUM;
	case SQLITE_TOOBIG:
		return LVL_E_TOO_BIG;
	case SQLITE_CONSTRAINT:
		return extended == SQLITE_CONSTRAINT_UNIQUE ||
				       extended == SQLITE_CONSTRAINT_PRIMARYKEY
			       ? LVL_E_DUPLICATE
			       : LVL_E_INVALID;
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
	case SQLITE_RANGE:
		return LVL_E_BUG;
	default:
		return LVL_E_IO; /* full, cannot open, I/O, permissions */
	}
}

int sqlite_failed(struct sqlite *q, int code, const char *doing)
{
	const char *file = sqlite3_db_filename(q->handle, "main");
	int extended = sqlite3_extended_errcode(q->handle);

	if ((extended & 0xff) != (code & 0xff))
		extended = code;
	/* what was tried says something where it is ours that is wrong */
	if (code_of(extended) != LVL_E_BUG)
		doing = "";
	snprintf(q->db.error, STORE_ERROR, "%.200s: %s%s%.200s",
		 file && *file ? file : "the store in memory", doing,
		 *doing ? ": " : "", sqlite3_errmsg(q->handle));
	return -code_of(extended);
}

int sqlite_exec(struct sqlite *q, const char *sql)
{
	int rc = sqlite3_exec(q->handle, sql, NULL, NULL, NULL);

	return rc ? sqlite_failed(q, rc, sql) : 0;
}

/* -- statements ----------------------------------------------------------- */

static sqlite3_stmt *prepare(struct sqlite *q, const char *sql, unsigned flags)
{
	sqlite3_stmt *t = NULL;

	if (sqlite3_prepare_v3(q->handle, sql, -1, flags, &t, NULL))
		return NULL;
	return t;
}

/*
 * The prepared statement; one that is being walked through is prepared once
 * more.  *kept NULL: to be finalised after use.
 */
static sqlite3_stmt *statement(struct sqlite *q, const char *sql,
			       struct sqlite_kept **kept)
{
	sqlite3_stmt *t;
	unsigned i;

	*kept = NULL;
	for (i = 0; i < q->nr_kept && q->kept[i].sql != sql; i++)
		;
	if (i < q->nr_kept && q->kept[i].busy)
		return prepare(q, sql, 0);
	if (i == SQLITE_KEPT)
		return prepare(q, sql, 0);
	if (i == q->nr_kept) {
		t = prepare(q, sql, SQLITE_PREPARE_PERSISTENT);
		if (!t)
			return NULL;
		q->kept[i].sql = sql;
		q->kept[i].statement = t;
		q->nr_kept++;
	}
	*kept = &q->kept[i];
	(*kept)->busy = 1;
	return (*kept)->statement;
}

static void release(sqlite3_stmt *t, struct sqlite_kept *kept)
{
	if (!kept) {
		sqlite3_finalize(t);
		return;
	}
	sqlite3_reset(t);
	sqlite3_clear_bindings(t);
	kept->busy = 0;
}

int sqlite_bind(struct sqlite *q, sqlite3_stmt *t, const struct db_value *v,
		unsigned nr)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++) {
		int at = (int)i + 1;

		if (v[i].type == DB_INT)
			rc = sqlite3_bind_int64(t, at, v[i].i);
		else if (v[i].type == DB_TEXT)
			rc = sqlite3_bind_text(t, at, v[i].p, -1,
					       SQLITE_STATIC);
		else if (v[i].type == DB_BLOB)
			rc = sqlite3_bind_blob64(t, at, v[i].p, v[i].len,
						 SQLITE_STATIC);
		else
			rc = sqlite3_bind_null(t, at);
	}
	return rc ? sqlite_failed(q, rc, "bind") : 0;
}

static void read_column(sqlite3_stmt *t, int i, struct db_value *v)
{
	memset(v, 0, sizeof(*v));
	switch (sqlite3_column_type(t, i)) {
	case SQLITE_INTEGER:
		v->type = DB_INT;
		v->i = sqlite3_column_int64(t, i);
		break;
	case SQLITE_NULL:
		v->type = DB_NULL;
		break;
	case SQLITE_BLOB:
		v->type = DB_BLOB;
		v->p = sqlite3_column_blob(t, i);
		v->len = (size_t)sqlite3_column_bytes(t, i);
		break;
	default:
		v->type = DB_TEXT;
		v->p = sqlite3_column_text(t, i);
		v->len = (size_t)sqlite3_column_bytes(t, i);
	}
}

#define MAX_COLUMNS 16

static int step(struct sqlite *q, sqlite3_stmt *t, const char *sql,
		db_row_fn *row, void *row_arg)
{
	struct db_value v[MAX_COLUMNS];
	int nr = sqlite3_column_count(t), i, rc;

	if (nr > MAX_COLUMNS)
		return -LVL_E_BUG;
	while ((rc = sqlite3_step(t)) == SQLITE_ROW) {
		if (!row)
			continue;
		for (i = 0; i < nr; i++)
			read_column(t, i, &v[i]);
		rc = row(row_arg, v, (unsigned)nr);
		if (rc)
			return rc;
	}
	return rc == SQLITE_DONE ? 0 : sqlite_failed(q, rc, sql);
}

static int sqlite_run(struct db *db, const char *sql,
		      const struct db_value *arg, unsigned nr, db_row_fn *row,
		      void *row_arg)
{
	struct sqlite *q = (struct sqlite *)db;
	struct sqlite_kept *kept;
	sqlite3_stmt *t = statement(q, sql, &kept);
	int rc;

	if (!t)
		return sqlite_failed(q, sqlite3_errcode(q->handle), sql);
	rc = sqlite_bind(q, t, arg, nr);
	if (!rc)
		rc = step(q, t, sql, row, row_arg);
	release(t, kept);
	return rc;
}

/* -- transactions --------------------------------------------------------- */

static int sqlite_begin(struct db *db, enum store_mode mode)
{
	struct sqlite *q = (struct sqlite *)db;
	int rc;

	if (mode == STORE_WRITE && q->read_only) {
		snprintf(db->error, STORE_ERROR,
			 "%.400s cannot be written by this user",
			 sqlite3_db_filename(q->handle, "main"));
		return -LVL_E_READ_ONLY;
	}
	rc = sqlite_exec(q, mode == STORE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
	if (rc)
		return rc;
	q->transaction = 1;
	/* What a read sees is what there is now, not when it first looks. */
	if (mode == STORE_READ)
		rc = sqlite_run(db, "SELECT max(seq) FROM change", NULL, 0,
				NULL, NULL);
	if (rc)
		db->engine->abort(db);
	return rc;
}

static int sqlite_commit(struct db *db)
{
	struct sqlite *q = (struct sqlite *)db;
	int rc = sqlite_exec(q, "COMMIT");

	if (!rc)
		q->transaction = 0;
	return rc;
}

/* Some failures have ended it already. */
static void sqlite_abort(struct db *db)
{
	struct sqlite *q = (struct sqlite *)db;
	char error[STORE_ERROR];

	memcpy(error, db->error, sizeof(error));
	if (q->transaction && !sqlite3_get_autocommit(q->handle))
		sqlite_exec(q, "ROLLBACK");
	q->transaction = 0;
	memcpy(db->error, error, sizeof(error));
}

/* -- waiting -------------------------------------------------------------- */

static int sqlite_notify(struct db *db)
{
	(void)db; /* those who wait see that the file is another one */
	return 0;
}

static int take_version(void *arg, const struct db_value *v, unsigned nr)
{
	(void)nr;
	*(int64_t *)arg = v[0].i;
	return 0;
}

static int version(struct db *db, int64_t *v)
{
	return sqlite_run(db, "PRAGMA data_version", NULL, 0, take_version, v);
}

#define LOOK_MS 20

static int sqlite_wait(struct db *db, int timeout_ms)
{
	int64_t before = 0, now = 0;
	int rc = version(db, &before);

	for (now = before; !rc && now == before; timeout_ms -= LOOK_MS) {
		struct timespec t = { 0, LOOK_MS * 1000000L };

		if (timeout_ms <= 0)
			return -LVL_E_TIMEOUT;
		if (timeout_ms < LOOK_MS)
			t.tv_nsec = timeout_ms * 1000000L;
		nanosleep(&t, NULL);
		rc = version(db, &now);
	}
	return rc;
}

const struct db_engine db_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.abort = sqlite_abort,
	.run = sqlite_run,
	.bulk = sqlite_bulk,
	.notify = sqlite_notify,
	.wait = sqlite_wait,
};

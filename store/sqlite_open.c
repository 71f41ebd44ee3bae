/* SPDX-License-Identifier: MIT */
/* Opening a file of SQLite's: ours, of a version that we know, or new. */
#include "sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* "cpul": what says that a file of SQLite's is ours. */
#define APPLICATION 0x6370756c
/* How long another process may write before we give up, ms. */
#define PATIENCE 60000

/*
 * Several processes that wait for one another's commits: short naps, because
 * a commit takes milliseconds, and no two alike.
 */
static int nap(void *arg, int tries)
{
	struct sqlite *q = arg;
	unsigned ms = tries < 20 ? 1 : tries < 100 ? 5 : 20;
	uint32_t random;
	struct timespec t;

	sqlite3_randomness(sizeof(random), &random);
	t.tv_sec = 0;
	t.tv_nsec = (long)(ms * 500000 + random % (ms * 1000000));
	if (!tries)
		q->waited = 0;
	q->waited += t.tv_nsec / 1000;
	if (q->waited > PATIENCE * 1000)
		return 0;
	nanosleep(&t, NULL);
	return 1;
}

static int take_int(void *arg, int nr, char **value, char **name)
{
	(void)name;
	if (nr > 0 && value[0])
		*(long *)arg = atol(value[0]);
	return 0;
}

static int ask(struct sqlite *q, const char *sql, long *value)
{
	int rc = sqlite3_exec(q->handle, sql, take_int, value, NULL);

	return rc ? sqlite_failed(q, rc, sql) : 0;
}

/* -- the schema ----------------------------------------------------------- */

static int newer(struct sqlite *q, long version)
{
	snprintf(q->db.error, STORE_ERROR,
		 "%.300s: its schema is version %ld, and this cpulevel knows "
		 "%u; use the cpulevel that made it, or a newer one",
		 sqlite3_db_filename(q->handle, "main"), version,
		 sqlite_schema_version);
	return -LVL_E_VERSION;
}

static int not_ours(struct sqlite *q)
{
	snprintf(q->db.error, STORE_ERROR,
		 "%.300s: a database of another program",
		 sqlite3_db_filename(q->handle, "main"));
	return -LVL_E_MAGIC;
}

/* Is it ours, or still empty?  Which version is it? */
static int look(struct sqlite *q, long *version)
{
	long application = 0, tables = 0;
	int rc = ask(q, "PRAGMA application_id", &application);

	if (!rc)
		rc = ask(q, "PRAGMA user_version", version);
	if (!rc)
		rc = ask(q, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc)
		return rc;
	if ((application != APPLICATION && (tables || *version)) ||
	    *version < 0 || (tables && !*version))
		return not_ours(q);
	return *version > (long)sqlite_schema_version ? newer(q, *version) : 0;
}

static int upgrade_from(struct sqlite *q, long version)
{
	const char *const *sql;
	char text[80];
	unsigned v;
	int rc = 0;

	for (v = (unsigned)version; v < sqlite_schema_version && !rc; v++)
		for (sql = sqlite_schema[v]; *sql && !rc; sql++)
			rc = sqlite_exec(q, *sql);
	snprintf(text, sizeof(text),
		 "PRAGMA application_id = %d; PRAGMA user_version = %u",
		 APPLICATION, sqlite_schema_version);
	return rc ? rc : sqlite_exec(q, text);
}

/* Another process may do the same at the same time. */
static int upgrade(struct sqlite *q)
{
	long version = 0;
	int rc = sqlite_exec(q, "BEGIN IMMEDIATE");

	if (rc)
		return rc;
	rc = look(q, &version);
	if (!rc)
		rc = upgrade_from(q, version);
	if (!rc)
		rc = sqlite_exec(q, "COMMIT");
	if (rc)
		q->db.engine->abort(&q->db);
	return rc;
}

static int is_empty(struct sqlite *q)
{
	snprintf(q->db.error, STORE_ERROR,
		 "%.300s: no store: the file is empty",
		 sqlite3_db_filename(q->handle, "main"));
	return -LVL_E_NOT_FOUND;
}

/* -- opening -------------------------------------------------------------- */

static int settings(struct sqlite *q)
{
	long ignored;

	sqlite3_busy_handler(q->handle, nap, q);
	sqlite3_extended_result_codes(q->handle, 1);
	sqlite3_db_config(q->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(q->handle, SQLITE_LIMIT_ATTACHED, 0);
	/* 64 MiB of pages, whatever the store's size */
	return ask(q,
		   "PRAGMA cache_size = -65536; PRAGMA synchronous = FULL; "
		   "PRAGMA temp_store = FILE; PRAGMA trusted_schema = OFF",
		   &ignored);
}

/* Only who can have the file alone changes its journal. */
static int write_ahead(struct sqlite *q)
{
	long ignored;
	int rc, tries = 0;

	do
		rc = ask(q, "PRAGMA journal_mode = WAL", &ignored);
	while (rc == -LVL_E_AGAIN && nap(q, tries++));
	if (!rc)
		rc = ask(q,
			 "PRAGMA wal_autocheckpoint = 4000; "
			 "PRAGMA journal_size_limit = 67108864",
			 &ignored);
	return rc;
}

/* The log's index is made beside the file by who reads it first. */
static int not_beside(struct sqlite *q)
{
	snprintf(q->db.error, STORE_ERROR,
		 "%.300s: who may write neither it nor its folder can only "
		 "read it while a writer has it open",
		 sqlite3_db_filename(q->handle, "main"));
	return -LVL_E_READ_ONLY;
}

/* There, neither can the index be made, nor the file be known to stay. */
static int on_read_only_disk(struct sqlite *q)
{
	struct statvfs v;

	if (statvfs(sqlite3_db_filename(q->handle, "main"), &v) ||
	    !(v.f_flag & ST_RDONLY))
		return 0;
	snprintf(q->db.error, STORE_ERROR,
		 "%.300s: its file system is read only; copy it, and its -wal "
		 "if there is one, to where it can be written",
		 sqlite3_db_filename(q->handle, "main"));
	return 1;
}

static int prepare_file(struct sqlite *q, unsigned flags)
{
	long version = 0;
	int rc = settings(q);

	if (rc == -LVL_E_IO && on_read_only_disk(q))
		rc = -LVL_E_READ_ONLY;
	else if (rc == -LVL_E_READ_ONLY)
		rc = not_beside(q);
	if (!rc)
		rc = look(q, &version);
	q->read_only = flags & STORE_READ_ONLY ||
		       sqlite3_db_readonly(q->handle, "main") == 1;
	if (!rc && !version && (flags & STORE_EXISTING || q->read_only))
		rc = is_empty(q);
	if (!rc && version < (long)sqlite_schema_version && q->read_only) {
		snprintf(q->db.error, STORE_ERROR,
			 "%.300s: its schema is version %ld; open it once for "
			 "writing to make it version %u",
			 sqlite3_db_filename(q->handle, "main"), version,
			 sqlite_schema_version);
		rc = -LVL_E_READ_ONLY;
	}
	if (!rc && !q->read_only)
		rc = write_ahead(q);
	if (!rc && version < (long)sqlite_schema_version)
		rc = upgrade(q);
	return rc;
}

static int open_flags(unsigned flags)
{
	if (flags & STORE_READ_ONLY)
		return SQLITE_OPEN_READONLY;
	return flags & STORE_EXISTING
		       ? SQLITE_OPEN_READWRITE
		       : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

static int open_file(struct sqlite *q, const char *path, unsigned flags)
{
	int rc = sqlite3_open_v2(path, &q->handle,
				 open_flags(flags) | SQLITE_OPEN_NOMUTEX, NULL);

	if (!q->handle)
		return -LVL_E_NO_MEMORY;
	if (!rc)
		return prepare_file(q, flags);
	sqlite_failed(q, rc, "open");
	snprintf(q->db.error, STORE_ERROR, "%.300s: %s", path,
		 strerror(sqlite3_system_errno(q->handle)));
	if (flags & (STORE_EXISTING | STORE_READ_ONLY))
		return -LVL_E_NOT_FOUND;
	return -LVL_E_IO;
}

int sqlite_open(const char *uri, unsigned flags, struct db **db,
		char err[STORE_ERROR])
{
	struct sqlite *q = calloc(1, sizeof(*q));
	int rc;

	if (!q) {
		snprintf(err, STORE_ERROR, "out of memory");
		return -LVL_E_NO_MEMORY;
	}
	q->db.engine = &db_sqlite;
	rc = open_file(q, uri, flags);
	if (!rc) {
		*db = &q->db;
		return 0;
	}
	memcpy(err, q->db.error, STORE_ERROR);
	if (rc == -LVL_E_CHECKSUM)
		snprintf(err, STORE_ERROR, "%.300s: no store of cpulevel", uri);
	sqlite_close(&q->db);
	return rc;
}

void sqlite_close(struct db *db)
{
	struct sqlite *q = (struct sqlite *)db;
	unsigned i;

	for (i = 0; i < q->nr_kept; i++)
		sqlite3_finalize(q->kept[i].statement);
	sqlite3_close(q->handle);
	free(q);
}

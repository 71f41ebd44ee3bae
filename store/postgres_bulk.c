/* SPDX-License-Identifier: MIT */
/*
 * Many rows into one table: gathered as COPY's binary format has them, and
 * sent when there are some megabytes.  Between two such loads the connection
 * is free, so that who makes the rows may ask for something.
 */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (16u << 20)
#define MAX_SQL 1024
/* Rows on their way at once where COPY is not allowed. */
#define WINDOW 256

struct load {
	struct pg *pg;
	const char *table;
	unsigned nr, chunks;
	PGresult *indexes; /* that were taken off */
	Oid type[PG_MAX_COLUMNS];
	int by_insert;
	char sql[MAX_SQL];
	char *row; /* CHUNK bytes and room for one more row */
	size_t len, size;
};

/* -- rows as COPY has them ------------------------------------------------ */

/* Everything is big-endian. */
static void put_number(char *p, int64_t v, unsigned bytes)
{
	while (bytes--) {
		p[bytes] = (char)(v & 0xff);
		v >>= 8;
	}
}

static uint32_t get_length(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | b[2] << 8 | b[3];
}

static int room(struct load *l, size_t more)
{
	size_t size = 2 * (l->len + more);
	char *p;

	if (l->len + more <= l->size)
		return 0;
	p = realloc(l->row, size);
	if (!p)
		return -LVL_E_NO_MEMORY;
	l->row = p;
	l->size = size;
	return 0;
}

static unsigned width(Oid type)
{
	return type == PG_INT8 ? 8 : type == PG_INT4 ? 4 : 2;
}

static int add_number(struct load *l, unsigned column, int64_t v)
{
	unsigned bytes = width(l->type[column]);
	int64_t most = INT64_MAX >> (64 - 8 * bytes);

	if (v > most || v < -most - 1) {
		snprintf(l->pg->db.error, STORE_ERROR,
			 "PostgreSQL: %lld does not fit column %u",
			 (long long)v, column + 1);
		return -LVL_E_RANGE;
	}
	put_number(l->row + l->len, bytes, 4);
	put_number(l->row + l->len + 4, v, bytes);
	l->len += 4 + bytes;
	return 0;
}

static int add_value(struct load *l, unsigned column, const struct db_value *v)
{
	int rc = room(l, 12 + v->len);

	if (rc)
		return rc;
	if (v->type == DB_INT)
		return add_number(l, column, v->i);
	put_number(l->row + l->len, v->type == DB_NULL ? -1 : (int64_t)v->len,
		   4);
	l->len += 4;
	if (v->type != DB_NULL && v->len) {
		memcpy(l->row + l->len, v->p, v->len);
		l->len += v->len;
	}
	return 0;
}

static int add_row(struct load *l, struct db_value *v)
{
	unsigned i;
	int rc = room(l, 2);

	if (rc)
		return rc;
	put_number(l->row + l->len, l->nr, 2);
	l->len += 2;
	for (i = 0; i < l->nr && !rc; i++) {
		if (v[i].type == DB_TEXT)
			v[i].len = strlen(v[i].p);
		rc = add_value(l, i, &v[i]);
	}
	return rc;
}

/* -- by COPY -------------------------------------------------------------- */

/*
 * PostgreSQL manual, COPY, "Binary Format": a signature of 11 bytes, flags,
 * length of what follows; the last 0 is that of the string.
 */
static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
_Static_assert(sizeof(head) == 19, "signature and two numbers");
static const char tail[] = { '\377', '\377' };

static int finish_copy(struct pg *pg)
{
	PGresult *res = PQgetResult(pg->conn);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		rc = pg_fail(pg, res);
	PQclear(res);
	while ((res = PQgetResult(pg->conn)))
		PQclear(res);
	return rc;
}

static int by_copy(struct load *l)
{
	PGconn *conn = l->pg->conn;
	PGresult *res = PQexec(conn, l->sql);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_COPY_IN)
		rc = pg_fail(l->pg, res);
	PQclear(res);
	if (rc)
		return rc;
	if (PQputCopyData(conn, head, sizeof(head)) != 1 ||
	    PQputCopyData(conn, l->row, (int)l->len) != 1 ||
	    PQputCopyData(conn, tail, sizeof(tail)) != 1 ||
	    PQputCopyEnd(conn, NULL) != 1)
		return pg_fail(l->pg, NULL);
	return finish_copy(l->pg);
}

/* -- by INSERT, where row-level security forbids COPY --------------------- */

/* One row, of which the values are where they are; returns what follows. */
static const char *send_row(struct load *l, const char *p, int *rc)
{
	const char *value[PG_MAX_COLUMNS];
	int len[PG_MAX_COLUMNS], format[PG_MAX_COLUMNS];
	unsigned i;

	p += 2;
	for (i = 0; i < l->nr; i++) {
		len[i] = (int)get_length(p);
		p += 4;
		value[i] = len[i] < 0 ? NULL : p;
		format[i] = 1;
		p += len[i] < 0 ? 0 : len[i];
	}
	if (!PQsendQueryPrepared(l->pg->conn, "", (int)l->nr, value, len,
				 format, 0))
		*rc = pg_fail(l->pg, NULL);
	return p;
}

static int take_results(struct pg *pg, unsigned nr, int rc)
{
	PGresult *res;

	for (; nr && !pg->lost; nr--) {
		res = PQgetResult(pg->conn);
		if (!rc && PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = pg_fail(pg, res);
		PQclear(res);
		PQclear(PQgetResult(pg->conn));
	}
	if (!pg->lost)
		PQclear(PQgetResult(pg->conn)); /* of the sync */
	return rc;
}

static int by_insert(struct load *l)
{
	struct pg *pg = l->pg;
	const char *p = l->row, *end = l->row + l->len;
	unsigned n;
	int rc = 0;

	PQenterPipelineMode(pg->conn);
	while (p < end && !rc) {
		for (n = 0; p < end && n < WINDOW && !rc; n++)
			p = send_row(l, p, &rc);
		if (!rc && !PQpipelineSync(pg->conn))
			rc = pg_fail(pg, NULL);
		rc = take_results(pg, n, rc);
	}
	if (!pg->lost)
		PQexitPipelineMode(pg->conn);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

/* "a, b, c", or "$1, $2, $3" where column is NULL. */
static void list(char *to, size_t size, const char *const *column, unsigned nr)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < nr && at < size; i++) {
		const char *comma = i ? ", " : "";

		at += (size_t)(column ? snprintf(to + at, size - at, "%s%s",
						 comma, column[i])
				      : snprintf(to + at, size - at, "%s$%u",
						 comma, i + 1));
	}
}

/* What types the columns of a query have; it is the unnamed statement then. */
static int describe(struct load *l, const char *sql)
{
	PGconn *conn = l->pg->conn;
	PGresult *res = PQprepare(conn, "", sql, 0, NULL);
	unsigned i;
	int rc = 0;

	if (PQresultStatus(res) == PGRES_COMMAND_OK) {
		PQclear(res);
		res = PQdescribePrepared(conn, "");
	}
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		rc = pg_fail(l->pg, res);
	for (i = 0; i < l->nr && !rc; i++)
		l->type[i] = PQftype(res, (int)i);
	PQclear(res);
	return rc;
}

/* COPY does not obey row-level security, so PostgreSQL refuses it then. */
static int restricted(struct pg *pg, const char *table, int *yes)
{
	const struct pg_step step = { "SELECT row_security_active($1::text)",
				      table };
	PGresult *res;
	int rc = pg_steps(pg, &step, 1, &res);

	if (rc)
		return rc;
	*yes = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	return 0;
}

/* Names are ours, never anybody's input. */
static int prepare_load(struct load *l, const char *table,
			const char *const *column)
{
	char names[384], numbers[384], sql[MAX_SQL];
	int rc;

	list(names, sizeof(names), column, l->nr);
	list(numbers, sizeof(numbers), NULL, l->nr);
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s", names, table);
	rc = pg_settle(l->pg, NULL);
	if (!rc)
		rc = describe(l, sql);
	if (!rc)
		rc = restricted(l->pg, table, &l->by_insert);
	if (l->by_insert)
		snprintf(l->sql, sizeof(l->sql),
			 "INSERT INTO %s (%s) VALUES (%s)", table, names,
			 numbers);
	else
		snprintf(l->sql, sizeof(l->sql),
			 "COPY %s (%s) FROM STDIN (FORMAT binary)", table,
			 names);
	return rc;
}

static int flush(struct load *l)
{
	PGresult *res;
	int rc;

	if (!l->len)
		return 0;
	rc = pg_settle(l->pg, NULL);
	if (!rc && l->by_insert) {
		res = PQprepare(l->pg->conn, "", l->sql, (int)l->nr, l->type);
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = pg_fail(l->pg, res);
		PQclear(res);
	}
	if (!rc)
		rc = l->by_insert ? by_insert(l) : by_copy(l);
	l->len = 0;
	return rc;
}

/* There is more than a chunk: now it pays to take the indexes off. */
static int one_of_many(struct load *l)
{
	int rc = l->chunks++ ? 0 : pg_strip(l->pg, l->table, &l->indexes);

	return rc ? rc : flush(l);
}

int pg_bulk(struct db *db, const char *table, const char *const *column,
	    unsigned nr, db_next_fn *next, void *arg)
{
	struct db_value v[PG_MAX_COLUMNS];
	struct load l = { .pg = pg_of(db), .table = table, .nr = nr };
	int rc, more = 1;

	if (nr > PG_MAX_COLUMNS)
		return -LVL_E_BUG;
	if (l.pg->failed)
		return l.pg->failed;
	rc = prepare_load(&l, table, column);
	while (!rc && (more = next(arg, v)) > 0) {
		rc = add_row(&l, v);
		if (!rc && l.len > CHUNK)
			rc = one_of_many(&l);
	}
	if (!rc)
		rc = more < 0 ? more : flush(&l);
	if (!rc)
		rc = pg_dress(l.pg, table, l.indexes);
	PQclear(l.indexes);
	free(l.row);
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- values --------------------------------------------------------------- */

static int64_t big_endian(const char *p, int len)
{
	/* sign-extended */
	uint64_t v = len && (p[0] & 0x80) ? ~UINT64_C(0) : 0;
	int i;

	for (i = 0; i < len; i++)
		v = v << 8 | (uint8_t)p[i];
	return (int64_t)v;
}

/*
 * A sum of bigint is numeric: digits to the base of 10,000 behind four
 * numbers of 16 bits (how many, exponent of the first, sign, scale).
 */
static int64_t whole_number(const char *p)
{
	int64_t nr = big_endian(p, 2), weight = big_endian(p + 2, 2);
	int64_t i, v = 0;

	for (i = 0; i <= weight; i++)
		v = v * 10000 + (i < nr ? big_endian(p + 8 + 2 * i, 2) : 0);
	return big_endian(p + 4, 2) ? -v : v;
}

static void get_value(const PGresult *res, int row, int column,
		      struct db_value *v)
{
	const char *p = PQgetvalue(res, row, column);

	*v = (struct db_value){ .type = DB_NULL };
	if (PQgetisnull(res, row, column))
		return;
	v->p = p;
	v->len = (size_t)PQgetlength(res, row, column);
	switch (PQftype(res, column)) {
	case PG_BYTEA:
		v->type = DB_BLOB;
		break;
	case PG_BOOL:
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
		v->type = DB_INT;
		v->i = big_endian(p, (int)v->len);
		break;
	case PG_NUMERIC:
		v->type = DB_INT;
		v->i = whole_number(p);
		break;
	default: /* libpq puts a 0 behind */
		v->type = DB_TEXT;
		break;
	}
}

static int each_row(const PGresult *res, db_row_fn *row, void *arg)
{
	struct db_value v[PG_MAX_COLUMNS];
	int r, c, rc = 0, nr = PQnfields(res);

	if (nr > PG_MAX_COLUMNS)
		return -LVL_E_BUG;
	for (r = 0; !rc && r < PQntuples(res); r++) {
		for (c = 0; c < nr; c++)
			get_value(res, r, c, &v[c]);
		rc = row(arg, v, (unsigned)nr);
	}
	return rc;
}

/* What libpq wants of values: numbers as text, bytes as they are. */
struct binding {
	Oid type[PG_MAX_ARGS];
	const char *p[PG_MAX_ARGS];
	int len[PG_MAX_ARGS], format[PG_MAX_ARGS];
	char number[PG_MAX_ARGS][24];
};

static void bind_value(struct binding *b, unsigned i, const struct db_value *v)
{
	/* NULL: the server knows its type by where it stands. */
	static const Oid types[] = { [DB_NULL] = 0,
				     [DB_INT] = PG_INT8,
				     [DB_TEXT] = PG_TEXT,
				     [DB_BLOB] = PG_BYTEA };

	b->type[i] = types[v->type];
	b->p[i] = v->type == DB_NULL ? NULL : v->p;
	b->len[i] = (int)v->len;
	b->format[i] = v->type == DB_BLOB;
	if (v->type == DB_INT) {
		snprintf(b->number[i], sizeof(b->number[i]), "%" PRId64, v->i);
		b->p[i] = b->number[i];
	}
	/* No bytes are not NULL. */
	if (v->type == DB_BLOB && !v->p)
		b->p[i] = "";
}

/* -- statements ----------------------------------------------------------- */

static int remember(struct pg *pg, const char *sql)
{
	unsigned max = pg->max_statements ? 2 * pg->max_statements : 32;
	void *more;

	if (pg->nr_statements == pg->max_statements) {
		more = realloc(pg->statement, max * sizeof(pg->statement[0]));
		if (!more)
			return -LVL_E_NO_MEMORY;
		pg->statement = more;
		pg->max_statements = max;
	}
	pg->statement[pg->nr_statements++] =
		(struct pg_statement){ .sql = sql };
	return 0;
}

/*
 * Its name on the server is its place here, and a number: of a statement that
 * was sent in vain nobody knows whether it has its name by now.
 */
static int prepare(struct pg *pg, unsigned i, const struct binding *b,
		   unsigned nr, char name[32])
{
	struct pg_statement *s = &pg->statement[i];
	int rc;

	snprintf(name, 32, "s%u_%u", i, s->tries);
	if (s->prepared != PG_UNPREPARED)
		return 0;
	rc = pg_queued(pg,
		       PQsendPrepare(pg->conn, name, s->sql, (int)nr, b->type));
	s->prepared = PG_SENT;
	return rc;
}

void pg_prepared(struct pg *pg, int rc)
{
	unsigned i;

	for (i = 0; i < pg->nr_statements; i++) {
		struct pg_statement *s = &pg->statement[i];

		if (s->prepared != PG_SENT)
			continue;
		s->prepared = rc ? PG_UNPREPARED : PG_PREPARED;
		s->tries += rc != 0;
	}
}

/* What is used once is sent as it is; what comes again is prepared. */
static int send(struct pg *pg, const char *sql, const struct binding *b,
		unsigned nr)
{
	char name[32];
	unsigned i;
	int rc = pg_enter(pg);

	for (i = 0; i < pg->nr_statements && pg->statement[i].sql != sql; i++)
		;
	if (rc)
		return rc;
	if (i == pg->nr_statements) {
		rc = pg_queued(pg, PQsendQueryParams(pg->conn, sql, (int)nr,
						     b->type, b->p, b->len,
						     b->format, 1));
		return rc ? rc : remember(pg, sql);
	}
	rc = prepare(pg, i, b, nr, name);
	return rc ? rc
		  : pg_queued(pg,
			      PQsendQueryPrepared(pg->conn, name, (int)nr, b->p,
						  b->len, b->format, 1));
}

/* -- what will be asked for ----------------------------------------------- */

PGresult **pg_wanted(struct pg *pg, unsigned place)
{
	unsigned i;

	for (i = 0; pg->nr_ahead && i < PG_AHEAD; i++) {
		struct pg_ahead *a = &pg->ahead[i];

		if (!a->sql || a->place != place)
			continue;
		a->place = 0;
		return &a->res;
	}
	return NULL;
}

void pg_forget(struct pg *pg)
{
	unsigned i;

	if (!pg->nr_ahead)
		return;
	for (i = 0; i < PG_AHEAD; i++)
		PQclear(pg->ahead[i].res);
	memset(pg->ahead, 0, sizeof(pg->ahead));
	pg->nr_ahead = 0;
}

static void drop_ahead(struct pg *pg, struct pg_ahead *a)
{
	PQclear(a->res);
	memset(a, 0, sizeof(*a));
	pg->nr_ahead--;
}

static struct pg_ahead *free_place(struct pg *pg)
{
	unsigned i;

	for (i = 0; i < PG_AHEAD; i++)
		if (!pg->ahead[i].sql)
			return &pg->ahead[i];
	/* what came and was not asked for makes room */
	for (i = 0; i < PG_AHEAD; i++) {
		struct pg_ahead *a = &pg->ahead[i];

		if (a->place)
			continue;
		drop_ahead(pg, a);
		return a;
	}
	return NULL;
}

/* The values, one after the other; 0: they are too long to be worth it. */
static unsigned write_key(const struct db_value *arg, unsigned nr,
			  uint8_t key[sizeof(((struct pg_ahead *)0)->key)])
{
	const size_t room = sizeof(((struct pg_ahead *)0)->key);
	size_t at = 0;
	unsigned i;

	for (i = 0; i < nr; i++) {
		const struct db_value *v = &arg[i];
		size_t len = v->type == DB_INT    ? sizeof(v->i)
			     : v->type == DB_TEXT ? strlen(v->p)
						  : v->len;

		if (at + 3 + len > room)
			return 0;
		key[at++] = (uint8_t)v->type;
		key[at++] = (uint8_t)len;
		if (len)
			memcpy(key + at,
			       v->type == DB_INT ? (const void *)&v->i : v->p,
			       len);
		at += len;
	}
	key[at++] = (uint8_t)nr;
	return (unsigned)at;
}

int pg_ahead(struct db *db, const char *sql, const struct db_value *arg,
	     unsigned nr)
{
	struct pg *pg = pg_of(db);
	struct pg_ahead *a = free_place(pg);
	struct binding b;
	unsigned i;
	int rc;

	if (pg->failed || !a)
		return pg->failed;
	a->len = write_key(arg, nr, a->key);
	if (!a->len)
		return 0;
	for (i = 0; i < nr; i++)
		bind_value(&b, i, &arg[i]);
	rc = send(pg, sql, &b, nr);
	if (rc)
		return rc;
	a->sql = sql;
	a->place = pg->queued;
	pg->nr_ahead++;
	return 0;
}

/* The rows, if somebody has asked for them; else *res is NULL. */
static int asked_for(struct pg *pg, const char *sql, const struct db_value *arg,
		     unsigned nr, PGresult **res)
{
	struct pg_ahead *a = pg->ahead;
	uint8_t key[sizeof(a->key)];
	unsigned len = 0;
	int rc;

	for (; pg->nr_ahead && a < pg->ahead + PG_AHEAD; a++) {
		if (a->sql != sql)
			continue;
		len = len ? len : write_key(arg, nr, key);
		if (a->len == len && !memcmp(a->key, key, len))
			break;
	}
	if (!pg->nr_ahead || a == pg->ahead + PG_AHEAD)
		return 0;
	rc = a->place ? pg_settle(pg, NULL) : 0;
	if (rc)
		return rc;
	*res = a->res;
	a->res = NULL;
	drop_ahead(pg, a);
	return 0;
}

/* -- running -------------------------------------------------------------- */

/* Their results wait in the connection's buffers. */
#define LONGEST_QUEUE 256

int pg_run(struct db *db, const char *sql, const struct db_value *arg,
	   unsigned nr, db_row_fn *row, void *row_arg)
{
	struct pg *pg = pg_of(db);
	struct binding b;
	PGresult *res = NULL;
	unsigned i;
	int rc;

	if (nr > PG_MAX_ARGS)
		return -LVL_E_BUG;
	if (pg->failed)
		return pg->failed;
	/* What was read before something is written is not what there is. */
	if (strncmp(sql, "SELECT", 6) != 0)
		pg_forget(pg);
	rc = asked_for(pg, sql, arg, nr, &res);
	for (i = 0; i < nr && !res; i++)
		bind_value(&b, i, &arg[i]);
	if (!rc && !res)
		rc = send(pg, sql, &b, nr);
	if (rc || (!row && pg->queued < LONGEST_QUEUE))
		return rc;
	if (!res)
		rc = pg_settle(pg, &res);
	if (!rc && row)
		rc = each_row(res, row, row_arg);
	PQclear(res);
	return rc;
}

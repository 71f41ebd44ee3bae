/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what went wrong ------------------------------------------------------ */

/* SQLSTATEs (PostgreSQL 15, appendix A); a class has two characters. */
static const struct {
	const char *state;
	int code;
} states[] = {
	{ "40001", LVL_E_AGAIN },     /* serialization_failure */
	{ "40P01", LVL_E_AGAIN },     /* deadlock_detected */
	{ "55P03", LVL_E_AGAIN },     /* lock_not_available */
	{ "23505", LVL_E_DUPLICATE }, /* unique_violation */
	{ "22021", LVL_E_RANGE },     /* character_not_in_repertoire */
	{ "22003", LVL_E_RANGE },     /* numeric_value_out_of_range */
	{ "23", LVL_E_RANGE },        /* other constraints */
	{ "25006", LVL_E_READ_ONLY }, /* read_only_sql_transaction */
};

static int code_of(const char *state)
{
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!strncmp(state, states[i].state, strlen(states[i].state)))
			return states[i].code;
	}
	return LVL_E_IO;
}

/*
 * The last words of a server that goes down or that dropped us, whatever for:
 * of a disk that is full under its log it says the same as of one that is full
 * under a table, but then it is gone, and a commit may have happened.
 */
static int farewell(const PGresult *res, const char *state)
{
	const char *severity =
		PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

	return (severity &&
		(!strcmp(severity, "FATAL") || !strcmp(severity, "PANIC"))) ||
	       !strncmp(state, "57P0", 4) || !strncmp(state, "08", 2) ||
	       !strcmp(state, "25P03");
}

/* Several hosts: what each of them said. */
static void one_line(char error[STORE_ERROR], const char *text)
{
	size_t n = (size_t)snprintf(error, STORE_ERROR, "PostgreSQL: %s", text);

	n = n < STORE_ERROR ? n : STORE_ERROR - 1;
	while (n && error[n - 1] == '\n')
		error[--n] = '\0';
	for (; *error; error++) {
		if (*error == '\n' || *error == '\t')
			*error = ' ';
	}
}

/* insufficient_privilege: the server says of what, not whose. */
static void whose(struct pg *pg)
{
	size_t n = strlen(pg->db.error);

	snprintf(pg->db.error + n, STORE_ERROR - n,
		 ": the login \"%.100s\" may not do that", PQuser(pg->conn));
}

int pg_fail(struct pg *pg, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	int code = state ? code_of(state) : LVL_E_IO;

	one_line(pg->db.error, text ? text : PQerrorMessage(pg->conn));
	if (state && !strcmp(state, "42501"))
		whose(pg);
	/* An error without a state is libpq's own. */
	if (!state || farewell(res, state) ||
	    PQstatus(pg->conn) == CONNECTION_BAD)
		pg->lost = 1;
	/* Written to before, and a standby now. */
	if (state && !strcmp(state, "25006") && pg->wrote &&
	    pg->mode == STORE_WRITE)
		pg->lost = 1;
	if (pg->lost)
		code = LVL_E_AGAIN;
	if (!pg->failed)
		pg->failed = -code;
	return -code;
}

static int good(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

/* -- several statements in one round trip --------------------------------- */

/* The result of one step; what follows a failed one is not looked at. */
static int step_result(struct pg *pg, int rc, PGresult **out)
{
	PGresult *res = PQgetResult(pg->conn);

	if (res)
		PQclear(PQgetResult(pg->conn)); /* the NULL at its end */
	if (!rc && (!res || !good(res)))
		rc = pg_fail(pg, res);
	if (!rc && out) {
		*out = res;
		return 0;
	}
	PQclear(res);
	return rc;
}

static int send_steps(struct pg *pg, const struct pg_step *step, unsigned nr)
{
	unsigned i;

	if (!PQenterPipelineMode(pg->conn))
		return pg_fail(pg, NULL);
	for (i = 0; i < nr; i++) {
		if (!PQsendQueryParams(pg->conn, step[i].sql,
				       step[i].value != NULL, NULL,
				       &step[i].value, NULL, NULL, 0))
			return pg_fail(pg, NULL);
	}
	return PQpipelineSync(pg->conn) ? 0 : pg_fail(pg, NULL);
}

int pg_steps(struct pg *pg, const struct pg_step *step, unsigned nr,
	     PGresult **out)
{
	PGresult *last = NULL;
	unsigned i;
	int rc;

	rc = send_steps(pg, step, nr);
	for (i = 0; i < nr && !pg->lost; i++)
		rc = step_result(pg, rc, i + 1 == nr ? &last : NULL);
	if (!pg->lost)
		PQclear(PQgetResult(pg->conn)); /* of the sync */
	if (!pg->lost && !PQexitPipelineMode(pg->conn))
		rc = pg_fail(pg, NULL);
	if (!rc && out)
		*out = last;
	else
		PQclear(last);
	return rc;
}

int pg_step(struct pg *pg, const char *sql)
{
	const struct pg_step one = { sql, NULL };

	return pg_steps(pg, &one, 1, NULL);
}

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
	pg->statement[pg->nr_statements++] = (struct pg_statement){ sql, 0 };
	return 0;
}

/* Its name on the server is its place here. */
static int prepare(struct pg *pg, unsigned i, const struct binding *b,
		   unsigned nr, char name[16])
{
	PGresult *res;
	int rc = 0;

	snprintf(name, 16, "s%u", i);
	if (pg->statement[i].prepared)
		return 0;
	res = PQprepare(pg->conn, name, pg->statement[i].sql, (int)nr, b->type);
	if (good(res))
		pg->statement[i].prepared = 1;
	else
		rc = pg_fail(pg, res);
	PQclear(res);
	return rc;
}

/*
 * Most commands use most statements once: that is one round trip.  What comes
 * again is prepared.
 */
static int execute(struct pg *pg, const char *sql, const struct binding *b,
		   unsigned nr, PGresult **res)
{
	char name[16];
	unsigned i;
	int rc;

	for (i = 0; i < pg->nr_statements && pg->statement[i].sql != sql; i++)
		;
	if (i == pg->nr_statements) {
		*res = PQexecParams(pg->conn, sql, (int)nr, b->type, b->p,
				    b->len, b->format, 1);
		rc = remember(pg, sql);
	} else {
		rc = prepare(pg, i, b, nr, name);
		if (rc)
			return rc;
		*res = PQexecPrepared(pg->conn, name, (int)nr, b->p, b->len,
				      b->format, 1);
	}
	return good(*res) ? rc : pg_fail(pg, *res);
}

int pg_run(struct db *db, const char *sql, const struct db_value *arg,
	   unsigned nr, db_row_fn *row, void *row_arg, int64_t *changed)
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
	for (i = 0; i < nr; i++)
		bind_value(&b, i, &arg[i]);
	rc = execute(pg, sql, &b, nr, &res);
	if (!rc && changed)
		*changed = strtoll(PQcmdTuples(res), NULL, 10);
	if (!rc && row)
		rc = each_row(res, row, row_arg);
	PQclear(res);
	return rc;
}

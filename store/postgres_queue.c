/* SPDX-License-Identifier: MIT */
/*
 * Statements are sent together and answered together: what nobody waits for
 * waits in a queue for the next one whose rows are wanted, or for the commit.
 * A statement that fails takes those behind it along, and its error is that of
 * whoever looks first.
 */
#include "postgres.h"

#include <stdio.h>
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
	pg->missing = state && !strcmp(state, "42P01"); /* undefined_table */
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

/* -- the queue ------------------------------------------------------------ */

int pg_enter(struct pg *pg)
{
	return PQenterPipelineMode(pg->conn) ? 0 : pg_fail(pg, NULL);
}

int pg_queued(struct pg *pg, int sent)
{
	if (!sent)
		return pg_fail(pg, NULL);
	pg->queued++;
	return 0;
}

int pg_queue(struct pg *pg, const struct pg_step *step, unsigned nr)
{
	unsigned i;
	int rc = pg_enter(pg);

	for (i = 0; i < nr && !rc; i++)
		rc = pg_queued(pg, PQsendQueryParams(pg->conn, step[i].sql,
						     step[i].value != NULL,
						     NULL, &step[i].value, NULL,
						     NULL, 0));
	return rc;
}

/* The result of one statement; what follows a failed one is not looked at. */
static int take_result(struct pg *pg, int rc, PGresult **out)
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

int pg_part(struct pg *pg)
{
	int rc = pg->owed ? pg_settle(pg, NULL) : 0;

	if (rc || !pg->queued)
		return rc;
	if (!PQpipelineSync(pg->conn))
		return pg_fail(pg, NULL);
	pg->owed = pg->queued;
	pg->queued = 0;
	return 0;
}

/* A connection on which that went wrong is in no state that is known. */
static void take_owed(struct pg *pg)
{
	for (; pg->owed && !pg->lost; pg->owed--)
		if (take_result(pg, 0, NULL)) {
			pg->lost = 1;
			pg->failed = -LVL_E_AGAIN;
		}
	if (!pg->lost)
		PQclear(PQgetResult(pg->conn)); /* of the sync */
	pg->owed = 0;
}

static int take_queued(struct pg *pg, int rc, PGresult **out)
{
	unsigned i, queued = pg->queued;

	pg->queued = 0;
	for (i = 1; i <= queued && !pg->lost; i++)
		rc = take_result(pg, rc,
				 out && i == queued ? out : pg_wanted(pg, i));
	if (!pg->lost)
		PQclear(PQgetResult(pg->conn));
	return rc;
}

int pg_settle(struct pg *pg, PGresult **out)
{
	int rc = 0;

	if (out)
		*out = NULL;
	if (!pg->queued && !pg->owed)
		return 0;
	if (pg->queued && !PQpipelineSync(pg->conn))
		rc = pg_fail(pg, NULL);
	if (pg->owed)
		take_owed(pg);
	if (pg->lost && !rc)
		rc = pg->failed;
	if (pg->queued)
		rc = take_queued(pg, rc, out);
	if (!pg->lost && !PQexitPipelineMode(pg->conn))
		rc = pg_fail(pg, NULL);
	pg_prepared(pg, rc);
	if (!rc)
		return 0;
	pg_forget(pg);
	if (out) {
		PQclear(*out);
		*out = NULL;
	}
	return rc;
}

int pg_steps(struct pg *pg, const struct pg_step *step, unsigned nr,
	     PGresult **out)
{
	int rc = pg_queue(pg, step, nr);

	return rc ? rc : pg_settle(pg, out);
}

int pg_step(struct pg *pg, const char *sql)
{
	const struct pg_step one = { sql, NULL };

	return pg_steps(pg, &one, 1, NULL);
}

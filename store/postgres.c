/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_VERSION 150000

/* -- connecting ----------------------------------------------------------- */

/*
 * What libpq cannot read it quotes, and that may be a password: it is said
 * without the quotation, but for the names of parameters.
 */
static int readable(const char *uri, char err[STORE_ERROR])
{
	char *why = NULL, *from, *to;
	PQconninfoOption *options = PQconninfoParse(uri, &why);

	PQconninfoFree(options);
	if (options)
		return 0;
	from = why ? strchr(why, '"') : NULL;
	to = why ? strrchr(why, '"') : NULL;
	if (!from || !strncmp(why, "invalid URI query parameter:", 28))
		snprintf(err, STORE_ERROR, "PostgreSQL: %.400s",
			 why ? why : "out of memory");
	else
		snprintf(err, STORE_ERROR, "PostgreSQL: %.*s\"...%.200s",
			 from - why < 200 ? (int)(from - why) : 200, why, to);
	err[strcspn(err, "\n")] = '\0';
	PQfreemem(why);
	return -LVL_E_SYNTAX;
}

/*
 * Our defaults stand before the URI, which overrides them: among several
 * hosts the one that can be written to, and no endless wait for a machine
 * that is gone.
 */
static PGconn *connect_to(const char *uri, unsigned flags)
{
	const char *key[] = {
		"fallback_application_name", "connect_timeout",
		"keepalives_idle",           "keepalives_interval",
		"keepalives_count",          "tcp_user_timeout",
		"target_session_attrs",      "dbname",
		"client_encoding",           NULL
	};
	const char *any =
		flags & STORE_READ_ONLY || getenv("PGTARGETSESSIONATTRS")
			? NULL
			: "read-write";
	const char *value[] = { "cpulevel", "10", "10", "5",    "3",
				"30000",    any,  uri,  "UTF8", NULL };

	return PQconnectdbParams(key, value, 1);
}

static void hear(void *arg, const PGresult *notice)
{
	struct pg *pg = arg;

	(void)notice;
	pg->warned = 1;
}

/*
 * Names are ours before they are anybody's, temporary ones last.  A program
 * that stopped in the middle of a transaction stops nobody for long, and
 * nobody waits for another one without end.
 */
static const struct pg_step settings[] = {
	{ "SET search_path = cpulevel, pg_temp", NULL },
	{ "SET client_min_messages = warning", NULL },
	{ "SET idle_in_transaction_session_timeout = '5min'", NULL },
	{ "SET lock_timeout = '60s'", NULL },
	/* compiling takes longer than what it would make faster */
	{ "SET jit = off", NULL },
};

static int set_up(struct pg *pg)
{
	return pg_queue(pg, settings, LVL_COUNT(settings));
}

/* What was queued and failed with it was not done either. */
static int ask_version(struct pg *pg, long *version)
{
	static const struct pg_step ask = {
		"SELECT version FROM cpulevel.schema", NULL
	};
	PGresult *res = NULL;
	int rc = pg_steps(pg, &ask, 1, &res);

	*version = 0;
	if (!rc) {
		*version = PQntuples(res)
				   ? strtol(PQgetvalue(res, 0, 0), NULL, 10)
				   : -1;
		PQclear(res);
	} else if (!pg->lost && pg->missing) {
		pg->failed = 0;
		rc = set_up(pg);
	}
	return rc;
}

/* One round trip, if there is a schema of ours; *version 0: there is none. */
static int greet(struct pg *pg, long *version)
{
	int rc;

	pg->lost = pg->failed = pg->listening = 0;
	pg->queued = pg->owed = pg->nr_statements = 0;
	PQsetNoticeReceiver(pg->conn, hear, pg);
	if (PQserverVersion(pg->conn) < MIN_VERSION) {
		snprintf(pg->db.error, STORE_ERROR,
			 "PostgreSQL 15 or later is needed, this is %d",
			 PQserverVersion(pg->conn) / 10000);
		return -LVL_E_VERSION;
	}
	rc = set_up(pg);
	if (!rc)
		rc = ask_version(pg, version);
	return rc ? rc : pg_usable(pg, *version);
}

int pg_connected(struct pg *pg)
{
	long version;
	int rc = 0;

	if (!pg->lost)
		return 0;
	PQreset(pg->conn);
	if (PQstatus(pg->conn) == CONNECTION_OK)
		rc = greet(pg, &version);
	else
		rc = pg_fail(pg, NULL);
	if (rc)
		pg->lost = 1;
	return rc ? -LVL_E_AGAIN : 0;
}

/* -- opening -------------------------------------------------------------- */

int pg_open(const char *uri, unsigned flags, struct db **db,
	    char err[STORE_ERROR])
{
	int rc = libpq_open(err);
	struct pg *pg;
	long version;

	if (!rc)
		rc = readable(uri, err);
	if (rc)
		return rc;
	pg = calloc(1, sizeof(*pg));
	if (!pg)
		return -LVL_E_NO_MEMORY;
	pg->db.engine = &db_postgres;
	pg->flags = flags;
	pg->conn = connect_to(uri, flags);
	if (PQstatus(pg->conn) == CONNECTION_OK)
		rc = greet(pg, &version);
	else
		rc = pg_fail(pg, NULL);
	if (!rc)
		rc = pg_upgrade(pg, version);
	if (!rc) {
		*db = &pg->db;
		return 0;
	}
	snprintf(err, STORE_ERROR, "%s", pg->db.error);
	pg_close(&pg->db);
	return rc == -LVL_E_AGAIN ? -LVL_E_IO : rc;
}

void pg_close(struct db *db)
{
	struct pg *pg = pg_of(db);

	pg_forget(pg);
	PQfinish(pg->conn);
	free(pg->statement);
	free(pg);
}

/* -- waking and waiting --------------------------------------------------- */

int pg_notify(struct db *db)
{
	pg_of(db)->wake = 1;
	return 0;
}

/* 1: somebody called. */
static int called(struct pg *pg)
{
	PGnotify *n;
	int any = 0;

	if (!PQconsumeInput(pg->conn))
		pg->lost = 1;
	while ((n = PQnotifies(pg->conn))) {
		PQfreemem(n);
		any = 1;
	}
	return any;
}

/* A standby cannot listen: then it is looking now and then. */
static int listen_once(struct pg *pg)
{
	if (pg_step(pg, "LISTEN cpulevel")) {
		pg->failed = 0;
		return 0;
	}
	pg->listening = 1;
	return 1;
}

/* Calls may get lost: who waits looks every second, ms. */
#define LONGEST_WAIT 1000

/*
 * 0 means: look again.  So it is after the first LISTEN, before which
 * something may have happened, and when the connection broke.
 */
int pg_wait(struct db *db, int timeout_ms)
{
	struct pg *pg = pg_of(db);
	struct pollfd p = { .events = POLLIN };

	if (pg_connected(pg)) {
		poll(NULL, 0, timeout_ms < 250 ? timeout_ms : 250);
		return 0;
	}
	pg_settle(pg, NULL);
	if (!pg->lost && !pg->listening && listen_once(pg))
		return 0;
	if (pg->lost || called(pg))
		return 0;
	p.fd = pg->listening ? PQsocket(pg->conn) : -1;
	if (poll(&p, 1, timeout_ms < LONGEST_WAIT ? timeout_ms : LONGEST_WAIT) >
	    0) {
		called(pg);
		return 0;
	}
	return -LVL_E_TIMEOUT;
}

const struct db_engine db_postgres = {
	.name = "postgresql",
	.open = pg_open,
	.close = pg_close,
	.begin = pg_begin,
	.commit = pg_commit,
	.abort = pg_abort,
	.run = pg_run,
	.ahead = pg_ahead,
	.bulk = pg_bulk,
	.notify = pg_notify,
	.wait = pg_wait,
};

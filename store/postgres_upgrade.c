/* SPDX-License-Identifier: MIT */
/* The schema: ours, of a version that we know, or new. */
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

static int ask(struct pg *pg, const char *sql, long *value)
{
	const struct pg_step step = { sql, NULL };
	PGresult *res;
	int rc = pg_steps(pg, &step, 1, &res);

	if (rc)
		return rc;
	*value = PQntuples(res) ? strtol(PQgetvalue(res, 0, 0), NULL, 10) : -1;
	PQclear(res);
	return 0;
}

int pg_usable(struct pg *pg, long version)
{
	if (version >= 0 && version <= (long)pg_schema_version)
		return 0;
	if (version < 0) {
		snprintf(pg->db.error, STORE_ERROR,
			 "database %.100s: its schema \"cpulevel\" is "
			 "damaged: there is no version in it",
			 PQdb(pg->conn));
		return -LVL_E_CHECKSUM;
	}
	snprintf(pg->db.error, STORE_ERROR,
		 "database %.100s: its schema is version %ld, and this "
		 "cpulevel knows %u; use the cpulevel that made it, or a newer "
		 "one",
		 PQdb(pg->conn), version, pg_schema_version);
	return -LVL_E_VERSION;
}

/* 0: there is nothing of ours. */
static int look(struct pg *pg, long *version)
{
	long there;
	int rc = ask(pg,
		     "SELECT count(*) FROM pg_class c JOIN pg_namespace n"
		     " ON n.oid = c.relnamespace WHERE n.nspname = 'cpulevel'"
		     " AND c.relname = 'schema'",
		     &there);

	*version = 0;
	if (!rc && there)
		rc = ask(pg, "SELECT version FROM cpulevel.schema", version);
	return rc ? rc : pg_usable(pg, *version);
}

static int upgrade_from(struct pg *pg, long version)
{
	char number[16];
	const struct pg_step set = { "UPDATE schema SET version = $1::integer",
				     number };
	const char *const *sql;
	unsigned v;
	int rc = 0;

	if (!version)
		rc = pg_step(pg, "CREATE SCHEMA IF NOT EXISTS cpulevel");
	if (!rc && !version)
		rc = pg_step(pg, "CREATE TABLE schema AS SELECT 0 AS version");
	for (v = (unsigned)version; v < pg_schema_version && !rc; v++)
		for (sql = pg_schema[v]; *sql && !rc; sql++)
			rc = pg_step(pg, *sql);
	snprintf(number, sizeof(number), "%u", pg_schema_version);
	return rc ? rc : pg_steps(pg, &set, 1, NULL);
}

/* Another program may do the same at the same time: one after the other. */
static int upgrade(struct pg *pg)
{
	/* the lock's number: "cpulevel" */
	static const struct pg_step begin[] = {
		/* whatever the server's default is: it sees what the one
		 * before did */
		{ "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", NULL },
		{ "SELECT pg_advisory_xact_lock(7165356115565634924)", NULL },
	};
	long version;
	int rc = pg_steps(pg, begin, 2, NULL);

	if (!rc)
		rc = look(pg, &version);
	if (!rc && version < (long)pg_schema_version)
		rc = upgrade_from(pg, version);
	if (!rc)
		rc = pg_step(pg, "COMMIT");
	return rc;
}

int pg_upgrade(struct pg *pg, long version)
{
	if (version == (long)pg_schema_version)
		return 0;
	if (!version && pg->flags & (STORE_EXISTING | STORE_READ_ONLY)) {
		snprintf(pg->db.error, STORE_ERROR,
			 "the database %s has no inventory", PQdb(pg->conn));
		return -LVL_E_NOT_FOUND;
	}
	if (pg->flags & STORE_READ_ONLY) {
		snprintf(pg->db.error, STORE_ERROR,
			 "database %.100s: its schema is version %ld; open it "
			 "once for writing to make it version %u",
			 PQdb(pg->conn), version, pg_schema_version);
		return -LVL_E_READ_ONLY;
	}
	return upgrade(pg);
}

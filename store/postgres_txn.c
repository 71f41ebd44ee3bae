/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <string.h>

static void rollback(struct pg *pg)
{
	char error[STORE_ERROR];

	memcpy(error, pg->db.error, sizeof(error));
	pg_forget(pg);
	if (!pg->lost)
		pg_settle(pg, NULL);
	if (!pg->lost && PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
		pg_step(pg, "ROLLBACK");
	memcpy(pg->db.error, error, sizeof(error));
	pg->failed = 0;
}

/*
 * Writers follow one another, so what a snapshot shows is what some serial
 * order gives: readers need no more, and a standby has no more.
 */
static int begin_read(struct pg *pg)
{
	static const struct pg_step step = {
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL
	};

	return pg_queue(pg, &step, 1);
}

/*
 * The snapshot comes with the first statement behind the lock.  After a
 * commit that broke off, this transaction writes in any case: once it is
 * acknowledged, by a standby too, so is all that it has read.
 */
static int begin_write(struct pg *pg)
{
	static const struct pg_step steps[] = {
		{ "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE", NULL },
		{ "LOCK TABLE writer IN EXCLUSIVE MODE", NULL },
		{ "UPDATE writer SET settled = settled + 1", NULL },
	};

	return pg_queue(pg, steps, pg->unsettled ? 3 : 2);
}

int pg_begin(struct db *db, enum store_mode mode)
{
	struct pg *pg = pg_of(db);
	int rc;

	pg->mode = mode;
	pg->wake = pg->failed = 0;
	rc = pg_connected(pg);
	if (rc)
		return rc;
	return mode == STORE_WRITE ? begin_write(pg) : begin_read(pg);
}

/*
 * -LVL_E_UNCERTAIN: it broke off.  A commit of which the server says "done
 * here, but not at the standby" is no better.
 */
static int commit_write(struct pg *pg)
{
	static const struct pg_step steps[] = { { "NOTIFY cpulevel", NULL },
						{ "COMMIT", NULL } };
	unsigned skip = !pg->wake;
	int rc;

	pg->warned = 0;
	rc = pg_steps(pg, steps + skip, 2 - skip, NULL);
	if (pg->lost || (!rc && pg->warned)) {
		pg->unsettled = 1;
		return -LVL_E_UNCERTAIN;
	}
	if (rc) {
		rollback(pg);
		return rc;
	}
	pg->unsettled = 0;
	pg->wrote = 1;
	return 0;
}

int pg_commit(struct db *db)
{
	static const struct pg_step commit = { "COMMIT", NULL };
	struct pg *pg = pg_of(db);
	int rc = pg->failed;

	pg_forget(pg);
	if (rc) {
		rollback(pg);
		return rc;
	}
	if (pg->mode == STORE_WRITE)
		return commit_write(pg);
	/* What was read was read, whatever becomes of the connection. */
	if (!pg_queue(pg, &commit, 1))
		pg_part(pg);
	pg->failed = 0;
	return 0;
}

void pg_abort(struct db *db)
{
	rollback(pg_of(db));
}

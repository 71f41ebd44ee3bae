/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL: writers one after the other, lost connections, commits that
 * break off, calls.
 */
#include "postgres.h"
#include "stores.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- writers -------------------------------------------------------------- */

#define WRITERS 4
#define TIMES 150

/* Read, then write what was read and one more: never to be done again. */
static int add_one(struct db *d)
{
	struct db_value v = { DB_INT, 0, NULL, 0 };
	int rc;

	rc = db_postgres.begin(d, STORE_WRITE);
	if (!rc)
		rc = db_postgres.run(d, "SELECT n FROM t", NULL, 0, save_number,
				     &v.i);
	v.i++;
	if (!rc)
		rc = db_postgres.run(d, "UPDATE t SET n = $1", &v, 1, NULL,
				     NULL);
	if (!rc)
		rc = db_postgres.commit(d);
	if (!rc)
		return 0;
	db_postgres.abort(d);
	return rc;
}

/* A process of its own: how it ends says how it went. */
static void add_many(void)
{
	int i, rc = 0;

	db = open_store(0);
	for (i = 0; i < TIMES && !rc; i++)
		while ((rc = add_one(db)) == -LVL_E_AGAIN)
			;
	if (rc)
		fprintf(stderr, "# %d: %s\n", rc, db->error);
	_exit(rc != 0);
}

static void writers_follow(void **state)
{
	pid_t pid[WRITERS];
	int i, status;

	(void)state;
	assert_int_equal(once("CREATE TABLE t AS SELECT 0::bigint AS n"), 0);
	for (i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			add_many();
	}
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_string_equal(ask("SELECT n FROM cpulevel.t"), "600");
}

/* Somebody who has stopped in the middle: to be tried again, not for ever. */
static void writers_give_up(void **state)
{
	(void)state;
	assert_int_equal(once("SET lock_timeout = '100ms'"), 0);
	ask("BEGIN; LOCK TABLE cpulevel.writer IN EXCLUSIVE MODE");
	begin(STORE_WRITE);
	assert_int_equal(run("SELECT 1"), -LVL_E_AGAIN);
	assert_non_null(strstr(db->error, "lock timeout"));
	db_postgres.abort(db);
	begin(STORE_READ); /* readers do not care */
	assert_int_equal(commit(), 0);
	ask("ROLLBACK");
	begin(STORE_WRITE);
	assert_int_equal(commit(), 0);
}

/* A reader sees one state, and stops no writer. */
static void readers_stand_still(void **state)
{
	struct db *other = open_store(0);

	(void)state;
	assert_int_equal(once("CREATE TABLE t AS SELECT 0::bigint AS n"), 0);
	begin(STORE_READ);
	assert_int_equal(number("SELECT n FROM t"), 0);
	assert_int_equal(add_one(other), 0);
	assert_int_equal(number("SELECT n FROM t"), 0);
	assert_int_equal(commit(), 0);
	begin(STORE_READ);
	assert_int_equal(number("SELECT n FROM t"), 1);
	assert_int_equal(commit(), 0);
	db_postgres.close(other);
}

/* -- lost connections ----------------------------------------------------- */

static void lost_before_commit(void **state)
{
	(void)state;
	assert_int_equal(once("CREATE TABLE t (n integer)"), 0);
	begin(STORE_WRITE);
	assert_int_equal(run("INSERT INTO t VALUES (1)"), 0);
	terminate(number("SELECT pg_backend_pid()"));
	assert_int_equal(run("INSERT INTO t VALUES (2)"), -LVL_E_AGAIN);
	assert_int_equal(run("INSERT INTO t VALUES (3)"), -LVL_E_AGAIN);
	assert_int_equal(commit(), -LVL_E_AGAIN);
	db_postgres.abort(db);
	begin(STORE_WRITE);
	assert_int_equal(run("INSERT INTO t VALUES (1)"), 0);
	assert_int_equal(commit(), 0);
	assert_string_equal(ask("SELECT count(*) FROM cpulevel.t"), "1");
}

static void lost_between(void **state)
{
	int64_t pid;

	(void)state;
	begin(STORE_READ);
	terminate(number("SELECT pg_backend_pid()"));
	assert_int_equal(commit(), 0); /* nothing was at stake */
	begin(STORE_READ);
	assert_int_equal(run("SELECT 1"), -LVL_E_AGAIN);
	db_postgres.abort(db);
	begin(STORE_READ);
	terminate(number("SELECT pg_backend_pid()"));
	db_postgres.abort(db);
	begin(STORE_WRITE);
	db_postgres.abort(db);
	/* when nobody was looking */
	begin(STORE_READ);
	pid = number("SELECT pg_backend_pid()");
	assert_int_equal(commit(), 0);
	terminate(pid);
	begin(STORE_WRITE);
	assert_int_equal(run("SELECT 1"), -LVL_E_AGAIN);
	db_postgres.abort(db);
	begin(STORE_WRITE);
	assert_int_equal(commit(), 0);
}

/* The server dies at the commit, before it: a trigger does it. */
static void commit_that_did_not(void **state)
{
	(void)state;
	assert_int_equal(once("CREATE TABLE t (n integer)"), 0);
	ask("CREATE FUNCTION cpulevel.die() RETURNS trigger LANGUAGE plpgsql"
	    " AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
	    " RETURN NULL; END $$");
	ask("CREATE CONSTRAINT TRIGGER die AFTER INSERT ON cpulevel.t"
	    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
	    " EXECUTE FUNCTION cpulevel.die()");
	assert_int_equal(once("INSERT INTO t VALUES (1)"), -LVL_E_UNCERTAIN);
	begin(STORE_WRITE);
	assert_int_equal(number("SELECT count(*) FROM t"), 0);
	assert_int_equal(commit(), 0);
}

/* Somebody waits until the commit waits for a standby, and does it. */
static pid_t meanwhile(const char *sql)
{
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	admin = PQconnectdb(server);
	for (i = 0; i < 200; i++) {
		if (strcmp(ask("SELECT count(*) FROM pg_stat_activity"
			       " WHERE wait_event = 'SyncRep'"),
			   "0") != 0)
			break;
		poll(NULL, 0, 20);
	}
	ask(sql);
	poll(NULL, 0, 300);
	ask("ALTER SYSTEM RESET synchronous_standby_names");
	ask("SELECT pg_reload_conf()");
	_exit(0);
}

/* The server has done it, and could not say so. */
static void commit_that_did(const char *sql)
{
	pid_t pid;

	assert_int_equal(once("CREATE TABLE t (n integer)"), 0);
	ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	ask("SELECT pg_reload_conf()");
	poll(NULL, 0, 200);
	begin(STORE_WRITE);
	assert_int_equal(run("INSERT INTO t VALUES (1)"), 0);
	pid = meanwhile(sql);
	assert_int_equal(commit(), -LVL_E_UNCERTAIN);
	waitpid(pid, NULL, 0);
	/* what was there is confirmed by one more write */
	while (db_postgres.begin(db, STORE_WRITE) || run("SELECT 1"))
		db_postgres.abort(db);
	assert_int_equal(number("SELECT count(*) FROM t"), 1);
	assert_int_equal(number("SELECT settled FROM writer"), 1);
	assert_int_equal(commit(), 0);
	assert_int_equal(once("INSERT INTO t VALUES (2)"), 0);
	assert_string_equal(ask("SELECT settled FROM cpulevel.writer"), "1");
}

static void commit_cut_off(void **state)
{
	(void)state;
	commit_that_did("SELECT pg_terminate_backend(pid) FROM"
			" pg_stat_activity WHERE wait_event = 'SyncRep'");
}

/* It only warns: done here, perhaps not at the standby. */
static void commit_cancelled(void **state)
{
	(void)state;
	commit_that_did("SELECT pg_cancel_backend(pid) FROM"
			" pg_stat_activity WHERE wait_event = 'SyncRep'");
}

/* -- the store above ------------------------------------------------------ */

static int add_pool(struct store *s, void *arg)
{
	struct store_pool p = { .name = arg, .guest = LVL_HVM };

	return store_put_pool(s, &p);
}

/* The commit happened although its connection broke: it is not done again. */
static void store_finds_out(void **state)
{
	struct store *s = stores_open(server, 0);
	pid_t pid;

	(void)state;
	ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	ask("SELECT pg_reload_conf()");
	poll(NULL, 0, 200);
	pid = meanwhile("SELECT pg_terminate_backend(pid) FROM"
			" pg_stat_activity WHERE wait_event = 'SyncRep'");
	write_by(s, add_pool, "a");
	waitpid(pid, NULL, 0);
	assert_string_equal(ask("SELECT count(*) FROM cpulevel.change"), "1");
	assert_string_equal(ask("SELECT settled FROM cpulevel.writer"), "1");
	store_close(s);
}

/* Promoted without all that was acknowledged: nobody writes on by mistake. */
static void old_copy(void **state)
{
	struct store *s = stores_open(server, 0);

	(void)state;
	write_by(s, add_pool, "a");
	write_by(s, add_pool, "b");
	ask("DELETE FROM cpulevel.change WHERE seq = 2");
	assert_int_equal(store_txn(s, STORE_WRITE, add_pool, "c"), -LVL_E_IO);
	assert_non_null(strstr(store_error(s), "an old copy"));
	store_close(s);
}

/* -- waking --------------------------------------------------------------- */

static void wakes(void **state)
{
	struct db *other = open_store(0);

	(void)state;
	assert_int_equal(db_postgres.wait(db, 10), 0); /* look first */
	assert_int_equal(db_postgres.wait(db, 10), -LVL_E_TIMEOUT);
	assert_int_equal(db_postgres.begin(other, STORE_WRITE), 0);
	assert_int_equal(db_postgres.notify(other), 0);
	assert_int_equal(db_postgres.wait(db, 10), -LVL_E_TIMEOUT);
	assert_int_equal(db_postgres.commit(other), 0);
	assert_int_equal(db_postgres.wait(db, 5000), 0);
	assert_int_equal(db_postgres.wait(db, 10), -LVL_E_TIMEOUT);
	db_postgres.close(other);
	/* a lost connection: look again */
	ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
	    " WHERE application_name = 'cpulevel'");
	assert_int_equal(db_postgres.wait(db, 10), 0);
	while (db_postgres.wait(db, 10) != -LVL_E_TIMEOUT)
		;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(writers_follow),
		TEST(writers_give_up),
		TEST(readers_stand_still),
		TEST(lost_before_commit),
		TEST(lost_between),
		TEST(commit_that_did_not),
		TEST(commit_cut_off),
		TEST(commit_cancelled),
		TEST(store_finds_out),
		TEST(old_copy),
		TEST(wakes),
	};

	return beside_server(tests, sizeof(tests) / sizeof(tests[0]));
}

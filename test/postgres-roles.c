/* SPDX-License-Identifier: MIT */
/*
 * Who may do what in PostgreSQL: store/postgres-roles.sql with real logins.
 * A host publishes itself and does nothing else, a reader writes nothing, an
 * operator does not touch what is in the change table.
 */
#include "dump.h"
#include "postgres.h"
#include "stores.h"

static struct lvl_desc *clx, *icx;

/* -- what the tests use --------------------------------------------------- */

static char *file(const char *name)
{
	static char text[65536];
	const char *root = getenv("CPULEVEL_ROOT");
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* The same server, somebody else. */
static char *uri_of(const char *login)
{
	static char text[512];

	snprintf(text, sizeof(text), "postgresql://%s%s", login,
		 strchr(server, '@'));
	return text;
}

static struct store *enter(const char *login)
{
	return stores_open(uri_of(login), STORE_EXISTING);
}

/* What somebody gets for a statement: "", or why not. */
static const char *says(const char *login, const char *sql)
{
	static char text[512];
	PGconn *c = PQconnectdb(uri_of(login));
	PGresult *res;

	PQclear(PQexec(c, "SET search_path = cpulevel"));
	res = PQexec(c, sql);
	snprintf(text, sizeof(text), "%s%s", PQresultErrorMessage(res),
		 PQcmdTuples(res));
	PQclear(res);
	PQfinish(c);
	return text;
}

static void refused(const char *login, const char *sql, const char *why)
{
	const char *text = says(login, sql);

	if (!strstr(text, why))
		fail_msg("%s: %s\n%s", login, sql, text);
}

struct publishing {
	const char *host;
	const struct lvl_desc *d;
	int changed;
};

static int publish(struct store *s, void *arg)
{
	struct publishing *p = arg;

	return store_publish(s, p->host, p->d, &p->changed);
}

/* As that login; 0: it changed nothing, 1: it did. */
static int publishes(const char *login, const char *host,
		     const struct lvl_desc *d)
{
	struct publishing p = { host, d, -1 };
	struct store *s = enter(login);
	int rc = store_txn(s, STORE_WRITE, publish, &p);

	if (rc)
		print_message("%s: %s\n", login, store_error(s));
	store_close(s);
	return rc ? rc : p.changed;
}

/* -- the fleet ------------------------------------------------------------ */

static int make_fleet(struct store *s, void *arg)
{
	struct store_pool p = { .name = "prod", .guest = LVL_HVM };
	struct store_vm v = { .name = "web", .guest = LVL_HVM };
	static const char *const names[] = { "clx-1", "icx-1", "icx-2" };
	unsigned i;

	(void)arg;
	good(s, store_put_pool(s, &p));
	v.pool = p.id;
	for (i = 0; i < 3; i++) {
		struct store_host h = { .name = names[i], .pool = p.id };

		good(s, store_put_host(s, &h));
		v.host = h.id;
	}
	return store_put_vm(s, &v);
}

static const char *const logins[][2] = {
	{ "icx-1", "publisher" }, { "new-1", "publisher" },
	{ "agent", "publisher" }, { "watcher", "reader" },
	{ "alice", "operator" },  { "nobody", NULL },
};

static void make_logins(void)
{
	char sql[256];
	unsigned i;

	for (i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		snprintf(sql, sizeof(sql), "CREATE ROLE \"%s\" LOGIN",
			 logins[i][0]);
		ask(sql);
		snprintf(sql, sizeof(sql), "GRANT cpulevel_%s TO \"%s\"",
			 logins[i][1], logins[i][0]);
		if (logins[i][1])
			ask(sql);
	}
}

static int fleet(void **state)
{
	struct store *s;
	int i;

	(void)state;
	ask("DROP SCHEMA IF EXISTS cpulevel CASCADE");
	s = stores_open(server, 0);
	for (i = 0; i < 2; i++) /* twice does no harm */
		assert_string_equal(ask(file("store/postgres-roles.sql")), "");
	make_logins();
	ask("INSERT INTO cpulevel.publisher VALUES ('agent', 'icx-2')");
	store_close(s);
	s = enter("alice");
	write_by(s, make_fleet, NULL);
	store_close(s);
	return 0;
}

/* -- hosts ---------------------------------------------------------------- */

#define COUNTS                                                             \
	"SELECT string_agg(profile || ':' || hosts, ' ' ORDER BY profile)" \
	" FROM cpulevel.host_count"

static void host_publishes_itself(void **state)
{
	(void)state;
	assert_string_equal(ask(COUNTS), "0:3");
	assert_int_equal(publishes("icx-1", "icx-1", icx), 1);
	assert_string_equal(ask(COUNTS), "0:2 1:1");
	assert_int_equal(publishes("icx-1", "icx-1", icx), 0);
	assert_int_equal(publishes("icx-1", "icx-1", clx), 1);
	assert_string_equal(ask(COUNTS), "0:2 2:1");
	assert_string_equal(ask("SELECT pool FROM cpulevel.host"
				" WHERE name = 'icx-1'"),
			    "1");
	/* by name, whatever its login */
	assert_int_equal(publishes("agent", "icx-2", icx), 1);
	/* one that nobody knew is in no pool */
	assert_int_equal(publishes("new-1", "new-1", icx), 1);
	assert_string_equal(ask(COUNTS), "0:1 1:1 1:1 2:1");
	assert_string_equal(ask("SELECT pool FROM cpulevel.host"
				" WHERE name = 'new-1'"),
			    "0");
}

static void host_publishes_nobody_else(void **state)
{
	struct store *s;
	char err[STORE_ERROR];

	(void)state;
	assert_int_equal(publishes("icx-1", "clx-1", icx), -LVL_E_IO);
	assert_int_equal(publishes("icx-1", "icx-2", icx), -LVL_E_IO);
	assert_int_equal(publishes("icx-1", "icx-9", icx), -LVL_E_IO);
	assert_int_equal(publishes("agent", "agent", icx), 1);
	/* a login without a role does not come in */
	assert_int_equal(store_open(uri_of("nobody"), 0, &s, err), -LVL_E_IO);
	assert_non_null(strstr(err, "permission denied"));
}

/* The same by hand, without our code. */
static void host_by_hand(void **state)
{
	static const char *const denied[] = {
		"DELETE FROM host",
		"UPDATE change SET note = 'x'",
		"DELETE FROM change",
		"SELECT before FROM change",
		"SELECT * FROM vm",
		"SELECT * FROM host_count",
		"UPDATE host_count SET hosts = 7",
		"INSERT INTO pool (id, guest, rev, name) VALUES (9, 0, 1, 'x')",
		"UPDATE schema SET version = 7",
		"INSERT INTO publisher VALUES ('icx-1', 'clx-1')",
		"CREATE TABLE x (n integer)",
		"TRUNCATE host",
	};
	unsigned i;

	(void)state;
	assert_int_equal(publishes("icx-1", "icx-1", icx), 1);
	for (i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		refused("icx-1", denied[i], "denied");
	refused("icx-1", "DROP TRIGGER host_stays ON host", "must be owner");
	assert_string_equal(says("icx-1", "SELECT FROM host"), "1");
	assert_string_equal(says("icx-1", "UPDATE host SET profile = 1"
					  " WHERE name = 'clx-1'"),
			    "0");
	refused("icx-1", "UPDATE host SET pool = 0", "nothing else");
	refused("icx-1", "UPDATE host SET grp = 'x'", "nothing else");
	refused("icx-1", "UPDATE host SET state = 1", "nothing else");
	refused("icx-1", "UPDATE host SET name = 'clx-9'", "nothing else");
	refused("icx-1", "UPDATE counter SET value = 0", "only grow");
	refused("icx-1", "UPDATE counter SET value = value + 2", "only grow");
	refused("icx-1",
		"INSERT INTO object (id, hash, data)"
		" VALUES (100, sha256('x'), 'x')",
		"follow one another");
	refused("icx-1",
		"INSERT INTO object (id, hash, data)"
		" SELECT max(id) + 1, sha256('x'), 'y' FROM object",
		"check constraint");
	refused("icx-1",
		"INSERT INTO source SELECT max(id) + 1, 'x', E'6.1\\x1b[2J', "
		"'',"
		" '', '' FROM source",
		"no control");
	refused("icx-1", "SET ROLE alice", "denied");
}

#define CHANGE(seq, name)                                                     \
	"INSERT INTO change (seq, time, txn, id, pool, kind, actor, name,"    \
	" after) SELECT " seq                                                 \
	", extract(epoch FROM now()) * 1000 + 60000, 1, 1, 1, 1, 'x', '" name \
	"', '{\"profile\":1}'"

/* What is in the change table can neither be changed nor made up. */
static void changes_stay(void **state)
{
	(void)state;
	assert_int_equal(publishes("icx-1", "icx-1", icx), 1);
	refused("icx-1", CHANGE("1000", "icx-1"), "follow one another");
	refused("icx-1", CHANGE("max(seq) + 1", "clx-1") " FROM change",
		"row-level security");
	refused("icx-1", CHANGE("max(seq) + 1", "icx-1") " FROM change",
		"row-level security");
	refused("alice", CHANGE("1000", "x"), "follow one another");
	refused("alice", "UPDATE change SET note = 'x'", "denied");
	refused("alice", "DELETE FROM change", "denied");
	refused("alice", "UPDATE level SET version = 3", "denied");
	refused("alice", "UPDATE host_count SET hosts = 3", "denied");
}

/*
 * What somebody's trigger calls runs on their tables, as its owner where it
 * is made so: counts that are made up, or whatever a cast of theirs does.
 */
static void functions_stay(void **state)
{
	static const char *const functions[] = {
		"host_in", "host_out", "host_on", "vm_in", "vm_out",
		"vm_on",   "follows",  "next_id", "refuse"
	};
	static const char *const who[] = { "icx-1", "watcher", "alice" };
	char sql[256];
	unsigned i, k;

	(void)state;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		snprintf(sql, sizeof(sql),
			 "CREATE TEMP TABLE x (pool integer); CREATE TRIGGER t"
			 " AFTER INSERT ON x REFERENCING NEW TABLE AS added"
			 " EXECUTE FUNCTION cpulevel.%s()",
			 functions[i]);
		for (k = 0; k < sizeof(who) / sizeof(who[0]); k++)
			refused(who[k], sql, "permission denied for function");
	}
	refused("watcher", "SELECT continues(1, 1, NULL)", "denied");
	/* that is all that there are */
	assert_string_equal(
		ask("SELECT count(*) FROM pg_proc p WHERE pronamespace ="
		    " 'cpulevel'::regnamespace AND prorettype = "
		    "'trigger'::regtype"),
		"9");
	assert_string_equal(
		ask("SELECT count(*) FROM pg_proc p WHERE pronamespace ="
		    " 'cpulevel'::regnamespace AND proacl::text ~ '[{,]='"),
		"0");
}

/* One transaction: icx-1 gets a profile again, with such a change. */
static void made_up(const char *time, const char *before, const char *after,
		    const char *why)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "BEGIN; UPDATE host SET rev = (SELECT max(seq) + 1 FROM"
		 " change) WHERE name = 'icx-1'; INSERT INTO change (seq,"
		 " time, txn, id, pool, kind, actor, name, before, after)"
		 " SELECT rev, %s, 1, id, pool, 1, 'x', name, %s, %s"
		 " FROM host WHERE name = 'icx-1'; ROLLBACK",
		 time, before, after);
	if (*why)
		refused("icx-1", sql, why);
	else
		assert_string_equal(says("icx-1", sql), "");
}

#define NOW "extract(epoch FROM now()) * 1000 + 60000"
#define ROW_NOW(state)                                                  \
	"json_build_object('id', id, 'rev', rev, 'name', name, 'pool'," \
	" pool, 'profile', profile, 'source', source, 'state', '" state \
	"', 'group', grp)"
#define LIKE_BEFORE                                                          \
	"json_build_object('id', id, 'rev', 6, 'name', name, 'pool', pool,"  \
	" 'profile', profile, 'source', source, 'state', 'active', 'group'," \
	" grp)"

/* A host that lies does so of what it is now, not of what was. */
static void past_stays(void **state)
{
	(void)state;
	assert_int_equal(publishes("icx-1", "icx-1", icx), 1);
	made_up(NOW, LIKE_BEFORE, ROW_NOW("active"), "");
	made_up(NOW, "NULL", ROW_NOW("active"), "row-level");
	made_up(NOW, "'{}'", ROW_NOW("active"), "row-level");
	made_up(NOW, "'['", ROW_NOW("active"), "invalid input");
	made_up(NOW, ROW_NOW("active"), ROW_NOW("active"), "row-level");
	made_up(NOW, LIKE_BEFORE, ROW_NOW("retired"), "row-level");
	made_up(NOW, LIKE_BEFORE, "NULL", "row-level");
	/* nor can it find out what another one was */
	assert_string_equal(says("icx-1", "SELECT FROM generate_series(1, 9) h"
					  " WHERE continues(h, 100, NULL)"),
			    "0");
	/* nor of when */
	made_up(NOW " + 3600000", LIKE_BEFORE, ROW_NOW("active"), "ahead");
	made_up("1", LIKE_BEFORE, ROW_NOW("active"), "follow one another");
	/* nor does it use up the numbers of others */
	refused("icx-1", "INSERT INTO counter VALUES ('assign', 2000000000)",
		"begin with 1");
	refused("icx-1", "INSERT INTO counter VALUES ('host', 2000000000)",
		"begin with 1");
}

/* -- readers and operators ------------------------------------------------ */

static int read_all(struct store *s, void *arg)
{
	struct store_host h;
	struct store_vm v;

	good(s, store_check(s, NULL, NULL, arg));
	good(s, store_find_vm(s, "web", &v));
	return store_find_host(s, "clx-1", &h);
}

static int rename_pool(struct store *s, void *arg)
{
	struct store_pool p;
	int rc = store_find_pool(s, "prod", &p);

	(void)arg;
	p.name = "prod-a";
	return rc ? rc : store_put_pool(s, &p);
}

static void reader_reads(void **state)
{
	struct store *s = enter("watcher");
	int64_t problems = -1;

	(void)state;
	read_by(s, read_all, &problems);
	assert_int_equal(problems, 0);
	assert_int_equal(store_txn(s, STORE_WRITE, rename_pool, NULL),
			 -LVL_E_IO);
	assert_non_null(strstr(store_error(s), "permission denied"));
	store_close(s);
	assert_int_equal(publishes("watcher", "watcher", icx), -LVL_E_IO);
	refused("watcher", "BEGIN; LOCK TABLE writer IN EXCLUSIVE MODE",
		"denied");
	refused("watcher", "UPDATE host SET pool = 0", "denied");
	refused("watcher", "DELETE FROM vm", "denied");
	refused("nobody", "SELECT * FROM cpulevel.host", "denied");
}

static int next_one(void *arg, struct store_host *h)
{
	h->name = "icx-1"; /* there is one */
	return !(*(int *)arg)++;
}

static int add_one(struct store *s, void *arg)
{
	return store_bulk_hosts(s, next_one, arg);
}

static int drop_vm(struct store *s, void *arg)
{
	struct store_vm v;

	(void)arg;
	good(s, store_find_vm(s, "web", &v));
	return store_drop_vm(s, &v);
}

static void operator_operates(void **state)
{
	struct store *s = enter("alice");
	int64_t problems = -1;
	int n = 0;

	(void)state;
	write_by(s, rename_pool, NULL);
	assert_int_equal(store_txn(s, STORE_WRITE, add_one, &n),
			 -LVL_E_DUPLICATE);
	read_by(s, read_all, &problems);
	assert_int_equal(problems, 0);
	write_by(s, drop_vm, NULL);
	store_close(s);
}

#define FLEET_TEST(f) cmocka_unit_test_setup(f, fleet)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FLEET_TEST(host_publishes_itself),
		FLEET_TEST(host_publishes_nobody_else),
		FLEET_TEST(host_by_hand),
		FLEET_TEST(changes_stay),
		FLEET_TEST(functions_stay),
		FLEET_TEST(past_stays),
		FLEET_TEST(reader_reads),
		FLEET_TEST(operator_operates),
	};
	int rc;

	clx = dump("clx.txt");
	icx = dump("icx.txt");
	rc = beside_server(tests, sizeof(tests) / sizeof(tests[0]));
	lvl_desc_free(clx);
	lvl_desc_free(icx);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* PostgreSQL: values there and back, many rows, errors. */
#include "postgres.h"

/* -- values --------------------------------------------------------------- */

#define NR_VALUES 6
static const char bytes[] = "\0\1\\x\377'";
static const struct db_value values[][NR_VALUES] = {
	{ { DB_INT, 0, NULL, 0 },
	  { DB_INT, INT64_MAX, NULL, 0 },
	  { DB_INT, -1, NULL, 0 },
	  { DB_TEXT, 0, "'; DROP TABLE t; -- \\ $1", 0 },
	  { DB_TEXT, 0, "\xc3\xa9\xe2\x82\xac", 0 },
	  { DB_BLOB, 0, bytes, sizeof(bytes) } },
	{ { DB_INT, 1, NULL, 0 },
	  { DB_INT, INT64_MIN, NULL, 0 },
	  { DB_NULL, 0, NULL, 0 },
	  { DB_TEXT, 0, "", 0 },
	  { DB_NULL, 0, NULL, 0 },
	  { DB_BLOB, 0, NULL, 0 } },
	{ { DB_INT, 2, NULL, 0 },
	  { DB_INT, 4294967296, NULL, 0 },
	  { DB_INT, INT16_MIN, NULL, 0 },
	  { DB_NULL, 0, NULL, 0 },
	  { DB_TEXT, 0, "x", 0 },
	  { DB_NULL, 0, NULL, 0 } },
};
#define NR_ROWS (sizeof(values) / sizeof(values[0]))

static const char *const value_columns[NR_VALUES] = { "n", "big", "small",
						      "t", "u",   "b" };

static int same(void *arg, const struct db_value *v, unsigned nr)
{
	unsigned *row = arg, i;

	assert_int_equal(nr, NR_VALUES);
	for (i = 0; i < nr; i++) {
		const struct db_value *w = &values[*row][i];

		assert_int_equal(v[i].type, w->type);
		if (w->type == DB_INT)
			assert_int_equal(v[i].i, w->i);
		if (w->type == DB_TEXT)
			assert_string_equal(v[i].p, w->p);
		if (w->type == DB_BLOB)
			assert_int_equal(v[i].len, w->len);
		if (w->type == DB_BLOB && w->len)
			assert_memory_equal(v[i].p, w->p, w->len);
	}
	++*row;
	return 0;
}

static void expect_values(void)
{
	unsigned row = 0;

	begin(STORE_READ);
	assert_int_equal(db_postgres.run(db,
					 "SELECT n, big, small, t, u, b FROM t"
					 " ORDER BY n",
					 NULL, 0, same, &row),
			 0);
	assert_int_equal(commit(), 0);
	assert_int_equal(row, NR_ROWS);
}

#define TABLE                                                \
	"CREATE TABLE t (n integer PRIMARY KEY, big bigint," \
	" small smallint, t text, u text, b bytea)"

static void bound_values(void **state)
{
	unsigned i;

	(void)state;
	assert_int_equal(once(TABLE), 0);
	begin(STORE_WRITE);
	for (i = 0; i < NR_ROWS; i++) {
		assert_int_equal(
			db_postgres.run(db,
					"INSERT INTO t (n, big, small, t, u, b)"
					" VALUES ($1, $2, $3, $4, $5, $6)",
					values[i], NR_VALUES, NULL, NULL),
			0);
	}
	assert_int_equal(commit(), 0);
	expect_values();
}

static int next_value(void *arg, struct db_value *v)
{
	unsigned *row = arg;

	if (*row == NR_ROWS)
		return 0;
	memcpy(v, values[*row], sizeof(values[0]));
	++*row;
	return 1;
}

static void bulk_values(void **state)
{
	unsigned row = 0;

	(void)state;
	assert_int_equal(once(TABLE), 0);
	begin(STORE_WRITE);
	assert_int_equal(db_postgres.bulk(db, "t", value_columns, NR_VALUES,
					  next_value, &row),
			 0);
	assert_int_equal(commit(), 0);
	expect_values();
}

/* What sums of bigint are: numeric. */
static void sums(void **state)
{
	(void)state;
	begin(STORE_READ);
	assert_int_equal(number("SELECT sum(x) FROM (VALUES (10000::bigint),"
				" (20000)) v(x)"),
			 30000);
	assert_int_equal(number("SELECT -sum(x) FROM (VALUES"
				" (9223372036854775800::bigint), (7)) v(x)"),
			 -INT64_MAX);
	assert_int_equal(number("SELECT sum(0::bigint)"), 0);
	assert_int_equal(number("SELECT 120003.000::numeric"), 120003);
	assert_int_equal(number("SELECT count(*) > 0 FROM pg_class"), 1);
	assert_int_equal(commit(), 0);
}

/* -- much at once --------------------------------------------------------- */

#define MANY 300000 /* more than one chunk */

/* Who makes the rows may ask the store. */
static int next_number(void *arg, struct db_value *v)
{
	int64_t *n = arg;

	if (*n == MANY)
		return 0;
	v[0] = (struct db_value){ DB_INT, *n, NULL, 0 };
	v[1] = (struct db_value){ DB_TEXT, 0,
				  "some text that makes the row longer, so "
				  "that not all go at once",
				  0 };
	if (*n % 50000 == 0)
		number("SELECT count(*) FROM t");
	++*n;
	return 1;
}

static const char *const number_columns[] = { "n", "t" };

static void bulk_many(void **state)
{
	int64_t n = 0;

	(void)state;
	assert_int_equal(once(TABLE), 0);
	begin(STORE_WRITE);
	assert_int_equal(
		db_postgres.bulk(db, "t", number_columns, 2, next_number, &n),
		0);
	assert_int_equal(commit(), 0);
	assert_string_equal(ask("SELECT count(DISTINCT n) FROM cpulevel.t"),
			    "300000");
}

/* Enough for more than one chunk; every third is in state 1. */
#define HOSTS 200000

static const char *const host_names[] = { "id",      "rev",    "name",  "pool",
					  "profile", "source", "state", "grp" };

static int next_host(void *arg, struct db_value *v)
{
	static char name[64];
	int64_t *n = arg;
	unsigned i;

	if (*n == HOSTS)
		return 0;
	++*n;
	snprintf(name, sizeof(name), "host%lld.rack7.example.com",
		 (long long)*n);
	for (i = 0; i < 8; i++)
		v[i] = (struct db_value){ DB_INT, 1, NULL, 0 };
	v[0].i = *n;
	v[2] = (struct db_value){ DB_TEXT, 0, name, 0 };
	v[6].i = *n % 3 == 0;
	v[7].type = DB_NULL;
	return 1;
}

#define AS_BEFORE                                                          \
	"SELECT (SELECT count(*) FROM pg_index WHERE indrelid ="           \
	" 'cpulevel.host'::regclass) || ' indexes, ' || (SELECT count(*) " \
	" FROM pg_trigger WHERE tgrelid = 'cpulevel.host'::regclass AND"   \
	" tgenabled = 'O') || ' triggers'"

/* A new table has its indexes taken off for so many, and put back. */
static void bulk_bare(void **state)
{
	char before[256];
	int64_t n;
	int i;

	(void)state;
	snprintf(before, sizeof(before), "%s", ask(AS_BEFORE));
	assert_string_equal(before, "5 indexes, 4 triggers");
	for (i = 0; i < 2; i++) { /* first it is given up */
		n = 0;
		begin(STORE_WRITE);
		assert_int_equal(db_postgres.bulk(db, "host", host_names, 8,
						  next_host, &n),
				 0);
		if (!i)
			db_postgres.abort(db);
		else
			assert_int_equal(commit(), 0);
		assert_string_equal(ask(AS_BEFORE), before);
	}
	assert_string_equal(ask("SELECT string_agg(state || ':' || hosts, ' '"
				" ORDER BY state) FROM cpulevel.host_count"),
			    "0:133334 1:66666");
	/* those that come later are counted one by one */
	assert_int_equal(once("DELETE FROM host WHERE id <= 3"), 0);
	assert_int_equal(once("INSERT INTO host (id, rev, name, pool, profile,"
			      " source, state) VALUES (1, 1, 'a', 1, 1, 1, 1)"),
			 0);
	assert_string_equal(ask("SELECT string_agg(state || ':' || hosts, ' '"
				" ORDER BY state) FROM cpulevel.host_count"),
			    "0:133332 1:66666");
}

static int64_t given[2];
static int next_given(void *arg, struct db_value *v)
{
	unsigned *at = arg;

	if (*at == 2)
		return 0;
	v[0] = (struct db_value){ DB_INT, given[(*at)++], NULL, 0 };
	return given[1] == -7 && *at == 2 ? -LVL_E_SYNTAX : 1;
}

/* Whatever fails, fails whole, and says so at the commit as well. */
static void bulk_fails(void **state)
{
	static const struct {
		int64_t second;
		int rc;
	} cases[] = { { 1, -LVL_E_DUPLICATE },
		      { 1ll << 31, -LVL_E_RANGE },
		      { -7, -LVL_E_SYNTAX } };
	unsigned i, at;

	(void)state;
	assert_int_equal(once(TABLE), 0);
	for (i = 0; i < 3; i++) {
		given[0] = 1;
		given[1] = cases[i].second;
		at = 0;
		begin(STORE_WRITE);
		assert_int_equal(db_postgres.bulk(db, "t", number_columns, 1,
						  next_given, &at),
				 cases[i].rc);
		db_postgres.abort(db);
		assert_string_equal(ask("SELECT count(*) FROM cpulevel.t"),
				    "0");
	}
}

/* Row-level security forbids COPY: then rows are inserted. */
static void bulk_restricted(void **state)
{
	unsigned row = 0;

	(void)state;
	assert_int_equal(once(TABLE), 0);
	ask("DROP ROLE IF EXISTS someone");
	ask("CREATE ROLE someone LOGIN");
	ask("GRANT USAGE ON SCHEMA cpulevel TO someone");
	ask("GRANT ALL ON cpulevel.t, cpulevel.writer TO someone");
	ask("ALTER TABLE cpulevel.t ENABLE ROW LEVEL SECURITY");
	ask("CREATE POLICY p ON cpulevel.t USING (true)");
	begin(STORE_WRITE);
	assert_int_equal(run("SET LOCAL SESSION AUTHORIZATION someone"), 0);
	assert_int_equal(db_postgres.bulk(db, "t", value_columns, NR_VALUES,
					  next_value, &row),
			 0);
	assert_int_equal(commit(), 0);
	expect_values();
	row = 2;
	begin(STORE_WRITE);
	assert_int_equal(run("SET LOCAL SESSION AUTHORIZATION someone"), 0);
	assert_int_equal(db_postgres.bulk(db, "t", value_columns, NR_VALUES,
					  next_value, &row),
			 -LVL_E_DUPLICATE);
	db_postgres.abort(db);
	expect_values();
}

/* -- errors --------------------------------------------------------------- */

static void failed_is_failed(void **state)
{
	(void)state;
	assert_int_equal(once("CREATE TABLE t (n integer PRIMARY KEY)"), 0);
	begin(STORE_WRITE);
	assert_int_equal(run("INSERT INTO t VALUES (1)"), 0);
	assert_int_equal(run("INSERT INTO t VALUES (1) "), -LVL_E_DUPLICATE);
	assert_non_null(strstr(db->error, "duplicate key"));
	/* it is over, and not a bit of it is there */
	assert_int_equal(run("SELECT 1"), -LVL_E_DUPLICATE);
	assert_int_equal(commit(), -LVL_E_DUPLICATE);
	begin(STORE_READ);
	assert_int_equal(number("SELECT count(*) FROM t"), 0);
	assert_int_equal(run("INSERT INTO t VALUES (2)"), -LVL_E_READ_ONLY);
	db_postgres.abort(db);
}

static void not_utf8(void **state)
{
	const struct db_value v = { DB_TEXT, 0, "\xff\xfe", 0 };

	(void)state;
	begin(STORE_READ);
	assert_int_equal(db_postgres.run(db, "SELECT $1", &v, 1, no_row, NULL),
			 -LVL_E_RANGE);
	db_postgres.abort(db);
}

static void nothing_there(void **state)
{
	char err[STORE_ERROR] = "";
	struct db *d = NULL;

	(void)state;
	ask("DROP SCHEMA cpulevel CASCADE");
	assert_int_equal(db_postgres.open(server, STORE_EXISTING, &d, err),
			 -LVL_E_NOT_FOUND);
	assert_int_equal(db_postgres.open(server, STORE_READ_ONLY, &d, err),
			 -LVL_E_NOT_FOUND);
	assert_non_null(strstr(err, "no inventory"));
	assert_int_equal(
		db_postgres.open("postgres://nobody@/x?host=/nonexistent", 0,
				 &d, err),
		-LVL_E_IO);
	assert_non_null(strstr(err, "/nonexistent"));
	assert_int_equal(db_postgres.open("postgres://?nonsense=1", 0, &d, err),
			 -LVL_E_SYNTAX);
	assert_null(d);
}

static int open_code(unsigned flags, const char *says)
{
	char err[STORE_ERROR] = "";
	struct db *d = NULL;
	int rc = db_postgres.open(server, flags, &d, err);

	if (rc)
		assert_non_null(strstr(err, says));
	else
		db_postgres.close(d);
	return rc;
}

/* Newer ones are refused, older ones are for those who write. */
static void versions(void **state)
{
	(void)state;
	ask("UPDATE cpulevel.schema SET version = 99");
	assert_int_equal(open_code(0, "schema is version 99"), -LVL_E_VERSION);
	assert_int_equal(open_code(STORE_READ_ONLY, "a newer one"),
			 -LVL_E_VERSION);
	ask("UPDATE cpulevel.schema SET version = 1");
	assert_int_equal(open_code(0, ""), 0);
	/* as if it was never made */
	ask("DROP SCHEMA cpulevel CASCADE");
	ask("CREATE SCHEMA cpulevel");
	ask("CREATE TABLE cpulevel.schema AS SELECT 0 AS version");
	assert_int_equal(open_code(STORE_READ_ONLY, "no inventory"),
			 -LVL_E_NOT_FOUND);
}

/* -- callbacks ------------------------------------------------------------ */

static int ask_inside(void *arg, const struct db_value *v, unsigned nr)
{
	int64_t *sum = arg;

	(void)nr;
	*sum += v[0].i * number("SELECT count(*) FROM generate_series(1, 10)");
	return v[0].i == 3 ? 42 : 0;
}

static void rows_within_rows(void **state)
{
	int64_t sum = 0;

	(void)state;
	begin(STORE_READ);
	assert_int_equal(
		db_postgres.run(db, "SELECT * FROM generate_series(1, 9) n",
				NULL, 0, ask_inside, &sum),
		42);
	assert_int_equal(sum, 60);
	assert_int_equal(commit(), 0);
}

/* -- what nobody waits for ------------------------------------------------ */

static int later(const char *sql)
{
	return db_postgres.run(db, sql, NULL, 0, NULL, NULL);
}

/* A failure comes with the next one whose rows are wanted, or the commit. */
static void failing_later(void **state)
{
	(void)state;
	assert_int_equal(once("CREATE TABLE once (n integer PRIMARY KEY)"), 0);
	begin(STORE_WRITE);
	assert_int_equal(later("INSERT INTO once VALUES (1)"), 0);
	assert_int_equal(number("SELECT count(*) FROM once"), 1);
	assert_int_equal(later("INSERT INTO once VALUES (1), (2)"), 0);
	assert_int_equal(later("INSERT INTO once VALUES (3)"), 0);
	assert_int_equal(run("SELECT count(*) FROM once"), -LVL_E_DUPLICATE);
	assert_non_null(strstr(db->error, "once_pkey"));
	assert_int_equal(later("INSERT INTO once VALUES (4)"),
			 -LVL_E_DUPLICATE);
	db_postgres.abort(db);

	begin(STORE_WRITE);
	assert_int_equal(later("INSERT INTO once VALUES (5)"), 0);
	assert_int_equal(later("INSERT INTO once VALUES (5), (6)"), 0);
	assert_int_equal(commit(), -LVL_E_DUPLICATE);

	begin(STORE_READ);
	assert_int_equal(number("SELECT count(*) FROM once"), 0);
	assert_int_equal(commit(), 0);
}

/* The same statements: prepared when they come again, in vain or not. */
static void prepared_in_vain(void **state)
{
	static const char insert[] = "INSERT INTO again VALUES ($1)";
	int i;

	(void)state;
	assert_int_equal(once("CREATE TABLE again (n integer PRIMARY KEY)"), 0);
	for (i = 0; i < 6; i++) {
		const struct db_value v = { DB_INT, i / 2, NULL, 0 };

		begin(STORE_WRITE);
		/* fails on every second turn, so what follows is not done */
		assert_int_equal(db_postgres.run(db, insert, &v, 1, NULL, NULL),
				 0);
		assert_int_equal(later("SELECT 1 FROM again"), 0);
		assert_int_equal(commit(), i % 2 ? -LVL_E_DUPLICATE : 0);
	}
	begin(STORE_READ);
	assert_int_equal(number("SELECT count(*) FROM again"), 3);
	assert_int_equal(commit(), 0);
}

/* More of them than are kept waiting. */
static void long_queue(void **state)
{
	struct db_value v = { DB_INT, 0, NULL, 0 };
	int rc = 0;

	(void)state;
	assert_int_equal(once("CREATE TABLE many (n integer PRIMARY KEY)"), 0);
	begin(STORE_WRITE);
	for (v.i = 0; v.i < 1000 && !rc; v.i++)
		rc = db_postgres.run(db, "INSERT INTO many VALUES ($1)", &v, 1,
				     NULL, NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(commit(), 0);
	begin(STORE_READ);
	assert_int_equal(number("SELECT sum(n) FROM many"), 499500);
	assert_int_equal(commit(), 0);
}

/* -- what will be asked for ----------------------------------------------- */

static const char squares[] = "SELECT $1::bigint * $1::bigint";

static int64_t square(int64_t n)
{
	struct db_value v = { DB_INT, n, NULL, 0 };
	int64_t is = -1;

	assert_int_equal(db_postgres.run(db, squares, &v, 1, save_number, &is),
			 0);
	return is;
}

/* More than are kept, in another order, some never asked for, some twice. */
static void asked_ahead(void **state)
{
	struct db_value v = { DB_INT, 0, NULL, 0 };

	(void)state;
	begin(STORE_READ);
	for (v.i = 0; v.i < 4 * STORE_AHEAD; v.i++)
		assert_int_equal(db_postgres.ahead(db, squares, &v, 1), 0);
	for (v.i = STORE_AHEAD + 3; v.i >= 0; v.i -= 3)
		assert_int_equal(square(v.i), v.i * v.i);
	assert_int_equal(square(1), 1);
	assert_int_equal(square(-7), 49);
	for (v.i = 1000; v.i < 1200; v.i++)
		assert_int_equal(db_postgres.ahead(db, squares, &v, 1), 0);
	assert_int_equal(square(1111), 1111 * 1111);
	assert_int_equal(commit(), 0);
	begin(STORE_READ);
	assert_int_equal(square(1112), 1112 * 1112);
	assert_int_equal(commit(), 0);
}

/* One that fails takes the others along; the next transaction has its own. */
static void asked_in_vain(void **state)
{
	static const char inverse[] = "SELECT 6 / $1::bigint";
	struct db_value v = { DB_INT, 0, NULL, 0 };
	int64_t is = -1;

	(void)state;
	begin(STORE_READ);
	assert_int_equal(db_postgres.ahead(db, squares, &v, 1), 0);
	assert_int_equal(db_postgres.ahead(db, inverse, &v, 1), 0);
	assert_int_equal(db_postgres.run(db, squares, &v, 1, save_number, &is),
			 -LVL_E_IO);
	assert_non_null(strstr(db->error, "division by zero"));
	db_postgres.abort(db);
	begin(STORE_READ);
	v.i = 2;
	assert_int_equal(db_postgres.ahead(db, inverse, &v, 1), 0);
	db_postgres.abort(db);
	begin(STORE_READ);
	assert_int_equal(db_postgres.run(db, inverse, &v, 1, save_number, &is),
			 0);
	assert_int_equal(is, 3);
	assert_int_equal(commit(), 0);
}

/* It fails, and nobody asks: then nobody knows the connection's state. */
static void failed_unasked(void **state)
{
	static const char inverse[] = "SELECT 6 / $1::bigint";
	const struct db_value v = { DB_INT, 0, NULL, 0 };

	(void)state;
	begin(STORE_READ);
	assert_int_equal(db_postgres.ahead(db, inverse, &v, 1), 0);
	assert_int_equal(commit(), 0);
	begin(STORE_READ);
	assert_int_equal(run("SELECT 1"), -LVL_E_AGAIN);
	db_postgres.abort(db);
	begin(STORE_READ);
	assert_int_equal(number("SELECT 1"), 1);
	assert_int_equal(commit(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bound_values),
		TEST(failing_later),
		TEST(prepared_in_vain),
		TEST(long_queue),
		TEST(asked_ahead),
		TEST(asked_in_vain),
		TEST(failed_unasked),
		TEST(bulk_values),
		TEST(sums),
		TEST(bulk_many),
		TEST(bulk_bare),
		TEST(bulk_fails),
		TEST(bulk_restricted),
		TEST(failed_is_failed),
		TEST(not_utf8),
		TEST(nothing_there),
		TEST(versions),
		TEST(rows_within_rows),
	};

	return beside_server(tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: MIT */
/* Opening, copies, folders; and that the check sees what is wrong. */
#include "stores.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/* -- opening -------------------------------------------------------------- */

static int open_fails(const char *uri, unsigned flags, const char *says)
{
	struct store *s = NULL;
	char err[STORE_ERROR] = "";
	int rc = store_open(uri, flags, &s, err);

	assert_null(s);
	if (!strstr(err, says))
		fail_msg("\"%s\" does not say \"%s\"", err, says);
	return rc;
}

/* What another program did to a file. */
static void tamper(const char *path, const char *sql)
{
	sqlite3 *db;
	char *err = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &err))
		fail_msg("%s: %s", sql, err);
	sqlite3_close(db);
}

static int put_one(struct store *s, void *arg)
{
	struct store_pool p = { .name = arg, .guest = LVL_HVM };

	return store_put_pool(s, &p);
}

static void file_of(const struct stores *t, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", t->folder, name);
}

static void copy_file(const char *name, const char *to)
{
	const char *root = getenv("CPULEVEL_ROOT");
	char command[1024];

	snprintf(command, sizeof(command), "cp '%s/test/pool/%s' '%s'",
		 root ? root : ".", name, to);
	assert_int_equal(system(command), 0);
}

static void opening(void **state)
{
	struct stores *t = *state;
	struct store *s;
	char path[128];

	file_of(t, "none.db", path);
	assert_int_equal(open_fails(path, STORE_EXISTING, "No such file"),
			 -LVL_E_NOT_FOUND);
	assert_int_equal(open_fails(path, STORE_READ_ONLY, "No such file"),
			 -LVL_E_NOT_FOUND);
	file_of(t, "no/such/folder.db", path);
	assert_int_equal(open_fails(path, 0, "No such file"), -LVL_E_IO);
	file_of(t, "other.db", path);
	tamper(path, "CREATE TABLE t (x)");
	assert_int_equal(open_fails(path, 0, "another program"), -LVL_E_MAGIC);
	file_of(t, "text.db", path);
	copy_file("icx.txt", path);
	assert_int_equal(open_fails(path, 0, "no store"), -LVL_E_CHECKSUM);
	file_of(t, "newer.db", path);
	store_close(stores_open(path, 0));
	tamper(path, "PRAGMA user_version = 99");
	assert_int_equal(open_fails(path, 0, "version 99"), -LVL_E_VERSION);
	assert_int_equal(open_fails(path, STORE_READ_ONLY, "version 99"),
			 -LVL_E_VERSION);
	file_of(t, "mine.db", path);
	s = stores_open(path, 0);
	assert_string_equal(store_engine_name(s), "sqlite");
	write_by(s, put_one, (void *)(uintptr_t) "a");
	store_close(s);
	s = stores_open(path, STORE_READ_ONLY);
	assert_int_equal(store_txn(s, STORE_WRITE, put_one, NULL),
			 -LVL_E_READ_ONLY);
	stores_check(s);
	store_close(s);
}

/* -- a store with something of everything --------------------------------- */

static int everything(struct store *s, void *arg)
{
	struct store_pool p = { .name = "a",
				.guest = LVL_PV,
				.platform = "xen" };
	struct store_host h = { .name = "h", .group = "gold" };
	struct store_vm v = { .name = "v", .guest = LVL_HVM, .booted = 7 };
	struct store_level l = { .name = "g",
				 .guest = LVL_HVM,
				 .definition = "{\"x\":\"\xc3\xbc'\\\"\"}" };
	struct store_assign g = { .scope = STORE_SCOPE_GROUP,
				  .name = "gold",
				  .level = "g" };
	struct store_source o = { .cpu = "c", .microcode = "0x1" };
	static const uint8_t bytes[] = { 0, 1, 0xff, 0, '\\', '\n', '\t' };

	(void)arg;
	good(s, store_put_pool(s, &p));
	good(s, store_put_object(s, bytes, sizeof(bytes), &h.profile));
	good(s, store_put_source(s, &o, &h.source));
	h.pool = v.pool = p.id;
	good(s, store_put_host(s, &h));
	l.policy = v.seen = h.profile;
	good(s, store_put_level(s, &l));
	v.level = l.id;
	v.host = h.id;
	good(s, store_put_vm(s, &v));
	good(s, store_put_assign(s, &g));
	v.host = 0;
	good(s, store_put_vm(s, &v));
	v.host = h.id;
	return store_put_vm(s, &v);
}

struct many {
	int nr;
	char name[16];
};

static int next_host(void *arg, struct store_host *h)
{
	struct many *m = arg;

	if (m->nr == 700)
		return 0;
	snprintf(m->name, sizeof(m->name), "n%d", m->nr++);
	h->name = m->name;
	return 1;
}

static int fill_many(struct store *s, void *arg)
{
	struct many m = { .nr = 0 };

	(void)arg;
	return store_bulk_hosts(s, next_host, &m);
}

static void fill(struct store *s)
{
	good(s, store_set_actor(s, "ann\ttab", "note 'quoted'\\"));
	write_by(s, everything, NULL);
	write_by(s, fill_many, NULL);
}

/* -- everything as text --------------------------------------------------- */

struct text {
	char *p;
	size_t len;
	FILE *f;
};

static int print_row(void *arg, int n, char **value, char **name)
{
	struct text *t = arg;
	int i;

	(void)name;
	for (i = 0; i < n; i++)
		fprintf(t->f, "%s|", value[i] ? value[i] : "(null)");
	fputc('\n', t->f);
	return 0;
}

static char *as_text(const char *path)
{
	static const char *const tables[] = {
		"object", "source", "observed",   "counter",
		"pool",   "host",   "vm",         "level",
		"assign", "change", "host_count", "vm_count",
	};
	struct text t = { NULL, 0, NULL };
	char sql[80];
	sqlite3 *db;
	unsigned i;

	t.f = open_memstream(&t.p, &t.len);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (i = 0; i < LVL_COUNT(tables); i++) {
		fprintf(t.f, "-- %s\n", tables[i]);
		snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY 1, 2",
			 i ? "*" : "id, hex(hash), hex(data)", tables[i]);
		assert_int_equal(sqlite3_exec(db, sql, print_row, &t, NULL), 0);
	}
	sqlite3_close(db);
	fclose(t.f);
	return t.p;
}

/* From SQLite into this engine and back: nothing is lost on the way. */
static void copies(void **state)
{
	struct stores *t = *state;
	char path[2][128], *before, *after;
	struct store *from, *back;

	file_of(t, "from.db", path[0]);
	file_of(t, "back.db", path[1]);
	from = stores_open(path[0], 0);
	back = stores_open(path[1], 0);
	fill(from);
	good(t->s, store_copy(from, t->s));
	good(back, store_copy(t->s, back));
	stores_check(t->s);
	stores_check(back);
	before = as_text(path[0]);
	after = as_text(path[1]);
	assert_string_equal(before, after);
	assert_non_null(strstr(before, "note 'quoted'\\|"));
	free(before);
	free(after);
	/* no second time; and the copy goes on where the first one was */
	assert_int_equal(store_copy(from, t->s), -LVL_E_STATE);
	write_by(t->s, put_one, (void *)(uintptr_t) "more");
	store_close(from);
	store_close(back);
}

/* -- folders -------------------------------------------------------------- */

struct found {
	int hosts, pools, active;
	char names[512];
};

static int take_pool(void *arg, const struct store_pool *p)
{
	struct found *f = arg;

	f->pools++;
	strcat(f->names, p->name);
	strcat(f->names, " ");
	return 0;
}

static int take_host(void *arg, const struct store_host *h)
{
	struct found *f = arg;

	f->hosts++;
	f->active += h->profile && h->pool && h->state == STORE_HOST_ACTIVE;
	return 0;
}

static int look_around(struct store *s, void *arg)
{
	good(s, store_scan_pools(s, take_pool, arg));
	good(s, store_scan_hosts(s, NULL, take_host, arg));
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void folders(void **state)
{
	struct stores *t = *state;
	struct found f = { 0, 0, 0, "" };
	char path[128];
	struct store *s;

	file_of(t, "fleet", path);
	assert_int_equal(mkdir(path, 0755), 0);
	file_of(t, "fleet/b", path);
	assert_int_equal(mkdir(path, 0755), 0);
	file_of(t, "fleet/b/icx.txt", path);
	copy_file("icx.txt", path);
	file_of(t, "fleet/b/spr.txt", path);
	copy_file("spr.txt", path);
	file_of(t, "fleet/clx.txt", path);
	copy_file("clx.txt", path);
	file_of(t, "fleet/", path);
	s = stores_open(path, STORE_EXISTING);
	read_by(s, look_around, &f);
	assert_int_equal(f.hosts, 3);
	assert_int_equal(f.active, 3);
	assert_string_equal(f.names, "b default ");
	assert_int_equal(store_txn(s, STORE_WRITE, put_one, NULL),
			 -LVL_E_READ_ONLY);
	stores_check(s);
	store_close(s);
	file_of(t, "fleet/b/again.txt", path);
	copy_file("icx.txt", path);
	file_of(t, "fleet", path);
	assert_int_equal(open_fails(path, 0, "already"), -LVL_E_DUPLICATE);
	file_of(t, "fleet/b/again.txt", path);
	write_text(path, "cpulevel 1\nname: x\npolicy nonsense\n");
	file_of(t, "fleet", path);
	open_fails(path, 0, "again.txt:");
}

/* -- what the check sees -------------------------------------------------- */

static int note_problem(void *arg, const char *text)
{
	char *all = arg;

	strncat(all, text, 4000 - strlen(all));
	strncat(all, "\n", 4000 - strlen(all));
	return 0;
}

static int check(struct store *s, void *arg)
{
	int64_t nr = 0;

	good(s, store_check(s, note_problem, arg, &nr));
	assert_true(nr > 0);
	return 0;
}

static const struct wrong {
	const char *sql, *says;
} wrongs[] = {
	{ "UPDATE host_count SET hosts = hosts + 1 WHERE pool = 1",
	  "pool 1: there are other numbers of hosts" },
	{ "DELETE FROM vm_count", "other numbers of VMs that saw 1" },
	{ "UPDATE object SET data = x'00'", "object 1: its bytes are not" },
	{ "DELETE FROM change WHERE seq IN (3, 4)",
	  "changes 3 to 4 are missing" },
	{ "UPDATE change SET time = 1 WHERE seq = 5",
	  "change 5 is older than the one before" },
	{ "UPDATE vm SET booted = 8", "vm v is not what change 7 made of it" },
	{ "UPDATE host SET rev = 1 WHERE name = 'h'",
	  "host h is not what change 1 made of it" },
	{ "UPDATE change SET before = after WHERE seq = 7",
	  "change 7 of vm v does not continue change 7" },
	{ "UPDATE change SET before = '{' WHERE seq = 7", "is damaged" },
	{ "UPDATE change SET before = NULL WHERE seq = 7",
	  "makes a vm 1 that was there already" },
	{ "DELETE FROM object", "host 1: there is no profile 1" },
	{ "DELETE FROM source", "host 1: there is no source 1" },
	{ "DELETE FROM level", "VM 1: there is no level 1" },
	{ "DELETE FROM host WHERE name = 'h'", "VM 1: there is no host 1" },
};

static void check_sees(void **state)
{
	struct stores *t = *state;
	char path[128], name[32], all[4096];
	struct store *s;
	unsigned i;

	for (i = 0; i < LVL_COUNT(wrongs); i++) {
		snprintf(name, sizeof(name), "wrong%u.db", i);
		file_of(t, name, path);
		s = stores_open(path, 0);
		fill(s);
		stores_check(s);
		store_close(s);
		tamper(path, wrongs[i].sql);
		s = stores_open(path, 0);
		*all = '\0';
		read_by(s, check, all);
		if (!strstr(all, wrongs[i].says))
			fail_msg("%s: %s", wrongs[i].sql, all);
		store_close(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(opening),
		STORE_TEST(copies),
		STORE_TEST(folders),
		STORE_TEST(check_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

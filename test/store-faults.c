/* SPDX-License-Identifier: MIT */
/*
 * A disk that is full, files that cannot be written, read or believed:
 * nothing half done, nothing lost, and it goes on when the cause is gone.
 * SQLite only: it is its files that this is about.
 */
#include "stores.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store *open_in(const struct stores *t, const char *name,
			     char path[128])
{
	snprintf(path, 128, "%s/%s", t->folder, name);
	return stores_open(path, 0);
}

struct growth {
	unsigned nr;
	int64_t seq;
};

/* A pool and an object of 64 KiB. */
static int grow(struct store *s, void *arg)
{
	static uint8_t data[65536];
	struct growth *g = arg;
	struct store_pool p = { .guest = LVL_HVM };
	char name[32];
	int64_t id;
	int rc;

	snprintf(name, sizeof(name), "pool%u", g->nr);
	memcpy(data, name, sizeof(name));
	p.name = name;
	rc = store_put_pool(s, &p);
	return rc ? rc : store_put_object(s, data, sizeof(data), &id);
}

static int has_grown(struct store *s, void *arg)
{
	const struct growth *g = arg;
	struct store_pool p;
	char name[32];
	int64_t seq;

	good(s, store_last(s, &seq));
	assert_int_equal(seq, g->nr);
	snprintf(name, sizeof(name), "pool%u", g->nr);
	assert_int_equal(store_find_pool(s, name, &p), -LVL_E_NOT_FOUND);
	return 0;
}

/* Until there is no more room, and again when there is. */
static int grow_until_full(struct store *s, struct growth *g)
{
	int rc;

	for (g->nr = 0; g->nr < 400; g->nr++) {
		rc = store_txn(s, STORE_WRITE, grow, g);
		if (rc)
			return rc;
	}
	return 0;
}

static void full_by_limit(void **state)
{
	struct stores *t = *state;
	const struct rlimit small = { 3 << 20, RLIM_INFINITY };
	struct rlimit before;
	struct growth g;
	char path[128];
	struct store *s = open_in(t, "full.db", path);
	int rc;

	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = grow_until_full(s, &g);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -LVL_E_IO);
	assert_non_null(strstr(store_error(s), "full.db"));
	assert_true(g.nr > 10);
	read_by(s, has_grown, &g);
	stores_check(s);
	write_by(s, grow, &g);
	store_close(s);
	s = stores_open(path, STORE_EXISTING);
	stores_check(s);
	store_close(s);
}

/* A file system of 2 MiB; only root can have one. */
static void full_disk(void **state)
{
	struct stores *t = *state;
	struct growth g;
	char path[128], command[256];
	struct store *s;
	int rc;

	snprintf(command, sizeof(command),
		 "mkdir %s/disk && mount -t tmpfs -o size=2m none %s/disk "
		 "2>/dev/null",
		 t->folder, t->folder);
	if (system(command)) {
		print_message("skipped: cannot mount a file system\n");
		skip();
	}
	s = open_in(t, "disk/full.db", path);
	rc = grow_until_full(s, &g);
	assert_int_equal(rc, -LVL_E_IO);
	assert_non_null(strstr(store_error(s), "full"));
	read_by(s, has_grown, &g);
	stores_check(s);
	snprintf(command, sizeof(command), "mount -o remount,size=8m %s/disk",
		 t->folder);
	assert_int_equal(system(command), 0);
	write_by(s, grow, &g);
	stores_check(s);
	store_close(s);
	snprintf(command, sizeof(command), "umount %s/disk", t->folder);
	assert_int_equal(system(command), 0);
}

/* -- who may not ---------------------------------------------------------- */

/* In a process of its own: root may write everything. */
static int as_nobody(const char *path, int (*body)(const char *path))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (!getuid() && setuid(65534))
			_exit(99);
		_exit(body(path));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int reads_not_writes(const char *path)
{
	struct growth g = { .nr = 1 };
	struct store *s;
	char err[STORE_ERROR];

	if (store_open(path, 0, &s, err)) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	if (store_txn(s, STORE_READ, has_grown, &g))
		return 2;
	if (store_txn(s, STORE_WRITE, grow, &g) != -LVL_E_READ_ONLY)
		return 3;
	if (!strstr(store_error(s), "cannot be written"))
		return 4;
	store_close(s);
	return 0;
}

static void read_only_file(void **state)
{
	struct stores *t = *state;
	struct growth g = { .nr = 0 };
	char path[128];
	struct store *s = open_in(t, "ro.db", path);

	write_by(s, grow, &g);
	store_close(s);
	assert_int_equal(chmod(t->folder, 0777), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(as_nobody(path, reads_not_writes), 0);
}

static int cannot_open(const char *path)
{
	struct store *s;
	char err[STORE_ERROR];
	int rc = store_open(path, 0, &s, err);

	if (rc != -LVL_E_IO || !strstr(err, "Permission denied"))
		fprintf(stderr, "%d: %s\n", rc, err);
	return rc != -LVL_E_IO || !strstr(err, "Permission denied");
}

static void forbidden_file(void **state)
{
	struct stores *t = *state;
	char path[128];

	store_close(open_in(t, "secret.db", path));
	assert_int_equal(chmod(t->folder, 0777), 0);
	assert_int_equal(chmod(path, 0600), 0);
	if (getuid()) {
		print_message("skipped: the file is our own\n");
		skip();
	}
	assert_int_equal(as_nobody(path, cannot_open), 0);
}

static int needs_a_writer(const char *path)
{
	struct store *s;
	char err[STORE_ERROR];
	int rc = store_open(path, STORE_READ_ONLY, &s, err);

	if (!rc)
		return 1;
	return rc != -LVL_E_READ_ONLY || !strstr(err, "a writer has it open");
}

static int reads(const char *path)
{
	struct growth g = { .nr = 1 };
	struct store *s;
	char err[STORE_ERROR];

	if (store_open(path, STORE_READ_ONLY, &s, err))
		return 1;
	if (store_txn(s, STORE_READ, has_grown, &g))
		return 2;
	store_close(s);
	return 0;
}

/* Neither the file nor its folder can be written. */
static void read_only_folder(void **state)
{
	struct stores *t = *state;
	struct growth g = { .nr = 0 };
	char path[128];
	struct store *s = open_in(t, "ro.db", path);

	if (getuid()) {
		print_message("skipped: the file is our own\n");
		skip();
	}
	write_by(s, grow, &g);
	assert_int_equal(chmod(t->folder, 0755), 0);
	assert_int_equal(as_nobody(path, reads), 0);
	store_close(s);
	assert_int_equal(as_nobody(path, needs_a_writer), 0);
}

/* -- what cannot be believed ---------------------------------------------- */

static void damage(const char *path, long at, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static int look(struct store *s, void *arg)
{
	int64_t problems = 0;

	(void)arg;
	return store_check(s, stores_problem, NULL, &problems) || problems;
}

/* Pages of rubbish: told, by whatever reads them. */
static void damaged_file(void **state)
{
	struct stores *t = *state;
	struct growth g;
	struct store *s;
	static char rubbish[8192];
	char path[128], err[STORE_ERROR];

	s = open_in(t, "damaged.db", path);
	for (g.nr = 0; g.nr < 5; g.nr++)
		write_by(s, grow, &g);
	store_close(s);
	memset(rubbish, 0x5a, sizeof(rubbish));
	damage(path, 40960, rubbish, sizeof(rubbish));
	if (!store_open(path, 0, &s, err)) {
		assert_int_not_equal(store_txn(s, STORE_READ, look, NULL), 0);
		store_close(s);
	}
	damage(path, 0, rubbish, sizeof(rubbish));
	assert_int_equal(store_open(path, 0, &s, err), -LVL_E_CHECKSUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(full_by_limit),    STORE_TEST(full_disk),
		STORE_TEST(read_only_file),   STORE_TEST(forbidden_file),
		STORE_TEST(read_only_folder), STORE_TEST(damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

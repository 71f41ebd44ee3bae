/* SPDX-License-Identifier: MIT */
/*
 * A writer is killed (SIGKILL) at any moment, again and again:
 *
 *	store-soak URI KILLS [SEED]
 *
 * The writer numbers its transactions and tells the parent of each that was
 * acknowledged.  After each kill the change table must have every one of
 * those, once and whole, and at most one more that was under way; from time
 * to time the whole store is checked.  With SQLite every fiftieth writer
 * begins with a new file, so that its making is killed as well.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "store-soak"
#include "store-program.h"

#define HOSTS 40
#define BULK 50

/* -- the writer ----------------------------------------------------------- */

/* Transaction `nr`: `size` changes, or one for many rows. */
struct work {
	int64_t nr;
	unsigned size, first; /* host */
	int bulk;
	unsigned made;
	char name[64];
};

static int change_host(struct store *s, const struct work *w, unsigned i)
{
	struct store_host h;
	char name[32], data[32];
	int64_t profile;
	int rc;

	snprintf(name, sizeof(name), "host%u", (w->first + i) % HOSTS);
	snprintf(data, sizeof(data), "profile %lld", (long long)w->nr);
	rc = store_put_object(s, data, strlen(data), &profile);
	if (rc)
		return rc;
	rc = store_find_host(s, name, &h);
	if (rc == -LVL_E_NOT_FOUND) {
		memset(&h, 0, sizeof(h));
		h.name = name;
		rc = 0;
	}
	h.profile = profile;
	return rc ? rc : store_put_host(s, &h);
}

static int next_host(void *arg, struct store_host *h)
{
	struct work *w = arg;

	if (w->made == BULK)
		return 0;
	snprintf(w->name, sizeof(w->name), "bulk%lld-%u", (long long)w->nr,
		 w->made++);
	h->name = w->name;
	return 1;
}

static int do_work(struct store *s, void *arg)
{
	struct work *w = arg;
	unsigned i;
	int rc = 0;

	w->made = 0;
	if (w->bulk)
		return store_bulk_hosts(s, next_host, w);
	for (i = 0; i < w->size && !rc; i++)
		rc = change_host(s, w, i);
	return rc;
}

static void writer(const char *uri, int64_t nr, int out)
{
	struct store *s = open_store(uri);
	struct work w = { .nr = nr };
	char note[64];

	for (;; w.nr++) {
		w.bulk = !dice(10);
		w.size = w.bulk ? 1 : 1 + dice(4);
		w.first = dice(HOSTS);
		snprintf(note, sizeof(note), "%lld %u", (long long)w.nr,
			 w.size);
		must(s, store_set_actor(s, "soak", note), "actor");
		must(s, store_txn(s, STORE_WRITE, do_work, &w), "write");
		if (write(out, &w.nr, sizeof(w.nr)) != sizeof(w.nr))
			die("pipe", strerror(errno));
		if (!dice(8)) {
			store_close(s); /* the last one empties the journal */
			s = open_store(uri);
		}
	}
}

/* -- the judge ------------------------------------------------------------ */

struct judge {
	int64_t acknowledged; /* the newest one that was */
	int64_t seq, nr;      /* seen so far: changes, transactions */
	int64_t txn;
	unsigned size, left; /* of the one that is being seen */
};

static int see(void *arg, const struct store_change *c)
{
	struct judge *j = arg;
	long long nr;
	unsigned size;

	if (c->seq != j->seq + 1)
		die("change table", "a number is missing");
	j->seq = c->seq;
	if (sscanf(c->note, "%lld %u", &nr, &size) != 2)
		die("change table", "a note that nobody wrote");
	if (j->left) {
		if (nr != j->nr || c->txn != j->txn)
			die("change table", "half a transaction");
		j->left--;
		return 0;
	}
	if (nr != j->nr + 1) {
		fprintf(stderr, "after %lld comes %lld\n", (long long)j->nr,
			nr);
		die("change table", "lost, or applied twice");
	}
	j->nr = nr;
	j->txn = c->txn;
	j->left = size - 1;
	return 0;
}

static int look(struct store *s, void *arg)
{
	struct judge *j = arg;
	struct store_change_filter f = { .since = j->seq, .kind = -1 };

	return store_changes(s, &f, see, j);
}

static int say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
	return 0;
}

static int check(struct store *s, void *arg)
{
	return store_check(s, say, NULL, arg);
}

static void judge(const char *uri, struct judge *j, int whole)
{
	struct store *s = open_store(uri);
	int64_t problems = 0;

	/* as a writer: a server may still be at work for the one that died */
	must(s, store_txn(s, STORE_WRITE, look, j), "look");
	if (j->left)
		die("change table", "half a transaction");
	if (j->nr < j->acknowledged) {
		fprintf(stderr, "%lld was acknowledged, %lld is the last\n",
			(long long)j->acknowledged, (long long)j->nr);
		die("change table", "lost");
	}
	if (j->nr > j->acknowledged + 1)
		die("change table", "more than was under way");
	if (whole)
		must(s, store_txn(s, STORE_READ, check, &problems), "check");
	if (problems)
		die("check", "it has problems");
	store_close(s);
}

/* -- kills ---------------------------------------------------------------- */

/* The moment is drawn on a scale from the first opening to many commits. */
static void wait_a_moment(void)
{
	unsigned most = 1u << (6 + dice(12)); /* us: 64 to 131,072 */
	struct timespec t = { 0, 1000L * (long)(100 + dice(most * 2)) };

	nanosleep(&t, NULL);
}

static void one_kill(const char *uri, struct judge *j)
{
	int end[2], status;
	int64_t nr;
	pid_t pid;

	if (pipe(end))
		die("pipe", strerror(errno));
	seed += 1;
	pid = fork();
	if (pid < 0)
		die("fork", strerror(errno));
	if (!pid) {
		close(end[0]);
		writer(uri, j->nr + 1, end[1]);
		_exit(0);
	}
	close(end[1]);
	wait_a_moment();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("writer", "it ended before it was killed");
	while (read(end[0], &nr, sizeof(nr)) == sizeof(nr))
		j->acknowledged = nr;
	close(end[0]);
}

static int is_file(const char *uri)
{
	return strncmp(uri, "postgres", 8) != 0;
}

static void remove_store(const char *uri)
{
	static const char *const end[] = { "", "-wal", "-shm" };
	char path[4096];
	unsigned i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", uri, end[i]);
		unlink(path);
	}
}

int main(int argc, char **argv)
{
	struct judge j = { .acknowledged = 0 };
	int64_t all = 0;
	long kills, i;

	if (argc < 3) {
		fprintf(stderr, "usage: store-soak URI KILLS [SEED]\n");
		return 2;
	}
	kills = atol(argv[2]);
	seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
	fprintf(stderr, "store-soak: seed %llu\n", (unsigned long long)seed);
	for (i = 1; i <= kills; i++) {
		if (is_file(argv[1]) && i % 50 == 1) {
			all += j.nr;
			remove_store(argv[1]);
			memset(&j, 0, sizeof(j));
		}
		one_kill(argv[1], &j);
		judge(argv[1], &j, i % 20 == 0 || i == kills);
		j.acknowledged = j.nr;
	}
	all += j.nr;
	printf("%ld kills, %lld transactions: none lost, none twice, no gaps\n",
	       kills, (long long)all);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Many processes write for some seconds, whatever happens to the server:
 *
 *	store-writers URI WRITERS SECONDS
 *
 * Each numbers its transactions, which change hosts of its own and one of
 * all, and goes on when one was acknowledged.  In the end each transaction
 * of each writer is in the change table: once, whole and in order, and none
 * that nobody acknowledged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define MOST 64

static void die(const char *what, const char *why)
{
	fprintf(stderr, "store-writers: %s: %s\n", what, why);
	exit(1);
}

static struct store *open_store(const char *uri)
{
	struct store *s;
	char err[STORE_ERROR];

	if (store_open(uri, 0, &s, err))
		die("open", err);
	return s;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- a writer ------------------------------------------------------------- */

struct work {
	int writer;
	int64_t nr;
};

/* What a writer tells at its end. */
struct told {
	int writer;
	int64_t acknowledged, longest; /* ms between two of them */
};

static int change_host(struct store *s, const char *name)
{
	struct store_host h;
	int rc = store_find_host(s, name, &h);

	if (rc == -LVL_E_NOT_FOUND) {
		memset(&h, 0, sizeof(h));
		h.name = name;
		rc = 0;
	}
	h.state = h.state == STORE_HOST_ACTIVE ? STORE_HOST_UNREACHABLE
					       : STORE_HOST_ACTIVE;
	return rc ? rc : store_put_host(s, &h);
}

/* Two changes: one that nobody else makes, one that all do. */
static int do_work(struct store *s, void *arg)
{
	const struct work *w = arg;
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "w%d-%lld", w->writer,
		 (long long)w->nr % 8);
	rc = change_host(s, name);
	return rc ? rc : change_host(s, "everybody's");
}

static void writer(const char *uri, int nr, int64_t until, int out)
{
	struct store *s = open_store(uri);
	struct work w = { .writer = nr };
	struct told t = { nr, 0, 0 };
	char actor[32], note[32];
	int64_t last = now_ms(), pause;

	snprintf(actor, sizeof(actor), "writer %d", nr);
	while (now_ms() < until) {
		w.nr = t.acknowledged + 1;
		snprintf(note, sizeof(note), "%lld", (long long)w.nr);
		if (store_set_actor(s, actor, note) ||
		    store_txn(s, STORE_WRITE, do_work, &w))
			die(actor, store_error(s));
		t.acknowledged++;
		pause = now_ms() - last;
		last += pause;
		t.longest = pause > t.longest ? pause : t.longest;
	}
	store_close(s);
	if (write(out, &t, sizeof(t)) != sizeof(t))
		die(actor, "it cannot tell");
}

/* -- the judge ------------------------------------------------------------ */

struct judge {
	int writers;
	int64_t seq, txn;
	int64_t nr[MOST]; /* of each writer, the newest */
	int half;         /* of a transaction */
	int64_t acknowledged[MOST];
};

static int see(void *arg, const struct store_change *c)
{
	struct judge *j = arg;
	int w;

	if (c->seq != j->seq + 1)
		die("change table", "a number is missing");
	j->seq = c->seq;
	if (sscanf(c->actor, "writer %d", &w) != 1 || w >= j->writers)
		die("change table", "an actor that nobody is");
	if (j->half ? c->txn != j->txn : c->txn == j->txn)
		die("change table", "half a transaction");
	j->txn = c->txn;
	j->half = !j->half;
	if (j->half && atoll(c->note) != ++j->nr[w]) {
		fprintf(stderr, "%s: %s instead of %lld\n", c->actor, c->note,
			(long long)j->nr[w]);
		die("change table", "lost, or applied twice");
	}
	return 0;
}

static int say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
	return 0;
}

static int look(struct store *s, void *arg)
{
	const struct store_change_filter all = { .kind = -1 };
	struct judge *j = arg;
	int64_t problems = 0;
	int i, rc = store_changes(s, &all, see, j);

	if (!rc)
		rc = store_check(s, say, NULL, &problems);
	if (problems || j->half)
		die("check", "it has problems");
	for (i = 0; i < j->writers && !rc; i++) {
		if (j->nr[i] == j->acknowledged[i])
			continue;
		fprintf(stderr, "writer %d: %lld there, %lld acknowledged\n", i,
			(long long)j->nr[i], (long long)j->acknowledged[i]);
		die("change table", "an acknowledged one is lost");
	}
	return rc;
}

static void judge(const char *uri, struct judge *j)
{
	struct store *s = open_store(uri);

	if (store_txn(s, STORE_READ, look, j))
		die("look", store_error(s));
	store_close(s);
}

int main(int argc, char **argv)
{
	struct judge j = { .writers = argc > 2 ? atoi(argv[2]) : 0 };
	int64_t until, all = 0, longest = 0;
	int end[2], status, i, bad = 0;
	struct told t;

	if (argc < 4 || j.writers < 1 || j.writers > MOST) {
		fputs("usage: store-writers URI WRITERS SECONDS\n", stderr);
		return 2;
	}
	until = now_ms() + atoi(argv[3]) * 1000;
	store_close(open_store(argv[1]));
	if (pipe(end))
		die("pipe", "there is none");
	for (i = 0; i < j.writers; i++) {
		if (!fork()) {
			writer(argv[1], i, until, end[1]);
			return 0;
		}
	}
	close(end[1]);
	while (read(end[0], &t, sizeof(t)) == sizeof(t)) {
		j.acknowledged[t.writer] = t.acknowledged;
		all += t.acknowledged;
		longest = t.longest > longest ? t.longest : longest;
	}
	for (i = 0; i < j.writers; i++)
		bad |= wait(&status) < 0 || status != 0;
	if (bad)
		die("writers", "not all came to an end");
	judge(argv[1], &j);
	printf("%d writers, %lld transactions: none lost, none twice, no gaps;"
	       " the longest pause %lld ms\n",
	       j.writers, (long long)all, (long long)longest);
	return 0;
}

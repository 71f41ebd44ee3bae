/* SPDX-License-Identifier: MIT */
/* Transactions: retried where the engine asks, whole or not at all. */
#include "intern.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How long others may be in the way, ms. */
#define PATIENCE 60000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 63 bits that no other transaction has. */
static int64_t random_number(void)
{
	static uint64_t state;
	struct timespec t;
	uint64_t z;

	clock_gettime(CLOCK_REALTIME, &t);
	state += 0x9e3779b97f4a7c15u + (uint64_t)t.tv_nsec +
		 ((uint64_t)getpid() << 32) + (uint64_t)t.tv_sec;
	z = state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (int64_t)((z ^ z >> 31) >> 1);
}

/* Longer each time, and never the same for two that wait. */
static void nap(unsigned tries)
{
	unsigned most = tries < 6 ? 1u << tries : 64;
	uint64_t us = 500 + (uint64_t)random_number() % (most * 1000);
	struct timespec t = { 0, (long)us * 1000 };

	nanosleep(&t, NULL);
}

/* -- memory --------------------------------------------------------------- */

struct store_mark store_mark(const struct store *s)
{
	struct store_mark m = { s->chunk, s->chunk ? s->chunk->used : 0 };

	return m;
}

void store_release(struct store *s, const struct store_mark *mark)
{
	struct store_chunk *next;

	while (s->chunk != mark->chunk) {
		next = s->chunk->next;
		free(s->chunk);
		s->chunk = next;
	}
	if (s->chunk)
		s->chunk->used = mark->used;
}

static void free_chunks(struct store *s)
{
	static const struct store_mark nothing;

	store_release(s, &nothing);
}

void *store_alloc(struct store *s, size_t size)
{
	struct store_chunk *c = s->chunk;
	size_t round = _Alignof(max_align_t), most;
	void *p;

	size = (size + round - 1) / round * round;
	if (!c || c->size - c->used < size) {
		most = size > 16000 ? size : 16000;
		c = malloc(sizeof(*c) + most);
		if (!c) {
			store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
			return NULL;
		}
		c->next = s->chunk;
		c->used = 0;
		c->size = most;
		s->chunk = c;
	}
	p = (char *)c->data + c->used;
	c->used += size;
	return p;
}

const void *store_keep(struct store *s, const void *data, size_t size)
{
	void *p = store_alloc(s, size ? size : 1);

	return p && size ? memcpy(p, data, size) : p;
}

const char *store_keep_text(struct store *s, const char *text)
{
	return store_keep(s, text, strlen(text) + 1);
}

/* -- statements ----------------------------------------------------------- */

/* What was then is known by the change that followed. */
static int may_look_back(struct store *s)
{
	int64_t first;
	int rc, found;

	rc = store_number(s, "SELECT seq FROM change ORDER BY seq LIMIT 1",
			  NULL, 0, &first, &found);
	if (rc)
		return rc;
	if (found && s->at < first - 1)
		return store_fail(s, LVL_E_RANGE,
				  "changes up to %lld were taken away: what "
				  "was after change %lld is not known",
				  (long long)first - 1, (long long)s->at);
	s->seen = s->at;
	return 0;
}

int store_may_read(struct store *s)
{
	if (!s->active)
		return store_fail(s, LVL_E_STATE, "not within a transaction");
	return s->at == s->seen || !s->at ? 0 : may_look_back(s);
}

int store_may_write(struct store *s)
{
	if (!s->active)
		return store_may_read(s);
	if (s->at)
		return store_fail(s, LVL_E_READ_ONLY,
				  "the past cannot be changed");
	if (s->mode != STORE_WRITE)
		return store_fail(s, LVL_E_READ_ONLY,
				  "the transaction only reads");
	return 0;
}

/* The engine's failure becomes ours, and the transaction's. */
static int taken(struct store *s, int rc)
{
	if (rc >= 0 || (!s->db->error[0] && rc != -LVL_E_AGAIN))
		return rc;
	memcpy(s->error, s->db->error, sizeof(s->error));
	if (!s->broken)
		s->broken = rc;
	return rc;
}

int store_run(struct store *s, const char *sql, const struct db_value *arg,
	      unsigned nr, db_row_fn *row, void *row_arg)
{
	s->db->error[0] = '\0';
	return taken(s, s->engine->run(s->db, sql, arg, nr, row, row_arg));
}

int store_ahead(struct store *s, const char *sql, const struct db_value *arg,
		unsigned nr)
{
	int rc = store_may_read(s);

	if (rc || s->at || !s->engine->ahead)
		return rc;
	s->db->error[0] = '\0';
	return taken(s, s->engine->ahead(s->db, sql, arg, nr));
}

int store_bulk(struct store *s, const char *table, const char *const *column,
	       unsigned nr, db_next_fn *next, void *arg)
{
	int rc;

	s->db->error[0] = '\0';
	rc = taken(s, s->engine->bulk(s->db, table, column, nr, next, arg));
	if (rc && !s->broken)
		s->broken = rc;
	return rc;
}

struct number {
	int64_t value;
	int found;
};

static int take_number(void *arg, const struct db_value *column, unsigned nr)
{
	struct number *n = arg;

	(void)nr;
	if (column[0].type == DB_INT) {
		n->value = column[0].i;
		n->found = 1;
	}
	return 0;
}

int store_number(struct store *s, const char *sql, const struct db_value *arg,
		 unsigned nr, int64_t *value, int *found)
{
	struct number n = { 0, 0 };
	int rc = store_run(s, sql, arg, nr, take_number, &n);

	if (rc)
		return rc;
	*value = n.value;
	*found = n.found;
	return 0;
}

/* -- the transaction ------------------------------------------------------ */

static int begin(struct store *s, enum store_mode mode)
{
	int rc;

	s->db->error[0] = '\0';
	rc = s->engine->begin(s->db, mode);
	if (rc) {
		memcpy(s->error, s->db->error, sizeof(s->error));
		return rc;
	}
	s->active = 1;
	s->mode = mode;
	s->broken = 0;
	s->head_known = 0;
	s->seen = 0;
	s->wrote = 0;
	s->txn = random_number();
	return 0;
}

static void end(struct store *s)
{
	s->active = 0;
	free_chunks(s);
}

/*
 * The connection broke during the commit.  Who may write after that knows:
 * the writer before has either ended or never will.  What is found counts
 * once the commit of this look at it is acknowledged: then it is where all
 * that is acknowledged is, on a standby too.
 */
static int find_out(struct store *s)
{
	const struct db_value seq = db_int(s->wrote);
	const int64_t deadline = now_ms() + PATIENCE;
	int64_t mine = s->txn, theirs = 0;
	unsigned tries = 0;
	int rc, found = 0;

	if (!s->wrote)
		return -LVL_E_AGAIN;
	do {
		rc = begin(s, STORE_WRITE);
		if (!rc) {
			rc = store_number(s,
					  "SELECT txn FROM change "
					  "WHERE seq = $1",
					  &seq, 1, &theirs, &found);
			if (!rc)
				rc = s->engine->commit(s->db);
			if (rc)
				s->engine->abort(s->db);
			end(s);
		}
		if (!rc && found && theirs == mine)
			s->kept = seq.i;
		if (!rc)
			return found && theirs == mine ? 0 : -LVL_E_AGAIN;
		nap(tries++);
	} while (now_ms() < deadline);
	return store_fail(s, LVL_E_UNCERTAIN,
			  "the connection broke during the commit of change "
			  "%lld and it could not be found out whether it "
			  "happened; `cpulevel audit` shows it if it did",
			  (long long)seq.i);
}

static int commit(struct store *s)
{
	int rc = 0;

	s->db->error[0] = '\0';
	if (s->wrote)
		rc = s->engine->notify(s->db);
	if (!rc)
		rc = s->engine->commit(s->db);
	if (!rc && s->wrote)
		s->kept = s->wrote;
	if (!rc)
		return 0;
	memcpy(s->error, s->db->error, sizeof(s->error));
	if (rc != -LVL_E_UNCERTAIN) {
		s->engine->abort(s->db);
		return rc;
	}
	end(s);
	return find_out(s);
}

/*
 * *since: when the trouble began: with waiting for others, or when what may
 * have taken long by itself failed.
 */
static int once(struct store *s, enum store_mode mode, store_body_fn *body,
		void *arg, int64_t *since)
{
	int rc;

	*since = now_ms();
	rc = begin(s, mode);
	if (rc)
		return rc;
	rc = body(s, arg);
	if (s->broken && (!rc || s->broken == -LVL_E_AGAIN))
		rc = s->broken;
	if (rc)
		s->engine->abort(s->db);
	else
		rc = commit(s);
	if (mode == STORE_WRITE)
		store_cache_settle(s->cache, !rc);
	end(s);
	*since = now_ms();
	return rc;
}

int store_txn(struct store *s, enum store_mode mode, store_body_fn *body,
	      void *arg)
{
	int64_t deadline = 0, since;
	unsigned tries = 0;
	int rc;

	if (s->active)
		return store_fail(s, LVL_E_STATE, "within a transaction");
	if (mode == STORE_WRITE && s->flags & STORE_READ_ONLY)
		return store_fail(s, LVL_E_READ_ONLY,
				  "the store was opened to be read only");
	while ((rc = once(s, mode, body, arg, &since)) == -LVL_E_AGAIN) {
		if (!deadline)
			deadline = since + PATIENCE;
		if (now_ms() >= deadline)
			return store_fail(s, LVL_E_TIMEOUT,
					  "others were in the way for %d s: "
					  "%.400s",
					  PATIENCE / 1000, s->db->error);
		nap(tries++);
	}
	return rc;
}

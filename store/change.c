/* SPDX-License-Identifier: MIT */
/* The change table: appended to, read in order, waited for. */
#include "intern.h"

#include <stdio.h>
#include <time.h>

/* -- writing -------------------------------------------------------------- */

struct head {
	int64_t seq, time;
};

static int take_head(void *arg, const struct db_value *column, unsigned nr)
{
	struct head *h = arg;

	(void)nr;
	h->seq = column[0].i;
	h->time = column[1].i;
	return 0;
}

/* A server that was promoted without having all: no writing on. */
static int old_copy(struct store *s, int64_t seq)
{
	return store_fail(s, LVL_E_IO,
			  "this store has %lld changes, and %lld were "
			  "acknowledged before: it is an old copy",
			  (long long)seq, (long long)s->kept);
}

static const char newest[] = "SELECT seq, time FROM change "
			     "ORDER BY seq DESC LIMIT 1";

int change_ahead(struct store *s)
{
	return store_ahead(s, newest, NULL, 0);
}

/* Writers follow one another, and readers see one state throughout. */
static int head(struct store *s)
{
	struct head h = { 0, 0 };
	int rc = 0;

	if (!s->head_known)
		rc = store_run(s, newest, NULL, 0, take_head, &h);
	if (rc || s->head_known)
		return rc;
	if (s->mode == STORE_WRITE && h.seq < s->kept)
		return old_copy(s, h.seq);
	s->seq = h.seq;
	s->time = h.time;
	s->head_known = 1;
	return 0;
}

/* Clocks of several machines differ a little; that is not worth a word. */
#define CLOCK_TOLERANCE 1000

int change_next(struct store *s, int64_t *seq, int64_t *time)
{
	int64_t now = s->clock(s->clock_arg);
	int rc = head(s);

	if (!rc && s->seq == INT64_MAX)
		rc = store_fail(s, LVL_E_RANGE, "there is no number left");
	if (rc)
		return rc;
	if (now < s->time - CLOCK_TOLERANCE)
		snprintf(s->warning, sizeof(s->warning),
			 "the clock of this machine is %.3f s behind the "
			 "newest change; its time was taken instead",
			 (double)(s->time - now) / 1000);
	*seq = s->seq + 1;
	*time = now > s->time ? now : s->time;
	return 0;
}

int change_write(struct store *s, const struct store_change *c)
{
	const struct db_value v[] = {
		db_int(c->seq),    db_int(c->time),
		db_int(s->txn),    db_text(s->actor ? s->actor : "cpulevel"),
		db_text(s->note),  db_int((int64_t)c->kind),
		db_int(c->id),     db_int(c->pool),
		db_text(c->name),  db_text(c->before),
		db_text(c->after),
	};
	int rc = store_run(s,
			   "INSERT INTO change (seq, time, txn, actor, note, "
			   "kind, id, pool, name, before, after) VALUES "
			   "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			   v, LVL_COUNT(v), NULL, NULL);

	if (rc)
		return rc;
	s->seq = s->wrote = c->seq;
	s->time = c->time;
	return 0;
}

/* -- reading -------------------------------------------------------------- */

#define CHANGE                                                       \
	"SELECT seq, time, txn, actor, note, kind, id, pool, name, " \
	"before, after FROM change "
#define PAGE 512

struct page {
	struct store *s;
	store_change_fn *each;
	void *arg;
	int64_t last;
	unsigned nr;
};

static const char *text(const struct db_value *v)
{
	return v->type == DB_TEXT ? v->p : NULL;
}

static int take_change(void *arg, const struct db_value *v, unsigned nr)
{
	struct page *p = arg;
	struct store_change c = { .seq = v[0].i,
				  .time = v[1].i,
				  .txn = v[2].i,
				  .actor = text(&v[3]),
				  .note = text(&v[4]),
				  .kind = (enum store_kind)v[5].i,
				  .id = v[6].i,
				  .pool = v[7].i,
				  .name = text(&v[8]),
				  .before = text(&v[9]),
				  .after = text(&v[10]) };

	(void)nr;
	if (v[0].type != DB_INT || v[3].type != DB_TEXT || v[8].type != DB_TEXT)
		return store_fail(p->s, LVL_E_SYNTAX, "change %lld is damaged",
				  (long long)c.seq);
	if (v[5].i < 0 || v[5].i >= STORE_NR_KINDS)
		return store_fail(p->s, LVL_E_RANGE,
				  "change %lld is of an unknown kind",
				  (long long)c.seq);
	p->last = c.seq;
	p->nr++;
	return p->each(p->arg, &c);
}

/* Which index helps: that of the row, of the pool, or the order itself. */
static const char *statement(const struct store_change_filter *f)
{
	if (f->id && f->kind >= 0)
		return CHANGE "WHERE seq > $1 AND seq <= $2 AND kind = $3 "
			      "AND id = $4 AND ($5 = 0 OR pool = $5) "
			      "ORDER BY seq LIMIT $6";
	if (f->pool)
		return CHANGE "WHERE seq > $1 AND seq <= $2 "
			      "AND ($3 < 0 OR kind = $3) "
			      "AND ($4 = 0 OR id = $4) AND pool = $5 "
			      "ORDER BY seq LIMIT $6";
	return CHANGE "WHERE seq > $1 AND seq <= $2 "
		      "AND ($3 < 0 OR kind = $3) AND ($4 = 0 OR id = $4) "
		      "AND ($5 = 0 OR pool = $5) ORDER BY seq LIMIT $6";
}

int store_changes(struct store *s, const struct store_change_filter *f,
		  store_change_fn *each, void *arg)
{
	struct page p = { s, each, arg, f->since, 0 };
	int64_t left = f->limit ? f->limit : INT64_MAX, page;
	int64_t until = s->at ? s->at : INT64_MAX;
	int rc = store_may_read(s);

	if (f->until && f->until < until)
		until = f->until;
	do {
		page = left < PAGE ? left : PAGE;
		const struct db_value v[] = {
			db_int(p.last), db_int(until),   db_int(f->kind),
			db_int(f->id),  db_int(f->pool), db_int(page),
		};

		p.nr = 0;
		if (!rc && left)
			rc = store_run(s, statement(f), v, LVL_COUNT(v),
				       take_change, &p);
		left -= p.nr;
	} while (!rc && left && (int64_t)p.nr == page);
	return rc;
}

int store_last(struct store *s, int64_t *seq)
{
	int rc = store_may_read(s);

	if (!rc)
		rc = head(s);
	if (!rc)
		*seq = s->at && s->at < s->seq ? s->at : s->seq;
	return rc;
}

int store_first(struct store *s, int64_t *seq)
{
	int found, rc = store_may_read(s);

	return rc ? rc
		  : store_number(s,
				 "SELECT seq FROM change ORDER BY seq LIMIT 1",
				 NULL, 0, seq, &found);
}

static int time_of(struct store *s, int64_t seq, int64_t *time)
{
	const struct db_value v = db_int(seq);
	int found, rc;

	rc = store_number(s, "SELECT time FROM change WHERE seq = $1", &v, 1,
			  time, &found);
	if (!rc && !found)
		rc = store_fail(s, LVL_E_NOT_FOUND, "change %lld is missing",
				(long long)seq);
	return rc;
}

/* Times ascend with the numbers, which have no gaps. */
int store_seq_at(struct store *s, int64_t time, int64_t *seq)
{
	int64_t first = 0, low, high, middle, t;
	int rc = store_last(s, &high);

	if (!rc)
		rc = store_first(s, &first);
	low = first = first ? first - 1 : 0;
	while (!rc && low < high) {
		middle = low + (high - low + 1) / 2;
		rc = time_of(s, middle, &t);
		if (!rc && t <= time)
			low = middle;
		else
			high = middle - 1;
	}
	if (rc)
		return rc;
	if (low == first && first)
		return store_fail(s, LVL_E_RANGE,
				  "changes up to %lld, of that time or later, "
				  "were taken away",
				  (long long)first);
	if (!low)
		return store_fail(s, LVL_E_NOT_FOUND,
				  "no change is as old as that");
	*seq = low;
	return 0;
}

/* -- waiting -------------------------------------------------------------- */

static int read_last(struct store *s, void *arg)
{
	int64_t at = s->at;
	int rc;

	s->at = 0;
	rc = store_last(s, arg);
	s->at = at;
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int store_wait(struct store *s, int64_t seq, int timeout_ms)
{
	int64_t until = now_ms() + timeout_ms, last = 0, left;
	int rc;

	if (s->active)
		return store_fail(s, LVL_E_STATE, "within a transaction");
	for (;;) {
		rc = store_txn(s, STORE_READ, read_last, &last);
		if (rc || last > seq)
			return rc;
		left = until - now_ms();
		if (left <= 0)
			return -LVL_E_TIMEOUT;
		s->db->error[0] = '\0';
		rc = s->engine->wait(s->db, (int)left);
		if (rc && rc != -LVL_E_TIMEOUT && rc != -LVL_E_AGAIN) {
			memcpy(s->error, s->db->error, sizeof(s->error));
			return rc;
		}
	}
}

int store_at(struct store *s, int64_t seq)
{
	if (seq < 0)
		return store_fail(s, LVL_E_RANGE, "changes count from 1");
	s->at = seq;
	return 0;
}

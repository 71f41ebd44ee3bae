/* SPDX-License-Identifier: MIT */
/* How many hosts and VMs of each kind, now and then. */
#include "intern.h"

#include <stdlib.h>

/* One count: what distinguishes it, and how many. */
#define KEYS 4
struct tally {
	int64_t key[KEYS];
	int64_t n;
};

typedef int tally_fn(void *arg, const struct tally *t);

struct counting {
	struct store *s;
	const struct rows *rows;
	unsigned keys;
	unsigned kinds; /* of what the last key says: a state, a guest */
	int64_t pool;
	/* What the row counts as; 0: not at all. */
	int (*tally)(const void *row, struct tally *t);
	tally_fn *each;
	void *arg;

	struct tally *list; /* of the past */
	size_t nr, size;
};

/* Who gets it believes it: what cannot be is not handed on. */
static int read_tally(const struct counting *c, const struct db_value *v,
		      struct tally *t)
{
	int bad = v[c->keys - 1].i >= (int64_t)c->kinds;
	unsigned i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i <= c->keys; i++)
		bad |= v[i].type != DB_INT || v[i].i < 0;
	if (bad)
		return store_fail(c->s, LVL_E_RANGE,
				  "the %ss of pool %lld are miscounted",
				  c->rows->table, (long long)v[0].i);
	for (i = 0; i < c->keys; i++)
		t->key[i] = v[i].i;
	t->n = v[c->keys].i;
	return 0;
}

static int take_tally(void *arg, const struct db_value *v, unsigned nr)
{
	const struct counting *c = arg;
	struct tally t;
	int rc = read_tally(c, v, &t);

	(void)nr;
	return rc ? rc : c->each(c->arg, &t);
}

/* -- then ----------------------------------------------------------------- */

static int append(struct counting *c, const struct tally *t)
{
	struct tally *grown;

	if (c->nr == c->size) {
		c->size = c->size ? c->size * 2 : 64;
		grown = realloc(c->list, c->size * sizeof(*grown));
		if (!grown)
			return store_fail(c->s, LVL_E_NO_MEMORY, "%s",
					  store_no_memory);
		c->list = grown;
	}
	c->list[c->nr++] = *t;
	return 0;
}

static int take_past(void *arg, const struct db_value *v, unsigned nr)
{
	struct counting *c = arg;
	struct tally t;
	int rc = read_tally(c, v, &t);

	(void)nr;
	return rc ? rc : append(c, &t);
}

static int add_past(struct counting *c, const struct past *p)
{
	struct store_mark mark = store_mark(c->s);
	union any_row row;
	struct tally t;
	size_t i;
	int rc = 0;

	for (i = 0; i < p->nr && !rc; i++) {
		rc = row_from_json(c->s, c->rows, p->row[i].json, &row);
		store_release(c->s, &mark);
		if (rc || row_rev(c->rows, &row) > c->s->at)
			continue;
		memset(&t, 0, sizeof(t));
		t.n = 1;
		if (c->tally(&row, &t) && (!c->pool || t.key[0] == c->pool))
			rc = append(c, &t);
	}
	return rc;
}

static int by_key(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	unsigned i;

	for (i = 0; i < KEYS; i++)
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	return 0;
}

static int give_sums(struct counting *c)
{
	size_t i, sum = 0;
	int rc = 0;

	if (c->nr)
		qsort(c->list, c->nr, sizeof(*c->list), by_key);
	for (i = 1; i <= c->nr && !rc; i++) {
		if (i < c->nr && !by_key(&c->list[sum], &c->list[i])) {
			c->list[sum].n += c->list[i].n;
			continue;
		}
		rc = c->each(c->arg, &c->list[sum]);
		sum = i;
	}
	return rc;
}

static int count(struct counting *c, const char *now, const char *then)
{
	const struct db_value v[] = { db_int(c->pool), db_int(c->s->at) };
	struct past past = { NULL, 0, 0 };
	int rc = store_may_read(c->s);

	if (rc)
		return rc;
	if (!c->s->at)
		return store_run(c->s, now, v, 1, take_tally, c);
	rc = store_run(c->s, then, v, 2, take_past, c);
	if (!rc)
		rc = past_load(c->s, c->rows, &past);
	if (!rc)
		rc = add_past(c, &past);
	if (!rc)
		rc = give_sums(c);
	past_free(&past);
	free(c->list);
	return rc;
}

/* -- hosts ---------------------------------------------------------------- */

struct host_counts {
	store_host_count_fn *each;
	void *arg;
};

static int give_host(void *arg, const struct tally *t)
{
	const struct host_counts *h = arg;
	const struct store_host_count c = {
		.pool = t->key[0],
		.profile = t->key[1],
		.state = (enum store_host_state)t->key[2],
		.hosts = t->n,
	};

	return h->each(h->arg, &c);
}

static int tally_host(const void *row, struct tally *t)
{
	const struct store_host *h = row;

	t->key[0] = h->pool;
	t->key[1] = h->profile;
	t->key[2] = (int64_t)h->state;
	return 1;
}

#define HOST_COUNT "SELECT pool, profile, state, hosts FROM host_count "
#define HOSTS "SELECT pool, profile, state, count(*) FROM host "
#define HOST_KEYS "pool, profile, state"

int store_count_hosts(struct store *s, int64_t pool, store_host_count_fn *each,
		      void *arg)
{
	struct host_counts h = { each, arg };
	struct counting c = { .s = s,
			      .rows = &store_rows_host,
			      .keys = 3,
			      .kinds = STORE_HOST_RETIRED + 1,
			      .pool = pool,
			      .tally = tally_host,
			      .each = give_host,
			      .arg = &h };

	if (!pool)
		return count(&c,
			     HOST_COUNT "WHERE pool >= $1 ORDER BY " HOST_KEYS,
			     HOSTS "WHERE pool >= $1 AND rev <= $2 "
				   "GROUP BY " HOST_KEYS);
	return count(&c, HOST_COUNT "WHERE pool = $1 ORDER BY " HOST_KEYS,
		     HOSTS "WHERE pool = $1 AND rev <= $2 "
			   "GROUP BY " HOST_KEYS);
}

struct sorts {
	struct store *s;
	store_host_sort_fn *each;
	void *arg;
};

static int take_sort(void *arg, const struct db_value *v, unsigned nr)
{
	const struct sorts *to = arg;
	const struct store_host_sort h = {
		.profile = v[0].i,
		.source = v[1].i,
		.state = (enum store_host_state)v[2].i,
		.hosts = v[3].i,
		.name = v[4].p,
	};

	(void)nr;
	if (v[4].type != DB_TEXT || v[2].i < 0 || v[2].i > STORE_HOST_RETIRED)
		return store_fail(to->s, LVL_E_SYNTAX,
				  "a host of the pool is damaged");
	return to->each(to->arg, &h);
}

int store_sort_hosts(struct store *s, int64_t pool, store_host_sort_fn *each,
		     void *arg)
{
	const struct db_value v = db_int(pool);
	struct sorts to = { s, each, arg };
	int rc = store_may_read(s);

	if (!rc && s->at)
		rc = store_fail(s, LVL_E_STATE, "that is for what is now");
	return rc ? rc
		  : store_run(s,
			      "SELECT profile, source, state, count(*), "
			      "min(name) FROM host WHERE pool = $1 "
			      "GROUP BY profile, source, state "
			      "ORDER BY min(id)",
			      &v, 1, take_sort, &to);
}

/* -- VMs ------------------------------------------------------------------ */

struct vm_counts {
	store_vm_count_fn *each;
	void *arg;
};

static int give_vm(void *arg, const struct tally *t)
{
	const struct vm_counts *h = arg;
	const struct store_vm_count c = {
		.pool = t->key[0],
		.seen = t->key[1],
		.level = t->key[2],
		.guest = (int)t->key[3],
		.vms = t->n,
	};

	return h->each(h->arg, &c);
}

static int tally_vm(const void *row, struct tally *t)
{
	const struct store_vm *v = row;

	t->key[0] = v->pool;
	t->key[1] = v->seen;
	t->key[2] = v->level;
	t->key[3] = v->guest;
	return v->host != 0;
}

#define VM_COUNT "SELECT pool, seen, level, guest, vms FROM vm_count "
#define VMS "SELECT pool, seen, level, guest, count(*) FROM vm "
#define VM_KEYS "pool, seen, level, guest"

int store_count_vms(struct store *s, int64_t pool, store_vm_count_fn *each,
		    void *arg)
{
	struct vm_counts h = { each, arg };
	struct counting c = { .s = s,
			      .rows = &store_rows_vm,
			      .keys = 4,
			      .kinds = LVL_NR_GUESTS,
			      .pool = pool,
			      .tally = tally_vm,
			      .each = give_vm,
			      .arg = &h };

	if (!pool)
		return count(&c, VM_COUNT "WHERE pool >= $1 ORDER BY " VM_KEYS,
			     VMS "WHERE pool >= $1 AND rev <= $2 "
				 "AND host <> 0 GROUP BY " VM_KEYS);
	return count(&c, VM_COUNT "WHERE pool = $1 ORDER BY " VM_KEYS,
		     VMS "WHERE pool = $1 AND rev <= $2 "
			 "AND host <> 0 GROUP BY " VM_KEYS);
}

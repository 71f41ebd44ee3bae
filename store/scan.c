/* SPDX-License-Identifier: MIT */
/*
 * Many rows, in the order of their ids, a page at a time: memory does not
 * grow with their number, and callbacks may use the store.
 */
#include "intern.h"

#define PAGE 4096

typedef int row_fn(void *arg, const void *row);
typedef int want_fn(const void *filter, const void *row);

struct scan {
	struct store *s;
	const struct rows *rows;
	row_fn *each;
	void *arg;
	want_fn *want; /* NULL: all */
	const void *filter;
	int64_t after, left;
	unsigned nr; /* rows of this page */
	struct past past;
	size_t next; /* of those that have changed since */
	int enough;
};

/* What stops a scan without failing it. */
#define ENOUGH 1

static int give(struct scan *c, const void *row)
{
	int rc;

	if (c->want && !c->want(c->filter, row))
		return 0;
	rc = c->each(c->arg, row);
	if (rc || --c->left)
		return rc;
	c->enough = 1;
	return ENOUGH;
}

/* What was there then with an id below this one. */
static int give_past(struct scan *c, int64_t below)
{
	union any_row row;
	int rc = 0;

	while (!rc && c->next < c->past.nr && c->past.row[c->next].id < below) {
		rc = row_from_json(c->s, c->rows, c->past.row[c->next++].json,
				   &row);
		if (!rc && row_rev(c->rows, &row) <= c->s->at)
			rc = give(c, &row);
	}
	return rc;
}

static int take(void *arg, const struct db_value *v, unsigned nr)
{
	struct scan *c = arg;
	union any_row row;
	int rc = row_from_values(c->s, c->rows, v, &row);

	(void)nr;
	if (rc)
		return rc;
	c->nr++;
	c->after = row_id(c->rows, &row);
	rc = give_past(c, c->after);
	if (rc || (c->s->at && row_rev(c->rows, &row) > c->s->at))
		return rc;
	return give(c, &row);
}

/* How a page is asked for: by its index, from an id on, so many. */
struct query {
	const char *sql;
	int64_t key, second; /* 0: no index but the id */
	const char *text;
};

static unsigned page_values(const struct query *q, int64_t after,
			    struct db_value v[4])
{
	unsigned n = 0;

	if (q->text)
		v[n++] = db_text(q->text);
	else if (q->key)
		v[n++] = db_int(q->key);
	if (q->second)
		v[n++] = db_int(q->second);
	v[n++] = db_int(after);
	v[n++] = db_int(PAGE);
	return n;
}

static int page(struct scan *c, const struct query *q)
{
	struct db_value v[4];
	unsigned n = page_values(q, c->after, v);

	c->nr = 0;
	return store_run(c->s, q->sql, v, n, take, c);
}

static int ahead(struct store *s, const struct query *q, int64_t after)
{
	struct db_value v[4];

	return store_ahead(s, q->sql, v, page_values(q, after, v));
}

static int scan(struct scan *c, const struct query *q)
{
	int rc = store_may_read(c->s);

	if (!rc)
		rc = past_load(c->s, c->rows, &c->past);
	while (c->next < c->past.nr && c->past.row[c->next].id <= c->after)
		c->next++;
	do {
		if (!rc)
			rc = page(c, q);
	} while (!rc && c->nr == PAGE);
	if (!rc)
		rc = give_past(c, INT64_MAX);
	past_free(&c->past);
	return c->enough && rc == ENOUGH ? 0 : rc;
}

/* -- those without filters ------------------------------------------------ */

static int scan_all(struct store *s, const struct rows *r, const char *sql,
		    row_fn *each, void *arg)
{
	const struct query q = { .sql = sql };
	struct scan c = {
		.s = s, .rows = r, .each = each, .arg = arg, .left = INT64_MAX
	};

	return scan(&c, &q);
}

#define ALL " WHERE id > $1 ORDER BY id LIMIT $2"
#define BY(column) " WHERE " column " = $1 AND id > $2 ORDER BY id LIMIT $3"

/* A callback of store.h and its argument, called with the row's own type. */
struct typed {
	union {
		store_pool_fn *pool;
		store_host_fn *host;
		store_vm_fn *vm;
		store_level_fn *level;
		store_assign_fn *assign;
	} each;
	void *arg;
};

static int each_pool(void *arg, const void *row)
{
	const struct typed *t = arg;

	return t->each.pool(t->arg, row);
}

static int each_host(void *arg, const void *row)
{
	const struct typed *t = arg;

	return t->each.host(t->arg, row);
}

static int each_vm(void *arg, const void *row)
{
	const struct typed *t = arg;

	return t->each.vm(t->arg, row);
}

static int each_level(void *arg, const void *row)
{
	const struct typed *t = arg;

	return t->each.level(t->arg, row);
}

static int each_assign(void *arg, const void *row)
{
	const struct typed *t = arg;

	return t->each.assign(t->arg, row);
}

int store_scan_pools(struct store *s, store_pool_fn *each, void *arg)
{
	struct typed t = { .each.pool = each, .arg = arg };

	return scan_all(s, &store_rows_pool,
			"SELECT " STORE_POOL " FROM pool" ALL, each_pool, &t);
}

int store_scan_levels(struct store *s, store_level_fn *each, void *arg)
{
	struct typed t = { .each.level = each, .arg = arg };

	return scan_all(s, &store_rows_level,
			"SELECT " STORE_LEVEL " FROM level" ALL, each_level,
			&t);
}

int store_scan_assigns(struct store *s, store_assign_fn *each, void *arg)
{
	struct typed t = { .each.assign = each, .arg = arg };

	return scan_all(s, &store_rows_assign,
			"SELECT " STORE_ASSIGN " FROM assign" ALL, each_assign,
			&t);
}

/* -- hosts and VMs -------------------------------------------------------- */

static int want_host(const void *filter, const void *row)
{
	const struct store_host_filter *f = filter;
	const struct store_host *h = row;

	return (!f->pool || h->pool == f->pool) &&
	       (!f->profile || h->profile == f->profile) &&
	       (!f->group || (h->group && !strcmp(h->group, f->group)));
}

static struct query query_hosts(const struct store_host_filter *f)
{
	struct query q = { .sql = "SELECT " STORE_HOST " FROM host" ALL };

	if (f->group) {
		q.sql = "SELECT " STORE_HOST " FROM host" BY("grp");
		q.text = f->group;
	} else if (f->pool) {
		q.sql = "SELECT " STORE_HOST " FROM host" BY("pool");
		q.key = f->pool;
	} else if (f->profile) {
		q.sql = "SELECT " STORE_HOST " FROM host" BY("profile");
		q.key = f->profile;
	}
	return q;
}

int store_scan_hosts(struct store *s, const struct store_host_filter *f,
		     store_host_fn *each, void *arg)
{
	static const struct store_host_filter any;
	struct typed t = { .each.host = each, .arg = arg };
	struct query q = query_hosts(f ? f : &any);
	struct scan c = { .s = s,
			  .rows = &store_rows_host,
			  .each = each_host,
			  .arg = &t,
			  .want = want_host,
			  .filter = f ? f : &any,
			  .after = f ? f->after : 0,
			  .left = f && f->limit ? f->limit : INT64_MAX };

	return scan(&c, &q);
}

int store_ahead_hosts(struct store *s, const struct store_host_filter *f)
{
	const struct query q = query_hosts(f);

	return ahead(s, &q, f->after);
}

static int want_vm(const void *filter, const void *row)
{
	const struct store_vm_filter *f = filter;
	const struct store_vm *v = row;

	return (!f->pool || v->pool == f->pool) &&
	       (!f->host || v->host == f->host) &&
	       (!f->seen || v->seen == f->seen);
}

static struct query query_vms(const struct store_vm_filter *f)
{
	struct query q = { .sql = "SELECT " STORE_VM " FROM vm" ALL };

	if (f->host) {
		q.sql = "SELECT " STORE_VM " FROM vm" BY("host");
		q.key = f->host;
	} else if (f->pool && f->seen) {
		q.sql = "SELECT " STORE_VM " FROM vm WHERE pool = $1 "
			"AND seen = $2 AND id > $3 ORDER BY id LIMIT $4";
		q.key = f->pool;
		q.second = f->seen;
	} else if (f->pool) {
		q.sql = "SELECT " STORE_VM " FROM vm" BY("pool");
		q.key = f->pool;
	}
	return q;
}

int store_scan_vms(struct store *s, const struct store_vm_filter *f,
		   store_vm_fn *each, void *arg)
{
	static const struct store_vm_filter any;
	struct typed t = { .each.vm = each, .arg = arg };
	struct query q = query_vms(f ? f : &any);
	struct scan c = { .s = s,
			  .rows = &store_rows_vm,
			  .each = each_vm,
			  .arg = &t,
			  .want = want_vm,
			  .filter = f ? f : &any,
			  .after = f ? f->after : 0,
			  .left = f && f->limit ? f->limit : INT64_MAX };

	return scan(&c, &q);
}

int store_ahead_vms(struct store *s, const struct store_vm_filter *f)
{
	const struct query q = query_vms(f);

	return ahead(s, &q, f->after);
}

/* SPDX-License-Identifier: MIT */
/*
 * Everything of one store into another, table by table, a page at a time:
 * numbers, times and changes stay what they are.
 */
#include "intern.h"

#include <stdlib.h>

/* What pages of it are asked for with, and how many columns are its key. */
struct table {
	const char *name;
	const char *const *column;
	unsigned nr, keys;
	const char *sql;
};

static const char *const object[] = { "id", "hash", "data" };
static const char *const source[] = { "id",        "cpu",        "kernel",
				      "microcode", "hypervisor", "firmware" };
static const char *const observed[] = { "source", "profile" };
static const char *const counter[] = { "name", "value" };
static const char *const change[] = { "seq",  "time",   "txn",  "actor",
				      "note", "kind",   "id",   "pool",
				      "name", "before", "after" };
static const char *const pool[] = { "id", "rev", "name", "guest", "platform" };
static const char *const host[] = { "id",      "rev",    "name",  "pool",
				    "profile", "source", "state", "grp" };
static const char *const vm[] = { "id",   "rev",   "name",   "pool", "host",
				  "seen", "level", "booted", "guest" };
static const char *const level[] = { "id",   "rev",    "name",  "version",
				     "pool", "policy", "guest", "definition" };
static const char *const assign[] = { "id",    "rev",   "name",
				      "scope", "level", "version" };

#define PAGE 256
#define BY_ID " WHERE id > $1 ORDER BY id LIMIT 256"

static const struct table tables[] = {
	{ "object", object, LVL_COUNT(object), 1,
	  "SELECT id, hash, data FROM object" BY_ID },
	{ "source", source, LVL_COUNT(source), 1,
	  "SELECT id, cpu, kernel, microcode, hypervisor, firmware "
	  "FROM source" BY_ID },
	{ "observed", observed, LVL_COUNT(observed), 2,
	  "SELECT source, profile FROM observed WHERE source > $1 "
	  "OR (source = $1 AND profile > $2) ORDER BY source, profile "
	  "LIMIT 256" },
	{ "counter", counter, LVL_COUNT(counter), 1,
	  "SELECT name, value FROM counter WHERE name > $1 ORDER BY name "
	  "LIMIT 256" },
	{ "pool", pool, LVL_COUNT(pool), 1,
	  "SELECT " STORE_POOL " FROM pool" BY_ID },
	{ "host", host, LVL_COUNT(host), 1,
	  "SELECT " STORE_HOST " FROM host" BY_ID },
	{ "vm", vm, LVL_COUNT(vm), 1, "SELECT " STORE_VM " FROM vm" BY_ID },
	{ "level", level, LVL_COUNT(level), 1,
	  "SELECT " STORE_LEVEL " FROM level" BY_ID },
	{ "assign", assign, LVL_COUNT(assign), 1,
	  "SELECT " STORE_ASSIGN " FROM assign" BY_ID },
	{ "change", change, LVL_COUNT(change), 1,
	  "SELECT seq, time, txn, actor, note, kind, id, pool, name, before, "
	  "after FROM change WHERE seq > $1 ORDER BY seq LIMIT 256" },
};

#define MAX_COLUMNS 11

struct page_row {
	struct db_value v[MAX_COLUMNS];
};

/* One table on its way; a page of it is in memory. */
struct way {
	struct store *from;
	const struct table *table;
	struct page_row row[PAGE];
	unsigned nr, next;
	struct db_value key[2]; /* of the last row of the page */
	int end;
};

static void drop_page(struct way *w)
{
	unsigned i, c;

	for (i = 0; i < w->nr; i++)
		for (c = 0; c < w->table->nr; c++)
			free((void *)(uintptr_t)w->row[i].v[c].p);
	w->nr = w->next = 0;
}

static int copy_value(struct db_value *to, const struct db_value *v)
{
	size_t size = v->type == DB_TEXT ? strlen(v->p) + 1 : v->len;
	void *p;

	*to = *v;
	to->p = NULL;
	if (v->type != DB_TEXT && v->type != DB_BLOB)
		return 0;
	p = malloc(size ? size : 1);
	if (!p)
		return -LVL_E_NO_MEMORY;
	if (size)
		memcpy(p, v->p, size);
	to->p = p;
	return 0;
}

static int take_row(void *arg, const struct db_value *v, unsigned nr)
{
	struct way *w = arg;
	struct page_row *r = &w->row[w->nr++];
	unsigned c;
	int rc = 0;

	memset(r, 0, sizeof(*r));
	for (c = 0; c < nr && !rc; c++)
		rc = copy_value(&r->v[c], &v[c]);
	return rc ? store_fail(w->from, LVL_E_NO_MEMORY, "%s", store_no_memory)
		  : 0;
}

/* The key outlives its page. */
static int keep_key(struct way *w)
{
	const struct page_row *last = &w->row[w->nr - 1];
	unsigned i;

	for (i = 0; i < w->table->keys; i++) {
		free((void *)(uintptr_t)w->key[i].p);
		if (copy_value(&w->key[i], &last->v[i]))
			return -LVL_E_NO_MEMORY;
	}
	return 0;
}

static int next_row(void *arg, struct db_value *column)
{
	struct way *w = arg;
	int rc;

	if (w->next == w->nr) {
		if (w->end)
			return 0;
		drop_page(w);
		rc = store_run(w->from, w->table->sql, w->key, w->table->keys,
			       take_row, w);
		if (!rc && w->nr)
			rc = keep_key(w);
		if (rc)
			return rc;
		w->end = w->nr < PAGE;
		if (!w->nr)
			return 0;
	}
	memcpy(column, w->row[w->next++].v,
	       w->table->nr * sizeof(struct db_value));
	return 1;
}

static int copy_table(struct store *from, struct store *to,
		      const struct table *t)
{
	struct way *w = calloc(1, sizeof(*w));
	unsigned i;
	int rc;

	if (!w)
		return store_fail(to, LVL_E_NO_MEMORY, "%s", store_no_memory);
	w->from = from;
	w->table = t;
	for (i = 0; i < t->keys; i++)
		w->key[i] = db_int(0);
	if (!strcmp(t->name, "counter"))
		copy_value(&w->key[0], &(struct db_value){ DB_TEXT, 0, "", 0 });
	rc = store_bulk(to, t->name, t->column, t->nr, next_row, w);
	drop_page(w);
	for (i = 0; i < t->keys; i++)
		free((void *)(uintptr_t)w->key[i].p);
	free(w);
	return rc;
}

/* -- both stores ---------------------------------------------------------- */

struct copy {
	struct store *from, *to;
};

static int is_empty(struct store *to)
{
	int64_t n;
	int found, rc;

	rc = store_number(to,
			  "SELECT seq FROM change UNION ALL "
			  "SELECT id FROM object LIMIT 1",
			  NULL, 0, &n, &found);
	if (!rc && found)
		rc = store_fail(to, LVL_E_STATE,
				"there is something in it already; copy into "
				"a new store");
	return rc;
}

static int copy_all(struct store *to, void *arg)
{
	const struct copy *c = arg;
	unsigned i;
	int rc = is_empty(to);

	for (i = 0; i < LVL_COUNT(tables) && !rc; i++)
		rc = copy_table(c->from, to, &tables[i]);
	if (!rc)
		rc = store_last(to, &to->wrote);
	return rc;
}

static int from_body(struct store *from, void *arg)
{
	const struct copy *c = arg;
	int rc;

	rc = store_txn(c->to, STORE_WRITE, copy_all, arg);
	if (rc && from->broken)
		store_fail(c->to, -rc, "%.400s", from->error);
	return rc;
}

int store_copy(struct store *from, struct store *to)
{
	struct copy c = { from, to };
	int rc = store_txn(from, STORE_READ, from_body, &c);

	if (rc && !to->error[0])
		store_fail(to, -rc, "%.400s", from->error);
	return rc;
}

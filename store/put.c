/* SPDX-License-Identifier: MIT */
/* Rows by id and key, written and dropped, each with its change. */
#include "intern.h"

/* -- one row -------------------------------------------------------------- */

struct one {
	struct store *s;
	const struct rows *rows;
	void *row;
	int found;
};

static int take_row(void *arg, const struct db_value *column, unsigned nr)
{
	struct one *o = arg;
	int rc = row_from_values(o->s, o->rows, column, o->row);

	(void)nr;
	o->found = 1;
	return rc ? rc : row_keep(o->s, o->rows, o->row);
}

static int one_row(struct store *s, const struct rows *r, const char *sql,
		   const struct db_value *key, unsigned nr, void *row)
{
	struct one o = { s, r, row, 0 };
	int rc = store_run(s, sql, key, nr, take_row, &o);

	return rc ? rc : o.found ? 0 : -LVL_E_NOT_FOUND;
}

int row_get(struct store *s, const struct rows *r, int64_t id, void *row)
{
	const struct db_value v = db_int(id);
	union any_row copy;
	int rc = store_may_read(s);

	if (rc)
		return rc;
	rc = s->at ? past_get(s, r, id, &copy)
		   : one_row(s, r, r->get, &v, 1, &copy);
	if (!rc)
		memcpy(row, &copy, r->size);
	return rc == -LVL_E_NOT_FOUND
		       ? store_fail(s, LVL_E_NOT_FOUND, "there is no %s %lld",
				    r->table, (long long)id)
		       : rc;
}

int row_ahead(struct store *s, const struct rows *r, const struct db_value *key,
	      unsigned nr)
{
	return store_ahead(s, r->find, key, nr);
}

int row_find(struct store *s, const struct rows *r, const struct db_value *key,
	     unsigned nr, void *row)
{
	union any_row copy;
	int rc = store_may_read(s);

	if (!rc && !store_valid_text(key[0].p, SIZE_MAX))
		rc = store_fail(s, LVL_E_RANGE, "the name of a %s is UTF-8",
				r->table);
	if (rc)
		return rc;
	rc = s->at ? past_find(s, r, key, nr, &copy)
		   : one_row(s, r, r->find, key, nr, &copy);
	if (!rc)
		memcpy(row, &copy, r->size);
	return rc == -LVL_E_NOT_FOUND
		       ? store_fail(s, LVL_E_NOT_FOUND, "there is no %s %s",
				    r->table, (const char *)key[0].p)
		       : rc;
}

int row_there(struct store *s, const struct rows *r, int64_t id)
{
	union any_row row;

	return row_get(s, r, id, &row);
}

/* -- what put and drop share ---------------------------------------------- */

/* The row as it is now, which must be the one that the caller knows. */
static int old_row(struct store *s, const struct rows *r, const void *row,
		   void *old)
{
	int rc = row_get(s, r, row_id(r, row), old);

	if (!rc && row_rev(r, old) != row_rev(r, row))
		return store_fail(s, LVL_E_REVISION,
				  "%s %s was changed meanwhile (change %lld); "
				  "look at it again",
				  r->table, row_name(r, old),
				  (long long)row_rev(r, old));
	if (rc == -LVL_E_NOT_FOUND)
		return store_fail(s, LVL_E_REVISION,
				  "%s %s was removed meanwhile", r->table,
				  row_name(r, row) ? row_name(r, row) : "?");
	return rc;
}

static int64_t pool_of(const struct rows *r, const void *row)
{
	return row && (r->pool || r->kind == STORE_KIND_POOL)
		       ? row_number(row, r->pool)
		       : 0;
}

static int write_change(struct store *s, const struct rows *r,
			const void *before, const void *after, int64_t seq,
			int64_t time)
{
	const void *some = before ? before : after;
	struct store_change c = { .seq = seq,
				  .time = time,
				  .kind = r->kind,
				  .id = row_id(r, some),
				  .pool = pool_of(r, after),
				  .name = row_name(r, some) };
	int rc = 0;

	if (!c.pool)
		c.pool = pool_of(r, before);
	if (before)
		rc = row_to_json(s, r, before, &c.before);
	if (!rc && after)
		rc = row_to_json(s, r, after, &c.after);
	return rc ? rc : change_write(s, &c);
}

/* -- put ------------------------------------------------------------------ */

static int key_equal(const struct db_value *a, const struct db_value *b,
		     unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr; i++)
		if (a[i].type == DB_TEXT ? strcmp(a[i].p, b[i].p) != 0
					 : a[i].i != b[i].i)
			return 0;
	return 1;
}

/* Nobody else has this name. */
static int key_free(struct store *s, const struct rows *r, const void *row,
		    const void *old)
{
	struct db_value key[2], was[2];
	unsigned nr = r->key(row, key);
	union any_row other;
	int rc;

	if (old) {
		r->key(old, was);
		if (key_equal(key, was, nr))
			return 0;
	}
	rc = row_find(s, r, key, nr, &other);
	if (!rc)
		return store_fail(s, LVL_E_DUPLICATE,
				  "there is a %s %s already", r->table,
				  row_name(r, row));
	return rc == -LVL_E_NOT_FOUND ? 0 : rc;
}

static int new_id(struct store *s, const struct rows *r, int64_t *id)
{
	const struct db_value one = db_int(1);
	int found;

	return store_number(s, r->new_id, &one, 1, id, &found);
}

static int write_row(struct store *s, const struct rows *r, const void *row,
		     const void *old)
{
	struct db_value v[STORE_MAX_COLUMNS + 1];

	row_to_values(r, row, v);
	v[r->nr] = db_int(row_id(r, row));
	return store_run(s, old ? r->update : r->insert, old ? v + 1 : v, r->nr,
			 NULL, NULL);
}

static int put(struct store *s, const struct rows *r, void *row,
	       const void *old)
{
	int64_t seq, time, id = row_id(r, row);
	int rc = key_free(s, r, row, old);

	if (!rc && r->refers)
		rc = r->refers(s, row, old);
	if (!rc && !old)
		rc = new_id(s, r, &id);
	if (!rc)
		rc = change_next(s, &seq, &time);
	if (rc)
		return rc;
	row_set_number(row, r->column[0].offset, id);
	row_set_number(row, r->column[1].offset, seq);
	rc = write_row(s, r, row, old);
	return rc ? rc : write_change(s, r, old, row, seq, time);
}

int row_put(struct store *s, const struct rows *r, void *row)
{
	const struct store_mark mark = store_mark(s);
	union any_row old, copy;
	int known = row_id(r, row) != 0, rc = store_may_write(s);

	if (!rc)
		rc = row_valid(s, r, row);
	if (!rc && known)
		rc = old_row(s, r, row, &old);
	if (!rc && !(known && row_equal(r, row, &old))) {
		memcpy(&copy, row, r->size);
		rc = put(s, r, &copy, known ? &old : NULL);
		if (!rc)
			memcpy(row, &copy, r->size);
	}
	store_release(s, &mark);
	return rc;
}

int row_drop(struct store *s, const struct rows *r, const void *row)
{
	union any_row old;
	struct db_value id;
	int64_t seq, time;
	int rc = store_may_write(s);

	if (!rc)
		rc = old_row(s, r, row, &old);
	if (!rc && r->unused)
		rc = r->unused(s, &old);
	if (!rc)
		rc = change_next(s, &seq, &time);
	if (rc)
		return rc;
	id = db_int(row_id(r, &old));
	rc = store_run(s, r->remove, &id, 1, NULL, NULL);
	return rc ? rc : write_change(s, r, &old, NULL, seq, time);
}

/* -- the names of store.h ------------------------------------------------- */

int store_get_pool(struct store *s, int64_t id, struct store_pool *v)
{
	return row_get(s, &store_rows_pool, id, v);
}

int store_get_host(struct store *s, int64_t id, struct store_host *v)
{
	return row_get(s, &store_rows_host, id, v);
}

int store_get_vm(struct store *s, int64_t id, struct store_vm *v)
{
	return row_get(s, &store_rows_vm, id, v);
}

int store_get_level(struct store *s, int64_t id, struct store_level *v)
{
	return row_get(s, &store_rows_level, id, v);
}

int store_find_pool(struct store *s, const char *name, struct store_pool *v)
{
	const struct db_value key = db_text(name);

	return row_find(s, &store_rows_pool, &key, 1, v);
}

int store_find_host(struct store *s, const char *name, struct store_host *v)
{
	const struct db_value key = db_text(name);

	return row_find(s, &store_rows_host, &key, 1, v);
}

int store_find_vm(struct store *s, const char *name, struct store_vm *v)
{
	const struct db_value key = db_text(name);

	return row_find(s, &store_rows_vm, &key, 1, v);
}

int store_find_level(struct store *s, const char *name, int64_t version,
		     struct store_level *v)
{
	const struct db_value key[] = { db_text(name), db_int(version) };

	return row_find(s, &store_rows_level, key, 2, v);
}

int store_find_assign(struct store *s, enum store_scope scope, const char *name,
		      struct store_assign *v)
{
	const struct db_value key[] = { db_text(name), db_int((int64_t)scope) };

	return row_find(s, &store_rows_assign, key, 2, v);
}

int store_put_pool(struct store *s, struct store_pool *v)
{
	return row_put(s, &store_rows_pool, v);
}

int store_put_host(struct store *s, struct store_host *v)
{
	int64_t was = v->rev;
	int rc = row_put(s, &store_rows_host, v);

	if (rc || v->rev == was)
		return rc;
	return store_observe(s, v->source, v->profile);
}

int store_put_vm(struct store *s, struct store_vm *v)
{
	return row_put(s, &store_rows_vm, v);
}

/* Versions count from 1, and none is left out. */
int store_put_level(struct store *s, struct store_level *v)
{
	struct store_level newest, next = *v;
	int rc = store_may_write(s);

	if (!rc && v->id)
		rc = store_fail(s, LVL_E_STATE,
				"versions of a level are never changed");
	if (!rc)
		rc = row_valid(s, &store_rows_level, v);
	if (rc)
		return rc;
	rc = store_find_level(s, v->name, 0, &newest);
	if (rc == -LVL_E_NOT_FOUND)
		newest.version = rc = 0;
	if (!next.version)
		next.version = newest.version + 1;
	if (!rc && next.version > newest.version + 1)
		rc = store_fail(s, LVL_E_RANGE,
				"the next version of %s is %lld, not %lld",
				v->name, (long long)newest.version + 1,
				(long long)v->version);
	if (!rc)
		rc = row_put(s, &store_rows_level, &next);
	if (!rc)
		*v = next;
	return rc;
}

int store_put_assign(struct store *s, struct store_assign *v)
{
	return row_put(s, &store_rows_assign, v);
}

int store_drop_pool(struct store *s, const struct store_pool *v)
{
	return row_drop(s, &store_rows_pool, v);
}

int store_drop_host(struct store *s, const struct store_host *v)
{
	return row_drop(s, &store_rows_host, v);
}

int store_drop_vm(struct store *s, const struct store_vm *v)
{
	return row_drop(s, &store_rows_vm, v);
}

int store_drop_assign(struct store *s, const struct store_assign *v)
{
	return row_drop(s, &store_rows_assign, v);
}

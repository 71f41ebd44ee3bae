/* SPDX-License-Identifier: MIT */
/*
 * Rows as they were.  A row whose rev is not newer than the change asked for
 * has not changed since.  Of the others the first change after it tells what
 * they were before; those that are not in the table of changes were made by
 * a bulk change since and were not there.
 */
#include "intern.h"

#include <stdlib.h>

struct taken {
	struct store *s;
	const struct rows *rows;
	void *row;
	const char *key; /* a name that it must have, or NULL */
	int found;       /* 1: the row; -1: it was not there */
};

static int take_before(void *arg, const struct db_value *v, unsigned nr)
{
	struct taken *t = arg;
	int rc;

	(void)nr;
	t->found = -1;
	if (v[0].type != DB_TEXT)
		return 0;
	rc = row_from_json(t->s, t->rows, v[0].p, t->row);
	if (!rc && row_rev(t->rows, t->row) <= t->s->at)
		t->found = 1;
	return rc;
}

static int take_now(void *arg, const struct db_value *v, unsigned nr)
{
	struct taken *t = arg;
	int rc = row_from_values(t->s, t->rows, v, t->row);

	(void)nr;
	if (rc || row_rev(t->rows, t->row) > t->s->at)
		return rc;
	t->found = 1;
	return row_keep(t->s, t->rows, t->row);
}

int past_get(struct store *s, const struct rows *r, int64_t id, void *row)
{
	const struct db_value now = db_int(id);
	const struct db_value then[] = { db_int((int64_t)r->kind), db_int(id),
					 db_int(s->at) };
	struct taken t = { s, r, row, NULL, 0 };
	int rc = store_run(s, r->get, &now, 1, take_now, &t);

	if (!rc && !t.found)
		rc = store_run(s,
			       "SELECT before FROM change WHERE kind = $1 "
			       "AND id = $2 AND seq > $3 ORDER BY seq LIMIT 1",
			       then, LVL_COUNT(then), take_before, &t);
	return rc ? rc : t.found > 0 ? 0 : -LVL_E_NOT_FOUND;
}

/* -- by name -------------------------------------------------------------- */

struct ids {
	int64_t *id;
	size_t nr, size;
};

static int take_id(void *arg, const struct db_value *v, unsigned nr)
{
	struct ids *ids = arg;
	int64_t *grown;

	(void)nr;
	if (ids->nr == ids->size) {
		ids->size = ids->size ? ids->size * 2 : 64;
		grown = realloc(ids->id, ids->size * sizeof(*grown));
		if (!grown)
			return -LVL_E_NO_MEMORY;
		ids->id = grown;
	}
	ids->id[ids->nr++] = v[0].i;
	return 0;
}

/* Does it match what find was asked for?  Of levels: the newest first. */
static int matches(const struct rows *r, const void *row,
		   const struct db_value *key, unsigned nr)
{
	struct db_value has[2];

	r->key(row, has);
	if (strcmp(has[0].p, key[0].p) != 0)
		return 0;
	return nr < 2 || has[1].i == key[1].i ||
	       (r->kind == STORE_KIND_LEVEL && !key[1].i);
}

/*
 * Versions of levels are only ever added: the newest of then is the newest
 * of now, or one before it.
 */
static int level_then(struct store *s, const struct rows *r,
		      const struct db_value *key, void *row)
{
	struct db_value k[] = { key[0], key[1] };
	struct taken t = { s, r, row, NULL, 0 };
	union any_row now;
	int64_t at = s->at;
	int rc;

	s->at = 0;
	rc = row_find(s, r, k, 2, &now);
	s->at = at;
	while (!rc && now.level.rev > at && !key[1].i &&
	       now.level.version > 1) {
		k[1] = db_int(now.level.version - 1);
		rc = store_run(s, r->find, k, 2, take_now, &t);
		if (rc || t.found)
			return rc;
		now.level.version--;
	}
	if (rc || now.level.rev > at)
		return rc ? rc : -LVL_E_NOT_FOUND;
	memcpy(row, &now, r->size);
	return 0;
}

int past_find(struct store *s, const struct rows *r, const struct db_value *key,
	      unsigned nr, void *row)
{
	const struct db_value v[] = { db_int((int64_t)r->kind), db_int(s->at),
				      key[0] };
	struct taken t = { s, r, row, NULL, 0 };
	struct ids ids = { NULL, 0, 0 };
	size_t i;
	int rc;

	if (r->kind == STORE_KIND_LEVEL)
		return level_then(s, r, key, row);
	rc = store_run(s, r->find, key, nr, take_now, &t);
	if (rc || t.found)
		return rc;
	rc = store_run(s,
		       "SELECT DISTINCT id FROM change WHERE kind = $1 "
		       "AND seq > $2 AND name = $3 ORDER BY id",
		       v, LVL_COUNT(v), take_id, &ids);
	for (i = 0; i < ids.nr && !rc && !t.found; i++) {
		rc = past_get(s, r, ids.id[i], row);
		if (!rc)
			t.found = matches(r, row, key, nr);
		if (rc == -LVL_E_NOT_FOUND)
			rc = 0;
	}
	free(ids.id);
	return rc ? rc : t.found ? 0 : -LVL_E_NOT_FOUND;
}

/* -- all that have changed ------------------------------------------------ */

struct load {
	struct store *s;
	const struct rows *rows;
	struct past *past;
};

static int take_past(void *arg, const struct db_value *v, unsigned nr)
{
	struct load *l = arg;
	struct past *p = l->past;
	struct past_row *grown;

	(void)nr;
	if (v[1].type != DB_TEXT)
		return store_fail(l->s, LVL_E_SYNTAX,
				  "a %s in the change table is damaged",
				  l->rows->table);
	if (p->nr == p->size) {
		p->size = p->size ? p->size * 2 : 64;
		grown = realloc(p->row, p->size * sizeof(*grown));
		if (!grown)
			return store_fail(l->s, LVL_E_NO_MEMORY, "%s",
					  store_no_memory);
		p->row = grown;
	}
	p->row[p->nr].id = v[0].i;
	p->row[p->nr].json = strdup(v[1].p);
	if (!p->row[p->nr].json)
		return store_fail(l->s, LVL_E_NO_MEMORY, "%s", store_no_memory);
	p->nr++;
	return 0;
}

int past_load(struct store *s, const struct rows *r, struct past *p)
{
	const struct db_value v[] = { db_int((int64_t)r->kind), db_int(s->at) };
	struct load l = { s, r, p };

	memset(p, 0, sizeof(*p));
	if (!s->at)
		return 0;
	return store_run(s,
			 "SELECT c.id, c.before FROM change c JOIN "
			 "(SELECT min(seq) AS first FROM change "
			 "WHERE kind = $1 AND seq > $2 GROUP BY id) f "
			 "ON c.seq = f.first WHERE c.before IS NOT NULL "
			 "ORDER BY c.id",
			 v, LVL_COUNT(v), take_past, &l);
}

void past_free(struct past *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->row[i].json);
	free(p->row);
}

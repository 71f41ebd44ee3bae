/* SPDX-License-Identifier: MIT */
/* A row, its columns and its JSON: one walk over a table of columns each. */
#include "intern.h"

#include <jansson.h>
#include <stdlib.h>

static const void *at(const void *row, const struct column *c)
{
	return (const char *)row + c->offset;
}

static int64_t get_int(const void *row, const struct column *c)
{
	return c->type == COLUMN_INT64 ? *(const int64_t *)at(row, c)
				       : *(const int *)at(row, c);
}

static void set_int(void *row, const struct column *c, int64_t v)
{
	if (c->type == COLUMN_INT64)
		*(int64_t *)((char *)row + c->offset) = v;
	else
		*(int *)((char *)row + c->offset) = (int)v;
}

static int is_text(const struct column *c)
{
	return c->type == COLUMN_TEXT || c->type == COLUMN_LABEL ||
	       c->type == COLUMN_NAME;
}

static const char *get_text(const void *row, const struct column *c)
{
	return *(const char *const *)at(row, c);
}

static void set_text(void *row, const struct column *c, const char *s)
{
	*(const char **)((char *)row + c->offset) = s;
}

const char *row_name(const struct rows *r, const void *row)
{
	return get_text(row, &r->column[2]);
}

/* -- the database --------------------------------------------------------- */

void row_to_values(const struct rows *r, const void *row, struct db_value *v)
{
	unsigned i;

	for (i = 0; i < r->nr; i++)
		v[i] = is_text(&r->column[i])
			       ? db_text(get_text(row, &r->column[i]))
			       : db_int(get_int(row, &r->column[i]));
}

/* SQLite keeps in any column whatever was put there. */
static int is_column(const struct column *c, const struct db_value *v)
{
	if (!is_text(c))
		return v->type == DB_INT;
	if (v->type == DB_TEXT)
		return c->type != COLUMN_NAME || *(const char *)v->p;
	return v->type == DB_NULL && c->type != COLUMN_NAME;
}

static int in_range(const struct column *c, int64_t v)
{
	return c->type != COLUMN_INT || (v >= 0 && v < (int64_t)c->nr_names);
}

int row_from_values(struct store *s, const struct rows *r,
		    const struct db_value *v, void *row)
{
	const struct column *c;
	unsigned i;

	memset(row, 0, r->size);
	for (i = 0; i < r->nr; i++) {
		c = &r->column[i];
		if (!is_column(c, &v[i]))
			return store_fail(s, LVL_E_SYNTAX,
					  "%s %lld: its %s is damaged",
					  r->table, (long long)v[0].i, c->name);
		if (is_text(c))
			set_text(row, c, v[i].type == DB_TEXT ? v[i].p : NULL);
		else if (in_range(c, v[i].i))
			set_int(row, c, v[i].i);
		else
			return store_fail(s, LVL_E_RANGE, "%s %lld: %s is %lld",
					  r->table, (long long)v[0].i, c->name,
					  (long long)v[i].i);
	}
	return 0;
}

int row_equal(const struct rows *r, const void *a, const void *b)
{
	unsigned i;

	for (i = 2; i < r->nr; i++) {
		const struct column *c = &r->column[i];
		const char *x, *y;

		if (!is_text(c)) {
			if (get_int(a, c) != get_int(b, c))
				return 0;
			continue;
		}
		x = get_text(a, c);
		y = get_text(b, c);
		if (!x != !y || (x && strcmp(x, y) != 0))
			return 0;
	}
	return 1;
}

int row_keep(struct store *s, const struct rows *r, void *row)
{
	unsigned i;

	for (i = 0; i < r->nr; i++) {
		const struct column *c = &r->column[i];
		const char *text;

		if (!is_text(c) || !get_text(row, c))
			continue;
		text = store_keep_text(s, get_text(row, c));
		if (!text)
			return -LVL_E_NO_MEMORY;
		set_text(row, c, text);
	}
	return 0;
}

/* -- JSON ----------------------------------------------------------------- */

static json_t *value_to_json(const void *row, const struct column *c)
{
	const char *text;

	if (c->type == COLUMN_INT)
		return json_string(c->names[get_int(row, c)]);
	if (c->type == COLUMN_INT64)
		return json_integer(get_int(row, c));
	text = get_text(row, c);
	return text ? json_string(text) : json_null();
}

int row_to_json(struct store *s, const struct rows *r, const void *row,
		const char **json)
{
	json_t *o = json_object();
	char *text = NULL;
	unsigned i;
	int bad = !o;

	for (i = 0; i < r->nr && !bad; i++)
		bad = json_object_set_new(o, r->column[i].name,
					  value_to_json(row, &r->column[i]));
	if (!bad)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (!text)
		return store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
	*json = store_keep_text(s, text);
	free(text);
	return *json ? 0 : -LVL_E_NO_MEMORY;
}

static int value_from_json(struct store *s, const json_t *v,
			   const struct column *c, void *row)
{
	const char *text = json_string_value(v);
	unsigned i;

	if (c->type == COLUMN_INT64) {
		set_int(row, c, json_integer_value(v));
		return json_is_integer(v) ? 0 : -LVL_E_SYNTAX;
	}
	if (c->type != COLUMN_INT) {
		if (text && !(text = store_keep_text(s, text)))
			return -LVL_E_NO_MEMORY;
		set_text(row, c, text);
		return text || (json_is_null(v) && c->type != COLUMN_NAME)
			       ? 0
			       : -LVL_E_SYNTAX;
	}
	for (i = 0; text && i < c->nr_names; i++) {
		if (!strcmp(text, c->names[i])) {
			set_int(row, c, i);
			return 0;
		}
	}
	return -LVL_E_SYNTAX;
}

int row_from_json(struct store *s, const struct rows *r, const char *json,
		  void *row)
{
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	unsigned i;
	int rc = o ? 0 : -LVL_E_SYNTAX;

	memset(row, 0, r->size);
	for (i = 0; i < r->nr && !rc; i++) {
		const struct column *c = &r->column[i];

		rc = value_from_json(s, json_object_get(o, c->name), c, row);
	}
	json_decref(o);
	if (rc == -LVL_E_SYNTAX)
		store_fail(s, LVL_E_SYNTAX,
			   "a %s in the change table is damaged: %.300s",
			   r->table, json);
	return rc;
}

/* -- validity ------------------------------------------------------------- */

int store_valid_text(const char *text, size_t most)
{
	json_t *j = json_string(text); /* UTF-8 only */

	json_decref(j);
	return j && strlen(text) <= most;
}

static int name_valid(struct store *s, const struct rows *r, const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	if (!name || !*name || strlen(name) > 255)
		return store_fail(s, LVL_E_RANGE,
				  "the name of a %s has 1 to 255 bytes",
				  r->table);
	for (; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return store_fail(s, LVL_E_RANGE,
					  "the name of a %s has no control "
					  "characters",
					  r->table);
	if (!store_valid_text(name, 255))
		return store_fail(s, LVL_E_RANGE, "the name of a %s is UTF-8",
				  r->table);
	return 0;
}

int row_valid(struct store *s, const struct rows *r, const void *row)
{
	unsigned i;
	int rc = 0;

	for (i = 2; i < r->nr && !rc; i++) {
		const struct column *c = &r->column[i];
		const char *text;

		if (c->type == COLUMN_NAME) {
			rc = name_valid(s, r, get_text(row, c));
		} else if (is_text(c)) {
			text = get_text(row, c);
			if (text &&
			    !store_valid_text(text, c->type == COLUMN_LABEL
							    ? 255
							    : STORE_MOST_TEXT))
				rc = store_fail(s, LVL_E_RANGE,
						"the %s of a %s is UTF-8 and "
						"not that long",
						c->name, r->table);
		} else if (!in_range(c, get_int(row, c)) ||
			   get_int(row, c) < 0) {
			rc = store_fail(
				s, LVL_E_RANGE, "the %s of a %s cannot be %lld",
				c->name, r->table, (long long)get_int(row, c));
		}
	}
	return rc;
}

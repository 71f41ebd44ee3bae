/* SPDX-License-Identifier: MIT */
/* Bytes by their SHA-256; where they come from; what was seen with what. */
#include "intern.h"

#include <sha2.h>
#include <stdlib.h>

void store_sha256(const void *data, size_t len, uint8_t hash[STORE_HASH])
{
	SHA2_CTX c;

	_Static_assert(STORE_HASH == SHA256_DIGEST_LENGTH, "SHA-256");
	SHA256Init(&c);
	SHA256Update(&c, data, len);
	SHA256Final(hash, &c);
}

static const char object_of[] = "SELECT id FROM object WHERE hash = $1";

int store_find_object(struct store *s, const uint8_t hash[STORE_HASH],
		      int64_t *id)
{
	const struct db_value v = db_blob(hash, STORE_HASH);
	int found;

	return store_number(s, object_of, &v, 1, id, &found);
}

int store_ahead_object(struct store *s, const uint8_t hash[STORE_HASH])
{
	const struct db_value v = db_blob(hash, STORE_HASH);

	return store_ahead(s, object_of, &v, 1);
}

int store_put_object(struct store *s, const void *data, size_t len, int64_t *id)
{
	uint8_t hash[STORE_HASH];
	struct db_value v[2];
	int64_t is = 0;
	int rc = store_may_write(s), found;

	store_sha256(data, len, hash);
	v[0] = db_blob(hash, sizeof(hash));
	v[1] = db_blob(data, len);
	if (!rc)
		rc = store_find_object(s, hash, &is);
	if (!rc && !is)
		rc = store_number(s,
				  "INSERT INTO object (id, hash, data) "
				  "SELECT coalesce(max(id), 0) + 1, $1, $2 "
				  "FROM object RETURNING id",
				  v, 2, &is, &found);
	if (!rc)
		*id = is;
	return rc;
}

struct bytes {
	struct store *s;
	const void *data;
	size_t len;
};

static int take_bytes(void *arg, const struct db_value *v, unsigned nr)
{
	struct bytes *b = arg;

	(void)nr;
	b->len = v[0].len;
	b->data = store_keep(b->s, v[0].p, v[0].len);
	return b->data ? 0 : -LVL_E_NO_MEMORY;
}

static int column_of(struct store *s, const char *sql, int64_t id,
		     struct bytes *b)
{
	const struct db_value v = db_int(id);
	int rc = store_may_read(s);

	b->s = s;
	b->data = NULL;
	if (!rc)
		rc = store_run(s, sql, &v, 1, take_bytes, b);
	if (!rc && !b->data)
		rc = store_fail(s, LVL_E_NOT_FOUND, "there is no object %lld",
				(long long)id);
	return rc;
}

static const char data_of[] = "SELECT data FROM object WHERE id = $1";

int store_read_ahead(struct store *s, const int64_t *id, size_t nr)
{
	size_t i;
	int rc = store_may_read(s);

	for (i = 0; i < nr && !rc; i++) {
		const struct db_value v = db_int(id[i]);

		rc = store_ahead(s, data_of, &v, 1);
	}
	return rc;
}

int store_get_object(struct store *s, int64_t id, const void **data,
		     size_t *len)
{
	struct bytes b;
	int rc = column_of(s, data_of, id, &b);

	if (rc)
		return rc;
	*data = b.data;
	*len = b.len;
	return 0;
}

int store_object_hash(struct store *s, int64_t id, uint8_t hash[STORE_HASH])
{
	struct bytes b;
	int rc = column_of(s, "SELECT hash FROM object WHERE id = $1", id, &b);

	if (!rc && b.len != STORE_HASH)
		rc = store_fail(s, LVL_E_CHECKSUM, "object %lld has no SHA-256",
				(long long)id);
	if (!rc)
		memcpy(hash, b.data, STORE_HASH);
	return rc;
}

/* -- sources -------------------------------------------------------------- */

static struct db_value said(const char *s)
{
	return db_text(s ? s : "");
}

/* All five are in one index. */
#define MOST_OF_SOURCE 500

int store_source_values(struct store *s, const struct store_source *v,
			struct db_value to[5])
{
	static const char *const names[] = { "CPU", "kernel", "microcode",
					     "hypervisor", "firmware" };
	unsigned i;

	to[0] = said(v->cpu);
	to[1] = said(v->kernel);
	to[2] = said(v->microcode);
	to[3] = said(v->hypervisor);
	to[4] = said(v->firmware);
	for (i = 0; i < LVL_COUNT(names); i++)
		if (!store_valid_text(to[i].p, MOST_OF_SOURCE))
			return store_fail(s, LVL_E_RANGE,
					  "the name of a %s is UTF-8 of no "
					  "more than %u bytes",
					  names[i], MOST_OF_SOURCE);
	return 0;
}

static const char source_of[] =
	"SELECT id FROM source WHERE cpu = $1 AND kernel = $2 "
	"AND microcode = $3 AND hypervisor = $4 AND firmware = $5";

int store_find_source(struct store *s, const struct store_source *v,
		      int64_t *id)
{
	struct db_value is[5];
	int found, rc;

	rc = store_source_values(s, v, is);
	return rc ? rc
		  : store_number(s, source_of, is, LVL_COUNT(is), id, &found);
}

int store_ahead_source(struct store *s, const struct store_source *v)
{
	struct db_value is[5];
	int rc = store_source_values(s, v, is);

	return rc ? rc : store_ahead(s, source_of, is, LVL_COUNT(is));
}

int store_put_source(struct store *s, const struct store_source *v, int64_t *id)
{
	struct db_value is[5];
	int64_t n = 0;
	int rc = store_may_write(s), found;

	if (!rc)
		rc = store_find_source(s, v, &n);
	if (!rc)
		rc = store_source_values(s, v, is);
	if (!rc && !n)
		rc = store_number(s,
				  "INSERT INTO source (id, cpu, kernel, "
				  "microcode, hypervisor, firmware) "
				  "SELECT coalesce(max(id), 0) + 1, $1, $2, "
				  "$3, $4, $5 FROM source RETURNING id",
				  is, LVL_COUNT(is), &n, &found);
	if (!rc)
		*id = n;
	return rc;
}

static const char *not_empty(const struct db_value *v)
{
	return v->type == DB_TEXT && *(const char *)v->p ? v->p : NULL;
}

static void source_from_values(const struct db_value *v, struct store_source *o)
{
	o->id = v[0].i;
	o->cpu = not_empty(&v[1]);
	o->kernel = not_empty(&v[2]);
	o->microcode = not_empty(&v[3]);
	o->hypervisor = not_empty(&v[4]);
	o->firmware = not_empty(&v[5]);
}

struct source {
	struct store *s;
	struct store_source v;
};

static int take_source(void *arg, const struct db_value *column, unsigned nr)
{
	struct source *o = arg;
	const char **text[] = { &o->v.cpu, &o->v.kernel, &o->v.microcode,
				&o->v.hypervisor, &o->v.firmware };
	unsigned i;

	(void)nr;
	source_from_values(column, &o->v);
	for (i = 0; i < LVL_COUNT(text); i++) {
		const char *is = *text[i];

		if (is && !(*text[i] = store_keep_text(o->s, is)))
			return -LVL_E_NO_MEMORY;
	}
	return 0;
}

/*
 * Sources never change: those that were read are remembered, one for each
 * place.  A source that this transaction made may still go away.
 */
#define PLACES 256

struct store_sources {
	struct {
		int64_t id;
		char *text[5];
	} place[PLACES];
};

static void forget(struct store_sources *c, unsigned place)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(c->place[place].text); i++) {
		free(c->place[place].text[i]);
		c->place[place].text[i] = NULL;
	}
	c->place[place].id = 0;
}

void store_sources_free(struct store_sources *c)
{
	unsigned i;

	for (i = 0; c && i < PLACES; i++)
		forget(c, i);
	free(c);
}

/* Where there is no memory it is read again. */
static void remember(struct store *s, const struct store_source *v)
{
	const char *text[] = { v->cpu, v->kernel, v->microcode, v->hypervisor,
			       v->firmware };
	unsigned place = (unsigned)(v->id % PLACES), i;

	if (s->mode != STORE_READ)
		return;
	if (!s->sources)
		s->sources = calloc(1, sizeof(*s->sources));
	if (!s->sources)
		return;
	forget(s->sources, place);
	for (i = 0; i < LVL_COUNT(text); i++) {
		char *copy = text[i] ? strdup(text[i]) : NULL;

		if (text[i] && !copy)
			return;
		s->sources->place[place].text[i] = copy;
	}
	s->sources->place[place].id = v->id;
}

static int remembered(struct store *s, int64_t id, struct source *o)
{
	unsigned place = (unsigned)(id % PLACES), i;
	struct db_value v[6] = { db_int(id) };

	if (!s->sources || id <= 0 || s->sources->place[place].id != id)
		return 0;
	for (i = 0; i < 5; i++)
		v[1 + i] = db_text(s->sources->place[place].text[i]);
	return take_source(o, v, 6) ? 0 : 1;
}

int store_get_source(struct store *s, int64_t id, struct store_source *v)
{
	const struct db_value is = db_int(id);
	struct source o = { .s = s };
	int rc = store_may_read(s);

	if (!rc && !remembered(s, id, &o)) {
		rc = store_run(s,
			       "SELECT id, cpu, kernel, microcode, "
			       "hypervisor, firmware FROM source "
			       "WHERE id = $1",
			       &is, 1, take_source, &o);
		if (!rc && o.v.id)
			remember(s, &o.v);
	}
	if (!rc && !o.v.id)
		rc = store_fail(s, LVL_E_NOT_FOUND, "there is no source %lld",
				(long long)id);
	if (!rc)
		*v = o.v;
	return rc;
}

/* -- what was seen with what ---------------------------------------------- */

int store_observe(struct store *s, int64_t source, int64_t profile)
{
	const struct db_value v[] = { db_int(source), db_int(profile) };

	if (!source || !profile)
		return 0;
	return store_run(s,
			 "INSERT INTO observed (source, profile) "
			 "VALUES ($1, $2) ON CONFLICT DO NOTHING",
			 v, LVL_COUNT(v), NULL, NULL);
}

struct observed {
	store_observed_fn *each;
	void *arg;
};

static int take_observed(void *arg, const struct db_value *v, unsigned nr)
{
	const struct observed *o = arg;
	struct store_source source;

	(void)nr;
	source_from_values(v, &source);
	return o->each(o->arg, &source, v[6].i);
}

int store_scan_observed(struct store *s, const char *cpu,
			store_observed_fn *each, void *arg)
{
	const struct db_value is = db_text(cpu);
	struct observed o = { each, arg };
	int rc = store_may_read(s);

	return rc ? rc
		  : store_run(s,
			      "SELECT s.id, s.cpu, s.kernel, s.microcode, "
			      "s.hypervisor, s.firmware, o.profile "
			      "FROM observed o JOIN source s "
			      "ON s.id = o.source WHERE s.cpu = $1 "
			      "ORDER BY s.id, o.profile",
			      &is, 1, take_observed, &o);
}

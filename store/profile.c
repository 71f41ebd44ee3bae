/* SPDX-License-Identifier: MIT */
/*
 * Policies as objects.  A single one is its record (cpulevel/record.h); a
 * profile is, little endian,
 *
 *	0  8  magic "cpulprof"
 *	8  2  version, 1
 *	10 2  number of records
 *	12 4  hints of the description
 *	16    per record, by ascending kind: kind and length, 4 bytes each,
 *	      and the record
 */
#include "intern.h"

#include <cpulevel/record.h>

#include <stdio.h>
#include <stdlib.h>

#define HEAD 16
#define VERSION 1
static const char magic[8] = { 'c', 'p', 'u', 'l', 'p', 'r', 'o', 'f' };

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* -- to bytes ------------------------------------------------------------- */

/*
 * The protected processor inventory number is another one for each chip: it
 * says nothing of what a CPU can do, and a million alike hosts would have a
 * million profiles.
 */
static const struct lvl_policy *without_serial(const struct lvl_policy *p,
					       struct lvl_policy *copy)
{
	if (!lvl_known(p, LVL_F_INTEL_PPIN_VALUE))
		return p;
	*copy = *p;
	lvl_forget(copy, LVL_F_INTEL_PPIN_VALUE);
	return copy;
}

static int add_record(const struct lvl_policy *p, unsigned kind, uint8_t *buf,
		      size_t *len)
{
	struct lvl_policy copy;
	size_t n = LVL_RECORD_MAX;
	int rc;

	rc = lvl_record_encode(without_serial(p, &copy), -1, buf + *len + 8,
			       &n);
	if (rc)
		return rc;
	put32(buf + *len, kind);
	put32(buf + *len + 4, (uint32_t)n);
	*len += 8 + n;
	return 0;
}

int profile_encode(struct store *s, const struct lvl_desc *d,
		   const uint8_t **data, size_t *len)
{
	unsigned k, nr = 0;
	uint8_t *buf;
	size_t n = HEAD;
	int rc = 0;

	for (k = 0; k < LVL_NR_KINDS; k++)
		nr += d->policy[k] != NULL;
	buf = store_alloc(s, HEAD + nr * (8 + LVL_RECORD_MAX));
	if (!buf)
		return -LVL_E_NO_MEMORY;
	memcpy(buf, magic, sizeof(magic));
	put32(buf + 8, VERSION | nr << 16);
	put32(buf + 12, d->hints);
	for (k = 0; k < LVL_NR_KINDS && !rc; k++)
		if (d->policy[k])
			rc = add_record(d->policy[k], k, buf, &n);
	if (rc)
		return store_fail(s, -rc, "%s: %s", lvl_kind_names[k - 1],
				  lvl_strerror(rc));
	*data = buf;
	*len = n;
	return 0;
}

int store_put_profile(struct store *s, const struct lvl_desc *d, int64_t *id)
{
	const struct store_mark mark = store_mark(s);
	const uint8_t *data;
	size_t len;
	int rc = store_may_write(s);

	if (!rc)
		rc = profile_encode(s, d, &data, &len);
	if (!rc)
		rc = store_put_object(s, data, len, id);
	store_release(s, &mark);
	return rc;
}

int store_put_policy(struct store *s, const struct lvl_policy *p, int guest,
		     int64_t *id)
{
	uint8_t buf[LVL_RECORD_MAX];
	size_t len = sizeof(buf);
	int rc = store_may_write(s);

	if (!rc) {
		rc = lvl_record_encode(p, guest, buf, &len);
		if (rc)
			store_fail(s, -rc, "%s", lvl_strerror(rc));
	}
	return rc ? rc : store_put_object(s, buf, len, id);
}

/* -- what was decoded ----------------------------------------------------- */

/* So many others may be asked for before one is forgotten. */
#define KEPT 257

struct kept {
	int64_t id; /* of the object; 0: free */
	uint64_t used;
	int guest;
	struct lvl_policy *policy; /* a single one, or those of the profile */
	struct store_profile profile;
	int is_profile;
	int fresh; /* of a transaction that may still fail */
};

struct store_cache {
	uint64_t clock;
	struct kept kept[KEPT];
};

void store_cache_free(struct store_cache *c)
{
	unsigned i;

	for (i = 0; c && i < KEPT; i++)
		free(c->kept[i].policy);
	free(c);
}

/*
 * The id of an object that went away with its transaction is given to
 * another one.
 */
void store_cache_settle(struct store_cache *c, int committed)
{
	unsigned i;

	for (i = 0; c && i < KEPT; i++) {
		struct kept *k = &c->kept[i];

		if (k->fresh && !committed) {
			free(k->policy);
			memset(k, 0, sizeof(*k));
		}
		k->fresh = 0;
	}
}

static struct kept *cached(struct store *s, int64_t id, int is_profile)
{
	struct store_cache *c = s->cache;
	unsigned i;

	for (i = 0; c && i < KEPT; i++) {
		struct kept *k = &c->kept[i];

		if (id && k->id == id && k->is_profile == is_profile) {
			k->used = ++c->clock;
			return k;
		}
	}
	return NULL;
}

/* The place of what was not asked for longest, empty. */
static struct kept *make_room(struct store *s)
{
	struct kept *oldest;
	unsigned i;

	if (!s->cache)
		s->cache = calloc(1, sizeof(*s->cache));
	if (!s->cache) {
		store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
		return NULL;
	}
	oldest = &s->cache->kept[0];
	for (i = 1; i < KEPT; i++)
		if (s->cache->kept[i].used < oldest->used)
			oldest = &s->cache->kept[i];
	free(oldest->policy);
	memset(oldest, 0, sizeof(*oldest));
	return oldest;
}

static void enter(struct store *s, struct kept *k, int64_t id)
{
	k->id = id;
	k->fresh = s->mode == STORE_WRITE;
	k->used = ++s->cache->clock;
}

/* -- from bytes ----------------------------------------------------------- */

static int take_name(void *arg, const struct db_value *v, unsigned nr)
{
	(void)nr;
	if (v[0].type == DB_TEXT)
		snprintf(arg, 256, "%s", (const char *)v[0].p);
	return 0;
}

/* Whoever has it can be retired: then nothing asks for it. */
static int damaged(struct store *s, int64_t id, int code, const char *what)
{
	const struct db_value v = db_int(id);
	char host[256] = "";
	int rc = store_run(s,
			   "SELECT name FROM host WHERE profile = $1 "
			   "ORDER BY id LIMIT 1",
			   &v, 1, take_name, host);

	if (rc)
		return rc;
	return store_fail(s, code, "object %lld%s%s%s is no %s: %s",
			  (long long)id,
			  *host ? ", what is known of host " : "", host,
			  *host ? "," : "", what, lvl_strerror(code));
}

/* One record at *at; 0 or a code. */
static int read_record(const uint8_t *data, size_t len, size_t *at,
		       struct lvl_policy *p, unsigned *kind)
{
	size_t n;
	int rc;

	if (len - *at < 8)
		return -LVL_E_TRUNCATED;
	*kind = get32(data + *at);
	n = get32(data + *at + 4);
	*at += 8;
	if (*kind >= LVL_NR_KINDS)
		return -LVL_E_VERSION;
	if (n > len - *at)
		return -LVL_E_TRUNCATED;
	rc = lvl_record_decode(p, NULL, data + *at, n, NULL);
	*at += n;
	return rc;
}

static int read_records(struct kept *k, const uint8_t *data, size_t len,
			unsigned nr)
{
	size_t at = HEAD;
	unsigned i, kind;
	int rc = 0;

	for (i = 0; i < nr && !rc; i++) {
		rc = read_record(data, len, &at, &k->policy[i], &kind);
		if (!rc && k->profile.policy[kind])
			rc = -LVL_E_DUPLICATE;
		if (!rc)
			k->profile.policy[kind] = &k->policy[i];
	}
	return rc ? rc : at == len ? 0 : -LVL_E_SYNTAX;
}

static int decode_profile(struct store *s, struct kept *k, const uint8_t *data,
			  size_t len)
{
	unsigned nr;

	if (len < HEAD || memcmp(data, magic, sizeof(magic)) != 0)
		return -LVL_E_MAGIC;
	if ((get32(data + 8) & 0xffff) != VERSION)
		return -LVL_E_VERSION;
	nr = get32(data + 8) >> 16;
	if (nr > LVL_NR_KINDS)
		return -LVL_E_SYNTAX;
	k->policy = calloc(nr ? nr : 1, sizeof(*k->policy));
	if (!k->policy)
		return store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
	k->profile.hints = get32(data + 12);
	return read_records(k, data, len, nr);
}

int store_get_profile(struct store *s, int64_t id,
		      const struct store_profile **p)
{
	struct kept *k = cached(s, id, 1);
	const void *data;
	size_t len;
	int rc = store_may_read(s);

	if (rc || k)
		goto out;
	rc = store_get_object(s, id, &data, &len);
	if (rc)
		return rc;
	k = make_room(s);
	if (!k)
		return -LVL_E_NO_MEMORY;
	rc = decode_profile(s, k, data, len);
	if (rc)
		return damaged(s, id, -rc, "profile");
	k->profile.id = id;
	k->is_profile = 1;
	enter(s, k, id);
out:
	if (!rc)
		*p = &k->profile;
	return rc;
}

int store_get_policy(struct store *s, int64_t id, const struct lvl_policy **p,
		     int *guest)
{
	struct kept *k = cached(s, id, 0);
	const void *data;
	size_t len;
	int rc = store_may_read(s);

	if (rc || k)
		goto out;
	rc = store_get_object(s, id, &data, &len);
	if (rc)
		return rc;
	k = make_room(s);
	if (k)
		k->policy = malloc(sizeof(*k->policy));
	if (!k || !k->policy)
		return store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory);
	rc = lvl_record_decode(k->policy, &k->guest, data, len, NULL);
	if (rc)
		return damaged(s, id, -rc, "policy");
	enter(s, k, id);
out:
	if (rc)
		return rc;
	*p = k->policy;
	if (guest)
		*guest = k->guest;
	return 0;
}

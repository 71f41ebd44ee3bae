/* SPDX-License-Identifier: MIT */
#include "repeat.h"

#include <stdlib.h>

/* Only spreads: equality is decided by comparing the bytes. */
static uint64_t spread(const char *text, size_t len)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u;
	uint64_t h = len, g = odd, v[2];

	for (; len >= 16; text += 16, len -= 16) {
		memcpy(v, text, 16);
		h = (h ^ v[0]) * odd;
		g = (g ^ v[1]) * odd;
		h ^= h >> 29;
		g ^= g >> 31;
	}
	memset(v, 0, sizeof(v));
	memcpy(v, text, len);
	h = (h ^ v[0] ^ g) * odd;
	h = (h ^ h >> 29 ^ v[1]) * odd;
	return h ^ h >> 32;
}

static void forget(struct lvl_repeat_entry *e)
{
	free(e->text);
	lvl_desc_free(e->d);
	memset(e, 0, sizeof(*e));
}

/* Places where a document may be; others push it out of the first. */
#define WAYS 4u

static struct lvl_repeat_entry *find(struct lvl_repeat *r, uint64_t hash,
				     const char *text, size_t len)
{
	struct lvl_repeat_entry *free_one = &r->entry[hash % LVL_REPEATS];
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		struct lvl_repeat_entry *e =
			&r->entry[(hash + i) % LVL_REPEATS];

		if (e->d && e->hash == hash && e->len == len &&
		    !memcmp(e->text, text, len))
			return e;
		if (!e->d && free_one->d)
			free_one = e;
	}
	forget(free_one);
	return free_one;
}

int lvl_repeat_again(struct lvl_repeat *r, struct lvl_import *im,
		     const char *text, size_t len)
{
	struct lvl_repeat_entry *e;
	uint64_t hash;
	int rc;

	r->next = NULL;
	if (!len || len > LVL_REPEAT_BYTES)
		return 0;
	hash = spread(text, len);
	e = find(r, hash, text, len);
	if (e->d) {
		rc = lvl_import_again(im, e->d);
		return rc ? rc : 1;
	}
	e->text = malloc(len);
	if (!e->text)
		return 0; /* only slower */
	memcpy(e->text, text, len);
	e->len = len;
	e->hash = hash;
	r->next = e;
	return 0;
}

int lvl_repeat_done(struct lvl_repeat *r, struct lvl_import *im)
{
	int rc;

	if (!r->next)
		return lvl_import_done(im);
	im->twin = ++r->twins;
	im->copy = &r->next->d;
	rc = lvl_import_done(im);
	im->copy = NULL;
	im->twin = 0;
	r->next = NULL;
	return rc;
}

void lvl_repeat_free(struct lvl_repeat *r)
{
	unsigned i;

	for (i = 0; i < LVL_REPEATS; i++)
		forget(&r->entry[i]);
}

/* SPDX-License-Identifier: MIT */
/* What programs that write to a store in many processes share. */
#ifndef TEST_STORE_PROGRAM_H
#define TEST_STORE_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

/* PROGRAM: its name, for messages. */

static uint64_t seed;

static inline unsigned dice(unsigned sides)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((z ^ z >> 31) % sides);
}

static inline void die(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s: %s\n", what, why);
	exit(1);
}

static inline void must(struct store *s, int rc, const char *what)
{
	if (rc)
		die(what, store_error(s));
}

static inline struct store *open_store(const char *uri)
{
	struct store *s;
	char err[STORE_ERROR];

	if (store_open(uri, 0, &s, err))
		die("open", err);
	return s;
}

#endif

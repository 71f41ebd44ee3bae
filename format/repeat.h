/* SPDX-License-Identifier: MIT */
/*
 * Documents that were read before.  Pools are made of few kinds of machine:
 * of a thousand definitions most are the same bytes again, and what they
 * mean need not be worked out again.
 */
#ifndef LVL_FORMAT_REPEAT_H
#define LVL_FORMAT_REPEAT_H

#include "import.h"

#define LVL_REPEATS 64u         /* documents that are remembered */
#define LVL_REPEAT_BYTES 16384u /* longer ones are not */

struct lvl_repeat_entry {
	uint64_t hash;
	size_t len;
	char *text;
	struct lvl_desc *d;
};

struct lvl_repeat {
	struct lvl_repeat_entry entry[LVL_REPEATS];
	struct lvl_repeat_entry *next; /* being read for the first time */
	unsigned long twins;
};

/*
 * Was this document read before?  Then deliver the same machine: 1, or
 * negative as lvl_import_done().  0: it was not; it is remembered once
 * lvl_repeat_done() has delivered it.
 */
int lvl_repeat_again(struct lvl_repeat *r, struct lvl_import *im,
		     const char *text, size_t len);

/* Instead of lvl_import_done(). */
int lvl_repeat_done(struct lvl_repeat *r, struct lvl_import *im);

void lvl_repeat_free(struct lvl_repeat *r);

#endif

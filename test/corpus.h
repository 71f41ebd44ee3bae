/* SPDX-License-Identifier: MIT */
/*
 * The corpus of real dumps as a group fixture of cmocka: load_corpus() and
 * unload_corpus() around the group, need_corpus() in each test that wants it.
 * Without a corpus those are skipped, and say so; a corpus that cannot be read
 * fails the group.
 */
#ifndef LVL_TEST_CORPUS_H
#define LVL_TEST_CORPUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gen-policy.h"

static struct gen_corpus corpus;
static const char *no_corpus; /* why there is none */

static inline int load_corpus(void **state)
{
	int absent;

	(void)state;
	no_corpus = gen_corpus_load(&corpus, &absent);
	if (!no_corpus || absent)
		return 0;
	fprintf(stderr, "%s\n", no_corpus);
	return -1;
}

static inline int unload_corpus(void **state)
{
	(void)state;
	gen_corpus_free(&corpus);
	return 0;
}

static inline void need_corpus(void)
{
	if (!no_corpus)
		return;
	print_message("skipped: no corpus: %s\n", no_corpus);
	skip();
}

#endif

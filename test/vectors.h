/* SPDX-License-Identifier: MIT */
/* Rows of test/vectors/, tab-separated; # begins a comment. */
#ifndef TEST_VECTORS_H
#define TEST_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen-policy.h"

#define VECTOR_COLUMNS 8

struct vectors {
	FILE *f;
	unsigned line;
	char text[4096];
	char *column[VECTOR_COLUMNS]; /* "" where the line has fewer */
};

/* Open a file and skip its heading; the test fails where there is none. */
static inline void vectors_open(struct vectors *v, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/test/vectors/%s", gen_root_dir(),
		 name);
	v->f = fopen(path, "r");
	v->line = 0;
	if (!v->f)
		fail_msg("%s is not there", path);
}

static inline void vectors_split(struct vectors *v)
{
	char *at = v->text;
	unsigned i;

	v->text[strcspn(v->text, "\n")] = '\0';
	for (i = 0; i < VECTOR_COLUMNS; i++) {
		v->column[i] = at;
		at += strcspn(at, "\t");
		if (*at)
			*at++ = '\0';
	}
}

/* The next row, or 0 at the end, which closes the file. */
static inline int vectors_next(struct vectors *v)
{
	static const char heading[] = "test\t";

	while (fgets(v->text, sizeof(v->text), v->f)) {
		v->line++;
		if (v->text[0] == '#' ||
		    !strncmp(v->text, heading, sizeof(heading) - 1))
			continue;
		vectors_split(v);
		return 1;
	}
	fclose(v->f);
	return 0;
}

#endif

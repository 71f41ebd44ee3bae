/* SPDX-License-Identifier: MIT */
/* The answer of `level`, and the two ways to print it. */
#ifndef LVL_CLI_LEVEL_H
#define LVL_CLI_LEVEL_H

#include "pool.h"

struct level_answer {
	const struct pool *pool;
	struct lvl_policy level;
	struct lvl_status status;
	int parity;            /* instruction set only: not for migration */
	int all;               /* every host, however many */
	const char *as_model;  /* "qemu": as a model of that; NULL: not */
	unsigned capabilities; /* of the level */
	unsigned *alone;       /* by host: how many features it alone lacks */
};

/* Is a field of which the value is not known part of this answer? */
int level_matters(const struct level_answer *a, unsigned field);

/* Call each feature that is not in the level because of this host alone. */
void level_alone(const struct level_answer *a, size_t host,
		 void (*each)(void *arg, unsigned field), void *arg);

/* A capability that some host has and the level has not. */
int level_lost(const struct level_answer *a, unsigned field);

void level_print(const struct level_answer *a);
void level_json(const struct level_answer *a, FILE *out);

#endif

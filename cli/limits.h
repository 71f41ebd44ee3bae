/* SPDX-License-Identifier: MIT */
/* What the user says of a level: --cap, --drop, --keep. */
#ifndef LVL_CLI_LIMITS_H
#define LVL_CLI_LIMITS_H

#include "level.h"

#define LIMITS 64

struct limits {
	const char *cap[LIMITS], *drop[LIMITS], *keep[LIMITS];
	unsigned nr_caps, nr_drops, nr_keeps;
};

/* Add an option's value to one of the lists; 0 or EXIT_USAGE. */
int limits_add(const char *list[LIMITS], unsigned *n, const char *value);

/* Take away from the fold what --drop and --cap say.  0 or an exit code. */
int limits_apply(const struct limits *l, struct pool *p);

/* The policy that --cap means: a file, or a level's name. */
int limits_read_cap(const struct cli_select *s, const char *cap,
		    struct lvl_policy *p);

/*
 * Does the level have all that --keep names?  EXIT_NO after saying which
 * machines, or what else, are in the way; EXIT_USAGE for an unknown name.
 */
int limits_check(const struct limits *l, const struct level_answer *a);

/* Some machine has the feature, and --cap or --drop took it. */
int limits_took(const struct level_answer *a, unsigned field);

#endif

/* SPDX-License-Identifier: MIT */
/* The answer to "may it run there", and the two ways to print it. */
#ifndef LVL_CLI_CHECK_H
#define LVL_CLI_CHECK_H

#include "findings.h"

struct check {
	const char *guest_name, *host_name;
	/* for which platform the host's policy was derived, or NULL */
	const char *derived;
	struct lvl_policy guest, host; /* what it saw; what is let in there */
	enum lvl_verdict verdict;
	struct findings all;
};

/* Names and policies are there: find out the rest.  0 or EXIT_INPUT. */
int check_run(struct check *c);
void check_free(struct check *c);

/* 1 if a level was named that would fit. */
int check_print(const struct check *c, FILE *out);
/* Everything but what to do about it. */
void check_findings(const struct check *c, FILE *out);
void check_json(const struct check *c, FILE *out);

#endif

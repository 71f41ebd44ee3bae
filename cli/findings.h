/* SPDX-License-Identifier: MIT */
/* Findings of a check, kept, sorted and printed. */
#ifndef LVL_CLI_FINDINGS_H
#define LVL_CLI_FINDINGS_H

#include "cli.h"

struct findings {
	struct lvl_finding *f;
	size_t nr, room;
	unsigned count[LVL_NR_SEVERITIES]; /* those that are sure */
	unsigned unsure;
	int failed; /* there was no memory for one */
};

/* A lvl_finding_fn; arg: the findings, all zero at first. */
void findings_keep(void *arg, const struct lvl_finding *f);

/* Worst first; what is sure before what is not; else in registry order. */
void findings_sort(struct findings *all);
void findings_free(struct findings *all);

/*
 * The two sides: what stands above their values, and the policies, which tell
 * what is not known.  A policy that is NULL: a finding's own value.
 */
struct findings_of {
	const char *guest_is, *host_is;
	const struct lvl_policy *guest, *host;
};

/* ": 2 fatal, 1 not known", or nothing. */
void findings_counts(const struct findings *all, FILE *out);

/* A table for each severity. */
void findings_table(const struct findings *all, const struct findings_of *of,
		    FILE *out);

/* The elements of a JSON array, without its brackets. */
void findings_json(const struct findings *all, const struct findings_of *of,
		   FILE *out);

#endif

/* SPDX-License-Identifier: MIT */
/* The answer of `explain`: a field, a machine, and what the rules did. */
#ifndef LVL_CLI_EXPLAIN_H
#define LVL_CLI_EXPLAIN_H

#include "cli.h"

struct explain {
	const struct lvl_desc *d;  /* NULL: the registry alone */
	unsigned field;            /* LVL_NO_FIELD: every one */
	struct lvl_change *change; /* in the order in which they happened */
	size_t nr, room;
	int failed;
	/* what the rules for guests did, where their policies are derived */
	const struct explain *guest;
	struct cli_select select;
};

/* What a change says, without rule and field: "1 -> 0", "? -> 1". */
#define EXPLAIN_TEXT 48
const char *explain_change(const struct lvl_change *c, char buf[EXPLAIN_TEXT]);

/* A value of a policy, "?" if it is not known. */
const char *explain_value(const struct lvl_policy *p, unsigned field,
			  char buf[EXPLAIN_TEXT]);

/* "avx or avx2 or pmu-version >= 2"; "always" for clause 0. */
#define EXPLAIN_CLAUSE 512
const char *explain_clause(unsigned clause, char buf[EXPLAIN_CLAUSE]);

/* The reason of the change: of the requirement, else of the rule. */
const char *explain_reason(const struct lvl_change *c);

/*
 * Why the field is as it is in the host policy, in one sentence.  Needs a
 * machine with a raw policy, or says that it has none.
 */
#define EXPLAIN_WHY 512
const char *explain_why(const struct explain *e, unsigned field,
			char buf[EXPLAIN_WHY]);

/*
 * The field that this one follows: the one whose absence took it, or the one
 * that it is computed from; LVL_NO_FIELD.  Follow at most EXPLAIN_DEPTH.
 */
#define EXPLAIN_DEPTH 8
unsigned explain_cause(const struct explain *e, unsigned field);

void explain_print(const struct explain *e);
void explain_json(const struct explain *e);

#endif

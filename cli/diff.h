/* SPDX-License-Identifier: MIT */
/* What differs between the policies of two machines. */
#ifndef LVL_CLI_DIFF_H
#define LVL_CLI_DIFF_H

#include "cli.h"

/* Under which heading it is shown. */
enum diff_part {
	PART_LEVELLED, /* takes part in levels and checks, or is a leak */
	PART_HALF,     /* the same, but only one of the two is known */
	PART_OWN,      /* free, dynamic, pin and hidden ones */
	PART_UNNAMED,  /* not in the registry */
	PART_REGISTER, /* --raw */
	NR_PARTS
};

#define DIFF_TEXT 40

struct diff_row {
	enum diff_part part;
	enum lvl_kind kind;
	unsigned field; /* LVL_NO_FIELD: a register */
	char where[DIFF_TEXT];
	char a[DIFF_TEXT], b[DIFF_TEXT];
};

struct diff {
	const struct lvl_desc *a, *b;
	struct diff_row *row;
	size_t nr, room;
	enum lvl_kind kind[LVL_NR_KINDS]; /* those compared */
	unsigned nr_kinds;
	int failed;
};

/* Add what differs between policy ka of A and policy kb of B. */
void diff_compare(struct diff *d, enum lvl_kind ka, enum lvl_kind kb, int raw);

#endif

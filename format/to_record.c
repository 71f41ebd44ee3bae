/* SPDX-License-Identifier: MIT */
/* The canonical record (cpulevel/record.h): all of a policy, lossless. */
#include "gen.h"

#include <cpulevel/record.h>

#include <stdlib.h>

static int write_record(struct lvl_gen *g)
{
	uint8_t *record = malloc(LVL_RECORD_MAX);
	size_t len = LVL_RECORD_MAX;
	int rc;

	if (!record)
		return -LVL_E_NO_MEMORY;
	rc = lvl_record_encode(g->p, (int)g->options->guest - 1, record, &len);
	if (!rc && fwrite(record, len, 1, g->out) != 1)
		rc = -LVL_E_IO;
	if (!rc)
		g->given = *g->p;
	free(record);
	return rc;
}

const struct lvl_writer lvl_writer_record = {
	.name = "record",
	.what = "cpulevel's own record, for a VMM to keep with the guest",
	.binary = 1,
	.write = write_record,
};

/* SPDX-License-Identifier: MIT */
/* VMs that can go nowhere, one by one, of pools that have such. */
#ifndef LVL_CLI_FLEET_STRANDED_H
#define LVL_CLI_FLEET_STRANDED_H

#include "fleet_say.h"

struct fleet_stranded {
	struct fleet *f;
	struct fleet_table *table; /* NULL: JSON */
	size_t nr;                 /* how many were written as JSON */
	/* pools whose turn comes when others have been asked about, too */
	struct fleet_view waiting[32];
	unsigned nr_waiting, asked;
};

/* Those of a pool that was located, at once. */
int fleet_stranded_list(struct fleet_stranded *s, struct fleet_view *v);
/* Some time, in this order: many pools take few round trips.  v is taken. */
int fleet_stranded_later(struct fleet_stranded *s, struct fleet_view *v);
/* Those that wait, unless something failed (rc); they are closed. */
int fleet_stranded_rest(struct fleet_stranded *s, int rc);

#endif

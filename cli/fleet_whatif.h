/* SPDX-License-Identifier: MIT */
/* The answer of `whatif`, and of each step of `rehearse`. */
#ifndef LVL_CLI_FLEET_WHATIF_H
#define LVL_CLI_FLEET_WHATIF_H

#include "fleet_change.h"
#include "fleet_say.h"

/* VMs of one host that changes, which must be elsewhere meanwhile. */
struct whatif_guests {
	uint64_t vms, cannot, unsure;
	uint64_t shut_out; /* running VMs that cannot enter it afterwards */
};

struct whatif {
	struct fleet_view v;
	struct changes *changes;
	struct lvl_fleet_pool after;
	struct lvl_fleet_effect effect;
	struct whatif_guests *guests; /* by host that changes */
	struct whatif_guests all;
	size_t *order; /* hosts that change, in the order to proceed */
	size_t nr_blocked;
	int exact;
	enum lvl_verdict way_back; /* of the last of them */
	int vms;                   /* name single VMs */
};

/* Of w->v and w->changes, which are there.  Frees nothing of them. */
int whatif_evaluate(struct whatif *w);
void whatif_free(struct whatif *w);

void whatif_print(const struct whatif *w, FILE *out);
void whatif_json(const struct whatif *w, FILE *out);

/*
 * What stands between the group and the host that is nearest to it afterwards:
 * gained: what it saw and the host has not; untold: what the host states.
 */
void whatif_missing(const struct whatif *w, const struct lvl_fleet_group *g,
		    struct fleet_delta *d);
/* 0, 1 or 4. */
int whatif_exit(const struct whatif *w);

#endif

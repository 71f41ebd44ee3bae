/* SPDX-License-Identifier: MIT */
/* The steps of a plan, one host or one power cycle each, as they turn out. */
#ifndef LVL_CLI_FLEET_REHEARSE_H
#define LVL_CLI_FLEET_REHEARSE_H

#include "fleet_plan.h"
#include "fleet_say.h"

/* A running VM, wherever the plan has brought it. */
struct rehearse_vm {
	char *name;
	int64_t host, level;
	size_t seen;
	int guest;
	int anew; /* it booted in the plan: on another host, if it must */
};

struct rehearse_step {
	enum plan_what what;
	char *name;         /* of the host, or pattern of VMs */
	unsigned long line; /* of the plan */
	char basis[160];
	/* features of the level, of several vendors the sum; 0: none */
	unsigned before, after;
	unsigned vendors; /* that have a level then */
	uint64_t moves;   /* VMs that must be elsewhere meanwhile */
	uint64_t cannot, unsure;
	uint64_t stranded; /* VMs that have no other host any more */
	uint64_t cycled;   /* VMs that boot anew */
	uint64_t nowhere;  /* of these: no host admits them */
	int homeless;      /* meanwhile some VM has no home at all */
	enum lvl_verdict way_back;
};

struct rehearsal {
	struct fleet_view v;
	const struct plan *plan;
	struct changes *changes; /* by item of the plan: asked before */
	struct rehearse_vm *vm;
	size_t nr_vms, vm_room;
	uint8_t *changed; /* by host of the view */
	struct rehearse_step *step;
	size_t nr, room;
	int all; /* show every step */
};

int rehearse_run(struct rehearsal *r);
void rehearse_free(struct rehearsal *r);
/* Something goes wrong at this step. */
int rehearse_bad(const struct rehearse_step *s);

void rehearse_print(const struct rehearsal *r, FILE *out);
void rehearse_json(const struct rehearsal *r, FILE *out);

#endif

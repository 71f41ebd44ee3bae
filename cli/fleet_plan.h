/* SPDX-License-Identifier: MIT */
/*
 * A plan of `rehearse`: a small part of YAML.
 *
 *	pool: prod-c
 *	steps:
 *	  - power-cycle: web-*
 *	  - kernel: spr-*=6.1
 *	  - leave: [clx-01, clx-02]
 */
#ifndef LVL_CLI_FLEET_PLAN_H
#define LVL_CLI_FLEET_PLAN_H

#include "fleet_change.h"

enum plan_what {
	PLAN_JOIN = CHANGE_JOIN,
	PLAN_LEAVE = CHANGE_LEAVE,
	PLAN_UPGRADE = CHANGE_UPGRADE,
	PLAN_KERNEL = CHANGE_KERNEL,
	PLAN_MICROCODE = CHANGE_MICROCODE,
	PLAN_POWER_CYCLE = CHANGE_NR,
	PLAN_NR
};

struct plan_step {
	enum plan_what what;
	char *value; /* as the options of `whatif` take it; VMs[=LEVEL] */
	unsigned long line;
};

struct plan {
	char *pool;
	struct plan_step *step;
	size_t nr, room;
};

/* 0, or EXIT_INPUT and FILE:LINE: reason in why; p is empty then. */
#define PLAN_WHY 440
int plan_parse(FILE *in, const char *file, struct plan *p, char why[PLAN_WHY]);
/* The same of a file, - for standard input, and says why. */
int plan_read(const char *file, struct plan *p);
void plan_free(struct plan *p);

#endif

/* SPDX-License-Identifier: MIT */
/* `level new`, `list`, `show`, `set`, `lattice`: levels with a name. */
#ifndef LVL_CLI_FLEET_LEVELS_H
#define LVL_CLI_FLEET_LEVELS_H

#include "fleet_level.h"

/* Is this the first word of one of them?  A file of that name is ./new. */
int fleet_levels_is(const char *word);
int fleet_levels_run(int argc, char **argv); /* argv[0]: "level" */

int fleet_level_new(int argc, char **argv);
int fleet_level_show(int argc, char **argv);
int fleet_level_lattice(int argc, char **argv);

/* Running VMs: under this version of a level, and under others of its name. */
struct fleet_under {
	int64_t now, older;
};
int fleet_level_vms(struct fleet *f, const struct store_level *v,
		    struct fleet_under *n);

#endif

/* SPDX-License-Identifier: MIT */
/* From a level to the policy of one VM: --identity and --topology. */
#ifndef LVL_CLI_VM_H
#define LVL_CLI_VM_H

#include "cli.h"

#include <cpulevel/topology.h>

struct vm {
	const char *donor; /* a file, NULL: the level's own identity */
	const char *shape; /* as it was given, NULL: no topology */
	struct lvl_topology topology;
};

/* "PACKAGESxDIESxCORESxTHREADS"; 0 or EXIT_USAGE after saying why. */
int vm_set_topology(struct vm *vm, const char *shape);

/*
 * Make the level p the policy of the VM, and say in its description what was
 * chosen.  pins: the identity of the level's donor.  0, or an exit code after
 * saying why not; p is then untouched.
 */
int vm_apply(const struct vm *vm, const struct cli_select *select,
	     const struct lvl_policy *pins, struct lvl_desc *d,
	     struct lvl_policy *p);

#endif

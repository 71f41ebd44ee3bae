/* SPDX-License-Identifier: MIT */
/* What verbs do with VMs. */
#ifndef LVL_CLI_FLEET_VM_H
#define LVL_CLI_FLEET_VM_H

#include "fleet_pool.h"

int fleet_vm_show(int argc, char **argv);
int fleet_vm_list(int argc, char **argv);
int fleet_vm_check(int argc, char **argv);

/* "prod-a@3", or "-" for none. */
#define FLEET_LEVEL_NAME 300
int fleet_level_name(struct fleet *f, int64_t id, char name[FLEET_LEVEL_NAME]);

/* The row as a cpulevel-vm document, or as two lines. */
int fleet_vm_say(struct fleet *f, const struct store_vm *v);

/* The answer of fleet_fits(): findings, or why nobody knows. */
int fleet_fits_say(struct fleet *f, const struct check *c, const char *why);

#endif

/* SPDX-License-Identifier: MIT */
/* What verbs do with pools and the hosts in them. */
#ifndef LVL_CLI_FLEET_POOL_H
#define LVL_CLI_FLEET_POOL_H

#include "fleet_level.h"

#include <jansson.h>

int fleet_pool_show(int argc, char **argv);
int fleet_pool_add(int argc, char **argv);
int fleet_pool_remove(int argc, char **argv);
int fleet_pool_import(int argc, char **argv);

/* How many hosts a pool has, retired ones apart; how many VMs run there. */
int fleet_pool_hosts(struct fleet *f, int64_t pool, int64_t *n);
int fleet_pool_vms(struct fleet *f, int64_t pool, int64_t *n);

/* Hosts that came from another pool. */
struct fleet_left {
	int64_t pool, hosts;
};
/*
 * The level of a pool after a change of its hosts, and those of the pools
 * that they came from: settled, where they have one now, and said.
 */
int fleet_settle_and_say(struct fleet *f, const struct store_pool *p,
			 const struct fleet_left *left, size_t nr);

/* EXIT_REFUSED after saying so if VMs run there. */
int fleet_is_busy(struct fleet *f, const struct store_host *h);

/* A host reports: the description must be one of a machine. */
int fleet_report(struct fleet *f, const char *name, const struct lvl_desc *d,
		 int *changed);

/*
 * Of hosts that just joined: how many running VMs cannot go there, and whether
 * the level that is set for the pool can be had there.  arg: HOST or
 * HOST=FILE; seen: an object with their names.
 */
int fleet_join_added(struct fleet *f, const struct store_pool *p, char **arg,
		     int nr);
int fleet_join_imported(struct fleet *f, const struct store_pool *p,
			json_t *seen);

/* Standard input becomes a file: a body may read it again. */
int fleet_keep_stdin(void);

#endif

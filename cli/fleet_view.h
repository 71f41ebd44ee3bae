/* SPDX-License-Identifier: MIT */
/*
 * Pools of the store as pool/fleet.h has them: counts of distinct policies.
 * Single hosts and VMs are read only where they are asked for.
 *
 * All of it within the body of fleet_read() or fleet_write(); functions
 * return 0, a negative code of the store, or an exit code after saying why.
 */
#ifndef LVL_CLI_FLEET_VIEW_H
#define LVL_CLI_FLEET_VIEW_H

#include "fleet.h"
#include "pool/fleet.h"

struct fleet_view_host {
	int64_t id, source;
	char *name;
	size_t profile;
	size_t then; /* in a change: as lvl_fleet_group has it */
	int active;  /* 0: cannot be reached */
};

struct fleet_view_vms {
	struct store_vm *vm; /* names are owned, or NULL */
	size_t nr, room;
};

struct fleet_view {
	struct fleet *f;
	struct lvl_fleet *model; /* of all views that were opened together */
	struct lvl_fleet own;
	int64_t id;
	char *name;
	const struct lvl_platform *on;
	struct lvl_fleet_pool pool;
	unsigned guests; /* 1 << enum lvl_guest: kinds that matter */
	struct fleet_view_host *host; /* after fleet_view_hosts(), by id */
	size_t nr_hosts, host_room;
	int has_hosts;
	int keep_located; /* set before fleet_view_locate() */
	struct fleet_view_vms located;
	struct lvl_policy *set; /* pool.set */
	char *set_name;         /* "gold@3" */
};

/* The pool of that name, its hosts and running VMs counted. */
int fleet_view_open(struct fleet *f, const char *name, struct fleet_view *v);
int fleet_view_of(struct fleet *f, const struct store_pool *pool,
		  struct fleet_view *v);
void fleet_view_close(struct fleet_view *v);

/*
 * Each pool in turn, with one model for all; each() != 0 ends it.  It may keep
 * the view, then it is zeroes that it leaves: as long as there is the model.
 */
typedef int fleet_view_fn(void *arg, struct fleet_view *v);
int fleet_view_each(struct fleet *f, struct lvl_fleet *model,
		    fleet_view_fn *each, void *arg);

/* A profile of the store (0: never reported), with its policies. */
int fleet_view_profile(struct fleet_view *v, int64_t id, size_t *at);
/* A machine that is not in the store. */
int fleet_view_machine(struct fleet_view *v, const struct lvl_desc *d,
		       size_t *at);
/* What a VM saw (0: nothing is known). */
int fleet_view_seen(struct fleet_view *v, int64_t id, enum lvl_guest guest,
		    size_t *at);

/* The hosts of the pool, by name. */
int fleet_view_hosts(struct fleet_view *v);
const struct fleet_view_host *fleet_view_host(const struct fleet_view *v,
					      int64_t id);
/*
 * Find out on which hosts VMs run that have one home only if the hosts are
 * those of `as`: whether it is their own decides whether they can go anywhere.
 * If they are to be kept, v->located has them afterwards, by group and id.
 */
int fleet_view_locate(struct fleet_view *v, const struct lvl_fleet_pool *as);

void fleet_view_vms_free(struct fleet_view_vms *all);

/* The VMs of one host, as groups of a pool. */
int fleet_view_guests_of(struct fleet_view *v, const struct fleet_view_host *h,
			 struct lvl_fleet_pool *guests);

/*
 * Running VMs that surely cannot enter hosts of profile `to`, and could enter
 * those of `from`, or LVL_FLEET_NONE.
 */
uint64_t fleet_view_shut_out(struct fleet_view *v, size_t from, size_t to);

/* "clx-01" or "clx-01, clx-02 and 3 more" of a profile; needs the hosts. */
#define FLEET_VIEW_NAMES 160
const char *fleet_view_names(const struct fleet_view *v, size_t profile,
			     char buf[FLEET_VIEW_NAMES]);

#endif

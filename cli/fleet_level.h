/* SPDX-License-Identifier: MIT */
/* Levels of pools, and which level a VM boots under. */
#ifndef LVL_CLI_FLEET_LEVEL_H
#define LVL_CLI_FLEET_LEVEL_H

#include "check.h"
#include "fleet.h"

/* What the hosts of a pool have in common for one kind of guest, now. */
struct fleet_live {
	enum lvl_guest guest;
	int rc; /* 0, or why there is none: as lvl_fold_read() */
	struct lvl_policy policy; /* where rc is 0 */
	struct lvl_status status;
	int64_t hosts;       /* whose policies made it */
	int64_t unreachable; /* of these: as they were when last heard of */
	int64_t unknown;     /* more hosts, of which nothing is known */
	int64_t without;     /* more hosts, which run no such guests */
	int incomplete;      /* what is not known could make it lower */
};

/*
 * definition: of a level, its --cap and --drop are applied; or NULL.  Within
 * a body; 0 whatever l->rc is.
 */
int fleet_live(struct fleet *f, const struct store_pool *p,
	       enum lvl_guest guest, const char *definition,
	       struct fleet_live *l);
/* Why a live level is none or not the last word; 0 or an exit code. */
int fleet_live_usable(const struct fleet_live *l, const char *pool);

/* The pool that a level follows; id 0: none, or one that was dropped. */
int fleet_level_pool(struct fleet *f, const struct store_level *v,
		     struct store_pool *p);

/*
 * Give a level that follows a pool a new version if its hosts have another
 * level now; *v becomes the newest.  Pinned ones stay.  *fresh (may be NULL)
 * says whether it did.  EXIT_INCOMPLETE, EXIT_NO or EXIT_REFUSED after saying
 * why there is no level now.
 */
int fleet_follow(struct fleet *f, struct store_level *v, int *fresh);

/*
 * The same of a pool's own level, which has the pool's name.  Where there is
 * none now (no hosts, unknown ones, several vendors) nothing is recorded:
 * *v has id 0 if there never was one.
 */
int fleet_settle(struct fleet *f, const struct store_pool *p,
		 struct store_level *v, struct fleet_live *l, int *fresh);

/*
 * The level that a VM boots under on this host: the one asked for, or that
 * of the VM, of the host's group, of the pool, or the pool's own; brought up
 * to date.  *whose: which, in words.
 */
int fleet_boot_level(struct fleet *f, const char *asked, const char *vm,
		     const struct store_host *h, struct store_level *v,
		     const char **whose);

/* Is a level set for it?  Then v, or *rc says why it cannot be told. */
int fleet_assigned(struct fleet *f, enum store_scope scope, const char *name,
		   struct store_level *v, int *rc);

/*
 * May a guest that saw this (an object) run on that host?  c is filled but
 * for guest_name; LVL_UNKNOWN without findings where the host or the boot
 * record is not known; *why then says so, else it is NULL.
 */
int fleet_fits(struct fleet *f, int64_t seen, enum lvl_guest guest,
	       const struct store_host *h, struct check *c, const char **why);
/* The same for a profile instead of a host. */
int fleet_fits_profile(struct fleet *f, int64_t seen, enum lvl_guest guest,
		       int64_t profile, const struct lvl_platform *on,
		       struct check *c, const char **why);

/* "+ a b c" and "- d e": what a policy gained and lost. */
void fleet_say_features(const struct lvl_policy *before,
			const struct lvl_policy *after, FILE *out);

/* "98 features = x86-64-v4 [29] + 69". */
#define FLEET_SIZE 64
const char *fleet_say_size(const struct lvl_policy *p, char buf[FLEET_SIZE]);

#endif

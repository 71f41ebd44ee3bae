/* SPDX-License-Identifier: MIT */
/* Hosts that come, go or become something else: options of `whatif`. */
#ifndef LVL_CLI_FLEET_CHANGE_H
#define LVL_CLI_FLEET_CHANGE_H

#include "fleet_view.h"

enum change_how {
	CHANGE_JOIN,
	CHANGE_LEAVE,
	CHANGE_UPGRADE,
	CHANGE_KERNEL,
	CHANGE_MICROCODE,
	CHANGE_NR
};
/* By enum change_how, and by enum plan_what, which has one more. */
extern const char *const change_names[CHANGE_NR + 1];

/* What was asked for. */
struct change_asked {
	enum change_how how;
	char *who;             /* a host, a pattern; of JOIN the new one */
	char *what;            /* a file or a version */
	struct lvl_desc *desc; /* of a file */
};

/* One host. */
struct change_host {
	const char *name; /* of the view or of the description */
	int64_t id;       /* 0: it joins */
	enum change_how how;
	struct lvl_fleet_change c;
	int64_t source;  /* of these; 0: not known */
	char basis[160]; /* what hosts it was seen on; "" */
};

/* What its VMs are told that it becomes: `then` of a group. */
size_t change_then(const struct change_host *h);

#define CHANGES 64
struct changes {
	struct change_asked asked[CHANGES];
	unsigned nr_asked;
	struct change_host *host;
	size_t nr, room;
	unsigned nr_there; /* hosts that have the version already */
};

/* HOST=FILE, GLOB=VERSION, HOST or FILE is taken apart; files are read. */
int changes_ask(struct changes *c, enum change_how how, const char *arg);
void changes_free(struct changes *c);

/* Which hosts those are, and what they become.  Reads the hosts. */
int changes_find(struct fleet_view *v, struct changes *c);

/*
 * In which order to go on, as lvl_fleet_order(); order has room for all.  Few
 * hosts go one by one; of many, those that change alike follow one another.
 */
int changes_order(struct fleet_view *v, const struct changes *c, size_t *order,
		  size_t *nr_blocked, int *exact);

/* A version as people give it: the whole, or up to a dot or dash. */
int change_is_version(const char *have, const char *want);

/*
 * What the host would show with another kernel or microcode (h->how), from
 * hosts that have it; fills source and basis of h.  EXIT_INCOMPLETE after
 * saying why nobody knows.
 */
int change_observed(struct fleet_view *v, const struct fleet_view_host *was,
		    const char *version, struct change_host *h,
		    int64_t *profile);

#endif

/* SPDX-License-Identifier: MIT */
/* What changed, in words: of drift, watch, audit, publish and pool show. */
#ifndef LVL_CLI_FLEET_CHANGES_H
#define LVL_CLI_FLEET_CHANGES_H

#include "fleet.h"

/*
 * "kernel 5.10.255 -> 6.1.172, microcode ...": which parts of a source are
 * others now; 0: the source is unknown.  "" where none is.
 */
#define FLEET_PARTS 300
int fleet_say_parts(struct fleet *f, int64_t before, int64_t after,
		    char parts[FLEET_PARTS]);
/* Only which: "kernel microcode". */
int fleet_say_components(struct fleet *f, int64_t before, int64_t after,
			 char components[FLEET_PARTS]);

/*
 * Do guests see the same of two profiles?  Words of which a newer report says
 * that they are 0, and of which the older one said nothing, are no difference.
 */
int fleet_looks_same(struct fleet *f, int64_t before, int64_t after, int *same);
/* Numbers that both know and that mean something: "maxphysaddr 46 -> 40". */
void fleet_say_numbers(const struct lvl_policy *before,
		       const struct lvl_policy *after, FILE *out);

/*
 * Hosts of a pool that are others than at some change: which components, as
 * above; "settings" where it is none of them, "" where the host is the same,
 * or looks the same to guests.
 */
struct fleet_step;
struct fleet_drifted {
	struct fleet_step *step;
	size_t nr, room;
};
int fleet_drifted_load(struct fleet *f, int64_t pool, int64_t since,
		       struct fleet_drifted *d);
int fleet_drifted(struct fleet *f, const struct fleet_drifted *d, int64_t host,
		  char components[FLEET_PARTS]);
void fleet_drifted_free(struct fleet_drifted *d);

/* One change: one line, "12  2026-...Z  root@a  host spr-01: state ...". */
int fleet_change_line(struct fleet *f, const struct store_change *c);
/* The same as a cpulevel-change document in one line. */
int fleet_change_json(struct fleet *f, const struct store_change *c);

/* What a host was, by the JSON of a change; 0 where that is not said. */
struct fleet_host_row {
	int64_t pool, profile, source;
};
struct fleet_host_row fleet_host_row(const char *row);
/* Is or was that a text of the row? */
int fleet_row_is(const struct store_change *c, const char *key,
		 const char *text);

#endif

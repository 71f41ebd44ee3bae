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

/* One change: one line, "12  2026-...Z  root@a  host spr-01: state ...". */
int fleet_change_line(struct fleet *f, const struct store_change *c);
/* The same as a cpulevel-change document in one line. */
int fleet_change_json(struct fleet *f, const struct store_change *c);

/* A number of a row's JSON; 0 where it is not there. */
int64_t fleet_row_number(const char *row, const char *key);
/* Is or was that a text of the row? */
int fleet_row_is(const struct store_change *c, const char *key,
		 const char *text);

#endif

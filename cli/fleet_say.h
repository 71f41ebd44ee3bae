/* SPDX-License-Identifier: MIT */
/* How answers about pools speak of levels and features. */
#ifndef LVL_CLI_FLEET_SAY_H
#define LVL_CLI_FLEET_SAY_H

#include "fleet_view.h"

/* What one policy has and another has not: capabilities and statements. */
struct fleet_delta {
	uint16_t gained[LVL_NR_FIELDS], lost[LVL_NR_FIELDS];
	uint16_t told[LVL_NR_FIELDS], untold[LVL_NR_FIELDS];
	unsigned nr_gained, nr_lost, nr_told, nr_untold;
};
void fleet_delta(const struct lvl_policy *before,
		 const struct lvl_policy *after, struct fleet_delta *d);

/* Told because it holds somewhere, not because all have it. */
int fleet_is_statement(unsigned field);

/* "title a b c", wrapped; nothing for none. */
void fleet_say_fields(FILE *out, const char *title, const uint16_t *field,
		      unsigned nr);
/* "key": ["a", "b"] */
void fleet_json_fields(FILE *out, const char *key, const uint16_t *field,
		       unsigned nr);
void fleet_json_key(FILE *out, const char *key, const char *value);

/* "1 VM", "38 VMs" */
#define FLEET_NUMBER 40
const char *fleet_number(uint64_t n, const char *one, char buf[FLEET_NUMBER]);

/* A paragraph: words wrapped, indented. */
void fleet_say(FILE *out, unsigned indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The level of each vendor before and after; how it changed. */
void fleet_say_levels(FILE *out, const struct fleet_view *v,
		      const struct lvl_fleet_pool *before,
		      const struct lvl_fleet_pool *after);
void fleet_json_levels(FILE *out, const struct fleet_view *v,
		       const struct lvl_fleet_pool *before,
		       const struct lvl_fleet_pool *after);

/* Is something of this pool's level not known? */
int fleet_incomplete(const struct fleet_view *v,
		     const struct lvl_fleet_pool *p);

/* "free", "stranded", "not known": enum lvl_fleet_fate of a VM. */
extern const char *const fleet_fates[];
/* Groups of VMs, those with the fewest other hosts first. */
int fleet_say_groups(struct fleet_view *v, FILE *out);

#endif

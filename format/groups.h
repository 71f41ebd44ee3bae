/* SPDX-License-Identifier: MIT */
/*
 * Names for several features at once: "avx512", "tsx".
 *
 * The table is generated from data/groups.tsv by tools/gen-groups.py.
 */
#ifndef LVL_FORMAT_GROUPS_H
#define LVL_FORMAT_GROUPS_H

#include <cpulevel/registry.h>

struct lvl_feature_group {
	const char *name;
	const char *about;     /* one line for people */
	uint16_t first, count; /* in lvl_group_fields[] */
};

extern const uint16_t lvl_group_fields[];
extern const struct lvl_feature_group lvl_feature_groups[]; /* by name */
extern const unsigned lvl_nr_feature_groups;

#endif

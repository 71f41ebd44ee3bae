/* SPDX-License-Identifier: MIT */
/* Tables of core that no other floor looks at. */
#ifndef LVL_CORE_TABLES_H
#define LVL_CORE_TABLES_H

#include <cpulevel/types.h>

/* Normalised names, sorted, of all fields by all tools. */
struct lvl_alias {
	uint16_t name; /* offset in lvl_alias_names */
	uint16_t field;
	uint16_t who; /* LVL_WHO_... */
};
extern const char lvl_alias_names[];
extern const struct lvl_alias lvl_aliases[];
extern const uint16_t lvl_nr_aliases;

#endif

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

/* First alias of a name + 1, by FNV-1a of the normalised name. */
#define LVL_ALIAS_SLOTS 4096
extern const uint16_t lvl_alias_slots[LVL_ALIAS_SLOTS];

/*
 * lvl_steps[] by clause: what falls together when one fails.  Effects: first
 * those of requirements, then those of carriers.
 */
struct lvl_group {
	uint16_t clause;
	uint16_t first, needs, values; /* in lvl_effects[] */
};
struct lvl_effect {
	uint16_t word;
	uint32_t mask;
};
extern const struct lvl_group lvl_groups[];
extern const uint16_t lvl_nr_groups;
extern const struct lvl_effect lvl_effects[];

/* Leaves that share a maximum: the first of them names it in eax. */
struct lvl_range {
	uint16_t first, count; /* in lvl_leaves[] */
};
extern const struct lvl_range lvl_ranges[];
extern const uint16_t lvl_nr_ranges;

/*
 * Leaves that say which sub-leaves they have: the first counts them in reg,
 * or the last is followed by one whose type, these bits of reg, is 0.
 */
struct lvl_ending {
	uint16_t first, count; /* in lvl_leaves[] */
	uint16_t reg;
	uint32_t type; /* 0: counted */
};
extern const struct lvl_ending lvl_endings[];
extern const uint16_t lvl_nr_endings;

/*
 * The words of lvl_ordered[], in that order, for `fits`: their lvl_masks[]
 * side by side, same for equal rows and numbers together.
 */
struct lvl_fit_word {
	uint16_t word;
	uint16_t carrier; /* of all but `and` rows, or what carries theirs; 0:
			     they share none */
	uint32_t and_bits, or_bits, same, leaks;
	uint32_t chosen; /* for the VM: what is not known is no constraint */
};
extern const struct lvl_fit_word lvl_fit_words[];

/* Fields with an owner: first those that must agree, then intervals. */
struct lvl_run {
	uint16_t carrier;      /* of all fields of the run */
	uint16_t first, count; /* in lvl_owned[] */
};
extern const uint16_t lvl_owned[];
extern const struct lvl_run lvl_owned_runs[];
extern const uint16_t lvl_nr_owned_runs;

#endif

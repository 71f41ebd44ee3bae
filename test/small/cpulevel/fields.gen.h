/* SPDX-License-Identifier: MIT */
/*
 * The shape of the small registries of the exhaustive tests.  It stands in
 * for the generated file of the same name: this folder comes before include/
 * in the search path of that build, so that the generic part of core is
 * compiled for a registry that is drawn at run time (../registry.c).
 */
#ifndef CPULEVEL_FIELDS_GEN_H
#define CPULEVEL_FIELDS_GEN_H

#define LVL_NR_WORDS 11
#define LVL_NR_LEAVES 1
#define LVL_NR_MSRS 1
#define LVL_NR_NUMBERS 4
#define LVL_NR_EQUALS 2
#define LVL_NR_PAIRS 2
#define LVL_NR_PINS 1
#define LVL_NR_CLAUSES 32
#define LVL_NR_EDGES 16
#define LVL_NR_MIRRORS 1
#define LVL_NR_CONSTANTS 1
#define LVL_NR_XEN_WORDS 1

enum lvl_field_id {
	SMALL_F0 = 0, /* features */
	SMALL_F1 = 1,
	SMALL_F2 = 2,
	SMALL_F3 = 3,
	SMALL_OR0 = 4,
	SMALL_OR1 = 5,
	SMALL_MIN = 6,
	SMALL_MAX = 7,
	SMALL_EQ0 = 8,
	SMALL_EQ1 = 9,
	SMALL_MUST = 10, /* a control */
	SMALL_MAY = 11,
	SMALL_FROM = 12, /* an interval */
	SMALL_TO = 13,
	SMALL_PIN = 14,
	LVL_NR_FIELDS = 15,
	/* fields that the generic code names, and that are not here */
	LVL_F_VENDOR_0 = 0xfff0,
	LVL_F_VENDOR_1,
	LVL_F_VENDOR_2,
	LVL_F_BASE_FAMILY,
	LVL_F_EXT_FAMILY,
	LVL_F_BASE_MODEL,
	LVL_F_EXT_MODEL,
	LVL_F_STEPPING
};

#endif /* CPULEVEL_FIELDS_GEN_H */

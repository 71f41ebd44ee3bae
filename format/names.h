/* SPDX-License-Identifier: MIT */
/*
 * What other tools call a field, to be written.  (To read, any alias will do:
 * lvl_field_find().)  Generated from data/names.tsv by tools/gen-names.py.
 */
#ifndef LVL_FORMAT_NAMES_H
#define LVL_FORMAT_NAMES_H

#include <cpulevel/registry.h>

enum lvl_tool {
	LVL_TOOL_QEMU,
	LVL_TOOL_LIBVIRT,
	LVL_TOOL_LIBXL, /* keys of cpuid="host,..." */
	LVL_TOOL_LINUX, /* clearcpuid=: a flag of /proc/cpuinfo, or a number */
	LVL_NR_TOOLS
};

/* Two fields may have one name: QEMU then sets both. */
struct lvl_name {
	uint16_t field;
	uint8_t accel; /* QEMU's accelerator overrides what a model says */
	const char *of[LVL_NR_TOOLS]; /* NULL: has none */
};
#define LVL_NAMES_MAX 512
extern const struct lvl_name lvl_names[]; /* in registry order */
extern const unsigned lvl_nr_names;

#endif

/* SPDX-License-Identifier: MIT */
/* Tables of data/params.tsv and param-sets.tsv: tools/gen-hv.py. */
#ifndef LVL_CORE_PARAMS_H
#define LVL_CORE_PARAMS_H

#include <cpulevel/params.h>

/* An option that masks a register; by struct lvl_params.mask. */
struct lvl_param_mask_ {
	const char *name;
	uint16_t word;
	uint8_t number; /* 1: the register is a maximum, the option too */
	uint32_t needs; /* bits that must stay */
};
extern const struct lvl_param_mask_ lvl_param_masks_[LVL_NR_PARAM_MASKS];

/* A name that stands for the first four masks. */
struct lvl_param_set_ {
	const char *name;
	uint8_t vendors;
	uint32_t mask[4];
};
extern const struct lvl_param_set_ lvl_param_sets_[];
extern const uint16_t lvl_nr_param_sets_;

#endif

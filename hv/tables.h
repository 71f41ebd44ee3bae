/* SPDX-License-Identifier: MIT */
/* Tables of data/params.tsv, param-sets.tsv, streams.tsv: tools/gen-hv.py. */
#ifndef LVL_HV_TABLES_H
#define LVL_HV_TABLES_H

#include <cpulevel/hv.h>

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

enum lvl_stream_what_ {
	LVL_SENT_,    /* the stream holds the policy */
	LVL_AS_HOST_, /* the field as the maximum of the kind has it */
	LVL_AT_MOST_  /* a number, not above the value */
};

/* How a policy is made for a stream of these versions, ends included. */
struct lvl_stream_rule_ {
	uint16_t first, last; /* major << 8 | minor */
	uint8_t guests, what;
	uint16_t field;
	uint32_t value;
};
extern const struct lvl_stream_rule_ lvl_stream_rules_[];
extern const uint16_t lvl_nr_stream_rules_;

#endif

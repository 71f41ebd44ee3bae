/* SPDX-License-Identifier: MIT */
/* The table of data/streams.tsv: tools/gen-hv.py. */
#ifndef LVL_HV_STREAMS_H
#define LVL_HV_STREAMS_H

#include <cpulevel/hv.h>

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

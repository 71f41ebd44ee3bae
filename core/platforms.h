/* SPDX-License-Identifier: MIT */
/* What platforms virtualise, and which words a kind of guest may see. */
#ifndef LVL_CORE_PLATFORMS_H
#define LVL_CORE_PLATFORMS_H

#include <cpulevel/derive.h>

/* The order of EFFECTS in tools/gen-platforms.py. */
enum lvl_effect_of_ {
	LVL_NEVER_,   /* no guest sees it */
	LVL_OPT_IN_,  /* in the maximum, not in the default */
	LVL_UNCLEAR_, /* it is not known whether a guest may see it */
	LVL_GIVES_,   /* whatever the host has */
	LVL_AT_MOST_, /* a number, or a maximum leaf */
	LVL_WITH_,    /* also where the host has the field `value` */
	LVL_AS_HOST_, /* no more than the host has, and at most `value` */
};

struct lvl_virtualised_ {
	uint32_t platforms; /* 1 << index of lvl_platforms */
	uint32_t value;
	uint16_t field;
	uint8_t guests;  /* 1 << enum lvl_guest */
	uint8_t effect;  /* enum lvl_effect_of_ */
	uint8_t vendors; /* only these; 0: all */
};

/* In the order of the registry. */
extern const struct lvl_virtualised_ lvl_virtualised_[];
extern const unsigned lvl_nr_virtualised_;

/* Bits of guests_max [0] and guests_default [1]; none of derived fields. */
extern const uint32_t lvl_guest_words_[LVL_NR_GUESTS][2][LVL_NR_WORDS];

#endif

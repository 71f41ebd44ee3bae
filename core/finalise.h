/* SPDX-License-Identifier: MIT */
/* Steps of finalising that making a VM's policy needs by themselves. */
#ifndef LVL_CORE_FINALISE_H
#define LVL_CORE_FINALISE_H

#include <cpulevel/policy.h>

/* The maximum that governs a leaf, or LVL_NO_FIELD. */
static inline unsigned lvl_maximum_of_(uint32_t leaf)
{
	switch (leaf >> 16) {
	case 0x0000:
		return LVL_F_MAX_BASIC_LEAF;
	case 0x8000:
		return LVL_F_MAX_EXTENDED_LEAF;
	default:
		return LVL_NO_FIELD;
	}
}

/*
 * Features whose data are in a leaf of their own, filled in when CPUID is
 * answered: the leaf is within reach where the feature is (SDM v2 and APM v3,
 * CPUID, of each leaf).
 */
struct lvl_leaf_of_ {
	uint16_t field;
	uint32_t leaf;
};
#define LVL_NR_LEAVES_OF_ 6u
extern const struct lvl_leaf_of_ lvl_leaves_of_[LVL_NR_LEAVES_OF_];

/* The highest leaf of base's range that p's features need, or base. */
uint32_t lvl_needed_leaf_(const struct lvl_policy *p, uint32_t base);

/* Raise the maximum of a leaf to it, if it is known and lower. */
void lvl_reach_(struct lvl_policy *p, uint32_t leaf);

/*
 * Clear identity that nothing carries; chosen_too: also what a choice of the
 * VM, not made yet, may carry.
 */
void lvl_drop_pins_(struct lvl_policy *p, int chosen_too);

/* Vendor and signature as AMD repeats them. */
void lvl_copy_identity_(struct lvl_policy *p);

#endif

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

/* SPDX-License-Identifier: MIT */
/* Between the files of hv. */
#ifndef LVL_HV_HV_H
#define LVL_HV_HV_H

#include <cpulevel/hv.h>

/* What of a leaf is filled in when it is answered. */
enum lvl_live_ {
	LVL_LIVE_NONE_,
	LVL_LIVE_1_,
	LVL_LIVE_7_,
	LVL_LIVE_XSTATE_,
	LVL_LIVE_TOPOLOGY_,
	LVL_LIVE_EXTENDED_,
	LVL_LIVE_MONITOR_
};

/* The slot of a capability: enum lvl_lcap. */
static inline unsigned lvl_slot_of_(unsigned cap)
{
	static const uint8_t slot[LVL_NR_LCAPS] = { 0, 0, 1, 2, 3, 2 };

	return slot[cap];
}

/* Where in place[] a leaf is; 0x8086xxxx and the like are nowhere. */
static inline unsigned lvl_place_of_(uint32_t leaf)
{
	return (leaf >> 30) << 6 | (leaf & 63);
}

/* Bits that a leaf in place[] does not have. */
#define LVL_PLACE_BEYOND_ 0x3fffffc0u

/* Fill in what is live; 0. */
int lvl_fill_in_(const struct lvl_vcpu *v, enum lvl_live_ live, uint32_t leaf,
		 uint32_t subleaf, uint32_t reg[4]);

/* The answer where place[] does not help; 0. */
int lvl_answer_far_(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
		    uint32_t reg[4]);

/* The answer of Intel, which repeats its last leaf beyond it; 0. */
int lvl_answer_vendor_(const struct lvl_vcpu *v, uint32_t leaf,
		       uint32_t subleaf, uint32_t reg[4]);

/* lvl_answer() whatever the vCPU has turned on; 0. */
int lvl_answer_policy_(const struct lvl_vcpu *v, uint32_t leaf,
		       uint32_t subleaf, uint32_t reg[4]);

/* Tell one reason; returns -code. */
int lvl_refuse_(const struct lvl_refusals *why, const struct lvl_err *at);

/* A finding goes on as a refusal; arg: a pointer to the refusals' pointer. */
void lvl_refuse_finding_(void *arg, const struct lvl_finding *finding);

/* Would the domain take the policy?  lvl_dom_set() has the errors. */
int lvl_dom_check_(const struct lvl_dom *d, const struct lvl_policy *p,
		   unsigned flags, const struct lvl_refusals *why);

#endif

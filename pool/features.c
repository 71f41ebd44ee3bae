/* SPDX-License-Identifier: MIT */
/* What policies are compared by: capabilities, which guests want more of. */
#include "fleet.h"

static unsigned bits(uint32_t v)
{
	unsigned n;

	for (n = 0; v; n++)
		v &= v - 1;
	return n;
}

/* RTM is derived from the TSX chain, and a capability all the same. */
uint32_t lvl_fleet_capabilities(unsigned word)
{
	const struct lvl_field *rtm = &lvl_fields[LVL_F_RTM];

	return lvl_masks[LVL_MASK_FEATURE][word] |
	       (word == rtm->word ? rtm->mask : 0);
}

unsigned lvl_fleet_more(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i, n = 0;

	for (i = 0; i < lvl_nr_ordered; i++) {
		unsigned w = lvl_ordered[i];
		uint32_t has = a->v[w] & ~(b ? b->v[w] : 0);

		n += bits(has & lvl_fleet_capabilities(w));
	}
	return n;
}

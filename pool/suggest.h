/* SPDX-License-Identifier: MIT */
/* Sub-pools: what there is to divide, and the best division so far. */
#ifndef LVL_POOL_SUGGEST_H
#define LVL_POOL_SUGGEST_H

#include "fleet.h"

/* Members that give guests the same are one. */
struct suggest_item {
	size_t id; /* as they came; items are sorted by what they weigh */
	const struct lvl_policy *policy;
	uint32_t hosts, homes; /* homes: those that can be reached */
	unsigned features;
};

struct suggest {
	struct suggest_item *item;
	size_t nr;
	uint32_t *has; /* capabilities, a row of `words` by item */
	unsigned words;
	unsigned parts; /* at most */
	uint32_t homes; /* of each at least */
	uint64_t effort;
	uint8_t *best;    /* by item: its part */
	unsigned nr_best; /* parts; 0: there is no division yet */
	uint64_t value;   /* of the best: features times hosts */
	int proven;       /* nothing is worth more */
};

/* The level of one part of a division. */
int suggest_level(const struct suggest *s, const uint8_t *of, unsigned part,
		  struct lvl_policy *level);
/* Capabilities of a row; those that two rows have in common. */
unsigned suggest_count(const struct suggest *s, const uint32_t *has);
unsigned suggest_common(const struct suggest *s, const uint32_t *a,
			const uint32_t *b);

/* More than that no division is worth. */
uint64_t suggest_most(const struct suggest *s);

/*
 * A good division, in time that grows with the square of the items: those
 * that lose least together become one, until there are few enough.
 */
int suggest_merge(struct suggest *s);

/* All divisions of up to LVL_FLEET_DIVIDED items, as far as the effort goes. */
int suggest_search(struct suggest *s);

#endif

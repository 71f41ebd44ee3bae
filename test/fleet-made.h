/* SPDX-License-Identifier: MIT */
/* A pool made of policies, for tests of the model of the fleet. */
#ifndef TEST_FLEET_MADE_H
#define TEST_FLEET_MADE_H

#include "made.h"

#include <stdlib.h>

#include "pool/fleet.h"

#define HVM LVL_HVM

static struct lvl_fleet fleet;
static struct lvl_fleet_pool pool;

static inline void begin(void)
{
	lvl_fleet_init(&fleet);
	lvl_fleet_pool_init(&pool, HVM);
}

static inline void end(void)
{
	lvl_fleet_pool_free(&pool);
	lvl_fleet_free(&fleet);
}

/* A profile that offers and admits the same. */
static inline size_t profile(int64_t id, const struct lvl_policy *p)
{
	size_t at;

	assert_int_equal(lvl_fleet_profile(&fleet, id, 0, &at), 0);
	assert_int_equal(lvl_fleet_offer(&fleet, at, HVM, p, p), 0);
	return at;
}

static inline size_t hosts(int64_t id, const struct lvl_policy *p, uint32_t n)
{
	size_t at = profile(id, p);

	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, n, 0), 0);
	return at;
}

static inline size_t saw(int64_t id, const struct lvl_policy *p)
{
	size_t at;
	int fresh;

	assert_int_equal(lvl_fleet_seen(&fleet, id, HVM, &at, &fresh), 0);
	if (fresh)
		assert_int_equal(lvl_fleet_saw(&fleet, at, p), 0);
	return at;
}

static inline struct lvl_fleet_group *vms(size_t seen, size_t on, uint32_t n)
{
	assert_int_equal(lvl_fleet_pool_vms(&pool, seen, 0, on, n), 0);
	return &pool.group[pool.nr_groups - 1];
}

static inline struct lvl_fleet_reach reach(const struct lvl_fleet_group *g)
{
	struct lvl_fleet_reach r;

	lvl_fleet_reach(&fleet, &pool, g, &r);
	return r;
}

#define SORTS 6

static const char base[] = "intel fpu fxsr sse sse2 sse3 cx16 lm nx";

static inline struct lvl_policy with(const char *more)
{
	char words[512];

	snprintf(words, sizeof(words), "%s %s", base, more);
	return made_normal(words);
}

#endif

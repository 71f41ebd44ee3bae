/* SPDX-License-Identifier: MIT */
/* Sub-pools against brute force: all divisions of few sorts of hosts. */
#include "fleet-made.h"

#include "gen-policy.h"

static unsigned features(const struct lvl_policy *p)
{
	unsigned i, b, n = 0;

	for (i = 0; i < lvl_nr_ordered; i++)
		for (b = 0; b < 32; b++)
			n += p->v[lvl_ordered[i]] >> b & 1 &
			     lvl_masks[LVL_MASK_FEATURE][lvl_ordered[i]] >> b;
	/* it follows from the TSX chain, and is a capability */
	return n + (lvl_has(p, LVL_F_RTM) != 0);
}

/* All ways to put n sorts into k parts; the most that one is worth. */
static uint64_t best_split(const struct lvl_policy *sort, const uint32_t *count,
			   unsigned n, unsigned k, uint32_t homes)
{
	unsigned ways = 1, w, i, b;
	uint64_t best = 0;

	for (i = 0; i < n; i++)
		ways *= k;
	for (w = 0; w < ways; w++) {
		uint64_t value = 0;
		int ok = 1;

		for (b = 0; b < k && ok; b++) {
			struct lvl_policy in[SORTS], l;
			unsigned nr = 0, v = w;
			uint32_t sum = 0;

			for (i = 0; i < n; i++, v /= k)
				if (v % k == b) {
					in[nr++] = sort[i];
					sum += count[i];
				}
			if (!nr)
				continue;
			ok = sum >= homes && !level_of(in, nr, &l, NULL);
			if (ok)
				value += (uint64_t)sum * features(&l);
		}
		if (ok && value > best)
			best = value;
	}
	return best;
}

/* Do they give guests the same?  Then they stay together, as one sort. */
static int alike(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i, w;

	for (i = 0; i < lvl_nr_ordered; i++) {
		w = lvl_ordered[i];
		if (a->v[w] != b->v[w] || a->k[w] != b->k[w])
			return 0;
	}
	return 1;
}

/* Another sort, not much unlike one of those before. */
static void another(struct gen *g, struct lvl_policy *sort, unsigned i)
{
	unsigned like, times, k;

	do {
		like = gen_below(g, i);
		times = 1 + gen_below(g, 10);
		gen_mutate(g, &sort[like], times, &sort[i]);
		for (k = 0; k < i && !alike(&sort[k], &sort[i]); k++)
			;
	} while (k < i);
}

static void test_suggest(void **state)
{
	struct lvl_policy sort[SORTS];
	struct lvl_fleet_split split;
	uint32_t count[SORTS];
	struct gen g;
	unsigned round, i, k, stopped = 0;

	(void)state;
	gen_seed(&g, 9);
	for (round = 0; round < 12; round++) {
		begin();
		gen_policy(&g, &gen_total, &sort[0]);
		for (i = 0; i < SORTS; i++) {
			if (i)
				another(&g, sort, i);
			count[i] = 1 + gen_below(&g, 4);
			(void)hosts(i + 1, &sort[i], count[i]);
		}
		for (k = 1; k <= 3; k++) {
			uint32_t homes = 1 + gen_below(&g, 4);
			uint64_t want =
				best_split(sort, count, SORTS, k, homes);
			int rc = lvl_fleet_suggest(&fleet, &pool, k, homes,
						   100000, &split);

			assert_int_equal(rc, want ? 0 : -LVL_E_CONFLICT);
			if (rc)
				continue;
			assert_true(split.exact);
			assert_int_equal(split.value, want);
			assert_in_range(split.nr_parts, 1, k);
			lvl_fleet_split_free(&split);
			/* stopped early it is a division, and says so */
			if (lvl_fleet_suggest(&fleet, &pool, k, homes, 16,
					      &split))
				continue;
			assert_true(split.value <= want);
			stopped += !split.exact;
			assert_true(!split.exact || split.value == want);
			lvl_fleet_split_free(&split);
		}
		end();
	}
	assert_true(stopped > 0);
}

static void test_suggest_limits(void **state)
{
	struct lvl_policy a = with("ssse3");
	struct lvl_policy b =
		made_normal("amd fpu fxsr sse sse2 sse3 cx16 lm nx sse4a");
	struct lvl_fleet_split split;
	size_t at;

	(void)state;
	begin();
	hosts(1, &a, 2);
	hosts(2, &b, 2);
	assert_int_equal(lvl_fleet_suggest(&fleet, &pool, 1, 1, 1000, &split),
			 -LVL_E_CONFLICT);
	assert_int_equal(lvl_fleet_suggest(&fleet, &pool, 2, 3, 1000, &split),
			 -LVL_E_CONFLICT);
	assert_int_equal(lvl_fleet_suggest(&fleet, &pool, 4, 2, 1000, &split),
			 0);
	assert_int_equal(split.nr_parts, 2);
	assert_int_equal(split.whole, 0);
	lvl_fleet_split_free(&split);
	/* a division that cannot be better needs no effort to be proven */
	assert_int_equal(lvl_fleet_suggest(&fleet, &pool, 2, 2, 0, &split), 0);
	assert_int_equal(split.value, split.most);
	lvl_fleet_split_free(&split);
	assert_int_equal(lvl_fleet_profile(&fleet, 0, 0, &at), 0);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, 1, 0), 0);
	assert_int_equal(lvl_fleet_suggest(&fleet, &pool, 2, 1, 1000, &split),
			 -LVL_E_INVALID);
	end();
}

/* -- more than can be compared -------------------------------------------- */

#define FAMILIES 4
#define MANY 300

/*
 * Families of hosts, each with capabilities of its own, and no two hosts
 * alike.  To put each family by itself is known to be good.
 */
static void test_many(void **state)
{
	static const char *const family[FAMILIES] = {
		"ssse3 sse4-1 sse4-2 popcnt",
		"ssse3 sse4-1 sse4-2 popcnt aesni xsave avx f16c",
		"ssse3 sse4-1 sse4-2 popcnt aesni xsave avx f16c fma avx2 bmi1",
		"ssse3 rdrand rdseed adx smep smap",
	};
	static const uint16_t bit[] = { LVL_F_ERMS,   LVL_F_FSGSBASE,
					LVL_F_PCID,   LVL_F_INVPCID,
					LVL_F_UMIP,   LVL_F_PGE,
					LVL_F_RDTSCP, LVL_F_PAGE1GB };
	struct lvl_fleet_split split;
	unsigned i, b, least = ~0u;
	uint64_t planted = 0;

	(void)state;
	begin();
	for (i = 0; i < MANY; i++) {
		struct lvl_policy p = with(family[i % FAMILIES]);

		if (i < FAMILIES)
			planted += (uint64_t)features(&p) *
				   ((MANY - i - 1) / FAMILIES + 1);
		for (b = 0; b < LVL_COUNT(bit); b++)
			if ((i / FAMILIES + 1) >> b & 1)
				lvl_set(&p, bit[b], 1);
		hosts(i + 1, &p, 1);
		least = features(&p) < least ? features(&p) : least;
	}
	assert_int_equal(
		lvl_fleet_suggest(&fleet, &pool, FAMILIES, 2, 1000, &split), 0);
	assert_int_equal(split.nr_items, MANY);
	assert_false(split.exact);
	assert_in_range(split.value, planted, split.most);
	assert_true(split.most > split.value);
	assert_true(split.value > split.whole);
	lvl_fleet_split_free(&split);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_suggest_limits),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

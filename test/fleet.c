/* SPDX-License-Identifier: MIT */
/*
 * Levels and mobility on counts, against one host after another and one VM
 * after another.
 */
#include "fleet-made.h"

#include "gen-policy.h"

static struct lvl_fleet_level level; /* large */

/* -- levels --------------------------------------------------------------- */

static void test_level(void **state)
{
	struct lvl_policy a = with("ssse3 sse4-1"), b = with("ssse3"), want,
			  members[2];

	(void)state;
	begin();
	hosts(1, &a, 3);
	hosts(2, &b, 1);
	members[0] = a;
	members[1] = b;
	assert_int_equal(level_of(members, 2, &want, NULL), 0);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_int_equal(level.rc, 0);
	assert_int_equal(level.hosts, 4);
	assert_null(made_differ(&level.policy, &want));
	assert_false(level.unknown || level.unreachable || level.without);
	end();
}

/* The pool's fold skips nothing in silence. */
static void test_incomplete(void **state)
{
	struct lvl_policy a = with("ssse3"), b = with("");
	size_t at, weak;

	(void)state;
	begin();
	hosts(1, &a, 2);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_false(level.incomplete);
	/* a host that never reported */
	assert_int_equal(lvl_fleet_profile(&fleet, 0, 0, &at), 0);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, 1, 0), 0);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_true(level.incomplete);
	assert_int_equal(level.unknown, 1);
	assert_int_equal(level.rc, 0);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, -1, 0), 0);
	/* one that cannot be reached takes part, and is not to be relied on */
	weak = profile(2, &b);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, weak, 0, 1), 0);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_true(level.incomplete);
	assert_int_equal(level.unreachable, 1);
	made_assert(&level.policy, "-ssse3", "unreachable");
	end();
}

/* A host that runs no such guests takes nothing from them (CA-289907). */
static void test_without(void **state)
{
	struct lvl_policy a = with("ssse3");
	size_t at;

	(void)state;
	begin();
	hosts(1, &a, 2);
	assert_int_equal(lvl_fleet_profile(&fleet, 5, 0, &at), 0);
	lvl_fleet_refuse(&fleet, at, HVM);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, 1, 0), 0);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_false(level.incomplete);
	assert_int_equal(level.without, 1);
	made_assert(&level.policy, "ssse3", "without");
	assert_int_equal(lvl_fleet_verdict(&fleet, saw(1, &a), at), LVL_NO);
	/* what it runs has a level of its own kind, that nobody else is in */
	lvl_fleet_level_for(&fleet, &pool, LVL_PV, LVL_VENDOR_INTEL, &level);
	assert_int_equal(level.rc, -LVL_E_EMPTY);
	assert_int_equal(lvl_fleet_offer(&fleet, at, LVL_PV, &a, &a), 0);
	lvl_fleet_level_for(&fleet, &pool, LVL_PV, LVL_VENDOR_INTEL, &level);
	assert_int_equal(level.rc, 0);
	assert_int_equal(level.hosts, 1);
	assert_int_equal(level.unknown, 2);
	end();
}

/* Mixed vendors: a level each, whatever comes last (xapi's force). */
static void test_vendors(void **state)
{
	struct lvl_policy a = with("ssse3");
	struct lvl_policy b =
		made_normal("amd fpu fxsr sse sse2 sse3 cx16 lm nx sse4a");
	unsigned vendor[LVL_FLEET_VENDORS];

	(void)state;
	begin();
	hosts(1, &b, 1);
	hosts(2, &a, 2);
	assert_int_equal(lvl_fleet_vendors(&fleet, &pool, vendor), 2);
	assert_int_equal(vendor[0], LVL_VENDOR_INTEL);
	assert_int_equal(vendor[1], LVL_VENDOR_AMD);
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_AMD, &level);
	assert_int_equal(level.hosts, 1);
	made_assert(&level.policy, "sse4a -ssse3", "AMD");
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_int_equal(level.hosts, 2);
	made_assert(&level.policy, "-sse4a ssse3", "Intel");
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_ZHAOXIN, &level);
	assert_int_equal(level.rc, -LVL_E_EMPTY);
	end();
}

/* Counted, whoever comes and goes, the level is that of who is there. */
static void test_counted(void **state)
{
	struct lvl_policy random[10], counted;
	struct lvl_fleet_sum *sum = malloc(sizeof(*sum));
	struct gen g;
	unsigned i, k;

	(void)state;
	assert_non_null(sum);
	gen_seed(&g, 11);
	begin();
	for (i = 0; i < 10; i++) {
		gen_policy(&g, &gen_total, &random[i]);
		(void)hosts(i + 1, &random[i], i % 3);
	}
	assert_int_equal(
		lvl_fleet_sum_init(sum, &fleet, &pool, LVL_VENDOR_INTEL), 0);
	for (k = 0; k < 60; k++) {
		size_t at = gen_below(&g, 10);
		int64_t n = gen_percent(&g, 50) ? 1 : -1;
		int rc;

		if (lvl_fleet_pool_hosts(&pool, at, n, 0))
			continue;
		assert_int_equal(lvl_fleet_sum_hosts(sum, at, n), 0);
		lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
		rc = lvl_fleet_sum_read(sum, &counted, NULL);
		assert_int_equal(rc, level.rc);
		for (i = 0; !rc && i < lvl_nr_ordered; i++) {
			unsigned w = lvl_ordered[i];

			assert_int_equal(counted.v[w] &
						 ~lvl_masks[LVL_MASK_PIN][w],
					 level.policy.v[w] &
						 ~lvl_masks[LVL_MASK_PIN][w]);
		}
	}
	lvl_fleet_sum_free(sum);
	free(sum);
	end();
}

/* -- mobility ------------------------------------------------------------- */

static void test_own_host(void **state)
{
	struct lvl_policy strong = with("ssse3"), weak = with("");
	size_t s, w;
	struct lvl_fleet_group *g;

	(void)state;
	begin();
	s = hosts(1, &strong, 1);
	w = hosts(2, &weak, 2);
	g = vms(saw(1, &strong), s, 4);
	assert_int_equal(reach(g).homes, 1);
	assert_int_equal(reach(g).fate, LVL_FLEET_STRANDED);
	/* where it runs is not said: its one home may be its own or not */
	g = vms(saw(1, &strong), LVL_FLEET_NONE, 4);
	assert_int_equal(reach(g).fate, LVL_FLEET_UNSURE);
	/* its own host became weak under it: it may go home */
	g = vms(saw(1, &strong), w, 4);
	assert_int_equal(reach(g).fate, LVL_FLEET_FREE);
	g = vms(saw(1, &strong), LVL_FLEET_ELSEWHERE, 4);
	assert_int_equal(reach(g).others, 1);
	g = vms(saw(2, &weak), w, 1);
	assert_int_equal(reach(g).homes, 3);
	assert_int_equal(reach(g).others, 2);
	end();
}

static void test_unknown_is_no_home(void **state)
{
	struct lvl_policy a = with("ssse3");
	struct lvl_fleet_group *g;
	size_t at, never;
	int fresh;

	(void)state;
	begin();
	at = hosts(1, &a, 1);
	assert_int_equal(lvl_fleet_profile(&fleet, 0, 0, &never), 0);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, never, 1, 0), 0);
	g = vms(saw(1, &a), at, 1);
	assert_int_equal(reach(g).fate, LVL_FLEET_UNSURE);
	assert_int_equal(reach(g).unsure, 1);
	/* it would be one if it could be reached */
	assert_int_equal(lvl_fleet_pool_hosts(&pool, never, -1, 0), 0);
	assert_int_equal(lvl_fleet_pool_hosts(&pool, at, 0, 1), 0);
	assert_int_equal(reach(g).fate, LVL_FLEET_UNSURE);
	/* a VM without boot record */
	assert_int_equal(lvl_fleet_seen(&fleet, 0, HVM, &at, &fresh), 0);
	assert_true(fresh);
	g = vms(at, LVL_FLEET_NONE, 1);
	assert_int_equal(reach(g).homes, 0);
	assert_int_equal(reach(g).fate, LVL_FLEET_UNSURE);
	end();
}

static void test_islands(void **state)
{
	struct lvl_policy a = with("ssse3"), b = with("sse4a"), c = with("");
	size_t of_member[4], of_group[4], n;

	(void)state;
	begin();
	hosts(1, &a, 2);
	hosts(2, &b, 1);
	hosts(3, &a, 1); /* the same by another number */
	hosts(4, &c, 0);
	(void)vms(saw(1, &a), LVL_FLEET_NONE, 1);
	(void)vms(saw(2, &b), LVL_FLEET_NONE, 1);
	n = lvl_fleet_islands(&fleet, &pool, of_member, of_group);
	assert_int_equal(n, 2);
	assert_int_equal(of_member[0], 0);
	assert_int_equal(of_member[1], 1);
	assert_int_equal(of_member[2], 0);
	assert_int_equal(of_member[3], LVL_FLEET_NONE);
	assert_int_equal(of_group[0], 0);
	assert_int_equal(of_group[1], 1);
	/* one that may go everywhere makes one of all */
	(void)vms(saw(3, &c), LVL_FLEET_NONE, 1);
	n = lvl_fleet_islands(&fleet, &pool, of_member, of_group);
	assert_int_equal(n, 1);
	assert_int_equal(of_group[1], 0);
	end();
}

/* -- random pools, host by host ------------------------------------------- */

/* As it is meant: every VM looks at every host but its own. */
static void by_hand(const struct lvl_policy *sort, const size_t *host,
		    unsigned nr_hosts, const struct lvl_policy *guest,
		    unsigned own, unsigned *homes, unsigned *others)
{
	unsigned i;

	*homes = *others = 0;
	for (i = 0; i < nr_hosts; i++) {
		if (lvl_fits(guest, &sort[host[i]], NULL, NULL) != LVL_YES)
			continue;
		++*homes;
		*others += i != own;
	}
}

static void random_pool(struct gen *g)
{
	struct lvl_policy sort[SORTS], seen;
	size_t host[24], at[SORTS];
	unsigned nr = 1 + gen_below(g, 24), i, homes, others;

	begin();
	gen_policy(g, &gen_total, &sort[0]);
	for (i = 1; i < SORTS; i++)
		gen_mutate(g, &sort[gen_below(g, i)], gen_below(g, 12),
			   &sort[i]);
	for (i = 0; i < SORTS; i++)
		at[i] = profile(i + 1, &sort[i]);
	for (i = 0; i < nr; i++) {
		host[i] = gen_below(g, SORTS);
		assert_int_equal(lvl_fleet_pool_hosts(&pool, at[host[i]], 1, 0),
				 0);
	}
	for (i = 0; i < nr; i++) {
		struct lvl_fleet_group *v;

		seen = sort[host[i]];
		gen_drop(g, gen_below(g, 8), &seen);
		v = vms(saw(i + 1, &seen), at[host[i]], 1);
		by_hand(sort, host, nr, fleet.seen[v->seen].policy, i, &homes,
			&others);
		assert_int_equal(reach(v).homes, homes);
		assert_int_equal(reach(v).others, others);
		assert_int_equal(reach(v).fate,
				 others ? LVL_FLEET_FREE : LVL_FLEET_STRANDED);
	}
	end();
}

static void test_random(void **state)
{
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, 3);
	for (i = 0; i < 40; i++)
		random_pool(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_vendors),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_own_host),
		cmocka_unit_test(test_unknown_is_no_home),
		cmocka_unit_test(test_islands),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

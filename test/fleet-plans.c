/* SPDX-License-Identifier: MIT */
/*
 * What-if, orders and places against brute force; and a real pool
 * by numbers that were counted from the fingerprints (golden.c says how).
 */
#include "fleet-made.h"

#include "gen-policy.h"
#include "pools.h"

static struct lvl_fleet_level level; /* large */

/* -- what if -------------------------------------------------------------- */

static void test_effect(void **state)
{
	struct lvl_policy strong = with("ssse3 sse4-1"), weak = with("ssse3");
	struct lvl_fleet_change c = { .hosts = 1 };
	struct lvl_fleet_pool after;
	struct lvl_fleet_effect e;
	size_t s, w;

	(void)state;
	begin();
	s = hosts(1, &strong, 2);
	w = hosts(2, &weak, 1);
	(void)vms(saw(1, &strong), s, 5);
	(void)vms(saw(2, &weak), s, 7);
	(void)vms(saw(2, &weak), w, 2);
	/* a strong one becomes weak: the five have their own host left */
	c.from = s;
	c.to = w;
	assert_int_equal(lvl_fleet_pool_copy(&after, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), 0);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &after, &e), 0);
	assert_int_equal(e.stranded, 5);
	assert_true(e.turn[0].stranded);
	assert_false(e.turn[1].stranded);
	assert_int_equal(e.gain, 0);
	assert_int_equal(e.lose, 5);
	lvl_fleet_effect_free(&e);
	lvl_fleet_pool_free(&after);
	/* the weak one goes: nine could have more */
	c.from = w;
	c.to = LVL_FLEET_NONE;
	assert_int_equal(lvl_fleet_pool_copy(&after, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), 0);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &after, &e), 0);
	assert_int_equal(e.stranded, 0);
	assert_int_equal(e.gain, 9);
	lvl_fleet_effect_free(&e);
	/* there is no third weak host that could go */
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), -LVL_E_RANGE);
	/* what boots now does not run where the weak one was */
	assert_int_equal(lvl_fleet_way_back(&fleet, &after, &c), LVL_NO);
	assert_int_equal(lvl_fleet_way_back(&fleet, &pool, &c), LVL_YES);
	lvl_fleet_pool_free(&after);
	end();
}

/* Its own host becomes its home: that is no other host. */
static void test_comes_home(void **state)
{
	struct lvl_policy strong = with("ssse3"), weak = with("");
	struct lvl_fleet_change c = { .hosts = 1 };
	struct lvl_fleet_pool after;
	struct lvl_fleet_effect e;
	size_t seen;

	(void)state;
	begin();
	c.from = hosts(1, &weak, 1);
	(void)hosts(2, &weak, 1);
	c.to = profile(3, &strong);
	seen = saw(1, &strong);
	assert_int_equal(
		lvl_fleet_pool_vms_then(&pool, seen, 0, c.from, c.to, 2), 0);
	assert_int_equal(lvl_fleet_pool_copy(&after, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), 0);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &after, &e), 0);
	assert_int_equal(e.turn[0].after.homes, 1);
	assert_int_equal(e.turn[0].after.others, 0);
	assert_int_equal(e.stuck, 2);
	lvl_fleet_effect_free(&e);
	lvl_fleet_pool_free(&after);
	end();
}

/* A power cycle is at the level of its own kind of guests. */
static void test_other_kind(void **state)
{
	struct lvl_policy strong = with("ssse3"), weak = with("");
	struct lvl_fleet_effect e;
	size_t at, seen;
	int fresh;

	(void)state;
	begin();
	at = hosts(1, &weak, 2);
	assert_int_equal(
		lvl_fleet_offer(&fleet, at, LVL_HVM_SHADOW, &strong, &strong),
		0);
	assert_int_equal(
		lvl_fleet_seen(&fleet, 1, LVL_HVM_SHADOW, &seen, &fresh), 0);
	assert_int_equal(lvl_fleet_saw(&fleet, seen, &weak), 0);
	(void)vms(seen, at, 3);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &pool, &e), 0);
	assert_int_equal(e.gain, 3);
	assert_int_equal(e.lose, 0);
	lvl_fleet_effect_free(&e);
	end();
}

/* Who must leave for its one other home has no other from then on. */
static void test_moved(void **state)
{
	struct lvl_policy strong = with("ssse3"), weak = with("");
	struct lvl_fleet_change c = { .hosts = 1 };
	struct lvl_fleet_pool after;
	struct lvl_fleet_effect e;

	(void)state;
	begin();
	c.from = hosts(1, &strong, 1);
	(void)hosts(2, &strong, 1);
	c.to = hosts(3, &weak, 1);
	(void)vms(saw(1, &strong), c.from, 3);
	assert_int_equal(lvl_fleet_pool_copy(&after, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), 0);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &after, &e), 0);
	assert_int_equal(e.turn[0].before.fate, LVL_FLEET_FREE);
	assert_int_equal(e.turn[0].after.homes, 1);
	assert_int_equal(e.stranded, 3);
	lvl_fleet_effect_free(&e);
	lvl_fleet_pool_free(&after);
	end();
}

/* -- orders --------------------------------------------------------------- */

/* Is the order what it promises?  Host by host, on counts made anew. */
static int keeps_homes(const struct lvl_fleet_change *c, const size_t *order,
		       size_t nr)
{
	struct lvl_fleet_pool p;
	struct lvl_fleet_reach at_first, r;
	size_t i, g;
	uint32_t k;
	int kept = 1;

	assert_int_equal(lvl_fleet_pool_copy(&p, &pool), 0);
	for (i = 0; i < nr; i++) {
		struct lvl_fleet_change leave = c[order[i]], come = leave;

		leave.to = come.from = LVL_FLEET_NONE;
		leave.hosts = come.hosts = 1;
		for (k = 0; k < c[order[i]].hosts; k++) {
			assert_int_equal(lvl_fleet_apply(&p, &leave, 1), 0);
			for (g = 0; g < pool.nr_groups; g++) {
				struct lvl_fleet_group any = pool.group[g];

				any.on = LVL_FLEET_ELSEWHERE;
				lvl_fleet_reach(&fleet, &pool, &any, &at_first);
				lvl_fleet_reach(&fleet, &p, &any, &r);
				kept &= !at_first.homes || r.homes;
			}
			assert_int_equal(lvl_fleet_apply(&p, &come, 1), 0);
		}
	}
	lvl_fleet_pool_free(&p);
	return kept;
}

/* Some order of the first n of `order` keeps all homes. */
static int any_order(const struct lvl_fleet_change *c, size_t *order, size_t at,
		     size_t nr)
{
	size_t i, t;

	if (at == nr)
		return keeps_homes(c, order, nr);
	for (i = at; i < nr; i++) {
		int found;

		t = order[at], order[at] = order[i], order[i] = t;
		found = any_order(c, order, at + 1, nr);
		t = order[at], order[at] = order[i], order[i] = t;
		if (found)
			return 1;
	}
	return 0;
}

static void random_order(struct gen *g, unsigned *possible)
{
	struct lvl_policy sort[SORTS];
	struct lvl_fleet_change c[4];
	size_t at[SORTS], order[4], all[4] = { 0, 1, 2, 3 }, blocked, i;
	int exact, found;

	begin();
	gen_policy(g, &gen_total, &sort[0]);
	for (i = 1; i < SORTS; i++)
		gen_mutate(g, &sort[gen_below(g, (unsigned)i)], 6, &sort[i]);
	for (i = 0; i < SORTS; i++) {
		at[i] = profile((int64_t)i + 1, &sort[i]);
		if (i < 4)
			assert_int_equal(
				lvl_fleet_pool_hosts(&pool, at[i], 2, 0), 0);
	}
	for (i = 0; i < 4; i++) {
		struct lvl_policy p = sort[gen_below(g, 4)];

		gen_drop(g, gen_below(g, 6), &p);
		(void)vms(saw((int64_t)i + 1, &p), LVL_FLEET_NONE, 1);
		c[i] = (struct lvl_fleet_change){
			.from = at[i],
			.to = at[gen_below(g, SORTS)],
			.hosts = 1 + gen_below(g, 2),
		};
	}
	assert_int_equal(
		lvl_fleet_order(&fleet, &pool, c, 4, order, &blocked, &exact),
		0);
	assert_true(exact);
	assert_true(keeps_homes(c, order, 4 - blocked));
	found = any_order(c, all, 0, 4);
	assert_int_equal(!blocked, found);
	*possible += (unsigned)found;
	end();
}

static void test_order(void **state)
{
	unsigned possible = 0, i;
	struct gen g;

	(void)state;
	gen_seed(&g, 5);
	for (i = 0; i < 60; i++)
		random_order(&g, &possible);
	/* both happen */
	assert_in_range(possible, 1, 59);
}

/* -- placing -------------------------------------------------------------- */

static void test_place(void **state)
{
	struct lvl_policy a = with("ssse3"), b = with("ssse3 sse4-1 avx xsave"),
			  c = with("");
	struct lvl_fleet_place place[4];

	(void)state;
	begin();
	hosts(1, &c, 1);
	hosts(2, &b, 1);
	hosts(3, &a, 1);
	hosts(4, &a, 0);
	assert_int_equal(lvl_fleet_place(&fleet, &pool, saw(1, &a), place), 3);
	/* the least that is enough, then more, then what does not do */
	assert_int_equal(place[0].member, 2);
	assert_int_equal(place[0].spare, 0);
	assert_int_equal(place[1].member, 1);
	assert_true(place[1].spare > 0);
	assert_int_equal(place[2].member, 0);
	assert_int_equal(place[2].verdict, LVL_NO);
	assert_true(place[2].fatal > 0);
	/* out of reach it may be home, and is none; it is told */
	assert_int_equal(lvl_fleet_pool_hosts(&pool, 2, 0, 1), 0);
	assert_int_equal(lvl_fleet_place(&fleet, &pool, saw(1, &a), place), 4);
	assert_int_equal(place[2].member, 2);
	assert_true(place[2].unreachable);
	assert_int_equal(place[2].verdict, LVL_UNKNOWN);
	end();
}

/* -- the real pool -------------------------------------------------------- */

static unsigned lost(const struct lvl_policy *host, const struct lvl_policy *of)
{
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		n += lvl_fields[i].word != LVL_NO_WORD &&
		     lvl_fields[i].rule == LVL_AND &&
		     lvl_fields[i].width == 1 && lvl_has(host, i) &&
		     !lvl_has(of, i);
	return n;
}

/*
 * facts: of {CLX, ICX, SPR, GNR} Cascade Lake alone limits, by 14 features;
 * that of the others gives nothing back.  RRSBA and FB_CLEAR are told.
 */
static void test_real(void **state)
{
	static const char *const name[] = { "clx", "icx", "spr", "gnr" };
	static const unsigned gives_up[] = { 1, 16, 33, 36 };
	static const unsigned gains[] = { 14, 0, 0, 0 };
	struct lvl_policy host[4], without;
	struct lvl_fleet_sum *sum = malloc(sizeof(*sum));
	size_t at[4], i;

	(void)state;
	assert_non_null(sum);
	begin();
	for (i = 0; i < 4; i++) {
		host[i] = pool_machine(name[i]);
		at[i] = hosts((int64_t)i + 1, &host[i], 1);
	}
	lvl_fleet_level(&fleet, &pool, LVL_VENDOR_INTEL, &level);
	assert_int_equal(level.rc, 0);
	made_assert(&level.policy, "rrsba fb-clear avx512f -vaes", "real");
	assert_int_equal(
		lvl_fleet_sum_init(sum, &fleet, &pool, LVL_VENDOR_INTEL), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(lost(&host[i], &level.policy), gives_up[i]);
		assert_int_equal(lvl_fleet_sum_without(sum, at[i], &without),
				 0);
		assert_int_equal(lost(&without, &level.policy), gains[i]);
	}
	lvl_fleet_sum_free(sum);
	free(sum);
	end();
}

/* The levels of one and of all machines, as what VMs saw. */
static size_t saw_level(const struct lvl_policy *host, unsigned n, int64_t id)
{
	struct lvl_policy l;

	assert_int_equal(level_of(host, n, &l, NULL), 0);
	return saw(id, &l);
}

/*
 * Linux 5.10 to 6.1 on Sapphire Rapids brings AMX and more: what boots on the
 * new kernel cannot go back, and there is a point from which on VMs do.
 */
static void test_kernel(void **state)
{
	struct lvl_policy host[2] = { pool_machine("spr-5.10"),
				      pool_machine("spr") };
	struct lvl_fleet_change c;
	struct lvl_fleet_group *old, *fresh;
	struct lvl_fleet_pool step;
	size_t o, n;

	(void)state;
	begin();
	o = hosts(1, &host[0], 3);
	n = profile(2, &host[1]);
	old = vms(saw_level(&host[0], 1, 1), o, 30);
	assert_int_equal(reach(old).others, 2);
	c = (struct lvl_fleet_change){ .from = o, .to = n, .hosts = 1 };
	/* one upgraded: both kernels are home to old VMs, back is easy */
	assert_int_equal(lvl_fleet_apply(&pool, &c, 1), 0);
	assert_int_equal(reach(old).others, 2);
	assert_int_equal(lvl_fleet_way_back(&fleet, &pool, &c), LVL_YES);
	/* the last one: the level rises, and who boots then stays */
	assert_int_equal(lvl_fleet_apply(&pool, &c, 1), 0);
	assert_int_equal(lvl_fleet_way_back(&fleet, &pool, &c), LVL_YES);
	assert_int_equal(lvl_fleet_pool_copy(&step, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&step, &c, 1), 0);
	assert_int_equal(lvl_fleet_way_back(&fleet, &step, &c), LVL_NO);
	lvl_fleet_pool_free(&step);
	/* a VM that booted on the new kernel alone, at its level */
	fresh = vms(saw_level(&host[1], 1, 2), n, 1);
	assert_int_equal(reach(fresh).homes, 2);
	assert_int_equal(lvl_fleet_verdict(&fleet, fresh->seen, o), LVL_NO);
	end();
}

/* Linux 6.18 hides IBRSB on Milan: even forward VMs are stranded. */
static void test_milan(void **state)
{
	struct lvl_policy host[2] = { pool_machine("milan"),
				      pool_machine("milan-6.18") };
	struct lvl_fleet_change c = { .hosts = 2 };
	size_t o, n, order[2], blocked;
	struct lvl_fleet_pool after;
	struct lvl_fleet_effect e;
	int exact;

	(void)state;
	begin();
	c.from = o = hosts(1, &host[0], 2);
	c.to = n = profile(2, &host[1]);
	(void)vms(saw_level(&host[0], 1, 1), o, 57);
	(void)vms(saw_level(host, 2, 2), o, 3);
	assert_int_equal(lvl_fleet_verdict(&fleet, 0, n), LVL_NO);
	assert_int_equal(lvl_fleet_verdict(&fleet, 1, n), LVL_YES);
	assert_int_equal(lvl_fleet_pool_copy(&after, &pool), 0);
	assert_int_equal(lvl_fleet_apply(&after, &c, 1), 0);
	assert_int_equal(lvl_fleet_effect(&fleet, &pool, &after, &e), 0);
	assert_int_equal(e.stranded, 57);
	lvl_fleet_effect_free(&e);
	lvl_fleet_pool_free(&after);
	assert_int_equal(
		lvl_fleet_order(&fleet, &pool, &c, 1, order, &blocked, &exact),
		0);
	assert_int_equal(blocked, 1);
	end();
}

/* Microcode adds RRSBA: who was not told may not enter, told ones may. */
static void test_rrsba(void **state)
{
	struct lvl_policy told = pool_machine("clx"), was = told;
	struct lvl_fleet_group *old, *fresh;
	size_t o, n;

	(void)state;
	assert_true(lvl_has(&told, LVL_F_RRSBA));
	lvl_set(&was, LVL_F_RET_ALTERNATE, 0);
	lvl_set(&was, LVL_F_RRSBA, 0);
	lvl_policy_normalise(&was, NULL);
	begin();
	o = hosts(1, &was, 1);
	n = hosts(2, &told, 1);
	old = vms(saw_level(&was, 1, 1), o, 1);
	assert_int_equal(reach(old).homes, 1);
	assert_int_equal(reach(old).fate, LVL_FLEET_STRANDED);
	fresh = vms(saw_level(&told, 1, 2), n, 1);
	assert_int_equal(reach(fresh).homes, 2);
	assert_int_equal(reach(fresh).fate, LVL_FLEET_FREE);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_effect),
		cmocka_unit_test(test_comes_home),
		cmocka_unit_test(test_other_kind),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_milan),
		cmocka_unit_test(test_rrsba),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The theorems of the algebra, on random policies and on real ones.
 *
 * CPULEVEL_SEED=n starts the random cases at n, so that the seed that a
 * failure prints runs first; CPULEVEL_ROUNDS=n scales the number of cases,
 * 100 being the usual one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "corpus.h"
#include "theorem-case.h"

static uint64_t first_seed;
static unsigned rounds; /* percent of the usual number of cases */

/* `usual` cases, scaled. */
static unsigned scaled(unsigned usual)
{
	uint64_t n = (uint64_t)usual * rounds / 100;

	return n ? (unsigned)n : 1;
}

static int load(void **state)
{
	first_seed = gen_env("CPULEVEL_SEED", 1);
	rounds = (unsigned)gen_env("CPULEVEL_ROUNDS", 100);
	return load_corpus(state);
}

/* -- T0 .. T6, T11, T14, T16, T17 ------------------------------------------ */

static struct lvl_policy made[CASE_MAX];

/* Between 1 and 5 random members. */
static void random_case(struct theorem_case *c, struct gen *g, uint64_t seed,
			const struct gen_shape *shape, const char *source)
{
	unsigned i;

	memset(c, 0, sizeof(*c));
	gen_seed(g, seed);
	c->source = source;
	c->seed = seed;
	c->n = 1 + gen_below(g, 5);
	for (i = 0; i < c->n; i++) {
		gen_policy(g, shape, &made[i]);
		c->member[i] = &made[i];
	}
}

static void check_random(const struct gen_shape *shape, const char *source,
			 unsigned usual)
{
	struct theorem_case c;
	struct gen g;
	unsigned i;

	for (i = 0; i < scaled(usual); i++) {
		random_case(&c, &g, first_seed + i, shape, source);
		theorem_case_check(&c);
	}
}

static void random_policies(void **state)
{
	(void)state;
	check_random(&gen_total, "random policies", 600);
}

static void random_partial_policies(void **state)
{
	(void)state;
	check_random(&gen_partial, "random policies, partly unknown", 600);
}

static void corpus_case(struct theorem_case *c, const char *source,
			uint64_t seed, unsigned n)
{
	memset(c, 0, sizeof(*c));
	c->source = source;
	c->seed = seed;
	c->n = n;
}

static void set_member(struct theorem_case *c, unsigned i, unsigned host)
{
	c->member[i] = &corpus.host[host].host;
	c->name[i] = corpus.host[host].file;
}

/* Every real machine alone, and every pair in both orders. */
static void corpus_pairs(void **state)
{
	struct theorem_case c;
	unsigned a, b;

	(void)state;
	need_corpus();
	for (a = 0; a < corpus.n; a++) {
		for (b = a; b < corpus.n; b++) {
			corpus_case(&c, "corpus pair", a * 1000 + b,
				    a == b ? 1 : 2);
			set_member(&c, 0, a);
			if (a != b)
				set_member(&c, 1, b);
			theorem_case_check(&c);
		}
	}
}

/* One of the same vendor where the draw allows: others have no level. */
static unsigned draw_relative(struct gen *g, unsigned of)
{
	unsigned vendor = lvl_policy_vendor(&corpus.host[of].host), i, h = 0;

	for (i = 0; i < 16; i++) {
		h = gen_below(g, corpus.n);
		if (lvl_policy_vendor(&corpus.host[h].host) == vendor)
			break;
	}
	return h;
}

static void corpus_triples(void **state)
{
	struct theorem_case c;
	struct gen g;
	unsigned i, a;

	(void)state;
	need_corpus();
	for (i = 0; i < scaled(20000); i++) {
		corpus_case(&c, "corpus triple", first_seed + i, 3);
		gen_seed(&g, c.seed);
		a = gen_below(&g, corpus.n);
		set_member(&c, 0, a);
		set_member(&c, 1, draw_relative(&g, a));
		set_member(&c, 2, draw_relative(&g, a));
		theorem_case_check(&c);
	}
}

/* Real machines with some fields changed, forgotten, or both. */
static void corpus_mutants(void **state)
{
	struct theorem_case c;
	struct gen g;
	unsigned i, k, a;

	(void)state;
	need_corpus();
	for (i = 0; i < scaled(1000); i++) {
		corpus_case(&c, "corpus mutants", first_seed + i, 3);
		gen_seed(&g, c.seed);
		a = gen_below(&g, corpus.n);
		for (k = 0; k < c.n; k++) {
			unsigned h = draw_relative(&g, a);

			gen_mutate(&g, &corpus.host[h].host, gen_below(&g, 30),
				   &made[k]);
			c.member[k] = &made[k];
			c.name[k] = corpus.host[h].file;
		}
		theorem_case_check(&c);
	}
}

/* -- T7 -------------------------------------------------------------------- */

static void top_is_the_identity(void **state)
{
	struct lvl_policy p, q;
	struct lvl_fold top, f;
	struct gen g;

	(void)state;
	gen_seed(&g, first_seed);
	gen_policy(&g, &gen_total, &made[0]);
	lvl_fold_init(&top);
	memset(&p, 0x5a, sizeof(p));
	q = p;
	assert_int_equal(lvl_fold_read(&top, &p, NULL, NULL), -LVL_E_EMPTY);
	assert_memory_equal(&p, &q, sizeof(p));
	lvl_fold_init(&f);
	lvl_fold_add(&f, &made[0]);
	lvl_fold_merge(&f, &top);
	assert_int_equal(lvl_fold_read(&f, &p, NULL, NULL), 0);
	assert_memory_equal(&p, &made[0], sizeof(p));
	lvl_fold_merge(&top, &f);
	assert_int_equal(lvl_fold_read(&top, &q, NULL, NULL), 0);
	assert_memory_equal(&p, &q, sizeof(p));
}

/* NONE stays NONE, whatever comes next, and is never written. */
static void none_is_absorbing(void **state)
{
	const struct gen_shape foreign = { 96, 20, 2, 0, 100 };
	struct lvl_policy p, untouched;
	struct lvl_fold f;
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, first_seed);
	gen_policy(&g, &gen_total, &made[0]);
	gen_policy(&g, &foreign, &made[1]);
	lvl_fold_init(&f);
	memset(&p, 0x5a, sizeof(p));
	untouched = p;
	lvl_fold_add(&f, &made[0]);
	for (i = 0; i < 4; i++) {
		lvl_fold_add(&f, &made[1 - i % 2]);
		assert_int_equal(lvl_fold_read(&f, &p, NULL, NULL),
				 -LVL_E_VENDOR);
		assert_memory_equal(&p, &untouched, sizeof(p));
	}
}

/* -- T8 -------------------------------------------------------------------- */

static void arrival_admits_the_defaults(void **state)
{
	struct lvl_policy max[3], dflt[3], arrival[3], level;
	const struct lvl_policy *member[3] = { &dflt[0], &dflt[1], &dflt[2] };
	struct theorem_case c;
	struct gen g;
	unsigned i, k;

	(void)state;
	for (i = 0; i < scaled(100); i++) {
		corpus_case(&c, "arrival", first_seed + i, 3);
		gen_seed(&g, c.seed);
		for (k = 0; k < 3; k++) {
			gen_max_and_default(&g, &max[k], &dflt[k]);
			lvl_arrival(&arrival[k], &max[k], &dflt[k]);
			c.member[k] = &dflt[k];
			if (theorem_fits(&c, &dflt[k], &arrival[k]) != REF_TRUE)
				theorem_fails(&c, "T8",
					      "default %u does not fit", k);
		}
		if (theorem_level(member, 3, &level, NULL))
			continue; /* NONE: two hypervisor signatures */
		for (k = 0; k < 3; k++)
			if (theorem_fits(&c, &level, &arrival[k]) != REF_TRUE)
				theorem_fails(&c, "T8",
					      "the level of the "
					      "defaults does not fit %u",
					      k);
	}
}

/* -- T10 ------------------------------------------------------------------- */

/* -- unknown -------------------------------------------------------------- */

/* What is the VM's choice is what the guest has, where it was not known. */
static void choose(struct lvl_policy *h, const struct lvl_policy *g,
		   const struct theorem_case *c)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i) && lvl_fields[i].synth == LVL_SYNTH_VM &&
		    !(lvl_known(c->member[0], i) && lvl_known(c->member[1], i)))
			lvl_set(h, i, lvl_get(g, i));
}

/* A guest and a host, completed so many times. */
static void complete_both(const struct theorem_case *c, unsigned times)
{
	struct lvl_policy g, h;
	enum ref_truth t, full;
	struct gen gen;

	gen_seed(&gen, c->seed ^ 0x10);
	t = theorem_fits(c, c->member[0], c->member[1]);
	while (times--) {
		g = *c->member[0];
		h = *c->member[1];
		gen_complete(&gen, &g);
		gen_complete(&gen, &h);
		choose(&h, &g, c);
		full = theorem_fits(c, &g, &h);
		if (t != REF_UNKNOWN && full != t)
			theorem_fails(c, "T10", "%d becomes %d once known",
				      (int)t, (int)full);
	}
}

static void completions_agree(void **state)
{
	struct theorem_case c;
	struct gen g;
	unsigned i;

	(void)state;
	for (i = 0; i < scaled(150); i++) {
		corpus_case(&c, "unknown", first_seed + i, 2);
		gen_seed(&g, c.seed);
		gen_policy(&g, &gen_total, &made[1]);
		made[0] = made[1];
		gen_forget(&g, gen_below(&g, 4), &made[0]);
		gen_forget(&g, gen_below(&g, 4), &made[1]);
		c.member[0] = &made[0];
		c.member[1] = &made[1];
		complete_both(&c, 6);
	}
}

/* Reading members low first, or the level at the end: the same. */
static void reading_commutes_with_folding(void **state)
{
	static struct ref_policy r;
	struct lvl_policy low[CASE_MAX], level, want;
	const struct lvl_policy *at[CASE_MAX];
	struct theorem_case c;
	struct gen g;
	unsigned i, k;

	(void)state;
	for (i = 0; i < scaled(150); i++) {
		random_case(&c, &g, first_seed + i, &gen_partial, "unknown");
		for (k = 0; k < c.n; k++) {
			ref_read(&r, c.member[k]);
			ref_low(&r);
			low[k] = *c.member[k];
			ref_write(&r, &low[k]);
			at[k] = &low[k];
		}
		if (theorem_level(c.member, c.n, &want, NULL) ||
		    theorem_level(at, c.n, &level, NULL))
			continue;
		theorem_same(&c, "T10", &level, &want);
	}
}

/* -- T12, T13 -------------------------------------------------------------- */

#define POOL 6

/* Counts have no donor: compare what is not of one. */
static void no_identity(struct lvl_policy *p)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		p->v[w] &= ~lvl_masks[LVL_MASK_PIN][w];
		p->k[w] |= lvl_masks[LVL_MASK_PIN][w];
	}
	lvl_finalise(p);
}

/* The level by counts, donor aside, is that of the members that are there. */
static void compare_counts(const struct theorem_case *c,
			   const struct lvl_count *count, unsigned present)
{
	const struct lvl_policy *member[POOL];
	struct lvl_policy got, want;
	struct lvl_fold f;
	unsigned i, n = 0;
	int rc;

	for (i = 0; i < POOL; i++)
		if (present >> i & 1)
			member[n++] = c->member[i];
	lvl_count_fold(count, &f);
	rc = lvl_fold_read(&f, &got, NULL, NULL);
	if (!n) {
		assert_int_equal(rc, -LVL_E_EMPTY);
		return;
	}
	assert_int_equal(rc, theorem_level(member, n, &want, NULL));
	if (rc)
		return;
	no_identity(&got);
	no_identity(&want);
	theorem_same(c, "T12", &got, &want);
}

static void members_come_and_go(void **state)
{
	static struct lvl_count count;
	struct theorem_case c;
	struct gen g;
	unsigned i, k, m, present;

	(void)state;
	for (i = 0; i < scaled(60); i++) {
		corpus_case(&c, "counts", first_seed + i, POOL);
		gen_seed(&g, c.seed);
		for (k = 0; k < POOL; k++) {
			gen_policy(&g, i % 2 ? &gen_partial : &gen_total,
				   &made[k]);
			c.member[k] = &made[k];
		}
		lvl_count_init(&count);
		for (k = 0, present = 0; k < 12; k++) {
			m = gen_below(&g, POOL);
			present ^= 1u << m;
			if (present >> m & 1)
				assert_int_equal(
					lvl_count_add(&count, c.member[m]), 0);
			else
				assert_int_equal(
					lvl_count_remove(&count, c.member[m]),
					0);
			compare_counts(&c, &count, present);
		}
	}
}

struct blame {
	unsigned field;
	int named;
};

static void notice(void *arg, const struct lvl_change *change)
{
	struct blame *b = arg;

	b->named |= change->field == b->field;
}

/* Without the members that lack it, the pool has it, or it is said why not. */
static void check_blame(const struct theorem_case *c, unsigned feature)
{
	struct blame blame = { feature, 0 };
	const struct lvl_trail trail = { notice, &blame };
	struct lvl_policy level;
	struct lvl_fold f;
	unsigned i;

	lvl_fold_init(&f);
	for (i = 0; i < c->n; i++)
		if (lvl_has(c->member[i], feature))
			lvl_fold_add(&f, c->member[i]);
	if (!f.n || lvl_fold_read(&f, &level, &trail, NULL))
		return;
	if (!lvl_has(&level, feature) && !blame.named)
		theorem_fails(c, "T13",
			      "%s is not restored, and no rule took "
			      "it",
			      lvl_field_name(feature));
	if (lvl_has(&level, feature) && blame.named)
		theorem_fails(c, "T13", "%s is blamed and there",
			      lvl_field_name(feature));
}

static void blame_restores(void **state)
{
	struct theorem_case c;
	struct gen g;
	unsigned i, f;

	(void)state;
	for (i = 0; i < scaled(30); i++) {
		random_case(&c, &g, first_seed + i, &gen_total, "blame");
		for (f = 0; f < LVL_NR_FIELDS; f++)
			if (ref_ordered(f) && lvl_fields[f].rule == LVL_AND &&
			    lvl_fields[f].width == 1)
				check_blame(&c, f);
	}
}

/* -- what follows from a conflict ------------------------------------------ */

static void finish(struct lvl_policy *p)
{
	struct lvl_policy made_of = *p;

	gen_close(p);
	lvl_finalise(&made_of);
	assert_null(gen_differ(p, &made_of)); /* it was well-formed */
}

static void check_falls(const struct lvl_policy *a, const struct lvl_policy *b,
			unsigned feature, int vmx)
{
	struct theorem_case c;
	struct lvl_policy level;

	corpus_case(&c, "conflict", 0, 2);
	c.member[0] = a;
	c.member[1] = b;
	theorem_case_check(&c);
	assert_int_equal(theorem_level(c.member, 2, &level, NULL), 0);
	assert_false(lvl_has(&level, feature));
	assert_int_equal(lvl_has(&level, LVL_F_VMX), vmx);
}

/* A conflict takes a control away; where it must be 1, all of VMX. */
static void conflicts_in_a_chain(void **state)
{
	struct lvl_policy a, b;

	(void)state;
	lvl_policy_zero(&a);
	lvl_set(&a, LVL_F_MSR, 1);
	lvl_set(&a, LVL_F_VMX, 1);
	lvl_set(&a, LVL_F_VMX_PREEMPTION_TIMER, 1);
	b = a;
	lvl_set(&a, LVL_F_VMX_PREEMPT_TIMER_RATE, 5);
	lvl_set(&b, LVL_F_VMX_PREEMPT_TIMER_RATE, 7);
	finish(&a);
	finish(&b);
	check_falls(&a, &b, LVL_F_VMX_PREEMPTION_TIMER, 1);
	lvl_set(&a, LVL_F_VMX_PREEMPTION_TIMER_MUST, 1);
	finish(&a);
	check_falls(&a, &b, LVL_F_VMX_PREEMPTION_TIMER, 0);
}

/* What a control needs may go while the control must be 1. */
static void empty_by_a_requirement(void **state)
{
	static const uint16_t common[] = {
		LVL_F_MSR,
		LVL_F_VMX,
		LVL_F_FPU,
		LVL_F_FXSR,
		LVL_F_XSAVE,
		LVL_F_XSAVES,
		LVL_F_VMX_EXIT_SAVE_CET,
	};
	struct lvl_policy a, b;
	unsigned i;

	(void)state;
	lvl_policy_zero(&a);
	for (i = 0; i < LVL_COUNT(common); i++)
		lvl_set(&a, common[i], 1);
	b = a;
	lvl_set(&a, LVL_F_CET_SS, 1);
	lvl_set(&a, LVL_F_VMX_EXIT_SAVE_CET_MUST, 1);
	lvl_set(&b, LVL_F_CET_IBT, 1);
	finish(&a);
	finish(&b);
	check_falls(&a, &b, LVL_F_VMX_EXIT_SAVE_CET_MUST, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies),
		cmocka_unit_test(random_partial_policies),
		cmocka_unit_test(top_is_the_identity),
		cmocka_unit_test(none_is_absorbing),
		cmocka_unit_test(arrival_admits_the_defaults),
		cmocka_unit_test(completions_agree),
		cmocka_unit_test(reading_commutes_with_folding),
		cmocka_unit_test(members_come_and_go),
		cmocka_unit_test(blame_restores),
		cmocka_unit_test(conflicts_in_a_chain),
		cmocka_unit_test(empty_by_a_requirement),
		cmocka_unit_test(corpus_pairs),
		cmocka_unit_test(corpus_triples),
		cmocka_unit_test(corpus_mutants),
	};

	return cmocka_run_group_tests(tests, load, unload_corpus);
}

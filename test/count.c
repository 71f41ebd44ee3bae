/* SPDX-License-Identifier: MIT */
/* The counting representation gives what folding from scratch gives. */
#include "made.h"

#include <stdlib.h>

#include "gen-policy.h"

static struct lvl_count count; /* large */

/* Everything but the donor, which counts do not have. */
static void same_fold(const struct lvl_fold *a, const struct lvl_fold *b,
		      unsigned seed)
{
	unsigned i;

	if (a->n != b->n)
		fail_msg("seed %u: %u members, %u wanted", seed, b->n, a->n);
	for (i = 0; i < LVL_NR_WORDS; i++)
		if (a->and_low[i] != b->and_low[i] ||
		    a->and_high[i] != b->and_high[i] ||
		    a->or_low[i] != b->or_low[i] ||
		    a->or_high[i] != b->or_high[i])
			fail_msg("seed %u: word %u", seed, i);
	for (i = 0; i < LVL_NR_NUMBERS; i++)
		if (a->number_seen[i] != b->number_seen[i] ||
		    !a->number_unknown[i] != !b->number_unknown[i] ||
		    (a->number_seen[i] && a->number[i] != b->number[i]))
			fail_msg("seed %u: %s", seed,
				 lvl_field_name(lvl_numbers[i]));
}

static void compare(const struct lvl_policy *const *member, unsigned n,
		    unsigned seed)
{
	static struct lvl_fold scratch, counted;
	unsigned i;

	lvl_fold_init(&scratch);
	for (i = 0; i < n; i++)
		lvl_fold_add(&scratch, member[i]);
	lvl_count_fold(&count, &counted);
	same_fold(&scratch, &counted, seed);
	/* the donor apart, the level is the same */
	if (n) {
		struct lvl_policy a, b;
		int ra, rb;

		counted.donor = scratch.donor;
		ra = lvl_fold_read(&scratch, &a, NULL, NULL);
		rb = lvl_fold_read(&counted, &b, NULL, NULL);
		assert_int_equal(ra, rb);
		if (!ra && made_differ(&a, &b))
			fail_msg("seed %u: %s", seed, made_differ(&a, &b));
	}
}

/* Members come and go in any order; some are there more than once. */
static void come_and_go(const struct lvl_policy *pool, unsigned n,
			unsigned steps, unsigned seed)
{
	const struct lvl_policy *in[64];
	unsigned nr = 0, i;
	struct gen g;

	gen_seed(&g, seed);
	lvl_count_init(&count);
	for (i = 0; i < steps; i++) {
		if (nr < 64 && (!nr || gen_percent(&g, 55))) {
			in[nr] = &pool[gen_below(&g, n)];
			assert_int_equal(lvl_count_add(&count, in[nr++]), 0);
		} else {
			unsigned k = gen_below(&g, nr);

			assert_int_equal(lvl_count_remove(&count, in[k]), 0);
			in[k] = in[--nr];
		}
		compare(in, nr, seed);
	}
	while (nr)
		assert_int_equal(lvl_count_remove(&count, in[--nr]), 0);
	compare(in, 0, seed);
}

static void test_random(void **state)
{
	static struct lvl_policy pool[12];
	struct gen g;
	unsigned seed, i;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		gen_seed(&g, 100 + seed);
		for (i = 0; i < LVL_COUNT(pool); i++)
			gen_policy(&g, seed & 1 ? &gen_partial : &gen_total,
				   &pool[i]);
		come_and_go(pool, LVL_COUNT(pool), 60, seed);
	}
}

static void test_corpus(void **state)
{
	struct gen_corpus corpus;
	struct lvl_policy *pool;
	int absent;
	const char *why = gen_corpus_load(&corpus, &absent);
	unsigned i;

	(void)state;
	if (why && absent) {
		print_message("no dumps of real CPUs: %s\n", why);
		skip();
	}
	if (why)
		fail_msg("%s", why);
	pool = calloc(corpus.n, sizeof(*pool));
	assert_non_null(pool);
	for (i = 0; i < corpus.n; i++)
		pool[i] = corpus.host[i].host;
	come_and_go(pool, corpus.n, 300, 7);
	free(pool);
	gen_corpus_free(&corpus);
}

static void test_ones(void **state)
{
	struct lvl_policy a = made_normal("intel fpu fxsr sse sse2 sse3"),
			  b = made_normal("intel fpu fxsr sse sse2"), c = b;

	(void)state;
	lvl_forget(&c, LVL_F_SSE3);
	lvl_count_init(&count);
	assert_int_equal(lvl_count_ones(&count, LVL_F_SSE), 0);
	assert_int_equal(lvl_count_add(&count, &a), 0);
	assert_int_equal(lvl_count_add(&count, &a), 0);
	assert_int_equal(lvl_count_add(&count, &b), 0);
	assert_int_equal(lvl_count_add(&count, &c), 0);
	assert_int_equal(count.n, 4);
	assert_int_equal(lvl_count_ones(&count, LVL_F_SSE), 4);
	assert_int_equal(lvl_count_ones(&count, LVL_F_SSE3), 2);
	assert_int_equal(lvl_count_ones(&count, LVL_F_AVX), 0);
	assert_int_equal(lvl_count_remove(&count, &a), 0);
	assert_int_equal(lvl_count_ones(&count, LVL_F_SSE3), 1);
}

/* -- what is refused --------------------------------------------------------
 */

static struct lvl_count *copy(void)
{
	struct lvl_count *c = malloc(sizeof(*c));

	assert_non_null(c);
	*c = count;
	return c;
}

static void untouched(struct lvl_count *was)
{
	assert_memory_equal(was, &count, sizeof(count));
	free(was);
}

/* More different values of one number than a histogram holds. */
static void test_too_many_values(void **state)
{
	struct lvl_policy p = made_normal("intel fpu fxsr sse");
	struct lvl_count *was;
	unsigned i;

	(void)state;
	lvl_count_init(&count);
	for (i = 0; i < LVL_COUNT_VALUES; i++) {
		lvl_set(&p, LVL_F_MAXPHYSADDR, 1 + i);
		assert_int_equal(lvl_count_add(&count, &p), 0);
		assert_int_equal(lvl_count_add(&count, &p), 0);
	}
	was = copy();
	lvl_set(&p, LVL_F_MAXPHYSADDR, 1 + i);
	assert_int_equal(lvl_count_add(&count, &p), -LVL_E_TOO_BIG);
	untouched(was);
	/* one value leaves wholly, and there is room again */
	lvl_set(&p, LVL_F_MAXPHYSADDR, 7);
	assert_int_equal(lvl_count_remove(&count, &p), 0);
	assert_int_equal(lvl_count_remove(&count, &p), 0);
	lvl_set(&p, LVL_F_MAXPHYSADDR, 1 + i);
	assert_int_equal(lvl_count_add(&count, &p), 0);
}

static void test_too_many_members(void **state)
{
	struct lvl_policy p = made_normal("intel fpu fxsr sse");
	struct lvl_count *was;

	(void)state;
	lvl_count_init(&count);
	count.n = (1u << LVL_COUNT_PLANES) - 1;
	was = copy();
	assert_int_equal(lvl_count_add(&count, &p), -LVL_E_TOO_BIG);
	untouched(was);
}

static void test_was_never_there(void **state)
{
	struct lvl_policy in =
		made_normal("intel fpu fxsr sse sse2 maxphysaddr=46");
	static const char *const others[] = {
		"intel fpu fxsr sse sse2 sse3 maxphysaddr=46",
		"intel fpu fxsr sse sse2 maxphysaddr=39",
		"amd fpu fxsr sse sse2 maxphysaddr=46",
	};
	struct lvl_count *was;
	unsigned i;

	(void)state;
	lvl_count_init(&count);
	assert_int_equal(lvl_count_remove(&count, &in), -LVL_E_BUG);
	assert_int_equal(lvl_count_add(&count, &in), 0);
	for (i = 0; i < LVL_COUNT(others); i++) {
		struct lvl_policy p = made_normal(others[i]);

		was = copy();
		assert_int_equal(lvl_count_remove(&count, &p), -LVL_E_BUG);
		untouched(was);
	}
	lvl_forget(&in, LVL_F_SSE3);
	assert_int_equal(lvl_count_remove(&count, &in), -LVL_E_BUG);
	lvl_set(&in, LVL_F_SSE3, 0);
	assert_int_equal(lvl_count_remove(&count, &in), 0);
}

/* An empty count is TOP. */
static void test_empty(void **state)
{
	static struct lvl_fold f;
	struct lvl_policy level;

	(void)state;
	lvl_count_init(&count);
	lvl_count_fold(&count, &f);
	made_fill(&level, 0xc2);
	assert_int_equal(lvl_fold_read(&f, &level, NULL, NULL), -LVL_E_EMPTY);
	assert_true(made_filled(&level, 0xc2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_ones),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_too_many_members),
		cmocka_unit_test(test_was_never_there),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}

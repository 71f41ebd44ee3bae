/* SPDX-License-Identifier: MIT */
/*
 * A real pool: Cascade Lake, Ice Lake and Sapphire Rapids under one kernel.
 * Levelled by AND alone it loses RRSBA, because Ice Lake does not say it, and
 * FB_CLEAR, because Sapphire Rapids does not; both must be told.
 *
 * What follows about bits comes from the fingerprints as Firecracker
 * publishes them, by this, which knows nothing of our code:
 *
 *	def bits(name):
 *	    c = json.load(open(name))['guest_cpu_config']
 *	    s = {(m['leaf'], m['subleaf'], r['register'], b)
 *	         for m in c['cpuid_modifiers'] for r in m['modifiers']
 *	         for b in range(32) if int(r['bitmap'], 2) >> b & 1}
 *	    return s | {(m['addr'], b) for m in c['msr_modifiers']
 *	                for b in range(64) if int(m['bitmap'], 2) >> b & 1}
 *	clx, icx, spr, old = map(bits, sys.argv[1:])
 *	print(sorted((icx & spr) - clx))   # only Cascade Lake lacks
 *	print(sorted((clx & spr) - icx), sorted((clx & icx) - spr))
 *	print(sorted(spr - old), sorted(old - spr))
 *
 * of which only registers of features are listed below.
 */
#include "made.h"

#include "pools.h"

struct bit {
	uint32_t leaf, subleaf;
	unsigned reg, bit;
};

/* (icx & spr) - clx */
static const struct bit clx_lacks[] = {
	{ 0x7, 0, 1, 21 },       /* avx512-ifma */
	{ 0x7, 0, 1, 29 },       /* sha */
	{ 0x7, 0, 2, 1 },        /* avx512-vbmi */
	{ 0x7, 0, 2, 6 },        /* avx512-vbmi2 */
	{ 0x7, 0, 2, 8 },        /* gfni */
	{ 0x7, 0, 2, 9 },        /* vaes */
	{ 0x7, 0, 2, 10 },       /* vpclmulqdq */
	{ 0x7, 0, 2, 12 },       /* avx512-bitalg */
	{ 0x7, 0, 2, 14 },       /* avx512-vpopcntdq */
	{ 0x7, 0, 2, 16 },       /* la57 */
	{ 0x7, 0, 2, 22 },       /* rdpid */
	{ 0x7, 0, 3, 4 },        /* fsrm */
	{ 0x7, 2, 3, 0 },        /* psfd */
	{ 0x80000008, 0, 1, 9 }, /* wbnoinvd */
};

/* spr - old, and nothing in old - spr */
static const struct bit kernel_brings[] = {
	{ 0x7, 0, 2, 24 }, /* bus lock detect */
	{ 0x7, 0, 3, 22 }, /* amx-bf16 */
	{ 0x7, 0, 3, 23 }, /* avx512-fp16 */
	{ 0x7, 0, 3, 24 }, /* amx-tile */
	{ 0x7, 0, 3, 25 }, /* amx-int8 */
	{ 0x7, 1, 0, 4 },  /* avx-vnni */
	{ 0x7, 2, 3, 0 },  /* psfd */
	{ 0x7, 2, 3, 1 },  /* ipred-ctrl */
	{ 0x7, 2, 3, 2 },  /* rrsba-ctrl */
	{ 0x7, 2, 3, 4 },  /* bhi-ctrl */
	{ 0xd, 1, 0, 4 },  /* xfd */
};

enum { CLX, ICX, SPR, NR };
static struct lvl_policy pool[NR], level;
static struct lvl_status status;

static int setup(void **state)
{
	(void)state;
	pool[CLX] = pool_machine("clx");
	pool[ICX] = pool_machine("icx");
	pool[SPR] = pool_machine("spr");
	return level_of(pool, NR, &level, &status);
}

static int is_in(const struct bit *b, unsigned n, unsigned field)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (lvl_fields[field].word == lvl_word_of_leaf(b[i].leaf,
							       b[i].subleaf,
							       b[i].reg) &&
		    lvl_fields[field].mask == 1u << b[i].bit)
			return 1;
	return 0;
}

/* Single bits of CPUID that fold by AND: what is counted here. */
static int is_feature(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->rule == LVL_AND && f->width == 1 && f->word != LVL_NO_WORD &&
	       lvl_words[f->word].place <= LVL_PLACE_EDX &&
	       lvl_words[f->word].id != 0xd;
}

static void test_hazards_are_told(void **state)
{
	(void)state;
	assert_true(lvl_has(&pool[CLX], LVL_F_RRSBA));
	assert_false(lvl_has(&pool[ICX], LVL_F_RRSBA));
	assert_true(lvl_has(&pool[SPR], LVL_F_RRSBA));
	assert_true(lvl_has(&pool[CLX], LVL_F_FB_CLEAR));
	assert_true(lvl_has(&pool[ICX], LVL_F_FB_CLEAR));
	assert_false(lvl_has(&pool[SPR], LVL_F_FB_CLEAR));
	made_assert(&level, "arch-caps eibrs rrsba -rsba fb-clear md-clear",
		    "told");
	assert_int_equal(status.nr_conflicts, 0);
}

static void test_level_fits_all(void **state)
{
	static struct found found;
	struct lvl_policy arrival;
	unsigned i;

	(void)state;
	for (i = 0; i < NR; i++) {
		lvl_arrival(&arrival, &pool[i], &pool[i]);
		assert_int_equal(fits(&level, &arrival, &found), LVL_YES);
	}
	assert_int_equal(lvl_valid(&level, NULL, NULL), LVL_YES);
}

static void test_only_clx_lacks(void **state)
{
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		int alone;

		if (!is_feature(i))
			continue;
		alone = lvl_has(&pool[ICX], i) && lvl_has(&pool[SPR], i) &&
			!lvl_has(&pool[CLX], i);
		if (alone != is_in(clx_lacks, LVL_COUNT(clx_lacks), i))
			fail_msg("%s", lvl_field_name(i));
		n += (unsigned)alone;
	}
	assert_int_equal(n, LVL_COUNT(clx_lacks));
}

/* Without Cascade Lake exactly its features come back. */
static void test_leave_one_out(void **state)
{
	struct lvl_policy two[2], without[NR];
	unsigned i, k, n;

	(void)state;
	for (i = 0; i < NR; i++) {
		for (k = n = 0; k < NR; k++)
			if (k != i)
				two[n++] = pool[k];
		assert_int_equal(level_of(two, 2, &without[i], NULL), 0);
	}
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!is_feature(i))
			continue;
		if (lvl_has(&without[CLX], i) !=
		    (lvl_has(&level, i) ||
		     is_in(clx_lacks, LVL_COUNT(clx_lacks), i)))
			fail_msg("%s without clx", lvl_field_name(i));
		if (lvl_has(&without[ICX], i) != lvl_has(&level, i) ||
		    lvl_has(&without[SPR], i) != lvl_has(&level, i))
			fail_msg("%s without icx or spr", lvl_field_name(i));
	}
	/* plain AND "regains" these two by taking Ice Lake or SPR away */
	made_assert(&without[ICX], "rrsba fb-clear", "without icx");
	made_assert(&without[SPR], "rrsba fb-clear", "without spr");
	made_assert(&without[CLX], "rrsba fb-clear", "without clx");
}

static void test_numbers(void **state)
{
	(void)state;
	made_assert(&pool[SPR], "maxphysaddr=46 xsave-size-max=11008", "spr");
	made_assert(&level,
		    "maxphysaddr=46 maxlinaddr=48 xsave-size-max=2696 "
		    "xsave-zmm-hi256-offset=1152",
		    "level");
}

/* The donor's identity, whole: the oldest part. */
static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(lvl_policy_vendor(&level), LVL_VENDOR_INTEL);
	assert_int_equal(lvl_policy_family(&level), 6);
	assert_int_equal(lvl_policy_model(&level), 0x55);
	assert_int_equal(lvl_policy_stepping(&level), 7);
}

/* What a guest is told that boots on one machine alone. */
static struct lvl_policy told_on(const struct lvl_policy *host)
{
	struct lvl_policy p;

	assert_int_equal(level_of(host, 1, &p, NULL), 0);
	return p;
}

/* One CPU, one microcode, two kernels: forward is fine, back is not. */
static void test_kernels(void **state)
{
	struct lvl_policy old = pool_machine("spr-5.10"), guest;
	static struct found found;
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		int gained;

		if (f->rule != LVL_AND || f->width != 1 ||
		    f->word == LVL_NO_WORD ||
		    lvl_words[f->word].place > LVL_PLACE_EDX)
			continue;
		gained = lvl_has(&pool[SPR], i) && !lvl_has(&old, i);
		if (lvl_has(&old, i) && !lvl_has(&pool[SPR], i))
			fail_msg("%s is lost", lvl_field_name(i));
		if (lvl_words[f->word].id == 0xd &&
		    lvl_words[f->word].subleaf > 1)
			continue; /* of XSAVE components */
		if (gained != is_in(kernel_brings, LVL_COUNT(kernel_brings), i))
			fail_msg("%s: %d", lvl_field_name(i), gained);
		n += (unsigned)gained;
	}
	assert_int_equal(n, LVL_COUNT(kernel_brings));
	guest = told_on(&old);
	assert_int_equal(fits(&guest, &old, &found), LVL_YES);
	assert_int_equal(fits(&guest, &pool[SPR], &found), LVL_YES);
	guest = told_on(&pool[SPR]);
	assert_int_equal(fits(&guest, &pool[SPR], &found), LVL_YES);
	assert_int_equal(fits(&guest, &old, &found), LVL_NO);
	assert_non_null(found_about(&found, LVL_F_AMX_TILE));
}

/* Nothing moves between vendors, and it is said which field is why. */
static void test_milan(void **state)
{
	struct lvl_policy four[4];

	(void)state;
	memcpy(four, pool, sizeof(pool));
	four[3] = pool_machine("milan");
	assert_int_equal(level_of(four, 4, &level, &status), -LVL_E_VENDOR);
	assert_in_range(status.none_field, LVL_F_VENDOR_0, LVL_F_VENDOR_2);
	/* and the level is untouched */
	assert_int_equal(lvl_policy_model(&level), 0x55);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hazards_are_told),
		cmocka_unit_test(test_level_fits_all),
		cmocka_unit_test(test_only_clx_lacks),
		cmocka_unit_test(test_leave_one_out),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_milan),
	};

	return cmocka_run_group_tests_name("golden", tests, setup, NULL);
}

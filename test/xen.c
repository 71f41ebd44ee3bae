/* SPDX-License-Identifier: MIT */
/* Xen's forms of a policy: leaf and MSR arrays, and featureset strings. */
#include "made.h"

#include <cpulevel/xen.h>

#include "gen-policy.h"

#define NO LVL_NO_SUBLEAF

/* -- arrays: there and back ------------------------------------------------ */

static struct lvl_leaf leaves[LVL_NR_LEAVES];
static struct lvl_msr msrs[LVL_NR_MSRS];

static void sorted_leaves(size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		assert_true(leaves[i - 1].leaf < leaves[i].leaf ||
			    (leaves[i - 1].leaf == leaves[i].leaf &&
			     leaves[i - 1].subleaf < leaves[i].subleaf));
}

static void sorted_msrs(size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		assert_true(msrs[i - 1].index < msrs[i].index);
	for (i = 0; i < n; i++)
		assert_int_equal(msrs[i].flags, 0);
}

/* Out and in again: what was wholly known is the same. */
static void there_and_back(const struct lvl_policy *p)
{
	size_t nl = LVL_NR_LEAVES, nm = LVL_NR_MSRS;
	struct lvl_policy q;
	unsigned w;

	assert_int_equal(lvl_xen_leaves_out(p, leaves, &nl), 0);
	assert_int_equal(lvl_xen_msrs_out(p, msrs, &nm), 0);
	sorted_leaves(nl);
	sorted_msrs(nm);
	lvl_policy_clear(&q);
	assert_int_equal(lvl_xen_leaves_in(&q, leaves, nl, NULL), 0);
	assert_int_equal(lvl_xen_msrs_in(&q, msrs, nm, NULL), 0);
	for (w = 0; w < LVL_NR_WORDS; w++) {
		if (!q.k[w])
			continue;
		assert_int_equal(q.k[w], 0xffffffffu);
		assert_int_equal(p->k[w], 0xffffffffu);
		assert_int_equal(q.v[w], p->v[w]);
	}
}

static void test_there_and_back(void **state)
{
	struct lvl_policy p;
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, 3);
	for (i = 0; i < 100; i++) {
		gen_policy(&g, i & 1 ? &gen_partial : &gen_total, &p);
		there_and_back(&p);
	}
	lvl_policy_clear(&p);
	there_and_back(&p);
	memset(&p, 0xff, sizeof(p));
	there_and_back(&p);
}

static void test_whole_leaves_only(void **state)
{
	struct lvl_policy p;
	size_t n = 9, m = 9;

	(void)state;
	lvl_policy_clear(&p);
	made_apply(&p, "@7:0.eax=0 @7:0.ebx=1 @7:0.ecx=2 fsrm m10a=1 "
		       "@1.eax=1 @1.ebx=2 @1.ecx=3 @1.edx=4 arch-caps");
	lvl_forget(&p, LVL_F_RDCL_NO);
	assert_int_equal(lvl_xen_leaves_out(&p, leaves, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(leaves[0].leaf, 1);
	assert_int_equal(leaves[0].subleaf, NO);
	assert_int_equal(leaves[0].reg[3], 4);
	assert_int_equal(lvl_xen_msrs_out(&p, msrs, &m), 0);
	assert_int_equal(m, 0);
}

static void test_room(void **state)
{
	struct lvl_policy p = made("intel avx2 m10a=1");
	size_t n = 0, m = 0, i;

	(void)state;
	assert_int_equal(lvl_xen_leaves_out(&p, NULL, &n), -LVL_E_NOBUFS);
	assert_int_equal(n, LVL_NR_LEAVES);
	assert_int_equal(lvl_xen_msrs_out(&p, NULL, &m), -LVL_E_NOBUFS);
	assert_int_equal(m, LVL_NR_MSRS);
	memset(leaves, 0xc2, sizeof(leaves));
	memset(msrs, 0xc2, sizeof(msrs));
	n--;
	m--;
	assert_int_equal(lvl_xen_leaves_out(&p, leaves, &n), -LVL_E_NOBUFS);
	assert_int_equal(lvl_xen_msrs_out(&p, msrs, &m), -LVL_E_NOBUFS);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		assert_int_equal(leaves[i].leaf, 0xc2c2c2c2);
	for (i = 0; i < LVL_NR_MSRS; i++)
		assert_int_equal(msrs[i].index, 0xc2c2c2c2);
	lvl_policy_clear(&p);
	n = m = 0;
	assert_int_equal(lvl_xen_leaves_out(&p, NULL, &n), 0);
	assert_int_equal(lvl_xen_msrs_out(&p, NULL, &m), 0);
}

/* Words that are not mentioned keep their values. */
static void test_merge(void **state)
{
	static const struct lvl_leaf one = { 7, 0, { 0, 0x20, 0, 0 } };
	static const struct lvl_msr msr = { 0x10a, 0, 0x100000001 };
	struct lvl_policy p = made("intel sse3 bmi1"), q = p;

	(void)state;
	lvl_policy_set_leaf(&q, 7, 0, one.reg);
	lvl_policy_set_msr(&q, 0x10a, msr.value);
	assert_int_equal(lvl_xen_leaves_in(&p, &one, 1, NULL), 0);
	assert_int_equal(lvl_xen_msrs_in(&p, &msr, 1, NULL), 0);
	assert_null(made_differ(&p, &q));
	made_assert(&p, "sse3 -bmi1 avx2 rdcl-no", "merged");
	assert_int_equal(lvl_xen_leaves_in(&p, NULL, 0, NULL), 0);
	assert_null(made_differ(&p, &q));
}

/* -- arrays that are refused ----------------------------------------------- */

static const struct bad_leaves {
	const char *what;
	int code;
	uint32_t leaf, subleaf; /* at fault */
	struct lvl_leaf l[3];
} bad_leaves[] = {
	{ "not sorted",
	  LVL_E_ORDER,
	  0x1,
	  NO,
	  { { 2, NO, { 1 } }, { 1, NO, { 1 } } } },
	{ "sub-leaves not sorted",
	  LVL_E_ORDER,
	  0x7,
	  0,
	  { { 7, 1, { 0 } }, { 7, 0, { 0 } } } },
	{ "twice",
	  LVL_E_DUPLICATE,
	  0x7,
	  1,
	  { { 7, 1, { 0 } }, { 7, 1, { 0 } } } },
	{ "twice, unknown and zero",
	  LVL_E_DUPLICATE,
	  0x12345,
	  NO,
	  { { 0x12345, NO, { 0 } }, { 0x12345, NO, { 0 } } } },
	{ "an unknown leaf",
	  LVL_E_UNKNOWN_LEAF,
	  0x12345,
	  NO,
	  { { 1, NO, { 1 } }, { 0x12345, NO, { 0, 0, 0, 1 } } } },
	{ "an unknown sub-leaf",
	  LVL_E_UNKNOWN_LEAF,
	  0x7,
	  63,
	  { { 7, 0, { 1 } }, { 7, 63, { 1 } } } },
	{ "a sub-leaf where there are none",
	  LVL_E_UNKNOWN_LEAF,
	  0x1,
	  0,
	  { { 1, 0, { 1 } } } },
	{ "no sub-leaf where there are some",
	  LVL_E_UNKNOWN_LEAF,
	  0x7,
	  NO,
	  { { 7, NO, { 1 } } } },
	{ "the last is bad",
	  LVL_E_UNKNOWN_LEAF,
	  0x8000ffff,
	  NO,
	  { { 1, NO, { 1 } }, { 2, NO, { 1 } }, { 0x8000ffff, NO, { 1 } } } },
};

static size_t used_leaves(const struct bad_leaves *b)
{
	size_t n = 3;

	while (n > 1 && !b->l[n - 1].leaf)
		n--;
	return n;
}

static void test_bad_leaves(void **state)
{
	struct lvl_policy p;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(bad_leaves); i++) {
		const struct bad_leaves *b = &bad_leaves[i];
		struct lvl_err err = { 0, 0, 0, 0, 0 };
		int rc;

		made_fill(&p, 0xc2);
		rc = lvl_xen_leaves_in(&p, b->l, used_leaves(b), &err);
		if (rc != -b->code)
			fail_msg("%s: %s", b->what, lvl_strerror(rc));
		assert_int_equal(err.code, b->code);
		assert_int_equal(err.leaf, b->leaf);
		assert_int_equal(err.subleaf, b->subleaf);
		assert_int_equal(err.msr, ~0u);
		assert_true(made_filled(&p, 0xc2));
		assert_int_equal(
			lvl_xen_leaves_in(&p, b->l, used_leaves(b), NULL),
			-b->code);
	}
}

static const struct bad_msrs {
	const char *what;
	int code;
	uint32_t msr;
	size_t n;
	struct lvl_msr m[3];
} bad_msrs[] = {
	{ "not sorted",
	  LVL_E_ORDER,
	  0xce,
	  2,
	  { { 0x10a, 0, 1 }, { 0xce, 0, 1 } } },
	{ "twice",
	  LVL_E_DUPLICATE,
	  0xce,
	  2,
	  { { 0xce, 0, 1 }, { 0xce, 0, 1 } } },
	{ "unknown",
	  LVL_E_UNKNOWN_MSR,
	  0xdeadc0de,
	  2,
	  { { 0xce, 0, 1 }, { 0xdeadc0de, 0, 1 } } },
	{ "flags", LVL_E_FLAGS, 0x10a, 2, { { 0xce, 0, 1 }, { 0x10a, 1, 1 } } },
	{ "flags of what is unknown and zero",
	  LVL_E_FLAGS,
	  0xdeadc0de,
	  1,
	  { { 0xdeadc0de, 0x80000000, 0 } } },
};

static void test_bad_msrs(void **state)
{
	struct lvl_policy p;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(bad_msrs); i++) {
		const struct bad_msrs *b = &bad_msrs[i];
		struct lvl_err err = { 0, 0, 0, 0, 0 };
		int rc;

		made_fill(&p, 0xc2);
		rc = lvl_xen_msrs_in(&p, b->m, b->n, &err);
		if (rc != -b->code)
			fail_msg("%s: %s", b->what, lvl_strerror(rc));
		assert_int_equal(err.code, b->code);
		assert_int_equal(err.msr, b->msr);
		assert_int_equal(err.leaf, ~0u);
		assert_true(made_filled(&p, 0xc2));
	}
}

/* Success leaves the error alone; unknown zeroes are skipped. */
static void test_unknown_zero(void **state)
{
	static const struct lvl_leaf l[] = { { 1, 0, { 0 } },
					     { 0x12345, NO, { 0 } },
					     { 0x80000001, NO, { 0, 0, 32 } } };
	static const struct lvl_msr m[] = { { 0x10a, 0, 1 },
					    { 0xdeadc0de, 0, 0 } };
	struct lvl_err err = { 1, 2, 3, 4, 5 };
	struct lvl_policy p;

	(void)state;
	lvl_policy_clear(&p);
	assert_int_equal(lvl_xen_leaves_in(&p, l, 3, &err), 0);
	assert_int_equal(lvl_xen_msrs_in(&p, m, 2, &err), 0);
	made_assert(&p, "abm rdcl-no ?sse3", "what is known is read");
	assert_int_equal(err.code, 1);
	assert_int_equal(err.field, 5);
}

/* Elements as Xen's public headers have them. */
static void test_abi(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct lvl_leaf), 24);
	assert_int_equal(offsetof(struct lvl_leaf, reg), 8);
	assert_int_equal(sizeof(struct lvl_msr), 16);
	assert_int_equal(offsetof(struct lvl_msr, value), 8);
}

/* -- featuresets ----------------------------------------------------------- */

/* Xen's words in Xen's order: arch-x86/cpufeatureset.h. */
static void test_words(void **state)
{
	static const struct {
		uint32_t leaf, subleaf;
		unsigned reg;
	} place[] = {
		{ 0x1, 0, 3 },        { 0x1, 0, 2 },
		{ 0x80000001, 0, 3 }, { 0x80000001, 0, 2 },
		{ 0xd, 1, 0 },        { 0x7, 0, 1 },
		{ 0x7, 0, 2 },        { 0x80000007, 0, 3 },
		{ 0x80000008, 0, 1 }, { 0x7, 0, 3 },
		{ 0x7, 1, 0 },        { 0x80000021, 0, 0 },
		{ 0x7, 1, 1 },        { 0x7, 2, 3 },
		{ 0x7, 1, 2 },        { 0x7, 1, 3 },
	};
	unsigned i;

	(void)state;
	assert_int_equal(LVL_NR_XEN_WORDS, 19);
	for (i = 0; i < LVL_COUNT(place); i++)
		assert_int_equal(lvl_word_of_leaf(place[i].leaf,
						  place[i].subleaf,
						  place[i].reg),
				 i);
	assert_int_equal(lvl_word_of_msr(0x10a), 16);
	assert_int_equal(lvl_msr_find(0x10a)->high, 17);
	assert_int_equal(lvl_word_of_leaf(0x80000021, 0, 2), 18);
}

static void print(const struct lvl_policy *p, char sep, const char *want)
{
	char s[256];
	size_t len = sizeof(s);

	assert_int_equal(lvl_featureset_print(p, sep, s, &len), 0);
	assert_string_equal(s, want);
	assert_int_equal(len, strlen(want));
}

static int parse(struct lvl_policy *p, const char *s)
{
	return lvl_featureset_parse(p, s, strlen(s));
}

static void test_featureset(void **state)
{
	static const char all[] =
		"00000001-00000002-00000003-00000004-00000005-00000006-"
		"00000007-00000008-00000009-0000000a-0000000b-0000000c-"
		"0000000d-0000000e-0000000f-00000010-00000011-00000012-"
		"deadbeef";
	struct lvl_policy p;

	(void)state;
	lvl_policy_clear(&p);
	print(&p, '-', "");
	assert_int_equal(parse(&p, all), 0);
	print(&p, '-', all);
	assert_int_equal(p.v[18], 0xdeadbeef);
	assert_int_equal(p.k[19], 0);
	lvl_policy_clear(&p);
	assert_int_equal(parse(&p, "17CBfbff:f7fa3223"), 0);
	print(&p, ':', "17cbfbff:f7fa3223");
	print(&p, '-', "17cbfbff-f7fa3223");
	made_assert(&p, "fpu sse3 ?syscall", "two words");
	/* a word of which nothing is known ends the string */
	p.k[0] = p.v[0] = 0;
	print(&p, '-', "");
}

/* Longer sets of newer hypervisors: zeroes are fine, bits are not. */
static void test_featureset_longer(void **state)
{
	char s[9 * 70 + 1];
	struct lvl_policy p;
	unsigned i;

	(void)state;
	s[0] = '\0';
	for (i = 0; i < 24; i++)
		strcat(s, i ? "-00000000" : "00000001");
	lvl_policy_clear(&p);
	assert_int_equal(parse(&p, s), 0);
	made_assert(&p, "fpu -avx2", "24 words");
	s[strlen(s) - 1] = '1';
	made_fill(&p, 0xc2);
	assert_int_equal(parse(&p, s), -LVL_E_TOO_BIG);
	assert_true(made_filled(&p, 0xc2));
	s[strlen(s) - 1] = '0';
	for (; i < 65; i++)
		strcat(s, "-00000000");
	assert_int_equal(parse(&p, s), -LVL_E_TOO_BIG);
	assert_true(made_filled(&p, 0xc2));
}

static void test_featureset_bad(void **state)
{
	static const char *const bad[] = {
		"-",         ":",    "x",           "0x1",        "00000001-",
		"-00000001", "1--2", "1-2:3",       "000000001",  "1 2",
		" 1",        "1 ",   "00000001-\n", "1-0000000g", "1-123456789",
	};
	struct lvl_policy p;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(bad); i++) {
		made_fill(&p, 0xc2);
		if (parse(&p, bad[i]) != -LVL_E_SYNTAX)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_true(made_filled(&p, 0xc2));
	}
	/* NUL inside */
	assert_int_equal(lvl_featureset_parse(&p, "1\0002", 3), -LVL_E_SYNTAX);
}

static void test_featureset_room(void **state)
{
	struct lvl_policy p;
	char s[32];
	size_t len, room;

	(void)state;
	lvl_policy_clear(&p);
	assert_int_equal(parse(&p, "1-2"), 0);
	for (room = 0; room < 18; room++) {
		memset(s, 0x5a, sizeof(s));
		len = room;
		assert_int_equal(lvl_featureset_print(&p, '-', s, &len),
				 -LVL_E_NOBUFS);
		assert_int_equal(len, 17);
		assert_int_equal(s[0], 0x5a);
	}
	len = 18;
	assert_int_equal(lvl_featureset_print(&p, '-', s, &len), 0);
	assert_string_equal(s, "00000001-00000002");
	assert_int_equal(s[18], 0x5a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_whole_leaves_only),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_bad_leaves),
		cmocka_unit_test(test_bad_msrs),
		cmocka_unit_test(test_unknown_zero),
		cmocka_unit_test(test_abi),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_featureset),
		cmocka_unit_test(test_featureset_longer),
		cmocka_unit_test(test_featureset_bad),
		cmocka_unit_test(test_featureset_room),
	};

	return cmocka_run_group_tests_name("xen", tests, NULL, NULL);
}

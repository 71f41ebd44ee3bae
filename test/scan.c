/* SPDX-License-Identifier: MIT */
/* Reading a CPU through callbacks, and what lies beyond its maxima. */
#include "made.h"

#include <cpulevel/xen.h>

#define NO LVL_NO_SUBLEAF

/* -- a CPU that is not there ----------------------------------------------- */

/*
 * Answers like Intel's: the last basic leaf beyond either maximum.  Rows
 * that are not listed are zero; asked counts what was asked of it.
 */
struct fake {
	const struct lvl_leaf *row;
	unsigned nr;
	const struct lvl_msr *msr;
	unsigned nr_msrs;
	unsigned asked, beyond;
	uint32_t max, max_ext;
};

static const struct lvl_leaf *fake_row(const struct fake *f, uint32_t leaf,
				       uint32_t subleaf)
{
	unsigned i;

	for (i = 0; i < f->nr; i++)
		if (f->row[i].leaf == leaf &&
		    (f->row[i].subleaf == NO || f->row[i].subleaf == subleaf))
			return &f->row[i];
	return NULL;
}

static int in_range(const struct fake *f, uint32_t leaf)
{
	return leaf <= f->max || (leaf >= 0x80000000 && leaf <= f->max_ext);
}

static void fake_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
		       uint32_t reg[4])
{
	struct fake *f = arg;
	const struct lvl_leaf *row;

	f->asked++;
	f->beyond += !in_range(f, leaf);
	row = fake_row(f, in_range(f, leaf) ? leaf : f->max, subleaf);
	if (row)
		memcpy(reg, row->reg, sizeof(row->reg));
	else
		memset(reg, 0, 4 * sizeof(reg[0]));
}

static int fake_rdmsr(void *arg, uint32_t index, uint64_t *value)
{
	const struct fake *f = arg;
	unsigned i;

	for (i = 0; i < f->nr_msrs; i++)
		if (f->msr[i].index == index) {
			*value = f->msr[i].value;
			return 0;
		}
	return 1;
}

static const struct lvl_leaf skylake[] = {
	{ 0x0, NO, { 0xd, 0x756e6547, 0x6c65746e, 0x49656e69 } },
	{ 0x1, NO, { 0x50654, 0x100800, 0x7ffefbff, 0xbfebfbff } },
	{ 0x4, 0, { 0x1c004121, 0x1c0003f, 0x3f, 0 } },
	{ 0x4, 1, { 0x1c004122, 0x1c0003f, 0x3f, 0 } },
	{ 0x4, 2, { 0, 0, 0, 0 } },
	/* behind the end marker: stale */
	{ 0x4, 3, { 0x1c004143, 0x3c0003f, 0x3ff, 0 } },
	{ 0x7, 0, { 0, 0xd39ffffb, 0x8, 0x9c000000 } },
	/* beyond the sub-leaves that 7:0 has */
	{ 0x7, 1, { 0x10, 0, 0, 0 } },
	{ 0xb, 0, { 1, 2, 0x100, 7 } },
	{ 0xb, 1, { 4, 8, 0x201, 7 } },
	{ 0xd, 0, { 0x7, 0x340, 0x340, 0 } },
	{ 0xd, 1, { 0xf, 0, 0, 0 } },
	{ 0xd, 2, { 0x100, 0x240, 0, 0 } },
	{ 0x80000000, NO, { 0x80000008, 0, 0, 0 } },
	{ 0x80000001, NO, { 0, 0, 0x121, 0x2c100800 } },
	{ 0x80000008, NO, { 0x302e, 0, 0, 0 } },
};

static const struct lvl_msr skylake_msrs[] = {
	{ 0xce, 0, 0x80000000 },
	{ 0x10a, 0, 0x0c0aa0eb },
};

static struct fake a_skylake(void)
{
	struct fake f = { .row = skylake,
			  .nr = LVL_COUNT(skylake),
			  .msr = skylake_msrs,
			  .nr_msrs = LVL_COUNT(skylake_msrs),
			  .max = 0xd,
			  .max_ext = 0x80000008 };

	return f;
}

static void scan(struct lvl_policy *p, struct fake *f, int with_msrs)
{
	struct lvl_reader reader = { fake_cpuid, with_msrs ? fake_rdmsr : NULL,
				     f };

	made_fill(p, 0xc2);
	lvl_policy_scan(p, &reader);
}

static void assert_leaf(const struct lvl_policy *p, uint32_t leaf, uint32_t sub,
			const uint32_t want[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, sub);
	unsigned r;

	assert_non_null(l);
	for (r = 0; r < 4; r++)
		if (p->k[l->word[r]] != 0xffffffff ||
		    p->v[l->word[r]] != want[r])
			fail_msg("0x%x:%x[%u] is 0x%x, known 0x%x; want 0x%x",
				 leaf, sub, r, p->v[l->word[r]],
				 p->k[l->word[r]], want[r]);
}

static void test_scan(void **state)
{
	static const uint32_t none[4];
	struct lvl_policy p;
	struct fake f = a_skylake();
	unsigned i;

	(void)state;
	scan(&p, &f, 1);
	for (i = 0; i < LVL_COUNT(skylake); i++) {
		const struct lvl_leaf *l = &skylake[i];
		int stale = (l->leaf == 4 && l->subleaf == 3) ||
			    (l->leaf == 7 && l->subleaf == 1);

		assert_leaf(&p, l->leaf, l->subleaf, stale ? none : l->reg);
	}
	assert_int_equal(lvl_policy_vendor(&p), LVL_VENDOR_INTEL);
}

/* What Intel repeats beyond its maxima is not taken for data. */
static void test_scan_overrun(void **state)
{
	static const uint32_t none[4];
	struct lvl_policy p;
	struct fake f = a_skylake();
	unsigned i;

	(void)state;
	scan(&p, &f, 0);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!in_range(&f, l->leaf))
			assert_leaf(&p, l->leaf, l->subleaf, none);
	}
	/* only the first leaf of each range is asked beyond */
	assert_true(f.beyond <= 3);
}

static void test_scan_msrs(void **state)
{
	struct lvl_policy p;
	struct fake f = a_skylake();
	unsigned i;

	(void)state;
	scan(&p, &f, 1);
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];
		uint64_t value = 0;
		int there = !fake_rdmsr(&f, m->index, &value);

		assert_int_equal(p.k[m->word], there ? 0xffffffff : 0);
		assert_int_equal(p.k[m->high], there ? 0xffffffff : 0);
		assert_int_equal(p.v[m->word], (uint32_t)value);
	}
	scan(&p, &f, 0);
	for (i = 0; i < LVL_NR_MSRS; i++)
		assert_int_equal(p.k[lvl_msrs[i].word], 0);
	/* behaviour is not read from CPUID */
	for (i = 0; i < LVL_NR_WORDS; i++)
		if (lvl_words[i].place == LVL_PLACE_STATE)
			assert_int_equal(p.k[i], 0);
}

/* Ranges that have a maximum of their own. */
static void test_scan_ranges(void **state)
{
	static const struct lvl_leaf guest[] = {
		{ 0x0, NO, { 1, 0, 0, 0 } },
		{ 0x1, NO, { 0, 0, 0x80000000, 1 } },
		{ 0x40000000, NO, { 0x40000001, 0x4b4d564b, 1, 2 } },
		{ 0x40000001, NO, { 0x01007efb, 0, 0, 0 } },
		{ 0xc0000000, NO, { 0xc0000001, 0, 0, 0 } },
		{ 0xc0000001, NO, { 0, 0, 0, 0xcc } },
	};
	static const uint32_t none[4];
	struct fake f = { .row = guest,
			  .nr = LVL_COUNT(guest),
			  .max = 0xffffffff,
			  .max_ext = 0 };
	struct lvl_policy p;
	unsigned i;

	(void)state;
	scan(&p, &f, 0);
	for (i = 0; i < LVL_COUNT(guest); i++)
		assert_leaf(&p, guest[i].leaf, NO, guest[i].reg);
	assert_leaf(&p, 0x80000001, NO, none);
	assert_leaf(&p, 0x80860001, NO, none);
	assert_leaf(&p, 7, 0, none);
}

/* A CPU that has nothing at all, and one that says everything is there. */
static void test_scan_extremes(void **state)
{
	struct fake f = { .max = 0 };
	struct lvl_policy p;
	unsigned i, w;

	(void)state;
	scan(&p, &f, 0);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (w = 0; w < 4; w++) {
			assert_int_equal(p.v[lvl_leaves[i].word[w]], 0);
			assert_int_equal(p.k[lvl_leaves[i].word[w]],
					 0xffffffff);
		}
}

/* -- beyond the maxima ----------------------------------------------------- */

/*
 * The cases of Xen's test-cpu-policy.c, register by register, and more:
 * `known` states the maxima.  The sub-leaf that ends a list (type 0) is an
 * answer of the CPU like any other and stays; what lies behind it does not.
 */
static const struct range {
	const char *name, *known;
	const char *kept, *cleared; /* registers */
} ranges[] = {
	{ "basic", "@0.eax=0", "@0.ebx",
	  "@1.eax @4:0.ebx @7:0.eax @b:0.eax @d:0.eax @d:1.eax" },
	{ "cache", "@0.eax=4 @4:0.eax=1 @4:1.eax=0", "@4:0.ebx @4:1.ebx",
	  "@4:2.ebx @7:0.eax @b:0.eax @d:0.eax @d:1.eax" },
	{ "cache, two", "@0.eax=4 @4:0.eax=1 @4:1.eax=2 @4:2.eax=0",
	  "@4:0.ebx @4:2.ebx", "@4:3.ebx @4:7.ebx" },
	{ "cache, a gap ends it", "@0.eax=4 @4:0.eax=1 @4:1.eax=0 @4:2.eax=2",
	  "@4:0.ebx @4:1.ebx", "@4:2.ebx @4:3.ebx" },
	{ "feat", "@0.eax=7 @7:0.eax=0", "@7:0.ebx",
	  "@7:1.ebx @7:2.edx @b:0.eax @d:0.eax @d:1.eax" },
	{ "feat 1", "@0.eax=7 @7:0.eax=1", "@7:0.ebx @7:1.ebx",
	  "@7:2.edx @b:0.eax" },
	{ "feat 2", "@0.eax=7 @7:0.eax=2", "@7:0.ebx @7:1.ebx @7:2.edx",
	  "@9.eax @b:0.eax" },
	{ "topo", "@0.eax=0xb @b:0.ecx=0x100", "@b:0.ebx @b:1.ebx",
	  "@d:0.eax @d:1.eax @f:0.ebx" },
	{ "topo, no level", "@0.eax=0xb @b:0.ecx=0", "@b:0.ebx",
	  "@b:1.ebx @b:1.edx @d:0.eax" },
	{ "v2 topo",
	  "@0.eax=0x1f @1f:0.ecx=0x100 @1f:1.ecx=0x201 "
	  "@1f:2.ecx=2",
	  "@1f:0.ebx @1f:1.ebx @1f:2.edx",
	  "@1f:3.ebx @1f:4.ebx @20:0.ebx @21.ebx" },
	{ "xstate", "@0.eax=0xd", "@d:0.ebx @d:1.ebx @d:2.ebx",
	  "@f:0.ebx @10:0.ebx @12:0.eax @14:0.ebx @23:0.ebx @24:0.ebx" },
	{ "pt", "@0.eax=0x14 @14:0.eax=0", "@14:0.ebx", "@14:1.ebx @15.ebx" },
	{ "tmul", "@0.eax=0x1e @1d:0.eax=1", "@1d:1.ebx @1e:0.ebx",
	  "@1f:0.ebx @24:0.ebx" },
	{ "avx10", "@0.eax=0x24 @24:0.eax=0", "@24:0.ebx", "@24:1.ecx" },
	{ "extd", "@80000000.eax=0x80000000", "@80000000.ebx @1.eax @d:2.ebx",
	  "@80000001.eax @80000008.eax @80000026:0.eax" },
	{ "no extd at all", "@80000000.eax=0", "@1.eax",
	  "@80000000.ebx @80000001.eax" },
	{ "extd 8", "@80000000.eax=0x80000008", "@80000001.eax @80000008.eax",
	  "@8000000a.edx @80000021.eax @80000022.eax" },
	{ "extd of Intel", "@0.eax=0x20 @80000000.eax=0x80000008",
	  "@80000008.ebx @20:0.ebx", "@80000021.eax" },
	{ "extd caches",
	  "@80000000.eax=0x8000001e @8000001d:0.eax=0x121 "
	  "@8000001d:1.eax=0",
	  "@8000001d:0.ebx @8000001d:1.ebx @8000001e.eax",
	  "@8000001d:2.ebx @8000001f.eax" },
	{ "hypervisor", "@40000000.eax=0x40000000", "@40000000.ebx",
	  "@40000001.eax @40000010.eax" },
	{ "nothing known", "", "@1.eax @7:2.edx @80000001.eax @d:2.ebx", "" },
};

#define MARK 0xc2

/* Put the marker in each register, or look for it. */
static void each_register(struct lvl_policy *p, const char *regs, int look_for,
			  const char *what)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx" };
	unsigned leaf, sub, r, w;
	char name[4];
	int n, m;

	for (; sscanf(regs, " @%x%n", &leaf, &n) == 1; regs += n) {
		sub = 0;
		if (sscanf(regs + n, ":%u%n", &sub, &m) == 1)
			n += m;
		assert_int_equal(sscanf(regs + n, ".%3s%n", name, &m), 1);
		n += m;
		for (r = 0; r < 3 && strcmp(name, names[r]); r++)
			;
		w = lvl_word_of_leaf(leaf, sub, r);
		assert_int_not_equal(w, LVL_NO_WORD);
		if (look_for < 0) {
			p->v[w] = MARK;
			p->k[w] = 0xffffffff;
		} else if (p->v[w] != (uint32_t)look_for ||
			   p->k[w] != 0xffffffff) {
			fail_msg("%s: 0x%x:%u.%s is 0x%x, known 0x%x", what,
				 leaf, sub, name, p->v[w], p->k[w]);
		}
	}
}

static void test_ranges(void **state)
{
	struct lvl_policy p, once;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(ranges); i++) {
		const struct range *r = &ranges[i];

		lvl_policy_clear(&p);
		each_register(&p, r->kept, -1, r->name);
		each_register(&p, r->cleared, -1, r->name);
		made_apply(&p, r->known);
		lvl_policy_clear_out_of_range(&p);
		each_register(&p, r->kept, MARK, r->name);
		each_register(&p, r->cleared, 0, r->name);
		once = p;
		lvl_policy_clear_out_of_range(&p);
		assert_null(made_differ(&p, &once));
	}
}

/* Within the maxima nothing is touched, known or not. */
static void test_within(void **state)
{
	struct lvl_policy p, was;

	(void)state;
	lvl_policy_clear(&p);
	made_apply(&p, "@0.eax=0x29 @7:0.eax=2 @80000000.eax=0x80000026 "
		       "@d:0.eax=7 m10a=1 mxcsr-mask=0xffff");
	was = p;
	lvl_policy_clear_out_of_range(&p);
	assert_int_equal(p.v[lvl_word_of_leaf(0xd, 0, 0)], 7);
	assert_int_equal(p.k[lvl_word_of_leaf(1, 0, 0)], 0);
	assert_int_equal(p.k[lvl_word_of_leaf(0x80000008, 0, 0)], 0);
	assert_int_equal(p.k[lvl_word_of_msr(0x10a)],
			 was.k[lvl_word_of_msr(0x10a)]);
	/* MSRs and behaviour have no maximum */
	made_assert(&p, "rdcl-no mxcsr-mask=0xffff", "MSRs and states");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_overrun),
		cmocka_unit_test(test_scan_msrs),
		cmocka_unit_test(test_scan_ranges),
		cmocka_unit_test(test_scan_extremes),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_within),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}

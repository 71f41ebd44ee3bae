/* SPDX-License-Identifier: MIT */
/*
 * Domains: what they begin with, what they take and refuse, in which state
 * which call is legal, and what the answer to get is.
 */
#include "hv-made.h"

#include <cpulevel/record.h>

static struct machine m;
static struct lvl_dom d, before;
static struct refused refused;
static struct lvl_refusals why;
static struct lvl_leaf leaf[LVL_NR_LEAVES + 4];
static struct lvl_msr msr[LVL_NR_MSRS + 4];
static size_t leaves, msrs;

#define FEATURES \
	BASE "ssse3 sse4-1 sse4-2 popcnt x2apic xsave avx maxphysaddr=40 "

static void get(const struct lvl_dom *from)
{
	leaves = LVL_NR_LEAVES;
	msrs = LVL_NR_MSRS;
	assert_int_equal(lvl_dom_get(from, leaf, &leaves, msr, &msrs), 0);
}

static int set(unsigned flags)
{
	why = keep(&refused);
	return lvl_dom_set(&d, leaf, leaves, msr, msrs, flags, &why);
}

static struct lvl_leaf *find(uint32_t l, uint32_t subleaf)
{
	size_t i;

	for (i = 0; i < leaves; i++)
		if (leaf[i].leaf == l && leaf[i].subleaf == subleaf)
			return &leaf[i];
	fail_msg("no leaf %x", l);
	return NULL;
}

static void unchanged(const char *what)
{
	if (memcmp(&before, &d, sizeof(d)))
		fail_msg("%s: something changed", what);
}

/* -- the default ----------------------------------------------------------- */

/* What a new domain sees it can be given, as leaves, as a policy, as both. */
static void test_defaults(void **state)
{
	unsigned i, k, p;

	(void)state;
	for (i = 0; i < sim_nr_models; i++)
		for (p = 0; p < lvl_nr_platforms; p++) {
			sim_make(&m.sim, sim_models[i].name, FEATURES);
			machine_on(&m, lvl_platforms[p].name, NULL);
			for (k = 0; k < LVL_NR_GUESTS; k++) {
				if (!(lvl_platforms[p].guests >> k & 1)) {
					assert_int_equal(
						lvl_dom_init(&d, &m.hv,
							     (enum lvl_guest)k,
							     NULL, 0, NULL),
						-LVL_E_UNSUPPORTED);
					continue;
				}
				domain(&d, &m, (enum lvl_guest)k);
				get(&d);
				before = d;
				if (set(LVL_SET_FULL) || set(LVL_SET_DELTA)) {
					print_refused(&refused);
					fail_msg("%s on %s: kind %u",
						 sim_models[i].name,
						 lvl_platforms[p].name, k);
				}
				why = keep(&refused);
				assert_int_equal(lvl_dom_set_policy(&d,
								    &before.p,
								    0, &why),
						 0);
				unchanged(sim_models[i].name);
			}
		}
}

/* -- refusals -------------------------------------------------------------- */

/* One change of the default each: who refuses it, and why. */
static void test_refused(void **state)
{
	static const struct {
		const char *model;
		enum lvl_guest kind;
		const char *words, *about;
		int code;
		enum lvl_reason reason;
	} c[] = {
		/* more than the machine has */
		{ "skylake", LVL_HVM, "avx2", "avx2", LVL_E_INVALID,
		  LVL_R_MISSING },
		{ "skylake", LVL_HVM, "maxphysaddr=46", "maxphysaddr",
		  LVL_E_INVALID, LVL_R_TOO_HIGH },
		/* not for this kind */
		{ "skylake", LVL_PV, "pcid", "pcid", LVL_E_INVALID,
		  LVL_R_MISSING },
		/* not valid by itself */
		{ "skylake", LVL_HVM, "-sse4-1", "sse4-2", LVL_E_INVALID,
		  LVL_R_REQUIREMENT },
		{ "skylake", LVL_HVM, "max-basic-leaf=5", "x2apic",
		  LVL_E_INVALID, LVL_R_OUT_OF_RANGE },
		/* live */
		{ "skylake", LVL_HVM, "osxsave", "osxsave", LVL_E_RANGE, 0 },
		{ "skylake", LVL_HVM, "initial-apic-id=3", "initial-apic-id",
		  LVL_E_RANGE, 0 },
		/* another vendor */
		{ "skylake", LVL_HVM, "amd", "vendor-0", LVL_E_INVALID,
		  LVL_R_DIFFERS },
		/* must be asked for when the domain is made */
		{ "genoa", LVL_HVM, "svm", "svm", LVL_E_UNSUPPORTED, 0 },
		{ "skylake", LVL_HVM, "itsc", "itsc", LVL_E_UNSUPPORTED, 0 },
		{ "skylake", LVL_HVM, "vmx", "vmx", LVL_E_UNSUPPORTED, 0 },
		{ "genoa", LVL_HVM, "perfctr-core", "perfctr-core",
		  LVL_E_UNSUPPORTED, 0 },
		{ "genoa", LVL_HVM, "perfmon-v2", "perfmon-v2",
		  LVL_E_UNSUPPORTED, 0 },
		{ "skylake", LVL_HVM, "pmu-version=1", "pmu-version",
		  LVL_E_UNSUPPORTED, 0 },
	};
	struct lvl_policy p;
	unsigned i;
	int rc, at;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		machine(&m, c[i].model, FEATURES "itsc svm tsx=0");
		domain(&d, &m, c[i].kind);
		before = d;
		p = d.p;
		made_apply(&p, c[i].words);
		why = keep(&refused);
		rc = lvl_dom_set_policy(&d, &p, 0, &why);
		at = refused_about(&refused, c[i].about);
		if (!rc || at < 0) {
			print_refused(&refused);
			fail_msg("%s: %d", c[i].words, rc);
		}
		assert_int_equal(refused.at[at].code, c[i].code);
		if (refused.found[at])
			assert_int_equal(refused.f[at].reason, c[i].reason);
		unchanged(c[i].words);
	}
}

/* All of it is told at once, of each stage. */
static void test_all_reasons(void **state)
{
	struct lvl_policy p;

	(void)state;
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	before = d;
	p = d.p;
	made_apply(&p, "avx2 movbe fma -sse4-1 osxsave itsc maxphysaddr=52");
	p.v[lvl_word_of_leaf(0xd, 5, 0)] = 7; /* beyond nothing, carries n/a */
	why = keep(&refused);
	assert_int_equal(lvl_dom_set_policy(&d, &p, 0, &why), -LVL_E_RANGE);
	assert_true(refused_about(&refused, "avx2") >= 0);
	assert_true(refused_about(&refused, "movbe") >= 0);
	assert_true(refused_about(&refused, "fma") >= 0);
	assert_true(refused_about(&refused, "sse4-2") >= 0);
	assert_true(refused_about(&refused, "osxsave") >= 0);
	assert_true(refused_about(&refused, "itsc") >= 0);
	assert_true(refused_about(&refused, "maxphysaddr") >= 0);
	unchanged("all");
	/* nobody need listen */
	assert_int_equal(lvl_dom_set_policy(&d, &p, 0, NULL), -LVL_E_RANGE);
}

static void test_arrays(void **state)
{
	uint32_t index;
	size_t n;

	(void)state;
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	before = d;
	get(&d);
	n = leaves;
	/* unknown and empty: nothing is asked for */
	memset(&leaf[n], 0, 2 * sizeof(leaf[0]));
	leaf[n].leaf = 0x29f;
	leaf[n + 1].leaf = 0x80000fff;
	leaves = n + 2;
	msr[msrs].index = 0x9999;
	msr[msrs].flags = 0;
	msr[msrs].value = 0;
	msrs++;
	assert_int_equal(set(0), 0);
	unchanged("empty");
	/* unknown with data; twice; flags: all of them told */
	leaf[n].reg[2] = 1;
	leaf[n + 1] = leaf[3];
	msr[msrs - 1].value = 5;
	msr[0].flags = 1;
	msr[msrs] = msr[1];
	msrs++;
	assert_int_equal(set(0), -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(refused.n, 5);
	assert_int_equal(refused.at[0].leaf, 0x29f);
	assert_int_equal(refused.at[1].code, LVL_E_DUPLICATE);
	assert_int_equal(refused.at[1].leaf, leaf[3].leaf);
	assert_int_equal(refused.at[2].code, LVL_E_FLAGS);
	assert_int_equal(refused.at[3].code, LVL_E_UNKNOWN_MSR);
	assert_int_equal(refused.at[3].msr, 0x9999);
	assert_int_equal(refused.at[4].code, LVL_E_DUPLICATE);
	unchanged("arrays");
	/* a sub-leaf of a leaf that has none; none of a leaf that has some */
	get(&d);
	leaves = 2;
	msrs = 0;
	memset(leaf, 0, 2 * sizeof(leaf[0]));
	leaf[0].leaf = 1;
	leaf[0].subleaf = 1;
	leaf[1].leaf = 7;
	leaf[1].subleaf = LVL_NO_SUBLEAF;
	leaf[0].reg[0] = leaf[1].reg[0] = 1;
	assert_int_equal(set(LVL_SET_DELTA), -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(refused.n, 2);
	/* data that the guest could not reach */
	get(&d);
	index = 0x1b;
	leaf[0] = *find(0x1c, LVL_NO_SUBLEAF);
	leaf[0].reg[1] = index;
	leaves = 1;
	msrs = 0;
	assert_int_equal(set(LVL_SET_DELTA), -LVL_E_RANGE);
	assert_int_equal(refused.at[0].leaf, 0x1c);
	unchanged("reach");
}

/* -- delta and full -------------------------------------------------------- */

static void test_delta(void **state)
{
	(void)state;
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	get(&d);
	/* two leaves, in any order */
	leaf[0] = *find(0x80000001, LVL_NO_SUBLEAF);
	leaf[1] = *find(1, LVL_NO_SUBLEAF);
	leaf[1].reg[2] &= ~(1u << 23); /* popcnt */
	leaves = 2;
	msrs = 0;
	assert_int_equal(set(LVL_SET_DELTA), 0);
	made_assert(&d.p, "-popcnt sse4-2 x2apic", "delta");
	get(&d);
	assert_int_equal(find(1, LVL_NO_SUBLEAF)->reg[2] >> 23 & 1, 0);
	/* full: what is not given is not there, so nothing to run on is */
	leaf[0] = *find(0, LVL_NO_SUBLEAF);
	leaf[1] = *find(1, LVL_NO_SUBLEAF);
	leaf[1].reg[2] = leaf[1].reg[3] = 0;
	leaf[0].reg[0] = 1;
	leaves = 2;
	before = d;
	assert_int_equal(set(LVL_SET_FULL), 0);
	made_assert(&d.p, "-sse -lm -x2apic max-basic-leaf=1", "full");
	get(&d);
	assert_int_equal(find(0x80000001, LVL_NO_SUBLEAF)->reg[3], 0);
}

/* -- what the machine does not know ---------------------------------------- */

static void test_unsure(void **state)
{
	struct lvl_policy p;

	(void)state;
	/* ARCH_CAPS is said to be there, and its MSR raises #GP */
	machine(&m, "skylake", FEATURES "arch-caps");
	domain(&d, &m, LVL_HVM);
	before = d;
	p = d.p;
	made_apply(&p, "arch-caps rdcl-no");
	assert_int_equal(lvl_dom_set_policy(&d, &p, 0, NULL), -LVL_E_INVALID);
	unchanged("unsure");
	/* a bit that the guest's side does not know is not given */
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	p = d.p;
	made_apply(&p, "?ssse3 -sse4-1 -sse4-2");
	why = keep(&refused);
	assert_int_equal(lvl_dom_set_policy(&d, &p, LVL_SET_UNSURE, &why), 0);
	made_assert(&d.p, "-ssse3", "not known, not given");
}

/* -- what it is configured with -------------------------------------------- */

static void test_config(void **state)
{
	static const struct lvl_domain nested = { .nested = 1 };
	static const struct lvl_domain itsc = { .tsc_khz = 2000000 };
	static const struct lvl_domain narrow = { .bits32 = 1 };
	struct lvl_policy p;

	(void)state;
	sim_make(&m.sim, "genoa", FEATURES "svm npt itsc");
	machine_on(&m, "xen-4.23", NULL);
	why = keep(&refused);
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_HVM, &nested, 0, &why), 0);
	made_assert(&d.p, "svm -itsc", "nested");
	assert_int_equal(lvl_dom_set_policy(&d, &d.p, 0, &why), 0);
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_HVM, &itsc, 0, &why), 0);
	made_assert(&d.p, "-svm itsc", "tsc");
	assert_int_equal(lvl_dom_set_policy(&d, &d.p, 0, &why), 0);
	machine(&m, "skylake", FEATURES);
	machine_on(&m, "xen-4.17", NULL);
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_PV, &narrow, 0, &why), 0);
	made_assert(&d.p, "-lm -syscall", "32 bits");
	p = m.hv.dflt[LVL_PV];
	why = keep(&refused);
	assert_int_equal(lvl_dom_set_policy(&d, &p, 0, &why),
			 -LVL_E_UNSUPPORTED);
	assert_true(refused_about(&refused, "lm") >= 0);
	assert_true(refused_about(&refused, "syscall") >= 0);
}

static void test_topology(void **state)
{
	static const struct lvl_topology two = { 2, 4, 1, 1, 0, 0, 0 };
	static const struct lvl_topology none = { 0, 4, 1, 1, 0, 0, 0 };
	struct lvl_vcpu v;
	uint32_t reg[4];

	(void)state;
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	before = d;
	why = keep(&refused);
	assert_int_equal(lvl_dom_topology(&d, &none, &why), -LVL_E_RANGE);
	assert_int_equal(refused.n, 1);
	unchanged("topology");
	if (lvl_dom_topology(&d, &two, &why)) {
		print_refused(&refused);
		fail_msg("topology");
	}
	lvl_dom_start(&d);
	lvl_vcpu_init(&v, &d, 5);
	assert_int_equal(lvl_answer(&v, 0xb, 0, reg), 0);
	assert_int_equal(reg[1], 2);
	assert_int_equal(reg[3], 5);
	assert_int_equal(lvl_answer(&v, 0xb, 1, reg), 0);
	assert_int_equal(reg[1], 8);
	assert_int_equal(lvl_answer(&v, 1, 0, reg), 0);
	assert_int_equal(reg[1] >> 24, 5);
}

/* -- states ---------------------------------------------------------------- */

/* Every call in every state: too early, open, started. */
static void test_states(void **state)
{
	static const struct lvl_topology t = { 1, 1, 1, 1, 1, 0, 0 };
	struct lvl_vcpu v, was;
	uint8_t record[LVL_RECORD_MAX];
	size_t len = sizeof(record);
	struct lvl_stream s;
	uint64_t value;

	(void)state;
	/* before there is a machine */
	sim_make(&m.sim, "nehalem", FEATURES);
	lvl_hv_init(&m.hv, lvl_platform_find("xen-4.17", 8), NULL);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), -LVL_E_EMPTY);
	memset(&m.cpu, 0, sizeof(m.cpu));
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), -LVL_E_STATE);
	memset(&d, 0xa5, sizeof(d));
	before = d;
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_PV, NULL, 0, NULL),
			 -LVL_E_STATE);
	unchanged("init");
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 0, NULL, NULL), 0);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), -LVL_E_STATE);
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_PV, NULL, 0, NULL),
			 -LVL_E_STATE);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), 0);
	/* open: it can be changed, and does not run */
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_PV, NULL, 0, NULL), 0);
	memset(&v, 0x5a, sizeof(v));
	was = v;
	assert_int_equal(lvl_vcpu_init(&v, &d, 0), -LVL_E_STATE);
	assert_memory_equal(&v, &was, sizeof(v));
	get(&d);
	assert_int_equal(set(0), 0);
	assert_int_equal(lvl_dom_topology(&d, &t, NULL), 0);
	assert_int_equal(lvl_dom_save(&d, record, &len), 0);
	assert_int_equal(lvl_dom_preflight(&d, record, len, 0, NULL), 0);
	assert_int_equal(lvl_dom_load(&d, record, len, 0, NULL), 0);
	assert_int_equal(lvl_dom_msr(&d, 0xce, &value), 0);
	assert_int_equal(lvl_dom_start(&d), 0);
	/* started: closed for good */
	before = d;
	assert_int_equal(lvl_dom_start(&d), -LVL_E_STATE);
	assert_int_equal(set(0), -LVL_E_STATE);
	assert_int_equal(set(LVL_SET_DELTA), -LVL_E_STATE);
	assert_int_equal(lvl_dom_set_policy(&d, &d.p, 0, NULL), -LVL_E_STATE);
	assert_int_equal(lvl_dom_topology(&d, &t, NULL), -LVL_E_STATE);
	assert_int_equal(lvl_dom_load(&d, record, len, 0, NULL), -LVL_E_STATE);
	lvl_stream_init(&s, 4, 10);
	assert_int_equal(lvl_dom_arrive(&d, &s, 0, NULL), -LVL_E_STATE);
	unchanged("started");
	get(&d);
	assert_int_equal(lvl_dom_save(&d, record, &len), 0);
	assert_int_equal(lvl_dom_preflight(&d, record, len, 0, NULL), 0);
	assert_int_equal(lvl_vcpu_init(&v, &d, 0), 0);
	lvl_vcpu_cr4(&v, 1u << 18);
	assert_int_equal(lvl_switch(&m.cpu, &v), 0);
	assert_int_equal(lvl_vcpu_fault(&v, 1), -LVL_E_UNSUPPORTED);
	assert_int_equal(v.fault, 0);
}

/* -- getting --------------------------------------------------------------- */

static void test_get(void **state)
{
	struct lvl_leaf few[3];
	struct lvl_msr one[1];
	uint64_t value;
	size_t n = 3, k = 1;

	(void)state;
	machine(&m, "skylake", FEATURES);
	domain(&d, &m, LVL_HVM);
	memset(few, 0x11, sizeof(few));
	memset(one, 0x11, sizeof(one));
	assert_int_equal(lvl_dom_get(&d, few, &n, one, &k), -LVL_E_NOBUFS);
	assert_int_equal(n, LVL_NR_LEAVES);
	assert_true(k > 1);
	assert_int_equal(few[0].leaf, 0x11111111);
	assert_int_equal(one[0].index, 0x11111111);
	/* room for the leaves alone */
	n = LVL_NR_LEAVES;
	k = 1;
	leaf[0].leaf = 0x22222222;
	assert_int_equal(lvl_dom_get(&d, leaf, &n, one, &k), -LVL_E_NOBUFS);
	assert_int_equal(one[0].index, 0x11111111);
	assert_int_equal(leaf[0].leaf, 0x22222222);
	get(&d);
	assert_int_equal(leaves, LVL_NR_LEAVES);
	/* MSRs: those that it knows, and RDMSR of no others */
	assert_int_equal(lvl_dom_msr(&d, msr[0].index, &value), 0);
	assert_int_equal(value, msr[0].value);
	assert_int_equal(lvl_dom_msr(&d, 0x9999, &value), -LVL_E_UNKNOWN_MSR);
	/* the policy holds it as 0, and its CPUID has no VMX */
	assert_true(lvl_known(&d.p, LVL_F_VMX) && !lvl_has(&d.p, LVL_F_VMX));
	assert_int_equal(lvl_dom_msr(&d, 0x480, &value), -LVL_E_UNKNOWN_MSR);
	lvl_forget(&d.p, LVL_F_CPUID_FAULTING);
	assert_int_equal(lvl_dom_msr(&d, 0xce, &value), -LVL_E_UNKNOWN_MSR);
}

/* -- what leaks ------------------------------------------------------------ */

static unsigned leaks;
static int erms_leaks;

static void leak(void *arg, const struct lvl_unreached *u)
{
	(void)arg;
	leaks++;
	erms_leaks |= u->field == LVL_F_ERMS;
}

static void test_leaks(void **state)
{
	static const struct {
		const char *model;
		enum lvl_guest kind;
		unsigned flags;
		enum lvl_verdict verdict;
	} c[] = {
		{ "skylake", LVL_PV, 0, LVL_YES },
		{ "skylake", LVL_PV, LVL_DOM_NO_FAULTING, LVL_NO },
		{ "nehalem", LVL_PV, 0, LVL_NO },
		{ "nehalem", LVL_HVM, 0, LVL_YES },
	};
	struct lvl_policy p;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		sim_make(&m.sim, c[i].model, FEATURES "erms");
		machine_on(&m, "xen-4.17", NULL);
		assert_int_equal(lvl_dom_init(&d, &m.hv, c[i].kind, NULL,
					      c[i].flags, NULL),
				 0);
		p = d.p;
		made_apply(&p, "-erms");
		why = keep(&refused);
		assert_int_equal(lvl_dom_set_policy(&d, &p, 0, &why), 0);
		leaks = 0;
		erms_leaks = 0;
		assert_int_equal(lvl_dom_leaks(&d, leak, NULL), c[i].verdict);
		assert_int_equal(erms_leaks, c[i].verdict == LVL_NO);
		assert_int_equal(leaks > 0, c[i].verdict == LVL_NO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all_reasons),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_unsure),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

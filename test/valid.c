/* SPDX-License-Identifier: MIT */
/* Is a policy valid by itself: every reason, and no false alarms. */
#include "made.h"

#include "gen-policy.h"

/* Well-formed, with something of every part of the registry. */
#define GOOD                                                                   \
	"intel fms=0x806f8 fpu tsc msr pae cx8 cmov mmx fxsr sse sse2 sse3 "   \
	"ssse3 sse4-1 sse4-2 popcnt xsave avx avx2 arch-caps rdcl-no "         \
	"fb-clear vmx vmx-pause-exit vmx-true-ctls maxphysaddr=46 lm syscall " \
	"nx ibrsb apic x2apic hypervisor kvmclock xsave-ymm-size=256 "         \
	"xsave-ymm-offset=576"

static const struct valid_case {
	const char *words; /* applied to the good one, after normalising */
	enum lvl_verdict verdict;
	const char *field; /* of the finding, NULL: none; "-": unnamed bit */
	enum lvl_reason reason;
} cases[] = {
	{ "", LVL_YES, NULL, 0 },

	/* requirements */
	{ "-sse2", LVL_NO, "avx", LVL_R_REQUIREMENT },
	{ "-avx", LVL_NO, "avx2", LVL_R_REQUIREMENT },
	{ "fma -avx", LVL_NO, "fma", LVL_R_REQUIREMENT },
	{ "avx512bw", LVL_NO, "avx512bw", LVL_R_REQUIREMENT },
	{ "?avx", LVL_UNKNOWN, "avx2", LVL_R_REQUIREMENT },
	{ "-arch-caps", LVL_NO, "rdcl-no", LVL_R_REQUIREMENT },

	/* values without what gives them a meaning */
	{ "lwp", LVL_NO, "lwp", LVL_R_HIDDEN_SHOWN },
	{ "pmu-gp-count=4", LVL_YES, "pmu-gp-count", LVL_R_NO_CARRIER },
	{ "xsave-zmm-hi256-size=512", LVL_YES, "xsave-zmm-hi256-size",
	  LVL_R_NO_CARRIER },

	/* what no guest may see */
	{ "tsx-force-abort", LVL_NO, "tsx-force-abort", LVL_R_HIDDEN_SHOWN },
	{ "m1a0=0x400000", LVL_NO, "misc-enable-limit-cpuid",
	  LVL_R_HIDDEN_SHOWN },
	{ "@7:2.eax=1", LVL_NO, "-", LVL_R_UNNAMED_BIT },
	{ "@7:1.ecx=0x80000000", LVL_NO, "-", LVL_R_UNNAMED_BIT },

	/* derived */
	{ "rtm", LVL_YES, "rtm", LVL_R_DERIVED_WRONG },
	{ "rsba", LVL_YES, "rsba", LVL_R_DERIVED_WRONG },
	{ "-xcr0-avx", LVL_YES, "xcr0-avx", LVL_R_DERIVED_WRONG },
	{ "xsave-size-max=576", LVL_YES, "xsave-size-max",
	  LVL_R_DERIVED_WRONG },
	{ "maxlinaddr=57", LVL_YES, "maxlinaddr", LVL_R_DERIVED_WRONG },
	{ "?rtm ?xsave-size-max", LVL_YES, NULL, 0 },

	/* maxima: higher is fine, lower cuts something off */
	{ "max-basic-leaf=0x29 max-extended-leaf=0x80000026 max-subleaf-7=2",
	  LVL_YES, NULL, 0 },
	{ "max-basic-leaf=6", LVL_NO, "max-basic-leaf", LVL_R_OUT_OF_RANGE },
	{ "max-basic-leaf=7", LVL_NO, "x2apic", LVL_R_OUT_OF_RANGE },
	{ "max-basic-leaf=0xc", LVL_NO, "xsave", LVL_R_OUT_OF_RANGE },
	{ "max-extended-leaf=0x80000000", LVL_NO, "max-extended-leaf",
	  LVL_R_OUT_OF_RANGE },
	{ "avx-vnni max-subleaf-7=0", LVL_NO, "max-subleaf-7",
	  LVL_R_OUT_OF_RANGE },
	{ "max-basic-leaf=6 max-subleaf-7=0 avx-vnni", LVL_NO, "max-basic-leaf",
	  LVL_R_OUT_OF_RANGE },

	/* no value allowed: must be 1 and may not */
	{ "-vmx-pause-exit vmx-pause-exit-must", LVL_NO, "vmx-pause-exit",
	  LVL_R_EMPTY_PAIR },
	{ "vmx-pause-exit-must", LVL_YES, "vmx-proc-legacy-must",
	  LVL_R_DERIVED_WRONG },
	{ "tsc-khz-min=3000 tsc-khz-max=2000 itsc", LVL_NO, "tsc-khz-max",
	  LVL_R_EMPTY_PAIR },
	{ "-vmx-pause-exit ?vmx-pause-exit-must", LVL_YES,
	  "vmx-proc-legacy-may", LVL_R_DERIVED_WRONG },
};

static struct lvl_policy good(void)
{
	return made_normal(GOOD);
}

static int is_about(const struct lvl_finding *f, const char *field)
{
	if (!strcmp(field, "-"))
		return f->field == LVL_NO_FIELD;
	return f->field != LVL_NO_FIELD &&
	       !strcmp(lvl_field_name(f->field), field);
}

static int found_is(const struct found *found, const struct valid_case *c)
{
	unsigned i;

	for (i = 0; i < found->n; i++)
		if (is_about(&found->f[i], c->field) &&
		    found->f[i].reason == c->reason)
			return 1;
	return 0;
}

static void test_cases(void **state)
{
	static struct found found;
	unsigned i, k;
	int failed = 0;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy p = good();
		enum lvl_verdict v;

		made_apply(&p, cases[i].words);
		found.n = 0;
		v = lvl_valid(&p, found_keep, &found);
		if (v == cases[i].verdict &&
		    (cases[i].field ? found_is(&found, &cases[i]) : !found.n))
			continue;
		failed++;
		print_error("\"%s\": verdict %d, want %d\n", cases[i].words, v,
			    cases[i].verdict);
		for (k = 0; k < found.n; k++)
			print_error("  %s: %s\n",
				    found.f[k].field == LVL_NO_FIELD
					    ? "-"
					    : lvl_field_name(found.f[k].field),
				    lvl_reason_text(found.f[k].reason));
	}
	assert_int_equal(failed, 0);
}

/* What a finding carries. */
static void test_finding(void **state)
{
	static struct found found;
	struct lvl_policy p = good();
	const struct lvl_finding *f;

	(void)state;
	made_apply(&p, "-avx");
	found.n = 0;
	lvl_valid(&p, found_keep, &found);
	f = found_about(&found, LVL_F_AVX2);
	assert_non_null(f);
	assert_int_equal(f->severity, LVL_FATAL);
	assert_int_equal(f->sure, 1);
	assert_int_equal(f->guest, 1);
	assert_int_equal(f->word, lvl_fields[LVL_F_AVX2].word);
	assert_in_range(f->edge, 0, LVL_NR_EDGES - 1);
	p = good();
	made_apply(&p, "@7:2.eax=5");
	found.n = 0;
	lvl_valid(&p, found_keep, &found);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.f[0].guest, 5);
	assert_int_equal(found.f[0].word, lvl_word_of_leaf(7, 2, 0));
	/* the same verdict without anybody to tell */
	assert_int_equal(lvl_valid(&p, NULL, NULL), LVL_NO);
}

/* Each reason and each severity has its text. */
static void test_texts(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < LVL_NR_REASONS; i++)
		for (k = 0; k <= i; k++)
			if ((k == i) ==
			    !!strcmp(lvl_reason_text(i), lvl_reason_text(k)))
				fail_msg("reasons %u and %u", i, k);
	for (i = 0; i < LVL_NR_SEVERITIES; i++)
		assert_true(strlen(lvl_severity_names[i]) > 3);
	for (i = 0; i < LVL_NR_ERRORS; i++)
		assert_string_equal(lvl_strerror((int)i),
				    lvl_strerror(-(int)i));
	assert_string_equal(lvl_strerror(9999), "no such error code");
	assert_non_null(lvl_strerror(-2147483647 - 1));
}

/* -- everything that the library makes itself is valid --------------------- */

static int not_valid(const struct lvl_policy *p, const char *what)
{
	static struct found found;

	found.n = 0;
	if (lvl_valid(p, found_keep, &found) != LVL_NO)
		return 0;
	print_error("%s: %s: %s\n", what,
		    found.f[0].field == LVL_NO_FIELD
			    ? "-"
			    : lvl_field_name(found.f[0].field),
		    lvl_reason_text(found.f[0].reason));
	return 1;
}

static void test_made_here(void **state)
{
	struct lvl_policy m[3], level;
	struct gen g;
	unsigned i, k;

	(void)state;
	gen_seed(&g, 6);
	for (i = 0; i < 200; i++) {
		for (k = 0; k < 3; k++) {
			gen_policy(&g, &gen_total, &m[k]);
			assert_false(not_valid(&m[k], "normalised"));
		}
		if (level_of(m, 3, &level, NULL))
			continue;
		assert_false(not_valid(&level, "level"));
	}
}

static void test_corpus(void **state)
{
	struct gen_corpus corpus;
	int absent;
	const char *why = gen_corpus_load(&corpus, &absent);
	unsigned i;
	int n = 0;

	(void)state;
	if (why && absent) {
		print_message("no dumps of real CPUs: %s\n", why);
		skip();
	}
	if (why)
		fail_msg("%s", why);
	for (i = 0; i < corpus.n; i++)
		n += not_valid(&corpus.host[i].host, corpus.host[i].file);
	gen_corpus_free(&corpus);
	assert_int_equal(n, 0);
}

/* Reserved default1 controls read 1 in both halves where VMX is shown. */
static void test_vmx_default1(void **state)
{
	static const struct {
		uint32_t msr, bits;
	} reserved[] = {
		/* as processors have them, named controls left out */
		{ 0x48d, 0x00000016 },
		{ 0x48e, 0x04006172 },
		{ 0x48f, 0x00036dfb },
		{ 0x490, 0x000011fb },
	};
	struct lvl_policy with = made("intel vmx"),
			  without = made("intel -vmx");
	unsigned i, half;

	(void)state;
	lvl_finalise(&with);
	lvl_finalise(&without);
	for (i = 0; i < LVL_COUNT(reserved); i++)
		for (half = 0; half < 2; half++) {
			unsigned w = lvl_word_of_msr(reserved[i].msr) + half;

			assert_int_equal(with.v[w] & reserved[i].bits,
					 reserved[i].bits);
			assert_int_equal(with.k[w] & reserved[i].bits,
					 reserved[i].bits);
			assert_int_equal(without.v[w] & reserved[i].bits, 0);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_made_here),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_vmx_default1),
	};

	return cmocka_run_group_tests_name("valid", tests, NULL, NULL);
}

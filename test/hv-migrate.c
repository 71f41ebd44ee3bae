/* SPDX-License-Identifier: MIT */
/* A domain's policy on its way: our record, Xen's stream, and none at all. */
#include "hv-made.h"

#include <cpulevel/record.h>

static struct machine a, b;
static struct lvl_dom from, to, before;
static struct refused refused;
static struct lvl_refusals why;
static uint8_t record[LVL_RECORD_MAX];

#define FEATURES \
	BASE "ssse3 sse4-1 sse4-2 popcnt x2apic xsave avx maxphysaddr=40 "

static void on(struct machine *m, const char *model, const char *platform,
	       const char *words)
{
	sim_make(&m->sim, model, words);
	machine_on(m, platform, NULL);
}

static void unchanged(const char *what)
{
	if (memcmp(&before, &to, sizeof(to)))
		fail_msg("%s: something changed", what);
}

/* -- records --------------------------------------------------------------- */

static void test_record(void **state)
{
	size_t len = sizeof(record), short_len = 40;

	(void)state;
	on(&a, "skylake", "xen-4.17", FEATURES);
	on(&b, "skylake", "xen-4.17", FEATURES "avx2 fma movbe");
	domain(&from, &a, LVL_HVM);
	assert_int_equal(lvl_dom_save(&from, record, &short_len),
			 -LVL_E_NOBUFS);
	assert_int_equal(lvl_dom_save(&from, record, &len), 0);
	assert_int_equal(short_len, len);
	domain(&to, &b, LVL_HVM);
	made_assert(&to.p, "movbe", "its own default");
	before = to;
	why = keep(&refused);
	assert_int_equal(lvl_dom_preflight(&to, record, len, 0, &why), 0);
	unchanged("pre-flight");
	assert_int_equal(lvl_dom_load(&to, record, len, 0, &why), 0);
	assert_memory_equal(&to.p, &from.p, sizeof(to.p));
	made_assert(&to.p, "-movbe -avx2", "what it saw");
	/* and on the way back there is less than it saw */
	domain(&from, &b, LVL_HVM);
	len = sizeof(record);
	assert_int_equal(lvl_dom_save(&from, record, &len), 0);
	domain(&to, &a, LVL_HVM);
	before = to;
	why = keep(&refused);
	assert_int_equal(lvl_dom_preflight(&to, record, len, 0, &why),
			 -LVL_E_INVALID);
	assert_true(refused_about(&refused, "avx2") >= 0);
	assert_true(refused_about(&refused, "fma") >= 0);
	assert_true(refused_about(&refused, "movbe") >= 0);
	assert_int_equal(lvl_dom_load(&to, record, len, 0, &why),
			 -LVL_E_INVALID);
	unchanged("refused");
	/* of another kind; damaged; short */
	domain(&to, &b, LVL_PV);
	before = to;
	assert_int_equal(lvl_dom_load(&to, record, len, 0, NULL), -LVL_E_RANGE);
	domain(&to, &b, LVL_HVM);
	before = to;
	record[100] ^= 1;
	assert_int_equal(lvl_dom_load(&to, record, len, 0, NULL),
			 -LVL_E_CHECKSUM);
	record[100] ^= 1;
	assert_int_equal(lvl_dom_load(&to, record, 30, 0, NULL),
			 -LVL_E_TRUNCATED);
	unchanged("damaged");
}

/* -- Xen's stream ---------------------------------------------------------- */

static uint8_t cpuid[24 * LVL_NR_LEAVES + 1], msrs[16 * LVL_NR_MSRS + 1];

static void test_stream(void **state)
{
	size_t len = 24 * LVL_NR_LEAVES, mlen = 16 * LVL_NR_MSRS, n = 24;
	struct lvl_stream s;
	unsigned i;

	(void)state;
	on(&a, "genoa", "xen-4.17", FEATURES);
	on(&b, "genoa", "xen-4.17", FEATURES "avx2 fma movbe");
	domain(&from, &a, LVL_HVM);
	assert_int_equal(lvl_dom_stream(&from, LVL_STREAM_CPUID, cpuid, &n),
			 -LVL_E_NOBUFS);
	assert_int_equal(n, 24 * LVL_NR_LEAVES);
	assert_int_equal(lvl_dom_stream(&from, 0x13, cpuid, &n),
			 -LVL_E_UNSUPPORTED);
	for (i = 0; i < 2; i++) { /* aligned, and not */
		len = 24 * LVL_NR_LEAVES;
		mlen = 16 * LVL_NR_MSRS;
		assert_int_equal(
			lvl_dom_stream(&from, LVL_STREAM_CPUID, cpuid, &len),
			0);
		assert_int_equal(
			lvl_dom_stream(&from, LVL_STREAM_MSR, msrs, &mlen), 0);
		memmove(cpuid + i, cpuid, len);
		memmove(msrs + i, msrs, mlen);
		lvl_stream_init(&s, 4, 17);
		assert_int_equal(
			lvl_stream_add(&s, LVL_STREAM_CPUID, cpuid + i, len),
			0);
		assert_int_equal(
			lvl_stream_add(&s, LVL_STREAM_CPUID, cpuid, len),
			-LVL_E_DUPLICATE);
		domain(&to, &b, LVL_HVM);
		before = to;
		/* one of two */
		assert_int_equal(lvl_dom_arrive(&to, &s, 0, NULL),
				 -LVL_E_TRUNCATED);
		assert_int_equal(
			lvl_stream_add(&s, LVL_STREAM_MSR, msrs, mlen - 1),
			-LVL_E_SYNTAX);
		assert_int_equal(lvl_stream_add(&s, LVL_STREAM_MSR, msrs, 0),
				 -LVL_E_SYNTAX);
		assert_int_equal(lvl_stream_add(&s, 0x10, msrs, 0),
				 -LVL_E_UNSUPPORTED);
		unchanged("not complete");
		assert_int_equal(
			lvl_stream_add(&s, LVL_STREAM_MSR, msrs + i, mlen), 0);
		why = keep(&refused);
		if (lvl_dom_arrive(&to, &s, 0, &why)) {
			print_refused(&refused);
			fail_msg("refused");
		}
		assert_memory_equal(&to.p, &from.p, sizeof(to.p));
	}
	/* not here */
	domain(&to, &b, LVL_HVM);
	len = 24 * LVL_NR_LEAVES;
	assert_int_equal(lvl_dom_stream(&to, LVL_STREAM_CPUID, cpuid, &len), 0);
	lvl_stream_init(&s, 4, 17);
	assert_int_equal(lvl_stream_add(&s, LVL_STREAM_CPUID, cpuid, len), 0);
	assert_int_equal(lvl_stream_add(&s, LVL_STREAM_MSR, msrs + 1, mlen), 0);
	domain(&to, &a, LVL_HVM);
	before = to;
	why = keep(&refused);
	assert_int_equal(lvl_dom_arrive(&to, &s, 0, &why), -LVL_E_INVALID);
	assert_true(refused_about(&refused, "avx2") >= 0);
	unchanged("refused");
}

/* A Xen that sent no policy: by the rules of its version. */
static void test_without(void **state)
{
	static const struct {
		unsigned major, minor;
		enum lvl_guest kind;
		int rc;
		const char *words; /* of the policy */
	} c[] = {
		{ 4, 4, LVL_HVM, 0, "mpx hle rdrand" },
		{ 4, 13, LVL_HVM, 0, "mpx hle rdrand max-basic-leaf=0xd" },
		{ 4, 13, LVL_PV, 0, "-mpx hle rdrand" },
		{ 4, 14, LVL_HVM, -LVL_E_TRUNCATED, NULL },
		{ 4, 17, LVL_PV, -LVL_E_TRUNCATED, NULL },
		{ 3, 4, LVL_HVM, -LVL_E_VERSION, NULL },
		{ 5, 0, LVL_HVM, -LVL_E_VERSION, NULL },
	};
	struct lvl_stream s;
	unsigned i;

	(void)state;
	on(&b, "ivybridge", "xen-4.17",
	   FEATURES "rdrand rtm hle tsx=2 mpx xsavec pmu-version=0 avx2");
	made_assert(&b.hv.host, "mpx hle rdrand", "host");
	made_assert(&b.hv.dflt[LVL_HVM], "-mpx -hle -rdrand", "default");
	for (i = 0; i < LVL_COUNT(c); i++) {
		int rc;

		domain(&to, &b, c[i].kind);
		before = to;
		lvl_stream_init(&s, c[i].major, c[i].minor);
		why = keep(&refused);
		rc = lvl_dom_arrive(&to, &s, 0, &why);
		if (rc != c[i].rc) {
			print_refused(&refused);
			fail_msg("%u.%u: %d", c[i].major, c[i].minor, rc);
		}
		if (rc)
			unchanged("no policy");
		else
			made_assert(&to.p, c[i].words, "reconstructed");
		/* a guest that exists: maxima do not shrink to the content */
		if (!rc)
			assert_int_equal(
				lvl_get(&to.p, LVL_F_MAX_EXTENDED_LEAF),
				lvl_get(&before.p, LVL_F_MAX_EXTENDED_LEAF));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Policy strings of xl and libxc, both syntaxes. */
#include "made.h"

#include <cpulevel/xen.h>

/* What they are applied to, and where x, k and s take their bits from. */
#define BASE "intel fms=0x50657 sse3 avx2 m10a=0xeb clflush-size=8"
#define DFLT "intel fms=0x606a6 sse3 avx clflush-size=16 m10a=0xff"
#define HOST "intel fms=0x00a20f10 avx512f sse3 bmi1 m10a=0x100000000"

static struct lvl_policy dflt, host;

static int setup(void **state)
{
	(void)state;
	dflt = made(DFLT " ?rdseed");
	host = made(HOST);
	return 0;
}

static int apply(struct lvl_policy *p, const char *s, size_t *at)
{
	return lvl_xl_apply(p, s, strlen(s), &dflt, &host, at);
}

/* 32 letters, the same but for one place. */
#define X8 "xxxxxxxx"
#define X32 X8 X8 X8 X8
#define ONES "11111111111111111111111111111111"

static const struct good {
	const char *text;
	const char *is;  /* words that hold of the result */
	const char *set; /* words that make the result of BASE, or NULL */
} good[] = {
	{ "host", "sse3 avx2", "" },
	{ "host,avx2=0", "sse3 -avx2", "-avx2" },
	{ "host,avx2=1", "sse3 avx2", "" },
	{ "host,avx=1,avx=0", "-avx", "" },
	{ "host,AVX2=0,Sse4.1=1,sse4_2=1", "-avx2 sse4-1 sse4-2",
	  "-avx2 sse4-1 sse4-2" },
	{ "host,avx2=x", "-avx2", "-avx2" },
	{ "host,avx=x,bmi1=x", "avx -bmi1", "avx" },
	{ "host,avx512f=k,avx2=k", "avx512f -avx2", "avx512f -avx2" },
	{ "host,avx512f=s,avx2=s", "avx512f -avx2", "avx512f -avx2" },
	{ "host,rdseed=x", "?rdseed", "?rdseed" },
	{ "host,rdcl-no=0,sbdr-ssdp-no=1", "-rdcl-no sbdr-ssdp-no", NULL },

	/* numbers */
	{ "host,maxleaf=13", "max-basic-leaf=13", "max-basic-leaf=13" },
	{ "host,maxleaf=0xD", "max-basic-leaf=13", "max-basic-leaf=13" },
	{ "host,maxhvleaf=0x40000005", "max-hypervisor-leaf=0x40000005", NULL },
	{ "host,stepping=5", "stepping=5", "stepping=5" },
	{ "host,model=0x6a", "base-model=0xa ext-model=6",
	  "base-model=0xa ext-model=6" },
	{ "host,model=7", "base-model=7 ext-model=0",
	  "base-model=7 ext-model=0" },
	{ "host,model=255", "base-model=15 ext-model=15", NULL },
	{ "host,family=6", "base-family=6 ext-family=0", "" },
	{ "host,family=15", "base-family=15 ext-family=0", NULL },
	{ "host,family=0x19", "base-family=15 ext-family=10", NULL },
	{ "host,family=270", "base-family=15 ext-family=255", NULL },
	{ "host,clflush=16,clfsh=1", "clflush-size=16 clflush",
	  "clflush-size=16 clflush" },
	{ "host,brandid=255", "brand-index=255", "brand-index=255" },
	{ "host,proccount=2", "logical-count=2", NULL },
	{ "host,procpkg=63", "cache4-cores=63", NULL },
	{ "host,nc=7,apicidsize=4", "core-count-nc=7 apic-id-size=4", NULL },

	/*
	 * libxl reads family=x as the number 0 and writes an extended family
	 * of 0; a letter means what it means for a bit.
	 */
	{ "host,family=x", "base-family=6 ext-family=0", "" },
	{ "host,family=k", "base-family=15 ext-family=10",
	  "base-family=15 ext-family=10" },
	{ "host,family=s", "base-family=15 ext-family=10",
	  "base-family=15 ext-family=10" },
	{ "host,model=x", "base-model=10 ext-model=6",
	  "base-model=10 ext-model=6" },
	{ "host,model=k", "base-model=1 ext-model=2",
	  "base-model=1 ext-model=2" },
	{ "host,clflush=x", "clflush-size=16", "clflush-size=16" },

	/* by register */
	{ "1:ecx=" X32, "sse3 avx", NULL },
	{ "0x1:ecx=" X8 X8 X8 "xxxxxxx0", "-sse3", NULL },
	{ "1:ecx=1" X8 X8 X8 "xxxxxxx,edx=" ONES, "hypervisor fpu pbe", NULL },
	{ "7:ebx=" X8 X8 X8 "xx0xxxxx", "-avx2", "-avx2 ?rdseed" },
	{ "0x7,0:ebx=" X8 X8 X8 "xx1xxxxx", "avx2", "?rdseed" },
	{ "7,1:eax=" X8 X8 X8 "xxx1xxxx", "avx-vnni", "avx-vnni" },
	{ "0x80000001:ecx=" X8 X8 X8 "xx1xxxxx", "abm", "abm" },
	{ "7:ebx=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", "avx512f bmi1 -avx2",
	  "avx512f bmi1 -avx2" },
	{ "1:ecx=" X8 X8 X8 "xxxxxxx0;7:ebx=" X8 X8 X8 "xx0xxxxx",
	  "-sse3 -avx2", NULL },
	{ "1:ecx=" X8 X8 X8 "xxxxxxx0\n7:ebx=" X8 X8 X8 "xx0xxxxx\n",
	  "-sse3 -avx2", NULL },
	{ "msr:0x10a=" X32 X8 X8 X8 "xxxxxxx0", "-rdcl-no eibrs", NULL },
	{ "msr:0x10a=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" ONES,
	  "rdcl-no rfds-clear", NULL },
};

static void test_good(void **state)
{
	struct lvl_policy p, want;
	const char *word, *differ;
	unsigned i;
	size_t at;
	int rc;

	(void)state;
	for (i = 0; i < LVL_COUNT(good); i++) {
		p = made(BASE);
		rc = apply(&p, good[i].text, &at);
		if (rc)
			fail_msg("\"%s\": %s at %zu", good[i].text,
				 lvl_strerror(rc), at);
		assert_int_equal(at, strlen(good[i].text));
		if (!made_is(&p, good[i].is, &word))
			fail_msg("\"%s\": not %s", good[i].text, word);
		want = made(BASE);
		made_apply(&want, good[i].set ? good[i].set : "");
		differ = good[i].set ? made_differ(&p, &want) : NULL;
		if (differ)
			fail_msg("\"%s\": %s differs", good[i].text, differ);
	}
}

static const struct bad {
	const char *text;
	int code;
	size_t at;
} bad[] = {
	{ "", LVL_E_SYNTAX, 0 },
	{ "hos", LVL_E_SYNTAX, 0 },
	{ "hosts", LVL_E_SYNTAX, 4 },
	{ "host avx=0", LVL_E_SYNTAX, 4 },
	{ "host,", LVL_E_SYNTAX, 5 },
	{ "host,avx", LVL_E_SYNTAX, 8 },
	{ "host,avx=", LVL_E_SYNTAX, 9 },
	{ "host,=1", LVL_E_SYNTAX, 5 },
	{ "host,avx=2", LVL_E_SYNTAX, 9 },
	{ "host,avx=on", LVL_E_SYNTAX, 9 },
	{ "host,avx=10", LVL_E_SYNTAX, 10 },
	{ "host,avx=1,", LVL_E_SYNTAX, 11 },
	{ "host,avx=1,,sse3=0", LVL_E_SYNTAX, 11 },
	{ "host,avx=X", LVL_E_SYNTAX, 9 },
	{ "host,nosuch=1", LVL_E_UNKNOWN_NAME, 5 },
	{ "host,avx2=0,nosuch=1", LVL_E_UNKNOWN_NAME, 12 },
	{ "host,maxphysaddr=1", LVL_E_SYNTAX, 17 },
	{ "host,stepping=16", LVL_E_RANGE, 16 },
	{ "host,stepping=-1", LVL_E_SYNTAX, 14 },
	{ "host,stepping=0x", LVL_E_SYNTAX, 16 },
	{ "host,stepping=a", LVL_E_SYNTAX, 14 },
	{ "host,model=256", LVL_E_RANGE, 14 },
	{ "host,family=271", LVL_E_RANGE, 15 },
	{ "host,family=4294967296", LVL_E_RANGE, 22 },
	{ "host,family=xx", LVL_E_SYNTAX, 13 },
	{ "host,brandid=256", LVL_E_RANGE, 16 },
	{ "host,procpkg=64", LVL_E_RANGE, 15 },

	{ "1", LVL_E_SYNTAX, 1 },
	{ "1:", LVL_E_SYNTAX, 2 },
	{ "1:ex=" X32, LVL_E_SYNTAX, 2 },
	{ "1:ecx=", LVL_E_TRUNCATED, 6 },
	{ "1:ecx=" X8 X8 X8 "xxxxxxx", LVL_E_TRUNCATED, 37 },
	{ "1:ecx=" X32 "x", LVL_E_SYNTAX, 38 },
	{ "1:ecx=" X8 "y", LVL_E_SYNTAX, 14 },
	{ "1:ecx=" X32 ",", LVL_E_SYNTAX, 39 },
	{ "0x99999:ecx=" X32, LVL_E_UNKNOWN_LEAF, 12 },
	{ "7,9:ecx=" X32, LVL_E_UNKNOWN_LEAF, 8 },
	{ "1:ecx=" X32 ";7:ecx=" X8, LVL_E_TRUNCATED, 53 },
	{ "msr:0x10a", LVL_E_SYNTAX, 9 },
	{ "msr:0x10a=" X32, LVL_E_TRUNCATED, 42 },
	{ "msr:0x10a=" X32 X32 "x", LVL_E_SYNTAX, 74 },
	{ "msr:0xdead=" X32 X32, LVL_E_UNKNOWN_MSR, 10 },
	{ "msr:=" X32 X32, LVL_E_SYNTAX, 4 },
};

static void test_bad(void **state)
{
	struct lvl_policy p;
	unsigned i;
	size_t at;
	int rc;

	(void)state;
	for (i = 0; i < LVL_COUNT(bad); i++) {
		at = 999;
		made_fill(&p, 0xc2);
		rc = apply(&p, bad[i].text, &at);
		if (rc != -bad[i].code || at != bad[i].at)
			fail_msg("\"%s\": %s at %zu; want %s at %zu",
				 bad[i].text, lvl_strerror(rc), at,
				 lvl_strerror(bad[i].code), bad[i].at);
		assert_true(made_filled(&p, 0xc2));
		assert_int_equal(apply(&p, bad[i].text, NULL), rc);
	}
}

/* x needs a default, k and s a host; 0 and 1 need neither. */
static void test_no_source(void **state)
{
	static const struct {
		const char *text;
		int with_dflt, with_host, rc;
	} cases[] = {
		{ "host,avx=1", 0, 0, 0 },
		{ "host,avx=x", 1, 0, 0 },
		{ "host,avx=k", 0, 1, 0 },
		{ "host,avx=s", 0, 1, 0 },
		{ "host,avx=x", 0, 1, -LVL_E_UNSUPPORTED },
		{ "host,avx=k", 1, 0, -LVL_E_UNSUPPORTED },
		{ "host,avx=s", 1, 0, -LVL_E_UNSUPPORTED },
		{ "host,sse3=0,family=x", 0, 1, -LVL_E_UNSUPPORTED },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy p = made(BASE), was = p;
		int rc = lvl_xl_apply(&p, cases[i].text, strlen(cases[i].text),
				      cases[i].with_dflt ? &dflt : NULL,
				      cases[i].with_host ? &host : NULL, NULL);

		assert_int_equal(rc, cases[i].rc);
		if (rc)
			assert_null(made_differ(&p, &was));
	}
}

/* Keys of libxl that are not the registry's names (libxl_cpuid.c). */
static void test_libxl_keys(void **state)
{
	static const struct {
		const char *key, *field;
	} keys[] = {
		{ "est", "eist" },
		{ "cntxid", "cid" },
		{ "cmpxchg16", "cx16" },
		{ "sse4_1", "sse4-1" },
		{ "sse4.1", "sse4-1" },
		{ "sse4_2", "sse4-2" },
		{ "sse4.2", "sse4-2" },
		{ "aes", "aesni" },
		{ "cmpxchg8", "cx8" },
		{ "sysenter", "sep" },
		{ "psn", "pn" },
		{ "clfsh", "clflush" },
		{ "tm", "tm1" },
		{ "arat", "arat" },
		{ "tsc_adjust", "tsc-adjust" },
		{ "cmt", "pqm" },
		{ "lahfsahf", "lahf-lm" },
		{ "cmplegacy", "cmp-legacy" },
		{ "altmovcr8", "cr8-legacy" },
		{ "nodeid", "nodeid-msr" },
		{ "perfctr_core", "perfctr-core" },
		{ "perfctr_nb", "perfctr-nb" },
		{ "invtsc", "itsc" },
		{ "ppin", "amd-ppin" },
		{ "svm_npt", "npt" },
		{ "svm_lbrv", "lbrv" },
		{ "svm_nrips", "nrip-save" },
		{ "svm_tscrate", "tsc-scale" },
		{ "svm_vmcbclean", "vmcb-clean" },
		{ "svm_decode", "decodeassists" },
		{ "svm_pausefilt", "pause-filter" },
		{ "lfence+", "lfence-dispatch" },
		{ "prefetchi", "prefetchi" },
		{ "ssb-no", "ssb-no" },
	};
	char text[64];
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(keys); i++) {
		struct lvl_policy p = made("");
		unsigned field =
			field_named(keys[i].field, strlen(keys[i].field));
		size_t at;
		int rc;

		snprintf(text, sizeof(text), "host,%s=1", keys[i].key);
		rc = apply(&p, text, &at);
		if (rc || !lvl_has(&p, field))
			fail_msg("%s: %s, and %s is %d", text, lvl_strerror(rc),
				 keys[i].field, lvl_has(&p, field));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_source),
		cmocka_unit_test(test_libxl_keys),
	};

	return cmocka_run_group_tests_name("xl", tests, setup, NULL);
}

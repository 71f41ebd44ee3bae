/* SPDX-License-Identifier: MIT */
/*
 * Defects of other tools that this one must not have.  D1 to D5: libvirt's,
 * shown by running it; P1 to P20: of toolstacks that level pools.  Those of
 * the command line are in level.bats.
 */
#include "made.h"

#include <cpulevel/import.h>

#include "pools.h"

/* Long mode and what it needs. */
#define X64 "fpu tsc msr pae cx8 cmov mmx fxsr sse sse2 lm syscall nx "
#define AVX2 X64 "sse3 ssse3 sse4-1 sse4-2 popcnt xsave avx avx2 fma f16c "

static struct found found;

/* A machine from other people's text. */
static struct lvl_policy read_as(const char *format, const char *text)
{
	struct lvl_desc *d = NULL;
	struct lvl_policy p;
	struct lvl_ferr err;
	unsigned kind = LVL_KIND_HOST;

	if (lvl_import_memory(text, strlen(text), "in", lvl_format_find(format),
			      pool_keep, &d, NULL, &err))
		fail_msg("%s", err.text);
	/* a host's, or what a guest was given */
	while (kind < LVL_NR_KINDS && !d->policy[kind])
		kind++;
	assert_in_range(kind, 0, LVL_NR_KINDS - 1);
	p = *d->policy[kind];
	lvl_desc_free(d);
	return p;
}

static int refused(const char *format, const char *text, const char *why)
{
	struct lvl_desc *d = NULL;
	struct lvl_ferr err;
	int rc = lvl_import_memory(text, strlen(text), "in",
				   lvl_format_find(format), pool_keep, &d, NULL,
				   &err);

	if (!rc)
		fail_msg("taken: %s", text);
	assert_null(d);
	if (!strstr(err.text, why) || strncmp(err.text, "in:", 3))
		fail_msg("%s does not say %s", err.text, why);
	return rc;
}

/* -- libvirt ------------------------------------------------------------------
 */

/*
 * D1: a pool of AMD and Intel was levelled if the AMD host came first and
 * had no vendor, and refused in the other order.
 */
static void test_d1_order(void **state)
{
	static const char opteron[] =
		"<cpu>\n <arch>x86_64</arch>\n <model>Opteron_G5</model>\n"
		"</cpu>\n";
	static const char haswell[] =
		"<cpu>\n <arch>x86_64</arch>\n <model>Haswell</model>\n"
		" <vendor>Intel</vendor>\n</cpu>\n";
	struct lvl_policy m[2], turned[2], level;

	(void)state;
	m[0] = turned[1] = read_as("libvirt-cpu", opteron);
	m[1] = turned[0] = read_as("libvirt-cpu", haswell);
	made_fill(&level, 0xc2);
	assert_int_equal(level_of(m, 2, &level, NULL), -LVL_E_VENDOR);
	assert_int_equal(level_of(turned, 2, &level, NULL), -LVL_E_VENDOR);
	assert_true(made_filled(&level, 0xc2));
	refused("libvirt-cpu",
		"<cpu>\n <model>Opteron_G5</model>\n"
		" <vendor>Intel</vendor>\n</cpu>\n",
		"vendor");
}

/* A member whose vendor nobody told gives no level that says one. */
static void test_d1_unknown_vendor(void **state)
{
	struct lvl_policy m[2], turned[2], a, b;
	struct lvl_status s;

	(void)state;
	m[0] = turned[1] = made_normal("intel " AVX2);
	m[1] = turned[0] = made_normal("?vendor-0 ?vendor-1 ?vendor-2 " AVX2);
	assert_int_equal(level_of(m, 2, &a, &s), 0);
	assert_int_equal(s.nr_incomplete >= 3, 1);
	assert_int_equal(lvl_policy_vendor(&a), LVL_VENDOR_UNKNOWN);
	assert_int_equal(level_of(turned, 2, &b, NULL), 0);
	assert_null(made_differ(&a, &b));
}

/* D2: FCS and FDS that are not saved were "levelled" away by AND. */
static void test_d2_x87(void **state)
{
	struct lvl_policy m[2], level;

	(void)state;
	m[0] = made_normal("intel " AVX2);
	m[1] = made_normal("intel " AVX2 "fdp-excp-only no-fpu-sel");
	assert_int_equal(level_of(m, 2, &level, NULL), 0);
	made_assert(&level, "fdp-excp-only no-fpu-sel", "Skylake's are told");
	assert_int_equal(fits(&m[0], &m[1], &found), LVL_NO);
	assert_non_null(found_about(&found, LVL_F_NO_FPU_SEL));
	assert_int_equal(found_about(&found, LVL_F_NO_FPU_SEL)->reason,
			 LVL_R_UNTOLD);
	assert_int_equal(fits(&m[1], &m[0], &found), LVL_YES);
}

static int x87(const struct lvl_policy *p)
{
	return lvl_has(p, LVL_F_FDP_EXCP_ONLY) +
	       2 * lvl_has(p, LVL_F_NO_FPU_SEL);
}

/* One pair of real machines; how often AND would have been wrong. */
static unsigned d2_pair(const struct gen_host *a, const struct gen_host *b)
{
	const struct lvl_policy m[2] = { a->host, b->host };
	struct lvl_policy level;
	int rc;

	if (x87(&m[0]) == x87(&m[1]))
		return 0;
	rc = level_of(m, 2, &level, NULL);
	if (rc)
		fail_msg("%s, %s: %s", a->file, b->file, lvl_strerror(rc));
	if ((x87(&level) & (x87(&m[0]) | x87(&m[1]))) !=
	    (x87(&m[0]) | x87(&m[1])))
		fail_msg("%s, %s: not told", a->file, b->file);
	return 1;
}

static void test_d2_corpus(void **state)
{
	struct gen_corpus corpus;
	int absent;
	const char *why = gen_corpus_load(&corpus, &absent);
	unsigned i, k, pairs = 0, wrong = 0;

	(void)state;
	if (why && absent) {
		print_message("no dumps of real CPUs: %s\n", why);
		skip();
	}
	if (why)
		fail_msg("%s", why);
	for (i = 0; i < corpus.n; i++)
		for (k = 0; k < i; k++) {
			unsigned v = lvl_policy_vendor(&corpus.host[i].host);

			if (!v || v != lvl_policy_vendor(&corpus.host[k].host))
				continue;
			pairs++;
			wrong += d2_pair(&corpus.host[i], &corpus.host[k]);
		}
	print_message("%u same-vendor pairs, %u of which AND gets wrong\n",
		      pairs, wrong);
	assert_true(!pairs || wrong > 0);
	gen_corpus_free(&corpus);
}

/* D3: <feature policy='disable'/> of a host's definition was ignored. */
static void test_d3_disable(void **state)
{
	static const char *const cpus[] = {
		"<cpu>\n <model>Haswell</model>\n"
		" <feature policy='disable' name='avx'/>\n</cpu>\n",
		"<cpu mode='custom' match='exact'>\n <model>Haswell</model>\n"
		" <feature policy='disable' name='avx'/>\n</cpu>\n",
		"<cpu mode='custom' match='exact'>\n <model>Haswell</model>\n"
		" <feature policy='forbid' name='avx'/>\n</cpu>\n",
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cpus); i++) {
		struct lvl_policy p = read_as("libvirt-cpu", cpus[i]);

		made_assert(&p, "-avx -avx2 -fma -f16c sse4-2 xsave", cpus[i]);
	}
}

/* D4: one host with RSBA, and the pool's guests were told that there is none.
 */
static void test_d4_rsba(void **state)
{
	struct lvl_policy m[3], level;

	(void)state;
	m[0] = made_normal("intel " X64 "arch-caps rdcl-no");
	m[1] = made_normal("intel " X64 "arch-caps rdcl-no ret-alternate");
	m[2] = made_normal("intel " X64 "arch-caps ibrsb stibp ssbd eibrs "
			   "ret-alternate");
	made_assert(&m[1], "rsba -rrsba", "no eIBRS");
	made_assert(&m[2], "-rsba rrsba", "eIBRS");
	assert_int_equal(level_of(m, 2, &level, NULL), 0);
	made_assert(&level, "arch-caps rdcl-no rsba -rrsba", "two");
	assert_int_equal(level_of(m, 3, &level, NULL), 0);
	made_assert(&level, "arch-caps rsba -rrsba -eibrs", "three");
	assert_int_equal(fits(&m[0], &m[1], &found), LVL_NO);
	assert_int_equal(fits(&level, &m[0], &found), LVL_YES);
}

/* D5: AVX2 and FMA in a baseline without AVX or XSAVE. */
static void test_d5_closure(void **state)
{
	struct lvl_policy m[2], level;

	(void)state;
	m[0] = made_normal("intel " AVX2);
	/* not normalised: somebody's list of names */
	m[1] = made("intel " X64 "sse3 cx16 avx2 fma f16c");
	lvl_policy_normalise(&m[1], NULL);
	made_assert(&m[1], "-avx2 -fma -f16c -avx -xsave", "closed");
	assert_int_equal(level_of(m, 2, &level, NULL), 0);
	made_assert(&level, "sse3 -avx2 -fma -f16c -avx -xsave", "closed");
	m[1] = made("intel " X64 "xsave avx512vl avx512bw");
	lvl_policy_normalise(&m[1], NULL);
	made_assert(&m[1], "-avx512vl -avx512bw", "VL without F");
}

/* -- toolstacks
 * ---------------------------------------------------------------- */

/* P1: an empty set that everything is a subset of. */
static void test_p1_empty(void **state)
{
	static struct lvl_fold f;
	struct lvl_policy nothing, some = made_normal("intel " AVX2), level;

	(void)state;
	lvl_fold_init(&f);
	made_fill(&level, 0xc2);
	assert_int_equal(lvl_fold_read(&f, &level, NULL, NULL), -LVL_E_EMPTY);
	assert_true(made_filled(&level, 0xc2));
	lvl_policy_clear(&nothing);
	assert_int_equal(fits(&some, &nothing, &found), LVL_UNKNOWN);
	lvl_policy_zero(&nothing);
	assert_int_equal(fits(&some, &nothing, &found), LVL_NO);
	/* a member that says nothing takes everything away */
	lvl_policy_clear(&nothing);
	lvl_fold_add(&f, &some);
	lvl_fold_add(&f, &nothing);
	assert_int_equal(lvl_fold_read(&f, &level, NULL, NULL), 0);
	made_assert(&level, "-avx2 -sse2 -fpu", "not the identity");
}

/*
 * What is not known of one member is not given to guests: a chain's too.
 * RTM and TSX are one number; "at most what the others have" would be 2.
 */
static void test_p2_unknown_member(void **state)
{
	struct lvl_policy m[2], level;
	struct lvl_status s;

	(void)state;
	m[0] = made_normal("intel " AVX2 "rtm tsx=2 fsgsbase");
	m[1] = made_normal("intel " AVX2);
	made_apply(&m[1], "?tsx ?rtm ?rtm-always-abort ?fsgsbase");
	assert_int_equal(level_of(m, 2, &level, &s), 0);
	made_assert(&level, "-fsgsbase -rtm", "unknown reads low");
}

/* P4: all that is missing is named, not the first of it. */
static void test_p4_all_findings(void **state)
{
	static const unsigned missing[] = {
		LVL_F_AVX, LVL_F_AVX2, LVL_F_FMA, LVL_F_F16C, LVL_F_XSAVE,
	};
	struct lvl_policy guest = made_normal("intel " AVX2),
			  host = made_normal("intel " X64 "sse3 ssse3 sse4-1 "
					     "sse4-2 popcnt maxphysaddr=40");
	unsigned i;

	(void)state;
	lvl_set(&guest, LVL_F_MAXPHYSADDR, 46);
	assert_int_equal(fits(&guest, &host, &found), LVL_NO);
	for (i = 0; i < LVL_COUNT(missing); i++)
		assert_non_null(found_about(&found, missing[i]));
	assert_int_equal(found_about(&found, LVL_F_MAXPHYSADDR)->reason,
			 LVL_R_TOO_HIGH);
}

/* P6: a misspelt feature of a level, which no host can have. */
static void test_p6_misspelt(void **state)
{
	(void)state;
	refused("libvirt-cpu",
		"<cpu>\n <model>EPYC-Milan</model>\n"
		" <feature name='vpclmutqdq'/>\n</cpu>\n",
		"vpclmutqdq");
	refused("libvirt-cpu",
		"<cpu>\n <model>EPYC-Milan</model>\n"
		" <feature name='stipb-always-on'/>\n</cpu>\n",
		"stipb-always-on");
}

/* P7: a newer part without TSX is not below an older one with it. */
static void test_p7_sets(void **state)
{
	struct lvl_policy m[2], level;

	(void)state;
	m[0] = made_normal("intel fms=0x50654 " AVX2 "rtm tsx=2 hle");
	m[1] = made_normal("intel fms=0x606a6 " AVX2 "gfni");
	assert_int_equal(fits(&m[0], &m[1], &found), LVL_NO);
	assert_int_equal(fits(&m[1], &m[0], &found), LVL_NO);
	assert_int_equal(level_of(m, 2, &level, NULL), 0);
	made_assert(&level, "avx2 -gfni -rtm -hle", "what both have");
	assert_int_equal(fits(&level, &m[0], &found), LVL_YES);
	assert_int_equal(fits(&level, &m[1], &found), LVL_YES);
}

/*
 * P11: a check that saw neither vendor, XSAVE layout, address width, nor
 * leaves 0x80000008 and 0x80000021.  P12: one that saw too much: equal XSAVE
 * sizes, ERMS as if it were an instruction.  P17: bits that the VMM makes up.
 */
static void test_p11_p12_p17_compared(void **state)
{
	static const struct {
		const char *guest, *host;
		enum lvl_verdict verdict;
	} cases[] = {
		{ "intel", "amd", LVL_NO },
		{ "intel xsave avx xsave-ymm-size=256 xsave-ymm-offset=576",
		  "intel xsave avx xsave-ymm-size=256 xsave-ymm-offset=640",
		  LVL_NO },
		{ "intel maxphysaddr=52", "intel maxphysaddr=46", LVL_NO },
		{ "intel maxphysaddr=46", "intel maxphysaddr=52", LVL_YES },
		{ "amd ibpb", "amd", LVL_NO },
		{ "amd auto-ibrs", "amd", LVL_NO },
		{ "amd", "amd verw-clear", LVL_NO },
		{ "intel rdcl-no", "intel", LVL_NO },
		/* P12 */
		{ "intel xsave xsave-size-max=832",
		  "intel xsave xsave-size-max=2696", LVL_YES },
		{ "intel erms", "intel", LVL_YES },
		{ "intel fsrm", "intel", LVL_YES },
		/* P17 */
		{ "intel htt", "intel", LVL_YES },
		{ "amd cmp-legacy", "amd", LVL_YES },
		{ "intel max-basic-leaf=0x1f", "intel max-basic-leaf=0xd",
		  LVL_YES },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy g = made(cases[i].guest),
				  h = made(cases[i].host);

		if (fits(&g, &h, &found) != cases[i].verdict)
			fail_msg("\"%s\" on \"%s\"", cases[i].guest,
				 cases[i].host);
	}
}

/* P11: what Cloud Hypervisor's own tests say of MSR 0x10a. */
static void test_p11_arch_caps(void **state)
{
	static const struct {
		const char *name, *guest, *host;
		enum lvl_verdict verdict;
	} cases[] = {
		{ "Cascade Lake to Sapphire Rapids", "m10a=0xc0aa0eb",
		  "m10a=0x400000000c08e1eb", LVL_YES },
		{ "Sapphire Rapids to Granite Rapids",
		  "m10a=0x400000000c08e1eb", "m10a=0x400000000d08e1eb",
		  LVL_YES },
		{ "back, without PBRSB_NO", "m10a=0x400000000d08e1eb",
		  "m10a=0x400000000c08e1eb", LVL_NO },
		{ "Sapphire Rapids without TSX_CTRL", "m10a=0x400000000c08e16b",
		  "m10a=0x400000000c08e1eb", LVL_YES },
		{ "the same to Granite Rapids", "m10a=0x400000000c08e16b",
		  "m10a=0x400000000d08e1eb", LVL_YES },
		/* reserved bits are never told: they cannot differ */
		{ "reserved bits", "m10a=0x2000000080000001",
		  "m10a=0x40000000001", LVL_YES },
	};
	char words[128];
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy g, h;

		snprintf(words, sizeof(words),
			 "intel msr arch-caps "
			 "?ret-alternate %s",
			 cases[i].guest);
		g = made_normal(words);
		snprintf(words, sizeof(words),
			 "intel msr arch-caps "
			 "?ret-alternate %s",
			 cases[i].host);
		h = made_normal(words);
		if (fits(&g, &h, &found) != cases[i].verdict)
			fail_msg("%s", cases[i].name);
	}
}

/* P13: a kernel's upgrade took IBRSB from Milan's guests. */
static void test_p13_milan(void **state)
{
	struct lvl_policy old = pool_machine("milan"), newer = old, guest;

	(void)state;
	made_apply(&newer, "-ibrsb -stibp -ssbd");
	lvl_policy_normalise(&newer, NULL);
	assert_int_equal(level_of(&old, 1, &guest, NULL), 0);
	made_assert(&guest, "ibrsb", "told");
	assert_int_equal(fits(&guest, &newer, &found), LVL_NO);
	assert_non_null(found_about(&found, LVL_F_IBRSB));
	assert_int_equal(found_about(&found, LVL_F_IBRSB)->severity,
			 LVL_SECURITY);
	assert_int_equal(level_of(&newer, 1, &guest, NULL), 0);
	assert_int_equal(fits(&guest, &old, &found), LVL_YES);
}

/* P15: words that a newer version adds, all zero, are no change. */
static void test_p15_new_words(void **state)
{
	struct lvl_policy was = made_normal("intel " AVX2), is = was, m[2];
	struct lvl_policy a, b;
	unsigned w;

	(void)state;
	for (w = 10; w < LVL_NR_XEN_WORDS; w++)
		was.v[w] = was.k[w] = 0;
	m[0] = was;
	m[1] = is;
	assert_int_equal(level_of(m, 2, &a, NULL), 0);
	assert_int_equal(level_of(&is, 1, &b, NULL), 0);
	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t and = lvl_masks[LVL_MASK_AND][w];
		uint32_t or = lvl_masks[LVL_MASK_OR][w];

		/* hazards that the one may have are told, no more */
		assert_int_equal(a.v[w] & and, b.v[w] & and);
		assert_int_equal(b.v[w] & or &~a.v[w], 0);
	}
	assert_int_equal(fits(&b, &is, &found), LVL_YES);
	/* and a guest of then whose words of now are not known is not denied */
	assert_int_equal(fits(&was, &is, &found), LVL_UNKNOWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_d1_order),
		cmocka_unit_test(test_d1_unknown_vendor),
		cmocka_unit_test(test_d2_x87),
		cmocka_unit_test(test_d2_corpus),
		cmocka_unit_test(test_d3_disable),
		cmocka_unit_test(test_d4_rsba),
		cmocka_unit_test(test_d5_closure),
		cmocka_unit_test(test_p1_empty),
		cmocka_unit_test(test_p2_unknown_member),
		cmocka_unit_test(test_p4_all_findings),
		cmocka_unit_test(test_p6_misspelt),
		cmocka_unit_test(test_p7_sets),
		cmocka_unit_test(test_p11_p12_p17_compared),
		cmocka_unit_test(test_p11_arch_caps),
		cmocka_unit_test(test_p13_milan),
		cmocka_unit_test(test_p15_new_words),
	};

	return cmocka_run_group_tests_name("regressions", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Readers of formats made of lines: good text, real dumps, damaged text. */
#include "import-check.h"
#include "import-damaged.h"
#include "import-samples.h"

/* -- real dumps ----------------------------------------------------------- */

/* One line of the manifest: what the dump must say about itself. */
static void check_dump(char *line)
{
	char *col[20] = { line };
	const struct lvl_policy *p;
	const struct lvl_msr_words *m = lvl_msr_find(0x10a);
	struct result r;
	unsigned i;

	for (i = 1; i < 20 && col[i - 1]; i++) {
		col[i] = strchr(col[i - 1], '\t');
		if (col[i])
			*col[i]++ = '\0';
	}
	assert_non_null(col[19]);
	read_dump(&r, col[0]);
	p = r.d[0]->policy[LVL_KIND_RAW];
	if (strtoul(col[9], NULL, 16) != p->v[lvl_word_of_leaf(1, 0, 0)] ||
	    strtoul(col[11], NULL, 10) != r.d[0]->nr_cpus ||
	    strtoul(col[6], NULL, 16) != lvl_policy_family(p) ||
	    strtoul(col[7], NULL, 16) != lvl_policy_model(p))
		fail_msg("%s: not signature %s, %s CPUs", col[0], col[9],
			 col[11]);
	/* cores of Lakefield differ in its reserved bit 31 */
	if (col[15][0] != '-' &&
	    (((strtoull(col[15], NULL, 16) ^ p->v[m->word]) & 0x7fffffff) ||
	     !p->k[m->word]))
		fail_msg("%s: MSR 0x10a is 0x%x, known 0x%x, not %s", col[0],
			 p->v[m->word], p->k[m->word], col[15]);
	assert_true(r.d[0]->hints & LVL_HINT_32BIT);
	drop(&r);
}

static int is_ours(const char *line)
{
	return !strncmp(line, "InstLatx64/", 11) ||
	       !strncmp(line, "libcpuid/", 9) ||
	       !strncmp(line, "pytorch-cpuinfo/", 16);
}

static void test_corpus(void **state)
{
	char path[1200], line[8192];
	unsigned n = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/MANIFEST.tsv", corpus());
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!is_ours(line))
			continue;
		check_dump(line);
		n++;
	}
	fclose(f);
	assert_int_equal(n, 61);
}

/* Registers read off the files by hand: labelled, not, in the last lines. */
static const struct {
	const char *file;
	uint32_t leaf, subleaf;
	unsigned reg;
	uint32_t value;
} values[] = {
	{ "GenuineIntel0000480_486_CPUID", 0, 0, 0, 1 },
	{ "GenuineIntel0000480_486_CPUID", 1, 0, 3, 3 },
	{ "GenuineIntel00006E8_PM_Yonah_CPUID", 4, 1, 0, 0x122 },
	{ "GenuineIntel00006E8_PM_Yonah_CPUID", 4, 2, 2, 0xfff },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 4, 3, 0, 0x3c07c163 },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 0xb, 1, 0, 5 },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 0xd, 0, 0, 7 },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 0xd, 2, 0, 0x100 },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 0xd, 2, 1, 0x240 },
	{ "AuthenticAMD0600F12_K15_Interlagos_CPUID3", 0xd, 2, 1, 0x240 },
	{ "AuthenticAMD0700F01_K16_Kabini2_CPUID", 0x8000001d, 2, 0, 0xc143 },
	{ "AuthenticAMD0700F01_K16_Kabini2_CPUID", 7, 0, 1, 8 },
	{ "CentaurHauls00006FE_CNR_Isaiah_CPUID3", 0xc0000001, 0, 3,
	  0x1ec33dfc },
	{ "GenuineTMx860000F24_Efficeon_CPUID", 0x80860001, 0, 3, 0x142a },
	/* SYSCALL reads 0 in these files; the rule knows better */
	{ "GenuineIntel0010676_Harpertown_CPUID", 0x80000001, 0, 3,
	  0x20100800 },
	{ "GenuineIntel00306E4_IvyBridgeEP_CPUID", 0x80000001, 0, 3,
	  0x2c100800 },
};

static void test_values(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(values); i++) {
		char file[200];
		struct result r;

		snprintf(file, sizeof(file), "InstLatx64/%s.txt",
			 values[i].file);
		read_dump(&r, file);
		assert_reg(r.d[0]->policy[LVL_KIND_RAW], values[i].leaf,
			   values[i].subleaf, values[i].reg, values[i].value);
		drop(&r);
	}
}

/* The named traps of the collection. */
static void test_traps(void **state)
{
	const struct lvl_policy *p;
	struct result r;

	(void)state;
	/* sub-leaf 1 of leaf 0xd was left out: not known, not zero */
	read_dump(&r, "InstLatx64/GenuineIntel00306E4_IvyBridgeEP_CPUID.txt");
	assert_unknown(r.d[0]->policy[LVL_KIND_RAW], 0xd, 1, 0);
	assert_int_equal(r.d[0]->nr_cpus, 24);
	drop(&r);

	/* one core of a module has LWP, the other has not */
	read_dump(&r, "InstLatx64/"
		      "AuthenticAMD0600F20_K15_AbuDhabi_CPUID2.txt");
	p = r.d[0]->policy[LVL_KIND_RAW];
	assert_true(r.d[0]->hints & LVL_HINT_CORES_DIFFER);
	assert_fact(r.d[0], "cores-differ", "lwp");
	assert_int_equal(p->v[3] >> 15 & 1, 0);
	drop(&r);

	/* MSRs were read on one CPU only, and polled */
	read_dump(&r, "InstLatx64/"
		      "GenuineIntel0050657_CascadeLakeSP_CPUID1.txt");
	p = r.d[0]->policy[LVL_KIND_RAW];
	assert_fact(r.d[0], "msrs-from", "logical CPU 0");
	assert_int_equal(p->v[lvl_word_of_msr(0x10a)], 0x2b);
	assert_int_equal(p->k[lvl_word_of_msr(0x10a)], 0xffffffffu);
	drop(&r);

	read_dump(&r, "InstLatx64/Virtual CPU 0000F4A_FT2000_4_CPUID.txt");
	p = r.d[0]->policy[LVL_KIND_RAW];
	assert_reg(p, 0, 0, 2, 0x20555043); /* "CPU " */
	drop(&r);

	/* leaves beyond the maximum 4 repeat it: that is no leaf 7 */
	read_dump(&r, "libcpuid/intel__qemu__qemu-virtual-cpu-version.test");
	assert_string_equal(r.format, "libcpuid");
	p = r.d[0]->policy[LVL_KIND_RAW];
	assert_reg(p, 4, 2, 0, 0x143);
	assert_int_equal(p->v[lvl_word_of_leaf(7, 0, 1)], 0);
	assert_int_equal(p->v[lvl_word_of_leaf(0x80000008, 0, 1)], 0);
	drop(&r);
}

/* -- good text ------------------------------------------------------------ */

static void test_cpuid_raw(void **state)
{
	struct result r = good("cpuid-raw", cpuid_r, 1);
	const struct lvl_policy *p = r.d[0]->policy[LVL_KIND_RAW];

	(void)state;
	assert_int_equal(r.d[0]->nr_cpus, 2);
	assert_reg(p, 7, 0, 1, 0xf1bf2ffb);
	assert_reg(p, 7, 1, 3, 0x84000);
	/* only one of the CPUs has the leaf in this text */
	assert_false(lvl_known(p, LVL_F_LAHF_LM));
	assert_int_equal(r.d[0]->extra[LVL_KIND_RAW].nr_leaves, 1);
	assert_int_equal(r.d[0]->hints & LVL_HINT_32BIT, 0);
	drop(&r);

	r = good("cpuid-raw",
		 "CPU:\r\n   0x0000000d 0x11: eax=0x00000040 "
		 "ebx=0x00000ac0 ecx=0x00000002 edx=0x00000000\r\n",
		 1);
	assert_int_equal(r.d[0]->nr_cpus, 1);
	drop(&r);
}

static void test_kcpuid(void **state)
{
	struct result r = good("cpuid-raw", kcpuid, 1);
	const struct lvl_policy *p = r.d[0]->policy[LVL_KIND_RAW];

	(void)state;
	assert_reg(p, 7, 0, 1, 0xf3bfbfff);
	assert_reg(p, 7, 1, 0, 0x1c30);
	assert_reg(p, 0x80000001, 0, 2, 0x121);
	/* all zero, or not read at all: the text does not tell */
	assert_unknown(p, 6, 0, 0);
	drop(&r);
}

static void test_instlatx64(void **state)
{
	char *twice = malloc(2 * sizeof(aida));
	struct result r = good("instlatx64", aida, 1);
	const struct lvl_policy *p = r.d[0]->policy[LVL_KIND_RAW];

	(void)state;
	assert_int_equal(r.d[0]->nr_cpus, 2);
	assert_fact(r.d[0], "tool", "AIDA64 v4.30.2931 Beta");
	assert_fact(r.d[0], "msrs-from", "logical CPU 0");
	assert_int_equal(p->v[lvl_word_of_msr(0x10a)], 8);
	assert_int_equal(p->k[lvl_word_of_msr(0x10a)], 0xffffffffu);
	assert_int_equal(p->k[lvl_word_of_msr(0x480)], 0);
	drop(&r);

	/* a file of two dumps, and libcpuid's name for the second kind */
	assert_non_null(twice);
	snprintf(twice, 2 * sizeof(aida), "%s%s", aida, aida);
	r = good("libcpuid", twice, 2);
	assert_string_equal(r.d[1]->name, "in#2");
	assert_fact(r.d[1], "tool", "AIDA64 v4.30.2931 Beta");
	drop(&r);
	free(twice);
}

/* The unlabelled lines of one CPU: sub-leaves by order, and by the mask. */
static void test_unlabelled(void **state)
{
	struct result r;
	const struct lvl_policy *p;

	(void)state;
	r = good("instlatx64",
		 "CPUID 00000000  \t0000000D-756E6547-6C65746E-49656E69\n"
		 "CPUID 00000004  \t1C004121-01C0003F-0000003F-00000000\n"
		 "CPUID 00000004  \t1C004122-01C0003F-0000003F-00000000\n"
		 "CPUID 0000000D  \t0000001F-00000340-00000440-00000000\n"
		 "CPUID 0000000D  \t00000001-00000000-00000000-00000000\n"
		 "CPUID 0000000D  \t00000100-00000240-00000000-00000000\n"
		 "CPUID 0000000D  \t00000040-000003C0-00000000-00000000\n",
		 1);
	p = r.d[0]->policy[LVL_KIND_RAW];
	assert_reg(p, 4, 1, 0, 0x1c004122);
	assert_reg(p, 0xd, 1, 0, 1);
	assert_reg(p, 0xd, 2, 1, 0x240);
	assert_reg(p, 0xd, 3, 1, 0x3c0);
	drop(&r);
}

static void test_libcpuid(void **state)
{
	struct result r = good("libcpuid", libcpuid, 1);
	const struct lvl_policy *p = r.d[0]->policy[LVL_KIND_RAW];

	(void)state;
	assert_int_equal(r.d[0]->nr_cpus, 2);
	assert_fact(r.d[0], "tool", "libcpuid 0.6.2");
	assert_true(r.d[0]->hints & LVL_HINT_32BIT);
	assert_reg(p, 4, 1, 0, 0x4000122);
	assert_reg(p, 0xb, 1, 0, 5);
	drop(&r);
}

/* A leaf that a policy does not print is zero, within what Xen serialises. */
static void test_xen_policies(void **state)
{
	struct result r = good("xen-cpuid", xen_policies, 1);
	const struct lvl_policy *raw = r.d[0]->policy[LVL_KIND_RAW];
	const struct lvl_policy *max = r.d[0]->policy[LVL_KIND_HVM_MAX];

	(void)state;
	assert_null(r.d[0]->policy[LVL_KIND_PV_MAX]);
	assert_bit(max, LVL_F_ADX, 1);
	assert_bit(max, LVL_F_LFENCE_DISPATCH, 1);
	assert_reg(max, 4, 5, 0, 0);
	assert_reg(max, 7, 1, 0, 0);
	assert_reg(max, 7, 2, 3, 0);
	assert_int_equal(max->v[lvl_word_of_msr(0xce)], 0x80000000);
	/* Xen's signature is in no policy; behind it is nothing of KVM's */
	assert_reg(max, 0x40000000, 0, 1, 0x566e6558);
	assert_bit(max, LVL_F_KVMCLOCK, 0);
	/* this Xen is too old to have read 7:1 of the CPU */
	assert_reg(raw, 6, 0, 0, 0);
	assert_unknown(raw, 7, 1, 0);
	/* read with ECX 0, printed without a sub-leaf */
	assert_reg(raw, 0x8000001d, 0, 0, 0x121);
	drop(&r);

	r = good("xen-cpuid",
		 "Domain 5 policy: 2 leaves, 0 MSRs\n CPUID:\n"
		 "  00000000:ffffffff -> 00000001:756e6547:6c65746e:49656e69\n"
		 "  00000001:ffffffff -> 000a0671:00000800:00002203:178bfbff\n"
		 " MSRs:\n"
		 "Domain 6 policy: 2 leaves, 0 MSRs\n CPUID:\n",
		 2);
	assert_reg(r.d[0]->policy[LVL_KIND_SEEN], 1, 0, 2, 0x2203);
	assert_fact(r.d[1], "domain", "6");
	drop(&r);
}

/* Each kind lacks another bit in the text. */
static void test_xen_sets(void **state)
{
	static const struct {
		enum lvl_kind kind;
		unsigned lacks;
	} sets[] = {
		{ LVL_KIND_RAW, LVL_F_DE },
		{ LVL_KIND_HOST, LVL_F_PSE },
		{ LVL_KIND_PV_DEFAULT, LVL_F_MCE },
		{ LVL_KIND_HVM_DEFAULT, LVL_F_CX8 },
		{ LVL_KIND_PV_MAX, LVL_F_PGE },
		{ LVL_KIND_HVM_MAX, LVL_F_PAT },
	};
	struct result r = good("xen-cpuid", xen_sets, 1);
	unsigned i, j;

	(void)state;
	for (i = 0; i < LVL_COUNT(sets); i++)
		for (j = 0; j < LVL_COUNT(sets); j++)
			assert_bit(r.d[0]->policy[sets[i].kind], sets[j].lacks,
				   i != j);
	/* no more words than were given */
	assert_unknown(r.d[0]->policy[LVL_KIND_RAW], 0x80000001, 0, 3);
	drop(&r);
}

/* Of guests that Xen does not run it has zeroes, which are no policy. */
static void test_xen_log(void **state)
{
	struct result r = good("xen-log", xen_log, 1);

	(void)state;
	assert_fact(r.d[0], "xen-options", "com1=115200,8n1 console=com1");
	assert_bit(r.d[0]->policy[LVL_KIND_RAW], LVL_F_DE, 0);
	assert_int_equal(lvl_get(r.d[0]->policy[0], LVL_F_MXCSR_MASK), 0xffff);
	assert_null(r.d[0]->policy[LVL_KIND_HVM_MAX]);
	drop(&r);
}

static void test_cpuinfo(void **state)
{
	struct result r = good("cpuinfo", cpuinfo, 2);
	const struct lvl_policy *p = r.d[0]->policy[LVL_KIND_RAW];
	static const uint32_t brand[] = { 0x65746e49, 0x2952286c, 0x6f655820 };
	unsigned i;

	(void)state;
	assert_int_equal(r.d[0]->nr_cpus, 2);
	assert_fact(r.d[0], "model", "Intel(R) Xeon(R) Processor");
	assert_fact(r.d[0], "microcode", "0x1");
	assert_reg(p, 0, 0, 1, 0x756e6547);
	assert_reg(p, 0, 0, 3, 0x49656e69);
	assert_int_equal(lvl_policy_family(p), 6);
	assert_int_equal(lvl_policy_model(p), 167);
	assert_int_equal(lvl_policy_stepping(p), 1);
	assert_int_equal(lvl_get(p, LVL_F_MAXPHYSADDR), 46);
	for (i = 0; i < LVL_COUNT(brand); i++)
		assert_reg(p, 0x80000002, 0, i, brand[i]);
	assert_true(lvl_has(p, LVL_F_SSE3)); /* "pni" */
	assert_true(lvl_has(p, LVL_F_LM));
	/* listed by one of the two, by none, and made up from others */
	assert_false(lvl_known(p, LVL_F_AVX2));
	assert_false(lvl_known(p, LVL_F_SMEP));
	assert_false(lvl_known(p, LVL_F_IBRS));
	/* the second machine: family 25, no brand string without long mode */
	p = r.d[1]->policy[LVL_KIND_RAW];
	assert_int_equal(lvl_policy_family(p), 0x19);
	assert_int_equal(lvl_policy_model(p), 1);
	assert_unknown(p, 0x80000002, 0, 0);
	drop(&r);
}

static void test_xapi(void **state)
{
	struct result r = good("xapi", xapi, 2);

	(void)state;
	assert_string_equal(r.d[0]->name, "host1");
	assert_fact(r.d[0], "uuid", "9a5d");
	assert_bit(r.d[0]->policy[LVL_KIND_PV_MAX], LVL_F_PSE, 0);
	assert_bit(r.d[0]->policy[LVL_KIND_HVM_MAX], LVL_F_PSE, 1);
	assert_reg(r.d[0]->policy[LVL_KIND_HVM_DEFAULT], 0, 0, 1, 0x756e6547);
	assert_null(r.d[0]->policy[LVL_KIND_PV_DEFAULT]);
	assert_null(r.d[0]->policy[LVL_KIND_RAW]);
	assert_string_equal(r.d[1]->name, "host2");
	assert_bit(r.d[1]->policy[LVL_KIND_PV_DEFAULT], LVL_F_NX, 1);
	drop(&r);

	/* bare strings: a host each */
	r = good("xapi",
		 "07cbfbff-04082201\n00000000:00000002:0000007b\n0123\n", 3);
	assert_bit(r.d[0]->policy[LVL_KIND_HOST], LVL_F_SSE3, 1);
	assert_bit(r.d[2]->policy[LVL_KIND_HOST], LVL_F_CX8, 1);
	assert_bit(r.d[2]->policy[LVL_KIND_HOST], LVL_F_DE, 0);
	assert_false(lvl_known(r.d[2]->policy[LVL_KIND_HOST], LVL_F_POPCNT));
	drop(&r);
}

/* Both layouts say the same here, but for the words that one lacks. */
static void test_xl_info(void **state)
{
	static const unsigned same[] = {
		LVL_F_PAT,     LVL_F_CX16, LVL_F_POPCNT, LVL_F_NX,
		LVL_F_LAHF_LM, LVL_F_SMEP, LVL_F_ERMS,
	};
	struct result r = good("xl-info", xl_info, 2);
	unsigned i, j;

	(void)state;
	assert_string_equal(r.d[0]->name, "xen1");
	assert_fact(r.d[0], "xen-version", "4.17.2");
	for (i = 0; i < 2; i++)
		for (j = 0; j < LVL_COUNT(same); j++)
			assert_bit(r.d[i]->policy[LVL_KIND_HOST], same[j], 1);
	assert_bit(r.d[0]->policy[LVL_KIND_HOST], LVL_F_XSAVEOPT, 1);
	assert_false(lvl_known(r.d[1]->policy[LVL_KIND_HOST], LVL_F_XSAVEOPT));
	drop(&r);
}

/* -- detection ------------------------------------------------------------ */

static const struct {
	const char *format, *text;
} samples[] = {
	{ "cpuid-raw", cpuid_r },    { "cpuid-raw", kcpuid },
	{ "instlatx64", aida + 26 }, { "libcpuid", aida },
	{ "libcpuid", libcpuid },    { "xen-cpuid", xen_policies },
	{ "xen-cpuid", xen_sets },   { "xen-log", xen_log },
	{ "cpuinfo", cpuinfo },      { "xapi", xapi },
	{ "xl-info", xl_info },      { "xapi", "07cbfbff-04082201-20100800\n" },
};

/* Each is found by its text, and no other reader of lines claims it. */
static void test_probe(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++) {
		const char *text = samples[i].text;
		struct result r = import(NULL, text, strlen(text));

		if (r.rc)
			fail_msg("%u: %s", i, r.err.text);
		if (strcmp(samples[i].format, "instlatx64"))
			assert_string_equal(r.format, samples[i].format);
		drop(&r);
		for (j = 0; lvl_formats[j]; j++) {
			if (!lvl_formats[j]->probe(text, strlen(text)) ||
			    !strcmp(lvl_formats[j]->name, samples[i].format) ||
			    strstr(text, "------[ "))
				continue;
			fail_msg("%s claims a text of %s", lvl_formats[j]->name,
				 samples[i].format);
		}
	}
}

/* -- damaged text --------------------------------------------------------- */

static void check_damaged(const struct damaged *d, const char *text, size_t len)
{
	struct result r = import(d->format, text, len);

	if (r.rc != -(int)d->code || r.err.code != (int)d->code ||
	    r.err.line != d->line || r.n != d->machines ||
	    !strstr(r.err.text, d->reason))
		fail_msg("%s \"%.60s\": %d, %u machines, \"%s\"; want %d, %u, "
			 "line %lu, \"%s\"",
			 d->format, text, r.rc, r.n, r.rc ? r.err.text : "",
			 -(int)d->code, d->machines, d->line, d->reason);
	drop(&r);
}

static void test_damaged(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(damaged); i++)
		check_damaged(&damaged[i], damaged[i].text,
			      strlen(damaged[i].text));
}

/* A line of a megabyte, and a NUL in the middle, in every format. */
static void test_not_text(void **state)
{
	static char text[1 << 20];
	struct damaged d = { .text = text, .line = 1 };
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++) {
		d.format = samples[i].format;
		memset(text, 'a', sizeof(text));
		d.code = LVL_E_TOO_BIG;
		d.reason = "in:1: a line of more than 65536 bytes";
		check_damaged(&d, text, sizeof(text));
		memcpy(text, "xx\0xx\n", 6);
		d.code = LVL_E_SYNTAX;
		d.reason = "in:1: a NUL byte";
		check_damaged(&d, text, 6);
	}
}

/* `n` times a line with a number in it, behind a first line. */
static void check_many(const struct damaged *d, const char *line, unsigned n)
{
	size_t room = strlen(d->text) + (size_t)n * (strlen(line) + 12) + 1;
	char *text = malloc(room), *at = text;
	unsigned i;

	assert_non_null(text);
	at += sprintf(at, "%s", d->text);
	for (i = 0; i < n; i++)
		at += sprintf(at, line, i);
	check_damaged(d, text, (size_t)(at - text));
	free(text);
}

static void test_absurd_counts(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(absurd); i++)
		check_many(&absurd[i].d, absurd[i].line, absurd[i].times);
}

/* Cut anywhere: whole, refused with a reason, or the machines before it. */
static void test_cut(void **state)
{
	unsigned i;
	size_t len;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++) {
		for (len = 0; len < strlen(samples[i].text); len++) {
			struct result r =
				import(samples[i].format, samples[i].text, len);

			assert_true(r.rc <= 0 && r.n <= 2);
			if (r.rc)
				assert_memory_equal(r.err.text, "in:", 3);
			drop(&r);
		}
	}
}

/* What the receiver answers stops the import and is its result. */
static void test_stop(void **state)
{
	struct result r = { .stop = 42 };

	(void)state;
	assert_int_equal(lvl_import_memory(xl_info, strlen(xl_info), "in",
					   by_name("xl-info"), each, &r, NULL,
					   &r.err),
			 42);
	assert_int_equal(r.n, 1);
	drop(&r);
	r.n = 0;
	assert_int_equal(lvl_import_memory(aida, strlen(aida), "in",
					   by_name("instlatx64"), each, &r,
					   NULL, &r.err),
			 42);
	drop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_traps),
		cmocka_unit_test(test_cpuid_raw),
		cmocka_unit_test(test_kcpuid),
		cmocka_unit_test(test_instlatx64),
		cmocka_unit_test(test_unlabelled),
		cmocka_unit_test(test_libcpuid),
		cmocka_unit_test(test_xen_policies),
		cmocka_unit_test(test_xen_sets),
		cmocka_unit_test(test_xen_log),
		cmocka_unit_test(test_cpuinfo),
		cmocka_unit_test(test_xapi),
		cmocka_unit_test(test_xl_info),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_absurd_counts),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Values of the masking MSRs: a second implementation of what Xen computes
 * (domain.c, amd.c, intel.c), written by vendor and register as there,
 * against the tables; what a guest sees then; and real machines.
 */
#include "hosts.h"

#include <cpulevel/caps.h>

#include "corpus.h"

/* CPUs with masks, and one that faults. */
static const char *const cpus[] = {
	"intel fms=0x10676", "intel fms=0x106a5",  "intel fms=0x206d7",
	"intel fms=0x306a9", "amd fms=0x40f12",    "amd fms=0x100f80",
	"amd fms=0x600f12",  "hygon fms=0x900f02", "amd fms=0x800f11",
};

/* -- values, a second time ------------------------------------------------ */

static uint32_t reg(const struct lvl_policy *p, uint32_t leaf, unsigned r)
{
	return p->v[lvl_leaf_find(leaf, 0)->word[r]];
}

enum { EAX, EBX, ECX, EDX };

#define BIT_OSXSAVE (1u << 27)
#define BIT_XSAVE (1u << 26)
#define BIT_X2APIC (1u << 21)
#define BIT_HYPERVISOR (1u << 31)
#define BIT_APIC (1u << 9)
#define BIT_HTT (1u << 28)
#define BIT_CMP_LEGACY (1u << 1)
#define COMMON_1D 0x0183f3ffu

static uint64_t pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static uint32_t live_ecx(uint32_t ecx)
{
	return ecx & BIT_XSAVE ? ecx | BIT_OSXSAVE : ecx;
}

/* The boot default of an MSR that holds all ones. */
static uint64_t ref_idle(const struct lvl_policy *h, uint32_t msr)
{
	uint32_t c1 = live_ecx(reg(h, 1, ECX));
	uint32_t d1 = reg(h, 1, EDX) | BIT_APIC;
	uint32_t ce = reg(h, 0x80000001, ECX), de = reg(h, 0x80000001, EDX);

	switch (msr) {
	case 0x478:
	case 0x130:
	case 0x132:
		return pair(d1, c1);
	case 0x131:
	case 0x133:
		return pair(de, ce);
	case 0x134:
		return pair(~0u, h->v[lvl_leaf_find(0xd, 1)->word[EAX]]);
	case 0xc0011004:
		return pair(c1, d1);
	case 0xc0011005:
		return pair(ce, de | BIT_APIC);
	case 0xc0011002:
		return pair(reg(h, 7, EAX), reg(h, 7, EBX));
	case 0xc0011003:
		return pair(~0u, reg(h, 6, ECX));
	}
	fail_msg("no such mask: %x", msr);
	return 0;
}

static uint64_t ref_intel(const struct lvl_policy *g,
			  const struct lvl_policy *h, uint32_t msr,
			  uint64_t idle)
{
	uint32_t c, d;

	if (msr == 0x134)
		return idle & pair(~0u, g->v[lvl_leaf_find(0xd, 1)->word[EAX]]);
	if (msr == 0x131 || msr == 0x133) {
		c = reg(g, 0x80000001, ECX) |
		    (reg(h, 0x80000001, ECX) & BIT_CMP_LEGACY);
		d = reg(g, 0x80000001, EDX) & ~COMMON_1D;
		return idle & pair(d, c);
	}
	c = reg(g, 1, ECX) | (reg(h, 1, ECX) & BIT_X2APIC);
	d = reg(g, 1, EDX) | (reg(h, 1, EDX) & BIT_HTT);
	idle &= pair(d, c);
	return pair((uint32_t)(idle >> 32) | BIT_APIC,
		    live_ecx((uint32_t)idle));
}

static uint64_t ref_amd(const struct lvl_policy *g, const struct lvl_policy *h,
			uint32_t msr, uint64_t idle)
{
	uint32_t c, d;

	if (msr == 0xc0011003)
		return idle & pair(~0u, reg(g, 6, ECX));
	if (msr == 0xc0011002) {
		c = reg(g, 7, EAX);
		if (c > idle >> 32) /* nor more than the host */
			c = (uint32_t)(idle >> 32);
		return pair(c, (uint32_t)idle & reg(g, 7, EBX));
	}
	if (msr == 0xc0011005) {
		c = reg(g, 0x80000001, ECX) |
		    (reg(h, 0x80000001, ECX) & BIT_CMP_LEGACY);
		return (idle & pair(c, reg(g, 0x80000001, EDX))) | BIT_APIC;
	}
	c = reg(g, 1, ECX) | (reg(h, 1, ECX) & BIT_X2APIC);
	d = reg(g, 1, EDX) | (reg(h, 1, EDX) & BIT_HTT);
	idle &= pair(c, d);
	c = live_ecx((uint32_t)(idle >> 32)) |
	    (reg(g, 1, ECX) & BIT_HYPERVISOR);
	return pair(c, (uint32_t)idle | BIT_APIC);
}

/* Bits that a value may have beyond the idle one: live state, and a gift. */
static uint64_t beyond(const struct lvl_msr_mask *m, const struct lvl_policy *g)
{
	uint64_t live = 0;

	if (m->cap == LVL_LCAP_1CD)
		live = m->replaces ? pair(BIT_OSXSAVE | (reg(g, 1, ECX) &
							 BIT_HYPERVISOR),
					  BIT_APIC)
				   : pair(BIT_APIC, BIT_OSXSAVE);
	if (m->cap == LVL_LCAP_E1CD && m->replaces)
		live = BIT_APIC;
	return live;
}

static void check_mask(const struct lvl_msr_mask *m, const struct lvl_policy *g,
		       const struct lvl_policy *h, const char *what)
{
	uint64_t idle = ref_idle(h, m->msr);
	uint64_t value = m->msr < 0x1000 ? ref_intel(g, h, m->msr, idle)
					 : ref_amd(g, h, m->msr, idle);

	if (m->idle != idle)
		fail_msg("%s: msr %x: idle %llx, should be %llx", what, m->msr,
			 (unsigned long long)m->idle, (unsigned long long)idle);
	if (m->value != value)
		fail_msg("%s: msr %x: value %llx, should be %llx", what, m->msr,
			 (unsigned long long)m->value,
			 (unsigned long long)value);
	if (m->known != ~0ull)
		fail_msg("%s: msr %x: not all known", what, m->msr);
	/* AND masks only take away, overrides show nothing the host lacks */
	if (m->cap == LVL_LCAP_7AB0)
		assert_true(m->value >> 32 <= m->idle >> 32);
	else if (m->value & ~m->idle & ~beyond(m, g))
		fail_msg("%s: msr %x: grows", what, m->msr);
}

/* Random registers, all known; the same vendor and model. */
static void draw(struct gen *g, struct lvl_policy *p, const char *words)
{
	static const uint32_t leaves[] = { 1, 6, 7, 0xd, 0x80000001 };
	unsigned i, r;

	*p = host_of("");
	for (i = 0; i < LVL_COUNT(leaves); i++)
		for (r = 0; r < 4; r++)
			p->v[lvl_leaf_find(leaves[i], 0)->word[r]] =
				(uint32_t)gen_next(g);
	p->v[lvl_leaf_find(0xd, 1)->word[EAX]] = (uint32_t)gen_next(g);
	p->v[lvl_leaf_find(7, 0)->word[EAX]] = gen_below(g, 3);
	made_apply(p, words);
	made_apply(p, "max-basic-leaf=13 -hypervisor -cpuid-user-dis -osxsave "
		      "mce=0");
}

/* Every CPU with masks, random hosts and guests. */
static void test_values(void **state)
{
	struct lvl_msr_mask masks[LVL_NR_LCAPS];
	struct lvl_policy guest, host;
	struct lvl_caps caps;
	unsigned i, n, m, round, seen = 0;
	struct gen g;

	(void)state;
	gen_seed(&g, 3);
	for (i = 0; i < LVL_COUNT(cpus); i++)
		for (round = 0; round < 200; round++) {
			draw(&g, &guest, "");
			if (gen_percent(&g, 50))
				made_apply(&guest, "hypervisor");
			else
				made_apply(&guest, "-hypervisor");
			draw(&g, &host, cpus[i]);
			lvl_caps_read(&caps, &host);
			n = lvl_msr_masks(&caps, &guest, &host, NULL, masks);
			for (m = 0; m < n; m++)
				check_mask(&masks[m], &guest, &host, cpus[i]);
			seen += n;
		}
	assert_true(seen > 3000);
}

/* Values that Xen's manual had for whole families: the order of the halves. */
static void test_halves(void **state)
{
	static const struct {
		const char *host;
		uint64_t leaf1, ext;
	} c[] = {
		/* 1c 00802009, 1d 178bfbff, e1c 000006ff, e1d efd3fbff */
		{ "amd fms=0x100f80 max-basic-leaf=5", 0x00802009178bfbff,
		  0x000006ffefd3fbff },
		{ "intel fms=0x106a5", 0x178bfbff00802009, 0xee500800000006ff },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_policy guest = made("@1.ecx=0x00802009 "
					       "@1.edx=0x178bfbff "
					       "@0x80000001.ecx=0x6ff "
					       "@0x80000001.edx=0xefd3fbff");
		struct lvl_policy host = host_of("@1.ecx=0x7fffffff "
						 "@1.edx=0xffffffff "
						 "@0x80000001.ecx=0xffffffff "
						 "@0x80000001.edx=0xffffffff");
		struct lvl_msr_mask m[LVL_NR_LCAPS];
		struct lvl_caps caps;

		made_apply(&host, "-x2apic");
		made_apply(&host, c[i].host);
		lvl_caps_read(&caps, &host);
		assert_true(lvl_msr_masks(&caps, &guest, &host, NULL, m) >= 2);
		/* Intel does not repeat the common bits: 0x0183f3ff */
		assert_int_equal(m[0].value, c[i].leaf1);
		assert_int_equal(m[1].value, c[i].ext);
	}
}

/* A host that runs with less: no guest gets beyond, whatever it asks. */
static void test_idle(void **state)
{
	struct lvl_policy guest = made("@1.ecx=0x00802009 @1.edx=0x178bfbff");
	struct lvl_policy host =
		host_of("amd fms=0x40f12 max-basic-leaf=1 @1.ecx=0x00802009 "
			"@1.edx=0x178bfbff");
	static const uint64_t idle[LVL_NR_LCAPS] = {
		[LVL_LCAP_1CD] = 0x00002001178bfbff,
		[LVL_LCAP_E1CD] = 0,
	};
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	struct lvl_caps caps;

	(void)state;
	lvl_caps_read(&caps, &host);
	assert_int_equal(lvl_msr_masks(&caps, &guest, &host, idle, m), 2);
	assert_int_equal(m[0].value, 0x00002001178bfbff);
	assert_int_equal(m[1].value, BIT_APIC);
}

/* What was probed bounds the masks of Intel, not those that AMD replaces. */
static void test_probed(void **state)
{
	struct lvl_policy guest = made("@1.ecx=0xffffffff @1.edx=0xffffffff");
	struct lvl_policy host =
		host_of("intel fms=0x106a5 @1.ecx=0xf @1.edx=0x2ff "
			"m130=0x000003ff00000003");
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	struct lvl_caps caps;

	(void)state;
	lvl_caps_read(&caps, &host);
	lvl_msr_masks(&caps, &guest, &host, NULL, m);
	assert_int_equal(m[0].idle, 0x000002ff00000003);
	assert_int_equal(m[0].value, 0x000002ff00000003);
	made_apply(&host, "amd fms=0x40f12 mc0011004=0");
	lvl_caps_read(&caps, &host);
	assert_int_equal(caps.cap[LVL_LCAP_1CD].from, LVL_FROM_MSR);
	lvl_msr_masks(&caps, &guest, &host, NULL, m);
	assert_int_equal(m[0].idle, 0x0000000f000002ff);
}

/* A bit that the guest's policy does not know is not given to it. */
static void test_unknown_bits(void **state)
{
	struct lvl_policy guest = made("sse3 aesni ?sse4-1 ?avx");
	struct lvl_policy host = host_of("intel fms=0x106a5 sse3 sse4-1 "
					 "?aesni -avx");
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	struct lvl_caps caps;

	(void)state;
	lvl_caps_read(&caps, &host);
	lvl_msr_masks(&caps, &guest, &host, NULL, m);
	assert_int_equal(m[0].value & 0xffffffff, 1);
	/* neither sse4-1 nor aesni; avx is 0, whatever the guest has */
	assert_int_equal((uint32_t)~m[0].known, 1u << 19 | 1u << 25);
}

/* -- what a guest sees ---------------------------------------------------- */

struct seen {
	unsigned n, counting, unsure;
	unsigned field[64];
};

static void see(void *arg, const struct lvl_unreached *u)
{
	struct seen *s = arg;

	assert_true(s->n < LVL_COUNT(s->field));
	s->field[s->n++] = u->field;
	s->counting += (unsigned)u->counts;
	s->unsure += !u->sure;
}

static enum lvl_verdict reach(const struct lvl_policy *guest,
			      const struct lvl_policy *host, struct seen *s)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	struct lvl_caps caps;
	unsigned n;

	memset(s, 0, sizeof(*s));
	lvl_caps_read(&caps, host);
	n = lvl_msr_masks(&caps, guest, host, NULL, m);
	return lvl_reach(&caps, guest, host, m, n, see, s);
}

static void test_reach(void **state)
{
	static const struct {
		const char *host, *guest;
		enum lvl_verdict verdict;
		const char *about; /* the one field that counts, or NULL */
	} c[] = {
		{ "intel fms=0x106a5 apic sse3 aesni", "apic sse3", LVL_YES,
		  NULL },
		{ "intel fms=0x106a5 apic x2apic", "apic", LVL_NO, "x2apic" },
		{ "intel fms=0x106a5 apic erms", "apic", LVL_NO, "erms" },
		{ "intel fms=0x306a9 apic erms", "apic", LVL_YES, NULL },
		{ "intel fms=0x50654 hypervisor apic erms", "apic hypervisor",
		  LVL_UNKNOWN, "erms" },
		{ "intel fms=0x50654 hypervisor apic erms",
		  "apic erms hypervisor", LVL_YES, NULL },
		{ "intel fms=0x106a5 apic", "apic aesni", LVL_NO, "aesni" },
		{ "intel fms=0x106a5 apic ?aesni", "apic aesni", LVL_UNKNOWN,
		  "aesni" },
		{ "intel fms=0x106a5 apic aesni", "apic ?aesni", LVL_UNKNOWN,
		  "aesni" },
		/* an AND mask cannot give, an override can */
		{ "intel fms=0x106a5 apic", "apic hypervisor", LVL_NO,
		  "hypervisor" },
		{ "amd fms=0x40f12 apic e-apic", "apic e-apic hypervisor",
		  LVL_YES, NULL },
		{ "amd fms=0x40f12 apic e-apic", "apic e-apic aesni", LVL_NO,
		  "aesni" },
		/* numbers; what nothing carries is not asked for */
		{ "intel fms=0x106a5 apic maxphysaddr=46",
		  "apic maxphysaddr=40", LVL_NO, "maxphysaddr" },
		{ "intel fms=0x106a5 apic xsave-ymm-size=256", "apic", LVL_YES,
		  NULL },
		{ "intel fms=0x106a5 apic ?xsave-ymm-size", "apic", LVL_YES,
		  NULL },
		/* behaviour that instructions show */
		{ "intel fms=0x306a9 apic mxcsr-mask=0xffff",
		  "apic mxcsr-mask=0xffbf", LVL_NO, "mxcsr-mask" },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_policy host = host_of(c[i].host), guest = host;
		enum lvl_verdict is;
		struct seen s;

		/* the same identity; nothing else, unless the words say so */
		guest = host_of("");
		made_apply(&guest, c[i].host[0] == 'a' ? "amd" : "intel");
		guest.v[lvl_fields[LVL_F_STEPPING].word] =
			host.v[lvl_fields[LVL_F_STEPPING].word];
		made_apply(&guest, c[i].guest);
		is = reach(&guest, &host, &s);
		if (is != c[i].verdict || s.counting != (c[i].about ? 1u : 0u))
			fail_msg("%s on %s: verdict %u, %u findings, first %s",
				 c[i].guest, c[i].host, is, s.counting,
				 s.n ? lvl_field_name(s.field[0]) : "none");
		if (c[i].about &&
		    s.field[0] != field_named(c[i].about, strlen(c[i].about)))
			fail_msg("%s on %s: about %s", c[i].guest, c[i].host,
				 lvl_field_name(s.field[0]));
	}
}

/* -- real machines -------------------------------------------------------- */

/* Dumps by part of their file's name. */
static void test_dumps(void **state)
{
	static const struct {
		const char *file;
		enum lvl_verdict faulting;
		enum lvl_cap_from from;
		uint32_t xen;
	} c[] = {
		{ "Bloomfield", LVL_NO, LVL_FROM_MSR, 0x06 },
		{ "Gulftown", LVL_NO, LVL_FROM_MSR, 0x06 },
		{ "SandyBridgeEP", LVL_NO, LVL_FROM_MSR, 0x0e },
		{ "Core-i7-2600.xml", LVL_NO, LVL_FROM_MODEL, 0x0e },
		{ "Harpertown", LVL_NO, LVL_FROM_MSR, 0x02 },
		{ "IvyBridgeEP", LVL_YES, LVL_FROM_MODEL, 0x01 },
		{ "SkylakeXeon", LVL_YES, LVL_FROM_MODEL, 0x01 },
		{ "JasperLake", LVL_YES, LVL_FROM_MSR, 0x01 },
		{ "K8_Sledgehammer", LVL_NO, LVL_FROM_CPUID, 0x00 },
		{ "K8_SantaRosa", LVL_NO, LVL_FROM_CPUID, 0x06 },
		{ "K10_Istanbul", LVL_NO, LVL_FROM_CPUID, 0x06 },
		{ "K15_Interlagos", LVL_NO, LVL_FROM_CPUID, 0x36 },
		{ "EPYC-7601-32-Core.xml", LVL_NO, LVL_FROM_CPUID, 0x26 },
		{ "K19_Genoa", LVL_YES, LVL_FROM_CPUID, 0x01 },
		{ "KX7000", LVL_NO, LVL_FROM_MODEL, 0x00 },
	};
	unsigned i, h;

	(void)state;
	need_corpus();
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_caps caps;

		for (h = 0; h < corpus.n; h++)
			if (strstr(corpus.host[h].file, c[i].file))
				break;
		if (h == corpus.n)
			fail_msg("no %s in the corpus", c[i].file);
		lvl_caps_read(&caps, &corpus.host[h].raw);
		if (caps.cap[0].has != c[i].faulting ||
		    caps.cap[0].from != c[i].from ||
		    lvl_caps_xen(&caps, NULL) != c[i].xen)
			fail_msg("%s: faulting %u from %u, caps %x", c[i].file,
				 caps.cap[0].has, caps.cap[0].from,
				 lvl_caps_xen(&caps, NULL));
	}
}

/* A guest with less than the host: masks grow nowhere, whatever is known. */
static void test_corpus_masks(void **state)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	struct lvl_policy guest;
	struct lvl_caps caps;
	unsigned h, i, n, round, seen = 0;
	struct gen g;

	(void)state;
	need_corpus();
	gen_seed(&g, 4);
	for (h = 0; h < corpus.n; h++) {
		if (!corpus.host[h].has_raw)
			continue;
		lvl_caps_read(&caps, &corpus.host[h].raw);
		for (round = 0; round < 4; round++) {
			guest = corpus.host[h].host;
			gen_drop(&g, 40 * round, &guest);
			n = lvl_msr_masks(&caps, &guest, &corpus.host[h].raw,
					  NULL, m);
			for (i = 0; i < n; i++)
				if (m[i].value & ~m[i].idle &
				    ~beyond(&m[i], &guest))
					fail_msg("%s: msr %x grows",
						 corpus.host[h].file, m[i].msr);
			seen += n;
		}
	}
	assert_true(seen > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_probed),
		cmocka_unit_test(test_unknown_bits),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_dumps),
		cmocka_unit_test(test_corpus_masks),
	};

	return cmocka_run_group_tests(tests, load_corpus, unload_corpus);
}

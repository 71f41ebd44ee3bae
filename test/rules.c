/* SPDX-License-Identifier: MIT */
/*
 * The RAW, HOST and NORMAL rules, one by one: what each changes where it must
 * fire, and that it does not fire elsewhere.
 */
#include "made.h"

#include "gen-policy.h"

#define VMX_GOOD "m480=0x00da040000000004 "

static const struct rule_case {
	const char *rule;
	const char *raw;
	/* what the rule changes, all of it; "" where it does not fire; a last
	 * word of ... allows more */
	const char *changes;
	int bits32;
} cases[] = {
	/* -- RAW ------------------------------------------------------------
	 */
	{ "RAW.dynamic", "intel apic osxsave ospke initial-apic-id=5 avx",
	  "-osxsave -ospke initial-apic-id=0", 0 },
	{ "RAW.dynamic", "intel xsave-size-live=832 xsave-size-live-compact=9",
	  "xsave-size-live=0 xsave-size-live-compact=0", 0 },
	{ "RAW.dynamic", "amd topo-b-x2apic-id=3 ext-apic-id=3",
	  "topo-b-x2apic-id=0 ext-apic-id=0", 0 },
	{ "RAW.dynamic", "intel apic avx xsave", "", 0 },

	{ "RAW.limit-cpuid", "intel m1a0=0x400000 max-basic-leaf=3 avx2",
	  "?avx2 ?max-basic-leaf ...", 0 },
	{ "RAW.limit-cpuid", "intel sse3 max-basic-leaf=2", "?avx2 ...", 0 },
	{ "RAW.limit-cpuid", "intel m1a0=0x400000 max-basic-leaf=3 sse3",
	  "?pku ?xsave-size-max ?max-basic-leaf ...", 0 },
	/* a description that went through the rule before */
	{ "RAW.limit-cpuid", "intel m1a0=0x400000 ?max-basic-leaf monitor", "",
	  0 },
	/* Pentium III and M really end at 2 */
	{ "RAW.limit-cpuid", "intel fms=0x6d8 sse2 max-basic-leaf=2", "", 0 },
	{ "RAW.limit-cpuid", "intel sse3 max-basic-leaf=4 ?m1a0", "", 0 },
	{ "RAW.limit-cpuid", "amd sse3 max-basic-leaf=1", "", 0 },
	{ "RAW.limit-cpuid", "centaur m1a0=0x400000 sse3 max-basic-leaf=3", "",
	  0 },

	{ "RAW.overrun", "intel max-basic-leaf=0xd pku avx10-version=1",
	  "avx10-version=0", 0 },
	{ "RAW.overrun", "amd max-basic-leaf=1 avx2 xsave", "-avx2 ...", 0 },
	{ "RAW.overrun", "intel max-subleaf-7=0 avx-vnni rrsba-ctrl",
	  "-avx-vnni -rrsba-ctrl", 0 },
	{ "RAW.overrun",
	  "intel max-extended-leaf=0x80000008 lm wbnoinvd verw-clear",
	  "-verw-clear", 0 },
	{ "RAW.overrun", "intel avx10 pku avx-vnni verw-clear", "", 0 },

	{ "RAW.syscall32", "intel lm", "syscall", 1 },
	{ "RAW.syscall32", "intel lm", "", 0 },
	{ "RAW.syscall32", "intel", "", 1 },
	{ "RAW.syscall32", "intel lm syscall", "", 1 },
	{ "RAW.syscall32", "amd lm", "", 1 },

	{ "RAW.vmx-plausible", "intel vmx " VMX_GOOD, "", 0 },
	{ "RAW.vmx-plausible", "intel vmx m480=0x00da000000000004",
	  "?vmx-vmcs-revision ?vmx-vmcs-size ?vmx-ept ...", 0 },
	{ "RAW.vmx-plausible", "intel vmx m480=0x00da100100000004",
	  "?vmx-vmcs-revision ...", 0 },
	{ "RAW.vmx-plausible", "intel vmx m480=0x00da100000000004", "", 0 },
	{ "RAW.vmx-plausible", "centaur vmx m480=0x00da040080000004",
	  "?vmx-vmcs-revision ...", 0 },
	/* must be 1, may not be 1 */
	{ "RAW.vmx-plausible", "intel vmx m48d=0x8 " VMX_GOOD,
	  "?vmx-vmcs-revision ...", 0 },
	{ "RAW.vmx-plausible", "intel vmx m48d=0x800000008 " VMX_GOOD, "", 0 },
	{ "RAW.vmx-plausible", "intel vmx ?m480", "", 0 },
	{ "RAW.vmx-plausible", "amd m480=0x00da000000000004", "", 0 },

	{ "RAW.pmu-plausible",
	  "intel pmu-version=33 pmu-gp-width=48 "
	  "pmu-gp-count=4",
	  "pmu-version=0 pmu-gp-width=0 pmu-gp-count=0", 0 },
	{ "RAW.pmu-plausible", "intel pmu-version=4 pmu-gp-width=47",
	  "pmu-version=0 pmu-gp-width=0", 0 },
	{ "RAW.pmu-plausible", "zhaoxin pmu-version=0 pmu-gp-count=2",
	  "pmu-gp-count=0", 0 },
	{ "RAW.pmu-plausible", "intel pmu-version=6 pmu-gp-width=48", "", 0 },
	{ "RAW.pmu-plausible", "intel pmu-version=1 pmu-gp-width=32", "", 0 },
	{ "RAW.pmu-plausible", "intel ?pmu-version pmu-gp-count=2", "", 0 },
	{ "RAW.pmu-plausible", "amd pmu-version=33", "", 0 },

	/* -- HOST: what is no part of it ------------------------------------
	 */
	{ "HOST.known", "intel tsx-force-abort m1a0=0x400001",
	  "-tsx-force-abort misc-enable-limit-cpuid=0", 0 },
	{ "HOST.known", "intel avx2 xsave", "", 0 },

	{ "HOST.hypervisor", "intel hypervisor kvm-pv-eoi kvmclock",
	  "-hypervisor -kvm-pv-eoi -kvmclock max-hypervisor-leaf=0", 0 },
	{ "HOST.hypervisor", "intel kvm-pv-eoi", "", 0 },

	{ "HOST.ceiling",
	  "intel max-basic-leaf=0x40 max-subleaf-7=9 "
	  "max-extended-leaf=0x80000050",
	  "max-basic-leaf=0x29 max-subleaf-7=2 max-extended-leaf=0x80000026",
	  0 },
	{ "HOST.ceiling", "intel", "", 0 },

	{ "HOST.foreign", "amd ?md-clear ?fb-clear", "-md-clear -fb-clear", 0 },
	{ "HOST.foreign", "intel ?verw-clear ?fs-gs-ns ?no-lmsl",
	  "-verw-clear -fs-gs-ns -no-lmsl", 0 },
	{ "HOST.foreign", "intel ?md-clear ?fb-clear ?avx2", "", 0 },
	{ "HOST.foreign", "?md-clear ?verw-clear", "", 0 },
	{ "HOST.foreign", "amd md-clear", "", 0 },

	/* -- HOST: errata and firmware --------------------------------------
	 */
	{ "HOST.monitor-fam10", "amd fms=0x00100f43 monitor", "-monitor", 0 },
	{ "HOST.monitor-fam10", "amd fms=0x00600f12 monitor", "", 0 },
	{ "HOST.monitor-fam10", "amd fms=0x00100f43", "", 0 },

	{ "HOST.lahf-k8", "amd fms=0x00000f48 lahf-lm", "-lahf-lm", 0 },
	{ "HOST.lahf-k8", "amd fms=0x00010f48 lahf-lm", "", 0 },
	{ "HOST.lahf-k8", "amd fms=0x00100f43 lahf-lm", "", 0 },
	{ "HOST.lahf-k8", "intel fms=0x00000f48 lahf-lm", "", 0 },

	{ "HOST.hwcr-sse", "amd sse sse2 mc0010015=0x8000", "-sse", 0 },
	{ "HOST.hwcr-sse", "amd sse sse2 mc0010015=0x7fff", "", 0 },
	{ "HOST.hwcr-sse", "amd sse ?mc0010015", "", 0 },
	{ "HOST.hwcr-sse", "intel sse mc0010015=0x8000", "", 0 },

	{ "HOST.xd-disable", "intel nx m1a0=0x400000001", "-nx", 0 },
	{ "HOST.xd-disable", "intel nx m1a0=1", "", 0 },
	{ "HOST.xd-disable", "intel nx ?m1a0", "", 0 },
	{ "HOST.xd-disable", "amd nx m1a0=0x400000000", "", 0 },

	{ "HOST.erms", "intel erms fsrm m1a0=0x400", "-erms -fsrm", 0 },
	{ "HOST.erms", "intel erms m1a0=0", "-erms", 0 },
	{ "HOST.erms", "intel erms fsrm m1a0=1", "", 0 },
	{ "HOST.erms", "intel erms fsrm ?m1a0", "", 0 },
	{ "HOST.erms", "amd erms fsrm m1a0=0", "", 0 },

	{ "HOST.feature-control", "intel vmx sgx m3a=1", "-vmx -sgx", 0 },
	{ "HOST.feature-control", "intel vmx sgx m3a=5", "-sgx", 0 },
	{ "HOST.feature-control", "intel vmx sgx m3a=0x40001", "-vmx", 0 },
	{ "HOST.feature-control", "intel vmx sgx m3a=0x40005", "", 0 },
	{ "HOST.feature-control", "intel vmx sgx m3a=0", "", 0 },
	{ "HOST.feature-control", "intel vmx sgx ?m3a", "", 0 },

	/* RAW.dynamic, which every import applies first, leaves MSRs alone */
	{ "HOST.vm-cr", "amd svm mc0010114=0x18", "-svm", 0 },
	{ "HOST.vm-cr", "hygon svm mc0010114=0x18", "-svm", 0 },
	{ "HOST.vm-cr", "amd svm mc0010114=0x10", "", 0 },
	{ "HOST.vm-cr", "amd svm mc0010114=0x08", "", 0 },
	{ "HOST.vm-cr", "amd svm ?mc0010114", "", 0 },
	{ "HOST.vm-cr", "intel svm mc0010114=0x18", "", 0 },

	/* -- HOST: chains and hazards ---------------------------------------
	 */
	{ "HOST.tsx", "intel rtm ?tsx m122=0", "tsx=2", 0 },
	{ "HOST.tsx", "intel rtm ?tsx ?m122", "tsx=2", 0 },
	{ "HOST.tsx-off", "intel rtm ?tsx m122=1", "tsx=1", 0 },
	{ "HOST.tsx-off", "intel rtm ?tsx m122=0", "", 0 },
	{ "HOST.tsx", "intel rtm-always-abort ?tsx", "tsx=1", 0 },
	{ "HOST.tsx", "intel ?tsx", "tsx=0", 0 },
	{ "HOST.tsx", "amd ?tsx ?rtm", "tsx=0", 0 },
	{ "HOST.tsx", "intel ?tsx ?rtm", "", 0 },
	{ "HOST.tsx", "intel tsx=0 rtm", "", 0 },

	{ "HOST.hazard", "intel arch-caps ?ret-alternate rsba", "ret-alternate",
	  0 },
	{ "HOST.hazard", "intel arch-caps ?ret-alternate rrsba",
	  "ret-alternate", 0 },
	{ "HOST.hazard", "intel arch-caps ?ret-alternate", "-ret-alternate",
	  0 },
	{ "HOST.hazard", "intel ?ret-alternate", "-ret-alternate", 0 },
	{ "HOST.hazard", "intel arch-caps ?ret-alternate ?m10a", "", 0 },
	{ "HOST.hazard", "intel arch-caps -ret-alternate rsba", "", 0 },

	{ "HOST.rsba", "intel fms=0x50657 arch-caps eibrs", "ret-alternate",
	  0 },
	{ "HOST.rsba", "intel fms=0x506e3 arch-caps", "ret-alternate", 0 },
	{ "HOST.rsba", "intel fms=0x506e3", "", 0 },
	/* as Xen 4.17.7 has it: Denverton not, Tremont and later */
	{ "HOST.rsba", "intel fms=0x506f1 arch-caps", "", 0 },
	{ "HOST.rsba", "intel fms=0x80660 arch-caps", "ret-alternate", 0 },
	{ "HOST.rsba", "intel fms=0x80650 arch-caps", "", 0 },
	{ "HOST.rsba", "intel fms=0x306c3 arch-caps", "", 0 },
	{ "HOST.rsba", "amd fms=0x00a20f10 arch-caps eibrs", "", 0 },

	/* -- HOST: statements that the dump leaves out ----------------------
	 */
	{ "HOST.lfence", "amd mc0011029=2", "lfence-dispatch", 0 },
	{ "HOST.lfence", "amd mc0011029=1", "", 0 },
	{ "HOST.lfence", "amd ?mc0011029", "", 0 },
	{ "HOST.lfence", "intel mc0011029=2", "", 0 },

	{ "HOST.nscb", "amd fms=0x00a20f10", "nscb", 0 },
	{ "HOST.nscb", "amd fms=0x00800f12", "", 0 },
	{ "HOST.nscb", "intel fms=0x00a20f10", "", 0 },

	{ "HOST.no-bits", "amd fms=0x00a20f10", "btc-no", 0 },
	{ "HOST.no-bits", "amd fms=0x00830f10", "tsa-sq-no tsa-l1-no", 0 },
	{ "HOST.no-bits", "amd fms=0x00b40f40", "tsa-sq-no tsa-l1-no", 0 },
	{ "HOST.no-bits", "amd", "", 0 },
	{ "HOST.no-bits", "intel fms=0x00a20f10", "", 0 },

	{ "HOST.max-extended",
	  "amd fms=0x00800f82 max-extended-leaf=0x8000001f",
	  "max-extended-leaf=0x80000021", 0 },
	{ "HOST.max-extended",
	  "amd fms=0x00800f82 max-extended-leaf=0x80000023", "", 0 },
	{ "HOST.no-lmsl", "amd lm", "no-lmsl", 0 },
	{ "HOST.no-lmsl", "amd", "", 0 },
	{ "HOST.no-lmsl", "intel lm", "", 0 },

	/* -- HOST: numbers ---------------------------------------------------
	 */
	{ "HOST.phys-default", "intel pae", "maxphysaddr=36", 0 },
	{ "HOST.phys-default", "intel", "maxphysaddr=32", 0 },
	{ "HOST.phys-default", "intel ?pae", "", 0 },
	{ "HOST.phys-default", "intel pae maxphysaddr=46", "", 0 },
	{ "HOST.phys-default", "intel pae ?maxphysaddr", "", 0 },

	{ "HOST.guest-phys", "intel maxphysaddr=46", "guest-maxphysaddr=46",
	  0 },
	{ "HOST.guest-phys", "amd maxphysaddr=48 guest-maxphysaddr=40", "", 0 },
	{ "HOST.guest-phys", "amd ?maxphysaddr", "", 0 },

	{ "HOST.mxcsr", "intel fxsr", "mxcsr-mask=0xffbf", 0 },
	{ "HOST.mxcsr", "intel fxsr sse3 ?mxcsr-mask", "mxcsr-mask=0xffff", 0 },
	{ "HOST.mxcsr", "amd fxsr fms=0x00a20f10 ?mxcsr-mask",
	  "mxcsr-mask=0x2ffff", 0 },
	{ "HOST.mxcsr", "amd fxsr fms=0x00000f48 ?mxcsr-mask", "", 0 },
	{ "HOST.mxcsr", "intel fxsr ?mxcsr-mask", "", 0 },
	{ "HOST.mxcsr", "intel fxsr mxcsr-mask=0x2ffff", "", 0 },
	{ "HOST.mxcsr", "intel", "", 0 },

	{ "HOST.no-msr", "intel ?m10a", "-rdcl-no -eibrs -its-no ...", 0 },
	{ "HOST.no-msr", "intel msr arch-caps ?m10a " VMX_GOOD, "", 0 },
	{ "HOST.no-msr", "intel ?m480", "vmx-vmcs-revision=0 ...", 0 },
	{ "HOST.no-msr", "intel vmx ?m480", "", 0 },
	{ "HOST.no-msr", "intel ?vmx ?m480", "", 0 },
	{ "HOST.no-msr", "intel ?m345", "perf-lbr-format=0 ...", 0 },
	{ "HOST.no-msr", "intel pdcm ?m345 " VMX_GOOD, "", 0 },

	{ "HOST.tsc-frequency",
	  "intel tsc-ratio-denominator=2 tsc-ratio-numerator=168 "
	  "crystal-hz=25000000 ?tsc-khz-min ?tsc-khz-max",
	  "tsc-khz-min=2099475 tsc-khz-max=2100525", 0 },
	{ "HOST.tsc-frequency",
	  "intel tsc-ratio-denominator=2 tsc-ratio-numerator=168 "
	  "?tsc-khz-min ?tsc-khz-max",
	  "", 0 },
	{ "HOST.tsc-frequency",
	  "intel crystal-hz=25000000 ?tsc-khz-min ?tsc-khz-max", "", 0 },
	{ "HOST.tsc-frequency",
	  "intel tsc-ratio-denominator=2 tsc-ratio-numerator=168 "
	  "crystal-hz=25000000 tsc-khz-min=1 ?tsc-khz-max",
	  "", 0 },

	{ "HOST.constant", "intel xsave avx ?xsave-ymm-size ?xsave-ymm-offset",
	  "xsave-ymm-size=256 xsave-ymm-offset=576", 0 },
	{ "HOST.constant",
	  "intel xsave avx ?xsave-ymm-size "
	  "xsave-ymm-offset=1000",
	  "xsave-ymm-size=256", 0 },
	{ "HOST.constant", "intel xsave ?xsave-ymm-size", "", 0 },
	/* all vendors share it, so that it does not matter which this is */
	{ "HOST.constant", "xsave avx ?xsave-ymm-size", "xsave-ymm-size=256",
	  0 },
	{ "HOST.constant", "amx-tile ?amx-tile-count", "", 0 },
	{ "HOST.constant", "amd amx-tile ?amx-tile-count", "", 0 },

	{ "HOST.owner-unknown", "intel vmx ?m480", "?vmx", 0 },
	{ "HOST.owner-unknown",
	  "intel vmx vmx-preemption-timer ?m485 " VMX_GOOD,
	  "?vmx-preemption-timer ...", 0 },
	{ "HOST.owner-unknown", "amd sev ?sev-cbit", "?sev", 0 },
	{ "HOST.owner-unknown", "intel vmx " VMX_GOOD, "", 0 },
	{ "HOST.owner-unknown", "intel ?m480", "", 0 },

	/* -- what other requirements do at the end --------------------------
	 */
	{ "LEVEL.requires", "intel avx2 sse2 sse", "-avx2 ...", 0 },
	{ "LEVEL.requires", "intel", "", 0 },
	{ "LEVEL.carrier", "intel m10a=0x20000", "-fb-clear", 0 },
	{ "LEVEL.carrier", "intel msr arch-caps fb-clear", "", 0 },
};

/* -- what one rule did ------------------------------------------------------
 */

#define CHANGES 8192
static struct lvl_change change[CHANGES];
static unsigned nr_changes;

static void keep(void *arg, const struct lvl_change *c)
{
	(void)arg;
	assert_in_range(nr_changes, 0, CHANGES - 1);
	change[nr_changes++] = *c;
	assert_non_null(c->rule->name);
	assert_true(strlen(c->rule->what) > 4 && strlen(c->rule->why) > 4);
}

static const struct lvl_trail trail = { keep, NULL };

/* As an import does it. */
static void pipeline(struct lvl_policy *p, int bits32)
{
	const struct lvl_capture capture = { .bits32 = bits32 };

	nr_changes = 0;
	lvl_raw_clean(p, &capture, &trail);
	lvl_host_derive(p, p, &trail);
}

/*
 * The changes of one rule as a policy of which only these are known; what
 * became unknown is in *lost.  How many there are.
 */
static unsigned of_rule(const char *rule, struct lvl_policy *set,
			struct lvl_policy *lost)
{
	unsigned i, n = 0;

	lvl_policy_clear(set);
	lvl_policy_zero(lost);
	for (i = 0; i < nr_changes; i++) {
		if (strcmp(change[i].rule->name, rule))
			continue;
		n++;
		if (change[i].known & 2)
			lvl_set(set, change[i].field, change[i].after);
		else
			lvl_forget(lost, change[i].field);
	}
	return n;
}

static int one_word(const char **at, char word[96])
{
	*at += strspn(*at, " ");
	if (sscanf(*at, "%95s", word) != 1)
		return 0;
	*at += strlen(word);
	return 1;
}

static void describe(const char *rule)
{
	unsigned i, n = 0;

	for (i = 0; i < nr_changes; i++)
		if (!strcmp(change[i].rule->name, rule) && n++ < 12)
			print_message("  %s %s: 0x%llx -> 0x%llx, known %u\n",
				      rule, lvl_field_name(change[i].field),
				      (unsigned long long)change[i].before,
				      (unsigned long long)change[i].after,
				      change[i].known);
}

/* One if the rule did something else. */
static int run_case(const struct rule_case *c)
{
	struct lvl_policy p, set, lost;
	const char *at = c->changes, *first;
	unsigned n, want = 0, open = 0;
	char word[96];

	p = made(c->raw);
	pipeline(&p, c->bits32);
	n = of_rule(c->rule, &set, &lost);
	while (one_word(&at, word)) {
		if (!strcmp(word, "...")) {
			open = 1;
			continue;
		}
		want++;
		if (made_is(word[0] == '?' ? &lost : &set, word, &first))
			continue;
		print_error("%s of \"%s\": not %s\n", c->rule, c->raw, word);
		describe(c->rule);
		return 1;
	}
	if (open ? n >= want : n == want)
		return 0;
	print_error("%s of \"%s\": %u changes, %u wanted\n", c->rule, c->raw, n,
		    want);
	describe(c->rule);
	return 1;
}

static void run_cases(const char *prefix)
{
	unsigned i;
	int failed = 0;

	for (i = 0; i < LVL_COUNT(cases); i++)
		if (!strncmp(cases[i].rule, prefix, strlen(prefix)))
			failed += run_case(&cases[i]);
	assert_int_equal(failed, 0);
}

static void test_raw(void **state)
{
	(void)state;
	run_cases("RAW.");
}

static void test_host(void **state)
{
	(void)state;
	run_cases("HOST.");
}

static void test_interior(void **state)
{
	(void)state;
	run_cases("LEVEL.");
}

/* -- the pipeline as a whole ------------------------------------------------
 */

/* Bits that the registry does not name go too, though no field says so. */
static void test_unnamed_bits(void **state)
{
	struct lvl_policy p = made("intel");
	unsigned w;

	(void)state;
	for (w = 0; w < LVL_NR_WORDS; w++)
		p.v[w] |= ~lvl_masks[LVL_MASK_NAMED][w];
	lvl_host_derive(&p, &p, NULL);
	for (w = 0; w < LVL_NR_WORDS; w++)
		assert_int_equal(p.v[w] & ~lvl_masks[LVL_MASK_NAMED][w], 0);
}

/* The trail changes nothing, and the source may be the destination. */
static void test_same_without_trail(void **state)
{
	struct lvl_policy a, b, raw;
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, 4);
	for (i = 0; i < 20; i++) {
		gen_policy(&g, &gen_partial, &raw);
		nr_changes = 0;
		lvl_host_derive(&a, &raw, &trail);
		b = raw;
		lvl_host_derive(&b, &b, NULL);
		if (made_differ(&a, &b))
			fail_msg("%s differs", made_differ(&a, &b));
		b = raw;
		lvl_policy_normalise(&b, NULL);
		lvl_policy_normalise(&raw, &trail);
		if (made_differ(&b, &raw))
			fail_msg("%s differs", made_differ(&b, &raw));
	}
}

/* A policy that is canonical stays so: nothing is derived twice. */
static void test_idempotent(void **state)
{
	struct lvl_policy a, b;
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, 5);
	for (i = 0; i < 50; i++) {
		gen_policy(&g, i & 1 ? &gen_total : &gen_partial, &a);
		lvl_policy_normalise(&a, NULL);
		b = a;
		lvl_policy_normalise(&b, NULL);
		if (made_differ(&a, &b))
			fail_msg("%s changes again", made_differ(&a, &b));
	}
}

/* -- the rules of other people's policies ------------------------------------
 */

static const struct normal_case {
	const char *policy, *is;
} normal[] = {
	{ "intel tsx-force-abort osxsave", "-tsx-force-abort -osxsave" },
	/* a hypervisor's policy keeps its own leaves and maxima */
	{ "intel hypervisor kvm-pv-eoi", "hypervisor kvm-pv-eoi" },
	{ "amd ?md-clear", "-md-clear" },
	{ "intel rtm ?tsx", "rtm tsx=2" },
	/* TSX_CTRL is then the guest's own setting, not what it was told */
	{ "intel rtm ?tsx m122=1", "rtm tsx=2" },
	{ "intel rtm-always-abort ?tsx", "rtm-always-abort tsx=1" },
	{ "intel msr arch-caps rsba ?ret-alternate",
	  "ret-alternate rsba -rrsba" },
	{ "intel msr ibrsb arch-caps eibrs rsba ?ret-alternate",
	  "ret-alternate -rsba rrsba" },
	/* what is true of hardware is not added to what a guest was told */
	{ "intel fms=0x50657 arch-caps eibrs", "-ret-alternate -rrsba" },
	{ "amd fms=0x00a20f10", "-nscb -btc-no" },
	{ "amd fms=0x00100f43 monitor", "monitor" },
	{ "intel msr vmx m3a=1 " VMX_GOOD, "vmx" },
	{ "intel erms m1a0=0", "erms" },
	{ "intel pae", "maxphysaddr=36 guest-maxphysaddr=36" },
	{ "intel fpu fxsr sse sse2 sse3 ?mxcsr-mask", "mxcsr-mask=0xffff" },
	{ "intel ?m10a", "-rdcl-no" },
	{ "intel fpu fxsr sse sse2 xsave avx ?xsave-ymm-size "
	  "xsave-ymm-offset=576",
	  "xsave-ymm-size=256" },
	{ "intel msr vmx ?m480", "?vmx" },
};

static void test_normal(void **state)
{
	const char *word;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(normal); i++) {
		struct lvl_policy p = made_normal(normal[i].policy);

		if (!made_is(&p, normal[i].is, &word))
			fail_msg("\"%s\": not %s", normal[i].policy, word);
	}
}

/* -- all rules are in the table ----------------------------------------------
 */

static int listed(const char *rule, int fires)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(cases); i++)
		if (!strcmp(cases[i].rule, rule) &&
		    !fires == !cases[i].changes[0])
			return 1;
	return 0;
}

/* Whatever fires on real machines has its cases, for and against. */
static void test_corpus(void **state)
{
	struct gen_corpus corpus;
	int absent;
	const char *why = gen_corpus_load(&corpus, &absent);
	struct lvl_policy p;
	unsigned i, k;

	(void)state;
	if (why && absent) {
		print_message("no dumps of real CPUs: %s\n", why);
		skip();
	}
	if (why)
		fail_msg("%s", why);
	for (i = 0; i < corpus.n; i++) {
		p = corpus.host[i].has_raw ? corpus.host[i].raw
					   : corpus.host[i].host;
		pipeline(&p, 1);
		for (k = 0; k < nr_changes; k++)
			if (!listed(change[k].rule->name, 1) ||
			    !listed(change[k].rule->name, 0))
				fail_msg("%s: no case for %s",
					 corpus.host[i].file,
					 change[k].rule->name);
	}
	gen_corpus_free(&corpus);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_interior),
		cmocka_unit_test(test_unnamed_bits),
		cmocka_unit_test(test_same_without_trail),
		cmocka_unit_test(test_idempotent),
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a host to its guests: what must hold for every real machine, kind of
 * guest and platform, and what each rule changes.
 */
#include "derived.h"

#include <stdlib.h>

#include <cpulevel/derive.h>

#include "corpus.h"

/* -- every machine, kind and platform ------------------------------------- */

struct one {
	const char *file;
	const struct lvl_policy *host;
	enum lvl_guest kind;
	const struct lvl_platform *platform;
	struct lvl_policy max, dflt, arrival;
};

static unsigned bad;

static void wrong(const struct one *o, const char *what, const char *name)
{
	if (bad++ < 20)
		print_error("%s, %s on %s: %s: %s\n", o->file,
			    lvl_guest_names[o->kind], o->platform->name, what,
			    name);
}

static void findings(const struct one *o, const char *what,
		     const struct found *f)
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		if (f->f[i].severity <= LVL_SECURITY && f->f[i].sure)
			wrong(o, what,
			      f->f[i].field == LVL_NO_FIELD
				      ? "unnamed bits"
				      : lvl_field_name(f->f[i].field));
}

static void is_valid(const struct one *o, const struct lvl_policy *p,
		     const char *what)
{
	static struct found f;

	f.n = 0;
	if (lvl_valid(p, found_keep, &f) == LVL_NO)
		findings(o, what, &f);
}

/* A new guest may always come home: T8, with what is derived. */
static void default_fits(const struct one *o)
{
	static struct found f;

	if (fits(&o->dflt, &o->arrival, &f) == LVL_NO)
		findings(o, "the default does not fit", &f);
}

static void default_is_within_max(const struct one *o)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		const uint32_t *m = lvl_masks[LVL_MASK_FEATURE];
		const uint32_t * or = lvl_masks[LVL_MASK_OR];

		if (o->dflt.v[w] & ~o->max.v[w] & (m[w] | or [w]) & o->max.k[w])
			wrong(o, "not in the maximum",
			      lvl_field_name(lvl_words[w].first));
	}
}

static void statements_can_be_made(const struct one *o)
{
	unsigned i;

	for (i = 0; i < lvl_nr_statements; i++) {
		unsigned s = lvl_statements[i];

		if (lvl_has(&o->dflt, s) && !lvl_has(&o->max, s))
			wrong(o, "cannot be told", lvl_field_name(s));
	}
}

static int is_leaf_maximum(unsigned field)
{
	return field == LVL_F_MAX_BASIC_LEAF || field == LVL_F_MAX_SUBLEAF_7 ||
	       field == LVL_F_MAX_EXTENDED_LEAF;
}

/* Canonical, but for maxima that are larger than the content. */
static void is_normal(const struct one *o, const struct lvl_policy *p,
		      const char *what)
{
	struct lvl_policy n = *p;
	unsigned i;

	lvl_policy_normalise(&n, NULL);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (!is_leaf_maximum(i) &&
		    (lvl_get(p, i) != lvl_get(&n, i) ||
		     lvl_known(p, i) != lvl_known(&n, i)))
			wrong(o, what, lvl_field_name(i));
}

static void is_repeatable(const struct one *o)
{
	struct lvl_policy again = *o->host;

	assert_int_equal(
		lvl_derive_default(&again, &again, o->kind, o->platform, NULL),
		0);
	if (made_differ(&again, &o->dflt))
		wrong(o, "differs when done twice",
		      made_differ(&again, &o->dflt));
}

static void check_one(struct one *o)
{
	assert_int_equal(
		lvl_derive_max(&o->max, o->host, o->kind, o->platform, NULL),
		0);
	assert_int_equal(lvl_derive_default(&o->dflt, o->host, o->kind,
					    o->platform, NULL),
			 0);
	assert_int_equal(
		lvl_derive_arrival(&o->arrival, o->host, o->kind, o->platform),
		0);
	is_valid(o, &o->max, "maximum not valid");
	is_valid(o, &o->dflt, "default not valid");
	is_valid(o, &o->arrival, "arrival policy not valid");
	default_fits(o);
	default_is_within_max(o);
	statements_can_be_made(o);
	is_normal(o, &o->max, "maximum not canonical");
	is_normal(o, &o->dflt, "default not canonical");
	is_repeatable(o);
}

static void test_corpus(void **state)
{
	static struct one o;
	unsigned i, kind, p;

	(void)state;
	need_corpus();
	bad = 0;
	for (i = 0; i < corpus.n; i++) {
		o.file = corpus.host[i].file;
		o.host = &corpus.host[i].host;
		for (kind = 0; kind < LVL_NR_GUESTS; kind++)
			for (p = 0; p < lvl_nr_platforms; p++) {
				o.kind = (enum lvl_guest)kind;
				o.platform = &lvl_platforms[p];
				if (o.platform->guests >> kind & 1)
					check_one(&o);
			}
	}
	assert_int_equal(bad, 0);
}

/* -- what each rule does -------------------------------------------------- */

static const struct derive_case cases[] = {
	{ "M.blank", LVL_HVM, "generic", "intel " BASE "crystal-hz=24000000",
	  "crystal-hz=0", "crystal-hz=0" },
	{ "M.guests", LVL_PV, "generic", "intel " BASE "smep pge vme",
	  "-smep -pge -vme", "-smep -pge -vme" },
	{ "M.guests", LVL_HVM, "generic", "intel " BASE "smep pge", "smep pge",
	  "smep pge" },
	{ "M.guests", LVL_HVM_SHADOW, "generic", "intel " BASE "lm pcid",
	  "-pcid", "-pcid" },
	{ "M.guests", LVL_HVM, "generic", "intel " BASE "lm pcid", "pcid",
	  "pcid" },
	/* what is not known and not shown is known to be absent */
	{ "M.guests", LVL_PV, "generic", "intel " BASE "?smep", "-smep",
	  "-smep" },
	{ "M.guests", LVL_HVM, "generic", "intel " BASE "?smep", "?smep",
	  "?smep" },
	{ "M.guest-phys", LVL_PV, "generic",
	  "amd " BASE "lm maxphysaddr=48 guest-maxphysaddr=52",
	  "guest-maxphysaddr=48", "guest-maxphysaddr=48" },
	{ "M.always", LVL_HVM, "xen-4.20", "intel " BASE, "hypervisor htt erms",
	  "hypervisor -htt -erms" },
	{ "M.always", LVL_HVM, "xen-4.17", "intel " BASE,
	  "hypervisor htt -erms", "hypervisor -htt -erms" },
	{ "M.arch-caps", LVL_HVM, "generic", "intel " BASE, "arch-caps",
	  "arch-caps" },
	{ "M.arch-caps", LVL_HVM, "generic", "amd " BASE, "-arch-caps",
	  "-arch-caps" },
	{ "M.or", LVL_HVM, "generic", "intel " BASE,
	  "md-clear fb-clear rfds-clear ret-alternate",
	  "-md-clear -fb-clear -rfds-clear -ret-alternate" },
	{ "M.or", LVL_HVM, "generic", "amd " BASE "lm", "verw-clear no-lmsl",
	  "-verw-clear" },
	{ "D.or", LVL_HVM, "generic", "intel " BASE "arch-caps fb-clear",
	  "fb-clear", "fb-clear" },
	{ "D.or", LVL_HVM, "generic", "intel " BASE "?md-clear", "md-clear",
	  "?md-clear" },
	/* Skylake without ARCH_CAPABILITIES has the hazard all the same */
	{ "D.or", LVL_HVM, "generic", "intel fms=0x506e3 " BASE, "rsba",
	  "ret-alternate rsba" },
	{ "M.stibp", LVL_HVM, "generic", "intel " BASE "ibrsb", "stibp",
	  "stibp" },
	{ "M.stibp", LVL_HVM, "generic", "amd " BASE "ibrs ibpb", "amd-stibp",
	  "amd-stibp" },
	{ "M.stibp", LVL_HVM, "generic", "intel " BASE, "-stibp", "-stibp" },
	{ "M.ibpb", LVL_HVM, "generic", "intel " BASE "ibrsb", "ibpb", "ibpb" },
	{ "PV.x2apic", LVL_PV, "generic", "intel " BASE "apic", "x2apic",
	  "-x2apic" },
	{ "PV.srso", LVL_PV, "generic", "amd " BASE "srso-us-no", "-srso-us-no",
	  "-srso-us-no" },
	{ "PV.srso", LVL_HVM, "generic", "amd " BASE "srso-us-no", "srso-us-no",
	  "srso-us-no" },
	{ "PV.sep-amd", LVL_PV, "generic", "amd " BASE "lm sep", "-sep",
	  "-sep" },
	{ "PV.sep-amd", LVL_HVM, "generic", "amd " BASE "lm sep", "sep",
	  "sep" },
	{ "PV.sep-amd", LVL_PV, "generic", "intel " BASE "lm sep", "sep",
	  "sep" },
	{ "PV.faulting", LVL_PV, "generic", "amd " BASE "cpuid-user-dis",
	  "cpuid-faulting", "cpuid-faulting" },
	{ "PV.faulting", LVL_PV, "generic", "amd " BASE, "-cpuid-faulting",
	  "-cpuid-faulting" },
	{ "HVM.faulting", LVL_HVM, "generic", "amd " BASE, "cpuid-faulting",
	  "cpuid-faulting" },
	{ "HVM.apic", LVL_HVM, "generic", "intel " BASE, "apic x2apic",
	  "apic x2apic" },
	{ "HVM.vmcs", LVL_HVM, "generic",
	  "intel " BASE "tsc vmx lm rdtscp vmx-secondary-ctls " VMX, "-rdtscp",
	  "-rdtscp" },
	{ "HVM.vmcs", LVL_HVM, "generic", "intel " BASE "tsc lm rdtscp",
	  "rdtscp", "rdtscp" },
	{ "HVM.virt-ssbd", LVL_HVM, "xen-4.23", "amd " BASE "amd-ssbd",
	  "virt-ssbd", "-virt-ssbd" },
	{ "HVM.virt-ssbd", LVL_HVM, "xen-4.17", "amd fms=0x00800f12 " BASE,
	  "virt-ssbd", "virt-ssbd" },
	{ "D.virt-ssbd", LVL_HVM, "xen-4.17",
	  "amd fms=0x00800f12 " BASE "amd-ssbd", "virt-ssbd", "-virt-ssbd" },
	{ "D.virt-ssbd", LVL_HVM, "xen-4.17", "amd fms=0x00100f22 " BASE,
	  "-virt-ssbd", "-virt-ssbd" },
	{ "D.virt-ssbd", LVL_PV, "xen-4.17", "amd fms=0x00800f12 " BASE,
	  "-virt-ssbd", "-virt-ssbd" },
	{ "D.rdrand", LVL_HVM, "generic", "intel fms=0x306a9 " BASE "rdrand",
	  "rdrand", "-rdrand" },
	{ "D.rdrand", LVL_HVM, "generic", "intel fms=0x306e4 " BASE "rdrand",
	  "rdrand", "rdrand" },
	{ "D.rdrand", LVL_HVM, "generic", "amd fms=0x00600f12 " BASE "rdrand",
	  "rdrand", "-rdrand" },
	{ "D.clwb", LVL_HVM, "generic",
	  "intel fms=0x50654 " BASE "clflush clwb", "clwb", "-clwb" },
	{ "D.clwb", LVL_HVM, "generic",
	  "intel fms=0x606a6 " BASE "clflush clwb", "clwb", "clwb" },
	{ "D.guests", LVL_HVM, "generic", "intel " BASE "hle", "hle", "-hle" },
	{ "D.maxima", LVL_HVM, "generic", "intel " BASE "max-basic-leaf=0xb",
	  "max-basic-leaf=0xd", "max-basic-leaf=0xb" },
	{ "M.ceiling", LVL_HVM, "generic",
	  "amd " BASE "max-extended-leaf=0x80000008",
	  "max-extended-leaf=0x80000021", "max-extended-leaf=0x80000008" },
};

#define AVX512                                                            \
	"avx2 avx512f avx512cd avx512bw avx512dq avx512vl "               \
	"avx512-ifma avx512-vbmi avx512-vbmi2 avx512-vnni avx512-bitalg " \
	"avx512-vpopcntdq avx512-bf16 "

static void test_rules(void **state)
{
	unsigned i;

	(void)state;
	bad = 0;
	for (i = 0; i < LVL_COUNT(cases); i++)
		bad += derive_case_fails(&cases[i]);
	assert_int_equal(bad, 0);
}

/* AVX10.1 and the thirteen features of AVX-512 stand for each other. */
static void test_avx10(void **state)
{
	static const struct derive_case two[] = {
		{ "M.avx10-syn", LVL_HVM, "kvm-7.2",
		  "intel " BASE "xsave avx " AVX512 "avx512-fp16",
		  "avx10 avx10-version=1 avx10-512", "-avx10 avx512-fp16" },
		{ "M.avx10-syn", LVL_HVM, "kvm-7.2",
		  "intel " BASE "xsave avx " AVX512, "-avx10", "-avx10" },
		{ "M.avx10-syn", LVL_HVM, "generic",
		  "intel " BASE "xsave avx " AVX512 "avx512-fp16", "-avx10",
		  "-avx10" },
	};
	unsigned i;

	(void)state;
	bad = 0;
	for (i = 0; i < LVL_COUNT(two); i++)
		bad += derive_case_fails(&two[i]);
	assert_int_equal(bad, 0);
}

/* -- one guest ------------------------------------------------------------ */

static void test_domain(void **state)
{
	static const struct {
		struct lvl_domain domain;
		enum lvl_guest kind;
		const char *host, *add, *is;
		enum lvl_verdict verdict;
	} domains[] = {
		{ { .bits32 = 1 },
		  LVL_PV,
		  "intel " BASE "lm syscall",
		  "",
		  "-lm -syscall",
		  LVL_YES },
		{ { .bits32 = 1 },
		  LVL_PV,
		  "amd " BASE "lm syscall",
		  "",
		  "-lm syscall",
		  LVL_YES },
		{ { .bits32 = 0 },
		  LVL_PV,
		  "intel " BASE "lm syscall",
		  "",
		  "lm syscall",
		  LVL_YES },
		{ { .tsc_khz = 2000000 },
		  LVL_HVM,
		  "amd " BASE "tsc itsc tsc-khz-min=1999500 "
		  "tsc-khz-max=2000500",
		  "",
		  "itsc tsc-khz-min=2000000 tsc-khz-max=2000000",
		  LVL_YES },
		/* a promise that this machine does not keep */
		{ { .tsc_khz = 2100000 },
		  LVL_HVM,
		  "amd " BASE "tsc itsc tsc-khz-min=1999500 "
		  "tsc-khz-max=2000500",
		  "",
		  "",
		  LVL_NO },
		/* nothing is cut to fit */
		{ { .arriving = 1 },
		  LVL_HVM,
		  "intel " BASE,
		  "sse3",
		  "",
		  LVL_NO },
		{ { .arriving = 1 },
		  LVL_HVM,
		  "intel " BASE,
		  "max-basic-leaf=0x20",
		  "max-basic-leaf=0x20",
		  LVL_YES },
	};
	struct lvl_policy host, p, out;
	enum lvl_verdict verdict;
	const char *word;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(domains); i++) {
		host = made_normal(domains[i].host);
		assert_int_equal(lvl_derive_default(&p, &host, domains[i].kind,
						    lvl_platforms, NULL),
				 0);
		made_apply(&p, domains[i].add);
		made_fill(&out, 0x5a);
		assert_int_equal(
			lvl_derive_domain(&out, &verdict, &p, &host,
					  domains[i].kind, lvl_platforms,
					  &domains[i].domain, NULL, NULL, NULL),
			0);
		if (verdict != domains[i].verdict)
			fail_msg("domain %u: verdict %d", i, (int)verdict);
		if (verdict == LVL_NO)
			assert_true(made_filled(&out, 0x5a));
		else if (!made_is(&out, domains[i].is, &word))
			fail_msg("domain %u: not %s", i, word);
	}
}

static void test_no_such_guests(void **state)
{
	const struct lvl_platform *kvm = lvl_platform_find("kvm-7.2", 7);
	struct lvl_policy host = made_normal("intel"), out;

	(void)state;
	made_fill(&out, 0x5a);
	assert_int_equal(lvl_derive_max(&out, &host, LVL_PV, kvm, NULL),
			 -LVL_E_UNSUPPORTED);
	assert_int_equal(lvl_derive_default(&out, &host, LVL_PV, kvm, NULL),
			 -LVL_E_UNSUPPORTED);
	assert_int_equal(lvl_derive_arrival(&out, &host, LVL_PV, kvm),
			 -LVL_E_UNSUPPORTED);
	assert_true(made_filled(&out, 0x5a));
	assert_null(lvl_platform_find("xen", 3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_avx10),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_no_such_guests),
	};

	return cmocka_run_group_tests_name("derive", tests, load_corpus,
					   unload_corpus);
}

/* SPDX-License-Identifier: MIT */
/* What each platform gives, and what real guests saw. */
#include "corpus.h"
#include "derived.h"

/* -- rows of data/virtualises.tsv ----------------------------------------- */

static const struct derive_case cases[] = {
	{ "M.platform", LVL_HVM, "xen-4.17", "intel " BASE "lm la57", "-la57",
	  "-la57" },
	{ "M.platform", LVL_HVM, "kvm-7.2", "intel " BASE "lm la57", "la57",
	  "la57" },
	{ "M.platform", LVL_HVM, "generic", "intel " BASE "lm la57", "-la57",
	  "-la57" },
	{ "M.platform", LVL_HVM, "xen-4.17", "amd " BASE "nx auto-ibrs",
	  "-auto-ibrs", "-auto-ibrs" },
	{ "M.platform", LVL_HVM, "xen-4.19", "intel " BASE "xsave avx sm3",
	  "?sm3", "?sm3" },
	{ "M.platform", LVL_HVM, "xen-4.18", "amd " BASE "lm amd-fsrs",
	  "-amd-fsrs", "-amd-fsrs" },
	{ "M.platform", LVL_HVM, "xen-4.20", "amd " BASE "lm amd-fsrs",
	  "amd-fsrs", "amd-fsrs" },
	{ "M.platform", LVL_HVM, "xen-4.23", "amd " BASE "lm amd-fsrs",
	  "amd-fsrs", "amd-fsrs" },
	{ "M.platform", LVL_HVM, "kvm-7.2", "intel " BASE "tsc", "tsc-deadline",
	  "tsc-deadline" },
	{ "M.platform", LVL_HVM, "kvm-5.15",
	  "amd " BASE "ibrs ssbd amd-ssbd psfd", "?psfd", "?psfd" },
	/* one vendor's half of KVM does not do what the other does */
	{ "M.platform", LVL_HVM, "kvm-6.1", "amd " BASE "bld", "-bld", "-bld" },
	{ "M.platform", LVL_HVM, "kvm-6.6", "amd " BASE "lm fs-gs-ns",
	  "?fs-gs-ns", "?fs-gs-ns" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "intel " BASE "ibrsb stibp",
	  "ibrs amd-stibp -amd-ssbd", "ibrs amd-stibp -amd-ssbd" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "intel " BASE "ibrsb ?ssbd",
	  "?amd-ssbd", "?amd-ssbd" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "amd " BASE "ibrs ibpb", "ibrsb",
	  "ibrsb" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "intel " BASE,
	  "kvmclock hv-id-0=0x4b4d564b", "kvmclock hv-id-0=0x4b4d564b" },
	{ "M.platform", LVL_PV, "xen-4.18", "intel " BASE,
	  "-kvmclock hv-id-0=0x566e6558", "-kvmclock hv-id-0=0x566e6558" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "amd " BASE "lm svm svm-asids=99",
	  "svm svm-asids=8 svme-addr-chk -flushbyasid", "-svm" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "amd " BASE "lm",
	  "-svm -svme-addr-chk", "-svm" },
	{ "M.nested-vmx", LVL_HVM, "kvm-6.1",
	  "intel " BASE "vmx vmx-secondary-ctls vmx-ept vmx-ple "
	  "vmx-hlt-exit vmx-hlt-exit-must " VMX,
	  "vmx vmx-vmcs-revision=0x11e57ed0 vmx-vmcs-size=4096 vmx-ept "
	  "-vmx-ple vmx-hlt-exit -vmx-hlt-exit-must vmx-shadow-vmcs "
	  "vmx-preemption-timer vmx-ept-2mb -vmx-invvpid "
	  "vmx-exit-nosave-debugctl -vmx-exit-nosave-debugctl-must",
	  "-vmx" },
	{ "M.nested-vmx", LVL_HVM, "xen-4.20",
	  "intel " BASE "vmx vmx-secondary-ctls vmx-ept vmx-ple "
	  "vmx-exit-nosave-debugctl vmx-entry-noload-debugctl " VMX,
	  "vmx vmx-vmcs-revision=4 vmx-ept -vmx-ple -vmx-shadow-vmcs "
	  "vmx-ept-2mb vmx-exit-nosave-debugctl "
	  "vmx-exit-nosave-debugctl-must",
	  "-vmx" },
	{ "M.nested-vmx", LVL_HVM, "xen-4.23", "intel " BASE "vmx " VMX, "?vmx",
	  "-vmx" },
	{ "M.nested-vmx", LVL_HVM, "kvm-6.1", "intel " BASE,
	  "-vmx vmx-vmcs-revision=0 -vmx-true-ctls", "-vmx" },
	{ "M.nested-vmx", LVL_HVM, "kvm-6.1", "intel " BASE "?vmx ?m480",
	  "?vmx", "-vmx" },
	{ "M.platform", LVL_HVM, "xen-4.23", "intel " BASE "tsc",
	  "-tsc-deadline", "-tsc-deadline" },
	/* generic is not made of the old releases of KVM */
	{ "M.platform", LVL_HVM, "generic", "intel " BASE "fzrm", "fzrm",
	  "fzrm" },
	{ "M.platform", LVL_HVM, "kvm-6.1", "intel " BASE "fzrm", "-fzrm",
	  "-fzrm" },
};

static void test_rows(void **state)
{
	unsigned i, bad = 0;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++)
		bad += derive_case_fails(&cases[i]);
	assert_int_equal(bad, 0);
}

/* A row's index is its place: the table of rows is read by it. */
static void test_index(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < lvl_nr_platforms; i++) {
		const char *name = lvl_platforms[i].name;

		assert_int_equal(lvl_platforms[i].index, i);
		assert_ptr_equal(lvl_platform_find(name, strlen(name)),
				 &lvl_platforms[i]);
	}
}

/* -- real guests ---------------------------------------------------------- */

/*
 * What Firecracker's guests saw without a template, against what is derived
 * from the dump of another machine of the same model.  KVM states more than
 * the machine does: what its kernel concludes of model, microcode and boot
 * options, which no dump tells.  The dump of Cascade Lake is from 2019; the
 * microcode of that guest's host is newer.
 */
#define CONCLUDED "gds-no rfds-no "
static const struct real_guest {
	const char *guest, *host, *platform;
	const char *beyond; /* what is not within what was derived */
} real_guests[] = {
	{ "firecracker/fingerprint_INTEL_SAPPHIRE_RAPIDS_5.10host.json",
	  "InstLatx64/GenuineIntel00806F8_SapphireRapids_05_CPUID.txt",
	  "kvm-5.10", CONCLUDED "its-no " },
	{ "firecracker/fingerprint_INTEL_SAPPHIRE_RAPIDS_6.1host.json",
	  "InstLatx64/GenuineIntel00806F8_SapphireRapids_05_CPUID.txt",
	  "kvm-6.1", CONCLUDED "its-no " },
	{ "firecracker/fingerprint_INTEL_CASCADELAKE_6.1host.json",
	  "InstLatx64/GenuineIntel0050657_CascadeLakeSP_CPUID1.txt", "kvm-6.1",
	  CONCLUDED "tsx-ctrl sbdr-ssdp-no psdp-no " },
	/* the next generation takes all of Milan's */
	{ "firecracker/fingerprint_AMD_MILAN_6.1host.json",
	  "InstLatx64/AuthenticAMD0A10F11_K19_Genoa_02_CPUID.txt", "kvm-6.1",
	  "" },
};

static const struct lvl_policy *of_corpus(const char *file)
{
	unsigned i;

	for (i = 0; i < corpus.n; i++)
		if (!strcmp(corpus.host[i].file, file))
			return &corpus.host[i].host;
	fail_msg("the corpus has no %s", file);
	return NULL;
}

static int is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (; (list = strstr(list, name)); list += len)
		if (list[len] == ' ')
			return 1;
	return 0;
}

static void one_guest(const struct real_guest *g)
{
	static struct found f;
	struct lvl_policy arrival;
	const struct lvl_platform *on =
		lvl_platform_find(g->platform, strlen(g->platform));
	unsigned i, listed = 0, beyond = 0;
	const char *at = g->beyond;

	assert_int_equal(
		lvl_derive_arrival(&arrival, of_corpus(g->host), LVL_HVM, on),
		0);
	while (*at)
		listed += *at++ == ' ';
	(void)fits(of_corpus(g->guest), &arrival, &f);
	for (i = 0; i < f.n; i++) {
		if (f.f[i].severity > LVL_SECURITY || !f.f[i].sure)
			continue;
		beyond++;
		if (!is_listed(g->beyond, lvl_field_name(f.f[i].field)))
			fail_msg("%s on %s: %s", g->guest, g->platform,
				 lvl_field_name(f.f[i].field));
	}
	assert_int_equal(beyond, listed);
}

static void test_real_guests(void **state)
{
	unsigned i;

	(void)state;
	need_corpus();
	for (i = 0; i < LVL_COUNT(real_guests); i++)
		one_guest(&real_guests[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_real_guests),
	};

	return cmocka_run_group_tests_name("platforms", tests, load_corpus,
					   unload_corpus);
}

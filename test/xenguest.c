/* SPDX-License-Identifier: MIT */
/*
 * Xen's own policy code, in libxenguest, on the machines of the corpus.  It
 * needs no Xen: the handle is a dummy.  Xen's headers are not ISO C, so that
 * this file alone is built as gnu11.
 */
#include "made.h"

#include <cpulevel/derive.h>
#include <cpulevel/xen.h>

#include <stdio.h>
#include <stdlib.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "gen-policy.h"

static struct gen_corpus corpus;
static const char *no_corpus;
static xc_interface *xch;
static xentoollog_logger_stdiostream *xlog;
static FILE *nowhere; /* for what Xen says of leaves that it refuses */

static void need_corpus(void)
{
	if (!no_corpus)
		return;
	print_message("skipped: no corpus: %s\n", no_corpus);
	skip();
}

static int setup(void **state)
{
	xentoollog_logger *log;
	int absent;

	(void)state;
	nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		return -1;
	no_corpus = gen_corpus_load(&corpus, &absent);
	if (no_corpus && !absent)
		return -1;
	xlog = xtl_createlogger_stdiostream(nowhere, XTL_CRITICAL, 0);
	log = (xentoollog_logger *)xlog;
	xch = xc_interface_open(log, log, XC_OPENFLAG_DUMMY);
	return xch ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	xc_interface_close(xch);
	xtl_logger_destroy((xentoollog_logger *)xlog);
	fclose(nowhere);
	gen_corpus_free(&corpus);
	return 0;
}

/* -- leaves through Xen and back ------------------------------------------ */

/*
 * What Xen 4.17 keeps (xen/lib/x86/cpuid.h): leaves 0 to 0xd, and the
 * extended ones up to 0x80000021 without sub-leaves.  Of hypervisor leaves it
 * keeps one limit.  Later versions may keep more.
 */
static int xen_keeps(const struct lvl_leaf *l)
{
	uint32_t sub = l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf;

	switch (l->leaf) {
	case 0x4:
		return sub <= 5;
	case 0x7:
		return sub <= 2;
	case 0xb:
		return sub <= 1;
	case 0xd:
		return sub <= 62;
	}
	return l->leaf <= 0xd ||
	       (l->leaf >> 16 == 0x8000 && l->leaf <= 0x80000021 &&
		l->subleaf == LVL_NO_SUBLEAF);
}

static xen_cpuid_leaf_t to_xen(const struct lvl_leaf *l)
{
	const xen_cpuid_leaf_t x = {
		l->leaf, l->subleaf, l->reg[0], l->reg[1], l->reg[2], l->reg[3],
	};

	return x;
}

static const xen_cpuid_leaf_t *leaf_of(const xen_cpuid_leaf_t *x, uint32_t nr,
				       const struct lvl_leaf *l)
{
	for (; nr; x++, nr--)
		if (x->leaf == l->leaf && x->subleaf == l->subleaf)
			return x;
	return NULL;
}

static const uint32_t *reg_of(const struct lvl_leaf *all, size_t nr,
			      uint32_t leaf, uint32_t subleaf)
{
	static const uint32_t none[4];
	size_t i;

	for (i = 0; i < nr; i++)
		if (all[i].leaf == leaf && (all[i].subleaf == subleaf ||
					    all[i].subleaf == LVL_NO_SUBLEAF))
			return all[i].reg;
	return none;
}

/* Do the leaves that Xen was given say that this one is there? */
static int is_told(const struct lvl_leaf *all, size_t nr,
		   const struct lvl_leaf *l)
{
	uint32_t base = l->leaf & 0xffff0000u, n = l->subleaf;
	uint64_t states = 0;

	if (reg_of(all, nr, base, 0)[0] < l->leaf)
		return 0;
	if (l->leaf == 7)
		return n <= reg_of(all, nr, 7, 0)[0];
	if (l->leaf == 4 && n)
		return reg_of(all, nr, 4, n - 1)[0] & 0x1f;
	if (l->leaf == 0xb && n)
		return (reg_of(all, nr, 0xb, n - 1)[2] & 0xff00) != 0;
	if (l->leaf != 0xd || n < 2)
		return 1;
	states |= reg_of(all, nr, 0xd, 0)[0] | reg_of(all, nr, 0xd, 1)[2];
	states |= (uint64_t)reg_of(all, nr, 0xd, 0)[3] << 32;
	states |= (uint64_t)reg_of(all, nr, 0xd, 1)[3] << 32;
	return states >> n & 1;
}

/* Every leaf that is told of comes back as it was. */
static void compare(const char *name, const struct lvl_leaf *l, size_t nr,
		    xc_cpu_policy_t *policy)
{
	static xen_cpuid_leaf_t out[1024];
	static xen_msr_entry_t msr[64];
	uint32_t n = LVL_COUNT(out), msrs = LVL_COUNT(msr);
	const uint32_t *reg;
	size_t i;

	assert_int_equal(
		xc_cpu_policy_serialise(xch, policy, out, &n, msr, &msrs), 0);
	for (i = 0; i < nr; i++) {
		const xen_cpuid_leaf_t *x = leaf_of(out, n, &l[i]);

		if (!is_told(l, nr, &l[i]))
			continue;
		if (!x)
			fail_msg("%s: Xen lost leaf 0x%x:0x%x", name, l[i].leaf,
				 l[i].subleaf);
		reg = l[i].reg;
		if (x->a != reg[0] || x->b != reg[1] || x->c != reg[2] ||
		    x->d != reg[3])
			fail_msg("%s: leaf 0x%x:0x%x is 0x%08x 0x%08x 0x%08x "
				 "0x%08x in Xen",
				 name, l[i].leaf, l[i].subleaf, x->a, x->b,
				 x->c, x->d);
	}
}

static void through_xen(const struct gen_host *h)
{
	static struct lvl_leaf leaf[LVL_NR_LEAVES], kept[LVL_NR_LEAVES];
	size_t nr = LVL_NR_LEAVES, i, n = 0;
	xc_cpu_policy_t *policy = xc_cpu_policy_init();

	assert_non_null(policy);
	assert_int_equal(lvl_xen_leaves_out(&h->host, leaf, &nr), 0);
	for (i = 0; i < nr; i++) {
		xen_cpuid_leaf_t x = to_xen(&leaf[i]);
		int rc = xc_cpu_policy_update_cpuid(xch, policy, &x, 1);

		if (!xen_keeps(&leaf[i]))
			continue;
		if (rc)
			fail_msg("%s: Xen refuses leaf 0x%x:0x%x", h->file,
				 leaf[i].leaf, leaf[i].subleaf);
		kept[n++] = leaf[i];
	}
	assert_true(n > 0 || !nr);
	compare(h->file, kept, n, policy);
	xc_cpu_policy_destroy(policy);
}

static void test_leaves(void **state)
{
	unsigned i;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i++)
		through_xen(&corpus.host[i]);
}

/* -- Xen's masks for its kinds of guest ----------------------------------- */

static const struct mask {
	enum xc_static_cpu_featuremask which;
	enum lvl_guest kind;
	int is_default;
} masks[] = {
	{ XC_FEATUREMASK_PV_MAX, LVL_PV, 0 },
	{ XC_FEATUREMASK_PV_DEF, LVL_PV, 1 },
	{ XC_FEATUREMASK_HVM_SHADOW_MAX, LVL_HVM_SHADOW, 0 },
	{ XC_FEATUREMASK_HVM_SHADOW_DEF, LVL_HVM_SHADOW, 1 },
	{ XC_FEATUREMASK_HVM_HAP_MAX, LVL_HVM, 0 },
	{ XC_FEATUREMASK_HVM_HAP_DEF, LVL_HVM, 1 },
};

/* Steps of Xen that come after its masks, and why we differ elsewhere. */
static const struct {
	unsigned field;
	const char *why;
} elsewhere[] = {
	{ LVL_F_DS, "with a vPMU" },
	{ LVL_F_DTES64, "with a vPMU" },
	{ LVL_F_DSCPL, "with a vPMU" },
	{ LVL_F_X2APIC, "PV.x2apic sets it in max" },
	{ LVL_F_VIRT_SSBD, "HVM.virt-ssbd sets it in max" },
	{ LVL_F_SRSO_US_NO, "PV.srso clears it" },
	{ LVL_F_VMX, "only nested guests have it" },
	{ LVL_F_SVM, "only nested guests have it" },
	{ LVL_F_AVX512PF, "Xeon Phi: Xen gave up PV on it" },
	{ LVL_F_AVX512ER, "Xeon Phi: Xen gave up PV on it" },
	{ LVL_F_AVX512_4VNNIW, "Xeon Phi: Xen gave up PV on it" },
	{ LVL_F_AVX512_4FMAPS, "Xeon Phi: Xen gave up PV on it" },
};

static int is_elsewhere(unsigned field)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(elsewhere); i++)
		if (elsewhere[i].field == field)
			return 1;
	return 0;
}

/* A machine with everything that the vendor ever had (MPX excludes APX). */
static struct lvl_policy everything(unsigned vendor, const char *words)
{
	struct lvl_policy p = made(words);
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->rule == LVL_AND && f->width == 1 && i != LVL_F_APXF &&
		    f->word != LVL_NO_WORD && (f->vendors & vendor))
			lvl_set(&p, i, 1);
	}
	lvl_policy_normalise(&p, NULL);
	return p;
}

static void derive(const struct mask *m, const struct lvl_policy *host,
		   struct lvl_policy *guest)
{
	const struct lvl_platform *xen = lvl_platform_find("xen-4.17", 8);

	assert_non_null(xen);
	assert_int_equal((m->is_default ? lvl_derive_default : lvl_derive_max)(
				 guest, host, m->kind, xen, NULL),
			 0);
}

static void compare_mask(const struct mask *m, const struct lvl_policy *intel,
			 const struct lvl_policy *amd)
{
	const uint32_t *mask = xc_get_static_cpu_featuremask(m->which);
	uint32_t words = xc_get_cpu_featureset_size();
	struct lvl_policy a, b;
	unsigned i;

	derive(m, intel, &a);
	derive(m, amd, &b);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		int xen, ours;

		if (f->rule != LVL_AND || f->word >= words || f->width != 1)
			continue;
		xen = (mask[f->word] & f->mask) != 0;
		ours = lvl_has(&a, i) || lvl_has(&b, i);
		if (xen != ours && !is_elsewhere(i))
			fail_msg("mask %u: %s is %d in Xen and %d here",
				 (unsigned)m->which, lvl_field_name(i), xen,
				 ours);
	}
}

/* As Debian 12 has it; other versions have other letters. */
static void test_masks(void **state)
{
	struct lvl_policy intel = everything(
		LVL_VENDOR_INTEL, "intel fms=0x806f8 tsx=2 maxphysaddr=46 "
				  "vmx-entry-load-bndcfgs=1 "
				  "vmx-exit-clear-bndcfgs=1 "
				  "max-basic-leaf=0x29 pmu-version=5 "
				  "max-extended-leaf=0x80000026");
	struct lvl_policy amd =
		everything(LVL_VENDOR_AMD, "amd fms=0xa20f12 maxphysaddr=48 "
					   "max-basic-leaf=0x29 "
					   "max-extended-leaf=0x80000026");
	unsigned i;

	(void)state;
	if (xc_get_cpu_featureset_size() != 19) {
		print_message("skipped: the masks of another Xen than 4.17\n");
		skip();
	}
	for (i = 0; i < LVL_COUNT(masks); i++)
		compare_mask(&masks[i], &intel, &amd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * Who a VM says it is, and real machines made again from what their leaves say
 * of their topology.
 */
#include "vm.h"

#include "corpus.h"

#include <stdlib.h>

/* -- identity ---------------------------------------------------------------
 */

static void test_identity(void **state)
{
	struct lvl_policy p = made("amd fms=0x800f12 avx2 x2apic "
				   "@80000000.eax=0x80000001 @4:0.eax=0");
	struct lvl_policy donor =
		made("amd fms=0xa10f11 avx512f topoext page1gb e-brand-id=7 "
		     "brand-string-0=0x20444d41 ?microcode-revision "
		     "@80000005.ecx=0x20080140 @80000019.eax=0xf040f040 "
		     "@8000001d:0.eax=0x1c121 @8000001d:0.ecx=0x3f");
	static const struct lvl_topology t = { 1, 2, 1, 1, 0, 0, 0 };
	struct lvl_policy was = p;
	unsigned w;

	(void)state;
	assert_int_equal(lvl_identity(&p, &donor, NULL), 0);
	made_assert(&p,
		    "avx2 -avx512f -topoext e-brand-id=7 ?microcode-revision "
		    "brand-string-0=0x20444d41 l1d-kb=32 l1-itlb-1g-n=0 "
		    "max-extended-leaf=0x8000001d cache1d-type=1 "
		    "cache1d-sharing=0 cache1d-sets=63",
		    "identity");
	assert_int_equal(reg(&p, 1, 0, 0), 0xa10f11);
	assert_int_equal(reg(&p, 0x80000001, 0, 0), 0xa10f11);
	for (w = 0; w < LVL_NR_WORDS; w++)
		if ((p.v[w] ^ was.v[w]) & ~(lvl_masks[LVL_MASK_PIN][w] |
					    lvl_masks[LVL_MASK_DERIVED][w]))
			fail_msg("word %u is no identity", w);
	assert_int_equal(lvl_topology_set(&p, &t, NULL), 0);
	made_assert(&p,
		    "topoext max-extended-leaf=0x8000001e cache1d-sharing=0",
		    "topology");
}

static void test_identity_refused(void **state)
{
	static const struct {
		const char *vm, *donor;
		int code;
		uint32_t field;
	} cases[] = {
		{ "intel", "amd", LVL_E_VENDOR, LVL_F_VENDOR_0 },
		{ "amd", "hygon", LVL_E_VENDOR, LVL_F_VENDOR_0 },
		{ "intel ?vendor-1", "intel", LVL_E_INVALID, LVL_F_VENDOR_1 },
		{ "intel", "intel ?vendor-2", LVL_E_INVALID, LVL_F_VENDOR_2 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy p = made(cases[i].vm), was = p;
		struct lvl_policy donor = made(cases[i].donor);
		struct lvl_err err;

		assert_int_equal(lvl_identity(&p, &donor, &err),
				 -cases[i].code);
		assert_int_equal(err.field, cases[i].field);
		assert_null(made_differ(&p, &was));
	}
}

/* -- real machines ----------------------------------------------------------
 */

/* Dumps that disagree with themselves, or with the manual. */
static const struct {
	const char *file;
	const char *why;
} excused[] = {
	{ "CentaurHauls00607B1_KX7000",
	  "leaf 1 counts 64 ids in a package, leaf 0xb has seven bits" },
	{ "v3 @ 2.40GHz, amazon",
	  "a VM of one CPU: leaf 1 counts one id, leaf 0xb has five bits" },
	{ "i7-9700_novendor", "a vendor whose leaves nobody knows" },
};

static const char *excuse(const char *file)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(excused); i++)
		if (strstr(file, excused[i].file))
			return excused[i].why;
	return NULL;
}

static int amd_like(const struct lvl_policy *p)
{
	return (lvl_policy_vendor(p) & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)) !=
	       0;
}

/* Fields in which a machine and what is made of its topology must agree. */
static const char *disagree(const struct lvl_policy *raw,
			    const struct lvl_policy *p)
{
	static const uint16_t always[] = {
		LVL_F_HTT,          LVL_F_TOPO_B_SHIFT,  LVL_F_TOPO_B_COUNT,
		LVL_F_TOPO_B_TYPE,  LVL_F_LOGICAL_COUNT, LVL_F_TOPO_26_SHIFT,
		LVL_F_TOPO_26_TYPE, LVL_F_TOPO_26_COUNT,
	};
	static const uint16_t intel[] = { LVL_F_CACHE4_CORES };
	static const uint16_t amd[] = { LVL_F_CORE_COUNT_NC, LVL_F_APIC_ID_SIZE,
					LVL_F_CMP_LEGACY,
					LVL_F_THREADS_PER_CORE };
	unsigned n = amd_like(raw) ? LVL_COUNT(amd) : LVL_COUNT(intel), i;

	for (i = 0; i < LVL_COUNT(always) + n; i++) {
		unsigned k = i - LVL_COUNT(always);
		unsigned f = i < LVL_COUNT(always) ? always[i]
			     : amd_like(raw)       ? amd[k]
						   : intel[k];

		if (lvl_known(raw, f) && lvl_get(raw, f) != lvl_get(p, f))
			return lvl_field_name(f);
	}
	for (i = 0; i < 2; i++)
		if (reg(raw, 0xb, i, 0) != reg(p, 0xb, i, 0) ||
		    reg(raw, 0xb, i, 1) != reg(p, 0xb, i, 1))
			return "leaf 0xb";
	return NULL;
}

/*
 * Made again from its own topology, a machine numbers its CPUs as it does:
 * the widths and counts of leaves 1, 4, 0xb, 0x80000008 and 0x80000026.
 */
static void test_machines(void **state)
{
	unsigned i, tried = 0, bad = 0, excuses = 0;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i++) {
		const struct lvl_policy *raw = &corpus.host[i].raw;
		struct lvl_policy p = *raw;
		struct lvl_topology t;
		const char *field;

		if (!corpus.host[i].has_raw ||
		    lvl_topology_get(raw, &t, NULL) == -LVL_E_UNSUPPORTED)
			continue;
		lvl_set(&p, LVL_F_X2APIC, 1);
		tried++;
		field = lvl_topology_get(raw, &t, NULL)  ? "contradiction"
			: lvl_topology_set(&p, &t, NULL) ? "refused"
							 : disagree(raw, &p);
		if (field && excuse(corpus.host[i].file))
			excuses++;
		else if (field)
			bad++, print_message("%s: %s\n", corpus.host[i].file,
					     field);
	}
	print_message("%u machines with leaf 0xb, %u excused\n", tried,
		      excuses);
	assert_int_equal(bad, 0);
	assert_true(tried >= 50);
	assert_int_equal(excuses, LVL_COUNT(excused));
}

/* The second level of leaf 0xb counts threads on AMD too. */
static void machines_count_threads(void **state)
{
	unsigned i, smt = 0;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i++) {
		const struct lvl_policy *raw = &corpus.host[i].raw;

		if (!corpus.host[i].has_raw || !amd_like(raw) ||
		    !reg(raw, 0xb, 0, 2))
			continue;
		assert_int_equal(reg(raw, 0xb, 1, 1),
				 lvl_get(raw, LVL_F_CORE_COUNT_NC) + 1);
		smt += reg(raw, 0xb, 0, 1) > 1;
	}
	assert_true(smt >= 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_identity_refused),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(machines_count_threads),
	};

	return cmocka_run_group_tests_name("machines", tests, load_corpus,
					   unload_corpus);
}

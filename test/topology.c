/* SPDX-License-Identifier: MIT */
/*
 * Topology and identity of a VM.  Vectors: what Xen's proposed topology
 * generator expects (tools/tests/cpu-policy of "x86: Expose consistent topology
 * to guests", version 7 of October 2024, not merged), and what machines say.
 */
#include "vm.h"

#define NONE 0xffffffffu

/* -- Xen's vectors ----------------------------------------------------------
 */

/*
 * Of AMD, Xen's series expects the cores of a package as the count of leaf
 * 0xb's core level.  All AMD and Hygon machines that have the leaf count
 * threads there, like Intel (test/machines.c), and so do we.
 */
static void test_xen_leaf_b(void **state)
{
	static const struct {
		struct lvl_topology t;
		uint32_t shift[2], count[2];
	} cases[] = {
		{ { 3, 1, 1, 1, 0, 0, 0 }, { 2, 2 }, { 3, 3 } },
		{ { 1, 3, 1, 1, 0, 0, 0 }, { 0, 2 }, { 1, 3 } },
		{ { 7, 5, 1, 1, 0, 0, 0 }, { 3, 6 }, { 7, 35 } },
		{ { 2, 128, 1, 1, 0, 0, 0 }, { 1, 8 }, { 2, 256 } },
	};
	static const char *const vm[] = { INTEL_VM, AMD_VM };
	unsigned i, v, sub;

	(void)state;
	for (i = 0; i < 2 * LVL_COUNT(cases); i++) {
		struct lvl_policy p = with(vm[i & 1], &cases[i / 2].t);

		v = i / 2;
		for (sub = 0; sub < 2; sub++) {
			assert_int_equal(reg(&p, 0xb, sub, 0),
					 cases[v].shift[sub]);
			assert_int_equal(reg(&p, 0xb, sub, 1),
					 cases[v].count[sub]);
			assert_int_equal(reg(&p, 0xb, sub, 2), (sub + 1) << 8);
			assert_int_equal(reg(&p, 0xb, sub, 3), 0);
		}
	}
}

/* -- registers, whole -------------------------------------------------------
 */

struct want {
	uint32_t leaf, sub;
	unsigned r;
	uint32_t value;
};

static void assert_regs(const struct lvl_policy *p, const struct want *w,
			unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (reg(p, w[i].leaf, w[i].sub, w[i].r) != w[i].value)
			fail_msg("0x%x:%x[%u] is 0x%08x, want 0x%08x",
				 w[i].leaf, w[i].sub, w[i].r,
				 reg(p, w[i].leaf, w[i].sub, w[i].r),
				 w[i].value);
}

/* Two packages of two dies of three cores of two threads. */
static const struct lvl_topology uneven = { 2, 3, 2, 2, 0, 0, 0 };

static void test_intel_leaves(void **state)
{
	static const struct want want[] = {
		{ 1, 0, 1, 16 << 16 },
		{ 1, 0, 3, 1u << 28 },
		{ 4, 0, 0, 7u << 26 | 1 << 14 | 0x121 },
		{ 4, 0, 1, 0x1c0003f },
		{ 4, 0, 2, 0x3f },
		{ 4, 1, 0, 7u << 26 | 1 << 14 | 0x122 },
		{ 4, 2, 0, 7u << 26 | 1 << 14 | 0x143 },
		{ 4, 3, 0, 7u << 26 | 7 << 14 | 0x163 },
		{ 4, 4, 0, 0 },
		{ 0xb, 0, 0, 1 },
		{ 0xb, 0, 1, 2 },
		{ 0xb, 1, 0, 4 },
		{ 0xb, 1, 1, 12 },
		{ 0x1f, 0, 0, 1 },
		{ 0x1f, 0, 1, 2 },
		{ 0x1f, 0, 2, 1 << 8 },
		{ 0x1f, 1, 0, 3 },
		{ 0x1f, 1, 1, 6 },
		{ 0x1f, 1, 2, 2 << 8 },
		{ 0x1f, 2, 0, 4 },
		{ 0x1f, 2, 1, 12 },
		{ 0x1f, 2, 2, 5 << 8 },
		{ 0x1f, 3, 2, 0 },
		{ 0x80000001, 0, 2, 0 },
		{ 0x80000008, 0, 2, 0 },
		{ 0x80000026, 0, 2, 0 },
	};
	struct lvl_policy p = with(INTEL_VM, &uneven);

	(void)state;
	assert_regs(&p, want, LVL_COUNT(want));
	made_assert(&p,
		    "core-thread-count-threads=12 core-thread-count-cores=6",
		    "MSR 0x35");
}

static void test_amd_leaves(void **state)
{
	static const struct want want[] = {
		{ 1, 0, 1, 12 << 16 },
		{ 1, 0, 3, 1u << 28 },
		{ 4, 0, 0, 0 },
		{ 0xb, 1, 0, 4 },
		{ 0xb, 1, 1, 12 },
		{ 0x1f, 0, 2, 0 },
		{ 0x80000001, 0, 2, 1u << 22 | 1u << 1 },
		{ 0x80000008, 0, 2, 4 << 12 | 11 },
		{ 0x8000001d, 0, 0, 1 << 14 | 0x121 },
		{ 0x8000001d, 2, 0, 1 << 14 | 0x143 },
		{ 0x8000001d, 3, 0, 7 << 14 | 0x163 },
		{ 0x8000001d, 3, 2, 0x3fff },
		{ 0x8000001d, 4, 0, 0 },
		{ 0x8000001e, 0, 1, 1 << 8 },
		{ 0x8000001e, 0, 2, 1 << 8 },
		{ 0x80000026, 0, 0, 1 },
		{ 0x80000026, 0, 1, 2 },
		{ 0x80000026, 0, 2, 1 << 8 },
		{ 0x80000026, 1, 0, 3 },
		{ 0x80000026, 1, 1, 6 },
		{ 0x80000026, 1, 2, 2 << 8 },
		{ 0x80000026, 2, 0, 3 },
		{ 0x80000026, 2, 1, 6 },
		{ 0x80000026, 2, 2, 3 << 8 },
		{ 0x80000026, 3, 0, 4 },
		{ 0x80000026, 3, 1, 12 },
		{ 0x80000026, 3, 2, 4 << 8 },
	};
	struct lvl_policy p = with(AMD_VM, &uneven);

	(void)state;
	assert_regs(&p, want, LVL_COUNT(want));
}

/* One CPU: nothing says that there could be more. */
static void test_one_cpu(void **state)
{
	static const struct lvl_topology one = { 1, 1, 1, 1, 0, 0, 0 };
	struct lvl_policy i = with("intel x2apic @4:0.eax=0xfc1fc121", &one);
	struct lvl_policy a = with("amd cmp-legacy htt", &one);
	struct lvl_policy old = with("hygon topoext", &one);

	(void)state;
	made_assert(&i, "-htt logical-count=0 topo-b-count=1 topo-b-type=1",
		    "Intel");
	assert_int_equal(reg(&i, 4, 0, 0), 0x121);
	made_assert(&a,
		    "-htt -cmp-legacy -topoext logical-count=0 apic-id-size=0 "
		    "core-count-nc=0 topo-b-type=0",
		    "AMD");
	made_assert(&old, "topoext threads-per-core=0 nodes-per-socket=0",
		    "TOPOEXT is kept");
}

/* What another topology left behind is gone; the rest stays. */
static void test_replaced(void **state)
{
	static const struct lvl_topology small = { 1, 2, 1, 1, 0, 0, 0 };
	static const char *const vm[] = { INTEL_VM, AMD_VM };
	struct lvl_policy once, twice, was;
	unsigned i, w;

	(void)state;
	for (i = 0; i < LVL_COUNT(vm); i++) {
		was = made(vm[i]);
		once = with(vm[i], &small);
		twice = with(vm[i], &uneven);
		assert_int_equal(lvl_topology_set(&twice, &small, NULL), 0);
		assert_null(made_differ(&once, &twice));
		for (w = 0; w < LVL_NR_WORDS; w++)
			if ((once.v[w] ^ was.v[w]) &
			    ~lvl_masks[LVL_MASK_FREE][w])
				fail_msg("word %u is not topology", w);
	}
}

/* -- leaves that there are --------------------------------------------------
 */

static void test_maxima(void **state)
{
	static const struct lvl_topology dies = { 1, 2, 2, 1, 0, 0, 0 };
	static const struct lvl_topology flat = { 2, 2, 1, 1, 0, 0, 0 };
	struct lvl_policy p;

	(void)state;
	p = with("intel x2apic @0.eax=4", &flat);
	made_assert(&p, "max-basic-leaf=0xb topo-1f-type=0", "raised to 0xb");
	p = with("intel x2apic @0.eax=0x1f", &flat);
	made_assert(&p, "max-basic-leaf=0x1f topo-1f-type=1", "has 0x1f");
	p = with("intel x2apic @0.eax=0xd", &dies);
	made_assert(&p, "max-basic-leaf=0x1f topo-1f-type=1", "needs 0x1f");
	p = with("intel ?max-basic-leaf x2apic", &dies);
	made_assert(&p, "?max-basic-leaf topo-1f-type=1", "unknown stays");
	p = with("intel @0.eax=4 @4:0.eax=0x121", &flat);
	made_assert(&p, "max-basic-leaf=4 topo-b-type=0", "no X2APIC");
	p = with("amd x2apic @80000000.eax=0x80000008", &flat);
	made_assert(&p, "max-extended-leaf=0x8000001e topo-26-type=0",
		    "raised to 0x8000001e");
	p = with("amd @80000000.eax=0x80000001",
		 &(struct lvl_topology){ 1, 2, 1, 1, 0, 0, 0 });
	made_assert(&p, "max-extended-leaf=0x80000008 -topoext",
		    "raised to 0x80000008");
	p = with("amd x2apic @80000000.eax=0x80000026", &flat);
	made_assert(&p, "topo-26-type=1", "has 0x80000026");
}

/* What the fields hold at most; hardware with more says the same. */
static void test_saturated(void **state)
{
	/* Knights Landing: 72 cores of four threads, nine bits */
	static const struct lvl_topology knl = { 4, 72, 1, 1, 0, 0, 0 };
	static const struct lvl_topology many = { 2, 192, 1, 2, 0, 0, 0 };
	struct lvl_policy p = with(INTEL_VM, &knl);

	(void)state;
	made_assert(&p, "logical-count=255 cache4-cores=63 topo-b-count=4",
		    "Knights Landing");
	assert_int_equal(reg(&p, 0xb, 1, 0), 9);
	assert_int_equal(reg(&p, 0xb, 1, 1), 288);
	p = with(AMD_VM, &many);
	made_assert(&p, "logical-count=255 core-count-nc=255 apic-id-size=9",
		    "384 threads");
}

static const struct refusal {
	const char *words;
	struct lvl_topology t;
	int code;
	uint32_t field;
} refusals[] = {
	{ INTEL_VM, { 0, 1, 1, 1, 0, 0, 0 }, LVL_E_RANGE, NONE },
	{ INTEL_VM, { 1, 0, 1, 1, 0, 0, 0 }, LVL_E_RANGE, NONE },
	{ INTEL_VM, { 1, 1, 0, 1, 0, 0, 0 }, LVL_E_RANGE, NONE },
	{ INTEL_VM, { 1, 1, 1, 0, 0, 0, 0 }, LVL_E_RANGE, NONE },
	{ INTEL_VM,
	  { 1, 65536, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_COUNT },
	{ INTEL_VM,
	  { 2, 32768, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_COUNT },
	{ INTEL_VM,
	  { 0xffffffff, 0xffffffff, 0xffffffff, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_COUNT },
	{ INTEL_VM,
	  { 2, 2, 1, 1, 16, 16, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_SHIFT },
	{ INTEL_VM,
	  { 2, 2, 1, 1, 255, 255, 255 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_SHIFT },
	{ INTEL_VM,
	  { 2, 2, 1, 0x40000000, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_X2APIC_ID },
	{ INTEL_VM,
	  { 1, 1, 1, 0xffffffff, 0, 0, 1 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_B_X2APIC_ID },
	{ INTEL_VM,
	  { 2, 4096, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_CACHE4_SHARING },
	{ "intel @4:0.eax=0x121",
	  { 2, 2, 1, 64, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_INITIAL_APIC_ID },
	{ "intel @4:0.eax=0x121",
	  { 1, 128, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_CACHE4_CORES },
	{ "intel", { 1, 2, 1, 1, 0, 0, 0 }, LVL_E_RANGE, LVL_F_CACHE4_CORES },
	{ "intel @4:0.eax=0x121",
	  { 1, 2, 2, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_TOPO_1F_COUNT },
	{ "intel ?x2apic",
	  { 1, 1, 1, 1, 0, 0, 0 },
	  LVL_E_INVALID,
	  LVL_F_X2APIC },
	{ "intel x2apic ?vendor-0",
	  { 1, 1, 1, 1, 0, 0, 0 },
	  LVL_E_INVALID,
	  LVL_F_VENDOR_0 },
	{ "napier x2apic",
	  { 1, 1, 1, 1, 0, 0, 0 },
	  LVL_E_VENDOR,
	  LVL_F_VENDOR_0 },
	{ AMD_VM,
	  { 1, 65535, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_APIC_ID_SIZE },
	{ AMD_VM,
	  { 512, 1, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_THREADS_PER_CORE },
	{ AMD_VM,
	  { 2, 257, 1, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_COMPUTE_UNIT_ID },
	{ AMD_VM,
	  { 1, 1, 9, 1, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_NODES_PER_SOCKET },
	{ AMD_VM, { 1, 1, 8, 33, 0, 0, 0 }, LVL_E_RANGE, LVL_F_NODE_ID },
	{ "amd @8000001d:0.eax=0x163",
	  { 1, 2, 1, 1, 0, 13, 0 },
	  LVL_E_RANGE,
	  LVL_F_COMPUTE_UNIT_ID },
	{ "amd x2apic @8000001d:0.eax=0x121",
	  { 1, 2, 1, 1, 13, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_CACHE1D_SHARING },
	{ "amd",
	  { 1, 255, 1, 2, 0, 0, 0 },
	  LVL_E_RANGE,
	  LVL_F_INITIAL_APIC_ID },
};

static void test_refused(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(refusals); i++) {
		struct lvl_policy p = made(refusals[i].words), was = p;
		struct lvl_err err = { 0, 0, 0, 0, 0 };
		int rc = lvl_topology_set(&p, &refusals[i].t, &err);

		if (rc != -refusals[i].code || err.code != refusals[i].code ||
		    err.field != refusals[i].field)
			fail_msg("case %u: %s, field %s", i, lvl_strerror(rc),
				 err.field < LVL_NR_FIELDS
					 ? lvl_field_name(err.field)
					 : "none");
		assert_null(made_differ(&p, &was));
	}
}

/* -- reading what is not ours -----------------------------------------------
 */

static void assert_same(const struct lvl_topology *a,
			const struct lvl_topology *b)
{
	assert_int_equal(a->threads, b->threads);
	assert_int_equal(a->cores, b->cores);
	assert_int_equal(a->dies, b->dies);
	assert_int_equal(a->packages, b->packages);
	assert_int_equal(a->thread_bits, b->thread_bits);
	assert_int_equal(a->core_bits, b->core_bits);
	assert_int_equal(a->die_bits, b->die_bits);
}

static void test_get(void **state)
{
	static const struct {
		const char *words;
		int code;
		uint32_t leaf;
		struct lvl_topology t;
	} cases[] = {
		{ "intel", LVL_E_UNSUPPORTED, 0xb, { 0 } },
		/* Lunar Lake: a module between core and die */
		{ "@1f:0.eax=1 @1f:0.ebx=1 @1f:0.ecx=0x100 @1f:1.eax=3 "
		  "@1f:1.ebx=1 @1f:1.ecx=0x201 @1f:2.eax=7 @1f:2.ebx=8 "
		  "@1f:2.ecx=0x302",
		  0,
		  0,
		  { 1, 8, 1, 1, 1, 6, 0 } },
		/* KX-7000: twelve dies without a core level of their own */
		{ "@1f:0.ebx=1 @1f:0.ecx=0x100 @1f:1.eax=3 @1f:1.ebx=8 "
		  "@1f:1.ecx=0x201 @1f:2.eax=7 @1f:2.ebx=96 @1f:2.ecx=0x502",
		  0,
		  0,
		  { 1, 8, 12, 1, 0, 3, 4 } },
		/* a level that is no whole number of those below */
		{ "@b:0.eax=1 @b:0.ebx=2 @b:0.ecx=0x100 @b:1.eax=4 "
		  "@b:1.ebx=7 @b:1.ecx=0x201",
		  LVL_E_INVALID,
		  0xb,
		  { 0 } },
		/* more than its bits can number */
		{ "@b:0.eax=1 @b:0.ebx=3 @b:0.ecx=0x100",
		  LVL_E_INVALID,
		  0xb,
		  { 0 } },
		{ "@b:0.eax=1 @b:0.ebx=2 @b:0.ecx=0x100 @b:1.eax=2 "
		  "@b:1.ebx=8 @b:1.ecx=0x201",
		  LVL_E_INVALID,
		  0xb,
		  { 0 } },
		/* shifts that go back, and nothing at all */
		{ "@b:0.eax=3 @b:0.ebx=2 @b:0.ecx=0x100 @b:1.eax=2 "
		  "@b:1.ebx=2 @b:1.ecx=0x201",
		  LVL_E_INVALID,
		  0xb,
		  { 0 } },
		{ "@b:0.ecx=0x100", LVL_E_INVALID, 0xb, { 0 } },
		/* nodes that the cores do not divide into */
		{ "amd topoext nodes-per-socket=2 @b:0.ebx=1 @b:0.ecx=0x100 "
		  "@b:1.eax=3 @b:1.ebx=8 @b:1.ecx=0x201",
		  LVL_E_INVALID,
		  0x8000001e,
		  { 0 } },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_policy p = made(cases[i].words);
		struct lvl_topology t = { 0 };
		struct lvl_err err = { 0, 0, 0, 0, 0 };
		int rc = lvl_topology_get(&p, &t, &err);

		assert_int_equal(rc, -cases[i].code);
		assert_int_equal(err.leaf, cases[i].leaf);
		assert_same(&t, &cases[i].t);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xen_leaf_b),
		cmocka_unit_test(test_intel_leaves),
		cmocka_unit_test(test_amd_leaves),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_maxima),
		cmocka_unit_test(test_saturated),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* APIC ids: the vectors of test/topology.c, machines, and all small shapes. */
#include "vm.h"

#define NONE 0xffffffffu

static void test_xen_ids(void **state)
{
	static const struct {
		uint32_t threads, cores, vcpu, id;
	} cases[] = {
		{ 3, 8, 3, 1 << 2 },
		{ 3, 8, 6, 2 << 2 },
		{ 3, 8, 24, 1 << 5 },
		{ 3, 8, 35, (35 % 3) | (35 / 3 % 8) << 2 | (35 / 24) << 5 },
		{ 7, 3, 96, (96 % 7) | (96 / 7 % 3) << 3 | (96 / 21) << 5 },
	};
	/* without leaf 0xb Xen's vCPUs have twice their number */
	static const struct lvl_topology old = { 1, 128, 1, 1, 1, 0, 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct lvl_topology t = {
			cases[i].threads, cases[i].cores, 1, 5, 0, 0, 0
		};
		uint32_t vcpu;

		assert_int_equal(lvl_x2apic_id(&t, cases[i].vcpu), cases[i].id);
		assert_int_equal(lvl_vcpu_of_x2apic_id(&t, cases[i].id, &vcpu),
				 0);
		assert_int_equal(vcpu, cases[i].vcpu);
	}
	for (i = 0; i < 128; i++)
		assert_int_equal(lvl_x2apic_id(&old, i), i * 2);
}

/* -- all small shapes -------------------------------------------------------
 */

static void assert_ids(const struct lvl_topology *t)
{
	uint32_t n = t->threads * t->cores * t->dies * t->packages, i, back;
	uint32_t last = 0, id;

	for (i = 0; i < n; i++) {
		id = lvl_x2apic_id(t, i);
		if (i)
			assert_true(id > last);
		back = NONE;
		assert_int_equal(lvl_vcpu_of_x2apic_id(t, id, &back), 0);
		assert_int_equal(back, i);
		/* what lies between them is nobody's */
		for (last++; i && last < id; last++)
			assert_int_equal(lvl_vcpu_of_x2apic_id(t, last, &back),
					 -LVL_E_RANGE);
		last = id;
	}
	back = NONE;
	for (i = 1; i < 70; i++)
		assert_int_equal(lvl_vcpu_of_x2apic_id(t, last + i, &back),
				 -LVL_E_RANGE);
	assert_int_equal(back, NONE);
}

/* A guest's way: neighbours by the shifts of each level of a leaf. */
static void assert_levels(const struct lvl_policy *p, uint32_t leaf,
			  const struct lvl_topology *t, uint32_t border)
{
	uint32_t n = t->threads * t->cores * t->dies * t->packages, i, k;
	unsigned sub, shift;

	for (sub = 0; lvl_leaf_find(leaf, sub); sub++) {
		uint32_t per = reg(p, leaf, sub, 1);

		if (!reg(p, leaf, sub, 2))
			return;
		shift = reg(p, leaf, sub, 0);
		for (i = 0; i < n; i += border)
			for (k = 0; k < n; k++)
				if ((lvl_x2apic_id(t, i) >> shift ==
				     lvl_x2apic_id(t, k) >> shift) !=
				    (i / per == k / per))
					fail_msg("0x%x:%u of %u.%u.%u.%u: "
						 "vCPUs %u and %u",
						 leaf, sub, t->threads,
						 t->cores, t->dies, t->packages,
						 i, k);
	}
}

static void assert_same_topology(const struct lvl_topology *got,
				 const struct lvl_topology *t)
{
	assert_int_equal(got->threads, t->threads);
	assert_int_equal(got->cores, t->cores);
	assert_int_equal(got->dies, t->dies);
	assert_int_equal(got->packages, 1);
	assert_int_equal(lvl_x2apic_id(got, t->threads),
			 lvl_x2apic_id(t, t->threads));
}

static void round_trip(const char *words, const struct lvl_topology *t)
{
	struct lvl_policy p = with(words, t), again = p;
	struct lvl_topology got;

	assert_int_equal(lvl_topology_get(&p, &got, NULL), 0);
	assert_same_topology(&got, t);
	got.packages = t->packages;
	assert_int_equal(lvl_topology_set(&again, &got, NULL), 0);
	assert_null(made_differ(&p, &again));
	assert_levels(&p, 0xb, t, t->threads);
	assert_levels(&p, 0x1f, t, t->threads);
	assert_levels(&p, 0x80000026, t, t->threads);
}

static void each_vendor(const struct lvl_topology *t)
{
	assert_ids(t);
	round_trip(INTEL_VM, t);
	round_trip(AMD_VM, t);
	if (!t->die_bits)
		round_trip("hygon x2apic topoext @80000000.eax=0x8000001e", t);
}

static void test_sweep(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 4 * 7 * 4 * 3; i++) {
		struct lvl_topology t = { .threads = 1 + i % 4,
					  .cores = 1 + i / 4 % 7,
					  .dies = 1 + i / 28 % 4,
					  .packages = 1 + i / 112 };

		each_vendor(&t);
		t.thread_bits = 1 + i % 3;
		t.core_bits = i / 3 % 5;
		each_vendor(&t);
		t.die_bits = 1 + i / 15 % 3;
		each_vendor(&t);
	}
}

/* -- what a vCPU sees -------------------------------------------------------
 */

/*
 * Logical CPUs of an EPYC 9174F (InstLatx64, AuthenticAMD0A10F11): four cores
 * on each of its dies, of eight that there is room for.  Extended APIC id and
 * ebx of 0x8000001e.
 */
static void test_genoa(void **state)
{
	static const struct lvl_topology genoa = { 2, 4, 4, 1, 1, 3, 2 };
	static const struct {
		uint32_t vcpu, id, ebx;
	} cpus[] = {
		{ 0, 0x00, 0x100 },  { 1, 0x01, 0x100 },  { 2, 0x02, 0x101 },
		{ 7, 0x07, 0x103 },  { 8, 0x10, 0x108 },  { 15, 0x17, 0x10b },
		{ 16, 0x20, 0x110 }, { 31, 0x37, 0x11b },
	};
	struct lvl_policy p = with(AMD_VM, &genoa);
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cpus); i++) {
		uint32_t r[4] = { 0, reg(&p, 0x8000001e, 0, 1),
				  reg(&p, 0x8000001e, 0, 2), 0 };

		lvl_topology_answer(&p, &genoa, cpus[i].vcpu, 0x8000001e, 0, r);
		assert_int_equal(r[0], cpus[i].id);
		assert_int_equal(r[1], cpus[i].ebx);
		assert_int_equal(r[2], 3 << 8 | cpus[i].vcpu / 8);
		assert_int_equal(r[3], 0);
	}
}

static void test_answer(void **state)
{
	static const struct lvl_topology wide = { 2, 128, 1, 4, 0, 0, 0 };
	static const uint32_t list[] = { 0xb, 0x1f, 0x80000026 };
	struct lvl_policy p = with(AMD_VM, &wide);
	struct lvl_policy i = with(INTEL_VM, &wide), none = made("intel");
	unsigned n, sub;

	(void)state;
	for (n = 0; n < LVL_COUNT(list); n++)
		for (sub = 0; sub < 300; sub += 7) {
			const struct lvl_policy *of = list[n] >> 16 ? &p : &i;
			uint32_t r[4] = { 1, 2, 0xff01, 0xdead };
			uint32_t o[4] = { 1, 2, 3, 4 };

			/* vCPU 701 is thread 1 of core 94 of package 2 */
			lvl_topology_answer(of, &wide, 701, list[n], sub, r);
			assert_int_equal(r[0], 1);
			assert_int_equal(r[1], 2);
			assert_int_equal(r[2], 0xff00 | (sub & 0xff));
			assert_int_equal(r[3], 2 << 8 | 94 << 1 | 1);
			lvl_topology_answer(&none, &wide, 701, list[n], sub, o);
			assert_memory_equal(o, ((uint32_t[]){ 1, 2, 3, 4 }),
					    sizeof(o));
		}
}

static void test_answer_leaf_1(void **state)
{
	static const struct lvl_topology t = { 2, 128, 1, 4, 0, 0, 0 };
	struct lvl_policy p = with(INTEL_VM, &t);
	uint32_t r[4] = { 0x50654, 0xaa100800, 3, 4 };
	uint32_t same[4] = { 1, 2, 3, 4 };

	(void)state;
	/* the low byte of a longer id */
	lvl_topology_answer(&p, &t, 256 + 5, 1, 0, r);
	assert_int_equal(r[0], 0x50654);
	assert_int_equal(r[1], 0x05100800);
	assert_int_equal(r[2], 3);
	lvl_topology_answer(&p, &t, 9, 4, 0, same);
	lvl_topology_answer(&p, &t, 9, 7, 0, same);
	lvl_topology_answer(&p, &t, 9, 0x8000001e, 0, same);
	assert_memory_equal(same, ((uint32_t[]){ 1, 2, 3, 4 }), sizeof(same));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xen_ids),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_genoa),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_leaf_1),
	};

	return cmocka_run_group_tests_name("apic-ids", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The answer to CPUID: the policy for every leaf, nothing beyond, what is
 * live; and which instruction asks for it.
 */
#include "hv-made.h"

#include "gen-policy.h"

static struct machine m;
static struct lvl_dom d;
static struct lvl_vcpu v;

#define CR4_OSXSAVE (1u << 18)
#define CR4_PKE (1u << 22)
#define FEATURES \
	BASE "ssse3 sse4-1 sse4-2 popcnt x2apic xsave avx fma maxphysaddr=40 "

static void vcpu(const char *model, const char *platform, const char *words,
		 enum lvl_guest kind, unsigned flags)
{
	sim_make(&m.sim, model, words);
	machine_on(&m, platform, NULL);
	assert_int_equal(lvl_dom_init(&d, &m.hv, kind, NULL, flags, NULL), 0);
	assert_int_equal(lvl_dom_start(&d), 0);
	assert_int_equal(lvl_vcpu_init(&v, &d, 3), 0);
	v.mode = LVL_MODE_LONG;
}

static void ask(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	memset(reg, 0x5a, 16);
	assert_int_equal(lvl_answer(&v, leaf, subleaf, reg), 0);
}

/* -- every leaf, and none -------------------------------------------------- */

static void test_leaves(void **state)
{
	uint32_t reg[4];
	unsigned i, r;

	(void)state;
	vcpu("genoa", "kvm-7.2", FEATURES "amd avx2 topoext", LVL_HVM, 0);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		ask(l->leaf, l->subleaf == LVL_NO_SUBLEAF ? 77 : l->subleaf,
		    reg);
		for (r = 0; r < 4; r++) {
			uint32_t live = lvl_masks[LVL_MASK_DYNAMIC][l->word[r]];

			if ((reg[r] ^ d.p.v[l->word[r]]) & ~live)
				fail_msg("leaf %x:%x register %u: %x", l->leaf,
					 l->subleaf, r, reg[r]);
		}
	}
}

/* Bounded: whatever is asked, and whatever the table does not have. */
static void test_nowhere(void **state)
{
	static const struct {
		uint32_t leaf, subleaf;
	} c[] = {
		{ 0x2a, 0 },         { 0x3f, 0 },
		{ 0x40, 0 },         { 0x41, 0 },
		{ 0x81, 0 },         { 0x100001, 0 },
		{ 0x3fffffff, 0 },   { 0x40000100, 0 },
		{ 0x40000041, 0 },   { 0x7fffffff, 0 },
		{ 0x80000027, 0 },   { 0x8000003f, 0 },
		{ 0x80000041, 0 },   { 0x80860001, 0 },
		{ 0xbfffffff, 0 },   { 0xc0000002, 0 },
		{ 0xffffffff, ~0u }, { 4, 8 },
		{ 4, ~0u },          { 7, 3 },
		{ 7, 0x80000000 },   { 0xd, 64 },
		{ 0xd, ~0u },
	};
	uint32_t reg[4];
	unsigned i;
	struct gen g;

	(void)state;
	vcpu("skylake", "kvm-7.2", FEATURES, LVL_HVM, 0);
	for (i = 0; i < LVL_COUNT(c); i++) {
		ask(c[i].leaf, c[i].subleaf, reg);
		if (reg[0] | reg[1] | reg[2] | reg[3])
			fail_msg("leaf %x:%x", c[i].leaf, c[i].subleaf);
	}
	gen_seed(&g, 5);
	for (i = 0; i < 100000; i++)
		ask((uint32_t)gen_next(&g), (uint32_t)gen_next(&g), reg);
}

/* Intel repeats its last basic leaf, AMD never does. */
static void test_beyond(void **state)
{
	uint32_t reg[4], last[4], zero[4] = { 0 };
	static const uint32_t beyond[] = { 0x100, 0x80000100, 0x40000000,
					   0xc0000000, 0xffffffff };
	unsigned i;

	(void)state;
	vcpu("skylake", "xen-4.17", FEATURES, LVL_HVM, LVL_DOM_BEYOND_VENDOR);
	lvl_set(&d.p, LVL_F_MAX_HYPERVISOR_LEAF, 0);
	for (i = 0; i < LVL_COUNT(beyond); i++) {
		ask((uint32_t)lvl_get(&d.p, LVL_F_MAX_BASIC_LEAF), 0, last);
		ask(beyond[i], 0, reg);
		assert_memory_equal(reg, last, sizeof(reg));
	}
	assert_true(last[0] | last[1] | last[2] | last[3]);
	ask(0x80000001, 0, reg);
	assert_true(reg[3] >> 29 & 1);
	/* leaves of a hypervisor that the policy has */
	lvl_set(&d.p, LVL_F_MAX_HYPERVISOR_LEAF, 0x40000001);
	ask(0x40000001, 0, reg);
	assert_int_equal(reg[0], d.p.v[lvl_word_of_leaf(0x40000001, 0, 0)]);
	assert_memory_not_equal(reg, last, sizeof(reg));
	vcpu("genoa", "xen-4.17", FEATURES, LVL_HVM, LVL_DOM_BEYOND_VENDOR);
	for (i = 0; i < LVL_COUNT(beyond); i++) {
		ask(beyond[i], 0, reg);
		assert_true(beyond[i] == 0x40000000 ||
			    !memcmp(reg, zero, sizeof(reg)));
	}
}

/* -- live bits ------------------------------------------------------------- */

static unsigned osxsave(void)
{
	uint32_t reg[4];

	ask(1, 0, reg);
	return reg[2] >> 27 & 1;
}

static void test_osxsave(void **state)
{
	uint32_t reg[4];

	(void)state;
	vcpu("skylake", "xen-4.17", FEATURES "pku", LVL_HVM, 0);
	assert_int_equal(osxsave(), 0);
	v.mode |= LVL_MODE_FORCED;
	assert_int_equal(osxsave(), 0);
	lvl_vcpu_cr4(&v, CR4_OSXSAVE);
	assert_int_equal(osxsave(), 1);
	ask(7, 0, reg);
	assert_int_equal(reg[2] >> 4 & 1, 0);
	lvl_vcpu_cr4(&v, CR4_PKE);
	ask(7, 0, reg);
	assert_int_equal(reg[2] >> 4 & 1, 1);
	assert_int_equal(osxsave(), 0);
	/* PV: a kernel that forces emulation sees what is usable */
	vcpu("skylake", "xen-4.17", FEATURES, LVL_PV, 0);
	assert_int_equal(osxsave(), 0);
	v.mode = LVL_MODE_FAULTED;
	assert_int_equal(osxsave(), 0);
	v.mode = LVL_MODE_FORCED | LVL_MODE_USER;
	assert_int_equal(osxsave(), 0);
	v.mode = LVL_MODE_FORCED;
	assert_int_equal(osxsave(), 1);
	v.mode = LVL_MODE_USER;
	lvl_vcpu_cr4(&v, CR4_OSXSAVE);
	assert_int_equal(osxsave(), 1);
	/* but not without XSAVE */
	vcpu("skylake", "xen-4.17", BASE, LVL_PV, 0);
	v.mode = LVL_MODE_FORCED;
	assert_int_equal(osxsave(), 0);
}

static void test_apic(void **state)
{
	uint32_t reg[4];

	(void)state;
	vcpu("genoa", "xen-4.17", FEATURES, LVL_HVM, 0);
	ask(1, 0, reg);
	assert_int_equal(reg[1] >> 24, 6);
	assert_int_equal(reg[3] >> 9 & 1, 1);
	ask(0x80000001, 0, reg);
	assert_int_equal(reg[3] >> 9 & 1, 1);
	v.mode |= LVL_MODE_APIC_OFF;
	ask(1, 0, reg);
	assert_int_equal(reg[3] >> 9 & 1, 0);
	ask(0x80000001, 0, reg);
	assert_int_equal(reg[3] >> 9 & 1, 0);
	vcpu("genoa", "xen-4.17", FEATURES, LVL_PV, 0);
	v.mode |= LVL_MODE_APIC_OFF;
	ask(1, 0, reg);
	assert_int_equal(reg[3] >> 9 & 1, 1);
}

/* Intel shows SYSCALL in 64-bit mode alone. */
static void test_syscall(void **state)
{
	static const struct {
		const char *model;
		enum lvl_guest kind;
		unsigned mode, shown;
	} c[] = {
		{ "skylake", LVL_HVM, LVL_MODE_LONG, 1 },
		{ "skylake", LVL_HVM, 0, 0 },
		{ "skylake", LVL_PV, 0, 1 },
		{ "genoa", LVL_HVM, 0, 1 },
	};
	uint32_t reg[4];
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		vcpu(c[i].model, "xen-4.17", FEATURES, c[i].kind, 0);
		v.mode = c[i].mode;
		ask(0x80000001, 0, reg);
		assert_int_equal(reg[3] >> 11 & 1, c[i].shown);
	}
}

/* The hardware domain's kernel sees what it drives, its programs do not. */
static void test_hardware(void **state)
{
	uint32_t reg[4];

	(void)state;
	vcpu("skylake", "xen-4.17", FEATURES "monitor eist mtrr @5.eax=0x40",
	     LVL_PV, LVL_DOM_HARDWARE);
	ask(1, 0, reg);
	assert_int_equal(reg[2] & 0x88, 0x88);
	assert_int_equal(reg[3] >> 12 & 1, 1);
	ask(5, 0, reg);
	assert_int_equal(reg[0], 0x40);
	v.mode = LVL_MODE_USER;
	ask(1, 0, reg);
	assert_int_equal(reg[2] & 0x88, 0);
	assert_int_equal(reg[3] >> 12 & 1, 0);
	ask(5, 0, reg);
	assert_int_equal(reg[0], 0);
	vcpu("skylake", "xen-4.17", FEATURES "monitor eist mtrr @5.eax=0x40",
	     LVL_PV, 0);
	ask(1, 0, reg);
	assert_int_equal(reg[2] & 0x88, 0);
}

/* -- faulting for the guest ------------------------------------------------ */

static void test_virtual_faulting(void **state)
{
	uint32_t reg[4] = { 1, 2, 3, 4 }, was[4] = { 1, 2, 3, 4 };

	(void)state;
	vcpu("skylake", "xen-4.17", FEATURES, LVL_HVM, 0);
	made_assert(&d.p, "cpuid-faulting", "emulated");
	assert_int_equal(lvl_vcpu_fault(&v, 1), 0);
	v.mode = LVL_MODE_USER | LVL_MODE_LONG;
	assert_int_equal(lvl_answer(&v, 1, 0, reg), 1);
	assert_memory_equal(reg, was, sizeof(reg));
	assert_int_equal(v.want == m.hv.fault[1], 1);
	v.mode = LVL_MODE_LONG;
	assert_int_equal(lvl_answer(&v, 1, 0, reg), 0);
	assert_int_equal(lvl_vcpu_fault(&v, 0), 0);
	v.mode = LVL_MODE_USER;
	assert_int_equal(lvl_answer(&v, 1, 0, reg), 0);
	assert_int_equal(v.want == m.hv.fault[0], 1);
	/* PV: where the CPU faults, AMD's way as well */
	vcpu("genoa", "xen-4.17", FEATURES, LVL_PV, 0);
	assert_int_equal(lvl_vcpu_fault(&v, 1),
			 lvl_has(&d.p, LVL_F_CPUID_FAULTING) ||
					 lvl_has(&d.p, LVL_F_CPUID_USER_DIS)
				 ? 0
				 : -LVL_E_UNSUPPORTED);
	vcpu("nehalem", "xen-4.17", FEATURES, LVL_PV, 0);
	assert_int_equal(lvl_vcpu_fault(&v, 1), -LVL_E_UNSUPPORTED);
}

/* -- live sizes ------------------------------------------------------------ */

static uint32_t word(uint32_t subleaf, unsigned r)
{
	return d.p.v[lvl_leaf_find(0xd, subleaf)->word[r]];
}

static uint32_t size_of(uint64_t on, int compact)
{
	uint32_t size = 576, i;

	for (i = 2; i < 63; i++) {
		if (!(on >> i & 1) || !lvl_leaf_find(0xd, i))
			continue;
		if (!compact && word(i, 0) + word(i, 1) > size)
			size = word(i, 0) + word(i, 1);
		if (compact && word(i, 2) & 2)
			size = (size + 63) / 64 * 64;
		if (compact)
			size += word(i, 0);
	}
	return size;
}

#define SIZED(a, b, c, d)                                                \
	FEATURES "avx2 avx512f avx512cd avx512dq avx512bw avx512vl pku " \
		 "xsavec xsaveopt xgetbv1 max-basic-leaf=0xd "           \
		 "@0xd:2.eax=256 @0xd:2.ebx=576 @0xd:5.eax=64 "          \
		 "@0xd:6.eax=512 @0xd:7.eax=1024 @0xd:9.eax=8 @0xd:" a   \
		 " @0xd:" b " @0xd:" c " @0xd:" d

static void test_sizes(void **state)
{
	static const struct {
		const char *model, *words;
	} c[] = {
		{ "skylake", SIZED("5.ebx=0x440", "6.ebx=0x480", "7.ebx=0x680",
				   "9.ebx=0xa80") },
		/* one that begins at a multiple of 64 */
		{ "skylake",
		  SIZED("5.ebx=0x440", "6.ebx=0x480", "7.ebx=0x680",
			"9.ebx=0xa80") " @0xd:7.ecx=2 @0xd:9.ecx=2" },
		{ "genoa", SIZED("5.ebx=0x340", "6.ebx=0x380", "7.ebx=0x580",
				 "9.ebx=0x980") },
	};
	uint32_t none[4];
	unsigned k, i;
	struct gen g;

	(void)state;
	gen_seed(&g, 7);
	for (k = 0; k < LVL_COUNT(c); k++) {
		uint32_t all, reg[4];

		vcpu(c[k].model, "xen-4.17", c[k].words, LVL_HVM, 0);
		made_assert(&d.p, "avx512f pku xsavec", c[k].model);
		all = word(0, 0);
		assert_int_equal(all, 0x2e7);
		for (i = 0; i < 500; i++) {
			v.xcr0 = (gen_next(&g) & all) | 1;
			v.xss = gen_next(&g) & word(1, 2);
			ask(0xd, 0, reg);
			assert_int_equal(reg[1], size_of(v.xcr0, 0));
			assert_int_equal(reg[2], size_of(all, 0));
			ask(0xd, 1, reg);
			assert_int_equal(reg[1], size_of(v.xcr0 | v.xss, 1));
		}
	}
	/* without XSAVE nothing is there to be sized */
	vcpu("skylake", "xen-4.17", BASE, LVL_HVM, 0);
	ask(0xd, 0, none);
	assert_int_equal(none[1], 0);
}

/* -- forced emulation ------------------------------------------------------ */

/* Two pages from 0x7000 on; what is beyond `end` cannot be read. */
static uint8_t memory[8192];
static uint64_t end;
static unsigned touched; /* pages, by bit */

static unsigned fetch(void *arg, uint64_t address, uint8_t *to, unsigned n)
{
	(void)arg;
	touched |= 1u << (address - 0x7000) / 4096;
	touched |= 1u << (address + n - 1 - 0x7000) / 4096;
	if (address >= end)
		return 0;
	if (n > end - address)
		n = (unsigned)(end - address);
	memcpy(to, memory + (address - 0x7000), n);
	return n;
}

static void test_forced(void **state)
{
	static const uint8_t code[] = {
		0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2
	};
	uint64_t fault = 1;
	unsigned at, i;

	(void)state;
	for (at = 4096 - 8; at <= 4096; at++) {
		memset(memory, 0x90, sizeof(memory));
		memcpy(memory + at, code, sizeof(code));
		end = 0x9000;
		touched = 0;
		assert_int_equal(
			lvl_forced_cpuid(fetch, NULL, 0x7000 + at, &fault), 1);
		/* no page that it does not reach */
		assert_int_equal(touched & 1, at < 4096);
		assert_int_equal(touched >> 1 & 1, at + 7 > 4096);
		/* the second page is gone: fault there, if it might be one */
		end = 0x8000;
		touched = 0;
		assert_int_equal(
			lvl_forced_cpuid(fetch, NULL, 0x7000 + at, &fault),
			at + 7 > 4096 ? -LVL_E_IO : 1);
		if (at + 7 > 4096)
			assert_int_equal(fault, 0x8000);
		/* one byte is another */
		for (i = 0; i < sizeof(code); i++) {
			memory[at + i] ^= 1;
			touched = 0;
			end = at + i < 4096 ? 0x8000 : 0x9000;
			assert_int_equal(lvl_forced_cpuid(fetch, NULL,
							  0x7000 + at, &fault),
					 0);
			if (at + i < 4096)
				assert_int_equal(touched >> 1, 0);
			memory[at + i] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_osxsave),
		cmocka_unit_test(test_apic),
		cmocka_unit_test(test_syscall),
		cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_virtual_faulting),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

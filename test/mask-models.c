/* SPDX-License-Identifier: MIT */
/*
 * Every family and model that has a masking MSR, and every one that has not:
 * which MSRs, and random policies under random idle masks.  masks.c has the
 * values.
 */
#include "hosts.h"

#include <cpulevel/caps.h>

#include "gen-policy.h"

#define OSXSAVE (1u << 27)
#define HYPERVISOR (1u << 31)
#define APIC (1u << 9)

/* -- which MSRs: as in Xen (cpu/intel.c, cpu/amd.c), by hand ----------------
 */

struct cpu {
	unsigned vendor, family, model;
};

static int is_one_of(unsigned model, const uint8_t *list)
{
	for (; *list; list++)
		if (*list == model)
			return 1;
	return 0;
}

static unsigned intel_msrs(const struct cpu *c, uint32_t *msr)
{
	static const uint8_t penryn[] = { 0x17, 0x1d, 0 },
			     nehalem[] = { 0x1a, 0x1e, 0x1f, 0x25,
					   0x2c, 0x2e, 0x2f, 0 },
			     sandy[] = { 0x2a, 0x2d, 0 };
	unsigned n = 0;

	if (c->family != 6)
		return 0;
	if (is_one_of(c->model, penryn))
		msr[n++] = 0x478;
	if (is_one_of(c->model, nehalem)) {
		msr[n++] = 0x130;
		msr[n++] = 0x131;
	}
	if (is_one_of(c->model, sandy)) {
		msr[n++] = 0x132;
		msr[n++] = 0x133;
		msr[n++] = 0x134;
	}
	return n;
}

/* From revision E of K8 on; family 11h has none.  Leaves 6 and 7 are there. */
static unsigned amd_msrs(const struct cpu *c, uint32_t *msr)
{
	unsigned n = 0;

	if (c->family < 0xf || c->family > 0x1a || c->family == 0x11 ||
	    (c->family == 0xf && c->model < 0x20))
		return 0;
	msr[n++] = 0xc0011004;
	msr[n++] = 0xc0011005;
	if (c->family == 0x15 && c->vendor == LVL_VENDOR_AMD)
		msr[n++] = 0xc0011003;
	msr[n++] = 0xc0011002;
	return n;
}

static unsigned msrs_of(const struct cpu *c, uint32_t *msr)
{
	return c->vendor == LVL_VENDOR_INTEL ? intel_msrs(c, msr)
	       : c->vendor & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)
		       ? amd_msrs(c, msr)
		       : 0;
}

/* -- machines ------------------------------------------------------------- */

static uint32_t signature(const struct cpu *c)
{
	uint32_t base = c->family > 0xf ? 0xf : c->family;

	return (c->family - base) << 20 | (c->model >> 4) << 16 | base << 8 |
	       (c->model & 0xf) << 4;
}

/* Random registers where the masks are, all known. */
static void draw(struct gen *g, struct lvl_policy *p, const char *words)
{
	static const uint32_t leaves[] = { 1, 6, 7, 0x80000001 };
	unsigned i, r;

	*p = host_of(words);
	for (i = 0; i < LVL_COUNT(leaves); i++)
		for (r = 0; r < 4; r++)
			p->v[lvl_word_of_leaf(leaves[i], 0, r)] =
				(uint32_t)gen_next(g);
	p->v[lvl_word_of_leaf(0xd, 1, 0)] = (uint32_t)gen_next(g);
	p->v[lvl_word_of_leaf(7, 0, 0)] = gen_below(g, 3);
	made_apply(p, words);
	made_apply(p, "max-basic-leaf=13 -cpuid-user-dis -osxsave mce=0");
	p->v[lvl_word_of_leaf(6, 0, 2)] |= 1; /* effective frequency */
}

static struct lvl_policy draw_host(struct gen *g, const struct cpu *c)
{
	static const struct {
		unsigned vendor;
		const char *word;
	} names[] = {
		{ LVL_VENDOR_INTEL, "intel" },
		{ LVL_VENDOR_AMD, "amd" },
		{ LVL_VENDOR_HYGON, "hygon" },
	};
	struct lvl_policy p;
	char words[64];
	unsigned i;

	for (i = 0; names[i].vendor != c->vendor; i++)
		;
	snprintf(words, sizeof(words), "%s fms=0x%x -hypervisor", names[i].word,
		 signature(c));
	draw(g, &p, words);
	return p;
}

/* -- what must hold -------------------------------------------------------- */

static uint32_t half(uint64_t v, unsigned h)
{
	return (uint32_t)(v >> 32 * h);
}

/* Live state goes through; an override can give what is the hypervisor's. */
static uint32_t forwarded(const struct lvl_msr_mask *m, unsigned h)
{
	unsigned w = m->half[h];

	if (w == lvl_word_of_leaf(1, 0, 2))
		return OSXSAVE | (m->replaces ? HYPERVISOR : 0);
	if (w == lvl_word_of_leaf(1, 0, 3) ||
	    (m->replaces && w == lvl_word_of_leaf(0x80000001, 0, 3)))
		return APIC;
	return 0;
}

static void check_half(const struct cpu *c, const struct lvl_msr_mask *m,
		       unsigned h, const struct lvl_policy *host)
{
	unsigned w = m->half[h];
	uint32_t value = half(m->value, h), idle = half(m->idle, h);
	uint32_t more = forwarded(m, h);

	if (w == lvl_word_of_leaf(7, 0, 0)) { /* a number */
		assert_true(value <= idle && idle <= host->v[w]);
		return;
	}
	if (value & ~idle & ~more)
		fail_msg("family 0x%x model 0x%x msr 0x%x: 0x%08x grows beyond "
			 "0x%08x",
			 c->family, c->model, m->msr, value, idle);
	if (m->replaces && w != LVL_NO_WORD && value & ~host->v[w] & ~more)
		fail_msg("family 0x%x model 0x%x msr 0x%x: 0x%08x shows what "
			 "0x%08x has not",
			 c->family, c->model, m->msr, value, host->v[w]);
}

/* The host runs with less than it could; guests get no more than that. */
static void check(const struct cpu *c, struct gen *g)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS], bound[LVL_NR_LCAPS];
	uint64_t idle[LVL_NR_LCAPS] = { 0 };
	struct lvl_policy host = draw_host(g, c), guest;
	uint32_t msr[LVL_NR_LCAPS];
	unsigned n, i, expected = msrs_of(c, msr);
	struct lvl_caps caps;

	draw(g, &guest, "");
	lvl_caps_read(&caps, &host);
	n = lvl_msr_masks(&caps, &guest, &host, NULL, m);
	if (n != expected)
		fail_msg("vendor %u family 0x%x model 0x%x: %u MSRs, not %u",
			 c->vendor, c->family, c->model, n, expected);
	for (i = 0; i < n; i++) {
		uint64_t some = gen_next(g);

		assert_int_equal(m[i].msr, msr[i]);
		assert_int_equal(m[i].replaces, m[i].msr > 0xc0000000 &&
							m[i].msr != 0xc0011003);
		check_half(c, &m[i], 0, &host);
		check_half(c, &m[i], 1, &host);
		if (m[i].msr == 0xc0011002) /* its number as it is */
			some |= 0xffffffffull << 32;
		idle[m[i].cap] = m[i].idle & some;
	}
	assert_int_equal(lvl_msr_masks(&caps, &guest, &host, idle, bound), n);
	for (i = 0; i < n; i++) {
		assert_int_equal(bound[i].idle, idle[bound[i].cap]);
		check_half(c, &bound[i], 0, &host);
		check_half(c, &bound[i], 1, &host);
	}
}

/* Families to 0x1f, all models; those with MSRs more often. */
static void every_model(unsigned vendor)
{
	struct cpu c = { .vendor = vendor };
	uint32_t msr[LVL_NR_LCAPS];
	unsigned with = 0, times;
	struct gen g;

	gen_seed(&g, vendor);
	for (c.family = 4; c.family < 0x20; c.family++)
		for (c.model = 0; c.model < 0x100; c.model++) {
			times = msrs_of(&c, msr) ? 4 : 1;
			if (vendor == LVL_VENDOR_INTEL)
				times *= times > 1 ? 64 : 1;
			with += times > 1;
			while (times--)
				check(&c, &g);
		}
	assert_int_equal(with,
			 vendor == LVL_VENDOR_INTEL ? 11 : 0xe0 + 10 * 0x100);
}

static void test_intel(void **state)
{
	(void)state;
	every_model(LVL_VENDOR_INTEL);
}

static void test_amd(void **state)
{
	(void)state;
	every_model(LVL_VENDOR_AMD);
}

static void test_hygon(void **state)
{
	(void)state;
	every_model(LVL_VENDOR_HYGON);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intel),
		cmocka_unit_test(test_amd),
		cmocka_unit_test(test_hygon),
	};

	return cmocka_run_group_tests_name("mask-models", tests, NULL, NULL);
}

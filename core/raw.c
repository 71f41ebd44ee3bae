/* SPDX-License-Identifier: MIT */
/*
 * The RAW rules: make a policy of a dump.  Order matters: the maxima are
 * judged before anything is read beyond them.
 */
#include <cpulevel/host.h>

#include "clause.h"
#include "trail.h"

#define INTEL_LIKE (LVL_VENDOR_INTEL | LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN)

/* Of CPUID alone: what an MSR holds is not the capturing system's. */
static void dynamic(struct lvl_context *c)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; r < 4; r++) {
			unsigned w = lvl_leaves[i].word[r];

			c->p->v[w] &= ~lvl_masks[LVL_MASK_DYNAMIC][w];
		}
}

/*
 * IA32_MISC_ENABLE[22], or a maximum that no part with SSE3 ever had (they
 * all have leaf 5): P6 to Banias parts really end at 2 or 3.
 */
static int limited(const struct lvl_policy *p)
{
	const struct lvl_msr_words *m = lvl_msr_find(0x1a0);

	if (!lvl_known(p, LVL_F_MAX_BASIC_LEAF))
		return 0; /* nothing is claimed, or it was dropped before */
	if (m && (p->k[m->word] & p->v[m->word] & 1u << 22))
		return 1;
	return lvl_get(p, LVL_F_MAX_BASIC_LEAF) <= 3 && lvl_has(p, LVL_F_SSE3);
}

static void limit_cpuid(struct lvl_context *c)
{
	unsigned i, r;

	if (!limited(c->p))
		return;
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (l->leaf <= lvl_get(c->p, LVL_F_MAX_BASIC_LEAF) ||
		    l->leaf > 0xffff)
			continue;
		for (r = 0; r < 4; r++)
			c->p->v[l->word[r]] = c->p->k[l->word[r]] = 0;
	}
	lvl_forget(c->p, LVL_F_MAX_BASIC_LEAF);
}

static void overrun(struct lvl_context *c)
{
	lvl_policy_clear_out_of_range(c->p);
}

static void syscall32(struct lvl_context *c)
{
	if (c->capture && c->capture->bits32 && lvl_has(c->p, LVL_F_LM) &&
	    !lvl_has(c->p, LVL_F_SYSCALL))
		lvl_set(c->p, LVL_F_SYSCALL, 1);
}

/* -- capability MSRs that cannot be true ---------------------------------- */

static int pairs_empty(const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_PAIRS; i++) {
		unsigned lower = lvl_pairs[i], upper = lvl_fields[lower].pair;

		if (lvl_known(p, lower) && lvl_known(p, upper) &&
		    lvl_get(p, lower) > lvl_get(p, upper))
			return 1;
	}
	return 0;
}

/* SDM v3 A.1: a region of 1 to 4096 bytes, bit 31 of the revision clear. */
static int vmx_plausible(const struct lvl_policy *p)
{
	const struct lvl_msr_words *m = lvl_msr_find(0x480);
	uint64_t size = lvl_get(p, LVL_F_VMX_VMCS_SIZE);

	if (!m || p->k[m->word] != 0xffffffffu)
		return 1; /* nothing there to judge */
	return !(p->v[m->word] >> 31) && size && size <= 4096 &&
	       !pairs_empty(p);
}

static void vmx_junk(struct lvl_context *c)
{
	unsigned i;

	if (vmx_plausible(c->p))
		return;
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];

		if (m->index < 0x480 || m->index > 0x493)
			continue;
		c->p->v[m->word] = c->p->k[m->word] = 0;
		c->p->v[m->high] = c->p->k[m->high] = 0;
	}
}

/* SDM v3 20.2: versions 1 to 6, counters of 32, 40, 48 or 64 bits. */
static int pmu_impossible(const struct lvl_policy *p)
{
	uint64_t version = lvl_get(p, LVL_F_PMU_VERSION);
	uint64_t width = lvl_get(p, LVL_F_PMU_GP_WIDTH);

	if (!lvl_known(p, LVL_F_PMU_VERSION))
		return 0;
	return !version || version > 6 ||
	       (lvl_known(p, LVL_F_PMU_GP_WIDTH) && width != 32 &&
		width != 40 && width != 48 && width != 64);
}

static void pmu_junk(struct lvl_context *c)
{
	static const uint32_t none[4];

	if (pmu_impossible(c->p))
		(void)lvl_policy_set_leaf(c->p, 0xa, LVL_NO_SUBLEAF, none);
}

static const struct lvl_rule_step rules[] = {
	{ { "RAW.dynamic", "drop OSXSAVE, OSPKE, APIC ids and live sizes",
	    "they mirror the capturing system, not the machine" },
	  0,
	  dynamic },
	{ { "RAW.limit-cpuid", "leaves above the maximum become unknown",
	    "a firmware switch (IA32_MISC_ENABLE[22]) cut CPUID short" },
	  LVL_VENDOR_INTEL,
	  limit_cpuid },
	{ { "RAW.overrun", "data beyond a maximum leaf or sub-leaf are zero",
	    "Intel repeats the last basic leaf there; it is not data" },
	  0,
	  overrun },
	{ { "RAW.syscall32", "SYSCALL is assumed, the capture was 32-bit",
	    "CPUID hides SYSCALL outside 64-bit mode on Intel; all parts "
	    "with LM have it" },
	  LVL_VENDOR_INTEL,
	  syscall32 },
	{ { "RAW.vmx-plausible", "VMX capability MSRs become unknown",
	    "region size, revision or controls are impossible: a bad capture" },
	  INTEL_LIKE,
	  vmx_junk },
	{ { "RAW.pmu-plausible", "leaf 0xA becomes zero",
	    "version or width is impossible: overrun data" },
	  INTEL_LIKE,
	  pmu_junk },
};

void lvl_raw_clean(struct lvl_policy *p, const struct lvl_capture *capture,
		   const struct lvl_trail *trail)
{
	struct lvl_context c = {
		.p = p,
		.raw = p,
		.capture = capture,
		.vendor = lvl_policy_vendor(p),
	};

	lvl_apply_rules_(rules, LVL_COUNT(rules), &c, trail);
}

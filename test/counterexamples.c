/* SPDX-License-Identifier: MIT */
/*
 * The counter-examples of the algebra: for each the smallest case on the
 * real registry, the obvious rule, which fails there, and the library, which
 * does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cpulevel/check.h>
#include <cpulevel/level.h>

#include "gen-policy.h"
#include "ref.h"

#define END LVL_NO_FIELD

/* -- policies of a few words ----------------------------------------------- */

/* A known policy with these features (ends with END) and what they need. */
static void make(struct lvl_policy *p, ...)
{
	unsigned f;
	va_list ap;

	lvl_policy_zero(p);
	lvl_set(p, LVL_F_VENDOR_0, 0x756e6547); /* GenuineIntel */
	lvl_set(p, LVL_F_VENDOR_1, 0x49656e69);
	lvl_set(p, LVL_F_VENDOR_2, 0x6c65746e);
	va_start(ap, p);
	while ((f = va_arg(ap, unsigned)) != END)
		lvl_set(p, f, 1);
	va_end(ap);
}

/* It must have been well-formed: a case that is not shows nothing. */
static void finish(struct lvl_policy *p)
{
	struct lvl_policy inner = *p;

	lvl_interior(&inner, NULL);
	lvl_finalise(p);
	lvl_finalise(&inner);
	if (gen_differ(&inner, p))
		fail_msg("not well-formed: %s", gen_differ(&inner, p));
}

static void finish_both(struct lvl_policy *a, struct lvl_policy *b)
{
	finish(a);
	finish(b);
}

static int fits(const struct lvl_policy *g, const struct lvl_policy *h)
{
	return lvl_fits(g, h, NULL, NULL) == LVL_YES;
}

static void level(struct lvl_policy *l, const struct lvl_policy *a,
		  const struct lvl_policy *b, struct lvl_status *status)
{
	struct lvl_fold f;

	lvl_fold_init(&f);
	lvl_fold_add(&f, a);
	lvl_fold_add(&f, b);
	assert_int_equal(lvl_fold_read(&f, l, NULL, status), 0);
}

/* The level is below both, and so is whatever the naive answer must be. */
static void level_fits(struct lvl_policy *l, const struct lvl_policy *a,
		       const struct lvl_policy *b)
{
	level(l, a, b, NULL);
	assert_true(fits(l, a));
	assert_true(fits(l, b));
}

/* -- the obvious rules: field by field, by the rule alone ------------------ */

static int naive_field_fits(uint64_t g, uint64_t h, unsigned rule)
{
	switch (rule) {
	case LVL_AND:
		return !(g & ~h);
	case LVL_OR:
		return !(h & ~g);
	case LVL_MIN:
		return g <= h;
	default:
		return g == h;
	}
}

/* The value of a guest against that of a host. */
static int naive_fits(uint64_t value, const struct lvl_policy *h,
		      unsigned field)
{
	return naive_field_fits(value, lvl_get(h, field),
				lvl_fields[field].rule);
}

static uint64_t naive_meet(uint64_t a, uint64_t b, unsigned rule)
{
	switch (rule) {
	case LVL_AND:
		return a & b;
	case LVL_OR:
		return a | b;
	default:
		return a < b ? a : b;
	}
}

/* Two answers of which neither is the greater: sets of features. */
static int incomparable(uint64_t a, uint64_t b)
{
	return (a & ~b) && (b & ~a);
}

static uint64_t meet_of(const struct lvl_policy *a, const struct lvl_policy *b,
			unsigned field)
{
	return naive_meet(lvl_get(a, field), lvl_get(b, field),
			  lvl_fields[field].rule);
}

/* -- CE1 .. CE3: statements that cannot be told ---------------------------- */

static void ce1_hazard_in_a_carried_word(void **state)
{
	struct lvl_policy a, b, l;
	uint64_t told;

	(void)state;
	make(&a, LVL_F_MSR, LVL_F_ARCH_CAPS, LVL_F_FB_CLEAR, END);
	make(&b, LVL_F_MSR, END);
	finish_both(&a, &b);
	/* OR, and nothing where the MSR is not there */
	told = meet_of(&a, &b, LVL_F_FB_CLEAR) &
	       meet_of(&a, &b, LVL_F_ARCH_CAPS);
	assert_false(naive_fits(told, &a, LVL_F_FB_CLEAR));
	level_fits(&l, &a, &b);
	assert_false(lvl_has(&l, LVL_F_ARCH_CAPS));
}

static void ce2_hazard_beyond_the_smallest_maximum(void **state)
{
	struct lvl_policy a, b, l;
	uint64_t leaf, told;

	(void)state;
	make(&a, LVL_F_LM, LVL_F_PAE, LVL_F_MSR, LVL_F_FPU, LVL_F_FXSR,
	     LVL_F_SSE, LVL_F_SSE2, LVL_F_VERW_CLEAR, END);
	b = a;
	lvl_set(&b, LVL_F_VERW_CLEAR, 0);
	finish_both(&a, &b);
	leaf = naive_meet(0x80000021, 0x80000008, LVL_MIN);
	told = leaf >= 0x80000021 ? meet_of(&a, &b, LVL_F_VERW_CLEAR) : 0;
	assert_false(naive_fits(told, &a, LVL_F_VERW_CLEAR));
	level_fits(&l, &a, &b);
	assert_true(lvl_has(&l, LVL_F_VERW_CLEAR));
	assert_true(lvl_get(&l, LVL_F_MAX_EXTENDED_LEAF) >= 0x80000021);
}

static void ce3_rsba_and_rrsba(void **state)
{
	struct lvl_policy a, b, l;
	uint64_t eibrs, rrsba;

	(void)state;
	make(&a, LVL_F_MSR, LVL_F_IBRSB, LVL_F_ARCH_CAPS, LVL_F_EIBRS, END);
	lvl_set(&a, LVL_F_RET_ALTERNATE, 1);
	make(&b, LVL_F_MSR, LVL_F_ARCH_CAPS, END);
	finish_both(&a, &b);
	assert_true(lvl_has(&a, LVL_F_RRSBA));
	assert_false(lvl_has(&a, LVL_F_RSBA));
	/* two OR bits; rrsba says nothing without eibrs */
	eibrs = meet_of(&a, &b, LVL_F_EIBRS);
	rrsba = naive_meet(lvl_get(&a, LVL_F_RRSBA), lvl_get(&b, LVL_F_RRSBA),
			   LVL_OR) &
		eibrs;
	assert_false(naive_field_fits(rrsba, lvl_get(&a, LVL_F_RRSBA), LVL_OR));
	level_fits(&l, &a, &b);
	assert_true(lvl_has(&l, LVL_F_RSBA));
	assert_false(lvl_has(&l, LVL_F_RRSBA));
}

/* -- CE4 .. CE8: values that must agree ------------------------------------ */

static void ce4_vmx_control(void **state)
{
	struct lvl_policy a, b, l;
	struct lvl_status status;

	(void)state;
	make(&a, LVL_F_MSR, LVL_F_VMX, LVL_F_VMX_HLT_EXIT,
	     LVL_F_VMX_HLT_EXIT_MUST, END);
	make(&b, LVL_F_MSR, LVL_F_VMX, END);
	finish_both(&a, &b);
	/* may and must by themselves: a control that nothing can set */
	assert_true(naive_meet(1, 0, LVL_OR) & ~naive_meet(1, 0, LVL_AND));
	level(&l, &a, &b, &status);
	assert_true(fits(&l, &a) && fits(&l, &b));
	assert_false(lvl_has(&l, LVL_F_VMX));
	assert_false(lvl_has(&l, LVL_F_VMX_HLT_EXIT_MUST));
	assert_int_equal(status.nr_conflicts, 1);
	assert_int_equal(status.conflict[0], LVL_F_VMX_HLT_EXIT_MUST);
}

/* What PKU needs. */
#define WITH_PKU                                                          \
	LVL_F_PKU, LVL_F_LM, LVL_F_PAE, LVL_F_MSR, LVL_F_FPU, LVL_F_FXSR, \
		LVL_F_SSE, LVL_F_SSE2, LVL_F_XSAVE

static void make_pku(struct lvl_policy *p, uint64_t offset)
{
	make(p, WITH_PKU, END);
	lvl_set(p, LVL_F_XSAVE_PKRU_SIZE, 8);
	lvl_set(p, LVL_F_XSAVE_PKRU_OFFSET, offset);
	finish(p);
}

static void ce5_offset_that_nobody_uses(void **state)
{
	struct lvl_policy a, b, l;

	(void)state;
	/* a lists PKRU at 832 and has no PKU; b has it, at 2432 */
	make_pku(&b, 2432);
	a = b;
	lvl_set(&a, LVL_F_PKU, 0);
	lvl_set(&a, LVL_F_XSAVE_PKRU_OFFSET, 832);
	assert_false(naive_fits(lvl_get(&a, LVL_F_XSAVE_PKRU_OFFSET), &b,
				LVL_F_XSAVE_PKRU_OFFSET));
	lvl_interior(&a, NULL);
	finish(&a);
	assert_int_equal(lvl_get(&a, LVL_F_XSAVE_PKRU_OFFSET), 0);
	assert_true(fits(&a, &b));
	level_fits(&l, &a, &b);
	assert_memory_equal(&l, &a, sizeof(l));
}

/* 0 means "not said yet", and a conflict sets it to 0: xapi's empty set. */
static uint64_t meet_or_unset(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a | b;
	return a == b ? a : 0;
}

static void ce5b_conflict_is_not_unset(void **state)
{
	struct lvl_policy one, two, first, l, m;

	(void)state;
	assert_true(meet_or_unset(meet_or_unset(832, 832), 2432) !=
		    meet_or_unset(832, meet_or_unset(832, 2432)));
	make_pku(&one, 832);
	make_pku(&two, 2432);
	level_fits(&first, &one, &one);
	level_fits(&l, &first, &two);
	level_fits(&first, &one, &two);
	level_fits(&m, &one, &first);
	assert_memory_equal(&l, &m, sizeof(l));
	assert_false(lvl_has(&l, LVL_F_PKU));
}

static void ce6_events_beyond_the_length(void **state)
{
	struct lvl_policy a, b, l;
	uint64_t length, told;

	(void)state;
	make(&a, END);
	lvl_set(&a, LVL_F_PMU_VERSION, 1);
	lvl_set(&a, LVL_F_PMU_GP_WIDTH, 48);
	b = a;
	lvl_set(&a, LVL_F_PMU_EVENT_LENGTH, 7);
	lvl_set(&b, LVL_F_PMU_EVENT_LENGTH, 8);
	lvl_set(&b, LVL_F_NO_TOPDOWN_SLOTS, 1);
	finish_both(&a, &b);
	length = meet_of(&a, &b, LVL_F_PMU_EVENT_LENGTH);
	told = (0x80ull | 0) & ((1ull << length) - 1);
	assert_false(naive_field_fits(told, 0x80, LVL_OR));
	level_fits(&l, &a, &b);
	assert_int_equal(lvl_get(&l, LVL_F_PMU_EVENT_LENGTH), 7);
}

static void make_tsc(struct lvl_policy *p, uint64_t from, uint64_t to)
{
	make(p, LVL_F_TSC, LVL_F_ITSC, END);
	lvl_set(p, LVL_F_TSC_KHZ_MIN, from);
	lvl_set(p, LVL_F_TSC_KHZ_MAX, to);
	finish(p);
}

static int within_250_ppm(double a, double b)
{
	return a - b <= a * 250e-6 && b - a <= a * 250e-6;
}

static void ce7_nearly_the_same_frequency(void **state)
{
	struct lvl_policy a, b, c, ab, bc, l, m;

	(void)state;
	assert_true(within_250_ppm(3000000, 3000600));
	assert_true(within_250_ppm(3000600, 3001200));
	assert_false(within_250_ppm(3000000, 3001200)); /* not transitive */
	make_tsc(&a, 2999250, 3000750);
	make_tsc(&b, 3000150, 3001650);
	make_tsc(&c, 3001050, 3002550);
	level_fits(&ab, &a, &b);
	level_fits(&bc, &b, &c);
	assert_true(lvl_has(&ab, LVL_F_ITSC) && lvl_has(&bc, LVL_F_ITSC));
	level_fits(&l, &ab, &c);
	level_fits(&m, &a, &bc);
	assert_memory_equal(&l, &m, sizeof(l));
	assert_false(lvl_has(&l, LVL_F_ITSC));
}

static void ce8_owner_is_a_disjunction(void **state)
{
	struct lvl_policy a, b, l;

	(void)state;
	make(&a, LVL_F_CET_SS, LVL_F_CET_IBT, LVL_F_XSAVES, LVL_F_XSAVE,
	     LVL_F_FXSR, LVL_F_FPU, END);
	lvl_set(&a, LVL_F_XSAVE_CET_U_SIZE, 16);
	b = a;
	lvl_set(&b, LVL_F_XSAVE_CET_U_SIZE, 24);
	finish_both(&a, &b);
	/* were both needed, one could drop either */
	assert_true(incomparable(1, 2));
	level_fits(&l, &a, &b);
	assert_false(lvl_has(&l, LVL_F_CET_SS) || lvl_has(&l, LVL_F_CET_IBT));
}

/* -- CE9 .. CE12 ----------------------------------------------------------- */

static void ce9_raising_rule_while_levelling(void **state)
{
	struct lvl_policy a, b, l;
	uint64_t stibp;

	(void)state;
	make(&a, LVL_F_MSR, LVL_F_IBRSB, END);
	make(&b, LVL_F_MSR, LVL_F_IBRSB, LVL_F_STIBP, END);
	finish_both(&a, &b);
	stibp = meet_of(&a, &b, LVL_F_STIBP) | meet_of(&a, &b, LVL_F_IBRSB);
	assert_false(naive_fits(stibp, &a, LVL_F_STIBP));
	level_fits(&l, &a, &b);
	assert_false(lvl_has(&l, LVL_F_STIBP));
}

static void ce10_tsx_is_one_chain(void **state)
{
	struct lvl_policy works, aborts, guest, l;

	(void)state;
	make(&works, END);
	aborts = works;
	lvl_set(&works, LVL_F_TSX, 2);
	lvl_set(&aborts, LVL_F_TSX, 1);
	finish_both(&works, &aborts);
	guest = aborts;
	/* AND of rtm-always-abort is 0, and the guest has it on both */
	assert_false(naive_field_fits(
		1,
		naive_meet(lvl_get(&works, LVL_F_RTM_ALWAYS_ABORT) &
				   !lvl_get(&works, LVL_F_RTM),
			   lvl_get(&aborts, LVL_F_RTM_ALWAYS_ABORT), LVL_AND),
		LVL_AND));
	assert_true(fits(&guest, &works) && fits(&guest, &aborts));
	level_fits(&l, &works, &aborts);
	assert_true(fits(&guest, &l));
	assert_true(lvl_has(&l, LVL_F_RTM_ALWAYS_ABORT));
	assert_false(lvl_has(&l, LVL_F_RTM));
}

static int has_edge(unsigned field, unsigned needs)
{
	unsigned i, k;

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];
		const struct lvl_clause *c = &lvl_clauses[s->clause];

		if (s->field != field || s->edge == LVL_NO_FIELD)
			continue;
		for (k = 0; k < c->count; k++)
			if (lvl_atoms[c->first + k].field == needs)
				return 1;
	}
	return 0;
}

/* Zen 2 has AMD_SSBD without IBRS; the others are as real. */
static void ce11_requirements_that_silicon_violates(void **state)
{
	static const uint16_t violated[][2] = {
		{ LVL_F_AMD_SSBD, LVL_F_IBRS },
		{ LVL_F_AMD_STIBP, LVL_F_IBRS },
		{ LVL_F_IBRS_FAST, LVL_F_IBRS },
		{ LVL_F_IBRS_SAME_MODE, LVL_F_IBRS },
		{ LVL_F_TSXLDTRK, LVL_F_TSX },
		{ LVL_F_LAHF_LM, LVL_F_LM },
		{ LVL_F_MMX, LVL_F_FXSR },
		{ LVL_F_CMOV, LVL_F_FXSR },
	};
	struct lvl_policy a, l;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(violated); i++)
		assert_false(has_edge(violated[i][0], violated[i][1]));
	make(&a, LVL_F_AMD_SSBD, END);
	finish(&a);
	/* the closure under such an edge changes a host by itself */
	assert_true((lvl_get(&a, LVL_F_AMD_SSBD) & lvl_get(&a, LVL_F_IBRS)) !=
		    lvl_get(&a, LVL_F_AMD_SSBD));
	level(&l, &a, &a, NULL);
	assert_memory_equal(&l, &a, sizeof(l));
}

static void ce12_one_donor_for_all_pins(void **state)
{
	struct lvl_policy a, b, l;

	(void)state;
	make(&a, END);
	lvl_set(&a, LVL_F_BASE_FAMILY, 6);
	b = a;
	lvl_set(&a, LVL_F_BASE_MODEL, 1);
	lvl_set(&a, LVL_F_STEPPING, 9);
	lvl_set(&b, LVL_F_BASE_MODEL, 2);
	lvl_set(&b, LVL_F_STEPPING, 3);
	finish_both(&a, &b);
	/* (1, 3), which is neither */
	assert_int_equal(naive_meet(1, 2, LVL_MIN), 1);
	assert_int_equal(naive_meet(9, 3, LVL_MIN), 3);
	level_fits(&l, &b, &a);
	assert_int_equal(lvl_policy_model(&l), 1);
	assert_int_equal(lvl_policy_stepping(&l), 9);
}

/* -- CE13 .. CE15: unknown and joint --------------------------------------- */

static void ce13_unknown_of_the_guest(void **state)
{
	struct lvl_policy g, h, truth;

	(void)state;
	make(&h, END);
	finish(&h);
	truth = g = h;
	lvl_set(&truth, LVL_F_RDRAND, 1);
	lvl_forget(&g, LVL_F_RDRAND);
	/* read 0, as on a host, it fits */
	assert_true(naive_fits(lvl_get(&g, LVL_F_RDRAND), &h, LVL_F_RDRAND));
	assert_int_equal(lvl_fits(&truth, &h, NULL, NULL), LVL_NO);
	assert_int_equal(lvl_fits(&g, &h, NULL, NULL), LVL_UNKNOWN);
	assert_int_equal(lvl_fits(&h, &g, NULL, NULL), LVL_YES);
}

static void ce14_joint_requirement(void **state)
{
	struct lvl_policy a, b, l;

	(void)state;
	/* "vmx and proc-trace need vmx-intel-pt": drop which? */
	assert_true(incomparable(1, 2));
	assert_true(has_edge(LVL_F_VMX_INTEL_PT, LVL_F_VMX));
	assert_true(has_edge(LVL_F_VMX_INTEL_PT, LVL_F_PROC_TRACE));
	assert_false(has_edge(LVL_F_VMX, LVL_F_VMX_INTEL_PT));
	assert_false(has_edge(LVL_F_PROC_TRACE, LVL_F_VMX_INTEL_PT));
	make(&a, LVL_F_MSR, LVL_F_VMX, LVL_F_PROC_TRACE, LVL_F_VMX_INTEL_PT,
	     END);
	make(&b, LVL_F_MSR, LVL_F_VMX, LVL_F_PROC_TRACE, END);
	finish_both(&a, &b);
	level_fits(&l, &a, &b);
	assert_memory_equal(&l, &b, sizeof(l)); /* both stay */
}

static void ce15_feature_whose_fields_are_unknown(void **state)
{
	struct lvl_policy a, b, truth, l;

	(void)state;
	make(&a, LVL_F_MSR, LVL_F_VMX, END);
	finish(&a);
	b = truth = a;
	lvl_forget(&b, LVL_F_VMX_HLT_EXIT);
	lvl_forget(&b, LVL_F_VMX_HLT_EXIT_MUST);
	lvl_set(&truth, LVL_F_VMX_HLT_EXIT, 1);
	lvl_set(&truth, LVL_F_VMX_HLT_EXIT_MUST, 1);
	/* unknown as "no constraint": the level is a; b may not run it */
	assert_int_equal(lvl_fits(&a, &truth, NULL, NULL), LVL_NO);
	level_fits(&l, &a, &b);
	assert_false(lvl_has(&l, LVL_F_VMX));
	assert_true(fits(&l, &truth));
	assert_int_equal(lvl_fits(&a, &b, NULL, NULL), LVL_UNKNOWN);
}

/* -- CE16 .. CE19: which policy is compared -------------------------------- */

static void ce16_hazards_of_max(void **state)
{
	struct lvl_policy max, states, arrival;

	(void)state;
	make(&states, LVL_F_MSR, LVL_F_ARCH_CAPS, END);
	max = states;
	lvl_set(&max, LVL_F_FB_CLEAR, 1); /* every max can tell it */
	lvl_set(&max, LVL_F_VERW_CLEAR, 1);
	finish_both(&states, &max);
	assert_false(naive_fits(lvl_get(&states, LVL_F_FB_CLEAR), &max,
				LVL_F_FB_CLEAR));
	assert_false(fits(&states, &max));
	lvl_arrival(&arrival, &max, &states);
	assert_true(fits(&states, &arrival));
}

static void ce17_hazard_that_cannot_be_told(void **state)
{
	struct lvl_policy a, b, l;

	(void)state;
	make(&a, LVL_F_FS_GS_NS, END);
	make(&b, END);
	finish_both(&a, &b);
	/* {1} where it must be told, {0} where it cannot: empty, no owner */
	assert_true(naive_meet(1, 0, LVL_OR) > naive_meet(1, 0, LVL_AND));
	level_fits(&l, &a, &b);
	assert_true(lvl_has(&l, LVL_F_FS_GS_NS));
}

static void ce18_maxima_are_not_compared(void **state)
{
	struct lvl_policy g, h;

	(void)state;
	make(&h, END);
	finish(&h);
	g = h;
	lvl_set(&g, LVL_F_MAX_BASIC_LEAF, 0x1f);
	lvl_set(&h, LVL_F_MAX_BASIC_LEAF, 0xd);
	assert_false(naive_field_fits(0x1f, 0xd, LVL_MIN));
	assert_true(fits(&g, &h));
}

static void ce19_default_and_max_are_two_orders(void **state)
{
	struct lvl_policy max, dflt, arrival, guest, l;

	(void)state;
	make(&max, END);
	dflt = max;
	lvl_set(&max, LVL_F_TSX, 2);
	finish_both(&max, &dflt);
	guest = max; /* booted before TSX was switched off by default */
	lvl_arrival(&arrival, &max, &dflt);
	level_fits(&l, &dflt, &dflt);
	assert_true(fits(&guest, &arrival));
	assert_false(fits(&guest, &l));
	assert_true(fits(&dflt, &arrival) && fits(&l, &arrival));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ce1_hazard_in_a_carried_word),
		cmocka_unit_test(ce2_hazard_beyond_the_smallest_maximum),
		cmocka_unit_test(ce3_rsba_and_rrsba),
		cmocka_unit_test(ce4_vmx_control),
		cmocka_unit_test(ce5_offset_that_nobody_uses),
		cmocka_unit_test(ce5b_conflict_is_not_unset),
		cmocka_unit_test(ce6_events_beyond_the_length),
		cmocka_unit_test(ce7_nearly_the_same_frequency),
		cmocka_unit_test(ce8_owner_is_a_disjunction),
		cmocka_unit_test(ce9_raising_rule_while_levelling),
		cmocka_unit_test(ce10_tsx_is_one_chain),
		cmocka_unit_test(ce11_requirements_that_silicon_violates),
		cmocka_unit_test(ce12_one_donor_for_all_pins),
		cmocka_unit_test(ce13_unknown_of_the_guest),
		cmocka_unit_test(ce14_joint_requirement),
		cmocka_unit_test(ce15_feature_whose_fields_are_unknown),
		cmocka_unit_test(ce16_hazards_of_max),
		cmocka_unit_test(ce17_hazard_that_cannot_be_told),
		cmocka_unit_test(ce18_maxima_are_not_compared),
		cmocka_unit_test(ce19_default_and_max_are_two_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

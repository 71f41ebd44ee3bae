/* SPDX-License-Identifier: MIT */
/* Levelling capabilities of a CPU, and what they control: tables. */
#include "hosts.h"

#include <cpulevel/caps.h>

/* -- which CPU has what --------------------------------------------------- */

/* Capabilities of CPUs, with the MSR each is; 0 where it is not there. */
static const struct {
	const char *host;
	enum lvl_verdict faulting;
	uint32_t switched_by, msr[LVL_NR_LCAPS]; /* by enum lvl_lcap */
	enum lvl_cap_from from;                  /* of faulting */
} cpus[] = {
	/* Penryn, Dunnington */
	{ "intel fms=0x10676", LVL_NO, 0, { 0, 0x478 }, LVL_FROM_MODEL },
	{ "intel fms=0x106d1", LVL_NO, 0, { 0, 0x478 }, LVL_FROM_MODEL },
	/* Merom before it; Nehalem, Westmere-EX, SandyBridge-EP */
	{ "intel fms=0x006f6", LVL_NO, 0, { 0 }, LVL_FROM_MODEL },
	{ "intel fms=0x106a5", LVL_NO, 0, { 0, 0x130, 0x131 }, LVL_FROM_MODEL },
	{ "intel fms=0x206f2", LVL_NO, 0, { 0, 0x130, 0x131 }, LVL_FROM_MODEL },
	{ "intel fms=0x206d7",
	  LVL_NO,
	  0,
	  { 0, 0x132, 0x133, 0x134 },
	  LVL_FROM_MODEL },
	/* IvyBridge, Skylake, a model of tomorrow, Netburst */
	{ "intel fms=0x306a9", LVL_YES, 0x140, { 0 }, LVL_FROM_MODEL },
	{ "intel fms=0x50654", LVL_YES, 0x140, { 0 }, LVL_FROM_MODEL },
	{ "intel fms=0xf06f0", LVL_UNKNOWN, 0, { 0 }, LVL_FROM_NOTHING },
	{ "intel fms=0x00f43", LVL_NO, 0, { 0 }, LVL_FROM_MODEL },
	/* what the MSR says wins over the model */
	{ "intel fms=0x50654 mce=0", LVL_NO, 0, { 0 }, LVL_FROM_MSR },
	{ "intel fms=0xf06f0 mce=0x80000000",
	  LVL_YES,
	  0x140,
	  { 0 },
	  LVL_FROM_MSR },
	/* K8 before revision E, revision F, K10, Griffin */
	{ "amd fms=0x00f51", LVL_NO, 0, { 0 }, LVL_FROM_CPUID },
	{ "amd fms=0x40f12 max-basic-leaf=1",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005 },
	  LVL_FROM_CPUID },
	{ "amd fms=0x100f80 max-basic-leaf=5",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005 },
	  LVL_FROM_CPUID },
	{ "amd fms=0x200f31", LVL_NO, 0, { 0 }, LVL_FROM_CPUID },
	/* Bulldozer with APERF, without, Zen, Zen 4, Zen 6 */
	{ "amd fms=0x600f12 max-basic-leaf=13 aperfmperf",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005, 0, 0xc0011003, 0xc0011002 },
	  LVL_FROM_CPUID },
	{ "amd fms=0x600f12 max-basic-leaf=13",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005, 0, 0, 0xc0011002 },
	  LVL_FROM_CPUID },
	{ "amd fms=0x800f11 max-basic-leaf=13 aperfmperf",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005, 0, 0, 0xc0011002 },
	  LVL_FROM_CPUID },
	{ "amd fms=0xa10f11 max-basic-leaf=16 cpuid-user-dis",
	  LVL_YES,
	  0xc0010015,
	  { 0, 0xc0011004, 0xc0011005, 0, 0, 0xc0011002 },
	  LVL_FROM_CPUID },
	/* Hygon has no mask of leaf 6; nor have the others any */
	{ "hygon fms=0x900f02 max-basic-leaf=13 aperfmperf",
	  LVL_NO,
	  0,
	  { 0, 0xc0011004, 0xc0011005, 0, 0, 0xc0011002 },
	  LVL_FROM_CPUID },
	{ "zhaoxin fms=0x706b1", LVL_NO, 0, { 0 }, LVL_FROM_MODEL },
	/* a hypervisor below: nothing is assumed, Intel's way may be there */
	{ "intel fms=0x50654 hypervisor",
	  LVL_UNKNOWN,
	  0,
	  { 0 },
	  LVL_FROM_NOTHING },
	{ "amd fms=0x800f11 hypervisor mce=0x80000000 max-basic-leaf=13",
	  LVL_YES,
	  0x140,
	  { 0 },
	  LVL_FROM_MSR },
};

static void test_models(void **state)
{
	unsigned i, c;

	(void)state;
	for (i = 0; i < LVL_COUNT(cpus); i++) {
		struct lvl_policy p = host_of(cpus[i].host);
		struct lvl_caps caps;

		lvl_caps_read(&caps, &p);
		if (caps.cap[0].has != cpus[i].faulting ||
		    caps.cap[0].from != cpus[i].from)
			fail_msg("%s: faulting %u from %u", cpus[i].host,
				 caps.cap[0].has, caps.cap[0].from);
		if (lvl_cap_msr(&caps, LVL_LCAP_FAULTING) !=
		    cpus[i].switched_by)
			fail_msg("%s: switched by %x", cpus[i].host,
				 lvl_cap_msr(&caps, LVL_LCAP_FAULTING));
		for (c = 1; c < LVL_NR_LCAPS; c++)
			if (lvl_cap_msr(&caps, (enum lvl_lcap)c) !=
			    cpus[i].msr[c])
				fail_msg("%s: %s is msr %x", cpus[i].host,
					 lvl_lcap_names[c],
					 lvl_cap_msr(&caps, (enum lvl_lcap)c));
	}
}

/* A mask is known if its MSR was read, assumed on bare metal, else not. */
static void test_three_values(void **state)
{
	static const struct {
		const char *host;
		enum lvl_verdict has;
		enum lvl_cap_from from;
	} c[] = {
		{ "intel fms=0x106a5", LVL_YES, LVL_FROM_MODEL },
		{ "intel fms=0x106a5 m130=0xffffffffffffffff", LVL_YES,
		  LVL_FROM_MSR },
		{ "intel fms=0x106a5 hypervisor", LVL_UNKNOWN,
		  LVL_FROM_NOTHING },
		{ "intel fms=0x106a5 hypervisor m130=0", LVL_YES,
		  LVL_FROM_MSR },
		{ "intel fms=0x106a5 ?hypervisor", LVL_UNKNOWN,
		  LVL_FROM_NOTHING },
		{ "intel fms=0x106a5 ?ext-model", LVL_UNKNOWN,
		  LVL_FROM_NOTHING },
		{ "napier fms=0x106a5", LVL_UNKNOWN, LVL_FROM_NOTHING },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_policy p = host_of(c[i].host);
		struct lvl_caps caps;

		lvl_caps_read(&caps, &p);
		if (caps.cap[LVL_LCAP_1CD].has != c[i].has ||
		    caps.cap[LVL_LCAP_1CD].from != c[i].from)
			fail_msg("%s: %u from %u", c[i].host,
				 caps.cap[LVL_LCAP_1CD].has,
				 caps.cap[LVL_LCAP_1CD].from);
	}
}

static void test_encodings(void **state)
{
	static const struct {
		const char *host;
		uint32_t xen, old, unknown;
	} c[] = {
		{ "intel fms=0x106a5", 0x06, 0x01e, 0 },
		{ "intel fms=0x206d7", 0x0e, 0x03e, 0 },
		{ "intel fms=0x306a9", 0x01, 0x001, 0 },
		{ "amd fms=0x600f12 max-basic-leaf=13 aperfmperf", 0x36, 0x1de,
		  0 },
		/* where it faults Xen looks no further */
		{ "amd fms=0xa10f11 max-basic-leaf=16 cpuid-user-dis", 0x01,
		  0x001, 0 },
		{ "intel fms=0x50654 hypervisor", 0, 0, 0x01 },
		{ "intel fms=0x106a5 hypervisor", 0, 0, 0x07 },
	};
	uint32_t unknown;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_policy p = host_of(c[i].host);
		struct lvl_caps caps;

		lvl_caps_read(&caps, &p);
		assert_int_equal(lvl_caps_xen(&caps, &unknown), c[i].xen);
		assert_int_equal(unknown, c[i].unknown);
		assert_int_equal(lvl_caps_2014(&caps, NULL), c[i].old);
	}
	assert_string_equal(lvl_cap_name_2014(3), "mask_extd_ecx");
	assert_string_equal(lvl_cap_name_2014(8), "mask_l7s0_ebx");
	assert_null(lvl_cap_name_2014(9));
}

/* -- control -------------------------------------------------------------- */

/* "FIELD ANSWER" of a PV guest on hosts of three kinds. */
static void test_control(void **state)
{
	static const char *const hosts[] = {
		"intel fms=0x106a5",           /* masks of leaves 1, ext 1 */
		"intel fms=0x306a9",           /* faults */
		"intel fms=0x50654 hypervisor" /* not known */
	};
	static const struct {
		const char *field;
		enum lvl_guest guest;
		enum lvl_sight sight[3];
		enum lvl_control control[3];
	} c[] = {
		{ "sse4-2",
		  LVL_PV,
		  { LVL_SIGHT_MASKED, LVL_SIGHT_FAULTS, LVL_SIGHT_UNKNOWN },
		  { LVL_HIDDEN_ONLY, LVL_HIDDEN_ONLY, LVL_CONTROL_UNKNOWN } },
		{ "monitor",
		  LVL_PV,
		  { LVL_SIGHT_MASKED, LVL_SIGHT_FAULTS, LVL_SIGHT_UNKNOWN },
		  { LVL_CONTROLLED, LVL_CONTROLLED, LVL_CONTROL_UNKNOWN } },
		{ "x2apic",
		  LVL_PV,
		  { LVL_SIGHT_KEPT, LVL_SIGHT_FAULTS, LVL_SIGHT_UNKNOWN },
		  { LVL_SHOWN, LVL_CONTROLLED, LVL_CONTROL_UNKNOWN } },
		{ "apic",
		  LVL_PV,
		  { LVL_SIGHT_FORWARDED, LVL_SIGHT_FAULTS, LVL_SIGHT_UNKNOWN },
		  { LVL_SHOWN, LVL_CONTROLLED, LVL_CONTROL_UNKNOWN } },
		{ "bmi1",
		  LVL_PV,
		  { LVL_SIGHT_NATIVE, LVL_SIGHT_FAULTS, LVL_SIGHT_UNKNOWN },
		  { LVL_SHOWN, LVL_HIDDEN_ONLY, LVL_CONTROL_UNKNOWN } },
		{ "rdcl-no",
		  LVL_PV,
		  { LVL_SIGHT_MSR, LVL_SIGHT_MSR, LVL_SIGHT_MSR },
		  { LVL_CONTROLLED, LVL_CONTROLLED, LVL_CONTROLLED } },
		{ "mxcsr-mask",
		  LVL_HVM,
		  { LVL_SIGHT_SILICON, LVL_SIGHT_SILICON, LVL_SIGHT_SILICON },
		  { LVL_SHOWN, LVL_SHOWN, LVL_SHOWN } },
		{ "sse4-2",
		  LVL_HVM,
		  { LVL_SIGHT_EXITS, LVL_SIGHT_EXITS, LVL_SIGHT_EXITS },
		  { LVL_HIDDEN_ONLY, LVL_HIDDEN_ONLY, LVL_HIDDEN_ONLY } },
		{ "smep",
		  LVL_HVM_SHADOW,
		  { LVL_SIGHT_EXITS, LVL_SIGHT_EXITS, LVL_SIGHT_EXITS },
		  { LVL_CONTROLLED, LVL_CONTROLLED, LVL_CONTROLLED } },
	};
	unsigned i, h;

	(void)state;
	for (h = 0; h < LVL_COUNT(hosts); h++) {
		struct lvl_policy p = host_of(hosts[h]);
		struct lvl_caps caps;

		lvl_caps_read(&caps, &p);
		for (i = 0; i < LVL_COUNT(c); i++) {
			unsigned f =
				field_named(c[i].field, strlen(c[i].field));
			struct lvl_controlled is =
				lvl_control(&caps, c[i].guest, f);

			if (is.sight != c[i].sight[h] ||
			    is.control != c[i].control[h])
				fail_msg("%s, %s: %s, %s", hosts[h], c[i].field,
					 lvl_control_names[is.control],
					 lvl_sight_text(
						 (enum lvl_sight)is.sight));
		}
	}
}

/* What CPUID says, HVM guests and PV guests that fault can be told. */
static void test_never_leaks(void **state)
{
	static const char *const hosts[] = {
		"intel fms=0x106a5",
		"amd fms=0x600f12 max-basic-leaf=13",
		"intel fms=0x306a9",
		"amd fms=0xa10f11 cpuid-user-dis",
	};
	unsigned h, i, g, shown = 0;

	(void)state;
	for (h = 0; h < LVL_COUNT(hosts); h++) {
		struct lvl_policy p = host_of(hosts[h]);
		struct lvl_caps caps;

		lvl_caps_read(&caps, &p);
		for (i = 0; i < LVL_NR_FIELDS; i++)
			for (g = h < 2 ? LVL_HVM_SHADOW : LVL_PV;
			     g < LVL_NR_GUESTS; g++) {
				struct lvl_controlled c = lvl_control(
					&caps, (enum lvl_guest)g, i);

				assert_true(c.control != LVL_CONTROL_UNKNOWN);
				if (c.control != LVL_SHOWN)
					continue;
				assert_int_equal(c.sight, LVL_SIGHT_SILICON);
				shown++;
			}
	}
	assert_true(shown > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_three_values),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_never_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

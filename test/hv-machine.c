/* SPDX-License-Identifier: MIT */
/*
 * The machine: what is found on a CPU, several CPUs, those that come later or
 * change, and the options that lower all of it.
 */
#include "hv-made.h"

#include "gen-policy.h"

static struct machine m;
static struct refused refused;
static struct lvl_refusals why;

/* -- probing --------------------------------------------------------------- */

/* Every model: what it has is found, and its MSRs are as they were. */
static void test_models(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < sim_nr_models; i++) {
		struct sim_cpu before;

		sim_make(&m.sim, sim_models[i].name, BASE "x2apic");
		before = m.sim;
		machine_on(&m, "generic", NULL);
		assert_int_equal(m.cpu.found, sim_models[i].xen_caps);
		assert_int_equal(m.cpu.expected, sim_models[i].xen_caps);
		assert_int_equal(m.hv.is.found, sim_models[i].xen_caps);
		assert_int_equal(m.sim.fault_msr, before.fault_msr);
		for (k = 0; k < sim_models[i].nr_masks; k++)
			if (sim_models[i].faulting)
				assert_int_equal(m.sim.mask[k], before.mask[k]);
	}
}

/* Masks that cannot be read, or written: expected, missing, not used. */
static void test_missing(void **state)
{
	static const struct {
		const char *model;
		unsigned unreadable, unwritable;
		uint32_t expected, found;
	} c[] = {
		{ "sandybridge", 1, 0, 0x0e, 0x0c },
		{ "sandybridge", 0, 6, 0x0e, 0x02 },
		{ "sandybridge", 7, 7, 0x0e, 0x00 },
		{ "bulldozer", 0, 4, 0x36, 0x16 },
		{ "penryn", 1, 0, 0x02, 0x00 },
	};
	unsigned i, k;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		sim_make(&m.sim, c[i].model, BASE "max-basic-leaf=13");
		m.sim.unreadable = c[i].unreadable;
		m.sim.unwritable = c[i].unwritable;
		machine_on(&m, "generic", NULL);
		assert_int_equal(m.cpu.expected, c[i].expected);
		assert_int_equal(m.cpu.found, c[i].found);
		/* what is missing is expected and was not found */
		assert_int_equal(m.cpu.expected & ~m.cpu.found,
				 c[i].expected & ~c[i].found);
		for (k = 0; k < m.sim.model->nr_masks; k++)
			if ((c[i].unreadable | c[i].unwritable) >> k & 1)
				assert_int_equal(m.cpu.now[k], 0);
	}
}

/* In a virtual machine masks are often not there: they are looked for. */
static void test_virtual(void **state)
{
	(void)state;
	machine(&m, "sandybridge", BASE "hypervisor");
	assert_int_equal(m.cpu.expected, 0x0e);
	assert_int_equal(m.cpu.found, 0x0e);
	sim_make(&m.sim, "sandybridge", BASE "hypervisor");
	m.sim.unreadable = 7;
	machine_on(&m, "generic", NULL);
	assert_int_equal(m.cpu.expected, 0x0e);
	assert_int_equal(m.cpu.found, 0);
}

static int tries;

/* CPUID at CPL 3, as a kernel would try it. */
static int faults(void *arg)
{
	uint32_t reg[4];

	(void)arg;
	tries++;
	return sim_cpuid_user(sim_now, 0, 0, reg);
}

/* The bit of CPUID faulting is not believed. */
static void test_faulting(void **state)
{
	static const struct lvl_trial trial = { .faults = faults };
	static const struct {
		const char *model;
		int stuck, dead, sticks;
		const struct lvl_trial *trial;
		uint32_t found;
	} c[] = {
		{ "skylake", 0, 0, 0, &trial, 1 },
		{ "skylake", 1, 0, 0, NULL, 0 },
		{ "skylake", 0, 1, 0, NULL, 1 },
		{ "skylake", 0, 1, 0, &trial, 0 },
		{ "genoa", 0, 0, 0, &trial, 1 },
		{ "genoa", 1, 0, 0, NULL, 0x26 },
		{ "genoa", 0, 1, 0, &trial, 0x26 },
		{ "skylake", 0, 0, 1, NULL, 1 },
		{ "skylake", 0, 0, 1, &trial, 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		sim_make(&m.sim, c[i].model, BASE);
		m.sim.stuck = c[i].stuck;
		m.sim.dead = c[i].dead;
		m.sim.sticks = c[i].sticks;
		lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
		tries = 0;
		assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 0, c[i].trial, NULL),
				 0);
		assert_int_equal(m.cpu.found, c[i].found);
		assert_int_equal(m.cpu.expected, 1);
		assert_true(!c[i].trial || tries > 0);
		assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
		assert_int_equal(m.hv.faulting, c[i].found == 1);
		/* a PV guest is told that it can fault only if it can */
		assert_int_equal(lvl_has(&m.hv.host, LVL_F_CPUID_USER_DIS),
				 c[i].found == 1 && c[i].model[0] == 'g');
	}
}

#define CPUS 3
static struct sim_cpu sim[CPUS];
static struct lvl_cpu cpu[CPUS];

static void up(unsigned i, const char *model, const char *words)
{
	sim_make(&sim[i], model, words);
	why = keep(&refused);
	assert_int_equal(lvl_cpu_up(&m.hv, &cpu[i], 0, NULL, &why), 0);
}

static void test_vendor(void **state)
{
	(void)state;
	sim_make(&m.sim, "skylake", BASE "vendor-0=1");
	lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
	lvl_set(&m.sim.hw, LVL_F_VENDOR_0, 1);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 0, NULL, NULL),
			 -LVL_E_VENDOR);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), -LVL_E_EMPTY);
	/* refused, or not started: to be idle there writes nothing */
	m.sim.writes = 0;
	assert_int_equal(lvl_switch(&m.cpu, NULL), 0);
	assert_int_equal(m.sim.writes, 0);
	up(0, "nehalem", BASE);
	sim[0].writes = 0;
	assert_int_equal(lvl_switch(&cpu[0], NULL), 0);
	assert_int_equal(sim[0].writes, 0);
}

/* -- several CPUs ---------------------------------------------------------- */

static int start(unsigned i)
{
	sim_now = &sim[i];
	return lvl_cpu_start(&m.hv, &cpu[i]);
}

/* At boot the machine is what its CPUs have in common. */
static void test_common(void **state)
{
	(void)state;
	lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
	up(0, "nehalem", BASE "popcnt sse4-2 ssse3 sse4-1 maxphysaddr=40");
	up(1, "nehalem", BASE "ssse3 sse4-1 sse4-2 maxphysaddr=36");
	sim_make(&sim[2], "nehalem", BASE "ssse3 sse4-1 sse4-2 popcnt");
	sim[2].unreadable = 1; /* no mask of leaf 1 */
	assert_int_equal(lvl_cpu_up(&m.hv, &cpu[2], 0, NULL, NULL), 0);
	assert_int_equal(start(0), -LVL_E_STATE);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
	made_assert(&m.hv.host, "sse4-2 -popcnt", "host");
	assert_int_equal(m.hv.is.expected, 0x06);
	assert_int_equal(m.hv.is.found, 0x04);
	assert_int_equal(start(0), 0);
	assert_int_equal(start(1), 0);
	assert_int_equal(start(2), 0);
	/* and none of them uses what one has not */
	assert_int_equal(sim[0].mask[0], ~0ull);
	assert_int_equal(sim[0].mask[1], m.hv.idle[1]);
	assert_int_equal(sim[2].mask[1], m.hv.idle[1]);
}

/* Of different models: expected is what any of them should have. */
static void test_models_mixed(void **state)
{
	(void)state;
	lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
	up(0, "penryn", BASE);
	up(1, "nehalem", BASE);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
	assert_int_equal(m.hv.is.expected, 0x06);
	assert_int_equal(m.hv.is.found, 0x02);
}

/* Not to know is less than to know, but not less than not to know. */
static void test_late_unknown(void **state)
{
	static const struct {
		const char *first, *second;
		int rc;
	} c[] = {
		{ BASE "arch-caps m10a=1", BASE "arch-caps m10a=1", 0 },
		{ BASE "arch-caps m10a=1", BASE "arch-caps ?m10a",
		  -LVL_E_CONFLICT },
		{ BASE "arch-caps ?m10a", BASE "arch-caps ?m10a", 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
		up(0, "skylake", c[i].first);
		assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
		sim_make(&sim[1], "skylake", c[i].second);
		assert_int_equal(lvl_cpu_up(&m.hv, &cpu[1], 0, NULL, NULL),
				 c[i].rc);
	}
}

/* A CPU that comes later must be able to run every guest. */
static void test_late(void **state)
{
	static const struct {
		const char *model, *words;
		unsigned unreadable;
		const char *about; /* a field, or NULL: taken */
		uint32_t msr;
	} c[] = {
		{ "nehalem", BASE "ssse3 sse4-1 maxphysaddr=40", 0, NULL, 0 },
		{ "nehalem", BASE "ssse3 sse4-1 popcnt maxphysaddr=46", 0, NULL,
		  0 },
		{ "nehalem", BASE "ssse3 maxphysaddr=40", 0, "sse4-1", 0 },
		{ "nehalem", BASE "ssse3 sse4-1 maxphysaddr=36", 0,
		  "maxphysaddr", 0 },
		{ "nehalem", BASE "ssse3 sse4-1 maxphysaddr=40", 2, NULL,
		  0x131 },
		{ "penryn", BASE "ssse3 sse4-1 maxphysaddr=40", 0, NULL,
		  0x131 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		struct lvl_policy host;
		int rc;

		lvl_hv_init(&m.hv, &lvl_platforms[0], NULL);
		up(0, "nehalem", BASE "ssse3 sse4-1 maxphysaddr=40");
		assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
		host = m.hv.host;
		sim_make(&sim[1], c[i].model, c[i].words);
		sim[1].unreadable = c[i].unreadable;
		why = keep(&refused);
		rc = lvl_cpu_up(&m.hv, &cpu[1], 0, NULL, &why);
		assert_int_equal(rc,
				 c[i].about || c[i].msr ? -LVL_E_CONFLICT : 0);
		assert_int_equal(start(1), rc ? -LVL_E_STATE : 0);
		if (c[i].about)
			assert_true(refused_about(&refused, c[i].about) >= 0);
		if (c[i].msr)
			assert_int_equal(refused.at[0].msr, c[i].msr);
		assert_memory_equal(&host, &m.hv.host, sizeof(host));
	}
}

/* -- once more, after microcode or resume ---------------------------------- */

static void test_again(void **state)
{
	struct lvl_dom d;
	struct lvl_vcpu v;

	(void)state;
	machine(&m, "nehalem", BASE "ssse3 sse4-1 aesni");
	domain(&d, &m, LVL_PV);
	lvl_dom_start(&d);
	lvl_vcpu_init(&v, &d, 0);
	assert_int_equal(lvl_switch(&m.cpu, &v), 0);
	/* masks are off while it is read: nothing seems to have gone */
	why = keep(&refused);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, &why), 0);
	assert_int_equal(refused.n, 0);
	assert_int_equal(m.sim.mask[0], ~0ull);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), 0);
	assert_int_equal(m.sim.mask[0], m.hv.idle[0]);
	/* resume: the MSRs are as after reset, and hv knows */
	sim_reset(&m.sim);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, &why), 0);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), 0);
	assert_int_equal(m.sim.mask[1], m.hv.idle[1]);
	/* a feature shrinks under us: that is an event */
	made_apply(&m.sim.hw, "-aesni");
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, &why),
			 -LVL_E_CONFLICT);
	assert_true(refused_about(&refused, "aesni") >= 0);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), -LVL_E_STATE);
}

/* A gain is for new guests, once all CPUs were read anew. */
static void test_restart(void **state)
{
	struct lvl_policy before;
	struct lvl_dom d;

	(void)state;
	machine(&m, "skylake", BASE "ssse3 sse4-1 md-clear");
	made_apply(&m.sim.hw, "popcnt");
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, NULL), 0);
	made_assert(&m.hv.host, "-popcnt", "as before");
	lvl_hv_restart(&m.hv);
	assert_int_equal(lvl_dom_init(&d, &m.hv, LVL_HVM, NULL, 0, NULL),
			 -LVL_E_STATE);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, NULL), 0);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
	made_assert(&m.hv.host, "popcnt", "more");
	/* less: everything is told, and stays as it was */
	before = m.hv.dflt[LVL_HVM];
	made_apply(&m.sim.hw, "-popcnt -sse4-1");
	lvl_hv_restart(&m.hv);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, NULL), 0);
	why = keep(&refused);
	assert_int_equal(lvl_hv_ready(&m.hv, &why), -LVL_E_CONFLICT);
	assert_true(refused_about(&refused, "popcnt") >= 0);
	assert_true(refused_about(&refused, "sse4-1") >= 0);
	assert_memory_equal(&before, &m.hv.dflt[LVL_HVM], sizeof(before));
	domain(&d, &m, LVL_HVM);
}

/* A mask that goes is told too. */
static void test_restart_caps(void **state)
{
	(void)state;
	machine(&m, "nehalem", BASE);
	m.sim.unwritable = 2;
	lvl_hv_restart(&m.hv);
	/* what it holds cannot be put back */
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, NULL), -LVL_E_IO);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 0, NULL, NULL), 0);
	why = keep(&refused);
	assert_int_equal(lvl_hv_ready(&m.hv, &why), -LVL_E_CONFLICT);
	assert_int_equal(refused.n, 1);
	assert_int_equal(refused.at[0].msr, 0x131);
	assert_int_equal(m.hv.is.found, 0x06);
}

/* A mask that comes is nothing to domains that were made without it. */
static void test_restart_more_caps(void **state)
{
	struct lvl_dom d;
	struct lvl_vcpu v;

	(void)state;
	sim_make(&m.sim, "nehalem", BASE);
	m.sim.unwritable = 2;
	machine_on(&m, "generic", NULL);
	assert_int_equal(m.hv.is.found, 0x02);
	domain(&d, &m, LVL_PV);
	lvl_dom_start(&d);
	lvl_vcpu_init(&v, &d, 0);
	m.sim.unwritable = 0;
	lvl_hv_restart(&m.hv);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 1, NULL, NULL), 0);
	assert_int_equal(m.cpu.found, 0x06);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), 0);
	assert_int_equal(m.hv.is.found, 0x02);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), 0);
	assert_int_equal(lvl_switch(&m.cpu, &v), 0);
	assert_int_equal(m.sim.mask[1], ~0ull);
}

/* What the firmware left in a mask bounds everybody. */
static void test_firmware(void **state)
{
	struct lvl_dom d;

	(void)state;
	sim_make(&m.sim, "nehalem", BASE "ssse3 sse4-1");
	m.sim.mask[0] = 0xfffffffffff7ffff; /* no SSE4.1 */
	machine_on(&m, "generic", NULL);
	made_assert(&m.hv.host, "ssse3 -sse4-1", "host");
	assert_int_equal(m.hv.idle[0] >> 19 & 1, 0);
	domain(&d, &m, LVL_PV);
	assert_int_equal(d.mask[1][0] >> 19 & 1, 0);
}

/* AMD's HWCR: other bits are the embedder's and are not read again. */
static void test_hwcr(void **state)
{
	struct lvl_dom d;
	struct lvl_vcpu v;

	(void)state;
	machine(&m, "genoa", BASE);
	domain(&d, &m, LVL_PV);
	lvl_dom_start(&d);
	lvl_vcpu_init(&v, &d, 0);
	m.sim.fault_msr |= 0x100; /* the embedder writes, and says so */
	lvl_cpu_fault_msr(&m.cpu, m.sim.fault_msr);
	m.sim.reads = 0;
	assert_int_equal(lvl_switch(&m.cpu, &v), 0);
	assert_int_equal(m.sim.fault_msr, 0x809000111);
	assert_int_equal(m.sim.reads, 0);
	/* a CPU that refuses a write is told, and its shadow stays */
	machine(&m, "nehalem", BASE "ssse3");
	domain(&d, &m, LVL_PV);
	made_apply(&d.p, "-ssse3");
	assert_int_equal(lvl_dom_set_policy(&d, &d.p, 0, NULL), 0);
	lvl_dom_start(&d);
	lvl_vcpu_init(&v, &d, 0);
	m.sim.unwritable = 1;
	assert_int_equal(lvl_switch(&m.cpu, &v), -LVL_E_IO);
	assert_int_equal(m.cpu.now[0], m.hv.idle[0]);
}

/* -- options --------------------------------------------------------------- */

static int param(struct lvl_params *p, const char *option)
{
	const char *value = strchr(option, '=');

	return lvl_param(p, option, (size_t)(value - option), value + 1,
			 strlen(value + 1));
}

static void test_params(void **state)
{
	static const struct {
		const char *option;
		int rc;
	} c[] = {
		{ "cpuid_mask_ecx=0x00802009", 0 },
		{ "cpuid_mask_ecx=4294967295", 0 },
		{ "cpuid_mask_l7s0_eax=1", 0 },
		{ "cpuid_mask_thermal_ecx=0", 0 },
		{ "cpuid_mask_cpu=fam_10_rev_c", 0 },
		{ "cpuid=no-avx2,no-SSE4A", 0 },
		{ "cpuid=no-prefetchi", 0 },
		{ "cpuid_mask_ecx=", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=0x", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=0y1", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=12g", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=017", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=-1", -LVL_E_SYNTAX },
		{ "cpuid_mask_ecx=0x1ffffffff", -LVL_E_RANGE },
		{ "cpuid_mask_edx=0", -LVL_E_RANGE },
		{ "cpuid_mask_ext_edx=0x800", -LVL_E_RANGE },
		{ "cpuid_mask_ebx=1", -LVL_E_UNKNOWN_NAME },
		{ "cpuid_mask_cpu=fam_17_rev_a", -LVL_E_UNKNOWN_NAME },
		{ "cpuid=no-such", -LVL_E_UNKNOWN_NAME },
		{ "cpuid=avx2", -LVL_E_SYNTAX },
		{ "cpuid=no-avx2,", -LVL_E_SYNTAX },
		{ "cpuid=no-avx2,no-lm", -LVL_E_SYNTAX },
		{ "cpuid=no-maxphysaddr", -LVL_E_SYNTAX },
		{ "dom0=pvh", -LVL_E_UNKNOWN_NAME },
	};
	struct lvl_params p, before;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(c); i++) {
		lvl_params_init(&p);
		before = p;
		if (param(&p, c[i].option) != c[i].rc)
			fail_msg("%s: not %d", c[i].option, c[i].rc);
		assert_int_equal(!memcmp(&p, &before, sizeof(p)), c[i].rc != 0);
		assert_int_equal(p.deprecated,
				 !c[i].rc &&
					 !strncmp(c[i].option, "cpuid_", 6));
	}
	lvl_params_init(&p);
	assert_int_equal(param(&p, "cpuid_mask_ecx=1"), 0);
	assert_int_equal(param(&p, "cpuid_mask_ecx=1"), -LVL_E_DUPLICATE);
	assert_int_equal(param(&p, "cpuid_mask_cpu=fam_0f_rev_c"), 0);
	assert_int_equal(param(&p, "cpuid_mask_cpu=fam_0f_rev_c"),
			 -LVL_E_DUPLICATE);
	lvl_params_init(&p);
	for (i = 0; i < LVL_NR_PARAM_DROPS; i++)
		assert_int_equal(param(&p, "cpuid=no-avx2"), 0);
	assert_int_equal(param(&p, "cpuid=no-avx2"), -LVL_E_TOO_BIG);
}

/* The host is lowered, and through the idle masks what everybody sees. */
static void test_lowered(void **state)
{
	struct lvl_params p;
	struct lvl_dom d;
	uint32_t reg[4];

	(void)state;
	lvl_params_init(&p);
	assert_int_equal(param(&p, "cpuid_mask_ext_ecx=0xfffffffe"), 0);
	assert_int_equal(param(&p, "cpuid=no-ssse3,no-x2apic"), 0);
	sim_make(&m.sim, "nehalem",
		 BASE "ssse3 sse4-1 sse4-2 x2apic lahf-lm popcnt");
	machine_on(&m, "xen-4.17", &p);
	/* with what needs it */
	made_assert(&m.hv.host, "-ssse3 -sse4-1 -sse4-2 popcnt -lahf-lm",
		    "host");
	made_assert(&m.hv.dflt[LVL_HVM], "-ssse3 -sse4-1 popcnt", "default");
	sim_cpuid(1, 0, reg);
	assert_int_equal(reg[2] & (1u << 9 | 1u << 19 | 1u << 20 | 1u << 21),
			 0);
	assert_int_equal(reg[2] >> 23 & 1, 1);
	sim_cpuid(0x80000001, 0, reg);
	assert_int_equal(reg[2] & 1, 0);
	/* no guest gets beyond, not even with what is kept from the host */
	domain(&d, &m, LVL_PV);
	assert_int_equal(d.mask[1][0] & ~m.hv.idle[0], 0);
	/* a machine that faults has no such masks: its guests are lowered */
	sim_make(&m.sim, "skylake", BASE "ssse3 sse4-1");
	machine_on(&m, "xen-4.17", &p);
	made_assert(&m.hv.dflt[LVL_PV], "-ssse3 -sse4-1", "default");
}

/* The sets are AMD's; a mask by itself wins. */
static void test_sets(void **state)
{
	struct lvl_params p;
	uint32_t reg[4];

	(void)state;
	lvl_params_init(&p);
	assert_int_equal(param(&p, "cpuid_mask_ext_ecx=0x1"), 0);
	assert_int_equal(param(&p, "cpuid_mask_cpu=fam_10_rev_b"), 0);
	sim_make(&m.sim, "k10",
		 BASE "popcnt monitor cx16 lahf-lm abm @1.ecx=0x00802209");
	machine_on(&m, "generic", &p);
	sim_cpuid(1, 0, reg);
	assert_int_equal(reg[2], 0x00802009);
	sim_cpuid(0x80000001, 0, reg);
	assert_int_equal(reg[2], 1);
	/* of another vendor */
	sim_make(&m.sim, "nehalem", BASE);
	lvl_hv_init(&m.hv, &lvl_platforms[0], &p);
	assert_int_equal(lvl_cpu_up(&m.hv, &m.cpu, 0, NULL, NULL), 0);
	assert_int_equal(lvl_hv_ready(&m.hv, NULL), -LVL_E_VENDOR);
	assert_int_equal(lvl_cpu_start(&m.hv, &m.cpu), -LVL_E_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_virtual),
		cmocka_unit_test(test_faulting),
		cmocka_unit_test(test_vendor),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_models_mixed),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_unknown),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_caps),
		cmocka_unit_test(test_restart_more_caps),
		cmocka_unit_test(test_firmware),
		cmocka_unit_test(test_hwcr),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_lowered),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

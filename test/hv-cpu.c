/* SPDX-License-Identifier: MIT */
#include "hv-cpu.h"

#include "hv-hooks.h"

enum { EAX, EBX, ECX, EDX };

#define BIT_OSXSAVE (1u << 27)
#define BIT_XSAVE (1u << 26)
#define BIT_APIC (1u << 9)
#define ONES 0xffffffffu
#define HWCR 0xc0010015
#define USER_DIS (1ull << 35)

/* Intel: ecx below edx.  AMD: edx below ecx, eax above ebx. */
#define AND_1(msr)                     \
	{                              \
		msr, 1, 0, ECX, EDX, 0 \
	}
#define AND_E1(msr)                             \
	{                                       \
		msr, 0x80000001, 0, ECX, EDX, 0 \
	}
#define AND_DA1(msr)                    \
	{                               \
		msr, 0xd, 1, EAX, -1, 0 \
	}
#define AMD_1                                 \
	{                                     \
		0xc0011004, 1, 0, EDX, ECX, 1 \
	}
#define AMD_E1                                         \
	{                                              \
		0xc0011005, 0x80000001, 0, EDX, ECX, 1 \
	}
#define AMD_7                                 \
	{                                     \
		0xc0011002, 7, 0, EBX, EAX, 1 \
	}
#define AMD_6                                \
	{                                    \
		0xc0011003, 6, 0, ECX, -1, 1 \
	}

const struct sim_model sim_models[] = {
	{ "penryn", "intel fms=0x10676", { AND_1(0x478) }, 1, 0, 0x02 },
	{ "nehalem",
	  "intel fms=0x106a5",
	  { AND_1(0x130), AND_E1(0x131) },
	  2,
	  0,
	  0x06 },
	{ "sandybridge",
	  "intel fms=0x206d7",
	  { AND_1(0x132), AND_E1(0x133), AND_DA1(0x134) },
	  3,
	  0,
	  0x0e },
	{ "ivybridge", "intel fms=0x306a9", { AMD_1 }, 0, SIM_INTEL, 0x01 },
	{ "skylake", "intel fms=0x50654", { AMD_1 }, 0, SIM_INTEL, 0x01 },
	{ "k8",
	  "amd fms=0x40f12 max-basic-leaf=1",
	  { AMD_1, AMD_E1 },
	  2,
	  0,
	  0x06 },
	{ "k10",
	  "amd fms=0x100f80 max-basic-leaf=5",
	  { AMD_1, AMD_E1 },
	  2,
	  0,
	  0x06 },
	{ "bulldozer",
	  "amd fms=0x600f12 @6.ecx=9",
	  { AMD_1, AMD_E1, AMD_7, AMD_6 },
	  4,
	  0,
	  0x36 },
	{ "zen", "amd fms=0x800f11", { AMD_1, AMD_E1, AMD_7 }, 3, 0, 0x26 },
	{ "dhyana",
	  "hygon fms=0x900f02",
	  { AMD_1, AMD_E1, AMD_7 },
	  3,
	  0,
	  0x26 },
	{ "genoa",
	  "amd fms=0xa10f11",
	  { AMD_1, AMD_E1, AMD_7 },
	  3,
	  SIM_AMD,
	  0x01 },
	{ "griffin",
	  "amd fms=0x200f31 max-basic-leaf=1",
	  { AMD_1 },
	  0,
	  0,
	  0x00 },
	{ "zhaoxin", "zhaoxin fms=0x107b0", { AMD_1 }, 0, 0, 0x00 },
};
const unsigned sim_nr_models = LVL_COUNT(sim_models);

struct sim_cpu *sim_now;

const struct sim_model *sim_model(const char *name)
{
	unsigned i;

	for (i = 0; i < sim_nr_models; i++)
		if (!strcmp(sim_models[i].name, name))
			return &sim_models[i];
	fail_msg("no model %s", name);
	return NULL;
}

/* -- registers without masks ----------------------------------------------- */

static void words_of(const struct sim_cpu *cpu, uint32_t leaf, uint32_t subleaf,
		     uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);
	unsigned r;

	if (!l) /* a leaf that ignores the sub-leaf */
		l = lvl_leaf_find(leaf, 0);
	if (l && l->subleaf != LVL_NO_SUBLEAF && l->subleaf != subleaf)
		l = NULL;
	for (r = 0; r < 4; r++)
		reg[r] = l ? cpu->hw.v[l->word[r]] : 0;
}

/* Beyond the last leaf Intel repeats it, others answer zeros. */
static uint32_t reached(const struct sim_cpu *cpu, uint32_t leaf)
{
	uint32_t last = cpu->hw.v[lvl_leaf_find(0, 0)->word[0]], max = last;

	if (leaf >> 16 == 0x8000)
		max = cpu->hw.v[lvl_leaf_find(0x80000000, 0)->word[0]];
	if (leaf <= max)
		return leaf;
	return lvl_policy_vendor(&cpu->hw) == LVL_VENDOR_INTEL ? last : ~0u;
}

int sim_has(const struct sim_cpu *cpu, uint32_t leaf)
{
	return leaf >> 16 != 0x4000 && reached(cpu, leaf) == leaf;
}

/* The kernel below has CR4.OSXSAVE and the APIC on. */
static void native(const struct sim_cpu *cpu, uint32_t leaf, uint32_t subleaf,
		   uint32_t reg[4])
{
	leaf = reached(cpu, leaf);
	words_of(cpu, leaf, subleaf, reg);
	if (leaf == 1 && reg[ECX] & BIT_XSAVE)
		reg[ECX] |= BIT_OSXSAVE;
}

/* -- masks ----------------------------------------------------------------- */

/* Live bits of a register: an override shows them only if it has them. */
static uint32_t live_bits(uint32_t leaf, int r)
{
	if (r == EDX && (leaf == 1 || leaf == 0x80000001))
		return BIT_APIC;
	return leaf == 1 && r == ECX ? BIT_OSXSAVE : 0;
}

static void mask_half(const struct sim_mask *m, int r, uint32_t half,
		      uint32_t reg[4])
{
	uint32_t live;

	if (r < 0)
		return;
	live = live_bits(m->leaf, r);
	if (!m->replaces)
		reg[r] &= half;
	else
		reg[r] = (half & ~live) | (half & live & reg[r]);
}

static void masked(const struct sim_cpu *cpu, uint32_t leaf, uint32_t subleaf,
		   uint32_t reg[4])
{
	unsigned i;

	native(cpu, leaf, subleaf, reg);
	for (i = 0; i < cpu->model->nr_masks; i++) {
		const struct sim_mask *m = &cpu->model->mask[i];

		if (m->leaf != leaf || m->subleaf != subleaf)
			continue;
		mask_half(m, m->low, (uint32_t)cpu->mask[i], reg);
		mask_half(m, m->high, (uint32_t)(cpu->mask[i] >> 32), reg);
	}
}

void sim_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	masked(sim_now, leaf, subleaf, reg);
}

int sim_cpuid_user(struct sim_cpu *cpu, uint32_t leaf, uint32_t subleaf,
		   uint32_t reg[4])
{
	uint64_t bit = cpu->model->faulting == SIM_AMD ? USER_DIS : 1;

	if (cpu->sticks)
		return 1;
	if (cpu->model->faulting && !cpu->dead && cpu->fault_msr & bit)
		return 1;
	masked(cpu, leaf, subleaf, reg);
	return 0;
}

/* -- MSRs ------------------------------------------------------------------ */

static int mask_at(const struct sim_cpu *cpu, uint32_t msr)
{
	unsigned i;

	for (i = 0; i < cpu->model->nr_masks; i++)
		if (cpu->model->mask[i].msr == msr)
			return (int)i;
	return -1;
}

static uint32_t fault_msr(const struct sim_cpu *cpu)
{
	if (lvl_policy_vendor(&cpu->hw) & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON))
		return HWCR;
	return cpu->model->faulting == SIM_INTEL ? 0x140 : 0;
}

int sim_rdmsr(uint32_t msr, uint64_t *value)
{
	const struct lvl_msr_words *m = lvl_msr_find(msr);
	struct sim_cpu *cpu = sim_now;
	int i = mask_at(cpu, msr);

	cpu->reads++;
	if (i >= 0) {
		*value = cpu->mask[i];
		return (int)(cpu->unreadable >> i & 1);
	}
	if (msr == fault_msr(cpu)) {
		*value = cpu->fault_msr;
		return 0;
	}
	/* what the words of the policy say is there; no mask is by chance */
	if (!m || (cpu->hw.k[m->word] & cpu->hw.k[m->high]) != ONES)
		return 1;
	*value = (uint64_t)cpu->hw.v[m->high] << 32 | cpu->hw.v[m->word];
	return 0;
}

/* Reserved bits of the switches raise #GP; HWCR has others in use. */
static int write_fault(struct sim_cpu *cpu, uint64_t value)
{
	static const uint64_t bits[] = { 0, 1, USER_DIS };
	uint64_t bit = bits[cpu->model->faulting];

	if ((value ^ cpu->fault_msr) & ~bit)
		return 1;
	if (!cpu->stuck)
		cpu->fault_msr = value;
	return 0;
}

int sim_wrmsr(uint32_t msr, uint64_t value)
{
	struct sim_cpu *cpu = sim_now;
	int i = mask_at(cpu, msr);

	cpu->writes++;
	if (msr == fault_msr(cpu))
		return write_fault(cpu, value);
	if (i < 0 || cpu->unwritable >> i & 1)
		return 1;
	if (cpu->model->mask[i].high < 0 && value >> 32 != ONES)
		return 1;
	cpu->mask[i] = value;
	return 0;
}

/* -- making one ------------------------------------------------------------ */

/* Intel's masks are all ones after reset, AMD's what CPUID says. */
static uint64_t reset_value(const struct sim_cpu *cpu, const struct sim_mask *m)
{
	uint32_t reg[4], high = ONES;

	if (!m->replaces)
		return ~0ull;
	words_of(cpu, m->leaf, m->subleaf, reg);
	if (m->leaf == 1) {
		reg[EDX] |= BIT_APIC;
		reg[ECX] |= reg[ECX] & BIT_XSAVE ? BIT_OSXSAVE : 0;
	}
	if (m->leaf == 0x80000001)
		reg[EDX] |= BIT_APIC;
	if (m->high >= 0)
		high = reg[m->high];
	return (uint64_t)high << 32 | reg[m->low];
}

void sim_reset(struct sim_cpu *cpu)
{
	unsigned i;

	for (i = 0; i < cpu->model->nr_masks; i++)
		cpu->mask[i] = reset_value(cpu, &cpu->model->mask[i]);
	/* HWCR has bits that the firmware set */
	cpu->fault_msr = fault_msr(cpu) == HWCR ? 0x09000011 : 0;
	cpu->writes = cpu->reads = 0;
}

static void forget_masks(struct lvl_policy *p)
{
	static const uint32_t msrs[] = {
		0x478, 0x130, 0x131,      0x132,      0x133,      0x134,
		0x140, HWCR,  0xc0011002, 0xc0011003, 0xc0011004, 0xc0011005,
	};
	unsigned i;

	for (i = 0; i < LVL_COUNT(msrs); i++) {
		const struct lvl_msr_words *m = lvl_msr_find(msrs[i]);

		p->v[m->word] = p->v[m->high] = 0;
		p->k[m->word] = p->k[m->high] = 0;
	}
}

void sim_make_of(struct sim_cpu *cpu, const struct sim_model *model,
		 const struct lvl_policy *hw)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->model = model;
	cpu->hw = *hw;
	forget_masks(&cpu->hw);
	sim_reset(cpu);
	sim_now = cpu;
	if (!model->words)
		return;
	made_apply(&cpu->hw, model->words);
	made_apply(&cpu->hw, "apic -osxsave");
	made_apply(&cpu->hw,
		   model->faulting == SIM_INTEL ? "mce=0x80000000" : "?mce");
	made_apply(&cpu->hw, model->faulting == SIM_AMD ? "cpuid-user-dis"
							: "-cpuid-user-dis");
	if (strstr(model->words, "amd") || strstr(model->words, "hygon"))
		made_apply(&cpu->hw, "e-apic");
	else
		made_apply(&cpu->hw, "-e-apic");
	sim_reset(cpu);
	sim_now = cpu;
}

void sim_make(struct sim_cpu *cpu, const char *model, const char *words)
{
	struct lvl_policy hw = host_of(words);

	sim_make_of(cpu, sim_model(model), &hw);
}

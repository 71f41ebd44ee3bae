/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include "print.h"
#include "ring3.h"

#define INSTRUCTION_LEN 2   /* CPUID, RDMSR, WRMSR; TCG gives no next RIP */
#define FAULTED 0x23475030u /* "#GP0": what stands for it in the answer */

/* What a guest does after another; the first that is not `used` ends it. */
struct phase {
	uint8_t used, how; /* HOW_... */
	uint8_t live;      /* only the leaves with live state */
	uint8_t no_apic;
	uint64_t xcr0; /* 0: CR4.OSXSAVE is clear */
};

static const struct phase hvm_phases[] = {
	{ .used = 1 },
	{ .used = 1, .live = 1, .no_apic = 1 },
	{ .used = 1, .live = 1, .xcr0 = 1 },
	{ .used = 1, .live = 1, .xcr0 = 3 },
	{ .used = 1, .live = 1, .xcr0 = 7 },
	{ .used = 1, .how = HOW_MSR },
	{ .used = 1, .how = HOW_USER, .live = 1 },
	{ .used = 1, .how = HOW_FAULT },
	{ .used = 1, .live = 1 }, /* and it does not fault in ring 0 */
	{ .used = 0 },
};

static const struct phase pv_phases[] = {
	{ .used = 1, .how = HOW_FORCED },
	{ .used = 1, .how = HOW_NATIVE },
	{ .used = 1, .how = HOW_FORCED, .live = 1, .xcr0 = 1 },
	{ .used = 1, .how = HOW_FORCED, .live = 1, .xcr0 = 3 },
	{ .used = 1, .how = HOW_FORCED, .live = 1, .xcr0 = 7 },
	{ .used = 0 },
};

static const struct phase *phase(const struct guest *g)
{
	return (g->dom.kind == LVL_PV ? pv_phases : hvm_phases) + g->phase;
}

/* -- phases ---------------------------------------------------------------- */

/* May its policy have that in XCR0, and turn on faulting? */
static int possible(const struct guest *g, const struct phase *p)
{
	const struct lvl_policy *policy = &g->dom.p;
	const struct lvl_leaf_words *l = lvl_leaf_find(0xd, 0);

	if (p->xcr0 && (!lvl_has(policy, LVL_F_XSAVE) ||
			p->xcr0 & ~(uint64_t)policy->v[l->word[0]]))
		return 0;
	return p->how != HOW_FAULT || lvl_has(policy, LVL_F_CPUID_FAULTING);
}

static void fill(struct job *job, const struct phase *p)
{
	if (p->how == HOW_MSR)
		job_msrs(job);
	else if (p->live)
		job_live_leaves(job);
	else
		job_all_leaves(job);
	job->cr4 = CR4_PAE | (p->xcr0 ? CR4_OSXSAVE : 0);
	job->xcr0 = p->xcr0;
	job->how = p->how;
}

static void phase_start(struct guest *g)
{
	const struct phase *p = phase(g);
	struct job *job = g->job;

	while (p->used && !possible(g, p)) {
		g->phase++;
		p++;
	}
	if (!p->used) {
		g->done = 1;
		return;
	}
	fill(job, p);
	g->vcpu.mode = LVL_MODE_LONG;
	if (p->no_apic)
		g->vcpu.mode |= LVL_MODE_APIC_OFF;
	if (g->dom.kind == LVL_PV) {
		pv_guest_start(&g->pv, GUEST_CODE);
		/* Xen's part: a PV guest's CR4 and XCR0 are the hypervisor's */
		job->got_cr4 = job->cr4;
		job->got_xcr0 = job->xcr0;
		lvl_vcpu_cr4(&g->vcpu, (uint32_t)job->cr4);
		g->vcpu.xcr0 = p->xcr0 ? p->xcr0 : 1;
	} else {
		svm_guest_start(&g->svm);
	}
}

static void phase_end(struct guest *g)
{
	static const char *const names[] = { "kernel", "user",   "fault",
					     "msr",    "forced", "native" };
	const struct job *job = g->job;
	/* it stays what it was while the guest cannot ask */
	uint64_t i, xcr0 = job->got_cr4 & CR4_OSXSAVE ? job->got_xcr0
						      : g->vcpu.xcr0;

	print("phase %s %x %s cr4=%x xcr0=%x id=%x apic=%x beyond=%x\n",
	      g->name, (uint64_t)g->phase, names[job->how], job->got_cr4, xcr0,
	      (uint64_t)g->vcpu.id,
	      (uint64_t) !(g->vcpu.mode & LVL_MODE_APIC_OFF),
	      (uint64_t)(g->dom.flags & LVL_DOM_BEYOND_VENDOR));
	for (i = 0; i < job->count; i++) {
		const struct lvl_leaf *a = &job->asked[i];

		print("saw %s %x %w %w %w %w %w %w\n", g->name,
		      (uint64_t)g->phase, a->leaf, a->subleaf, a->reg[0],
		      a->reg[1], a->reg[2], a->reg[3]);
	}
	g->phase++;
	phase_start(g);
}

static _Noreturn void died(const struct guest *g, uint64_t how, uint64_t where)
{
	print("fail %s: phase %x stopped by %x at %x\n", g->name,
	      (uint64_t)g->phase, how, where);
	machine_exit(1);
}

/* -- turns ----------------------------------------------------------------- */

static void answer(struct guest *g, uint64_t leaf, uint64_t subleaf,
		   uint32_t reg[4])
{
	g->answered++;
	/* a hypervisor injects #GP(0); these guests have no handlers */
	if (lvl_answer(&g->vcpu, (uint32_t)leaf, (uint32_t)subleaf, reg))
		reg[0] = reg[1] = reg[2] = reg[3] = FAULTED;
}

static void hvm_cpuid(struct guest *g)
{
	struct vmcb *v = &g->svm.vmcb;
	struct gprs *r = &g->svm.gprs;
	uint32_t reg[4];

	lvl_vcpu_cr4(&g->vcpu, (uint32_t)v->cr4);
	g->vcpu.xcr0 = g->svm.xcr0;
	g->vcpu.mode &= ~LVL_MODE_USER;
	g->vcpu.mode |= v->cpl ? LVL_MODE_USER : 0;
	answer(g, v->rax, r->rcx, reg);
	v->rax = reg[0];
	r->rbx = reg[1];
	r->rcx = reg[2];
	r->rdx = reg[3];
}

static void hvm_msr(struct guest *g)
{
	struct vmcb *v = &g->svm.vmcb;
	struct gprs *r = &g->svm.gprs;
	uint64_t value = 0;

	if (!v->exit_info1) {
		r->rbx = lvl_dom_msr(&g->dom, (uint32_t)r->rcx, &value) != 0;
		v->rax = (uint32_t)value;
		r->rdx = value >> 32;
	} else if (r->rcx != MSR_MISC_FEATURES ||
		   lvl_vcpu_fault(&g->vcpu, (int)v->rax & 1)) {
		died(g, v->exit_code, v->rip);
	}
}

static void hvm_turn(struct guest *g)
{
	struct vmcb *v = &g->svm.vmcb;

	svm_guest_run(&g->svm);
	switch (v->exit_code) {
	case VMEXIT_CPUID:
		hvm_cpuid(g);
		v->rip += INSTRUCTION_LEN;
		break;
	case VMEXIT_MSR:
		hvm_msr(g);
		v->rip += INSTRUCTION_LEN;
		break;
	case VMEXIT_HLT:
	case VMEXIT_VMMCALL:
		phase_end(g);
		break;
	default:
		died(g, v->exit_code, v->rip);
	}
}

static void pv_turn(struct guest *g)
{
	struct frame *f = &g->pv.frame;
	uint32_t reg[4];
	uint64_t where;

	pv_guest_run(&g->pv);
	/* it ends with HLT, which is not for ring 3 */
	if (f->vector == VECTOR_GP && *(const uint8_t *)f->rip == 0xf4) {
		phase_end(g);
		return;
	}
	if (f->vector != VECTOR_UD ||
	    lvl_forced_cpuid(ring3_fetch, NULL, f->rip, &where) != 1)
		died(g, f->vector, f->rip);
	g->vcpu.mode |= LVL_MODE_FORCED;
	answer(g, f->rax, f->rcx, reg);
	f->rax = reg[0];
	f->rbx = reg[1];
	f->rcx = reg[2];
	f->rdx = reg[3];
	f->rip += LVL_FORCED_LEN;
}

void guest_turn(struct guest *g, struct lvl_cpu *cpu)
{
	if (lvl_switch(cpu, &g->vcpu)) {
		print("fail lvl_switch to %s\n", g->name);
		machine_exit(1);
	}
	g->turns++;
	if (g->dom.kind == LVL_PV)
		pv_turn(g);
	else
		hvm_turn(g);
}

void guest_place(struct guest *g, const char *name, unsigned slot, unsigned id)
{
	static uint8_t record[LVL_RECORD_MAX];
	uint8_t *memory = (uint8_t *)(GUEST_MEMORY + slot * GUEST_MEMORY_SIZE);
	size_t len = sizeof(record);

	g->name = name;
	g->job = (struct job *)(memory + GUEST_JOB);
	if (lvl_dom_save(&g->dom, record, &len) || lvl_dom_start(&g->dom) ||
	    lvl_vcpu_init(&g->vcpu, &g->dom, id)) {
		print("fail %s cannot be started\n", name);
		machine_exit(1);
	}
	g->vcpu.mode = LVL_MODE_LONG;
	print("record %s %b\n", name, record, len);
	if (g->dom.kind == LVL_PV)
		pv_guest_init(&g->pv, memory);
	else
		svm_guest_init(&g->svm, memory, slot + 1); /* 0 is ours */
}

void guest_start(struct guest *g)
{
	phase_start(g);
}

/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include "print.h"
#include "ring3.h"

#define CPUID_LEN 2 /* TCG's SVM has no next RIP to take */

/* What a guest does after another; the first that is not `used` ends it. */
struct phase {
	uint8_t used, live; /* live: only the leaves with live state */
	uint8_t forced, no_apic;
	uint64_t xcr0; /* 0: CR4.OSXSAVE is clear */
};

static const struct phase hvm_phases[] = {
	{ .used = 1 },
	{ .used = 1, .live = 1, .no_apic = 1 },
	{ .used = 1, .live = 1, .xcr0 = 1 },
	{ .used = 1, .live = 1, .xcr0 = 3 },
	{ .used = 1, .live = 1, .xcr0 = 7 },
	{ .used = 0 },
};

static const struct phase pv_phases[] = {
	{ .used = 1, .forced = 1 },
	{ .used = 1 },
	{ .used = 1, .live = 1, .forced = 1, .xcr0 = 1 },
	{ .used = 1, .live = 1, .forced = 1, .xcr0 = 3 },
	{ .used = 1, .live = 1, .forced = 1, .xcr0 = 7 },
	{ .used = 0 },
};

static const struct phase *phase(const struct guest *g)
{
	return (g->dom.kind == LVL_PV ? pv_phases : hvm_phases) + g->phase;
}

/* -- phases ---------------------------------------------------------------- */

/* May its policy have that in XCR0? */
static int possible(const struct guest *g, uint64_t xcr0)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(0xd, 0);

	return !xcr0 || (lvl_has(&g->dom.p, LVL_F_XSAVE) &&
			 !(xcr0 & ~(uint64_t)g->dom.p.v[l->word[0]]));
}

static void phase_start(struct guest *g)
{
	const struct phase *p = phase(g);
	struct job *job = g->job;

	while (p->used && !possible(g, p->xcr0)) {
		g->phase++;
		p++;
	}
	if (!p->used) {
		g->done = 1;
		return;
	}
	if (p->live)
		job_live_leaves(job);
	else
		job_all_leaves(job);
	job->cr4 = CR4_PAE | (p->xcr0 ? CR4_OSXSAVE : 0);
	job->xcr0 = p->xcr0;
	job->forced = p->forced;
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

static const char *how(const struct guest *g)
{
	if (g->dom.kind != LVL_PV)
		return "hvm";
	return g->job->forced ? "forced" : "native";
}

static void phase_end(struct guest *g)
{
	const struct job *job = g->job;
	uint64_t i;

	print("phase %s %x %s cr4=%x xcr0=%x id=%x apic=%x\n", g->name,
	      (uint64_t)g->phase, how(g), job->got_cr4, job->got_xcr0,
	      (uint64_t)g->vcpu.id,
	      (uint64_t) !(g->vcpu.mode & LVL_MODE_APIC_OFF));
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
	if (!lvl_answer(&g->vcpu, (uint32_t)leaf, (uint32_t)subleaf, reg))
		return;
	print("fail %s: a #GP that it did not ask for\n", g->name);
	machine_exit(1);
}

static void hvm_turn(struct guest *g)
{
	struct vmcb *v = &g->svm.vmcb;
	struct gprs *r = &g->svm.gprs;
	uint32_t reg[4];

	svm_guest_run(&g->svm);
	if (v->exit_code == VMEXIT_HLT) {
		phase_end(g);
		return;
	}
	if (v->exit_code != VMEXIT_CPUID)
		died(g, v->exit_code, v->rip);
	lvl_vcpu_cr4(&g->vcpu, (uint32_t)v->cr4);
	g->vcpu.xcr0 = g->svm.xcr0;
	answer(g, v->rax, r->rcx, reg);
	v->rax = reg[0];
	r->rbx = reg[1];
	r->rcx = reg[2];
	r->rdx = reg[3];
	v->rip += CPUID_LEN;
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

/* SPDX-License-Identifier: MIT */
#include "svm.h"

#include <stddef.h>

#define AT(member, offset) \
	_Static_assert(offsetof(struct vmcb, member) == (offset), #member)

AT(asid, 0x58);
AT(msr_map, 0x48);
AT(exit_code, 0x70);
AT(nested, 0x90);
AT(nested_cr3, 0xb0);
AT(es, 0x400);
AT(efer, 0x4d0);
AT(cpl, 0x4cb);
AT(cr4, 0x548);
AT(rip, 0x578);
AT(rsp, 0x5d8);
AT(rax, 0x5f8);
AT(star, 0x600);
AT(pat, 0x668);
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "VMCB");

#define MSR_VM_HSAVE_PA 0xc0010117
#define MSR_VM_CR 0xc0010114
#define VM_CR_SVMDIS 0x10

/* Appendix B: intercept vectors 3 and 4 */
#define INTERCEPT3_CPUID (1u << 18)
#define INTERCEPT3_HLT (1u << 24)
#define INTERCEPT3_MSR (1u << 28)
#define INTERCEPT3_SHUTDOWN (1u << 31)
#define INTERCEPT4_VMRUN (1u << 0)
#define INTERCEPT4_VMMCALL (1u << 1)

/* Appendix B: a descriptor's attributes without the gap of its limit */
#define ATTRIBUTES_CODE64 0xa9b
#define ATTRIBUTES_DATA 0xc93
#define ATTRIBUTES_TSS 0x08b

#define PAT_RESET 0x0007040600070406ull /* APM vol. 2, 7.8.2 */

void svm_enter(struct vmcb *vmcb, struct gprs *g, struct vmcb *host);
extern const uint8_t hvm_guest[], hvm_guest_end[];

static struct vmcb host;
static uint8_t host_save[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
/* 15.11: two bits an MSR; ones: every access exits */
static uint8_t msr_map[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

const char *svm_init(void)
{
	uint32_t features[4], svm[4];
	uint64_t v;

	cpuid(0x80000000, 0, features);
	if (features[0] < 0x8000000a)
		return "no leaf 0x8000000a";
	cpuid(0x80000001, 0, features);
	cpuid(0x8000000a, 0, svm);
	if (!(features[2] & 1u << 2))
		return "no SVM";
	if (!(svm[3] & 1u))
		return "no nested paging";
	if (!msr_read(MSR_VM_CR, &v) && v & VM_CR_SVMDIS)
		return "SVM is disabled by firmware";
	if (msr_read(MSR_EFER, &v) || msr_write(MSR_EFER, v | EFER_SVME) ||
	    msr_write(MSR_VM_HSAVE_PA, (uint64_t)host_save))
		return "EFER.SVME or VM_HSAVE_PA cannot be written";
	return NULL;
}

/* The guest's own tables, and those below: APM vol. 2, 15.25.5 (user bit). */
static void map(struct svm_guest *g)
{
	uint64_t *pml4 = (uint64_t *)(g->memory + GUEST_TABLES);

	/* three tables, one behind the other */
	pml4[0] = (GUEST_TABLES + PAGE_SIZE) | PAGE_TABLE_USER;
	pml4[512] = (GUEST_TABLES + 2 * PAGE_SIZE) | PAGE_TABLE_USER;
	pml4[1024] = PAGE_LARGE | PAGE_TABLE_USER;
	g->npt4[0] = (uint64_t)g->npt3 | PAGE_TABLE_USER;
	g->npt3[0] = (uint64_t)g->npt2 | PAGE_TABLE_USER;
	g->npt2[0] = (uint64_t)g->memory | PAGE_LARGE | PAGE_TABLE_USER;
}

static void state(struct vmcb *v)
{
	v->tr = (struct segment){ 0, ATTRIBUTES_TSS, 0x67, 0 };
	/* VMRUN refuses a guest without SVME (15.5.1) */
	v->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_SVME;
	/* SYSRET takes its selectors from here (APM vol. 3) */
	v->star = (uint64_t)(SEL_USER_CODE - 16) << 48;
	v->cr0 = CR0_LONG;
	v->cr3 = GUEST_TABLES;
	v->cr4 = CR4_PAE;
	v->pat = PAT_RESET;
	v->dr6 = 0xffff0ff0;
	v->dr7 = 0x400;
	v->rflags = 2;
}

void svm_guest_init(struct svm_guest *g, uint8_t *memory, unsigned asid)
{
	memset(g, 0, sizeof(*g));
	memset(memory, 0, GUEST_JOB);
	memcpy(memory + GUEST_CODE, hvm_guest,
	       (size_t)(hvm_guest_end - hvm_guest));
	g->memory = memory;
	g->xcr0 = 1;
	map(g);
	state(&g->vmcb);
	memset(msr_map, 0xff, sizeof(msr_map));
	g->vmcb.msr_map = (uint64_t)msr_map;
	g->vmcb.intercept3 = INTERCEPT3_CPUID | INTERCEPT3_HLT |
			     INTERCEPT3_MSR | INTERCEPT3_SHUTDOWN;
	/* VMRUN must be: 15.5.1 */
	g->vmcb.intercept4 = INTERCEPT4_VMRUN | INTERCEPT4_VMMCALL;
	g->vmcb.asid = asid;
	g->vmcb.nested = 1;
	g->vmcb.nested_cr3 = (uint64_t)g->npt4;
	svm_guest_start(g);
}

void svm_guest_start(struct svm_guest *g)
{
	struct vmcb *v = &g->vmcb;

	v->cs = (struct segment){ 8, ATTRIBUTES_CODE64, ~0u, 0 };
	v->ss = (struct segment){ 16, ATTRIBUTES_DATA, ~0u, 0 };
	v->ds = v->es = v->ss;
	v->cpl = 0;
	v->rip = GUEST_CODE;
	v->rsp = GUEST_STACK;
	g->gprs.rbp = GUEST_JOB;
}

void svm_guest_run(struct svm_guest *g)
{
	int xsave = (cr4_read() & CR4_OSXSAVE) != 0;
	uint64_t mine = 0;

	if (xsave) {
		mine = xcr0_read();
		xcr0_write(g->xcr0);
	}
	svm_enter(&g->vmcb, &g->gprs, &host);
	if (xsave) {
		g->xcr0 = xcr0_read();
		xcr0_write(mine);
	}
}

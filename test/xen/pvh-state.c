/* SPDX-License-Identifier: MIT */
/*
 * The state of a PVH guest is one blob of Xen's: records of a descriptor and
 * data, ending with END.  All of it moves, untouched: a record that is left
 * out is no error to Xen, and the guest loses its timer or its AVX state.
 */
#include <cpulevel/types.h>

#include "console.h"
#include "hypercall.h"
#include "spoil.h"
#include "state.h"
#include "traveller.h"

#define CONTEXT_SIZE STREAM_LONGEST
#define YMM_SIZE 256u /* of XCR0 7, behind the legacy area and the header */

static uint8_t context[CONTEXT_SIZE];
static size_t used;

static long context_get(const struct domain *d)
{
	struct xen_domctl *ctl = domctl_new();
	long rc;

	ctl->u.hvmcontext.size = CONTEXT_SIZE;
	HANDLE(ctl->u.hvmcontext.buffer, context);
	rc = domctl(ctl, XEN_DOMCTL_gethvmcontext, d->id);
	used = rc ? 0 : ctl->u.hvmcontext.size;
	return rc;
}

static long context_set(const struct domain *d, const void *p, size_t n)
{
	struct xen_domctl *ctl = domctl_new();

	ctl->u.hvmcontext.size = (uint32_t)n;
	HANDLE(ctl->u.hvmcontext.buffer, p);
	return domctl(ctl, XEN_DOMCTL_sethvmcontext, d->id);
}

/* -- from the beginning ---------------------------------------------------- */

struct xsave {
	struct hvm_hw_cpu_xsave area;
	uint8_t ymm[YMM_SIZE];
};

/* Flat segments, 64 bits, paging; APM vol. 2, 14.8 */
static void long_mode(HVM_SAVE_TYPE(CPU) * c)
{
	c->cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
	c->cr3 = (TRAVELLER_PT + 2) * PAGE_SIZE;
	c->cr4 = 0x620;      /* PAE, OSFXSR, OSXMMEXCPT */
	c->msr_efer = 0x500; /* LME, LMA */
	c->cs_limit = c->ds_limit = c->es_limit = c->ss_limit = UINT32_MAX;
	c->cs_sel = 8;
	c->cs_arbytes = 0xa9b;
	c->ds_sel = c->es_sel = c->ss_sel = 16;
	c->ds_arbytes = c->es_arbytes = c->ss_arbytes = 0xc93;
	c->tr_limit = 0x67;
	c->tr_arbytes = 0x8b;
	c->gdtr_base = TRAVELLER_SEGMENTS * PAGE_SIZE;
	c->gdtr_limit = 3 * 8 - 1;
	c->idtr_base = TRAVELLER_SEGMENTS * PAGE_SIZE + TRAVELLER_IDT;
	c->idtr_limit = (TRAVELLER_VECTOR + 1) * 16 - 1;
	c->rip = TRAVELLER_CODE * PAGE_SIZE;
	c->rsp = (TRAVELLER_STACK + 1) * PAGE_SIZE;
	c->rflags = 2;
	c->dr6 = 0xffff0ff0;
	c->dr7 = 0x400;
	/* so old that a TSC which starts anew goes back, whoever is slow */
	c->tsc = 1ull << 45;
}

/* One more record of the context. */
static void append(unsigned type, const void *p, size_t n)
{
	struct hvm_save_descriptor at = {
		.typecode = (uint16_t)type,
		.length = (uint32_t)n,
	};

	memcpy(context + used, &at, sizeof(at));
	memcpy(context + used + sizeof(at), p, n);
	used += sizeof(at) + n;
}

long pvh_begin(const struct domain *d, int avx)
{
	static HVM_SAVE_TYPE(CPU) cpu;
	static struct xsave xsave;
	const uint16_t mxcsr = 0x1f80; /* all exceptions masked */
	long rc = context_get(d);

	if (rc)
		return rc;
	/* behind Xen's own header, no more than a vCPU begins with */
	used = sizeof(struct hvm_save_descriptor) +
	       sizeof(HVM_SAVE_TYPE(HEADER));
	long_mode(&cpu);
	if (avx)
		cpu.cr4 |= 0x40000; /* OSXSAVE */
	append(HVM_SAVE_CODE(CPU), &cpu, sizeof(cpu));
	if (avx) {
		xsave.area.xcr0 = xsave.area.xcr0_accum = 7;
		memcpy(xsave.area.save_area.fpu_sse.x + 24, &mxcsr,
		       sizeof(mxcsr));
		append(CPU_XSAVE_CODE, &xsave, sizeof(xsave));
	}
	append(HVM_SAVE_CODE(END), NULL, 0);
	return context_set(d, context, used);
}

/* -- moving ---------------------------------------------------------------- */

long pvh_save(const struct domain *d)
{
	long rc = context_get(d);

	if (rc) {
		print("fail gethvmcontext: %d\n", rc);
		return rc;
	}
	return stream_put(STREAM_HVM, 0, context, used);
}

long pvh_load(const struct message *m, const void *data)
{
	if (m->type != STREAM_HVM)
		return -1;
	used = m->length;
	memcpy(context, data, used);
	return 0;
}

long pvh_finish(const struct domain *d)
{
	long rc;

	used = spoil_context(context, used);
	rc = context_set(d, context, used);
	if (rc)
		print("fail sethvmcontext: %d\n", rc);
	return rc;
}

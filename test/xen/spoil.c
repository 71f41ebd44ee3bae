/* SPDX-License-Identifier: MIT */
#include "spoil.h"

#include "hypercall.h"
#include "start.h"
#include "traveller.h"

/* Places in an XSAVE area: SDM vol. 1, 10.5.1 and 13.4 */
#define XSAVE_ST0 32
#define XSAVE_YMM7_HIGH (576 + 7 * 16)
/* in front of it for PV: XCR0, and what was used */
#define PV_AREA 16

static const uint8_t other[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

void spoil_policy(struct xen_policy *p)
{
	xen_cpuid_leaf_t *l = policy_leaf(p, 1, XEN_CPUID_NO_SUBLEAF);

	if ((start_has("break-cpuid") || start_has("break-policy")) && l)
		l->c &= ~(1u << 23); /* POPCNT */
}

static void spoil_cpu(HVM_SAVE_TYPE(CPU) * c)
{
	if (start_has("break-dr0"))
		c->dr0 = 0;
	if (start_has("break-msr"))
		c->msr_lstar = 0;
	if (start_has("break-tsc"))
		c->tsc = 0;
	if (start_has("break-turns"))
		c->r15 += 5;
	if (start_has("break-load"))
		c->cr4 = UINT64_MAX;
}

static void spoil_xsave(uint8_t *data)
{
	struct hvm_hw_cpu_xsave *x = (void *)data;
	uint8_t *area = (void *)&x->save_area;

	if (start_has("break-x87"))
		memcpy(area + XSAVE_ST0, other, sizeof(other));
	if (start_has("break-avx"))
		memcpy(area + XSAVE_YMM7_HIGH, other, sizeof(other));
	/* without AVX state: its next instruction is invalid */
	if (start_has("break-xcr0"))
		x->xcr0 = 3;
}

static int dropped(unsigned type)
{
	return start_has("break-timer") && (type == HVM_SAVE_CODE(LAPIC) ||
					    type == HVM_SAVE_CODE(LAPIC_REGS));
}

static void spoil_record(unsigned type, void *data)
{
	if (type == HVM_SAVE_CODE(CPU))
		spoil_cpu(data);
	else if (type == CPU_XSAVE_CODE)
		spoil_xsave(data);
}

size_t spoil_context(uint8_t *context, size_t n)
{
	struct hvm_save_descriptor at;
	size_t from = 0, to = 0, size;

	while (n - from >= sizeof(at)) {
		memcpy(&at, context + from, sizeof(at));
		size = sizeof(at) + at.length;
		if (size > n - from)
			break;
		spoil_record(at.typecode, context + from + sizeof(at));
		if (!dropped(at.typecode)) {
			memmove(context + to, context + from, size);
			to += size;
		}
		from += size;
	}
	return to;
}

void spoil_pv(struct vcpu_guest_context *c, uint8_t *xstate)
{
	if (start_has("break-dr0"))
		c->debugreg[0] = 0;
	if (start_has("break-msr"))
		c->fs_base = 0;
	if (start_has("break-turns"))
		c->user_regs.r15 += 5;
	if (start_has("break-x87"))
		memcpy(xstate + PV_AREA + XSAVE_ST0, other, sizeof(other));
	if (start_has("break-avx"))
		memcpy(xstate + PV_AREA + XSAVE_YMM7_HIGH, other,
		       sizeof(other));
}

void spoil_tsc(struct xen_domctl_tsc_info *t)
{
	if (start_has("break-tsc"))
		t->elapsed_nsec = 0;
}

void spoil_memory(const struct domain *d)
{
	uint64_t *page;

	if (!start_has("break-memory"))
		return;
	page = window(d->id, d->frame[TRAVELLER_WORK - 1]);
	if (page)
		page[PAGE_SIZE / 8 - 1]++;
	window_close();
}

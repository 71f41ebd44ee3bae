/* SPDX-License-Identifier: MIT */
/* What KVM on this host can give a guest: asked, and then measured. */
#include "vm.h"

#include <cpulevel/derive.h>
#include <cpulevel/host.h>
#include <cpulevel/kvm.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define ENTRIES 256u /* of a table: KVM takes no more */
#define TRIES 4u     /* to find what it holds */

struct host {
	const struct vm *m;
	struct kvm_cpuid2 *table;
};

static void host_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
		       uint32_t reg[4])
{
	const struct host *h = arg;
	uint32_t i;

	memset(reg, 0, 4 * sizeof(reg[0]));
	for (i = 0; i < h->table->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &h->table->entries[i];

		if (e->function == leaf &&
		    (e->index == subleaf ||
		     !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))) {
			reg[0] = e->eax;
			reg[1] = e->ebx;
			reg[2] = e->ecx;
			reg[3] = e->edx;
		}
	}
}

/* KVM's own; MSR 0xce is a vCPU's, and no feature MSR before Linux 6.13. */
static int host_msr(void *arg, uint32_t index, uint64_t *value)
{
	const struct host *h = arg;
	union {
		struct kvm_msrs msrs;
		uint8_t room[sizeof(struct kvm_msrs) +
			     sizeof(struct kvm_msr_entry)];
	} q;

	memset(&q, 0, sizeof(q));
	q.msrs.nmsrs = 1;
	q.msrs.entries[0].index = index;
	if (ioctl(h->m->kvm, KVM_GET_MSRS, &q) != 1 &&
	    (index != 0xce || ioctl(h->m->vcpu, KVM_GET_MSRS, &q) != 1))
		return -1;
	*value = q.msrs.entries[0].data;
	return 0;
}

/* What no CPUID bit tells and FXSAVE does: SDM v1 11.6.6. */
static uint32_t mxcsr_mask(void)
{
	static _Alignas(16) uint8_t area[512];
	uint32_t mask;

	__asm__ volatile("fxsave %0" : "=m"(area));
	memcpy(&mask, area + 28, sizeof(mask));
	return mask ? mask : 0xffbf;
}

static int offered(const struct vm *m, struct lvl_policy *p)
{
	struct host h = { m, NULL };
	const struct lvl_reader reader = { host_cpuid, host_msr, &h };

	h.table = calloc(1, sizeof(*h.table) +
				    ENTRIES * sizeof(h.table->entries[0]));
	if (!h.table)
		return fail("memory");
	h.table->nent = ENTRIES;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, h.table)) {
		free(h.table);
		return fail("what KVM supports");
	}
	lvl_policy_scan(p, &reader);
	free(h.table);
	lvl_set(p, LVL_F_APIC, 1); /* it is the kernel's own */
	lvl_set(p, LVL_F_X2APIC, 1);
	if (ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		lvl_set(p, LVL_F_TSC_DEADLINE, 1);
	lvl_set(p, LVL_F_MXCSR_MASK, mxcsr_mask());
	lvl_set(p, LVL_F_ITSC, 0); /* a guest that moves has none */
	lvl_policy_normalise(p, NULL);
	return 0;
}

static void as_held(void *arg, const struct lvl_finding *f)
{
	lvl_set(arg, f->field, f->host);
}

/* It is what KVM holds when asked for it: some KVMs pin bits. */
int host_maximum(int kvm, struct lvl_policy *max)
{
	struct lvl_policy asked;
	int rc = 0, held = -1;
	unsigned i;
	struct vm m;

	for (i = 0; i < TRIES && !rc && held; i++) {
		rc = vm_open(&m, kvm);
		if (!rc && !i)
			rc = offered(&m, max);
		if (!rc) {
			asked = *max;
			held = lvl_kvm_install(kvm, m.vcpu, &asked, NULL, 0,
					       as_held, max);
			lvl_policy_normalise(max, NULL);
		}
		vm_close(&m);
	}
	return rc;
}

/* What a new guest gets here. */
static int host_default(int kvm, struct lvl_policy *p)
{
	int rc = host_maximum(kvm, p);

	if (rc)
		return rc;
	lvl_default_apply(p, LVL_HVM, &lvl_platforms[0], NULL);
	lvl_policy_normalise(p, NULL);
	return 0;
}

/*
 * Before a guest is let in: can it have here what it was told?  It is compared
 * with the maximum, and was told of what new guests are told of.
 */
int host_fits(int kvm, const struct lvl_policy *p)
{
	struct lvl_policy max, dflt, arrival;
	int rc = host_maximum(kvm, &max);

	if (!rc)
		rc = host_default(kvm, &dflt);
	if (rc)
		return rc;
	lvl_arrival(&arrival, &max, &dflt);
	lvl_policy_normalise(&arrival, NULL);
	if (lvl_fits(p, &arrival, tell, NULL) == LVL_YES)
		return 0;
	fprintf(stderr, "tiny-vmm: refused: the guest does not fit here\n");
	return REFUSED;
}

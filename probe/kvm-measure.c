/* SPDX-License-Identifier: MIT */
#include "kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "kvm-guest.h"
#include "kvm-table.h"

struct measuring {
	struct kvm_guest guest;
	struct kvm_cpuid2
		*table; /* KVM's own, one register changed at a time */
	struct probe_measure *m;
	struct lvl_ferr *err;
};

/* What a guest reads of an entry: 0; 1: KVM refuses the table; or -code. */
static int see(struct measuring *x, unsigned entry, unsigned reg,
	       uint32_t *seen)
{
	const struct kvm_cpuid_entry2 *e = &x->table->entries[entry];
	const struct kvm_question q = { e->function, e->index };
	int vcpu = kvm_guest_vcpu(&x->guest, x->table), rc;
	uint32_t answer[1][4];

	if (vcpu == -EINVAL || vcpu == -EPERM)
		return 1;
	if (vcpu < 0)
		return kvm_fail(x->err, LVL_E_IO, "KVM makes no vCPU: %s",
				strerror(-vcpu));
	rc = kvm_guest_run(&x->guest, vcpu, &q, 1, answer);
	close(vcpu);
	if (rc)
		return kvm_fail(x->err, LVL_E_IO, "a guest did not run: %s",
				strerror(-rc));
	*seen = answer[0][reg];
	return 0;
}

/* One register; what is live is not the table's to decide. */
static int one_register(struct measuring *x, unsigned entry, unsigned reg)
{
	struct kvm_cpuid_entry2 *e = &x->table->entries[entry];
	unsigned w = lvl_word_of_leaf(e->function, e->index, reg);
	uint32_t own[4], asked[4], zero = 0, ones = 0, bits;
	int rc;

	if (w == LVL_NO_WORD)
		return 0;
	x->m->registers++;
	kvm_entry_get(e, own);
	memcpy(asked, own, sizeof(asked));
	asked[reg] = 0;
	kvm_entry_set(e, asked);
	rc = see(x, entry, reg, &zero);
	if (!rc) {
		asked[reg] = 0xffffffffu;
		kvm_entry_set(e, asked);
		rc = see(x, entry, reg, &ones);
	}
	kvm_entry_set(e, own);
	if (rc) {
		x->m->refused += rc > 0;
		return rc > 0 ? 0 : rc;
	}
	bits = ~lvl_masks[LVL_MASK_DYNAMIC][w];
	x->m->is.done[w] = bits;
	x->m->is.pinned[w] = zero & bits;
	x->m->is.never[w] = ~ones & bits;
	return 0;
}

static int every_register(struct measuring *x)
{
	unsigned i, r;
	int rc = 0;

	for (i = 0; i < x->table->nent; i++)
		for (r = 0; r < 4 && !rc; r++)
			rc = one_register(x, i, r);
	return rc;
}

static int measure(struct measuring *x, int kvm)
{
	int rc =
		kvm_table_read(kvm, KVM_GET_SUPPORTED_CPUID, &x->table, x->err);

	if (rc)
		return rc;
	rc = kvm_guest_open(&x->guest, kvm);
	if (rc)
		return kvm_fail(x->err, LVL_E_IO, "KVM makes no VM: %s",
				strerror(-rc));
	return every_register(x);
}

static unsigned long since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)((now.tv_sec - start->tv_sec) * 1000000 +
			       (now.tv_nsec - start->tv_nsec) / 1000);
}

int probe_kvm_measure(const char *device, struct probe_measure *m,
		      struct lvl_ferr *err)
{
	struct measuring x = { .guest = { .vm = -1 }, .m = m, .err = err };
	struct timespec start;
	int kvm, rc;

	memset(m, 0, sizeof(*m));
	clock_gettime(CLOCK_MONOTONIC, &start);
	rc = kvm_open(device, &kvm, err);
	if (rc)
		return rc;
	rc = measure(&x, kvm);
	kvm_guest_close(&x.guest);
	free(x.table);
	close(kvm);
	m->microseconds = since(&start);
	return rc;
}

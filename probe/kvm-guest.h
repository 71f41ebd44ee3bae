/* SPDX-License-Identifier: MIT */
/*
 * A guest of a few instructions: it executes CPUID and stops.  What a vCPU
 * with some table really sees.
 */
#ifndef LVL_PROBE_KVM_GUEST_H
#define LVL_PROBE_KVM_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

/* No more questions at a time. */
#define KVM_QUESTIONS 1000u

struct kvm_question {
	uint32_t leaf, subleaf;
};

struct kvm_guest {
	int kvm, vm;    /* vm -1: none */
	unsigned vcpus; /* made in this VM */
	uint8_t *memory;
	size_t run_size;
};

/* All return 0 or -errno. */
int kvm_guest_open(struct kvm_guest *g, int kvm);
void kvm_guest_close(struct kvm_guest *g);

/* A new vCPU at its start, with this table: the caller's to close. */
int kvm_guest_vcpu(struct kvm_guest *g, const struct kvm_cpuid2 *table);

/*
 * Real mode, all segments from 0.  Before the vCPU has its table: with 0
 * address bits KVM takes no other state.
 */
int kvm_guest_start(int vcpu);

/*
 * Run CPUID in a vCPU at its start that has not run yet.  -ENOEXEC: the
 * guest did not stop where it should.
 */
int kvm_guest_run(struct kvm_guest *g, int vcpu, const struct kvm_question *q,
		  unsigned nr, uint32_t (*answer)[4]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A VM with one vCPU.  All return 0, REFUSED or FAILED, and have said why.
 */
#ifndef TINY_VMM_VM_H
#define TINY_VMM_VM_H

#include "guest.h"

#include <stdio.h>

#include <linux/kvm.h>

#include <cpulevel/check.h>

#define REFUSED 1 /* by findings */
#define FAILED 3  /* by the system */

struct vm {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	struct guest_memory *memory;
};

/* FAILED, after errno's text. */
int fail(const char *what);

/* Print a finding. */
void tell(void *arg, const struct lvl_finding *f);

/* One vCPU without a policy, its APIC in the kernel, and memory of zeroes. */
int vm_open(struct vm *m, int kvm);
void vm_close(struct vm *m);

/* The guest at its start. */
int vm_boot(const struct vm *m);

/* To the end of so many rounds; then what the guest did is complete. */
int vm_run(struct vm *m, unsigned rounds);

/* vCPU and memory, but not the policy. */
int vm_save(const struct vm *m, FILE *f);
int vm_load(const struct vm *m, FILE *f);

/* What guests can have here, measured; and does one with this policy fit? */
int host_maximum(int kvm, struct lvl_policy *max);
int host_fits(int kvm, const struct lvl_policy *p);

#endif

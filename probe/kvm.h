/* SPDX-License-Identifier: MIT */
/*
 * What KVM on this machine offers its guests: its own maximum, by
 * KVM_GET_SUPPORTED_CPUID and the feature MSRs (Linux,
 * Documentation/virt/kvm/api.rst 4.46, 4.20).
 */
#ifndef LVL_PROBE_KVM_H
#define LVL_PROBE_KVM_H

#include <cpulevel/caps.h>
#include <cpulevel/derive.h>
#include <cpulevel/import.h>

/*
 * Add KVM's maximum and default (hvm) to the description of this machine, and
 * facts: module, API, what KVM emulates, capabilities that bear on migration.
 *
 * The maximum is what KVM says it supports, with the permissions for AMX
 * where the kernel gives them, and what an in-kernel APIC adds.  KVM has no
 * default, programs choose; it is the maximum without what `on` (a platform,
 * derive.h; NULL: generic) does not give new guests.
 *
 * device: NULL for /dev/kvm.  -LVL_E_UNSUPPORTED: no KVM there, or the
 * program was built without; -LVL_E_IO: it cannot be asked;
 * -LVL_E_NO_MEMORY.  d is untouched on failure but for facts.
 */
int probe_kvm(struct lvl_desc *d, const char *device,
	      const struct lvl_platform *on, struct lvl_ferr *err);

/*
 * Measure what KVM here lets a program decide: each register of KVM's table is
 * asked to be 0 and to be all ones, and a guest executes CPUID.  What the
 * guest's own state decides is left out.  refused: of how many requests KVM
 * said no; those registers are not in done.  Errors as above.
 */
struct probe_measure {
	struct lvl_measured is;
	unsigned registers, refused;
	unsigned long microseconds;
};
int probe_kvm_measure(const char *device, struct probe_measure *m,
		      struct lvl_ferr *err);

/* The newest KVM of the platforms that is not newer than this kernel; NULL:
 * none is. */
const struct lvl_platform *probe_kvm_platform(void);

#endif

/* SPDX-License-Identifier: MIT */
/* KVM's CPUID tables (Linux, struct kvm_cpuid2). */
#ifndef LVL_PROBE_KVM_TABLE_H
#define LVL_PROBE_KVM_TABLE_H

#include <stdint.h>

#include <linux/kvm.h>

/* KVM_MAX_CPUID_ENTRIES: it takes and gives no more. */
#define KVM_MAX_ENTRIES 256u

/* n entries of zeroes; NULL without memory.  free() it. */
struct kvm_cpuid2 *kvm_table_new(unsigned n);

/* The entry that answers, as KVM looks it up; NULL: there is none. */
const struct kvm_cpuid_entry2 *kvm_table_find(const struct kvm_cpuid2 *t,
					      uint32_t leaf, uint32_t subleaf);

#endif

/* SPDX-License-Identifier: MIT */
/* KVM's CPUID tables (Linux, struct kvm_cpuid2). */
#ifndef LVL_PROBE_KVM_TABLE_H
#define LVL_PROBE_KVM_TABLE_H

#include <stdint.h>

#include <linux/kvm.h>

#include <cpulevel/import.h>

/* KVM_MAX_CPUID_ENTRIES: it takes and gives no more. */
#define KVM_MAX_ENTRIES 256u

/* Fill err; returns -code. */
int kvm_fail(struct lvl_ferr *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Open KVM (NULL: /dev/kvm), and ask the kernel that its guests may have AMX.
 * -LVL_E_UNSUPPORTED.
 */
int kvm_open(const char *device, int *kvm, struct lvl_ferr *err);

/* KVM_GET_SUPPORTED_CPUID or its like; free() it.  -LVL_E_IO. */
int kvm_table_read(int kvm, unsigned long request, struct kvm_cpuid2 **t,
		   struct lvl_ferr *err);

/* n entries of zeroes; NULL without memory.  free() it. */
struct kvm_cpuid2 *kvm_table_new(unsigned n);

/* The entry that answers, as KVM looks it up; NULL: there is none. */
const struct kvm_cpuid_entry2 *kvm_table_find(const struct kvm_cpuid2 *t,
					      uint32_t leaf, uint32_t subleaf);

/* eax, ebx, ecx, edx. */
static inline void kvm_entry_get(const struct kvm_cpuid_entry2 *e,
				 uint32_t reg[4])
{
	reg[0] = e->eax;
	reg[1] = e->ebx;
	reg[2] = e->ecx;
	reg[3] = e->edx;
}

static inline void kvm_entry_set(struct kvm_cpuid_entry2 *e,
				 const uint32_t reg[4])
{
	e->eax = reg[0];
	e->ebx = reg[1];
	e->ecx = reg[2];
	e->edx = reg[3];
}

#endif

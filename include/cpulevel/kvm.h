/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/kvm.h: give a KVM vCPU a policy, and see whether it has it.
 *
 * KVM_SET_CPUID2 takes nearly any table and returns success; some KVMs show
 * their guests something else (kvm_pvm pins most of leaves 1, 7 and 0xd), and
 * a new vCPU has the host's own feature MSRs unless a program writes them
 * (Linux Documentation/virt/kvm/api.rst, 4.20, 4.116 and KVM_X86_QUIRK_STUFF_
 * FEATURE_MSRS).  So install, read back, compare.
 *
 * Hosted, Linux.  Descriptors are yours and stay open.
 *
 *	lvl_kvm_prepare(vm);
 *	vcpu = ioctl(vm, KVM_CREATE_VCPU, id);
 *	rc = lvl_kvm_install(kvm, vcpu, &policy, &topology, id, told, arg);
 */
#ifndef CPULEVEL_KVM_H
#define CPULEVEL_KVM_H

#include <cpulevel/check.h>
#include <cpulevel/topology.h>

LVL_BEGIN

/*
 * Before the first vCPU of a VM: its vCPUs begin without the host's feature
 * MSRs.  -LVL_E_UNSUPPORTED where KVM is too old to be told (before 6.13):
 * lvl_kvm_install() writes those that the policy knows all the same.
 */
int lvl_kvm_prepare(int vm);

/*
 * Give a vCPU that has not run the CPUID table and the feature MSRs of a
 * policy (normalised, host.h), then read both back.  kvm: /dev/kvm.  topology
 * (may be NULL) and id: which vCPU it is, for what differs from vCPU to vCPU
 * (lvl_topology_answer()).  A register with an unknown bit is given as 0.
 *
 * 0: KVM holds the policy.  -LVL_E_CONFLICT: it holds something else, each
 * field is told (guest: the policy, host: what KVM holds); the vCPU must not
 * run as that guest.  -LVL_E_STATE: KVM refuses the table, as it does once
 * the vCPU has run.  -LVL_E_IO: KVM cannot be asked.
 */
int lvl_kvm_install(int kvm, int vcpu, const struct lvl_policy *p,
		    const struct lvl_topology *topology, uint32_t id,
		    lvl_finding_fn *each, void *arg);

LVL_END

#endif /* CPULEVEL_KVM_H */

/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/topology.h: the CPUs of one VM: how many there are, how their APIC
 * ids number them, and who they say they are.
 *
 * Topology and identity are no part of a level: topology is the VM's own
 * (rule `free`), identity comes from one donor (rule `pin`).  Both are put
 * into a policy when a VM is made of it, identity first:
 *
 *	rc = lvl_identity(&vm, donor, &err);
 *	rc = lvl_topology_set(&vm, &topology, &err);
 *	for each CPUID of a vCPU: look reg up in vm, then
 *		lvl_topology_answer(&vm, &topology, vcpu, leaf, subleaf, reg);
 *
 * An x2APIC id is, from bit 0: the thread, the core, the die, the package,
 * each in bits of its own (SDM v3 "Hierarchical Mapping of Shared Resources",
 * APM v3 Fn0000_000B).  vCPUs are numbered in this order without gaps.
 */
#ifndef CPULEVEL_TOPOLOGY_H
#define CPULEVEL_TOPOLOGY_H

#include <cpulevel/policy.h>

LVL_BEGIN

/*
 * The counts must not be 0.  The widths may be: each is as wide as its count
 * needs, and at least this many bits.  { 1, n, 1, 1, .thread_bits = 1 } is
 * how Xen has numbered the vCPUs of HVM guests: the id is twice the number.
 */
struct lvl_topology {
	uint32_t threads;                         /* per core */
	uint32_t cores;                           /* per die */
	uint32_t dies;                            /* per package */
	uint32_t packages;                        /* of the VM */
	uint8_t thread_bits, core_bits, die_bits; /* of the APIC id */
};

/*
 * Is it one that any CPU could have?  -LVL_E_RANGE, and err->field says what
 * cannot hold it: none (~0) if a count is 0; topo-b-count for more than 65535
 * CPUs in a package; topo-b-shift if the ids of a package need more than 31
 * bits; topo-b-x2apic-id if the highest id does not fit below 0xffffffff,
 * which addresses all CPUs.
 */
int lvl_topology_check(const struct lvl_topology *t, struct lvl_err *err);

/*
 * The x2APIC id of a vCPU.  The topology must be one that lvl_topology_check()
 * accepts; vCPUs beyond its packages are numbered on in further ones.
 */
uint32_t lvl_x2apic_id(const struct lvl_topology *t, uint32_t vcpu);

/* The vCPU that has this id.  -LVL_E_RANGE: none; *vcpu is untouched. */
int lvl_vcpu_of_x2apic_id(const struct lvl_topology *t, uint32_t id,
			  uint32_t *vcpu);

/*
 * Make the topology that of the policy.  All `free` fields of class topology
 * are replaced, by the vendor of the policy:
 *
 *  Intel, Centaur, Zhaoxin (SDM v2 CPUID):
 *	1: HTT, and the ids that a package has (255 stands for more)
 *	4: for each cache, the ids that share it, and the core ids of a package
 *	   (64 stands for more)
 *	0xb: threads and cores; 0x1f: dies too, if there are several or the
 *	   policy has the leaf
 *	MSR 0x35: threads and cores of a package
 *  AMD, Hygon (APM v3 appendix E):
 *	1, 0x80000008: HTT, CMP_LEGACY, the threads of a package (255 and 256
 *	   stand for more), and the bits that number them
 *	0xb: threads and cores
 *	0x8000001d, 0x8000001e: for each cache, the ids that share it; threads
 *	   of a core, nodes of a package (a die is a node).  They need TOPOEXT,
 *	   which is shown if it was, if 0x8000001d holds caches, and if there
 *	   are several threads or dies to tell
 *	0x80000026: if the policy has the leaf; a complex is a die
 *
 * Leaves 0xb, 0x1f and 0x80000026 are shown with X2APIC alone.  The caches
 * are those of the policy: levels 1 and 2 belong to a core, the others to a
 * die.  Counts of ids are powers of two, so that CPUs that are not there
 * share nothing.  A maximum that is known and too low is raised.
 *
 * -LVL_E_RANGE as lvl_topology_check(), and where the CPUs cannot be told:
 * initial-apic-id for an id above 254 without X2APIC; topo-1f-count for
 * several dies without it, cache4-cores for more cores than leaf 4 can tell
 * without it; cache4-sharing, cache1d-sharing, apic-id-size,
 * threads-per-core, compute-unit-id, nodes-per-socket, node-id for what is
 * too wide for them.  -LVL_E_INVALID if x2apic or vendor-0 is not known,
 * -LVL_E_VENDOR for another vendor.  The policy is then untouched.
 */
int lvl_topology_set(struct lvl_policy *p, const struct lvl_topology *t,
		     struct lvl_err *err);

/*
 * Read the topology of one package back from leaf 0x1f, 0x80000026 or 0xb,
 * widths included.  Modules and tiles count as part of their die.  packages
 * is 1: no leaf tells it.  -LVL_E_UNSUPPORTED if the policy has none of these
 * leaves, -LVL_E_INVALID with leaf and sub-leaf where they contradict
 * themselves; *t is then untouched.
 */
int lvl_topology_get(const struct lvl_policy *p, struct lvl_topology *t,
		     struct lvl_err *err);

/*
 * What differs from vCPU to vCPU in the answer to CPUID: the APIC ids of
 * leaves 1, 0xb, 0x1f and 0x80000026, with the sub-leaf that they repeat, and
 * core and node of 0x8000001e.  reg: eax to edx as the policy has them (zero
 * beyond the sub-leaves that it has).  Leaves that the policy does not show
 * are left alone, and so is everything else.
 */
void lvl_topology_answer(const struct lvl_policy *p,
			 const struct lvl_topology *t, uint32_t vcpu,
			 uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);

/*
 * Make the policy say that it is the donor: all `pin` fields as one tuple,
 * what the donor does not know included, and what is copied from them.  Pins
 * that mean nothing in this policy are dropped, but not caches that TOPOEXT
 * would carry: lvl_topology_set() shows it for them.  A maximum that is known
 * and too low is raised.
 *
 * -LVL_E_INVALID if the vendor of one of them is not known, -LVL_E_VENDOR if
 * they differ; the policy is then untouched.  Nothing else is compared: a
 * guest may say that it is a CPU that could do more.
 */
int lvl_identity(struct lvl_policy *p, const struct lvl_policy *donor,
		 struct lvl_err *err);

LVL_END

#endif /* CPULEVEL_TOPOLOGY_H */

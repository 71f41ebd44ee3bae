/* SPDX-License-Identifier: MIT */
/*
 * KVM: struct kvm_cpuid2 as KVM_SET_CPUID2 takes it, little-endian (Linux
 * Documentation/virt/kvm/api.rst, 4.20).
 *
 * Topology is the VMM's: it replaces leaves 0xb, 0x1f and 0x8000001e and the
 * APIC ids, which are not in the array or as the policy has them.  A leaf
 * with an unknown bit is left out: the VMM's own stays.
 */
#include "arrays.h"

#define SIGNIFICANT_INDEX 1u
#define ENTRIES_MAX 256u

static const uint32_t zero[4];

/* KVM answers 0 for what is not there: sub-leaves of nothing need no entry. */
static int is_needed(const struct lvl_leaf_words *l, const uint32_t reg[4])
{
	return l->subleaf == LVL_NO_SUBLEAF || !l->subleaf ||
	       memcmp(reg, zero, sizeof(zero));
}

static unsigned collect(struct lvl_gen *g, struct lvl_leaf leaf[LVL_NR_LEAVES])
{
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!lvl_leaf_in_range(g->p, l) || lvl_leaf_is_topology(l) ||
		    !lvl_leaf_take(g, l, leaf[n].reg) ||
		    !is_needed(l, leaf[n].reg))
			continue;
		leaf[n].leaf = l->leaf;
		leaf[n++].subleaf = l->subleaf;
	}
	return n;
}

static int write_cpuid2(struct lvl_gen *g)
{
	struct lvl_leaf leaf[LVL_NR_LEAVES];
	unsigned n = collect(g, leaf), i, r;

	_Static_assert(LVL_NR_LEAVES <= ENTRIES_MAX, "KVM takes 256 entries");
	if (!n)
		return -LVL_E_EMPTY;
	lvl_put32(g->out, n);
	lvl_put32(g->out, 0);
	for (i = 0; i < n; i++) {
		int indexed = leaf[i].subleaf != LVL_NO_SUBLEAF;

		lvl_put32(g->out, leaf[i].leaf);
		lvl_put32(g->out, indexed ? leaf[i].subleaf : 0);
		lvl_put32(g->out, indexed ? SIGNIFICANT_INDEX : 0);
		for (r = 0; r < 4; r++)
			lvl_put32(g->out, leaf[i].reg[r]);
		for (r = 0; r < 3; r++)
			lvl_put32(g->out, 0);
	}
	return 0;
}

const struct lvl_writer lvl_writer_kvm_cpuid2 = {
	.name = "kvm-cpuid2",
	.what = "struct kvm_cpuid2 for KVM_SET_CPUID2",
	.binary = 1,
	.write = write_cpuid2,
};

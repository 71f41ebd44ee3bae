/* SPDX-License-Identifier: MIT */
#include <cpulevel/kvm.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "format/arrays.h"
#include "held.h"
#include "kvm-table.h"

/* Later than the kernel headers of some systems. */
#define KVM_CAP_DISABLE_QUIRKS2_NR 213
#define QUIRK_STUFF_FEATURE_MSRS (1u << 8)

#define MOST_MSRS 1024

int lvl_kvm_prepare(int vm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DISABLE_QUIRKS2_NR,
		.args = { QUIRK_STUFF_FEATURE_MSRS },
	};
	int can = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2_NR);

	if (can <= 0 || !((unsigned)can & QUIRK_STUFF_FEATURE_MSRS) ||
	    ioctl(vm, KVM_ENABLE_CAP, &cap))
		return -LVL_E_UNSUPPORTED;
	return 0;
}

struct installing {
	struct probe_held held;
	const struct lvl_topology *topology;
	uint32_t id;
};

/* -- CPUID ----------------------------------------------------------------- */

static int is_given(const struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	return lvl_leaf_in_range(p, l);
}

static void fill(const struct installing *x, const struct lvl_leaf_words *l,
		 struct kvm_cpuid_entry2 *e)
{
	int indexed = l->subleaf != LVL_NO_SUBLEAF;
	uint32_t reg[4];
	unsigned r;

	e->function = l->leaf;
	e->index = indexed ? l->subleaf : 0;
	e->flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
	for (r = 0; r < 4; r++)
		reg[r] = x->held.p->v[l->word[r]] & x->held.p->k[l->word[r]];
	if (x->topology)
		lvl_topology_answer(x->held.p, x->topology, x->id, e->function,
				    e->index, reg);
	kvm_entry_set(e, reg);
}

static int set_cpuid(const struct installing *x, int vcpu)
{
	struct kvm_cpuid2 *t = kvm_table_new(KVM_MAX_ENTRIES);
	unsigned i;
	int rc;

	_Static_assert(LVL_NR_LEAVES <= KVM_MAX_ENTRIES, "KVM takes no more");
	if (!t)
		return -LVL_E_NO_MEMORY;
	t->nent = 0;
	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (is_given(x->held.p, &lvl_leaves[i]))
			fill(x, &lvl_leaves[i], &t->entries[t->nent++]);
	rc = ioctl(vcpu, KVM_SET_CPUID2, t) ? -LVL_E_STATE : 0;
	free(t);
	return rc;
}

/*
 * Linux 6.1 does not say how many entries it wrote: what it did not write is
 * zero, and comes after leaf 0.
 */
static int check_cpuid(struct installing *x, int vcpu)
{
	struct kvm_cpuid2 *t = kvm_table_new(KVM_MAX_ENTRIES);
	uint32_t reg[4];
	unsigned i, r;

	if (!t)
		return -LVL_E_NO_MEMORY;
	if (ioctl(vcpu, KVM_GET_CPUID2, t)) {
		free(t);
		return -LVL_E_IO;
	}
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		const struct kvm_cpuid_entry2 *e = kvm_table_find(
			t, l->leaf,
			l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf);

		if (!is_given(x->held.p, l) || lvl_leaf_is_topology(l))
			continue;
		memset(reg, 0, sizeof(reg));
		if (e)
			kvm_entry_get(e, reg);
		for (r = 0; r < 4; r++)
			probe_held_word(&x->held, l->word[r], reg[r]);
	}
	free(t);
	return 0;
}

/* -- feature MSRs ---------------------------------------------------------- */

union one_msr {
	struct kvm_msrs of;
	uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

/* Write it, and read what KVM made of it. */
static int one_msr(int vcpu, uint32_t index, uint64_t value, uint64_t *held)
{
	union one_msr q;

	memset(&q, 0, sizeof(q));
	q.of.nmsrs = 1;
	q.of.entries[0].index = index;
	q.of.entries[0].data = value;
	(void)ioctl(vcpu, KVM_SET_MSRS, &q); /* the comparison tells */
	q.of.nmsrs = 1;
	q.of.entries[0].data = 0;
	if (ioctl(vcpu, KVM_GET_MSRS, &q) != 1)
		return -LVL_E_IO;
	*held = q.of.entries[0].data;
	return 0;
}

static void feature_msr(struct installing *x, int vcpu, uint32_t index)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);
	const struct lvl_policy *p = x->held.p;
	uint64_t held = 0;

	if (!m || !(probe_decided(p, m->word) | probe_decided(p, m->high)))
		return;
	/* which one it is nobody levels: the microcode's revision */
	if (lvl_masks[LVL_MASK_PIN][m->word] | lvl_masks[LVL_MASK_PIN][m->high])
		return;
	if (one_msr(vcpu, index,
		    (uint64_t)(p->v[m->high] & p->k[m->high]) << 32 |
			    (p->v[m->word] & p->k[m->word]),
		    &held))
		held = 0; /* not there: a guest has nothing */
	probe_held_word(&x->held, m->word, (uint32_t)held);
	probe_held_word(&x->held, m->high, (uint32_t)(held >> 32));
}

/*
 * Every vCPU has it since Linux 4.12 (db2336a80489), and only later kernels
 * list it among the feature MSRs.
 */
#define PLATFORM_INFO 0xceu

static int feature_msrs(struct installing *x, int kvm, int vcpu)
{
	struct kvm_msr_list *list =
		calloc(1, sizeof(*list) + MOST_MSRS * sizeof(list->indices[0]));
	unsigned i;

	if (!list)
		return -LVL_E_NO_MEMORY;
	list->nmsrs = MOST_MSRS;
	if (ioctl(kvm, KVM_GET_MSR_FEATURE_INDEX_LIST, list))
		list->nmsrs = 0; /* before 4.17 there is no such list */
	for (i = 0; i < list->nmsrs; i++)
		if (list->indices[i] != PLATFORM_INFO)
			feature_msr(x, vcpu, list->indices[i]);
	feature_msr(x, vcpu, PLATFORM_INFO);
	free(list);
	return 0;
}

int lvl_kvm_install(int kvm, int vcpu, const struct lvl_policy *p,
		    const struct lvl_topology *topology, uint32_t id,
		    lvl_finding_fn *each, void *arg)
{
	struct installing x = {
		.held = { .p = p, .each = each, .arg = arg },
		.topology = topology,
		.id = id,
	};
	int rc = set_cpuid(&x, vcpu);

	if (!rc)
		rc = check_cpuid(&x, vcpu);
	if (!rc)
		rc = feature_msrs(&x, kvm, vcpu);
	return rc ? rc : x.held.differs ? -LVL_E_CONFLICT : 0;
}

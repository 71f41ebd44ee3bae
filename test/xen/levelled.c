/* SPDX-License-Identifier: MIT */
#include "levelled.h"

#include <cpulevel/types.h>

#include "console.h"
#include "domain.h"
#include "guests.h"
#include "hypercall.h"
#include "policy.h"
#include "start.h"

/* docs/specs/libxc-migration-stream.pandoc of Xen */
#define X86_CPUID_POLICY 0x11u
#define X86_MSR_POLICY 0x12u

static const struct image images[] = {
	{ probe_pv, probe_pv_end, 2 },
	{ probe_pvh, probe_pvh_end, 2 },
};

static const char *kind_of(int hvm)
{
	return hvm ? "pvh" : "pv";
}

/* -- the policy ----------------------------------------------------------- */

/* The n-th record of that type; NULL if it is not there, or damaged. */
static const void *record(uint32_t type, unsigned n, uint32_t *size)
{
	size_t left;
	const uint8_t *at = start_module(&left);
	uint32_t head[2];

	while (left >= sizeof(head)) {
		memcpy(head, at, sizeof(head));
		at += sizeof(head);
		left -= sizeof(head);
		if (head[1] > left)
			return NULL;
		*size = head[1];
		if (head[0] == type && !n--)
			return at;
		head[1] = (head[1] + 7) & ~7u;
		left -= head[1] < left ? head[1] : left;
		at += head[1];
	}
	return NULL;
}

static int merge_leaf(struct xen_policy *p, const xen_cpuid_leaf_t *l)
{
	xen_cpuid_leaf_t *there = policy_leaf(p, l->leaf, l->subleaf);
	uint32_t i;

	if (there) {
		*there = *l;
		return 0;
	}
	if (p->nr_leaves == POLICY_LEAVES)
		return -1;
	for (i = p->nr_leaves++; i && (p->leaf[i - 1].leaf > l->leaf ||
				       (p->leaf[i - 1].leaf == l->leaf &&
					p->leaf[i - 1].subleaf > l->subleaf));
	     i--)
		p->leaf[i] = p->leaf[i - 1];
	p->leaf[i] = *l;
	return 0;
}

static int merge_msr(struct xen_policy *p, const xen_msr_entry_t *m)
{
	xen_msr_entry_t *there = policy_msr(p, m->idx);

	if (!there)
		return -1;
	*there = *m;
	return 0;
}

/* 0: what the module says of this kind of guest is in p. */
static int ask(struct xen_policy *p, int hvm)
{
	xen_cpuid_leaf_t l;
	xen_msr_entry_t m;
	uint32_t size, i;
	const uint8_t *at = record(X86_CPUID_POLICY, (unsigned)hvm, &size);
	int rc = at && !(size % sizeof(l)) ? 0 : -1;

	for (i = 0; !rc && i < size / sizeof(l); i++) {
		memcpy(&l, at + i * sizeof(l), sizeof(l));
		rc = merge_leaf(p, &l);
	}
	at = record(X86_MSR_POLICY, (unsigned)hvm, &size);
	if (!at || size % sizeof(m))
		return -1;
	for (i = 0; !rc && i < size / sizeof(m); i++) {
		memcpy(&m, at + i * sizeof(m), sizeof(m));
		rc = merge_msr(p, &m);
	}
	return rc;
}

static void tell(const char *what, int hvm, const struct xen_policy *p)
{
	uint32_t i;

	for (i = 0; i < p->nr_leaves; i++)
		print("%s %s %w %w %w %w %w %w\n", what, kind_of(hvm),
		      p->leaf[i].leaf, p->leaf[i].subleaf, p->leaf[i].a,
		      p->leaf[i].b, p->leaf[i].c, p->leaf[i].d);
	for (i = 0; i < p->nr_msrs; i++)
		print("%s-msr %s %w %w%w\n", what, kind_of(hvm), p->msr[i].idx,
		      (uint32_t)(p->msr[i].val >> 32), (uint32_t)p->msr[i].val);
}

static long set(const struct domain *d)
{
	static struct xen_policy asked, got;
	struct xen_policy_error why;
	size_t size;
	long rc = policy_get(&asked, d->id);

	if (!rc && start_module(&size) && ask(&asked, d->hvm)) {
		print("fail the module says nothing sound of %s\n",
		      kind_of(d->hvm));
		return -XEN_EINVAL;
	}
	if (!rc)
		rc = policy_set(&asked, d->id, &why);
	if (rc)
		print("fail %s set: %d leaf=%w subleaf=%w msr=%w\n",
		      kind_of(d->hvm), rc, why.leaf, why.subleaf, why.msr);
	else
		rc = policy_get(&got, d->id);
	if (!rc) {
		tell("asked", d->hvm, &asked);
		tell("got", d->hvm, &got);
	}
	return rc;
}

/* -- the guest ------------------------------------------------------------ */

/* Every leaf that the machine has, and Xen's own. */
static uint32_t questions(struct probe *probe)
{
	static struct xen_policy raw;
	uint32_t i, n = 0;

	if (policy_of_xen(&raw, XEN_SYSCTL_cpu_policy_raw))
		return 0;
	for (i = 0; i < raw.nr_leaves && n < LVL_COUNT(probe->ask) - 1; i++) {
		probe->ask[n].leaf = raw.leaf[i].leaf;
		probe->ask[n++].subleaf =
			raw.leaf[i].subleaf == XEN_CPUID_NO_SUBLEAF
				? 0
				: raw.leaf[i].subleaf;
	}
	probe->ask[n++].leaf = 0x40000000;
	return n;
}

static void answers(const struct domain *d, const struct probe *probe,
		    uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct probe_ask *a = &probe->ask[i];

		print("native %s %w %w %w %w %w %w\n", kind_of(d->hvm), a->leaf,
		      a->subleaf, a->native[0], a->native[1], a->native[2],
		      a->native[3]);
		if (!d->hvm)
			print("forced %s %w %w %w %w %w %w\n", kind_of(d->hvm),
			      a->leaf, a->subleaf, a->forced[0], a->forced[1],
			      a->forced[2], a->forced[3]);
	}
}

static long run(struct domain *d)
{
	const struct image *image = &images[d->hvm];
	struct probe *probe;
	uint32_t n;
	long rc = image_build(d, image);

	if (rc)
		return rc;
	probe = image_data(d, image, 0);
	n = probe->left = questions(probe);
	rc = domain_run(d);
	if (rc)
		return rc;
	probe = image_data(d, image, 0);
	if (probe->done != PROBE_DONE)
		return -XEN_EIO;
	answers(d, probe, n);
	return 0;
}

void levelled(int hvm)
{
	struct domain d;
	long rc = domain_create(&d, hvm);

	if (!rc) {
		rc = set(&d);
		if (!rc)
			rc = run(&d);
		domain_destroy(&d);
	}
	print("guest %s rc=%d\n", kind_of(hvm), rc);
}

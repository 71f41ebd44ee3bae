/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include "console.h"
#include "policy.h"
#include "spoil.h"

long policy_now(struct lvl_policy *p, domid_t id)
{
	static struct xen_policy xen;
	long rc = policy_get(&xen, id);

	return rc ? rc : policy_to_lvl(p, &xen, NULL);
}

static unsigned leaf_differs(const xen_cpuid_leaf_t *asked,
			     const xen_cpuid_leaf_t *has)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	const uint32_t a[] = { asked->a, asked->b, asked->c, asked->d };
	const uint32_t h[] = { has->a, has->b, has->c, has->d };
	unsigned r, n = 0;

	for (r = 0; r < 4; r++) {
		if (a[r] == h[r])
			continue;
		print("differs %w %w %s asked=%w has=%w\n", asked->leaf,
		      asked->subleaf, regs[r], a[r], h[r]);
		n++;
	}
	return n;
}

/* A leaf or MSR that one of them does not have is zero there. */
static unsigned differences(struct xen_policy *asked, struct xen_policy *has)
{
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < asked->nr_leaves; i++) {
		xen_cpuid_leaf_t *l = &asked->leaf[i], none = *l;
		xen_cpuid_leaf_t *h = policy_leaf(has, l->leaf, l->subleaf);

		none.a = none.b = none.c = none.d = 0;
		n += leaf_differs(l, h ? h : &none);
	}
	for (i = 0; i < has->nr_leaves; i++) {
		xen_cpuid_leaf_t *l = &has->leaf[i], none = *l;

		none.a = none.b = none.c = none.d = 0;
		if (!policy_leaf(asked, l->leaf, l->subleaf))
			n += leaf_differs(&none, l);
	}
	for (i = 0; i < asked->nr_msrs; i++) {
		xen_msr_entry_t *m = policy_msr(has, asked->msr[i].idx);
		uint64_t now = m ? m->val : 0;

		if (now == asked->msr[i].val)
			continue;
		print("differs msr %x asked=%x has=%x\n",
		      (uint64_t)asked->msr[i].idx, asked->msr[i].val, now);
		n++;
	}
	return n;
}

int settle(domid_t id, const struct lvl_policy *p)
{
	static struct xen_policy asked, given, has;
	struct xen_policy_error why;
	unsigned n;
	long rc = policy_from_lvl(&asked, p), got;

	if (rc) {
		print("fail policy_from_lvl: %d\n", rc);
		return -1;
	}
	given = asked;
	spoil_policy(&given);
	rc = policy_set(&given, id, &why);
	got = policy_get(&has, id);
	n = got ? 1 : differences(&asked, &has);
	print("xen %d leaf=%w subleaf=%w msr=%w differences=%d\n", rc, why.leaf,
	      why.subleaf, why.msr, (long)n);
	return rc || n;
}

size_t record_size(const uint8_t *p, size_t n)
{
	size_t size = 0;

	if (n >= 16)
		size = p[12] | (size_t)p[13] << 8 | (size_t)p[14] << 16;
	return size <= n ? size : 0;
}

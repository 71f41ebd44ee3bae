/* SPDX-License-Identifier: MIT */
#include "errors.h"

#include <cpulevel/check.h>
#include <cpulevel/host.h>

#include "console.h"
#include "domain.h"
#include "guests.h"
#include "oracle.h"
#include "policy.h"

#define NONE XEN_CPUID_NO_SUBLEAF

/* -- what is wrong with them ---------------------------------------------- */

static xen_cpuid_leaf_t *leaf(struct xen_policy *p, uint32_t l, uint32_t sub)
{
	static xen_cpuid_leaf_t none;
	xen_cpuid_leaf_t *there = policy_leaf(p, l, sub);

	return there ? there : &none;
}

/* In its place: both sides want arrays in order. */
static void add(struct xen_policy *p, uint32_t l, uint32_t sub)
{
	const xen_cpuid_leaf_t new = { .leaf = l, .subleaf = sub, .a = 1 };
	uint32_t i = p->nr_leaves++;

	for (; i && (p->leaf[i - 1].leaf > l || (p->leaf[i - 1].leaf == l &&
						 p->leaf[i - 1].subleaf > sub));
	     i--)
		p->leaf[i] = p->leaf[i - 1];
	p->leaf[i] = new;
}

static void unchanged(struct xen_policy *p)
{
	(void)p;
}

static void basic_by_one(struct xen_policy *p)
{
	leaf(p, 0, NONE)->a = 0xe;
}

static void basic_0x40(struct xen_policy *p)
{
	leaf(p, 0, NONE)->a = 0x40;
}

static void extended_0xff(struct xen_policy *p)
{
	leaf(p, 0x80000000, NONE)->a = 0x800000ff;
}

static void subleaf_9(struct xen_policy *p)
{
	leaf(p, 7, 0)->a = 9;
}

static void leaf_0x12345(struct xen_policy *p)
{
	add(p, 0x12345, NONE);
}

static void leaf_7_77(struct xen_policy *p)
{
	add(p, 7, 77);
}

static void leaf_1_3(struct xen_policy *p)
{
	add(p, 1, 3);
}

static void msr_extra(struct xen_policy *p)
{
	const xen_msr_entry_t new = { .idx = 0x12345678, .val = 1 };

	p->msr[p->nr_msrs++] = new;
}

static void faulting(struct xen_policy *p)
{
	policy_msr(p, 0xce)->val |= 1u << 31;
}

static void flags(struct xen_policy *p)
{
	policy_msr(p, 0xce)->flags = 1;
}

static void beyond(struct xen_policy *p)
{
	leaf(p, 1, NONE)->c = UINT32_MAX;
	leaf(p, 7, 0)->b = UINT32_MAX;
}

static void phys_52(struct xen_policy *p)
{
	xen_cpuid_leaf_t *l = leaf(p, 0x80000008, NONE);

	l->a = (l->a & ~0xffu) | 52;
}

static void vendor(struct xen_policy *p)
{
	xen_cpuid_leaf_t *l = leaf(p, 0, NONE);

	l->b = 0x756e6547; /* "GenuineIntel" */
	l->d = 0x49656e69;
	l->c = 0x6c65746e;
}

static void arch_caps(struct xen_policy *p)
{
	policy_msr(p, 0x10a)->val |= 0x1ff;
}

static void avx_alone(struct xen_policy *p)
{
	leaf(p, 1, NONE)->c &= ~(1u << 26); /* XSAVE */
}

static void sse3_alone(struct xen_policy *p)
{
	leaf(p, 1, NONE)->d &= ~(1u << 26); /* SSE2 */
}

static const struct {
	const char *name;
	void (*spoil)(struct xen_policy *p);
} cases[] = {
	{ "unchanged", unchanged },
	{ "basic-leaf-0xe", basic_by_one },
	{ "basic-leaf-0x40", basic_0x40 },
	{ "extended-leaf-0x800000ff", extended_0xff },
	{ "leaf-7-subleaf-9", subleaf_9 },
	{ "unknown-leaf", leaf_0x12345 },
	{ "unknown-subleaf", leaf_7_77 },
	{ "needless-subleaf", leaf_1_3 },
	{ "unknown-msr", msr_extra },
	{ "msr-flags", flags },
	{ "faulting", faulting },
	{ "beyond-the-maximum", beyond },
	{ "maxphysaddr-52", phys_52 },
	{ "other-vendor", vendor },
	{ "arch-caps", arch_caps },
	{ "avx-without-xsave", avx_alone },
	{ "sse3-without-sse2", sse3_alone },
};

/* -- what we say ---------------------------------------------------------- */

struct which {
	const char *kind, *name;
	int shown; /* findings that count */
};

static void found(void *arg, const struct lvl_finding *f)
{
	struct which *w = arg;

	w->shown += f->severity <= LVL_SECURITY;
	print("finding %s %s %s %s: %s\n", w->kind, w->name,
	      f->field == LVL_NO_FIELD ? "-" : lvl_field_name(f->field),
	      lvl_severity_names[f->severity], lvl_reason_text(f->reason));
}

/* What guests may come with: Xen's maximum, and what it states itself. */
static int arrival(struct lvl_policy *out, int hvm)
{
	static struct xen_policy most, usual;
	static struct lvl_policy max, dflt;
	struct lvl_err err;

	if (policy_of_xen(&most, hvm ? XEN_SYSCTL_cpu_policy_hvm_max
				     : XEN_SYSCTL_cpu_policy_pv_max) ||
	    policy_of_xen(&usual, hvm ? XEN_SYSCTL_cpu_policy_hvm_default
				      : XEN_SYSCTL_cpu_policy_pv_default) ||
	    policy_to_lvl(&max, &most, &err) ||
	    policy_to_lvl(&dflt, &usual, &err))
		return -1;
	lvl_policy_normalise(&max, NULL);
	lvl_policy_normalise(&dflt, NULL);
	lvl_arrival(out, &max, &dflt);
	return 0;
}

static void judge(struct which *w, const struct xen_policy *asked,
		  const struct lvl_policy *host)
{
	static struct lvl_policy p;
	struct lvl_err err = { 0 };
	enum lvl_verdict valid, fits;
	int rc;

	rc = policy_to_lvl(&p, asked, &err);
	if (rc) {
		print("ours %s %s refused: %s leaf=%w subleaf=%w msr=%w\n",
		      w->kind, w->name, lvl_strerror(rc), err.leaf, err.subleaf,
		      err.msr);
		return;
	}
	valid = lvl_valid(&p, found, w);
	lvl_policy_normalise(&p, NULL);
	fits = lvl_fits(&p, host, found, w);
	print("ours %s %s %s\n", w->kind, w->name,
	      valid == LVL_NO || fits == LVL_NO ? "refused"
	      : fits == LVL_YES                 ? "taken"
						: "not known");
}

/* -- what Xen says -------------------------------------------------------- */

/* Features that Xen takes away in silence: by themselves, or with others. */
static void lost(const struct which *w, const struct xen_policy *asked,
		 const struct xen_policy *got, const struct lvl_policy *host)
{
	static struct lvl_policy a, g, predicted;
	struct lvl_err err;
	unsigned f, word;

	lvl_policy_zero(&a);
	lvl_policy_zero(&g);
	if (policy_merge_lvl(&a, asked, &err) ||
	    policy_merge_lvl(&g, got, &err))
		return;
	oracle_predict(&predicted, &a, host);
	for (f = 0; f < LVL_NR_FIELDS; f++) {
		word = lvl_fields[f].word;
		if (word != LVL_NO_WORD &&
		    lvl_fields[f].mask & lvl_masks[LVL_MASK_FEATURE][word] &&
		    lvl_has(&a, f) && !lvl_has(&g, f))
			print("lost %s %s %s %s\n", w->kind, w->name,
			      lvl_field_name(f),
			      oracle_follows(f) ? "follows" : "itself");
	}
}

static long one(struct which *w, const struct domain *d,
		const struct xen_policy *base,
		void (*spoil)(struct xen_policy *),
		const struct lvl_policy *host)
{
	static struct xen_policy asked, got;
	struct xen_policy_error why;
	long rc;

	asked = *base;
	spoil(&asked);
	rc = policy_set(&asked, d->id, &why);
	if (policy_get(&got, d->id))
		return -XEN_EIO;
	print("xen %s %s rc=%d leaf=%w subleaf=%w msr=%w %s\n", w->kind,
	      w->name, rc, why.leaf, why.subleaf, why.msr,
	      policy_same(&asked, &got)                      ? "as-asked"
	      : policy_same((struct xen_policy *)base, &got) ? "as-before"
							     : "otherwise");
	if (!rc)
		lost(w, &asked, &got, host);
	judge(w, &asked, host);
	return policy_set(base, d->id, &why);
}

/* A domain that has run takes no policy any more. */
static long too_late(struct which *w, struct domain *d,
		     const struct xen_policy *base)
{
	const struct image image = { d->hvm ? probe_pvh : probe_pv,
				     d->hvm ? probe_pvh_end : probe_pv_end, 2 };
	struct xen_policy_error why;
	struct probe *probe;
	long rc = image_build(d, &image);

	if (rc)
		return rc;
	probe = image_data(d, &image, 0);
	probe->left = 1;
	rc = domain_run(d);
	if (!rc)
		print("xen %s after-it-ran rc=%d\n", w->kind,
		      policy_set(base, d->id, &why));
	return rc;
}

void errors(int hvm)
{
	static struct xen_policy base;
	static struct lvl_policy host;
	struct which w = { hvm ? "hvm" : "pv", NULL, 0 };
	struct domain d;
	long rc = domain_create(&d, hvm);
	unsigned i;

	if (rc) {
		print("fail %s domain: %d\n", w.kind, rc);
		return;
	}
	rc = policy_get(&base, d.id);
	if (!rc)
		rc = arrival(&host, hvm);
	for (i = 0; !rc && i < LVL_COUNT(cases); i++) {
		w.name = cases[i].name;
		rc = one(&w, &d, &base, cases[i].spoil, &host);
	}
	if (!rc)
		rc = too_late(&w, &d, &base);
	if (rc)
		print("fail %s: %d\n", w.kind, rc);
	domain_destroy(&d);
}

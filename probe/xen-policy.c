/* SPDX-License-Identifier: MIT */
#include "xen-policy.h"

#include <errno.h>
#include <string.h>

#include "format/xen_cpuid.h"

/* errno of a call that failed; some set none. */
static int why(void)
{
	return errno ? errno : EIO;
}

/* Whose policy: which one of the system, or a domain. */
struct whose {
	int system;
	uint32_t number;
};

static int arrays(struct xen *x, const struct whose *w, struct xen_policy *p)
{
	const struct xen_calls *c = &x->call;
	int rc = w->system ? c->get_system(x->xch, w->number, &p->nr_leaves,
					   p->leaf, &p->nr_msrs, p->msr)
			   : c->get_domain(x->xch, w->number, &p->nr_leaves,
					   p->leaf, &p->nr_msrs, p->msr);

	return rc ? why() : 0;
}

/* The newer form: pointers into the object. */
static int copy(struct xen *x, const void *object, struct xen_policy *p)
{
	const struct lvl_leaf *leaf;
	const struct lvl_msr *msr;
	uint32_t nr_leaves, nr_msrs;

	if (x->call.policy_leaves(x->xch, object, &leaf, &nr_leaves) ||
	    x->call.policy_msrs(x->xch, object, &msr, &nr_msrs))
		return why();
	if (nr_leaves > XEN_MOST_LEAVES || nr_msrs > XEN_MOST_MSRS)
		return ENOBUFS;
	memcpy(p->leaf, leaf, nr_leaves * sizeof(*leaf));
	memcpy(p->msr, msr, nr_msrs * sizeof(*msr));
	p->nr_leaves = nr_leaves;
	p->nr_msrs = nr_msrs;
	return 0;
}

static int serialise(struct xen *x, const void *object, struct xen_policy *p)
{
	if (x->call.policy_leaves && x->call.policy_msrs)
		return copy(x, object, p);
	return x->call.policy_arrays(x->xch, object, p->leaf, &p->nr_leaves,
				     p->msr, &p->nr_msrs)
		       ? why()
		       : 0;
}

static int object(struct xen *x, const struct whose *w, struct xen_policy *p)
{
	const struct xen_calls *c = &x->call;
	void *o = c->policy_new();
	int rc;

	if (!o)
		return ENOMEM;
	rc = w->system ? c->policy_of_system(x->xch, w->number, o)
		       : c->policy_of_domain(x->xch, w->number, o);
	rc = rc ? why() : serialise(x, o, p);
	c->policy_free(o);
	return rc;
}

static int get(struct xen *x, const struct whose *w, struct xen_policy *p)
{
	x->log.text[0] = '\0';
	errno = 0;
	if (x->call.policy_size(x->xch, &p->nr_leaves, &p->nr_msrs))
		return why();
	if (p->nr_leaves > XEN_MOST_LEAVES || p->nr_msrs > XEN_MOST_MSRS)
		return ENOBUFS;
	p->most_leaves = p->nr_leaves;
	return x->call.policy_new ? object(x, w, p) : arrays(x, w, p);
}

int xen_policy_of_system(struct xen *x, enum xen_system which,
			 struct xen_policy *p)
{
	const struct whose w = { 1, (uint32_t)which };

	return get(x, &w, p);
}

int xen_policy_of_domain(struct xen *x, unsigned domain, struct xen_policy *p)
{
	const struct whose w = { 0, domain };

	return get(x, &w, p);
}

int xen_policy_give(struct xen *x, unsigned domain, const struct xen_policy *p,
		    struct xen_bad *bad)
{
	*bad = (struct xen_bad){ ~0u, ~0u, ~0u };
	x->log.text[0] = '\0';
	errno = 0;
	return x->call.set_domain(x->xch, domain, p->nr_leaves, p->leaf,
				  p->nr_msrs, p->msr, &bad->leaf, &bad->subleaf,
				  &bad->msr)
		       ? why()
		       : 0;
}

static int is_zero(const uint32_t reg[4])
{
	return !(reg[0] | reg[1] | reg[2] | reg[3]);
}

int xen_policy_import(struct lvl_import *im, const struct xen_policy *p)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < p->nr_leaves && !rc; i++) {
		const struct lvl_leaf *l = &p->leaf[i];
		/* Xen reads 0x8000001d and the like with ECX 0 */
		uint32_t sub = l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf;

		if (!is_zero(l->reg))
			rc = lvl_import_leaf(im, l->leaf, sub, l->reg);
	}
	for (i = 0; i < p->nr_msrs && !rc; i++)
		rc = lvl_import_msr(im, p->msr[i].index, p->msr[i].value);
	if (!rc)
		lvl_xen_absent_is_zero(im->p, im->kind == LVL_KIND_RAW,
				       p->most_leaves);
	return rc;
}

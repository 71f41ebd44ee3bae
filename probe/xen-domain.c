/* SPDX-License-Identifier: MIT */
#include "xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cpulevel/host.h>

#include "format/to_xen.h"
#include "format/xen_cpuid.h"
#include "held.h"
#include "xen-policy.h"

/*
 * public/domctl.h, struct xen_domctl_getdomaininfo: the number (16 bits), the
 * flags, and more that is not used; the structure has grown, never this far.
 */
#define INFO_ROOM 1024
enum { INFO_DOMAIN, INFO_FLAGS };
enum { DOMINF_HVM = 1 << 1, DOMINF_HAP = 1 << 8 };

static int no_memory(struct lvl_ferr *err)
{
	return xen_fail(err, LVL_E_NO_MEMORY, "out of memory");
}

/* -- reading --------------------------------------------------------------- */

/* Xen gives the next domain where there is none of this number. */
static int kind(struct xen *x, struct probe_domain *domain,
		struct lvl_ferr *err)
{
	uint32_t info[INFO_ROOM / 4] = { 0 };
	int n;

	x->log.text[0] = '\0';
	n = x->call.domains(x->xch, domain->id, 1, info);
	if (n < 0)
		return xen_refused(x, "Xen does not list its domains", errno,
				   err);
	if (!n || (info[INFO_DOMAIN] & 0xffff) != domain->id)
		return xen_fail(err, LVL_E_RANGE,
				"there is no domain %u; `xl list` has their "
				"numbers",
				domain->id);
	domain->guest = !(info[INFO_FLAGS] & DOMINF_HVM) ? LVL_PV
			: info[INFO_FLAGS] & DOMINF_HAP  ? LVL_HVM
							 : LVL_HVM_SHADOW;
	return 0;
}

static int keep(void *arg, struct lvl_desc *d)
{
	struct lvl_desc **one = arg;

	*one = d;
	return 0;
}

static int read_policy(struct xen *x, unsigned id, struct xen_policy *p,
		       struct lvl_ferr *err)
{
	int error = xen_policy_of_domain(x, id, p);

	return error ? xen_refused(x, "Xen does not tell the domain's policy",
				   error, err)
		     : 0;
}

/* public/hvm/params.h */
#define HVM_PARAM_VIRIDIAN 9

/* Whether Xen plays Hyper-V is not in the policy. */
static int signature(struct xen *x, struct lvl_import *im,
		     const struct probe_domain *domain)
{
	uint64_t viridian = 0;

	if (domain->guest != LVL_PV &&
	    (!x->call.hvm_param ||
	     x->call.hvm_param(x->xch, domain->id, HVM_PARAM_VIRIDIAN,
			       &viridian)))
		return 0; /* not known */
	return lvl_xen_signature(im, viridian != 0);
}

/* A description of the kind seen; what no bit tells is the machine's. */
static int describe(struct xen *x, struct lvl_import *im,
		    const struct xen_policy *p,
		    const struct probe_domain *domain)
{
	enum lvl_guest guest = domain->guest;
	int rc = lvl_import_kind(im, LVL_KIND_SEEN);

	if (!rc)
		rc = lvl_import_fact(im, "guest", lvl_guest_names[guest]);
	if (!rc)
		rc = xen_policy_import(im, p);
	if (!rc)
		rc = signature(x, im, domain);
	if (!rc)
		rc = probe_behaviour(im);
	return rc ? rc : lvl_import_done(im);
}

static int read_domain(struct xen *x, struct probe_domain *domain,
		       struct xen_policy *p, struct lvl_desc **d,
		       struct lvl_ferr *err)
{
	char name[32];
	struct lvl_import im = {
		.name = name,
		.err = err,
		.each = keep,
		.arg = d,
	};
	int rc = kind(x, domain, err);

	snprintf(name, sizeof(name), "domain-%u", domain->id);
	if (!rc)
		rc = read_policy(x, domain->id, p, err);
	if (!rc)
		rc = describe(x, &im, p, domain);
	if (!rc)
		domain->policy = *(*d)->policy[LVL_KIND_SEEN];
	lvl_desc_free(im.d);
	free(im.cores);
	return rc;
}

int probe_xen_domain(struct xen *x, unsigned id, struct probe_domain *domain,
		     struct lvl_desc **d, struct lvl_ferr *err)
{
	struct xen_policy *p = calloc(1, sizeof(*p));
	struct lvl_desc *mine = NULL;
	int rc;

	if (!p)
		return no_memory(err);
	domain->id = id;
	rc = read_domain(x, domain, p, &mine, err);
	free(p);
	if (rc || !d)
		lvl_desc_free(mine);
	else
		*d = mine;
	return rc;
}

/* -- what it would have ---------------------------------------------------- */

/* Does the policy say of how many CPUs the VM is? */
static int has_topology(const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++)
		if (p->v[i] & lvl_masks[LVL_MASK_FREE][i])
			return 1;
	return 0;
}

/* Leaves that Xen makes up by the domain's configuration. */
static int is_of_hypervisor(unsigned word)
{
	return lvl_words[word].place <= LVL_PLACE_EDX &&
	       lvl_words[word].id >> 16 == 0x4000;
}

void probe_xen_merge(const struct probe_domain *domain,
		     const struct lvl_policy *p, struct lvl_policy *to)
{
	int topology = has_topology(p);
	unsigned i;

	*to = domain->policy;
	for (i = 0; i < LVL_NR_WORDS; i++) {
		uint32_t bits = probe_decided(p, i);

		if (is_of_hypervisor(i))
			continue;
		if (!topology)
			bits &= ~lvl_masks[LVL_MASK_FREE][i];
		to->v[i] = (to->v[i] & ~bits) | (p->v[i] & bits);
		to->k[i] |= bits;
	}
	lvl_policy_normalise(to, NULL);
}

void probe_xen_limits(const struct probe_domain *domain, struct lvl_policy *max)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++)
		if (is_of_hypervisor(i)) {
			max->v[i] = domain->policy.v[i];
			max->k[i] = domain->policy.k[i];
		}
	lvl_policy_normalise(max, NULL);
}

/* -- setting --------------------------------------------------------------- */

struct setting {
	struct xen *x;
	unsigned id;
	struct xen_policy old, new, now;
	struct probe_held held;
	struct lvl_ferr *err;
};

/* The leaves and MSRs that Xen's policies have. */
static void arrays(const struct lvl_policy *p, struct xen_policy *to)
{
	static const struct lvl_gen_options none;
	struct lvl_gen g = { .p = p, .options = &none };

	_Static_assert(LVL_XEN_LEAVES <= XEN_MOST_LEAVES &&
			       LVL_XEN_MSRS <= XEN_MOST_MSRS,
		       "what is written has room");
	to->nr_leaves = (uint32_t)lvl_xen_leaves(&g, to->leaf);
	to->nr_msrs = (uint32_t)lvl_xen_msrs(&g, to->msr);
}

static int refused(struct setting *s, int error, const struct xen_bad *bad)
{
	if (bad->msr != ~0u)
		return xen_fail(s->err, LVL_E_INVALID,
				"Xen refuses MSR 0x%x: %s", bad->msr,
				strerror(error));
	if (bad->leaf == ~0u)
		return xen_refused(s->x, "Xen refuses the policy", error,
				   s->err);
	if (bad->subleaf == ~0u)
		return xen_fail(s->err, LVL_E_INVALID,
				"Xen refuses leaf 0x%x: %s", bad->leaf,
				strerror(error));
	return xen_fail(s->err, LVL_E_INVALID,
			"Xen refuses leaf 0x%x sub-leaf %u: %s", bad->leaf,
			bad->subleaf, strerror(error));
}

/* Xen takes nearly anything, and keeps what it likes of it. */
static int compare(struct setting *s)
{
	const struct lvl_policy *to = s->held.p;
	struct probe_domain now = { .id = s->id };
	struct lvl_policy held;
	struct lvl_desc *d = NULL;
	unsigned i;
	int rc = read_domain(s->x, &now, &s->now, &d, s->err);

	if (rc)
		return rc;
	held = now.policy;
	lvl_policy_normalise(&held, NULL);
	for (i = 0; i < LVL_NR_WORDS; i++) {
		uint32_t told = now.policy.k[i];

		if (lvl_words[i].place < LVL_PLACE_STATE)
			probe_held_word(&s->held, i,
					(held.v[i] & told) |
						(to->v[i] & ~told));
	}
	lvl_desc_free(d);
	return s->held.differs ? -LVL_E_CONFLICT : 0;
}

static int same(const struct xen_policy *a, const struct xen_policy *b)
{
	return a->nr_leaves == b->nr_leaves && a->nr_msrs == b->nr_msrs &&
	       !memcmp(a->leaf, b->leaf, a->nr_leaves * sizeof(a->leaf[0])) &&
	       !memcmp(a->msr, b->msr, a->nr_msrs * sizeof(a->msr[0]));
}

/* It was Xen's own answer, so Xen takes it; all the same, look. */
static int give_back(struct setting *s, int rc)
{
	struct xen_bad bad;

	if (xen_policy_give(s->x, s->id, &s->old, &bad) ||
	    xen_policy_of_domain(s->x, s->id, &s->now) ||
	    !same(&s->old, &s->now))
		return xen_fail(s->err, LVL_E_BUG,
				"domain %u has neither the policy that it was "
				"to have nor its old one: do not start it",
				s->id);
	return rc;
}

static int set(struct setting *s)
{
	struct xen_bad bad;
	int rc = read_policy(s->x, s->id, &s->old, s->err);
	int error;

	if (rc)
		return rc;
	arrays(s->held.p, &s->new);
	error = xen_policy_give(s->x, s->id, &s->new, &bad);
	if (error)
		return refused(s, error, &bad);
	rc = compare(s);
	return rc ? give_back(s, rc) : 0;
}

int probe_xen_set(struct xen *x, const struct probe_domain *domain,
		  const struct lvl_policy *p, lvl_finding_fn *each, void *arg,
		  struct lvl_ferr *err)
{
	struct setting *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return no_memory(err);
	s->x = x;
	s->id = domain->id;
	s->err = err;
	s->held = (struct probe_held){ .p = p, .each = each, .arg = arg };
	rc = set(s);
	free(s);
	return rc;
}

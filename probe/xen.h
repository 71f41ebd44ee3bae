/* SPDX-License-Identifier: MIT */
/*
 * The Xen below this domain 0: what it gives its guests, and the policy of
 * one domain.  libxenguest is opened when it is needed; where there is none,
 * or no Xen, every function returns -LVL_E_UNSUPPORTED and says what is
 * missing.
 */
#ifndef LVL_PROBE_XEN_H
#define LVL_PROBE_XEN_H

#include <cpulevel/derive.h>
#include <cpulevel/import.h>

#include "native.h"

struct xen; /* a connection: xen-lib.h */

/* What people should know of a capture. */
struct probe_xen_report {
	char version[24];  /* "4.17.7" */
	unsigned policies; /* kinds read, 1 << enum lvl_kind */
	unsigned differ;   /* the same: their featureset says otherwise */
	int has_caps;      /* the levelling capabilities were told */
	uint32_t caps;
};

/* NULL: err says why.  probe_xen_end() it. */
struct xen *probe_xen_begin(struct lvl_ferr *err);
void probe_xen_end(struct xen *x);

/*
 * Describe the machine as Xen sees it: raw, host, maximum and default of the
 * kinds of guest that it runs, behaviour that no bit tells, and as facts its
 * version, command line, levelling capabilities and the masks of its build.
 * What CPUID says in domain 0 is not used.  -LVL_E_IO, -LVL_E_NO_MEMORY.
 */
int probe_xen(struct xen *x, const struct probe_options *options,
	      struct probe_xen_report *report, struct lvl_desc **d,
	      struct lvl_ferr *err);

/* One domain. */
struct probe_domain {
	unsigned id;
	enum lvl_guest guest;
	/* as Xen tells it, not normalised, and behaviour that no bit tells */
	struct lvl_policy policy;
};

/*
 * *d, if d is not NULL: a description of it, one policy of the kind seen.
 * -LVL_E_RANGE: there is no such domain.
 */
int probe_xen_domain(struct xen *x, unsigned id, struct probe_domain *domain,
		     struct lvl_desc **d, struct lvl_ferr *err);

/*
 * What the domain would have: its own policy, with everything that p knows
 * and decides in its place.  Topology, live state and what p does not know
 * stay as they are.  *to is normalised (host.h).
 */
void probe_xen_merge(const struct probe_domain *domain,
		     const struct lvl_policy *p, struct lvl_policy *to);

/*
 * What this Xen lets guests of a kind have (lvl_arrival()) becomes what it lets
 * this domain have: which hypervisor it plays is the domain's configuration.
 * Normalised.
 */
void probe_xen_limits(const struct probe_domain *domain,
		      struct lvl_policy *max);

/*
 * Give the domain this policy (of probe_xen_merge()), read it back, compare.
 * 0: Xen holds it.  -LVL_E_CONFLICT: Xen said yes and holds something else,
 * each field is told (guest: the policy, host: what Xen held); the domain has
 * its old policy again.  -LVL_E_STATE: Xen refuses, as it does once a domain
 * has run.  -LVL_E_INVALID: it refuses a leaf or an MSR, err says which.
 * -LVL_E_BUG: the old policy could not be given back, err says so.
 */
int probe_xen_set(struct xen *x, const struct probe_domain *domain,
		  const struct lvl_policy *p, lvl_finding_fn *each, void *arg,
		  struct lvl_ferr *err);

#endif

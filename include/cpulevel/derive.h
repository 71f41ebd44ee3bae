/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/derive.h: from a host to what its guests may and do see.
 *
 *	host -> maximum -> default -> domain
 *
 * for each kind of guest, by named rules (doc/rules.md, part 3), on a
 * platform: which hypervisor will run there.  A hypervisor's own maximum and
 * default, where they were captured, are better than these.
 *
 * All are pure functions.  host must be normalised (host.h); what is not
 * known of it is not known of its guests.  Only these rules, RAW and HOST may
 * raise a bit: levelling and checking only lower.
 */
#ifndef CPULEVEL_DERIVE_H
#define CPULEVEL_DERIVE_H

#include <cpulevel/check.h>
#include <cpulevel/host.h>

LVL_BEGIN

/* A row of data/platforms.tsv. */
struct lvl_platform {
	const char *name;  /* "generic", "xen-4.17", "kvm-7.2" */
	const char *about; /* which versions of what */
	uint8_t guests;    /* kinds that it runs, 1 << enum lvl_guest */
	uint8_t index;     /* its place in lvl_platforms */
};

/* The first is generic: what all that its row names give. */
extern const struct lvl_platform lvl_platforms[];
extern const unsigned lvl_nr_platforms;

/* The platform of that name (len bytes), or NULL. */
const struct lvl_platform *lvl_platform_find(const char *name, size_t len);

/*
 * What a guest of that kind may see at most.  Every statement (`or`) of the
 * vendor is set in it; maxima of leaves are the platform's own, so that
 * guests with larger ones may come back.  out may be host.  trail may be
 * NULL.  -LVL_E_UNSUPPORTED: the platform runs no such guests; out is
 * untouched.
 */
int lvl_derive_max(struct lvl_policy *out, const struct lvl_policy *host,
		   enum lvl_guest kind, const struct lvl_platform *platform,
		   const struct lvl_trail *trail);

/*
 * What a new guest of that kind sees.  The trail tells what the default rules
 * changed of the maximum.  Errors as above.
 */
int lvl_derive_default(struct lvl_policy *out, const struct lvl_policy *host,
		       enum lvl_guest kind, const struct lvl_platform *platform,
		       const struct lvl_trail *trail);

/*
 * The same from a maximum that is at hand, a hypervisor's own: p is that, and
 * becomes the default.  Its statements are the hypervisor's and stay.
 */
void lvl_default_apply(struct lvl_policy *p, enum lvl_guest kind,
		       const struct lvl_platform *platform,
		       const struct lvl_trail *trail);

/*
 * What an arriving guest is compared with (lvl_fits): the maximum, but of
 * statements those that the host makes itself.  Errors as above.
 */
int lvl_derive_arrival(struct lvl_policy *out, const struct lvl_policy *host,
		       enum lvl_guest kind,
		       const struct lvl_platform *platform);

/* What one guest is configured with beside its policy; 0 is the usual. */
struct lvl_domain {
	int arriving; /* it exists already: maxima of leaves stay */
	int bits32;   /* a 32-bit PV guest: no long mode */
	int nested;   /* it may run guests of its own */
	int vpmu;     /* it has performance counters */
	/* kHz that its TSC is guaranteed to keep: ITSC may be told; 0: none */
	uint32_t tsc_khz;
};

/*
 * What the guest is configured with, put into its policy p; max is what such
 * guests may see here at most, derived or a hypervisor's own.  What max does
 * not have it does not give: compare, or ask whether the result fits.
 */
void lvl_domain_apply(struct lvl_policy *p, const struct lvl_policy *max,
		      enum lvl_guest kind, const struct lvl_domain *domain,
		      const struct lvl_trail *trail);

/*
 * The policy of one guest: base is its default, or what an arriving guest
 * saw.  Nothing is ever cut to make it fit: *verdict says whether the result
 * fits the arrival policy, and every finding goes to each (may be NULL).
 * out is untouched unless the verdict is LVL_YES or LVL_UNKNOWN.  Topology is
 * the caller's.  Errors as above.
 */
int lvl_derive_domain(struct lvl_policy *out, enum lvl_verdict *verdict,
		      const struct lvl_policy *base,
		      const struct lvl_policy *host, enum lvl_guest kind,
		      const struct lvl_platform *platform,
		      const struct lvl_domain *domain,
		      const struct lvl_trail *trail, lvl_finding_fn *each,
		      void *arg);

LVL_END

#endif /* CPULEVEL_DERIVE_H */

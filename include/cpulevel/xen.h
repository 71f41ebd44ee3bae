/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/xen.h: the forms in which Xen and its toolstacks hold a policy.
 *
 *  - leaf and MSR arrays (xen_cpuid_leaf_t, xen_msr_entry_t), as the policy
 *    hypercalls and stream records 0x11 and 0x12 carry them;
 *  - featuresets, as strings of hex words ("0001-..." of xapi, "...:..." of
 *    xen-cpuid);
 *  - policy strings of xl and libxc ("1 0 x k s" a bit; "host,avx2=0").
 */
#ifndef CPULEVEL_XEN_H
#define CPULEVEL_XEN_H

#include <cpulevel/policy.h>

LVL_BEGIN

/*
 * Write the known leaves and MSRs, ascending.  A leaf counts as known if
 * all of its four registers are; MSRs likewise.  In: *nr elements of room;
 * out: elements written.  -LVL_E_NOBUFS with the number needed; the arrays
 * are then untouched.  A NULL array with *nr 0 asks for the number.
 */
int lvl_xen_leaves_out(const struct lvl_policy *p, struct lvl_leaf *leaf,
		       size_t *nr);
int lvl_xen_msrs_out(const struct lvl_policy *p, struct lvl_msr *msr,
		     size_t *nr);

/*
 * Read arrays, all or nothing, validated: sorted, unique, sub-leaves where
 * the leaf has them, MSR flags 0.  An entry that the registry lacks is
 * skipped if it is all zero, and -LVL_E_UNKNOWN_LEAF / _UNKNOWN_MSR
 * otherwise.  Words that are not mentioned keep their values (merge), as in
 * Xen; start from lvl_policy_clear() for a whole policy.
 */
int lvl_xen_leaves_in(struct lvl_policy *p, const struct lvl_leaf *leaf,
		      size_t nr, struct lvl_err *err);
int lvl_xen_msrs_in(struct lvl_policy *p, const struct lvl_msr *msr, size_t nr,
		    struct lvl_err *err);

/*
 * Featureset string, `sep` '-' (xapi) or ':' (xen-cpuid): as many words as
 * are known from the first on, at least one.  *len in: room, out: length
 * without the NUL.  -LVL_E_NOBUFS.
 */
int lvl_featureset_print(const struct lvl_policy *p, char sep, char *buf,
			 size_t *len);

/*
 * Words of 1 to 8 hex digits, one kind of separator.  Words beyond those
 * given stay unknown (a producer that did not know them), words beyond ours
 * must be zero.  An empty string is nothing known.  -LVL_E_SYNTAX,
 * -LVL_E_TOO_BIG.
 */
int lvl_featureset_parse(struct lvl_policy *p, const char *s, size_t len);

/*
 * A policy string applied to p, all or nothing.  Two syntaxes:
 *  xl:    "host,avx2=0,family=x,..." names and values 1 0 x k s
 *  xend:  "0x1:ecx=xxxx...,edx=..." 32 (register) or 64 (MSR) characters,
 *         most significant first
 * x: the default's value, k and s: the host's; dflt and host supply them.
 * *at receives the offset of the character at fault.
 */
int lvl_xl_apply(struct lvl_policy *p, const char *s, size_t len,
		 const struct lvl_policy *dflt, const struct lvl_policy *host,
		 size_t *at);

LVL_END

#endif /* CPULEVEL_XEN_H */

/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/check.h: may this guest run there, and is this policy valid.
 *
 * Both report every finding, not the first.
 */
#ifndef CPULEVEL_CHECK_H
#define CPULEVEL_CHECK_H

#include <cpulevel/policy.h>

LVL_BEGIN

enum lvl_verdict { LVL_YES, LVL_NO, LVL_UNKNOWN };

/* Worst first. */
enum lvl_severity {
	LVL_FATAL,    /* the guest may crash or compute wrongly */
	LVL_SECURITY, /* it is less protected than it was told */
	LVL_LEAKS,    /* it sees or can use something else than it was told */
	LVL_SLOW,     /* slower, not wrong */
	LVL_INFO,
	LVL_NR_SEVERITIES
};

enum lvl_reason {
	LVL_R_MISSING,  /* the guest has a feature that the host lacks */
	LVL_R_UNTOLD,   /* a hazard of the host that the guest was not told */
	LVL_R_TOO_HIGH, /* the guest's number exceeds the host's */
	LVL_R_TOO_LOW,  /* the guest's number is below the host's */
	LVL_R_DIFFERS,  /* must be equal and is not */
	LVL_R_NOT_ALLOWED,   /* the guest's allowed values are not the host's */
	LVL_R_UNKNOWN_GUEST, /* the guest's value is not known */
	LVL_R_UNKNOWN_HOST,  /* the host's value is not known */
	LVL_R_LEAK_DIFFERS,  /* behaviour that cannot be hidden differs */
	/* of one policy by itself */
	LVL_R_REQUIREMENT,   /* a feature without what it needs */
	LVL_R_NO_CARRIER,    /* a value that means nothing */
	LVL_R_UNNAMED_BIT,   /* a bit that the registry does not name */
	LVL_R_HIDDEN_SHOWN,  /* a field that no guest may see */
	LVL_R_DERIVED_WRONG, /* not what follows from the other fields */
	LVL_R_OUT_OF_RANGE,  /* data beyond a maximum leaf */
	LVL_R_EMPTY_PAIR,    /* no allowed value */
	LVL_NR_REASONS
};

struct lvl_finding {
	enum lvl_severity severity;
	enum lvl_reason reason;
	unsigned field;       /* LVL_NO_FIELD for an unnamed bit */
	unsigned word;        /* where it is */
	uint64_t guest, host; /* the two values; host 0 for lvl_valid */
	unsigned edge;        /* row of data/requires.tsv, or LVL_NO_FIELD */
	int sure;             /* 0: only because something is unknown */
};

typedef void lvl_finding_fn(void *arg, const struct lvl_finding *finding);

/*
 * Does the guest fit the host?  Three-valued: LVL_YES if it does whatever
 * the unknown bits are, LVL_NO if it does not whatever they are.  Both
 * policies must be normalised (host.h).  Each finding is reported once, in
 * registry order; each may be NULL.  Only fatal and security findings make
 * the verdict; the others are told and do not count.
 */
enum lvl_verdict lvl_fits(const struct lvl_policy *guest,
			  const struct lvl_policy *host, lvl_finding_fn *each,
			  void *arg);

/*
 * The policy that an arriving guest is compared with: capabilities, numbers
 * and equal fields of max, statements (`or`) of what the host states.
 */
void lvl_arrival(struct lvl_policy *arrival, const struct lvl_policy *max,
		 const struct lvl_policy *states);

/* Is the policy well-formed by itself?  Unknown bits are no findings. */
enum lvl_verdict lvl_valid(const struct lvl_policy *p, lvl_finding_fn *each,
			   void *arg);

/* "fatal", "security", "leak", "slow", "info". */
extern const char *const lvl_severity_names[LVL_NR_SEVERITIES];

/* What a finding says, without names and values. */
const char *lvl_reason_text(enum lvl_reason reason);

LVL_END

#endif /* CPULEVEL_CHECK_H */

/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/host.h: from a dump to a well-formed host policy.
 *
 * The RAW rules make a policy of a dump: what the capturing system changed is
 * dropped, what an Intel CPU repeats beyond its maximum leaf is not data.
 * The HOST rules say what the machine can really do; the last of them makes
 * the policy well-formed, so that levelling one host changes nothing.  The
 * rules, in order, with their reasons: doc/rules.md.
 */
#ifndef CPULEVEL_HOST_H
#define CPULEVEL_HOST_H

#include <cpulevel/policy.h>

LVL_BEGIN

/* One rule, for explanations. */
struct lvl_rule_info {
	const char *name; /* "RAW.overrun" */
	const char *what; /* what it does */
	const char *why;  /* its reason */
};

/*
 * One change: the rule, the field, and its value before and after; known
 * says whether before and after were known (bit 0, bit 1).  `cause` is the
 * field whose absence cleared this one, or LVL_NO_FIELD; `edge` the row of
 * data/requires.tsv, or LVL_NO_FIELD.
 */
struct lvl_change {
	const struct lvl_rule_info *rule;
	unsigned field;
	uint64_t before, after;
	unsigned known;
	unsigned cause, edge;
};

/* Called for every change; may be NULL where a trail is not wanted. */
typedef void lvl_trail_fn(void *arg, const struct lvl_change *change);

struct lvl_trail {
	lvl_trail_fn *each; /* NULL: none */
	void *arg;
};

/* What the capturing tool is known to be. */
struct lvl_capture {
	int bits32; /* a 32-bit process: SYSCALL may read 0 */
};

/*
 * Several logical CPUs of one machine become one policy: a level of raw
 * policies, so that a bit that only some cores have is not offered.
 * Identity and topology are those of the first.  Plain data, caller's
 * memory; n == 0 is empty.
 */
struct lvl_cores {
	uint32_t n;
	struct lvl_policy first;
	struct lvl_policy common;
	uint32_t differ[LVL_NR_WORDS]; /* bits that differ somewhere */
};
void lvl_cores_init(struct lvl_cores *c);
void lvl_cores_add(struct lvl_cores *c, const struct lvl_policy *cpu);
/* The common policy (c->n > 0); `equal` fields that differ are unknown. */
void lvl_cores_read(const struct lvl_cores *c, struct lvl_policy *p);

/* Apply the RAW rules to a dump, in place. */
void lvl_raw_clean(struct lvl_policy *p, const struct lvl_capture *capture,
		   const struct lvl_trail *trail);

/* Apply the HOST rules to a clean raw policy; host may be raw itself. */
void lvl_host_derive(struct lvl_policy *host, const struct lvl_policy *raw,
		     const struct lvl_trail *trail);

/*
 * Make any policy (a hypervisor's own maximum, a level from elsewhere)
 * canonical: hidden and dynamic fields 0, hazards folded into
 * ret-alternate and tsx, the interior, derived fields.
 */
void lvl_policy_normalise(struct lvl_policy *p, const struct lvl_trail *trail);

LVL_END

#endif /* CPULEVEL_HOST_H */

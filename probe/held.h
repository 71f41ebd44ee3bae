/* SPDX-License-Identifier: MIT */
/* A hypervisor was given a policy: does it hold that? */
#ifndef LVL_PROBE_HELD_H
#define LVL_PROBE_HELD_H

#include <cpulevel/check.h>

struct probe_held {
	const struct lvl_policy *p; /* what it was given */
	lvl_finding_fn *each;       /* may be NULL */
	void *arg;
	int differs;
};

/* Bits that the policy decides: the rest is live, or a vCPU's own. */
uint32_t probe_decided(const struct lvl_policy *p, unsigned word);

/* Tell the fields of a word in which it holds something else. */
void probe_held_word(struct probe_held *h, unsigned word, uint32_t held);

#endif

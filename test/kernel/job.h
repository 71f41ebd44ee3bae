/* SPDX-License-Identifier: MIT */
/*
 * job.h: what a guest is asked to do, and what it saw.  guest.S knows the
 * layout; layout.h has the offsets.
 */
#ifndef KERNEL_JOB_H
#define KERNEL_JOB_H

#include <cpulevel/policy.h>

#define JOB_MAX 1024

struct job {
	uint64_t count;
	uint64_t cr4, xcr0;         /* wanted; XCR0 if CR4.OSXSAVE is */
	uint64_t got_cr4, got_xcr0; /* what the guest read back */
	uint64_t how;               /* HOW_... */
	uint64_t pad[2];
	struct lvl_leaf asked[JOB_MAX];
};

/*
 * Every leaf that there may be: all that a policy holds, and the ranges around
 * them, so that what is not in a policy is asked for too.
 */
void job_all_leaves(struct job *job);

/* The leaves that hold live state, and their sub-leaves. */
void job_live_leaves(struct job *job);

/*
 * MSRs, as leaves without sub-leaves: all that a policy holds, and some that
 * none does.  The answer is low half, high half, and 1 for #GP.
 */
void job_msrs(struct job *job);

#endif /* KERNEL_JOB_H */

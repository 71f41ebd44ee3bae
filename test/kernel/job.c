/* SPDX-License-Identifier: MIT */
#include "job.h"

#include <stddef.h>

#include "layout.h"

_Static_assert(offsetof(struct job, count) == JOB_COUNT &&
		       offsetof(struct job, cr4) == JOB_CR4 &&
		       offsetof(struct job, xcr0) == JOB_XCR0 &&
		       offsetof(struct job, got_cr4) == JOB_GOT_CR4 &&
		       offsetof(struct job, got_xcr0) == JOB_GOT_XCR0 &&
		       offsetof(struct job, how) == JOB_HOW &&
		       offsetof(struct job, asked) == JOB_ASKED &&
		       sizeof(struct lvl_leaf) == 24,
	       "what guest.S knows of struct job");

static void ask(struct job *job, uint32_t leaf, uint32_t subleaf)
{
	uint64_t i;

	for (i = 0; i < job->count; i++)
		if (job->asked[i].leaf == leaf &&
		    job->asked[i].subleaf == subleaf)
			return;
	if (job->count < JOB_MAX)
		job->asked[job->count++] =
			(struct lvl_leaf){ .leaf = leaf, .subleaf = subleaf };
}

static void ask_range(struct job *job, uint32_t from, uint32_t to,
		      uint32_t subleaves)
{
	uint32_t leaf, subleaf;

	for (leaf = from; leaf <= to; leaf++)
		for (subleaf = 0; subleaf < subleaves; subleaf++)
			ask(job, leaf, subleaf);
}

void job_all_leaves(struct job *job)
{
	unsigned i;

	job->count = 0;
	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (lvl_leaves[i].subleaf == LVL_NO_SUBLEAF)
			ask(job, lvl_leaves[i].leaf, 0);
		else
			ask(job, lvl_leaves[i].leaf, lvl_leaves[i].subleaf);
	ask_range(job, 0, 0x28, 3);
	ask_range(job, 0xd, 0xd, 66);
	ask_range(job, 0x40000000, 0x40000004, 2);
	ask_range(job, 0x80000000, 0x80000028, 2);
	ask(job, 1, 0xffffffff); /* a leaf without sub-leaves ignores ECX */
	ask(job, 7, 0x7fffffff);
	ask(job, 0xd, 0xffffffff);
	ask(job, 0x3fffffff, 0);
	ask(job, 0x7fffffff, 0);
	ask(job, 0x80000100, 0);
	ask(job, 0xc0000000, 0);
	ask(job, 0xffffffff, 0xffffffff);
}

void job_live_leaves(struct job *job)
{
	job->count = 0;
	ask(job, 1, 0);
	ask(job, 7, 0);
	ask_range(job, 0xd, 0xd, 3);
	ask(job, 0x80000001, 0);
}

void job_msrs(struct job *job)
{
	unsigned i;

	job->count = 0;
	for (i = 0; i < LVL_NR_MSRS; i++)
		ask(job, lvl_msrs[i].index, 0);
	ask(job, 0, 0);
	ask(job, 0x1b, 0);
	ask(job, 0xc0000000, 0);
	ask(job, 0xffffffff, 0);
}

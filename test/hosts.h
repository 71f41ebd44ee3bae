/* SPDX-License-Identifier: MIT */
/* Made hosts whose MSRs were not read. */
#ifndef TEST_HOSTS_H
#define TEST_HOSTS_H

#include "made.h"

/* All but MSRs is known; what the words say is, too. */
static inline struct lvl_policy host_of(const char *words)
{
	struct lvl_policy p = made("");
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS; i++) {
		p.k[lvl_msrs[i].word] = 0;
		p.k[lvl_msrs[i].high] = 0;
	}
	made_apply(&p, words);
	return p;
}

#endif

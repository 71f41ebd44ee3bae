/* SPDX-License-Identifier: MIT */
/* The machines of test/pool/. */
#ifndef TEST_POOLS_H
#define TEST_POOLS_H

#include <stdio.h>

#include <cpulevel/import.h>

#include "gen-policy.h"

static inline int pool_keep(void *arg, struct lvl_desc *d)
{
	struct lvl_desc **one = arg;

	assert_null(*one);
	*one = d;
	return 0;
}

/* What new guests get on the machine; the test fails if it is not there. */
static inline struct lvl_policy pool_machine(const char *name)
{
	struct lvl_desc *d = NULL;
	struct lvl_policy p;
	struct lvl_ferr err;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/test/pool/%s.txt", gen_root_dir(),
		 name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is not there", path);
	if (lvl_import_file(f, path, NULL, pool_keep, &d, NULL, &err))
		fail_msg("%s", err.text);
	fclose(f);
	assert_non_null(d);
	assert_non_null(d->policy[LVL_KIND_HVM_DEFAULT]);
	p = *d->policy[LVL_KIND_HVM_DEFAULT];
	lvl_desc_free(d);
	return p;
}

#endif

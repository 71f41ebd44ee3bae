/* SPDX-License-Identifier: MIT */
/* A real machine of test/pool, for tests; freed with lvl_desc_free(). */
#ifndef TEST_DUMP_H
#define TEST_DUMP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cpulevel/import.h>

static inline int keep_desc(void *arg, struct lvl_desc *d)
{
	*(struct lvl_desc **)arg = d;
	return 0;
}

static inline struct lvl_desc *dump(const char *name)
{
	const char *root = getenv("CPULEVEL_ROOT");
	struct lvl_desc *d = NULL;
	struct lvl_ferr err;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/test/pool/%s", root ? root : ".",
		 name);
	f = fopen(path, "rb");
	assert_non_null(f);
	if (lvl_import_file(f, path, NULL, keep_desc, &d, NULL, &err))
		fail_msg("%s", err.text);
	fclose(f);
	assert_non_null(d);
	return d;
}

#endif

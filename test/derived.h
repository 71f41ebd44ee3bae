/* SPDX-License-Identifier: MIT */
/* What holds of the maximum and the default that are derived from a host. */
#ifndef LVL_TEST_DERIVED_H
#define LVL_TEST_DERIVED_H

#include "made.h"

#include <cpulevel/derive.h>

#define VMX "m480=0x00da040000000004"
#define BASE "fpu fxsr sse sse2 msr pae "

struct derive_case {
	const char *rule;
	enum lvl_guest kind;
	const char *platform;
	const char *host;
	const char *max, *dflt; /* what holds of each */
};

/* How many of the two are wrong; says which. */
static inline unsigned derive_case_fails(const struct derive_case *c)
{
	const struct lvl_platform *on =
		lvl_platform_find(c->platform, strlen(c->platform));
	struct lvl_policy host = made_normal(c->host), max, dflt;
	const char *word = NULL;
	unsigned bad = 0;

	assert_non_null(on);
	assert_int_equal(lvl_derive_max(&max, &host, c->kind, on, NULL), 0);
	assert_int_equal(lvl_derive_default(&dflt, &host, c->kind, on, NULL),
			 0);
	if (!made_is(&max, c->max, &word) && ++bad)
		print_error("%s of \"%s\" on %s: the maximum is not %s\n",
			    c->rule, c->host, c->platform, word);
	if (!made_is(&dflt, c->dflt, &word) && ++bad)
		print_error("%s of \"%s\" on %s: the default is not %s\n",
			    c->rule, c->host, c->platform, word);
	return bad;
}

#endif

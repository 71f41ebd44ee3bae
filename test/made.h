/* SPDX-License-Identifier: MIT */
/*
 * Policies written as a line of words, and what the library says of them.
 *
 *	intel fms=0x50657 avx512f maxphysaddr=46 -erms ?tsx
 *
 * A word sets something in a policy: a vendor's name, fms=SIGNATURE (leaf 1
 * eax), NAME (1), NAME=NUMBER, -NAME (0) or ?NAME (unknown) of a field of
 * the registry, m1a0=NUMBER an MSR by its index in hex, ?m1a0 an unknown one,
 * and @LEAF.REG=NUMBER or @LEAF:SUBLEAF.REG=NUMBER a register.
 */
#ifndef TEST_MADE_H
#define TEST_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <cpulevel/check.h>
#include <cpulevel/host.h>
#include <cpulevel/level.h>

/* Apply the words to p; a word that means nothing fails the test. */
void made_apply(struct lvl_policy *p, const char *words);

/*
 * All known and zero, but for maxima that leave room for everything; then
 * the words.  Well-formed only if they are.
 */
struct lvl_policy made(const char *words);

/* The same and normalised, as members of a level must be. */
struct lvl_policy made_normal(const char *words);

/* Fails the test unless every word is so: avx2, -avx2, ?avx2, name=3. */
void made_assert(const struct lvl_policy *p, const char *words,
		 const char *what);

/* Is every word so?  The first that is not goes to *word (static). */
int made_is(const struct lvl_policy *p, const char *words, const char **word);

/* The name of the first word of a policy that differs, or NULL. */
const char *made_differ(const struct lvl_policy *a, const struct lvl_policy *b);

/* Every byte of the policy is the same. */
void made_fill(struct lvl_policy *p, int byte);
int made_filled(const struct lvl_policy *p, int byte);

/* -- findings ------------------------------------------------------------- */

#define FOUND_MAX 512
struct found {
	unsigned n;
	struct lvl_finding f[FOUND_MAX];
};
void found_keep(void *found, const struct lvl_finding *f);
/* The finding about a field, or NULL. */
const struct lvl_finding *found_about(const struct found *found,
				      unsigned field);

/* lvl_fits() with its findings. */
enum lvl_verdict fits(const struct lvl_policy *guest,
		      const struct lvl_policy *host, struct found *found);

/* -- levels --------------------------------------------------------------- */

/* The level of n members; returns what lvl_fold_read() does. */
int level_of(const struct lvl_policy *member, unsigned n,
	     struct lvl_policy *level, struct lvl_status *status);

/* A field by the registry's name; fails the test if there is none. */
unsigned field_named(const char *name, size_t len);

#endif

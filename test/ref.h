/* SPDX-License-Identifier: MIT */
/*
 * A slow reference of the algebra, to compare the library with.
 *
 * One value per field, n/a and unknown explicit, every rule as the
 * definition has it; the interior is whatever is left when no rule wants to
 * lower anything any more.  Nothing is shared with the library but the
 * tables of the registry: no words, no masks, no order of steps.
 */
#ifndef LVL_TEST_REF_H
#define LVL_TEST_REF_H

#include <cpulevel/policy.h>

/* Kleene: AND is the lesser, OR the greater, NOT is 2 - x. */
enum ref_truth { REF_FALSE, REF_UNKNOWN, REF_TRUE };

struct ref_val {
	uint64_t v; /* the known bits; 0 where not known */
	uint64_t k; /* which bits are known */
	int na;     /* below every value: nothing carries it (v 0, k full) */
};

/* Only fields for which ref_ordered() holds are used. */
struct ref_policy {
	struct ref_val f[LVL_NR_FIELDS];
};

/* What ref_level() noticed about a field before the interior. */
#define REF_CONFLICT 0x1u   /* two members know different values */
#define REF_INCOMPLETE 0x2u /* a carrying member does not know it */

struct ref_status {
	unsigned char seen[LVL_NR_FIELDS];
	unsigned none_field; /* of REF_NONE: has no owner and differs */
};

enum ref_result { REF_LEVEL, REF_TOP, REF_NONE };

/* Fields that are part of the order, and hold a place in a policy. */
int ref_ordered(unsigned field);

/* One for the lower row of a pair; its upper row is never looked at alone. */
int ref_is_pair(unsigned field);
int ref_is_upper(unsigned field);

/* All value bits of a field. */
uint64_t ref_full(unsigned field);

/* Read a policy; a value without carrier is n/a whatever its bits are. */
void ref_read(struct ref_policy *r, const struct lvl_policy *p);

/* Store the ordered fields of r; n/a is a known 0.  The rest of p stays. */
void ref_write(const struct ref_policy *r, struct lvl_policy *p);

enum ref_truth ref_holds(const struct ref_policy *r, unsigned clause);

/*
 * The interior, in place.  seed 0 applies the rules in the order of the
 * tables, any other one in an order of its own.  Of a policy that is not
 * known everywhere it is what the interiors of all its completions share,
 * but for values whose carrier is unknown, which stay.
 */
void ref_interior(struct ref_policy *r, uint64_t seed);

/* As a host offers it: unknown features absent, unknown hazards told. */
void ref_low(struct ref_policy *r);

/* Does one field, or all of them, of a guest fit the host's? */
enum ref_truth ref_fits_field(const struct ref_policy *guest,
			      const struct ref_policy *host, unsigned field);
enum ref_truth ref_fits(const struct ref_policy *guest,
			const struct ref_policy *host);

#define REF_MEMBERS 8 /* ref_level() takes no more */

/* The greatest well-formed policy below n members.  status may be NULL. */
enum ref_result ref_level(struct ref_policy *out,
			  const struct ref_policy *const member[], unsigned n,
			  struct ref_status *status);

/* The same below TOP without `feature`, which is then never offered. */
enum ref_result ref_level_drop(struct ref_policy *out,
			       const struct ref_policy *const member[],
			       unsigned n, unsigned feature,
			       struct ref_status *status);

/* The first ordered field in which they differ, or LVL_NO_FIELD. */
unsigned ref_differ(const struct ref_policy *a, const struct ref_policy *b);

#endif /* LVL_TEST_REF_H */

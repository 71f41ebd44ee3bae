/* SPDX-License-Identifier: MIT */
#include "theorem-case.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The case at hand, as the reference sees it: too big for the stack. */
static struct work {
	struct ref_policy member[CASE_MAX];
	const struct ref_policy *at[CASE_MAX];
	struct ref_policy level;
	struct ref_policy a, b, c;
	struct ref_status status, dropped;
	const struct theorem_case *of; /* whose members have been read */
} work;

/* -- reporting ------------------------------------------------------------ */

static void print_value(const struct ref_policy *r, unsigned f)
{
	if (r->f[f].na)
		fprintf(stderr, " n/a");
	else if (r->f[f].k != ref_full(f))
		fprintf(stderr, " ?%" PRIx64, r->f[f].v);
	else
		fprintf(stderr, " %" PRIx64, r->f[f].v);
}

static int members_differ(const struct theorem_case *c, unsigned f)
{
	unsigned i;

	for (i = 1; i < c->n; i++)
		if (memcmp(&work.member[i].f[f], &work.member[0].f[f],
			   sizeof(struct ref_val)))
			return 1;
	return 0;
}

/* The fields in which the members differ, one a line. */
static void print_members(const struct theorem_case *c)
{
	unsigned f, i, lines = 0;

	work.of = NULL;
	memset(work.member, 0, sizeof(work.member));
	for (i = 0; i < c->n; i++) {
		ref_read(&work.member[i], c->member[i]);
		fprintf(stderr, "  member %u: %s\n", i,
			c->name[i] ? c->name[i] : "made from the seed");
	}
	for (f = 0; f < LVL_NR_FIELDS && lines < 600; f++) {
		if (!ref_ordered(f) || !members_differ(c, f))
			continue;
		fprintf(stderr, "  %s:", lvl_field_name(f));
		for (i = 0; i < c->n; i++)
			print_value(&work.member[i], f);
		fputc('\n', stderr);
		lines++;
	}
}

void theorem_fails(const struct theorem_case *c, const char *theorem,
		   const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s fails (%s, CPULEVEL_SEED=%" PRIu64 "): ", theorem,
		c->source, c->seed);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	print_members(c);
	fail_msg("%s fails: see above", theorem);
}

static const char *name_of(unsigned field)
{
	return field == LVL_NO_FIELD ? "no field" : lvl_field_name(field);
}

void theorem_same(const struct theorem_case *c, const char *theorem,
		  const struct lvl_policy *got, const struct lvl_policy *want)
{
	if (memcmp(got, want, sizeof(*got)))
		theorem_fails(c, theorem, "not the same bytes, first in %s",
			      gen_differ(got, want));
}

/* -- the library ---------------------------------------------------------- */

int theorem_level(const struct lvl_policy *const member[], unsigned n,
		  struct lvl_policy *level, struct lvl_status *status)
{
	const struct lvl_trail none = { NULL, NULL };
	struct lvl_fold f;
	unsigned i;

	lvl_fold_init(&f);
	for (i = 0; i < n; i++)
		lvl_fold_add(&f, member[i]);
	return lvl_fold_read(&f, level, &none, status);
}

/* A trail, so that the library takes the way that keeps one. */
static void hear(void *arg, const struct lvl_change *change)
{
	(void)arg;
	(void)change;
}

static const struct lvl_trail trail = { hear, NULL };

/* What lvl_fits said of each ordered field, and the verdict it adds up to. */
struct said {
	unsigned char no[LVL_NR_FIELDS];
	unsigned char maybe[LVL_NR_FIELDS];
	enum ref_truth order, verdict;
	unsigned last;
	int disorder;
};

static void listen(void *arg, const struct lvl_finding *f)
{
	enum ref_truth t = f->sure ? REF_FALSE : REF_UNKNOWN;
	struct said *s = arg;

	s->disorder |= s->last != LVL_NO_FIELD && f->field < s->last;
	s->last = f->field;
	if (f->severity <= LVL_SECURITY && t < s->verdict)
		s->verdict = t;
	if (f->field == LVL_NO_FIELD || !ref_ordered(f->field))
		return;
	if (f->sure)
		s->no[f->field]++;
	else
		s->maybe[f->field]++;
	if (t < s->order)
		s->order = t;
}

static int mentioned(const struct said *s, unsigned f)
{
	int n = s->no[f] + s->maybe[f];

	if (ref_is_pair(f))
		n += s->no[lvl_fields[f].pair] + s->maybe[lvl_fields[f].pair];
	return n;
}

static void finding_fails(const struct theorem_case *c, unsigned f,
			  const struct ref_policy *g,
			  const struct ref_policy *h, const char *what)
{
	fprintf(stderr, "%s: guest", lvl_field_name(f));
	print_value(g, f);
	fprintf(stderr, ", host");
	print_value(h, f);
	fprintf(stderr, ", carried %d and %d\n",
		(int)ref_holds(g, lvl_fields[f].carrier),
		(int)ref_holds(h, lvl_fields[f].carrier));
	theorem_fails(c, "fits", "%s", what);
}

/* Field by field: what is no must be said, what is yes must not. */
static void compare_findings(const struct theorem_case *c, const struct said *s,
			     const struct ref_policy *g,
			     const struct ref_policy *h)
{
	unsigned f;

	for (f = 0; f < LVL_NR_FIELDS; f++) {
		enum ref_truth t;

		if (!ref_ordered(f) || ref_is_upper(f))
			continue;
		t = ref_fits_field(g, h, f);
		if (mentioned(s, f) && t == REF_TRUE)
			finding_fails(c, f, g, h, "a finding about what fits");
		if (!mentioned(s, f) && t == REF_FALSE && !h->f[f].na)
			finding_fails(c, f, g, h, "no finding");
		if (mentioned(s, f) > (ref_is_pair(f) ? 2 : 1))
			finding_fails(c, f, g, h, "reported twice");
	}
}

/* A member that was read before, or p read into r. */
static const struct ref_policy *read_once(const struct theorem_case *c,
					  const struct lvl_policy *p,
					  struct ref_policy *r)
{
	unsigned i;

	for (i = 0; work.of == c && i < c->n; i++)
		if (c->member[i] == p)
			return &work.member[i];
	ref_read(r, p);
	return r;
}

static const enum lvl_verdict verdict_of[] = { LVL_NO, LVL_UNKNOWN, LVL_YES };

enum ref_truth theorem_fits(const struct theorem_case *c,
			    const struct lvl_policy *guest,
			    const struct lvl_policy *host)
{
	const struct ref_policy *g = read_once(c, guest, &work.b);
	const struct ref_policy *h = read_once(c, host, &work.c);
	static struct said s;
	enum lvl_verdict verdict;
	enum ref_truth want;

	s = (struct said){ .order = REF_TRUE, .verdict = REF_TRUE };
	s.last = LVL_NO_FIELD;
	verdict = lvl_fits(guest, host, listen, &s);
	want = ref_fits(g, h);
	compare_findings(c, &s, g, h);
	if (s.order != want)
		theorem_fails(c, "fits",
			      "the library says %d, the reference "
			      "%d",
			      (int)s.order, (int)want);
	if (verdict != verdict_of[s.verdict])
		theorem_fails(c, "fits",
			      "the verdict is not what the "
			      "findings add up to");
	if (s.disorder)
		theorem_fails(c, "fits", "findings are not in order");
	return want;
}

/* -- theorems of one level ------------------------------------------------ */

static void same_fields(const struct theorem_case *c, const char *theorem,
			const struct ref_policy *got,
			const struct ref_policy *want)
{
	unsigned f = ref_differ(got, want);

	if (f == LVL_NO_FIELD)
		return;
	fprintf(stderr, "%s: got", lvl_field_name(f));
	print_value(got, f);
	fprintf(stderr, ", want");
	print_value(want, f);
	fputc('\n', stderr);
	theorem_fails(c, theorem, "the library is not the reference");
}

static int all_known(const struct ref_policy *r)
{
	unsigned f = 0;

	while (f < LVL_NR_FIELDS &&
	       (!ref_ordered(f) || r->f[f].k == ref_full(f)))
		f++;
	return f == LVL_NR_FIELDS;
}

/* The library and the reference agree, and n/a is written as 0. */
static void same_as_reference(const struct theorem_case *c,
			      const struct lvl_policy *level)
{
	struct lvl_policy want = *level;

	ref_read(&work.a, level);
	same_fields(c, "level", &work.a, &work.level);
	ref_write(&work.level, &want);
	theorem_same(c, "level", level, &want);
}

static void t0_well_formed(const struct theorem_case *c,
			   const struct lvl_policy *level)
{
	struct lvl_policy p = *level;

	lvl_interior(&p, NULL);
	theorem_same(c, "T0", &p, level);
	work.a = work.level;
	ref_interior(&work.a, 0);
	same_fields(c, "T0", &work.a, &work.level);
}

static void t1_fits_members(const struct theorem_case *c,
			    const struct lvl_policy *level, int complete)
{
	unsigned i;

	for (i = 0; i < c->n; i++) {
		enum ref_truth t = theorem_fits(c, level, c->member[i]);

		if (t == REF_FALSE || (complete && t != REF_TRUE))
			theorem_fails(c, "T1",
				      "the level does not fit member %u", i);
	}
}

static void t3_any_order(const struct theorem_case *c,
			 const struct lvl_policy *level)
{
	struct lvl_fold left, right;
	struct lvl_policy p;
	unsigned i, half = 1 + (unsigned)(c->seed % c->n);

	lvl_fold_init(&left);
	lvl_fold_init(&right);
	for (i = c->n; i-- > half;)
		lvl_fold_add(&right, c->member[i]);
	for (i = 0; i < half; i++)
		lvl_fold_add(&left, c->member[i]);
	lvl_fold_add(&right, c->member[0]); /* a duplicate */
	lvl_fold_merge(&right, &left);
	if (lvl_fold_read(&right, &p, &trail, NULL))
		theorem_fails(c, "T3", "another grouping has no level");
	theorem_same(c, "T3", &p, level);
}

/* Also T11: a stored level is as good as what it was made of. */
static void t4_idempotent(const struct theorem_case *c,
			  const struct lvl_policy *level)
{
	struct lvl_policy p, q = *level;

	if (theorem_level(&level, 1, &p, NULL))
		theorem_fails(c, "T4", "a level has no level");
	theorem_same(c, "T4", &p, level);
	lvl_finalise(&q);
	theorem_same(c, "T11", &q, level);
}

/* level(level(a, b), c) of stored levels is level(a, b, c). */
static void t11_stored(const struct theorem_case *c,
		       const struct lvl_policy *level)
{
	const struct lvl_policy *two[2];
	struct lvl_policy first, p;
	struct lvl_status status;

	if (theorem_level(c->member, c->n - 1, &first, &status) ||
	    status.nr_incomplete)
		return;
	two[0] = &first;
	two[1] = c->member[c->n - 1];
	if (theorem_level(two, 2, &p, NULL))
		theorem_fails(c, "T11", "a stored level has no level");
	ref_read(&work.a, &p);
	same_fields(c, "T11", &work.a, &work.level);
	if (gen_identity_known(c->member, c->n))
		theorem_same(c, "T11", &p, level);
	if (theorem_fits(c, level, &first) == REF_FALSE)
		theorem_fails(c, "T6", "a larger pool has a higher level");
}

/* What is below every member is below the level, and the other way round. */
static void t2_greatest(const struct theorem_case *c,
			const struct lvl_policy *level,
			const struct lvl_policy *guest)
{
	enum ref_truth all = REF_TRUE, t;
	unsigned i;

	for (i = 0; i < c->n; i++) {
		t = theorem_fits(c, guest, c->member[i]);
		if (t < all)
			all = t;
	}
	t = theorem_fits(c, guest, level);
	if (all == REF_TRUE && t != REF_TRUE)
		theorem_fails(c, "T2", "fits all members, not the level");
	if (t == REF_TRUE && all == REF_FALSE)
		theorem_fails(c, "T2", "fits the level, not all members");
}

/* Guests near the level: members, and the level a little up and down. */
static void t2_guests(const struct theorem_case *c, struct gen *g,
		      const struct lvl_policy *level)
{
	struct lvl_policy guest = *level;

	t2_greatest(c, level, c->member[gen_below(g, c->n)]);
	gen_drop(g, 8, &guest);
	gen_close(&guest);
	t2_greatest(c, level, &guest);
	gen_mutate(g, level, 1 + gen_below(g, 4), &guest);
	t2_greatest(c, level, &guest);
	if (theorem_level(c->member, c->n - 1, &guest, NULL) == 0)
		t2_greatest(c, level, &guest);
}

static void t5_order(const struct theorem_case *c, struct gen *g,
		     const struct lvl_policy *level)
{
	enum ref_truth same = ref_fits(&work.level, &work.level);
	struct lvl_policy low = *level;
	unsigned i;

	if (same == REF_FALSE || theorem_fits(c, level, level) != same)
		theorem_fails(c, "T5", "a level does not fit itself");
	gen_drop(g, 8, &low);
	gen_close(&low);
	for (i = 0; i < c->n; i++)
		if (theorem_fits(c, &low, level) == REF_TRUE &&
		    theorem_fits(c, level, c->member[i]) == REF_TRUE &&
		    theorem_fits(c, &low, c->member[i]) != REF_TRUE)
			theorem_fails(c, "T5", "not transitive");
	if (all_known(&work.level) &&
	    theorem_fits(c, level, &low) == REF_TRUE &&
	    theorem_fits(c, &low, level) == REF_TRUE) {
		ref_read(&work.a, &low);
		same_fields(c, "T5, antisymmetric", &work.a, &work.level);
	}
}

/* a' <= a  =>  level(a', S) <= level(a, S) */
static void t6_monotone(const struct theorem_case *c, struct gen *g,
			const struct lvl_policy *level)
{
	const struct lvl_policy *member[CASE_MAX];
	struct lvl_policy low = *c->member[0], p;

	gen_drop(g, 8, &low);
	gen_close(&low);
	memcpy(member, c->member, sizeof(member));
	member[0] = &low;
	if (theorem_fits(c, &low, c->member[0]) != REF_TRUE ||
	    theorem_level(member, c->n, &p, NULL))
		return;
	if (theorem_fits(c, &p, level) != REF_TRUE)
		theorem_fails(c, "T6", "a lower member, a higher level");
}

/* Of the unknown the library may say more than is known of each value. */
static void t14_any_order_of_rules(const struct theorem_case *c, struct gen *g)
{
	struct lvl_policy p = *c->member[0], told;

	gen_drop(g, 20, &p);
	ref_read(&work.a, &p);
	work.b = work.a;
	ref_interior(&work.a, 0);
	ref_interior(&work.b, gen_next(g) | 1);
	same_fields(c, "T14", &work.a, &work.b);
	told = p;
	lvl_interior(&p, NULL);
	lvl_interior(&told, &trail);
	theorem_same(c, "T14, with a trail", &told, &p);
	ref_read(&work.b, &p);
	if (all_known(&work.a))
		same_fields(c, "T14", &work.b, &work.a);
}

/* Two members that carry the field know that they differ. */
static int two_differ(unsigned n, unsigned f)
{
	unsigned u = ref_is_pair(f) ? lvl_fields[f].pair : f, i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < n; k++) {
			const struct ref_val *x = &work.member[i].f[f];
			const struct ref_val *y = &work.member[k].f[u];

			if (x->na || y->na)
				continue;
			if (u == f ? ((x->v ^ y->v) & x->k & y->k) != 0
				   : x->v > (y->v | (ref_full(u) & ~y->k)))
				return 1;
		}
	}
	return 0;
}

static void t16_conflict(const struct theorem_case *c, unsigned f)
{
	const struct lvl_field *row = &lvl_fields[f];

	if (!two_differ(c->n, f))
		theorem_fails(c, "T16",
			      "%s is called a conflict, and no two members "
			      "differ",
			      lvl_field_name(f));
	if (!work.level.f[f].na ||
	    (!(row->flags & LVL_FIELD_ZERO_NONE) &&
	     ref_holds(&work.level, row->owner) != REF_FALSE))
		theorem_fails(c, "T16",
			      "%s is in conflict, and its owner is still there",
			      lvl_field_name(f));
}

static void t17_drop(const struct theorem_case *c, struct gen *g,
		     const struct lvl_policy *level)
{
	struct lvl_policy p;
	struct lvl_fold f;
	unsigned i, feature;

	do
		feature = gen_below(g, LVL_NR_FIELDS);
	while (!ref_ordered(feature) || lvl_fields[feature].rule != LVL_AND ||
	       lvl_fields[feature].width != 1);
	lvl_fold_init(&f);
	lvl_fold_drop(&f, feature);
	for (i = 0; i < c->n; i++)
		lvl_fold_add(&f, c->member[i]);
	if (lvl_fold_read(&f, &p, NULL, NULL))
		theorem_fails(c, "T17", "no level without %s",
			      lvl_field_name(feature));
	ref_level_drop(&work.a, work.at, c->n, feature, &work.dropped);
	ref_read(&work.b, &p);
	same_fields(c, "T17", &work.a, &work.b);
	if (lvl_known(level, feature) && !lvl_has(level, feature))
		theorem_same(c, "T17", &p, level);
}

/* -- one case ------------------------------------------------------------- */

/* NONE by both, with the same reason, and nothing written. */
static void check_none(const struct theorem_case *c, int rc,
		       const struct lvl_policy *level,
		       const struct lvl_status *status)
{
	unsigned f = work.status.none_field;
	int vendor = f == LVL_F_VENDOR_0 || f == LVL_F_VENDOR_1 ||
		     f == LVL_F_VENDOR_2;
	struct lvl_policy untouched;

	memset(&untouched, 0xa5, sizeof(untouched));
	if (rc != (vendor ? -LVL_E_VENDOR : -LVL_E_CONFLICT))
		theorem_fails(c, "T7", "%s differs, and the level is %d",
			      lvl_field_name(f), rc);
	if (!two_differ(c->n, status->none_field))
		theorem_fails(c, "T7", "%s does not differ",
			      lvl_field_name(status->none_field));
	if (memcmp(level, &untouched, sizeof(untouched)))
		theorem_fails(c, "T7", "NONE was written out");
}

static void check_level(const struct theorem_case *c, struct gen *g,
			const struct lvl_policy *level,
			const struct lvl_status *status)
{
	unsigned i;

	same_as_reference(c, level);
	t0_well_formed(c, level);
	t1_fits_members(c, level, !status->nr_incomplete);
	t3_any_order(c, level);
	t4_idempotent(c, level);
	for (i = 0; i < status->nr_conflicts; i++)
		t16_conflict(c, status->conflict[i]);
	if (c->n > 1)
		t11_stored(c, level);
	if (gen_percent(g, 10)) {
		t17_drop(c, g, level);
		t2_guests(c, g, level);
		t5_order(c, g, level);
		t6_monotone(c, g, level);
		t14_any_order_of_rules(c, g);
	}
}

static void check_members(const struct theorem_case *c, struct gen *g)
{
	struct lvl_policy level;
	struct lvl_status status;
	enum ref_result want;
	int rc;

	memset(&level, 0xa5, sizeof(level));
	rc = theorem_level(c->member, c->n, &level, &status);
	want = ref_level(&work.level, work.at, c->n, &work.status);
	if (want == REF_NONE) {
		check_none(c, rc, &level, &status);
		return;
	}
	if (rc)
		theorem_fails(c, "level", "refused with %d: %s", rc,
			      name_of(status.none_field));
	check_level(c, g, &level, &status);
}

void theorem_case_check(const struct theorem_case *c)
{
	struct gen g;
	unsigned i;

	gen_seed(&g, c->seed ^ 0x7e0);
	for (i = 0; i < c->n; i++) {
		ref_read(&work.member[i], c->member[i]);
		work.at[i] = &work.member[i];
	}
	work.of = c;
	check_members(c, &g);
	work.of = NULL;
}

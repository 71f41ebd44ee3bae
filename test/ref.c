/* SPDX-License-Identifier: MIT */
#include "ref.h"

#include <stdlib.h>

/* -- fields --------------------------------------------------------------- */

/* and, or, min, max, equal, pair: the others have no order */
int ref_ordered(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->rule <= LVL_PAIR && f->word != LVL_NO_WORD;
}

/* The ordered fields; which they are does not change while we run. */
static uint16_t ordered[LVL_NR_FIELDS];

static unsigned nr_ordered(void)
{
	static unsigned n;
	unsigned i;

	if (n)
		return n;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i))
			ordered[n++] = (uint16_t)i;
	return n;
}

int ref_is_upper(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->rule == LVL_PAIR && (f->flags & LVL_FIELD_UPPER);
}

int ref_is_pair(unsigned field)
{
	return lvl_fields[field].rule == LVL_PAIR && !ref_is_upper(field);
}

/* Bits of the field in its second word, at their place in the value. */
static uint64_t spill(const struct lvl_field *f)
{
	unsigned end = f->lo + f->width;

	return end > 32 ? ((1ull << (end - 32)) - 1) << (32 - f->lo) : 0;
}

uint64_t ref_full(unsigned field)
{
	return lvl_fields[field].mask >> lvl_fields[field].lo |
	       spill(&lvl_fields[field]);
}

/* The field's bits of one of the two arrays of a policy. */
static uint64_t take(const uint32_t words[], unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint64_t bits = (words[f->word] & f->mask) >> f->lo;

	if (spill(f))
		bits |= (uint64_t)words[f->word + 1] << (32 - f->lo) & spill(f);
	return bits;
}

/* The VM's choice, whatever the host has: unknown is no constraint. */
static int chosen_for_vm(unsigned field)
{
	return lvl_fields[field].synth == LVL_SYNTH_VM;
}

static void make_na(struct ref_policy *r, unsigned field)
{
	r->f[field] = (struct ref_val){ 0, ref_full(field), 1 };
}

static void make_all_na(struct ref_policy *r, unsigned field)
{
	make_na(r, field);
	if (ref_is_pair(field))
		make_na(r, lvl_fields[field].pair);
}

static void make(struct ref_policy *r, unsigned field, uint64_t value)
{
	r->f[field] = (struct ref_val){ value, ref_full(field), 0 };
}

static int is_known(const struct ref_policy *r, unsigned field)
{
	return r->f[field].k == ref_full(field);
}

/* The least and the greatest value that it may turn out to have. */
static uint64_t least(const struct ref_policy *r, unsigned field)
{
	return r->f[field].v;
}

static uint64_t greatest(const struct ref_policy *r, unsigned field)
{
	return r->f[field].v | (ref_full(field) & ~r->f[field].k);
}

/* A field that owns itself: its value 0 is its n/a. */
static int zero_none(unsigned field)
{
	return (lvl_fields[field].flags & LVL_FIELD_ZERO_NONE) != 0;
}

/* -- Kleene's logic -------------------------------------------------------- */

static enum ref_truth both(enum ref_truth a, enum ref_truth b)
{
	return a < b ? a : b;
}

static enum ref_truth either(enum ref_truth a, enum ref_truth b)
{
	return a > b ? a : b;
}

/* -- clauses -------------------------------------------------------------- */

/* A value that may not be there holds no more than its own carrier. */
static enum ref_truth atom_holds(const struct ref_policy *r,
				 const struct lvl_atom *a)
{
	enum ref_truth carried;

	/* what no guest may see carries nothing */
	if (!ref_ordered(a->field) || r->f[a->field].na ||
	    greatest(r, a->field) < a->at_least)
		return REF_FALSE;
	carried = ref_holds(r, lvl_fields[a->field].carrier);
	if (least(r, a->field) >= a->at_least)
		return carried;
	return carried == REF_FALSE ? REF_FALSE : REF_UNKNOWN;
}

enum ref_truth ref_holds(const struct ref_policy *r, unsigned clause)
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	enum ref_truth best = REF_FALSE;
	unsigned i;

	if (!clause)
		return REF_TRUE;
	for (i = 0; i < c->count; i++)
		best = either(best, atom_holds(r, &lvl_atoms[c->first + i]));
	return best;
}

/* -- the interior: one function a rule, each returns whether it acted ------ */

static int lose_carrier(struct ref_policy *r, unsigned field)
{
	if (r->f[field].na ||
	    ref_holds(r, lvl_fields[field].carrier) != REF_FALSE)
		return 0;
	make_na(r, field);
	return 1;
}

static int lose_zero(struct ref_policy *r, unsigned field)
{
	if (r->f[field].na || !zero_none(field) || greatest(r, field))
		return 0;
	make_na(r, field);
	return 1;
}

/* phi AND f, in Kleene's sense: 1 becomes unknown where phi is. */
static int lose_requirement(struct ref_policy *r, const struct lvl_step *s)
{
	struct ref_val *f = &r->f[s->field];
	enum ref_truth phi = ref_holds(r, s->clause);

	if (s->edge == LVL_NO_FIELD || phi == REF_TRUE || f->na ||
	    !greatest(r, s->field) || (phi == REF_UNKNOWN && !f->v))
		return 0;
	if (phi == REF_FALSE)
		make(r, s->field, 0);
	else
		*f = (struct ref_val){ 0, f->k & ~f->v, 0 };
	return 1;
}

static int lose_empty(struct ref_policy *r, unsigned lower)
{
	unsigned upper = lvl_fields[lower].pair;

	if (r->f[lower].na || least(r, lower) <= greatest(r, upper))
		return 0;
	make_all_na(r, lower);
	return 1;
}

/* What carries a value that nothing can have does not exist either. */
static int fall(struct ref_policy *r, unsigned field)
{
	const struct lvl_clause *c = &lvl_clauses[lvl_fields[field].owner];
	unsigned i;

	if (!r->f[field].na || !lvl_fields[field].owner || zero_none(field) ||
	    ref_holds(r, lvl_fields[field].carrier) == REF_FALSE)
		return 0;
	for (i = 0; i < c->count; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];

		if (atom_holds(r, a) != REF_FALSE)
			make(r, a->field, a->at_least - 1u);
	}
	return 1;
}

static int apply_field(struct ref_policy *r, unsigned field)
{
	int acted;

	acted = lose_carrier(r, field) | lose_zero(r, field);
	if (ref_is_pair(field))
		acted |= lose_empty(r, field);
	return acted | fall(r, field);
}

/* Rules 0 .. steps - 1 are requirements, the others are fields. */
static int apply(struct ref_policy *r, unsigned rule)
{
	if (rule >= lvl_nr_steps)
		return apply_field(r, ordered[rule - lvl_nr_steps]);
	return lose_requirement(r, &lvl_steps[rule]);
}

/* A stride without common divisor with n visits every rule once. */
static unsigned stride_of(uint64_t seed, unsigned n)
{
	unsigned stride = 1 + (unsigned)(seed >> 16) % n, a, b, t;

	for (;; stride++) {
		for (a = stride, b = n; b; t = a % b, a = b, b = t)
			;
		if (a == 1)
			return stride;
	}
}

void ref_interior(struct ref_policy *r, uint64_t seed)
{
	const unsigned n = lvl_nr_steps + nr_ordered();
	unsigned stride = seed ? stride_of(seed, n) : 1;
	unsigned at = seed ? (unsigned)(seed % n) : 0, i;
	int acted;

	do {
		acted = 0;
		for (i = 0; i < n; i++) {
			acted |= apply(r, at);
			at = (at + stride) % n;
		}
	} while (acted);
}

/* -- reading and writing -------------------------------------------------- */

/* n/a by carriers alone, without any requirement. */
static void settle_carriers(struct ref_policy *r)
{
	unsigned i;
	int acted;

	do {
		acted = 0;
		for (i = 0; i < nr_ordered(); i++)
			acted |= lose_carrier(r, ordered[i]) |
				 lose_zero(r, ordered[i]);
	} while (acted);
}

void ref_read(struct ref_policy *r, const struct lvl_policy *p)
{
	unsigned n, i;

	for (n = 0; n < nr_ordered(); n++) {
		i = ordered[n];
		r->f[i].k = take(p->k, i);
		r->f[i].v = take(p->v, i) & r->f[i].k;
		r->f[i].na = 0;
	}
	settle_carriers(r);
}

void ref_write(const struct ref_policy *r, struct lvl_policy *p)
{
	unsigned n, i;

	for (n = 0; n < nr_ordered(); n++) {
		i = ordered[n];
		if (is_known(r, i))
			lvl_set(p, i, r->f[i].v);
		else
			lvl_forget(p, i);
	}
}

/* What of a half known control is allowed for certain, if anything is. */
static void low_pair(struct ref_policy *r, unsigned lower)
{
	unsigned upper = lvl_fields[lower].pair;

	if (lvl_fields[lower].width > 1 || r->f[lower].na ||
	    greatest(r, lower) > least(r, upper))
		return;
	make(r, lower, greatest(r, lower));
	make(r, upper, least(r, upper));
}

void ref_low(struct ref_policy *r)
{
	unsigned n, i;

	for (n = 0; n < nr_ordered(); n++) {
		const struct lvl_field *f = &lvl_fields[i = ordered[n]];

		if ((f->rule == LVL_AND && !chosen_for_vm(i)) ||
		    (f->rule == LVL_MIN && !r->f[i].na && zero_none(i)))
			make(r, i, least(r, i));
		else if (f->rule == LVL_OR && !r->f[i].na)
			make(r, i, greatest(r, i));
		else if (ref_is_pair(i))
			low_pair(r, i);
	}
	settle_carriers(r);
}

/* -- fits ----------------------------------------------------------------- */

/* x <= y for numbers of which only the bounds are known. */
static enum ref_truth at_most(const struct ref_policy *x, unsigned fx,
			      const struct ref_policy *y, unsigned fy)
{
	if (greatest(x, fx) <= least(y, fy))
		return REF_TRUE;
	return least(x, fx) > greatest(y, fy) ? REF_FALSE : REF_UNKNOWN;
}

/* No bit is 1 in x and 0 in y. */
static enum ref_truth within(const struct ref_policy *x,
			     const struct ref_policy *y, unsigned f)
{
	if (!(greatest(x, f) & ~least(y, f)))
		return REF_TRUE;
	return least(x, f) & ~greatest(y, f) ? REF_FALSE : REF_UNKNOWN;
}

static enum ref_truth same(const struct ref_policy *x,
			   const struct ref_policy *y, unsigned f)
{
	if ((x->f[f].v ^ y->f[f].v) & x->f[f].k & y->f[f].k)
		return REF_FALSE;
	return is_known(x, f) && is_known(y, f) ? REF_TRUE : REF_UNKNOWN;
}

/* The order of the carried values. */
static enum ref_truth below(const struct ref_policy *g,
			    const struct ref_policy *h, unsigned f)
{
	unsigned upper = lvl_fields[f].pair;

	switch ((enum lvl_rule)lvl_fields[f].rule) {
	case LVL_AND:
		return within(g, h, f);
	case LVL_OR:
		return within(h, g, f);
	case LVL_MIN:
		return at_most(g, f, h, f);
	case LVL_MAX:
		return at_most(h, f, g, f);
	case LVL_EQUAL:
		return same(g, h, f);
	case LVL_PAIR:
		return both(at_most(h, f, g, f), at_most(g, upper, h, upper));
	default:
		abort();
	}
}

static enum ref_truth carried(const struct ref_policy *r, unsigned field)
{
	enum ref_truth t = ref_holds(r, lvl_fields[field].carrier);

	if (r->f[field].na)
		return REF_FALSE;
	return zero_none(field) && !least(r, field) ? both(t, REF_UNKNOWN) : t;
}

enum ref_truth ref_fits_field(const struct ref_policy *g,
			      const struct ref_policy *h, unsigned field)
{
	enum ref_truth t;

	t = below(g, h, field);
	if (t == REF_UNKNOWN && chosen_for_vm(field))
		t = REF_TRUE;
	return either((enum ref_truth)(REF_TRUE - carried(g, field)),
		      both(carried(h, field), t));
}

enum ref_truth ref_fits(const struct ref_policy *g, const struct ref_policy *h)
{
	enum ref_truth worst = REF_TRUE;
	unsigned i;

	for (i = 0; i < nr_ordered() && worst != REF_FALSE; i++)
		if (!ref_is_upper(ordered[i]))
			worst = both(worst, ref_fits_field(g, h, ordered[i]));
	return worst;
}

/* -- level ---------------------------------------------------------------- */

/* The known bound counts; that a member does not know it is noted. */
static unsigned meet_number(struct ref_policy *a, const struct ref_policy *m,
			    unsigned f)
{
	int keep_least = lvl_fields[f].rule == LVL_MIN;
	uint64_t v = m->f[f].v;

	if (!is_known(m, f))
		return chosen_for_vm(f) ? 0 : REF_INCOMPLETE;
	if (!is_known(a, f) || (keep_least ? v < a->f[f].v : v > a->f[f].v))
		make(a, f, v);
	return 0;
}

static unsigned meet_equal(struct ref_policy *a, const struct ref_policy *m,
			   unsigned f)
{
	if (!is_known(m, f))
		return REF_INCOMPLETE;
	if (is_known(a, f) && a->f[f].v != m->f[f].v)
		return REF_CONFLICT;
	make(a, f, m->f[f].v);
	return 0;
}

static unsigned meet_pair(struct ref_policy *a, const struct ref_policy *m,
			  unsigned f)
{
	unsigned upper = lvl_fields[f].pair;

	if (!is_known(m, f) || !is_known(m, upper))
		return REF_INCOMPLETE;
	if (!is_known(a, f) || m->f[f].v > a->f[f].v)
		make(a, f, m->f[f].v);
	if (!is_known(a, upper) || m->f[upper].v < a->f[upper].v)
		make(a, upper, m->f[upper].v);
	return a->f[f].v > a->f[upper].v ? REF_CONFLICT : 0;
}

static unsigned meet(struct ref_policy *a, const struct ref_policy *m,
		     unsigned f)
{
	switch ((enum lvl_rule)lvl_fields[f].rule) {
	case LVL_AND:
		if (is_known(m, f))
			make(a, f, greatest(a, f) & m->f[f].v);
		return 0;
	case LVL_OR:
		a->f[f].v |= m->f[f].v;
		return 0;
	case LVL_MIN:
	case LVL_MAX:
		return meet_number(a, m, f);
	case LVL_EQUAL:
		return meet_equal(a, m, f);
	case LVL_PAIR:
		return meet_pair(a, m, f);
	default:
		abort();
	}
}

/* The greatest element: every feature, no hazard, no number known yet. */
static void start(struct ref_policy *r, unsigned f)
{
	if (lvl_fields[f].rule == LVL_AND && !chosen_for_vm(f))
		make(r, f, ref_full(f));
	else if (lvl_fields[f].rule == LVL_OR)
		make(r, f, 0);
	else
		r->f[f] = (struct ref_val){ 0, 0, 0 };
}

/* One field of all members; what is below every value becomes n/a. */
static unsigned fold_field(struct ref_policy *out, const struct ref_policy *low,
			   unsigned n, unsigned f)
{
	unsigned seen = 0, i;

	start(out, f);
	if (ref_is_pair(f))
		start(out, lvl_fields[f].pair);
	for (i = 0; i < n; i++) {
		if (low[i].f[f].na) {
			make_all_na(out, f);
			return 0;
		}
		seen |= meet(out, &low[i], f);
	}
	return seen;
}

/*
 * What nobody knows is told as the least that it can be, but for numbers
 * that are the VM's choice and values without an owner that could fall.
 */
static void settle(struct ref_policy *out, unsigned f, unsigned seen)
{
	unsigned rule = lvl_fields[f].rule;

	if (rule == LVL_MIN || rule == LVL_MAX) {
		if (!is_known(out, f) && !chosen_for_vm(f))
			make(out, f, rule == LVL_MIN ? 0 : ref_full(f));
	} else if (seen == REF_INCOMPLETE && !lvl_fields[f].owner) {
		out->f[f] = (struct ref_val){ 0, 0, 0 };
	} else if (seen) {
		make_all_na(out, f);
	}
}

static enum ref_result fold(struct ref_policy *out,
			    const struct ref_policy *const member[], unsigned n,
			    struct ref_status *st)
{
	static struct ref_policy low[REF_MEMBERS]; /* too big for the stack */
	unsigned i, f;

	for (i = 0; i < n; i++) {
		low[i] = *member[i];
		ref_low(&low[i]);
	}
	memset(st, 0, sizeof(*st));
	st->none_field = LVL_NO_FIELD;
	for (i = 0; i < nr_ordered(); i++) {
		f = ordered[i];
		if (ref_is_upper(f))
			continue;
		st->seen[f] = (unsigned char)fold_field(out, low, n, f);
		settle(out, f, st->seen[f]);
		if ((st->seen[f] & REF_CONFLICT) && !lvl_fields[f].owner &&
		    st->none_field == LVL_NO_FIELD)
			st->none_field = f;
	}
	return st->none_field == LVL_NO_FIELD ? REF_LEVEL : REF_NONE;
}

enum ref_result ref_level_drop(struct ref_policy *out,
			       const struct ref_policy *const member[],
			       unsigned n, unsigned feature,
			       struct ref_status *status)
{
	enum ref_result result;

	if (!n)
		return REF_TOP;
	result = fold(out, member, n, status);
	if (result != REF_LEVEL)
		return result;
	if (feature != LVL_NO_FIELD)
		make(out, feature, 0);
	ref_interior(out, 0);
	return REF_LEVEL;
}

enum ref_result ref_level(struct ref_policy *out,
			  const struct ref_policy *const member[], unsigned n,
			  struct ref_status *status)
{
	struct ref_status own;

	return ref_level_drop(out, member, n, LVL_NO_FIELD,
			      status ? status : &own);
}

unsigned ref_differ(const struct ref_policy *a, const struct ref_policy *b)
{
	unsigned n, i;

	for (n = 0; n < nr_ordered(); n++) {
		i = ordered[n];
		if (a->f[i].v != b->f[i].v || a->f[i].k != b->f[i].k ||
		    a->f[i].na != b->f[i].na)
			return i;
	}
	return LVL_NO_FIELD;
}

/* SPDX-License-Identifier: MIT */
/*
 * The theorems on small random registries, over all well-formed policies of
 * each: all pairs, all triples of the table of levels, all guests.
 * CPULEVEL_SEED and CPULEVEL_ROUNDS as in the other theorem tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <cpulevel/check.h>
#include <cpulevel/level.h>

#include "registry.h"

#define MOST 64 /* policies of a registry; others are drawn again */
#define LEAST 6

static struct world {
	uint64_t seed;
	unsigned n;
	struct ref_policy ref[MOST];
	struct lvl_policy p[MOST];
	unsigned char fits[MOST][MOST];  /* [guest][host] */
	unsigned char level[MOST][MOST]; /* index of the level of two */
} w;

/* -- failures ------------------------------------------------------------- */

static void fails(const char *theorem, unsigned n, const unsigned at[])
{
	static const char *const names[] = { "a", "b", "c", "d" };
	unsigned i;

	fprintf(stderr, "%s fails (CPULEVEL_SEED=%llu):\n", theorem,
		(unsigned long long)w.seed);
	small_print();
	for (i = 0; i < n; i++)
		small_print_policy(names[i], &w.ref[at[i]]);
	fail_msg("%s fails: see above", theorem);
}

static void fails2(const char *theorem, unsigned a, unsigned b)
{
	const unsigned at[] = { a, b };

	fails(theorem, 2, at);
}

static void fails3(const char *theorem, unsigned a, unsigned b, unsigned c)
{
	const unsigned at[] = { a, b, c };

	fails(theorem, 3, at);
}

/* -- a world -------------------------------------------------------------- */

/* The next registry from the seed on that has neither too few nor too many. */
static void make_world(uint64_t *seed)
{
	unsigned i;

	do {
		w.seed = (*seed)++;
		small_draw(w.seed);
		w.n = small_policies(w.ref, MOST);
	} while (w.n < LEAST || w.n > MOST);
	for (i = 0; i < w.n; i++) {
		lvl_policy_zero(&w.p[i]);
		ref_write(&w.ref[i], &w.p[i]);
	}
}

static unsigned index_of(const struct lvl_policy *p)
{
	unsigned i = 0;

	while (i < w.n && memcmp(p, &w.p[i], sizeof(*p)))
		i++;
	return i;
}

static int level_of(const unsigned at[], unsigned n, struct lvl_policy *level)
{
	struct lvl_fold f;
	unsigned i;

	lvl_fold_init(&f);
	for (i = 0; i < n; i++)
		lvl_fold_add(&f, &w.p[at[i]]);
	return lvl_fold_read(&f, level, NULL, NULL);
}

/* Compare with the reference; its place among the policies (T0). */
static unsigned checked_level(const unsigned at[], unsigned n)
{
	const struct ref_policy *member[4];
	struct ref_policy want, got;
	struct lvl_policy level;
	unsigned i;

	for (i = 0; i < n; i++)
		member[i] = &w.ref[at[i]];
	if (level_of(at, n, &level) || ref_level(&want, member, n, NULL))
		fails("level", n, at);
	ref_read(&got, &level);
	if (ref_differ(&got, &want) != LVL_NO_FIELD) {
		small_print_policy("got", &got);
		small_print_policy("want", &want);
		fails("level == reference", n, at);
	}
	i = index_of(&level);
	if (i == w.n)
		fails("T0", n, at);
	return i;
}

static void fill_tables(void)
{
	unsigned a, b;

	for (a = 0; a < w.n; a++) {
		for (b = 0; b < w.n; b++) {
			const unsigned at[] = { a, b };

			w.fits[a][b] = lvl_fits(&w.p[a], &w.p[b], NULL, NULL) ==
				       LVL_YES;
			if (w.fits[a][b] !=
			    (ref_fits(&w.ref[a], &w.ref[b]) == REF_TRUE))
				fails("fits == reference", 2, at);
			w.level[a][b] = (unsigned char)checked_level(at, 2);
		}
	}
}

/* -- theorems ------------------------------------------------------------- */

/* The list of policies is what it says: closed, and its own interior. */
static void check_policies(void)
{
	struct lvl_policy p;
	struct ref_policy r;
	unsigned i;

	for (i = 0; i < w.n; i++) {
		const unsigned at[] = { i };

		ref_read(&r, &w.p[i]);
		if (ref_differ(&r, &w.ref[i]) != LVL_NO_FIELD)
			fails("n/a is what has no carrier", 1, at);
		ref_interior(&r, 0);
		p = w.p[i];
		lvl_interior(&p, NULL);
		if (ref_differ(&r, &w.ref[i]) != LVL_NO_FIELD ||
		    memcmp(&p, &w.p[i], sizeof(p)))
			fails("a well-formed policy is its interior", 1, at);
		if (checked_level(at, 1) != i)
			fails("T4", 1, at);
	}
}

static void check_pairs(void)
{
	unsigned a, b, g;

	for (a = 0; a < w.n; a++) {
		if (!w.fits[a][a])
			fails2("T5 reflexive", a, a);
		for (b = 0; b < w.n; b++) {
			unsigned l = w.level[a][b];

			if (!w.fits[l][a] || !w.fits[l][b])
				fails2("T1", a, b);
			if (l != w.level[b][a])
				fails2("T3 commutative", a, b);
			if (a != b && w.fits[a][b] && w.fits[b][a])
				fails2("T5 antisymmetric", a, b);
			for (g = 0; g < w.n; g++)
				if ((w.fits[g][a] && w.fits[g][b]) !=
				    w.fits[g][l])
					fails3("T2", a, b, g);
		}
	}
}

static void check_triples(void)
{
	unsigned a, b, c;

	for (a = 0; a < w.n; a++) {
		for (b = 0; b < w.n; b++) {
			for (c = 0; c < w.n; c++) {
				if (w.fits[a][b] && w.fits[b][c] &&
				    !w.fits[a][c])
					fails3("T5 transitive", a, b, c);
				if (w.level[w.level[a][b]][c] !=
				    w.level[a][w.level[b][c]])
					fails3("T3 associative", a, b, c);
				if (w.fits[a][b] &&
				    !w.fits[w.level[a][c]][w.level[b][c]])
					fails3("T6", a, b, c);
			}
		}
	}
}

/* Three or four at once, and by counts, are as two by two. */
static void check_many(void)
{
	static struct lvl_count count;
	struct lvl_policy level;
	struct lvl_fold f;
	unsigned i, k, l;

	for (i = 0; i < 50; i++) {
		const unsigned at[] = { small_random(w.n), small_random(w.n),
					small_random(w.n), small_random(w.n) };

		l = w.level[w.level[at[0]][at[1]]][at[2]];
		if (checked_level(at, 3) != l)
			fails("T3 all at once", 3, at);
		lvl_count_init(&count);
		for (k = 0; k < 4; k++)
			assert_int_equal(lvl_count_add(&count, &w.p[at[k]]), 0);
		assert_int_equal(lvl_count_remove(&count, &w.p[at[3]]), 0);
		lvl_count_fold(&count, &f);
		if (lvl_fold_read(&f, &level, NULL, NULL) ||
		    index_of(&level) != l)
			fails("T12", 4, at);
	}
}

struct named {
	unsigned field;
	int is;
};

static void listen(void *arg, const struct lvl_change *change)
{
	struct named *n = arg;

	n->is |= change->field == n->field;
}

/* T13: two that have it, and the level has not: then a rule names it. */
static void check_blame(unsigned a, unsigned b, unsigned feature)
{
	struct named named = { feature, 0 };
	const struct lvl_trail trail = { listen, &named };
	struct lvl_policy level;
	struct lvl_fold f;

	if (!lvl_has(&w.p[a], feature) || !lvl_has(&w.p[b], feature))
		return;
	lvl_fold_init(&f);
	lvl_fold_add(&f, &w.p[a]);
	lvl_fold_add(&f, &w.p[b]);
	if (lvl_fold_read(&f, &level, &trail, NULL) ||
	    lvl_has(&level, feature) == named.is)
		fails2("T13", a, b);
}

/* T17: dropping is the greatest policy below both that has it not. */
static void check_drop(unsigned a, unsigned b, unsigned feature)
{
	const struct ref_policy *const member[] = { &w.ref[a], &w.ref[b] };
	struct lvl_policy level;
	struct ref_status status;
	struct ref_policy want;
	struct lvl_fold f;
	unsigned g, l;

	lvl_fold_init(&f);
	lvl_fold_add(&f, &w.p[a]);
	lvl_fold_drop(&f, feature);
	lvl_fold_add(&f, &w.p[b]);
	if (lvl_fold_read(&f, &level, NULL, NULL) ||
	    ref_level_drop(&want, member, 2, feature, &status))
		fails2("T17", a, b);
	l = index_of(&level);
	if (l == w.n || ref_differ(&w.ref[l], &want) != LVL_NO_FIELD)
		fails2("T17", a, b);
	for (g = 0; g < w.n; g++)
		if ((w.fits[g][a] && w.fits[g][b] &&
		     !lvl_has(&w.p[g], feature)) != w.fits[g][l])
			fails3("T17 greatest", a, b, g);
}

/* T16: what is called a conflict differs, and is gone with its owner. */
static void check_conflicts(unsigned a, unsigned b)
{
	struct lvl_status status;
	struct lvl_policy level;
	struct ref_policy r;
	struct lvl_fold f;
	unsigned i;

	lvl_fold_init(&f);
	lvl_fold_add(&f, &w.p[a]);
	lvl_fold_add(&f, &w.p[b]);
	if (lvl_fold_read(&f, &level, NULL, &status))
		fails2("T16", a, b);
	ref_read(&r, &level);
	for (i = 0; i < status.nr_conflicts; i++) {
		unsigned c = status.conflict[i];

		if (!r.f[c].na || w.ref[a].f[c].na || w.ref[b].f[c].na ||
		    (ref_is_pair(c) ? 0 : w.ref[a].f[c].v == w.ref[b].f[c].v))
			fails2("T16", a, b);
	}
	assert_int_equal(status.nr_incomplete, 0);
}

static void check_features(void)
{
	unsigned a, b, f;

	for (a = 0; a < w.n; a++) {
		for (b = 0; b <= a; b++) {
			check_conflicts(a, b);
			f = SMALL_F0 + small_random(4);
			check_drop(a, b, f);
			check_blame(a, b, f);
		}
	}
}

/* T14, and that the interior is the greatest well-formed policy below. */
static void check_interior(void)
{
	struct ref_policy any, inner, other;
	struct lvl_policy p;
	unsigned i, g;

	for (i = 0; i < 50; i++) {
		small_garbage(&p);
		ref_read(&any, &p);
		inner = other = any;
		ref_interior(&inner, 0);
		ref_interior(&other, 1 + small_random(1u << 30));
		if (ref_differ(&inner, &other) != LVL_NO_FIELD) {
			small_print_policy("of", &any);
			fails("T14", 0, NULL);
		}
		lvl_interior(&p, NULL);
		ref_read(&other, &p);
		if (ref_differ(&inner, &other) != LVL_NO_FIELD) {
			small_print_policy("of", &any);
			small_print_policy("got", &other);
			small_print_policy("want", &inner);
			fails("lvl_interior == reference", 0, NULL);
		}
		for (g = 0; g < w.n; g++)
			if (ref_fits(&w.ref[g], &any) !=
			    ref_fits(&w.ref[g], &inner)) {
				small_print_policy("of", &any);
				fails("the interior is the greatest", 1, &g);
			}
	}
}

/* -- unknown -------------------------------------------------------------- */

/* Forget one or two fields; what nothing carries is n/a, and known. */
static void forget(struct lvl_policy *p)
{
	struct ref_policy r;
	unsigned i;

	for (i = 1 + small_random(2); i > 0; i--)
		lvl_forget(p, small_random(SMALL_PIN));
	ref_read(&r, p);
	ref_write(&r, p);
}

/* Completion number `which` of p; 0 if there are no more. */
static int completion(const struct lvl_policy *p, unsigned which,
		      struct ref_policy *r)
{
	struct lvl_policy full = *p;
	unsigned f, bit;

	for (f = 0; f < SMALL_PIN; f++) {
		for (bit = 0; bit < lvl_fields[f].width; bit++) {
			uint32_t m = 1u << (lvl_fields[f].lo + bit);

			if (full.k[lvl_fields[f].word] & m)
				continue;
			full.k[lvl_fields[f].word] |= m;
			if (which & 1)
				full.v[lvl_fields[f].word] |= m;
			which >>= 1;
		}
	}
	ref_read(r, &full);
	return !which;
}

static const enum lvl_verdict verdict_of[] = { LVL_NO, LVL_UNKNOWN, LVL_YES };

/* T10: what is said of the unknown is true of all that it may be. */
static void check_unknown(void)
{
	struct ref_policy rg, rh;
	struct lvl_policy g, h;
	enum lvl_verdict said;
	enum ref_truth want;
	unsigned i, a, b, at[2];

	for (i = 0; i < 30; i++) {
		g = w.p[at[0] = small_random(w.n)];
		h = w.p[at[1] = small_random(w.n)];
		forget(&g);
		forget(&h);
		said = lvl_fits(&g, &h, NULL, NULL);
		ref_read(&rg, &g);
		ref_read(&rh, &h);
		want = ref_fits(&rg, &rh);
		if (said != verdict_of[want]) {
			small_print_policy("guest", &rg);
			small_print_policy("host", &rh);
			fails("fits of the unknown == reference", 2, at);
		}
		for (a = 0; said != LVL_UNKNOWN && completion(&g, a, &rg); a++)
			for (b = 0; completion(&h, b, &rh); b++)
				if (ref_fits(&rg, &rh) !=
				    (said == LVL_YES ? REF_TRUE : REF_FALSE))
					fails("T10", 2, at);
	}
}

/* Levels of members that do not know everything. */
static void check_unknown_levels(void)
{
	struct lvl_policy m[3], level;
	struct ref_policy r[3], want, got;
	const struct ref_policy *const at[] = { &r[0], &r[1], &r[2] };
	struct lvl_fold f;
	unsigned i, k;

	for (i = 0; i < 30; i++) {
		lvl_fold_init(&f);
		for (k = 0; k < 3; k++) {
			m[k] = w.p[small_random(w.n)];
			forget(&m[k]);
			ref_read(&r[k], &m[k]);
			lvl_fold_add(&f, &m[k]);
		}
		if (lvl_fold_read(&f, &level, NULL, NULL) ||
		    ref_level(&want, at, 3, NULL))
			fails("level of the unknown", 0, NULL);
		ref_read(&got, &level);
		if (ref_differ(&got, &want) == LVL_NO_FIELD)
			continue;
		for (k = 0; k < 3; k++)
			small_print_policy("member", &r[k]);
		small_print_policy("got", &got);
		small_print_policy("want", &want);
		fails("level of the unknown == reference", 0, NULL);
	}
}

/* -- all of it ------------------------------------------------------------ */

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void small_registries(void **state)
{
	uint64_t seed = number("CPULEVEL_SEED", 1);
	uint64_t worlds = number("CPULEVEL_ROUNDS", 100) * 3;
	uint64_t i, policies = 0;

	(void)state;
	for (i = 0; i < worlds || !i; i++) {
		make_world(&seed);
		check_policies();
		fill_tables();
		check_pairs();
		check_triples();
		check_many();
		check_features();
		check_interior();
		check_unknown();
		check_unknown_levels();
		policies += w.n;
	}
	print_message("%llu registries, %llu policies\n", (unsigned long long)i,
		      (unsigned long long)policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_registries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a host to its guests: what must hold for every real machine, kind of
 * guest and platform, and what each rule changes.
 */
#include "made.h"

#include <stdlib.h>

#include <cpulevel/derive.h>

#include "gen-policy.h"

static struct gen_corpus corpus;
static const char *no_corpus;

static int load(void **state)
{
	int absent;

	(void)state;
	no_corpus = gen_corpus_load(&corpus, &absent);
	if (!no_corpus || absent)
		return 0;
	fprintf(stderr, "%s\n", no_corpus);
	return -1;
}

static int unload(void **state)
{
	(void)state;
	gen_corpus_free(&corpus);
	return 0;
}

/* -- every machine, kind and platform ------------------------------------- */

struct one {
	const char *file;
	const struct lvl_policy *host;
	enum lvl_guest kind;
	const struct lvl_platform *platform;
	struct lvl_policy max, dflt, arrival;
};

static unsigned bad;

static void wrong(const struct one *o, const char *what, const char *name)
{
	if (bad++ < 20)
		print_error("%s, %s on %s: %s: %s\n", o->file,
			    lvl_guest_names[o->kind], o->platform->name, what,
			    name);
}

static void findings(const struct one *o, const char *what,
		     const struct found *f)
{
	unsigned i;

	for (i = 0; i < f->n; i++)
		if (f->f[i].severity <= LVL_SECURITY && f->f[i].sure)
			wrong(o, what,
			      f->f[i].field == LVL_NO_FIELD
				      ? "unnamed bits"
				      : lvl_field_name(f->f[i].field));
}

static void is_valid(const struct one *o, const struct lvl_policy *p,
		     const char *what)
{
	static struct found f;

	f.n = 0;
	if (lvl_valid(p, found_keep, &f) == LVL_NO)
		findings(o, what, &f);
}

/* A new guest may always come home: T8, with what is derived. */
static void default_fits(const struct one *o)
{
	static struct found f;

	if (fits(&o->dflt, &o->arrival, &f) == LVL_NO)
		findings(o, "the default does not fit", &f);
}

static void default_is_within_max(const struct one *o)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		const uint32_t *m = lvl_masks[LVL_MASK_FEATURE];
		const uint32_t * or = lvl_masks[LVL_MASK_OR];

		if (o->dflt.v[w] & ~o->max.v[w] & (m[w] | or [w]) & o->max.k[w])
			wrong(o, "not in the maximum",
			      lvl_field_name(lvl_words[w].first));
	}
}

static void statements_can_be_made(const struct one *o)
{
	unsigned i;

	for (i = 0; i < lvl_nr_statements; i++) {
		unsigned s = lvl_statements[i];

		if (lvl_has(&o->dflt, s) && !lvl_has(&o->max, s))
			wrong(o, "cannot be told", lvl_field_name(s));
	}
}

static int is_leaf_maximum(unsigned field)
{
	return field == LVL_F_MAX_BASIC_LEAF || field == LVL_F_MAX_SUBLEAF_7 ||
	       field == LVL_F_MAX_EXTENDED_LEAF;
}

/* Canonical already, but for maxima that are larger than the content. */
static void is_normal(const struct one *o, const struct lvl_policy *p,
		      const char *what)
{
	struct lvl_policy n = *p;
	unsigned i;

	lvl_policy_normalise(&n, NULL);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (!is_leaf_maximum(i) &&
		    (lvl_get(p, i) != lvl_get(&n, i) ||
		     lvl_known(p, i) != lvl_known(&n, i)))
			wrong(o, what, lvl_field_name(i));
}

static void is_repeatable(const struct one *o)
{
	struct lvl_policy again = *o->host;

	assert_int_equal(
		lvl_derive_default(&again, &again, o->kind, o->platform, NULL),
		0);
	if (made_differ(&again, &o->dflt))
		wrong(o, "differs when done twice",
		      made_differ(&again, &o->dflt));
}

static void check_one(struct one *o)
{
	assert_int_equal(
		lvl_derive_max(&o->max, o->host, o->kind, o->platform, NULL),
		0);
	assert_int_equal(lvl_derive_default(&o->dflt, o->host, o->kind,
					    o->platform, NULL),
			 0);
	assert_int_equal(
		lvl_derive_arrival(&o->arrival, o->host, o->kind, o->platform),
		0);
	is_valid(o, &o->max, "maximum not valid");
	is_valid(o, &o->dflt, "default not valid");
	is_valid(o, &o->arrival, "arrival policy not valid");
	default_fits(o);
	default_is_within_max(o);
	statements_can_be_made(o);
	is_normal(o, &o->max, "maximum not canonical");
	is_normal(o, &o->dflt, "default not canonical");
	is_repeatable(o);
}

static void test_corpus(void **state)
{
	static struct one o;
	unsigned i, kind, p;

	(void)state;
	if (no_corpus) {
		print_message("skipped: no corpus: %s\n", no_corpus);
		skip();
	}
	bad = 0;
	for (i = 0; i < corpus.n; i++) {
		o.file = corpus.host[i].file;
		o.host = &corpus.host[i].host;
		for (kind = 0; kind < LVL_NR_GUESTS; kind++)
			for (p = 0; p < lvl_nr_platforms; p++) {
				o.kind = (enum lvl_guest)kind;
				o.platform = &lvl_platforms[p];
				if (o.platform->guests >> kind & 1)
					check_one(&o);
			}
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests_name("derive", tests, load, unload);
}

/* SPDX-License-Identifier: MIT */
/*
 * The tables: every statement can be told everywhere (T9), and what falls on a
 * conflict is what carries the value.  The requirements against real machines:
 * no HOST policy changes under the interior (T15), and no RAW policy of a
 * physical machine breaks a requirement but those of data/exceptions.tsv, each
 * with its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "corpus.h"
#include "theorem-case.h"

static void real_hosts_are_well_formed(void **state)
{
	struct theorem_case c;
	struct lvl_policy p;
	unsigned i;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i++) {
		memset(&c, 0, sizeof(c));
		c.source = "corpus";
		c.n = 1;
		c.member[0] = &corpus.host[i].host;
		c.name[0] = corpus.host[i].file;
		p = corpus.host[i].host;
		lvl_interior(&p, NULL);
		theorem_same(&c, "T15", &p, &corpus.host[i].host);
	}
}

#define EXCEPTIONS_MAX 64

struct exception {
	char file[256], feature[64], needs[128];
	int used;
};
static struct exception exception[EXCEPTIONS_MAX];
static unsigned nr_exceptions;

static void read_exceptions(void)
{
	char path[1200], line[4096];
	FILE *in;

	nr_exceptions = 0;
	snprintf(path, sizeof(path), "%s/data/exceptions.tsv", gen_root_dir());
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s: cannot be read", path);
	assert_non_null(fgets(line, sizeof(line), in));
	assert_string_equal(line, "file\tfeature\tneeds\treason\n");
	while (fgets(line, sizeof(line), in)) {
		struct exception *e = &exception[nr_exceptions++];
		char reason[2];

		assert_in_range(nr_exceptions, 1, EXCEPTIONS_MAX);
		if (sscanf(line, "%255[^\t]\t%63[^\t]\t%127[^\t]\t%1[^\t\n]",
			   e->file, e->feature, e->needs, reason) != 4)
			fail_msg("%s:%u: needs four cells", path,
				 nr_exceptions + 1);
		e->used = 0;
	}
	fclose(in);
}

/* "a|b>=2", as data/requires.tsv spells it. */
static void clause_text(unsigned clause, char *text, size_t size)
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	size_t len = 0;
	unsigned i;

	for (i = 0; i < c->count && len < size; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];

		len += (size_t)snprintf(text + len, size - len, "%s%s",
					i ? "|" : "", lvl_field_name(a->field));
		if (a->at_least > 1 && len < size)
			len += (size_t)snprintf(text + len, size - len, ">=%u",
						a->at_least);
	}
}

static int is_excepted(const char *file, const char *feature, const char *needs)
{
	unsigned i;

	for (i = 0; i < nr_exceptions; i++) {
		if (strcmp(exception[i].file, file) ||
		    strcmp(exception[i].feature, feature) ||
		    strcmp(exception[i].needs, needs))
			continue;
		exception[i].used = 1;
		return 1;
	}
	return 0;
}

static unsigned unexcused(const struct gen_host *h)
{
	static struct ref_policy r;
	unsigned i, bad = 0;
	char needs[256];

	ref_read(&r, &h->raw);
	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if (s->edge == LVL_NO_FIELD || r.f[s->field].na ||
		    !r.f[s->field].v || ref_holds(&r, s->clause) != REF_FALSE)
			continue;
		clause_text(s->clause, needs, sizeof(needs));
		if (is_excepted(h->file, lvl_field_name(s->field), needs))
			continue;
		print_error("%s: has %s without %s\n", h->file,
			    lvl_field_name(s->field), needs);
		bad++;
	}
	return bad;
}

/* Closing a physical machine takes nothing away, but for what is listed. */
static void requirements_hold_on_silicon(void **state)
{
	unsigned i, bad = 0;

	(void)state;
	need_corpus();
	read_exceptions();
	for (i = 0; i < corpus.n; i++)
		if (corpus.host[i].has_raw && !corpus.host[i].guest)
			bad += unexcused(&corpus.host[i]);
	for (i = 0; i < nr_exceptions; i++) {
		if (exception[i].used)
			continue;
		print_error("data/exceptions.tsv:%u: nothing needs it\n",
			    i + 2);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void every_hazard_can_be_told(void **state)
{
	unsigned i, bad = 0;

	(void)state;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->rule != LVL_OR ||
		    (f->synth == LVL_SYNTH_ALWAYS_SAFE && f->guests_max))
			continue;
		print_error("%s cannot be set in every maximum\n",
			    lvl_field_name(i));
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* A conjunction as owner would leave open which of two features falls. */
static void owners_are_carriers(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->owner && !(f->flags & LVL_FIELD_ZERO_NONE))
			assert_int_equal(f->owner, f->carrier);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hazard_can_be_told),
		cmocka_unit_test(owners_are_carriers),
		cmocka_unit_test(real_hosts_are_well_formed),
		cmocka_unit_test(requirements_hold_on_silicon),
	};

	return cmocka_run_group_tests(tests, load_corpus, unload_corpus);
}

/* SPDX-License-Identifier: MIT */
/*
 * Every real machine of the corpus as the hardware below: it comes up, and
 * domains of every kind get a default that they can be given again, that a
 * record and a stream carry, and that is what they are answered.
 */
#include "hv-made.h"

#include <cpulevel/record.h>

#include "corpus.h"

static struct machine m;
static struct lvl_dom d, other;
static struct lvl_leaf leaf[LVL_NR_LEAVES];
static struct lvl_msr msr[LVL_NR_MSRS];
static uint8_t record[LVL_RECORD_MAX];
static struct refused refused;
static struct lvl_refusals why;

/* No masks, no faulting: a dump does not have them. */
static const struct sim_model dump = { "dump", NULL, { { 0 } }, 0, 0, 0 };

static void given(const char *file, const char *what, int rc)
{
	if (!rc)
		return;
	print_refused(&refused);
	fail_msg("%s, %s: %s: %s", file, lvl_guest_names[d.kind], what,
		 lvl_strerror(rc));
}

static void answers(const char *file)
{
	struct lvl_vcpu v;
	uint32_t reg[4], wrong;
	unsigned i, r;

	assert_int_equal(lvl_dom_start(&d), 0);
	assert_int_equal(lvl_vcpu_init(&v, &d, 1), 0);
	v.mode = LVL_MODE_LONG;
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		lvl_answer(&v, l->leaf,
			   l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf, reg);
		for (r = 0; r < 4; r++) {
			wrong = reg[r] ^ d.p.v[l->word[r]];
			if (wrong & ~lvl_masks[LVL_MASK_DYNAMIC][l->word[r]])
				fail_msg("%s: leaf %x:%x", file, l->leaf,
					 l->subleaf);
		}
	}
}

static void try_kind(const char *file, enum lvl_guest kind)
{
	size_t nl = LVL_NR_LEAVES, nm = LVL_NR_MSRS, len = sizeof(record);

	domain(&d, &m, kind);
	other = d;
	assert_int_equal(lvl_dom_get(&d, leaf, &nl, msr, &nm), 0);
	why = keep(&refused);
	given(file, "set",
	      lvl_dom_set(&other, leaf, nl, msr, nm, LVL_SET_UNSURE, &why));
	assert_memory_equal(&d, &other, sizeof(d));
	assert_int_equal(lvl_dom_save(&d, record, &len), 0);
	given(file, "pre-flight",
	      lvl_dom_preflight(&other, record, len, LVL_SET_UNSURE, &why));
	given(file, "load",
	      lvl_dom_load(&other, record, len, LVL_SET_UNSURE, &why));
	assert_memory_equal(&d, &other, sizeof(d));
	answers(file);
}

static void test_machines(void **state)
{
	unsigned h, k, tried = 0;

	(void)state;
	need_corpus();
	for (h = 0; h < corpus.n; h++) {
		const struct gen_host *host = &corpus.host[h];
		const struct lvl_platform *platform;

		if (!host->has_raw || !lvl_policy_vendor(&host->raw))
			continue;
		platform = lvl_platforms + tried++ % lvl_nr_platforms;
		sim_make_of(&m.sim, &dump, &host->raw);
		machine_on(&m, platform->name, NULL);
		for (k = 0; k < LVL_NR_GUESTS; k++)
			if (platform->guests >> k & 1)
				try_kind(host->file, (enum lvl_guest)k);
	}
	assert_true(tried > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, load_corpus, unload_corpus);
}

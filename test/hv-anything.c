/* SPDX-License-Identifier: MIT */
/*
 * Anything at all given to a domain, made by spoiling its default: it is taken
 * exactly as it was given, or refused with a reason and nothing changes.
 */
#include "hv-made.h"

#include "gen-policy.h"

static struct machine m;
static struct lvl_dom d, before;
static struct refused refused;
static struct lvl_refusals why;
static struct lvl_leaf leaf[LVL_NR_LEAVES + 4];
static struct lvl_msr msr[LVL_NR_MSRS];
static size_t leaves, msrs;

#define FEATURES \
	BASE "ssse3 sse4-1 sse4-2 popcnt x2apic xsave avx maxphysaddr=40 "

static void get(const struct lvl_dom *from)
{
	leaves = LVL_NR_LEAVES;
	msrs = LVL_NR_MSRS;
	assert_int_equal(lvl_dom_get(from, leaf, &leaves, msr, &msrs), 0);
}

static int set(unsigned flags)
{
	why = keep(&refused);
	return lvl_dom_set(&d, leaf, leaves, msr, msrs, flags, &why);
}

static void unchanged(const char *what)
{
	if (memcmp(&before, &d, sizeof(d)))
		fail_msg("%s: something changed", what);
}

/* Flip bits, drop entries, give some twice, swap them. */
static void spoil(struct gen *g)
{
	unsigned n = gen_below(g, 4), i;
	struct lvl_leaf l;

	for (i = 0; i <= n; i++) {
		size_t a = gen_next(g) % leaves, b = gen_next(g) % leaves;

		switch (gen_below(g, 6)) {
		case 0:
			leaf[a] = leaf[--leaves];
			break;
		case 1:
			l = leaf[a];
			leaf[a] = leaf[b];
			leaf[b] = l;
			break;
		case 2:
			if (leaves < LVL_COUNT(leaf))
				leaf[leaves++] = leaf[a];
			break;
		case 3:
			leaf[a].subleaf ^= 1u << gen_below(g, 32);
			break;
		case 4:
			msr[gen_next(g) % msrs].value ^= 1ull
							 << gen_below(g, 64);
			break;
		default:
			leaf[a].reg[gen_below(g, 4)] ^= 1u << gen_below(g, 32);
		}
	}
}

/* What was given is what is there; else nothing is. */
static void exactly(unsigned flags)
{
	size_t i, k, n;
	struct lvl_leaf given[LVL_COUNT(leaf)];

	memcpy(given, leaf, sizeof(given));
	n = leaves;
	get(&d);
	for (i = 0; i < n; i++) {
		const struct lvl_leaf_words *l =
			lvl_leaf_find(given[i].leaf, given[i].subleaf);

		for (k = 0; l && k < 4; k++)
			assert_int_equal(d.p.v[l->word[k]], given[i].reg[k]);
		assert_true(l || !(given[i].reg[0] | given[i].reg[1] |
				   given[i].reg[2] | given[i].reg[3]));
	}
	if (flags & LVL_SET_DELTA)
		return;
	for (i = 0; i < leaves; i++) {
		for (k = 0; k < n; k++)
			if (given[k].leaf == leaf[i].leaf &&
			    given[k].subleaf == leaf[i].subleaf)
				break;
		/* a leaf without sub-leaves is also known by the first */
		assert_true(k < n || leaf[i].subleaf == LVL_NO_SUBLEAF ||
			    !(leaf[i].reg[0] | leaf[i].reg[1] | leaf[i].reg[2] |
			      leaf[i].reg[3]));
	}
}

/* Exactly as asked, or refused with a reason and nothing changed. */
static void test_anything(void **state)
{
	unsigned i, taken = 0;
	struct gen g;

	(void)state;
	gen_seed(&g, 9);
	machine(&m, "skylake", FEATURES "erms avx2 bmi1 bmi2 movbe rdrand");
	domain(&d, &m, LVL_HVM);
	before = d;
	for (i = 0; i < 20000; i++) {
		unsigned flags = gen_below(&g, 4);
		int rc;

		d = before;
		get(&d);
		spoil(&g);
		rc = set(flags);
		if (rc) {
			assert_true(refused.n > 0);
			unchanged("refused");
			continue;
		}
		taken++;
		exactly(flags);
	}
	assert_true(taken > 2000 && taken < 18000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

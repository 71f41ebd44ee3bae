/* SPDX-License-Identifier: MIT */
/*
 * What other projects' tests ask, asked of us: test/vectors/.  Where we
 * differ on purpose the row says so, and our answer is what is asserted.
 */
#include "made.h"

#include <cpulevel/import.h>
#include <cpulevel/xen.h>

#include "vectors.h"

/* Policies compare our answer; a failure names file and line. */
static int wrong(const struct vectors *v, const char *file, const char *got)
{
	const char *want =
		strcmp(v->column[4], "=") ? v->column[4] : v->column[3];

	if (!strcmp(got, want))
		return 0;
	print_error("%s:%u: %s %s %s: %s, not %s\n", file, v->line,
		    v->column[0], v->column[1], v->column[2], got, want);
	return 1;
}

/* Rows that differ say why, the others need not. */
static void reasons(const struct vectors *v)
{
	if (strcmp(v->column[4], "=") && strcmp(v->column[4], v->column[3]) &&
	    strlen(v->column[5]) < 5 && !strchr(v->column[3], ':') &&
	    strcmp(v->column[0], "msr"))
		fail_msg("line %u differs without a reason", v->line);
}

/* -- xapi --------------------------------------------------------------------
 */

static unsigned words_of(const char *set)
{
	unsigned n = 1;

	if (!strcmp(set, "none"))
		return 0;
	for (; *set; set++)
		n += *set == '-';
	return n;
}

/* Nothing known but the words of the set. */
static int parse(struct lvl_policy *p, const char *set)
{
	return strcmp(set, "none") ? lvl_featureset_parse(p, set, strlen(set))
				   : 0;
}

static struct lvl_policy set_of(const char *set)
{
	struct lvl_policy p;

	lvl_policy_clear(&p);
	assert_int_equal(parse(&p, set), 0);
	return p;
}

/* n words as the vectors write them. */
static const char *text_of(const uint32_t *v, const uint32_t *k, unsigned n)
{
	static char s[512];
	size_t at = 0;
	unsigned i;

	strcpy(s, "none");
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(s + at, sizeof(s) - at,
				       k[i] ? "%s%x" : "%s?", i ? "-" : "",
				       v[i]);
	return s;
}

static const char *printed(const struct lvl_policy *p)
{
	static char s[512];
	size_t len = sizeof(s);

	assert_int_equal(lvl_featureset_print(p, '-', s, &len), 0);
	return len ? s : "none";
}

static const char *x_print(const char *a, const char *b)
{
	struct lvl_policy p = set_of(a);

	(void)b;
	return printed(&p);
}

static const char *x_parse(const char *a, const char *b)
{
	struct lvl_policy p = set_of(a);

	(void)b;
	return text_of(p.v, p.k, words_of(a));
}

/* By words if they are given so, by text if it is one. */
static const char *x_there_and_back(const char *a, const char *b)
{
	struct lvl_policy p = set_of(a), q = set_of(printed(&p));

	(void)b;
	assert_null(made_differ(&p, &q));
	return strchr(a, '0') == a ? strlen(a) > 7
					     ? printed(&q)
					     : text_of(q.v, q.k, words_of(a))
				   : text_of(q.v, q.k, words_of(a));
}

static const char *x_refuse(const char *a, const char *b)
{
	struct lvl_policy p;

	(void)b;
	made_fill(&p, 0xc2);
	if (!parse(&p, a))
		return "taken";
	assert_true(made_filled(&p, 0xc2));
	return "refused";
}

static const char *x_extend(const char *a, const char *b)
{
	struct lvl_policy p = set_of(b);
	unsigned n = words_of(a) > words_of(b) ? words_of(a) : words_of(b);

	assert_int_equal(parse(&p, a), 0);
	return text_of(p.v, p.k, n);
}

static const char *x_zero_extend(const char *a, const char *b)
{
	struct lvl_policy p = set_of(a);
	unsigned n = (unsigned)atoi(b);

	return text_of(p.v, p.k, n > words_of(a) ? n : words_of(a));
}

static const char *x_intersect(const char *a, const char *b)
{
	static const uint32_t known[LVL_NR_XEN_WORDS] = {
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	};
	struct lvl_policy p = set_of(a), q = set_of(b);
	static struct lvl_fold f;

	lvl_fold_init(&f);
	lvl_fold_add(&f, &p);
	lvl_fold_add(&f, &q);
	return text_of(f.and_low, known,
		       words_of(a) > words_of(b) ? words_of(a) : words_of(b));
}

/*
 * All known and zero but for the words of the set, and those that the other
 * one has and this has not: they are unknown.
 */
static struct lvl_policy beside(const char *set, const char *other)
{
	struct lvl_policy p;
	unsigned i;

	lvl_policy_zero(&p);
	assert_int_equal(parse(&p, set), 0);
	for (i = words_of(set); i < words_of(other); i++)
		p.k[i] = 0;
	return p;
}

static enum lvl_verdict in(const char *a, const char *b)
{
	struct lvl_policy p = beside(a, b), q = beside(b, a);

	return lvl_fits(&p, &q, NULL, NULL);
}

static const char *word_of(enum lvl_verdict v)
{
	return v == LVL_YES ? "yes" : v == LVL_NO ? "no" : "unknown";
}

/* Kleene's AND of verdicts. */
static enum lvl_verdict both(enum lvl_verdict a, enum lvl_verdict b)
{
	if (a == LVL_NO || b == LVL_NO)
		return LVL_NO;
	return a == LVL_UNKNOWN || b == LVL_UNKNOWN ? LVL_UNKNOWN : LVL_YES;
}

static const char *x_equal(const char *a, const char *b)
{
	return word_of(both(in(a, b), in(b, a)));
}

static const char *x_subset(const char *a, const char *b)
{
	return word_of(in(a, b));
}

static const char *x_strict(const char *a, const char *b)
{
	enum lvl_verdict back = in(b, a);

	return word_of(both(in(a, b), back == LVL_YES  ? LVL_NO
				      : back == LVL_NO ? LVL_YES
						       : LVL_UNKNOWN));
}

static const struct {
	const char *test;
	const char *(*ask)(const char *a, const char *b);
} xapi[] = {
	{ "print", x_print },
	{ "parse", x_parse },
	{ "there-and-back", x_there_and_back },
	{ "refuse", x_refuse },
	{ "extend", x_extend },
	{ "zero-extend", x_zero_extend },
	{ "intersect", x_intersect },
	{ "equal", x_equal },
	{ "subset", x_subset },
	{ "strict", x_strict },
};

static void test_xapi(void **state)
{
	struct vectors v;
	unsigned i, rows = 0;
	int failed = 0;

	(void)state;
	vectors_open(&v, "xapi.tsv");
	while (vectors_next(&v)) {
		for (i = 0; i < LVL_COUNT(xapi); i++)
			if (!strcmp(v.column[0], xapi[i].test))
				break;
		assert_in_range(i, 0, LVL_COUNT(xapi) - 1);
		reasons(&v);
		failed += wrong(&v, "xapi.tsv",
				xapi[i].ask(v.column[1], v.column[2]));
		rows++;
	}
	assert_in_range(rows, 90, 200);
	assert_int_equal(failed, 0);
}

/* -- xapi: hosts and pools ---------------------------------------------------
 */

#define HOST_MAX 4
struct hosts {
	unsigned n;
	struct lvl_desc *d[HOST_MAX];
};

static int keep_host(void *arg, struct lvl_desc *d)
{
	struct hosts *h = arg;

	assert_in_range(h->n, 0, HOST_MAX - 1);
	h->d[h->n++] = d;
	return 0;
}

static struct hosts import(const char *text)
{
	struct hosts h = { 0, { NULL } };
	struct lvl_ferr err;
	int rc = lvl_import_memory(text, strlen(text), "in",
				   lvl_format_find("xapi"), keep_host, &h, NULL,
				   &err);

	if (rc)
		fail_msg("%s", err.text);
	return h;
}

static void drop(struct hosts *h)
{
	while (h->n)
		lvl_desc_free(h->d[--h->n]);
}

/* The words that all hosts offer of one kind, as the pool's cpu_info has. */
static const char *common(const struct hosts *h, enum lvl_kind kind, unsigned n)
{
	static const uint32_t known[4] = { 1, 1, 1, 1 };
	static struct lvl_fold f;
	unsigned i;

	lvl_fold_init(&f);
	for (i = 0; i < h->n; i++)
		if (h->d[i]->policy[kind])
			lvl_fold_add(&f, h->d[i]->policy[kind]);
	return text_of(f.and_low, known, n);
}

/*
 * Two hosts, each with defaults and maxima: the pool's default is folded
 * from the defaults alone, its maximum from the maxima (xapi's cpuid tests).
 * The bits are such as a guest sees: 0x0307f9ff of word 0 are its FPU to
 * FXSR bits.
 */
static void test_pool(void **state)
{
	static const char two[] =
		"name-label: a\n"
		"cpu_info: vendor: GenuineIntel; features_hvm: 0300000f; "
		"features_hvm_host: 0000000f; features_pv: 00000003; "
		"features_pv_host: 00000002\n"
		"\n"
		"name-label: b\n"
		"cpu_info: vendor: GenuineIntel; features_hvm: 01000005; "
		"features_hvm_host: 00000005; features_pv: 00000001; "
		"features_pv_host: 00000001\n";
	struct hosts h = import(two);

	(void)state;
	assert_int_equal(h.n, 2);
	assert_string_equal(common(&h, LVL_KIND_HVM_DEFAULT, 1), "5");
	assert_string_equal(common(&h, LVL_KIND_PV_DEFAULT, 1), "0");
	assert_string_equal(common(&h, LVL_KIND_PV_MAX, 1), "1");
	drop(&h);
}

/*
 * A host that cannot run HVM guests says so by leaving the set out; it is
 * then no member of the HVM pool.  One that gives zeroes offers nothing, and
 * that is what it says (xapi skips it by a flag beside: CA-289907).
 */
static void test_pool_without_hvm(void **state)
{
	struct hosts h = import("name-label: a\nfeatures_hvm_host: 0000000f\n"
				"features_pv_host: 00000001\n\n"
				"name-label: b\nfeatures_pv_host: 00000003\n");

	(void)state;
	assert_int_equal(h.n, 2);
	assert_non_null(h.d[0]->policy[LVL_KIND_HVM_DEFAULT]);
	assert_null(h.d[1]->policy[LVL_KIND_HVM_DEFAULT]);
	assert_null(h.d[1]->policy[LVL_KIND_HOST]);
	assert_string_equal(common(&h, LVL_KIND_PV_DEFAULT, 1), "1");
	drop(&h);
}

#define LONG_MODE "fpu tsc msr pae cx8 cmov mmx fxsr sse sse2 lm "

/* A guest that booted where TSX was a default comes home after it is not. */
static void test_taa(void **state)
{
	struct lvl_policy dflt = made_normal("intel " LONG_MODE
					     "rtm-always-abort tsx=1"),
			  max = made_normal("intel " LONG_MODE "rtm tsx=2 hle"),
			  arrival,
			  guest = made_normal("intel " LONG_MODE
					      "rtm tsx=2 hle"),
			  other = made_normal("intel " LONG_MODE
					      "rtm tsx=2 hle fsgsbase");
	static struct found found;

	(void)state;
	lvl_arrival(&arrival, &max, &dflt);
	assert_int_equal(fits(&guest, &arrival, &found), LVL_YES);
	assert_int_equal(fits(&other, &arrival, &found), LVL_NO);
	assert_int_equal(found.n, 1);
	assert_non_null(found_about(&found, LVL_F_FSGSBASE));
	/* but not to one that has it in neither */
	lvl_arrival(&arrival, &dflt, &dflt);
	assert_int_equal(fits(&guest, &arrival, &found), LVL_NO);
}

/* -- Xen ----------------------------------------------------------------------
 */

static const char *n_vendor(char *a)
{
	static const char *const names[] = { "intel", "amd", "hygon", "centaur",
					     "zhaoxin" };
	uint32_t w[3] = { 0, 0, 0 };
	unsigned i, v;

	for (i = 0; i < 12; i++)
		w[i / 4] |= (uint32_t)(a[i] == '.' ? 0 : a[i]) << 8 * (i % 4);
	v = lvl_vendor_lookup(w[0], w[2], w[1]);
	for (i = 0; i < LVL_COUNT(names); i++)
		if (v == 1u << i)
			return names[i];
	return "unknown";
}

static struct lvl_leaf leaves[LVL_NR_LEAVES];
static struct lvl_msr msrs[LVL_NR_MSRS];
static char answer[64];

/* A leaf of which one register is given is given as a whole. */
static void complete_leaves(struct lvl_policy *p)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		uint32_t any = 0;

		for (r = 0; r < 4; r++)
			any |= p->k[lvl_leaves[i].word[r]];
		for (r = 0; any && r < 4; r++)
			p->k[lvl_leaves[i].word[r]] = 0xffffffff;
	}
}

static const char *n_serialise(const char *a)
{
	struct lvl_policy p;
	size_t n = LVL_NR_LEAVES, i;

	lvl_policy_clear(&p);
	made_apply(&p, a);
	complete_leaves(&p);
	assert_int_equal(lvl_xen_leaves_out(&p, leaves, &n), 0);
	for (i = 1; i < n; i++)
		assert_true(leaves[i - 1].leaf < leaves[i].leaf ||
			    leaves[i - 1].subleaf < leaves[i].subleaf);
	snprintf(answer, sizeof(answer), "%zu", n);
	return answer;
}

static const char *n_serialise_msrs(const char *a)
{
	struct lvl_policy p;
	size_t n = LVL_NR_MSRS;

	lvl_policy_clear(&p);
	made_apply(&p, strcmp(a, "-") ? a : "");
	assert_int_equal(lvl_xen_msrs_out(&p, msrs, &n), 0);
	snprintf(answer, sizeof(answer), "%zu", n);
	return answer;
}

/* Nothing may be written before it is known that all can be. */
static const char *n_leaf(const char *a)
{
	struct lvl_leaf l = { 0, LVL_NO_SUBLEAF, { 0, 0, 0, 1 } };
	struct lvl_err err;
	struct lvl_policy p;
	char *end;

	l.leaf = (uint32_t)strtoul(a, &end, 16);
	if (end[1] != '-')
		l.subleaf = (uint32_t)strtoul(end + 1, NULL, 0);
	made_fill(&p, 0xc2);
	if (!lvl_xen_leaves_in(&p, &l, 1, &err))
		return "taken";
	assert_true(made_filled(&p, 0xc2));
	assert_int_equal(err.code, LVL_E_UNKNOWN_LEAF);
	assert_int_equal(err.leaf, l.leaf);
	assert_int_equal(err.subleaf, l.subleaf);
	return "refused";
}

static const char *n_msr(const char *a)
{
	unsigned index, flags;
	unsigned long long value;
	struct lvl_msr m = { 0, 0, 0 };
	struct lvl_err err;
	struct lvl_policy p;

	assert_int_equal(sscanf(a, "%x %u %llx", &index, &flags, &value), 3);
	m.index = index;
	m.flags = flags;
	m.value = value;
	made_fill(&p, 0xc2);
	if (!lvl_xen_msrs_in(&p, &m, 1, &err))
		return "taken";
	assert_true(made_filled(&p, 0xc2));
	assert_int_equal(err.msr, m.index);
	return err.code == LVL_E_FLAGS         ? "flags"
	       : err.code == LVL_E_UNKNOWN_MSR ? "unknown-msr"
					       : lvl_strerror(err.code);
}

static const char *n_range(const char *known, const char *marked)
{
	char words[512];
	struct lvl_policy p;
	unsigned i, n = 0;
	size_t at = 0;

	for (i = 0; marked[i] && at < sizeof(words) - 8; i++) {
		if (marked[i] == ' ')
			at += (size_t)sprintf(words + at, "=0xc2");
		words[at++] = marked[i];
	}
	sprintf(words + at, "=0xc2");
	lvl_policy_clear(&p);
	made_apply(&p, words);
	made_apply(&p, known);
	lvl_policy_clear_out_of_range(&p);
	for (i = 0; i < LVL_NR_WORDS; i++)
		n += p.v[i] == 0xc2;
	snprintf(answer, sizeof(answer), "%u", n);
	return answer;
}

/* As they are: Xen compares what it is given. */
static const char *n_fits(const char *guest, const char *host)
{
	static struct found found;
	struct lvl_policy g = made(guest), h = made(host);
	enum lvl_verdict v = fits(&g, &h, &found);

	if (v == LVL_YES)
		return "yes";
	snprintf(answer, sizeof(answer), "no: %s",
		 lvl_field_name(found.f[0].field));
	return answer;
}

static const char *ask_xen(struct vectors *v)
{
	const char *test = v->column[0];

	if (!strcmp(test, "vendor"))
		return n_vendor(v->column[1]);
	if (!strcmp(test, "serialise"))
		return n_serialise(v->column[1]);
	if (!strcmp(test, "serialise-msrs"))
		return n_serialise_msrs(v->column[1]);
	if (!strcmp(test, "leaf"))
		return n_leaf(v->column[1]);
	if (!strcmp(test, "msr"))
		return n_msr(v->column[1]);
	if (!strcmp(test, "range"))
		return n_range(v->column[1], v->column[2]);
	assert_string_equal(test, "fits");
	return n_fits(v->column[1], v->column[2]);
}

static void test_xen(void **state)
{
	struct vectors v;
	unsigned rows = 0;
	int failed = 0;

	(void)state;
	vectors_open(&v, "xen.tsv");
	while (vectors_next(&v)) {
		reasons(&v);
		failed += wrong(&v, "xen.tsv", ask_xen(&v));
		rows++;
	}
	assert_in_range(rows, 45, 200);
	assert_int_equal(failed, 0);
}

/* The components that Xen clears by range fall with their features. */
static void test_xen_components(void **state)
{
	struct lvl_policy p = made("intel fpu fxsr sse xsave "
				   "@d:2.eax=256 @d:2.ebx=0xc2 @d:3.ebx=0xc2");

	(void)state;
	lvl_interior(&p, NULL);
	made_assert(&p,
		    "xsave xsave-ymm-size=0 xsave-ymm-offset=0 "
		    "xsave-bndregs-offset=0",
		    "no AVX, no MPX");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xapi),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pool_without_hvm),
		cmocka_unit_test(test_taa),
		cmocka_unit_test(test_xen),
		cmocka_unit_test(test_xen_components),
	};

	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}

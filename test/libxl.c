/* SPDX-License-Identifier: MIT */
/*
 * cpuid= of xl.cfg through Xen's own code, without a Xen: libxl reads the
 * string, libxc applies it, and what it tells the hypervisor is compared with
 * lvl_xl_apply().  The hypervisor is hypercalls.c.  Xen's headers are not ISO
 * C, so that these files are built as gnu11.
 */
#include "made.h"

#include <cpulevel/gen.h>
#include <cpulevel/xen.h>

#include "format/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <xenctrl.h>
#include <xenguest.h>

#include "gen-policy.h"
#include "hypercalls.h"

/* From libxl.h, which needs more of Xen than is used here. */
struct libxl__cpu_policy { /* libxl's own (libxl_internal.h of 4.17) */
	struct xc_xend_cpuid *cpuid;
	struct xc_msr *msr;
};
typedef struct libxl__cpu_policy *libxl_cpuid_policy_list;
int libxl_cpuid_parse_config(libxl_cpuid_policy_list *p, const char *s);
int libxl_cpuid_parse_config_xend(libxl_cpuid_policy_list *p, const char *s);
void libxl_cpuid_dispose(libxl_cpuid_policy_list *p);

static xc_interface *xch;
static xentoollog_logger_stdiostream *xlog;
static FILE *nowhere;

/* -- policies and arrays -------------------------------------------------- */

/* Those that Xen 4.17 has in a policy. */
static int xen_has(const struct lvl_leaf *l)
{
	if (l->leaf == 7 || l->leaf == 0xd)
		return l->subleaf <= (l->leaf == 7 ? 2u : 62u);
	return (l->leaf < 0xd && l->leaf != 0xb && l->leaf != 4) ||
	       (l->leaf >> 16 == 0x8000 && l->leaf <= 0x80000021 &&
		l->subleaf == LVL_NO_SUBLEAF);
}

/* As Xen itself has the policy: some of its leaves we do not know. */
static void to_arrays(const struct lvl_policy *p, struct arrays *a)
{
	static struct lvl_leaf leaf[LVL_NR_LEAVES];
	xc_cpu_policy_t *policy = xc_cpu_policy_init();
	size_t n = LVL_NR_LEAVES, i;

	assert_non_null(policy);
	assert_int_equal(lvl_xen_leaves_out(p, leaf, &n), 0);
	for (i = 0; i < n; i++) {
		const uint32_t *r = leaf[i].reg;
		const xen_cpuid_leaf_t x = {
			leaf[i].leaf, leaf[i].subleaf, r[0], r[1], r[2], r[3],
		};

		if (xen_has(&leaf[i]))
			assert_int_equal(
				xc_cpu_policy_update_cpuid(xch, policy, &x, 1),
				0);
	}
	memset(a, 0, sizeof(*a));
	a->nr_leaves = LVL_COUNT(a->leaf);
	a->nr_msrs = LVL_COUNT(a->msr);
	assert_int_equal(xc_cpu_policy_serialise(xch, policy, a->leaf,
						 &a->nr_leaves, a->msr,
						 &a->nr_msrs),
			 0);
	xc_cpu_policy_destroy(policy);
	for (i = 0; i < a->nr_msrs; i++)
		if (a->msr[i].idx == 0x10a)
			a->msr[i].val = p->v[lvl_word_of_msr(0x10a)];
}

/* What we know of those. */
static struct lvl_policy from_arrays(const struct arrays *a)
{
	struct lvl_policy p;
	uint32_t i;

	lvl_policy_clear(&p);
	for (i = 0; i < a->nr_leaves; i++) {
		const xen_cpuid_leaf_t *l = &a->leaf[i];
		const uint32_t reg[4] = { l->a, l->b, l->c, l->d };

		(void)lvl_policy_set_leaf(&p, l->leaf, l->subleaf, reg);
	}
	for (i = 0; i < a->nr_msrs; i++)
		(void)lvl_policy_set_msr(&p, a->msr[i].idx, a->msr[i].val);
	return p;
}

static uint32_t *reg_of(struct arrays *a, uint32_t leaf, uint32_t subleaf,
			unsigned reg)
{
	uint32_t i;

	for (i = 0; i < a->nr_leaves; i++) {
		xen_cpuid_leaf_t *l = &a->leaf[i];
		uint32_t *const r[4] = { &l->a, &l->b, &l->c, &l->d };

		if (l->leaf == leaf && l->subleaf == subleaf)
			return r[reg];
	}
	return NULL;
}

static uint64_t *msr_of(struct arrays *a, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < a->nr_msrs; i++)
		if (a->msr[i].idx == index)
			return &a->msr[i].val;
	return NULL;
}

/* What no CPU of the vendor has is not random. */
static void clear_foreign(struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		unsigned theirs = lvl_fields[i].vendors;

		if (lvl_fields[i].rule <= LVL_OR && theirs &&
		    !(theirs & LVL_VENDOR_INTEL))
			lvl_set(p, i, 0);
	}
}

/* Random features in the leaves that strings name; all that Xen asks for. */
static void draw(struct gen *g, struct lvl_policy *p)
{
	static const uint32_t leaves[][2] = {
		{ 1, 0 },          { 7, 0 },          { 7, 1 },
		{ 7, 2 },          { 0xd, 1 },        { 0x80000001, 0 },
		{ 0x80000007, 0 }, { 0x80000008, 0 }, { 0x80000021, 0 },
	};
	unsigned i, r;

	*p = made("intel fms=0x50657");
	for (i = 0; i < LVL_COUNT(leaves); i++)
		for (r = 0; r < 4; r++)
			p->v[lvl_word_of_leaf(leaves[i][0], leaves[i][1], r)] =
				(uint32_t)gen_next(g);
	made_apply(p, gen_percent(g, 50) ? "fms=0x50657" : "fms=0xa20f12");
	made_apply(p, "max-basic-leaf=13 max-extended-leaf=0x80000021 "
		      "max-subleaf-7=2 maxphysaddr=46 m10a=0 mce=0");
	p->v[lvl_msr_find(0x10a)->word] = (uint32_t)gen_next(g);
	clear_foreign(p);
}

/* A machine: the host's policy, and what guests have by default. */
static void draw_machine(struct gen *g)
{
	struct lvl_policy p;

	draw(g, &p);
	to_arrays(&p, &xen.host);
	draw(g, &p);
	to_arrays(&p, &xen.dflt);
}

/* -- strings -------------------------------------------------------------- */

/* The string as xl takes it apart; 0, or libxl knows a key of it not. */
static int parse(const char *text, libxl_cpuid_policy_list *list)
{
	char s[16384], *word, *save;
	int rc = 0;

	*list = NULL;
	assert_true(strlen(text) < sizeof(s));
	strcpy(s, text);
	if (strncmp(text, "host", 4)) {
		for (word = strtok_r(s, ";", &save); word && !rc;
		     word = strtok_r(NULL, ";", &save))
			rc = libxl_cpuid_parse_config_xend(list, word);
		return rc;
	}
	strtok_r(s, ",", &save);
	while ((word = strtok_r(NULL, ",", &save)) && !rc)
		rc = libxl_cpuid_parse_config(list, word);
	return rc;
}

/* libxc makes the domain's policy from the default, then applies the list. */
static int apply(libxl_cpuid_policy_list list)
{
	xen.domain = xen.dflt;
	return xc_cpuid_apply_policy(xch, DOMID, false, NULL, 0, true, false,
				     false, list ? list->cpuid : NULL,
				     list ? list->msr : NULL);
}

struct touched {
	struct {
		uint32_t leaf, subleaf;
		unsigned reg;
	} cpuid[64];
	unsigned n;
	uint32_t msr[8];
	unsigned n_msrs;
};

/* What the list names. */
static void look(libxl_cpuid_policy_list list, struct touched *t)
{
	const struct xc_xend_cpuid *c = list->cpuid;
	const struct xc_msr *m = list->msr;
	unsigned r;

	t->n = t->n_msrs = 0;
	for (; c && c->leaf != XEN_CPUID_INPUT_UNUSED; c++)
		for (r = 0; r < 4; r++) {
			if (!c->policy[r])
				continue;
			t->cpuid[t->n].leaf = c->leaf;
			t->cpuid[t->n].subleaf = c->subleaf;
			t->cpuid[t->n++].reg = r;
		}
	for (; m && m->index != XC_MSR_INPUT_UNUSED; m++)
		t->msr[t->n_msrs++] = m->index;
	assert_true(t->n <= LVL_COUNT(t->cpuid));
}

/* Registers that are named are as we have them; forgets them in `rest`. */
static void compare(const char *text, const struct touched *t,
		    const struct lvl_policy *ours, struct arrays *rest)
{
	unsigned i;

	for (i = 0; i < t->n; i++) {
		uint32_t leaf = t->cpuid[i].leaf, sub = t->cpuid[i].subleaf;
		unsigned r = t->cpuid[i].reg;
		uint32_t *theirs = reg_of(&xen.domain, leaf, sub, r);
		unsigned w = lvl_word_of_leaf(
			leaf, sub == XEN_CPUID_NO_SUBLEAF ? 0 : sub, r);

		assert_non_null(theirs);
		assert_int_not_equal(w, LVL_NO_WORD);
		if (*theirs != ours->v[w])
			fail_msg("%s: 0x%x:0x%x reg %u: 0x%08x in Xen, 0x%08x "
				 "here",
				 text, leaf, sub, r, *theirs, ours->v[w]);
		*theirs = *reg_of(rest, leaf, sub, r);
	}
	for (i = 0; i < t->n_msrs; i++) {
		uint64_t *theirs = msr_of(&xen.domain, t->msr[i]);
		unsigned w = lvl_word_of_msr(t->msr[i]);

		assert_non_null(theirs);
		assert_int_equal((uint32_t)*theirs, ours->v[w]);
		assert_int_equal(*theirs >> 32,
				 ours->v[lvl_msr_find(t->msr[i])->high]);
		*theirs = *msr_of(rest, t->msr[i]);
	}
}

/* One string, both ways. */
static void both(const char *text)
{
	static struct touched t;
	static struct arrays base;
	libxl_cpuid_policy_list list;
	struct lvl_policy dflt = from_arrays(&xen.dflt), ours = dflt,
			  host = from_arrays(&xen.host);
	size_t at;
	int rc;

	rc = lvl_xl_apply(&ours, text, strlen(text), &dflt, &host, &at);
	if (rc)
		fail_msg("%s: %s at %zu", text, lvl_strerror(rc), at);
	if (parse(text, &list))
		fail_msg("libxl does not take %s", text);
	assert_int_equal(apply(NULL), 0);
	base = xen.domain;
	if (apply(list))
		fail_msg("libxc does not take %s", text);
	look(list, &t);
	assert_true(t.n + t.n_msrs > 0);
	compare(text, &t, &ours, &base);
	assert_memory_equal(&xen.domain, &base, sizeof(base));
	libxl_cpuid_dispose(&list);
}

/*
 * Numbers of CPUs that there are.  Of families from 128 to 142 and from 256
 * on, libxl 4.17 gets the highest bit wrong.
 */
static const struct {
	const char *key;
	unsigned least, count;
} numbers[] = {
	{ "maxleaf", 13, 1 },  { "family", 0, 128 },  { "model", 0, 256 },
	{ "stepping", 0, 16 }, { "brandid", 0, 256 }, { "clflush", 0, 256 },
};

/* A key that this libxl knows, or a number. */
static size_t draw_key(struct gen *g, char *s, size_t size)
{
	libxl_cpuid_policy_list list = NULL;
	const char *key;
	char one[80];
	int rc;

	if (gen_percent(g, 10)) {
		unsigned n = gen_below(g, LVL_COUNT(numbers));

		return (size_t)snprintf(s, size, ",%s=%u", numbers[n].key,
					numbers[n].least +
						gen_below(g, numbers[n].count));
	}
	do {
		key = lvl_names[gen_below(g, lvl_nr_names)].of[LVL_TOOL_LIBXL];
		snprintf(one, sizeof(one), "%s=%c", key ? key : "none",
			 "01xks"[gen_below(g, 5)]);
		rc = !key || libxl_cpuid_parse_config(&list, one);
		libxl_cpuid_dispose(&list);
	} while (rc);
	return (size_t)snprintf(s, size, ",%s", one);
}

static void test_keys(void **state)
{
	char text[1024];
	unsigned round, i, n;
	struct gen g;
	size_t len;

	(void)state;
	gen_seed(&g, 11);
	for (round = 0; round < 400; round++) {
		draw_machine(&g);
		len = (size_t)sprintf(text, "host");
		n = 1 + gen_below(&g, 12);
		for (i = 0; i < n; i++)
			len += draw_key(&g, text + len, sizeof(text) - len);
		both(text);
	}
}

/* Registers bit by bit; each leaf once. */
static void test_registers(void **state)
{
	static const char *const leaves[] = {
		"1",    "0x1",        "7,0",        "0x7,0x1",
		"13,1", "0x80000001", "0x80000007", "0x80000008",
	};
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	char text[1024];
	unsigned round, l, r, b, count;
	struct gen g;
	size_t len;

	(void)state;
	gen_seed(&g, 12);
	for (round = 0; round < 400; round++) {
		draw_machine(&g);
		len = 0;
		count = 1 + gen_below(&g, 3);
		for (l = 1 + gen_below(&g, 5); count--; l++) {
			len += (size_t)sprintf(
				text + len, "%s%s:", len ? ";" : "", leaves[l]);
			for (r = gen_below(&g, 4); r < 4; r++) {
				len += (size_t)sprintf(text + len,
						       "%s=", regs[r]);
				for (b = 0; b < 32; b++)
					text[len++] = "01xks"[gen_below(&g, 5)];
				text[len++] = ',';
			}
			text[--len] = '\0';
		}
		both(text);
	}
}

/* -- what gen writes ------------------------------------------------------ */

static void write_text(const char *writer, const struct lvl_policy *p,
		       struct lvl_policy *given, char *text, size_t size)
{
	FILE *f = tmpfile();
	size_t n;

	assert_non_null(f);
	assert_int_equal(lvl_gen_write(lvl_writer_find(writer), p, NULL, f,
				       NULL, NULL, given),
			 0);
	rewind(f);
	n = fread(text, 1, size - 1, f);
	assert_true(n < size - 1);
	text[n] = '\0';
	fclose(f);
}

/* xl.cfg's string or list of strings as one text for parse(). */
static void unquote(char *text)
{
	char *to = text, *s;
	unsigned strings = 0;

	for (s = strchr(text, '"'); s; s = strchr(s + 1, '"')) {
		if (strings++)
			*to++ = ';';
		while (*++s != '"')
			*to++ = *s;
	}
	*to = '\0';
}

/* Without the keys that this libxl has not; their bits are not given. */
static unsigned drop_unknown(char *text, struct lvl_policy *given)
{
	libxl_cpuid_policy_list list = NULL;
	unsigned field, dropped = 0;
	char *to, *word, *save;
	static char all[16384];

	strcpy(all, text);
	to = text + strlen(strtok_r(all, ",", &save));
	while ((word = strtok_r(NULL, ",", &save))) {
		if (!libxl_cpuid_parse_config(&list, word)) {
			to += sprintf(to, ",%s", word);
			continue;
		}
		assert_int_equal(lvl_field_find(word, strcspn(word, "="),
						LVL_WHO_LIBXL, &field),
				 0);
		lvl_forget(given, field);
		dropped++;
	}
	*to = '\0';
	libxl_cpuid_dispose(&list);
	return dropped;
}

/* A domain built from the text has what the writer says that it gives. */
static void build(const char *writer, const struct lvl_policy *p)
{
	static char text[16384];
	libxl_cpuid_policy_list list;
	struct lvl_policy given, is;
	unsigned w;

	write_text(writer, p, &given, text, sizeof(text));
	unquote(text);
	if (!strncmp(text, "host", 4))
		assert_in_range(drop_unknown(text, &given), 0, 120);
	assert_int_equal(parse(text, &list), 0);
	if (apply(list))
		fail_msg("no domain from %s", text);
	is = from_arrays(&xen.domain);
	for (w = 0; w < LVL_NR_WORDS; w++)
		if ((is.v[w] ^ given.v[w]) & is.k[w] & given.k[w])
			fail_msg("0x%x reg %u is 0x%08x, not 0x%08x: %s",
				 lvl_words[w].id, lvl_words[w].place, is.v[w],
				 given.v[w], text);
	libxl_cpuid_dispose(&list);
}

/* No more leaves than these: what old machines have. */
static void shrink(struct lvl_policy *p)
{
	static const struct {
		uint32_t leaf, subleaf;
	} beyond[] = { { 7, 1 }, { 7, 2 }, { 0x80000021, 0 } };
	unsigned i, r;

	for (i = 0; i < LVL_COUNT(beyond); i++)
		for (r = 0; r < 4; r++)
			p->v[lvl_word_of_leaf(beyond[i].leaf, beyond[i].subleaf,
					      r)] = 0;
	made_apply(p, "max-subleaf-7=0 max-extended-leaf=0x80000008");
}

/* Policies and machines of all the leaves, or of few. */
static void test_gen(void **state)
{
	struct lvl_policy p, small;
	unsigned round;
	struct gen g;

	(void)state;
	gen_seed(&g, 13);
	for (round = 0; round < 200; round++) {
		draw_machine(&g);
		draw(&g, &p);
		small = p;
		shrink(&small);
		lvl_policy_normalise(&p, NULL);
		lvl_policy_normalise(&small, NULL);
		build("xl", &p);
		build("xl-xend", &p);
		build("xl", &small);
		build("xl-xend", &small);
		draw(&g, &p);
		shrink(&p);
		to_arrays(&p, &xen.host);
		to_arrays(&p, &xen.dflt);
		build("xl", &small);
		build("xl-xend", &small);
	}
}

/* The reason for is_beyond() of the writer. */
static void test_missing_leaf(void **state)
{
	libxl_cpuid_policy_list list;
	struct lvl_policy p;
	struct gen g;

	(void)state;
	gen_seed(&g, 14);
	draw(&g, &p);
	shrink(&p);
	to_arrays(&p, &xen.host);
	to_arrays(&p, &xen.dflt);
	assert_int_equal(parse("host,avx-vnni=0", &list), 0);
	assert_int_not_equal(apply(list), 0);
	libxl_cpuid_dispose(&list);
}

static int setup(void **state)
{
	xentoollog_logger *log;

	(void)state;
	nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		return -1;
	xlog = xtl_createlogger_stdiostream(nowhere, XTL_CRITICAL, 0);
	log = (xentoollog_logger *)xlog;
	xch = xc_interface_open(log, log, XC_OPENFLAG_DUMMY);
	return xch ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	xc_interface_close(xch);
	xtl_logger_destroy((xentoollog_logger *)xlog);
	fclose(nowhere);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_gen),
		cmocka_unit_test(test_missing_leaf),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

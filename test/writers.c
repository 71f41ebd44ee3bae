/* SPDX-License-Identifier: MIT */
/*
 * Writers of configuration: what they write is read back as what they say a
 * guest would get, and what is not said is reported.
 */
#include "corpus.h"
#include "made.h"

#include <cpulevel/gen.h>
#include <cpulevel/import.h>
#include <cpulevel/xen.h>

#include "format/names.h"

#include <stdlib.h>

/* -- writing and reading -------------------------------------------------- */

struct written {
	int rc;
	char *text;
	size_t len;
	struct lvl_policy given;
	unsigned nr_losses;
	struct lvl_loss loss[LVL_NR_FIELDS];
};

static void keep(void *arg, const struct lvl_loss *loss)
{
	struct written *w = arg;

	assert_true(w->nr_losses < LVL_NR_FIELDS);
	assert_non_null(loss->reason);
	if (w->nr_losses)
		assert_true(loss->lost >= w->loss[w->nr_losses - 1].lost);
	w->loss[w->nr_losses++] = *loss;
}

static void generate(struct written *w, const char *name,
		     const struct lvl_policy *p,
		     const struct lvl_gen_options *options)
{
	const struct lvl_writer *writer = lvl_writer_find(name);
	FILE *out;

	memset(w, 0, sizeof(*w));
	assert_non_null(writer);
	out = open_memstream(&w->text, &w->len);
	assert_non_null(out);
	w->rc = lvl_gen_write(writer, p, options, out, keep, w, &w->given);
	fclose(out);
}

static const struct lvl_loss *lost(const struct written *w, unsigned field)
{
	unsigned i;

	for (i = 0; i < w->nr_losses; i++)
		if (w->loss[i].field == field)
			return &w->loss[i];
	return NULL;
}

static int take(void *arg, struct lvl_desc *d)
{
	*(struct lvl_desc **)arg = d;
	return 0;
}

/* The policy that a reader makes of the text. */
static struct lvl_policy read_back(const char *format, const char *text,
				   size_t len, enum lvl_kind kind)
{
	struct lvl_desc *d = NULL;
	struct lvl_policy p;
	struct lvl_ferr err;

	if (lvl_import_memory(text, len, "text", lvl_format_find(format), take,
			      &d, NULL, &err))
		fail_msg("%s\n%.4000s", err.text, text);
	assert_non_null(d);
	assert_non_null(d->policy[kind]);
	p = *d->policy[kind];
	lvl_desc_free(d);
	return p;
}

/* A command becomes the reply that the reader knows. */
static struct lvl_policy read_qmp(const struct written *w)
{
	const char *model = strstr(w->text, "\"model\"");
	struct lvl_policy p;
	char *reply;
	size_t n;

	assert_non_null(model);
	n = strlen(model) + 32;
	reply = malloc(n);
	assert_non_null(reply);
	snprintf(reply, n, "{\"return\": {%s", model); /* as many braces */
	p = read_back("qemu", reply, strlen(reply), LVL_KIND_HVM_DEFAULT);
	free(reply);
	return p;
}

static struct lvl_policy read_libvirt(const struct written *w)
{
	return read_back("libvirt-cpu", w->text, w->len, LVL_KIND_HVM_DEFAULT);
}

static struct lvl_policy read_libvirt_host(const struct written *w)
{
	return read_back("libvirt-cpu", w->text, w->len, LVL_KIND_HOST);
}

/* -- Xen's forms ---------------------------------------------------------- */

/* Between two characters of the text, each `from` of them a `to`. */
static struct lvl_policy read_xl_text(const struct written *w, char *from,
				      const char *to, const char *drop)
{
	struct lvl_policy p, none;
	size_t at = 0, n = 0, i;
	int rc;

	for (i = 0; from[i]; i++) {
		if (strchr(drop, from[i]))
			continue;
		from[n++] = to && from[i] == to[0] ? to[1] : from[i];
	}
	lvl_policy_clear(&p);
	lvl_policy_clear(&none);
	rc = lvl_xl_apply(&p, from, n, &none, &none, &at);
	if (rc)
		fail_msg("%s at %.40s", lvl_strerror(rc), from + at);
	(void)w;
	return p;
}

static struct lvl_policy read_xl(const struct written *w)
{
	assert_memory_equal(w->text, "cpuid=\"host,", 12);
	return read_xl_text(w, w->text + 6, NULL, "\"\n");
}

/* Entries of the list are what lvl_xl_apply() reads line by line. */
static struct lvl_policy read_xend(const struct written *w)
{
	char *c;

	assert_memory_equal(w->text, "cpuid=[\n", 8);
	while ((c = strstr(w->text, "\",\n")))
		memcpy(c, " ; ", 3);
	return read_xl_text(w, w->text + 7, NULL, " \"\n]");
}

static struct lvl_policy read_featureset(const struct written *w)
{
	struct lvl_policy p;

	lvl_policy_clear(&p);
	assert_int_equal(lvl_featureset_parse(&p, w->text, w->len - 1), 0);
	return p;
}

static uint32_t get32(const struct written *w, size_t at)
{
	const unsigned char *b = (const void *)(w->text + at);

	assert_true(at + 4 <= w->len);
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static size_t get_leaf(const struct written *w, size_t at, struct lvl_leaf *l)
{
	unsigned r;

	l->leaf = get32(w, at);
	l->subleaf = get32(w, at + 4);
	for (r = 0; r < 4; r++)
		l->reg[r] = get32(w, at + 8 + 4 * r);
	return at + 24;
}

/* Two records, each with its length, and nothing behind them. */
static struct lvl_policy read_stream(const struct written *w)
{
	struct lvl_leaf leaf[120];
	struct lvl_msr msr[2];
	struct lvl_policy p;
	size_t n, at = 8, i;

	lvl_policy_clear(&p);
	assert_int_equal(get32(w, 0), 0x11);
	n = get32(w, 4) / sizeof(*leaf);
	assert_true(n && n <= LVL_COUNT(leaf));
	for (i = 0; i < n; i++)
		at = get_leaf(w, at, &leaf[i]);
	assert_int_equal(lvl_xen_leaves_in(&p, leaf, n, NULL), 0);
	if (at == w->len)
		return p;
	assert_int_equal(get32(w, at), 0x12);
	n = get32(w, at + 4) / sizeof(*msr);
	assert_true(n && n <= LVL_COUNT(msr));
	at += 8;
	for (i = 0; i < n; i++, at += 16) {
		msr[i].index = get32(w, at);
		msr[i].flags = get32(w, at + 4);
		msr[i].value = get32(w, at + 8) | (uint64_t)get32(w, at + 12)
							  << 32;
	}
	assert_int_equal(at, w->len);
	assert_int_equal(lvl_xen_msrs_in(&p, msr, n, NULL), 0);
	return p;
}

static struct lvl_policy read_libxc(const struct written *w)
{
	struct lvl_policy p;
	char *line, *rest = w->text;

	lvl_policy_clear(&p);
	while ((line = strtok_r(rest, "\n", &rest))) {
		unsigned long long v;
		struct lvl_leaf l;
		struct lvl_msr m;

		if (sscanf(line, " { %x, %x, %x, %x, %x, %x }", &l.leaf,
			   &l.subleaf, &l.reg[0], &l.reg[1], &l.reg[2],
			   &l.reg[3]) == 6) {
			assert_int_equal(lvl_xen_leaves_in(&p, &l, 1, NULL), 0);
		} else if (sscanf(line, " { %x, %u, %llx }", &m.index, &m.flags,
				  &v) == 3) {
			m.value = v;
			assert_int_equal(lvl_xen_msrs_in(&p, &m, 1, NULL), 0);
		}
	}
	return p;
}

/* -- KVM's and Firecracker's ---------------------------------------------- */

static struct lvl_policy read_cpuid2(const struct written *w)
{
	struct lvl_policy p;
	size_t n = get32(w, 0), i;

	lvl_policy_clear(&p);
	assert_int_equal(get32(w, 4), 0);
	assert_true(n <= 256);
	assert_int_equal(w->len, 8 + 40 * n);
	for (i = 0; i < n; i++) {
		size_t at = 8 + 40 * i;
		uint32_t flags = get32(w, at + 8), reg[4];
		unsigned r;

		assert_true(flags <= 1);
		for (r = 0; r < 4; r++)
			reg[r] = get32(w, at + 12 + 4 * r);
		for (r = 0; r < 3; r++)
			assert_int_equal(get32(w, at + 28 + 4 * r), 0);
		assert_int_equal(flags, lvl_leaf_has_subleaves(get32(w, at)));
		assert_int_equal(lvl_policy_set_leaf(&p, get32(w, at),
						     flags ? get32(w, at + 4)
							   : LVL_NO_SUBLEAF,
						     reg),
				 0);
	}
	return p;
}

static struct lvl_policy read_firecracker(const struct written *w)
{
	return read_back("firecracker", w->text, w->len, LVL_KIND_HVM_DEFAULT);
}

/* How much of what is given a reader can have. */
enum has {
	HAS_BITS, /* bits; the reader computes numbers that are 0 */
	HAS_ON,   /* names of the tool that are on */
	HAS_OFF,  /* and those that are off */
	HAS_ALL   /* every bit that the text decides */
};

static const struct trip {
	const char *writer;
	struct lvl_policy (*read)(const struct written *w);
	enum lvl_tool tool;
	enum has has;
} trips[] = {
	{ "qemu-qmp", read_qmp, LVL_TOOL_QEMU, HAS_OFF },
	{ "libvirt", read_libvirt, LVL_TOOL_LIBVIRT, HAS_ON },
	{ "libvirt-host", read_libvirt_host, LVL_TOOL_LIBVIRT, HAS_ON },
	{ "xl", read_xl, LVL_TOOL_LIBXL, HAS_ON },
	{ "xl-xend", read_xend, LVL_NR_TOOLS, HAS_ALL },
	{ "xen-featureset", read_featureset, LVL_NR_TOOLS, HAS_ALL },
	{ "xapi", read_featureset, LVL_NR_TOOLS, HAS_ALL },
	{ "libxc", read_libxc, LVL_NR_TOOLS, HAS_ALL },
	{ "xen-stream", read_stream, LVL_NR_TOOLS, HAS_ALL },
	{ "kvm-cpuid2", read_cpuid2, LVL_NR_TOOLS, HAS_ALL },
	{ "firecracker", read_firecracker, LVL_NR_TOOLS, HAS_BITS },
};

/*
 * Without VMX its properties are dropped; a reader that is not told of VMX
 * has them from the model.
 */
static int is_dropped(const struct written *w, unsigned word)
{
	return lvl_words[word].place >= LVL_PLACE_MSR_LO &&
	       lvl_words[word].id - 0x480u < 0x14 &&
	       !lvl_has(&w->given, LVL_F_VMX);
}

/*
 * Where both know a bit it is the same, and what the tool names comes back.
 * Some of it as unknown: the feature of a value that the form cannot say,
 * what needs such a feature, and one bit of two (RSBA, RRSBA) where the form
 * has but one.
 */
static unsigned compare(const struct trip *t, const struct written *w,
			const struct lvl_policy *r, const char *what)
{
	unsigned i, n = 0, unknown = 0;

	for (i = 0; i < LVL_NR_WORDS; i++) {
		uint32_t computed = lvl_masks[LVL_MASK_DERIVED][i] |
				    lvl_masks[LVL_MASK_NUMBER][i];

		if (((r->v[i] ^ w->given.v[i]) & r->k[i] & w->given.k[i] &
		     ~(t->has == HAS_BITS ? computed : 0)) &&
		    !is_dropped(w, i))
			fail_msg("%s: %s: word %u: read 0x%x of 0x%x, given "
				 "0x%x of 0x%x\n%.6000s",
				 t->writer, what, i, r->v[i], r->k[i],
				 w->given.v[i], w->given.k[i], w->text);
		if (t->has == HAS_ALL && w->given.v[i] & ~r->k[i])
			fail_msg("%s: %s: word %u is lost", t->writer, what, i);
		n += t->tool == LVL_NR_TOOLS && r->k[i];
	}
	for (i = 0; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;
		int on = lvl_has(&w->given, field);

		if (t->tool == LVL_NR_TOOLS || !lvl_names[i].of[t->tool] ||
		    !lvl_known(&w->given, field) || (!on && t->has == HAS_ON) ||
		    lvl_fields[field].klass == LVL_NESTED)
			continue;
		if (lvl_known(r, field) && lvl_has(r, field) != on)
			fail_msg("%s: %s: %s differs\n%.6000s", t->writer, what,
				 lvl_field_name(field), w->text);
		unknown += !lvl_known(r, field);
		n++;
	}
	assert_true(unknown <= 4 + n / 20);
	return n;
}

/* How many names came back. */
static unsigned trip(const struct lvl_policy *p, const char *what)
{
	unsigned i, n = 0;

	for (i = 0; i < LVL_COUNT(trips); i++) {
		struct lvl_policy r;
		struct written w;

		generate(&w, trips[i].writer, p, NULL);
		if ((w.rc != -LVL_E_UNSUPPORTED ||
		     strcmp(trips[i].writer, "libvirt-host")) &&
		    (w.rc != -LVL_E_EMPTY || trips[i].tool != LVL_NR_TOOLS)) {
			assert_int_equal(w.rc, 0);
			r = trips[i].read(&w);
			n += compare(&trips[i], &w, &r, what);
		}
		free(w.text);
	}
	return n;
}

static void of_hosts(void **state)
{
	unsigned i, n = 0;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i++) {
		struct lvl_policy p = corpus.host[i].host;

		lvl_policy_normalise(&p, NULL);
		n += trip(&p, corpus.host[i].file);
	}
	assert_true(n > 100 * corpus.n);
}

static void of_levels(void **state)
{
	unsigned i, k, n = 0, names = 0;

	(void)state;
	need_corpus();
	for (i = 0; i < corpus.n; i += 3) {
		for (k = i + 1; k < corpus.n; k += 7) {
			struct lvl_policy m[2] = { corpus.host[i].host,
						   corpus.host[k].host };
			struct lvl_policy level;

			if (level_of(m, 2, &level, NULL))
				continue;
			n++;
			names += trip(&level, corpus.host[i].file);
		}
	}
	assert_true(n > 20);
	assert_true(names > 100 * n);
}

/* -- names ---------------------------------------------------------------- */

/* What is written is what the tool reads: its meaning, not another's. */
static void names_are_theirs(void **state)
{
	static const unsigned who[LVL_NR_TOOLS] = {
		LVL_WHO_QEMU | LVL_WHO_OWN,
		LVL_WHO_LIBVIRT | LVL_WHO_OWN,
		LVL_WHO_LIBXL | LVL_WHO_XEN | LVL_WHO_OWN,
		LVL_WHO_LINUX | LVL_WHO_OWN,
	};
	unsigned i, t;

	(void)state;
	for (i = 0; i < lvl_nr_names; i++) {
		for (t = 0; t < LVL_NR_TOOLS; t++) {
			const char *name = lvl_names[i].of[t];
			unsigned field, k;

			if (!name || strspn(name, "0123456789") == strlen(name))
				continue;
			if (lvl_field_find(name, strlen(name), who[t], &field))
				fail_msg("%s is no name", name);
			/* a name of two fields is one of them */
			for (k = 0; k < lvl_nr_names; k++)
				if (lvl_names[k].of[t] &&
				    !strcmp(lvl_names[k].of[t], name) &&
				    lvl_names[k].field == field)
					break;
			if (k == lvl_nr_names)
				fail_msg("%s is %s, not %s", name,
					 lvl_field_name(field),
					 lvl_field_name(lvl_names[i].field));
		}
	}
}

/* -- what is lost --------------------------------------------------------- */

#define SKYLAKE                                                                \
	"intel fms=0x50654 max-basic-leaf=13 "                                 \
	"max-extended-leaf=0x80000008 maxphysaddr=46 lm nx syscall "           \
	"fpu vme de pse tsc msr pae cx8 apic sep cmov fxsr mmx sse sse2 sse3 " \
	"ssse3"

/* A word that begins so; VAES is another feature. */
static const char *word(const char *text, const char *begin)
{
	const char *at = text;

	while ((at = strstr(at, begin)) && at > text && at[-1] == 'v')
		at++;
	return at;
}

static void unknown_is_not_written(void **state)
{
	static const char *const all[] = {
		"qemu",    "libvirt",  "libvirt-host",  "xl",
		"proxmox", "kubevirt", "linux-cmdline", "crosvm",
	};
	struct lvl_policy p = made(SKYLAKE " ?aesni");
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(all); i++) {
		struct written w;

		generate(&w, all[i], &p, NULL);
		assert_int_equal(w.rc, 0);
		assert_null(word(w.text, "aes"));
		assert_non_null(lost(&w, LVL_F_AESNI));
		assert_int_equal(lost(&w, LVL_F_AESNI)->lost, LVL_LOST_UNKNOWN);
		free(w.text);
	}
}

/* A model that is asked for may have what nobody knows: that is told. */
static void a_model_decides(void **state)
{
	const struct lvl_gen_options options = { .model = "Haswell-v1" };
	struct lvl_policy p = made(SKYLAKE " ?aesni");
	struct written w;

	(void)state;
	generate(&w, "qemu", &p, &options);
	assert_int_equal(w.rc, 0);
	assert_null(strstr(w.text, "aes"));
	assert_int_equal(w.loss[0].field, LVL_F_AESNI);
	assert_int_equal(w.loss[0].lost, LVL_LOST_DECIDED);
	assert_non_null(strstr(w.text, "-avx2"));
	free(w.text);
}

static void nameless_is_told(void **state)
{
	struct lvl_policy p = made("amd fms=0x00a20f11 max-basic-leaf=13 "
				   "max-extended-leaf=0x80000021 fpu tsc msr "
				   "cmov lm nx sse sse2 btc-no");
	struct written w;

	(void)state;
	generate(&w, "qemu", &p, NULL);
	assert_int_equal(w.rc, 0);
	assert_int_equal(w.loss[0].lost, LVL_LOST_DIFFERS);
	assert_int_equal(w.loss[0].field, LVL_F_BTC_NO);
	assert_int_equal(w.loss[0].want, 1);
	assert_int_equal(w.loss[0].given, 0);
	assert_int_equal(w.loss[0].severity, LVL_SECURITY);
	free(w.text);
}

static void models_by_name(void **state)
{
	struct lvl_gen_options options = { .model = "Pentium-XII" };
	struct lvl_policy p = made(SKYLAKE);
	struct written w;

	(void)state;
	generate(&w, "qemu", &p, &options);
	assert_int_equal(w.rc, -LVL_E_UNKNOWN_NAME);
	free(w.text);
	options.model = "base";
	generate(&w, "qemu", &p, &options);
	assert_int_equal(w.rc, 0);
	assert_non_null(strstr(w.text, "'base,"));
	assert_non_null(strstr(w.text, ",+sse2"));
	assert_non_null(strstr(w.text, ",enforce'"));
	free(w.text);
	options.model = "Haswell"; /* has more than the policy */
	generate(&w, "libvirt-host", &p, &options);
	assert_int_equal(w.rc, -LVL_E_UNSUPPORTED);
	free(w.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_hosts),
		cmocka_unit_test(of_levels),
		cmocka_unit_test(names_are_theirs),
		cmocka_unit_test(unknown_is_not_written),
		cmocka_unit_test(a_model_decides),
		cmocka_unit_test(nameless_is_told),
		cmocka_unit_test(models_by_name),
	};

	return cmocka_run_group_tests(tests, load_corpus, unload_corpus);
}

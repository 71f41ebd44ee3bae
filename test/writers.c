/* SPDX-License-Identifier: MIT */
/*
 * Writers of configuration: what they write is read back as what they say a
 * guest would get, and what is not said is reported.
 */
#include "gen-policy.h"
#include "made.h"

#include <cpulevel/gen.h>
#include <cpulevel/import.h>

#include "format/names.h"

#include <stdlib.h>

static struct gen_corpus corpus;
static const char *no_corpus; /* why there is none */

static int load(void **state)
{
	int absent = 0;

	(void)state;
	no_corpus = gen_corpus_load(&corpus, &absent);
	return no_corpus && !absent;
}

static int unload(void **state)
{
	(void)state;
	gen_corpus_free(&corpus);
	return 0;
}

static void need_corpus(void)
{
	if (!no_corpus)
		return;
	print_message("skipped: no corpus: %s\n", no_corpus);
	skip();
}

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

static const struct trip {
	const char *writer;
	enum lvl_tool tool;
	struct lvl_policy (*read)(const struct written *w);
	int reads_off; /* what is off is read, too */
} trips[] = {
	{ "qemu-qmp", LVL_TOOL_QEMU, read_qmp, 1 },
	{ "libvirt", LVL_TOOL_LIBVIRT, read_libvirt, 0 },
	{ "libvirt-host", LVL_TOOL_LIBVIRT, read_libvirt_host, 0 },
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

	for (i = 0; i < LVL_NR_WORDS; i++)
		if ((r->v[i] ^ w->given.v[i]) & r->k[i] & w->given.k[i] &&
		    !is_dropped(w, i))
			fail_msg("%s: %s: word %u: read 0x%x of 0x%x, given "
				 "0x%x of 0x%x\n%.6000s",
				 t->writer, what, i, r->v[i], r->k[i],
				 w->given.v[i], w->given.k[i], w->text);
	for (i = 0; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;
		int on = lvl_has(&w->given, field);

		if (!lvl_names[i].of[t->tool] || !lvl_known(&w->given, field) ||
		    (!on && !t->reads_off) ||
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
		if (w.rc != -LVL_E_UNSUPPORTED ||
		    strcmp(trips[i].writer, "libvirt-host")) {
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

static void unknown_is_not_written(void **state)
{
	static const char *const all[] = { "qemu", "libvirt", "libvirt-host" };
	struct lvl_policy p = made(SKYLAKE " ?aesni");
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(all); i++) {
		struct written w;

		generate(&w, all[i], &p, NULL);
		assert_int_equal(w.rc, 0);
		assert_null(strstr(w.text, "aes"));
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

	return cmocka_run_group_tests(tests, load, unload);
}

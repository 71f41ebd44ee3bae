/* SPDX-License-Identifier: MIT */
/*
 * The readers of XML and JSON: what they make of good text, of real dumps
 * where the collection is at hand, and of damaged text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpulevel/import.h>

#include "format/models.h"
#include "import-result.h"
#include "import-xml-json.h"

/* -- good text ------------------------------------------------------------ */

static void test_cpudata(void **state)
{
	struct result r = good("libvirt-cpudata", cpudata, 1);
	const struct lvl_extra *x = &r.d[0]->extra[LVL_KIND_RAW];

	(void)state;
	assert_string_equal(r.d[0]->name, "A fine CPU");
	CHECK(policy(&r, 0, LVL_KIND_RAW), { LVL_F_AVX2, 1 },
	      { LVL_F_BASE_MODEL, 0xf }, { LVL_F_EXT_MODEL, 3 },
	      { LVL_F_RDCL_NO, 1 }, { LVL_F_SMAP, 0 }, { LVL_F_LM, UNKNOWN });
	assert_non_null(r.d[0]->policy[LVL_KIND_HOST]);
	assert_int_equal(x->nr_leaves, 1);
	assert_int_equal(x->leaf[0].leaf, 0x20000000);
	assert_int_equal(x->leaf[0].reg[3], 4);
	drop(&r);
}

static void test_host_cpu(void **state)
{
	struct result r = good("libvirt-cpu", host_cpu, 1);

	(void)state;
	CHECK(policy(&r, 0, LVL_KIND_HOST), { LVL_F_FMA, 1 }, { LVL_F_AVX2, 0 },
	      { LVL_F_AVX, 1 }, { LVL_F_SMAP, UNKNOWN },
	      { LVL_F_MAXPHYSADDR, 39 }, { LVL_F_BASE_FAMILY, 6 },
	      { LVL_F_BASE_MODEL, 12 }, { LVL_F_EXT_MODEL, 3 },
	      { LVL_F_STEPPING, 3 }, { LVL_F_VENDOR_0, 0x756e6547 },
	      { LVL_F_TSC_KHZ_MIN, 2399400 }, { LVL_F_TSC_KHZ_MAX, 2400600 });
	assert_fact(r.d[0], "model", "Haswell");
	assert_fact(r.d[0], "microcode", "0x3d");
	assert_fact(r.d[0], "tsc-frequency", "2400000000 Hz, scaling no");
	drop(&r);
}

static void test_guest_cpus(void **state)
{
	static const char text[] =
		"<cpu mode='custom' match='exact' check='full'>\n"
		"<model fallback='forbid'>Cascadelake-Server</model>\n"
		"<vendor>Intel</vendor>\n"
		"<maxphysaddr mode='passthrough' limit='46'/>\n"
		"<feature policy='require' name='vmx'/>\n"
		"<feature policy='require' name='vmx-hlt-exit'/>\n"
		"<feature policy='optional' name='aes'/>\n"
		"<feature policy='forbid' name='clwb'/></cpu>\n"
		"<!-- another -->\xef\xbb\xbf"
		"<?xml version='1.0' encoding='utf-8'?>\n"
		"<domain><name>vm1</name>"
		"<cpu mode='custom'><model>Haswell</model></cpu>"
		"<numa><cpu id='0'/></numa></domain>\n"
		"<domainCapabilities><cpu>"
		"<mode name='host-model' supported='yes'><model>EPYC</model>"
		"<vendor>AMD</vendor>"
		"<maxphysaddr mode='passthrough' limit='48'/></mode>"
		"<mode name='custom'><model>Penryn</model></mode>"
		"</cpu></domainCapabilities>\n";
	struct result r = good("libvirt-cpu", text, 3);

	(void)state;
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_AVX512F, 1 },
	      { LVL_F_AESNI, UNKNOWN }, { LVL_F_CLWB, 0 },
	      { LVL_F_MPX, UNKNOWN }, { LVL_F_VMX_EPT_2MB, 1 },
	      { LVL_F_MAXPHYSADDR, UNKNOWN });
	assert_string_equal(r.d[1]->name, "vm1");
	CHECK(policy(&r, 1, LVL_KIND_HVM_DEFAULT), { LVL_F_BMI2, 1 },
	      { LVL_F_VMX_EPT_2MB, UNKNOWN }, { LVL_F_VENDOR_0, UNKNOWN });
	CHECK(policy(&r, 2, LVL_KIND_HVM_DEFAULT), { LVL_F_SHA, 1 },
	      { LVL_F_MONITOR, UNKNOWN }, { LVL_F_MAXPHYSADDR, 48 },
	      { LVL_F_VENDOR_0, 0x68747541 });
	drop(&r);
}

static void test_rjcp(void **state)
{
	struct result r = good("rjcp", rjcp, 1);

	(void)state;
	assert_int_equal(r.d[0]->nr_cpus, 2);
	assert_true(r.d[0]->hints & LVL_HINT_CORES_DIFFER);
	CHECK(policy(&r, 0, LVL_KIND_RAW), { LVL_F_SSE3, 0 },
	      { LVL_F_PCLMULQDQ, 1 }, { LVL_F_EXT_FAMILY, 6 });
	drop(&r);
}

static void test_firecracker(void **state)
{
	static const char bare[] =
		"{\"cpuid_modifiers\": [{\"leaf\": \"0x1\", \"subleaf\": "
		"\"0x0\", \"modifiers\": [{\"register\": \"edx\", "
		"\"bitmap\": \"0bxxx1\"}]}]}";
	struct result r = good("firecracker", fingerprint, 1);

	(void)state;
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_BMI1, 1 },
	      { LVL_F_FSGSBASE, 0 }, { LVL_F_AVX2, UNKNOWN }, { LVL_F_ADX, 1 },
	      { LVL_F_CLWB, UNKNOWN }, { LVL_F_MAXPHYSADDR, 46 });
	assert_fact(r.d[0], "kernel", "6.1");
	assert_fact(r.d[0], "bios", "1.0");
	assert_fact(r.d[0], "kvm-capability", "!56");
	assert_fact(r.d[0], "unknown-msr", "0x4b564d00 0x0/0x2");
	drop(&r);
	r = good("firecracker", bare, 1);
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_FPU, 1 },
	      { LVL_F_VME, UNKNOWN });
	drop(&r);
}

static void test_qemu(void **state)
{
	struct result r = good("qemu", qmp, 1);

	(void)state;
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_BASE_FAMILY, 15 },
	      { LVL_F_EXT_FAMILY, 8 }, { LVL_F_BASE_MODEL, 1 },
	      { LVL_F_EXT_MODEL, 3 }, { LVL_F_3DNOWPREFETCH, 1 },
	      { LVL_F_SMAP, 0 }, { LVL_F_AVX, UNKNOWN },
	      { LVL_F_KVMCLOCK, UNKNOWN }, { LVL_F_HTT, UNKNOWN },
	      { LVL_F_MAXPHYSADDR, UNKNOWN }, { LVL_F_VENDOR_1, 0x69746e65 },
	      { LVL_F_BRAND_STRING_0, 0x20444d41 },
	      { LVL_F_BRAND_STRING_11, 0 });
	assert_fact(r.d[0], "qemu-model", "host");
	assert_fact(r.d[0], "qemu-expansion", "full");
	assert_fact(r.d[0], "qemu", "10.2.2 deb");
	assert_fact(r.d[0], "qemu-prop", "realized=false");
	drop(&r);
}

static void test_own(void **state)
{
	struct result r = good("json", own, 1);

	(void)state;
	assert_string_equal(r.d[0]->name, "h1");
	assert_fact(r.d[0], "c", "d");
	CHECK(policy(&r, 0, LVL_KIND_RAW), { LVL_F_BMI1, 1 }, { LVL_F_HLE, 0 },
	      { LVL_F_AVX2, UNKNOWN }, { LVL_F_RDCL_NO, 1 },
	      { LVL_F_MXCSR_MASK, 0x2ffff });
	drop(&r);
}

/*
 * Writing what was read and reading it again loses nothing.  A policy that is
 * not raw is completed when it is read: more may be known then, and what
 * follows from other fields is made anew.
 */
static void check_round_trip(const struct lvl_desc *d, enum lvl_kind kind)
{
	const struct lvl_policy *before = d->policy[kind], *after;
	struct result r;
	char *text;
	size_t len;
	unsigned w;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(lvl_desc_write_json(d, kind, out), 0);
	fclose(out);
	r = good("json", text, 1);
	after = policy(&r, 0, kind);
	for (w = 0; w < LVL_NR_WORDS; w++)
		if (before->k[w] & ~lvl_masks[LVL_MASK_DERIVED][w] &
		    (~after->k[w] | (before->v[w] ^ after->v[w])))
			fail_msg("word %u: 0x%x of 0x%x, was 0x%x of 0x%x", w,
				 after->v[w], after->k[w], before->v[w],
				 before->k[w]);
	if (kind == LVL_KIND_RAW)
		assert_memory_equal(before, after, sizeof(*before));
	assert_int_equal(r.d[0]->nr_facts, d->nr_facts);
	assert_int_equal(r.d[0]->extra[kind].nr_leaves,
			 d->extra[kind].nr_leaves);
	free(text);
	drop(&r);
}

static void test_round_trip(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++) {
		struct result r = good(samples[i].format, samples[i].text, 1);

		for (k = 0; k < LVL_NR_KINDS; k++)
			if (r.d[0]->policy[k])
				check_round_trip(r.d[0], (enum lvl_kind)k);
		drop(&r);
	}
}

static void test_many_roots(void **state)
{
	const unsigned copies = 3000;
	size_t one = strlen(rjcp), i;
	char *text = malloc(one * copies);
	struct result r;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < copies; i++)
		memcpy(text + i * one, rjcp, one);
	r = import(text, one * copies);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.n, copies);
	drop(&r);
	text[one * copies - 5] = '<';
	r = import(text, one * copies);
	assert_int_equal(r.rc, -LVL_E_SYNTAX);
	assert_int_equal(r.n, copies - 1);
	assert_int_equal(r.err.line, copies * 11);
	drop(&r);
	free(text);
}

/* -- models --------------------------------------------------------------- */

static unsigned features_of(const char *source, const char *name)
{
	const struct lvl_model *m = lvl_model_find(source, name);
	uint32_t set[LVL_MODEL_SET];
	unsigned f, n = 0;

	assert_non_null(m);
	lvl_model_features(m, set);
	for (f = 0; f < LVL_NR_FIELDS; f++)
		n += (unsigned)lvl_model_set_has(set, f);
	return n;
}

static void test_models(void **state)
{
	const struct lvl_model *m = lvl_model_find("qemu", "Haswell-noTSX");
	unsigned i;

	(void)state;
	assert_string_equal(m->name, "Haswell-v2");
	assert_int_equal(m->level, 0xd);
	assert_int_equal(m->vendor, LVL_VENDOR_INTEL);
	assert_int_equal(lvl_model_signatures[m->first_signature].model, 60);
	assert_null(lvl_model_find("libvirt", "haswell"));
	assert_null(lvl_model_find("nobody", "Haswell"));
	assert_int_equal(features_of("libvirt", "486"), 3);
	assert_int_equal(features_of("libvirt", "Haswell"), 121);
	assert_int_equal(features_of("libvirt", "EPYC-Milan"), 85);
	assert_int_equal(features_of("qemu", "Haswell-v2"), 126);
	assert_int_equal(features_of("psabi", "x86-64"), 8);
	for (i = 0; i < lvl_nr_model_names; i++)
		assert_true(
			features_of(lvl_model_sources[lvl_model_names[i].source]
					    .name,
				    lvl_model_names[i].name) > 0);
}

static void test_bad(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LVL_COUNT(bads); i++) {
		const struct bad *b = &bads[i];
		struct result r = import(b->text, strlen(b->text));

		if (r.rc != -b->code || r.err.line != b->line ||
		    !strstr(r.err.text, b->says) || r.n != b->n)
			fail_msg("%s\n%s: %d, line %lu, %u machines: %s",
				 b->text, r.format, r.rc, r.err.line, r.n,
				 r.err.text);
		drop(&r);
	}
}

/*
 * Cut anywhere, a text is refused, with a line and a reason, and nothing of
 * it is delivered; but what only ends in less white space is still whole.
 */
static void check_cuts(const char *text)
{
	size_t whole = strlen(text), len;

	while (whole && strchr(" \n", text[whole - 1]))
		whole--;
	for (len = 0; len < whole; len++) {
		struct result r = import(text, len);

		if (r.rc >= 0 || r.n || !r.err.text[0])
			fail_msg("%s cut at %zu: %d, %u machines: %s", r.format,
				 len, r.rc, r.n, r.err.text);
		drop(&r);
	}
}

static void test_cut(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++)
		check_cuts(samples[i].text);
}

/* text with `n` times `part` where it has a '#'. */
static struct result import_repeated(const char *text, const char *part,
				     size_t n)
{
	const char *at = strchr(text, '#');
	size_t head = (size_t)(at - text), one = strlen(part), i;
	size_t len = strlen(text) - 1 + n * one;
	char *whole = malloc(len + 1);
	struct result r;

	assert_non_null(whole);
	memcpy(whole, text, head);
	for (i = 0; i < n; i++)
		memcpy(whole + head + i * one, part, one);
	strcpy(whole + head + n * one, at + 1);
	r = import(whole, len);
	free(whole);
	return r;
}

static void test_too_much(void **state)
{
	static const struct {
		const char *text, *part;
		size_t n;
		int code;
		const char *says;
	} cases[] = {
		{ "<cpu>#", "<a>", 70, LVL_E_TOO_BIG, "within each other" },
		{ "<cpu a='#'/>", "x", 5000, LVL_E_TOO_BIG, "attribute 'a'" },
		{ "<cpu a='#'/>", "x", 500000, LVL_E_TOO_BIG, "131072 bytes" },
		{ "<cpu><model>#", "x", 70000, LVL_E_TOO_BIG, "65536 bytes" },
		{ "<cpu><!--#-->", "x", 500000, LVL_E_TOO_BIG, "131072" },
		{ "<!--#--><cpu/>", "x", 3000, LVL_E_EMPTY, "<model>" },
		{ "<cpu><model>486</model></cpu><!--#-->", "x", 70000,
		  LVL_E_TOO_BIG, "comment" },
		{ "{\"return\": #", "[", 5000, LVL_E_TOO_BIG, "depth" },
		{ "{\"return\": [] }#", " ", 70 << 20, LVL_E_TOO_BIG,
		  "64 MiB" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LVL_COUNT(cases); i++) {
		struct result r = import_repeated(cases[i].text, cases[i].part,
						  cases[i].n);

		if (r.rc != -cases[i].code ||
		    !strstr(r.err.text, cases[i].says))
			fail_msg("%s: %d: %s", cases[i].text, r.rc, r.err.text);
		drop(&r);
	}
}

/* No reader of these claims the text of another. */
static void test_probes(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < LVL_COUNT(samples); i++) {
		const char *text = samples[i].text;

		if (!memcmp(text, "\xef\xbb\xbf", 3))
			text += 3;
		for (k = 0; k < LVL_COUNT(samples); k++) {
			const struct lvl_format *f =
				lvl_format_find(samples[k].format);

			assert_non_null(f);
			assert_int_equal(f->probe(text, strlen(text)) > 0,
					 i == k);
			assert_int_equal(f->probe("x", 1), 0);
			assert_int_equal(f->probe("<", 1), 0);
		}
	}
}

/* -- real dumps ----------------------------------------------------------- */

static const char *corpus(void)
{
	const char *path = getenv("CPULEVEL_CORPUS");
	const char *root = getenv("CPULEVEL_ROOT");
	static char beside[1000], manifest[1100];
	FILE *f;

	snprintf(beside, sizeof(beside), "%s/../shared/corpus",
		 root ? root : ".");
	path = path ? path : beside;
	snprintf(manifest, sizeof(manifest), "%s/MANIFEST.tsv", path);
	f = fopen(manifest, "r");
	if (!f) {
		print_message("no dumps of real CPUs: %s is not there\n",
			      manifest);
		skip();
	}
	fclose(f);
	return path;
}

static struct result read_dump(const char *file, const char *format)
{
	struct result r = { 0 };
	const struct lvl_format *used = NULL;
	char path[1600];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", corpus(), file);
	in = fopen(path, "r");
	assert_non_null(in);
	r.rc = lvl_import_file(in, path, NULL, each, &r, &used, &r.err);
	fclose(in);
	if (r.rc)
		fail_msg("%s", r.err.text);
	assert_string_equal(used->name, format);
	assert_int_equal(r.n, 1);
	return r;
}

enum { FILE_NAME, FAMILY = 6, MODEL, STEPPING, MAX_BASIC = 12, EXTRA = 17 };

static void check_identity(const struct lvl_policy *p, char *col[])
{
	if (strtoul(col[FAMILY], NULL, 16) != lvl_policy_family(p) ||
	    strtoul(col[MODEL], NULL, 16) != lvl_policy_model(p) ||
	    strtoul(col[STEPPING], NULL, 10) != lvl_policy_stepping(p))
		fail_msg("%s: %u/%u/%u", col[FILE_NAME], lvl_policy_family(p),
			 lvl_policy_model(p), lvl_policy_stepping(p));
}

/* The QEMU reply that belongs to a dump of libvirt's. */
static unsigned check_reply(char *col[])
{
	char path[300], *name = strstr(col[EXTRA], ".sig;");
	struct result r;

	if (!name)
		return 0;
	snprintf(path, sizeof(path), "libvirt/%s", name + 5);
	r = read_dump(path, "qemu");
	check_identity(policy(&r, 0, LVL_KIND_HVM_DEFAULT), col);
	drop(&r);
	return 1;
}

/* One line of the manifest: what the dump must say about itself. */
static unsigned check_dump(char *line)
{
	static const struct {
		const char *folder, *format;
		enum lvl_kind kind;
	} folders[] = {
		{ "libvirt/", "libvirt-cpudata", LVL_KIND_RAW },
		{ "RJCP/", "rjcp", LVL_KIND_RAW },
		{ "firecracker/", "firecracker", LVL_KIND_HVM_DEFAULT },
	};
	char *col[20] = { line };
	struct result r;
	unsigned i;

	for (i = 1; i < 20 && (col[i] = strchr(col[i - 1], '\t')); i++)
		*col[i]++ = '\0';
	for (i = 0; i < LVL_COUNT(folders); i++)
		if (!strncmp(line, folders[i].folder,
			     strlen(folders[i].folder)))
			break;
	if (i == LVL_COUNT(folders))
		return 0;
	assert_non_null(col[19]);
	r = read_dump(line, folders[i].format);
	if (strtoul(col[MAX_BASIC], NULL, 16)) /* or leaf 1 is no data */
		check_identity(policy(&r, 0, folders[i].kind), col);
	drop(&r);
	return 1 + check_reply(col);
}

static void test_corpus(void **state)
{
	char path[1200], line[8192];
	unsigned n = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/MANIFEST.tsv", corpus());
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += check_dump(line);
	fclose(f);
	print_message("%u files\n", n);
	assert_true(n >= 60);
}

/* Read off the files by eye. */
static void test_corpus_values(void **state)
{
	struct result r = read_dump("libvirt/x86_64-cpuid-Cooperlake.xml",
				    "libvirt-cpudata");

	(void)state;
	assert_string_equal(r.d[0]->name, "Cooperlake");
	CHECK(policy(&r, 0, LVL_KIND_RAW), { LVL_F_AVX512_BF16, 1 },
	      { LVL_F_PKU, 1 }, { LVL_F_AVX512_VNNI, 1 }, { LVL_F_GFNI, 0 },
	      { LVL_F_MAXPHYSADDR, 46 }, { LVL_F_RDCL_NO, 1 },
	      { LVL_F_TAA_NO, 1 });
	drop(&r);
	r = read_dump("libvirt/x86_64-cpuid-Cooperlake.json", "qemu");
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_AVX512_BF16, 1 },
	      { LVL_F_PROC_TRACE, 0 }, { LVL_F_ARAT, 1 }, { LVL_F_VMX_PML, 1 },
	      { LVL_F_VMX_PLE, 0 });
	drop(&r);
	r = read_dump("firecracker/fingerprint_AMD_MILAN_6.1host.json",
		      "firecracker");
	assert_fact(r.d[0], "microcode", "0xa0011de");
	CHECK(policy(&r, 0, LVL_KIND_HVM_DEFAULT), { LVL_F_VAES, 1 },
	      { LVL_F_PKU, 1 }, { LVL_F_AVX512F, 0 },
	      { LVL_F_MAXPHYSADDR, 48 });
	drop(&r);
	r = read_dump("RJCP/FakeIntel__i486dx4.xml", "rjcp");
	CHECK(policy(&r, 0, LVL_KIND_RAW), { LVL_F_FPU, 1 }, { LVL_F_TSC, 0 },
	      { LVL_F_BASE_FAMILY, 4 });
	drop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpudata),
		cmocka_unit_test(test_host_cpu),
		cmocka_unit_test(test_guest_cpus),
		cmocka_unit_test(test_rjcp),
		cmocka_unit_test(test_firecracker),
		cmocka_unit_test(test_qemu),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_many_roots),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_corpus_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Who is who: names of fields, vendors, families and models, places. */
#include "made.h"

#include <stdlib.h>

#include "core/tables.h"

/* -- names of fields ------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned who;
	const char *field; /* NULL: not a name */
} lookups[] = {
	{ "avx2", LVL_WHO_ANY, "avx2" },
	{ "AVX2", LVL_WHO_OWN, "avx2" },
	{ "Sse4_1", LVL_WHO_OWN, "sse4-1" },
	{ "sse4.1", LVL_WHO_OWN, "sse4-1" },
	{ "sse 4 1", LVL_WHO_OWN, "sse4-1" },
	{ "sse41", LVL_WHO_OWN, "sse4-1" },
	{ "-", LVL_WHO_ANY, NULL },
	{ "", LVL_WHO_ANY, NULL },
	{ "avx3", LVL_WHO_ANY, NULL },
	{ "avx2x", LVL_WHO_ANY, NULL },
	{ "avx+2", LVL_WHO_ANY, NULL },

	/* other tools' spellings, and nobody else's */
	{ "pni", LVL_WHO_QEMU, "sse3" },
	{ "pni", LVL_WHO_LINUX, "sse3" },
	{ "pni", LVL_WHO_ANY, "sse3" },
	{ "pni", LVL_WHO_OWN, NULL },
	{ "pni", LVL_WHO_XEN, NULL },
	{ "abm", LVL_WHO_QEMU, "abm" },
	{ "aes", LVL_WHO_LIBVIRT, "aesni" },
	{ "fdp-excptn-only", LVL_WHO_QEMU | LVL_WHO_LIBVIRT, "fdp-excp-only" },
	{ "zero-fcs-fds", LVL_WHO_QEMU, "no-fpu-sel" },

	/* the same name, other bits: registry-notes of aliases */
	{ "prefetchi", LVL_WHO_XEN, "prefetchi" },
	{ "prefetchi", LVL_WHO_OWN, "prefetchi" },
	{ "prefetchi", LVL_WHO_ANY, "prefetchi" },
	{ "prefetchi", LVL_WHO_QEMU, "amd-prefetchi" },
	{ "prefetchi", LVL_WHO_LIBVIRT, "amd-prefetchi" },
	{ "prefetchi", LVL_WHO_LINUX, "amd-prefetchi" },
	{ "prefetchiti", LVL_WHO_QEMU, "prefetchi" },
	{ "ssb-no", LVL_WHO_XEN, "ssb-no" },
	{ "ssb-no", LVL_WHO_ANY, "ssb-no" },
	{ "ssb-no", LVL_WHO_QEMU, "intel-ssb-no" },
	{ "ssb-no", LVL_WHO_LIBVIRT, "intel-ssb-no" },
	{ "kvmclock", LVL_WHO_OWN, "kvmclock" },
	{ "kvmclock", LVL_WHO_QEMU, "kvmclock-legacy" },
	{ "mba", LVL_WHO_OWN, "mba" },
	{ "mba", LVL_WHO_LINUX, "amd-mba" },
	{ "nodeid", LVL_WHO_LIBXL, "nodeid-msr" },
	{ "pae", LVL_WHO_ANY, "pae" },
	{ "pae", LVL_WHO_KCPUID, "e-pae" },
	{ "cpuid-user-dis", LVL_WHO_ANY, "cpuid-user-dis" },
};

static void test_lookups(void **state)
{
	unsigned i, field;
	int rc;

	(void)state;
	for (i = 0; i < LVL_COUNT(lookups); i++) {
		const char *want = lookups[i].field;

		field = 12345;
		rc = lvl_field_find(lookups[i].name, strlen(lookups[i].name),
				    lookups[i].who, &field);
		if (!want && (rc != -LVL_E_UNKNOWN_NAME || field != 12345))
			fail_msg("\"%s\" of 0x%x is known", lookups[i].name,
				 lookups[i].who);
		if (want && (rc || strcmp(lvl_field_name(field), want)))
			fail_msg("\"%s\" of 0x%x: %s", lookups[i].name,
				 lookups[i].who,
				 rc ? lvl_strerror(rc) : lvl_field_name(field));
	}
}

/* Where the bits are, so that a name cannot wander to another one. */
static void test_clashing_places(void **state)
{
	static const struct {
		unsigned field;
		uint32_t leaf, subleaf;
		unsigned reg, bit;
	} at[] = {
		{ LVL_F_PREFETCHI, 7, 1, 3, 14 },
		{ LVL_F_AMD_PREFETCHI, 0x80000021, 0, 0, 20 },
		{ LVL_F_SSB_NO, 0x80000008, 0, 1, 26 },
		{ LVL_F_MBA, 0x10, 0, 1, 3 },
		{ LVL_F_AMD_MBA, 0x80000008, 0, 1, 6 },
		{ LVL_F_CPUID_USER_DIS, 0x80000021, 0, 0, 17 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(at); i++) {
		const struct lvl_field *f = &lvl_fields[at[i].field];

		assert_int_equal(
			f->word,
			lvl_word_of_leaf(at[i].leaf, at[i].subleaf, at[i].reg));
		assert_int_equal(f->mask, 1u << at[i].bit);
	}
	assert_int_equal(lvl_fields[LVL_F_INTEL_SSB_NO].word,
			 lvl_word_of_msr(0x10a));
	assert_int_equal(lvl_fields[LVL_F_INTEL_SSB_NO].mask, 1u << 4);
}

/* The registry's own names are unique, and none is too long. */
static void test_own_names(void **state)
{
	unsigned i, field;

	(void)state;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const char *name = lvl_field_name(i);
		int rc =
			lvl_field_find(name, strlen(name), LVL_WHO_OWN, &field);

		if (rc || field != i)
			fail_msg("%s: %s", name, lvl_strerror(rc));
		rc = lvl_field_find(name, strlen(name), LVL_WHO_ANY, &field);
		if (rc || field != i)
			fail_msg("%s is not found first", name);
	}
}

/*
 * 3: the tool that is asked for, 2: the registry, whose names everybody may
 * use, 1: anybody where anybody's will do.
 */
static unsigned rank(unsigned match, unsigned who)
{
	if (who != LVL_WHO_ANY && (match & who & ~LVL_WHO_OWN))
		return 3;
	if (match & LVL_WHO_OWN)
		return 2;
	return match & who ? 1 : 0;
}

/* What the list of all aliases says a name means to some tools. */
static int expect(const char *name, unsigned who, unsigned *field)
{
	unsigned i, best = 0, fields = 0;

	for (i = 0; i < lvl_nr_aliases; i++) {
		const struct lvl_alias *a = &lvl_aliases[i];
		unsigned r = rank(a->who, who);

		if (strcmp(&lvl_alias_names[a->name], name) || r < best || !r)
			continue;
		if (r > best)
			fields = 0;
		fields += !fields || *field != a->field;
		best = r;
		*field = a->field;
	}
	return !fields      ? -LVL_E_UNKNOWN_NAME
	       : fields > 1 ? -LVL_E_AMBIGUOUS
			    : 0;
}

/* Every alias, asked by everybody, also together. */
static void test_all_aliases(void **state)
{
	static const unsigned who[] = {
		LVL_WHO_OWN,
		LVL_WHO_XEN,
		LVL_WHO_LIBXL,
		LVL_WHO_LINUX,
		LVL_WHO_QEMU,
		LVL_WHO_LIBVIRT,
		LVL_WHO_KCPUID,
		LVL_WHO_ANY,
		LVL_WHO_OWN | LVL_WHO_QEMU,
		LVL_WHO_LIBXL | LVL_WHO_XEN | LVL_WHO_OWN,
	};
	unsigned i, k;

	(void)state;
	for (i = 0; i < lvl_nr_aliases; i++) {
		const char *name = &lvl_alias_names[lvl_aliases[i].name];

		for (k = 0; k < LVL_COUNT(who); k++) {
			unsigned want = 0, got = 0;
			int rc = lvl_field_find(name, strlen(name), who[k],
						&got);

			if (rc != expect(name, who[k], &want) ||
			    (!rc && got != want))
				fail_msg("%s of 0x%x: %s", name, who[k],
					 lvl_strerror(rc));
		}
		if (i)
			assert_true(strcmp(&lvl_alias_names[lvl_aliases[i - 1]
								    .name],
					   name) <= 0);
	}
}

/* Only len bytes are the name. */
static void test_length(void **state)
{
	char longer[200];
	unsigned field = 0;

	(void)state;
	assert_int_equal(lvl_field_find("avx2=1", 4, LVL_WHO_OWN, &field), 0);
	assert_int_equal(field, LVL_F_AVX2);
	assert_int_equal(lvl_field_find("avx2", 3, LVL_WHO_OWN, &field), 0);
	assert_int_equal(field, LVL_F_AVX);
	memset(longer, 'a', sizeof(longer));
	assert_int_equal(
		lvl_field_find(longer, sizeof(longer), LVL_WHO_ANY, &field),
		-LVL_E_UNKNOWN_NAME);
	memset(longer, '-', sizeof(longer));
	memcpy(longer + 150, "avx2", 4);
	assert_int_equal(
		lvl_field_find(longer, sizeof(longer), LVL_WHO_ANY, &field), 0);
	assert_int_equal(field, LVL_F_AVX2);
}

/* -- vendors --------------------------------------------------------------- */

static void test_vendors(void **state)
{
	static const struct {
		const char *id;
		unsigned vendor;
	} ids[] = {
		{ "GenuineIntel", LVL_VENDOR_INTEL },
		{ "AuthenticAMD", LVL_VENDOR_AMD },
		{ "HygonGenuine", LVL_VENDOR_HYGON },
		{ "CentaurHauls", LVL_VENDOR_CENTAUR },
		{ "  Shanghai  ", LVL_VENDOR_ZHAOXIN },
		{ "GenuineTMx86", LVL_VENDOR_TRANSMETA },
		{ "Genuineintel", LVL_VENDOR_UNKNOWN },
		{ "GenuineIntem", LVL_VENDOR_UNKNOWN },
		{ "            ", LVL_VENDOR_UNKNOWN },
		{ "\0\0\0\0\0\0\0\0\0\0\0", LVL_VENDOR_UNKNOWN },
	};
	unsigned i, k;

	(void)state;
	for (i = 0; i < LVL_COUNT(ids); i++) {
		uint32_t w[3] = { 0, 0, 0 };

		for (k = 0; k < 12; k++)
			w[k / 4] |= (uint32_t)(unsigned char)ids[i].id[k]
				    << 8 * (k % 4);
		assert_int_equal(lvl_vendor_lookup(w[0], w[2], w[1]),
				 ids[i].vendor);
	}
}

static void test_policy_vendor(void **state)
{
	struct lvl_policy p = made("intel");
	unsigned v;

	(void)state;
	assert_int_equal(lvl_policy_vendor(&p), LVL_VENDOR_INTEL);
	p = made("zhaoxin");
	assert_int_equal(lvl_policy_vendor(&p), LVL_VENDOR_ZHAOXIN);
	lvl_policy_clear(&p);
	assert_int_equal(lvl_policy_vendor(&p), LVL_VENDOR_UNKNOWN);
	for (v = 0; v < 0x100; v++)
		assert_non_null(lvl_vendor_name(v));
	assert_string_equal(lvl_vendor_name(0), "unknown");
	assert_string_equal(lvl_vendor_name(LVL_VENDOR_INTEL | LVL_VENDOR_AMD),
			    "unknown");
}

static void test_family_model(void **state)
{
	static const struct {
		uint32_t fms;
		unsigned family, model, stepping;
	} parts[] = {
		{ 0x00050657, 0x6, 0x55, 7 },  /* Cascade Lake */
		{ 0x000806f8, 0x6, 0x8f, 8 },  /* Sapphire Rapids */
		{ 0x00a20f10, 0x19, 0x21, 0 }, /* Zen 3 */
		{ 0x00b40f40, 0x1a, 0x44, 0 }, /* Zen 5 */
		{ 0x00100f43, 0x10, 0x04, 3 }, /* Shanghai, the Opteron */
		{ 0x00000f4a, 0xf, 0x04, 10 }, /* Prescott */
		{ 0x00000633, 0x6, 0x03, 3 },  /* Klamath */
		{ 0x00000543, 0x5, 0x04, 3 },  /* Pentium MMX */
		/* the extensions count for families 6 and 15 alone */
		{ 0x00ff0543, 0x5, 0x04, 3 },
		{ 0x0ff00633, 0x6, 0x03, 3 },
		{ 0x0fff0fff, 0x10e, 0xff, 15 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(parts); i++) {
		struct lvl_policy p = made("");
		uint32_t reg[4] = { parts[i].fms, 0, 0, 0 };

		lvl_policy_set_leaf(&p, 1, LVL_NO_SUBLEAF, reg);
		assert_int_equal(lvl_policy_family(&p), parts[i].family);
		assert_int_equal(lvl_policy_model(&p), parts[i].model);
		assert_int_equal(lvl_policy_stepping(&p), parts[i].stepping);
	}
}

/* -- places ---------------------------------------------------------------- */

static void test_places(void **state)
{
	static const uint32_t reg[4] = { 1, 2, 3, 4 };
	struct lvl_policy p, q;

	(void)state;
	lvl_policy_clear(&p);
	q = p;
	/* a leaf without sub-leaves has no sub-leaf, or 0 by courtesy */
	assert_int_equal(lvl_policy_set_leaf(&p, 1, LVL_NO_SUBLEAF, reg), 0);
	assert_int_equal(lvl_policy_set_leaf(&p, 2, 0, reg), 0);
	assert_int_equal(lvl_policy_set_leaf(&p, 7, 2, reg), 0);
	assert_int_equal(p.v[lvl_word_of_leaf(2, 0, 3)], 4);
	q = p;
	assert_int_equal(lvl_policy_set_leaf(&p, 1, 1, reg),
			 -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(lvl_policy_set_leaf(&p, 7, LVL_NO_SUBLEAF, reg),
			 -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(lvl_policy_set_leaf(&p, 7, 64, reg),
			 -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(lvl_policy_set_leaf(&p, 0x1234, 0, reg),
			 -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(lvl_policy_set_msr(&p, 0xdeadc0de, 1),
			 -LVL_E_UNKNOWN_MSR);
	assert_null(made_differ(&p, &q));
	assert_true(lvl_leaf_has_subleaves(7));
	assert_true(lvl_leaf_has_subleaves(0xd));
	assert_false(lvl_leaf_has_subleaves(1));
	assert_false(lvl_leaf_has_subleaves(0x1234));
}

/* Every leaf and every MSR is found by its number, and no other is. */
static void test_all_places(void **state)
{
	unsigned i, r;

	(void)state;
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		assert_ptr_equal(lvl_leaf_find(l->leaf, l->subleaf), l);
		for (r = 0; r < 4; r++) {
			assert_int_equal(lvl_words[l->word[r]].id, l->leaf);
			assert_int_equal(lvl_words[l->word[r]].place, r);
		}
	}
	for (i = 0; i < LVL_NR_MSRS; i++) {
		assert_ptr_equal(lvl_msr_find(lvl_msrs[i].index), &lvl_msrs[i]);
		assert_null(lvl_msr_find(lvl_msrs[i].index ^ 0x10000));
	}
}

/* lvl_set and lvl_get of every field, at both ends, alone in the policy. */
static void test_set_get(void **state)
{
	struct lvl_policy p, none;
	unsigned i;

	(void)state;
	lvl_policy_clear(&none);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		uint64_t all = f->width >= 64 ? ~0ull : (1ull << f->width) - 1;

		if (f->lo + f->width <= 32) /* remainders have holes */
			all &= f->mask >> f->lo;
		if (f->word == LVL_NO_WORD || f->rule == LVL_HIDDEN)
			continue;
		lvl_policy_clear(&p);
		assert_false(lvl_known(&p, i));
		lvl_set(&p, i, all);
		if (lvl_get(&p, i) != all || !lvl_known(&p, i))
			fail_msg("%s: 0x%llx", lvl_field_name(i),
				 (unsigned long long)lvl_get(&p, i));
		lvl_set(&p, i, 0);
		assert_int_equal(lvl_get(&p, i), 0);
		assert_true(lvl_known(&p, i));
		lvl_forget(&p, i);
		assert_null(made_differ(&p, &none));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_clashing_places),
		cmocka_unit_test(test_own_names),
		cmocka_unit_test(test_all_aliases),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_vendors),
		cmocka_unit_test(test_policy_vendor),
		cmocka_unit_test(test_family_model),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_all_places),
		cmocka_unit_test(test_set_get),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}

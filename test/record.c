/* SPDX-License-Identifier: MIT */
/* The record: what is written comes back, and anything else is refused. */
#include "made.h"

#include <stdlib.h>

#include <cpulevel/record.h>

#include "gen-policy.h"

static uint8_t buf[LVL_RECORD_MAX];

static size_t encode(const struct lvl_policy *p, int guest)
{
	size_t len = sizeof(buf);

	assert_int_equal(lvl_record_encode(p, guest, buf, &len), 0);
	return len;
}

static int decode(struct lvl_policy *p, size_t len)
{
	return lvl_record_decode(p, NULL, buf, len, NULL);
}

static uint32_t get32(size_t at)
{
	return (uint32_t)buf[at] | (uint32_t)buf[at + 1] << 8 |
	       (uint32_t)buf[at + 2] << 16 | (uint32_t)buf[at + 3] << 24;
}

static void put32(size_t at, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		buf[at + i] = (uint8_t)(v >> 8 * i);
}

/* Make the checksum right again after a change. */
static void sign(size_t len)
{
	put32(len - 4, lvl_crc32c(0, buf, len - 4));
}

static void round_trip(const struct lvl_policy *p, int guest, const char *what)
{
	static uint8_t again[LVL_RECORD_MAX];
	size_t len = encode(p, guest), len2 = sizeof(again);
	struct lvl_policy q;
	const char *field;
	int kind = 99;

	made_fill(&q, 0x5a);
	assert_int_equal(lvl_record_decode(&q, &kind, buf, len, NULL), 0);
	field = made_differ(p, &q);
	if (field)
		fail_msg("%s: %s does not come back", what, field);
	assert_int_equal(kind, guest);
	assert_int_equal(lvl_record_encode(&q, kind, again, &len2), 0);
	assert_int_equal(len2, len);
	assert_memory_equal(again, buf, len);
}

/* -- what comes back ------------------------------------------------------- */

static void test_corpus(void **state)
{
	struct gen_corpus corpus;
	int absent;
	const char *why = gen_corpus_load(&corpus, &absent);
	unsigned i;

	(void)state;
	if (why && absent) {
		print_message("no dumps of real CPUs: %s\n", why);
		skip();
	}
	if (why)
		fail_msg("%s", why);
	for (i = 0; i < corpus.n; i++) {
		round_trip(&corpus.host[i].host, LVL_HVM, corpus.host[i].file);
		if (corpus.host[i].has_raw)
			round_trip(&corpus.host[i].raw, -1,
				   corpus.host[i].file);
	}
	gen_corpus_free(&corpus);
}

static void test_random(void **state)
{
	struct lvl_policy p;
	struct gen g;
	unsigned i;

	(void)state;
	gen_seed(&g, 1);
	for (i = 0; i < 200; i++) {
		gen_policy(&g, i & 1 ? &gen_partial : &gen_total, &p);
		round_trip(&p, (int)gen_below(&g, LVL_NR_GUESTS + 1) - 1,
			   "random");
	}
}

/* Any bits at all, known or not, well-formed or not. */
static void test_noise(void **state)
{
	struct lvl_policy p;
	struct gen g;
	unsigned i, w;

	(void)state;
	gen_seed(&g, 2);
	for (i = 0; i < 50; i++) {
		for (w = 0; w < LVL_NR_WORDS; w++) {
			p.k[w] = (uint32_t)gen_next(&g);
			if (gen_percent(&g, 30))
				p.k[w] = 0;
			p.v[w] = (uint32_t)gen_next(&g) & p.k[w];
		}
		round_trip(&p, -1, "noise");
	}
}

static void test_extremes(void **state)
{
	struct lvl_policy p;

	(void)state;
	lvl_policy_clear(&p);
	round_trip(&p, -1, "nothing known");
	assert_int_equal(encode(&p, -1), 36);
	lvl_policy_zero(&p);
	round_trip(&p, LVL_PV, "all zero");
	memset(p.v, 0xff, sizeof(p.v));
	round_trip(&p, LVL_HVM_SHADOW, "all one");
	assert_true(encode(&p, -1) <= LVL_RECORD_MAX);
}

/* Every number of the layout that record.h describes. */
static void test_layout(void **state)
{
	struct lvl_policy p;
	size_t len;

	(void)state;
	lvl_policy_clear(&p);
	made_apply(&p, "@1.ecx=0x80202001 m10a=0x0c0aa0eb mxcsr-mask=0xffff");
	len = encode(&p, LVL_HVM);
	assert_int_equal(len, 32 + 40 + 24 + 12 + 4);
	assert_memory_equal(buf, "cpulevel\1\0\3\0", 12);
	assert_int_equal(get32(12), len);
	assert_int_equal(get32(16), 1);
	assert_int_equal(get32(20), 1);
	assert_int_equal(get32(24), 1);
	assert_int_equal(get32(28), 0);
	assert_int_equal(get32(32), 1);
	assert_int_equal(get32(36), LVL_NO_SUBLEAF);
	assert_int_equal(get32(40 + 8), 0x80202001);
	assert_int_equal(get32(40 + 16 + 4), 0);
	assert_int_equal(get32(40 + 16 + 8), 0xffffffff);
	assert_int_equal(get32(72), 0x10a);
	assert_int_equal(get32(72 + 8), 0x0c0aa0eb);
	assert_int_equal(get32(72 + 16), 0xffffffff);
	assert_int_equal(get32(96 + 4), 0xffff);
	assert_int_equal(get32(len - 4), lvl_crc32c(0, buf, len - 4));
}

/* RFC 3720 B.4, and what every implementation quotes. */
static void test_crc32c(void **state)
{
	uint8_t block[32];
	uint32_t crc;

	(void)state;
	assert_int_equal(lvl_crc32c(0, "123456789", 9), 0xe3069283);
	memset(block, 0, sizeof(block));
	assert_int_equal(lvl_crc32c(0, block, 32), 0x8a9136aa);
	memset(block, 0xff, sizeof(block));
	assert_int_equal(lvl_crc32c(0, block, 32), 0x62a8ab43);
	crc = lvl_crc32c(0, "1234", 4);
	assert_int_equal(lvl_crc32c(crc, "56789", 5), 0xe3069283);
}

/* -- room ----------------------------------------------------------------- */

static void test_no_room(void **state)
{
	static uint8_t small[LVL_RECORD_MAX];
	struct lvl_policy p = made("intel avx2 m10a=1");
	size_t need = encode(&p, -1), len, room, i;

	(void)state;
	for (room = 0; room < need; room += room < 40 ? 1 : 97) {
		memset(small, 0xc2, sizeof(small));
		len = room;
		assert_int_equal(lvl_record_encode(&p, -1, small, &len),
				 -LVL_E_NOBUFS);
		assert_int_equal(len, need);
		for (i = 0; i < sizeof(small); i++)
			assert_int_equal(small[i], 0xc2);
	}
	len = need;
	assert_int_equal(lvl_record_encode(&p, -1, small, &len), 0);
	assert_int_equal(small[need], 0xc2);
}

/* -- damage --------------------------------------------------------------- */

/* Must be refused; the destination keeps its marker. */
static void refused(size_t len, int code, const char *what)
{
	struct lvl_policy p;
	struct lvl_err err = { 0, 0, 0, 0, 0 };
	int guest = 77, rc;

	made_fill(&p, 0xc2);
	rc = lvl_record_decode(&p, &guest, buf, len, &err);
	if (rc != -code)
		fail_msg("%s: %s instead of %s", what, lvl_strerror(rc),
			 lvl_strerror(code));
	assert_int_equal(err.code, code);
	assert_int_equal(guest, 77);
	assert_true(made_filled(&p, 0xc2));
}

/* A small record with two leaves, two MSRs and two states. */
static size_t sample(void)
{
	struct lvl_policy p;

	lvl_policy_clear(&p);
	made_apply(&p, "@1.ecx=0x80202001 @7:0.ebx=0x20 mcf=0 m10a=0xeb "
		       "mxcsr-mask=0xffff tsx=2");
	return encode(&p, LVL_HVM);
}

#define LEAF 32
#define MSR (LEAF + 2 * 40)
#define STATE (MSR + 2 * 24)

static void test_every_byte(void **state)
{
	size_t len = sample(), at;
	struct lvl_policy p;
	unsigned bit;

	(void)state;
	assert_int_equal(len, STATE + 2 * 12 + 4);
	for (at = 0; at < len; at++)
		for (bit = 0; bit < 8; bit++) {
			buf[at] ^= (uint8_t)(1u << bit);
			made_fill(&p, 0xc2);
			if (!decode(&p, len))
				fail_msg("bit %u of byte %zu", bit, at);
			assert_true(made_filled(&p, 0xc2));
			buf[at] ^= (uint8_t)(1u << bit);
		}
	assert_int_equal(decode(&p, len), 0);
}

/* Any other value of any byte, of a real policy's record. */
static void test_every_value(void **state)
{
	struct lvl_policy p = made("intel fms=0x50657 avx2 m10a=0xeb"), q;
	size_t len = encode(&p, -1), at;
	unsigned v;

	(void)state;
	for (at = 0; at < len; at += at < 200 ? 1 : 61) {
		uint8_t was = buf[at];

		for (v = 1; v < 256; v += 17) {
			buf[at] = (uint8_t)(was ^ v);
			if (!decode(&q, len))
				fail_msg("byte %zu 0x%x", at, buf[at]);
		}
		buf[at] = was;
	}
}

static void test_every_length(void **state)
{
	size_t len = sample(), n;
	uint8_t *exact;

	(void)state;
	for (n = 0; n < len; n++) {
		struct lvl_policy p;

		/* of just that size, so that reading beyond is seen */
		exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, buf, n);
		made_fill(&p, 0xc2);
		assert_int_equal(lvl_record_decode(&p, NULL, exact, n, NULL),
				 -LVL_E_TRUNCATED);
		assert_true(made_filled(&p, 0xc2));
		free(exact);
	}
	buf[len] = 0;
	refused(len + 1, LVL_E_SYNTAX, "a byte more");
}

/*
 * Records that somebody could have made: the checksum is right.  Copy
 * `bytes` from one place to another, then put values, and sign.
 */
static const struct forged {
	const char *what;
	int code;
	unsigned to, from, bytes;
	struct {
		unsigned at;
		uint32_t value;
	} put[3];
} forged[] = {
	{ "a newer version", LVL_E_VERSION, 0, 0, 0, { { 8, 0x00030002 } } },
	{ "no magic", LVL_E_MAGIC, 0, 0, 0, { { 0, 0x6f757063 } } },
	{ "flags of the head", LVL_E_FLAGS, 0, 0, 0, { { 28, 1 } } },
	{ "no such guest kind", LVL_E_RANGE, 0, 0, 0, { { 8, 0x00040001 } } },
	{ "longer than it is", LVL_E_TRUNCATED, 0, 0, 0, { { 12, 9999 } } },
	{ "shorter than it is", LVL_E_SYNTAX, 0, 0, 0, { { 12, 40 } } },
	{ "more leaves than there are", LVL_E_SYNTAX, 0, 0, 0, { { 16, 3 } } },
	{ "a billion leaves", LVL_E_TOO_BIG, 0, 0, 0, { { 16, 1u << 30 } } },
	{ "a billion MSRs", LVL_E_TOO_BIG, 0, 0, 0, { { 20, 1u << 30 } } },
	{ "a billion states", LVL_E_TOO_BIG, 0, 0, 0, { { 24, 1u << 30 } } },
	{ "leaves not sorted", LVL_E_ORDER, 0, 0, 0, { { LEAF, 0x80000001 } } },
	{ "a leaf twice", LVL_E_DUPLICATE, LEAF + 40, LEAF, 40, { { 0, 0 } } },
	{ "MSRs not sorted", LVL_E_ORDER, 0, 0, 0, { { MSR, 0x10b } } },
	{ "an MSR twice", LVL_E_DUPLICATE, MSR + 24, MSR, 24, { { 0, 0 } } },
	{ "flags of an MSR", LVL_E_FLAGS, 0, 0, 0, { { MSR + 4, 1 } } },
	{ "a state twice",
	  LVL_E_DUPLICATE,
	  STATE + 12,
	  STATE,
	  12,
	  { { 0, 0 } } },
	{ "an unknown leaf",
	  LVL_E_UNKNOWN_LEAF,
	  0,
	  0,
	  0,
	  { { LEAF + 40, 0x12345 }, { LEAF + 44, LVL_NO_SUBLEAF } } },
	{ "an unknown sub-leaf",
	  LVL_E_UNKNOWN_LEAF,
	  0,
	  0,
	  0,
	  { { LEAF + 44, 9 } } },
	{ "a sub-leaf of a leaf without",
	  LVL_E_UNKNOWN_LEAF,
	  0,
	  0,
	  0,
	  { { LEAF + 4, 0 } } },
	{ "an unknown MSR",
	  LVL_E_UNKNOWN_MSR,
	  0,
	  0,
	  0,
	  { { MSR + 24, 0x12345 } } },
	{ "an unknown state",
	  LVL_E_SYNTAX,
	  0,
	  0,
	  0,
	  { { STATE + 12, 0x12345 } } },
	{ "a leaf's bit that is not known",
	  LVL_E_SYNTAX,
	  0,
	  0,
	  0,
	  { { LEAF + 24 + 8, 0xfffffffe } } },
	{ "an MSR's bit that is not known",
	  LVL_E_SYNTAX,
	  0,
	  0,
	  0,
	  { { MSR + 24 + 16, 0xfffffffe } } },
	{ "a state's bit that is not known",
	  LVL_E_SYNTAX,
	  0,
	  0,
	  0,
	  { { STATE + 8, 0x00fe }, { STATE + 4, 1 } } },
};

static int is_magic(const struct forged *f)
{
	return f->put[0].at == 0 && f->put[0].value;
}

static void forge(const struct forged *f, size_t len)
{
	unsigned i;

	memmove(buf + f->to, buf + f->from, f->bytes);
	for (i = 0; i < 3; i++)
		if (f->put[i].at || is_magic(f))
			put32(f->put[i].at, f->put[i].value);
	if (is_magic(f))
		buf[0] = 'C';
	sign(len);
}

static void test_forged(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(forged); i++) {
		size_t len = sample();

		forge(&forged[i], len);
		refused(len, forged[i].code, forged[i].what);
	}
}

/* A newer cpulevel's entries that say nothing are no reason to refuse. */
static void test_unknown_zero(void **state)
{
	static const struct {
		unsigned id, value, bytes;
	} skip_these[] = {
		{ LEAF + 40, LEAF + 40 + 8, 16 },
		{ MSR + 24, MSR + 24 + 8, 8 },
		{ STATE + 12, STATE + 12 + 4, 4 },
	};
	struct lvl_policy p;
	unsigned i;

	(void)state;
	for (i = 0; i < LVL_COUNT(skip_these); i++) {
		size_t len = sample();

		put32(skip_these[i].id, 0x12345);
		memset(buf + skip_these[i].value, 0, skip_these[i].bytes);
		sign(len);
		assert_int_equal(decode(&p, len), 0);
		made_assert(&p, "sse3", "what is known is read");
	}
}

/* The place of the fault is told. */
static void test_where(void **state)
{
	size_t len = sample();
	struct lvl_policy p;
	struct lvl_err err;

	(void)state;
	put32(LEAF + 44, 9);
	sign(len);
	assert_int_equal(lvl_record_decode(&p, NULL, buf, len, &err),
			 -LVL_E_UNKNOWN_LEAF);
	assert_int_equal(err.leaf, 7);
	assert_int_equal(err.subleaf, 9);
	assert_int_equal(err.msr, ~0u);
	len = sample();
	put32(MSR + 4, 1);
	sign(len);
	assert_int_equal(lvl_record_decode(&p, NULL, buf, len, &err),
			 -LVL_E_FLAGS);
	assert_int_equal(err.msr, 0xcf);
	assert_int_equal(err.leaf, ~0u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_every_value),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_unknown_zero),
		cmocka_unit_test(test_where),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}

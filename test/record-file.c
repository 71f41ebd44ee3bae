/* SPDX-License-Identifier: MIT */
/*
 * Records as files: what gen writes is what is read, and a record that is cut
 * or damaged anywhere is refused as a whole, with the reason.
 */
#include "made.h"

#include <cpulevel/gen.h>
#include <cpulevel/host.h>
#include <cpulevel/import.h>
#include <cpulevel/record.h>

#include <stdlib.h>

struct read {
	unsigned machines;
	struct lvl_policy p; /* of the last one */
	char guest[16];
};

static int take(void *arg, struct lvl_desc *d)
{
	struct read *r = arg;
	const char *guest = lvl_desc_fact(d, "guest");

	r->machines++;
	assert_non_null(d->policy[LVL_KIND_SEEN]);
	r->p = *d->policy[LVL_KIND_SEEN];
	snprintf(r->guest, sizeof(r->guest), "%s", guest ? guest : "");
	lvl_desc_free(d);
	return 0;
}

static int read_bytes(struct read *r, const void *bytes, size_t len,
		      struct lvl_ferr *err)
{
	memset(r, 0, sizeof(*r));
	memset(err, 0, sizeof(*err));
	return lvl_import_memory(bytes, len, "r", NULL, take, r, NULL, err);
}

/* Every row of the registry, known or not. */
static void fill(struct lvl_policy *p, unsigned seed)
{
	unsigned i;

	lvl_policy_clear(p);
	srand(seed);
	for (i = 0; i < LVL_NR_WORDS; i++) {
		p->k[i] = (uint32_t)rand() << 8 ^ (uint32_t)rand();
		p->v[i] = ((uint32_t)rand() << 8 ^ (uint32_t)rand()) & p->k[i];
	}
}

struct text {
	char *bytes;
	size_t len;
};

static struct text written(const struct lvl_policy *p, unsigned guest)
{
	const struct lvl_gen_options options = { .guest = guest };
	struct text t = { NULL, 0 };
	struct lvl_policy given;
	FILE *f = open_memstream(&t.bytes, &t.len);

	assert_non_null(f);
	assert_int_equal(lvl_gen_write(lvl_writer_find("record"), p, &options,
				       f, NULL, NULL, &given),
			 0);
	fclose(f);
	assert_memory_equal(&given, p, sizeof(*p));
	return t;
}

/* What is written is read, for each kind of guests, and all of it. */
static void test_round_trip(void **state)
{
	struct lvl_policy p;
	struct lvl_ferr err;
	struct read r;
	unsigned i;

	(void)state;
	for (i = 0; i <= LVL_NR_GUESTS; i++) {
		struct text t;

		fill(&p, i);
		t = written(&p, i);
		assert_int_equal(read_bytes(&r, t.bytes, t.len, &err), 0);
		assert_int_equal(r.machines, 1);
		assert_memory_equal(&r.p, &p, sizeof(p));
		assert_string_equal(r.guest, i ? lvl_guest_names[i - 1] : "");
		free(t.bytes);
	}
}

static void test_several(void **state)
{
	static char all[3 * LVL_RECORD_MAX];
	struct lvl_policy p;
	struct lvl_ferr err;
	struct read r;
	size_t len = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct text t;

		fill(&p, i);
		t = written(&p, 0);
		memcpy(all + len, t.bytes, t.len);
		len += t.len;
		free(t.bytes);
	}
	assert_int_equal(read_bytes(&r, all, len, &err), 0);
	assert_int_equal(r.machines, 3);
	assert_memory_equal(&r.p, &p, sizeof(p));
	all[len] = 'x';
	assert_int_equal(read_bytes(&r, all, len + 1, &err), -LVL_E_TRUNCATED);
	assert_int_equal(r.machines, 3);
	assert_string_equal(err.text, "r: record 4: the data end too early");
}

static void is_refused(const struct text *t, const char *what, size_t at)
{
	struct lvl_ferr err;
	struct read r;
	int rc = read_bytes(&r, t->bytes, t->len, &err);

	if (rc >= 0 || err.code != -rc || r.machines ||
	    strncmp(err.text, "r: ", 3) || strlen(err.text) < 8)
		fail_msg("%s at %zu: %d, %u machines, %s", what, at, rc,
			 r.machines, err.text);
}

static void test_cut(void **state)
{
	struct lvl_policy p;
	struct text t, cut;

	(void)state;
	fill(&p, 1);
	t = written(&p, 0);
	for (cut = t; cut.len > 9; cut.len -= cut.len > 200 ? 97 : 1) {
		if (cut.len < t.len)
			is_refused(&cut, "cut", cut.len);
	}
	free(t.bytes);
}

static void test_damaged(void **state)
{
	struct lvl_policy p;
	struct text t;
	size_t i;

	(void)state;
	fill(&p, 2);
	t = written(&p, 0);
	/* of the magic it is another format; of the rest it is damaged */
	for (i = 8; i < t.len; i += i < 200 ? 1 : 13) {
		t.bytes[i] ^= 0x10;
		is_refused(&t, "damaged", i);
		t.bytes[i] ^= 0x10;
	}
	free(t.bytes);
}

/* Lengths that are none, or that nobody has memory for. */
static void test_lengths(void **state)
{
	static const uint32_t lengths[] = {
		0, 1, 31, 35, LVL_RECORD_MAX + 1, 0x7fffffff, 0xffffffff
	};
	struct lvl_policy p;
	struct text t;
	unsigned i;

	(void)state;
	fill(&p, 3);
	t = written(&p, 0);
	for (i = 0; i < LVL_COUNT(lengths); i++) {
		memcpy(t.bytes + 12, &lengths[i], 4);
		is_refused(&t, "length", lengths[i]);
	}
	free(t.bytes);
}

/* The text form begins alike, and stays text. */
static void test_not_text(void **state)
{
	static const char text[] = "cpulevel 1\npolicy seen\n"
				   "cpuid 0x00000001 - 0x1 0x2 0x3 0x4\n";
	const struct lvl_format *used = NULL;
	struct lvl_ferr err;
	struct read r = { 0 };

	(void)state;
	(void)lvl_import_memory(text, sizeof(text) - 1, "t", NULL, take, &r,
				&used, &err);
	assert_non_null(used);
	assert_string_equal(used->name, "text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_not_text),
	};

	return cmocka_run_group_tests_name("record-file", tests, NULL, NULL);
}

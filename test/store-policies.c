/* SPDX-License-Identifier: MIT */
/* Objects, policies, where they come from, hosts that publish themselves. */
#include "stores.h"

#include <string.h>

#include "dump.h"

/* -- objects -------------------------------------------------------------- */

static int objects_live(struct store *s, void *arg)
{
	static uint8_t big[100000];
	const void *p;
	size_t len, i;
	int64_t a, b, none;
	uint8_t hash[STORE_HASH];

	(void)arg;
	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	good(s, store_put_object(s, "abc", 3, &a));
	good(s, store_put_object(s, "abc", 3, &b));
	assert_int_equal(a, b);
	good(s, store_put_object(s, big, sizeof(big), &b));
	assert_int_not_equal(a, b);
	good(s, store_put_object(s, "", 0, &none));
	good(s, store_get_object(s, none, &p, &len));
	assert_int_equal(len, 0);
	good(s, store_get_object(s, b, &p, &len));
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(p, big, len);
	good(s, store_object_hash(s, a, hash));
	assert_int_equal(hash[0], 0xba); /* FIPS 180-2, B.1 */
	assert_int_equal(hash[31], 0xad);
	assert_int_equal(store_get_object(s, 4711, &p, &len), -LVL_E_NOT_FOUND);
	assert_int_equal(store_object_hash(s, 4711, hash), -LVL_E_NOT_FOUND);
	return 0;
}

static void objects(void **state)
{
	struct stores *t = *state;

	write_by(t->s, objects_live, NULL);
}

/* -- sources -------------------------------------------------------------- */

struct pairs {
	int64_t source[8], profile[8];
	int nr;
};

static int take_pair(void *arg, const struct store_source *v, int64_t profile)
{
	struct pairs *p = arg;

	p->source[p->nr] = v->id;
	p->profile[p->nr++] = profile;
	return 0;
}

static int sources_live(struct store *s, void *arg)
{
	struct store_source v = { .cpu = "Xeon", .kernel = "6.1.172" }, w;
	struct store_host h = { .name = "h" };
	struct pairs pairs = { .nr = 0 };
	int64_t a, b, x, y;

	(void)arg;
	good(s, store_put_source(s, &v, &a));
	v.firmware = "";
	good(s, store_put_source(s, &v, &b));
	assert_int_equal(a, b); /* not said is not said */
	v.microcode = "0x2b000661";
	good(s, store_put_source(s, &v, &b));
	assert_int_not_equal(a, b);
	good(s, store_get_source(s, b, &w));
	assert_int_equal(w.id, b);
	assert_string_equal(w.microcode, "0x2b000661");
	assert_null(w.hypervisor);
	assert_null(w.firmware);
	assert_int_equal(store_get_source(s, 99, &w), -LVL_E_NOT_FOUND);
	good(s, store_put_object(s, "x", 1, &x));
	good(s, store_put_object(s, "y", 1, &y));
	h.source = 99;
	assert_int_equal(store_put_host(s, &h), -LVL_E_NOT_FOUND);
	h.source = b;
	good(s, store_put_host(s, &h)); /* nothing was seen with it */
	h.profile = y;
	good(s, store_put_host(s, &h));
	h.profile = x;
	good(s, store_put_host(s, &h));
	h.profile = y;
	good(s, store_put_host(s, &h));
	good(s, store_scan_observed(s, v.cpu, take_pair, &pairs));
	assert_int_equal(pairs.nr, 2);
	assert_int_equal(pairs.profile[0], x);
	assert_int_equal(pairs.profile[1], y);
	assert_int_equal(pairs.source[1], b);
	pairs.nr = 0;
	good(s, store_scan_observed(s, "another", take_pair, &pairs));
	assert_int_equal(pairs.nr, 0);
	return 0;
}

static void sources(void **state)
{
	struct stores *t = *state;

	write_by(t->s, sources_live, NULL);
}

/* -- real descriptions ---------------------------------------------------- */

static int profile_life(struct store *s, void *arg)
{
	struct lvl_desc *d = arg, *e = lvl_desc_clone(arg);
	const struct store_profile *p;
	const struct lvl_policy *q;
	struct lvl_policy *policy;
	int64_t a, b, c;
	unsigned k;
	int guest;

	good(s, store_put_profile(s, d, &a));
	good(s, store_get_profile(s, a, &p));
	assert_int_equal(p->id, a);
	assert_int_equal(p->hints, d->hints);
	for (k = 0; k < LVL_NR_KINDS; k++) {
		assert_int_equal(!p->policy[k], !d->policy[k]);
		if (d->policy[k])
			assert_memory_equal(p->policy[k], d->policy[k],
					    sizeof(*d->policy[k]));
	}
	/* its name, its facts and its serial number are not its profile */
	lvl_desc_set_name(e, "another");
	lvl_desc_add_fact(e, "rack", "12");
	for (k = 0; k < LVL_NR_KINDS; k++)
		if (e->policy[k])
			lvl_set(e->policy[k], LVL_F_INTEL_PPIN_VALUE, 4711);
	good(s, store_put_profile(s, e, &b));
	assert_int_equal(a, b);
	policy = lvl_desc_policy(e, LVL_KIND_HVM_DEFAULT);
	lvl_set(policy, LVL_F_FPU, !lvl_get(policy, LVL_F_FPU));
	good(s, store_put_profile(s, e, &b));
	assert_int_not_equal(a, b);
	good(s, store_put_policy(s, policy, LVL_HVM, &c));
	good(s, store_get_policy(s, c, &q, &guest));
	assert_int_equal(guest, LVL_HVM);
	assert_memory_equal(q, policy, sizeof(*q));
	assert_int_equal(store_get_profile(s, c, &p), -LVL_E_MAGIC);
	assert_int_equal(store_get_policy(s, a, &q, NULL), -LVL_E_MAGIC);
	assert_int_equal(store_get_profile(s, 999, &p), -LVL_E_NOT_FOUND);
	lvl_desc_free(e);
	return 0;
}

static void profiles(void **state)
{
	struct stores *t = *state;
	struct lvl_desc *d = dump("spr.txt");

	write_by(t->s, profile_life, d);
	lvl_desc_free(d);
}

/* What was asked for stays while 256 others are. */
static int cache_life(struct store *s, void *arg)
{
	const struct lvl_policy *first, *q, *again;
	struct lvl_policy p;
	int64_t id[300];
	unsigned i;

	(void)arg;
	lvl_policy_zero(&p);
	for (i = 0; i < 300; i++) {
		lvl_set(&p, LVL_F_MAXPHYSADDR, i & 0xff);
		lvl_set(&p, LVL_F_FPU, i >> 8);
		good(s, store_put_policy(s, &p, -1, &id[i]));
	}
	good(s, store_get_policy(s, id[0], &first, NULL));
	for (i = 1; i <= 256; i++)
		good(s, store_get_policy(s, id[i], &q, NULL));
	good(s, store_get_policy(s, id[0], &again, NULL));
	assert_ptr_equal(first, again);
	for (i = 0; i < 300; i++) {
		good(s, store_get_policy(s, id[i], &q, NULL));
		assert_int_equal(lvl_get(q, LVL_F_MAXPHYSADDR), i & 0xff);
	}
	return 0;
}

static void cache(void **state)
{
	struct stores *t = *state;

	write_by(t->s, cache_life, NULL);
}

/* A policy with so many bits of physical address; fails if it is told to. */
struct attempt {
	unsigned bits;
	int64_t id;
	int rc;
};

static int attempt(struct store *s, void *arg)
{
	struct attempt *a = arg;
	struct lvl_policy p = { 0 };
	const struct lvl_policy *q;

	lvl_set(&p, LVL_F_MAXPHYSADDR, a->bits);
	good(s, store_put_policy(s, &p, LVL_HVM, &a->id));
	good(s, store_get_policy(s, a->id, &q, NULL));
	assert_int_equal(lvl_get(q, LVL_F_MAXPHYSADDR), a->bits);
	assert_int_equal(store_get_policy(s, 0, &q, NULL), -LVL_E_NOT_FOUND);
	return a->rc;
}

static int see(struct store *s, void *arg)
{
	const struct attempt *a = arg;
	const struct lvl_policy *q;

	good(s, store_get_policy(s, a->id, &q, NULL));
	assert_int_equal(lvl_get(q, LVL_F_MAXPHYSADDR), a->bits);
	return 0;
}

/* What went away with its transaction is not taken for what came instead. */
static void cache_of_what_failed(void **state)
{
	struct stores *t = *state;
	struct attempt first = { 40, 0, -LVL_E_STATE }, second = { 46, 0, 0 };

	assert_int_equal(store_txn(t->s, STORE_WRITE, attempt, &first),
			 -LVL_E_STATE);
	write_by(t->s, attempt, &second);
	assert_int_equal(first.id, second.id);
	read_by(t->s, see, &second);
}

/* -- publishing ----------------------------------------------------------- */

struct report {
	const char *name;
	struct lvl_desc *d;
	int changed;
};

static int publish(struct store *s, void *arg)
{
	struct report *r = arg;

	return store_publish(s, r->name, r->d, &r->changed);
}

static int look(struct store *s, void *arg)
{
	struct store_host h;
	struct store_source v;

	good(s, store_find_host(s, "spr-01", &h));
	good(s, store_get_source(s, h.source, &v));
	assert_string_equal(v.kernel, arg);
	assert_non_null(v.cpu);
	assert_int_equal(h.state, STORE_HOST_ACTIVE);
	return 0;
}

static int set_state(struct store *s, void *arg)
{
	struct store_host h;

	good(s, store_find_host(s, "spr-01", &h));
	h.state = *(enum store_host_state *)arg;
	return store_put_host(s, &h);
}

static int seq_of(struct store *s, void *arg)
{
	return store_last(s, arg);
}

static void publishes(void **state)
{
	struct stores *t = *state;
	struct lvl_desc *old = dump("spr-5.10.txt"), *new = dump("spr.txt");
	struct report r = { "spr-01", old, -1 };
	enum store_host_state lost = STORE_HOST_UNREACHABLE;
	enum store_host_state gone = STORE_HOST_RETIRED;
	int64_t seq;

	read_by(t->s, publish, &r);
	assert_int_equal(r.changed, 1); /* would be */
	write_by(t->s, publish, &r);
	assert_int_equal(r.changed, 1);
	write_by(t->s, publish, &r);
	assert_int_equal(r.changed, 0);
	read_by(t->s, publish, &r);
	assert_int_equal(r.changed, 0);
	read_by(t->s, seq_of, &seq);
	assert_int_equal(seq, 1);
	read_by(t->s, look, (void *)(uintptr_t)lvl_desc_fact(old, "kernel"));
	r.d = new;
	write_by(t->s, publish, &r);
	assert_int_equal(r.changed, 1);
	read_by(t->s, look, (void *)(uintptr_t)lvl_desc_fact(new, "kernel"));
	write_by(t->s, set_state, &lost);
	write_by(t->s, publish, &r);
	assert_int_equal(r.changed, 1); /* it is there again */
	write_by(t->s, set_state, &gone);
	assert_int_equal(store_txn(t->s, STORE_WRITE, publish, &r),
			 -LVL_E_STATE);
	read_by(t->s, seq_of, &seq);
	assert_int_equal(seq, 5);
	lvl_desc_free(old);
	lvl_desc_free(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(objects),   STORE_TEST(sources),
		STORE_TEST(profiles),  STORE_TEST(cache),
		STORE_TEST(publishes), STORE_TEST(cache_of_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What every engine must do, row by row: the whole of store/store.h. */
#include "stores.h"

#include <string.h>

/* -- rows ----------------------------------------------------------------- */

static int pool_life(struct store *s, void *arg)
{
	struct store_pool p = { .name = "prod-a", .guest = LVL_HVM }, q, stale;
	int64_t first;

	(void)arg;
	good(s, store_put_pool(s, &p));
	assert_true(p.id > 0 && p.rev > 0);
	good(s, store_find_pool(s, "prod-a", &q));
	assert_int_equal(q.id, p.id);
	assert_int_equal(q.rev, p.rev);
	assert_string_equal(q.name, "prod-a");
	assert_null(q.platform);
	first = q.rev;
	good(s, store_put_pool(s, &q));
	assert_int_equal(q.rev, first); /* nothing changed */
	stale = q;
	q.platform = "kvm";
	good(s, store_put_pool(s, &q));
	assert_true(q.rev > first);
	stale.guest = LVL_PV;
	assert_int_equal(store_put_pool(s, &stale), -LVL_E_REVISION);
	assert_int_equal(store_drop_pool(s, &stale), -LVL_E_REVISION);
	good(s, store_get_pool(s, p.id, &q));
	assert_string_equal(q.platform, "kvm");
	assert_int_equal(q.guest, LVL_HVM);
	good(s, store_drop_pool(s, &q));
	assert_int_equal(store_find_pool(s, "prod-a", &q), -LVL_E_NOT_FOUND);
	assert_int_equal(store_get_pool(s, p.id, &q), -LVL_E_NOT_FOUND);
	assert_int_equal(store_put_pool(s, &p), -LVL_E_REVISION);
	p.id = 0;
	good(s, store_put_pool(s, &p));
	assert_true(p.id > q.id); /* never the same number again */
	return 0;
}

static void pools(void **state)
{
	struct stores *t = *state;

	write_by(t->s, pool_life, NULL);
}

static int bad_names(struct store *s, void *arg)
{
	char long_name[300];
	const char *const bad[] = { "",      NULL,       "a\nb",
				    "a\x7f", "\xff\xfe", long_name };
	struct store_pool p = { .guest = LVL_HVM };
	unsigned i;

	(void)arg;
	memset(long_name, 'x', sizeof(long_name));
	long_name[256] = '\0';
	for (i = 0; i < LVL_COUNT(bad); i++) {
		p.name = bad[i];
		assert_int_equal(store_put_pool(s, &p), -LVL_E_RANGE);
		assert_int_equal(p.id, 0);
	}
	p.name = long_name + 1; /* 255 */
	good(s, store_put_pool(s, &p));
	p.id = p.rev = 0;
	assert_int_equal(store_put_pool(s, &p), -LVL_E_DUPLICATE);
	p.name = "gr\xc3\xbcn";
	p.guest = 99;
	assert_int_equal(store_put_pool(s, &p), -LVL_E_RANGE);
	p.guest = LVL_PV;
	good(s, store_put_pool(s, &p));
	return 0;
}

static void names(void **state)
{
	struct stores *t = *state;

	write_by(t->s, bad_names, NULL);
}

/* -- hosts, VMs and their counts ------------------------------------------ */

static int put_pool(struct store *s, const char *name, int64_t *id)
{
	struct store_pool p = { .name = name, .guest = LVL_HVM };

	good(s, store_put_pool(s, &p));
	*id = p.id;
	return 0;
}

struct sum {
	int64_t n, rows, pool, key;
};

static int add_hosts(void *arg, const struct store_host_count *c)
{
	struct sum *sum = arg;

	sum->rows++;
	if (!sum->key || c->profile == sum->key)
		sum->n += c->hosts;
	return 0;
}

static int64_t hosts_in(struct store *s, int64_t pool, int64_t profile)
{
	struct sum sum = { .key = profile };

	good(s, store_count_hosts(s, pool, add_hosts, &sum));
	return sum.n;
}

static int add_vms(void *arg, const struct store_vm_count *c)
{
	struct sum *sum = arg;

	sum->rows++;
	if (!sum->key || c->seen == sum->key)
		sum->n += c->vms;
	return 0;
}

static int64_t vms_in(struct store *s, int64_t pool, int64_t seen)
{
	struct sum sum = { .key = seen };

	good(s, store_count_vms(s, pool, add_vms, &sum));
	return sum.n;
}

static int host_life(struct store *s, void *arg)
{
	struct store_host h = { .name = "icx-01" }, g;
	int64_t a, b, x, y;

	(void)arg;
	put_pool(s, "a", &a);
	put_pool(s, "b", &b);
	good(s, store_put_object(s, "one", 3, &x));
	good(s, store_put_object(s, "two", 3, &y));
	h.pool = 4711;
	assert_int_equal(store_put_host(s, &h), -LVL_E_NOT_FOUND);
	h.pool = a;
	h.profile = 4711;
	assert_int_equal(store_put_host(s, &h), -LVL_E_NOT_FOUND);
	h.profile = x;
	good(s, store_put_host(s, &h));
	assert_int_equal(hosts_in(s, a, x), 1);
	h.pool = b;
	h.group = "gold";
	good(s, store_put_host(s, &h));
	assert_int_equal(hosts_in(s, a, 0), 0);
	assert_int_equal(hosts_in(s, b, x), 1);
	h.profile = y;
	h.state = STORE_HOST_UNREACHABLE;
	good(s, store_put_host(s, &h));
	assert_int_equal(hosts_in(s, b, x), 0);
	assert_int_equal(hosts_in(s, b, y), 1);
	assert_int_equal(hosts_in(s, 0, y), 1);
	good(s, store_find_host(s, "icx-01", &g));
	assert_int_equal(g.state, STORE_HOST_UNREACHABLE);
	assert_string_equal(g.group, "gold");
	return 0;
}

static void hosts(void **state)
{
	struct stores *t = *state;

	write_by(t->s, host_life, NULL);
}

static int say_sort(void *arg, const struct store_host_sort *h)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 200 - n, "%s:%lld:%d:%d ", h->name,
		 (long long)h->hosts, h->profile != 0, (int)h->state);
	return 0;
}

/* By the first that came, named by the first by name. */
static int host_sorts(struct store *s, void *arg)
{
	static const char *const names[] = { "z", "c", "b", "d", "a" };
	char text[200] = "";
	int64_t a, b, x;
	unsigned i;

	(void)arg;
	put_pool(s, "a", &a);
	put_pool(s, "b", &b);
	good(s, store_put_object(s, "one", 3, &x));
	for (i = 0; i < 5; i++) {
		struct store_host h = { .name = names[i], .pool = a };

		h.profile = i > 1 ? x : 0;
		h.state = i == 3 ? STORE_HOST_UNREACHABLE : STORE_HOST_ACTIVE;
		h.group = i == 4 ? "gold" : NULL;
		good(s, store_put_host(s, &h));
	}
	good(s, store_sort_hosts(s, b, say_sort, text));
	assert_string_equal(text, "");
	good(s, store_sort_hosts(s, a, say_sort, text));
	assert_string_equal(text, "c:2:0:0 a:2:1:0 d:1:1:1 ");
	return 0;
}

static void sorts(void **state)
{
	struct stores *t = *state;

	write_by(t->s, host_sorts, NULL);
}

static int vm_life(struct store *s, void *arg)
{
	struct store_host h = { .name = "h1" };
	struct store_pool p;
	struct store_vm v = { .name = "web-17", .guest = LVL_HVM };
	int64_t a, x;

	(void)arg;
	put_pool(s, "a", &a);
	good(s, store_put_object(s, "seen", 4, &x));
	h.pool = v.pool = a;
	good(s, store_put_host(s, &h));
	good(s, store_put_vm(s, &v));
	assert_int_equal(vms_in(s, a, 0), 0); /* it is off */
	v.host = h.id;
	v.seen = x;
	v.booted = 1790000000000;
	good(s, store_put_vm(s, &v));
	assert_int_equal(vms_in(s, a, x), 1);
	good(s, store_find_pool(s, "a", &p));
	assert_int_equal(store_drop_pool(s, &p), -LVL_E_STATE);
	assert_int_equal(store_drop_host(s, &h), -LVL_E_STATE);
	v.host = 0;
	good(s, store_put_vm(s, &v));
	assert_int_equal(vms_in(s, a, x), 0);
	v.level = 99;
	assert_int_equal(store_put_vm(s, &v), -LVL_E_NOT_FOUND);
	good(s, store_find_vm(s, "web-17", &v));
	assert_int_equal(v.booted, 1790000000000);
	good(s, store_drop_vm(s, &v));
	good(s, store_drop_host(s, &h));
	good(s, store_drop_pool(s, &p));
	assert_int_equal(hosts_in(s, 0, 0), 0);
	return 0;
}

static void vms(void **state)
{
	struct stores *t = *state;

	write_by(t->s, vm_life, NULL);
}

/* -- levels --------------------------------------------------------------- */

static int level_life(struct store *s, void *arg)
{
	struct store_level l = { .name = "gold", .guest = LVL_HVM }, m;
	struct store_assign a = { .scope = STORE_SCOPE_VM,
				  .name = "web-17",
				  .level = "gold" };
	int64_t x;

	(void)arg;
	good(s, store_put_object(s, "policy", 6, &x));
	assert_int_equal(store_put_assign(s, &a), -LVL_E_NOT_FOUND);
	l.policy = x;
	l.definition = "{\"from\":\"host:icx-01\"}";
	good(s, store_put_level(s, &l));
	assert_int_equal(l.version, 1);
	assert_int_equal(store_put_level(s, &l), -LVL_E_STATE);
	l.id = l.version = 0;
	good(s, store_put_level(s, &l));
	assert_int_equal(l.version, 2);
	l.id = 0;
	assert_int_equal(store_put_level(s, &l), -LVL_E_DUPLICATE);
	l.version = 9;
	assert_int_equal(store_put_level(s, &l), -LVL_E_RANGE);
	good(s, store_find_level(s, "gold", 1, &m));
	assert_int_equal(m.version, 1);
	assert_string_equal(m.definition, l.definition);
	good(s, store_find_level(s, "gold", 0, &m));
	assert_int_equal(m.version, 2);
	assert_int_equal(store_find_level(s, "gold", 3, &m), -LVL_E_NOT_FOUND);
	good(s, store_put_assign(s, &a));
	a.version = 2;
	good(s, store_put_assign(s, &a));
	a.scope = STORE_SCOPE_POOL;
	a.id = 0;
	good(s, store_put_assign(s, &a)); /* another scope, another name */
	good(s, store_find_assign(s, STORE_SCOPE_VM, "web-17", &a));
	assert_int_equal(a.version, 2);
	good(s, store_drop_assign(s, &a));
	assert_int_equal(store_find_assign(s, STORE_SCOPE_VM, "web-17", &a),
			 -LVL_E_NOT_FOUND);
	return 0;
}

static void levels(void **state)
{
	struct stores *t = *state;

	write_by(t->s, level_life, NULL);
}

/* -- transactions --------------------------------------------------------- */

static int half(struct store *s, void *arg)
{
	int64_t id;

	put_pool(s, "half", &id);
	good(s, store_put_object(s, "half", 4, &id));
	return *(int *)arg;
}

static int has_none(struct store *s, void *arg)
{
	struct store_pool p;
	int64_t seq = -1;

	(void)arg;
	assert_int_equal(store_find_pool(s, "half", &p), -LVL_E_NOT_FOUND);
	good(s, store_last(s, &seq));
	assert_int_equal(seq, 0);
	assert_int_equal(store_put_pool(s, &p), -LVL_E_READ_ONLY);
	assert_int_equal(store_txn(s, STORE_READ, has_none, NULL),
			 -LVL_E_STATE);
	return 0;
}

static void whole_or_not(void **state)
{
	struct stores *t = *state;
	struct store_pool p;
	int rc = 7;

	assert_int_equal(store_find_pool(t->s, "x", &p), -LVL_E_STATE);
	assert_int_equal(store_txn(t->s, STORE_WRITE, half, &rc), 7);
	read_by(t->s, has_none, NULL);
	rc = -LVL_E_IO;
	assert_int_equal(store_txn(t->s, STORE_WRITE, half, &rc), -LVL_E_IO);
	read_by(t->s, has_none, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(pools),        STORE_TEST(names), STORE_TEST(hosts),
		STORE_TEST(sorts),        STORE_TEST(vms),   STORE_TEST(levels),
		STORE_TEST(whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

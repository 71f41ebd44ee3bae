/* SPDX-License-Identifier: MIT */
/* The table of changes, time travel, waiting, and rows made by the thousand. */
#include "stores.h"

#include <string.h>

/* A clock that the test turns. */
static int64_t clock_now;

static int64_t clock_read(void *arg)
{
	(void)arg;
	return clock_now;
}

static int64_t last(struct store *s)
{
	int64_t seq = -1;

	good(s, store_last(s, &seq));
	return seq;
}

/* -- a small history ------------------------------------------------------ */

/*
 * One change each:
 * 1 pool a  2 pool b  3 host h in a  4 VM v on h  5 h to b  6 v renamed w
 * 7 v' (another one) named v  8 w dropped  9 h retired 10 level g@1 11 g@2
 */
static int64_t object, pool_a, pool_b, host_h, vm_v;

static int step(struct store *s, void *arg)
{
	struct store_pool p = { .name = "a", .guest = LVL_HVM };
	struct store_host h = { .name = "h" };
	struct store_vm v = { .name = "v", .guest = LVL_HVM };
	struct store_level l = { .name = "g", .guest = LVL_HVM };

	switch (*(int *)arg) {
	case 1:
		good(s, store_put_object(s, "x", 1, &object));
		good(s, store_put_pool(s, &p));
		pool_a = p.id;
		break;
	case 2:
		p.name = "b";
		good(s, store_put_pool(s, &p));
		pool_b = p.id;
		break;
	case 3:
		h.pool = pool_a;
		h.profile = object;
		good(s, store_put_host(s, &h));
		host_h = h.id;
		break;
	case 4:
		v.pool = pool_a;
		v.host = host_h;
		v.seen = object;
		good(s, store_put_vm(s, &v));
		vm_v = v.id;
		break;
	case 5:
		good(s, store_find_host(s, "h", &h));
		h.pool = pool_b;
		good(s, store_put_host(s, &h));
		break;
	case 6:
		good(s, store_get_vm(s, vm_v, &v));
		v.name = "w";
		good(s, store_put_vm(s, &v));
		break;
	case 7:
		v.pool = pool_b;
		good(s, store_put_vm(s, &v));
		break;
	case 8:
		good(s, store_find_vm(s, "w", &v));
		good(s, store_drop_vm(s, &v));
		break;
	case 9:
		good(s, store_get_host(s, host_h, &h));
		h.pool = 0;
		h.state = STORE_HOST_RETIRED;
		good(s, store_put_host(s, &h));
		break;
	default:
		l.policy = object;
		good(s, store_put_level(s, &l));
	}
	return 0;
}
#define STEPS 11

static void make_history(struct store *s)
{
	int i;

	store_set_clock(s, clock_read, NULL);
	for (i = 1; i <= STEPS; i++) {
		clock_now = 1000 * i;
		good(s, store_set_actor(s, i % 2 ? "ann" : "bob",
					i == 5 ? "CHG-1234" : NULL));
		write_by(s, step, &i);
	}
}

struct seen {
	int64_t nr, first, last;
	char text[4096];
};

static int take(void *arg, const struct store_change *c)
{
	struct seen *t = arg;

	t->nr++;
	if (!t->first)
		t->first = c->seq;
	assert_true(c->seq > t->last);
	t->last = c->seq;
	snprintf(t->text, sizeof(t->text), "%lld %lld %s %s %s %s %s>%s",
		 (long long)c->time, (long long)c->pool, c->actor,
		 c->note ? c->note : "-", store_kind_names[c->kind], c->name,
		 c->before ? c->before : "", c->after ? c->after : "");
	return 0;
}

static int64_t changes(struct store *s, struct store_change_filter f,
		       struct seen *t)
{
	memset(t, 0, sizeof(*t));
	good(s, store_changes(s, &f, take, t));
	return t->nr;
}

static int read_changes(struct store *s, void *arg)
{
	struct store_change_filter f = { .kind = -1 };
	char want[512];
	struct seen t;

	(void)arg;
	assert_int_equal(changes(s, f, &t), STEPS);
	assert_int_equal(t.last, STEPS);
	f.since = 4;
	f.until = 5;
	assert_int_equal(changes(s, f, &t), 1);
	snprintf(want, sizeof(want),
		 "5000 %lld ann CHG-1234 host h "
		 "{\"id\":%lld,\"rev\":3,\"name\":\"h\",\"pool\":%lld,"
		 "\"profile\":%lld,\"source\":0,\"state\":\"active\","
		 "\"group\":null}>"
		 "{\"id\":%lld,\"rev\":5,\"name\":\"h\",\"pool\":%lld,"
		 "\"profile\":%lld,\"source\":0,\"state\":\"active\","
		 "\"group\":null}",
		 (long long)pool_b, (long long)host_h, (long long)pool_a,
		 (long long)object, (long long)host_h, (long long)pool_b,
		 (long long)object);
	assert_string_equal(t.text, want);
	f.since = f.until = 0;
	f.kind = STORE_KIND_VM;
	assert_int_equal(changes(s, f, &t), 4);
	f.id = vm_v;
	assert_int_equal(changes(s, f, &t), 3);
	assert_int_equal(t.last, 8);
	f.kind = -1;
	f.id = 0;
	f.pool = pool_a; /* itself, h, v, w, w */
	assert_int_equal(changes(s, f, &t), 5);
	f.pool = 0;
	f.limit = 2;
	assert_int_equal(changes(s, f, &t), 2);
	assert_int_equal(t.last, 2);
	return 0;
}

static void history(void **state)
{
	struct stores *t = *state;

	make_history(t->s);
	read_by(t->s, read_changes, NULL);
}

/* -- as it was ------------------------------------------------------------ */

static int add_host(void *arg, const struct store_host *h)
{
	struct seen *t = arg;

	assert_true(h->id > t->last);
	t->last = h->id;
	t->nr++;
	return 0;
}

static int add_vm(void *arg, const struct store_vm *v)
{
	struct seen *t = arg;

	assert_true(v->id > t->last);
	t->last = v->id;
	t->nr++;
	strcat(t->text, v->name);
	return 0;
}

static int add_hosts(void *arg, const struct store_host_count *c)
{
	*(int64_t *)arg += c->hosts;
	return 0;
}

static int add_vms(void *arg, const struct store_vm_count *c)
{
	*(int64_t *)arg += c->vms;
	return 0;
}

/* What scans, counts and finds say at each change. */
static const struct then {
	int in_a, in_b;      /* hosts */
	int runs_a;          /* VMs that run */
	const char *vms;     /* names of all */
	const char *first;   /* of vm_v; NULL: not there */
	const char *of_name; /* pool of the VM called v: "a", "b", NULL */
	int version;         /* of g */
} thens[] = {
	{ 0, 0, 0, "", NULL, NULL, 0 }, { 0, 0, 0, "", NULL, NULL, 0 },
	{ 1, 0, 0, "", NULL, NULL, 0 }, { 1, 0, 1, "v", "v", "a", 0 },
	{ 0, 1, 1, "v", "v", "a", 0 },  { 0, 1, 1, "w", "w", NULL, 0 },
	{ 0, 1, 1, "wv", "w", "b", 0 }, { 0, 1, 0, "v", NULL, "b", 0 },
	{ 0, 0, 0, "v", NULL, "b", 0 }, { 0, 0, 0, "v", NULL, "b", 1 },
	{ 0, 0, 0, "v", NULL, "b", 2 },
};

static void rows_then(struct store *s, const struct then *t)
{
	struct store_vm v;
	struct store_level l;

	if (t->first) {
		good(s, store_get_vm(s, vm_v, &v));
		assert_string_equal(v.name, t->first);
	} else {
		assert_int_equal(store_get_vm(s, vm_v, &v), -LVL_E_NOT_FOUND);
	}
	if (t->of_name) {
		good(s, store_find_vm(s, "v", &v));
		assert_int_equal(v.pool, *t->of_name == 'a' ? pool_a : pool_b);
	} else {
		assert_int_equal(store_find_vm(s, "v", &v), -LVL_E_NOT_FOUND);
	}
	if (t->version) {
		good(s, store_find_level(s, "g", 0, &l));
		assert_int_equal(l.version, t->version);
	} else {
		assert_int_equal(store_find_level(s, "g", 0, &l),
				 -LVL_E_NOT_FOUND);
	}
}

static int as_then(struct store *s, void *arg)
{
	const struct then *t = arg;
	struct store_host_filter f = { .pool = pool_a };
	struct seen seen = { .nr = 0 };
	int64_t n = 0;

	good(s, store_scan_hosts(s, &f, add_host, &seen));
	assert_int_equal(seen.nr, t->in_a);
	memset(&seen, 0, sizeof(seen));
	f.pool = pool_b;
	good(s, store_scan_hosts(s, &f, add_host, &seen));
	assert_int_equal(seen.nr, t->in_b);
	memset(&seen, 0, sizeof(seen));
	good(s, store_scan_vms(s, NULL, add_vm, &seen));
	assert_string_equal(seen.text, t->vms);
	good(s, store_count_hosts(s, pool_b, add_hosts, &n));
	assert_int_equal(n, t->in_b);
	n = 0;
	good(s, store_count_vms(s, 0, add_vms, &n));
	assert_int_equal(n, t->runs_a);
	rows_then(s, t);
	return 0;
}

static int refused(struct store *s, void *arg)
{
	struct store_pool p = { .name = "late", .guest = LVL_HVM };

	(void)arg;
	return store_put_pool(s, &p);
}

static void time_travel(void **state)
{
	struct stores *t = *state;
	unsigned i;

	make_history(t->s);
	for (i = STEPS; i > 0; i--) {
		struct then then = thens[i - 1];

		good(t->s, store_at(t->s, i));
		read_by(t->s, as_then, &then);
		assert_int_equal(store_txn(t->s, STORE_WRITE, refused, NULL),
				 -LVL_E_READ_ONLY);
	}
	assert_int_equal(store_at(t->s, -1), -LVL_E_RANGE);
	good(t->s, store_at(t->s, 0));
	read_by(t->s, as_then, (void *)(uintptr_t)&thens[STEPS - 1]);
}

static int at_times(struct store *s, void *arg)
{
	int64_t seq = 77;
	int i;

	(void)arg;
	assert_int_equal(store_seq_at(s, 999, &seq), -LVL_E_NOT_FOUND);
	assert_int_equal(seq, 77);
	for (i = 1; i <= STEPS; i++) {
		good(s, store_seq_at(s, 1000 * i, &seq));
		assert_int_equal(seq, i);
		good(s, store_seq_at(s, 1000 * i + 999, &seq));
		assert_int_equal(seq, i);
	}
	return 0;
}

static void times(void **state)
{
	struct stores *t = *state;

	make_history(t->s);
	read_by(t->s, at_times, NULL);
}

/* The time of the newest change is taken again, and that is said. */
static void clock_back(void **state)
{
	struct stores *t = *state;
	int i = 1;

	store_set_clock(t->s, clock_read, NULL);
	clock_now = 900000;
	write_by(t->s, step, &i);
	assert_null(store_warning(t->s));
	clock_now = 899500; /* another machine's clock */
	i = 2;
	write_by(t->s, step, &i);
	assert_null(store_warning(t->s));
	clock_now = 5000;
	i = 3;
	write_by(t->s, step, &i);
	assert_non_null(store_warning(t->s));
	assert_non_null(strstr(store_warning(t->s), "895.000 s"));
}

/* -- waiting -------------------------------------------------------------- */

static int read_last(struct store *s, void *arg)
{
	*(int64_t *)arg = last(s);
	return 0;
}

static void waiting(void **state)
{
	struct stores *t = *state;
	struct store *other = stores_open(t->uri, STORE_EXISTING);
	int64_t seq = -1;
	int i = 1;

	read_by(t->s, read_last, &seq);
	assert_int_equal(seq, 0);
	assert_int_equal(store_wait(t->s, 0, 30), -LVL_E_TIMEOUT);
	write_by(other, step, &i);
	good(t->s, store_wait(t->s, 0, 2000));
	assert_int_equal(store_wait(t->s, 1, 0), -LVL_E_TIMEOUT);
	store_close(other);
}

/* -- many at once --------------------------------------------------------- */

#define MANY 3000 /* several pages */

struct source {
	int64_t nr, ids, pool, profile;
	int fail_at;
	const char *name;
	char text[32];
};

static int next_host(void *arg, struct store_host *h)
{
	struct source *g = arg;

	if (g->fail_at && g->nr == g->fail_at)
		return -LVL_E_SYNTAX;
	if (g->nr == MANY)
		return 0;
	assert_true(h->id > g->ids);
	g->ids = h->id;
	snprintf(g->text, sizeof(g->text), "%s%04lld", g->name,
		 (long long)g->nr++);
	h->name = g->text;
	h->pool = g->pool;
	h->profile = g->profile;
	return 1;
}

static int next_vm(void *arg, struct store_vm *v)
{
	struct source *g = arg;

	if (g->nr == MANY)
		return 0;
	snprintf(g->text, sizeof(g->text), "%s%04lld", g->name,
		 (long long)g->nr++);
	v->name = g->text;
	v->pool = g->pool;
	v->host = g->nr % 3 ? host_h : 0;
	v->seen = g->profile;
	return 1;
}

static int bulk(struct store *s, void *arg)
{
	struct source g = { .name = "n", .pool = pool_a, .profile = object };
	struct store_host h = { .name = "n0007" };
	struct store_vm v;
	int64_t seq = last(s);

	(void)arg;
	good(s, store_bulk_hosts(s, next_host, &g));
	assert_int_equal(last(s), seq + 1);
	good(s, store_find_host(s, "n0007", &h));
	assert_int_equal(h.rev, seq + 1);
	h.pool = pool_b;
	good(s, store_put_host(s, &h));
	assert_int_equal(h.rev, seq + 2);
	g = (struct source){ .name = "v", .pool = pool_a, .profile = object };
	host_h = h.id;
	good(s, store_bulk_vms(s, next_vm, &g));
	good(s, store_find_vm(s, "v2999", &v));
	g.nr = MANY;
	good(s, store_bulk_vms(s, next_vm, &g)); /* none: no change */
	assert_int_equal(last(s), seq + 3);
	h = (struct store_host){ .name = "after" };
	good(s, store_put_host(s, &h));
	assert_true(h.id > g.ids);
	return 0;
}

static int count_many(struct store *s, void *arg)
{
	struct store_host_filter f = { .pool = pool_a };
	struct store_host h;
	struct seen seen = { .nr = 0 };
	int64_t n = 0, v = 0;

	(void)arg;
	good(s, store_count_hosts(s, pool_a, add_hosts, &n));
	assert_int_equal(n, MANY - 1);
	good(s, store_count_vms(s, pool_a, add_vms, &v));
	assert_int_equal(v, MANY / 3 * 2);
	good(s, store_scan_hosts(s, &f, add_host, &seen));
	assert_int_equal(seen.nr, MANY - 1);
	f.after = seen.last - 10;
	f.limit = 4;
	memset(&seen, 0, sizeof(seen));
	good(s, store_scan_hosts(s, &f, add_host, &seen));
	assert_int_equal(seen.nr, 4);
	good(s, store_find_host(s, "n2000", &h));
	return 0;
}

/* Before n0007 was moved; before the first bulk. */
static int then_many(struct store *s, void *arg)
{
	struct seen seen = { .nr = 0 };
	struct store_host h;
	int64_t n = 0;
	int there = *(int *)arg;

	good(s, store_count_hosts(s, pool_a, add_hosts, &n));
	assert_int_equal(n, there ? MANY : 0);
	good(s, store_scan_hosts(s, NULL, add_host, &seen));
	assert_int_equal(seen.nr, there ? MANY : 0);
	assert_int_equal(store_find_host(s, "n0007", &h),
			 there ? 0 : -LVL_E_NOT_FOUND);
	return 0;
}

static int more(struct store *s, void *arg)
{
	struct source g = *(struct source *)arg;

	return store_bulk_hosts(s, next_host, &g);
}

static void many(void **state)
{
	struct stores *t = *state;
	struct source again = { .name = "n" };
	struct source other = { .name = "other", .fail_at = 1500 };
	int i;

	for (i = 1; i <= 2; i++)
		write_by(t->s, step, &i);
	write_by(t->s, bulk, NULL);
	read_by(t->s, count_many, NULL);
	assert_int_equal(store_txn(t->s, STORE_WRITE, more, &again),
			 -LVL_E_DUPLICATE);
	assert_int_equal(store_txn(t->s, STORE_WRITE, more, &other),
			 -LVL_E_SYNTAX);
	read_by(t->s, count_many, NULL); /* a half import leaves nothing */
	good(t->s, store_at(t->s, 3));
	i = 1;
	read_by(t->s, then_many, &i);
	good(t->s, store_at(t->s, 2));
	i = 0;
	read_by(t->s, then_many, &i);
	good(t->s, store_at(t->s, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(history), STORE_TEST(time_travel),
		STORE_TEST(times),   STORE_TEST(clock_back),
		STORE_TEST(waiting), STORE_TEST(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A made fleet: loads it into a store, or reports as its hosts do.
 *
 *	fleet make URI HOSTS VMS POLICIES POOLS DUMP...
 *	fleet report URI HOSTS POLICIES SECONDS PROCESSES BATCH CHANGED DUMP...
 *
 * The hosts are the machines of the dumps, each in many variations: features
 * that a kernel, a microcode or a firmware took away.  Pool 1 is the big one:
 * 5,000 hosts and 100,000 VMs, or a tenth of all.  The others are alike in
 * size.  A pool's hosts are of one to four profiles; nine of ten VMs saw the
 * pool's level when they booted, the tenth what its host had.  The same
 * arguments make the same fleet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cpulevel/derive.h>
#include <cpulevel/host.h>
#include <cpulevel/import.h>
#include <cpulevel/level.h>

#include "store/store.h"

#define MAX_DUMPS 256
#define MEMBERS 4
#define NAME 64

struct recipe {
	unsigned nr;
	unsigned member[MEMBERS]; /* profiles */
	int64_t level;            /* object */
};

struct fleet {
	struct lvl_desc *dump[MAX_DUMPS];
	unsigned nr_dumps;
	int64_t hosts, vms, big_hosts, big_vms;
	unsigned policies, pools, recipes;
	struct profile {
		int64_t profile, source, seen;
	} * profile;
	struct recipe *recipe;
	int64_t *pool, *level; /* ids */
	int64_t next;
	char name[NAME];
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fleet: %s: %s\n", what, why);
	exit(1);
}

static struct store *open_store(const char *uri)
{
	struct store *s;
	char err[STORE_ERROR];

	if (store_open(uri, 0, &s, err))
		die("open", err);
	return s;
}

static void must(struct store *s, int rc, const char *what)
{
	if (rc)
		die(what, rc < 0 ? store_error(s) : "it stopped");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The same for the same number. */
static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* -- machines ------------------------------------------------------------- */

static int take_dump(void *arg, struct lvl_desc *d)
{
	struct fleet *f = arg;

	if (!d->policy[LVL_KIND_RAW] || f->nr_dumps == MAX_DUMPS) {
		lvl_desc_free(d);
		return 0;
	}
	f->dump[f->nr_dumps++] = d;
	return 0;
}

static void read_dumps(struct fleet *f, char **path, int nr)
{
	struct lvl_ferr err;
	FILE *in;
	int i;

	for (i = 0; i < nr; i++) {
		in = fopen(path[i], "rb");
		if (!in)
			die(path[i], "cannot be read");
		if (lvl_import_file(in, path[i], NULL, take_dump, f, NULL,
				    &err))
			die("import", err.text);
		fclose(in);
	}
	if (!f->nr_dumps)
		die("dumps", "none of them is raw");
}

/* What firmware, microcode, kernels and options take away. */
static const uint16_t loose[] = {
	LVL_F_RTM,     LVL_F_HLE,  LVL_F_ERMS,    LVL_F_FSRM,
	LVL_F_AVX512F, LVL_F_SHA,  LVL_F_VAES,    LVL_F_GFNI,
	LVL_F_PKU,     LVL_F_PCID, LVL_F_INVPCID, LVL_F_RDSEED,
	LVL_F_LA57,    LVL_F_UMIP, LVL_F_XSAVES,  LVL_F_CLFLUSHOPT,
};

static void vary(struct lvl_policy *p, unsigned variation)
{
	uint64_t dice =
		mix(variation) & mix(variation + 1) & mix(variation + 2);
	unsigned i;

	for (i = 0; i < LVL_COUNT(loose); i++)
		if (dice >> i & 1 && lvl_known(p, loose[i]))
			lvl_set(p, loose[i], 0);
	lvl_set(p, LVL_F_MICROCODE_REVISION, 0x1000 + variation);
}

/* Machine number nr of the fleet: a dump and its variation. */
static struct lvl_desc *machine(const struct fleet *f, unsigned nr)
{
	struct lvl_desc *d = lvl_desc_clone(f->dump[nr % f->nr_dumps]);
	unsigned variation = nr / f->nr_dumps;
	char text[64];

	if (!d)
		die("machine", "out of memory");
	vary(d->policy[LVL_KIND_RAW], variation);
	lvl_host_derive(lvl_desc_policy(d, LVL_KIND_HOST),
			d->policy[LVL_KIND_RAW], NULL);
	snprintf(text, sizeof(text), "cpu %u", nr % f->nr_dumps);
	lvl_desc_drop_facts(d, "cpu");
	lvl_desc_drop_facts(d, "kernel");
	lvl_desc_drop_facts(d, "microcode");
	lvl_desc_drop_facts(d, "hypervisor");
	lvl_desc_drop_facts(d, "firmware");
	lvl_desc_add_fact(d, "cpu", text);
	snprintf(text, sizeof(text), "6.1.%u", 100 + variation % 8);
	lvl_desc_add_fact(d, "kernel", text);
	snprintf(text, sizeof(text), "0x%x", 0x1000 + variation);
	lvl_desc_add_fact(d, "microcode", text);
	return d;
}

static int put_machine(struct store *s, const struct fleet *f, unsigned nr)
{
	struct lvl_desc *d = machine(f, nr);
	struct profile *p = &f->profile[nr];
	struct store_source source = {
		.cpu = lvl_desc_fact(d, "cpu"),
		.kernel = lvl_desc_fact(d, "kernel"),
		.microcode = lvl_desc_fact(d, "microcode"),
	};
	struct lvl_policy dflt;
	struct lvl_fold alone;
	int rc = store_put_profile(s, d, &p->profile);

	if (!rc)
		rc = store_put_source(s, &source, &p->source);
	if (!rc)
		rc = lvl_derive_default(&dflt, d->policy[LVL_KIND_HOST],
					LVL_HVM, &lvl_platforms[0], NULL);
	lvl_fold_init(&alone);
	lvl_fold_add(&alone, &dflt);
	if (!rc)
		rc = lvl_fold_read(&alone, &dflt, NULL, NULL);
	if (!rc)
		rc = store_put_policy(s, &dflt, LVL_HVM, &p->seen);
	lvl_desc_free(d);
	return rc;
}

/* -- pools and their levels ----------------------------------------------- */

/* One to four kinds of host that have a common level. */
static int put_recipe(struct store *s, const struct fleet *f, unsigned nr)
{
	struct recipe *r = &f->recipe[nr];
	unsigned want = 1 + nr % MEMBERS, tries, m;
	const struct lvl_policy *p;
	struct lvl_policy level, common;
	struct lvl_fold fold, more;
	int rc;

	lvl_fold_init(&fold);
	for (tries = 0; r->nr < want && tries < 32; tries++) {
		m = tries < 2 ? 2 * nr + tries : (unsigned)mix(nr * 64 + tries);
		m %= f->policies;
		rc = store_get_policy(s, f->profile[m].seen, &p, NULL);
		if (rc)
			return rc;
		more = fold;
		lvl_fold_add(&more, p);
		if (lvl_fold_read(&more, &common, NULL, NULL))
			continue;
		fold = more;
		level = common;
		r->member[r->nr++] = m;
	}
	return store_put_policy(s, &level, LVL_HVM, &r->level);
}

static int put_pool(struct store *s, const struct fleet *f, unsigned nr)
{
	struct store_pool p = { .guest = LVL_HVM };
	struct store_level l = { .guest = LVL_HVM,
				 .definition = "{\"follows\":true}" };
	char name[NAME];
	int rc;

	snprintf(name, sizeof(name), "pool-%05u", nr + 1);
	p.name = l.name = name;
	rc = store_put_pool(s, &p);
	l.pool = f->pool[nr] = p.id;
	l.policy = f->recipe[nr % f->recipes].level;
	if (!rc)
		rc = store_put_level(s, &l);
	f->level[nr] = l.id;
	return rc;
}

static int put_kinds(struct store *s, void *arg)
{
	const struct fleet *f = arg;
	unsigned i;
	int rc = 0;

	for (i = 0; i < f->policies && !rc; i++)
		rc = put_machine(s, f, i);
	for (i = 0; i < f->recipes && !rc; i++)
		rc = put_recipe(s, f, i);
	for (i = 0; i < f->pools && !rc; i++)
		rc = put_pool(s, f, i);
	return rc;
}

/* -- hosts and VMs -------------------------------------------------------- */

static unsigned pool_of(const struct fleet *f, int64_t host)
{
	if (host < f->big_hosts || f->pools == 1)
		return 0;
	return 1 + (unsigned)((host - f->big_hosts) % (f->pools - 1));
}

/* The number of the machine that a host is. */
static unsigned kind_of(const struct fleet *f, int64_t host)
{
	const struct recipe *r = &f->recipe[pool_of(f, host) % f->recipes];

	return r->member[mix((uint64_t)host) % r->nr];
}

static void name_host(char name[NAME], int64_t host)
{
	snprintf(name, NAME, "h%07lld.rack%05lld", (long long)host,
		 (long long)(host / 40));
}

static int next_host(void *arg, struct store_host *h)
{
	struct fleet *f = arg;
	int64_t nr = f->next;
	const struct profile *p;

	if (nr == f->hosts)
		return 0;
	p = &f->profile[kind_of(f, nr)];
	name_host(f->name, nr);
	h->name = f->name;
	h->pool = f->pool[pool_of(f, nr)];
	h->profile = p->profile;
	h->source = p->source;
	f->next++;
	return 1;
}

/* Hosts were loaded first, in their order: host nr has id nr + 1. */
static int next_vm(void *arg, struct store_vm *v)
{
	struct fleet *f = arg;
	int64_t nr = f->next, rest = f->hosts - f->big_hosts, host;
	unsigned pool;

	if (nr == f->vms)
		return 0;
	host = nr < f->big_vms ? nr % f->big_hosts
	       : rest          ? f->big_hosts + (nr - f->big_vms) % rest
			       : nr % f->hosts;
	pool = pool_of(f, host);
	snprintf(f->name, sizeof(f->name), "vm-%08lld", (long long)nr);
	v->name = f->name;
	v->pool = f->pool[pool];
	v->host = host + 1;
	v->guest = LVL_HVM;
	v->booted = 1790000000000 + nr;
	if (mix((uint64_t)nr + 77) % 10) {
		v->seen = f->recipe[pool % f->recipes].level;
		v->level = f->level[pool];
	} else {
		v->seen = f->profile[kind_of(f, host)].seen;
	}
	f->next++;
	return 1;
}

static int load_hosts(struct store *s, void *arg)
{
	struct fleet *f = arg;

	f->next = 0;
	return store_bulk_hosts(s, next_host, f);
}

static int load_vms(struct store *s, void *arg)
{
	struct fleet *f = arg;

	f->next = 0;
	return store_bulk_vms(s, next_vm, f);
}

/* -- the whole fleet ------------------------------------------------------ */

static void *room(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p)
		die("fleet", "out of memory");
	return p;
}

static void lay_out(struct fleet *f, char **arg)
{
	f->hosts = atoll(arg[0]);
	f->vms = atoll(arg[1]);
	f->policies = (unsigned)atoi(arg[2]);
	f->pools = (unsigned)atoi(arg[3]);
	if (f->hosts < 1 || f->policies < 1 || f->pools < 1)
		die("arguments", "at least one of each");
	f->recipes = f->policies > 1 ? f->policies / 2 : 1;
	f->big_hosts = f->hosts >= 50000 ? 5000 : (f->hosts + 9) / 10;
	f->big_vms = f->vms >= 1000000 ? 100000 : f->vms / 10;
	f->profile = room(f->policies, sizeof(*f->profile));
	f->recipe = room(f->recipes, sizeof(*f->recipe));
	f->pool = room(f->pools, sizeof(*f->pool));
	f->level = room(f->pools, sizeof(*f->level));
}

static double phase(struct store *s, store_body_fn *body, struct fleet *f,
		    const char *what)
{
	double began = now();

	must(s, store_txn(s, STORE_WRITE, body, f), what);
	return now() - began;
}

static int make(int argc, char **argv)
{
	struct fleet f = { .nr_dumps = 0 };
	struct rusage used;
	double kinds, hosts, vms, began;
	struct store *s;

	if (argc < 6)
		return 2;
	lay_out(&f, argv + 1);
	read_dumps(&f, argv + 5, argc - 5);
	s = open_store(argv[0]);
	must(s, store_set_actor(s, "bench", NULL), "actor");
	began = now();
	kinds = phase(s, put_kinds, &f, "pools");
	hosts = phase(s, load_hosts, &f, "hosts");
	vms = phase(s, load_vms, &f, "VMs");
	store_close(s);
	getrusage(RUSAGE_SELF, &used);
	printf("{\"kinds\":%.1f,\"hosts\":%.1f,\"vms\":%.1f,\"all\":%.1f,"
	       "\"cpu\":%.1f,\"rss\":%ld}\n",
	       kinds, hosts, vms, now() - began,
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec),
	       used.ru_maxrss);
	return 0;
}

/* -- reports of hosts ----------------------------------------------------- */

struct report {
	struct lvl_desc **machine;
	unsigned nr_machines, batch, changed;
	struct fleet *f;
	uint64_t dice;
	int64_t wrote;
};

/* Of many hosts, or of one; as they are, or as another machine. */
static int send_reports(struct store *s, void *arg)
{
	struct report *r = arg;
	unsigned i, machine;
	char name[NAME];
	int changed, rc = 0;

	r->wrote = 0;
	for (i = 0; i < r->batch && !rc; i++) {
		int64_t host =
			(int64_t)(mix(r->dice + i) % (uint64_t)r->f->hosts);

		machine = (unsigned)((host + r->changed * (r->dice >> 16)) %
				     r->nr_machines);
		name_host(name, host);
		rc = store_publish(s, name, r->machine[machine], &changed);
		r->wrote += changed;
	}
	return rc;
}

/* So that reports of the unchanged find what they say. */
static int settle(struct store *s, void *arg)
{
	struct report *r = arg;
	char name[NAME];
	int64_t host;
	int changed, rc = 0;

	for (host = 0; host < r->f->hosts && !rc; host++) {
		name_host(name, host);
		rc = store_publish(s, name, r->machine[host % r->nr_machines],
				   &changed);
	}
	return rc;
}

struct tally {
	int64_t reports, wrote;
};

static void reporter(const char *uri, struct report r, double seconds,
		     uint64_t nr, int out)
{
	struct store *s = open_store(uri);
	struct tally t = { 0, 0 };
	double until = now() + seconds;

	must(s, store_set_actor(s, "bench", NULL), "actor");
	for (r.dice = nr << 40; now() < until; r.dice += 65536 + r.batch) {
		/* what has changed is not known before it is looked at */
		must(s, store_txn(s, STORE_READ, send_reports, &r), "look");
		if (r.wrote)
			must(s, store_txn(s, STORE_WRITE, send_reports, &r),
			     "write");
		t.reports += r.batch;
		t.wrote += r.wrote;
	}
	if (write(out, &t, sizeof(t)) != sizeof(t))
		die("report", "pipe");
	store_close(s);
	_exit(0);
}

static void fork_reporters(const char *uri, const struct report *r,
			   double seconds, int processes)
{
	struct tally t, sum = { 0, 0 };
	struct rusage used;
	double cpu;
	int end[2], i;

	if (pipe(end))
		die("report", "pipe");
	for (i = 0; i < processes; i++)
		if (!fork())
			reporter(uri, *r, seconds, (uint64_t)i + 1, end[1]);
	close(end[1]);
	while (read(end[0], &t, sizeof(t)) == sizeof(t)) {
		sum.reports += t.reports;
		sum.wrote += t.wrote;
	}
	while (wait(NULL) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &used);
	cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	printf("{\"reports\":%.0f,\"changed\":%.0f,\"cpu\":%.3f}\n",
	       (double)sum.reports / seconds, (double)sum.wrote / seconds,
	       cpu / seconds);
}

static int report(int argc, char **argv)
{
	struct fleet f = { .nr_dumps = 0 };
	struct report r = { .f = &f };
	struct store *s;
	unsigned i;

	if (argc < 8)
		return 2;
	f.hosts = atoll(argv[1]);
	r.nr_machines = (unsigned)atoi(argv[2]);
	r.batch = (unsigned)atoi(argv[5]);
	r.changed = (unsigned)atoi(argv[6]);
	read_dumps(&f, argv + 7, argc - 7);
	r.machine = room(r.nr_machines, sizeof(*r.machine));
	for (i = 0; i < r.nr_machines; i++)
		r.machine[i] = machine(&f, i);
	s = open_store(argv[0]);
	if (!r.changed)
		must(s, store_txn(s, STORE_WRITE, settle, &r), "settle");
	store_close(s);
	fork_reporters(argv[0], &r, atof(argv[3]), atoi(argv[4]));
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 2;

	if (argc > 2 && !strcmp(argv[1], "make"))
		rc = make(argc - 2, argv + 2);
	else if (argc > 2 && !strcmp(argv[1], "report"))
		rc = report(argc - 2, argv + 2);
	if (rc == 2)
		fputs("usage: fleet make URI HOSTS VMS POLICIES POOLS "
		      "DUMP...\n"
		      "       fleet report URI HOSTS POLICIES SECONDS "
		      "PROCESSES BATCH CHANGED DUMP...\n",
		      stderr);
	return rc;
}

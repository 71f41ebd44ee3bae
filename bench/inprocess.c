/* SPDX-License-Identifier: MIT */
/*
 * Times of single operations within one process.
 *
 * usage: inprocess [-n HOSTS] [-x DEFINITIONS] [-c CASE] [-l LOOPS] FILE...
 *
 * Each FILE is a machine; they are repeated up to HOSTS.  Prints a line a
 * case: name, unit, nanoseconds a unit (the median of ROUNDS, processor
 * time).  The rounds of all cases take turns, so that what disturbs the
 * machine disturbs all of them.  With -c and -l one case runs so many loops,
 * not timed: to count instructions.  Its function has the case's name, with _
 * for -, so that a profiler can be told to look at nothing else.
 */
#include "bench.h"

#include <cpulevel/check.h>
#include <cpulevel/host.h>
#include <cpulevel/import.h>
#include <cpulevel/level.h>
#include <cpulevel/xen.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define ROUND_NS 20e6

/* -- what is measured ----------------------------------------------------- */

static double hosts(const struct data *d)
{
	return (double)d->nr;
}

static double definitions(const struct data *d)
{
	return d->xml.data ? (double)d->nr_xml : 0;
}

static double one(const struct data *d)
{
	(void)d;
	return 1;
}

static double leaves(const struct data *d)
{
	return (double)d->nr_leaves;
}

static unsigned long read_level(struct lvl_fold *f, struct lvl_policy *level)
{
	struct lvl_status status;

	return (unsigned long)lvl_fold_read(f, level, NULL, &status) +
	       level->v[1];
}

static unsigned long level_memory(struct data *d, unsigned long loops)
{
	struct lvl_policy level;
	struct lvl_fold f;
	unsigned long sum = 0;
	size_t i;

	while (loops--) {
		lvl_fold_init(&f);
		for (i = 0; i < d->nr; i++)
			lvl_fold_add(&f, &d->host[i]);
		sum += read_level(&f, &level);
	}
	return sum;
}

/* What the machine offers: derived from its dump, or as it was reported. */
static const struct lvl_policy *offer(const struct lvl_desc *d)
{
	return d->policy[LVL_KIND_HOST] ? d->policy[LVL_KIND_HOST]
					: d->policy[LVL_KIND_HVM_DEFAULT];
}

static int fold_machine(void *arg, struct lvl_desc *d)
{
	const struct lvl_policy *p = offer(d);

	if (p)
		lvl_fold_add(arg, p);
	lvl_desc_free(d);
	return 0;
}

static unsigned long level_of(const struct text *t, unsigned long loops)
{
	struct lvl_policy level;
	struct lvl_ferr err;
	struct lvl_fold f;
	unsigned long sum = 0;

	while (loops--) {
		lvl_fold_init(&f);
		if (lvl_import_memory(t->data, t->len, "memory", NULL,
				      fold_machine, &f, NULL, &err)) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		sum += read_level(&f, &level);
	}
	return sum;
}

static unsigned long level_text(struct data *d, unsigned long loops)
{
	return level_of(&d->dumps, loops);
}

static unsigned long level_libvirt(struct data *d, unsigned long loops)
{
	return level_of(&d->xml, loops);
}

static void count_finding(void *arg, const struct lvl_finding *finding)
{
	*(unsigned long *)arg += finding->field;
}

/* The level against every host: yes, each time. */
static unsigned long check_yes(struct data *d, unsigned long loops)
{
	unsigned long sum = 0;
	size_t i;

	while (loops--)
		for (i = 0; i < d->nr; i++)
			sum += (unsigned long)lvl_fits(&d->level, &d->host[i],
						       count_finding, &sum);
	return sum;
}

static void count_one(void *arg, const struct lvl_finding *finding)
{
	(void)finding;
	++*(unsigned long *)arg;
}

static double findings(const struct data *d)
{
	unsigned long n = 0;
	size_t i;

	for (i = 0; i < d->nr; i++)
		(void)lvl_fits(&d->host[i], &d->host[(i + 1) % d->nr],
			       count_one, &n);
	return (double)n;
}

/* Every host as a guest on the next one: findings, mostly. */
static unsigned long check_no(struct data *d, unsigned long loops)
{
	unsigned long sum = 0;
	size_t i;

	while (loops--)
		for (i = 0; i < d->nr; i++)
			sum += (unsigned long)lvl_fits(
				&d->host[i], &d->host[(i + 1) % d->nr],
				count_finding, &sum);
	return sum;
}

static unsigned long record_encode(struct data *d, unsigned long loops)
{
	uint8_t out[LVL_RECORD_MAX];
	unsigned long sum = 0;

	while (loops--) {
		size_t len = sizeof(out);

		sum += (unsigned long)lvl_record_encode(&d->full, -1, out,
							&len) +
		       len;
	}
	return sum;
}

static unsigned long record_decode(struct data *d, unsigned long loops)
{
	struct lvl_policy p;
	unsigned long sum = 0;

	while (loops--) {
		sum += (unsigned long)lvl_record_decode(&p, NULL, d->record,
							d->record_len, NULL);
		sum += p.v[1];
	}
	return sum;
}

static unsigned long leaves_out(struct data *d, unsigned long loops)
{
	struct lvl_leaf out[LVL_NR_LEAVES];
	unsigned long sum = 0;

	while (loops--) {
		size_t nr = LVL_COUNT(out);

		sum += (unsigned long)lvl_xen_leaves_out(&d->leaves, out, &nr) +
		       nr;
	}
	return sum;
}

static unsigned long leaves_in(struct data *d, unsigned long loops)
{
	struct lvl_policy p;
	unsigned long sum = 0;

	lvl_policy_clear(&p);
	while (loops--)
		sum += (unsigned long)lvl_xen_leaves_in(&p, d->leaf,
							d->nr_leaves, NULL);
	return sum + p.v[1];
}

static const struct bench own[] = {
	{ "level-memory", "host", hosts, level_memory },
	{ "level-text", "host", hosts, level_text },
	{ "level-libvirt", "host", definitions, level_libvirt },
	{ "check-yes", "check", hosts, check_yes },
	{ "check-no", "finding", findings, check_no },
	{ "record-encode", "record", one, record_encode },
	{ "record-decode", "record", one, record_decode },
	{ "leaves-out", "leaf", leaves, leaves_out },
	{ "leaves-in", "leaf", leaves, leaves_in },
};

#define NR_CASES (LVL_COUNT(own) + 2)

static const struct bench *bench_at(unsigned i)
{
	if (i < LVL_COUNT(own))
		return &own[i];
	return i == LVL_COUNT(own) ? &peer_encode : &peer_decode;
}

/* -- the data ------------------------------------------------------------- */

static void die(const char *what, const char *why)
{
	fprintf(stderr, "inprocess: %s: %s\n", what, why);
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		die("memory", "there is not enough");
	return p;
}

struct machines {
	struct lvl_desc *d[256];
	size_t nr;
};

static int keep_machine(void *arg, struct lvl_desc *d)
{
	struct machines *m = arg;

	if (m->nr == LVL_COUNT(m->d))
		die(d->name, "too many machines");
	if (!offer(d))
		die(d->name, "it does not say what the machine offers");
	m->d[m->nr++] = d;
	return 0;
}

static void read_machines(struct machines *m, char **path)
{
	struct lvl_ferr err;

	for (; *path; path++) {
		FILE *f = fopen(*path, "rb");

		if (!f)
			die(*path, strerror(errno));
		if (lvl_import_file(f, *path, NULL, keep_machine, m, NULL,
				    &err))
			die("import", err.text);
		fclose(f);
	}
	if (!m->nr)
		die("usage", "at least one FILE is needed");
}

static void make_hosts(struct data *d, const struct machines *m)
{
	FILE *out = need(open_memstream(&d->dumps.data, &d->dumps.len));
	size_t i;

	d->host = need(calloc(d->nr, sizeof(*d->host)));
	for (i = 0; i < d->nr; i++) {
		const struct lvl_desc *from = m->d[i % m->nr];

		d->host[i] = *offer(from);
		if (lvl_desc_write(from, out))
			die("memory", "cannot write a dump");
	}
	fclose(out);
}

static void make_level(struct data *d)
{
	struct lvl_fold f;
	size_t i;
	int rc;

	lvl_fold_init(&f);
	for (i = 0; i < d->nr; i++)
		lvl_fold_add(&f, &d->host[i]);
	rc = lvl_fold_read(&f, &d->level, NULL, NULL);
	if (rc)
		die("level", lvl_strerror(rc));
}

/* The machine of which most is known, and its leaves. */
static void make_leaves(struct data *d, const struct machines *m)
{
	size_t i, nr;

	for (i = 0; i < m->nr; i++) {
		const struct lvl_policy *p = offer(m->d[i]);

		nr = 0;
		(void)lvl_xen_leaves_out(p, NULL, &nr);
		if (nr < d->nr_leaves)
			continue;
		d->full = *p;
		d->nr_leaves = nr;
	}
	nr = LVL_COUNT(d->leaf);
	if (lvl_xen_leaves_out(&d->full, d->leaf, &nr))
		die("leaves", "cannot be written");
	d->nr_leaves = peer_begin(d->leaf, nr);
	lvl_policy_clear(&d->leaves);
	if (lvl_xen_leaves_in(&d->leaves, d->leaf, d->nr_leaves, NULL))
		die("leaves", "cannot be read back");
	d->record_len = sizeof(d->record);
	if (lvl_record_encode(&d->full, -1, d->record, &d->record_len))
		die("record", "cannot be written");
}

static int count_machine(void *arg, struct lvl_desc *d)
{
	++*(size_t *)arg;
	lvl_desc_free(d);
	return 0;
}

static void read_xml(struct data *d, const char *path)
{
	FILE *f = fopen(path, "rb"), *out;
	struct lvl_ferr err;
	char buf[65536];
	size_t n;

	if (!f)
		die(path, strerror(errno));
	out = need(open_memstream(&d->xml.data, &d->xml.len));
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, out);
	fclose(out);
	fclose(f);
	if (lvl_import_memory(d->xml.data, d->xml.len, path, NULL,
			      count_machine, &d->nr_xml, NULL, &err))
		die("import", err.text);
}

/* -- measuring ------------------------------------------------------------ */

static volatile unsigned long sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double spent(const struct bench *b, struct data *d, unsigned long loops)
{
	double began = now();

	sink += b->run(d, loops);
	return now() - began;
}

/* So many loops take about ROUND_NS. */
static unsigned long calibrate(const struct bench *b, struct data *d)
{
	unsigned long loops = 1;

	while (spent(b, d, loops) < ROUND_NS && loops < 1ul << 40)
		loops *= 2;
	return loops;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure_all(struct data *d)
{
	double ns[NR_CASES][ROUNDS];
	unsigned long loops[NR_CASES] = { 0 };
	unsigned i, round;

	for (i = 0; i < NR_CASES; i++)
		if (bench_at(i)->units(d) > 0)
			loops[i] = calibrate(bench_at(i), d);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < NR_CASES; i++)
			if (loops[i])
				ns[i][round] = spent(bench_at(i), d, loops[i]) /
					       (double)loops[i];
	for (i = 0; i < NR_CASES; i++) {
		const struct bench *b = bench_at(i);

		if (!loops[i]) {
			printf("%s\t%s\t-\t-\n", b->name, b->unit);
			continue;
		}
		qsort(ns[i], ROUNDS, sizeof(ns[i][0]), by_value);
		printf("%s\t%s\t%.2f\t%.0f\n", b->name, b->unit,
		       ns[i][ROUNDS / 2] / b->units(d), b->units(d));
	}
}

static void run_one(struct data *d, const char *name, unsigned long loops)
{
	unsigned i;

	for (i = 0; i < NR_CASES; i++) {
		if (strcmp(bench_at(i)->name, name))
			continue;
		if (bench_at(i)->units(d) > 0)
			sink += bench_at(i)->run(d, loops);
		return;
	}
	die(name, "no such case");
}

int main(int argc, char **argv)
{
	static struct machines m;
	static struct data d;
	const char *name = NULL, *xml = NULL;
	unsigned long loops = 0;
	int c;

	d.nr = 1000;
	while ((c = getopt(argc, argv, "n:x:c:l:")) != -1) {
		if (c == 'n')
			d.nr = strtoul(optarg, NULL, 10);
		else if (c == 'x')
			xml = optarg;
		else if (c == 'c')
			name = optarg;
		else if (c == 'l')
			loops = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	read_machines(&m, argv + optind);
	make_hosts(&d, &m);
	make_level(&d);
	make_leaves(&d, &m);
	if (xml)
		read_xml(&d, xml);
	if (name)
		run_one(&d, name, loops);
	else
		measure_all(&d);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What hv costs: a switch, an answer, a policy that is set.
 *
 * usage: hv [-c CASE -l LOOPS]
 *
 * Prints a line a case: name, nanoseconds (the median of ROUNDS, processor
 * time; the rounds of all cases take turns).  With -c and -l one case runs so
 * many loops, not timed: to count instructions in its function, which has the
 * case's name with _ for -.  That function does nothing but what is measured,
 * so that a count has its call and return in it, and no loop.
 */
#include <cpulevel/hv.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define ROUND_NS 5e6

/* -- a CPU ----------------------------------------------------------------- */

volatile uint64_t bench_msr[16];
static struct lvl_policy native;
static int faulting;

static const struct overrides {
	uint32_t msr, leaf;
	unsigned low, high;
} overrides[] = {
	{ 0xc0011004, 1, 3, 2 },
	{ 0xc0011005, 0x80000001, 3, 2 },
	{ 0xc0011002, 7, 1, 0 },
	{ 0xc0011003, 6, 2, 4 },
};

int bench_rdmsr(uint32_t msr, uint64_t *value)
{
	unsigned i;

	*value = bench_msr[msr & 15];
	for (i = 0; i < LVL_COUNT(overrides); i++)
		if (overrides[i].msr == msr)
			return 0;
	if (msr == 0xce)
		*value = 0x80000000;
	return !(faulting && (msr == 0x140 || msr == 0xce));
}

void bench_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);
	unsigned i;

	for (i = 0; i < 4; i++)
		reg[i] = l ? native.v[l->word[i]] : 0;
	for (i = 0; i < LVL_COUNT(overrides) && !faulting; i++) {
		uint64_t v = bench_msr[overrides[i].msr & 15];

		if (overrides[i].leaf != leaf || subleaf)
			continue;
		reg[overrides[i].low] = (uint32_t)v;
		if (overrides[i].high < 4)
			reg[overrides[i].high] = (uint32_t)(v >> 32);
	}
}

static void put_leaf(uint32_t leaf, uint32_t subleaf, uint32_t a, uint32_t b,
		     uint32_t c, uint32_t d)
{
	const uint32_t reg[4] = { a, b, c, d };

	(void)lvl_policy_set_leaf(&native, leaf, subleaf, reg);
}

/* XSAVE components of AVX-512 and PKRU, in Intel's places. */
static void put_components(void)
{
	put_leaf(0xd, 0, 0x2e7, 0, 0xa88, 0);
	put_leaf(0xd, 1, 0x7, 0, 0, 0);
	put_leaf(0xd, 2, 256, 576, 0, 0);
	put_leaf(0xd, 5, 64, 1088, 0, 0);
	put_leaf(0xd, 6, 512, 1152, 0, 0);
	put_leaf(0xd, 7, 1024, 1664, 0, 0);
	put_leaf(0xd, 9, 8, 2688, 0, 0);
}

/* Bulldozer has the most masks; Skylake faults. */
static void make_cpu(int intel)
{
	unsigned i;

	lvl_policy_zero(&native);
	faulting = intel;
	lvl_policy_set_vendor(&native,
			      intel ? LVL_VENDOR_INTEL : LVL_VENDOR_AMD);
	lvl_set(&native, LVL_F_MAX_BASIC_LEAF, 0xd);
	put_leaf(1, 0, intel ? 0x50654 : 0x600f12, 0x00100800, 0x7ffafbff,
		 0xbfebfbff);
	put_leaf(7, 0, 0, intel ? 0xd39ffffb : 0x8, 0x8, 0);
	put_leaf(6, 0, 0, 0, 9, 0);
	put_components();
	put_leaf(0x80000000, 0, 0x80000008, 0, 0, 0);
	put_leaf(0x80000001, 0, 0, 0, 0x121, 0x2c100800);
	put_leaf(0x80000002, 0, 0x65746e49, 0x2952286c, 0x6f655820, 0x2952286e);
	put_leaf(0x80000008, 0, 0x3028, 0, 0, 0);
	for (i = 0; i < 16; i++)
		bench_msr[i] = 0;
	bench_msr[4] = 0x7ffafbffbfebfbff;
	bench_msr[5] = 0x000001212c100800;
	bench_msr[2] = 8;
	bench_msr[3] = 0xffffffff00000009;
}

/* -- domains --------------------------------------------------------------- */

static void die(const char *what)
{
	fprintf(stderr, "hv: %s\n", what);
	exit(3);
}

struct world {
	struct lvl_hv hv;
	struct lvl_cpu cpu;
	struct lvl_dom dom[4];
	struct lvl_vcpu v[4];
};
static struct world amd, intel;
static struct lvl_leaf leaf[LVL_NR_LEAVES];
static struct lvl_msr msr[LVL_NR_MSRS];
static size_t nr_leaf = LVL_NR_LEAVES, nr_msr = LVL_NR_MSRS;
static struct lvl_dom target;

static void make_world(struct world *w, int is_intel)
{
	static const struct lvl_trial trial = { .mxcsr_mask = 0xffff };
	unsigned i;

	make_cpu(is_intel);
	lvl_hv_init(&w->hv, lvl_platform_find("xen-4.17", 8), NULL);
	if (lvl_cpu_up(&w->hv, &w->cpu, 0, &trial, NULL) ||
	    lvl_hv_ready(&w->hv, NULL) || lvl_cpu_start(&w->hv, &w->cpu))
		die("no machine");
	for (i = 0; i < 4; i++) {
		enum lvl_guest kind = is_intel && i < 3 ? LVL_HVM : LVL_PV;

		if (lvl_dom_init(&w->dom[i], &w->hv, kind, NULL, 0, NULL))
			die("no domain");
	}
}

/* Domains 0 and 1 are alike; 2 has another mask, 3 has four others. */
static void differ(struct world *w)
{
	unsigned i;

	w->dom[2].mask[0][0] ^= 1;
	for (i = 0; i < LVL_NR_SLOTS; i++)
		w->dom[3].mask[0][i] ^= 2;
}

static void start(struct world *w)
{
	unsigned i;

	for (i = 0; i < 4; i++) {
		if (lvl_dom_start(&w->dom[i]) ||
		    lvl_vcpu_init(&w->v[i], &w->dom[i], i))
			die("no vCPU");
		w->v[i].mode = LVL_MODE_LONG;
		w->v[i].xcr0 = 0x2e7;
	}
}

static void make_all(void)
{
	make_world(&amd, 0);
	differ(&amd);
	start(&amd);
	make_world(&intel, 1);
	if (lvl_dom_get(&intel.dom[0], leaf, &nr_leaf, msr, &nr_msr))
		die("no policy");
	target = intel.dom[0];
	start(&intel);
	if (!amd.hv.is.found || !intel.hv.faulting)
		die("not the CPUs that are meant");
}

/* -- KVM's way: a list of entries that is searched from the start -----------
 */

struct entry {
	uint32_t function, index, significant;
	uint32_t reg[4];
};
static struct entry list[256];
static unsigned nr_list;

/* What is not empty, then as many as there may be, which are not asked for. */
static void make_list(void)
{
	size_t i;

	for (i = 0; i < nr_leaf; i++) {
		const struct lvl_leaf *l = &leaf[i];

		if (!(l->reg[0] | l->reg[1] | l->reg[2] | l->reg[3]))
			continue;
		list[nr_list].function = l->leaf;
		list[nr_list].significant = l->subleaf != LVL_NO_SUBLEAF;
		list[nr_list].index = l->subleaf;
		memcpy(list[nr_list].reg, l->reg, sizeof(l->reg));
		nr_list++;
	}
	for (i = nr_list; i < 256; i++)
		list[i].function = 0x40000100 + (uint32_t)i;
}

static int search(unsigned nr, uint32_t function, uint32_t index,
		  uint32_t reg[4])
{
	unsigned i;

	for (i = 0; i < nr; i++) {
		const struct entry *e = &list[i];

		if (e->function != function ||
		    (e->significant && e->index != index))
			continue;
		memcpy(reg, e->reg, sizeof(e->reg));
		return 1;
	}
	memset(reg, 0, 4 * sizeof(*reg));
	return 0;
}

/* What a Linux kernel asks while it boots, in that order, once. */
static const struct {
	uint32_t leaf, subleaf;
} trace[] = {
	{ 0, 0 },          { 1, 0 },          { 2, 0 },
	{ 4, 0 },          { 4, 1 },          { 4, 2 },
	{ 4, 3 },          { 4, 4 },          { 5, 0 },
	{ 6, 0 },          { 7, 0 },          { 7, 1 },
	{ 9, 0 },          { 0xa, 0 },        { 0xb, 0 },
	{ 0xb, 1 },        { 0xb, 2 },        { 0xd, 0 },
	{ 0xd, 1 },        { 0xd, 2 },        { 0xd, 5 },
	{ 0xd, 6 },        { 0xd, 7 },        { 0xd, 9 },
	{ 0x14, 0 },       { 0x15, 0 },       { 0x16, 0 },
	{ 0x1f, 0 },       { 0x40000000, 0 }, { 0x80000000, 0 },
	{ 0x80000001, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 },
	{ 0x80000004, 0 }, { 0x80000007, 0 }, { 0x80000008, 0 },
};

/* -- cases ----------------------------------------------------------------- */

static uint32_t reg[4];

#define CASE(name) __attribute__((noinline)) static int name(unsigned long i)

static const struct lvl_vcpu *const next_equal[] = { &amd.v[0], &amd.v[1] };
static const struct lvl_vcpu *const next_one[] = { &amd.v[0], &amd.v[2] };
static const struct lvl_vcpu *const next_four[] = { &amd.v[0], &amd.v[3] };
static const struct lvl_vcpu *const next_fault[] = { &intel.v[0], &intel.v[3] };
static const struct lvl_vcpu *const next_idle[] = { &intel.v[0], NULL };

CASE(switch_equal)
{
	return lvl_switch(&amd.cpu, next_equal[i & 1]);
}

CASE(switch_one)
{
	return lvl_switch(&amd.cpu, next_one[i & 1]);
}

CASE(switch_four)
{
	return lvl_switch(&amd.cpu, next_four[i & 1]);
}

CASE(switch_faulting)
{
	return lvl_switch(&intel.cpu, next_fault[i & 1]);
}

CASE(switch_idle)
{
	return lvl_switch(&intel.cpu, next_idle[i & 1]);
}

CASE(answer_static)
{
	(void)i;
	return lvl_answer(&intel.v[0], 0x80000002, 0, reg);
}

CASE(answer_subleaf)
{
	(void)i;
	return lvl_answer(&intel.v[0], 0xd, 5, reg);
}

CASE(answer_7)
{
	(void)i;
	return lvl_answer(&intel.v[0], 7, 0, reg);
}

CASE(answer_d0)
{
	(void)i;
	return lvl_answer(&intel.v[0], 0xd, 0, reg);
}

CASE(answer_d1)
{
	(void)i;
	return lvl_answer(&intel.v[0], 0xd, 1, reg);
}

CASE(answer_1)
{
	(void)i;
	return lvl_answer(&intel.v[0], 1, 0, reg);
}

CASE(answer_nowhere)
{
	(void)i;
	return lvl_answer(&intel.v[0], 0x12345678, 0, reg);
}

CASE(trace_ours)
{
	return lvl_answer(&intel.v[0], trace[i % LVL_COUNT(trace)].leaf,
			  trace[i % LVL_COUNT(trace)].subleaf, reg);
}

CASE(trace_list)
{
	return search(nr_list, trace[i % LVL_COUNT(trace)].leaf,
		      trace[i % LVL_COUNT(trace)].subleaf, reg);
}

CASE(trace_list_256)
{
	return search(256, trace[i % LVL_COUNT(trace)].leaf,
		      trace[i % LVL_COUNT(trace)].subleaf, reg);
}

CASE(set_full)
{
	(void)i;
	return lvl_dom_set(&target, leaf, nr_leaf, msr, nr_msr, LVL_SET_FULL,
			   NULL);
}

static const struct {
	const char *name;
	int (*run)(unsigned long i);
	int rc; /* what it returns; -1: not looked at */
} cases[] = {
	{ "switch-equal", switch_equal, 0 },
	{ "switch-one", switch_one, 0 },
	{ "switch-four", switch_four, 0 },
	{ "switch-faulting", switch_faulting, 0 },
	{ "switch-idle", switch_idle, 0 },
	{ "answer-static", answer_static, 0 },
	{ "answer-subleaf", answer_subleaf, 0 },
	{ "answer-7", answer_7, 0 },
	{ "answer-d0", answer_d0, 0 },
	{ "answer-d1", answer_d1, 0 },
	{ "answer-1", answer_1, 0 },
	{ "answer-nowhere", answer_nowhere, 0 },
	{ "trace-ours", trace_ours, 0 },
	{ "trace-list", trace_list, -1 },
	{ "trace-list-256", trace_list_256, -1 },
	{ "set-full", set_full, 0 },
};
#define NR_CASES LVL_COUNT(cases)

/* -- measuring ------------------------------------------------------------- */

static double spent(unsigned c, unsigned long loops)
{
	struct timespec a, b;
	unsigned long i;
	int rc;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (i = 0; i < loops; i++) {
		rc = cases[c].run(i);
		if (cases[c].rc >= 0 && rc != cases[c].rc)
			die(cases[c].name);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (double)(b.tv_sec - a.tv_sec) * 1e9 +
	       (double)(b.tv_nsec - a.tv_nsec);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure_all(void)
{
	double ns[NR_CASES][ROUNDS];
	unsigned long loops[NR_CASES];
	unsigned c, round;

	for (c = 0; c < NR_CASES; c++)
		for (loops[c] = 64; spent(c, loops[c]) < ROUND_NS;)
			loops[c] *= 2;
	for (round = 0; round < ROUNDS; round++)
		for (c = 0; c < NR_CASES; c++)
			ns[c][round] = spent(c, loops[c]) / (double)loops[c];
	for (c = 0; c < NR_CASES; c++) {
		qsort(ns[c], ROUNDS, sizeof(ns[c][0]), by_value);
		printf("%s\t%.2f\n", cases[c].name, ns[c][ROUNDS / 2]);
	}
}

int main(int argc, char **argv)
{
	unsigned long loops = 1;
	const char *name = NULL;
	unsigned i;
	int c;

	while ((c = getopt(argc, argv, "c:l:")) != -1) {
		if (c == 'c')
			name = optarg;
		else if (c == 'l')
			loops = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	make_all();
	make_list();
	for (i = 0; name && i < NR_CASES; i++)
		if (!strcmp(cases[i].name, name))
			return spent(i, loops) < 0;
	if (name)
		die("no such case");
	measure_all();
	return 0;
}

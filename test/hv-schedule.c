/* SPDX-License-Identifier: MIT */
/*
 * Random schedules of vCPUs of many domains on several simulated CPUs: after
 * each switch what CPUID shows is the policy wherever the hardware can do it,
 * and exactly what was said to leak everywhere else; and no schedule could be
 * had with fewer writes.
 *
 * LVL_HV_STEPS: how many steps; LVL_HV_SEED: which schedule.
 */
#include "hv-cpu.h"

#include <cpulevel/hv.h>

#include "../core/clause.h"
#include "gen-policy.h"

#define CPUS 4
#define DOMS 6
#define VCPUS 2

/* A domain, and what CPUID shows its user programs natively. */
struct dom {
	struct lvl_dom d;
	struct lvl_vcpu v[VCPUS];
	struct lvl_policy shown;        /* policy, with what was said to leak */
	uint32_t decided[LVL_NR_WORDS]; /* bits that are compared */
	unsigned leaks;
};

struct world {
	struct gen g;
	struct lvl_hv hv;
	struct sim_cpu sim[CPUS];
	struct lvl_cpu cpu[CPUS];
	struct dom dom[DOMS];
	const struct lvl_vcpu *on[CPUS];
	const struct dom *of[CPUS];
};

static struct world w;
static uint64_t steps, seed;

static void print_why(void *arg, const struct lvl_refusal *why)
{
	unsigned field = why->at.field;

	(void)arg;
	print_error("%s: leaf %x, field %s: %s\n", lvl_strerror(why->at.code),
		    why->at.leaf,
		    field < LVL_NR_FIELDS ? lvl_field_name(field) : "-",
		    why->finding ? lvl_reason_text(why->finding->reason) : "");
}
static const struct lvl_refusals loud = { print_why, NULL };

/* -- what a domain is expected to see -------------------------------------- */

static void leak(void *arg, const struct lvl_unreached *u)
{
	const struct lvl_field *f = &lvl_fields[u->field];
	unsigned word = f->word + 4u * u->instance;
	struct dom *d = arg;

	if (!u->sure || lvl_words[word].place > LVL_PLACE_EDX)
		return;
	d->leaks++;
	d->shown.v[word] = (d->shown.v[word] & ~f->mask) |
			   ((uint32_t)(u->shown << f->lo) & f->mask);
	d->decided[word] |= f->mask;
}

static int runs_native(const struct dom *d)
{
	return d->d.kind == LVL_PV &&
	       (!w.hv.faulting || d->d.flags & LVL_DOM_NO_FAULTING);
}

static void decide_hidden(struct dom *d, const struct sim_mask *m)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(m->leaf, m->subleaf);
	unsigned i, h, word;

	for (h = 0; h < 2 && !w.hv.faulting; h++) {
		int r = h ? m->high : m->low;

		word = r < 0 ? LVL_NO_WORD : l->word[r];
		for (i = 0; r >= 0 && i < lvl_words[word].count; i++) {
			const struct lvl_field *f =
				&lvl_fields[lvl_words[word].first + i];

			if (f->rule == LVL_HIDDEN)
				d->decided[word] |= f->mask;
		}
	}
}

/* Bits that a policy decides: no live state, no topology, nothing n/a. */
static void decide(struct dom *d)
{
	unsigned i, n;

	memset(d->decided, 0, sizeof(d->decided));
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word == LVL_NO_WORD || f->rule == LVL_LEAK ||
		    f->rule == LVL_DYNAMIC || f->rule == LVL_FREE ||
		    f->rule == LVL_HIDDEN ||
		    (lvl_clause_(&d->d.p, f->carrier) == LVL_FALSE &&
		     f->rule != LVL_DERIVED && f->rule != LVL_PIN))
			continue;
		for (n = 0; n < f->instances; n++)
			d->decided[f->word + 4u * n] |= f->mask;
	}
	/* what no guest sees is hidden wherever a mask reaches */
	for (i = 0; runs_native(d) && i < w.sim[0].model->nr_masks; i++)
		decide_hidden(d, &w.sim[0].model->mask[i]);
	d->shown = d->d.p;
	d->leaks = 0;
	(void)lvl_dom_leaks(&d->d, leak, d);
}

/* -- making the world ------------------------------------------------------ */

/* Some machines are lowered by old options. */
static void draw_params(struct lvl_params *p)
{
	static const char *const names[] = {
		"cpuid_mask_ecx",       "cpuid_mask_edx",
		"cpuid_mask_ext_ecx",   "cpuid_mask_ext_edx",
		"cpuid_mask_xsave_eax", "cpuid_mask_l7s0_ebx",
	};
	char value[16];
	unsigned i;

	lvl_params_init(p);
	for (i = 0; i < LVL_COUNT(names) && gen_percent(&w.g, 60); i++) {
		uint32_t mask = (uint32_t)(gen_next(&w.g) | gen_next(&w.g));

		snprintf(value, sizeof(value), "0x%x", mask | 0x27a08961);
		assert_int_equal(lvl_param(p, names[i], strlen(names[i]), value,
					   strlen(value)),
				 0);
	}
}

/* A machine of a model, with random features; the same CPU everywhere. */
static void make_machine(const struct sim_model *model)
{
	static const struct lvl_capture capture = { 0 };
	struct lvl_params params;
	struct lvl_policy hw;
	unsigned i;

	do
		gen_policy(&w.g, &gen_total, &hw);
	while (!lvl_known(&hw, LVL_F_MAX_BASIC_LEAF));
	made_apply(&hw, "-hypervisor max-basic-leaf=0x24 "
			"max-extended-leaf=0x80000026 max-subleaf-7=2");
	/* nothing that no CPU says */
	made_apply(&hw, model->words);
	lvl_raw_clean(&hw, &capture, NULL);
	draw_params(&params);
	lvl_hv_init(&w.hv, lvl_platform_find("generic", 7), &params);
	for (i = 0; i < CPUS; i++) {
		sim_make_of(&w.sim[i], model, &hw);
		assert_int_equal(lvl_cpu_up(&w.hv, &w.cpu[i], 0, NULL, &loud),
				 0);
		assert_int_equal(w.cpu[i].found, model->xen_caps);
		assert_int_equal(w.cpu[i].expected, model->xen_caps);
		w.on[i] = NULL;
		w.of[i] = NULL;
	}
	assert_int_equal(lvl_hv_ready(&w.hv, &loud), 0);
	for (i = 0; i < CPUS; i++) {
		sim_now = &w.sim[i];
		assert_int_equal(lvl_cpu_start(&w.hv, &w.cpu[i]), 0);
		w.sim[i].writes = 0;
	}
}

static enum lvl_guest draw_kind(void)
{
	static const uint8_t kinds[] = { LVL_PV, LVL_PV, LVL_PV, LVL_HVM,
					 LVL_HVM_SHADOW };
	enum lvl_guest kind = kinds[gen_below(&w.g, LVL_COUNT(kinds))];

	return w.hv.platform->guests >> kind & 1 ? kind : LVL_HVM;
}

static void make_dom(struct dom *d)
{
	unsigned flags = gen_percent(&w.g, 15) ? LVL_DOM_NO_FAULTING : 0, i;
	struct lvl_policy p;

	assert_int_equal(
		lvl_dom_init(&d->d, &w.hv, draw_kind(), NULL, flags, &loud), 0);
	p = d->d.p;
	gen_drop(&w.g, gen_below(&w.g, 40), &p);
	/* it need not be found acceptable; what is, is what counts */
	(void)lvl_dom_set_policy(&d->d, &p, LVL_SET_UNSURE, NULL);
	assert_int_equal(lvl_dom_start(&d->d), 0);
	for (i = 0; i < VCPUS; i++) {
		assert_int_equal(lvl_vcpu_init(&d->v[i], &d->d, i), 0);
		d->v[i].mode = LVL_MODE_USER | LVL_MODE_LONG;
	}
	decide(d);
}

/* -- steps ----------------------------------------------------------------- */

/* What a leaf shows a program of the vCPU that runs there. */
static void look(unsigned c, unsigned leaf)
{
	const struct lvl_leaf_words *l = &lvl_leaves[leaf];
	const struct lvl_vcpu *v = w.on[c];
	const struct dom *d = w.of[c];
	uint32_t reg[4], sub = l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf;
	int faults = sim_cpuid_user(&w.sim[c], l->leaf, sub, reg);
	unsigned r;

	if (runs_native(d) && !sim_has(&w.sim[c], l->leaf))
		return;
	/* HVM exits, but faulting comes first: SDM v3 25.1.1 */
	assert_int_equal(faults,
			 w.hv.faulting && (v->fault || (d->d.kind == LVL_PV &&
							!runs_native(d))));
	if (!runs_native(d))
		assert_int_equal(lvl_answer(v, l->leaf, sub, reg), v->fault);
	if (v->fault)
		return;
	for (r = 0; r < 4; r++) {
		unsigned word = l->word[r];
		uint32_t want =
			runs_native(d) ? d->shown.v[word] : d->d.p.v[word];
		uint32_t wrong = (reg[r] ^ want) & d->decided[word];

		if (wrong)
			fail_msg("seed %llu: %s, kind %u: leaf %x:%x, "
				 "register %u: %08x, should be %08x",
				 (unsigned long long)seed, w.sim[0].model->name,
				 d->d.kind, l->leaf, sub, r, reg[r], want);
	}
}

static void look_at_osxsave(unsigned c)
{
	const struct lvl_vcpu *v = w.on[c];
	uint32_t reg[4], on;

	if (sim_cpuid_user(&w.sim[c], 1, 0, reg) && lvl_answer(v, 1, 0, reg))
		return;
	if (w.of[c]->d.kind != LVL_PV || v->fault ||
	    (runs_native(w.of[c]) && !(w.hv.is.found & 1u << LVL_LCAP_1CD)))
		return;
	on = v->cr4 >> 18 & 1;
	/* a mask can only let it through if the guest has XSAVE */
	if (runs_native(w.of[c]) && !lvl_has(&w.of[c]->shown, LVL_F_XSAVE))
		on = 0;
	assert_int_equal(reg[2] >> 27 & 1, on);
}

static void switch_to(unsigned c, const struct dom *d, const struct lvl_vcpu *v)
{
	sim_now = &w.sim[c];
	w.sim[c].reads = 0;
	assert_int_equal(lvl_switch(&w.cpu[c], v), 0);
	assert_int_equal(w.sim[c].reads, 0);
	w.on[c] = v;
	w.of[c] = v ? d : NULL;
}

/* The idle domain, and guests that exit, run with the host's masks. */
static void is_idle(unsigned c)
{
	unsigned i;

	for (i = 0; !w.hv.faulting && i < LVL_NR_SLOTS; i++)
		assert_int_equal(w.cpu[c].now[i], w.hv.idle[i]);
}

/* The guest changes something that the masks follow. */
static void poke(unsigned c)
{
	struct dom *d = (struct dom *)w.of[c];
	struct lvl_vcpu *v = &d->v[w.on[c]->id];

	if (gen_percent(&w.g, 70))
		lvl_vcpu_cr4(v, v->cr4 ^ 1u << 18);
	else
		(void)lvl_vcpu_fault(v, !v->fault);
	switch_to(c, d, v);
}

/* A vCPU runs on one CPU at a time. */
static int is_free(const struct lvl_vcpu *v, unsigned c)
{
	unsigned i;

	for (i = 0; i < CPUS; i++)
		if (i != c && w.on[i] == v)
			return 0;
	return 1;
}

static void step(void)
{
	unsigned c = gen_below(&w.g, CPUS);
	struct dom *d = &w.dom[gen_below(&w.g, DOMS)];
	struct lvl_vcpu *v = &d->v[gen_below(&w.g, VCPUS)];

	if (w.on[c] && gen_percent(&w.g, 20))
		poke(c);
	else if (gen_percent(&w.g, 15) || !is_free(v, c))
		switch_to(c, NULL, NULL);
	else
		switch_to(c, d, v);
	if (!w.on[c] || w.of[c]->d.kind != LVL_PV)
		is_idle(c);
	if (!w.on[c])
		return;
	look(c, gen_below(&w.g, LVL_NR_LEAVES));
	look_at_osxsave(c);
}

static void look_at_all(void)
{
	unsigned c, i;

	for (c = 0; c < CPUS; c++)
		for (i = 0; w.on[c] && i < LVL_NR_LEAVES; i++)
			look(c, i);
}

static void run_model(const struct sim_model *model, uint64_t n)
{
	uint64_t s;
	unsigned i;

	make_machine(model);
	for (i = 0; i < DOMS; i++)
		make_dom(&w.dom[i]);
	for (s = 0; s < n; s++) {
		step();
		if (s % 1000 == 999)
			look_at_all();
	}
}

static void test_schedules(void **state)
{
	const unsigned worlds = 8;
	unsigned i, k;

	(void)state;
	gen_seed(&w.g, seed);
	for (k = 0; k < worlds; k++)
		for (i = 0; i < sim_nr_models; i++)
			run_model(&sim_models[i],
				  steps / worlds / sim_nr_models);
}

/* -- the fewest writes ----------------------------------------------------- */

#define SHORT 8

/* All that the masks touch, as a program sees it. */
static void see(unsigned c, uint32_t seen[SIM_MASKS][4])
{
	const struct sim_model *model = w.sim[c].model;
	unsigned i;

	memset(seen, 0, sizeof(uint32_t[SIM_MASKS][4]));
	for (i = 0; i < model->nr_masks; i++)
		(void)sim_cpuid_user(&w.sim[c], model->mask[i].leaf,
				     model->mask[i].subleaf, seen[i]);
}

/* One step of a schedule: what was loaded, and what must be seen. */
struct run {
	uint64_t loaded[SIM_MASKS];
	uint32_t seen[SIM_MASKS][4];
};

/*
 * The fewest writes for the rest of a schedule of n, all combinations of the
 * values that were ever loaded tried; run[n] is the start.
 */
static unsigned best(const struct run *run, unsigned n, unsigned at,
		     unsigned writes, unsigned least)
{
	const struct sim_cpu before = w.sim[0];
	unsigned nr = before.model->nr_masks, code, i, rest, more, total = 1;
	uint32_t seen[SIM_MASKS][4];

	if (at == n || writes >= least)
		return writes < least ? writes : least;
	for (i = 0; i < nr; i++)
		total *= n + 1;
	for (code = 0; code < total; code++) {
		for (i = more = 0, rest = code; i < nr; i++, rest /= n + 1) {
			w.sim[0].mask[i] = run[rest % (n + 1)].loaded[i];
			more += w.sim[0].mask[i] != before.mask[i];
		}
		see(0, seen);
		if (writes + more < least &&
		    !memcmp(seen, run[at].seen, sizeof(seen)))
			least = best(run, n, at + 1, writes + more, least);
	}
	w.sim[0] = before;
	return least;
}

static void note(struct run *run)
{
	memcpy(run->loaded, w.sim[0].mask, sizeof(run->loaded));
	see(0, run->seen);
}

/* A short schedule, and whether another could do with fewer writes. */
static void fewest(unsigned n)
{
	struct run run[SHORT + 1];
	struct sim_cpu start;
	unsigned i, writes, least;

	switch_to(0, NULL, NULL);
	w.sim[0].writes = 0;
	start = w.sim[0];
	note(&run[n]);
	for (i = 0; i < n; i++) {
		struct dom *d = &w.dom[gen_below(&w.g, 3)];

		if (gen_percent(&w.g, 30))
			lvl_vcpu_cr4(&d->v[0], d->v[0].cr4 ^ 1u << 18);
		switch_to(0, d, gen_percent(&w.g, 25) ? NULL : &d->v[0]);
		note(&run[i]);
	}
	writes = w.sim[0].writes;
	w.sim[0] = start;
	least = best(run, n, 0, 0, writes + 1);
	if (least != writes)
		fail_msg("%s: %u writes, %u would do", start.model->name,
			 writes, least);
}

static void test_fewest(void **state)
{
	static const char *const models[] = { "penryn", "nehalem", "k10",
					      "dhyana", "sandybridge" };
	unsigned i, k, d;

	(void)state;
	gen_seed(&w.g, seed + 1);
	for (i = 0; i < LVL_COUNT(models); i++)
		for (k = 0; k < 6; k++) {
			make_machine(sim_model(models[i]));
			for (d = 0; d < DOMS; d++)
				make_dom(&w.dom[d]);
			fewest(sim_model(models[i])->nr_masks > 2 ? 3 : 5);
		}
}

/* Faulting: one write where it changes, none for the idle domain. */
static void test_fewest_faulting(void **state)
{
	static const char *const models[] = { "skylake", "genoa" };
	unsigned i, s, k, want, is, writes;

	(void)state;
	gen_seed(&w.g, seed + 2);
	for (i = 0; i < LVL_COUNT(models); i++) {
		make_machine(sim_model(models[i]));
		for (k = 0; k < DOMS; k++)
			make_dom(&w.dom[k]);
		for (s = 0, is = writes = 0; s < 1000; s++) {
			struct dom *d = &w.dom[gen_below(&w.g, DOMS)];

			if (gen_percent(&w.g, 30)) {
				switch_to(0, NULL, NULL);
				continue;
			}
			switch_to(0, d, &d->v[0]);
			want = d->d.kind == LVL_PV && !runs_native(d);
			writes += want != is;
			is = want;
		}
		assert_int_equal(w.sim[0].writes, writes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_fewest),
		cmocka_unit_test(test_fewest_faulting),
	};

	steps = gen_env("LVL_HV_STEPS", 4000000);
	seed = gen_env("LVL_HV_SEED", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

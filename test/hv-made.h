/* SPDX-License-Identifier: MIT */
/* What the tests of hv share: refusals that are kept, a machine in one line. */
#ifndef TEST_HV_MADE_H
#define TEST_HV_MADE_H

#include "hv-cpu.h"

#include <cpulevel/hv.h>

#define REFUSED_MAX 256
struct refused {
	unsigned n;
	struct lvl_err at[REFUSED_MAX];
	struct lvl_finding f[REFUSED_MAX];
	int found[REFUSED_MAX]; /* f is there */
};

static inline void refused_keep(void *arg, const struct lvl_refusal *why)
{
	struct refused *r = arg;

	assert_true(r->n < REFUSED_MAX);
	r->at[r->n] = why->at;
	r->found[r->n] = why->finding != NULL;
	if (why->finding)
		r->f[r->n] = *why->finding;
	r->n++;
}

static inline struct lvl_refusals keep(struct refused *r)
{
	struct lvl_refusals why = { refused_keep, r };

	r->n = 0;
	return why;
}

/* The place in r of what was refused about a field, or -1. */
static inline int refused_about(const struct refused *r, const char *field)
{
	unsigned i, f = field_named(field, strlen(field));

	for (i = 0; i < r->n; i++)
		if (r->at[i].field == f)
			return (int)i;
	return -1;
}

static inline void print_refused(const struct refused *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		print_error("  %s: leaf %x:%x msr %x field %s: %s\n",
			    lvl_strerror(r->at[i].code), r->at[i].leaf,
			    r->at[i].subleaf, r->at[i].msr,
			    r->at[i].field < LVL_NR_FIELDS
				    ? lvl_field_name(r->at[i].field)
				    : "-",
			    r->found[i] ? lvl_reason_text(r->f[i].reason) : "");
}

/* One CPU of a model, up and ready; fails the test if it is not. */
struct machine {
	struct sim_cpu sim;
	struct lvl_cpu cpu;
	struct lvl_hv hv;
};

static inline void machine_on(struct machine *m, const char *platform,
			      const struct lvl_params *params)
{
	static const struct lvl_trial trial = { .mxcsr_mask = 0xffff,
						.tsc_khz = 2000000 };
	struct refused r;
	struct lvl_refusals why = keep(&r);

	sim_now = &m->sim;
	lvl_hv_init(&m->hv, lvl_platform_find(platform, strlen(platform)),
		    params);
	if (lvl_cpu_up(&m->hv, &m->cpu, 0, &trial, &why) ||
	    lvl_hv_ready(&m->hv, &why) || lvl_cpu_start(&m->hv, &m->cpu)) {
		print_refused(&r);
		fail_msg("no machine");
	}
}

static inline void machine(struct machine *m, const char *model,
			   const char *words)
{
	sim_make(&m->sim, model, words);
	machine_on(m, "generic", NULL);
}

/* A domain of it; fails the test if there is none. */
static inline void domain(struct lvl_dom *d, const struct machine *m,
			  enum lvl_guest kind)
{
	struct refused r;
	struct lvl_refusals why = keep(&r);

	if (lvl_dom_init(d, &m->hv, kind, NULL, 0, &why)) {
		print_refused(&r);
		fail_msg("no domain");
	}
}

/* What a 64-bit CPU of the words below must have to be of use. */
#define BASE \
	"fpu tsc msr pae cx8 cmov mmx fxsr sse sse2 sse3 apic lm syscall nx "

#endif

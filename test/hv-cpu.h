/* SPDX-License-Identifier: MIT */
/*
 * A simulated CPU: CPUID as it is seen with masking MSRs and faulting, MSRs
 * that raise #GP, and a count of what was written.
 *
 * Which model has which MSR is written down here a second time, by hand and
 * from the same sources as data/masks.tsv, so that a wrong row shows.
 */
#ifndef TEST_HV_CPU_H
#define TEST_HV_CPU_H

#include "hosts.h"

#define SIM_MASKS 4

enum sim_faulting { SIM_NO_FAULTING, SIM_INTEL, SIM_AMD };

/* A masking MSR: which register of which leaf each half is. */
struct sim_mask {
	uint32_t msr, leaf, subleaf;
	int low, high; /* 0 eax to 3 edx; -1: none */
	int replaces;  /* CPUID answers what it holds; else it is ANDed */
};

struct sim_model {
	const char *name;
	const char *words; /* vendor and signature, as made.h has it; NULL:
			      whatever the policy says that it is made of */
	struct sim_mask mask[SIM_MASKS];
	unsigned nr_masks;
	enum sim_faulting faulting;
	uint32_t xen_caps; /* what Xen finds: its LCAP bits */
};
extern const struct sim_model sim_models[];
extern const unsigned sim_nr_models;
const struct sim_model *sim_model(const char *name);

struct sim_cpu {
	const struct sim_model *model;
	struct lvl_policy hw;     /* without masks; known MSRs are there */
	uint64_t mask[SIM_MASKS]; /* what the MSRs hold */
	uint64_t fault_msr;       /* MSR 0x140, or HWCR */
	/* what is broken, by bits of the mask's number */
	unsigned unreadable, unwritable;
	int stuck;  /* the switch of faulting does not turn */
	int dead;   /* it turns, and CPUID does not fault */
	int sticks; /* CPUID faults, whether it is turned or not */
	unsigned writes, reads;
};

/* Power on: a CPU of a model with these words, masks as after reset. */
void sim_make(struct sim_cpu *cpu, const char *model, const char *words);
/* The same with this policy, but of the model. */
void sim_make_of(struct sim_cpu *cpu, const struct sim_model *model,
		 const struct lvl_policy *hw);
void sim_reset(struct sim_cpu *cpu);

/* The CPU that the hooks act on. */
extern struct sim_cpu *sim_now;

/* CPUID at CPL 3: 1 if it faults, else 0 and what it shows. */
int sim_cpuid_user(struct sim_cpu *cpu, uint32_t leaf, uint32_t subleaf,
		   uint32_t reg[4]);

/* Is the leaf within its maxima? */
int sim_has(const struct sim_cpu *cpu, uint32_t leaf);

#endif

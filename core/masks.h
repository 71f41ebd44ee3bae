/* SPDX-License-Identifier: MIT */
/* Tables of faulting and masking MSRs: tools/gen-masks.py makes them. */
#ifndef LVL_CORE_MASKS_H
#define LVL_CORE_MASKS_H

#include <cpulevel/caps.h>

/* The name and number of 2014 of one register of a capability. */
struct lvl_old_cap {
	const char *name;
	uint16_t word; /* LVL_NO_WORD: faulting */
	uint8_t cap;   /* enum lvl_lcap */
	uint8_t bit;
};
extern const struct lvl_old_cap lvl_old_caps[];
extern const uint16_t lvl_nr_old_caps;

/* Families and models as the manuals count them, ends included. */
struct lvl_cpu_range {
	uint8_t family, last_family, model, last_model;
};
extern const struct lvl_cpu_range lvl_cpu_ranges[];

enum lvl_mask_how {
	LVL_HOW_ABSENT,  /* these CPUs have no such MSR */
	LVL_HOW_TAKES,   /* CPUID answers the hardware's bits AND the mask */
	LVL_HOW_REPLACES /* CPUID answers what the MSR holds */
};

/* One MSR of some CPUs; the first row that fits a CPU holds. */
struct lvl_mask_msr {
	uint32_t msr;
	uint8_t cap;      /* enum lvl_lcap */
	uint8_t vendors;  /* LVL_VENDOR_... */
	uint16_t half[2]; /* word of bits 31:0 and 63:32; LVL_NO_WORD: ones */
	uint8_t how;      /* enum lvl_mask_how */
	uint8_t numbers;  /* bit h: half h is a number, no set of bits */
	uint8_t native;   /* the idle value is CPUID's, whatever the MSR held */
	struct {
		uint16_t word;
		uint32_t at_least; /* 0: nothing is needed */
	} needs;
	uint16_t first, count; /* in lvl_cpu_ranges[] */
};
extern const struct lvl_mask_msr lvl_mask_msrs[];
extern const uint16_t lvl_nr_mask_msrs;

enum lvl_bit_rule {
	LVL_BIT_KEEP,    /* shown if the host has it, whatever the policy */
	LVL_BIT_CLEAR,   /* not asked for, whatever the policy */
	LVL_BIT_FORWARD, /* set, so that the CPU's live state shows through */
	LVL_BIT_GIVE     /* set if the policy has it, whatever the host */
};

/* Bits that are not simply what policy and host have in common. */
struct lvl_mask_bit {
	uint8_t cap;
	uint8_t rule; /* enum lvl_bit_rule */
	uint16_t word;
	uint8_t vendors;
	uint32_t mask;
	uint32_t only_with; /* forward: if the mask has this bit; 0: always */
	const char *why;
};
extern const struct lvl_mask_bit lvl_mask_bits[];
extern const uint16_t lvl_nr_mask_bits;

/* How a CPU says that CPUID can fault; in order of precedence. */
struct lvl_fault {
	uint16_t told_by;   /* the field that says so, or LVL_NO_FIELD */
	uint16_t turned_on; /* the switch, or LVL_NO_FIELD */
	uint8_t vendors;
	uint8_t assume; /* without told_by: 1 yes, 2 no */
	uint8_t when;   /* 0 any, 1 on bare metal, 2 in a virtual machine */
	uint16_t first, count; /* in lvl_cpu_ranges[] */
};
extern const struct lvl_fault lvl_faults[];
extern const uint16_t lvl_nr_faults;

/* The bit rules that hold for a vendor and word, as one mask. */
uint32_t lvl_mask_rule_(unsigned vendor, unsigned word, unsigned rule);

#endif

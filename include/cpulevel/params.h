/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/params.h: the old options that lower the whole machine.
 *
 * cpuid_mask_ecx= and its seven companions, cpuid_mask_cpu=, cpuid=no-FEATURE
 * (Xen 4.21, xen-command-line).  They are deprecated: a policy for each domain
 * does not take anything from the others.  data/params.tsv, param-sets.tsv.
 */
#ifndef CPULEVEL_PARAMS_H
#define CPULEVEL_PARAMS_H

#include <cpulevel/policy.h>

LVL_BEGIN

#define LVL_NR_PARAM_MASKS 8
#define LVL_NR_PARAM_DROPS 64

/*
 * What was given.  In a hypervisor they lower what guests are offered and,
 * where there are masking MSRs, what the idle domain and so everybody sees.
 */
struct lvl_params {
	uint32_t mask[LVL_NR_PARAM_MASKS]; /* ones: not given */
	uint16_t drop[LVL_NR_PARAM_DROPS]; /* fields */
	uint16_t nr_drops;
	uint8_t given;      /* masks that were given by themselves, by bit */
	uint8_t set;        /* cpuid_mask_cpu's set, from 1; 0: not given */
	uint8_t deprecated; /* 1: print LVL_PARAM_WARNING */
};
#define LVL_PARAM_WARNING                                                 \
	"cpuid_mask_*= lowers the whole machine and is deprecated: give " \
	"each domain a policy"

void lvl_params_init(struct lvl_params *p);

/*
 * One option, name and value apart ("cpuid_mask_ecx", "0x1"), "cpuid" with a
 * list "no-avx2,no-sse4a".  A mask that was given by itself wins over that of
 * a set, in any order.  -LVL_E_UNKNOWN_NAME: none of ours, or no such set or
 * feature; -LVL_E_SYNTAX: no number, or a feature that is not to be taken
 * away; -LVL_E_RANGE: more than 32 bits, or a mask that takes what every
 * 64-bit program needs; -LVL_E_DUPLICATE: given twice; -LVL_E_TOO_BIG: too
 * many features.  p is then untouched.
 */
int lvl_param(struct lvl_params *p, const char *name, size_t name_len,
	      const char *value, size_t value_len);

/*
 * Lower what a machine shows (RAW, host.h): a bit that is masked or dropped
 * becomes 0, known; deriving the host takes along what needs it.
 * -LVL_E_VENDOR: cpuid_mask_cpu= of another vendor; p is untouched.
 */
int lvl_params_apply(const struct lvl_params *params, struct lvl_policy *p);

LVL_END

#endif /* CPULEVEL_PARAMS_H */

/* SPDX-License-Identifier: MIT */
/* Policies as arrays of leaves and MSRs, for forms without "unknown". */
#ifndef LVL_FORMAT_ARRAYS_H
#define LVL_FORMAT_ARRAYS_H

#include "gen.h"

/*
 * Is the leaf within the policy's own maxima?  Beyond them a guest reads what
 * the CPU answers there, not what the array has.
 */
int lvl_leaf_in_range(const struct lvl_policy *p,
		      const struct lvl_leaf_words *l);

/*
 * Is it set for each virtual CPU (x2APIC ids)?  Nothing else is in it.
 */
int lvl_leaf_is_topology(const struct lvl_leaf_words *l);

/*
 * The four registers, and 1, if the policy knows every bit of a row in them
 * that is not filled in later; given then has it.  0: reg is untouched.
 */
int lvl_leaf_take(struct lvl_gen *g, const struct lvl_leaf_words *l,
		  uint32_t reg[4]);
int lvl_msr_take(struct lvl_gen *g, const struct lvl_msr_words *m,
		 uint64_t *value);

/* Bits of a word that a policy decides for all VMs alike. */
uint32_t lvl_word_decided(unsigned word);

/* Little-endian, as x86 has it in memory. */
void lvl_put32(FILE *out, uint32_t v);
void lvl_put64(FILE *out, uint64_t v);

#endif

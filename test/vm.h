/* SPDX-License-Identifier: MIT */
/* VMs to give a topology to, and what came of it. */
#ifndef LVL_TEST_VM_H
#define LVL_TEST_VM_H

#include "made.h"

#include <cpulevel/topology.h>

#define INTEL_VM                                                     \
	"intel x2apic @4:0.eax=0x121 @4:1.eax=0x122 @4:2.eax=0x143 " \
	"@4:3.eax=0x163 @4:0.ebx=0x1c0003f @4:0.ecx=0x3f"
#define AMD_VM                                                            \
	"amd x2apic topoext @8000001d:0.eax=0x121 @8000001d:1.eax=0x122 " \
	"@8000001d:2.eax=0x143 @8000001d:3.eax=0x163 @8000001d:3.ecx=0x3fff"

static inline uint32_t reg(const struct lvl_policy *p, uint32_t leaf,
			   uint32_t sub, unsigned r)
{
	unsigned w = lvl_word_of_leaf(leaf, sub, r);

	assert_int_not_equal(w, LVL_NO_WORD);
	return p->v[w];
}

/* Everything is there; then the words, then the topology. */
static inline struct lvl_policy with(const char *words,
				     const struct lvl_topology *t)
{
	struct lvl_policy p = made(words);
	struct lvl_err err;

	if (lvl_topology_set(&p, t, &err))
		fail_msg("%ux%ux%ux%u: %s (%s)", t->packages, t->dies, t->cores,
			 t->threads, lvl_strerror(err.code),
			 err.field < LVL_NR_FIELDS ? lvl_field_name(err.field)
						   : "no field");
	return p;
}

#endif

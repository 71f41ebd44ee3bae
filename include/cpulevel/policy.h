/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/policy.h: a CPU policy, its words and which of them are known.
 *
 * A policy says what a CPU, a host or a guest shows: all CPUID leaves of the
 * registry, MSRs, and behaviour without a bit.  Unknown is not zero: every
 * bit has a `known` bit beside it, set if the producer reported it.  A bit
 * that is not known is 0 in v[].
 *
 * The structure is plain data of fixed size in the caller's memory; copying
 * it by assignment is fine.  It is in host byte order and is not a wire
 * format: see record.h.
 */
#ifndef CPULEVEL_POLICY_H
#define CPULEVEL_POLICY_H

#include <cpulevel/registry.h>

LVL_BEGIN

struct lvl_policy {
	uint32_t v[LVL_NR_WORDS]; /* values */
	uint32_t k[LVL_NR_WORDS]; /* known bits */
};

/*
 * One CPUID leaf as an array element: the layout of Xen's xen_cpuid_leaf_t
 * (public/arch-x86/xen.h), 24 bytes.
 */
struct lvl_leaf {
	uint32_t leaf, subleaf; /* LVL_NO_SUBLEAF where there is none */
	uint32_t reg[4];        /* eax, ebx, ecx, edx */
};

/* One MSR: the layout of Xen's xen_msr_entry_t, 16 bytes. */
struct lvl_msr {
	uint32_t index;
	uint32_t flags; /* must be 0 */
	uint64_t value;
};

/* Nothing known. */
void lvl_policy_clear(struct lvl_policy *p);

/* All known, all zero. */
void lvl_policy_zero(struct lvl_policy *p);

/* For lvl_get and lvl_known: fields that are not within one word. */
uint64_t lvl_get_wide(const struct lvl_policy *p, unsigned field);
int lvl_known_wide(const struct lvl_policy *p, unsigned field);

/* The value of a field; unknown bits read 0.  Instance 0 of alike rows. */
static inline uint64_t lvl_get(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->flags & LVL_FIELD_WIDE ? lvl_get_wide(p, field)
					 : (p->v[f->word] & f->mask) >> f->lo;
}

/* One if every bit of the field is known. */
static inline int lvl_known(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->flags & LVL_FIELD_WIDE ? lvl_known_wide(p, field)
					 : !(~p->k[f->word] & f->mask);
}

/* Set a field and mark it known.  Bits beyond its width must be 0. */
void lvl_set(struct lvl_policy *p, unsigned field, uint64_t value);

/* Make a field unknown. */
void lvl_forget(struct lvl_policy *p, unsigned field);

/* One if the single-bit field, which has a word, is set. */
static inline int lvl_has(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return (p->v[f->word] & f->mask) != 0;
}

/*
 * Set all four registers of a leaf, known.  -LVL_E_UNKNOWN_LEAF if a policy
 * does not hold it (p is then untouched).  A sub-leaf of 0 is accepted for
 * a leaf without sub-leaves, and LVL_NO_SUBLEAF is not for one with.
 */
int lvl_policy_set_leaf(struct lvl_policy *p, uint32_t leaf, uint32_t subleaf,
			const uint32_t reg[4]);

/* Set an MSR, known.  -LVL_E_UNKNOWN_MSR. */
int lvl_policy_set_msr(struct lvl_policy *p, uint32_t index, uint64_t value);

/*
 * Read a whole CPU through callbacks, following the maxima that it reports
 * and the end markers of leaves 4, 0xb, 0x1f, 0x8000001d and 0x80000026.
 * cpuid() must fill reg; rdmsr() returns 0 and fills *value, or non-zero
 * where the MSR cannot be read (its words stay unknown).  Leaves beyond a
 * maximum are known to be zero.  rdmsr may be NULL.
 */
struct lvl_reader {
	void (*cpuid)(void *arg, uint32_t leaf, uint32_t subleaf,
		      uint32_t reg[4]);
	int (*rdmsr)(void *arg, uint32_t index, uint64_t *value);
	void *arg;
};
void lvl_policy_scan(struct lvl_policy *p, const struct lvl_reader *reader);

/*
 * Leaves beyond the maxima that the policy itself states become known
 * zeroes, as CPUID answers them for a guest.  Needs leaf 0, 7:0, ... only
 * where known; what lies beyond an unknown maximum stays as it is.
 */
void lvl_policy_clear_out_of_range(struct lvl_policy *p);

/* Who made the CPU: from the three vendor words of leaf 0, in CPUID order. */
unsigned lvl_vendor_lookup(uint32_t ebx, uint32_t ecx, uint32_t edx);
unsigned lvl_policy_vendor(const struct lvl_policy *p);
/* Write the three words; p is untouched if no vendor is known by the bit. */
void lvl_policy_set_vendor(struct lvl_policy *p, unsigned vendor);
/* "Intel", "AMD", ...; "unknown" for anything else. */
const char *lvl_vendor_name(unsigned vendor);

/* Family and model as the manuals count them, from leaf 1 eax. */
unsigned lvl_policy_family(const struct lvl_policy *p);
unsigned lvl_policy_model(const struct lvl_policy *p);
unsigned lvl_policy_stepping(const struct lvl_policy *p);

/*
 * 0: CPUID, as the policy has it, says that this MSR is not there (SDM v4 table
 * 2-2): RDMSR raises #GP.  1 otherwise, also if that is not known.
 */
int lvl_msr_announced(const struct lvl_policy *p, uint32_t index);

LVL_END

#endif /* CPULEVEL_POLICY_H */

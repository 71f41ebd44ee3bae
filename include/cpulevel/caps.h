/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/caps.h: what of CPUID a host can control, and what leaks.
 *
 * A hardware-virtualised guest exits on CPUID, so it sees what it is told.  A
 * PV guest executes CPUID natively: it sees the host, but for what CPUID
 * faulting or the masking MSRs of some CPUs change.  What a guest does not
 * see it may still use, unless its gate (registry.h) stops it.
 *
 * Everything here is three-valued: a capability is there, is not there, or
 * is not known, and it says from what that is known.  Sources: Xen 4.23
 * cpu/{common,intel,amd}.c and domain.c, by the rows of data/masks.tsv,
 * data/mask-bits.tsv, data/faulting.tsv and data/levelling-caps.tsv.
 */
#ifndef CPULEVEL_CAPS_H
#define CPULEVEL_CAPS_H

#include <cpulevel/check.h>
#include <cpulevel/policy.h>

LVL_BEGIN

/* -- levelling capabilities ----------------------------------------------- */

/* Named and numbered as Xen's LCAP_... bits are. */
enum lvl_lcap {
	LVL_LCAP_FAULTING, /* CPUID faults outside the kernel, all leaves */
	LVL_LCAP_1CD,      /* leaf 1 ecx, edx */
	LVL_LCAP_E1CD,     /* leaf 0x80000001 ecx, edx */
	LVL_LCAP_DA1,      /* leaf 0xd sub-leaf 1 eax */
	LVL_LCAP_6C,       /* leaf 6 ecx */
	LVL_LCAP_7AB0,     /* leaf 7 sub-leaf 0 eax (a number), ebx */
	LVL_NR_LCAPS
};

/* From what a capability is known. */
enum lvl_cap_from {
	LVL_FROM_NOTHING,
	LVL_FROM_MSR,   /* the MSR was read */
	LVL_FROM_CPUID, /* CPUID says so */
	LVL_FROM_MODEL  /* assumed: CPUs of this vendor, family and model */
};

struct lvl_cap {
	uint8_t has;  /* enum lvl_verdict */
	uint8_t from; /* enum lvl_cap_from */
	uint16_t row; /* of the table that says so, if has is LVL_YES */
};

/*
 * What was measured of a hypervisor's HVM guests: a register was asked to be
 * all zeroes, and all ones, and a guest executed CPUID.  Bits of words; only
 * those in done mean something.
 */
struct lvl_measured {
	uint32_t done[LVL_NR_WORDS];
	uint32_t pinned[LVL_NR_WORDS]; /* shown although asked to be 0 */
	uint32_t never[LVL_NR_WORDS];  /* not shown although asked to be 1 */
};

struct lvl_caps {
	const struct lvl_measured *measured; /* yours; NULL: nothing was */
	unsigned vendor;                     /* LVL_VENDOR_... */
	struct lvl_cap cap[LVL_NR_LCAPS];    /* masks: also where faulting is */
};

/*
 * The capabilities of a host, from its RAW policy (host.h).  A policy without
 * the hidden fields says nothing of the masking MSRs: make them unknown
 * before.  Inside a virtual machine nothing is assumed from the model, and
 * nothing is measured: set caps->measured afterwards.
 */
void lvl_caps_read(struct lvl_caps *caps, const struct lvl_policy *raw);

/*
 * The capabilities as bits: 1 << enum lvl_lcap, as Xen has them today, or by
 * the names of 2014 and the numbers of Xen 4.7's sysctl.  Where faulting is
 * there Xen does not look for masks, and neither encoding has them.  What is
 * not known is 0, and its bit is set in *unknown (may be NULL).
 */
uint32_t lvl_caps_xen(const struct lvl_caps *caps, uint32_t *unknown);
uint32_t lvl_caps_2014(const struct lvl_caps *caps, uint32_t *unknown);

/* "faulting", "1cd", ...; and the name of 2014 of a bit, or NULL. */
extern const char *const lvl_lcap_names[LVL_NR_LCAPS];
const char *lvl_cap_name_2014(unsigned bit);

/* The MSR that the capability is: 0x140, 0x130, ...; 0: not there. */
uint32_t lvl_cap_msr(const struct lvl_caps *caps, enum lvl_lcap cap);

/* The switch of CPUID faulting: a field of lvl_cap_msr(), or LVL_NO_FIELD. */
unsigned lvl_cap_switch(const struct lvl_caps *caps);

/* -- control -------------------------------------------------------------- */

enum lvl_control {
	LVL_CONTROLLED,  /* the guest neither sees nor uses it unless told */
	LVL_HIDDEN_ONLY, /* not shown, and it works all the same */
	LVL_SHOWN,       /* it leaks: shown whatever the policy says */
	LVL_CONTROL_UNKNOWN,
	LVL_NR_CONTROLS
};
/* "controlled", "hidden only", "leaks", "not known". */
extern const char *const lvl_control_names[LVL_NR_CONTROLS];

/* What decides whether the guest sees it. */
enum lvl_sight {
	LVL_SIGHT_EXITS,     /* CPUID exits */
	LVL_SIGHT_FAULTS,    /* CPUID faults */
	LVL_SIGHT_MASKED,    /* a masking MSR covers it */
	LVL_SIGHT_MSR,       /* RDMSR is the hypervisor's to answer */
	LVL_SIGHT_NATIVE,    /* CPUID runs natively, no mask covers it */
	LVL_SIGHT_KEPT,      /* a mask covers it and leaves it as it is */
	LVL_SIGHT_FORWARDED, /* the CPU's live state shows through the mask */
	LVL_SIGHT_SILICON,   /* it shows in what instructions do */
	LVL_SIGHT_ABSTRACT,  /* nothing shows it */
	LVL_SIGHT_PINNED,    /* measured: the hypervisor always shows it */
	LVL_SIGHT_UNKNOWN,   /* faulting, masks or the vendor are not known */
	LVL_NR_SIGHTS
};
const char *lvl_sight_text(enum lvl_sight sight);

struct lvl_controlled {
	uint8_t control; /* enum lvl_control */
	uint8_t sight;   /* enum lvl_sight */
	uint8_t gate;    /* index of lvl_gates[]: what stops the use of it */
};

/*
 * For a kind of guest and a field that a policy holds: what happens if the
 * host has it and the guest's policy does not.
 */
struct lvl_controlled lvl_control(const struct lvl_caps *caps,
				  enum lvl_guest guest, unsigned field);

/* -- masks ---------------------------------------------------------------- */

/* A masking MSR, as it is to be while a PV guest runs. */
struct lvl_msr_mask {
	uint32_t msr;
	enum lvl_lcap cap;
	int replaces; /* 0: an AND mask; 1: CPUID answers the value itself */
	uint64_t value;
	uint64_t idle;    /* what the host itself runs with */
	uint64_t known;   /* bits of value that follow from what is known */
	uint16_t half[2]; /* word of bits 31:0 and 63:32, or LVL_NO_WORD */
};

/*
 * The masks of a host for a guest's policy (normalised, host.h); out has room
 * for LVL_NR_LCAPS.  Returns how many there are.  idle: the values that the
 * host runs with, by enum lvl_lcap, to bound them by; NULL: as Xen computes
 * them from raw.
 *
 * A mask shows no bit that its idle value lacks, but for those that forward
 * live state (OSXSAVE, APIC), and for HYPERVISOR where the MSR is an
 * override.  A bit that the policy does not know is hidden.
 */
unsigned lvl_msr_masks(const struct lvl_caps *caps,
		       const struct lvl_policy *guest,
		       const struct lvl_policy *raw, const uint64_t *idle,
		       struct lvl_msr_mask *out);

/* One field of a policy that a PV guest on this host sees otherwise. */
struct lvl_unreached {
	unsigned field;
	unsigned instance;     /* of alike sub-leaves, from 0 */
	uint64_t guest, shown; /* what the policy has, what the guest sees */
	struct lvl_controlled by;
	int sure;   /* 0: only because something is not known */
	int counts; /* 0: identity or a size, told but not in the verdict */
};
typedef void lvl_unreached_fn(void *arg, const struct lvl_unreached *u);

/*
 * Does a PV guest on this host see what its policy says?  masks: what
 * lvl_msr_masks() gave.  native: what CPUID, and instructions, show there: RAW,
 * with what HOST knows of state.  Every field in which it does not is told;
 * each may be NULL.  Identity and sizes are told but make no verdict: they
 * are the host's wherever CPUID does not fault.  Fields that a policy does
 * not decide are not looked at: topology, live state, behaviour, and what is
 * hidden from every guest.
 */
enum lvl_verdict lvl_reach(const struct lvl_caps *caps,
			   const struct lvl_policy *guest,
			   const struct lvl_policy *native,
			   const struct lvl_msr_mask *masks, unsigned nr_masks,
			   lvl_unreached_fn *each, void *arg);

LVL_END

#endif /* CPULEVEL_CAPS_H */

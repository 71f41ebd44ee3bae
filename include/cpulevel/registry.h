/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/registry.h: every field of a CPU policy, and how it combines.
 *
 * The tables are generated from data/ by tools/gen-tables.py; fields.gen.h
 * numbers the fields (LVL_F_...) and the words (LVL_NR_WORDS).
 *
 * A word is one 32-bit piece of a policy: a register of one CPUID leaf and
 * sub-leaf, one half of an MSR, or a number about behaviour that no CPUID
 * leaf reports.  The first 19 words are Xen's featureset words in Xen's
 * order (xen/include/public/arch-x86/cpufeatureset.h); words are only ever
 * appended.  A field is a bit or a bit range of a word, or of the two
 * adjacent words of an MSR.
 */
#ifndef CPULEVEL_REGISTRY_H
#define CPULEVEL_REGISTRY_H

#include <cpulevel/err.h>
#include <cpulevel/fields.gen.h>
#include <cpulevel/types.h>

LVL_BEGIN

/* How a field combines: doc/rules.md, and algebra in doc/design.md. */
enum lvl_rule {
	LVL_AND,     /* a capability; a level has it if every member has */
	LVL_OR,      /* a statement that holds if it holds anywhere */
	LVL_MIN,     /* a number; a guest may see at most the host's */
	LVL_MAX,     /* a number; a guest may see at least the host's */
	LVL_EQUAL,   /* the same everywhere, or the owner falls */
	LVL_PAIR,    /* lower or upper end of an interval of allowed values */
	LVL_PIN,     /* identity: one donor's whole tuple */
	LVL_DERIVED, /* computed from other fields */
	LVL_LEAK,    /* cannot be hidden or provided, only reported */
	LVL_DYNAMIC, /* filled when CPUID is answered, never stored */
	LVL_FREE,    /* the VM's own configuration */
	LVL_HIDDEN,  /* never shown to a guest */
	LVL_NR_RULES
};

/* What losing the field means to a running guest. */
enum lvl_class {
	LVL_ISA,        /* an instruction: #UD, or silently other results */
	LVL_KERNEL,     /* behind CR0, CR4, EFER, XCR0 or XSS */
	LVL_MITIGATION, /* a speculation control or statement */
	LVL_NESTED,     /* used by nested virtualisation only */
	LVL_PMU,        /* performance monitoring */
	LVL_VIRT,       /* paravirtual or platform interface */
	LVL_TOPOLOGY,   /* cores, threads, caches */
	LVL_HINT,       /* speed only */
	LVL_IDENTITY,   /* who the CPU says it is */
	LVL_NR_CLASSES
};

/* Guest kinds, as bits of a mask too (1 << kind). */
enum lvl_guest {
	LVL_PV,         /* paravirtualised, CPUID possibly native */
	LVL_HVM_SHADOW, /* hardware-virtualised, shadow paging */
	LVL_HVM,        /* hardware-virtualised, nested paging */
	LVL_NR_GUESTS
};

/* Who may vary the value on a host that lacks it. */
enum lvl_synth {
	LVL_SYNTH_NO,          /* nobody */
	LVL_SYNTH_ALWAYS_SAFE, /* saying it anyway is never wrong */
	LVL_SYNTH_EMULABLE,    /* the hypervisor can provide it */
	LVL_SYNTH_DONOR,       /* copied from the identity's donor */
	LVL_SYNTH_VM           /* chosen for the VM, whatever the host has */
};

/* CPU vendors, as bits; LVL_VENDOR_KVM marks bits that KVM defines. */
#define LVL_VENDOR_INTEL 0x01u
#define LVL_VENDOR_AMD 0x02u
#define LVL_VENDOR_HYGON 0x04u
#define LVL_VENDOR_CENTAUR 0x08u
#define LVL_VENDOR_ZHAOXIN 0x10u
#define LVL_VENDOR_TRANSMETA 0x20u
#define LVL_VENDOR_KVM 0x40u
#define LVL_VENDOR_UNKNOWN 0u

/* What the places of a word mean. */
enum lvl_place {
	LVL_PLACE_EAX,
	LVL_PLACE_EBX,
	LVL_PLACE_ECX,
	LVL_PLACE_EDX,
	LVL_PLACE_MSR_LO, /* bits 31:0 */
	LVL_PLACE_MSR_HI, /* bits 63:32 */
	LVL_PLACE_STATE   /* behaviour without a bit; id is its number */
};

#define LVL_NO_SUBLEAF 0xffffffffu /* the leaf ignores ECX */
#define LVL_NO_WORD 0xffffu        /* in the registry, not in a policy */
#define LVL_NO_FIELD 0xffffu

struct lvl_word {
	uint32_t id;      /* leaf, MSR index or state number */
	uint32_t subleaf; /* LVL_NO_SUBLEAF where there is none */
	uint8_t place;    /* enum lvl_place */
	uint8_t pad;
	uint16_t first; /* its first field in lvl_fields[] */
	uint16_t count; /* how many of them */
};

/*
 * One row.  Bits lo .. lo + width - 1 of the word, running into the next
 * word for MSR fields that cross bit 31.  mask selects the bits of the first
 * word that belong to it (not contiguous for remainders).  A row of a leaf
 * with several alike sub-leaves stands for `instances` of them, four words
 * apart.
 */
struct lvl_field {
	uint32_t name; /* offset in lvl_field_names */
	uint32_t mask;
	uint16_t word;    /* or LVL_NO_WORD */
	uint16_t carrier; /* clause that makes the value mean something; 0:
			     always */
	uint16_t owner;   /* clause whose atoms fall on a conflict; 0: none */
	uint16_t pair;    /* the other end of the interval, or LVL_NO_FIELD */
	uint8_t lo, width;
	uint8_t instances;
	uint8_t rule, klass, later, synth;
	uint8_t guests_max, guests_default; /* 1 << enum lvl_guest */
	uint8_t vendors;                    /* LVL_VENDOR_... */
	uint8_t flags;                      /* LVL_FIELD_... */
	uint8_t gate[LVL_NR_GUESTS]; /* pv, svm, vmx: index of lvl_gates[] */
};

#define LVL_FIELD_UPPER 0x01u     /* pair: this row is the upper end (may) */
#define LVL_FIELD_ZERO_NONE 0x02u /* 0 means that there is none */
#define LVL_FIELD_WIDE 0x04u      /* not within one word, or in none */

/* "field has at least this value": 1 for a single bit. */
struct lvl_atom {
	uint16_t field;
	uint16_t at_least;
};

/*
 * A disjunction of atoms.  Clause 0 is empty and means "always".  Any bit of
 * mask in word makes it true; whole: that is all it asks for.
 */
struct lvl_clause {
	uint16_t first, count; /* in lvl_atoms[] */
	uint16_t word, whole;
	uint32_t mask;
};

/*
 * One step of the interior (algebra: requirements and carriers), in an order
 * in which one pass reaches the fixpoint: clear the field unless the clause
 * holds.
 */
struct lvl_step {
	uint16_t field;
	uint16_t clause;
	uint16_t edge; /* row of data/requires.tsv, or LVL_NO_FIELD: carrier */
};

/* Derived: all ones where both clauses hold, for these vendors (0: any). */
struct lvl_mirror {
	uint16_t field;
	uint16_t vendors;
	uint16_t clause[2];
};

/* A value that all parts of these vendors share. */
struct lvl_constant {
	uint16_t field;
	uint16_t vendors;
	uint32_t value;
};
extern const struct lvl_constant lvl_constants[LVL_NR_CONSTANTS];

extern const struct lvl_word lvl_words[LVL_NR_WORDS];
extern const struct lvl_field lvl_fields[LVL_NR_FIELDS];
extern const char lvl_field_names[];
extern const struct lvl_atom lvl_atoms[];
extern const struct lvl_clause lvl_clauses[];
extern const struct lvl_step lvl_steps[];
extern const uint16_t lvl_nr_steps;
extern const struct lvl_mirror lvl_mirrors[LVL_NR_MIRRORS];
extern const char *const lvl_gates[];

/* Bits of each word by the way they fold. */
enum lvl_mask {
	LVL_MASK_AND,     /* and rows, upper ends of one-bit pairs */
	LVL_MASK_OR,      /* or rows, lower ends of one-bit pairs */
	LVL_MASK_EQUAL,   /* equal rows */
	LVL_MASK_NUMBER,  /* min and max rows, ends of wider pairs */
	LVL_MASK_FEATURE, /* single-bit and rows: what has a name and counts */
	LVL_MASK_NAMED,   /* any row but hidden ones */
	LVL_MASK_PIN,     /* pin rows */
	LVL_MASK_DERIVED, /* derived rows */
	LVL_MASK_FREE,    /* free rows */
	LVL_MASK_DYNAMIC, /* dynamic rows */
	LVL_MASK_LEAK,    /* leak rows */
	LVL_MASK_OWNER,   /* features that own a value */
	LVL_MASK_CHOSEN,  /* and rows with LVL_SYNTH_VM: the VM's choice */
	LVL_MASK_STORED,  /* what a policy holds: named, not dynamic */
	LVL_NR_MASKS
};
extern const uint32_t lvl_masks[LVL_NR_MASKS][LVL_NR_WORDS];

/* Words that `fits` looks at, ascending. */
extern const uint16_t lvl_ordered[];
extern const uint16_t lvl_nr_ordered;

/* `or` rows. */
extern const uint16_t lvl_statements[];
extern const uint16_t lvl_nr_statements;

/* Words with identity in them, ascending. */
extern const uint16_t lvl_pinned[];
extern const uint16_t lvl_nr_pinned;

/* Numbers that fold by MIN or MAX, and equal rows; ids of lvl_fields[]. */
extern const uint16_t lvl_numbers[LVL_NR_NUMBERS];
extern const uint16_t lvl_equals[LVL_NR_EQUALS];
/* Lower ends of the pairs; the upper end is lvl_fields[].pair. */
extern const uint16_t lvl_pairs[LVL_NR_PAIRS];
/* Identity, most significant first: the order that chooses a donor. */
extern const uint16_t lvl_pins[LVL_NR_PINS];

/* The registry's name of a field; static storage. */
static inline const char *lvl_field_name(unsigned field)
{
	return &lvl_field_names[lvl_fields[field].name];
}

/* Whose names a look-up accepts. */
#define LVL_WHO_OWN 0x01u
#define LVL_WHO_XEN 0x02u
#define LVL_WHO_LIBXL 0x04u
#define LVL_WHO_LINUX 0x08u
#define LVL_WHO_QEMU 0x10u
#define LVL_WHO_LIBVIRT 0x20u
#define LVL_WHO_KCPUID 0x40u
#define LVL_WHO_ANY 0x7fu

/*
 * The field called `name` (len bytes, case and -_. do not matter) by one of
 * `who`.  The tool's own meaning wins over the registry's name: "prefetchi"
 * is 7:1.edx[14] to Xen and 0x80000021.eax[20] to QEMU.  With LVL_WHO_ANY
 * the registry's name wins.  -LVL_E_UNKNOWN_NAME, -LVL_E_AMBIGUOUS.
 */
int lvl_field_find(const char *name, size_t len, unsigned who, unsigned *field);

/* The word of a place, or LVL_NO_WORD. */
unsigned lvl_word_of_leaf(uint32_t leaf, uint32_t subleaf, unsigned reg);
unsigned lvl_word_of_msr(uint32_t index); /* the low half */

/* The four words of a leaf; NULL if a policy does not hold it. */
struct lvl_leaf_words {
	uint32_t leaf, subleaf;
	uint16_t word[4];
};
extern const struct lvl_leaf_words lvl_leaves[LVL_NR_LEAVES];
const struct lvl_leaf_words *lvl_leaf_find(uint32_t leaf, uint32_t subleaf);

/* One if the leaf has sub-leaves (a policy names sub-leaf 0 then). */
int lvl_leaf_has_subleaves(uint32_t leaf);

/* MSRs that a policy holds, ascending. */
struct lvl_msr_words {
	uint32_t index;
	uint16_t word; /* low half; the high half follows, see lvl_msr_find */
	uint16_t high;
};
extern const struct lvl_msr_words lvl_msrs[LVL_NR_MSRS];
const struct lvl_msr_words *lvl_msr_find(uint32_t index);

/* Names of rules, classes and guest kinds as the command line prints them. */
extern const char *const lvl_rule_names[LVL_NR_RULES];
extern const char *const lvl_class_names[LVL_NR_CLASSES];
extern const char *const lvl_guest_names[LVL_NR_GUESTS];

LVL_END

#endif /* CPULEVEL_REGISTRY_H */

/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/desc.h: the description of one machine, as a file holds it.
 *
 * Hosted (libc).  A description is provenance (key and value, in order) and
 * up to one policy of each kind.  Descriptions come from lvl_import_file()
 * and from the probes; they are freed with lvl_desc_free().
 */
#ifndef CPULEVEL_DESC_H
#define CPULEVEL_DESC_H

#include <stdio.h>

#include <cpulevel/policy.h>

LVL_BEGIN

/* What a policy in a description is. */
enum lvl_kind {
	LVL_KIND_RAW,  /* what CPUID and the MSRs said, dynamic bits dropped */
	LVL_KIND_HOST, /* what the machine can really do, well-formed */
	LVL_KIND_PV_MAX,
	LVL_KIND_PV_DEFAULT,
	LVL_KIND_HVM_SHADOW_MAX,
	LVL_KIND_HVM_SHADOW_DEFAULT,
	LVL_KIND_HVM_MAX,
	LVL_KIND_HVM_DEFAULT,
	LVL_KIND_LEVEL, /* a published level: total, well-formed */
	LVL_KIND_SEEN,  /* what one guest saw when it booted */
	LVL_NR_KINDS
};

/* "raw", "host", "pv-max", ...; the order of enum lvl_kind. */
extern const char *const lvl_kind_names[LVL_NR_KINDS];

/* -LVL_E_UNKNOWN_NAME if there is no such kind. */
int lvl_kind_find(const char *name, size_t len, enum lvl_kind *kind);

/* One line of provenance; both strings belong to the description. */
struct lvl_fact {
	char *key;
	char *value;
};

/* Leaves and MSRs that the registry does not have: kept, never used. */
struct lvl_extra {
	struct lvl_leaf *leaf;
	size_t nr_leaves;
	struct lvl_msr *msr;
	size_t nr_msrs;
};

struct lvl_desc {
	char *name; /* how people call the machine; never NULL once read */
	struct lvl_fact *fact;
	size_t nr_facts;
	struct lvl_policy *policy[LVL_NR_KINDS]; /* NULL: not there */
	struct lvl_extra extra[LVL_NR_KINDS];
	unsigned nr_cpus; /* logical CPUs read; 0: not said */
	unsigned hints;   /* LVL_HINT_..., as the reader set them */
	/*
	 * Not 0: all with this number, within one import, are alike but for
	 * the name.
	 */
	unsigned long twin;
};

/* Captured by a 32-bit process: SYSCALL may read 0 (rule RAW.syscall32). */
#define LVL_HINT_32BIT 0x1u
/* HOST was derived here from RAW, not reported by a hypervisor. */
#define LVL_HINT_HOST_DERIVED 0x2u
/* Some logical CPUs differ; facts "cores-differ" name the fields. */
#define LVL_HINT_CORES_DIFFER 0x4u
/* Maxima and defaults were derived here, not reported by a hypervisor. */
#define LVL_HINT_GUESTS_DERIVED 0x8u

/* NULL if out of memory. */
struct lvl_desc *lvl_desc_new(void);
void lvl_desc_free(struct lvl_desc *d);

/* A copy of everything; NULL if out of memory. */
struct lvl_desc *lvl_desc_clone(const struct lvl_desc *d);

/* The policy of a kind, made unknown first if it is new; NULL: no memory. */
struct lvl_policy *lvl_desc_policy(struct lvl_desc *d, enum lvl_kind kind);

/* Name the machine (copied).  Control characters become '?'. */
int lvl_desc_set_name(struct lvl_desc *d, const char *name);

/* Append a fact (copied).  Control characters become '?'. */
int lvl_desc_add_fact(struct lvl_desc *d, const char *key, const char *value);

/* Take away all facts of that key. */
void lvl_desc_drop_facts(struct lvl_desc *d, const char *key);

/* The value of the first fact of that key, or NULL. */
const char *lvl_desc_fact(const struct lvl_desc *d, const char *key);

/*
 * Write the text form: doc/format.md.  One fact a line, sorted, the same
 * bytes for the same description.  -LVL_E_IO.
 */
int lvl_desc_write(const struct lvl_desc *d, FILE *out);

/*
 * One policy as a cpulevel-policy JSON document (doc/design.md 5), the same
 * bytes for the same policy.  -LVL_E_IO.
 */
int lvl_desc_write_json(const struct lvl_desc *d, enum lvl_kind kind,
			FILE *out);

/*
 * SHA-256 of the canonical record of a policy, as hex digits: the same for
 * the same policy, whatever file it came from, comments and provenance apart.
 */
#define LVL_HASH_HEX 65
int lvl_policy_hash(const struct lvl_policy *p, char hex[LVL_HASH_HEX]);

LVL_END

#endif /* CPULEVEL_DESC_H */

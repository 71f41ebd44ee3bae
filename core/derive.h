/* SPDX-License-Identifier: MIT */
/* Between the files of the derivation. */
#ifndef LVL_CORE_DERIVE_H
#define LVL_CORE_DERIVE_H

#include "platforms.h"
#include "trail.h"

#define LVL_AMD_LIKE_ (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)

/*
 * The next row, v itself or behind it, that is for this platform, kind of
 * guest and vendor; NULL behind the last.  Begin with lvl_virtualised_.
 */
const struct lvl_virtualised_ *lvl_row_(const struct lvl_context *c,
					const struct lvl_virtualised_ *v);

/* Does the platform let this kind of guest see the field at all? */
int lvl_may_(const struct lvl_context *c, unsigned field);

/* Set a one-bit field that the guest may see, and that its vendor has. */
void lvl_raise_(struct lvl_context *c, unsigned field);

/* Clear a one-bit field that may be there; unknown becomes known absent. */
void lvl_take_(struct lvl_policy *p, unsigned field);

/* The words that may stay; all other bits become known zeroes. */
void lvl_keep_(struct lvl_policy *p, const uint32_t words[LVL_NR_WORDS]);

/* The field as another policy has it, known or not. */
void lvl_copy_(struct lvl_policy *to, const struct lvl_policy *from,
	       unsigned field);

/* Every statement as the host makes it. */
void lvl_state_(struct lvl_context *c);

/* A guest without an address width of its own for tables has maxphysaddr. */
void lvl_guest_phys_(struct lvl_context *c);

/* The most that a maximum leaf may say here. */
uint64_t lvl_ceiling_(const struct lvl_context *c, unsigned field);

/* Rules of the maximum, of the default, of one guest, in their order. */
struct lvl_rules_ {
	const struct lvl_rule_step *rule;
	unsigned count;
};
extern const struct lvl_rules_ lvl_max_rules_;
extern const struct lvl_rules_ lvl_kind_rules_[LVL_NR_GUESTS];
extern const struct lvl_rules_ lvl_hvm_rules_; /* both HVM kinds */
extern const struct lvl_rules_ lvl_default_rules_;
extern const struct lvl_rules_ lvl_domain_rules_;

/* The last rule of each, which needs the result (derive.c). */
extern const struct lvl_rule_info lvl_m_ceiling_, lvl_d_maxima_;

/* SSBD is a bit of LS_CFG there, which no CPUID tells of (derive_max.c). */
int lvl_ssbd_in_ls_cfg_(const struct lvl_context *c);

/* Whether Intel's model predicts RET from elsewhere (host.c). */
int lvl_rsba_by_model_(const struct lvl_policy *raw);

#endif

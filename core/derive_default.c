/* SPDX-License-Identifier: MIT */
/* What a new guest sees, and what one guest is configured with: D, DOMAIN. */
#include "derive.h"

/* -- the default ---------------------------------------------------------- */

/* Nothing else can tell such guests how to disable the bypass. */
static void virt_ssbd(struct lvl_context *c)
{
	if (c->kind != LVL_PV && lvl_ssbd_in_ls_cfg_(c))
		lvl_raise_(c, LVL_F_VIRT_SSBD);
}

static void guests(struct lvl_context *c)
{
	lvl_keep_(c->p, lvl_guest_words_[c->kind][1]);
	lvl_guest_phys_(c);
}

static void platform(struct lvl_context *c)
{
	const struct lvl_virtualised_ *v;

	for (v = lvl_row_(c, lvl_virtualised_); v; v = lvl_row_(c, v + 1))
		if (v->effect == LVL_OPT_IN_)
			lvl_set(c->p, v->field, 0);
}

static void or_rows(struct lvl_context *c)
{
	lvl_state_(c);
}

/* Ivy Bridge of clients: SRBDS.  Family 15h and 16h: wrong after S3. */
static void rdrand(struct lvl_context *c)
{
	unsigned family = lvl_policy_family(c->raw);
	int amd = (c->vendor & LVL_AMD_LIKE_) != 0;

	if (amd ? family == 0x15 || family == 0x16
		: family == 6 && lvl_policy_model(c->raw) == 0x3a)
		lvl_take_(c->p, LVL_F_RDRAND);
}

/* Skylake server, Cascade Lake and Cooper Lake share a model number. */
static void clwb(struct lvl_context *c)
{
	if (lvl_policy_family(c->raw) == 6 && lvl_policy_model(c->raw) == 0x55)
		lvl_take_(c->p, LVL_F_CLWB);
}

static void as_host(struct lvl_context *c)
{
	static const uint16_t field[] = { LVL_F_HTT, LVL_F_CMP_LEGACY,
					  LVL_F_ERMS };
	unsigned i;

	for (i = 0; i < LVL_COUNT(field); i++)
		lvl_copy_(c->p, c->raw, field[i]);
}

static void avx10(struct lvl_context *c)
{
	if (lvl_known(c->raw, LVL_F_AVX10) && !lvl_has(c->raw, LVL_F_AVX10))
		lvl_take_(c->p, LVL_F_AVX10);
}

static const struct lvl_rule_step default_rules[] = {
	{ { "D.or", "statements are the host's own",
	    "a guest is told what holds where it boots" },
	  0,
	  or_rows },
	{ { "D.rdrand", "clear RDRAND", "erratum: its numbers may be wrong" },
	  LVL_VENDOR_INTEL | LVL_AMD_LIKE_,
	  rdrand },
	{ { "D.clwb", "clear CLWB", "slow since a microcode update" },
	  LVL_VENDOR_INTEL,
	  clwb },
	{ { "D.as-host", "HTT, CMP_LEGACY and ERMS are the host's",
	    "the maximum allows them everywhere" },
	  0,
	  as_host },
	{ { "D.avx10", "clear AVX10 where the host does not declare it",
	    "new guests use the AVX-512 features by their own bits" },
	  LVL_VENDOR_INTEL,
	  avx10 },
	{ { "D.guests", "clear what new guests of this kind do not see",
	    "guests_default of data/guests.tsv: ITSC, nested virtualisation, "
	    "performance counters and others must be asked for" },
	  0,
	  guests },
	{ { "D.virt-ssbd", "VIRT_SSBD where SSBD is a bit of LS_CFG",
	    "guests have no other way to disable the store bypass" },
	  LVL_AMD_LIKE_,
	  virt_ssbd },
	{ { "D.platform", "clear what must be asked for on this platform",
	    "data/virtualises.tsv" },
	  0,
	  platform },
};

const struct lvl_rule_info lvl_d_maxima_ = {
	"D.maxima",
	"maxima of leaves are the host's",
	"guests are not told of leaves that the machine does not have",
};

/* -- one guest ------------------------------------------------------------ */

/* All of the maximum's values of a class. */
static void grant(struct lvl_context *c, enum lvl_class klass)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lvl_fields[i].klass == klass &&
		    lvl_fields[i].rule != LVL_DERIVED &&
		    lvl_fields[i].word != LVL_NO_WORD)
			lvl_copy_(c->p, c->max, i);
}

static void nested(struct lvl_context *c)
{
	if (!c->domain->nested)
		return;
	lvl_copy_(c->p, c->max, LVL_F_VMX);
	lvl_copy_(c->p, c->max, LVL_F_SVM);
	grant(c, LVL_NESTED);
}

static void itsc(struct lvl_context *c)
{
	if (!c->domain->tsc_khz)
		return;
	lvl_copy_(c->p, c->max, LVL_F_ITSC);
	if (!lvl_has(c->p, LVL_F_ITSC))
		return;
	lvl_set(c->p, LVL_F_TSC_KHZ_MIN, c->domain->tsc_khz);
	lvl_set(c->p, LVL_F_TSC_KHZ_MAX, c->domain->tsc_khz);
}

static void vpmu(struct lvl_context *c)
{
	if (c->domain->vpmu)
		grant(c, LVL_PMU);
}

/* AMD has SYSCALL outside of long mode, Intel has not. */
static void bits32(struct lvl_context *c)
{
	if (!c->domain->bits32 || c->kind != LVL_PV)
		return;
	lvl_take_(c->p, LVL_F_LM);
	if (!(c->vendor & LVL_AMD_LIKE_))
		lvl_take_(c->p, LVL_F_SYSCALL);
}

static const struct lvl_rule_step domain_rules[] = {
	{ { "DOMAIN.nested", "VMX or SVM, with what belongs to it",
	    "the guest may run guests of its own" },
	  0,
	  nested },
	{ { "DOMAIN.itsc", "ITSC, with the frequency that is guaranteed",
	    "the bit promises that the frequency stays" },
	  0,
	  itsc },
	{ { "DOMAIN.vpmu", "performance counters",
	    "the guest was given a virtual PMU" },
	  0,
	  vpmu },
	{ { "DOMAIN.bits32", "clear LM, and SYSCALL but on AMD",
	    "a 32-bit PV guest has neither" },
	  0,
	  bits32 },
};

const struct lvl_rules_ lvl_default_rules_ = { default_rules,
					       LVL_COUNT(default_rules) };
const struct lvl_rules_ lvl_domain_rules_ = { domain_rules,
					      LVL_COUNT(domain_rules) };

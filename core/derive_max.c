/* SPDX-License-Identifier: MIT */
/* What a guest may see at most: rules M, PV, SH and HVM. */
#include "derive.h"

#define INTEL LVL_VENDOR_INTEL

/* -- masks ---------------------------------------------------------------- */

/*
 * Derived fields are computed anew, and what no step computes is the
 * machine's own; the leaves of a hypervisor are the platform's.  Maxima are
 * left to lvl_finalise().
 */
static void blank(struct lvl_context *c)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lvl_fields[i].rule == LVL_DERIVED &&
		    lvl_fields[i].klass != LVL_IDENTITY &&
		    lvl_fields[i].word != LVL_NO_WORD)
			lvl_set(c->p, i, 0);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; r < 4 && lvl_leaves[i].leaf >> 16 == 0x4000; r++) {
			c->p->v[lvl_leaves[i].word[r]] = 0;
			c->p->k[lvl_leaves[i].word[r]] = 0xffffffffu;
		}
}

static void clear_field(struct lvl_policy *p, const struct lvl_field *f)
{
	unsigned i;

	for (i = 0; i < f->instances; i++) {
		p->v[f->word + 4u * i] &= ~f->mask;
		p->k[f->word + 4u * i] |= f->mask;
	}
}

/* Identity that this vendor's CPUs do not tell. */
static void blank_vendor(struct lvl_context *c)
{
	unsigned i;

	for (i = 0; c->vendor && i < LVL_NR_PINS; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_pins[i]];

		if (!(f->vendors & c->vendor) && !(f->flags & LVL_FIELD_WIDE))
			clear_field(c->p, f);
	}
}

static void guests(struct lvl_context *c)
{
	lvl_keep_(c->p, lvl_guest_words_[c->kind][0]);
}

/* Two names of one thing, or made of another; it may be there by itself. */
static void with(struct lvl_context *c, unsigned field, unsigned other)
{
	if (lvl_has(c->p, field))
		return;
	if (lvl_has(c->raw, other))
		lvl_set(c->p, field, 1);
	else if (!lvl_known(c->raw, other))
		lvl_forget(c->p, field);
}

/* One row of data/virtualises.tsv. */
static void virtualise(struct lvl_context *c, const struct lvl_virtualised_ *v)
{
	const struct lvl_field *f = &lvl_fields[v->field];

	switch ((enum lvl_effect_of_)v->effect) {
	case LVL_NEVER_:
		if (f->flags & LVL_FIELD_WIDE)
			lvl_set(c->p, v->field, 0);
		else
			clear_field(c->p, f);
		break;
	case LVL_UNCLEAR_:
		if (lvl_get(c->p, v->field))
			lvl_forget(c->p, v->field);
		break;
	case LVL_GIVES_:
		if (f->vendors & (c->vendor | LVL_VENDOR_KVM))
			lvl_set(c->p, v->field, v->value);
		break;
	case LVL_AT_MOST_:
		if (f->rule == LVL_MIN && lvl_get(c->p, v->field) > v->value)
			lvl_set(c->p, v->field, v->value);
		break;
	case LVL_WITH_:
		with(c, v->field, v->value);
		break;
	case LVL_OPT_IN_:
	case LVL_AS_HOST_: /* nothing raises it: lvl_may_() */
		break;
	}
}

/* The rows of the VMX capability MSRs, which follow each other, or all else. */
static void virtualise_rows(struct lvl_context *c, int vmx)
{
	const struct lvl_virtualised_ *v;

	for (v = lvl_row_(c, lvl_virtualised_); v; v = lvl_row_(c, v + 1))
		if (vmx == (v->field >= LVL_F_VMX_VMCS_REVISION &&
			    v->field <= LVL_F_VMX_EXIT2_RSVD))
			virtualise(c, v);
}

static void platform(struct lvl_context *c)
{
	virtualise_rows(c, 0);
}

/* -- what a hypervisor adds ----------------------------------------------- */

static void always(struct lvl_context *c)
{
	lvl_raise_(c, LVL_F_HYPERVISOR);
	lvl_raise_(c, LVL_F_HTT);
	lvl_raise_(c, LVL_F_CMP_LEGACY);
	lvl_raise_(c, LVL_F_ERMS);
}

static void arch_caps(struct lvl_context *c)
{
	lvl_raise_(c, LVL_F_ARCH_CAPS);
}

/* Every bit of a register; a state without a bit is one whole word. */
static void or_rows(struct lvl_context *c)
{
	unsigned i;

	for (i = 0; i < lvl_nr_statements; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_statements[i]];

		if (!lvl_may_(c, lvl_statements[i]) ||
		    !(f->vendors & c->vendor))
			continue;
		if (lvl_words[f->word].place == LVL_PLACE_STATE)
			lvl_set(c->p, lvl_statements[i], 1);
		else
			c->p->v[f->word] |= f->mask;
		c->p->k[f->word] |= f->mask;
	}
}

static void stibp(struct lvl_context *c)
{
	if (lvl_has(c->p, LVL_F_IBRSB))
		lvl_raise_(c, LVL_F_STIBP);
	if (lvl_has(c->p, LVL_F_IBRS))
		lvl_raise_(c, LVL_F_AMD_STIBP);
}

static void ibpb(struct lvl_context *c)
{
	if (lvl_has(c->raw, LVL_F_IBRSB))
		lvl_raise_(c, LVL_F_IBPB);
}

/* What AVX10 version 1 declares once more (Intel AVX10 spec, table 1-1). */
static const uint16_t avx10_1[] = {
	LVL_F_AVX512F,       LVL_F_AVX512CD,         LVL_F_AVX512BW,
	LVL_F_AVX512DQ,      LVL_F_AVX512VL,         LVL_F_AVX512_IFMA,
	LVL_F_AVX512_VBMI,   LVL_F_AVX512_VBMI2,     LVL_F_AVX512_VNNI,
	LVL_F_AVX512_BITALG, LVL_F_AVX512_VPOPCNTDQ, LVL_F_AVX512_BF16,
	LVL_F_AVX512_FP16,
};

static void avx10_syn(struct lvl_context *c)
{
	unsigned i;

	if (!lvl_known(c->p, LVL_F_AVX10) || lvl_has(c->p, LVL_F_AVX10) ||
	    !lvl_may_(c, LVL_F_AVX10))
		return;
	for (i = 0; i < LVL_COUNT(avx10_1); i++)
		if (!lvl_has(c->p, avx10_1[i]))
			return;
	lvl_raise_(c, LVL_F_AVX10);
	lvl_raise_(c, LVL_F_AVX10_128);
	lvl_raise_(c, LVL_F_AVX10_256);
	lvl_raise_(c, LVL_F_AVX10_512);
	if (lvl_has(c->p, LVL_F_AVX10))
		lvl_set(c->p, LVL_F_AVX10_VERSION, 1);
}

static void avx10_down(struct lvl_context *c)
{
	unsigned i;

	if (!lvl_has(c->p, LVL_F_AVX10) || !lvl_has(c->p, LVL_F_AVX10_512) ||
	    !lvl_get(c->p, LVL_F_AVX10_VERSION))
		return;
	for (i = 0; i < LVL_COUNT(avx10_1); i++)
		lvl_raise_(c, avx10_1[i]);
}

/*
 * Default1 controls, CR0, CR4, the first-generation MSRs and the highest
 * field follow from the rest: lvl_finalise().
 */
static void nested_vmx(struct lvl_context *c)
{
	if (lvl_has(c->p, LVL_F_VMX))
		virtualise_rows(c, 1);
}

/* VMCB clean bits are hints to the hypervisor: ignoring them is right. */
static void nested_svm(struct lvl_context *c)
{
	if (lvl_has(c->p, LVL_F_SVM))
		lvl_raise_(c, LVL_F_VMCB_CLEAN);
}

static const struct lvl_rule_step max_rules[] = {
	{ { "M.blank", "clear what follows from other fields",
	    "it is computed anew, or belongs to the machine alone" },
	  0,
	  blank },
	{ { "M.blank-vendor", "clear identity that this vendor does not tell",
	    "caches and names in leaves that mean something on others" },
	  0,
	  blank_vendor },
	{ { "M.guests", "clear what this kind of guest never sees",
	    "guests_max of data/guests.tsv" },
	  0,
	  guests },
	{ { "M.platform", "what the hypervisor does not give, or gives always",
	    "data/virtualises.tsv" },
	  0,
	  platform },
	{ { "M.guest-phys", "the address width of nested tables",
	    "it is no larger than maxphysaddr; guests that do not see it "
	    "have that" },
	  0,
	  lvl_guest_phys_ },
	{ { "M.always", "HYPERVISOR; HTT, CMP_LEGACY, ERMS are allowed",
	    "how to read counts, and a hint: never wrong to say" },
	  0,
	  always },
	{ { "M.arch-caps", "set ARCH_CAPS",
	    "the MSR is a virtual one: it carries statements" },
	  INTEL,
	  arch_caps },
	{ { "M.or", "every statement is allowed",
	    "a guest that was told a hazard may come here" },
	  0,
	  or_rows },
	{ { "M.stibp", "IBRS brings STIBP",
	    "it does nothing on a core without threads, so pools may mix" },
	  0,
	  stibp },
	{ { "M.ibpb", "IBRS of Intel brings AMD's IBPB bit",
	    "it says of the same command that it is there alone" },
	  0,
	  ibpb },
	{ { "M.avx10-syn", "thirteen AVX-512 features bring AVX10.1",
	    "version 1 declares these features once more and nothing else" },
	  INTEL,
	  avx10_syn },
	{ { "M.avx10-down", "AVX10 of 512 bits brings AVX-512",
	    "it includes these features" },
	  INTEL,
	  avx10_down },
	{ { "M.nested-vmx", "VMX controls that the hypervisor emulates",
	    "data/virtualises.tsv: what no row names is the host's" },
	  INTEL | LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN,
	  nested_vmx },
	{ { "M.nested-svm", "nested SVM brings VMCB clean bits",
	    "they may be ignored" },
	  LVL_AMD_LIKE_,
	  nested_svm },
};

/* -- paravirtualised ------------------------------------------------------ */

static void pv_x2apic(struct lvl_context *c)
{
	lvl_raise_(c, LVL_F_X2APIC);
}

/* User and kernel of a PV guest share a ring, where it does not hold. */
static void pv_srso(struct lvl_context *c)
{
	lvl_take_(c->p, LVL_F_SRSO_US_NO);
}

static void pv_sep(struct lvl_context *c)
{
	if (lvl_has(c->raw, LVL_F_LM))
		lvl_take_(c->p, LVL_F_SEP);
}

/* Intel says it in an MSR, and has the field already. */
static void pv_faulting(struct lvl_context *c)
{
	if (!lvl_known(c->raw, LVL_F_CPUID_USER_DIS))
		lvl_forget(c->p, LVL_F_CPUID_FAULTING);
	else
		lvl_set(c->p, LVL_F_CPUID_FAULTING,
			lvl_get(c->raw, LVL_F_CPUID_USER_DIS));
}

static const struct lvl_rule_step pv_rules[] = {
	{ { "PV.x2apic", "x2APIC is allowed",
	    "older hypervisors showed it, and such guests return" },
	  0,
	  pv_x2apic },
	{ { "PV.srso", "clear SRSO_US_NO",
	    "user and kernel share a ring; whether BP_SPEC_REDUCE is on is "
	    "not known" },
	  LVL_AMD_LIKE_,
	  pv_srso },
	{ { "PV.sep-amd", "clear SEP",
	    "SYSENTER faults in long mode, where the hypervisor runs" },
	  LVL_AMD_LIKE_,
	  pv_sep },
	{ { "PV.faulting", "CPUID faulting where the host can fault",
	    "CpuidUserDis serves as well as Intel's" },
	  LVL_AMD_LIKE_,
	  pv_faulting },
};

/* -- hardware-virtualised -------------------------------------------------- */

static void hvm_apic(struct lvl_context *c)
{
	lvl_raise_(c, LVL_F_APIC);
	lvl_raise_(c, LVL_F_X2APIC);
}

/* Instructions that fault in a guest unless a VMX control is set. */
static const struct {
	uint16_t feature, control;
} controls[] = {
	{ LVL_F_RDTSCP, LVL_F_VMX_RDTSCP_EXIT },
	{ LVL_F_RDPID, LVL_F_VMX_RDTSCP_EXIT },
	{ LVL_F_INVPCID, LVL_F_VMX_INVPCID_EXIT },
	{ LVL_F_XSAVES, LVL_F_VMX_XSAVES },
	{ LVL_F_WAITPKG, LVL_F_VMX_ENABLE_USER_WAIT_PAUSE },
	{ LVL_F_MPX, LVL_F_VMX_ENTRY_LOAD_BNDCFGS },
	{ LVL_F_MPX, LVL_F_VMX_EXIT_CLEAR_BNDCFGS },
	{ LVL_F_PKS, LVL_F_VMX_ENTRY_LOAD_PKRS },
};

static void hvm_vmcs(struct lvl_context *c)
{
	unsigned i;

	if (!lvl_has(c->raw, LVL_F_VMX))
		return;
	for (i = 0; i < LVL_COUNT(controls); i++)
		if (lvl_known(c->raw, controls[i].control) &&
		    !lvl_has(c->raw, controls[i].control))
			lvl_take_(c->p, controls[i].feature);
}

/*
 * Families 15h to 18h without SPEC_CTRL.SSBD have a bit in LS_CFG for it that
 * no CPUID tells of (AMD, Speculative Store Bypass Disable, 2018).
 */
int lvl_ssbd_in_ls_cfg_(const struct lvl_context *c)
{
	unsigned family = lvl_policy_family(c->raw);

	return family >= 0x15 && family <= 0x18 &&
	       lvl_known(c->raw, LVL_F_AMD_SSBD) &&
	       !lvl_has(c->raw, LVL_F_AMD_SSBD) &&
	       !lvl_has(c->raw, LVL_F_SSB_NO);
}

static void hvm_virt_ssbd(struct lvl_context *c)
{
	if (lvl_has(c->raw, LVL_F_AMD_SSBD) || lvl_ssbd_in_ls_cfg_(c))
		lvl_raise_(c, LVL_F_VIRT_SSBD);
}

static void hvm_faulting(struct lvl_context *c)
{
	lvl_raise_(c, LVL_F_CPUID_FAULTING);
}

static const struct lvl_rule_step hvm_rules[] = {
	{ { "HVM.apic", "APIC and x2APIC are there",
	    "the hypervisor emulates them" },
	  0,
	  hvm_apic },
	{ { "HVM.vmcs", "clear instructions without their VMX control",
	    "they fault in a guest: RDTSCP, INVPCID, XSAVES and others" },
	  INTEL | LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN,
	  hvm_vmcs },
	{ { "HVM.virt-ssbd", "SSBD, or LS_CFG's bit for it, brings VIRT_SSBD",
	    "a virtual MSR in front of the real one" },
	  LVL_AMD_LIKE_,
	  hvm_virt_ssbd },
	{ { "HVM.faulting", "CPUID faulting is there",
	    "every CPUID of the guest exits: faulting can be emulated" },
	  0,
	  hvm_faulting },
};

const struct lvl_rules_ lvl_max_rules_ = { max_rules, LVL_COUNT(max_rules) };
const struct lvl_rules_ lvl_hvm_rules_ = { hvm_rules, LVL_COUNT(hvm_rules) };
const struct lvl_rules_ lvl_kind_rules_[LVL_NR_GUESTS] = {
	[LVL_PV] = { pv_rules, LVL_COUNT(pv_rules) },
};

const struct lvl_rule_info lvl_m_ceiling_ = {
	"M.ceiling",
	"maxima of leaves are the platform's",
	"guests with larger maxima may come back; they are no capability",
};

/* SPDX-License-Identifier: MIT */
/* A domain's policy: given, checked, closed; and what its vCPUs need. */
#include <cpulevel/hv.h>
#include <cpulevel/record.h>
#include <cpulevel/xen.h>

#include "hv.h"

#define ONES 0xffffffffu

/* Counts reasons; the first one's code is the call's. */
struct checking {
	const struct lvl_refusals *why;
	int rc;
};

static void refuse(struct checking *c, const struct lvl_err *at)
{
	(void)lvl_refuse_(c->why, at);
	if (!c->rc)
		c->rc = -at->code;
}

/* -- what must not be in it ------------------------------------------------ */

static void refuse_live(struct checking *c, const struct lvl_policy *p,
			unsigned w)
{
	struct lvl_err at;
	unsigned i, field;

	for (i = 0; i < lvl_words[w].count; i++) {
		field = lvl_words[w].first + i;
		if (lvl_fields[field].rule != LVL_DYNAMIC || !lvl_get(p, field))
			continue;
		(void)lvl_fail_field(&at, LVL_E_RANGE, field);
		refuse(c, &at);
	}
}

/* Live state is filled in, not given. */
static void check_live(struct checking *c, const struct lvl_policy *p)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++)
		if (p->v[w] & lvl_masks[LVL_MASK_DYNAMIC][w])
			refuse_live(c, p, w);
}

/* Nor anything beyond the leaves that the guest can reach. */
static void check_reach(struct checking *c, const struct lvl_policy *p)
{
	struct lvl_policy cut = *p;
	struct lvl_err at;
	unsigned i, r;

	lvl_policy_clear_out_of_range(&cut);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		uint32_t lost = 0;

		for (r = 0; r < 4; r++)
			lost |= p->v[l->word[r]] ^ cut.v[l->word[r]];
		if (!lost)
			continue;
		(void)lvl_fail_leaf(&at, LVL_E_RANGE, l->leaf, l->subleaf);
		refuse(c, &at);
	}
}

/* What the domain would have to be configured with. */
static void check_config(struct checking *c, const struct lvl_dom *d,
			 const struct lvl_policy *p)
{
	int intel =
		!(lvl_policy_vendor(p) & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON));
	int narrow = d->kind == LVL_PV && d->config.bits32;
	const struct {
		uint16_t field;
		uint8_t allowed;
	} needs[] = {
		{ LVL_F_VMX, d->config.nested != 0 },
		{ LVL_F_SVM, d->config.nested != 0 },
		{ LVL_F_PMU_VERSION, d->config.vpmu != 0 },
		{ LVL_F_PERFCTR_CORE, d->config.vpmu != 0 },
		{ LVL_F_PERFMON_V2, d->config.vpmu != 0 },
		{ LVL_F_ITSC, d->config.tsc_khz != 0 },
		{ LVL_F_LM, !narrow },
		{ LVL_F_SYSCALL, !(narrow && intel) },
	};
	struct lvl_err at;
	unsigned i;

	for (i = 0; i < LVL_COUNT(needs); i++) {
		if (needs[i].allowed || !lvl_get(p, needs[i].field))
			continue;
		(void)lvl_fail_field(&at, LVL_E_UNSUPPORTED, needs[i].field);
		refuse(c, &at);
	}
}

static void judge(struct checking *c, enum lvl_verdict verdict, unsigned flags)
{
	if (verdict == LVL_NO ||
	    (verdict == LVL_UNKNOWN && !(flags & LVL_SET_UNSURE)))
		c->rc = c->rc ? c->rc : -LVL_E_INVALID;
}

int lvl_dom_check_(const struct lvl_dom *d, const struct lvl_policy *p,
		   unsigned flags, const struct lvl_refusals *why)
{
	struct checking c = { why, 0 };

	check_live(&c, p);
	check_reach(&c, p);
	check_config(&c, d, p);
	judge(&c, lvl_valid(p, lvl_refuse_finding_, &why), flags);
	judge(&c,
	      lvl_fits(p, &d->hv->arrival[d->kind], lvl_refuse_finding_, &why),
	      flags);
	return c.rc;
}

/* -- what follows from it -------------------------------------------------- */

/* Where in the value of a mask a bit of a word is; 0: it covers it not. */
static uint64_t bit_in(const struct lvl_msr_mask *m, unsigned field)
{
	uint64_t bit = lvl_fields[field].mask;

	if (m->half[0] == lvl_fields[field].word)
		return bit;
	return m->half[1] == lvl_fields[field].word ? bit << 32 : 0;
}

static void make_masks(struct lvl_dom *d)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	unsigned i, n;

	memset(d->mask, 0, sizeof(d->mask));
	n = lvl_msr_masks(&d->hv->is.caps, &d->p, &d->hv->raw, d->hv->bound, m);
	for (i = 0; i < n; i++) {
		unsigned slot = lvl_slot_of_(m[i].cap);

		d->mask[1][slot] = m[i].value;
		d->mask[0][slot] = m[i].value & ~bit_in(&m[i], LVL_F_OSXSAVE);
	}
}

static void make_component(struct lvl_dom *d, unsigned i)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(0xd, i);
	struct lvl_component *c = &d->component[i];

	memset(c, 0, sizeof(*c));
	if (!l)
		return;
	c->size = (uint16_t)d->p.v[l->word[0]];
	c->end = (uint16_t)(d->p.v[l->word[0]] + d->p.v[l->word[1]]);
	c->align = d->p.v[l->word[2]] & 2 ? 63 : 0;
}

/* Xen: the kernel of the hardware domain drives these itself. */
static void make_leaks(struct lvl_dom *d)
{
	const struct lvl_policy *raw = &d->hv->raw;
	uint32_t c =
		lvl_fields[LVL_F_MONITOR].mask | lvl_fields[LVL_F_EIST].mask;

	d->leak_1c = d->leak_1d = 0;
	if (d->kind != LVL_PV || !(d->flags & LVL_DOM_HARDWARE))
		return;
	d->leak_1c = raw->v[lvl_fields[LVL_F_MONITOR].word] & c;
	d->leak_1d = raw->v[lvl_fields[LVL_F_MTRR].word] &
		     lvl_fields[LVL_F_MTRR].mask;
}

/*
 * What it does not know it does not show: bits of CPUID are 0 then, and an
 * MSR of which a part is not known is not there.
 */
static void complete(struct lvl_policy *p)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; r < 4; r++)
			p->k[lvl_leaves[i].word[r]] = ONES;
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];

		if ((p->k[m->word] & p->k[m->high]) == ONES)
			continue;
		p->v[m->word] = p->v[m->high] = 0;
		p->k[m->word] = p->k[m->high] = 0;
	}
}

static void make_rows(struct lvl_dom *d)
{
	unsigned i, r;

	memset(&d->row[LVL_NO_ROW], 0, sizeof(d->row[0]));
	for (i = 0; i < LVL_NR_LEAVES; i++)
		for (r = 0; r < 4; r++)
			d->row[i].reg[r] = d->p.v[lvl_leaves[i].word[r]];
}

static void settle(struct lvl_dom *d, const struct lvl_policy *p)
{
	int intel;
	unsigned i;

	d->p = *p;
	complete(&d->p);
	make_rows(d);
	intel = !(lvl_policy_vendor(p) & (LVL_VENDOR_AMD | LVL_VENDOR_HYGON));
	d->repeats_last = intel && d->flags & LVL_DOM_BEYOND_VENDOR;
	d->hides_syscall = (uint8_t)intel;
	d->live_sizes = (uint8_t)lvl_has(p, LVL_F_XSAVE);
	if (d->live_sizes &&
	    (lvl_has(p, LVL_F_XSAVEC) || lvl_has(p, LVL_F_XSAVES)))
		d->live_sizes = 2;
	for (i = 0; i < LVL_NR_COMPONENTS; i++)
		make_component(d, i);
	make_masks(d);
	make_leaks(d);
}

/* -- the calls ------------------------------------------------------------- */

int lvl_dom_init(struct lvl_dom *d, const struct lvl_hv *hv,
		 enum lvl_guest kind, const struct lvl_domain *config,
		 unsigned flags, const struct lvl_refusals *why)
{
	static const struct lvl_domain nothing = { 0 };
	static const struct lvl_topology xen = { 1, 1, 1, 1, 1, 0, 0 };
	struct lvl_policy p;
	enum lvl_verdict verdict = LVL_YES;
	int rc = 0;

	if (!hv->ready)
		return -LVL_E_STATE;
	if (!(hv->platform->guests >> kind & 1))
		return -LVL_E_UNSUPPORTED;
	if (config)
		rc = lvl_derive_domain(&p, &verdict, &hv->dflt[kind], &hv->host,
				       kind, hv->platform, config, NULL,
				       lvl_refuse_finding_, &why);
	else
		p = hv->dflt[kind];
	if (rc)
		return rc;
	if (verdict == LVL_NO)
		return -LVL_E_INVALID;
	d->hv = hv;
	d->place = hv->place;
	d->kind = (uint8_t)kind;
	d->flags = (uint8_t)flags;
	d->state = LVL_DOM_MADE;
	d->config = config ? *config : nothing;
	d->topology = xen;
	settle(d, &p);
	return 0;
}

int lvl_dom_set_policy(struct lvl_dom *d, const struct lvl_policy *p,
		       unsigned flags, const struct lvl_refusals *why)
{
	int rc;

	if (d->state != LVL_DOM_MADE)
		return -LVL_E_STATE;
	rc = lvl_dom_check_(d, p, flags, why);
	if (!rc)
		settle(d, p);
	return rc;
}

int lvl_dom_topology(struct lvl_dom *d, const struct lvl_topology *t,
		     const struct lvl_refusals *why)
{
	struct lvl_policy p = d->p;
	struct lvl_err at;
	int rc;

	if (d->state != LVL_DOM_MADE)
		return -LVL_E_STATE;
	if (lvl_topology_set(&p, t, &at))
		return lvl_refuse_(why, &at);
	rc = lvl_dom_set_policy(d, &p, LVL_SET_UNSURE, why);
	if (!rc)
		d->topology = *t;
	return rc;
}

int lvl_dom_get(const struct lvl_dom *d, struct lvl_leaf *leaf, size_t *nr_leaf,
		struct lvl_msr *msr, size_t *nr_msr)
{
	size_t leaves = 0, msrs = 0;

	(void)lvl_xen_leaves_out(&d->p, NULL, &leaves);
	(void)lvl_xen_msrs_out(&d->p, NULL, &msrs);
	if (*nr_leaf < leaves || *nr_msr < msrs) {
		*nr_leaf = leaves;
		*nr_msr = msrs;
		return -LVL_E_NOBUFS;
	}
	(void)lvl_xen_leaves_out(&d->p, leaf, nr_leaf);
	return lvl_xen_msrs_out(&d->p, msr, nr_msr);
}

enum lvl_verdict lvl_dom_leaks(const struct lvl_dom *d, lvl_unreached_fn *each,
			       void *arg)
{
	struct lvl_caps caps = d->hv->is.caps;
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	unsigned i, n;

	if (d->kind != LVL_PV)
		return LVL_YES;
	/* where it is exempt from faulting nothing else is in place */
	for (i = 0; d->hv->faulting && i < LVL_NR_LCAPS; i++)
		if (i || d->flags & LVL_DOM_NO_FAULTING)
			caps.cap[i].has = LVL_NO;
	n = lvl_msr_masks(&caps, &d->p, &d->hv->raw, d->hv->bound, m);
	return lvl_reach(&caps, &d->p, &d->hv->raw, m, n, each, arg);
}

int lvl_dom_start(struct lvl_dom *d)
{
	if (d->state != LVL_DOM_MADE)
		return -LVL_E_STATE;
	d->state = LVL_DOM_STARTED;
	return 0;
}

int lvl_dom_msr(const struct lvl_dom *d, uint32_t index, uint64_t *value)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);

	if (!m || (d->p.k[m->word] & d->p.k[m->high]) != ONES ||
	    !lvl_msr_announced(&d->p, index))
		return -LVL_E_UNKNOWN_MSR;
	*value = (uint64_t)d->p.v[m->high] << 32 | d->p.v[m->word];
	return 0;
}

/* -- vCPUs ----------------------------------------------------------------- */

static void choose(struct lvl_vcpu *v)
{
	const struct lvl_dom *d = v->dom;
	int pv = d->kind == LVL_PV;

	if (d->hv->faulting)
		v->want =
			d->hv->fault[v->fault ||
				     (pv && !(d->flags & LVL_DOM_NO_FAULTING))];
	else
		v->want = pv ? d->mask[v->cr4 >> 18 & 1] : d->hv->idle;
}

int lvl_vcpu_init(struct lvl_vcpu *v, const struct lvl_dom *d, uint32_t id)
{
	if (d->state != LVL_DOM_STARTED)
		return -LVL_E_STATE;
	memset(v, 0, sizeof(*v));
	v->dom = d;
	v->id = id;
	v->apic_id = lvl_x2apic_id(&d->topology, id);
	v->xcr0 = 1; /* SDM v3 table 10-1, APM v2 11.5.2 */
	choose(v);
	return 0;
}

void lvl_vcpu_cr4(struct lvl_vcpu *v, uint32_t cr4)
{
	v->cr4 = cr4;
	choose(v);
}

int lvl_vcpu_fault(struct lvl_vcpu *v, int on)
{
	if (!lvl_has(&v->dom->p, LVL_F_CPUID_FAULTING) &&
	    !lvl_has(&v->dom->p, LVL_F_CPUID_USER_DIS))
		return -LVL_E_UNSUPPORTED;
	v->fault = on != 0;
	choose(v);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The machine: what its CPUs can do, and which policies follow. */
#include <cpulevel/hv.h>

#include "hv.h"

/* -- reasons --------------------------------------------------------------- */

int lvl_refuse_(const struct lvl_refusals *why, const struct lvl_err *at)
{
	const struct lvl_refusal r = { .at = *at };

	if (why && why->each)
		why->each(why->arg, &r);
	return -at->code;
}

void lvl_refuse_finding_(void *arg, const struct lvl_finding *finding)
{
	const struct lvl_refusals *const *why = arg;
	struct lvl_refusal r = { .finding = finding };

	(void)lvl_fail_field(&r.at, LVL_E_INVALID, finding->field);
	if (*why && (*why)->each)
		(*why)->each((*why)->arg, &r);
}

/* -- where the leaves are -------------------------------------------------- */

static uint8_t live_of(uint32_t leaf)
{
	static const struct {
		uint32_t leaf;
		uint8_t live;
	} live[] = {
		{ 0x1, LVL_LIVE_1_ },
		{ 0x5, LVL_LIVE_MONITOR_ },
		{ 0x7, LVL_LIVE_7_ },
		{ 0xb, LVL_LIVE_TOPOLOGY_ },
		{ 0xd, LVL_LIVE_XSTATE_ },
		{ 0x1f, LVL_LIVE_TOPOLOGY_ },
		{ 0x80000001, LVL_LIVE_EXTENDED_ },
		{ 0x8000001e, LVL_LIVE_TOPOLOGY_ },
		{ 0x80000026, LVL_LIVE_TOPOLOGY_ },
	};
	unsigned i;

	for (i = 0; i < LVL_COUNT(live); i++)
		if (live[i].leaf == leaf)
			return live[i].live;
	return LVL_LIVE_NONE_;
}

static void place_leaves(struct lvl_hv *hv)
{
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		struct lvl_leaf_place *at = &hv->place[lvl_place_of_(l->leaf)];

		if ((l->leaf & 0x3fffffff) > 63)
			continue;
		if (!at->count) {
			at->first = (uint8_t)i;
			at->any = l->subleaf == LVL_NO_SUBLEAF;
			at->live = live_of(l->leaf);
		}
		if (at->any || l->subleaf == at->count)
			at->count++;
	}
}

void lvl_hv_init(struct lvl_hv *hv, const struct lvl_platform *platform,
		 const struct lvl_params *params)
{
	memset(hv, 0, sizeof(*hv));
	hv->platform = platform;
	lvl_params_init(&hv->params);
	if (params)
		hv->params = *params;
	hv->fault[1][0] = ~0ull;
	place_leaves(hv);
}

void lvl_hv_restart(struct lvl_hv *hv)
{
	lvl_cores_init(&hv->cores);
	hv->ready = 0;
}

/* -- the policies ---------------------------------------------------------- */

/*
 * The idle domain's masks, from the machine as the parameters lower it: they
 * bound everybody's.
 */
static void make_idle(struct lvl_hv *hv, const struct lvl_policy *low)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	unsigned i, n;

	hv->faulting = hv->is.caps.cap[LVL_LCAP_FAULTING].has == LVL_YES;
	memset(hv->idle, 0, sizeof(hv->idle));
	n = lvl_msr_masks(&hv->is.caps, low, low, NULL, m);
	for (i = 0; i < n; i++) {
		hv->bound[m[i].cap] = m[i].idle;
		hv->idle[lvl_slot_of_(m[i].cap)] = m[i].idle;
	}
}

/*
 * The host as the parameters lower it; and in low, what CPUID shows of it:
 * what needs a feature that is gone is gone as well.
 */
static int lower(struct lvl_hv *hv, struct lvl_policy *low,
		 struct lvl_policy *host, const struct lvl_policy *raw)
{
	uint32_t gone[LVL_NR_WORDS];
	unsigned w;
	int rc;

	*low = *raw;
	rc = lvl_params_apply(&hv->params, low);
	if (rc)
		return rc;
	lvl_host_derive(host, raw, NULL);
	for (w = 0; w < LVL_NR_WORDS; w++)
		gone[w] = host->v[w];
	lvl_host_derive(host, low, NULL);
	for (w = 0; w < LVL_NR_WORDS; w++)
		low->v[w] &= ~(gone[w] & ~host->v[w] &
			       lvl_masks[LVL_MASK_FEATURE][w]);
	return 0;
}

static void derive(struct lvl_hv *hv)
{
	unsigned k;

	for (k = 0; k < LVL_NR_GUESTS; k++) {
		enum lvl_guest kind = (enum lvl_guest)k;

		(void)lvl_derive_max(&hv->max[k], &hv->host, kind, hv->platform,
				     NULL);
		(void)lvl_derive_default(&hv->dflt[k], &hv->host, kind,
					 hv->platform, NULL);
		(void)lvl_derive_arrival(&hv->arrival[k], &hv->host, kind,
					 hv->platform);
	}
}

/* Findings that are no mere ignorance on both sides. */
struct shrinking {
	const struct lvl_policy *before;
	const struct lvl_refusals *why;
	int lost;
};

static void shrinks(void *arg, const struct lvl_finding *f)
{
	struct shrinking *s = arg;

	if (!f->sure && !lvl_known(s->before, f->field))
		return;
	s->lost |= f->severity <= LVL_SECURITY;
	lvl_refuse_finding_(&s->why, f);
}

/* Could a guest of the one machine run on the other? */
static int covers(const struct lvl_policy *now, const struct lvl_policy *before,
		  const struct lvl_refusals *why)
{
	struct shrinking s = { before, why, 0 };

	(void)lvl_fits(before, now, shrinks, &s);
	return s.lost ? -LVL_E_CONFLICT : 0;
}

/* Has a capability that guests depend on gone? */
static int caps_shrink(const struct lvl_hv *hv, uint32_t found,
		       const struct lvl_refusals *why)
{
	struct lvl_err at;
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_NR_LCAPS; i++) {
		if (!(hv->is.found & ~found & 1u << i))
			continue;
		(void)lvl_fail_msr(&at, LVL_E_CONFLICT,
				   lvl_cap_msr(&hv->is.caps, (enum lvl_lcap)i));
		rc = lvl_refuse_(why, &at);
	}
	return rc;
}

int lvl_hv_ready(struct lvl_hv *hv, const struct lvl_refusals *why)
{
	struct lvl_policy *raw = &hv->work[0], *low = &hv->work[1];
	struct lvl_policy *host = &hv->work[2];
	int rc, less = 0;

	if (!hv->cores.n)
		return -LVL_E_EMPTY;
	lvl_cores_read(&hv->cores, raw);
	rc = lower(hv, low, host, raw);
	if (rc)
		return rc;
	if (hv->made) {
		less = caps_shrink(hv, hv->again.found, why);
		rc = covers(host, &hv->host, why);
	}
	hv->ready = 1;
	if (rc || less)
		return -LVL_E_CONFLICT;
	/* masks that were not there when a domain was made hold nothing of it
	 */
	if (!hv->made)
		hv->is = hv->again;
	hv->raw = *raw;
	hv->host = *host;
	make_idle(hv, low);
	derive(hv);
	hv->made = 1;
	return 0;
}

/* -- a CPU ----------------------------------------------------------------- */

static void read_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
		       uint32_t reg[4])
{
	(void)arg;
	lvl_hook_cpuid(leaf, subleaf, reg);
}

static int read_msr(void *arg, uint32_t index, uint64_t *value)
{
	(void)arg;
	return lvl_hook_rdmsr(index, value);
}

/*
 * What the model should have: a hypervisor below may leave out masks, and
 * then they are found to be missing; it may have faulting of its own.
 */
static void expect(struct lvl_caps *caps, struct lvl_policy *raw)
{
	int virtual = lvl_has(raw, LVL_F_HYPERVISOR);
	struct lvl_caps bare;
	unsigned i;

	lvl_caps_read(caps, raw);
	lvl_set(raw, LVL_F_HYPERVISOR, 0);
	lvl_caps_read(&bare, raw);
	lvl_set(raw, LVL_F_HYPERVISOR, (uint64_t) virtual);
	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++)
		caps->cap[i] = bare.cap[i];
}

/* The bit of the MSR that a field is. */
static uint64_t bit_of(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	int high = lvl_words[f->word].place == LVL_PLACE_MSR_HI;

	return 1ull << (f->lo + (high ? 32 : 0));
}

static int fault_is(const struct lvl_trial *trial, int on)
{
	return !trial || !trial->faults || !trial->faults(trial->arg) == !on;
}

/* Turn it on, see that it is, turn it off again. */
static int try_faulting(struct lvl_cpu *c, const struct lvl_caps *caps,
			const struct lvl_trial *trial)
{
	uint64_t was, is = 0;
	int good;

	if (caps->cap[LVL_LCAP_FAULTING].has != LVL_YES)
		return 0;
	c->msr[0] = lvl_cap_msr(caps, LVL_LCAP_FAULTING);
	c->bits = bit_of(lvl_cap_switch(caps));
	if (lvl_hook_rdmsr(c->msr[0], &was))
		return 0;
	c->base = was & ~c->bits;
	if (lvl_hook_wrmsr(c->msr[0], c->base | c->bits))
		return 0;
	good = !lvl_hook_rdmsr(c->msr[0], &is) && is == (c->base | c->bits) &&
	       fault_is(trial, 1);
	good &= !lvl_hook_wrmsr(c->msr[0], c->base);
	return good && fault_is(trial, 0);
}

/* A mask is there if it can be read, and written with what it holds. */
static int try_mask(struct lvl_cpu *c, const struct lvl_caps *caps,
		    unsigned cap)
{
	unsigned slot = lvl_slot_of_(cap);

	c->msr[slot] = lvl_cap_msr(caps, (enum lvl_lcap)cap);
	if (c->msr[slot] && !lvl_hook_rdmsr(c->msr[slot], &c->boot[slot]) &&
	    !lvl_hook_wrmsr(c->msr[slot], c->boot[slot]))
		return 1;
	c->msr[slot] = 0;
	return 0;
}

/* Take a bit that CPUID shows out of the mask: 1 if it goes, -1 if none is. */
static int try_half(const struct lvl_cpu *c, const struct lvl_msr_mask *m,
		    unsigned h)
{
	const struct lvl_word *w = &lvl_words[m->half[h]];
	uint32_t sub = w->subleaf == LVL_NO_SUBLEAF ? 0 : w->subleaf;
	uint64_t boot = c->boot[lvl_slot_of_(m->cap)];
	uint32_t was[4], is[4], bit;
	int bad;

	lvl_hook_cpuid(w->id, sub, was);
	bit = was[w->place] & (~was[w->place] + 1);
	if (!bit)
		return -1;
	bad = lvl_hook_wrmsr(m->msr, boot & ~((uint64_t)bit << 32 * h));
	lvl_hook_cpuid(w->id, sub, is);
	bad |= lvl_hook_wrmsr(m->msr, boot);
	return !bad && !(is[w->place] & bit);
}

/* A hypervisor below may take any write and do nothing (QEMU without KVM). */
static void try_effects(struct lvl_cpu *c, struct lvl_caps *caps,
			const struct lvl_policy *raw)
{
	struct lvl_msr_mask m[LVL_NR_LCAPS];
	unsigned i, h, n = lvl_msr_masks(caps, raw, raw, NULL, m);
	int works;

	for (i = 0; i < n; i++) {
		works = -1;
		for (h = 0; h < 2 && works < 0; h++)
			if (m[i].half[h] != LVL_NO_WORD)
				works = try_half(c, &m[i], h);
		if (works)
			continue;
		caps->cap[m[i].cap].has = LVL_NO;
		c->msr[lvl_slot_of_(m[i].cap)] = 0;
	}
}

/* Where CPUID faults masks are not looked for: what they hold stays. */
static void find_caps(struct lvl_cpu *c, struct lvl_caps *caps,
		      const struct lvl_policy *raw,
		      const struct lvl_trial *trial)
{
	unsigned i;
	int faults = try_faulting(c, caps, trial);

	if (caps->cap[LVL_LCAP_FAULTING].has == LVL_UNKNOWN)
		caps->cap[LVL_LCAP_FAULTING].has = LVL_NO;
	c->expected = lvl_caps_xen(caps, NULL);
	caps->cap[LVL_LCAP_FAULTING].has = faults ? LVL_YES : LVL_NO;
	if (!faults) {
		c->base = 0;
		c->bits = ~0ull;
		c->msr[0] = 0;
	}
	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++) {
		if (caps->cap[i].has != LVL_YES)
			continue;
		if (faults)
			caps->cap[i].has = LVL_UNKNOWN;
		else if (!try_mask(c, caps, i))
			caps->cap[i].has = LVL_NO;
	}
	try_effects(c, caps, raw);
	c->found = lvl_caps_xen(caps, NULL);
}

/* What did not work is not there, whatever its bit says. */
static void tell_faulting(const struct lvl_cpu *c, struct lvl_policy *raw)
{
	int amd = c->msr[0] == 0xc0010015;
	int works = (c->found & 1u << LVL_LCAP_FAULTING) != 0;

	lvl_set(raw, LVL_F_CPUID_FAULTING, works && !amd);
	lvl_set(raw, LVL_F_CPUID_USER_DIS, works && amd);
}

/* What the embedder knows of this CPU. */
static void tell_state(const struct lvl_trial *trial, struct lvl_policy *raw)
{
	if (trial && trial->mxcsr_mask)
		lvl_set(raw, LVL_F_MXCSR_MASK, trial->mxcsr_mask);
	if (!trial || !trial->tsc_khz)
		return;
	lvl_set(raw, LVL_F_TSC_KHZ_MIN, trial->tsc_khz);
	lvl_set(raw, LVL_F_TSC_KHZ_MAX, trial->tsc_khz);
}

/* Masks as they were found, so that CPUID shows the CPU. */
static int unmask(const struct lvl_cpu *cpu)
{
	unsigned i;
	int bad = 0;

	for (i = 0; i < LVL_NR_SLOTS; i++)
		if (cpu->msr[i] && cpu->bits == ~0ull)
			bad |= lvl_hook_wrmsr(cpu->msr[i], cpu->boot[i]);
	return bad ? -LVL_E_IO : 0;
}

static void common_caps(struct lvl_hv *hv, const struct lvl_caps *caps,
			const struct lvl_cpu *c)
{
	struct lvl_found *f = &hv->again;
	unsigned i;

	if (!hv->cores.n) {
		f->caps = *caps;
		f->expected = c->expected;
		f->found = c->found;
		return;
	}
	f->expected |= c->expected;
	f->found &= c->found;
	for (i = 0; i < LVL_NR_LCAPS; i++)
		if (caps->cap[i].has != LVL_YES)
			f->caps.cap[i].has = LVL_NO;
}

/* A CPU that comes when guests may be there already. */
static int late(struct lvl_hv *hv, const struct lvl_cpu *c,
		const struct lvl_policy *raw, const struct lvl_refusals *why)
{
	struct lvl_policy *host = &hv->work[1];
	int less = caps_shrink(hv, c->found, why);

	lvl_host_derive(host, raw, NULL);
	return covers(host, &hv->host, why) ? -LVL_E_CONFLICT : less;
}

int lvl_cpu_up(struct lvl_hv *hv, struct lvl_cpu *cpu, int again,
	       const struct lvl_trial *trial, const struct lvl_refusals *why)
{
	static const struct lvl_reader reader = { read_cpuid, read_msr, NULL };
	static const struct lvl_capture capture = { 0 };
	struct lvl_cpu c = { .bits = ~0ull };
	struct lvl_policy *raw = &hv->work[0];
	struct lvl_caps caps;
	int rc = again ? unmask(cpu) : 0;

	cpu->hv = NULL;
	cpu->idle = cpu->now; /* to be idle before it has started is nothing */
	if (rc)
		return rc;
	lvl_policy_scan(raw, &reader);
	if (!lvl_policy_vendor(raw) ||
	    (hv->cores.n && lvl_policy_vendor(raw) != hv->again.caps.vendor))
		return -LVL_E_VENDOR;
	expect(&caps, raw);
	find_caps(&c, &caps, raw, trial);
	tell_faulting(&c, raw);
	tell_state(trial, raw);
	lvl_raw_clean(raw, &capture, NULL);
	if (hv->ready) {
		rc = late(hv, &c, raw, why);
		if (rc)
			return rc;
	} else {
		common_caps(hv, &caps, &c);
		lvl_cores_add(&hv->cores, raw);
	}
	*cpu = c;
	cpu->hv = hv;
	cpu->idle = cpu->now;
	return 0;
}

int lvl_cpu_start(struct lvl_hv *hv, struct lvl_cpu *cpu)
{
	unsigned i;

	if (!hv->ready || cpu->hv != hv)
		return -LVL_E_STATE;
	memset(cpu->now, 0, sizeof(cpu->now));
	if (hv->faulting) {
		cpu->idle = cpu->now;
		return 0;
	}
	cpu->idle = hv->idle;
	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++)
		if (hv->is.caps.cap[i].has == LVL_YES)
			cpu->now[lvl_slot_of_(i)] = cpu->boot[lvl_slot_of_(i)];
	return lvl_switch(cpu, NULL);
}

void lvl_cpu_fault_msr(struct lvl_cpu *cpu, uint64_t value)
{
	if (cpu->bits != ~0ull)
		cpu->base = value & ~cpu->bits;
}

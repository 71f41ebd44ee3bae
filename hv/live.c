/* SPDX-License-Identifier: MIT */
/*
 * What of an answer is live.  Apart from answer.c, so that an answer that is
 * not live needs no stack.
 */
#include <cpulevel/hv.h>

#include "hv.h"

#define CR4_OSXSAVE (1u << 18) /* SDM v3 2.5, APM v2 3.1.3 */
#define CR4_PKE (1u << 22)

static void set_bit(uint32_t *reg, unsigned field, int on)
{
	uint32_t mask = lvl_fields[field].mask;

	*reg = on ? *reg | mask : *reg & ~mask;
}

/*
 * PV: OSXSAVE follows CR4, but a kernel that asks by the forced emulation
 * prefix sees it wherever XSAVE is usable (Xen's ABI; domain.c, cpuid.c).
 */
static int osxsave(const struct lvl_vcpu *v)
{
	if (v->cr4 & CR4_OSXSAVE)
		return 1;
	return v->dom->kind == LVL_PV &&
	       (v->mode & (LVL_MODE_FORCED | LVL_MODE_USER)) ==
		       LVL_MODE_FORCED &&
	       lvl_has(&v->dom->p, LVL_F_XSAVE);
}

static int apic_off(const struct lvl_vcpu *v)
{
	return v->dom->kind != LVL_PV && (v->mode & LVL_MODE_APIC_OFF);
}

static void leaf_1(const struct lvl_vcpu *v, uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;

	reg[1] = (reg[1] & 0x00ffffff) | v->apic_id << 24;
	set_bit(&reg[2], LVL_F_OSXSAVE, osxsave(v));
	if (apic_off(v))
		set_bit(&reg[3], LVL_F_APIC, 0);
	if (v->mode & LVL_MODE_USER)
		return;
	reg[2] |= d->leak_1c;
	reg[3] |= d->leak_1d;
}

static void extended(const struct lvl_vcpu *v, uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;

	if (apic_off(v))
		set_bit(&reg[3], LVL_F_E_APIC, 0);
	/* SDM v2 CPUID: the bit is 0 outside of 64-bit mode */
	if (d->kind != LVL_PV && !(v->mode & LVL_MODE_LONG) && d->hides_syscall)
		set_bit(&reg[3], LVL_F_SYSCALL, 0);
}

/* SDM v1 13.4.2: to the end of the last component that is on. */
static uint32_t standard_size(const struct lvl_dom *d, uint32_t on)
{
	uint32_t size = 576, end;

	for (on &= ~3u; on; on &= on - 1) {
		end = d->component[__builtin_ctz(on)].end;
		if (end > size)
			size = end;
	}
	return size;
}

/* SDM v1 13.4.3: one behind the other, some at multiples of 64. */
static uint32_t compact_size(const struct lvl_dom *d, uint32_t on)
{
	uint32_t size = 576;

	for (on &= ~3u; on; on &= on - 1) {
		const struct lvl_component *c =
			&d->component[__builtin_ctz(on)];

		size = ((size + c->align) & ~(uint32_t)c->align) + c->size;
	}
	return size;
}

static void xstate(const struct lvl_vcpu *v, uint32_t subleaf, uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;

	if (subleaf == 0 && d->live_sizes)
		reg[1] = standard_size(d, (uint32_t)v->xcr0);
	if (subleaf == 1 && d->live_sizes > 1)
		reg[1] = compact_size(d, (uint32_t)(v->xcr0 | v->xss));
}

/* MONITOR is in leak_1c: its leaf is the host's then. */
static void monitor(const struct lvl_vcpu *v, uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;
	const struct lvl_leaf_words *l = &lvl_leaves[d->place[5].first];
	unsigned r;

	for (r = 0; r < 4 && d->leak_1c && !(v->mode & LVL_MODE_USER); r++)
		reg[r] = d->hv->raw.v[l->word[r]];
}

static int topology(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
		    uint32_t reg[4])
{
	lvl_topology_answer(&v->dom->p, &v->dom->topology, v->id, leaf, subleaf,
			    reg);
	return 0;
}

int lvl_fill_in_(const struct lvl_vcpu *v, enum lvl_live_ live, uint32_t leaf,
		 uint32_t subleaf, uint32_t reg[4])
{
	switch (live) {
	case LVL_LIVE_NONE_:
		break;
	case LVL_LIVE_1_:
		leaf_1(v, reg);
		break;
	case LVL_LIVE_7_:
		if (!subleaf)
			set_bit(&reg[2], LVL_F_OSPKE, (v->cr4 & CR4_PKE) != 0);
		break;
	case LVL_LIVE_XSTATE_:
		xstate(v, subleaf, reg);
		break;
	case LVL_LIVE_TOPOLOGY_:
		return topology(v, leaf, subleaf, reg);
	case LVL_LIVE_EXTENDED_:
		extended(v, reg);
		break;
	case LVL_LIVE_MONITOR_:
		monitor(v, reg);
		break;
	}
	return 0;
}

/* -- what the table has no place for --------------------------------------- */

int lvl_answer_far_(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
		    uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);
	const struct lvl_leaf_place *at = &v->dom->place[lvl_place_of_(leaf)];
	const struct lvl_row *row = &v->dom->row[LVL_NO_ROW];

	if (l)
		row = &v->dom->row[l - lvl_leaves];
	memcpy(reg, row->reg, sizeof(row->reg));
	if (leaf & LVL_PLACE_BEYOND_)
		return 0;
	return lvl_fill_in_(v, (enum lvl_live_)at->live, leaf, subleaf, reg);
}

/* Intel: what is beyond a maximum is the last basic leaf. */
static uint32_t within(const struct lvl_policy *p, uint32_t leaf)
{
	uint32_t last = (uint32_t)lvl_get(p, LVL_F_MAX_BASIC_LEAF), max = last;

	if (leaf >> 16 == 0x4000)
		max = (uint32_t)lvl_get(p, LVL_F_MAX_HYPERVISOR_LEAF);
	if (leaf >> 16 == 0x8000)
		max = (uint32_t)lvl_get(p, LVL_F_MAX_EXTENDED_LEAF);
	return leaf > max ? last : leaf;
}

int lvl_answer_vendor_(const struct lvl_vcpu *v, uint32_t leaf,
		       uint32_t subleaf, uint32_t reg[4])
{
	return lvl_answer_policy_(v, within(&v->dom->p, leaf), subleaf, reg);
}

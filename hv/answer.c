/* SPDX-License-Identifier: MIT */
/* The answer to CPUID: the policy, and what is live. */
#include <cpulevel/hv.h>

#include "hv.h"

#define CR4_OSXSAVE (1u << 18) /* SDM v3 2.5, APM v2 3.1.3 */
#define CR4_PKE (1u << 22)

/* -- what is not live ------------------------------------------------------ */

/* All ones where a < b, without a branch to be predicted. */
static inline uint32_t below(uint32_t a, uint32_t b)
{
	return (uint32_t)(((uint64_t)a - b) >> 32);
}

static inline void put_row(const struct lvl_policy *p, unsigned row,
			   uint32_t keep, uint32_t reg[4])
{
	const uint16_t *w = lvl_leaves[row].word;

	reg[0] = p->v[w[0]] & keep;
	reg[1] = p->v[w[1]] & keep;
	reg[2] = p->v[w[2]] & keep;
	reg[3] = p->v[w[3]] & keep;
}

/* A leaf or sub-leaf beyond the table; zeros if it is nowhere. */
static void far(const struct lvl_dom *d, uint32_t leaf, uint32_t subleaf,
		uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);

	put_row(&d->p, l ? (unsigned)(l - lvl_leaves) : 0, l ? ~0u : 0, reg);
}

/* -- live ------------------------------------------------------------------ */

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

	lvl_topology_answer(&d->p, &d->topology, v->id, 1, 0, reg);
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

static void fill_in(const struct lvl_vcpu *v, enum lvl_live_ live,
		    uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
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
		lvl_topology_answer(&v->dom->p, &v->dom->topology, v->id, leaf,
				    subleaf, reg);
		break;
	case LVL_LIVE_EXTENDED_:
		extended(v, reg);
		break;
	case LVL_LIVE_MONITOR_:
		if (v->dom->leak_1c && !(v->mode & LVL_MODE_USER))
			put_row(&v->dom->hv->raw, v->dom->hv->place[5].first,
				~0u, reg);
		break;
	}
}

/* -- the answer ------------------------------------------------------------ */

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

int lvl_answer(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
	       uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;
	const struct lvl_leaf_place *at;
	uint32_t sub, in;

	if (v->fault && (v->mode & LVL_MODE_USER))
		return 1;
	if (d->repeats_last)
		leaf = within(&d->p, leaf);
	at = &d->hv->place[lvl_place_of_(leaf)];
	sub = at->any ? 0 : subleaf;
	in = below(leaf & 0x3fffffff, 64) & below(sub, at->count);
	put_row(&d->p, at->first + (sub & in), in, reg);
	if (!in)
		far(d, leaf, subleaf, reg);
	if (at->live && !(leaf & 0x3fffffc0))
		fill_in(v, (enum lvl_live_)at->live, leaf, sub, reg);
	return 0;
}

/* -- forced emulation ------------------------------------------------------ */

/* The bytes at the address, no further than its page. */
static unsigned fetch_page(lvl_fetch_fn *fetch, void *arg, uint64_t address,
			   uint8_t *to, unsigned n)
{
	unsigned left = 4096u - (unsigned)(address & 4095u);

	return fetch(arg, address, to, n < left ? n : left);
}

int lvl_forced_cpuid(lvl_fetch_fn *fetch, void *arg, uint64_t address,
		     uint64_t *fault)
{
	/* ud2a; .ascii "xen"; cpuid (Xen public/arch-x86/xen.h) */
	static const uint8_t code[LVL_FORCED_LEN] = { 0x0f, 0x0b, 'x', 'e',
						      'n',  0x0f, 0xa2 };
	uint8_t is[LVL_FORCED_LEN];
	unsigned have = 0, got;

	while (have < LVL_FORCED_LEN) {
		got = fetch_page(fetch, arg, address + have, is + have,
				 LVL_FORCED_LEN - have);
		if (!got || got > LVL_FORCED_LEN - have) {
			*fault = address + have;
			return -LVL_E_IO;
		}
		if (memcmp(is + have, code + have, got))
			return 0;
		have += got;
	}
	return 1;
}

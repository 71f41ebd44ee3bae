/* SPDX-License-Identifier: MIT */
/*
 * The values of the masking MSRs, and what a PV guest sees then.  Which half
 * is which register, and which bits have rules of their own, are tables.
 */
#include <cpulevel/caps.h>

#include "clause.h"
#include "masks.h"

#define ONES 0xffffffffu

uint32_t lvl_mask_rule_(unsigned vendor, unsigned word, unsigned rule)
{
	uint32_t mask = 0;
	unsigned i;

	for (i = 0; i < lvl_nr_mask_bits; i++) {
		const struct lvl_mask_bit *b = &lvl_mask_bits[i];

		if (b->word == word && b->rule == rule && (b->vendors & vendor))
			mask |= b->mask;
	}
	return mask;
}

/* -- values --------------------------------------------------------------- */

/* 32 bits and which of them are known; those that are not are 0. */
struct half {
	uint32_t v, k;
};

struct making {
	const struct lvl_policy *guest, *raw;
	const struct lvl_mask_msr *m;
	unsigned vendor;
};

/* Bits whose live state shows through: set once the mask allows it. */
static uint32_t forwarded(const struct making *c, unsigned word, uint32_t mask)
{
	uint32_t out = 0;
	unsigned i;

	for (i = 0; i < lvl_nr_mask_bits; i++) {
		const struct lvl_mask_bit *b = &lvl_mask_bits[i];

		if (b->word == word && b->rule == LVL_BIT_FORWARD &&
		    (b->vendors & c->vendor) &&
		    (!b->only_with || (mask & b->only_with)))
			out |= b->mask;
	}
	return out;
}

/* What CPUID says without a mask, OSXSAVE and APIC as if they were on. */
static struct half native_half(const struct making *c, unsigned h)
{
	unsigned word = c->m->half[h];
	struct half out = { ONES, ONES };
	uint32_t on;

	if (word == LVL_NO_WORD)
		return out;
	on = forwarded(c, word, c->raw->v[word]);
	out.v = c->raw->v[word] | on;
	out.k = c->raw->k[word] | on;
	return out;
}

/* What the MSR itself held; nothing that limits where it was not read. */
static uint32_t probed_half(const struct making *c, unsigned h)
{
	const struct lvl_msr_words *m = lvl_msr_find(c->m->msr);
	unsigned word = h ? m->high : m->word;

	if (c->m->native || c->raw->k[word] != ONES)
		return ONES;
	return c->raw->v[word];
}

static struct half idle_half(const struct making *c, unsigned h)
{
	struct half out = native_half(c, h);
	uint32_t probed = probed_half(c, h);

	out.v &= probed;
	out.k |= ~probed;
	return out;
}

/* A number: the guest's, but not above the host's. */
static struct half number_half(const struct making *c, unsigned h,
			       struct half idle)
{
	unsigned word = c->m->half[h];
	struct half out = { c->guest->v[word], ONES };

	if (out.v > idle.v)
		out.v = idle.v;
	if (c->guest->k[word] != ONES || idle.k != ONES)
		out.k = 0;
	return out;
}

/* The bits that the guest is to see, as far as anybody can know. */
static struct half wanted(const struct making *c, unsigned word)
{
	uint32_t keep = lvl_mask_rule_(c->vendor, word, LVL_BIT_KEEP);
	uint32_t clear = lvl_mask_rule_(c->vendor, word, LVL_BIT_CLEAR);
	uint32_t host = c->raw->v[word] & keep;
	struct half out;

	out.v = (c->guest->v[word] & ~clear) | host;
	out.k = c->guest->k[word] | clear | host;
	return out;
}

static struct half bits_half(const struct making *c, unsigned h,
			     struct half idle)
{
	unsigned word = c->m->half[h];
	struct half want = wanted(c, word), out;
	uint32_t on;

	out.v = idle.v & want.v;
	out.k = (idle.k & want.k) | (idle.k & ~idle.v) | (want.k & ~want.v);
	on = forwarded(c, word, out.v);
	on |= c->guest->v[word] & lvl_mask_rule_(c->vendor, word, LVL_BIT_GIVE);
	out.v |= on;
	out.k |= on;
	return out;
}

static struct half value_half(const struct making *c, unsigned h,
			      struct half idle)
{
	if (c->m->half[h] == LVL_NO_WORD)
		return idle;
	if (c->m->numbers >> h & 1)
		return number_half(c, h, idle);
	return bits_half(c, h, idle);
}

static void make(const struct making *c, const uint64_t *given,
		 struct lvl_msr_mask *out)
{
	struct half idle, value;
	unsigned h;

	out->msr = c->m->msr;
	out->cap = (enum lvl_lcap)c->m->cap;
	out->replaces = c->m->how == LVL_HOW_REPLACES;
	out->value = out->idle = out->known = 0;
	for (h = 0; h < 2; h++) {
		out->half[h] = c->m->half[h];
		idle = idle_half(c, h);
		if (given) {
			idle.v = (uint32_t)(given[out->cap] >> 32 * h);
			idle.k = ONES;
		}
		value = value_half(c, h, idle);
		out->idle |= (uint64_t)idle.v << 32 * h;
		out->value |= (uint64_t)value.v << 32 * h;
		out->known |= (uint64_t)value.k << 32 * h;
	}
}

unsigned lvl_msr_masks(const struct lvl_caps *caps,
		       const struct lvl_policy *guest,
		       const struct lvl_policy *raw, const uint64_t *idle,
		       struct lvl_msr_mask *out)
{
	struct making c = { guest, raw, NULL, caps->vendor };
	unsigned i, n = 0;

	for (i = LVL_LCAP_1CD; i < LVL_NR_LCAPS; i++) {
		if (caps->cap[i].has != LVL_YES)
			continue;
		c.m = &lvl_mask_msrs[caps->cap[i].row];
		make(&c, idle, &out[n++]);
	}
	return n;
}

/* -- what the guest sees then --------------------------------------------- */

struct looking {
	const struct lvl_caps *caps;
	const struct lvl_policy *guest, *native;
	const struct lvl_msr_mask *masks;
	unsigned nr;
	lvl_unreached_fn *each;
	void *arg;
	int no, maybe;
};

/* What the word shows through its mask, or as it is. */
static struct half through(const struct looking *l, unsigned word)
{
	struct half seen = { l->native->v[word], l->native->k[word] }, mask;
	uint32_t live = lvl_mask_rule_(l->caps->vendor, word, LVL_BIT_FORWARD);
	unsigned i;

	for (i = 0; i < 2 * l->nr; i++) {
		const struct lvl_msr_mask *m = &l->masks[i / 2];

		if (m->half[i % 2] != word)
			continue;
		mask.v = (uint32_t)(m->value >> 32 * (i % 2)) | live;
		mask.k = (uint32_t)(m->known >> 32 * (i % 2)) | live;
		if (m->replaces) {
			seen.v = (mask.v & ~live) | (seen.v & live);
			seen.k = (mask.k & ~live) | (seen.k & live);
			continue;
		}
		seen.k = (seen.k & mask.k) | (seen.k & ~seen.v) |
			 (mask.k & ~mask.v);
		seen.v &= mask.v;
	}
	return seen;
}

/* Decided by the policy, and shown by the machine where nothing stops it. */
static int looked_at(const struct looking *l, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	struct lvl_controlled c;

	if (f->word == LVL_NO_WORD)
		return 0;
	switch ((enum lvl_rule)f->rule) {
	case LVL_LEAK:
	case LVL_DYNAMIC:
	case LVL_FREE:
	case LVL_HIDDEN:
	case LVL_NR_RULES:
		return 0;
	case LVL_AND:
	case LVL_OR:
	case LVL_MIN:
	case LVL_MAX:
	case LVL_EQUAL:
	case LVL_PAIR:
	case LVL_PIN:
	case LVL_DERIVED:
		break;
	}
	c = lvl_control(l->caps, LVL_PV, field);
	return c.sight != LVL_SIGHT_FAULTS && c.sight != LVL_SIGHT_MSR &&
	       c.sight != LVL_SIGHT_ABSTRACT;
}

/* Shown by leaf 0x4000_0000 and up only where a hypervisor answers CPUID. */
static int is_hypervisor_leaf(const struct lvl_field *f)
{
	const struct lvl_word *w = &lvl_words[f->word];

	return w->place <= LVL_PLACE_EDX && w->id >> 16 == 0x4000;
}

/* Identity and sizes are the host's on every such machine: told, no verdict. */
static int counts(const struct lvl_field *f)
{
	return f->rule != LVL_PIN && !(f->rule == LVL_DERIVED && f->width > 1);
}

/* Does what is not known, or differs, mean anything to the guest? */
static int matters(const struct looking *l, const struct lvl_field *f,
		   int differs)
{
	if (lvl_clause_(l->guest, f->carrier) != LVL_FALSE)
		return differs || counts(f);
	return differs && (f->rule == LVL_DERIVED || f->rule == LVL_PIN);
}

static void compare(struct looking *l, unsigned field, unsigned instance)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned word = f->word + 4 * instance;
	struct half seen = through(l, word);
	uint32_t known = seen.k & l->guest->k[word] & f->mask;
	uint32_t differ = (seen.v ^ l->guest->v[word]) & known;
	struct lvl_unreached u = { .field = field, .instance = instance };

	u.by = lvl_control(l->caps, LVL_PV, field);
	/* Whether a difference shows is not known, but what is alike is. */
	if (u.by.control == LVL_CONTROL_UNKNOWN && differ)
		differ = known = 0;
	if ((!differ && known == f->mask) || !matters(l, f, differ != 0))
		return;
	u.guest = (l->guest->v[word] & f->mask) >> f->lo;
	u.shown = (seen.v & f->mask) >> f->lo;
	u.sure = differ != 0;
	u.counts = counts(f);
	l->no |= u.counts && u.sure;
	l->maybe |= u.counts && !u.sure;
	if (l->each)
		l->each(l->arg, &u);
}

enum lvl_verdict lvl_reach(const struct lvl_caps *caps,
			   const struct lvl_policy *guest,
			   const struct lvl_policy *native,
			   const struct lvl_msr_mask *masks, unsigned nr_masks,
			   lvl_unreached_fn *each, void *arg)
{
	struct looking l = { caps, guest, native, masks, nr_masks,
			     each, arg,   0,      0 };
	unsigned i, n;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!looked_at(&l, i) || is_hypervisor_leaf(&lvl_fields[i]))
			continue;
		for (n = 0; n < lvl_fields[i].instances; n++)
			compare(&l, i, n);
	}
	if (l.no)
		return LVL_NO;
	return l.maybe ? LVL_UNKNOWN : LVL_YES;
}

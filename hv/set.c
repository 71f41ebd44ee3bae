/* SPDX-License-Identifier: MIT */
/* Policies as others write them: leaf and MSR arrays, records, streams. */
#include <cpulevel/hv.h>
#include <cpulevel/record.h>
#include <cpulevel/xen.h>

#include "hv.h"

/* Arrays being read into a policy; bytes, for they may not be aligned. */
struct reading {
	struct lvl_policy p;
	const struct lvl_refusals *why;
	int rc;
	uint8_t leaf_seen[LVL_NR_LEAVES], msr_seen[LVL_NR_MSRS];
};

static void refuse_leaf(struct reading *x, int code, const struct lvl_leaf *l)
{
	struct lvl_err at;

	(void)lvl_fail_leaf(&at, code, l->leaf, l->subleaf);
	(void)lvl_refuse_(x->why, &at);
	x->rc = x->rc ? x->rc : -code;
}

static void refuse_msr(struct reading *x, int code, uint32_t index)
{
	struct lvl_err at;

	(void)lvl_fail_msr(&at, code, index);
	(void)lvl_refuse_(x->why, &at);
	x->rc = x->rc ? x->rc : -code;
}

static void take_leaf(struct reading *x, const struct lvl_leaf *l)
{
	const struct lvl_leaf_words *w = lvl_leaf_find(l->leaf, l->subleaf);

	if (!w || (w->subleaf == LVL_NO_SUBLEAF && l->subleaf &&
		   l->subleaf != LVL_NO_SUBLEAF)) {
		if (l->reg[0] | l->reg[1] | l->reg[2] | l->reg[3])
			refuse_leaf(x, LVL_E_UNKNOWN_LEAF, l);
		return;
	}
	if (x->leaf_seen[w - lvl_leaves]++)
		refuse_leaf(x, LVL_E_DUPLICATE, l);
	(void)lvl_policy_set_leaf(&x->p, l->leaf, l->subleaf, l->reg);
}

static void take_msr(struct reading *x, const struct lvl_msr *m)
{
	const struct lvl_msr_words *w = lvl_msr_find(m->index);

	if (m->flags)
		refuse_msr(x, LVL_E_FLAGS, m->index);
	if (!w) {
		if (m->value)
			refuse_msr(x, LVL_E_UNKNOWN_MSR, m->index);
		return;
	}
	if (x->msr_seen[w - lvl_msrs]++)
		refuse_msr(x, LVL_E_DUPLICATE, m->index);
	(void)lvl_policy_set_msr(&x->p, m->index, m->value);
}

/* What is not given: as it is, or nothing; state is the machine's. */
static void begin(struct reading *x, const struct lvl_dom *d, unsigned flags,
		  const struct lvl_refusals *why)
{
	unsigned w;

	memset(x, 0, sizeof(*x));
	x->why = why;
	x->p = d->p;
	if (flags & LVL_SET_DELTA)
		return;
	for (w = 0; w < LVL_NR_WORDS; w++) {
		if (lvl_words[w].place == LVL_PLACE_STATE)
			continue;
		x->p.v[w] = 0;
		x->p.k[w] = 0xffffffffu;
	}
}

static int set_bytes(struct lvl_dom *d, const void *leaves, size_t nr_leaf,
		     const void *msrs, size_t nr_msr, unsigned flags,
		     const struct lvl_refusals *why)
{
	const uint8_t *at = leaves;
	struct reading x;
	struct lvl_leaf leaf;
	struct lvl_msr msr;

	if (d->state != LVL_DOM_MADE)
		return -LVL_E_STATE;
	begin(&x, d, flags, why);
	for (; nr_leaf; nr_leaf--, at += sizeof(leaf)) {
		memcpy(&leaf, at, sizeof(leaf));
		take_leaf(&x, &leaf);
	}
	for (at = msrs; nr_msr; nr_msr--, at += sizeof(msr)) {
		memcpy(&msr, at, sizeof(msr));
		take_msr(&x, &msr);
	}
	return x.rc ? x.rc : lvl_dom_set_policy(d, &x.p, flags, why);
}

int lvl_dom_set(struct lvl_dom *d, const struct lvl_leaf *leaf, size_t nr_leaf,
		const struct lvl_msr *msr, size_t nr_msr, unsigned flags,
		const struct lvl_refusals *why)
{
	return set_bytes(d, leaf, nr_leaf, msr, nr_msr, flags, why);
}

/* -- records --------------------------------------------------------------- */

int lvl_dom_save(const struct lvl_dom *d, void *buf, size_t *len)
{
	return lvl_record_encode(&d->p, d->kind, buf, len);
}

/* A record for no kind in particular is for every kind. */
static int decode(const struct lvl_dom *d, struct lvl_policy *p,
		  const void *buf, size_t len, const struct lvl_refusals *why)
{
	struct lvl_err at;
	int kind;

	if (lvl_record_decode(p, &kind, buf, len, &at))
		return lvl_refuse_(why, &at);
	if (kind < 0 || kind == d->kind)
		return 0;
	(void)lvl_fail(&at, LVL_E_RANGE);
	return lvl_refuse_(why, &at);
}

int lvl_dom_load(struct lvl_dom *d, const void *buf, size_t len, unsigned flags,
		 const struct lvl_refusals *why)
{
	struct lvl_policy p;
	int rc = decode(d, &p, buf, len, why);

	return rc ? rc : lvl_dom_set_policy(d, &p, flags, why);
}

int lvl_dom_preflight(const struct lvl_dom *d, const void *buf, size_t len,
		      unsigned flags, const struct lvl_refusals *why)
{
	struct lvl_policy p;
	int rc = decode(d, &p, buf, len, why);

	return rc ? rc : lvl_dom_check_(d, &p, flags, why);
}

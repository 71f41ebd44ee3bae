/* SPDX-License-Identifier: MIT */
/* Policies as others write them: leaf and MSR arrays, records, streams. */
#include <cpulevel/hv.h>
#include <cpulevel/record.h>
#include <cpulevel/xen.h>

#include "hv.h"
#include "streams.h"

/* Arrays being read into a policy; bytes, for they may not be aligned. */
struct reading {
	struct lvl_policy p;
	const struct lvl_refusals *why;
	int rc;
	unsigned next; /* of lvl_leaves[], perhaps */
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

/*
 * Where a leaf is: in sorted arrays, as hypervisors write them, nearly always
 * behind the one before.
 */
static const struct lvl_leaf_words *find(struct reading *x,
					 const struct lvl_leaf *l)
{
	const struct lvl_leaf_words *w = &lvl_leaves[x->next];

	if (w->leaf != l->leaf || w->subleaf != l->subleaf)
		w = lvl_leaf_find(l->leaf, l->subleaf);
	if (!w)
		return NULL;
	x->next = (unsigned)(w - lvl_leaves + 1) % LVL_NR_LEAVES;
	return w;
}

static void take_leaf(struct reading *x, const struct lvl_leaf *l)
{
	const struct lvl_leaf_words *w = find(x, l);
	unsigned r;

	if (!w) {
		if (l->reg[0] | l->reg[1] | l->reg[2] | l->reg[3])
			refuse_leaf(x, LVL_E_UNKNOWN_LEAF, l);
		return;
	}
	if (x->leaf_seen[w - lvl_leaves]++)
		refuse_leaf(x, LVL_E_DUPLICATE, l);
	for (r = 0; r < 4; r++) {
		x->p.v[w->word[r]] = l->reg[r];
		x->p.k[w->word[r]] = 0xffffffffu;
	}
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
	x->p.v[w->word] = (uint32_t)m->value;
	x->p.v[w->high] = (uint32_t)(m->value >> 32);
	x->p.k[w->word] = x->p.k[w->high] = 0xffffffffu;
}

/*
 * What is not given: as it is.  Or, in a whole policy, zeros from CPUID and no
 * such MSR; state, which neither tells, is the machine's own.
 */
static void begin(struct reading *x, const struct lvl_dom *d, unsigned flags,
		  const struct lvl_refusals *why)
{
	unsigned w;

	memset(x->leaf_seen, 0, sizeof(x->leaf_seen));
	memset(x->msr_seen, 0, sizeof(x->msr_seen));
	x->why = why;
	x->rc = 0;
	x->next = 0;
	x->p = d->p;
	for (w = 0; w < LVL_NR_WORDS && !(flags & LVL_SET_DELTA); w++) {
		if (lvl_words[w].place == LVL_PLACE_STATE)
			continue;
		x->p.v[w] = 0;
		x->p.k[w] = lvl_words[w].place <= LVL_PLACE_EDX ? ~0u : 0;
	}
}

/*
 * State is no part of leaves and MSRs, and some of it follows from them: where
 * these bits are other than before, it is read off anew (host.h).
 */
static void follow(struct lvl_policy *p, const struct lvl_policy *before)
{
	static const uint16_t tells[] = {
		LVL_F_FXSR, LVL_F_RTM,   LVL_F_RTM_ALWAYS_ABORT, LVL_F_ITSC,
		LVL_F_RSBA, LVL_F_RRSBA, LVL_F_ARCH_CAPS,        LVL_F_LM,
	};
	struct lvl_policy whole = *p;
	unsigned i, w;

	for (i = 0; i < LVL_COUNT(tells); i++)
		if (lvl_has(p, tells[i]) != lvl_has(before, tells[i]))
			break;
	if (i == LVL_COUNT(tells))
		return;
	lvl_policy_normalise(&whole, NULL);
	for (w = 0; w < LVL_NR_WORDS; w++) {
		if (lvl_words[w].place != LVL_PLACE_STATE)
			continue;
		p->v[w] = whole.v[w];
		p->k[w] = whole.k[w];
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
	if (x.rc)
		return x.rc;
	follow(&x.p, &d->p);
	return lvl_dom_set_policy(d, &x.p, flags, why);
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

/* -- Xen's stream ---------------------------------------------------------- */

/* 0: leaves, 1: MSRs, 2: neither. */
static unsigned which(uint32_t type)
{
	return type == LVL_STREAM_CPUID ? 0 : type == LVL_STREAM_MSR ? 1 : 2;
}

static const size_t entry[2] = { sizeof(struct lvl_leaf),
				 sizeof(struct lvl_msr) };

int lvl_dom_stream(const struct lvl_dom *d, uint32_t type, void *buf,
		   size_t *len)
{
	unsigned w = which(type);
	size_t n;
	int rc;

	if (w > 1)
		return -LVL_E_UNSUPPORTED;
	n = *len / entry[w];
	rc = w ? lvl_xen_msrs_out(&d->p, buf, &n)
	       : lvl_xen_leaves_out(&d->p, buf, &n);
	*len = n * entry[w];
	return rc;
}

void lvl_stream_init(struct lvl_stream *s, unsigned major, unsigned minor)
{
	memset(s, 0, sizeof(*s));
	s->major = major;
	s->minor = minor;
}

int lvl_stream_add(struct lvl_stream *s, uint32_t type, const void *body,
		   size_t len)
{
	unsigned w = which(type);

	if (w > 1)
		return -LVL_E_UNSUPPORTED;
	if (s->body[w])
		return -LVL_E_DUPLICATE;
	if (!len || len % entry[w])
		return -LVL_E_SYNTAX;
	s->body[w] = body;
	s->len[w] = len;
	return 0;
}

static void by_rule(struct lvl_policy *p, const struct lvl_dom *d,
		    const struct lvl_stream_rule_ *r)
{
	const struct lvl_policy *max = &d->hv->max[d->kind];

	if (r->what == LVL_AT_MOST_ && lvl_get(p, r->field) > r->value)
		lvl_set(p, r->field, r->value);
	if (r->what == LVL_AS_HOST_ && lvl_known(max, r->field))
		lvl_set(p, r->field, lvl_get(max, r->field));
}

/* A Xen that sent no policy: what it gave its guests. */
static int reconstruct(struct lvl_dom *d, const struct lvl_stream *s,
		       unsigned flags, const struct lvl_refusals *why)
{
	const uint32_t version = s->major << 8 | s->minor;
	struct lvl_policy p = d->hv->dflt[d->kind];
	struct lvl_domain arriving = d->config;
	enum lvl_verdict verdict;
	unsigned i, used = 0;
	int rc;

	for (i = 0; i < lvl_nr_stream_rules_; i++) {
		const struct lvl_stream_rule_ *r = &lvl_stream_rules_[i];

		if (version < r->first || version > r->last ||
		    !(r->guests >> d->kind & 1))
			continue;
		if (r->what == LVL_SENT_)
			return -LVL_E_TRUNCATED;
		by_rule(&p, d, r);
		used++;
	}
	if (!used)
		return -LVL_E_VERSION;
	arriving.arriving = 1;
	rc = lvl_derive_domain(&p, &verdict, &p, &d->hv->host,
			       (enum lvl_guest)d->kind, d->hv->platform,
			       &arriving, NULL, lvl_refuse_finding_, &why);
	if (rc || verdict == LVL_NO)
		return rc ? rc : -LVL_E_INVALID;
	return lvl_dom_set_policy(d, &p, flags, why);
}

int lvl_dom_arrive(struct lvl_dom *d, const struct lvl_stream *s,
		   unsigned flags, const struct lvl_refusals *why)
{
	if (d->state != LVL_DOM_MADE)
		return -LVL_E_STATE;
	if (!s->body[0] && !s->body[1])
		return reconstruct(d, s, flags, why);
	if (!s->body[0] || !s->body[1])
		return -LVL_E_TRUNCATED;
	return set_bytes(d, s->body[0], s->len[0] / entry[0], s->body[1],
			 s->len[1] / entry[1], flags & ~LVL_SET_DELTA, why);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a host to its guests: each derivation is a list of named rules, then
 * the interior, the derived fields, and the maxima of leaves.
 */
#include "derive.h"

#include <cpulevel/level.h>

#include "clause.h"
#include "finalise.h"

const struct lvl_platform *lvl_platform_find(const char *name, size_t len)
{
	unsigned i;
	size_t n;

	for (i = 0; i < lvl_nr_platforms; i++) {
		for (n = 0; lvl_platforms[i].name[n]; n++)
			;
		if (n == len && !memcmp(lvl_platforms[i].name, name, n))
			return &lvl_platforms[i];
	}
	return NULL;
}

/* -- what the rules are made of ------------------------------------------- */

const struct lvl_virtualised_ *lvl_row_(const struct lvl_context *c,
					const struct lvl_virtualised_ *v)
{
	const struct lvl_virtualised_ *end =
		lvl_virtualised_ + lvl_nr_virtualised_;

	for (; v < end; v++)
		if (v->platforms >> c->platform->index & 1 &&
		    v->guests >> c->kind & 1 &&
		    (!v->vendors || !c->vendor || v->vendors & c->vendor))
			return v;
	return NULL;
}

/* The first row of that field or of one behind it: they are in order. */
static const struct lvl_virtualised_ *rows_of(unsigned field)
{
	unsigned low = 0, high = lvl_nr_virtualised_;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (lvl_virtualised_[mid].field < field)
			low = mid + 1;
		else
			high = mid;
	}
	return lvl_virtualised_ + low;
}

int lvl_may_(const struct lvl_context *c, unsigned field)
{
	const struct lvl_virtualised_ *v;

	if (!(lvl_fields[field].guests_max >> c->kind & 1))
		return 0;
	for (v = lvl_row_(c, rows_of(field)); v && v->field == field;
	     v = lvl_row_(c, v + 1))
		if (v->effect == LVL_NEVER_ || v->effect == LVL_UNCLEAR_ ||
		    v->effect == LVL_AS_HOST_)
			return 0;
	return 1;
}

void lvl_raise_(struct lvl_context *c, unsigned field)
{
	if (lvl_may_(c, field) && lvl_fields[field].vendors & c->vendor)
		lvl_set(c->p, field, 1);
}

void lvl_take_(struct lvl_policy *p, unsigned field)
{
	lvl_set(p, field, 0);
}

void lvl_keep_(struct lvl_policy *p, const uint32_t words[LVL_NR_WORDS])
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t stays = words[w] | lvl_masks[LVL_MASK_DERIVED][w];

		p->v[w] &= stays;
		p->k[w] |= ~stays;
	}
}

void lvl_copy_(struct lvl_policy *to, const struct lvl_policy *from,
	       unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned i;

	if (f->flags & LVL_FIELD_WIDE) {
		lvl_forget(to, field);
		if (lvl_known(from, field))
			lvl_set(to, field, lvl_get(from, field));
		return;
	}
	for (i = 0; i < f->instances; i++) {
		unsigned w = f->word + 4u * i;

		to->v[w] = (to->v[w] & ~f->mask) | (from->v[w] & f->mask);
		to->k[w] = (to->k[w] & ~f->mask) | (from->k[w] & f->mask);
	}
}

/*
 * What the host says where it can; without its carrier it says nothing.  What
 * no new guest is told, though nothing carries it, no guest must know; nor
 * what other vendors' manuals say.
 */
static void state(struct lvl_context *c, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if ((!f->carrier && !(f->guests_default >> c->kind & 1)) ||
	    (c->vendor && !(f->vendors & c->vendor))) {
		lvl_set(c->p, field, 0);
		return;
	}
	switch (lvl_there_(c->raw, f->carrier)) {
	case LVL_TRUE:
		lvl_copy_(c->p, c->raw, field);
		break;
	case LVL_MAYBE:
		lvl_forget(c->p, field);
		break;
	case LVL_FALSE:
		lvl_set(c->p, field, 0);
		break;
	}
}

/*
 * The hazard of older Intel models holds whether or not the host has the MSR
 * that tells it, and the guest has it.
 */
void lvl_state_(struct lvl_context *c)
{
	unsigned i;

	for (i = 0; i < lvl_nr_statements; i++)
		if (lvl_may_(c, lvl_statements[i]))
			state(c, lvl_statements[i]);
	if (c->vendor == LVL_VENDOR_INTEL && lvl_rsba_by_model_(c->raw))
		lvl_raise_(c, LVL_F_RET_ALTERNATE);
}

void lvl_guest_phys_(struct lvl_context *c)
{
	if (!(lvl_fields[LVL_F_GUEST_MAXPHYSADDR].guests_max >> c->kind & 1) ||
	    lvl_get(c->p, LVL_F_GUEST_MAXPHYSADDR) >
		    lvl_get(c->p, LVL_F_MAXPHYSADDR)) {
		lvl_forget(c->p, LVL_F_GUEST_MAXPHYSADDR);
		if (lvl_known(c->p, LVL_F_MAXPHYSADDR))
			lvl_set(c->p, LVL_F_GUEST_MAXPHYSADDR,
				lvl_get(c->p, LVL_F_MAXPHYSADDR));
	}
}

/* -- maxima of leaves ----------------------------------------------------- */

/* Where the leaves of the vendor end (data/words.tsv). */
static uint64_t last_leaf(unsigned field, unsigned vendor)
{
	if (field == LVL_F_MAX_BASIC_LEAF)
		return 0x29;
	if (field == LVL_F_MAX_SUBLEAF_7)
		return 2;
	return vendor & LVL_AMD_LIKE_ ? 0x80000026 : 0x80000008;
}

uint64_t lvl_ceiling_(const struct lvl_context *c, unsigned field)
{
	uint64_t most = last_leaf(field, c->vendor);
	const struct lvl_virtualised_ *v;

	for (v = lvl_row_(c, rows_of(field)); v && v->field == field;
	     v = lvl_row_(c, v + 1))
		if ((v->effect == LVL_AT_MOST_ || v->effect == LVL_AS_HOST_) &&
		    v->value < most)
			most = v->value;
	return most;
}

static int is_hosts(const struct lvl_context *c, unsigned field)
{
	const struct lvl_virtualised_ *v;

	for (v = lvl_row_(c, rows_of(field)); v && v->field == field;
	     v = lvl_row_(c, v + 1))
		if (v->effect == LVL_AS_HOST_)
			return 1;
	return 0;
}

static const uint16_t leaf_maxima[] = {
	LVL_F_MAX_BASIC_LEAF,
	LVL_F_MAX_SUBLEAF_7,
	LVL_F_MAX_EXTENDED_LEAF,
};

static void tell(const struct lvl_rule_info *rule, unsigned field,
		 const struct lvl_policy *was, const struct lvl_policy *is,
		 const struct lvl_trail *trail)
{
	const struct lvl_change change = {
		.rule = rule,
		.field = field,
		.before = lvl_get(was, field),
		.after = lvl_get(is, field),
		.known = (unsigned)lvl_known(was, field) |
			 (unsigned)lvl_known(is, field) << 1,
		.cause = LVL_NO_FIELD,
		.edge = LVL_NO_FIELD,
	};

	if (trail && trail->each && change.before != change.after)
		trail->each(trail->arg, &change);
}

static int says_something(const struct lvl_policy *p,
			  const struct lvl_leaf_words *l)
{
	static const enum lvl_mask masks[] = { LVL_MASK_AND, LVL_MASK_OR,
					       LVL_MASK_NUMBER,
					       LVL_MASK_EQUAL };
	uint32_t any = 0;
	unsigned r, m;

	for (r = 0; r < 4; r++)
		for (m = 0; m < LVL_COUNT(masks); m++)
			any |= p->v[l->word[r]] &
			       lvl_masks[masks[m]][l->word[r]];
	return any != 0;
}

static uint32_t range_of(unsigned field)
{
	return field == LVL_F_MAX_EXTENDED_LEAF ? 0x80000000 : 0;
}

/* The highest leaf that a feature of the policy announces. */
static uint32_t announced(const struct lvl_policy *p, unsigned field)
{
	return field == LVL_F_MAX_SUBLEAF_7
		       ? 0
		       : lvl_needed_leaf_(p, range_of(field));
}

/* The highest leaf of a range, or sub-leaf of leaf 7, with capabilities. */
static uint64_t content(const struct lvl_policy *p, unsigned field)
{
	uint32_t base = range_of(field);
	uint32_t top = announced(p, field);
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		uint32_t at =
			field == LVL_F_MAX_SUBLEAF_7 ? l->subleaf : l->leaf;

		if (field == LVL_F_MAX_SUBLEAF_7 ? l->leaf != 7
						 : l->leaf >> 16 != base >> 16)
			continue;
		if (at > top && says_something(p, l))
			top = at;
	}
	return top;
}

static void close(struct lvl_policy *p, const struct lvl_trail *trail)
{
	lvl_interior(p, trail);
	lvl_finalise(p);
}

/*
 * No less than what was set needs.  Where the maximum is the host's, what was
 * set beyond is lost, but not a leaf that a feature announces.
 */
static uint64_t floor_of(const struct lvl_context *c, unsigned field,
			 int as_host)
{
	uint64_t least = content(as_host ? c->raw : c->p, field);
	uint64_t needed = announced(c->p, field);

	return needed > least ? needed : least;
}

/*
 * The platform's for a maximum, the host's for a default.  There is no
 * sub-leaf of a leaf that is not there.
 */
static void maximum(struct lvl_context *c, unsigned field, int is_default)
{
	int as_host = is_hosts(c, field);
	uint64_t least = floor_of(c, field, as_host);
	uint64_t most = lvl_ceiling_(c, field);

	is_default |= as_host;
	if (field == LVL_F_MAX_SUBLEAF_7 &&
	    lvl_known(c->p, LVL_F_MAX_BASIC_LEAF) &&
	    lvl_get(c->p, LVL_F_MAX_BASIC_LEAF) < 7)
		most = 0;
	if (is_default && lvl_get(c->raw, field) < most)
		most = lvl_get(c->raw, field);
	if (is_default && !lvl_known(c->raw, field))
		lvl_forget(c->p, field);
	else
		lvl_set(c->p, field, most > least ? most : least);
}

/*
 * All capabilities stay within reach; what lies beyond no guest sees, which
 * may settle what was not known.
 */
static void maxima(struct lvl_context *c, const struct lvl_policy *was,
		   const struct lvl_rule_info *rule,
		   const struct lvl_trail *trail)
{
	struct lvl_policy told;
	unsigned i;

	for (i = 0; i < LVL_COUNT(leaf_maxima); i++)
		maximum(c, leaf_maxima[i], rule == &lvl_d_maxima_);
	told = *c->p;
	lvl_policy_clear_out_of_range(c->p);
	close(c->p, trail);
	for (i = 0; i < LVL_COUNT(leaf_maxima); i++) {
		lvl_copy_(c->p, &told, leaf_maxima[i]);
		tell(rule, leaf_maxima[i], was, c->p, trail);
	}
}

/* -- the derivations ------------------------------------------------------ */

static int context(struct lvl_context *c, struct lvl_policy *p,
		   const struct lvl_policy *host, enum lvl_guest kind,
		   const struct lvl_platform *platform)
{
	const struct lvl_context is = {
		.p = p,
		.raw = host,
		.vendor = lvl_policy_vendor(host),
		.kind = kind,
		.platform = platform,
	};

	*c = is;
	return platform->guests >> kind & 1 ? 0 : -LVL_E_UNSUPPORTED;
}

static void apply(struct lvl_context *c, const struct lvl_rules_ *rules,
		  const struct lvl_trail *trail)
{
	lvl_apply_rules_(rules->rule, rules->count, c, trail);
}

static void to_max(struct lvl_context *c, const struct lvl_trail *trail)
{
	const struct lvl_policy host = *c->raw;

	*c->p = host;
	apply(c, &lvl_max_rules_, trail);
	if (c->kind != LVL_PV)
		apply(c, &lvl_hvm_rules_, trail);
	apply(c, &lvl_kind_rules_[c->kind], trail);
	close(c->p, trail);
	maxima(c, &host, &lvl_m_ceiling_, trail);
}

int lvl_derive_max(struct lvl_policy *out, const struct lvl_policy *host,
		   enum lvl_guest kind, const struct lvl_platform *platform,
		   const struct lvl_trail *trail)
{
	struct lvl_context c;
	struct lvl_policy max;
	int rc = context(&c, &max, host, kind, platform);

	if (rc)
		return rc;
	to_max(&c, trail);
	*out = max;
	return 0;
}

/* c->p is the maximum, and becomes the default. */
static void to_default(struct lvl_context *c, const struct lvl_trail *trail)
{
	const struct lvl_policy max = *c->p;

	apply(c, &lvl_default_rules_, trail);
	close(c->p, trail);
	maxima(c, &max, &lvl_d_maxima_, trail);
}

void lvl_default_apply(struct lvl_policy *p, enum lvl_guest kind,
		       const struct lvl_platform *platform,
		       const struct lvl_trail *trail)
{
	const struct lvl_policy max = *p;
	struct lvl_context c;

	(void)context(&c, p, &max, kind, platform);
	to_default(&c, trail);
}

int lvl_derive_default(struct lvl_policy *out, const struct lvl_policy *host,
		       enum lvl_guest kind, const struct lvl_platform *platform,
		       const struct lvl_trail *trail)
{
	struct lvl_context c;
	struct lvl_policy p;
	int rc = context(&c, &p, host, kind, platform);

	if (rc)
		return rc;
	to_max(&c, NULL);
	to_default(&c, trail);
	*out = p;
	return 0;
}

int lvl_derive_arrival(struct lvl_policy *out, const struct lvl_policy *host,
		       enum lvl_guest kind, const struct lvl_platform *platform)
{
	struct lvl_context c;
	struct lvl_policy p;
	int rc = context(&c, &p, host, kind, platform);

	if (rc)
		return rc;
	to_max(&c, NULL);
	lvl_state_(&c);
	close(&p, NULL);
	maxima(&c, &p, &lvl_m_ceiling_, NULL);
	*out = p;
	return 0;
}

/* A guest that exists keeps the maxima that it saw. */
static void keep_maxima(struct lvl_policy *p, const struct lvl_policy *base)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(leaf_maxima); i++)
		lvl_copy_(p, base, leaf_maxima[i]);
}

void lvl_domain_apply(struct lvl_policy *p, const struct lvl_policy *max,
		      enum lvl_guest kind, const struct lvl_domain *domain,
		      const struct lvl_trail *trail)
{
	const struct lvl_policy base = *p;
	struct lvl_context c = {
		.p = p,
		.raw = max,
		.vendor = lvl_policy_vendor(p),
		.kind = kind,
		.domain = domain,
		.max = max,
	};

	apply(&c, &lvl_domain_rules_, trail);
	close(p, trail);
	if (domain->arriving)
		keep_maxima(p, &base);
}

int lvl_derive_domain(struct lvl_policy *out, enum lvl_verdict *verdict,
		      const struct lvl_policy *base,
		      const struct lvl_policy *host, enum lvl_guest kind,
		      const struct lvl_platform *platform,
		      const struct lvl_domain *domain,
		      const struct lvl_trail *trail, lvl_finding_fn *each,
		      void *arg)
{
	struct lvl_policy p = *base, other;
	int rc = lvl_derive_max(&other, host, kind, platform, NULL);

	if (rc)
		return rc;
	lvl_domain_apply(&p, &other, kind, domain, trail);
	(void)lvl_derive_arrival(&other, host, kind, platform);
	*verdict = lvl_fits(&p, &other, each, arg);
	if (*verdict != LVL_NO)
		*out = p;
	return 0;
}

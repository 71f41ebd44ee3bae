/* SPDX-License-Identifier: MIT */
#include "models.h"

#include <cpulevel/host.h>

static void apply(const struct lvl_model *m, uint32_t set[LVL_MODEL_SET])
{
	unsigned i;

	for (i = 0; i < m->nr_changes; i++) {
		unsigned change = lvl_model_changes[m->first_change + i];

		lvl_model_set_put(set, change & ~LVL_MODEL_OFF,
				  !(change & LVL_MODEL_OFF));
	}
}

void lvl_model_features(const struct lvl_model *m, uint32_t set[LVL_MODEL_SET])
{
	const struct lvl_model *chain[LVL_MODEL_DEPTH];
	unsigned n = 0;

	memset(set, 0, LVL_MODEL_SET * sizeof(*set));
	for (;; m = &lvl_models[m->base]) {
		chain[n++] = m;
		if (m == &lvl_models[m->base] || n == LVL_MODEL_DEPTH)
			break;
	}
	while (n)
		apply(chain[--n], set);
}

/* -- as a policy ---------------------------------------------------------- */

/* Features, and RTM, which is told by a number. */
static int is_listed(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || f->width != 1)
		return 0;
	return (lvl_masks[LVL_MASK_FEATURE][f->word] & f->mask) ||
	       field == LVL_F_RTM || field == LVL_F_RTM_ALWAYS_ABORT;
}

static void set_identity(const struct lvl_model *m, struct lvl_policy *p)
{
	const struct lvl_model_signature *s =
		&lvl_model_signatures[m->first_signature];
	unsigned base;

	lvl_policy_set_vendor(p, m->vendor);
	if (m->nr_signatures != 1)
		return;
	base = s->family < 15 ? s->family : 15;
	lvl_set(p, LVL_F_BASE_FAMILY, base);
	lvl_set(p, LVL_F_EXT_FAMILY, s->family - base);
	lvl_set(p, LVL_F_BASE_MODEL, s->model & 15);
	lvl_set(p, LVL_F_EXT_MODEL, s->model >> 4);
	if (s->from == s->to)
		lvl_set(p, LVL_F_STEPPING, s->from);
}

void lvl_model_policy(const struct lvl_model *m, struct lvl_policy *p)
{
	uint32_t has[LVL_MODEL_SET];
	unsigned i;

	memset(p, 0, sizeof(*p));
	lvl_model_features(m, has);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (is_listed(i))
			lvl_set(p, i, (uint64_t)lvl_model_set_has(has, i));
		else if (lvl_model_set_has(has, i) &&
			 lvl_fields[i].rule == LVL_OR)
			lvl_set(p, i, 1);
	}
	set_identity(m, p);
	lvl_policy_normalise(p, NULL);
}

const struct lvl_model *lvl_model_find(const char *source, const char *name)
{
	unsigned lo = 0, hi = lvl_nr_model_names, src;

	for (src = 0; src < lvl_nr_model_sources; src++)
		if (!strcmp(lvl_model_sources[src].name, source))
			break;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct lvl_model_name *n = &lvl_model_names[mid];
		int order = n->source != src ? (n->source > src ? 1 : -1)
					     : strcmp(n->name, name);

		if (!order)
			return &lvl_models[n->model];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* -- as bits of a policy -------------------------------------------------- */

/* The features that came to a model later: those with this prefix. */
static const uint32_t *added(struct lvl_models_met *met, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;
	unsigned i;

	if (prefix == met->prefix)
		return met->added;
	met->prefix = prefix;
	memset(met->added, 0, sizeof(met->added));
	for (i = 0; n && i < LVL_NR_FIELDS; i++)
		if (!strncmp(lvl_field_name(i), prefix, n))
			lvl_model_set_put(met->added, i, 1);
	return met->added;
}

/* Dynamic bits are left out: they are of the moment, not of the CPU. */
static void find_bits(struct lvl_model_bits *of, const uint32_t *later)
{
	const struct lvl_model *m = of->model;
	uint32_t has[LVL_MODEL_SET];
	unsigned i;

	lvl_model_features(m, has);
	for (i = 0; i < m->nr_removed; i++)
		lvl_model_set_put(has, lvl_model_changes[m->first_removed + i],
				  0);
	for (i = 0; i < LVL_MODEL_SET && !of->later; i++)
		has[i] &= ~later[i];
	memset(of->word, 0, sizeof(of->word));
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (lvl_model_set_has(has, i) && f->word != LVL_NO_WORD &&
		    f->rule != LVL_DYNAMIC)
			of->word[f->word] |= f->mask;
	}
}

const uint32_t *lvl_model_bits(struct lvl_models_met *met,
			       const struct lvl_model *m, const uint16_t *named,
			       unsigned n)
{
	const uint32_t *later = added(met, m->added);
	struct lvl_model_bits *of;
	unsigned i;
	int any = 0;

	for (i = 0; i < n; i++)
		any |= lvl_model_set_has(later, named[i]);
	i = 2 * (unsigned)(m - lvl_models) + (unsigned)any;
	of = &met->of[i % LVL_MODELS_MET];
	if (of->model != m || of->later != any) {
		of->model = m;
		of->later = any;
		find_bits(of, later);
	}
	return of->word;
}

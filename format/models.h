/* SPDX-License-Identifier: MIT */
/*
 * CPU models that other tools know by name: what the name means.
 *
 * The table is generated from data/models.tsv by tools/gen-models.py.
 */
#ifndef LVL_FORMAT_MODELS_H
#define LVL_FORMAT_MODELS_H

#include <cpulevel/registry.h>

/* In lvl_model_changes[]: a field that the base has and this one has not. */
#define LVL_MODEL_OFF 0x8000u

/* No model is derived from another in more steps. */
#define LVL_MODEL_DEPTH 64

/* Steppings from .. to of one family and model. */
struct lvl_model_signature {
	uint16_t family;
	uint8_t model, from, to;
};

/*
 * A model is its base with some features changed.  Two sorts of its features
 * has the name not always meant: `removed` were in it once, and newer
 * versions of the tool write them out; those whose name begins with `added`
 * were unknown to older versions.  Only a file that names such a feature
 * itself says anything about it.
 */
struct lvl_model {
	const char *name;
	const char *brand;                  /* model-id; NULL: none */
	const char *added;                  /* NULL: none */
	uint32_t level, xlevel;             /* maximum leaves; 0: not said */
	uint16_t first_change, nr_changes;  /* in lvl_model_changes[] */
	uint16_t first_removed, nr_removed; /* in lvl_model_changes[] */
	uint16_t first_signature, nr_signatures;
	uint16_t base;  /* in lvl_models[]; itself: none */
	uint8_t source; /* in lvl_model_sources[] */
	uint8_t vendor; /* LVL_VENDOR_...; LVL_VENDOR_UNKNOWN: any */
};

/* Names and aliases, sorted by source and name. */
struct lvl_model_name {
	const char *name;
	uint16_t source;
	uint16_t model;
};

struct lvl_model_source {
	const char *name;    /* "libvirt", "qemu", "psabi" */
	const char *version; /* of which the models are */
};

extern const uint16_t lvl_model_changes[];
extern const struct lvl_model_signature lvl_model_signatures[];
extern const struct lvl_model lvl_models[];
extern const unsigned lvl_nr_models;
extern const struct lvl_model_name lvl_model_names[];
extern const unsigned lvl_nr_model_names;
extern const struct lvl_model_source lvl_model_sources[];
extern const unsigned lvl_nr_model_sources;

/* One bit a field. */
#define LVL_MODEL_SET ((LVL_NR_FIELDS + 31) / 32)

static inline int lvl_model_set_has(const uint32_t set[LVL_MODEL_SET],
				    unsigned field)
{
	return set[field / 32] >> field % 32 & 1;
}

static inline void lvl_model_apply(const struct lvl_model *m,
				   uint32_t set[LVL_MODEL_SET])
{
	unsigned i;

	for (i = 0; i < m->nr_changes; i++) {
		unsigned change = lvl_model_changes[m->first_change + i];
		unsigned field = change & ~LVL_MODEL_OFF;
		uint32_t bit = (uint32_t)1 << field % 32;

		if (change & LVL_MODEL_OFF)
			set[field / 32] &= ~bit;
		else
			set[field / 32] |= bit;
	}
}

/* All features of a model, whatever their age. */
static inline void lvl_model_features(const struct lvl_model *m,
				      uint32_t set[LVL_MODEL_SET])
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
		lvl_model_apply(chain[--n], set);
}

/*
 * The model of that name or alias ("Haswell" is "Haswell-v1" to QEMU), exact
 * in every letter as the tools have it; NULL if there is none.
 */
static inline const struct lvl_model *lvl_model_find(const char *source,
						     const char *name)
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

#endif

/* SPDX-License-Identifier: MIT */
/*
 * CPU models that other tools know by name: what the name means.
 *
 * The table is generated from data/models.tsv by tools/gen-models.py.
 */
#ifndef LVL_FORMAT_MODELS_H
#define LVL_FORMAT_MODELS_H

#include <cpulevel/policy.h>
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

static inline void lvl_model_set_put(uint32_t set[LVL_MODEL_SET],
				     unsigned field, int on)
{
	uint32_t bit = (uint32_t)1 << field % 32;

	set[field / 32] = on ? set[field / 32] | bit : set[field / 32] & ~bit;
}

/* All features of a model, whatever their age. */
void lvl_model_features(const struct lvl_model *m, uint32_t set[LVL_MODEL_SET]);

/*
 * What a guest of this model has at most: each feature is known, the model's
 * to be there and every other to be not.  Statements and identity as far as
 * the model says them; the rest is unknown.
 */
void lvl_model_policy(const struct lvl_model *m, struct lvl_policy *p);

/*
 * The model of that name or alias ("Haswell" is "Haswell-v1" to QEMU), exact
 * in every letter as the tools have it; NULL if there is none.
 */
const struct lvl_model *lvl_model_find(const char *source, const char *name);

/*
 * Models that were met in a file: which bits of a policy their name says are
 * set.  Begins as zeroes.
 */
#define LVL_MODELS_MET 64u
struct lvl_models_met {
	struct lvl_model_bits {
		const struct lvl_model *model;
		int later; /* with the features that came to it later */
		uint32_t word[LVL_NR_WORDS];
	} of[LVL_MODELS_MET];
	const char *prefix; /* of the features in added[] */
	uint32_t added[LVL_MODEL_SET];
};

/*
 * The bits of each word that the model says are set when the file itself
 * names these n fields.  Valid until the next call.
 */
const uint32_t *lvl_model_bits(struct lvl_models_met *met,
			       const struct lvl_model *m, const uint16_t *named,
			       unsigned n);

#endif

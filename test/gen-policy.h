/* SPDX-License-Identifier: MIT */
/*
 * Policies for property tests: random ones, real ones, and real ones with
 * a few changes.  All are well-formed; the same seed gives the same policy.
 */
#ifndef LVL_TEST_GEN_POLICY_H
#define LVL_TEST_GEN_POLICY_H

#include <cpulevel/policy.h>

/* A source of numbers; any seed is fine. */
struct gen {
	uint64_t state;
};
void gen_seed(struct gen *g, uint64_t seed);
uint64_t gen_next(struct gen *g);
/* 0 .. n - 1 */
unsigned gen_below(struct gen *g, unsigned n);
int gen_percent(struct gen *g, unsigned percent);

/* What random policies look like; all in percent. */
struct gen_shape {
	unsigned features; /* present before the interior is taken */
	unsigned hazards;  /* told */
	unsigned differ;   /* equal fields that have an unusual value */
	unsigned unknown;  /* fields forgotten after the interior is taken */
	unsigned foreign;  /* policies of another vendor */
};
/* Known everywhere; values that often agree and sometimes conflict. */
extern const struct gen_shape gen_total;
/* The same with a few fields unknown. */
extern const struct gen_shape gen_partial;

void gen_policy(struct gen *g, const struct gen_shape *shape,
		struct lvl_policy *p);

/* A real policy with `changes` ordered fields changed, well-formed again. */
void gen_mutate(struct gen *g, const struct lvl_policy *base, unsigned changes,
		struct lvl_policy *p);

/* Forget so many percent of the ordered fields. */
void gen_forget(struct gen *g, unsigned percent, struct lvl_policy *p);

/* A hypervisor's maximum, telling all hazards, and its default. */
void gen_max_and_default(struct gen *g, struct lvl_policy *max,
			 struct lvl_policy *dflt);

/* Take so many features away (a field that is none counts too). */
void gen_drop(struct gen *g, unsigned times, struct lvl_policy *p);

/* Give every unknown bit a value; what nothing carries then is n/a. */
void gen_complete(struct gen *g, struct lvl_policy *p);

/* The interior by the reference, derived fields by the library. */
void gen_close(struct lvl_policy *p);

/*
 * The name of the first field, ordered or not, in which they differ; NULL if
 * they have the same bytes.
 */
const char *gen_differ(const struct lvl_policy *a, const struct lvl_policy *b);

/* One if every pin of every policy is known. */
int gen_identity_known(const struct lvl_policy *const p[], unsigned n);

/* -- real machines -------------------------------------------------------- */

struct gen_host {
	char *file;             /* relative to the corpus */
	struct lvl_policy host; /* well-formed */
	struct lvl_policy raw;
	int has_raw;
	int guest; /* captured inside a virtual machine */
};

struct gen_corpus {
	struct gen_host *host;
	unsigned n;
};

/*
 * Import every file of MANIFEST.tsv.  NULL, or why not: the corpus is not
 * there (*absent is then 1), or a file cannot be read.  Static storage.
 */
const char *gen_corpus_load(struct gen_corpus *c, int *absent);
void gen_corpus_free(struct gen_corpus *c);

/* CPULEVEL_CORPUS, or ../shared/corpus beside the project. */
const char *gen_corpus_dir(void);
/* CPULEVEL_ROOT, or the current directory: where data/ is. */
const char *gen_root_dir(void);

/* An unsigned number from the environment, or the default. */
uint64_t gen_env(const char *name, uint64_t otherwise);

#endif /* LVL_TEST_GEN_POLICY_H */

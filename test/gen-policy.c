/* SPDX-License-Identifier: MIT */
#include "gen-policy.h"

#include <cpulevel/import.h>
#include <cpulevel/level.h>

#include <errno.h>
#include <stdlib.h>

#include "ref.h"

const struct gen_shape gen_total = { 96, 20, 2, 0, 0 };
const struct gen_shape gen_partial = { 96, 20, 2, 4, 2 };

/* -- numbers -------------------------------------------------------------- */

void gen_seed(struct gen *g, uint64_t seed)
{
	g->state = seed;
}

/* Every seed gives a full-period sequence: a Weyl step and two mixes. */
uint64_t gen_next(struct gen *g)
{
	uint64_t x = g->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

unsigned gen_below(struct gen *g, unsigned n)
{
	return (unsigned)(gen_next(g) >> 33) % n;
}

int gen_percent(struct gen *g, unsigned percent)
{
	return gen_below(g, 100) < percent;
}

/* -- values --------------------------------------------------------------- */

/* Few different ones, so that members agree, and often are in conflict. */
static uint64_t a_number(struct gen *g, unsigned field)
{
	uint64_t v;

	if (field == LVL_F_MAXPHYSADDR)
		return 36 + gen_below(g, 17);
	if (field == LVL_F_TSX)
		return gen_below(g, 3);
	v = gen_percent(g, 60) ? 8 : gen_below(g, 16);
	return v < ref_full(field) ? v : ref_full(field);
}

static uint64_t an_equal(struct gen *g, unsigned differ, unsigned field)
{
	uint64_t unusual = (uint64_t)gen_percent(g, differ);

	if (lvl_fields[field].width > 7)
		return unusual ? 128 : 64;
	return unusual;
}

/* The sets {0}, {0, 1} and rarely {1}; or an interval. */
static void a_pair(struct gen *g, unsigned differ, unsigned lower,
		   struct lvl_policy *p)
{
	unsigned upper = lvl_fields[lower].pair;
	uint64_t low = 0, high = 1;

	if (lvl_fields[lower].width > 1) {
		low = 3000000 + 400 * (uint64_t)gen_below(g, 4);
		high = low + 1000;
	} else if (gen_percent(g, 10)) {
		high = 0;
	} else {
		low = (uint64_t)gen_percent(g, differ);
	}
	lvl_set(p, lower, low);
	lvl_set(p, upper, high);
}

static uint64_t some_bits(struct gen *g, unsigned percent, uint64_t full)
{
	uint64_t v = 0, bit;

	for (bit = 1; bit && bit <= full; bit <<= 1)
		if ((full & bit) && gen_percent(g, percent))
			v |= bit;
	return v;
}

static void a_value(struct gen *g, const struct gen_shape *s, unsigned field,
		    struct lvl_policy *p)
{
	switch ((enum lvl_rule)lvl_fields[field].rule) {
	case LVL_AND:
		lvl_set(p, field, some_bits(g, s->features, ref_full(field)));
		break;
	case LVL_OR:
		lvl_set(p, field, some_bits(g, s->hazards, ref_full(field)));
		break;
	case LVL_EQUAL:
		lvl_set(p, field, an_equal(g, s->differ, field));
		break;
	case LVL_PAIR:
		if (ref_is_pair(field))
			a_pair(g, s->differ, field, p);
		break;
	default:
		lvl_set(p, field, a_number(g, field));
	}
}

/* Leaf 0 of two vendors, in the order of lvl_vendor_lookup(). */
static void a_vendor(struct lvl_policy *p, int foreign)
{
	static const uint32_t intel[3] = { 0x756e6547, 0x6c65746e, 0x49656e69 };
	static const uint32_t amd[3] = { 0x68747541, 0x444d4163, 0x69746e65 };
	const uint32_t *id = foreign ? amd : intel;

	lvl_set(p, LVL_F_VENDOR_0, id[0]);
	lvl_set(p, LVL_F_VENDOR_2, id[1]);
	lvl_set(p, LVL_F_VENDOR_1, id[2]);
}

/* What nothing carries is written as n/a; the interior if it is wanted. */
static void rewrite(struct lvl_policy *p, int interior)
{
	struct ref_policy *r = malloc(sizeof(*r));

	if (!r)
		abort();
	ref_read(r, p);
	if (interior)
		ref_interior(r, 0);
	ref_write(r, p);
	free(r);
}

void gen_close(struct lvl_policy *p)
{
	rewrite(p, 1);
	lvl_finalise(p);
}

void gen_policy(struct gen *g, const struct gen_shape *s, struct lvl_policy *p)
{
	unsigned i;

	lvl_policy_zero(p);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i))
			a_value(g, s, i, p);
	for (i = 0; i < LVL_NR_PINS; i++)
		lvl_set(p, lvl_pins[i], (uint64_t)gen_percent(g, 20));
	lvl_set(p, LVL_F_BASE_FAMILY, 6);
	a_vendor(p, gen_percent(g, s->foreign));
	gen_close(p);
	if (s->unknown) {
		gen_forget(g, s->unknown, p);
		gen_close(p);
	}
}

void gen_mutate(struct gen *g, const struct lvl_policy *base, unsigned changes,
		struct lvl_policy *p)
{
	const struct gen_shape any = { 50, 50, 50, 0, 0 };

	*p = *base;
	while (changes) {
		unsigned f = gen_below(g, LVL_NR_FIELDS);

		if (!ref_ordered(f) ||
		    (lvl_fields[f].rule == LVL_EQUAL && !lvl_fields[f].owner))
			continue;
		a_value(g, &any, f, p);
		changes--;
	}
	gen_close(p);
}

void gen_forget(struct gen *g, unsigned percent, struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i) && gen_percent(g, percent))
			lvl_forget(p, i);
	rewrite(p, 0);
}

void gen_complete(struct gen *g, struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < LVL_NR_WORDS; i++) {
		p->v[i] |= (uint32_t)gen_next(g) & ~p->k[i];
		p->k[i] = 0xffffffffu;
	}
	rewrite(p, 0);
}

void gen_drop(struct gen *g, unsigned times, struct lvl_policy *p)
{
	unsigned f;

	while (times--) {
		f = gen_below(g, LVL_NR_FIELDS);
		if (ref_ordered(f) && lvl_fields[f].rule == LVL_AND)
			lvl_set(p, f, 0);
	}
}

/* A default below max: some features off, the hazards as they are. */
static void make_default(struct gen *g, const struct lvl_policy *max,
			 struct lvl_policy *dflt)
{
	unsigned i;

	*dflt = *max;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i) && lvl_fields[i].rule == LVL_AND &&
		    gen_percent(g, 2))
			lvl_set(dflt, i, 0);
	gen_close(dflt);
}

/* max tells every hazard that it can; what the host states is another. */
void gen_max_and_default(struct gen *g, struct lvl_policy *max,
			 struct lvl_policy *dflt)
{
	unsigned i;

	gen_policy(g, &gen_total, max);
	make_default(g, max, dflt);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i) && lvl_fields[i].rule == LVL_OR)
			lvl_set(max, i, ref_full(i));
	gen_close(max);
}

/* -- comparing ------------------------------------------------------------- */

const char *gen_differ(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i, w;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		w = lvl_fields[i].word;
		if (w != LVL_NO_WORD &&
		    (((a->v[w] ^ b->v[w]) | (a->k[w] ^ b->k[w])) &
		     lvl_fields[i].mask))
			return lvl_field_name(i);
	}
	return memcmp(a, b, sizeof(*a)) ? "a bit without a name" : NULL;
}

int gen_identity_known(const struct lvl_policy *const p[], unsigned n)
{
	unsigned i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < LVL_NR_PINS; k++)
			if (!lvl_known(p[i], lvl_pins[k]))
				return 0;
	return 1;
}

/* -- the environment ------------------------------------------------------ */

const char *gen_root_dir(void)
{
	const char *dir = getenv("CPULEVEL_ROOT");

	return dir ? dir : ".";
}

const char *gen_corpus_dir(void)
{
	static char beside[1024];
	const char *dir = getenv("CPULEVEL_CORPUS");

	if (dir)
		return dir;
	snprintf(beside, sizeof(beside), "%s/../shared/corpus", gen_root_dir());
	return beside;
}

uint64_t gen_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t v;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (*end || errno) {
		fprintf(stderr, "%s: not a number: %s\n", name, text);
		exit(3);
	}
	return v;
}

/* -- the corpus ----------------------------------------------------------- */

struct loading {
	struct gen_corpus *corpus;
	const char *file;
};

/* What this machine offers: HOST, or what its hypervisor gives a guest. */
static const struct lvl_policy *offer(const struct lvl_desc *d)
{
	if (d->policy[LVL_KIND_HOST])
		return d->policy[LVL_KIND_HOST];
	return d->policy[LVL_KIND_HVM_DEFAULT];
}

static int keep(void *arg, struct lvl_desc *d)
{
	struct loading *l = arg;
	struct gen_corpus *c = l->corpus;
	struct gen_host *grown, *h;

	if (!offer(d)) {
		lvl_desc_free(d);
		return 0;
	}
	grown = realloc(c->host, (c->n + 1) * sizeof(*grown));
	if (!grown)
		abort();
	c->host = grown;
	h = &c->host[c->n++];
	memset(h, 0, sizeof(*h));
	h->file = strdup(l->file);
	h->host = *offer(d);
	h->has_raw = d->policy[LVL_KIND_RAW] != NULL;
	if (h->has_raw)
		h->raw = *d->policy[LVL_KIND_RAW];
	h->guest = lvl_has(h->has_raw ? &h->raw : &h->host, LVL_F_HYPERVISOR);
	lvl_desc_free(d);
	return 0;
}

static const char *load_one(struct gen_corpus *c, const char *file)
{
	static char why[LVL_ERRMSG + 64];
	struct loading l = { c, file };
	struct lvl_ferr err = { 0 };
	char path[1200];
	FILE *in;
	int rc;

	rc = snprintf(path, sizeof(path), "%s/%s", gen_corpus_dir(), file);
	if (rc < 0 || (size_t)rc >= sizeof(path))
		return "MANIFEST.tsv: a path is too long";
	in = fopen(path, "rb");
	if (!in) {
		snprintf(why, sizeof(why), "%.400s: %s", path, strerror(errno));
		return why;
	}
	rc = lvl_import_file(in, file, NULL, keep, &l, NULL, &err);
	fclose(in);
	if (!rc)
		return NULL;
	snprintf(why, sizeof(why), "%s", err.text);
	return why;
}

const char *gen_corpus_load(struct gen_corpus *c, int *absent)
{
	static char why[1200];
	char line[4096];
	const char *bad = NULL;
	FILE *in;

	memset(c, 0, sizeof(*c));
	*absent = 0;
	snprintf(why, sizeof(why), "%s/MANIFEST.tsv", gen_corpus_dir());
	in = fopen(why, "r");
	if (!in) {
		*absent = 1;
		strncat(why, ": not there", sizeof(why) - strlen(why) - 1);
		return why;
	}
	if (!fgets(line, sizeof(line), in))
		bad = "MANIFEST.tsv is empty";
	while (!bad && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\t\n")] = '\0';
		bad = load_one(c, line);
	}
	fclose(in);
	return bad;
}

void gen_corpus_free(struct gen_corpus *c)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		free(c->host[i].file);
	free(c->host);
	memset(c, 0, sizeof(*c));
}

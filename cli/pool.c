/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

static int is_capability(unsigned field)
{
	return (cli_is_feature(field) && lvl_fields[field].rule == LVL_AND) ||
	       field == LVL_F_RTM;
}

/*
 * The fields that every machine is asked for, found once: adding a machine
 * must not walk the whole registry.
 */
static uint16_t capability[LVL_NR_FIELDS], leak[LVL_NR_FIELDS];
static unsigned nr_capabilities, nr_leaks;

/* The words with capabilities and statements: the bits of each sort. */
static struct kept {
	uint16_t word;
	uint32_t capabilities, statements;
	uint32_t offers; /* those that count as features */
} kept[LVL_NR_WORDS];
static unsigned nr_kept;
static uint16_t place[LVL_NR_WORDS]; /* of a word in kept[], from 1; 0: none */

static struct kept *keep(unsigned word)
{
	if (!place[word]) {
		kept[nr_kept].word = (uint16_t)word;
		place[word] = (uint16_t)++nr_kept;
	}
	return &kept[place[word] - 1];
}

static void number_fields(void)
{
	unsigned i;

	if (nr_kept)
		return;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word == LVL_NO_WORD)
			continue;
		if (f->rule == LVL_LEAK)
			leak[nr_leaks++] = (uint16_t)i;
		if (is_capability(i)) {
			capability[nr_capabilities++] = (uint16_t)i;
			keep(f->word)->capabilities |= f->mask;
		} else if (f->rule == LVL_OR) {
			keep(f->word)->statements |= f->mask;
		}
		if (cli_is_feature(i))
			keep(f->word)->offers |= f->mask;
	}
}

int pool_keeps(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	const struct kept *k;

	if (f->word == LVL_NO_WORD || !place[f->word])
		return 0;
	k = &kept[place[f->word] - 1];
	return ((k->capabilities | k->statements) & f->mask) != 0;
}

static int kind_has(const struct pool_kind *k, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return (k->has[place[f->word] - 1] & f->mask) != 0;
}

int pool_has(const struct pool_host *h, unsigned field)
{
	return kind_has(h->of, field);
}

static unsigned count(uint32_t bits)
{
	unsigned n;

	for (n = 0; bits; n++)
		bits &= bits - 1;
	return n;
}

unsigned pool_capabilities(const struct lvl_policy *p)
{
	unsigned i, n = 0;

	for (i = 0; i < nr_kept; i++)
		n += count(p->v[kept[i].word] & kept[i].capabilities);
	return n;
}

void pool_init(struct pool *p, const struct cli_select *select)
{
	memset(p, 0, sizeof(*p));
	p->select = *select;
	lvl_fold_init(&p->fold);
	number_fields();
}

static void free_kind(struct pool_kind *k)
{
	if (!k)
		return;
	free(k->cpu);
	free(k->kernel);
	free(k->microcode);
	free(k);
}

void pool_free(struct pool *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		free(p->host[i].name);
	for (i = 0; i < p->nr_kinds; i++)
		free_kind(p->kind[i]);
	free(p->host);
	free(p->kind);
	free(p->slot);
}

/* -- one machine ---------------------------------------------------------- */

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void brand_bytes(const struct lvl_policy *p, char brand[49])
{
	const struct lvl_leaf_words *l = NULL;
	unsigned i;

	for (i = 0; i < 48; i++) {
		if (!(i % 16))
			l = lvl_leaf_find(0x80000002 + i / 16, 0);
		brand[i] = (char)(p->v[l->word[i / 4 % 4]] >> i % 4 * 8);
	}
	brand[48] = '\0';
}

/* The brand string without its padding, or family and model. */
static char *cpu_of(const struct lvl_policy *p)
{
	char brand[49], text[64], *s = brand, *to = text;

	brand_bytes(p, brand);
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			continue;
		if (*s == ' ' && (to == text || to[-1] == ' '))
			continue;
		*to++ = *s;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
	if (!*text && lvl_known(p, LVL_F_BASE_FAMILY))
		snprintf(text, sizeof(text), "family 0x%x model 0x%x",
			 lvl_policy_family(p), lvl_policy_model(p));
	return strdup(text);
}

static void take_features(struct pool_kind *h, const struct lvl_policy *policy)
{
	unsigned i;

	for (i = 0; i < nr_kept; i++) {
		const struct kept *k = &kept[i];
		uint32_t v = policy->v[k->word];

		h->has[i] = v & (k->capabilities | k->statements);
		h->offers += count(v & k->offers);
	}
	h->capabilities = pool_capabilities(policy);
}

/* Rows that cannot be hidden: do the machines differ? */
static void take_leaks(struct pool *p, const struct lvl_policy *policy)
{
	unsigned i;

	for (i = 0; i < nr_leaks; i++) {
		unsigned field = leak[i];
		uint64_t v = lvl_get(policy, field);

		if (!lvl_known(policy, field))
			continue;
		if (!p->leak_state[field]) {
			p->leak[field] = v;
			p->leak_state[field] = 1;
		} else if (p->leak[field] != v) {
			p->leak_state[field] = 2;
		}
	}
}

/* -- kinds ---------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 31;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	for (; s && *s; s++)
		h = mix(h, (unsigned char)*s);
	return mix(h, 0x100);
}

static uint64_t hash_kind(const struct pool_kind *k)
{
	uint64_t h = k->kind;
	unsigned i;

	for (i = 0; i + 1 < nr_kept; i += 2)
		h = mix(h, (uint64_t)k->has[i] << 32 | k->has[i + 1]);
	h = mix_text(h, k->cpu);
	h = mix_text(h, k->kernel);
	return mix_text(h, k->microcode);
}

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static int same_kind(const struct pool_kind *a, const struct pool_kind *b)
{
	return a->kind == b->kind && a->derived == b->derived &&
	       a->offers == b->offers && a->vendor == b->vendor &&
	       !memcmp(a->has, b->has, nr_kept * sizeof(*a->has)) &&
	       same_text(a->cpu, b->cpu) && same_text(a->kernel, b->kernel) &&
	       same_text(a->microcode, b->microcode);
}

/* The slot of this kind, or the empty one where it belongs. */
static size_t *find_slot(struct pool *p, const struct pool_kind *k)
{
	size_t i = hash_kind(k) & (p->slots - 1);

	while (p->slot[i] && !same_kind(p->kind[p->slot[i] - 1], k))
		i = (i + 1) & (p->slots - 1);
	return &p->slot[i];
}

static int make_room(struct pool *p)
{
	size_t room = p->kind_room ? 2 * p->kind_room : 64, i;
	void *grown;

	if (p->nr_kinds < p->kind_room)
		return 0;
	grown = realloc(p->kind, room * sizeof(struct pool_kind *));
	if (!grown)
		return -1;
	p->kind = grown;
	p->kind_room = room;
	free(p->slot);
	p->slots = 2 * room;
	p->slot = calloc(p->slots, sizeof(*p->slot));
	if (!p->slot)
		return -1;
	for (i = 0; i < p->nr_kinds; i++)
		*find_slot(p, p->kind[i]) = i + 1;
	return 0;
}

/* The kind that is already there, or this one; NULL: no memory. */
static struct pool_kind *intern(struct pool *p, struct pool_kind *k)
{
	size_t *slot;

	if (make_room(p)) {
		free_kind(k);
		return NULL;
	}
	slot = find_slot(p, k);
	if (*slot) {
		free_kind(k);
		return p->kind[*slot - 1];
	}
	k->first = p->nr;
	p->kind[p->nr_kinds++] = k;
	*slot = p->nr_kinds;
	return k;
}

static struct pool_kind *new_kind(const struct lvl_desc *d,
				  const struct lvl_policy *policy,
				  enum lvl_kind kind)
{
	struct pool_kind *k =
		calloc(1, sizeof(*k) + nr_kept * sizeof(k->has[0]));

	if (!k)
		return NULL;
	take_features(k, policy);
	k->kind = kind;
	k->derived = (d->hints & LVL_HINT_GUESTS_DERIVED) != 0;
	k->cpu = cpu_of(policy);
	k->vendor = lvl_policy_vendor(policy);
	k->kernel = copy(lvl_desc_fact(d, "kernel"));
	k->microcode = copy(lvl_desc_fact(d, "microcode"));
	return k;
}

/* -- machines ------------------------------------------------------------- */

static struct pool_host *grow(struct pool *p)
{
	struct pool_host *h = cli_grow(p->host, p->nr, &p->room, sizeof(*h));

	if (!h)
		return NULL;
	p->host = h;
	return &h[p->nr];
}

static int no_memory(void)
{
	cli_error("out of memory");
	return EXIT_INPUT;
}

/* The first of its kind, or one that may be: fold it. */
static int add_policy(struct pool *p, struct lvl_desc *d, struct pool_kind **of)
{
	const struct lvl_policy *policy;
	struct lvl_policy clean;
	enum lvl_kind kind;
	int rc = cli_derive(d, &p->select);

	if (rc)
		return rc;
	policy = cli_policy(d, &p->select, &kind);
	if (!policy) {
		cli_error("%s: it does not give the policy that is asked for",
			  d->name);
		return EXIT_INPUT;
	}
	if (kind == LVL_KIND_RAW || kind == LVL_KIND_SEEN) {
		clean = *policy;
		lvl_policy_normalise(&clean, NULL);
		policy = &clean;
	}
	*of = new_kind(d, policy, kind);
	if (*of)
		*of = intern(p, *of);
	if (!*of)
		return no_memory();
	take_leaks(p, policy);
	lvl_fold_add(&p->fold, policy);
	return 0;
}

static int add(struct pool *p, struct lvl_desc *d)
{
	unsigned at = d->twin % LVL_COUNT(p->twin);
	struct pool_host *h = grow(p);
	struct pool_kind *of = NULL;
	int rc;

	if (!h)
		return no_memory();
	if (d->twin && p->twin[at].twin == d->twin)
		of = p->twin[at].of;
	rc = of ? 0 : add_policy(p, d, &of);
	if (rc)
		return rc;
	p->twin[at].twin = d->twin;
	p->twin[at].of = of;
	h->of = of;
	h->name = d->name;
	d->name = NULL;
	of->times++;
	p->nr++;
	return 0;
}

int pool_add(void *pool, struct lvl_desc *d)
{
	int rc = add(pool, d);

	lvl_desc_free(d);
	return rc;
}

void pool_done(struct pool *p)
{
	size_t k;
	unsigned i;

	for (k = 0; k < p->nr_kinds; k++) {
		for (i = 0; i < nr_capabilities; i++) {
			unsigned field = capability[i];

			if (kind_has(p->kind[k], field))
				continue;
			p->lacking[field] += p->kind[k]->times;
			p->lacker[field] = p->kind[k]->first;
		}
	}
}

size_t pool_derived(const struct pool *p)
{
	size_t k, n = 0;

	for (k = 0; k < p->nr_kinds; k++)
		n += p->kind[k]->derived ? p->kind[k]->times : 0;
	return n;
}

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
static uint16_t capability[LVL_NR_FIELDS], statement[LVL_NR_FIELDS];
static uint16_t leak[LVL_NR_FIELDS];
static unsigned nr_capabilities, nr_statements, nr_leaks, dense_words;
static int16_t dense[LVL_NR_FIELDS]; /* place in a set, or -1 */

static void number_fields(void)
{
	unsigned i, n = 0;

	nr_capabilities = nr_statements = nr_leaks = 0;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		dense[i] = -1;
		if (lvl_fields[i].word == LVL_NO_WORD)
			continue;
		if (lvl_fields[i].rule == LVL_LEAK)
			leak[nr_leaks++] = (uint16_t)i;
		if (is_capability(i))
			capability[nr_capabilities++] = (uint16_t)i;
		else if (lvl_fields[i].rule == LVL_OR)
			statement[nr_statements++] = (uint16_t)i;
		else
			continue;
		dense[i] = (int16_t)n++;
	}
	dense_words = (n + 63) / 64;
}

int pool_bit(unsigned field)
{
	return dense[field];
}

static int test(const uint64_t *set, unsigned field)
{
	int b = dense[field];

	return b >= 0 && (set[b / 64] >> (b % 64) & 1);
}

static void put(uint64_t *set, unsigned field)
{
	int b = dense[field];

	set[b / 64] |= 1ull << (b % 64);
}

int pool_has(const struct pool_host *h, unsigned field)
{
	return test(h->has, field);
}

int pool_tells(const struct pool_host *h, unsigned field)
{
	return test(h->tells, field);
}

unsigned pool_capabilities(const struct lvl_policy *p)
{
	unsigned i, n = 0;

	for (i = 0; i < nr_capabilities; i++)
		n += (unsigned)lvl_has(p, capability[i]);
	return n;
}

void pool_init(struct pool *p, const struct cli_select *select)
{
	memset(p, 0, sizeof(*p));
	p->select = *select;
	lvl_fold_init(&p->fold);
	number_fields();
}

void pool_free(struct pool *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++) {
		free(p->host[i].name);
		free(p->host[i].has);
		free(p->host[i].cpu);
		free(p->host[i].kernel);
		free(p->host[i].microcode);
	}
	free(p->host);
}

/* -- one machine ---------------------------------------------------------- */

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void brand_bytes(const struct lvl_policy *p, char brand[49])
{
	unsigned i, b, n = 0;

	for (i = 0; i < 12; i++) {
		const struct lvl_leaf_words *l =
			lvl_leaf_find(0x80000002 + i / 4, 0);

		for (b = 0; b < 4; b++)
			brand[n++] = (char)(p->v[l->word[i % 4]] >> 8 * b);
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

static int take_features(struct pool *p, struct pool_host *h,
			 const struct lvl_policy *policy)
{
	unsigned i;

	h->has = calloc(2 * dense_words, sizeof(*h->has));
	if (!h->has)
		return -1;
	h->tells = h->has + dense_words;
	for (i = 0; i < nr_capabilities; i++) {
		unsigned field = capability[i];

		if (lvl_has(policy, field)) {
			h->capabilities++;
			put(h->has, field);
		} else {
			p->lacker[field] = (uint32_t)p->nr;
			p->lacking[field]++;
		}
	}
	h->offers = h->capabilities;
	for (i = 0; i < nr_statements; i++) {
		if (!lvl_has(policy, statement[i]))
			continue;
		put(h->tells, statement[i]);
		h->offers += (unsigned)cli_is_feature(statement[i]);
	}
	h->offers += (unsigned)(lvl_has(policy, LVL_F_RTM_ALWAYS_ABORT) +
				lvl_has(policy, LVL_F_RSBA) +
				lvl_has(policy, LVL_F_RRSBA));
	return 0;
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

static struct pool_host *grow(struct pool *p)
{
	struct pool_host *h;

	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 16;

		h = realloc(p->host, room * sizeof(*h));
		if (!h)
			return NULL;
		p->host = h;
		p->room = room;
	}
	h = &p->host[p->nr];
	memset(h, 0, sizeof(*h));
	return h;
}

static int add(struct pool *p, struct lvl_desc *d)
{
	const struct lvl_policy *policy;
	struct lvl_policy clean;
	struct pool_host *h = grow(p);

	if (!h)
		return EXIT_INPUT;
	policy = cli_policy(d, &p->select, &h->kind);
	if (!policy) {
		cli_error("%s: it does not give the policy that is asked for",
			  d->name);
		return EXIT_INPUT;
	}
	if (h->kind == LVL_KIND_RAW || h->kind == LVL_KIND_SEEN) {
		clean = *policy;
		lvl_policy_normalise(&clean, NULL);
		policy = &clean;
	}
	if (take_features(p, h, policy))
		return EXIT_INPUT;
	h->name = copy(d->name);
	h->cpu = cpu_of(policy);
	h->vendor = lvl_policy_vendor(policy);
	h->kernel = copy(lvl_desc_fact(d, "kernel"));
	h->microcode = copy(lvl_desc_fact(d, "microcode"));
	take_leaks(p, policy);
	lvl_fold_add(&p->fold, policy);
	p->nr++;
	return 0;
}

int pool_add(void *pool, struct lvl_desc *d)
{
	int rc = add(pool, d);

	lvl_desc_free(d);
	return rc;
}

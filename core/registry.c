/* SPDX-License-Identifier: MIT */
#include <cpulevel/registry.h>

#include "tables.h"

const char *const lvl_rule_names[LVL_NR_RULES] = {
	"and", "or",      "min",  "max",     "equal", "pair",
	"pin", "derived", "leak", "dynamic", "free",  "hidden",
};

const char *const lvl_class_names[LVL_NR_CLASSES] = {
	"isa",  "kernel",   "mitigation", "nested",   "pmu",
	"virt", "topology", "hint",       "identity",
};

const char *const lvl_guest_names[LVL_NR_GUESTS] = {
	"pv",
	"hvm-shadow",
	"hvm",
};

/* -- names ---------------------------------------------------------------- */

/* No normalised name of the registry is longer; a test compares. */
#define NAME_MAX 64

/* Lower case without -_. and space; the length, or 0 if it does not fit. */
static unsigned normalise(char out[NAME_MAX], const char *name, size_t len)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = name[i];

		if (c == '-' || c == '_' || c == '.' || c == ' ')
			continue;
		if (n == NAME_MAX - 1)
			return 0;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[n++] = c;
	}
	out[n] = '\0';
	return n;
}

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* The first alias of the name, or lvl_nr_aliases. */
static unsigned first_alias(const char *name)
{
	uint32_t h = 0x811c9dc5u; /* FNV-1a */
	const char *c;
	unsigned i;

	for (c = name; *c; c++)
		h = (h ^ (unsigned char)*c) * 0x01000193u;
	while ((i = lvl_alias_slots[h % LVL_ALIAS_SLOTS]) != 0) {
		if (!compare(&lvl_alias_names[lvl_aliases[i - 1].name], name))
			return i - 1;
		h++;
	}
	return lvl_nr_aliases;
}

/*
 * Rank of a match: the tool that was asked for, then the registry's own
 * name, then anybody's where the caller takes anybody's.
 */
static unsigned rank(unsigned match, unsigned who)
{
	if (who != LVL_WHO_ANY && (match & who & ~LVL_WHO_OWN))
		return 3;
	if (match & LVL_WHO_OWN)
		return 2;
	return match & who ? 1 : 0;
}

int lvl_field_find(const char *name, size_t len, unsigned who, unsigned *field)
{
	char n[NAME_MAX];
	unsigned i, best = 0, found = 0;
	int twice = 0;

	if (!normalise(n, name, len))
		return -LVL_E_UNKNOWN_NAME;
	for (i = first_alias(n); i < lvl_nr_aliases; i++) {
		const struct lvl_alias *a = &lvl_aliases[i];
		unsigned r = rank(a->who, who);

		if (compare(&lvl_alias_names[a->name], n))
			break;
		if (!r || r < best)
			continue;
		twice = r == best && found != a->field;
		best = r;
		found = a->field;
	}
	if (!best)
		return -LVL_E_UNKNOWN_NAME;
	if (twice)
		return -LVL_E_AMBIGUOUS;
	*field = found;
	return 0;
}

/* -- places --------------------------------------------------------------- */

int lvl_leaf_has_subleaves(uint32_t leaf)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, 0);

	return l && l->subleaf != LVL_NO_SUBLEAF;
}

/* In the order of lvl_leaves[]: a leaf without sub-leaves before any. */
static uint64_t leaf_key(uint32_t leaf, uint32_t subleaf)
{
	return (uint64_t)leaf << 32 | (uint32_t)(subleaf + 1);
}

const struct lvl_leaf_words *lvl_leaf_find(uint32_t leaf, uint32_t subleaf)
{
	const uint64_t key = leaf_key(leaf, subleaf);
	const struct lvl_leaf_words *l = lvl_leaves;
	unsigned n = LVL_NR_LEAVES, half;

	while (n > 1) { /* the last that is not behind the key */
		half = n / 2;
		if (leaf_key(l[half].leaf, l[half].subleaf) <= key)
			l += half;
		n -= half;
	}
	if (l->leaf != leaf)
		return NULL;
	return l->subleaf == subleaf ||
			       (l->subleaf == LVL_NO_SUBLEAF && !subleaf)
		       ? l
		       : NULL;
}

unsigned lvl_word_of_leaf(uint32_t leaf, uint32_t subleaf, unsigned reg)
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);

	return l ? l->word[reg] : LVL_NO_WORD;
}

const struct lvl_msr_words *lvl_msr_find(uint32_t index)
{
	const struct lvl_msr_words *m = lvl_msrs;
	unsigned n = LVL_NR_MSRS, half;

	while (n > 1) {
		half = n / 2;
		if (m[half].index <= index)
			m += half;
		n -= half;
	}
	return m->index == index ? m : NULL;
}

unsigned lvl_word_of_msr(uint32_t index)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);

	return m ? m->word : LVL_NO_WORD;
}

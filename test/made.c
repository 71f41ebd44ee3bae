/* SPDX-License-Identifier: MIT */
#include "made.h"

#include <stdlib.h>

static const struct {
	const char *word, *id; /* the id as CPUID spells it: ebx, edx, ecx */
} vendors[] = {
	{ "intel", "GenuineIntel" },   { "amd", "AuthenticAMD" },
	{ "hygon", "HygonGenuine" },   { "centaur", "CentaurHauls" },
	{ "zhaoxin", "  Shanghai  " }, { "napier", "Napier Bones" },
	{ "abacus", "The  Abacus." },
};

static uint32_t four(const char *s)
{
	return (uint32_t)(unsigned char)s[0] |
	       (uint32_t)(unsigned char)s[1] << 8 |
	       (uint32_t)(unsigned char)s[2] << 16 |
	       (uint32_t)(unsigned char)s[3] << 24;
}

static int put_vendor(struct lvl_policy *p, const char *word)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(vendors); i++) {
		if (strcmp(word, vendors[i].word))
			continue;
		lvl_set(p, LVL_F_VENDOR_0, four(vendors[i].id));
		lvl_set(p, LVL_F_VENDOR_1, four(vendors[i].id + 4));
		lvl_set(p, LVL_F_VENDOR_2, four(vendors[i].id + 8));
		return 1;
	}
	return 0;
}

unsigned field_named(const char *name, size_t len)
{
	unsigned field;

	if (lvl_field_find(name, len, LVL_WHO_OWN, &field))
		fail_msg("no field \"%.*s\"", (int)len, name);
	return field;
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 0);

	if (end == s || *end)
		fail_msg("\"%s\" is no number", s);
	return v;
}

static void put_signature(struct lvl_policy *p, uint32_t v)
{
	lvl_set(p, LVL_F_STEPPING, v & 0xf);
	lvl_set(p, LVL_F_BASE_MODEL, v >> 4 & 0xf);
	lvl_set(p, LVL_F_BASE_FAMILY, v >> 8 & 0xf);
	lvl_set(p, LVL_F_EXT_MODEL, v >> 16 & 0xf);
	lvl_set(p, LVL_F_EXT_FAMILY, v >> 20 & 0xff);
}

static const struct lvl_msr_words *msr(const char *word)
{
	const struct lvl_msr_words *m =
		lvl_msr_find((uint32_t)strtoul(word + 1, NULL, 16));

	if (!m)
		fail_msg("no MSR \"%s\"", word);
	return m;
}

/* m and a hex digit: no field begins so. */
static int is_msr(const char *word)
{
	return word[0] == 'm' && strspn(word + 1, "0123456789abcdef") >= 2 &&
	       (word[1 + strspn(word + 1, "0123456789abcdef")] == '=' ||
		!word[1 + strspn(word + 1, "0123456789abcdef")]);
}

static void put_register(struct lvl_policy *p, const char *word,
			 const char *value)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	char *end;
	uint32_t leaf = (uint32_t)strtoul(word, &end, 16), sub = 0;
	unsigned r = 0, w;

	if (*end == ':')
		sub = (uint32_t)strtoul(end + 1, &end, 0);
	while (r < 4 && strncmp(end + 1, regs[r], 3))
		r++;
	w = r < 4 ? lvl_word_of_leaf(leaf, sub, r) : LVL_NO_WORD;
	if (w == LVL_NO_WORD)
		fail_msg("no register \"%s\"", word);
	p->v[w] = (uint32_t)number(value);
	p->k[w] = 0xffffffffu;
}

static void forget(struct lvl_policy *p, const char *word)
{
	if (is_msr(word)) {
		const struct lvl_msr_words *m = msr(word);

		p->v[m->word] = p->k[m->word] = 0;
		p->v[m->high] = p->k[m->high] = 0;
	} else {
		lvl_forget(p, field_named(word, strlen(word)));
	}
}

static void put(struct lvl_policy *p, char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	if (word[0] == '@')
		put_register(p, word + 1, value);
	else if (word[0] == '?')
		forget(p, word + 1);
	else if (value && is_msr(word))
		lvl_policy_set_msr(p, msr(word)->index, number(value));
	else if (value && !strcmp(word, "fms"))
		put_signature(p, (uint32_t)number(value));
	else if (value)
		lvl_set(p, field_named(word, strlen(word)), number(value));
	else if (word[0] == '-')
		lvl_set(p, field_named(word + 1, strlen(word + 1)), 0);
	else if (!put_vendor(p, word))
		lvl_set(p, field_named(word, strlen(word)), 1);
}

/* The next word of *at, copied; 0 at the end. */
static int next_word(const char **at, char word[96])
{
	size_t n;

	*at += strspn(*at, " ");
	n = strcspn(*at, " ");
	if (n >= 96)
		fail_msg("too long a word: %s", *at);
	memcpy(word, *at, n);
	word[n] = '\0';
	*at += n;
	return n != 0;
}

void made_apply(struct lvl_policy *p, const char *words)
{
	char word[96];

	while (next_word(&words, word))
		put(p, word);
}

struct lvl_policy made(const char *words)
{
	struct lvl_policy p;

	lvl_policy_zero(&p);
	made_apply(&p, "max-basic-leaf=0x29 max-subleaf-7=2 "
		       "max-extended-leaf=0x80000026 "
		       "max-hypervisor-leaf=0x40000010 "
		       "max-centaur-leaf=0xc0000001");
	made_apply(&p, words);
	return p;
}

struct lvl_policy made_normal(const char *words)
{
	struct lvl_policy p = made(words);

	lvl_policy_normalise(&p, NULL);
	return p;
}

/* -- looking -------------------------------------------------------------- */

static int is(const struct lvl_policy *p, char *word)
{
	char *value = strchr(word, '=');
	uint64_t want = 1;
	unsigned field;

	if (value) {
		*value++ = '\0';
		want = number(value);
	}
	if (word[0] == '-')
		want = 0;
	field = field_named(word + (*word == '-' || *word == '?'),
			    strlen(word + (*word == '-' || *word == '?')));
	if (word[0] == '?')
		return !lvl_known(p, field);
	return lvl_known(p, field) && lvl_get(p, field) == want;
}

int made_is(const struct lvl_policy *p, const char *words, const char **first)
{
	static char word[96];
	char copy[96];

	while (next_word(&words, word)) {
		memcpy(copy, word, sizeof(copy));
		if (!is(p, copy)) {
			*first = word;
			return 0;
		}
	}
	return 1;
}

void made_assert(const struct lvl_policy *p, const char *words,
		 const char *what)
{
	const char *word;

	if (!made_is(p, words, &word))
		fail_msg("%s: not so: %s", what, word);
}

const char *made_differ(const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned w, i;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t bits = (a->v[w] ^ b->v[w]) | (a->k[w] ^ b->k[w]);

		for (i = 0; bits && i < lvl_words[w].count; i++)
			if (lvl_fields[lvl_words[w].first + i].mask & bits)
				return lvl_field_name(lvl_words[w].first + i);
		if (bits)
			return "a bit without a name";
	}
	return NULL;
}

void made_fill(struct lvl_policy *p, int byte)
{
	memset(p, byte, sizeof(*p));
}

int made_filled(const struct lvl_policy *p, int byte)
{
	struct lvl_policy q;

	made_fill(&q, byte);
	return !memcmp(p, &q, sizeof(q));
}

/* -- findings ------------------------------------------------------------- */

void found_keep(void *arg, const struct lvl_finding *f)
{
	struct found *found = arg;

	if (found->n < FOUND_MAX)
		found->f[found->n] = *f;
	found->n++;
}

const struct lvl_finding *found_about(const struct found *found, unsigned field)
{
	unsigned i;

	for (i = 0; i < found->n && i < FOUND_MAX; i++)
		if (found->f[i].field == field)
			return &found->f[i];
	return NULL;
}

enum lvl_verdict fits(const struct lvl_policy *guest,
		      const struct lvl_policy *host, struct found *found)
{
	found->n = 0;
	return lvl_fits(guest, host, found_keep, found);
}

int level_of(const struct lvl_policy *member, unsigned n,
	     struct lvl_policy *level, struct lvl_status *status)
{
	static struct lvl_fold fold;
	unsigned i;

	lvl_fold_init(&fold);
	for (i = 0; i < n; i++)
		lvl_fold_add(&fold, &member[i]);
	return lvl_fold_read(&fold, level, NULL, status);
}

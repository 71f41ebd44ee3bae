/* SPDX-License-Identifier: MIT */
/*
 * Policy strings of xl and libxc (xl.cfg(5), cpuid=).  Unlike libxl, a
 * character that means "the default's" or "the host's" works for numbers
 * too, and anything that is not understood is an error.
 */
#include <cpulevel/xen.h>

struct text {
	const char *s;
	size_t len, at;
};

struct sources {
	struct lvl_policy *p;
	const struct lvl_policy *dflt, *host;
};

static int peek(const struct text *t)
{
	return t->at < t->len ? (unsigned char)t->s[t->at] : -1;
}

static int accept(struct text *t, char c)
{
	if (peek(t) != (unsigned char)c)
		return 0;
	t->at++;
	return 1;
}

static int accept_word(struct text *t, const char *word, size_t n)
{
	if (t->len - t->at < n || memcmp(t->s + t->at, word, n))
		return 0;
	t->at += n;
	return 1;
}

/* The bits of one word from a letter of "1 0 x k s". */
static int put_bits(const struct sources *x, unsigned w, uint32_t bits, int c)
{
	const struct lvl_policy *from = c == 'x' ? x->dflt : x->host;

	if (c == '0' || c == '1') {
		x->p->v[w] = (x->p->v[w] & ~bits) | (c == '1' ? bits : 0);
		x->p->k[w] |= bits;
		return 0;
	}
	if (c != 'x' && c != 'k' && c != 's')
		return -LVL_E_SYNTAX;
	if (!from)
		return -LVL_E_UNSUPPORTED;
	x->p->v[w] = (x->p->v[w] & ~bits) | (from->v[w] & bits);
	x->p->k[w] = (x->p->k[w] & ~bits) | (from->k[w] & bits);
	return 0;
}

/* -- "host,name=value,..." ------------------------------------------------ */

/* libxl's numeric keys (tools/libs/light/libxl_cpuid.c); high: the field
 * that takes what does not fit the first. */
static const struct number_key {
	const char *key;
	uint16_t field, high;
} number_keys[] = {
	{ "maxleaf", LVL_F_MAX_BASIC_LEAF, LVL_NO_FIELD },
	{ "maxhvleaf", LVL_F_MAX_HYPERVISOR_LEAF, LVL_NO_FIELD },
	{ "stepping", LVL_F_STEPPING, LVL_NO_FIELD },
	{ "model", LVL_F_BASE_MODEL, LVL_F_EXT_MODEL },
	{ "family", LVL_F_BASE_FAMILY, LVL_F_EXT_FAMILY },
	{ "brandid", LVL_F_BRAND_INDEX, LVL_NO_FIELD },
	{ "clflush", LVL_F_CLFLUSH_SIZE, LVL_NO_FIELD },
	{ "proccount", LVL_F_LOGICAL_COUNT, LVL_NO_FIELD },
	{ "procpkg", LVL_F_CACHE4_CORES, LVL_NO_FIELD },
	{ "nc", LVL_F_CORE_COUNT_NC, LVL_NO_FIELD },
	{ "apicidsize", LVL_F_APIC_ID_SIZE, LVL_NO_FIELD },
};

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static const struct number_key *number_key(const char *s, size_t len)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(number_keys); i++)
		if (length(number_keys[i].key) == len &&
		    !memcmp(number_keys[i].key, s, len))
			return &number_keys[i];
	return NULL;
}

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static int number(struct text *t, uint32_t *value)
{
	int base = accept_word(t, "0x", 2) ? 16 : 10;
	uint64_t v = 0;

	if (digit(peek(t)) >= base)
		return -LVL_E_SYNTAX;
	while (digit(peek(t)) < base) {
		v = v * (unsigned)base + (unsigned)digit(t->s[t->at++]);
		if (v > 0xffffffffu)
			return -LVL_E_RANGE;
	}
	*value = (uint32_t)v;
	return 0;
}

static int fits(unsigned field, uint32_t v)
{
	unsigned width = lvl_fields[field].width;

	return width >= 32 || !(v >> width);
}

/* Family is 0xf plus the extension, model two nibbles (SDM v2 CPUID 01H). */
static int put_split(struct lvl_policy *p, const struct number_key *k,
		     uint32_t v)
{
	uint32_t low = v, high = 0;

	if (k->field == LVL_F_BASE_FAMILY && v > 0xf) {
		low = 0xf;
		high = v - 0xf;
	} else if (k->field == LVL_F_BASE_MODEL) {
		low = v & 0xf;
		high = v >> 4;
	}
	if (!fits(k->field, low) ||
	    (k->high == LVL_NO_FIELD ? high != 0 : !fits(k->high, high)))
		return -LVL_E_RANGE;
	lvl_set(p, k->field, low);
	if (k->high != LVL_NO_FIELD)
		lvl_set(p, k->high, high);
	return 0;
}

static int put_letter(const struct sources *x, unsigned field, int c)
{
	if (field == LVL_NO_FIELD)
		return 0;
	return put_bits(x, lvl_fields[field].word, lvl_fields[field].mask, c);
}

static int put_number(const struct sources *x, const struct number_key *k,
		      struct text *t)
{
	int c = peek(t), rc;
	uint32_t v;

	if (c == 'x' || c == 'k' || c == 's') {
		t->at++;
		rc = put_letter(x, k->field, c);
		return rc ? rc : put_letter(x, k->high, c);
	}
	rc = number(t, &v);
	return rc ? rc : put_split(x->p, k, v);
}

static int xl_pair(const struct sources *x, struct text *t)
{
	const char *name = t->s + t->at;
	const struct number_key *k;
	unsigned field;
	size_t len;
	int rc;

	while (peek(t) >= 0 && peek(t) != '=' && peek(t) != ',')
		t->at++;
	len = (size_t)(t->s + t->at - name);
	if (!len || !accept(t, '='))
		return -LVL_E_SYNTAX;
	k = number_key(name, len);
	if (k)
		return put_number(x, k, t);
	rc = lvl_field_find(name, len,
			    LVL_WHO_LIBXL | LVL_WHO_XEN | LVL_WHO_OWN, &field);
	if (rc) {
		t->at -= len + 1;
		return rc;
	}
	if (lvl_fields[field].width != 1 || peek(t) < 0)
		return -LVL_E_SYNTAX;
	rc = put_letter(x, field, peek(t));
	t->at += rc == 0;
	return rc;
}

static int xl_list(const struct sources *x, struct text *t)
{
	int rc = 0;

	while (!rc && accept(t, ','))
		rc = xl_pair(x, t);
	return rc ? rc : t->at == t->len ? 0 : -LVL_E_SYNTAX;
}

/* -- "leaf[,subleaf]:reg=bits,..." and "msr:index=bits" ------------------- */

/* 32 characters, most significant first, spaces not counted. */
static int bit_string(const struct sources *x, unsigned w, struct text *t)
{
	unsigned bit;
	int rc = 0;

	for (bit = 32; bit-- > 0 && !rc;) {
		if (peek(t) < 0)
			return -LVL_E_TRUNCATED;
		rc = put_bits(x, w, 1u << bit, peek(t));
		t->at += rc == 0;
	}
	return rc;
}

static int reg_number(struct text *t)
{
	static const char names[4][5] = { "eax=", "ebx=", "ecx=", "edx=" };
	int i;

	for (i = 0; i < 4; i++)
		if (accept_word(t, names[i], 4))
			return i;
	return -1;
}

static int xend_leaf(const struct sources *x, struct text *t)
{
	uint32_t leaf, sub = 0;
	int rc = number(t, &leaf), reg;
	unsigned w;

	if (!rc && accept(t, ','))
		rc = number(t, &sub);
	if (rc)
		return rc;
	if (!accept(t, ':'))
		return -LVL_E_SYNTAX;
	do {
		reg = reg_number(t);
		if (reg < 0)
			return -LVL_E_SYNTAX;
		w = lvl_word_of_leaf(leaf, sub, (unsigned)reg);
		if (w == LVL_NO_WORD)
			return -LVL_E_UNKNOWN_LEAF;
		rc = bit_string(x, w, t);
	} while (!rc && accept(t, ','));
	return rc;
}

static int xend_msr(const struct sources *x, struct text *t)
{
	const struct lvl_msr_words *m;
	uint32_t index;
	int rc = number(t, &index);

	if (rc)
		return rc;
	m = lvl_msr_find(index);
	if (!m)
		return -LVL_E_UNKNOWN_MSR;
	if (!accept(t, '='))
		return -LVL_E_SYNTAX;
	rc = bit_string(x, m->high, t);
	return rc ? rc : bit_string(x, m->word, t);
}

/* Entries are separated by ';' or a newline. */
static int xend_list(const struct sources *x, struct text *t)
{
	int rc;

	do {
		rc = accept_word(t, "msr:", 4) ? xend_msr(x, t)
					       : xend_leaf(x, t);
	} while (!rc && (accept(t, ';') || accept(t, '\n')) && t->at < t->len);
	return rc ? rc : t->at == t->len ? 0 : -LVL_E_SYNTAX;
}

int lvl_xl_apply(struct lvl_policy *p, const char *s, size_t len,
		 const struct lvl_policy *dflt, const struct lvl_policy *host,
		 size_t *at)
{
	struct lvl_policy q = *p;
	struct sources x = { .p = &q, .dflt = dflt, .host = host };
	struct text t = { .s = s, .len = len };
	int rc = accept_word(&t, "host", 4) ? xl_list(&x, &t)
					    : xend_list(&x, &t);

	if (at)
		*at = t.at;
	if (!rc)
		*p = q;
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/xen.h>

/* A new Xen has more words than this one knows; none has a hundred. */
#define WORDS_MAX 64u

static unsigned known_words(const struct lvl_policy *p)
{
	unsigned n = 0;

	while (n < LVL_NR_XEN_WORDS && p->k[n])
		n++;
	return n;
}

int lvl_featureset_print(const struct lvl_policy *p, char sep, char *buf,
			 size_t *len)
{
	static const char digit[] = "0123456789abcdef";
	unsigned n = known_words(p), w, i;
	size_t need = n ? 9u * n - 1 : 0;

	if (*len < need + 1) {
		*len = need;
		return -LVL_E_NOBUFS;
	}
	for (w = 0; w < n; w++) {
		if (w)
			*buf++ = sep;
		for (i = 0; i < 8; i++)
			*buf++ = digit[p->v[w] >> (28 - 4 * i) & 0xf];
	}
	*buf = '\0';
	*len = need;
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One word at s: its digits, 1 to 8 of them; 0 if there is none. */
static size_t word(const char *s, size_t len, uint32_t *value)
{
	size_t n = 0;

	*value = 0;
	while (n < len && n < 9 && hex(s[n]) >= 0)
		*value = *value << 4 | (uint32_t)hex(s[n++]);
	return n < 9 ? n : 0;
}

int lvl_featureset_parse(struct lvl_policy *p, const char *s, size_t len)
{
	uint32_t v[WORDS_MAX];
	size_t at = 0, n;
	unsigned nr = 0, i;
	char sep = 0;

	while (at < len) {
		if (nr == WORDS_MAX)
			return -LVL_E_TOO_BIG;
		n = word(s + at, len - at, &v[nr]);
		if (!n)
			return -LVL_E_SYNTAX;
		if (nr >= LVL_NR_XEN_WORDS && v[nr])
			return -LVL_E_TOO_BIG;
		nr++;
		at += n;
		if (at == len)
			break;
		if ((s[at] != '-' && s[at] != ':') || (sep && sep != s[at]) ||
		    at + 1 == len)
			return -LVL_E_SYNTAX;
		sep = s[at++];
	}
	for (i = 0; i < nr && i < LVL_NR_XEN_WORDS; i++) {
		p->v[i] = v[i];
		p->k[i] = 0xffffffffu;
	}
	return 0;
}

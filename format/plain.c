/* SPDX-License-Identifier: MIT */
#include "plain.h"

/* What a byte may be part of. */
enum {
	SPACE = 1,
	FIRST = 2, /* a name's first */
	NAME = 4,
	VALUE = 8, /* an attribute's value */
	TEXT = 16,
};

#define S (SPACE | TEXT)
#define P (VALUE | TEXT)
#define N (P | NAME)
#define L (N | FIRST)

/* clang-format off */
static const unsigned char parts[256] = {
	['\t'] = S, S,
	[' '] = S | VALUE, P, P, P, P, P, 0, P, P, P, P, P, P, N, N, P,
	['0'] = N, N, N, N, N, N, N, N, N, N, P, P, 0, P, VALUE, P,
	['@'] = P, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	['P'] = L, L, L, L, L, L, L, L, L, L, L, P, P, P, P, L,
	['`'] = P, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	['p'] = L, L, L, L, L, L, L, L, L, L, L, P, P, P, P, 0,
};
/* clang-format on */

static int may_be(char c, int part)
{
	return parts[(unsigned char)c] & part;
}

size_t lvl_plain_length(const char *data, size_t len)
{
	const char *at = data, *end = data + len, *name;
	size_t n = 0;

	if (!len || *data != '<')
		return 0;
	name = data + 1;
	while (n + 1 < len && may_be(name[n], NAME))
		n++;
	if (!n)
		return 0;
	while ((at = memchr(at + 1, '<', (size_t)(end - at - 1)))) {
		if ((size_t)(end - at) < n + 3 || at[1] == '!' ||
		    at[1] == '?' ||
		    (at[1] == *name && !memcmp(at + 1, name, n)))
			return 0;
		if (at[1] == '/' && !memcmp(at + 2, name, n) &&
		    at[n + 2] == '>')
			return (size_t)(at - data) + n + 3;
	}
	return 0;
}

/*
 * The functions below take the place where they begin and give the place
 * behind what they read, or NULL: not plain.  The NUL at the end of the text
 * belongs to nothing, so that no loop runs past it.
 */

static char *skip_space(struct lvl_plain *x, char *s)
{
	for (; may_be(*s, SPACE); s++)
		x->newlines += *s == '\n';
	return s;
}

static char *skip_name(char *s)
{
	if (!may_be(*s, FIRST))
		return NULL;
	while (may_be(*s, NAME))
		s++;
	return s;
}

/* -- attributes ----------------------------------------------------------- */

static int put(struct lvl_plain *x, const char *s)
{
	if (x->nr_attrs == LVL_COUNT(x->attr))
		return 0;
	x->attr[x->nr_attrs++] = s;
	return 1;
}

static int is_new(const char **attr, const char *name)
{
	for (; *attr != name; attr += 2)
		if (!strcmp(*attr, name))
			return 0;
	return 1;
}

/* name='value' */
static char *attribute(struct lvl_plain *x, char *s, const char **first)
{
	char *end = skip_name(s), *value, quote;

	value = end ? skip_space(x, end) : NULL;
	if (!value || *value != '=')
		return NULL;
	value = skip_space(x, value + 1);
	quote = *value++;
	if (quote != '"' && quote != '\'')
		return NULL;
	*end = '\0';
	for (end = value; *end != quote; end++)
		if (!may_be(*end, VALUE))
			return NULL;
	*end = '\0';
	if (!put(x, s) || !put(x, value) || !is_new(first, s) ||
	    end - value > (long)LVL_XML_VALUE)
		return NULL;
	return end + 1;
}

/* All of a start tag, up to its '/' or '>'. */
static char *attributes(struct lvl_plain *x, char *s, const char ***list)
{
	const char **first = x->attr + x->nr_attrs;
	char *next;

	*list = first;
	while ((next = skip_space(x, s)) != s && *next != '/' && *next != '>') {
		s = attribute(x, next, first);
		if (!s)
			return NULL;
	}
	if (x->attr + x->nr_attrs - first > 2 * (long)LVL_XML_ATTRS)
		return NULL;
	return put(x, NULL) ? next : NULL;
}

/* -- tags ----------------------------------------------------------------- */

static struct lvl_plain_tag *new_tag(struct lvl_plain *x, const char *name,
				     const char *at)
{
	struct lvl_plain_tag *t;

	if (x->nr_tags == LVL_PLAIN_TAGS)
		return NULL;
	t = &x->tag[x->nr_tags++];
	t->name = name;
	t->attr = NULL;
	t->text = NULL;
	t->at = (size_t)(at - x->text);
	return t;
}

/* The innermost element ends. */
static char *close_element(struct lvl_plain *x, const char *text,
			   const char *at, char *behind)
{
	struct lvl_plain_tag *t;

	t = new_tag(x, x->open[--x->depth], at);
	if (!t)
		return NULL;
	t->text = text;
	return behind;
}

static char *start_tag(struct lvl_plain *x, char *s)
{
	struct lvl_plain_tag *t = new_tag(x, s + 1, s);
	char *end = skip_name(s + 1);
	int empty;

	if (!t || !end || x->depth == LVL_XML_DEPTH)
		return NULL;
	s = attributes(x, end, &t->attr);
	if (!s)
		return NULL;
	empty = *s == '/';
	if (s[empty] != '>')
		return NULL;
	s += empty + 1;
	*end = '\0';
	x->open[x->depth++] = t->name;
	return empty ? close_element(x, "", s, s) : s;
}

/* The tag at s; `text` is what stands before it. */
static char *end_tag(struct lvl_plain *x, char *s, char *text)
{
	const char *name = x->open[x->depth - 1];
	size_t n = strlen(name);
	char *behind, *end = s;

	if (strncmp(s + 2, name, n))
		return NULL;
	behind = skip_space(x, s + 2 + n);
	if (*behind != '>')
		return NULL;
	while (may_be(*text, SPACE))
		text++;
	while (end > text && may_be(end[-1], SPACE))
		end--;
	*end = '\0';
	return close_element(x, text, s, behind + 1);
}

/* The '<' behind a text. */
static char *skip_text(struct lvl_plain *x, char *s)
{
	for (; may_be(*s, TEXT); s++)
		x->newlines += *s == '\n';
	return *s == '<' ? s : NULL;
}

int lvl_plain_cut(struct lvl_plain *x, const char *data, size_t len)
{
	char *s = x->text, *tag;

	if (!len || len > LVL_PLAIN_BYTES || *data != '<')
		return 0;
	memcpy(x->text, data, len);
	x->text[len] = '\0';
	x->nr_tags = x->nr_attrs = x->depth = 0;
	x->newlines = 0;
	s = start_tag(x, s);
	while (s && x->depth) {
		tag = skip_text(x, s);
		if (!tag)
			return 0;
		s = tag[1] == '/' ? end_tag(x, tag, s) : start_tag(x, tag);
	}
	return s == x->text + len;
}

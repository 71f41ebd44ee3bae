/* SPDX-License-Identifier: MIT */
#include "jsonread.h"

#include <stdarg.h>
#include <stdlib.h>

/* -- documents ------------------------------------------------------------ */

static int append(struct lvl_json *j, const char *chunk, size_t n)
{
	size_t size = j->size ? j->size : 65536;
	char *grown;

	if (n > LVL_JSON_MAX - j->len)
		return lvl_import_fail(j->im, LVL_E_TOO_BIG,
				       "more than %u MiB of JSON",
				       LVL_JSON_MAX >> 20);
	while (size - j->len <= n) /* one more for a NUL at the end */
		size *= 2;
	if (size > j->size) {
		grown = realloc(j->data, size);
		if (!grown)
			return lvl_import_fail(j->im, LVL_E_NO_MEMORY,
					       "out of memory");
		j->data = grown;
		j->size = size;
	}
	memcpy(j->data + j->len, chunk, n);
	j->len += n;
	return 0;
}

int lvl_json_open(struct lvl_json *j, struct lvl_import *im)
{
	const char *chunk;
	size_t n;
	int rc;

	memset(j, 0, sizeof(*j));
	j->im = im;
	while ((rc = lvl_import_chunk(im, &chunk, &n)) > 0) {
		rc = append(j, chunk, n);
		if (rc)
			return rc;
	}
	if (rc < 0)
		return rc;
	if (j->len && memchr(j->data, '\0', j->len))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "a NUL byte: this is not text");
	if (j->data)
		j->data[j->len] = '\0';
	if (j->len >= 3 && !memcmp(j->data, "\xef\xbb\xbf", 3))
		j->pos = 3;
	return rc;
}

void lvl_json_close(struct lvl_json *j)
{
	json_decref(j->root);
	free(j->data);
}

static unsigned long newlines(const char *s, const char *end)
{
	unsigned long n = 0;

	while (s < end && (s = memchr(s, '\n', (size_t)(end - s)))) {
		n++;
		s++;
	}
	return n;
}

static int syntax_error(struct lvl_json *j, const json_error_t *error)
{
	int code = LVL_E_SYNTAX;

	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		code = LVL_E_TRUNCATED;
		break;
	case json_error_duplicate_key:
		code = LVL_E_DUPLICATE;
		break;
	case json_error_out_of_memory:
		code = LVL_E_NO_MEMORY;
		break;
	case json_error_stack_overflow:
		code = LVL_E_TOO_BIG;
		break;
	default:
		break;
	}
	j->im->line = newlines(j->data, j->data + j->start) +
		      (error->line > 0 ? (unsigned long)error->line : 1);
	return lvl_import_fail(j->im, code, "%s", error->text);
}

/* Every integer up to here is a real, too: 53 bits. */
#define EXACT 9007199254740992.0

static int is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The integer that a real is, if it is one that a real holds exactly. */
static json_t *exact(const json_t *value)
{
	double v = json_real_value(value);

	if (!json_is_real(value) || v < -EXACT || v > EXACT ||
	    v != (double)(json_int_t)v)
		return NULL;
	return json_integer((json_int_t)v);
}

static void make_integers(json_t *in)
{
	json_t *value, *integer;
	const char *key;
	size_t i;

	json_object_foreach(in, key, value)
	{
		integer = exact(value);
		if (integer)
			json_object_set_new(in, key, integer);
		else
			make_integers(value);
	}
	json_array_foreach(in, i, value)
	{
		integer = exact(value);
		if (integer)
			json_array_set_new(in, i, integer);
		else
			make_integers(value);
	}
}

/*
 * QEMU writes unsigned 64-bit numbers, which are too large for the library:
 * such a document is read again with all numbers as reals.  What then is no
 * exact integer stays one, for the reader to keep or to refuse.
 */
static json_t *load(const struct lvl_json *j, json_error_t *error)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
	const char *text = j->data + j->pos;
	json_t *root = json_loadb(text, j->len - j->pos, flags, error);

	if (root || json_error_code(error) != json_error_numeric_overflow)
		return root;
	root = json_loadb(text, j->len - j->pos,
			  flags | JSON_DECODE_INT_AS_REAL, error);
	if (root)
		make_integers(root);
	return root;
}

int lvl_json_next(struct lvl_json *j)
{
	json_error_t error;

	json_decref(j->root);
	j->root = NULL;
	j->depth = 0;
	while (j->pos < j->len && is_space(j->data[j->pos]))
		j->pos++;
	if (j->pos == j->len)
		return 0;
	j->start = j->pos;
	j->root = load(j, &error);
	if (!j->root)
		return syntax_error(j, &error);
	j->pos += (size_t)error.position;
	j->im->line = newlines(j->data, j->data + j->start) + 1;
	return 1;
}

/* -- where a value is ----------------------------------------------------- */

/*
 * The text has been parsed, so that its syntax is right: what follows only
 * looks for brackets, quotes and commas.  It ends with a NUL, should it be
 * wrong all the same.
 */
static const char *skip_space(const char *s)
{
	while (is_space(*s) || *s == ',' || *s == ':')
		s++;
	return s;
}

static const char *skip_string(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

static const char *skip_value(const char *s)
{
	unsigned depth = 0;

	do {
		if (*s == '"') {
			s = skip_string(s);
			continue;
		}
		if (*s == '{' || *s == '[')
			depth++;
		if (*s == '}' || *s == ']')
			depth--;
		if (*s)
			s++;
	} while (*s && (depth || !strchr(" \t\r\n,:]}", *s)));
	return s;
}

static int key_is(const char *s, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(s + 1, key, n) && s[n + 1] == '"';
}

/* The value that the step leads to, or the container if it is not there. */
static const char *descend(const char *container,
			   const struct lvl_json_step *step)
{
	const char *s = skip_space(container + 1);
	size_t i;

	for (i = 0; *s && *s != '}' && *s != ']'; i++) {
		int found = step->key ? key_is(s, step->key) : i == step->index;

		if (step->key)
			s = skip_space(skip_string(s));
		if (found)
			return s;
		s = skip_space(skip_value(s));
	}
	return container;
}

static unsigned long line_of(const struct lvl_json *j)
{
	const char *s = j->data + j->start;
	unsigned i;

	for (i = 0; i < j->depth && (*s == '{' || *s == '['); i++) {
		if ((*s == '{') != (j->at[i].key != NULL))
			break;
		s = descend(s, &j->at[i]);
	}
	return newlines(j->data, s) + 1;
}

void lvl_json_in(struct lvl_json *j, const char *key)
{
	j->at[j->depth].key = key;
	j->depth++;
}

void lvl_json_in_index(struct lvl_json *j, size_t index)
{
	j->at[j->depth].key = NULL;
	j->at[j->depth].index = index;
	j->depth++;
}

void lvl_json_out(struct lvl_json *j)
{
	j->depth--;
}

int lvl_json_fail(struct lvl_json *j, int code, const char *fmt, ...)
{
	char text[LVL_ERRMSG];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->im->line = line_of(j);
	return lvl_import_fail(j->im, code, "%s", text);
}

int lvl_json_not(struct lvl_json *j, const char *what)
{
	const struct lvl_json_step *step;

	if (!j->depth)
		return lvl_json_fail(j, LVL_E_SYNTAX, "not %s", what);
	step = &j->at[j->depth - 1];
	if (!step->key)
		return lvl_json_fail(j, LVL_E_SYNTAX, "element %zu is not %s",
				     step->index, what);
	return lvl_json_fail(j, LVL_E_SYNTAX, "\"%.60s\" is not %s", step->key,
			     what);
}

/* -- values --------------------------------------------------------------- */

int lvl_json_string(struct lvl_json *j, const json_t *object, const char *key,
		    int optional, const char **text)
{
	const json_t *member = json_object_get(object, key);
	int rc = 0;

	*text = NULL;
	lvl_json_in(j, key);
	if (!member && !optional)
		rc = lvl_json_fail(j, LVL_E_SYNTAX, "\"%s\" is missing", key);
	else if (member && !json_is_string(member))
		rc = lvl_json_not(j, "a string");
	else if (member)
		*text = json_string_value(member);
	lvl_json_out(j);
	return rc;
}

int lvl_json_each(struct lvl_json *j, const json_t *array, lvl_json_fn *each,
		  void *arg)
{
	size_t i;
	int rc = 0;

	if (!json_is_array(array))
		return lvl_json_not(j, "an array");
	for (i = 0; i < json_array_size(array) && !rc; i++) {
		lvl_json_in_index(j, i);
		rc = each(j, json_array_get(array, i), arg);
		lvl_json_out(j);
	}
	return rc;
}

int lvl_json_word(struct lvl_json *j, unsigned word, uint32_t value,
		  uint32_t known)
{
	struct lvl_policy *p = j->im->p;

	if ((p->v[word] ^ value) & p->k[word] & known)
		return lvl_json_fail(j, LVL_E_DUPLICATE,
				     "given twice, with other values");
	p->v[word] |= value;
	p->k[word] |= known;
	return 0;
}

static int keep_fact(struct lvl_json *j, const char *key, const char *where,
		     uint64_t value, uint64_t known)
{
	char text[96];

	snprintf(text, sizeof(text), "%s 0x%llx/0x%llx", where,
		 (unsigned long long)value, (unsigned long long)known);
	return lvl_import_fact(j->im, key, text);
}

/*
 * Finding a line takes as long as reading up to it, so that is done only for
 * what fails, by letting it fail again.
 */
static int whole_leaf(struct lvl_json *j, uint32_t leaf, uint32_t subleaf,
		      const uint32_t value[4])
{
	int rc = lvl_import_leaf(j->im, leaf, subleaf, value);

	if (!rc)
		return 0;
	j->im->line = line_of(j);
	return lvl_import_leaf(j->im, leaf, subleaf, value);
}

static int whole_msr(struct lvl_json *j, uint32_t index, uint64_t value)
{
	int rc = lvl_import_msr(j->im, index, value);

	if (!rc)
		return 0;
	j->im->line = line_of(j);
	return lvl_import_msr(j->im, index, value);
}

int lvl_json_leaf(struct lvl_json *j, uint32_t leaf, uint32_t subleaf,
		  const uint32_t value[4], const uint32_t known[4])
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	unsigned i, word;
	char where[48];
	int rc = 0;

	if (!(~known[0] | ~known[1] | ~known[2] | ~known[3]))
		return whole_leaf(j, leaf, subleaf, value);
	for (i = 0; i < 4 && !rc; i++) {
		word = lvl_word_of_leaf(leaf, subleaf, i);
		if (!known[i])
			continue;
		snprintf(where, sizeof(where), "0x%x:0x%x %s", leaf, subleaf,
			 regs[i]);
		rc = word == LVL_NO_WORD
			     ? keep_fact(j, "unknown-leaf", where, value[i],
					 known[i])
			     : lvl_json_word(j, word, value[i], known[i]);
	}
	return rc;
}

int lvl_json_msr(struct lvl_json *j, uint32_t index, uint64_t value,
		 uint64_t known)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);
	char where[16];
	int rc;

	if (!~known)
		return whole_msr(j, index, value);
	if (!m) {
		snprintf(where, sizeof(where), "0x%x", index);
		return known ? keep_fact(j, "unknown-msr", where, value, known)
			     : 0;
	}
	rc = lvl_json_word(j, m->word, (uint32_t)value, (uint32_t)known);
	if (!rc)
		rc = lvl_json_word(j, m->high, (uint32_t)(value >> 32),
				   (uint32_t)(known >> 32));
	return rc;
}

/* -- detection ------------------------------------------------------------ */

int lvl_json_has(const char *head, size_t len, const char *string)
{
	size_t n = strlen(string);

	for (; len && is_space(*head); len--)
		head++;
	if (!len || (*head != '{' && *head != '['))
		return 0;
	for (; len >= n; len--, head++)
		if (!memcmp(head, string, n))
			return 1;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Our own JSON: {"format":"cpulevel-policy","version":1,...}, one policy of
 * one machine with its registers.  Two additions keep what is not known:
 * null is an unknown register, "0xVALUE/0xKNOWN" one of which only the bits
 * of the mask are known.
 */
#include "jsonread.h"

#include <inttypes.h>

#define VERSION 1

/* -- reading -------------------------------------------------------------- */

/* Members that an element may have; anything else would be lost. */
static int only(struct lvl_json *j, json_t *object, const char *const *keys)
{
	const char *key;
	json_t *value;
	unsigned i;

	if (!json_is_object(object))
		return lvl_json_not(j, "an object");
	json_object_foreach(object, key, value)
	{
		for (i = 0; keys[i] && strcmp(keys[i], key); i++)
			;
		if (keys[i])
			continue;
		lvl_json_in(j, key);
		return lvl_json_fail(j, LVL_E_SYNTAX,
				     "\"%.40s\" does not belong here", key);
	}
	return 0;
}

static int is_hex(const char *s, size_t len, uint64_t max, uint64_t *value)
{
	return len > 2 && s[0] == '0' && s[1] == 'x' &&
	       lvl_number(s, len, max, value);
}

/* null, "0xVALUE" or "0xVALUE/0xKNOWN". */
static int read_value(struct lvl_json *j, const json_t *object, const char *key,
		      uint64_t max, uint64_t *value, uint64_t *known)
{
	const json_t *member = json_object_get(object, key);
	const char *text, *slash;
	int rc = 0;

	*value = 0;
	*known = 0;
	if (json_is_null(member))
		return 0;
	rc = lvl_json_string(j, object, key, 0, &text);
	if (rc)
		return rc;
	*known = max;
	slash = strchr(text, '/');
	lvl_json_in(j, key);
	if (!is_hex(text, slash ? (size_t)(slash - text) : strlen(text), max,
		    value) ||
	    (slash && !is_hex(slash + 1, strlen(slash + 1), max, known)))
		rc = lvl_json_fail(j, LVL_E_RANGE,
				   "\"%s\": \"%.60s\" is no hex number of "
				   "%u bits",
				   key, text, max > UINT32_MAX ? 64 : 32);
	else if (*value & ~*known)
		rc = lvl_json_fail(j, LVL_E_INVALID,
				   "\"%s\": \"%.60s\" sets bits that are not "
				   "known",
				   key, text);
	lvl_json_out(j);
	return rc;
}

/* A leaf, a sub-leaf or an MSR's index. */
static int read_index(struct lvl_json *j, const json_t *object, const char *key,
		      uint32_t *index)
{
	const char *text;
	uint64_t v;
	int rc = lvl_json_string(j, object, key, 0, &text);

	if (rc)
		return rc;
	if (!is_hex(text, strlen(text), UINT32_MAX, &v)) {
		lvl_json_in(j, key);
		return lvl_json_fail(j, LVL_E_RANGE,
				     "\"%s\": \"%.40s\" is no hex number of "
				     "32 bits",
				     key, text);
	}
	*index = (uint32_t)v;
	return 0;
}

static int read_leaf(struct lvl_json *j, json_t *e, void *arg)
{
	static const char *const keys[] = { "leaf", "subleaf", "eax", "ebx",
					    "ecx",  "edx",     NULL };
	uint32_t leaf, subleaf = LVL_NO_SUBLEAF, value[4], known[4];
	uint64_t v, k;
	unsigned i;
	int rc = only(j, e, keys);

	(void)arg;
	if (!rc)
		rc = read_index(j, e, "leaf", &leaf);
	if (!rc && !json_is_null(json_object_get(e, "subleaf")))
		rc = read_index(j, e, "subleaf", &subleaf);
	if (rc)
		return rc;
	if (subleaf == LVL_NO_SUBLEAF && lvl_leaf_has_subleaves(leaf))
		return lvl_json_fail(j, LVL_E_SYNTAX,
				     "leaf 0x%x has sub-leaves", leaf);
	for (i = 0; i < 4; i++) {
		rc = read_value(j, e, keys[2 + i], UINT32_MAX, &v, &k);
		if (rc)
			return rc;
		value[i] = (uint32_t)v;
		known[i] = (uint32_t)k;
	}
	return lvl_json_leaf(j, leaf, subleaf, value, known);
}

static int read_msr(struct lvl_json *j, json_t *e, void *arg)
{
	static const char *const keys[] = { "index", "value", NULL };
	uint64_t value, known;
	uint32_t index;
	int rc = only(j, e, keys);

	(void)arg;
	if (!rc)
		rc = read_index(j, e, "index", &index);
	if (!rc)
		rc = read_value(j, e, "value", UINT64_MAX, &value, &known);
	return rc ? rc : lvl_json_msr(j, index, value, known);
}

static int read_state(struct lvl_json *j, json_t *e, void *arg)
{
	static const char *const keys[] = { "name", "value", NULL };
	uint64_t value, known;
	const char *name;
	unsigned field;
	int rc = only(j, e, keys);

	(void)arg;
	if (!rc)
		rc = lvl_json_string(j, e, "name", 0, &name);
	if (!rc)
		rc = read_value(j, e, "value", UINT32_MAX, &value, &known);
	if (rc)
		return rc;
	if (lvl_field_find(name, strlen(name), LVL_WHO_OWN, &field) ||
	    lvl_fields[field].word == LVL_NO_WORD ||
	    lvl_words[lvl_fields[field].word].place != LVL_PLACE_STATE)
		return lvl_json_fail(j, LVL_E_UNKNOWN_NAME,
				     "no state is called '%.60s'", name);
	return lvl_json_word(j, lvl_fields[field].word, (uint32_t)value,
			     (uint32_t)known);
}

struct provenance {
	const char *key;
};

static int read_fact(struct lvl_json *j, json_t *e, void *arg)
{
	const struct provenance *p = arg;

	if (!json_is_string(e))
		return lvl_json_not(j, "a string");
	return lvl_import_fact(j->im, p->key, json_string_value(e));
}

static int read_provenance(struct lvl_json *j, json_t *object)
{
	struct provenance p;
	json_t *value;
	int rc = 0;

	if (!json_is_object(object))
		return lvl_json_not(j, "an object");
	json_object_foreach(object, p.key, value)
	{
		lvl_json_in(j, p.key);
		rc = json_is_array(value)
			     ? lvl_json_each(j, value, read_fact, &p)
			     : read_fact(j, value, &p);
		if (rc)
			break;
		lvl_json_out(j);
	}
	return rc;
}

/* Is it a document that holds a policy, and of which kind? */
static int read_head(struct lvl_json *j, enum lvl_kind *kind)
{
	const json_t *version = json_object_get(j->root, "version");
	const char *format, *text;
	int rc = lvl_json_string(j, j->root, "format", 0, &format);

	if (rc)
		return rc;
	*kind = LVL_KIND_RAW;
	if (!strcmp(format, "cpulevel-level"))
		*kind = LVL_KIND_LEVEL;
	else if (strcmp(format, "cpulevel-policy"))
		return lvl_json_fail(j, LVL_E_UNSUPPORTED,
				     "a \"%.40s\" document holds no policy",
				     format);
	lvl_json_in(j, "version");
	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return lvl_json_not(j, "a version number");
	if (json_integer_value(version) > VERSION)
		return lvl_json_fail(j, LVL_E_VERSION,
				     "version %" JSON_INTEGER_FORMAT
				     ": this program reads up to version %d",
				     json_integer_value(version), VERSION);
	lvl_json_out(j);
	rc = lvl_json_string(j, j->root, "kind", 1, &text);
	lvl_json_in(j, "kind");
	if (!rc && text && lvl_kind_find(text, strlen(text), kind))
		rc = lvl_json_fail(j, LVL_E_UNKNOWN_NAME,
				   "no kind of policy is called '%.40s'", text);
	lvl_json_out(j);
	return rc;
}

/* The parts of a document; cpuid must be there. */
static int read_part(struct lvl_json *j, const char *key, lvl_json_fn *each)
{
	json_t *part = json_object_get(j->root, key);
	int rc = 0;

	lvl_json_in(j, key);
	if (part && each)
		rc = lvl_json_each(j, part, each, NULL);
	else if (part)
		rc = read_provenance(j, part);
	lvl_json_out(j);
	return rc;
}

static int read_document(struct lvl_json *j)
{
	const char *name = NULL;
	enum lvl_kind kind;
	int rc;

	if (!json_is_object(j->root))
		return lvl_json_not(j, "an object");
	rc = read_head(j, &kind);
	if (rc)
		return rc;
	if (!json_object_get(j->root, "cpuid"))
		return lvl_json_fail(j, LVL_E_SYNTAX,
				     "\"cpuid\" is missing: there are no "
				     "registers in this document");
	rc = lvl_import_kind(j->im, kind);
	if (!rc)
		rc = lvl_json_string(j, j->root, "name", 1, &name);
	if (!rc)
		rc = read_part(j, "provenance", NULL);
	if (!rc && name)
		rc = lvl_import_fact(j->im, "name", name);
	if (!rc)
		rc = read_part(j, "cpuid", read_leaf);
	if (!rc)
		rc = read_part(j, "msr", read_msr);
	if (!rc)
		rc = read_part(j, "state", read_state);
	return rc ? rc : lvl_import_done(j->im);
}

static int read_json(struct lvl_import *im)
{
	struct lvl_json j;
	int rc = lvl_json_open(&j, im);

	while (!rc && (rc = lvl_json_next(&j)) > 0)
		rc = read_document(&j);
	lvl_json_close(&j);
	return rc;
}

static int probe(const char *head, size_t len)
{
	return lvl_json_has(head, len, "\"format\"") &&
			       lvl_json_has(head, len, "\"cpulevel-")
		       ? 100
		       : 0;
}

const struct lvl_format lvl_format_json = {
	.name = "json",
	.what = "cpulevel's own JSON (cpulevel-policy)",
	.probe = probe,
	.read = read_json,
};

/* -- writing -------------------------------------------------------------- */

/* Bytes of the UTF-8 character at s, or 0 if it is none. */
static unsigned utf8_length(const unsigned char *s)
{
	unsigned i, n = s[0] < 0xc2   ? 0
			: s[0] < 0xe0 ? 2
			: s[0] < 0xf0 ? 3
			: s[0] < 0xf5 ? 4
				      : 0;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Facts come from anybody's files: what is not UTF-8 is read as Latin-1. */
static void write_string(const char *text, FILE *out)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned n;

	putc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\') {
			fprintf(out, "\\%c", *s);
		} else if (*s >= 0x20 && *s < 0x7f) {
			putc(*s, out);
		} else if (*s >= 0x80 && (n = utf8_length(s)) > 0) {
			fwrite(s, 1, n, out);
			s += n - 1;
		} else {
			fprintf(out, "\\u%04x", *s);
		}
	}
	putc('"', out);
}

static void write_value(uint64_t value, uint64_t known, unsigned bits,
			FILE *out)
{
	int digits = (int)bits / 4;

	if (!known)
		fputs("null", out);
	else if (known == UINT64_MAX >> (64 - bits))
		fprintf(out, "\"0x%0*" PRIx64 "\"", digits, value);
	else
		fprintf(out, "\"0x%0*" PRIx64 "/0x%0*" PRIx64 "\"", digits,
			value, digits, known);
}

/* One row of a list, behind the one before it. */
static void next_row(int *first, FILE *out)
{
	fputs(*first ? "\n" : ",\n", out);
	*first = 0;
}

static void end_list(int first, const char *more, FILE *out)
{
	fprintf(out, "%s%s\n", first ? "]" : "\n ]", more);
}

static void write_leaf(uint32_t leaf, uint32_t subleaf, const uint32_t value[4],
		       const uint32_t known[4], FILE *out)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	unsigned i;

	fprintf(out, "  {\"leaf\": \"0x%08" PRIx32 "\", \"subleaf\": ", leaf);
	write_value(subleaf, subleaf == LVL_NO_SUBLEAF ? 0 : UINT32_MAX, 32,
		    out);
	for (i = 0; i < 4; i++) {
		fprintf(out, ", \"%s\": ", regs[i]);
		write_value(value[i], known[i], 32, out);
	}
	putc('}', out);
}

/* Order of leaves: "no sub-leaf" comes before sub-leaf 0. */
static uint64_t leaf_key(uint32_t leaf, uint32_t subleaf)
{
	return (uint64_t)leaf << 32 | (uint32_t)(subleaf + 1);
}

/* Leaves that the registry lacks with from <= key < to, sorted. */
static void write_extra_leaves(const struct lvl_extra *x, uint64_t from,
			       uint64_t to, int *first, FILE *out)
{
	static const uint32_t all[4] = { UINT32_MAX, UINT32_MAX, UINT32_MAX,
					 UINT32_MAX };

	while (from < to) {
		const struct lvl_leaf *best = NULL;
		uint64_t key = to;
		size_t i;

		for (i = 0; i < x->nr_leaves; i++) {
			const struct lvl_leaf *l = &x->leaf[i];
			uint64_t k = leaf_key(l->leaf, l->subleaf);

			if (k >= from && k < key) {
				best = l;
				key = k;
			}
		}
		if (best) {
			next_row(first, out);
			write_leaf(best->leaf, best->subleaf, best->reg, all,
				   out);
		}
		from = best ? key + 1 : to;
	}
}

static void write_leaves(const struct lvl_policy *p, const struct lvl_extra *x,
			 FILE *out)
{
	uint32_t value[4], known[4];
	uint64_t done = 0;
	unsigned i, r;
	int first = 1;

	fputs(" \"cpuid\": [", out);
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];
		uint64_t key = leaf_key(l->leaf, l->subleaf);

		for (r = 0; r < 4; r++) {
			value[r] = p->v[l->word[r]];
			known[r] = p->k[l->word[r]];
		}
		write_extra_leaves(x, done, key, &first, out);
		done = key + 1;
		if (!(known[0] | known[1] | known[2] | known[3]))
			continue;
		next_row(&first, out);
		write_leaf(l->leaf, l->subleaf, value, known, out);
	}
	write_extra_leaves(x, done, UINT64_MAX, &first, out);
	end_list(first, ",", out);
}

static void write_msr(uint32_t index, uint64_t value, uint64_t known,
		      int *first, FILE *out)
{
	next_row(first, out);
	fprintf(out, "  {\"index\": \"0x%08" PRIx32 "\", \"value\": ", index);
	write_value(value, known, 64, out);
	putc('}', out);
}

static void write_extra_msrs(const struct lvl_extra *x, uint64_t from,
			     uint64_t to, int *first, FILE *out)
{
	while (from < to) {
		const struct lvl_msr *best = NULL;
		size_t i;

		for (i = 0; i < x->nr_msrs; i++) {
			const struct lvl_msr *m = &x->msr[i];

			if (m->index >= from && m->index < to &&
			    (!best || m->index < best->index))
				best = m;
		}
		if (best)
			write_msr(best->index, best->value, UINT64_MAX, first,
				  out);
		from = best ? (uint64_t)best->index + 1 : to;
	}
}

static void write_msrs(const struct lvl_policy *p, const struct lvl_extra *x,
		       FILE *out)
{
	uint64_t done = 0;
	int first = 1;
	unsigned i;

	fputs(" \"msr\": [", out);
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];
		uint64_t known = (uint64_t)p->k[m->high] << 32 | p->k[m->word];

		write_extra_msrs(x, done, m->index, &first, out);
		done = (uint64_t)m->index + 1;
		if (known)
			write_msr(m->index,
				  (uint64_t)p->v[m->high] << 32 | p->v[m->word],
				  known, &first, out);
	}
	write_extra_msrs(x, done, (uint64_t)UINT32_MAX + 1, &first, out);
	end_list(first, ",", out);
}

static void write_states(const struct lvl_policy *p, FILE *out)
{
	int first = 1;
	unsigned w;

	fputs(" \"state\": [", out);
	for (w = 0; w < LVL_NR_WORDS; w++) {
		if (lvl_words[w].place != LVL_PLACE_STATE || !p->k[w])
			continue;
		next_row(&first, out);
		fprintf(out, "  {\"name\": \"%s\", \"value\": ",
			lvl_field_name(lvl_words[w].first));
		write_value(p->v[w], p->k[w], 32, out);
		putc('}', out);
	}
	end_list(first, "", out);
}

static int seen_before(const struct lvl_desc *d, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(d->fact[k].key, d->fact[i].key))
			return 1;
	return 0;
}

/* A key that is there more than once has an array of values. */
static void write_fact(const struct lvl_desc *d, size_t i, FILE *out)
{
	const char *key = d->fact[i].key;
	unsigned values = 0;
	size_t k;

	write_string(key, out);
	fputs(": ", out);
	for (k = i + 1; k < d->nr_facts && !values; k++)
		values = !strcmp(d->fact[k].key, key);
	if (!values) {
		write_string(d->fact[i].value, out);
		return;
	}
	for (k = i, values = 0; k < d->nr_facts; k++) {
		if (strcmp(d->fact[k].key, key))
			continue;
		fputs(values++ ? ", " : "[", out);
		write_string(d->fact[k].value, out);
	}
	putc(']', out);
}

static void write_facts(const struct lvl_desc *d, FILE *out)
{
	int first = 1;
	size_t i;

	fputs(" \"provenance\": {", out);
	for (i = 0; i < d->nr_facts; i++) {
		if (seen_before(d, i))
			continue;
		next_row(&first, out);
		fputs("  ", out);
		write_fact(d, i, out);
	}
	fputs(first ? "},\n" : "\n },\n", out);
}

int lvl_desc_write_json(const struct lvl_desc *d, enum lvl_kind kind, FILE *out)
{
	const struct lvl_policy *p = d->policy[kind];

	if (!p)
		return -LVL_E_EMPTY;
	fprintf(out,
		"{\n \"format\": \"cpulevel-policy\",\n \"version\": %d,\n",
		VERSION);
	if (d->name) {
		fputs(" \"name\": ", out);
		write_string(d->name, out);
		fputs(",\n", out);
	}
	fprintf(out, " \"kind\": \"%s\",\n", lvl_kind_names[kind]);
	write_facts(d, out);
	write_leaves(p, &d->extra[kind], out);
	write_msrs(p, &d->extra[kind], out);
	write_states(p, out);
	fputs("}\n", out);
	return ferror(out) ? -LVL_E_IO : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Our own text form: doc/format.md.
 *
 *	cpulevel 1
 *	name: clx-01
 *	kernel: 6.1.172
 *	policy raw
 *	cpuid 0x00000001 -    0x00050657 ...    eax ebx ecx edx
 *	cpuid 0x00000007 0x00 0x00000000 ...
 *	msr 0x0000010a 0x000000000c0aa0eb
 *	state mxcsr-mask 0x0000ffff
 *
 * A register of which only some bits are known is VALUE/KNOWN, one of which
 * nothing is known is "-".  Leaves that are not there are unknown, except
 * beyond the maxima, where they are zero; "policy KIND total" says that
 * everything that is not there is zero.
 */
#include "import.h"

#define HEAD "cpulevel 1"

/* -- writing -------------------------------------------------------------- */

static void put_word(FILE *out, uint32_t v, uint32_t k)
{
	if (!k)
		fputs(" -", out);
	else if (k == 0xffffffffu)
		fprintf(out, " 0x%08x", v);
	else
		fprintf(out, " 0x%08x/0x%08x", v, k);
}

struct view {
	const struct lvl_policy *p;
	struct lvl_policy range; /* what a reader assumes beyond the maxima */
	int total;
};

/* Nearly everything is known: say what is not, not what is zero. */
static int is_total(const struct lvl_policy *p)
{
	unsigned w, doubtful = 0;

	for (w = 0; w < LVL_NR_WORDS; w++)
		doubtful += p->k[w] != 0xffffffffu;
	return doubtful <= LVL_NR_WORDS / 8;
}

/* Does the reader know these words without a line? */
static int implied(const struct view *x, const uint16_t *word, unsigned n)
{
	uint32_t v = 0, any = 0, all = 0xffffffffu, missing = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		v |= x->p->v[word[i]];
		any |= x->p->k[word[i]];
		all &= x->p->k[word[i]];
		missing |= ~x->range.k[word[i]];
	}
	if (x->total)
		return !v && all == 0xffffffffu;
	return !any || (!v && !missing);
}

static void put_leaves(const struct view *x, FILE *out)
{
	unsigned i, r;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (implied(x, l->word, 4))
			continue;
		fprintf(out, "cpuid 0x%08x ", l->leaf);
		if (l->subleaf == LVL_NO_SUBLEAF)
			fputs("-   ", out);
		else
			fprintf(out, "0x%02x", l->subleaf);
		for (r = 0; r < 4; r++)
			put_word(out, x->p->v[l->word[r]], x->p->k[l->word[r]]);
		putc('\n', out);
	}
}

static void put_msrs(const struct view *x, FILE *out)
{
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];
		const uint16_t word[2] = { m->word, m->high };
		const struct lvl_policy *p = x->p;

		if (implied(x, word, 2))
			continue;
		fprintf(out, "msr 0x%08x 0x%08x%08x", m->index, p->v[m->high],
			p->v[m->word]);
		if ((p->k[m->high] & p->k[m->word]) != 0xffffffffu)
			fprintf(out, "/0x%08x%08x", p->k[m->high],
				p->k[m->word]);
		putc('\n', out);
	}
}

static void put_states(const struct view *x, FILE *out)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		const uint16_t word = (uint16_t)w;

		if (lvl_words[w].place != LVL_PLACE_STATE ||
		    implied(x, &word, 1))
			continue;
		fprintf(out, "state %s", lvl_field_name(lvl_words[w].first));
		put_word(out, x->p->v[w], x->p->k[w]);
		putc('\n', out);
	}
}

static void put_extra(const struct lvl_extra *x, FILE *out)
{
	size_t i;

	for (i = 0; i < x->nr_leaves; i++)
		fprintf(out,
			"extra-cpuid 0x%08x 0x%08x 0x%08x 0x%08x 0x%08x "
			"0x%08x\n",
			x->leaf[i].leaf, x->leaf[i].subleaf, x->leaf[i].reg[0],
			x->leaf[i].reg[1], x->leaf[i].reg[2],
			x->leaf[i].reg[3]);
	for (i = 0; i < x->nr_msrs; i++)
		fprintf(out, "extra-msr 0x%08x 0x%016llx\n", x->msr[i].index,
			(unsigned long long)x->msr[i].value);
}

static void put_policy(const struct lvl_desc *d, enum lvl_kind kind, FILE *out)
{
	struct view x = { .p = d->policy[kind] };

	x.total = is_total(x.p);
	x.range = *x.p;
	if (!x.total) {
		unsigned i, r;

		/* only what the maxima alone imply */
		memset(x.range.k, 0, sizeof(x.range.k));
		for (i = 0; i < LVL_NR_LEAVES; i++)
			for (r = 0; r < 4; r++) {
				unsigned w = lvl_leaves[i].word[r];

				if (x.p->v[w])
					x.range.k[w] = x.p->k[w];
			}
		lvl_policy_clear_out_of_range(&x.range);
	}
	fprintf(out, "policy %s%s\n", lvl_kind_names[kind],
		x.total ? " total" : "");
	put_leaves(&x, out);
	put_msrs(&x, out);
	put_states(&x, out);
	put_extra(&d->extra[kind], out);
}

int lvl_desc_write(const struct lvl_desc *d, FILE *out)
{
	unsigned k;
	size_t i;

	fputs(HEAD "\n", out);
	if (d->name)
		fprintf(out, "name: %s\n", d->name);
	if (d->nr_cpus && !lvl_desc_fact(d, "cpus"))
		fprintf(out, "cpus: %u\n", d->nr_cpus);
	for (i = 0; i < d->nr_facts; i++)
		fprintf(out, "%s: %s\n", d->fact[i].key, d->fact[i].value);
	for (k = 0; k < LVL_NR_KINDS; k++) {
		if (!d->policy[k] ||
		    (k == LVL_KIND_HOST && (d->hints & LVL_HINT_HOST_DERIVED)))
			continue;
		put_policy(d, (enum lvl_kind)k, out);
	}
	return ferror(out) ? -LVL_E_IO : 0;
}

/* -- reading -------------------------------------------------------------- */

struct words {
	char *at, *end;
	struct lvl_import *im;
};

/* The next word of the line, or NULL. */
static char *next(struct words *w, size_t *len)
{
	char *s = w->at;

	while (*s == ' ')
		s++;
	if (!*s)
		return NULL;
	w->at = s;
	while (*w->at && *w->at != ' ')
		w->at++;
	*len = (size_t)(w->at - s);
	return s;
}

static int syntax(struct lvl_import *im, const char *what)
{
	return lvl_import_fail(im, LVL_E_SYNTAX, "%s", what);
}

/* " 0x" and eight hex digits: our own output, read fast. */
static int next_hex8(struct words *w, uint32_t *v)
{
	char *s = w->at;

	if (w->end - s < 11 || s[0] != ' ' || s[1] != '0' || s[2] != 'x' ||
	    (s[11] != ' ' && s[11] != '\0') || !lvl_hex8(s + 3, v))
		return 0;
	w->at = s + 11;
	return 1;
}

/* "0x" and exactly `digits` hex digits, 8 or 16. */
static int hex_word(const char *s, size_t len, unsigned digits, uint64_t *v)
{
	uint32_t high = 0, low;

	if (len != digits + 2 || s[0] != '0' || s[1] != 'x')
		return 0;
	if (digits == 16 && !lvl_hex8(s + 2, &high))
		return 0;
	if (!lvl_hex8(s + digits - 6, &low))
		return 0;
	*v = (uint64_t)high << 32 | low;
	return 1;
}

/* VALUE, VALUE/KNOWN or "-" */
static int value_known(struct words *w, unsigned digits, uint64_t all,
		       uint64_t *v, uint64_t *k)
{
	size_t len, one = digits + 2;
	char *s = next(w, &len);

	*v = *k = 0;
	if (!s)
		return syntax(w->im, "a value is missing");
	if (len == 1 && *s == '-')
		return 0;
	*k = all;
	if (hex_word(s, len, digits, v))
		return 0;
	if (len == 2 * one + 1 && s[one] == '/' &&
	    hex_word(s, one, digits, v) &&
	    hex_word(s + one + 1, one, digits, k) && !(*v & ~*k))
		return 0;
	return syntax(w->im, "a value must be 0x and hex digits, VALUE/KNOWN "
			     "or -");
}

static int end_of_line(struct words *w)
{
	size_t len;

	return next(w, &len) ? syntax(w->im, "more on the line than expected")
			     : 0;
}

static int number(struct words *w, uint64_t max, uint64_t *v)
{
	size_t len;
	char *s = next(w, &len);

	if (!s || !lvl_number(s, len, max, v))
		return syntax(w->im, "a number is missing or too large");
	return 0;
}

static int number32(struct words *w, uint32_t *v)
{
	uint64_t wide;
	int rc;

	if (next_hex8(w, v))
		return 0;
	rc = number(w, 0xffffffffu, &wide);
	*v = rc ? 0 : (uint32_t)wide;
	return rc;
}

static int given_again(struct lvl_import *im, const struct lvl_word *w)
{
	switch (w->place) {
	case LVL_PLACE_STATE:
		return lvl_import_fail(im, LVL_E_DUPLICATE, "state %s again",
				       lvl_field_name(w->first));
	case LVL_PLACE_MSR_LO:
	case LVL_PLACE_MSR_HI:
		return lvl_import_fail(im, LVL_E_DUPLICATE, "MSR 0x%x again",
				       w->id);
	default:
		break;
	}
	if (w->subleaf == LVL_NO_SUBLEAF)
		return lvl_import_fail(im, LVL_E_DUPLICATE, "leaf 0x%x again",
				       w->id);
	return lvl_import_fail(im, LVL_E_DUPLICATE,
			       "leaf 0x%x sub-leaf 0x%x again", w->id,
			       w->subleaf);
}

static int put(struct lvl_import *im, unsigned word, uint32_t v, uint32_t k)
{
	if (im->listed[word / 32] >> word % 32 & 1)
		return given_again(im, &lvl_words[word]);
	im->listed[word / 32] |= (uint32_t)1 << word % 32;
	im->p->v[word] = v;
	im->p->k[word] = k;
	return 0;
}

/* The next value of the line is that of a word. */
static int read_word(struct words *w, unsigned word)
{
	uint64_t v, k;
	uint32_t fast;
	int rc;

	if (next_hex8(w, &fast))
		return put(w->im, word, fast, 0xffffffffu);
	rc = value_known(w, 8, 0xffffffffu, &v, &k);
	return rc ? rc : put(w->im, word, (uint32_t)v, (uint32_t)k);
}

/* Leaves come in order: often it is the one behind the last. */
static const struct lvl_leaf_words *find_leaf(struct words *w, uint32_t leaf,
					      uint32_t subleaf)
{
	const struct lvl_leaf_words *l = w->im->leaf;

	if (l && ++l < lvl_leaves + LVL_NR_LEAVES && l->leaf == leaf &&
	    l->subleaf == subleaf)
		return w->im->leaf = l;
	l = lvl_leaf_find(leaf, subleaf);
	if (l)
		w->im->leaf = l;
	return l && l->subleaf == subleaf ? l : NULL;
}

static int read_cpuid(struct words *w)
{
	const struct lvl_leaf_words *l;
	uint64_t sub = LVL_NO_SUBLEAF;
	uint32_t leaf;
	size_t len;
	char *s;
	unsigned r;
	int rc = number32(w, &leaf);

	if (rc)
		return rc;
	s = next(w, &len);
	if (!s ||
	    ((len != 1 || *s != '-') && !lvl_number(s, len, 0xffff, &sub)))
		return syntax(w->im, "a sub-leaf is a number or -");
	l = find_leaf(w, leaf, (uint32_t)sub);
	if (!l)
		return lvl_import_fail(w->im, LVL_E_UNKNOWN_LEAF,
				       "leaf 0x%x, sub-leaf %.*s is not in the "
				       "registry",
				       leaf, (int)len, s);
	for (r = 0; r < 4 && !rc; r++)
		rc = read_word(w, l->word[r]);
	return rc;
}

static int read_msr(struct words *w)
{
	const struct lvl_msr_words *m;
	uint64_t v, k;
	uint32_t index;
	int rc = number32(w, &index);

	if (!rc)
		rc = value_known(w, 16, ~0ull, &v, &k);
	if (rc)
		return rc;
	m = lvl_msr_find(index);
	if (!m)
		return lvl_import_fail(w->im, LVL_E_UNKNOWN_MSR,
				       "MSR 0x%x is not in the registry",
				       index);
	rc = put(w->im, m->word, (uint32_t)v, (uint32_t)k);
	return rc ? rc
		  : put(w->im, m->high, (uint32_t)(v >> 32),
			(uint32_t)(k >> 32));
}

static int read_state(struct words *w)
{
	unsigned field;
	size_t len;
	char *s = next(w, &len);

	if (!s || lvl_field_find(s, len, LVL_WHO_OWN, &field) ||
	    lvl_fields[field].word == LVL_NO_WORD ||
	    lvl_words[lvl_fields[field].word].place != LVL_PLACE_STATE)
		return lvl_import_fail(w->im, LVL_E_UNKNOWN_NAME,
				       "no state of that name in the registry");
	return read_word(w, lvl_fields[field].word);
}

static int read_extra_cpuid(struct words *w)
{
	uint32_t v[6] = { 0 };
	unsigned i;
	int rc = 0;

	for (i = 0; i < 6 && !rc; i++)
		rc = number32(w, &v[i]);
	if (!rc && lvl_leaf_find(v[0], v[1]))
		return syntax(w->im, "this leaf is in the registry: use cpuid");
	return rc ? rc : lvl_import_leaf(w->im, v[0], v[1], v + 2);
}

static int read_extra_msr(struct words *w)
{
	uint32_t index;
	uint64_t value;
	int rc = number32(w, &index);

	if (!rc)
		rc = number(w, ~0ull, &value);
	if (!rc && lvl_msr_find(index))
		return syntax(w->im, "this MSR is in the registry: use msr");
	return rc ? rc : lvl_import_msr(w->im, index, value);
}

static int read_policy(struct words *w)
{
	enum lvl_kind kind;
	size_t len;
	char *s = next(w, &len);
	int rc;

	if (!s || lvl_kind_find(s, len, &kind))
		return syntax(w->im, "no such kind of policy");
	if (w->im->d && w->im->d->policy[kind])
		return lvl_import_fail(w->im, LVL_E_DUPLICATE,
				       "a second %s policy",
				       lvl_kind_names[kind]);
	rc = lvl_import_kind(w->im, kind);
	s = next(w, &len);
	if (rc || !s)
		return rc;
	if (len != 5 || memcmp(s, "total", 5))
		return syntax(w->im, "only the word total may follow");
	w->im->total = 1;
	return 0;
}

static const struct {
	const char *word;
	size_t len;
	int (*read)(struct words *w);
} lines[] = {
	{ "cpuid", 5, read_cpuid }, { "extra-msr", 9, read_extra_msr },
	{ "msr", 3, read_msr },     { "extra-cpuid", 11, read_extra_cpuid },
	{ "state", 5, read_state }, { "policy", 6, read_policy },
};

/* What a policy says about the words that it does not list. */
static void end_policy(struct lvl_import *im)
{
	unsigned w;

	if (!im->p)
		return;
	for (w = 0; im->total && w < LVL_NR_WORDS; w++)
		if (!(im->listed[w / 32] >> w % 32 & 1))
			im->p->k[w] = 0xffffffffu;
	im->total = 0;
	memset(im->listed, 0, sizeof(im->listed));
}

static int read_fact(struct lvl_import *im, char *line, char *colon)
{
	uint64_t cpus;
	int rc;

	if (im->p)
		return syntax(im, "provenance comes before the policies");
	*colon = '\0';
	rc = lvl_import_fact(im, line, colon + 2);
	im->p = NULL; /* a fact does not begin a policy */
	if (!rc && !strcmp(line, "cpus") &&
	    lvl_number(colon + 2, strlen(colon + 2), 0xffffffffu, &cpus))
		im->d->nr_cpus = (unsigned)cpus;
	return rc;
}

static int read_line(struct lvl_import *im, char *line, size_t length)
{
	struct words w = { .at = line, .end = line + length, .im = im };
	size_t len = 0;
	char *s = next(&w, &len);
	unsigned i;
	int rc;

	for (i = 0; s && i < LVL_COUNT(lines); i++) {
		if (lines[i].len != len || memcmp(lines[i].word, s, len))
			continue;
		if (lines[i].read == read_policy)
			end_policy(im);
		else if (!im->p)
			return syntax(im, "data before the first policy line");
		rc = lines[i].read(&w);
		return rc ? rc : end_of_line(&w);
	}
	if (len > 1 && s[len - 1] == ':' && s[len] == ' ')
		return read_fact(im, s, s + len - 1);
	return syntax(im, "not a line of the cpulevel text form");
}

static int text_read(struct lvl_import *im)
{
	int begun = 0, rc;
	char *line;
	size_t len;

	while ((rc = lvl_import_line(im, &line, &len)) > 0) {
		if (!len || *line == '#')
			continue;
		if (!strcmp(line, HEAD)) {
			end_policy(im);
			rc = begun ? lvl_import_done(im) : 0;
			begun = 1;
		} else if (!begun) {
			rc = syntax(im, "the first line must be \"" HEAD "\"");
		} else {
			rc = read_line(im, line, len);
		}
		if (rc)
			return rc;
	}
	if (rc < 0)
		return rc;
	end_policy(im);
	return begun ? lvl_import_done(im) : 0;
}

/* Comments may come first. */
static int text_probe(const char *head, size_t len)
{
	const char *end = head + len;

	while (head < end && *head == '#') {
		head = memchr(head, '\n', (size_t)(end - head));
		if (!head)
			return 0;
		head++;
	}
	return (size_t)(end - head) >= 9 && !memcmp(head, "cpulevel ", 9) ? 100
									  : 0;
}

const struct lvl_format lvl_format_text = {
	.name = "text",
	.what = "cpulevel's own text form",
	.probe = text_probe,
	.read = text_read,
};

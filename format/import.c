/* SPDX-License-Identifier: MIT */
#include "import.h"
#include "measured.h"

#include <cpulevel/host.h>

#include <stdarg.h>
#include <stdlib.h>

/* -- errors --------------------------------------------------------------- */

int lvl_import_fail(struct lvl_import *im, int code, const char *fmt, ...)
{
	char *at = im->err->text, *end = at + LVL_ERRMSG;
	va_list ap;

	if (im->line_now)
		im->line = im->line_now(im->line_arg);
	im->err->code = code;
	im->err->line = im->line;
	if (im->line)
		at += snprintf(at, LVL_ERRMSG, "%.300s:%lu: ", im->name,
			       im->line);
	else
		at += snprintf(at, LVL_ERRMSG, "%.300s: ", im->name);
	va_start(ap, fmt);
	vsnprintf(at, (size_t)(end - at), fmt, ap);
	va_end(ap);
	for (at = im->err->text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return -code;
}

static int no_memory(struct lvl_import *im)
{
	return lvl_import_fail(im, LVL_E_NO_MEMORY, "out of memory");
}

/* -- one machine ---------------------------------------------------------- */

static void forget_machine(struct lvl_import *im)
{
	lvl_desc_free(im->d);
	im->d = NULL;
	im->p = NULL;
	im->kind = LVL_KIND_RAW;
	im->cpus = 0;
	if (im->cores)
		lvl_cores_init(im->cores);
}

static int machine(struct lvl_import *im)
{
	if (!im->d)
		im->d = lvl_desc_new();
	return im->d ? 0 : no_memory(im);
}

/* The policy that data go to now. */
static int current(struct lvl_import *im)
{
	if (im->p)
		return 0;
	if (machine(im))
		return -LVL_E_NO_MEMORY;
	im->p = lvl_desc_policy(im->d, im->kind);
	return im->p ? 0 : no_memory(im);
}

int lvl_import_kind(struct lvl_import *im, enum lvl_kind kind)
{
	im->kind = kind;
	im->p = NULL;
	return current(im);
}

/* What a RAW rule assumed is said in the provenance, once. */
static void note_assumed(void *arg, const struct lvl_change *c)
{
	struct lvl_import *im = arg;
	const char *name = lvl_field_name(c->field);
	char text[160];

	if (strcmp(c->rule->name, "RAW.syscall32"))
		return;
	snprintf(text, sizeof(text), "%s (%s)", name, c->rule->name);
	(void)lvl_desc_add_fact(im->d, "assumed", text);
}

static unsigned cores(const struct lvl_import *im)
{
	return im->cores ? im->cores->n : 0;
}

static void clean_cpu(struct lvl_import *im)
{
	const struct lvl_capture capture = {
		.bits32 = im->d->hints & LVL_HINT_32BIT,
	};
	const struct lvl_trail trail = { note_assumed, im };

	lvl_raw_clean(im->d->policy[LVL_KIND_RAW], &capture,
		      capture.bits32 && !cores(im) ? &trail : NULL);
}

/* Put the finished logical CPU with the others of its machine. */
static int finish_cpu(struct lvl_import *im)
{
	struct lvl_policy *raw = im->d->policy[LVL_KIND_RAW];

	if (!im->cores)
		im->cores = calloc(1, sizeof(*im->cores));
	if (!im->cores)
		return no_memory(im);
	clean_cpu(im);
	lvl_cores_add(im->cores, raw);
	lvl_policy_clear(raw);
	return 0;
}

int lvl_import_cpu(struct lvl_import *im)
{
	int rc = lvl_import_kind(im, LVL_KIND_RAW);

	if (!rc && im->cpus)
		rc = finish_cpu(im);
	if (!rc)
		im->cpus++;
	return rc;
}

/* Room for one more: twice as much each time that n reaches a power of two. */
static void *grown(void *array, size_t n, size_t size)
{
	return n & (n - 1) ? array : realloc(array, (n ? 2 * n : 1) * size);
}

static int keep_leaf(struct lvl_import *im, uint32_t leaf, uint32_t subleaf,
		     const uint32_t reg[4])
{
	struct lvl_extra *x = &im->d->extra[im->kind];
	struct lvl_leaf *l;
	size_t i;

	if (im->cpus > 1) /* of the first logical CPU only */
		return 0;
	for (i = 0; i < x->nr_leaves; i++) {
		l = &x->leaf[i];
		if (l->leaf != leaf || l->subleaf != subleaf)
			continue;
		if (!memcmp(l->reg, reg, sizeof(l->reg)))
			return 0;
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "leaf 0x%x sub-leaf 0x%x again, "
				       "with other values",
				       leaf, subleaf);
	}
	if (x->nr_leaves >= 4096)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more than 4096 leaves that the "
				       "registry does not have");
	l = grown(x->leaf, x->nr_leaves, sizeof(*l));
	if (!l)
		return no_memory(im);
	x->leaf = l;
	l += x->nr_leaves++;
	l->leaf = leaf;
	l->subleaf = subleaf;
	memcpy(l->reg, reg, sizeof(l->reg));
	return 0;
}

static int put_word(struct lvl_import *im, unsigned word, uint32_t value,
		    uint32_t leaf, uint32_t subleaf)
{
	if ((im->p->v[word] ^ value) & im->p->k[word])
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "leaf 0x%x sub-leaf 0x%x again, "
				       "with other values",
				       leaf, subleaf);
	im->p->v[word] = value;
	im->p->k[word] = 0xffffffffu;
	return 0;
}

int lvl_import_leaf(struct lvl_import *im, uint32_t leaf, uint32_t subleaf,
		    const uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);
	unsigned i;
	int rc = current(im);

	if (rc)
		return rc;
	if (!l)
		return keep_leaf(im, leaf, subleaf, reg);
	for (i = 0; i < 4 && !rc; i++)
		rc = put_word(im, l->word[i], reg[i], leaf, subleaf);
	return rc;
}

int lvl_import_reg(struct lvl_import *im, uint32_t leaf, uint32_t subleaf,
		   unsigned reg, uint32_t value)
{
	unsigned word = lvl_word_of_leaf(leaf, subleaf, reg);
	int rc = current(im);

	if (rc)
		return rc;
	if (word == LVL_NO_WORD)
		return lvl_import_fail(im, LVL_E_UNKNOWN_LEAF,
				       "leaf 0x%x sub-leaf 0x%x is not in the "
				       "registry",
				       leaf, subleaf);
	return put_word(im, word, value, leaf, subleaf);
}

/* Dumps are mostly sorted: only what is not above all others is looked for. */
static int has_msr(const struct lvl_import *im, uint32_t index)
{
	const struct lvl_extra *x = &im->d->extra[im->kind];
	size_t i;

	if (!x->nr_msrs || index > im->top_msr[im->kind])
		return 0;
	for (i = 0; i < x->nr_msrs; i++)
		if (x->msr[i].index == index)
			return 1;
	return 0;
}

static int keep_msr(struct lvl_import *im, uint32_t index, uint64_t value)
{
	struct lvl_extra *x = &im->d->extra[im->kind];
	struct lvl_msr *m;

	if (im->cpus > 1 || has_msr(im, index))
		return 0; /* a counter read twice: the first counts */
	if (x->nr_msrs >= 4096)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more than 4096 MSRs that the registry "
				       "does not have");
	m = grown(x->msr, x->nr_msrs, sizeof(*m));
	if (!m)
		return no_memory(im);
	if (!x->nr_msrs || index > im->top_msr[im->kind])
		im->top_msr[im->kind] = index;
	x->msr = m;
	m[x->nr_msrs].index = index;
	m[x->nr_msrs].flags = 0;
	m[x->nr_msrs++].value = value;
	return 0;
}

int lvl_import_msr(struct lvl_import *im, uint32_t index, uint64_t value)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);
	int rc = current(im);

	if (rc)
		return rc;
	if (!m)
		return keep_msr(im, index, value);
	if (im->p->k[m->word] && (im->p->v[m->word] != (uint32_t)value ||
				  im->p->v[m->high] != (uint32_t)(value >> 32)))
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "MSR 0x%x again, with another value",
				       index);
	return lvl_policy_set_msr(im->p, index, value);
}

int lvl_import_field(struct lvl_import *im, unsigned field, uint64_t value)
{
	const struct lvl_field *f = &lvl_fields[field];
	int rc = current(im);

	if (rc)
		return rc;
	if (f->width < 64 && value >> f->width)
		return lvl_import_fail(im, LVL_E_RANGE,
				       "%s has %u bits: 0x%llx does not fit",
				       lvl_field_name(field), f->width,
				       (unsigned long long)value);
	lvl_set(im->p, field, value);
	return 0;
}

int lvl_import_feature(struct lvl_import *im, const char *name, size_t len,
		       unsigned who, int present)
{
	unsigned field;
	int rc = current(im);

	if (!rc)
		rc = lvl_field_find(name, len, who, &field);
	if (!rc)
		lvl_set(im->p, field, present != 0);
	return rc;
}

static int is_key(const char *key)
{
	const char *c = key;

	while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
	       (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.')
		c++;
	return c > key && !*c;
}

int lvl_import_fact(struct lvl_import *im, const char *key, const char *value)
{
	int rc = machine(im);

	if (rc)
		return rc;
	if (!is_key(key))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "'%.40s' is not a key: letters, digits, "
				       "'-', '_' and '.'",
				       key);
	if (!strcmp(key, "measured") && !lvl_measured_is(value))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.80s\" is no measurement of a "
				       "register",
				       value);
	if (!strcmp(key, "name")) {
		rc = lvl_desc_set_name(im->d, value);
		return rc ? no_memory(im) : 0;
	}
	return lvl_desc_add_fact(im->d, key, value) ? no_memory(im) : 0;
}

void lvl_import_hint(struct lvl_import *im, unsigned hint)
{
	if (!machine(im))
		im->d->hints |= hint;
}

/* -- delivering it -------------------------------------------------------- */

/* "cores-differ" facts: which fields, and what the common value is. */
static int report_cores(struct lvl_import *im)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word == LVL_NO_WORD ||
		    !(im->cores->differ[f->word] & f->mask))
			continue;
		im->d->hints |= LVL_HINT_CORES_DIFFER;
		if (lvl_desc_add_fact(im->d, "cores-differ", lvl_field_name(i)))
			return no_memory(im);
	}
	return 0;
}

/* The file's name, and from the second machine on "#2": for thousands. */
static int default_name(struct lvl_import *im)
{
	char name[400], number[12], *digit = number + sizeof(number);
	size_t len = strlen(im->name);
	unsigned n = im->machines + 1;

	if (im->d->name)
		return 0;
	*--digit = '\0';
	if (n > 1) {
		for (; n; n /= 10)
			*--digit = (char)('0' + n % 10);
		*--digit = '#';
	}
	if (len > 380)
		len = 380;
	memcpy(name, im->name, len);
	strcpy(name + len, digit);
	return lvl_desc_set_name(im->d, name) ? no_memory(im) : 0;
}

/* RAW rules on the last CPU, one policy of all CPUs. */
static int complete_raw(struct lvl_import *im)
{
	struct lvl_policy *raw = im->d->policy[LVL_KIND_RAW];
	int rc;

	if (!cores(im)) {
		clean_cpu(im);
		return 0;
	}
	rc = finish_cpu(im);
	if (rc)
		return rc;
	lvl_cores_read(im->cores, raw);
	lvl_raw_clean(raw, NULL, NULL); /* of what is left, too */
	return report_cores(im);
}

static int complete(struct lvl_import *im)
{
	struct lvl_desc *d = im->d;
	struct lvl_policy *host;
	unsigned k;
	int rc;

	if (im->cpus)
		d->nr_cpus = im->cpus;
	for (k = LVL_KIND_HOST; k < LVL_NR_KINDS; k++)
		if (d->policy[k] && k < LVL_KIND_SEEN)
			lvl_policy_normalise(d->policy[k], NULL);
		else if (d->policy[k])
			lvl_policy_clear_out_of_range(d->policy[k]);
	if (!d->policy[LVL_KIND_RAW])
		return 0;
	rc = complete_raw(im);
	if (rc || d->policy[LVL_KIND_HOST])
		return rc;
	host = lvl_desc_policy(d, LVL_KIND_HOST);
	if (!host)
		return no_memory(im);
	d->hints |= LVL_HINT_HOST_DERIVED;
	lvl_host_derive(host, d->policy[LVL_KIND_RAW], NULL);
	return 0;
}

static int deliver(struct lvl_import *im)
{
	struct lvl_desc *d = im->d;

	im->d = NULL;
	forget_machine(im);
	im->machines++;
	return im->each(im->arg, d);
}

/* A copy for a later lvl_import_again(): before it has a number for a name. */
static int keep_copy(struct lvl_import *im)
{
	im->d->twin = im->twin;
	if (!im->copy)
		return 0;
	*im->copy = lvl_desc_clone(im->d);
	return *im->copy ? 0 : no_memory(im);
}

/* What was measured of a machine's guests counts, not what was reported. */
static int adopt_measured(struct lvl_import *im)
{
	const char *line;

	if (!lvl_measured_adopt(im->d, &line))
		return 0;
	return lvl_import_fail(im, LVL_E_DUPLICATE,
			       "a register is measured twice: \"%.80s\"", line);
}

int lvl_import_done(struct lvl_import *im)
{
	int rc = machine(im);

	if (!rc)
		rc = complete(im);
	if (!rc)
		rc = adopt_measured(im);
	if (!rc)
		rc = keep_copy(im);
	if (!rc)
		rc = default_name(im);
	return rc ? rc : deliver(im);
}

int lvl_import_again(struct lvl_import *im, const struct lvl_desc *like)
{
	int rc;

	im->d = lvl_desc_clone(like);
	rc = im->d ? default_name(im) : no_memory(im);
	return rc ? rc : deliver(im);
}

/* -- whole files ---------------------------------------------------------- */

static const struct lvl_format *detect(const struct lvl_import *im)
{
	const char *head = im->buf + im->pos;
	size_t len = im->len - im->pos;
	const struct lvl_format *best = NULL;
	int score, most = 0;
	unsigned i;

	if (len >= 3 && !memcmp(head, "\xef\xbb\xbf", 3)) {
		head += 3; /* a UTF-8 byte order mark */
		len -= 3;
	}
	if (len > 8192)
		len = 8192;
	for (i = 0; lvl_formats[i]; i++) {
		score = lvl_formats[i]->probe(head, len);
		if (score > most) {
			most = score;
			best = lvl_formats[i];
		}
	}
	return best;
}

static int run(struct lvl_import *im, const struct lvl_format *format,
	       const struct lvl_format **used)
{
	int rc = 0;

	if (im->in)
		rc = lvl_import_fill_(im);
	if (rc)
		return rc;
	if (im->pos == im->len)
		return lvl_import_fail(im, LVL_E_EMPTY, "empty");
	if (!format)
		format = detect(im);
	if (!format)
		return lvl_import_fail(
			im, LVL_E_SYNTAX,
			"not a format that is known; "
			"`cpulevel import --formats` lists them");
	if (used)
		*used = format;
	rc = format->read(im);
	if (!rc && !im->machines)
		return lvl_import_fail(im, LVL_E_EMPTY,
				       "no machine in this %s file",
				       format->name);
	return rc;
}

static int import(struct lvl_import *im, const struct lvl_format *format,
		  const struct lvl_format **used)
{
	int rc = run(im, format, used);

	forget_machine(im);
	free(im->cores);
	free(im->buf);
	return rc;
}

int lvl_import_stream(const void *head, size_t len, FILE *in, const char *name,
		      const struct lvl_format *format, lvl_desc_fn *each,
		      void *arg, const struct lvl_format **used,
		      struct lvl_ferr *err)
{
	struct lvl_import im = {
		.name = name,
		.in = in,
		.each = each,
		.arg = arg,
		.err = err,
	};

	im.buf = malloc(len + 1);
	if (!im.buf)
		return no_memory(&im);
	if (len)
		memcpy(im.buf, head, len);
	im.len = len;
	im.size = len + 1;
	return import(&im, format, used);
}

int lvl_import_file(FILE *in, const char *name, const struct lvl_format *format,
		    lvl_desc_fn *each, void *arg,
		    const struct lvl_format **used, struct lvl_ferr *err)
{
	return lvl_import_stream(NULL, 0, in, name, format, each, arg, used,
				 err);
}

int lvl_import_memory(const void *data, size_t len, const char *name,
		      const struct lvl_format *format, lvl_desc_fn *each,
		      void *arg, const struct lvl_format **used,
		      struct lvl_ferr *err)
{
	return lvl_import_stream(data, len, NULL, name, format, each, arg, used,
				 err);
}

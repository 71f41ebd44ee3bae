/* SPDX-License-Identifier: MIT */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

/* A new row, cleared; NULL when memory is out. */
static struct diff_row *add(struct diff *d, enum diff_part part,
			    enum lvl_kind kind)
{
	struct diff_row *r = cli_grow(d->row, d->nr, &d->room, sizeof(*r));

	if (!r) {
		d->failed = 1;
		return NULL;
	}
	d->row = r;
	r = &d->row[d->nr++];
	memset(r, 0, sizeof(*r));
	r->part = part;
	r->kind = kind;
	r->field = LVL_NO_FIELD;
	return r;
}

/* -- field by field ------------------------------------------------------- */

/*
 * A field of one of several alike sub-leaves: only instance 0 has accessors,
 * and only MSR fields, which have one instance, run into the next word.
 */
static uint64_t get(const struct lvl_policy *p, unsigned field, unsigned i)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (!i)
		return lvl_get(p, field);
	return (p->v[f->word + 4 * i] & f->mask) >> f->lo;
}

static int known(const struct lvl_policy *p, unsigned field, unsigned i)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (!i)
		return lvl_known(p, field);
	return (p->k[f->word + 4 * i] & f->mask) == f->mask;
}

static void value(const struct lvl_policy *p, unsigned field, unsigned i,
		  char buf[DIFF_TEXT])
{
	char text[CLI_VALUE];

	strcpy(buf, cli_value(get(p, field, i), known(p, field, i), text));
}

static void place(unsigned field, unsigned i, char buf[DIFF_TEXT])
{
	const struct lvl_field *f = &lvl_fields[field];
	char first[CLI_PLACE];
	const struct lvl_word *w;

	cli_place(field, first);
	if (!i) {
		snprintf(buf, DIFF_TEXT, "%s", first);
		return;
	}
	w = &lvl_words[f->word + 4 * i];
	snprintf(buf, DIFF_TEXT, "0x%x:%u%s", w->id, w->subleaf,
		 strchr(first, '.'));
}

static enum diff_part part_of(unsigned field, int both_known)
{
	switch (lvl_fields[field].rule) {
	case LVL_FREE:
	case LVL_DYNAMIC:
	case LVL_PIN:
	case LVL_HIDDEN:
		return PART_OWN;
	default:
		return both_known ? PART_LEVELLED : PART_HALF;
	}
}

static void compare_field(struct diff *d, enum lvl_kind kind,
			  const struct lvl_policy *a,
			  const struct lvl_policy *b, unsigned field)
{
	unsigned i;

	for (i = 0; i < lvl_fields[field].instances; i++) {
		int ka = known(a, field, i), kb = known(b, field, i);
		struct diff_row *r;

		if (ka == kb && get(a, field, i) == get(b, field, i))
			continue;
		r = add(d, part_of(field, ka && kb), kind);
		if (!r)
			return;
		r->field = field;
		place(field, i, r->where);
		value(a, field, i, r->a);
		value(b, field, i, r->b);
	}
}

/* -- registers ------------------------------------------------------------ */

static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };

static void leaf_place(uint32_t leaf, uint32_t subleaf, unsigned reg,
		       char buf[DIFF_TEXT])
{
	if (subleaf == LVL_NO_SUBLEAF)
		snprintf(buf, DIFF_TEXT, "0x%x.%s", leaf, regs[reg]);
	else
		snprintf(buf, DIFF_TEXT, "0x%x:%u.%s", leaf, subleaf,
			 regs[reg]);
}

/* "?" where nothing is known, VALUE/KNOWN where some bits are. */
static void number(uint64_t v, uint64_t k, unsigned digits, char buf[DIFF_TEXT])
{
	if (!k)
		strcpy(buf, "?");
	else if (k == UINT64_MAX >> (64 - 4 * digits))
		snprintf(buf, DIFF_TEXT, "0x%0*llx", (int)digits,
			 (unsigned long long)v);
	else
		snprintf(buf, DIFF_TEXT, "0x%0*llx/0x%0*llx", (int)digits,
			 (unsigned long long)v, (int)digits,
			 (unsigned long long)k);
}

static int word_differs(const struct lvl_policy *a, const struct lvl_policy *b,
			unsigned w)
{
	return a->v[w] != b->v[w] || a->k[w] != b->k[w];
}

static void put_word(struct diff_row *r, const struct lvl_policy *a,
		     const struct lvl_policy *b, unsigned w)
{
	if (!r)
		return;
	number(a->v[w], a->k[w], 8, r->a);
	number(b->v[w], b->k[w], 8, r->b);
}

static void compare_leaves(struct diff *d, enum lvl_kind kind,
			   const struct lvl_policy *a,
			   const struct lvl_policy *b)
{
	unsigned i, reg;

	for (i = 0; i < 4 * LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i / 4];
		struct diff_row *r;

		reg = i % 4;
		if (!word_differs(a, b, l->word[reg]))
			continue;
		r = add(d, PART_REGISTER, kind);
		if (r)
			leaf_place(l->leaf, l->subleaf, reg, r->where);
		put_word(r, a, b, l->word[reg]);
	}
}

static uint64_t both(const uint32_t *half, const struct lvl_msr_words *m)
{
	return (uint64_t)half[m->high] << 32 | half[m->word];
}

static void compare_msrs(struct diff *d, enum lvl_kind kind,
			 const struct lvl_policy *a, const struct lvl_policy *b)
{
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];
		struct diff_row *r;

		if (!word_differs(a, b, m->word) &&
		    !word_differs(a, b, m->high))
			continue;
		r = add(d, PART_REGISTER, kind);
		if (!r)
			return;
		snprintf(r->where, DIFF_TEXT, "msr 0x%x", m->index);
		number(both(a->v, m), both(a->k, m), 16, r->a);
		number(both(b->v, m), both(b->k, m), 16, r->b);
	}
}

static void compare_states(struct diff *d, enum lvl_kind kind,
			   const struct lvl_policy *a,
			   const struct lvl_policy *b)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		struct diff_row *r;

		if (lvl_words[w].place != LVL_PLACE_STATE ||
		    !word_differs(a, b, w))
			continue;
		r = add(d, PART_REGISTER, kind);
		if (r)
			snprintf(r->where, DIFF_TEXT, "%s",
				 lvl_field_name(lvl_words[w].first));
		put_word(r, a, b, w);
	}
}

/* -- what the registry does not have -------------------------------------- */

/* Which bits belong to fields; found once. */
static const uint32_t *named_bits(void)
{
	static uint32_t named[LVL_NR_WORDS];
	static int found;
	unsigned i, j;

	for (i = 0; !found && i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		unsigned end = f->lo + f->width;

		for (j = 0; j < f->instances; j++)
			named[f->word + 4 * j] |= f->mask;
		if (f->word != LVL_NO_WORD && end > 32)
			named[f->word + 1] |= 0xffffffffu >> (64 - end);
	}
	found = 1;
	return named;
}

static void word_place(unsigned w, char buf[DIFF_TEXT])
{
	const struct lvl_word *word = &lvl_words[w];

	if (word->place <= LVL_PLACE_EDX)
		leaf_place(word->id, word->subleaf, word->place, buf);
	else
		snprintf(buf, DIFF_TEXT, "msr 0x%x[%s]", word->id,
			 word->place == LVL_PLACE_MSR_HI ? "63:32" : "31:0");
}

static void compare_unnamed(struct diff *d, enum lvl_kind kind,
			    const struct lvl_policy *a,
			    const struct lvl_policy *b)
{
	const uint32_t *named = named_bits();
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t rest = ~named[w];
		struct diff_row *r;

		if (!((a->v[w] ^ b->v[w]) & rest) &&
		    !((a->k[w] ^ b->k[w]) & rest))
			continue;
		r = add(d, PART_UNNAMED, kind);
		if (!r)
			return;
		word_place(w, r->where);
		number(a->v[w] & rest, a->k[w] & rest ? 0xffffffffu : 0, 8,
		       r->a);
		number(b->v[w] & rest, b->k[w] & rest ? 0xffffffffu : 0, 8,
		       r->b);
	}
}

static const struct lvl_leaf *find_leaf(const struct lvl_extra *x,
					const struct lvl_leaf *like)
{
	size_t i;

	for (i = 0; i < x->nr_leaves; i++)
		if (x->leaf[i].leaf == like->leaf &&
		    x->leaf[i].subleaf == like->subleaf)
			return &x->leaf[i];
	return NULL;
}

static const struct lvl_msr *find_msr(const struct lvl_extra *x, uint32_t index)
{
	size_t i;

	for (i = 0; i < x->nr_msrs; i++)
		if (x->msr[i].index == index)
			return &x->msr[i];
	return NULL;
}

/* One leaf that A, B or both have beyond the registry. */
static void extra_leaf(struct diff *d, enum lvl_kind kind,
		       const struct lvl_leaf *a, const struct lvl_leaf *b)
{
	const struct lvl_leaf *l = a ? a : b;
	unsigned i;

	for (i = 0; i < 4; i++) {
		struct diff_row *r;

		if (a && b && a->reg[i] == b->reg[i])
			continue;
		r = add(d, PART_UNNAMED, kind);
		if (!r)
			return;
		leaf_place(l->leaf, l->subleaf, i, r->where);
		number(a ? a->reg[i] : 0, a ? 0xffffffffu : 0, 8, r->a);
		number(b ? b->reg[i] : 0, b ? 0xffffffffu : 0, 8, r->b);
	}
}

static void extra_msr(struct diff *d, enum lvl_kind kind,
		      const struct lvl_msr *a, const struct lvl_msr *b)
{
	struct diff_row *r;

	if (a && b && a->value == b->value)
		return;
	r = add(d, PART_UNNAMED, kind);
	if (!r)
		return;
	snprintf(r->where, DIFF_TEXT, "msr 0x%x", (a ? a : b)->index);
	number(a ? a->value : 0, a ? UINT64_MAX : 0, 16, r->a);
	number(b ? b->value : 0, b ? UINT64_MAX : 0, 16, r->b);
}

static void compare_extra(struct diff *d, enum lvl_kind kind,
			  const struct lvl_extra *a, const struct lvl_extra *b)
{
	size_t i;

	for (i = 0; i < a->nr_leaves; i++)
		extra_leaf(d, kind, &a->leaf[i], find_leaf(b, &a->leaf[i]));
	for (i = 0; i < b->nr_leaves; i++)
		if (!find_leaf(a, &b->leaf[i]))
			extra_leaf(d, kind, NULL, &b->leaf[i]);
	for (i = 0; i < a->nr_msrs; i++)
		extra_msr(d, kind, &a->msr[i], find_msr(b, a->msr[i].index));
	for (i = 0; i < b->nr_msrs; i++)
		if (!find_msr(a, b->msr[i].index))
			extra_msr(d, kind, NULL, &b->msr[i]);
}

/* -- the whole ------------------------------------------------------------ */

void diff_compare(struct diff *d, enum lvl_kind ka, enum lvl_kind kb, int raw)
{
	const struct lvl_policy *a = d->a->policy[ka], *b = d->b->policy[kb];
	unsigned i;

	d->kind[d->nr_kinds++] = ka;
	if (raw) {
		compare_leaves(d, ka, a, b);
		compare_msrs(d, ka, a, b);
		compare_states(d, ka, a, b);
	} else {
		for (i = 0; i < LVL_NR_FIELDS; i++)
			compare_field(d, ka, a, b, i);
		compare_unnamed(d, ka, a, b);
	}
	compare_extra(d, ka, &d->a->extra[ka], &d->b->extra[kb]);
}

/* SPDX-License-Identifier: MIT */
#include "measured.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };

int lvl_measured_add(struct lvl_desc *d, const struct lvl_measured *m)
{
	char text[120], sub[16];
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_NR_WORDS && !rc; i++) {
		const struct lvl_word *w = &lvl_words[i];

		if (!m->done[i])
			continue;
		strcpy(sub, "-");
		if (w->subleaf != LVL_NO_SUBLEAF)
			snprintf(sub, sizeof(sub), "0x%02" PRIx32, w->subleaf);
		snprintf(text, sizeof(text),
			 "0x%08" PRIx32 "/%s.%s done 0x%08" PRIx32
			 " pinned 0x%08" PRIx32 " never 0x%08" PRIx32,
			 w->id, sub, registers[w->place], m->done[i],
			 m->pinned[i], m->never[i]);
		rc = lvl_desc_add_fact(d, "measured", text);
	}
	return rc;
}

/* The word of a line, or LVL_NO_WORD. */
static unsigned read_line(const char *text, uint32_t bits[3])
{
	uint32_t leaf, subleaf = LVL_NO_SUBLEAF;
	char sub[16], reg[4];
	unsigned i;
	int end = 0;

	if (sscanf(text,
		   "0x%8" SCNx32 "/%15[^.].%3s done 0x%8" SCNx32
		   " pinned 0x%8" SCNx32 " never 0x%8" SCNx32 "%n",
		   &leaf, sub, reg, &bits[0], &bits[1], &bits[2], &end) != 6 ||
	    text[end])
		return LVL_NO_WORD;
	if (strcmp(sub, "-") != 0 &&
	    (sscanf(sub, "0x%8" SCNx32 "%n", &subleaf, &end) != 1 || sub[end]))
		return LVL_NO_WORD;
	if ((bits[1] | bits[2]) & ~bits[0])
		return LVL_NO_WORD;
	for (i = 0; i < LVL_COUNT(registers); i++)
		if (!strcmp(registers[i], reg))
			return lvl_word_of_leaf(leaf, subleaf, i);
	return LVL_NO_WORD;
}

int lvl_measured_is(const char *value)
{
	uint32_t bits[3];

	return read_line(value, bits) != LVL_NO_WORD;
}

int lvl_measured_read(const struct lvl_desc *d, struct lvl_measured *m,
		      const char **line)
{
	struct lvl_measured found;
	uint32_t bits[3];
	int any = 0;
	size_t i;

	memset(&found, 0, sizeof(found));
	for (i = 0; i < d->nr_facts; i++) {
		unsigned w;

		if (strcmp(d->fact[i].key, "measured") != 0)
			continue;
		w = read_line(d->fact[i].value, bits);
		if (w == LVL_NO_WORD || found.done[w]) {
			*line = d->fact[i].value;
			return -LVL_E_DUPLICATE;
		}
		found.done[w] = bits[0];
		found.pinned[w] = bits[1];
		found.never[w] = bits[2];
		any = 1;
	}
	if (any)
		*m = found;
	return any;
}

static int holds(const struct lvl_field *f, const struct lvl_measured *m)
{
	uint32_t fixed;

	if (f->word == LVL_NO_WORD)
		return 0;
	fixed = m->pinned[f->word] | m->never[f->word];
	switch (f->rule) {
	case LVL_AND:
	case LVL_MIN:
	case LVL_MAX:
	case LVL_EQUAL:
		return !(f->mask & ~fixed);
	case LVL_OR:
		return !(f->mask & ~m->pinned[f->word]);
	default:
		return 0;
	}
}

static void adopt(struct lvl_policy *p, const struct lvl_measured *m)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (!holds(f, m))
			continue;
		p->v[f->word] &= ~f->mask;
		p->v[f->word] |= m->pinned[f->word] & f->mask;
		p->k[f->word] |= f->mask;
	}
}

int lvl_measured_adopt(struct lvl_desc *d, const char **line)
{
	static const enum lvl_kind kinds[] = { LVL_KIND_HVM_MAX,
					       LVL_KIND_HVM_DEFAULT };
	struct lvl_measured m;
	unsigned i;
	int rc = lvl_measured_read(d, &m, line);

	for (i = 0; rc > 0 && i < LVL_COUNT(kinds); i++)
		if (d->policy[kinds[i]])
			adopt(d->policy[kinds[i]], &m);
	return rc < 0 ? rc : 0;
}

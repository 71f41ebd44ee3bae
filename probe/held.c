/* SPDX-License-Identifier: MIT */
#include "held.h"

#include "core/severity.h"

uint32_t probe_decided(const struct lvl_policy *p, unsigned word)
{
	return p->k[word] & lvl_masks[LVL_MASK_NAMED][word] &
	       ~lvl_masks[LVL_MASK_DYNAMIC][word];
}

static void tell(struct probe_held *h, unsigned field, uint64_t held)
{
	const struct lvl_finding f = {
		.severity = lvl_severity_(field, LVL_R_DIFFERS),
		.reason = LVL_R_DIFFERS,
		.field = field,
		.word = lvl_fields[field].word,
		.guest = lvl_get(h->p, field),
		.host = held,
		.edge = LVL_NO_FIELD,
		.sure = 1,
	};

	h->differs = 1;
	if (h->each)
		h->each(h->arg, &f);
}

void probe_held_word(struct probe_held *h, unsigned word, uint32_t held)
{
	const struct lvl_word *w = &lvl_words[word];
	uint32_t wrong = (h->p->v[word] ^ held) & probe_decided(h->p, word);
	unsigned i;

	for (i = w->first; wrong && i < (unsigned)w->first + w->count; i++)
		if (lvl_fields[i].mask & wrong)
			tell(h, i,
			     (held & lvl_fields[i].mask) >> lvl_fields[i].lo);
}

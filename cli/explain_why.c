/* SPDX-License-Identifier: MIT */
/* Why a field is as it is in the host policy: one sentence. */
#include "explain.h"

#include "core/clause.h"

#include <string.h>

static const struct lvl_change *last_change(const struct explain *e,
					    unsigned field)
{
	size_t i = e->nr;

	while (i--)
		if (e->change[i].field == field)
			return &e->change[i];
	return NULL;
}

/* Values that this field owns and that nobody knows, the first few. */
static void missing(const struct lvl_policy *raw, unsigned field, char *buf,
		    size_t size)
{
	unsigned i, j, nr = 0;
	size_t n = 0;

	*buf = '\0';
	for (i = 0; i < LVL_NR_FIELDS && nr < 4; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		const struct lvl_clause *o = &lvl_clauses[f->owner];
		int owned = 0;

		for (j = 0; f->owner && j < o->count; j++)
			owned |= lvl_atoms[o->first + j].field == field;
		if (!owned || f->word == LVL_NO_WORD || lvl_known(raw, i))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
				      nr ? ", " : " (",
				      nr < 3 ? lvl_field_name(i) : "...");
		nr++;
	}
	if (nr)
		snprintf(buf + n, size - n, ")");
}

/* The value was there and a rule took it. */
static void because_rule(const struct lvl_policy *raw,
			 const struct lvl_change *c, char *buf)
{
	char text[EXPLAIN_TEXT], which[160];

	if (c->cause != LVL_NO_FIELD) {
		snprintf(buf, EXPLAIN_WHY, "%s (%s): %s is %s; %s",
			 c->rule->name, explain_change(c, text),
			 lvl_field_name(c->cause),
			 c->known & 2 ? "not there" : "not known",
			 explain_reason(c));
		return;
	}
	*which = '\0';
	if (!(c->known & 2))
		missing(raw, c->field, which, sizeof(which));
	snprintf(buf, EXPLAIN_WHY, "%s (%s), %s: %s%s", c->rule->name,
		 explain_change(c, text), c->rule->what, c->rule->why, which);
}

/* Beyond the last leaf that the CPU has?  The maximum as a policy says it. */
static int beyond(const struct lvl_policy *raw, const struct lvl_word *w,
		  uint32_t *max)
{
	unsigned at = lvl_word_of_leaf(w->id & 0xffff0000u, 0, 0);

	if (w->place > LVL_PLACE_EDX || at == LVL_NO_WORD ||
	    raw->k[at] != 0xffffffffu)
		return 0;
	*max = raw->v[at];
	return w->id > *max;
}

static void because_raw(const struct lvl_policy *raw, unsigned field, char *buf)
{
	const struct lvl_word *w = &lvl_words[lvl_fields[field].word];
	char text[EXPLAIN_TEXT], place[CLI_PLACE];
	uint32_t max;

	cli_place(field, place);
	if (w->place == LVL_PLACE_STATE && !lvl_known(raw, field))
		snprintf(buf, EXPLAIN_WHY,
			 "the description does not tell it, "
			 "and no CPUID bit does");
	else if (!lvl_known(raw, field))
		snprintf(buf, EXPLAIN_WHY, "%s is not in the description",
			 place);
	else if (lvl_get(raw, field))
		snprintf(buf, EXPLAIN_WHY, "the CPU says %s in %s",
			 explain_value(raw, field, text), place);
	else if (beyond(raw, w, &max))
		snprintf(buf, EXPLAIN_WHY,
			 "not in the CPU: its last leaf is 0x%x, before %s",
			 max, place);
	else
		snprintf(buf, EXPLAIN_WHY, "not in the CPU: %s is 0", place);
}

/* Chains that are stored as one number and told as bits (core/finalise.c). */
static unsigned computed_from(unsigned field)
{
	switch (field) {
	case LVL_F_RTM:
	case LVL_F_RTM_ALWAYS_ABORT:
		return LVL_F_TSX;
	case LVL_F_RSBA:
	case LVL_F_RRSBA:
		return LVL_F_RET_ALTERNATE;
	default:
		return LVL_NO_FIELD;
	}
}

unsigned explain_cause(const struct explain *e, unsigned field)
{
	const struct lvl_change *c = last_change(e, field);

	if (computed_from(field) != LVL_NO_FIELD)
		return computed_from(field);
	return c ? c->cause : LVL_NO_FIELD;
}

/* Derived fields are computed last, by no rule of the trail. */
static void because_derived(const struct lvl_policy *host, unsigned field,
			    char *buf)
{
	char a[EXPLAIN_CLAUSE], b[EXPLAIN_CLAUSE], text[EXPLAIN_TEXT];
	unsigned i, from = computed_from(field);

	if (from == LVL_NO_FIELD)
		snprintf(buf, EXPLAIN_WHY,
			 "computed from other fields of the policy");
	else
		snprintf(buf, EXPLAIN_WHY, "computed from %s, which is %s",
			 lvl_field_name(from), explain_value(host, from, text));
	for (i = 0; i < LVL_NR_MIRRORS; i++) {
		const struct lvl_mirror *m = &lvl_mirrors[i];

		if (m->field != field)
			continue;
		explain_clause(m->clause[0], a);
		explain_clause(m->clause[1], b);
		snprintf(buf, EXPLAIN_WHY,
			 "computed: 1 where there is %.200s"
			 "%s%.200s; here it is %s",
			 a, m->clause[1] ? " and " : "", m->clause[1] ? b : "",
			 !lvl_known(host, field) ? "not known"
			 : lvl_has(host, field)  ? "so"
						 : "not so");
	}
}

const char *explain_why(const struct explain *e, unsigned field,
			char buf[EXPLAIN_WHY])
{
	const struct lvl_policy *raw = e->d->policy[LVL_KIND_RAW];
	const struct lvl_policy *host = e->d->policy[LVL_KIND_HOST];
	const struct lvl_change *c = last_change(e, field);

	if (lvl_fields[field].word == LVL_NO_WORD)
		snprintf(buf, EXPLAIN_WHY,
			 "in the registry, but policies do "
			 "not hold it");
	else if (!raw)
		snprintf(buf, EXPLAIN_WHY,
			 "the description has no raw policy: "
			 "what is there was reported as it "
			 "is");
	else if (host && !(e->d->hints & LVL_HINT_HOST_DERIVED))
		snprintf(buf, EXPLAIN_WHY,
			 "the host policy was reported as it "
			 "is, not made from raw");
	else if (host && lvl_fields[field].rule == LVL_DERIVED)
		because_derived(host, field, buf);
	else if (c)
		because_rule(raw, c, buf);
	else
		because_raw(raw, field, buf);
	return buf;
}

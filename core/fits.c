/* SPDX-License-Identifier: MIT */
#include <cpulevel/check.h>

#include "clause.h"
#include "severity.h"
#include "tables.h"

const char *const lvl_severity_names[LVL_NR_SEVERITIES] = {
	"fatal", "security", "leak", "slow", "info",
};

static const char *const reasons[LVL_NR_REASONS] = {
	[LVL_R_MISSING] = "the host does not have it",
	[LVL_R_UNTOLD] = "it holds on the host and the guest was not told",
	[LVL_R_TOO_HIGH] = "the guest was promised more than the host has",
	[LVL_R_TOO_LOW] = "the guest was told less than the host needs",
	[LVL_R_DIFFERS] = "it must be the same on both",
	[LVL_R_NOT_ALLOWED] = "the host does not allow what the guest may use",
	[LVL_R_UNKNOWN_GUEST] = "not known what the guest has",
	[LVL_R_UNKNOWN_HOST] = "not known what the host has",
	[LVL_R_LEAK_DIFFERS] =
		"cannot be hidden, and the host behaves otherwise",
	[LVL_R_REQUIREMENT] = "what it needs is not there",
	[LVL_R_NO_CARRIER] = "the feature that gives it a meaning is not there",
	[LVL_R_UNNAMED_BIT] = "a bit that the registry does not name",
	[LVL_R_HIDDEN_SHOWN] = "no guest may see it",
	[LVL_R_DERIVED_WRONG] = "it does not follow from the other fields",
	[LVL_R_OUT_OF_RANGE] = "beyond the maximum leaf",
	[LVL_R_EMPTY_PAIR] = "no value is allowed",
};

const char *lvl_reason_text(enum lvl_reason reason)
{
	return (unsigned)reason < LVL_NR_REASONS ? reasons[reason]
						 : "no such reason";
}

struct fitting {
	const struct lvl_policy *g, *h;
	lvl_finding_fn *each;
	void *arg;
	int no, unknown;
	uint8_t asked[2][LVL_NR_CLAUSES]; /* carriers: 1 + the truth */
};

/* Is what carries a value there?  Many values share few carriers. */
static enum lvl_truth there(struct fitting *x, int of_host, unsigned clause)
{
	uint8_t *asked = &x->asked[of_host][clause];

	if (!*asked)
		*asked = (uint8_t)(1 +
				   lvl_there_(of_host ? x->h : x->g, clause));
	return (enum lvl_truth)(*asked - 1);
}

static void found(struct fitting *x, unsigned field, enum lvl_reason reason,
		  int sure)
{
	struct lvl_finding f = {
		.severity = lvl_severity_(field, reason),
		.reason = reason,
		.field = field,
		.word = lvl_fields[field].word,
		.guest = lvl_get(x->g, field),
		.host = lvl_get(x->h, field),
		.edge = LVL_NO_FIELD,
		.sure = sure,
	};

	if (f.severity <= LVL_SECURITY) {
		x->no |= sure;
		x->unknown |= !sure;
	}
	if (x->each)
		x->each(x->arg, &f);
}

/*
 * A misfit that holds only if unknown bits are so: which side is unknown?
 * A guest without the carrier has nothing to fit and does not get here; a
 * host without it has been told of the missing carrier already.
 */
static void misfit(struct fitting *x, unsigned field, enum lvl_reason reason)
{
	unsigned carrier = lvl_fields[field].carrier;
	enum lvl_truth carried = there(x, 0, carrier);
	int g = lvl_known(x->g, field), h = lvl_known(x->h, field);

	if (there(x, 1, carrier) == LVL_FALSE)
		return;
	if (!g)
		reason = LVL_R_UNKNOWN_GUEST;
	else if (!h)
		reason = LVL_R_UNKNOWN_HOST;
	found(x, field, reason, g && h && carried == LVL_TRUE);
}

/* -- rule by rule --------------------------------------------------------- */

/* Chosen for the VM, whatever the host has: unknown is no constraint. */
static int chosen(const struct lvl_field *f)
{
	return f->synth == LVL_SYNTH_VM;
}

/* Bits of an `and` field that the guest may have and the host may lack. */
static void fit_and(struct fitting *x, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint32_t g = x->g->v[f->word], gk = x->g->k[f->word];
	uint32_t h = x->h->v[f->word], hk = x->h->k[f->word];
	uint32_t may = (g | ~gk) & ~h & f->mask;

	if (!may || (chosen(f) && !(gk & hk & may)))
		return;
	if (g & gk & hk & may)
		found(x, field, LVL_R_MISSING, 1);
	else
		found(x, field,
		      g & may ? LVL_R_UNKNOWN_HOST : LVL_R_UNKNOWN_GUEST, 0);
}

static void fit_or(struct fitting *x, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint32_t host = x->h->v[f->word] | ~x->h->k[f->word];

	if (host & ~x->g->v[f->word] & f->mask)
		misfit(x, field, LVL_R_UNTOLD);
}

/* The largest value that a field can hold. */
static uint64_t most(unsigned field)
{
	return 0xffffffffu >> (32 - lvl_fields[field].width);
}

/*
 * Upwards: the guest's may not exceed the host's; else not fall below.  What
 * is not known is the worst it can be: then is there a misfit?
 */
static void fit_number(struct fitting *x, unsigned field, int up,
		       enum lvl_reason reason)
{
	int gk = lvl_known(x->g, field), hk = lvl_known(x->h, field);
	uint64_t g = lvl_get(x->g, field), h = lvl_get(x->h, field);

	if (!(gk && hk) && chosen(&lvl_fields[field]))
		return;
	if (!gk)
		g = up ? most(field) : 0;
	if (!hk)
		h = up ? 0 : most(field);
	if (up ? g > h : g < h)
		misfit(x, field, reason);
}

static void fit_equal(struct fitting *x, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (lvl_known(x->g, field) && lvl_known(x->h, field) &&
	    lvl_get(x->g, field) == lvl_get(x->h, field))
		return;
	if ((f->flags & LVL_FIELD_ZERO_NONE) && lvl_known(x->g, field) &&
	    !lvl_get(x->g, field))
		return;
	misfit(x, field, LVL_R_DIFFERS);
}

/* One-bit ends are capabilities (upper) and hazards (lower). */
static void fit_pair(struct fitting *x, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	fit_number(x, field, (f->flags & LVL_FIELD_UPPER) != 0,
		   LVL_R_NOT_ALLOWED);
}

static void fit_leak(struct fitting *x, unsigned field)
{
	if (lvl_known(x->g, field) && lvl_known(x->h, field) &&
	    lvl_get(x->g, field) != lvl_get(x->h, field))
		misfit(x, field, LVL_R_LEAK_DIFFERS);
}

static void fit_field(struct fitting *x, unsigned field)
{
	switch ((enum lvl_rule)lvl_fields[field].rule) {
	case LVL_AND:
		fit_and(x, field);
		break;
	case LVL_OR:
		fit_or(x, field);
		break;
	case LVL_MIN:
		fit_number(x, field, 1, LVL_R_TOO_HIGH);
		break;
	case LVL_MAX:
		fit_number(x, field, 0, LVL_R_TOO_LOW);
		break;
	case LVL_EQUAL:
		fit_equal(x, field);
		break;
	case LVL_PAIR:
		fit_pair(x, field);
		break;
	case LVL_LEAK:
		fit_leak(x, field);
		break;
	case LVL_PIN:
	case LVL_DERIVED:
	case LVL_DYNAMIC:
	case LVL_FREE:
	case LVL_HIDDEN:
	case LVL_NR_RULES:
		break;
	}
}

/*
 * Bits of a word that may be a misfit.  Equal known bits never are, whatever
 * their rule; unknown bits may be.
 */
static uint32_t suspicious(const struct lvl_policy *g,
			   const struct lvl_policy *h,
			   const struct lvl_fit_word *j)
{
	uint32_t gv = g->v[j->word], gk = g->k[j->word];
	uint32_t hv = h->v[j->word], hk = h->k[j->word];
	uint32_t differ = gv ^ hv, known = gk & hk;

	if (!(differ | ~known))
		return 0;
	return (((gv | ~gk) & ~hv & j->and_bits) |
		((hv | ~hk) & ~gv & j->or_bits) |
		((differ | ~known) & j->same) | (differ & known & j->leaks)) &
	       (known | ~j->chosen);
}

static void fit_word(struct fitting *x, unsigned w, uint32_t bits)
{
	const struct lvl_word *word = &lvl_words[w];
	unsigned i;

	for (i = 0; bits && i < word->count; i++) {
		const struct lvl_field *f = &lvl_fields[word->first + i];

		/* what means nothing to the guest need not fit */
		if (bits & f->mask && (f->rule == LVL_AND ||
				       there(x, 0, f->carrier) != LVL_FALSE))
			fit_field(x, word->first + i);
		bits &= ~f->mask;
	}
}

enum lvl_verdict lvl_fits(const struct lvl_policy *guest,
			  const struct lvl_policy *host, lvl_finding_fn *each,
			  void *arg)
{
	struct fitting x = { .g = guest, .h = host, .each = each, .arg = arg };
	const struct lvl_fit_word *j = lvl_fit_words;

	for (; j < lvl_fit_words + lvl_nr_ordered; j++) {
		uint32_t bits = suspicious(guest, host, j);

		if (bits & ~j->and_bits && j->carrier &&
		    there(&x, 0, j->carrier) == LVL_FALSE)
			bits &= j->and_bits;
		if (bits)
			fit_word(&x, j->word, bits);
	}
	return x.no ? LVL_NO : x.unknown ? LVL_UNKNOWN : LVL_YES;
}

void lvl_arrival(struct lvl_policy *arrival, const struct lvl_policy *max,
		 const struct lvl_policy *states)
{
	unsigned i;

	*arrival = *max;
	for (i = 0; i < lvl_nr_statements; i++) {
		unsigned field = lvl_statements[i];

		if (lvl_clause_(states, lvl_fields[field].carrier) != LVL_TRUE)
			continue;
		if (lvl_known(states, field))
			lvl_set(arrival, field, lvl_get(states, field));
		else
			lvl_forget(arrival, field);
	}
}

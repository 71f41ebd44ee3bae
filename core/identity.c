/* SPDX-License-Identifier: MIT */
#include <cpulevel/topology.h>

#include "clause.h"
#include "finalise.h"
#include "fold.h"

static int same_vendor(const struct lvl_policy *a, const struct lvl_policy *b,
		       struct lvl_err *err)
{
	static const uint16_t id[] = { LVL_F_VENDOR_0, LVL_F_VENDOR_1,
				       LVL_F_VENDOR_2 };
	unsigned i;

	for (i = 0; i < LVL_COUNT(id); i++)
		if (!lvl_known(a, id[i]) || !lvl_known(b, id[i]))
			return lvl_fail_field(err, LVL_E_INVALID, id[i]);
	for (i = 0; i < LVL_COUNT(id); i++)
		if (lvl_get(a, id[i]) != lvl_get(b, id[i]))
			return lvl_fail_field(err, LVL_E_VENDOR, id[i]);
	return 0;
}

/* What the policy says of itself must be within its maxima. */
static void reach_pins(struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < lvl_nr_pinned; i++) {
		unsigned w = lvl_pinned[i];

		if (lvl_words[w].place <= LVL_PLACE_EDX &&
		    p->v[w] & lvl_masks[LVL_MASK_PIN][w])
			lvl_reach_(p, lvl_words[w].id);
	}
}

int lvl_identity(struct lvl_policy *p, const struct lvl_policy *donor,
		 struct lvl_err *err)
{
	int rc = same_vendor(p, donor, err);
	unsigned i;

	if (rc)
		return rc;
	for (i = 0; i < lvl_nr_pinned; i++) {
		unsigned w = lvl_pinned[i];
		uint32_t pin = lvl_masks[LVL_MASK_PIN][w];

		p->v[w] = (p->v[w] & ~pin) | (donor->v[w] & pin);
		p->k[w] = (p->k[w] & ~pin) | (donor->k[w] & pin);
	}
	lvl_drop_pins_(p, 0);
	lvl_copy_identity_(p);
	reach_pins(p);
	return 0;
}

void lvl_forget_pins_(struct lvl_policy *p, const struct lvl_policy *donor)
{
	unsigned i, k;

	for (i = 0; i < LVL_NR_PINS; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_pins[i]];

		if (lvl_clause_(p, f->carrier) == LVL_FALSE)
			continue;
		for (k = 0; k < f->instances; k++) {
			unsigned w = f->word + 4u * k;

			p->k[w] &= ~(f->mask & ~donor->k[w]);
		}
	}
	lvl_copy_identity_(p);
}

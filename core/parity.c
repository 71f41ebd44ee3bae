/* SPDX-License-Identifier: MIT */
/*
 * The instruction set that CPUs of different vendors share.  It is no level:
 * identity, XSAVE layout, mitigations and numbers differ, so that a guest
 * cannot move; it is what software may be built for.
 */
#include <cpulevel/level.h>

#include "clause.h"

static int kept(const struct lvl_field *f)
{
	return f->rule == LVL_AND && f->word != LVL_NO_WORD &&
	       (f->klass == LVL_ISA || f->klass == LVL_HINT ||
		f->klass == LVL_KERNEL);
}

int lvl_fold_read_parity(const struct lvl_fold *f, struct lvl_policy *level,
			 struct lvl_status *status)
{
	struct lvl_policy p;
	unsigned i;

	if (status) {
		status->none_field = LVL_NO_FIELD;
		status->nr_conflicts = status->nr_incomplete = 0;
	}
	if (!f->n)
		return -LVL_E_EMPTY;
	lvl_policy_clear(&p);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *d = &lvl_fields[i];

		if (!kept(d))
			continue;
		p.v[d->word] |= f->and_low[d->word] & f->cap[d->word] & d->mask;
		p.k[d->word] |= d->mask;
	}
	lvl_interior(&p, NULL);
	*level = p;
	return 0;
}

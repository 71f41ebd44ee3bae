/* SPDX-License-Identifier: MIT */
#include "trail.h"

/* Every field in which two policies differ, told as a change of one rule. */
static void tell(const struct lvl_rule_info *rule,
		 const struct lvl_policy *before,
		 const struct lvl_policy *after, const struct lvl_trail *trail)
{
	struct lvl_change c = {
		.rule = rule,
		.cause = LVL_NO_FIELD,
		.edge = LVL_NO_FIELD,
	};
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		c.field = i;
		c.before = lvl_get(before, i);
		c.after = lvl_get(after, i);
		c.known = (unsigned)lvl_known(before, i) |
			  (unsigned)lvl_known(after, i) << 1;
		if (c.before != c.after || c.known == 1 || c.known == 2)
			trail->each(trail->arg, &c);
	}
}

void lvl_apply_rules_(const struct lvl_rule_step *rule, unsigned count,
		      struct lvl_context *c, const struct lvl_trail *trail)
{
	struct lvl_policy before;
	unsigned i;

	for (i = 0; i < count; i++) {
		if (rule[i].vendors && !(rule[i].vendors & c->vendor))
			continue;
		if (trail && trail->each)
			before = *c->p;
		rule[i].apply(c);
		if (trail && trail->each)
			tell(&rule[i].info, &before, c->p, trail);
	}
}

/* SPDX-License-Identifier: MIT */
/* One loop applies named rules and says what each of them changed. */
#ifndef LVL_CORE_TRAIL_H
#define LVL_CORE_TRAIL_H

#include <cpulevel/derive.h>

struct lvl_context {
	struct lvl_policy *p;         /* what the rule changes */
	const struct lvl_policy *raw; /* what the machine said */
	const struct lvl_capture *capture;
	unsigned vendor; /* LVL_VENDOR_..., 0: not known */
	/* of derivations: raw is the host */
	enum lvl_guest kind;
	const struct lvl_platform *platform;
	const struct lvl_domain *domain;
	const struct lvl_policy *max;
};

struct lvl_rule_step {
	struct lvl_rule_info info;
	unsigned vendors; /* only these; 0: all */
	void (*apply)(struct lvl_context *c);
};

void lvl_apply_rules_(const struct lvl_rule_step *rule, unsigned count,
		      struct lvl_context *c, const struct lvl_trail *trail);

#endif

/* SPDX-License-Identifier: MIT */
/* The old options that lower the whole machine. */
#include <cpulevel/hv.h>

#include "hv.h"

void lvl_params_init(struct lvl_params *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->mask, 0xff, sizeof(p->mask));
}

int lvl_params_apply_(const struct lvl_params *params, struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < params->nr_drops; i++)
		lvl_set(p, params->drop[i], 0);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A build without libyaml. */
#include "fleet_plan.h"

int plan_read(const char *file, struct plan *p)
{
	(void)p;
	cli_error("%s: this build reads no plans (libyaml)", file);
	return EXIT_INPUT;
}

void plan_free(struct plan *p)
{
	(void)p;
}

/* SPDX-License-Identifier: MIT */
/* What changes are called in options, plans and documents. */
#include "fleet_plan.h"

const char *const change_names[PLAN_NR] = {
	"join", "leave", "upgrade", "kernel", "microcode", "power-cycle",
};

/* SPDX-License-Identifier: MIT */
/* Rules about what a description leaves out. */
#ifndef LVL_CORE_FILL_H
#define LVL_CORE_FILL_H

#include "trail.h"

void lvl_rule_no_msr_(struct lvl_context *c);
void lvl_rule_tsc_frequency_(struct lvl_context *c);
void lvl_rule_constants_(struct lvl_context *c);
void lvl_rule_owner_unknown_(struct lvl_context *c);

#endif

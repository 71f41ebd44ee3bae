/* SPDX-License-Identifier: MIT */
/* How bad a finding is: from the row's class and rule, never by name. */
#ifndef LVL_CORE_SEVERITY_H
#define LVL_CORE_SEVERITY_H

#include <cpulevel/check.h>

enum lvl_severity lvl_severity_(unsigned field, enum lvl_reason reason);

#endif

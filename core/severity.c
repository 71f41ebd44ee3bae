/* SPDX-License-Identifier: MIT */
#include "severity.h"

/* A guest loses, or was not told, something of this row. */
static enum lvl_severity by_class(const struct lvl_field *f)
{
	switch ((enum lvl_class)f->klass) {
	case LVL_MITIGATION:
		return LVL_SECURITY;
	case LVL_HINT: /* only where saying it anyway is safe */
		return f->synth == LVL_SYNTH_ALWAYS_SAFE || f->rule != LVL_AND
			       ? LVL_SLOW
			       : LVL_FATAL;
	case LVL_ISA:
	case LVL_KERNEL:
	case LVL_NESTED:
	case LVL_PMU:
	case LVL_VIRT:
	case LVL_TOPOLOGY:
	case LVL_IDENTITY:
	case LVL_NR_CLASSES:
		break;
	}
	return LVL_FATAL;
}

enum lvl_severity lvl_severity_(unsigned field, enum lvl_reason reason)
{
	switch (reason) {
	case LVL_R_LEAK_DIFFERS:
		return LVL_LEAKS;
	case LVL_R_NO_CARRIER:
	case LVL_R_DERIVED_WRONG:
		return LVL_INFO;
	case LVL_R_MISSING:
	case LVL_R_UNTOLD:
	case LVL_R_TOO_HIGH:
	case LVL_R_TOO_LOW:
	case LVL_R_DIFFERS:
	case LVL_R_NOT_ALLOWED:
	case LVL_R_UNKNOWN_GUEST:
	case LVL_R_UNKNOWN_HOST:
		return by_class(&lvl_fields[field]);
	case LVL_R_REQUIREMENT:
	case LVL_R_UNNAMED_BIT:
	case LVL_R_HIDDEN_SHOWN:
	case LVL_R_OUT_OF_RANGE:
	case LVL_R_EMPTY_PAIR:
	case LVL_NR_REASONS:
		break;
	}
	return LVL_FATAL;
}

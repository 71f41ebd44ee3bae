/* SPDX-License-Identifier: MIT */
/* Made by tools/gen-hv.py from data/; do not edit. */
#include "streams.h"

/* clang-format off */
const struct lvl_stream_rule_ lvl_stream_rules_[] = {
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AS_HOST_, LVL_F_RDRAND, 0x0 },
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AS_HOST_, LVL_F_HLE, 0x0 },
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AS_HOST_, LVL_F_TSX, 0x0 },
	{ 0x0400, 0x040d, 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AS_HOST_, LVL_F_MPX, 0x0 },
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AT_MOST_, LVL_F_MAX_BASIC_LEAF, 0xd },
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AT_MOST_, LVL_F_MAX_SUBLEAF_7, 0x2 },
	{ 0x0400, 0x040d, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_AT_MOST_, LVL_F_MAX_EXTENDED_LEAF, 0x80000021 },
	{ 0x040e, 0x0463, 1 << LVL_PV | 1 << LVL_HVM_SHADOW | 1 << LVL_HVM,
	  LVL_SENT_, LVL_NO_FIELD, 0x0 },
};
const uint16_t lvl_nr_stream_rules_ = 8;

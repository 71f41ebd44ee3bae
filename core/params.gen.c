/* SPDX-License-Identifier: MIT */
/* Made by tools/gen-hv.py from data/; do not edit. */
#include "params.h"

/* clang-format off */
const struct lvl_param_mask_ lvl_param_masks_[] = {
	{ "cpuid_mask_ecx", 1, 0, 0x00000000 },
	{ "cpuid_mask_edx", 0, 0, 0x07808161 },
	{ "cpuid_mask_ext_ecx", 3, 0, 0x00000000 },
	{ "cpuid_mask_ext_edx", 2, 0, 0x20000800 },
	{ "cpuid_mask_xsave_eax", 4, 0, 0x00000000 },
	{ "cpuid_mask_l7s0_eax", 73, 1, 0x00000000 },
	{ "cpuid_mask_l7s0_ebx", 5, 0, 0x00000000 },
	{ "cpuid_mask_thermal_ecx", 71, 0, 0x00000000 },
};

const struct lvl_param_set_ lvl_param_sets_[] = {
	{ "fam_0f_rev_c", LVL_VENDOR_AMD, { 0x00000000, 0x078bfbff, 0x00000000, 0xe1d3fbff } },
	{ "fam_0f_rev_d", LVL_VENDOR_AMD, { 0x00000000, 0x078bfbff, 0x00000001, 0xe3d3fbff } },
	{ "fam_0f_rev_e", LVL_VENDOR_AMD, { 0x00000001, 0x178bfbff, 0x00000003, 0xe3d3fbff } },
	{ "fam_0f_rev_f", LVL_VENDOR_AMD, { 0x00002001, 0x178bfbff, 0x0000001f, 0xebd3fbff } },
	{ "fam_0f_rev_g", LVL_VENDOR_AMD, { 0x00002001, 0x178bfbff, 0x0000011f, 0xebd3fbff } },
	{ "fam_10_rev_b", LVL_VENDOR_AMD, { 0x00802009, 0x178bfbff, 0x000006ff, 0xefd3fbff } },
	{ "fam_10_rev_c", LVL_VENDOR_AMD, { 0x00802009, 0x178bfbff, 0x000036ff, 0xefd3fbff } },
	{ "fam_11_rev_b", LVL_VENDOR_AMD, { 0x00002001, 0x178bfbff, 0x0000111f, 0xebd3fbff } },
};
const uint16_t lvl_nr_param_sets_ = 8;

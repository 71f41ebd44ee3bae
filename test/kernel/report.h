/* SPDX-License-Identifier: MIT */
/*
 * report.h: what the library found, as lines for the test that reads them:
 *
 *	machine VENDOR FAMILY MODEL expected=.. found=.. faulting=..
 *	default pv|hvm HEX
 *	native LEAF SUBLEAF EAX EBX ECX EDX
 *	refusal NAME CODE leaf=.. subleaf=.. msr=.. TEXT
 *	finding NAME SEVERITY FIELD guest=.. host=.. sure=.. TEXT
 *	leak NAME FIELD LEAF SUBLEAF REGISTER MASK guest=.. shown=.. counts=..
 */
#ifndef KERNEL_REPORT_H
#define KERNEL_REPORT_H

#include <cpulevel/hv.h>

void report_machine(const struct lvl_hv *hv);

/* A lvl_refusal_fn; arg is a name. */
void report_refusal(void *arg, const struct lvl_refusal *why);

/* What a PV guest will see otherwise than its policy has it. */
void report_leaks(const struct lvl_dom *d, const char *name);

#endif /* KERNEL_REPORT_H */

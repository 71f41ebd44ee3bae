/* SPDX-License-Identifier: MIT */
/* ring3.h: single instructions tried in ring 3, before any guest is there. */
#ifndef KERNEL_RING3_H
#define KERNEL_RING3_H

#include <cpulevel/types.h>

/* For lvl_forced_cpuid(): reads what may not be mapped. */
unsigned ring3_fetch(void *arg, uint64_t address, uint8_t *to, unsigned n);

/* For lvl_cpu_up(): does CPUID in ring 3 fault just now? */
int ring3_faults(void *arg);

/*
 * The forced-emulation prefix across the border of two pages, with and without
 * the second one there.  Prints a line "border WHAT GOT WANTED" for each case.
 */
void ring3_borders(void);

#endif /* KERNEL_RING3_H */

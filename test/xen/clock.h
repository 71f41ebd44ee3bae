/* SPDX-License-Identifier: MIT */
/* clock.h: time, for waiting. */
#ifndef XENLAB_CLOCK_H
#define XENLAB_CLOCK_H

#include <cpulevel/types.h>

/* Microseconds since the first call. */
uint64_t clock_us(void);

/* Let other domains run until then. */
void clock_wait(uint64_t us);

#endif /* XENLAB_CLOCK_H */

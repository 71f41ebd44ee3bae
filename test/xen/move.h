/* SPDX-License-Identifier: MIT */
/* move.h: the two ends of a move. */
#ifndef XENLAB_MOVE_H
#define XENLAB_MOVE_H

#include <cpulevel/policy.h>

#include "domain.h"

/*
 * Make a guest of that kind, let it run, and let it go, with what start.h
 * says: at which level, and whether somebody answers.
 */
void depart(enum lvl_guest kind);

/*
 * The guest, which is paused, goes: its record, and what follows.  Zero: it is
 * saved, or runs there.
 */
int let_go(const struct domain *d, const struct lvl_policy *p);

/* Take a guest that comes, or refuse it. */
void arrive(void);

#endif /* XENLAB_MOVE_H */

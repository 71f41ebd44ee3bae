/* SPDX-License-Identifier: MIT */
/* Being on each CPU of the machine in turn. */
#ifndef LVL_PROBE_ONLINE_H
#define LVL_PROBE_ONLINE_H

/*
 * Called on every online CPU in ascending order, with error 0; or with the
 * errno that kept the thread from entering it.  Non-zero stops.
 */
typedef int probe_cpu_fn(void *arg, unsigned cpu, int error);

/*
 * Visit the online CPUs.  The thread's affinity is restored afterwards.
 * *guessed: the system does not say which are online, so they are those
 * that the thread may run on.  Returns what each() returned if that is not
 * 0 (negative), an errno, or 0.
 */
int probe_online(probe_cpu_fn *each, void *arg, int *guessed);

#endif

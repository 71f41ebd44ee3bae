/* SPDX-License-Identifier: MIT */
/*
 * The machine that the program runs on: CPUID on every online CPU, MSRs
 * where they can be read, and behaviour that has no bit, by trying it.
 */
#ifndef LVL_PROBE_NATIVE_H
#define LVL_PROBE_NATIVE_H

#include <cpulevel/import.h>

struct probe_options {
	const char *tool; /* provenance; NULL: left out */
	const char *time; /* the same: without it, equal output every time */
};

/* An online CPU that could not be entered, and the errno of it. */
struct probe_refused {
	unsigned cpu;
	int error;
};

/* A field of which this CPU says something else than the first one. */
struct probe_differ {
	unsigned field;
	unsigned cpu;
};

/* What people should know about a capture. */
struct probe_report {
	unsigned first; /* the CPU that the others are compared with */
	unsigned nr_cpus;
	struct probe_refused *refused;
	size_t nr_refused;
	struct probe_differ *differ; /* by CPU */
	size_t nr_differ;
	unsigned nr_msrs; /* of the registry's, read on every CPU */
	char msrs[200];   /* why none could be read, or "" */
	int guessed;  /* the CPUs are those this process may use: no list of all
		       */
	unsigned cut; /* first leaf of a range too long to read, or 0 */
};

/*
 * Describe this machine.  The affinity of the thread is as it was when this
 * returns.  The report is filled even on failure; probe_report_free() it.
 * -LVL_E_UNSUPPORTED: not an x86 machine; -LVL_E_IO: no CPU could be
 * entered; -LVL_E_NO_MEMORY.
 */
int probe_native(const struct probe_options *options,
		 struct probe_report *report, struct lvl_desc **d,
		 struct lvl_ferr *err);
void probe_report_free(struct probe_report *report);

/*
 * Behaviour of the CPU that has no bit, found by trying it, into the current
 * policy of a description; that must say whether there is an x87 and FXSAVE.
 */
int probe_behaviour(struct lvl_import *im);

#endif

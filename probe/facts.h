/* SPDX-License-Identifier: MIT */
/* Where a capture comes from: name, kernel, microcode, firmware, CPU. */
#ifndef LVL_PROBE_FACTS_H
#define LVL_PROBE_FACTS_H

#include "format/import.h"
#include "native.h"

/* Add the provenance of this machine; cpu is its first CPU. */
int probe_facts(struct lvl_import *im, const struct probe_options *o,
		const struct lvl_policy *cpu, unsigned nr_cpus);

#endif

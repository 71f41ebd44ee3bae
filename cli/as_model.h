/* SPDX-License-Identifier: MIT */
/* level --as-model: the level as a model of QEMU or libvirt. */
#ifndef LVL_CLI_AS_MODEL_H
#define LVL_CLI_AS_MODEL_H

#include "level.h"

/* "qemu" or "libvirt"; 0 or EXIT_USAGE.  NULL stays "not asked for". */
int as_model_set(const char **tool, const char *name);

void as_model_print(const struct level_answer *a);
void as_model_json(const struct level_answer *a, FILE *out);

#endif

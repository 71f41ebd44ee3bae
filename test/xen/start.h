/* SPDX-License-Identifier: MIT */
/* start.h: what Xen gives domain 0 to start with. */
#ifndef XENLAB_START_H
#define XENLAB_START_H

#include "abi.h"

/* Is there the word, alone or as word=..., on our command line? */
int start_has(const char *word);
/* The number behind word=, or other. */
unsigned long start_number(const char *word, unsigned long other);

/* The second module behind -initrd; NULL and 0 if there is none. */
const void *start_module(size_t *size);

/* dom0.c, before all else. */
void start_set(const struct start_info *info);

#endif /* XENLAB_START_H */

/* SPDX-License-Identifier: MIT */
/*
 * start.h: what the loader hands over: xen/include/public/arch-x86/hvm/
 * start_info.h, a PVH guest's start_info and its first module.
 */
#ifndef KERNEL_START_H
#define KERNEL_START_H

#include <cpulevel/types.h>

struct start {
	const char *command_line; /* "" if there is none */
	const uint8_t *module;    /* bytes given with -initrd */
	size_t module_size;       /* 0: none */
};

/* 0, or 1 if that is no start_info. */
int start_read(struct start *start, uint32_t physical);

/*
 * The next word of the command line: *at moves to it.  Returns its length; 0:
 * there is none.
 */
size_t start_word(const char **at);

/* One if the command line has that word. */
int start_has(const struct start *start, const char *word);

#endif /* KERNEL_START_H */

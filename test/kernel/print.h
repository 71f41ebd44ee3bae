/* SPDX-License-Identifier: MIT */
/* print.h: lines of text without a C library. */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <cpulevel/types.h>

/*
 * %s a string, %x a uint64_t and %w a uint32_t in hex (%w: eight digits), %d
 * a long, %b bytes in hex (a pointer, then a size_t).
 */
void print(const char *format, ...);

/* Where they go: the program that links this has it. */
void print_char(char c);

#endif /* KERNEL_PRINT_H */

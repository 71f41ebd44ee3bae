/* SPDX-License-Identifier: MIT */
/* print.h: lines of text to QEMU's debug console (port 0xe9). */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <cpulevel/types.h>

/*
 * %s a string, %x a uint64_t and %w a uint32_t in hex (%w: eight digits), %b
 * bytes in hex (a pointer, then a size_t).
 */
void print(const char *format, ...);

#endif /* KERNEL_PRINT_H */

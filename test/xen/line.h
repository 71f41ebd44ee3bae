/* SPDX-License-Identifier: MIT */
/*
 * line.h: a line between two hosts.
 *
 * QEMU shows one file of the machine below as the memory of a PCI device
 * (ivshmem) to both hosts; it carries a stream of bytes each way.  Bytes are
 * never overwritten: a file that is kept is a saved guest.
 */
#ifndef XENLAB_LINE_H
#define XENLAB_LINE_H

#include <cpulevel/types.h>

enum line_way { LINE_THERE, LINE_BACK, LINE_WAYS };

/*
 * Find the device.  0, or -1 if there is none.
 */
int line_open(void);

/* Forget what went that way: the next byte is the first. */
void line_clear(enum line_way way);

/* 0, or -1 if the line is full. */
int line_write(enum line_way way, const void *p, size_t n);

/* The next n bytes; -1 if they do not come within LINE_SECONDS. */
int line_read(enum line_way way, void *p, size_t n);
#define LINE_SECONDS 40

/* How many bytes we wrote or read. */
uint64_t line_bytes(enum line_way way);

#endif /* XENLAB_LINE_H */

/* SPDX-License-Identifier: MIT */
/*
 * move.h: a running HVM guest as bytes: its registers and its memory.
 *
 * Printed as "image NAME HEX" where it leaves, and read from the module where
 * it goes on.  An image begins like a record: eight bytes that say what it is,
 * and its length at offset 12.
 */
#ifndef KERNEL_MOVE_H
#define KERNEL_MOVE_H

#include "guest.h"

/* Print the image of the guest, which does not run any more. */
void move_out(struct guest *g);

/* One if it is an image of n bytes. */
int move_is_image(const uint8_t *p, size_t n);

/*
 * Start the domain, which has its policy, and go on where the image says.
 * 0, or 1: it does not hold together; nothing is started then.
 */
int move_in(struct guest *g, const char *name, unsigned slot,
	    const uint8_t *image, size_t n);

#endif /* KERNEL_MOVE_H */

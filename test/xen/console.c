/* SPDX-License-Identifier: MIT */
#include "console.h"

#include "hypercall.h"

static char buf[8192];
static size_t used;

void console_flush(void)
{
	console_write(buf, used);
	used = 0;
}

/*
 * A call for each line takes longer than all else, and lines that are not
 * whole mix with Xen's.
 */
void print_char(char c)
{
	buf[used++] = c;
	if (used == sizeof(buf) || (c == '\n' && used > sizeof(buf) / 2))
		console_flush();
}

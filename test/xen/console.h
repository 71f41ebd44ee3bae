/* SPDX-License-Identifier: MIT */
/* console.h: what we print() goes to Xen's console, in whole lines. */
#ifndef XENLAB_CONSOLE_H
#define XENLAB_CONSOLE_H

#include "../kernel/print.h"

/* Call before what may not come back, and at the end. */
void console_flush(void);

#endif /* XENLAB_CONSOLE_H */

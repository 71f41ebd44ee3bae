/* SPDX-License-Identifier: MIT */
/* errors.h: policies that are wrong, given to Xen and to us. */
#ifndef XENLAB_ERRORS_H
#define XENLAB_ERRORS_H

/* What Xen says, what it makes of them, and what we say: line by line. */
void errors(int hvm);

#endif /* XENLAB_ERRORS_H */

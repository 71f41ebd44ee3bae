/* SPDX-License-Identifier: MIT */
/* levelled.h: guests that run with a policy from elsewhere. */
#ifndef XENLAB_LEVELLED_H
#define XENLAB_LEVELLED_H

/*
 * Makes a guest of the kind, gives it the policy of the module (the default if
 * there is none), runs it, and tells what was asked, what Xen made of it and
 * what the guest saw.
 *
 * The module: records of a migration stream (type, length, body padded to 8
 * bytes), 0x11 leaves and 0x12 MSRs, first of the PV guest, then of the PVH
 * guest.  What they do not mention is the default's, as in Xen's toolstack.
 */
void levelled(int hvm);

#endif /* XENLAB_LEVELLED_H */

/* SPDX-License-Identifier: MIT */
/*
 * abi.h: Xen's public headers, as the toolstack's domain uses them: 4.17's,
 * from libxen-dev.  sysctl and domctl are of one version only.
 */
#ifndef XENLAB_ABI_H
#define XENLAB_ABI_H

#include <stddef.h>
#include <stdint.h>

#define __XEN_TOOLS__ 1
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__

#include <xen/xen.h>

#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/hvm/save.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u

#endif /* XENLAB_ABI_H */

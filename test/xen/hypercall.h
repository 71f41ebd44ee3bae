/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h: the hypercalls that building, levelling and running a guest
 * take.  All return 0 (or a count) or Xen's -errno, and say nothing.
 */
#ifndef XENLAB_HYPERCALL_H
#define XENLAB_HYPERCALL_H

#include "abi.h"

/* A handle of Xen's to an array of ours. */
#define HANDLE(h, array) ((h).p = (void *)(array))

/* A PV kernel calls Xen by SYSCALL: number in rax, then rdi, rsi, rdx, r10. */
static inline long hypercall(unsigned nr, unsigned long a, unsigned long b,
			     unsigned long c, unsigned long d)
{
	register unsigned long r10 __asm__("r10") = d;
	long rc = (long)nr;

	__asm__ volatile("syscall"
			 : "+a"(rc), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
			 :
			 : "rcx", "r11", "r8", "r9", "memory");
	return rc;
}

/* Fill cmd and interface version; the rest is the caller's. */
long sysctl(struct xen_sysctl *s, uint32_t cmd);
long domctl(struct xen_domctl *d, uint32_t cmd, domid_t id);

/*
 * The same argument, all zero, for one call at a time: both structures are
 * large.
 */
struct xen_sysctl *sysctl_new(void);
struct xen_domctl *domctl_new(void);

/* XENMEM_populate_physmap, a page each: pfns in, machine frames out (PV). */
long populate(domid_t id, xen_pfn_t *frame, unsigned n);

long mmuext(domid_t id, unsigned cmd, xen_pfn_t mfn);

/*
 * Look at a page of another domain: its machine frame for PV, its guest
 * frame for HVM.  One page at a time; valid until the next call.  NULL if
 * Xen does not let us.
 */
void *window(domid_t id, uint64_t frame);
const void *window_read(domid_t id, uint64_t frame); /* a page table, too */
void window_close(void);

void console_write(const char *s, size_t n);
uint32_t xen_version(void); /* major << 16 | minor */
/* XENVER_..., what is a string there. */
long xen_told(unsigned what, char *text);
void yield(void);
_Noreturn void reboot(void); /* QEMU's -no-reboot ends it with status 0 */

#endif /* XENLAB_HYPERCALL_H */

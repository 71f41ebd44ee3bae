/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* syscall() */
#include "kvm-table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/prctl.h>

/* Later than the kernel headers of some systems. */
#ifndef ARCH_REQ_XCOMP_GUEST_PERM
#define ARCH_REQ_XCOMP_GUEST_PERM 0x1025
#endif
#define KVM_CAP_SYS_ATTRIBUTES_NR 209
#define XCOMP_GUEST_SUPP 0 /* attribute KVM_X86_XCOMP_GUEST_SUPP */
#define TILEDATA 18        /* XCR0 bit, SDM v1 13.1 */

int kvm_fail(struct lvl_ferr *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err->code = code;
	err->line = 0;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -code;
}

struct kvm_cpuid2 *kvm_table_new(unsigned n)
{
	struct kvm_cpuid2 *t =
		calloc(1, sizeof(*t) + n * sizeof(t->entries[0]));

	if (t)
		t->nent = n;
	return t;
}

const struct kvm_cpuid_entry2 *kvm_table_find(const struct kvm_cpuid2 *t,
					      uint32_t leaf, uint32_t subleaf)
{
	unsigned i;

	for (i = 0; i < t->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &t->entries[i];
		int significant = e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX;

		if (e->function == leaf &&
		    (!significant || e->index == subleaf))
			return e;
	}
	return NULL;
}

static int open_device(const char *device, int *fd, struct lvl_ferr *err)
{
	const char *name = device ? device : "/dev/kvm";
	int api;

	*fd = open(name, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return kvm_fail(
			err, LVL_E_UNSUPPORTED, "%s: %s%s", name,
			strerror(errno),
			errno == ENOENT ? "; is kvm_intel or kvm_amd loaded?"
			: errno == EACCES
				? "; root, or the group kvm, may open it"
				: "");
	api = ioctl(*fd, KVM_GET_API_VERSION, 0);
	if (api == KVM_API_VERSION)
		return 0;
	close(*fd);
	*fd = -1;
	return kvm_fail(err, LVL_E_UNSUPPORTED, "%s: %s", name,
			api < 0 ? "it is not KVM" : "its API is another one");
}

/* Without permission KVM does not offer AMX; the kernel may refuse it. */
static void ask_for_tiles(int kvm)
{
	uint64_t supported = 0;
	struct kvm_device_attr attr = {
		.attr = XCOMP_GUEST_SUPP,
		.addr = (uintptr_t)&supported,
	};

	if (ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYS_ATTRIBUTES_NR) <= 0 ||
	    ioctl(kvm, KVM_GET_DEVICE_ATTR, &attr) ||
	    !(supported >> TILEDATA & 1))
		return;
	(void)syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_GUEST_PERM, TILEDATA);
}

int kvm_open(const char *device, int *kvm, struct lvl_ferr *err)
{
	int rc = open_device(device, kvm, err);

	if (!rc)
		ask_for_tiles(*kvm);
	return rc;
}

int kvm_table_read(int kvm, unsigned long request, struct kvm_cpuid2 **t,
		   struct lvl_ferr *err)
{
	unsigned room;

	for (room = 64; room <= KVM_MAX_ENTRIES; room *= 2) {
		*t = kvm_table_new(room);
		if (!*t)
			return kvm_fail(err, LVL_E_NO_MEMORY, "out of memory");
		if (!ioctl(kvm, request, *t))
			return 0;
		free(*t);
		*t = NULL;
		if (errno != E2BIG)
			break;
	}
	return kvm_fail(err, LVL_E_IO, "KVM does not tell its CPUID: %s",
			strerror(errno));
}

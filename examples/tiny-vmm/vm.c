/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "vm.h"

#include <cpulevel/kvm.h>

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a vCPU has beside its policy. */
struct state {
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	uint32_t xsave[1024]; /* struct kvm_xsave */
};

/* In the order in which they are set. */
static const struct part {
	unsigned long get, set;
	size_t at;
} parts[] = {
	{ KVM_GET_SREGS, KVM_SET_SREGS, offsetof(struct state, sregs) },
	{ KVM_GET_REGS, KVM_SET_REGS, offsetof(struct state, regs) },
	{ KVM_GET_XCRS, KVM_SET_XCRS, offsetof(struct state, xcrs) },
	{ KVM_GET_XSAVE, KVM_SET_XSAVE, offsetof(struct state, xsave) },
	{ KVM_GET_LAPIC, KVM_SET_LAPIC, offsetof(struct state, lapic) },
};

int fail(const char *what)
{
	fprintf(stderr, "tiny-vmm: %s: %s\n", what, strerror(errno));
	return FAILED;
}

void tell(void *arg, const struct lvl_finding *f)
{
	(void)arg;
	fprintf(stderr, "  %-8s  %-24s  guest 0x%llx  host 0x%llx  %s\n",
		lvl_severity_names[f->severity],
		f->field == LVL_NO_FIELD ? "?" : lvl_field_name(f->field),
		(unsigned long long)f->guest, (unsigned long long)f->host,
		lvl_reason_text(f->reason));
}

void vm_close(struct vm *m)
{
	if (m->run)
		munmap(m->run,
		       (size_t)ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	if (m->memory)
		munmap(m->memory, sizeof(*m->memory));
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->vm >= 0)
		close(m->vm);
}

int vm_open(struct vm *m, int kvm)
{
	struct kvm_enable_cap apic = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args = { 24 },
	};
	struct kvm_userspace_memory_region region = {
		.memory_size = sizeof(*m->memory),
	};
	void *p;

	*m = (struct vm){ .kvm = kvm, .vm = -1, .vcpu = -1 };
	m->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0 || ioctl(m->vm, KVM_ENABLE_CAP, &apic))
		return fail("a VM");
	(void)ioctl(m->vm, KVM_SET_TSS_ADDR, 0xfffbd000); /* Intel's only */
	p = mmap(NULL, sizeof(*m->memory), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return fail("memory");
	m->memory = p;
	region.userspace_addr = (uintptr_t)p;
	if (ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return fail("memory");
	(void)lvl_kvm_prepare(m->vm); /* older KVMs need no telling */
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu < 0)
		return fail("a vCPU");
	p = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		 PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	if (p == MAP_FAILED)
		return fail("a vCPU");
	m->run = p;
	return 0;
}

/* Long mode, segments as they are after boot loaders, memory as it is. */
int vm_boot(const struct vm *m)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 8,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	struct kvm_segment data = code;
	struct kvm_regs regs = { .rip = GUEST_CODE, .rflags = 2 };
	struct kvm_sregs s;

	guest_fill(m->memory);
	data.selector = 16;
	data.type = 3;
	data.l = 0;
	data.db = 1;
	if (ioctl(m->vcpu, KVM_GET_SREGS, &s))
		return fail("the vCPU");
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 = GUEST_CR0;
	s.cr3 = GUEST_CR3;
	s.cr4 = GUEST_CR4;
	s.efer = GUEST_EFER;
	if (ioctl(m->vcpu, KVM_SET_SREGS, &s) ||
	    ioctl(m->vcpu, KVM_SET_REGS, &regs))
		return fail("the vCPU");
	return 0;
}

int vm_run(struct vm *m, unsigned rounds)
{
	while (rounds) {
		if (ioctl(m->vcpu, KVM_RUN, 0) && errno != EINTR)
			return fail("running");
		if (m->run->exit_reason != KVM_EXIT_IO) {
			fprintf(stderr, "tiny-vmm: the guest died: exit %u\n",
				m->run->exit_reason);
			return FAILED;
		}
		if (m->run->io.port == GUEST_CHANGED) {
			fprintf(stderr, "tiny-vmm: CPUID has changed\n");
			return FAILED;
		}
		rounds--;
	}
	m->run->immediate_exit = 1;
	if (!ioctl(m->vcpu, KVM_RUN, 0) || errno != EINTR)
		return fail("stopping");
	m->run->immediate_exit = 0;
	fprintf(stderr, "tiny-vmm: %u rounds, CPUID as in the first\n",
		m->memory->rounds[0]);
	return 0;
}

int vm_save(const struct vm *m, FILE *f)
{
	struct state s;
	size_t i;

	memset(&s, 0, sizeof(s));
	for (i = 0; i < LVL_COUNT(parts); i++)
		if (ioctl(m->vcpu, parts[i].get, (char *)&s + parts[i].at))
			return fail("reading the vCPU");
	if (fwrite(&s, sizeof(s), 1, f) != 1 ||
	    fwrite(m->memory, sizeof(*m->memory), 1, f) != 1)
		return fail("writing the state");
	return 0;
}

static int has_part(const struct part *part, const struct state *s)
{
	return part->set != KVM_SET_XCRS || s->xcrs.nr_xcrs;
}

int vm_load(const struct vm *m, FILE *f)
{
	struct state s;
	size_t i;

	if (fread(&s, sizeof(s), 1, f) != 1 ||
	    fread(m->memory, sizeof(*m->memory), 1, f) != 1)
		return fail("the state");
	for (i = 0; i < LVL_COUNT(parts); i++)
		if (has_part(&parts[i], &s) &&
		    ioctl(m->vcpu, parts[i].set, (char *)&s + parts[i].at))
			return fail("setting the vCPU");
	return 0;
}

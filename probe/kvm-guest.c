/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kvm-guest.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The guest's memory: code, how many questions, questions, answers. */
#define MEMORY 0x10000u
#define CODE 0x1000u
#define COUNT 0x1ffc
#define ASKED 0x2000
#define ANSWERED 0x4000

/* KVM before 5.15 numbers at most 288 vCPUs of a VM. */
#define MOST_VCPUS 128u

/* Intel's VMX without unrestricted guests needs room for a TSS (api.rst). */
#define TSS 0xfffbd000ul

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

#ifdef __x86_64__
#define BACK ".code64"
#else
#define BACK ".code32"
#endif

extern const uint8_t lvl_kvm_code[], lvl_kvm_code_end[];
__asm__(".pushsection .rodata\n"
	".code16\n"
	"lvl_kvm_code:\n"
	"	movw $" TEXT(
		ASKED) ", %si\n"
		       "	movw $" TEXT(
			       ANSWERED) ", %di\n"
					 "	movl " TEXT(
						 COUNT) ", %ebp\n"
							"1:	movl (%si), "
							"%eax\n"
							"	movl 4(%si), "
							"%ecx\n"
							"	cpuid\n"
							"	movl %eax, "
							"(%di)\n"
							"	movl %ebx, "
							"4(%di)\n"
							"	movl %ecx, "
							"8(%di)\n"
							"	movl %edx, "
							"12(%di)\n"
							"	addw $8, %si\n"
							"	addw $16, %di\n"
							"	decl %ebp\n"
							"	jnz 1b\n"
							"	hlt\n"
							"lvl_kvm_code_end:"
							"\n" BACK "\n"
							".popsection\n");

static void close_vm(struct kvm_guest *g)
{
	if (g->vm >= 0)
		close(g->vm);
	g->vm = -1;
	g->vcpus = 0;
}

static int open_vm(struct kvm_guest *g)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = MEMORY,
		.userspace_addr = (uintptr_t)g->memory,
	};

	close_vm(g);
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	if (g->vm < 0)
		return -errno;
	(void)ioctl(g->vm, KVM_SET_TSS_ADDR, TSS); /* AMD has none */
	if (ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return -errno;
	return 0;
}

int kvm_guest_open(struct kvm_guest *g, int kvm)
{
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	memset(g, 0, sizeof(*g));
	g->vm = -1;
	g->kvm = kvm;
	if (size <= 0)
		return -errno;
	g->run_size = (size_t)size;
	g->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->memory == MAP_FAILED) {
		g->memory = NULL;
		return -errno;
	}
	memcpy(g->memory + CODE, lvl_kvm_code,
	       (size_t)(lvl_kvm_code_end - lvl_kvm_code));
	return open_vm(g);
}

void kvm_guest_close(struct kvm_guest *g)
{
	close_vm(g);
	if (g->memory)
		munmap(g->memory, MEMORY);
	g->memory = NULL;
}

int kvm_guest_start(int vcpu)
{
	struct kvm_regs r = { .rip = CODE, .rflags = 2, .rsp = CODE };
	struct kvm_sregs s;
	struct kvm_segment *segment[] = { &s.cs, &s.ds, &s.es,
					  &s.fs, &s.gs, &s.ss };
	unsigned i;

	if (ioctl(vcpu, KVM_GET_SREGS, &s))
		return -errno;
	for (i = 0; i < sizeof(segment) / sizeof(segment[0]); i++) {
		segment[i]->base = 0;
		segment[i]->selector = 0;
	}
	if (ioctl(vcpu, KVM_SET_SREGS, &s) || ioctl(vcpu, KVM_SET_REGS, &r))
		return -errno;
	return 0;
}

int kvm_guest_vcpu(struct kvm_guest *g, const struct kvm_cpuid2 *table)
{
	int fd, rc;

	if (g->vcpus == MOST_VCPUS) {
		rc = open_vm(g);
		if (rc)
			return rc;
	}
	fd = ioctl(g->vm, KVM_CREATE_VCPU, (unsigned long)g->vcpus);
	if (fd < 0)
		return -errno;
	g->vcpus++;
	rc = kvm_guest_start(fd);
	if (!rc && ioctl(fd, KVM_SET_CPUID2, table))
		rc = -errno;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int until_halt(int vcpu, const struct kvm_run *run)
{
	int rc;

	do {
		rc = ioctl(vcpu, KVM_RUN, 0);
	} while (rc && errno == EINTR);
	if (rc)
		return -errno;
	return run->exit_reason == KVM_EXIT_HLT ? 0 : -ENOEXEC;
}

int kvm_guest_run(struct kvm_guest *g, int vcpu, const struct kvm_question *q,
		  unsigned nr, uint32_t (*answer)[4])
{
	uint32_t count = nr;
	struct kvm_run *run;
	int rc;

	if (!nr || nr > KVM_QUESTIONS)
		return -EINVAL;
	run = mmap(NULL, g->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
		   0);
	if (run == MAP_FAILED)
		return -errno;
	memcpy(g->memory + COUNT, &count, sizeof(count));
	memcpy(g->memory + ASKED, q, nr * sizeof(*q));
	rc = until_halt(vcpu, run);
	if (!rc)
		memcpy(answer, g->memory + ANSWERED, nr * sizeof(*answer));
	munmap(run, g->run_size);
	return rc;
}

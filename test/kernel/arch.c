/* SPDX-License-Identifier: MIT */
#include "arch.h"

#include "print.h"

/* APM vol. 2, 12.2.5 (TSS) and 8.3.1 (gates) */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iopb;
} __attribute__((packed));

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

struct extable {
	uint64_t fault, fixup;
};

#define GATE_INTERRUPT 0x8e
#define TSS_AVAILABLE 0x89ull

extern uint64_t gdt[7], pd[512];
extern const uint8_t exception_entry[32][16];
extern uint8_t trap_stack_top[];
extern const struct extable extable_begin[], extable_end[];
void ring3_enter(struct frame *f);
int trap(struct frame *f);

static struct tss tss;
static struct gate idt[32];
static struct frame *running; /* what ring 3 does; NULL: nothing */

/* QEMU's debug console */
void print_char(char c)
{
	outb(0xe9, (uint8_t)c);
}

_Noreturn void machine_exit(unsigned code)
{
	outb(0xf4, (uint8_t)code);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static uint64_t fixup(uint64_t rip)
{
	const struct extable *e;

	for (e = extable_begin; e < extable_end; e++)
		if (e->fault == rip)
			return e->fixup;
	return 0;
}

/* One: leave ring 3.  0: go on with *f. */
int trap(struct frame *f)
{
	uint64_t cr2;

	if (f->cs == SEL_USER_CODE && running) {
		*running = *f;
		return 1;
	}
	if (fixup(f->rip)) {
		f->rip = fixup(f->rip);
		return 0;
	}
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	print("fail exception %x error %x at %x cr2 %x\n", f->vector, f->error,
	      f->rip, cr2);
	machine_exit(1);
}

void ring3_run(struct frame *f)
{
	running = f;
	ring3_enter(f);
	running = NULL;
}

size_t copy_probed(void *dst, const void *src, size_t n)
{
	size_t left = n;

	__asm__ volatile("1: rep movsb\n"
			 "3:\n" EXTABLE_1_TO_3
			 : "+c"(left), "+D"(dst), "+S"(src)
			 :
			 : "memory");
	return n - left;
}

static void load_tss(void)
{
	uint64_t base = (uint64_t)&tss;

	tss.ist[0] = (uint64_t)trap_stack_top;
	tss.iopb = sizeof(tss);
	gdt[5] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
		 TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	gdt[6] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };
	unsigned i;

	for (i = 0; i < LVL_COUNT(idt); i++) {
		uint64_t to = (uint64_t)exception_entry[i];

		idt[i] = (struct gate){
			.offset0 = (uint16_t)to,
			.selector = SEL_KERNEL_CODE,
			.ist = 1,
			.type = GATE_INTERRUPT,
			.offset1 = (uint16_t)(to >> 16),
			.offset2 = (uint32_t)(to >> 32),
		};
	}
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

/* Nothing is at NULL: the first page is taken out of the identity map. */
static void guard_null(void)
{
	static uint64_t pt[512] __attribute__((aligned(PAGE_SIZE)));
	uint64_t i;

	for (i = 1; i < LVL_COUNT(pt); i++)
		pt[i] = i * PAGE_SIZE | PAGE_TABLE;
	pd[0] = (uint64_t)pt | PAGE_TABLE;
	tlb_flush();
}

void arch_init(void)
{
	uint32_t reg[4];

	load_tss();
	load_idt();
	guard_null();
	cpuid(1, 0, reg);
	if (reg[2] & 1u << 26) /* XSAVE */
		cr4_write(cr4_read() | CR4_OSXSAVE);
}

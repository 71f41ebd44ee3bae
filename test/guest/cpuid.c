/* SPDX-License-Identifier: MIT */
/*
 * Prints every CPUID leaf and sub-leaf to QEMU's debug console, as `cpuid -r`
 * does, and ends QEMU.  It has no line of the library in it: it is what the
 * library is compared with.
 */
#include <stdint.h>

#define PORT_CONSOLE 0xe9 /* isa-debugcon */
#define PORT_EXIT 0xf4    /* isa-debug-exit: QEMU exits with 2 * v + 1 */
#define EXIT_DONE 0x10
#define NR_MAX 64 /* leaves of a range, and sub-leaves of a leaf */

void guest_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);
void guest_main(void);

enum { EAX, EBX, ECX, EDX };

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *s)
{
	while (*s)
		out(PORT_CONSOLE, (uint8_t)*s++);
}

static void say_hex(uint32_t value, unsigned digits)
{
	say("0x");
	while (digits--)
		out(PORT_CONSOLE,
		    (uint8_t) "0123456789abcdef"[value >> 4 * digits & 0xf]);
}

/* Where a leaf says how many sub-leaves it has. */
enum how {
	LAST, /* EAX of sub-leaf 0 is the last one */
	ZERO, /* the last has a field of zero; the field is in `reg`, `mask` */
	BITS, /* a bit each of `reg` of sub-leaf 0; that one always */
	STATES, /* a bit each of EDX:EAX of 0 and EDX:ECX of 1; both always */
};

static const struct leaf {
	uint32_t leaf;
	enum how how;
	unsigned reg;
	uint32_t mask;
} leaves[] = {
	{ 0x4, ZERO, EAX, 0x1f },
	{ 0x7, LAST, 0, 0 },
	{ 0xb, ZERO, ECX, 0xff00 },
	{ 0xd, STATES, 0, 0 },
	{ 0xf, BITS, EDX, 0 },
	{ 0x10, BITS, EBX, 0 },
	{ 0x14, LAST, 0, 0 },
	{ 0x17, LAST, 0, 0 },
	{ 0x18, LAST, 0, 0 },
	{ 0x1d, LAST, 0, 0 },
	{ 0x1f, ZERO, ECX, 0xff00 },
	{ 0x20, LAST, 0, 0 },
	{ 0x23, BITS, EAX, 0 },
	{ 0x24, LAST, 0, 0 },
	{ 0x8000001d, ZERO, EAX, 0x1f },
	{ 0x80000020, BITS, EBX, 0 },
	{ 0x80000026, ZERO, ECX, 0xff00 },
};

static const uint32_t ranges[] = { 0, 0x40000000, 0x80000000, 0xc0000000 };

static void print(uint32_t leaf, uint32_t subleaf, const uint32_t reg[4])
{
	static const char *const names[] = { ": eax=", " ebx=", " ecx=",
					     " edx=" };
	unsigned r;

	say("   ");
	say_hex(leaf, 8);
	say(" ");
	say_hex(subleaf, 2);
	for (r = EAX; r <= EDX; r++) {
		say(names[r]);
		say_hex(reg[r], 8);
	}
	say("\n");
}

static void ask(uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	guest_cpuid(leaf, subleaf, reg);
	print(leaf, subleaf, reg);
}

/* One bit a sub-leaf, and `always` as many from the first on. */
static void subleaves_of_bits(uint32_t leaf, uint64_t bits, unsigned always)
{
	uint32_t reg[4];
	unsigned i;

	for (i = always; i < NR_MAX; i++)
		if (bits >> i & 1)
			ask(leaf, i, reg);
}

/* Sub-leaf 0 is printed, and in reg. */
static void subleaves(const struct leaf *l, uint32_t reg[4])
{
	uint32_t last = reg[EAX], i, one[4];

	switch (l->how) {
	case LAST:
		for (i = 1; i <= last && i < NR_MAX; i++)
			ask(l->leaf, i, reg);
		return;
	case ZERO:
		for (i = 1; reg[l->reg] & l->mask && i < NR_MAX; i++)
			ask(l->leaf, i, reg);
		return;
	case BITS:
		subleaves_of_bits(l->leaf, reg[l->reg], 1);
		return;
	case STATES:
		ask(l->leaf, 1, one);
		subleaves_of_bits(l->leaf,
				  (uint64_t)(reg[EDX] | one[EDX]) << 32 |
					  reg[EAX] | one[ECX],
				  2);
	}
}

static void print_leaf(uint32_t leaf)
{
	uint32_t reg[4];
	unsigned i;

	ask(leaf, 0, reg);
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (leaves[i].leaf == leaf)
			subleaves(&leaves[i], reg);
}

/* A range is there if its first leaf names a maximum in it. */
static void print_range(uint32_t first)
{
	uint32_t reg[4], leaf;

	guest_cpuid(first, 0, reg);
	if ((reg[EAX] ^ first) >> 16)
		return;
	for (leaf = first; leaf <= reg[EAX] && leaf < first + NR_MAX; leaf++)
		print_leaf(leaf);
}

void guest_main(void)
{
	unsigned i;

	say("CPU 0:\n");
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		print_range(ranges[i]);
	out(PORT_EXIT, EXIT_DONE);
}

/* SPDX-License-Identifier: MIT */
#include "line.h"

#include "clock.h"
#include "hypercall.h"

#define IVSHMEM 0x11101af4u /* device 1110 of vendor 1af4 */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 2u
#define PCI_BAR2 0x18 /* the shared memory; 64 bits */
#define PCI_DEVICES 32u

/* What the first page of it says; the streams follow. */
struct control {
	uint64_t written[LINE_WAYS];
};

/* Pages of each stream: the answer is short. */
static const struct {
	uint64_t first, count;
} streams[LINE_WAYS] = { { 1, 239 }, { 240, 16 } };

static uint8_t control_page[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t data_page[PAGE_SIZE] __attribute__((aligned(4096)));
static volatile struct control *const control = (void *)control_page;
static uint64_t frame, shown; /* page that data_page is at; 0: none */
static uint64_t bytes[LINE_WAYS];

static uint32_t pci_read(unsigned device, unsigned reg)
{
	uint32_t v;

	__asm__ volatile("outl %0, %w1"
			 :
			 : "a"(0x80000000u | device << 11 | reg), "d"(0xcf8));
	__asm__ volatile("inl %w1, %0" : "=a"(v) : "d"(0xcfc));
	return v;
}

static void pci_write(unsigned device, unsigned reg, uint32_t v)
{
	__asm__ volatile("outl %0, %w1"
			 :
			 : "a"(0x80000000u | device << 11 | reg), "d"(0xcf8));
	__asm__ volatile("outl %0, %w1" : : "a"(v), "d"(0xcfc));
}

/* Device memory is no domain's page: Xen takes its frame as ours. */
static int show(void *page, uint64_t mfn)
{
	const uint64_t flags = 0x67; /* present, writable, user, A, D */

	return hypercall(__HYPERVISOR_update_va_mapping, (unsigned long)page,
			 mfn << PAGE_SHIFT | flags, UVMF_INVLPG, 0)
		       ? -1
		       : 0;
}

int line_open(void)
{
	struct physdev_set_iopl iopl = { .iopl = 3 }; /* Xen emulates ports */
	unsigned i;

	if (hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl,
		      (unsigned long)&iopl, 0, 0))
		return -1;
	for (i = 0; i < PCI_DEVICES; i++) {
		if (pci_read(i, 0) != IVSHMEM)
			continue;
		pci_write(i, PCI_COMMAND,
			  pci_read(i, PCI_COMMAND) | PCI_COMMAND_MEMORY);
		frame = ((uint64_t)pci_read(i, PCI_BAR2 + 4) << 32 |
			 (pci_read(i, PCI_BAR2) & ~15u)) >>
			PAGE_SHIFT;
		return show(control_page, frame);
	}
	return -1;
}

void line_clear(enum line_way way)
{
	control->written[way] = 0;
	bytes[way] = 0;
}

/* Where the byte at that offset is, and how many follow it in its page. */
static uint8_t *place(enum line_way way, uint64_t at, size_t *room)
{
	uint64_t page = streams[way].first + at / PAGE_SIZE;

	if (at / PAGE_SIZE >= streams[way].count)
		return NULL;
	if (page != shown && show(data_page, frame + page))
		return NULL;
	shown = page;
	*room = PAGE_SIZE - at % PAGE_SIZE;
	return data_page + at % PAGE_SIZE;
}

int line_write(enum line_way way, const void *p, size_t n)
{
	const uint8_t *from = p;
	size_t some;
	uint8_t *to;

	for (; n; n -= some, from += some, bytes[way] += some) {
		to = place(way, bytes[way], &some);
		if (!to)
			return -1;
		some = some < n ? some : n;
		memcpy(to, from, some);
	}
	/* the other host must see the bytes before it sees their number */
	__asm__ volatile("" : : : "memory");
	control->written[way] = bytes[way];
	return 0;
}

static int arrived(enum line_way way, size_t n)
{
	uint64_t end = clock_us() + LINE_SECONDS * 1000000ull;

	while (control->written[way] < bytes[way] + n) {
		if (clock_us() > end)
			return -1;
		yield();
	}
	__asm__ volatile("" : : : "memory");
	return 0;
}

int line_read(enum line_way way, void *p, size_t n)
{
	uint8_t *to = p;
	const uint8_t *from;
	size_t some;

	if (arrived(way, n))
		return -1;
	for (; n; n -= some, to += some, bytes[way] += some) {
		from = place(way, bytes[way], &some);
		if (!from)
			return -1;
		some = some < n ? some : n;
		memcpy(to, from, some);
	}
	return 0;
}

uint64_t line_bytes(enum line_way way)
{
	return bytes[way];
}

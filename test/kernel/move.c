/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "print.h"

/* A guest touches no memory beyond its job. */
#define NR_PAGES ((GUEST_JOB + sizeof(struct job)) / PAGE_SIZE + 1)

struct image {
	uint8_t magic[8];
	uint32_t reserved, length;
	uint32_t phase, id;
	uint64_t rip, rsp, rax, rflags, cr4, xcr0;
	struct gprs gprs;
	uint64_t nr_pages; /* struct page follows */
};

struct page {
	uint64_t address; /* in the guest */
	uint8_t data[PAGE_SIZE];
};

static const uint8_t magic[8] = "kernelvm";

static int is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return 0;
	return 1;
}

static int used(const struct guest *g, uint64_t page)
{
	return !is_zero(g->svm.memory + page * PAGE_SIZE, PAGE_SIZE);
}

void move_out(struct guest *g)
{
	const struct vmcb *v = &g->svm.vmcb;
	struct image m = {
		.phase = g->phase,
		.id = g->vcpu.id,
		.rip = v->rip,
		.rsp = v->rsp,
		.rax = v->rax,
		.rflags = v->rflags,
		.cr4 = v->cr4,
		.xcr0 = g->svm.xcr0,
		.gprs = g->svm.gprs,
	};
	uint64_t i;

	memcpy(m.magic, magic, sizeof(magic));
	for (i = 0; i < NR_PAGES; i++)
		m.nr_pages += (uint64_t)used(g, i);
	m.length = (uint32_t)(sizeof(m) + m.nr_pages * sizeof(struct page));
	print("image %s %b", g->name, (const uint8_t *)&m, sizeof(m));
	for (i = 0; i < NR_PAGES; i++) {
		uint64_t address = i * PAGE_SIZE;

		if (used(g, i))
			print("%b%b", (const uint8_t *)&address, (size_t)8,
			      g->svm.memory + address, (size_t)PAGE_SIZE);
	}
	print("\nleft %s answered=%x\n", g->name, g->answered);
}

int move_is_image(const uint8_t *p, size_t n)
{
	return n >= sizeof(struct image) && !memcmp(p, magic, sizeof(magic));
}

int move_in(struct guest *g, const char *name, unsigned slot,
	    const uint8_t *image, size_t n)
{
	struct image m;
	struct vmcb *v = &g->svm.vmcb;
	const uint8_t *p = image + sizeof(m);
	uint64_t address;

	memcpy(&m, image, sizeof(m));
	if (m.length != n || n != sizeof(m) + m.nr_pages * sizeof(struct page))
		return 1;
	guest_place(g, name, slot, m.id);
	memset(g->svm.memory, 0, NR_PAGES * PAGE_SIZE);
	for (; m.nr_pages--; p += sizeof(struct page)) {
		memcpy(&address, p, sizeof(address));
		if (address < NR_PAGES * PAGE_SIZE)
			memcpy(g->svm.memory + address, p + sizeof(address),
			       PAGE_SIZE);
	}
	g->phase = m.phase;
	v->rip = m.rip;
	v->rsp = m.rsp;
	v->rax = m.rax;
	v->rflags = m.rflags;
	v->cr4 = m.cr4;
	g->svm.xcr0 = m.xcr0;
	g->svm.gprs = m.gprs;
	return 0;
}

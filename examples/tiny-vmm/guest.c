/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <cpulevel/registry.h>

#include <assert.h>
#include <string.h>

extern const uint8_t guest_code[], guest_code_end[];

/* Page table entries: present, writable; and a page of 2 MB. */
#define TABLE 0x3u
#define LARGE 0x83u

static_assert(offsetof(struct guest_memory, code) == GUEST_CODE, "layout");
static_assert(offsetof(struct guest_memory, nr) == GUEST_NR, "layout");
static_assert(offsetof(struct guest_memory, rounds) == GUEST_ROUNDS, "layout");
static_assert(offsetof(struct guest_memory, xmm) == GUEST_XMM, "layout");
static_assert(offsetof(struct guest_memory, asked) == GUEST_ASKED, "layout");
static_assert(offsetof(struct guest_memory, saw) == GUEST_SAW, "layout");
static_assert(LVL_NR_LEAVES <= GUEST_LEAVES, "layout");

void guest_fill(struct guest_memory *m)
{
	unsigned i;

	m->table[0][0] = (GUEST_CR3 + sizeof(m->table[0])) | TABLE;
	m->table[1][0] = (GUEST_CR3 + 2 * sizeof(m->table[0])) | TABLE;
	m->table[2][0] = LARGE;
	memcpy(m->code, guest_code, (size_t)(guest_code_end - guest_code));
	m->nr = LVL_NR_LEAVES;
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		m->asked[i][0] = lvl_leaves[i].leaf;
		m->asked[i][1] = lvl_leaves[i].subleaf == LVL_NO_SUBLEAF
					 ? 0
					 : lvl_leaves[i].subleaf;
	}
}

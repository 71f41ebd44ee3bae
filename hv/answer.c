/* SPDX-License-Identifier: MIT */
/* The answer to CPUID, and which instruction asks for it. */
#include <cpulevel/hv.h>

#include "hv.h"

/* All ones where a < b, without a branch to be predicted. */
static inline uint32_t below(uint32_t a, uint32_t b)
{
	return (uint32_t)(((uint64_t)a - b) >> 32);
}

/* The index is masked, too: nothing beyond the table is read in speculation. */
static inline int answer(const struct lvl_vcpu *v, uint32_t leaf,
			 uint32_t subleaf, uint32_t reg[4])
{
	const struct lvl_dom *d = v->dom;
	const struct lvl_leaf_place *at = &d->place[lvl_place_of_(leaf)];
	const struct lvl_row *row;
	uint32_t sub = at->any ? 0 : subleaf, in = below(sub, at->count);

	if (leaf & LVL_PLACE_BEYOND_ || !in)
		return lvl_answer_far_(v, leaf, subleaf, reg);
	row = &d->row[at->first + (sub & in)];
	reg[0] = row->reg[0];
	reg[1] = row->reg[1];
	reg[2] = row->reg[2];
	reg[3] = row->reg[3];
	if (!at->live)
		return 0;
	return lvl_fill_in_(v, (enum lvl_live_)at->live, leaf, sub, reg);
}

int lvl_answer_policy_(const struct lvl_vcpu *v, uint32_t leaf,
		       uint32_t subleaf, uint32_t reg[4])
{
	return answer(v, leaf, subleaf, reg);
}

/* Calls nothing but in its last step, so that it needs no stack. */
int lvl_answer(const struct lvl_vcpu *v, uint32_t leaf, uint32_t subleaf,
	       uint32_t reg[4])
{
	if (v->fault && (v->mode & LVL_MODE_USER))
		return 1;
	if (v->dom->repeats_last)
		return lvl_answer_vendor_(v, leaf, subleaf, reg);
	return answer(v, leaf, subleaf, reg);
}

/* -- forced emulation ------------------------------------------------------ */

/* The bytes at the address, no further than its page. */
static unsigned fetch_page(lvl_fetch_fn *fetch, void *arg, uint64_t address,
			   uint8_t *to, unsigned n)
{
	unsigned left = 4096u - (unsigned)(address & 4095u);

	return fetch(arg, address, to, n < left ? n : left);
}

int lvl_forced_cpuid(lvl_fetch_fn *fetch, void *arg, uint64_t address,
		     uint64_t *fault)
{
	/* ud2a; .ascii "xen"; cpuid (Xen public/arch-x86/xen.h) */
	static const uint8_t code[LVL_FORCED_LEN] = { 0x0f, 0x0b, 'x', 'e',
						      'n',  0x0f, 0xa2 };
	uint8_t is[LVL_FORCED_LEN];
	unsigned have = 0, got;

	while (have < LVL_FORCED_LEN) {
		got = fetch_page(fetch, arg, address + have, is + have,
				 LVL_FORCED_LEN - have);
		if (!got || got > LVL_FORCED_LEN - have) {
			*fault = address + have;
			return -LVL_E_IO;
		}
		if (memcmp(is + have, code + have, got))
			return 0;
		have += got;
	}
	return 1;
}

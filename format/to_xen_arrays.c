/* SPDX-License-Identifier: MIT */
/*
 * The arrays of Xen's policy hypercalls, as C for those who call libxenctrl
 * or libxenguest, and as the two records of a v3 migration stream.
 */
#include "arrays.h"
#include "to_xen.h"

#include <inttypes.h>

/* -- what Xen's policies hold --------------------------------------------- */

/* CPUID_GUEST_NR_... of Xen's lib/x86/cpu-policy.h, 4.14 to 4.23. */
#define BASIC_LAST 0xdu
#define EXTENDED_LAST 0x80000021u
#define SUBLEAF_7_LAST 2u

/* Sub-leaf 0, or the one before has not ended the list. */
static int continues(const struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	unsigned reg = l->leaf == 4 ? 0 : 2, shift = l->leaf == 4 ? 0 : 8;
	unsigned mask = l->leaf == 4 ? 0x1f : 0xff;
	unsigned w;

	if (!l->subleaf)
		return 1;
	if (l->subleaf > (l->leaf == 4 ? 5u : 1u))
		return 0;
	w = lvl_word_of_leaf(l->leaf, l->subleaf - 1, reg);
	return (p->v[w] >> shift & mask) != 0;
}

/* Sub-leaves 0 and 1, and up to the last component of XCR0 and XSS. */
static int is_component(const struct lvl_policy *p, uint32_t subleaf)
{
	uint64_t all = p->v[lvl_word_of_leaf(0xd, 0, 0)] |
		       (uint64_t)p->v[lvl_word_of_leaf(0xd, 0, 3)] << 32 |
		       p->v[lvl_word_of_leaf(0xd, 1, 2)] |
		       (uint64_t)p->v[lvl_word_of_leaf(0xd, 1, 3)] << 32;

	return subleaf < 2 || (subleaf < 63 && all >> subleaf);
}

int lvl_xen_has_leaf(const struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	if (!lvl_leaf_in_range(p, l) || l->leaf >> 16 == 0x4000)
		return 0;
	switch (l->leaf) {
	case 4:
	case 0xb:
		return continues(p, l);
	case 7:
		return l->subleaf <= SUBLEAF_7_LAST;
	case 0xd:
		return is_component(p, l->subleaf);
	default:
		return l->subleaf == LVL_NO_SUBLEAF &&
		       (l->leaf <= BASIC_LAST || l->leaf >= 0x80000000u) &&
		       l->leaf <= EXTENDED_LAST;
	}
}

int lvl_xen_has_msr(uint32_t index)
{
	return index == 0xce || index == 0x10a;
}

/*
 * Xen clears bits 31:16 of 0x80000008 eax in every policy: its guests read 0,
 * which means "as maxphysaddr".  The width cannot be said.
 */
static void hide_guest_width(struct lvl_gen *g, struct lvl_leaf *l)
{
	if (l->leaf != 0x80000008)
		return;
	l->reg[0] &= 0xffff;
	lvl_forget(&g->given, LVL_F_GUEST_MAXPHYSADDR);
}

size_t lvl_xen_leaves(struct lvl_gen *g, struct lvl_leaf leaf[LVL_XEN_LEAVES])
{
	size_t n = 0;
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES && n < LVL_XEN_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!lvl_xen_has_leaf(g->p, l) ||
		    !lvl_leaf_take(g, l, leaf[n].reg))
			continue;
		leaf[n].leaf = l->leaf;
		leaf[n].subleaf = l->subleaf;
		hide_guest_width(g, &leaf[n++]);
	}
	return n;
}

size_t lvl_xen_msrs(struct lvl_gen *g, struct lvl_msr msr[LVL_XEN_MSRS])
{
	size_t n = 0;
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS && n < LVL_XEN_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];

		if (!lvl_xen_has_msr(m->index) ||
		    !lvl_msr_take(g, m, &msr[n].value))
			continue;
		msr[n].index = m->index;
		msr[n++].flags = 0;
	}
	return n;
}

/* -- C -------------------------------------------------------------------- */

static int write_libxc(struct lvl_gen *g)
{
	struct lvl_leaf leaf[LVL_XEN_LEAVES];
	struct lvl_msr msr[LVL_XEN_MSRS];
	size_t nr_leaves = lvl_xen_leaves(g, leaf), i;
	size_t nr_msrs = lvl_xen_msrs(g, msr);

	if (!nr_leaves)
		return -LVL_E_EMPTY;
	fputs("static const xen_cpuid_leaf_t leaves[] = {\n", g->out);
	for (i = 0; i < nr_leaves; i++)
		fprintf(g->out,
			"\t{ 0x%08x, 0x%08x, 0x%08x, 0x%08x, 0x%08x, 0x%08x "
			"},\n",
			leaf[i].leaf, leaf[i].subleaf, leaf[i].reg[0],
			leaf[i].reg[1], leaf[i].reg[2], leaf[i].reg[3]);
	fputs("};\n", g->out);
	if (nr_msrs)
		fputs("static const xen_msr_entry_t msrs[] = {\n", g->out);
	for (i = 0; i < nr_msrs; i++)
		fprintf(g->out, "\t{ 0x%08x, 0, 0x%016" PRIx64 " },\n",
			msr[i].index, msr[i].value);
	if (nr_msrs)
		fputs("};\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_libxc = {
	.name = "libxc",
	.what = "leaves and MSRs as C arrays for libxenctrl's policy calls",
	.write = write_libxc,
};

/* -- records -------------------------------------------------------------- */

#define REC_CPUID 0x11u
#define REC_MSR 0x12u

/* Bodies are a multiple of 8 already: no padding. */
static void record(FILE *out, uint32_t type, size_t nr, size_t size)
{
	lvl_put32(out, type);
	lvl_put32(out, (uint32_t)(nr * size));
}

static int write_stream(struct lvl_gen *g)
{
	struct lvl_leaf leaf[LVL_XEN_LEAVES];
	struct lvl_msr msr[LVL_XEN_MSRS];
	size_t nr_leaves = lvl_xen_leaves(g, leaf), i;
	size_t nr_msrs = lvl_xen_msrs(g, msr);
	unsigned r;

	if (!nr_leaves)
		return -LVL_E_EMPTY;
	record(g->out, REC_CPUID, nr_leaves, sizeof(*leaf));
	for (i = 0; i < nr_leaves; i++) {
		lvl_put32(g->out, leaf[i].leaf);
		lvl_put32(g->out, leaf[i].subleaf);
		for (r = 0; r < 4; r++)
			lvl_put32(g->out, leaf[i].reg[r]);
	}
	if (nr_msrs) /* an empty record is an error */
		record(g->out, REC_MSR, nr_msrs, sizeof(*msr));
	for (i = 0; i < nr_msrs; i++) {
		lvl_put32(g->out, msr[i].index);
		lvl_put32(g->out, msr[i].flags);
		lvl_put64(g->out, msr[i].value);
	}
	return 0;
}

const struct lvl_writer lvl_writer_xen_stream = {
	.name = "xen-stream",
	.what = "records 0x11 and 0x12 of a migration stream, version 3",
	.binary = 1,
	.write = write_stream,
};

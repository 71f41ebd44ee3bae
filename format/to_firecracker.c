/* SPDX-License-Identifier: MIT */
/*
 * Firecracker: a custom CPU template (docs/cpu_templates/cpu-templates.md).
 *
 * 'x' leaves a bit as the host has it: what is not known, and what Firecracker
 * sets for each VM.  A leaf that the host's KVM has not makes the start fail,
 * so leaves of nothing but zeroes are only written where features are, and
 * MSRs only where the policy has them.
 */
#include "arrays.h"

/* Firecracker overwrites these after the template (docs: normalisation). */
static int is_overwritten(uint32_t leaf)
{
	return leaf == 4 || leaf == 0xa || leaf == 0xb || leaf == 0x1f ||
	       (leaf >= 0x80000002u && leaf <= 0x80000006u) ||
	       leaf == 0x8000001du || leaf == 0x8000001eu ||
	       leaf >> 16 == 0x4000;
}

static uint32_t bits(const struct lvl_gen *g, unsigned word)
{
	return g->p->k[word] & lvl_word_decided(word) &
	       ~lvl_masks[LVL_MASK_LEAK][word];
}

static void bitmap(struct lvl_gen *g, unsigned word)
{
	uint32_t known = bits(g, word);
	unsigned i;

	for (i = 32; i-- > 0;)
		putc(!(known >> i & 1)        ? 'x'
		     : g->p->v[word] >> i & 1 ? '1'
					      : '0',
		     g->out);
	g->given.v[word] |= g->p->v[word] & known;
	g->given.k[word] |= known;
}

static int is_worth(const struct lvl_gen *g, const struct lvl_leaf_words *l)
{
	uint32_t value = 0, features = 0, known = 0;
	unsigned r;

	for (r = 0; r < 4; r++) {
		value |= g->p->v[l->word[r]];
		known |= bits(g, l->word[r]);
		features |= lvl_masks[LVL_MASK_FEATURE][l->word[r]];
	}
	return known && (value || features) && lvl_leaf_in_range(g->p, l) &&
	       !is_overwritten(l->leaf) && !lvl_leaf_is_topology(l);
}

static void write_leaf(struct lvl_gen *g, const struct lvl_leaf_words *l)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	int indexed = l->subleaf != LVL_NO_SUBLEAF;
	unsigned r, n = 0;

	fprintf(g->out,
		"%s\n    { \"leaf\": \"0x%x\", \"subleaf\": \"0x%x\", "
		"\"flags\": %d, \"modifiers\": [",
		g->items++ ? "," : "", l->leaf, indexed ? l->subleaf : 0,
		indexed);
	for (r = 0; r < 4; r++) {
		if (!bits(g, l->word[r]))
			continue;
		fprintf(g->out,
			"%s\n      { \"register\": \"%s\", \"bitmap\": \"0b",
			n++ ? "," : "", regs[r]);
		bitmap(g, l->word[r]);
		fputs("\" }", g->out);
	}
	fputs("\n    ] }", g->out);
}

static void write_msr(struct lvl_gen *g, const struct lvl_msr_words *m)
{
	fprintf(g->out, "%s\n    { \"addr\": \"0x%x\", \"bitmap\": \"0b",
		g->items++ ? "," : "", m->index);
	bitmap(g, m->high);
	bitmap(g, m->word);
	fputs("\" }", g->out);
}

/* Feature MSRs (KVM_GET_MSR_FEATURE_INDEX_LIST), VMX's only with VMX. */
static int is_msr(const struct lvl_gen *g, const struct lvl_msr_words *m)
{
	if (!(bits(g, m->word) | bits(g, m->high)))
		return 0;
	if (m->index - 0x480u < 0x14)
		return lvl_has(g->p, LVL_F_VMX);
	return m->index == 0x10a && lvl_has(g->p, LVL_F_ARCH_CAPS);
}

static int write_template(struct lvl_gen *g)
{
	unsigned i;

	fputs("{\n  \"cpuid_modifiers\": [", g->out);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (is_worth(g, &lvl_leaves[i]))
			write_leaf(g, &lvl_leaves[i]);
	if (!g->items)
		return -LVL_E_EMPTY;
	g->items = 0;
	fputs("\n  ],\n  \"msr_modifiers\": [", g->out);
	for (i = 0; i < LVL_NR_MSRS; i++)
		if (is_msr(g, &lvl_msrs[i]))
			write_msr(g, &lvl_msrs[i]);
	fputs(g->items ? "\n  ]\n}\n" : "]\n}\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_firecracker = {
	.name = "firecracker",
	.what = "Firecracker's custom CPU template (JSON)",
	.write = write_template,
};

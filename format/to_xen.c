/* SPDX-License-Identifier: MIT */
/*
 * Xen: cpuid= of xl.cfg in both syntaxes, featureset strings, and what the
 * policy hypercalls and the migration stream carry.
 */
#include "to_xen.h"
#include "names.h"

#include "core/finalise.h"

#include <cpulevel/xen.h>

#include <inttypes.h>

/* -- cpuid="host,..." ----------------------------------------------------- */

/* libxl's numeric keys that a policy decides, not the VM's topology. */
static const struct number {
	const char *key;
	uint16_t field, high; /* high: what exceeds the field */
} numbers[] = {
	{ "maxleaf", LVL_F_MAX_BASIC_LEAF, LVL_NO_FIELD },
	{ "family", LVL_F_BASE_FAMILY, LVL_F_EXT_FAMILY },
	{ "model", LVL_F_BASE_MODEL, LVL_F_EXT_MODEL },
	{ "stepping", LVL_F_STEPPING, LVL_NO_FIELD },
	{ "brandid", LVL_F_BRAND_INDEX, LVL_NO_FIELD },
	{ "clflush", LVL_F_CLFLUSH_SIZE, LVL_NO_FIELD },
};

static uint64_t number(const struct lvl_gen *g, const struct number *n)
{
	uint64_t v = lvl_get(g->p, n->field);

	if (n->high == LVL_NO_FIELD)
		return v;
	return n->field == LVL_F_BASE_FAMILY ? v + lvl_get(g->p, n->high)
					     : v | lvl_get(g->p, n->high) << 4;
}

static void write_numbers(struct lvl_gen *g)
{
	struct lvl_gen_signature s;
	unsigned i;

	for (i = 0; i < LVL_COUNT(numbers); i++) {
		const struct number *n = &numbers[i];

		if (!lvl_known(g->p, n->field) ||
		    (n->high != LVL_NO_FIELD && !lvl_gen_signature(g->p, &s)))
			continue;
		fprintf(g->out, ",%s=%" PRIu64, n->key, number(g, n));
		lvl_gen_same(g, n->field);
		if (n->high != LVL_NO_FIELD)
			lvl_gen_same(g, n->high);
	}
}

/* No CPU of the policy's vendor has it: the host's default is 0, too. */
static int is_foreign(const struct lvl_gen *g, unsigned field)
{
	unsigned vendor = lvl_policy_vendor(g->p);
	unsigned theirs = lvl_fields[field].vendors;

	return vendor && theirs && !(theirs & vendor) && !lvl_has(g->p, field);
}

/*
 * In a leaf beyond the policy's own maxima.  libxc refuses the whole domain
 * where the host's policy has not a leaf that a key is in ("Missing leaf"),
 * and some machine that the policy is for may not have it.
 */
static int is_beyond(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_word *w = &lvl_words[lvl_fields[field].word];
	unsigned max = lvl_maximum_of_(w->id);

	if (w->place > LVL_PLACE_EDX || max == LVL_NO_FIELD)
		return 0;
	if (lvl_known(g->p, max) && w->id > lvl_get(g->p, max))
		return 1;
	return w->id == 7 && lvl_known(g->p, LVL_F_MAX_SUBLEAF_7) &&
	       w->subleaf > lvl_get(g->p, LVL_F_MAX_SUBLEAF_7);
}

/*
 * A key that is not there leaves the bit as the host's default has it, so
 * every other one is written.  libxl starts again from the default for a whole
 * register if one of its bits is named: another reason to name all of them.
 */
static int write_xl(struct lvl_gen *g)
{
	unsigned i;

	fputs("cpuid=\"host", g->out);
	write_numbers(g);
	for (i = 0; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;

		if (!lvl_names[i].of[LVL_TOOL_LIBXL] || !lvl_gen_says(g, field))
			continue;
		if (!is_foreign(g, field) && is_beyond(g, field))
			continue;
		lvl_gen_same(g, field);
		if (!is_foreign(g, field))
			fprintf(g->out, ",%s=%d",
				lvl_names[i].of[LVL_TOOL_LIBXL],
				lvl_has(g->p, field));
	}
	fputs("\"\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_xl = {
	.name = "xl",
	.what = "cpuid=\"host,...\" of xl.cfg, MSR bits by name",
	.write = write_xl,
};

/* -- cpuid=[ "LEAF:REG=BITS", ... ] --------------------------------------- */

/*
 * The bits of a register that the text sets: those of rows that a policy
 * decides.  The rest is 'x', as the default has it; so are derived bits, which
 * Xen computes itself, but for the maximum leaves.
 */
static uint32_t decided(const struct lvl_gen *g, unsigned word)
{
	uint32_t bits =
		lvl_masks[LVL_MASK_AND][word] | lvl_masks[LVL_MASK_OR][word] |
		lvl_masks[LVL_MASK_NUMBER][word] |
		lvl_masks[LVL_MASK_PIN][word] |
		(word < LVL_NR_XEN_WORDS ? lvl_masks[LVL_MASK_DERIVED][word]
					 : 0);
	unsigned i, w = lvl_fields[LVL_F_MAX_BASIC_LEAF].word;

	if (word == w || word == lvl_fields[LVL_F_MAX_EXTENDED_LEAF].word)
		bits |= 0xffffffffu;
	for (i = 0; i < lvl_words[word].count; i++) {
		unsigned field = lvl_words[word].first + i;
		const struct lvl_field *f = &lvl_fields[field];

		if (f->rule != LVL_DERIVED && !(f->flags & LVL_FIELD_WIDE) &&
		    !lvl_gen_says(g, field))
			bits &= ~f->mask;
	}
	return bits & g->p->k[word];
}

static void write_bits(struct lvl_gen *g, unsigned word, uint32_t bits)
{
	unsigned i;

	for (i = 32; i-- > 0;)
		putc(!(bits >> i & 1)         ? 'x'
		     : g->p->v[word] >> i & 1 ? '1'
					      : '0',
		     g->out);
	g->given.v[word] |= g->p->v[word] & bits;
	g->given.k[word] |= bits;
}

static void write_leaf(struct lvl_gen *g, const struct lvl_leaf_words *l)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	unsigned r, n = 0;

	for (r = 0; r < 4; r++) {
		uint32_t bits = decided(g, l->word[r]);

		if (!bits)
			continue;
		if (n++)
			putc(',', g->out);
		else if (l->subleaf == LVL_NO_SUBLEAF)
			fprintf(g->out,
				"%s\n  \"0x%08x:", g->items++ ? "," : "",
				l->leaf);
		else
			fprintf(g->out,
				"%s\n  \"0x%08x,%u:", g->items++ ? "," : "",
				l->leaf, l->subleaf);
		fprintf(g->out, "%s=", regs[r]);
		write_bits(g, l->word[r], bits);
	}
	if (n)
		putc('"', g->out);
}

/*
 * A leaf that some host's policy has not fails the whole domain, so only the
 * leaves with features are here, and no sub-leaves of cache or topology.
 */
static int is_for_xend(const struct lvl_leaf_words *l)
{
	unsigned r;

	for (r = 0; r < 4; r++)
		if (l->word[r] < LVL_NR_XEN_WORDS)
			return 1;
	return l->leaf == 0 || l->leaf == 0x80000000u;
}

static int write_xend(struct lvl_gen *g)
{
	unsigned i;

	fputs("cpuid=[", g->out);
	for (i = 0; i < LVL_NR_LEAVES; i++)
		if (is_for_xend(&lvl_leaves[i]) &&
		    lvl_xen_has_leaf(g->p, &lvl_leaves[i]))
			write_leaf(g, &lvl_leaves[i]);
	fputs("\n]\n", g->out);
	return g->items ? 0 : -LVL_E_EMPTY;
}

const struct lvl_writer lvl_writer_xl_xend = {
	.name = "xl-xend",
	.what = "cpuid=[...] of xl.cfg, register by register; no MSRs",
	.write = write_xend,
};

/* -- featuresets ---------------------------------------------------------- */

/*
 * Words from the first on, up to one of which a bit that counts is unknown:
 * who reads the string takes the missing ones for zero.
 */
static int write_featureset(struct lvl_gen *g, char sep)
{
	char text[9 * LVL_NR_XEN_WORDS + 1];
	size_t len = sizeof(text);
	struct lvl_policy p;
	unsigned w;
	int rc;

	lvl_policy_clear(&p);
	for (w = 0; w < LVL_NR_XEN_WORDS; w++) {
		uint32_t named = lvl_masks[LVL_MASK_NAMED][w] &
				 ~lvl_masks[LVL_MASK_DYNAMIC][w] &
				 ~lvl_masks[LVL_MASK_FREE][w];

		if (~g->p->k[w] & named)
			break;
		p.v[w] = g->p->v[w];
		p.k[w] = 0xffffffffu;
		g->given.v[w] = g->p->v[w] & named;
		g->given.k[w] = named;
	}
	if (!w)
		return -LVL_E_EMPTY;
	rc = lvl_featureset_print(&p, sep, text, &len);
	if (!rc)
		fprintf(g->out, "%s\n", text);
	return rc;
}

static int write_xen_featureset(struct lvl_gen *g)
{
	return write_featureset(g, ':');
}

const struct lvl_writer lvl_writer_xen_featureset = {
	.name = "xen-featureset",
	.what = "a featureset as xen-cpuid prints and reads it",
	.write = write_xen_featureset,
};

static int write_xapi(struct lvl_gen *g)
{
	return write_featureset(g, '-');
}

const struct lvl_writer lvl_writer_xapi = {
	.name = "xapi",
	.what = "a featureset as xapi and xenopsd pass it around",
	.write = write_xapi,
};

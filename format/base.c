/* SPDX-License-Identifier: MIT */
#include "base.h"

/* A model that gives what is not known is worse than one that does not. */
#define COST_UNKNOWN 10000u
#define COST_NEVER 0xffffffffu

int lvl_gen_is_repeated(enum lvl_tool tool, unsigned name)
{
	const char *text = lvl_names[name].of[tool];
	unsigned i;

	if (!text)
		return 1;
	for (i = 0; i < name; i++)
		if (lvl_names[i].of[tool] &&
		    !strcmp(lvl_names[i].of[tool], text))
			return 1;
	return 0;
}

/*
 * What a hypervisor offers by itself says nothing about a policy of bare
 * hardware, which cannot have it: there the stack's own choice stays.
 */
static int is_offered(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_word *w = &lvl_words[lvl_fields[field].word];
	int own = field == LVL_F_HYPERVISOR ||
		  (w->place <= LVL_PLACE_EDX && w->id >> 16 == 0x4000);

	return !own || lvl_has(g->p, LVL_F_HYPERVISOR);
}

/* In one of the MSRs 0x480 to 0x493. */
int lvl_gen_goes_with_vmx(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->word != LVL_NO_WORD &&
	       lvl_words[f->word].place >= LVL_PLACE_MSR_LO &&
	       lvl_words[f->word].id - 0x480u < 0x14 &&
	       !lvl_has(g->p, LVL_F_VMX);
}

static enum lvl_said said(const struct lvl_gen *g, enum lvl_tool tool,
			  unsigned name)
{
	const char *text = lvl_names[name].of[tool];
	unsigned i, on = 0, off = 0;

	for (i = name; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;

		if (!lvl_names[i].of[tool] ||
		    strcmp(lvl_names[i].of[tool], text))
			continue;
		if (lvl_gen_goes_with_vmx(g, field))
			return LVL_SAID_NOT;
		if (lvl_fields[field].rule == LVL_HIDDEN)
			off++; /* some models have what no guest sees */
		else if (!lvl_gen_says(g, field) || !is_offered(g, field))
			return LVL_SAID_NOT;
		else if (lvl_has(g->p, field))
			on++;
		else
			off++;
		if (tool != LVL_TOOL_QEMU) /* only QEMU has names of two */
			break;
	}
	if (on && off)
		return LVL_SAID_NOT;
	return on ? LVL_SAID_ON : LVL_SAID_OFF;
}

void lvl_gen_said(const struct lvl_gen *g, enum lvl_tool tool,
		  uint8_t list[LVL_NAMES_MAX])
{
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++)
		list[i] = lvl_names[i].of[tool] ? (uint8_t)said(g, tool, i)
						: LVL_SAID_NOT;
}

int lvl_base_gives(const struct lvl_base *base, unsigned field)
{
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++)
		if (lvl_names[i].field == field &&
		    base->said[i] != LVL_SAID_NOT)
			return base->said[i] == LVL_SAID_ON;
	return lvl_model_set_has(base->has, field);
}

unsigned lvl_base_phys_bits(struct lvl_gen *g, const struct lvl_base *base)
{
	unsigned bits;

	if (lvl_base_gives(base, LVL_F_LM)) {
		lvl_gen_same(g, LVL_F_MAXPHYSADDR);
		return (unsigned)lvl_get(&g->given, LVL_F_MAXPHYSADDR);
	}
	bits = lvl_base_gives(base, LVL_F_PAE) ||
			       lvl_base_gives(base, LVL_F_PSE36)
		       ? 36
		       : 32;
	lvl_set(&g->given, LVL_F_MAXPHYSADDR, bits);
	lvl_set(&g->given, LVL_F_GUEST_MAXPHYSADDR, bits);
	return 0;
}

/* -- choosing ------------------------------------------------------------- */

void lvl_base_empty(const struct lvl_gen *g, enum lvl_tool tool,
		    struct lvl_base *base)
{
	memset(base, 0, sizeof(*base));
	lvl_gen_said(g, tool, base->said);
}

/* Does a model have what it is not told about, and what would it mean? */
static int is_open(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->rule != LVL_DYNAMIC && f->rule != LVL_FREE &&
	       f->rule != LVL_PAIR && is_offered(g, field) &&
	       !lvl_gen_goes_with_vmx(g, field) && !lvl_known(g->p, field);
}

static unsigned cost(const struct lvl_gen *g, enum lvl_tool tool, int subset,
		     const struct lvl_base *b)
{
	unsigned i, n = 0;

	for (i = 0; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;
		int on = lvl_model_set_has(b->has, field);

		if (!lvl_names[i].of[tool])
			continue;
		if (subset && on && b->said[i] != LVL_SAID_ON &&
		    !lvl_gen_goes_with_vmx(g, field) &&
		    lvl_fields[field].rule != LVL_DYNAMIC &&
		    lvl_fields[field].rule != LVL_FREE)
			return COST_NEVER;
		if (b->said[i] != LVL_SAID_NOT)
			n += on != (b->said[i] == LVL_SAID_ON);
		else if (on && is_open(g, field))
			n += COST_UNKNOWN;
	}
	return n;
}

static int is_its_own(const struct lvl_gen *g, const struct lvl_model *m)
{
	struct lvl_gen_signature s;
	unsigned i;

	if (!lvl_gen_signature(g->p, &s))
		return 0;
	for (i = 0; i < m->nr_signatures; i++) {
		const struct lvl_model_signature *x =
			&lvl_model_signatures[m->first_signature + i];

		if (x->family == s.family && x->model == s.model)
			return 1;
	}
	return 0;
}

/* Does a come before b where they cost the same? */
static int is_nicer(const struct lvl_gen *g, const struct lvl_model *a,
		    const struct lvl_model *b)
{
	int own = is_its_own(g, a);
	size_t len = strlen(a->name);

	if (own != is_its_own(g, b))
		return own;
	if (len != strlen(b->name))
		return len < strlen(b->name);
	return strcmp(a->name, b->name) < 0;
}

static int ask_for(const struct lvl_gen *g, const char *source,
		   enum lvl_tool tool, int subset, struct lvl_base *base)
{
	base->model = lvl_model_find(source, g->options->model);
	if (!base->model)
		return -LVL_E_UNKNOWN_NAME;
	lvl_model_features(base->model, base->has);
	return cost(g, tool, subset, base) == COST_NEVER ? -LVL_E_UNSUPPORTED
							 : 0;
}

int lvl_base_choose(const struct lvl_gen *g, const char *source,
		    enum lvl_tool tool, int subset, struct lvl_base *base)
{
	unsigned vendor = lvl_policy_vendor(g->p), i, best = COST_NEVER;
	struct lvl_base b;

	lvl_base_empty(g, tool, base);
	if (g->options->model)
		return ask_for(g, source, tool, subset, base);
	b = *base;
	for (i = 0; i < lvl_nr_models; i++) {
		unsigned c;

		b.model = &lvl_models[i];
		if (strcmp(lvl_model_sources[b.model->source].name, source) ||
		    (b.model->vendor && b.model->vendor != vendor))
			continue;
		lvl_model_features(b.model, b.has);
		c = cost(g, tool, subset, &b);
		if (c == COST_NEVER || c > best ||
		    (c == best && !is_nicer(g, b.model, base->model)))
			continue;
		best = c;
		*base = b;
		base->decides = c >= COST_UNKNOWN;
	}
	return base->model ? 0 : -LVL_E_UNSUPPORTED;
}

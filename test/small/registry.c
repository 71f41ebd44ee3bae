/* SPDX-License-Identifier: MIT */
/*
 * The tables of registry.h, filled at run time.
 *
 * The rest of the program sees them through the declarations of registry.h,
 * which say const, and only reads them.  Here they must be writable, so this
 * file gives those declarations other names while it includes the headers,
 * and defines the real ones itself, of the same types without const.
 */
#define lvl_fields declared_fields
#define lvl_words declared_words
#define lvl_atoms declared_atoms
#define lvl_clauses declared_clauses
#define lvl_steps declared_steps
#define lvl_nr_steps declared_nr_steps
#define lvl_masks declared_masks
#define lvl_groups declared_groups
#define lvl_nr_groups declared_nr_groups
#define lvl_effects declared_effects
#define lvl_fit_words declared_fit_words
#include <cpulevel/level.h>

#include "core/fold.h"
#include "core/tables.h"
#undef lvl_fields
#undef lvl_words
#undef lvl_atoms
#undef lvl_clauses
#undef lvl_steps
#undef lvl_nr_steps
#undef lvl_masks
#undef lvl_groups
#undef lvl_nr_groups
#undef lvl_effects
#undef lvl_fit_words

#include "registry.h"

#define MAX_ATOMS 128
#define MAX_STEPS 64

struct lvl_field lvl_fields[LVL_NR_FIELDS];
struct lvl_word lvl_words[LVL_NR_WORDS];
struct lvl_atom lvl_atoms[MAX_ATOMS];
struct lvl_clause lvl_clauses[LVL_NR_CLAUSES];
struct lvl_step lvl_steps[MAX_STEPS];
uint16_t lvl_nr_steps;
uint32_t lvl_masks[LVL_NR_MASKS][LVL_NR_WORDS];
struct lvl_group lvl_groups[LVL_NR_CLAUSES];
uint16_t lvl_nr_groups;
struct lvl_effect lvl_effects[MAX_STEPS];
struct lvl_fit_word lvl_fit_words[LVL_NR_WORDS];

/* Always the same. */
const char lvl_field_names[] = "f0\0f1\0f2\0f3\0"
			       "o0\0o1\0mi\0ma\0"
			       "e0\0e1\0cl\0cu\0"
			       "il\0iu\0pn";
const uint16_t lvl_ordered[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
const uint16_t lvl_nr_ordered = 10;
const uint16_t lvl_pinned[] = { 10 };
const uint16_t lvl_nr_pinned = 1;
const uint16_t lvl_statements[] = { SMALL_OR0, SMALL_OR1 };
const uint16_t lvl_nr_statements = 2;
const uint16_t lvl_numbers[LVL_NR_NUMBERS] = { SMALL_MIN, SMALL_MAX, SMALL_FROM,
					       SMALL_TO };
const uint16_t lvl_equals[LVL_NR_EQUALS] = { SMALL_EQ0, SMALL_EQ1 };
const uint16_t lvl_pairs[LVL_NR_PAIRS] = { SMALL_MUST, SMALL_FROM };
const uint16_t lvl_pins[LVL_NR_PINS] = { SMALL_PIN };

/* No leaf, no MSR, and nothing is derived. */
const struct lvl_leaf_words *lvl_leaf_find(uint32_t leaf, uint32_t subleaf)
{
	(void)leaf;
	(void)subleaf;
	return NULL;
}

const struct lvl_msr_words *lvl_msr_find(uint32_t index)
{
	(void)index;
	return NULL;
}

void lvl_finalise(struct lvl_policy *p)
{
	(void)p;
}

/* Its policies are of one machine, known or not: the test forgets nothing. */
void lvl_forget_pins_(struct lvl_policy *p, const struct lvl_policy *donor)
{
	(void)p;
	(void)donor;
}

/* -- drawing -------------------------------------------------------------- */

/*
 * Nodes are what clauses order: a pair is one node, and so is each other
 * field.  A clause looks only at nodes of lower rank, so there is no cycle.
 */
static const struct node {
	uint16_t field, upper; /* upper: LVL_NO_FIELD if it is no pair */
	uint8_t rule, width, word;
	uint8_t top; /* greatest value that is used */
} nodes[] = {
	{ SMALL_F0, LVL_NO_FIELD, LVL_AND, 1, 0, 1 },
	{ SMALL_F1, LVL_NO_FIELD, LVL_AND, 1, 0, 1 },
	{ SMALL_F2, LVL_NO_FIELD, LVL_AND, 1, 0, 1 },
	{ SMALL_F3, LVL_NO_FIELD, LVL_AND, 1, 0, 1 },
	{ SMALL_OR0, LVL_NO_FIELD, LVL_OR, 1, 1, 1 },
	{ SMALL_OR1, LVL_NO_FIELD, LVL_OR, 1, 1, 1 },
	{ SMALL_MIN, LVL_NO_FIELD, LVL_MIN, 2, 2, 2 },
	{ SMALL_MAX, LVL_NO_FIELD, LVL_MAX, 2, 3, 1 },
	{ SMALL_EQ0, LVL_NO_FIELD, LVL_EQUAL, 1, 4, 1 },
	{ SMALL_EQ1, LVL_NO_FIELD, LVL_EQUAL, 2, 5, 2 },
	{ SMALL_MUST, SMALL_MAY, LVL_PAIR, 1, 6, 1 },
	{ SMALL_FROM, SMALL_TO, LVL_PAIR, 2, 8, 2 },
};
#define NR_NODES LVL_COUNT(nodes)

static uint64_t state;
static unsigned order[NR_NODES]; /* nodes by rank */
static uint8_t asleep[NR_NODES]; /* one value only: keeps the registry small */
static unsigned nr_clauses, nr_atoms, nr_edges;

unsigned small_random(unsigned n)
{
	state = state * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;
	return (unsigned)(state >> 33) % n;
}

static void set_field(unsigned id, const struct node *n, unsigned word,
		      unsigned lo)
{
	struct lvl_field *f = &lvl_fields[id];

	memset(f, 0, sizeof(*f));
	f->name = id * 3;
	f->mask = ((1u << n->width) - 1) << lo;
	f->word = (uint16_t)word;
	f->pair = LVL_NO_FIELD;
	f->lo = (uint8_t)lo;
	f->width = n->width;
	f->instances = 1;
	f->rule = f->later = n->rule;
	f->klass = LVL_ISA;
}

static void set_fields(void)
{
	const struct node pin = { SMALL_PIN, LVL_NO_FIELD, LVL_PIN, 1, 10, 0 };
	unsigned i, lo;

	for (i = 0; i < NR_NODES; i++) {
		const struct node *n = &nodes[i];

		lo = n->word > 1 ? 0 : n->field - (n->word ? SMALL_OR0 : 0u);
		set_field(n->field, n, n->word, lo);
		if (n->upper == LVL_NO_FIELD)
			continue;
		set_field(n->upper, n, n->word + 1u, 0);
		lvl_fields[n->field].pair = n->upper;
		lvl_fields[n->upper].pair = n->field;
		lvl_fields[n->upper].flags = LVL_FIELD_UPPER;
	}
	set_field(SMALL_PIN, &pin, 10, 0);
}

static void set_words(void)
{
	unsigned i;

	memset(lvl_words, 0, sizeof(lvl_words));
	for (i = LVL_NR_FIELDS; i-- > 0;) {
		struct lvl_word *w = &lvl_words[lvl_fields[i].word];

		w->first = (uint16_t)i;
		w->count++;
		w->subleaf = LVL_NO_SUBLEAF;
		w->place = LVL_PLACE_STATE;
	}
}

static enum lvl_mask mask_of(const struct lvl_field *f)
{
	switch ((enum lvl_rule)f->rule) {
	case LVL_AND:
		return LVL_MASK_AND;
	case LVL_OR:
		return LVL_MASK_OR;
	case LVL_EQUAL:
		return LVL_MASK_EQUAL;
	case LVL_PIN:
		return LVL_MASK_PIN;
	default:
		break;
	}
	if (f->rule != LVL_PAIR || f->width > 1)
		return LVL_MASK_NUMBER;
	return f->flags & LVL_FIELD_UPPER ? LVL_MASK_AND : LVL_MASK_OR;
}

static void set_masks(void)
{
	unsigned i, k;

	memset(lvl_masks, 0, sizeof(lvl_masks));
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];
		const struct lvl_clause *c = &lvl_clauses[f->owner];

		lvl_masks[mask_of(f)][f->word] |= f->mask;
		lvl_masks[LVL_MASK_NAMED][f->word] |= f->mask;
		if (f->rule == LVL_AND)
			lvl_masks[LVL_MASK_FEATURE][f->word] |= f->mask;
		for (k = 0; k < c->count; k++) {
			const struct lvl_field *owner =
				&lvl_fields[lvl_atoms[c->first + k].field];

			if (owner->rule == LVL_AND)
				lvl_masks[LVL_MASK_OWNER][owner->word] |=
					owner->mask;
		}
	}
}

/* A node of lower rank that a clause may look at; 0 if the draw failed. */
static int draw_atom(unsigned rank, struct lvl_atom *a)
{
	const struct node *n;
	unsigned at = order[small_random(rank)];

	n = &nodes[at];
	if (asleep[at])
		return 0;
	a->field = n->field;
	a->at_least = 1;
	if (n->rule == LVL_MIN)
		a->at_least = (uint16_t)(1 + small_random(n->top));
	else if (n->rule == LVL_PAIR && n->width == 1)
		a->field = n->upper;
	else if (n->rule != LVL_AND)
		return 0;
	return 1;
}

/*
 * A disjunction of one or two atoms; always has at least one.  Sometimes one
 * that is there: what it looks at is of lower rank still.
 */
static unsigned draw_clause(unsigned rank)
{
	struct lvl_clause *c = &lvl_clauses[nr_clauses];
	unsigned want = 1 + small_random(2), tries;

	if (nr_clauses > 1 && !small_random(4))
		return 1 + small_random(nr_clauses - 1);
	c->first = (uint16_t)nr_atoms;
	c->count = 0;
	for (tries = 0; c->count < want && tries < 8; tries++)
		if (draw_atom(rank, &lvl_atoms[nr_atoms])) {
			nr_atoms++;
			c->count++;
		}
	if (!c->count) { /* rank 0 is a feature */
		lvl_atoms[nr_atoms++] =
			(struct lvl_atom){ nodes[order[0]].field, 1 };
		c->count = 1;
	}
	return nr_clauses++;
}

static void add_step(unsigned field, unsigned clause, unsigned edge)
{
	lvl_steps[lvl_nr_steps++] =
		(struct lvl_step){ (uint16_t)field, (uint16_t)clause,
				   (uint16_t)edge };
}

static void draw_requirements(unsigned field, unsigned rank)
{
	unsigned n = rank ? small_random(3) : 0;

	while (n--)
		add_step(field, draw_clause(rank), nr_edges++);
}

/* What of a clause can be seen by looking at one word. */
static void set_quick(struct lvl_clause *c)
{
	unsigned i;

	c->word = lvl_fields[lvl_atoms[c->first].field].word;
	c->whole = 1;
	c->mask = 0;
	for (i = 0; i < c->count; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];
		const struct lvl_field *f = &lvl_fields[a->field];

		if (f->word == c->word && a->at_least == 1)
			c->mask |= f->mask;
		else
			c->whole = 0;
	}
}

static unsigned add_effects(unsigned at, unsigned clause, int edges)
{
	unsigned i, n = 0;

	for (i = 0; i < lvl_nr_steps; i++) {
		const struct lvl_step *s = &lvl_steps[i];

		if (s->clause != clause || (s->edge != LVL_NO_FIELD) != edges)
			continue;
		lvl_effects[at + n].word = lvl_fields[s->field].word;
		lvl_effects[at + n++].mask = lvl_fields[s->field].mask;
	}
	return n;
}

/* The steps by clause, each clause where it is met first. */
static void set_groups(void)
{
	uint8_t seen[LVL_NR_CLAUSES] = { 0 };
	unsigned i, at = 0;

	lvl_nr_groups = 0;
	for (i = 0; i < lvl_nr_steps; i++) {
		unsigned clause = lvl_steps[i].clause;
		struct lvl_group *g = &lvl_groups[lvl_nr_groups];

		if (seen[clause]++)
			continue;
		g->clause = (uint16_t)clause;
		g->first = (uint16_t)at;
		g->needs = (uint16_t)add_effects(at, clause, 1);
		at += g->needs;
		g->values = (uint16_t)add_effects(at, clause, 0);
		at += g->values;
		lvl_nr_groups++;
	}
}

/* 0 means that there is none: the field owns itself. */
static void own_itself(unsigned field)
{
	struct lvl_clause *c = &lvl_clauses[nr_clauses];

	c->first = (uint16_t)nr_atoms;
	c->count = 1;
	lvl_atoms[nr_atoms++] = (struct lvl_atom){ (uint16_t)field, 1 };
	lvl_fields[field].owner = (uint16_t)nr_clauses++;
	lvl_fields[field].flags |= LVL_FIELD_ZERO_NONE;
}

static void draw_carrier(const struct node *n, unsigned rank)
{
	struct lvl_field *f = &lvl_fields[n->field];
	int owned = n->rule == LVL_EQUAL || n->rule == LVL_PAIR;

	if (owned || small_random(4))
		f->carrier = (uint16_t)draw_clause(rank);
	if (owned)
		f->owner = f->carrier;
	if (n->field == SMALL_EQ1 && !small_random(4))
		own_itself(n->field);
	if (f->carrier)
		add_step(n->field, f->carrier, LVL_NO_FIELD);
	if (n->upper == LVL_NO_FIELD)
		return;
	lvl_fields[n->upper].carrier = f->carrier;
	lvl_fields[n->upper].owner = f->owner;
	if (n->width == 1 && !asleep[order[rank]])
		draw_requirements(n->upper, rank);
	add_step(n->upper, f->carrier, LVL_NO_FIELD);
}

static void draw_order(void)
{
	unsigned i, k, t;

	for (i = 0; i < NR_NODES; i++)
		order[i] = i;
	for (i = NR_NODES - 1; i > 0; i--) {
		k = small_random(i + 1);
		t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
	for (i = 0; nodes[order[i]].rule != LVL_AND; i++)
		;
	t = order[0];
	order[0] = order[i];
	order[i] = t;
	for (i = 0; i < NR_NODES; i++)
		asleep[i] = nodes[i].rule != LVL_AND && small_random(2);
}

static void set_fit_word(struct lvl_fit_word *j, unsigned w)
{
	unsigned i, carried = 0;

	memset(j, 0, sizeof(*j));
	j->word = (uint16_t)w;
	j->and_bits = lvl_masks[LVL_MASK_AND][w];
	j->or_bits = lvl_masks[LVL_MASK_OR][w];
	j->same = lvl_masks[LVL_MASK_EQUAL][w] | lvl_masks[LVL_MASK_NUMBER][w];
	j->leaks = lvl_masks[LVL_MASK_LEAK][w];
	for (i = 0; i < lvl_words[w].count; i++) {
		const struct lvl_field *f = &lvl_fields[lvl_words[w].first + i];

		if (f->rule == LVL_AND)
			continue;
		if (!carried++)
			j->carrier = f->carrier;
		else if (f->carrier != j->carrier)
			j->carrier = 0;
	}
}

void small_draw(uint64_t seed)
{
	unsigned i;

	state = seed * 2 + 1;
	nr_clauses = 1; /* clause 0 is empty: always */
	nr_atoms = nr_edges = 0;
	lvl_nr_steps = 0;
	memset(lvl_clauses, 0, sizeof(lvl_clauses));
	draw_order();
	set_fields();
	for (i = 0; i < NR_NODES; i++) {
		const struct node *n = &nodes[order[i]];

		if (n->rule == LVL_AND)
			draw_requirements(n->field, i);
		else
			draw_carrier(n, i ? i : 1);
	}
	for (i = 1; i < nr_clauses; i++)
		set_quick(&lvl_clauses[i]);
	set_words();
	set_masks();
	set_groups();
	for (i = 0; i < lvl_nr_ordered; i++)
		set_fit_word(&lvl_fit_words[i], lvl_ordered[i]);
}

/* -- policies ------------------------------------------------------------- */

struct walk {
	struct ref_policy *out;
	unsigned n, max;
	struct ref_policy at;
};

static void put(struct ref_policy *r, unsigned field, uint64_t v, int na)
{
	r->f[field] = (struct ref_val){ na ? 0 : v, ref_full(field), na };
}

static void walk_rank(struct walk *w, unsigned rank);

/* Every set of allowed values; where it may not be 1 only {0}. */
static void walk_pair(struct walk *w, const struct node *n, unsigned rank,
		      unsigned top)
{
	unsigned low, high;

	for (high = 0; high <= top; high++) {
		for (low = 0; low <= high; low++) {
			put(&w->at, n->field, low, 0);
			put(&w->at, n->upper, high, 0);
			walk_rank(w, rank + 1);
		}
	}
}

static int required(const struct ref_policy *r, unsigned field)
{
	unsigned i;

	for (i = 0; i < lvl_nr_steps; i++)
		if (lvl_steps[i].field == field &&
		    lvl_steps[i].edge != LVL_NO_FIELD &&
		    ref_holds(r, lvl_steps[i].clause) == REF_FALSE)
			return 0;
	return 1;
}

/* Every value that the node may have above what was chosen before. */
static void walk_node(struct walk *w, const struct node *n, unsigned rank)
{
	const struct lvl_field *f = &lvl_fields[n->field];
	unsigned v, top = n->top;

	if (n->rule == LVL_AND && !required(&w->at, n->field))
		top = 0;
	if (asleep[order[rank]]) {
		put(&w->at, n->field, 0, (f->flags & LVL_FIELD_ZERO_NONE) != 0);
		if (n->upper != LVL_NO_FIELD)
			put(&w->at, n->upper, n->top, 0);
		walk_rank(w, rank + 1);
		return;
	}
	if (n->upper != LVL_NO_FIELD) {
		if (!required(&w->at, n->upper))
			top = 0;
		walk_pair(w, n, rank, top);
		return;
	}
	for (v = 0; v <= top; v++) {
		put(&w->at, n->field, v,
		    !v && (f->flags & LVL_FIELD_ZERO_NONE));
		walk_rank(w, rank + 1);
	}
}

static void walk_rank(struct walk *w, unsigned rank)
{
	const struct node *n;

	if (w->n > w->max)
		return;
	if (rank == NR_NODES) {
		if (w->n < w->max)
			w->out[w->n] = w->at;
		w->n++;
		return;
	}
	n = &nodes[order[rank]];
	if (ref_holds(&w->at, lvl_fields[n->field].carrier) != REF_FALSE) {
		walk_node(w, n, rank);
		return;
	}
	put(&w->at, n->field, 0, 1);
	if (n->upper != LVL_NO_FIELD)
		put(&w->at, n->upper, 0, 1);
	walk_rank(w, rank + 1);
}

unsigned small_policies(struct ref_policy *p, unsigned max)
{
	static struct walk w;

	memset(&w, 0, sizeof(w));
	w.out = p;
	w.max = max;
	walk_rank(&w, 0);
	return w.n;
}

void small_garbage(struct lvl_policy *p)
{
	unsigned i;

	lvl_policy_zero(p);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (ref_ordered(i))
			lvl_set(p, i, small_random(4) & ref_full(i));
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/topology.h>

#include "finalise.h"

#define INTEL_LIKE (LVL_VENDOR_INTEL | LVL_VENDOR_CENTAUR | LVL_VENDOR_ZHAOXIN)
#define AMD_LIKE (LVL_VENDOR_AMD | LVL_VENDOR_HYGON)

/* -- the layout of an APIC id ---------------------------------------------- */

/* Where in an APIC id the number of the core, die and package begins. */
struct shifts {
	unsigned core, die, package;
};

static unsigned bits_for(uint32_t n, unsigned at_least)
{
	unsigned b = at_least;

	while (b < 32 && 1ull << b < n)
		b++;
	return b;
}

static struct shifts shifts_of(const struct lvl_topology *t)
{
	struct shifts s;

	s.core = bits_for(t->threads, t->thread_bits);
	s.die = s.core + bits_for(t->cores, t->core_bits);
	s.package = s.die + bits_for(t->dies, t->die_bits);
	return s;
}

static uint64_t per_package(const struct lvl_topology *t)
{
	return (uint64_t)t->threads * t->cores * t->dies;
}

/* The highest id, of the last thread of all. */
static uint64_t last_id(const struct lvl_topology *t, const struct shifts *s)
{
	return (uint64_t)(t->packages - 1) << s->package |
	       (uint64_t)(t->dies - 1) << s->die |
	       (uint64_t)(t->cores - 1) << s->core | (t->threads - 1);
}

static int out_of_range(struct lvl_err *err, unsigned field)
{
	return lvl_fail_field(err, LVL_E_RANGE, field);
}

int lvl_topology_check(const struct lvl_topology *t, struct lvl_err *err)
{
	struct shifts s;

	if (!t->threads || !t->cores || !t->dies || !t->packages)
		return lvl_fail(err, LVL_E_RANGE);
	if (t->threads > 0xffff || t->cores > 0xffff || t->dies > 0xffff ||
	    per_package(t) > 0xffff)
		return out_of_range(err, LVL_F_TOPO_B_COUNT);
	s = shifts_of(t);
	if (s.package > 31)
		return out_of_range(err, LVL_F_TOPO_B_SHIFT);
	if (last_id(t, &s) >= 0xffffffffu)
		return out_of_range(err, LVL_F_TOPO_B_X2APIC_ID);
	return 0;
}

uint32_t lvl_x2apic_id(const struct lvl_topology *t, uint32_t vcpu)
{
	struct shifts s = shifts_of(t);
	uint32_t core = vcpu / t->threads, die = core / t->cores;

	return vcpu % t->threads | core % t->cores << s.core |
	       die % t->dies << s.die | die / t->dies << s.package;
}

static uint32_t bits(uint32_t v, unsigned from, unsigned to)
{
	return v >> from & ((1u << (to - from)) - 1);
}

int lvl_vcpu_of_x2apic_id(const struct lvl_topology *t, uint32_t id,
			  uint32_t *vcpu)
{
	struct shifts s = shifts_of(t);
	uint32_t thread = bits(id, 0, s.core), core = bits(id, s.core, s.die);
	uint32_t die = bits(id, s.die, s.package), package = id >> s.package;

	if (thread >= t->threads || core >= t->cores || die >= t->dies ||
	    package >= t->packages)
		return -LVL_E_RANGE;
	*vcpu = ((package * t->dies + die) * t->cores + core) * t->threads +
		thread;
	return 0;
}

/* -- a topology for one policy ----------------------------------------------
 */

struct shape {
	const struct lvl_topology *t;
	struct shifts s;
	unsigned vendor;
	uint32_t per_die, per_package; /* threads */
	int topoext;                   /* AMD shows 0x8000001d and 0x8000001e */
};

static uint32_t get_at(const struct lvl_policy *p, unsigned field, unsigned i)
{
	const struct lvl_field *f = &lvl_fields[field];

	return (p->v[f->word + 4u * i] & f->mask) >> f->lo;
}

static void set_at(struct lvl_policy *p, unsigned field, unsigned i,
		   uint32_t value)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned w = f->word + 4u * i;

	p->v[w] = (p->v[w] & ~f->mask) | (value << f->lo & f->mask);
	p->k[w] |= f->mask;
}

/* One of the two leaves that describe caches. */
struct cache_leaf {
	uint16_t type, level, sharing;
};
static const struct cache_leaf leaf_4 = {
	LVL_F_CACHE4_TYPE,
	LVL_F_CACHE4_LEVEL,
	LVL_F_CACHE4_SHARING,
};
static const struct cache_leaf leaf_1d = {
	LVL_F_CACHE1D_TYPE,
	LVL_F_CACHE1D_LEVEL,
	LVL_F_CACHE1D_SHARING,
};

static unsigned caches(const struct lvl_policy *p, const struct cache_leaf *l)
{
	unsigned i = 0;

	while (i < lvl_fields[l->type].instances && get_at(p, l->type, i))
		i++;
	return i;
}

/* How many bits of the id the CPUs that share a cache differ in. */
static unsigned shared_bits(const struct lvl_policy *p, const struct shape *x,
			    const struct cache_leaf *l, unsigned i)
{
	return get_at(p, l->level, i) <= 2 ? x->s.core : x->s.die;
}

static int caches_fit(const struct lvl_policy *p, const struct shape *x,
		      const struct cache_leaf *l, struct lvl_err *err)
{
	unsigned i;

	for (i = 0; i < caches(p, l); i++)
		if (shared_bits(p, x, l, i) > lvl_fields[l->sharing].width)
			return out_of_range(err, l->sharing);
	return 0;
}

/* -- what leaves cannot tell ------------------------------------------------
 */

static int exceeds(uint64_t value, unsigned field)
{
	return value >> lvl_fields[field].width != 0;
}

/* Without X2APIC leaves 1 and 4 alone say which bits are whose. */
static int intel_fits(const struct lvl_policy *p, const struct shape *x,
		      struct lvl_err *err)
{
	unsigned core_bits = x->s.package - x->s.core;

	if (!lvl_has(p, LVL_F_X2APIC)) {
		if (x->t->dies > 1)
			return out_of_range(err, LVL_F_TOPO_1F_COUNT);
		if (core_bits > (caches(p, &leaf_4) ? 6 : 0))
			return out_of_range(err, LVL_F_CACHE4_CORES);
	}
	return caches_fit(p, x, &leaf_4, err);
}

static int amd_fits(const struct lvl_policy *p, const struct shape *x,
		    struct lvl_err *err)
{
	const struct lvl_topology *t = x->t;
	uint64_t nodes = (uint64_t)t->packages * t->dies;

	if (exceeds(x->s.package, LVL_F_APIC_ID_SIZE))
		return out_of_range(err, LVL_F_APIC_ID_SIZE);
	if (!x->topoext)
		return 0;
	if (exceeds(t->threads - 1, LVL_F_THREADS_PER_CORE))
		return out_of_range(err, LVL_F_THREADS_PER_CORE);
	if (x->s.package - x->s.core > lvl_fields[LVL_F_COMPUTE_UNIT_ID].width)
		return out_of_range(err, LVL_F_COMPUTE_UNIT_ID);
	if (exceeds(t->dies - 1, LVL_F_NODES_PER_SOCKET))
		return out_of_range(err, LVL_F_NODES_PER_SOCKET);
	if (exceeds(nodes - 1, LVL_F_NODE_ID))
		return out_of_range(err, LVL_F_NODE_ID);
	return caches_fit(p, x, &leaf_1d, err);
}

/* 255 addresses all CPUs (SDM v3 "Local APIC ID"). */
static int ids_fit(const struct lvl_policy *p, const struct shape *x,
		   struct lvl_err *err)
{
	if (lvl_has(p, LVL_F_X2APIC))
		return 0;
	if (!lvl_known(p, LVL_F_X2APIC))
		return lvl_fail_field(err, LVL_E_INVALID, LVL_F_X2APIC);
	if (last_id(x->t, &x->s) > 254)
		return out_of_range(err, LVL_F_INITIAL_APIC_ID);
	return 0;
}

static int fits(const struct lvl_policy *p, const struct shape *x,
		struct lvl_err *err)
{
	int rc;

	if (!lvl_known(p, LVL_F_VENDOR_0) || !lvl_known(p, LVL_F_VENDOR_1) ||
	    !lvl_known(p, LVL_F_VENDOR_2))
		return lvl_fail_field(err, LVL_E_INVALID, LVL_F_VENDOR_0);
	if (!(x->vendor & (INTEL_LIKE | AMD_LIKE)))
		return lvl_fail_field(err, LVL_E_VENDOR, LVL_F_VENDOR_0);
	rc = ids_fit(p, x, err);
	if (rc)
		return rc;
	return x->vendor & AMD_LIKE ? amd_fits(p, x, err)
				    : intel_fits(p, x, err);
}

/* -- the leaves -------------------------------------------------------------
 */

/* Nothing of another topology stays. */
static void clear(struct lvl_policy *p, unsigned vendor)
{
	unsigned i, n;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->rule != LVL_FREE || f->klass != LVL_TOPOLOGY)
			continue;
		for (n = 0; n < f->instances; n++) {
			p->v[f->word + 4u * n] &= ~f->mask;
			if (f->vendors & vendor)
				p->k[f->word + 4u * n] |= f->mask;
		}
	}
}

/* A leaf that lists the levels of the id, from the thread upwards. */
struct level_leaf {
	uint32_t leaf;
	uint16_t shift, count, type;
	uint8_t inner; /* the last type that is not beyond a die */
};
static const struct level_leaf leaf_b = { 0xb, LVL_F_TOPO_B_SHIFT,
					  LVL_F_TOPO_B_COUNT, LVL_F_TOPO_B_TYPE,
					  2 };
static const struct level_leaf leaf_1f = { 0x1f, LVL_F_TOPO_1F_SHIFT,
					   LVL_F_TOPO_1F_COUNT,
					   LVL_F_TOPO_1F_TYPE, 4 };
static const struct level_leaf leaf_26 = { 0x80000026, LVL_F_TOPO_26_SHIFT,
					   LVL_F_TOPO_26_COUNT,
					   LVL_F_TOPO_26_TYPE, 3 };

static void level(struct lvl_policy *p, const struct level_leaf *l, unsigned i,
		  unsigned type, unsigned shift, uint32_t count)
{
	set_at(p, l->type, i, type);
	set_at(p, l->shift, i, shift);
	set_at(p, l->count, i, count);
	lvl_reach_(p, l->leaf);
}

/* SDM v2 CPUID 0BH, APM v3 Fn0000_000B: 1 thread, 2 core. */
static void leaf_b_levels(struct lvl_policy *p, const struct shape *x)
{
	level(p, &leaf_b, 0, 1, x->s.core, x->t->threads);
	level(p, &leaf_b, 1, 2, x->s.package, x->per_package);
}

/* SDM v2 CPUID 1FH: 1 thread, 2 core, 5 die. */
static void leaf_1f_levels(struct lvl_policy *p, const struct shape *x)
{
	level(p, &leaf_1f, 0, 1, x->s.core, x->t->threads);
	level(p, &leaf_1f, 1, 2, x->s.die, x->per_die);
	if (x->s.package > x->s.die)
		level(p, &leaf_1f, 2, 5, x->s.package, x->per_package);
}

/* APM v3 Fn8000_0026: 1 core, 2 complex, 3 die, 4 socket. */
static void leaf_26_levels(struct lvl_policy *p, const struct shape *x)
{
	level(p, &leaf_26, 0, 1, x->s.core, x->t->threads);
	level(p, &leaf_26, 1, 2, x->s.die, x->per_die);
	level(p, &leaf_26, 2, 3, x->s.die, x->per_die);
	level(p, &leaf_26, 3, 4, x->s.package, x->per_package);
}

static void share_caches(struct lvl_policy *p, const struct shape *x,
			 const struct cache_leaf *l)
{
	unsigned i;

	for (i = 0; i < caches(p, l); i++)
		set_at(p, l->sharing, i, (1u << shared_bits(p, x, l, i)) - 1);
}

static uint32_t at_most(uint32_t v, uint32_t limit)
{
	return v < limit ? v : limit;
}

static void intel(struct lvl_policy *p, const struct shape *x)
{
	unsigned core_bits = x->s.package - x->s.core, i;
	int htt = x->s.package > 0, has_1f;

	has_1f = lvl_known(p, LVL_F_MAX_BASIC_LEAF) &&
		 lvl_get(p, LVL_F_MAX_BASIC_LEAF) >= 0x1f;
	lvl_set(p, LVL_F_HTT, (uint64_t)htt);
	if (htt)
		lvl_set(p, LVL_F_LOGICAL_COUNT,
			at_most(1u << x->s.package, 255));
	share_caches(p, x, &leaf_4);
	for (i = 0; i < caches(p, &leaf_4); i++)
		set_at(p, LVL_F_CACHE4_CORES, i,
		       at_most((1u << core_bits) - 1, 63));
	if (lvl_has(p, LVL_F_X2APIC)) {
		leaf_b_levels(p, x);
		if (has_1f || x->s.package > x->s.die)
			leaf_1f_levels(p, x);
	}
	if (x->vendor != LVL_VENDOR_INTEL)
		return;
	lvl_set(p, LVL_F_CORE_THREAD_COUNT_THREADS, x->per_package);
	lvl_set(p, LVL_F_CORE_THREAD_COUNT_CORES,
		x->per_package / x->t->threads);
}

static void topoext(struct lvl_policy *p, const struct shape *x)
{
	lvl_set(p, LVL_F_TOPOEXT, 1);
	lvl_set(p, LVL_F_THREADS_PER_CORE, x->t->threads - 1);
	lvl_set(p, LVL_F_NODES_PER_SOCKET, x->t->dies - 1);
	share_caches(p, x, &leaf_1d);
	lvl_reach_(p, 0x8000001e);
}

static void amd(struct lvl_policy *p, const struct shape *x)
{
	if (x->per_package > 1) {
		lvl_set(p, LVL_F_HTT, 1);
		lvl_set(p, LVL_F_CMP_LEGACY, 1);
		lvl_set(p, LVL_F_LOGICAL_COUNT, at_most(x->per_package, 255));
		lvl_set(p, LVL_F_CORE_COUNT_NC,
			at_most(x->per_package - 1, 255));
	}
	lvl_set(p, LVL_F_APIC_ID_SIZE, x->s.package);
	lvl_reach_(p, 0x80000008);
	if (x->topoext)
		topoext(p, x);
	if (!lvl_has(p, LVL_F_X2APIC))
		return;
	leaf_b_levels(p, x);
	if (lvl_known(p, LVL_F_MAX_EXTENDED_LEAF) &&
	    lvl_get(p, LVL_F_MAX_EXTENDED_LEAF) >= 0x80000026)
		leaf_26_levels(p, x);
}

int lvl_topology_set(struct lvl_policy *p, const struct lvl_topology *t,
		     struct lvl_err *err)
{
	struct shape x = { .t = t, .vendor = lvl_policy_vendor(p) };
	int rc = lvl_topology_check(t, err);

	if (rc)
		return rc;
	x.s = shifts_of(t);
	x.per_die = t->threads * t->cores;
	x.per_package = x.per_die * t->dies;
	x.topoext = lvl_has(p, LVL_F_TOPOEXT) || caches(p, &leaf_1d) ||
		    t->threads > 1 || t->dies > 1;
	rc = fits(p, &x, err);
	if (rc)
		return rc;
	clear(p, x.vendor);
	if (x.vendor & AMD_LIKE)
		amd(p, &x);
	else
		intel(p, &x);
	return 0;
}

/* -- and back ---------------------------------------------------------------
 */

struct levels {
	unsigned nr, inner; /* of them; the one below the die's border */
};

static unsigned level_type(const struct lvl_policy *p,
			   const struct level_leaf *l, unsigned i)
{
	return i < lvl_fields[l->type].instances ? get_at(p, l->type, i) : 0;
}

static struct levels find_levels(const struct lvl_policy *p,
				 const struct level_leaf *l)
{
	struct levels n = { 0, 0 };
	unsigned type;

	while ((type = level_type(p, l, n.nr)) != 0) {
		if (type <= l->inner)
			n.inner = n.nr;
		n.nr++;
	}
	return n;
}

/* The leaf that tells most. */
static const struct level_leaf *choose_leaf(const struct lvl_policy *p)
{
	static const struct level_leaf *const order[] = { &leaf_1f, &leaf_26,
							  &leaf_b };
	unsigned i;

	for (i = 0; i < LVL_COUNT(order); i++)
		if (get_at(p, order[i]->type, 0))
			return order[i];
	return NULL;
}

/* Level i holds a whole number of the levels below, in at least their bits. */
static int contradicts(const struct lvl_policy *p, const struct level_leaf *l,
		       unsigned below, unsigned i)
{
	uint32_t part = get_at(p, l->count, below);
	uint32_t whole = get_at(p, l->count, i);
	unsigned s = get_at(p, l->shift, below), to = get_at(p, l->shift, i);

	if (!part || !whole || whole % part || to < s)
		return 1;
	return bits_for(whole / part, 0) > to - s;
}

/* Leaf 0xb says nothing of dies: AMD tells nodes elsewhere. */
static int split_dies(const struct lvl_policy *p, struct lvl_topology *t)
{
	uint32_t nodes = (uint32_t)lvl_get(p, LVL_F_NODES_PER_SOCKET) + 1;
	unsigned wide = bits_for(nodes, 0);

	if (!lvl_has(p, LVL_F_TOPOEXT) || nodes == 1)
		return 1;
	if (t->cores % nodes || t->core_bits < wide)
		return 0;
	t->dies = nodes;
	t->cores /= nodes;
	t->die_bits = (uint8_t)wide;
	t->core_bits = (uint8_t)(t->core_bits - wide);
	return bits_for(t->cores, 0) <= t->core_bits;
}

static struct lvl_topology read_levels(const struct lvl_policy *p,
				       const struct level_leaf *l,
				       const struct levels *n)
{
	unsigned core = get_at(p, l->shift, 0);
	unsigned die = get_at(p, l->shift, n->inner);
	unsigned package = get_at(p, l->shift, n->nr - 1);
	uint32_t threads = get_at(p, l->count, 0);
	uint32_t per_die = get_at(p, l->count, n->inner);
	struct lvl_topology t = {
		.threads = threads,
		.cores = per_die / threads,
		.dies = get_at(p, l->count, n->nr - 1) / per_die,
		.packages = 1,
		.thread_bits = (uint8_t)core,
		.core_bits = (uint8_t)(die - core),
		.die_bits = (uint8_t)(package - die),
	};

	return t;
}

int lvl_topology_get(const struct lvl_policy *p, struct lvl_topology *t,
		     struct lvl_err *err)
{
	const struct level_leaf *l = choose_leaf(p);
	struct lvl_topology read;
	struct levels n;

	if (!l)
		return lvl_fail_leaf(err, LVL_E_UNSUPPORTED, 0xb, 0);
	n = find_levels(p, l);
	if (bits_for(get_at(p, l->count, 0), 0) > get_at(p, l->shift, 0))
		return lvl_fail_leaf(err, LVL_E_INVALID, l->leaf, 0);
	if (contradicts(p, l, 0, n.inner))
		return lvl_fail_leaf(err, LVL_E_INVALID, l->leaf, n.inner);
	if (contradicts(p, l, n.inner, n.nr - 1))
		return lvl_fail_leaf(err, LVL_E_INVALID, l->leaf, n.nr - 1);
	read = read_levels(p, l, &n);
	if (l == &leaf_b && !split_dies(p, &read))
		return lvl_fail_leaf(err, LVL_E_INVALID, 0x8000001e,
				     LVL_NO_SUBLEAF);
	*t = read;
	return 0;
}

/* -- what each vCPU sees ----------------------------------------------------
 */

static void answer(uint32_t reg[4], unsigned field, uint32_t value)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint32_t *r = &reg[lvl_words[f->word].place];

	*r = (*r & ~f->mask) | (value << f->lo & f->mask);
}

static void answer_1e(const struct lvl_policy *p, const struct lvl_topology *t,
		      uint32_t id, uint32_t reg[4])
{
	struct shifts s = shifts_of(t);
	uint32_t node =
		(id >> s.package) * t->dies + bits(id, s.die, s.package);

	if (!lvl_has(p, LVL_F_TOPOEXT))
		return;
	answer(reg, LVL_F_EXT_APIC_ID, id);
	answer(reg, LVL_F_COMPUTE_UNIT_ID, bits(id, s.core, s.package));
	answer(reg, LVL_F_NODE_ID, node);
}

void lvl_topology_answer(const struct lvl_policy *p,
			 const struct lvl_topology *t, uint32_t vcpu,
			 uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	static const struct {
		uint32_t leaf;
		uint16_t type, level, id;
	} lists[] = {
		{ 0xb, LVL_F_TOPO_B_TYPE, LVL_F_TOPO_B_LEVEL,
		  LVL_F_TOPO_B_X2APIC_ID },
		{ 0x1f, LVL_F_TOPO_1F_TYPE, LVL_F_TOPO_1F_LEVEL,
		  LVL_F_TOPO_1F_X2APIC_ID },
		{ 0x80000026, LVL_F_TOPO_26_TYPE, LVL_F_TOPO_26_LEVEL,
		  LVL_F_TOPO_26_X2APIC_ID },
	};
	uint32_t id = lvl_x2apic_id(t, vcpu);
	unsigned i;

	if (leaf == 1)
		answer(reg, LVL_F_INITIAL_APIC_ID, id);
	if (leaf == 0x8000001e)
		answer_1e(p, t, id, reg);
	for (i = 0; i < LVL_COUNT(lists); i++) {
		if (leaf != lists[i].leaf || !get_at(p, lists[i].type, 0))
			continue;
		answer(reg, lists[i].level, subleaf);
		answer(reg, lists[i].id, id);
	}
}

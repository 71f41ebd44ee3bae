/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <cpulevel/level.h>

#include "console.h"
#include "domain.h"

/* Registers that hold features, of leaves that Xen's policies have. */
static const struct {
	uint32_t leaf, subleaf;
	unsigned reg;
} words[] = {
	{ 1, XEN_CPUID_NO_SUBLEAF, 2 },
	{ 1, XEN_CPUID_NO_SUBLEAF, 3 },
	{ 7, 0, 1 },
	{ 7, 0, 2 },
	{ 7, 0, 3 },
	{ 7, 1, 0 },
	{ 0xd, 1, 0 },
	{ 0x80000001, XEN_CPUID_NO_SUBLEAF, 2 },
	{ 0x80000001, XEN_CPUID_NO_SUBLEAF, 3 },
	{ 0x80000007, XEN_CPUID_NO_SUBLEAF, 3 },
	{ 0x80000008, XEN_CPUID_NO_SUBLEAF, 1 },
	{ 0x80000021, XEN_CPUID_NO_SUBLEAF, 0 },
};

/*
 * What differs.  Xen keeps a feature that a requirement of ours takes, while
 * it has not what is required: the requirement is ours alone.  Or Xen takes
 * one that we keep: then features that were missing each time are told, and
 * the one that Xen requires is among them.  All else follows from these.
 */
#define EDGES 128u
static struct {
	uint16_t field, cause;
	unsigned long times;
} edge[EDGES];
static unsigned nr_edges;

static struct {
	unsigned long times;
	uint32_t missing[LVL_NR_WORDS];
} taken[LVL_NR_FIELDS];

/* Why ours has not a feature: of the sample at hand. */
static uint16_t cause_of[LVL_NR_FIELDS];

static void note(void *arg, const struct lvl_change *c)
{
	(void)arg;
	cause_of[c->field] = (uint16_t)c->cause;
}

void oracle_predict(struct lvl_policy *out, const struct lvl_policy *asked,
		    const struct lvl_policy *max)
{
	const struct lvl_trail trail = { note, NULL };
	struct lvl_policy p = *asked;
	unsigned w;

	for (w = 0; w < LVL_NR_FIELDS; w++)
		cause_of[w] = LVL_NO_FIELD;
	for (w = 0; w < LVL_NR_WORDS; w++)
		p.v[w] &= max->v[w] | ~lvl_masks[LVL_MASK_FEATURE][w];
	lvl_interior(&p, &trail);
	*out = p;
}

int oracle_follows(unsigned field)
{
	return cause_of[field] != LVL_NO_FIELD;
}

/* -- random policies ------------------------------------------------------ */

static uint64_t state;

/* xorshift64*: G. Marsaglia 2003, S. Vigna 2014 */
static uint32_t any(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32);
}

static uint32_t few_bits(void)
{
	uint32_t bits = 0;
	unsigned n;

	for (n = any() % 4; n; n--)
		bits |= (uint32_t)1 << any() % 32;
	return bits;
}

/* Mostly a few bits less; sometimes a whole word, or bits that nobody has. */
static uint32_t disturbed(uint32_t v)
{
	switch (any() % 16) {
	case 0:
		return v & any();
	case 1:
		return v | few_bits();
	case 2:
		return 0;
	case 3:
	case 4:
	case 5:
	case 6:
		return v;
	default:
		return v & ~few_bits();
	}
}

static uint32_t *reg_of(xen_cpuid_leaf_t *l, unsigned reg)
{
	uint32_t *const of[] = { &l->a, &l->b, &l->c, &l->d };

	return of[reg];
}

static void disturb(struct xen_policy *p)
{
	xen_cpuid_leaf_t *l;
	unsigned i;

	for (i = 0; i < LVL_COUNT(words); i++) {
		l = policy_leaf(p, words[i].leaf, words[i].subleaf);
		if (l)
			*reg_of(l, words[i].reg) =
				disturbed(*reg_of(l, words[i].reg));
	}
}

/* -- comparing ------------------------------------------------------------ */

static void count_edge(unsigned field, unsigned cause)
{
	unsigned i;

	for (i = 0; i < nr_edges; i++)
		if (edge[i].field == field && edge[i].cause == cause)
			break;
	if (i == EDGES) {
		print("fail more than %d requirements differ\n", (long)EDGES);
		return;
	}
	if (i == nr_edges) {
		edge[i].field = (uint16_t)field;
		edge[i].cause = (uint16_t)cause;
		nr_edges++;
	}
	edge[i].times++;
}

static void count_taken(unsigned field, const struct lvl_policy *got)
{
	unsigned w;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		if (!taken[field].times)
			taken[field].missing[w] = UINT32_MAX;
		taken[field].missing[w] &= ~got->v[w];
	}
	taken[field].times++;
}

static void differ(unsigned field, const struct lvl_policy *got)
{
	unsigned cause = cause_of[field];

	if (!lvl_has(got, field))
		count_taken(field, got);
	else if (cause == LVL_NO_FIELD ||
		 lvl_fields[cause].word == LVL_NO_WORD || !lvl_has(got, cause))
		count_edge(field, cause);
}

static int compare(const struct lvl_policy *got,
		   const struct lvl_policy *predicted)
{
	int same = 1;
	unsigned w, f;

	for (w = 0; w < LVL_NR_WORDS; w++) {
		uint32_t bits = (got->v[w] ^ predicted->v[w]) &
				lvl_masks[LVL_MASK_FEATURE][w];

		for (f = 0; bits && f < lvl_words[w].count; f++) {
			unsigned field = lvl_words[w].first + f;

			if (bits & lvl_fields[field].mask)
				differ(field, got);
		}
		same &= !bits;
	}
	return same;
}

static const char *name_of(unsigned field)
{
	return field == LVL_NO_FIELD ? "-" : lvl_field_name(field);
}

static void tell_missing(unsigned field, const struct lvl_policy *max)
{
	unsigned f, w;

	for (f = 0; f < LVL_NR_FIELDS; f++) {
		w = lvl_fields[f].word;
		if (f != field && w != LVL_NO_WORD &&
		    lvl_fields[f].mask & lvl_masks[LVL_MASK_FEATURE][w] &
			    taken[field].missing[w] & max->v[w])
			print(" %s", lvl_field_name(f));
	}
}

static void tell(const char *kind, const struct lvl_policy *max)
{
	unsigned i;

	for (i = 0; i < nr_edges; i++)
		print("keeps %s %s without %s times=%d\n", kind,
		      name_of(edge[i].field), name_of(edge[i].cause),
		      (long)edge[i].times);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!taken[i].times)
			continue;
		print("takes %s %s times=%d missing:", kind, lvl_field_name(i),
		      (long)taken[i].times);
		tell_missing(i, max);
		print("\n");
	}
}

/* -- one run -------------------------------------------------------------- */

static int to_lvl(struct lvl_policy *to, const struct xen_policy *from)
{
	struct lvl_err err;

	/* a leaf that is not there is zero: Xen's policies are whole */
	lvl_policy_zero(to);
	return policy_merge_lvl(to, from, &err);
}

static struct {
	unsigned long tried, rejected, lowered, same;
} count;

static int sample(const struct domain *d, const struct xen_policy *base,
		  const struct lvl_policy *max)
{
	static struct xen_policy asked, read;
	static struct lvl_policy wants, got, predicted;
	struct xen_policy_error why;

	asked = *base;
	disturb(&asked);
	count.tried++;
	if (policy_set(&asked, d->id, &why)) {
		count.rejected++;
		return 0;
	}
	if (policy_get(&read, d->id) || to_lvl(&wants, &asked) ||
	    to_lvl(&got, &read))
		return -1;
	oracle_predict(&predicted, &wants, max);
	count.lowered += !policy_same(&asked, &read);
	count.same += (unsigned long)compare(&got, &predicted);
	return 0;
}

static long run(const struct domain *d, unsigned long n, struct lvl_policy *max)
{
	static struct xen_policy base, most;
	unsigned long i;
	long rc = policy_get(&base, d->id);

	if (!rc)
		rc = policy_of_xen(&most,
				   d->hvm ? XEN_SYSCTL_cpu_policy_hvm_max
					  : XEN_SYSCTL_cpu_policy_pv_max);
	if (!rc)
		rc = to_lvl(max, &most);
	for (i = 0; !rc && i < n; i++)
		rc = sample(d, &base, max);
	return rc;
}

void oracle(int hvm, unsigned long n, unsigned long seed)
{
	static struct lvl_policy max;
	const char *kind = hvm ? "hvm" : "pv";
	struct domain d;
	long rc = domain_create(&d, hvm);

	if (!rc) {
		state = seed + 1;
		nr_edges = 0;
		memset(edge, 0, sizeof(edge));
		memset(taken, 0, sizeof(taken));
		memset(&count, 0, sizeof(count));
		rc = run(&d, n, &max);
		tell(kind, &max);
		domain_destroy(&d);
	}
	print("oracle %s rc=%d tried=%d rejected=%d lowered=%d same=%d\n", kind,
	      rc, (long)count.tried, (long)count.rejected, (long)count.lowered,
	      (long)count.same);
}

/* SPDX-License-Identifier: MIT */
#include <cpulevel/xen.h>

/*
 * A place in lvl_leaves[] that moves forward only: arrays are sorted, so
 * that finding the next leaf is nearly always looking at the next place.
 */
static const struct lvl_leaf_words *next_leaf(unsigned *at, uint32_t leaf,
					      uint32_t subleaf)
{
	while (*at < LVL_NR_LEAVES && (lvl_leaves[*at].leaf < leaf ||
				       (lvl_leaves[*at].leaf == leaf &&
					lvl_leaves[*at].subleaf < subleaf)))
		++*at;
	if (*at < LVL_NR_LEAVES && lvl_leaves[*at].leaf == leaf &&
	    lvl_leaves[*at].subleaf == subleaf)
		return &lvl_leaves[(*at)++];
	return NULL;
}

static int all_known(const struct lvl_policy *p, const struct lvl_leaf_words *l)
{
	return (p->k[l->word[0]] & p->k[l->word[1]] & p->k[l->word[2]] &
		p->k[l->word[3]]) == 0xffffffffu;
}

int lvl_xen_leaves_out(const struct lvl_policy *p, struct lvl_leaf *leaf,
		       size_t *nr)
{
	struct lvl_leaf *first = leaf;
	size_t need = 0;
	unsigned i, r;

	/* mostly there is room for all, and no need to count first */
	for (i = 0; i < LVL_NR_LEAVES && *nr < LVL_NR_LEAVES; i++)
		need += (size_t)all_known(p, &lvl_leaves[i]);
	if (*nr < need) {
		*nr = need;
		return -LVL_E_NOBUFS;
	}
	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (!all_known(p, l))
			continue;
		leaf->leaf = l->leaf;
		leaf->subleaf = l->subleaf;
		for (r = 0; r < 4; r++)
			leaf->reg[r] = p->v[l->word[r]];
		leaf++;
	}
	*nr = (size_t)(leaf - first);
	return 0;
}

int lvl_xen_msrs_out(const struct lvl_policy *p, struct lvl_msr *msr,
		     size_t *nr)
{
	size_t need = 0;
	unsigned i;

	for (i = 0; i < LVL_NR_MSRS; i++)
		need += (p->k[lvl_msrs[i].word] & p->k[lvl_msrs[i].high]) ==
			0xffffffffu;
	if (*nr < need) {
		*nr = need;
		return -LVL_E_NOBUFS;
	}
	*nr = need;
	for (i = 0; i < LVL_NR_MSRS; i++) {
		const struct lvl_msr_words *m = &lvl_msrs[i];

		if ((p->k[m->word] & p->k[m->high]) != 0xffffffffu)
			continue;
		msr->index = m->index;
		msr->flags = 0;
		msr->value = (uint64_t)p->v[m->high] << 32 | p->v[m->word];
		msr++;
	}
	return 0;
}

static int in_order(const struct lvl_leaf *a, const struct lvl_leaf *b,
		    struct lvl_err *err)
{
	if (a->leaf < b->leaf ||
	    (a->leaf == b->leaf && a->subleaf < b->subleaf))
		return 0;
	return lvl_fail_leaf(err,
			     a->leaf == b->leaf && a->subleaf == b->subleaf
				     ? LVL_E_DUPLICATE
				     : LVL_E_ORDER,
			     b->leaf, b->subleaf);
}

/* Everything is looked at before anything is stored. */
static int check_leaves(const struct lvl_leaf *leaf, size_t nr,
			struct lvl_err *err)
{
	unsigned at = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct lvl_leaf *l = &leaf[i];

		if (i && in_order(l - 1, l, err))
			return in_order(l - 1, l, err);
		if (!next_leaf(&at, l->leaf, l->subleaf) &&
		    (l->reg[0] | l->reg[1] | l->reg[2] | l->reg[3]))
			return lvl_fail_leaf(err, LVL_E_UNKNOWN_LEAF, l->leaf,
					     l->subleaf);
	}
	return 0;
}

int lvl_xen_leaves_in(struct lvl_policy *p, const struct lvl_leaf *leaf,
		      size_t nr, struct lvl_err *err)
{
	unsigned at = 0, r;
	size_t i;
	int rc = check_leaves(leaf, nr, err);

	if (rc)
		return rc;
	for (i = 0; i < nr; i++) {
		const struct lvl_leaf_words *l =
			next_leaf(&at, leaf[i].leaf, leaf[i].subleaf);

		for (r = 0; l && r < 4; r++) {
			p->v[l->word[r]] = leaf[i].reg[r];
			p->k[l->word[r]] = 0xffffffffu;
		}
	}
	return 0;
}

static int check_msrs(const struct lvl_msr *msr, size_t nr, struct lvl_err *err)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (msr[i].flags)
			return lvl_fail_msr(err, LVL_E_FLAGS, msr[i].index);
		if (i && msr[i - 1].index >= msr[i].index)
			return lvl_fail_msr(err,
					    msr[i - 1].index == msr[i].index
						    ? LVL_E_DUPLICATE
						    : LVL_E_ORDER,
					    msr[i].index);
		if (msr[i].value && !lvl_msr_find(msr[i].index))
			return lvl_fail_msr(err, LVL_E_UNKNOWN_MSR,
					    msr[i].index);
	}
	return 0;
}

int lvl_xen_msrs_in(struct lvl_policy *p, const struct lvl_msr *msr, size_t nr,
		    struct lvl_err *err)
{
	size_t i;
	int rc = check_msrs(msr, nr, err);

	for (i = 0; i < nr && !rc; i++)
		if (lvl_msr_find(msr[i].index))
			rc = lvl_policy_set_msr(p, msr[i].index, msr[i].value);
	return rc;
}

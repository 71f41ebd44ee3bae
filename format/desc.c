/* SPDX-License-Identifier: MIT */
#include <cpulevel/desc.h>

#include <stdlib.h>

const char *const lvl_kind_names[LVL_NR_KINDS] = {
	"raw",        "host",           "pv-max",
	"pv-default", "hvm-shadow-max", "hvm-shadow-default",
	"hvm-max",    "hvm-default",    "level",
	"seen",
};

int lvl_kind_find(const char *name, size_t len, enum lvl_kind *kind)
{
	unsigned k;

	for (k = 0; k < LVL_NR_KINDS; k++) {
		if (strlen(lvl_kind_names[k]) == len &&
		    !memcmp(lvl_kind_names[k], name, len)) {
			*kind = (enum lvl_kind)k;
			return 0;
		}
	}
	return -LVL_E_UNKNOWN_NAME;
}

struct lvl_desc *lvl_desc_new(void)
{
	return calloc(1, sizeof(struct lvl_desc));
}

void lvl_desc_free(struct lvl_desc *d)
{
	unsigned k;
	size_t i;

	if (!d)
		return;
	for (k = 0; k < LVL_NR_KINDS; k++) {
		free(d->policy[k]);
		free(d->extra[k].leaf);
		free(d->extra[k].msr);
	}
	for (i = 0; i < d->nr_facts; i++) {
		free(d->fact[i].key);
		free(d->fact[i].value);
	}
	free(d->fact);
	free(d->name);
	free(d);
}

static void *copy_of(const void *p, size_t size, int *failed)
{
	void *copy = p && size ? malloc(size) : NULL;

	if (copy)
		memcpy(copy, p, size);
	*failed |= p && size && !copy;
	return copy;
}

static void clone_policies(struct lvl_desc *c, const struct lvl_desc *d,
			   int *failed)
{
	unsigned k;

	for (k = 0; k < LVL_NR_KINDS; k++) {
		const struct lvl_extra *x = &d->extra[k];

		c->policy[k] =
			copy_of(d->policy[k], sizeof(*d->policy[k]), failed);
		c->extra[k] = *x;
		c->extra[k].leaf = copy_of(
			x->leaf, x->nr_leaves * sizeof(*x->leaf), failed);
		c->extra[k].msr =
			copy_of(x->msr, x->nr_msrs * sizeof(*x->msr), failed);
	}
}

struct lvl_desc *lvl_desc_clone(const struct lvl_desc *d)
{
	struct lvl_desc *c = lvl_desc_new();
	int failed = 0;
	size_t i;

	if (!c)
		return NULL;
	c->nr_cpus = d->nr_cpus;
	c->hints = d->hints;
	c->twin = d->twin;
	clone_policies(c, d, &failed);
	if (d->name)
		c->name = copy_of(d->name, strlen(d->name) + 1, &failed);
	for (i = 0; i < d->nr_facts && !failed; i++)
		failed = lvl_desc_add_fact(c, d->fact[i].key, d->fact[i].value);
	if (!failed)
		return c;
	lvl_desc_free(c);
	return NULL;
}

struct lvl_policy *lvl_desc_policy(struct lvl_desc *d, enum lvl_kind kind)
{
	if (!d->policy[kind])
		d->policy[kind] = calloc(1, sizeof(struct lvl_policy));
	return d->policy[kind];
}

/* A copy that stays on one line and cannot move the cursor. */
static char *clean_copy(const char *s)
{
	char *copy = strdup(s), *c;

	for (c = copy; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return copy;
}

int lvl_desc_set_name(struct lvl_desc *d, const char *name)
{
	char *copy = clean_copy(name);

	if (!copy)
		return -LVL_E_NO_MEMORY;
	free(d->name);
	d->name = copy;
	return 0;
}

int lvl_desc_add_fact(struct lvl_desc *d, const char *key, const char *value)
{
	struct lvl_fact *grown;
	struct lvl_fact f;

	grown = realloc(d->fact, (d->nr_facts + 1) * sizeof(*grown));
	if (!grown)
		return -LVL_E_NO_MEMORY;
	d->fact = grown;
	f.key = clean_copy(key);
	f.value = clean_copy(value);
	if (!f.key || !f.value) {
		free(f.key);
		free(f.value);
		return -LVL_E_NO_MEMORY;
	}
	d->fact[d->nr_facts++] = f;
	return 0;
}

void lvl_desc_drop_facts(struct lvl_desc *d, const char *key)
{
	size_t i, kept = 0;

	for (i = 0; i < d->nr_facts; i++) {
		if (strcmp(d->fact[i].key, key) != 0) {
			d->fact[kept++] = d->fact[i];
			continue;
		}
		free(d->fact[i].key);
		free(d->fact[i].value);
	}
	d->nr_facts = kept;
}

const char *lvl_desc_fact(const struct lvl_desc *d, const char *key)
{
	size_t i;

	for (i = 0; i < d->nr_facts; i++)
		if (!strcmp(d->fact[i].key, key))
			return d->fact[i].value;
	return NULL;
}

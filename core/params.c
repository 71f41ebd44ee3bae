/* SPDX-License-Identifier: MIT */
/* The old options that lower the whole machine. */
#include <cpulevel/params.h>

#include "params.h"

/* len bytes, no NUL. */
struct text {
	const char *s;
	size_t len;
};

static int is(const struct text *t, const char *name)
{
	size_t n = 0;

	while (name[n])
		n++;
	return n == t->len && !memcmp(t->s, name, n);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* 0x and hex digits, or decimal; 017 could be either and is neither. */
static int number(const struct text *t, uint32_t *value)
{
	size_t i = t->len > 2 && t->s[0] == '0' && digit(t->s[1]) == 16 &&
				   (t->s[1] | 32) == 'x'
			   ? 2
			   : 0;
	unsigned base = i ? 16 : 10;
	uint64_t v = 0;

	if (!t->len || (!i && t->len > 1 && t->s[0] == '0'))
		return -LVL_E_SYNTAX;
	for (; i < t->len; i++) {
		unsigned d = (unsigned)digit(t->s[i]);

		if (d >= base)
			return -LVL_E_SYNTAX;
		v = v * base + d;
		if (v >> 32)
			return -LVL_E_RANGE;
	}
	*value = (uint32_t)v;
	return 0;
}

void lvl_params_init(struct lvl_params *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->mask, 0xff, sizeof(p->mask));
}

static int mask(struct lvl_params *p, unsigned i, const struct text *value)
{
	const struct lvl_param_mask_ *m = &lvl_param_masks_[i];
	uint32_t v = 0;
	int rc = number(value, &v);

	if (rc)
		return rc;
	if (p->given >> i & 1)
		return -LVL_E_DUPLICATE;
	if (m->needs & ~v)
		return -LVL_E_RANGE;
	p->mask[i] = v;
	p->given |= (uint8_t)(1u << i);
	p->deprecated = 1;
	return 0;
}

static int set(struct lvl_params *p, const struct text *value)
{
	unsigned i;

	for (i = 0; i < lvl_nr_param_sets_; i++)
		if (is(value, lvl_param_sets_[i].name))
			break;
	if (i == lvl_nr_param_sets_)
		return -LVL_E_UNKNOWN_NAME;
	if (p->set)
		return -LVL_E_DUPLICATE;
	p->set = (uint8_t)(i + 1);
	p->deprecated = 1;
	return 0;
}

/* Is it one that every 64-bit program needs? */
static int is_needed(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned i;

	for (i = 0; i < LVL_NR_PARAM_MASKS; i++)
		if (lvl_param_masks_[i].word == f->word &&
		    lvl_param_masks_[i].needs & f->mask)
			return 1;
	return 0;
}

static int drop(struct lvl_params *p, const struct text *name)
{
	unsigned field = 0;
	int rc;

	if (name->len < 4 || memcmp(name->s, "no-", 3))
		return -LVL_E_SYNTAX;
	rc = lvl_field_find(name->s + 3, name->len - 3,
			    LVL_WHO_XEN | LVL_WHO_OWN, &field);
	if (rc)
		return rc;
	if (!(lvl_masks[LVL_MASK_FEATURE][lvl_fields[field].word] &
	      lvl_fields[field].mask) ||
	    lvl_fields[field].width != 1 || is_needed(field))
		return -LVL_E_SYNTAX;
	if (p->nr_drops == LVL_NR_PARAM_DROPS)
		return -LVL_E_TOO_BIG;
	p->drop[p->nr_drops++] = (uint16_t)field;
	return 0;
}

/* All of the list, or nothing. */
static int drops(struct lvl_params *p, const struct text *list)
{
	const struct lvl_params had = *p;
	struct text name = { list->s, 0 };
	size_t i;
	int rc = 0;

	for (i = 0; i <= list->len && !rc; i++) {
		if (i < list->len && list->s[i] != ',')
			continue;
		name.len = (size_t)(list->s + i - name.s);
		rc = drop(p, &name);
		name.s = list->s + i + 1;
	}
	if (rc)
		*p = had;
	return rc;
}

int lvl_param(struct lvl_params *p, const char *name, size_t name_len,
	      const char *value, size_t value_len)
{
	const struct text n = { name, name_len }, v = { value, value_len };
	unsigned i;

	for (i = 0; i < LVL_NR_PARAM_MASKS; i++)
		if (is(&n, lvl_param_masks_[i].name))
			return mask(p, i, &v);
	if (is(&n, "cpuid_mask_cpu"))
		return set(p, &v);
	return is(&n, "cpuid") ? drops(p, &v) : -LVL_E_UNKNOWN_NAME;
}

/* -- lowering -------------------------------------------------------------- */

static uint32_t mask_of(const struct lvl_params *params, unsigned i)
{
	if (i < 4 && params->set && !(params->given >> i & 1))
		return lvl_param_sets_[params->set - 1].mask[i];
	return params->mask[i];
}

int lvl_params_apply(const struct lvl_params *params, struct lvl_policy *p)
{
	unsigned i;

	if (params->set &&
	    !(lvl_param_sets_[params->set - 1].vendors & lvl_policy_vendor(p)))
		return -LVL_E_VENDOR;
	for (i = 0; i < LVL_NR_PARAM_MASKS; i++) {
		const struct lvl_param_mask_ *m = &lvl_param_masks_[i];
		uint32_t v = mask_of(params, i);

		if (!m->number) {
			p->v[m->word] &= v;
			p->k[m->word] |= ~v;
		} else if (p->v[m->word] > v) {
			p->v[m->word] = v;
		}
	}
	for (i = 0; i < params->nr_drops; i++)
		lvl_set(p, params->drop[i], 0);
	return 0;
}

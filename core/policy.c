/* SPDX-License-Identifier: MIT */
#include <cpulevel/policy.h>

void lvl_policy_clear(struct lvl_policy *p)
{
	memset(p, 0, sizeof(*p));
}

void lvl_policy_zero(struct lvl_policy *p)
{
	memset(p->v, 0, sizeof(p->v));
	memset(p->k, 0xff, sizeof(p->k));
}

/* Bits of a wide field in the word after its first: MSR fields only. */
static uint32_t high_mask(const struct lvl_field *f)
{
	return 0xffffffffu >> (64 - (f->lo + f->width));
}

uint64_t lvl_get_wide(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	uint64_t low;

	if (f->word == LVL_NO_WORD)
		return 0;
	low = (p->v[f->word] & f->mask) >> f->lo;
	return low | (uint64_t)(p->v[f->word + 1] & high_mask(f))
			     << (32 - f->lo);
}

int lvl_known_wide(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || (p->k[f->word] & f->mask) != f->mask)
		return 0;
	return !(high_mask(f) & ~p->k[f->word + 1]);
}

static void set_wide(struct lvl_policy *p, const struct lvl_field *f,
		     uint64_t value)
{
	uint32_t low = (uint32_t)(value << f->lo) & f->mask;
	uint32_t m = high_mask(f);
	uint32_t high = (uint32_t)(value >> (32 - f->lo)) & m;

	if (f->word == LVL_NO_WORD)
		return;
	p->v[f->word] = (p->v[f->word] & ~f->mask) | low;
	p->k[f->word] |= f->mask;
	p->v[f->word + 1] = (p->v[f->word + 1] & ~m) | high;
	p->k[f->word + 1] |= m;
}

void lvl_set(struct lvl_policy *p, unsigned field, uint64_t value)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->flags & LVL_FIELD_WIDE) {
		set_wide(p, f, value);
		return;
	}
	p->v[f->word] = (p->v[f->word] & ~f->mask) |
			((uint32_t)(value << f->lo) & f->mask);
	p->k[f->word] |= f->mask;
}

void lvl_forget(struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD)
		return;
	p->v[f->word] &= ~f->mask;
	p->k[f->word] &= ~f->mask;
	if (f->flags & LVL_FIELD_WIDE) {
		p->v[f->word + 1] &= ~high_mask(f);
		p->k[f->word + 1] &= ~high_mask(f);
	}
}

int lvl_policy_set_leaf(struct lvl_policy *p, uint32_t leaf, uint32_t subleaf,
			const uint32_t reg[4])
{
	const struct lvl_leaf_words *l = lvl_leaf_find(leaf, subleaf);
	unsigned i;

	if (!l)
		return -LVL_E_UNKNOWN_LEAF;
	for (i = 0; i < 4; i++) {
		p->v[l->word[i]] = reg[i];
		p->k[l->word[i]] = 0xffffffffu;
	}
	return 0;
}

int lvl_policy_set_msr(struct lvl_policy *p, uint32_t index, uint64_t value)
{
	const struct lvl_msr_words *m = lvl_msr_find(index);

	if (!m)
		return -LVL_E_UNKNOWN_MSR;
	p->v[m->word] = (uint32_t)value;
	p->v[m->high] = (uint32_t)(value >> 32);
	p->k[m->word] = p->k[m->high] = 0xffffffffu;
	return 0;
}

/* -- who made it ---------------------------------------------------------- */

static const struct vendor {
	char id[13]; /* as the 12 bytes of ebx, edx, ecx read */
	uint8_t vendor;
	const char *name;
} vendors[] = {
	/* APM v3 E.3.1, SDM v2 CPUID; the rest: vendors' own manuals */
	{ "GenuineIntel", LVL_VENDOR_INTEL, "Intel" },
	{ "AuthenticAMD", LVL_VENDOR_AMD, "AMD" },
	{ "HygonGenuine", LVL_VENDOR_HYGON, "Hygon" },
	{ "CentaurHauls", LVL_VENDOR_CENTAUR, "Centaur" },
	{ "  Shanghai  ", LVL_VENDOR_ZHAOXIN, "Zhaoxin" },
	{ "GenuineTMx86", LVL_VENDOR_TRANSMETA, "Transmeta" },
};

static void put32(char *s, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		s[i] = (char)(v >> 8 * i);
}

unsigned lvl_vendor_lookup(uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	char id[12];
	unsigned i;

	put32(id, ebx);
	put32(id + 4, edx);
	put32(id + 8, ecx);
	for (i = 0; i < LVL_COUNT(vendors); i++)
		if (!memcmp(id, vendors[i].id, sizeof(id)))
			return vendors[i].vendor;
	return LVL_VENDOR_UNKNOWN;
}

unsigned lvl_policy_vendor(const struct lvl_policy *p)
{
	return lvl_vendor_lookup((uint32_t)lvl_get(p, LVL_F_VENDOR_0),
				 (uint32_t)lvl_get(p, LVL_F_VENDOR_2),
				 (uint32_t)lvl_get(p, LVL_F_VENDOR_1));
}

static uint32_t get32(const char *s)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < 4; i++)
		v |= (uint32_t)(unsigned char)s[i] << 8 * i;
	return v;
}

void lvl_policy_set_vendor(struct lvl_policy *p, unsigned vendor)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(vendors); i++) {
		if (vendors[i].vendor != vendor)
			continue;
		lvl_set(p, LVL_F_VENDOR_0, get32(vendors[i].id));
		lvl_set(p, LVL_F_VENDOR_1, get32(vendors[i].id + 4));
		lvl_set(p, LVL_F_VENDOR_2, get32(vendors[i].id + 8));
		return;
	}
}

const char *lvl_vendor_name(unsigned vendor)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(vendors); i++)
		if (vendors[i].vendor == vendor)
			return vendors[i].name;
	return "unknown";
}

/* SDM v2 CPUID 01H, figure "Version Information"; APM v3 E.3.2. */
unsigned lvl_policy_family(const struct lvl_policy *p)
{
	unsigned family = (unsigned)lvl_get(p, LVL_F_BASE_FAMILY);

	return family == 0xf ? family + (unsigned)lvl_get(p, LVL_F_EXT_FAMILY)
			     : family;
}

unsigned lvl_policy_model(const struct lvl_policy *p)
{
	unsigned family = (unsigned)lvl_get(p, LVL_F_BASE_FAMILY);
	unsigned model = (unsigned)lvl_get(p, LVL_F_BASE_MODEL);

	if (family != 0xf && family != 6)
		return model;
	return model | (unsigned)lvl_get(p, LVL_F_EXT_MODEL) << 4;
}

unsigned lvl_policy_stepping(const struct lvl_policy *p)
{
	return (unsigned)lvl_get(p, LVL_F_STEPPING);
}

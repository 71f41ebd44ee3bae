/* SPDX-License-Identifier: MIT */
/*
 * libxenguest without a Xen: the calls that the tool makes, with the names and
 * arguments that they have in one release.  RELEASE is 14, 17 or 22.
 *
 * One machine, an AMD; domain 1 is PV, 2 is HVM with HAP.  In the environment:
 *
 *	FAKE_XEN_RUNS   which Xen runs, 4.N; default: the library's release
 *	FAKE_XEN_STATE  a file that keeps the domains' policies; needed to set
 *	FAKE_XEN_KEEPS  clamp: it says yes to a new policy, and takes AVX2 away
 *	                stuck: the same, and never gives the old one back
 *	                ran, leaf, msr: it refuses, for that reason
 *	FAKE_XEN_VIRIDIAN  domain 2 is to see Hyper-V
 *	FAKE_XEN_OPEN   an errno: there is no Xen
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO 0xffffffffu
#define AVX2 (1u << 5)

struct leaf {
	uint32_t leaf, subleaf, a, b, c, d;
};

struct msr {
	uint32_t index, flags;
	uint64_t value;
};

enum { MOST_LEAVES = 32, MOST_MSRS = 2, DOMAINS = 2 };

struct policy {
	uint32_t nr_leaves, nr_msrs;
	struct leaf leaf[MOST_LEAVES];
	struct msr msr[MOST_MSRS];
};

/* -- the machine ----------------------------------------------------------- */

/* Maximum basic and extended leaves; 1 ecx, edx; 7 ebx; 0x80000001 ecx, edx. */
static const uint32_t made[][7] = {
	{ 0xd, 0x80000008, 0xfed8320b, 0x178bfbff, 0x9c01a9, 0x75, 0x2fd3fbff },
	{ 0xd, 0x80000008, 0xf6d8320b, 0x178bfbff, 0x9c01a9, 0x75, 0x2fd3fbff },
	{ 0xd, 0x80000008, 0xf6f83203, 0x1789c3f5, 0x8c0129, 0x63, 0x28500800 },
	{ 0xd, 0x80000008, 0xf6f83203, 0x178bfbff, 0x9c01a9, 0x77, 0x2e500800 },
	{ 0xd, 0x80000008, 0xf6d83203, 0x1789c3f5, 0x8c0129, 0x61, 0x28500800 },
	{ 0xd, 0x80000008, 0xf6f83203, 0x178bfbff, 0x9c01a9, 0x71, 0x2e500800 },
};

static void add(struct policy *p, uint32_t leaf, uint32_t subleaf, uint32_t a,
		uint32_t b, uint32_t c, uint32_t d)
{
	const struct leaf l = { leaf, subleaf, a, b, c, d };

	p->leaf[p->nr_leaves++] = l;
}

/* An EPYC of the first generation, as far as anyone asks. */
static void make(struct policy *p, unsigned index)
{
	const uint32_t *m = made[index];
	unsigned i;

	memset(p, 0, sizeof(*p));
	add(p, 0, NO, m[0], 0x68747541, 0x444d4163, 0x69746e65);
	add(p, 1, NO, 0x800f12, 0x800, m[2], m[3]);
	add(p, 7, 0, 0, m[4], 0, 0);
	add(p, 0xd, 0, 7, 0x340, 0x340, 0);
	add(p, 0xd, 1, 5, 0, 0, 0);
	add(p, 0xd, 2, 0x100, 0x240, 0, 0);
	add(p, 0x80000000, NO, m[1], 0x68747541, 0x444d4163, 0x69746e65);
	add(p, 0x80000001, NO, 0x800f12, 0, m[5], m[6]);
	for (i = 2; i < 8; i++)
		add(p, 0x80000000 + i, NO, 0, 0, 0, 0);
	add(p, 0x80000008, NO, 0x3028, 0, 0, 0);
	p->nr_msrs = 2;
	p->msr[0].index = 0xce;
	p->msr[1].index = 0x10a;
}

/* -- the domains ----------------------------------------------------------- */

static void read_domains(struct policy p[DOMAINS])
{
	const char *name = getenv("FAKE_XEN_STATE");
	FILE *f = name ? fopen(name, "rb") : NULL;

	make(&p[0], 4);
	make(&p[1], 5);
	if (!f)
		return;
	if (fread(p, sizeof(p[0]), DOMAINS, f) != DOMAINS)
		abort();
	fclose(f);
}

static void write_domains(const struct policy p[DOMAINS])
{
	const char *name = getenv("FAKE_XEN_STATE");
	FILE *f = name ? fopen(name, "wb") : NULL;

	if (!f || fwrite(p, sizeof(p[0]), DOMAINS, f) != DOMAINS)
		abort();
	fclose(f);
}

static const char *keeps(void)
{
	const char *how = getenv("FAKE_XEN_KEEPS");

	return how ? how : "";
}

/* As Xen: what is not given stays. */
static void merge(struct policy *p, const struct leaf *leaf, uint32_t nr)
{
	uint32_t i, j;

	for (i = 0; i < nr; i++)
		for (j = 0; j < p->nr_leaves; j++)
			if (p->leaf[j].leaf == leaf[i].leaf &&
			    p->leaf[j].subleaf == leaf[i].subleaf)
				p->leaf[j] = leaf[i];
}

static int fail(int error)
{
	errno = error;
	return -1;
}

/* -- every release --------------------------------------------------------- */

void *xc_interface_open(void *logger, void *builder, unsigned flags);
int xc_interface_close(void *xch);
int xc_version(void *xch, int what, char *answer);
int xc_physinfo(void *xch, uint32_t *info);
int xc_domain_getinfolist(void *xch, uint32_t first, unsigned max,
			  uint32_t *info);
int xc_hvm_param_get(void *xch, uint32_t domain, uint32_t param,
		     uint64_t *value);
int xc_get_cpu_featureset(void *xch, uint32_t index, uint32_t *nr,
			  uint32_t *word);
int xc_set_domain_cpu_policy(void *xch, uint32_t domain, uint32_t nr_leaves,
			     struct leaf *leaf, uint32_t nr_msrs,
			     struct msr *msr, uint32_t *bad_leaf,
			     uint32_t *bad_subleaf, uint32_t *bad_msr);

void *xc_interface_open(void *logger, void *builder, unsigned flags)
{
	const char *error = getenv("FAKE_XEN_OPEN");
	static int it;

	(void)logger;
	(void)builder;
	(void)flags;
	if (!error)
		return &it;
	errno = atoi(error);
	return NULL;
}

int xc_interface_close(void *xch)
{
	(void)xch;
	return 0;
}

int xc_version(void *xch, int what, char *answer)
{
	const char *runs = getenv("FAKE_XEN_RUNS");

	(void)xch;
	if (what == 1)
		strcpy(answer, ".3");
	else if (what == 9)
		strcpy(answer, "console=com1");
	return what ? 0 : 4 << 16 | (runs ? atoi(runs + 2) : RELEASE);
}

int xc_physinfo(void *xch, uint32_t *info)
{
	(void)xch;
	info[2] = 8;
	info[7] = 0xb; /* hvm, pv, hap */
	return 0;
}

int xc_domain_getinfolist(void *xch, uint32_t first, unsigned max,
			  uint32_t *info)
{
	(void)xch;
	(void)max;
	if (first > DOMAINS)
		return 0;
	info[0] = first ? first : 1;
	info[1] = info[0] == 2 ? 0x102 : 0;
	return 1;
}

int xc_hvm_param_get(void *xch, uint32_t domain, uint32_t param,
		     uint64_t *value)
{
	(void)xch;
	if (domain != 2 || param != 9)
		return fail(EINVAL);
	*value = getenv("FAKE_XEN_VIRIDIAN") ? 1 : 0;
	return 0;
}

int xc_get_cpu_featureset(void *xch, uint32_t index, uint32_t *nr,
			  uint32_t *word)
{
	static const unsigned policy[] = { 0, 1, 4, 5, 2, 3 };
	const uint32_t *m;

	(void)xch;
	if (index > 5)
		return fail(EINVAL);
	m = made[policy[index]];
	word[0] = m[3];
	word[1] = m[2];
	word[2] = m[6];
	word[3] = m[5];
	*nr = 4;
	return 0;
}

int xc_set_domain_cpu_policy(void *xch, uint32_t domain, uint32_t nr_leaves,
			     struct leaf *leaf, uint32_t nr_msrs,
			     struct msr *msr, uint32_t *bad_leaf,
			     uint32_t *bad_subleaf, uint32_t *bad_msr)
{
	struct policy all[DOMAINS], *p = &all[domain - 1];
	int stuck = !strcmp(keeps(), "stuck");
	uint32_t i;

	(void)xch;
	(void)msr;
	(void)nr_msrs;
	*bad_leaf = *bad_subleaf = *bad_msr = NO;
	if (!strcmp(keeps(), "ran"))
		return fail(EEXIST);
	if (!strcmp(keeps(), "leaf")) {
		*bad_leaf = 7;
		*bad_subleaf = 2;
		return fail(ERANGE);
	}
	if (!strcmp(keeps(), "msr")) {
		*bad_msr = 0x10a;
		return fail(EINVAL);
	}
	read_domains(all);
	merge(p, leaf, nr_leaves);
	for (i = 0; i < p->nr_leaves; i++)
		if (p->leaf[i].leaf == 7 &&
		    (stuck ||
		     (!strcmp(keeps(), "clamp") && !(p->leaf[i].b & 1u << 3))))
			p->leaf[i].b &= ~AVX2;
	write_domains(all);
	return 0;
}

/* -- what not every release has -------------------------------------------- */

#if RELEASE < 22
int xc_get_cpu_levelling_caps(void *xch, uint32_t *caps);

int xc_get_cpu_levelling_caps(void *xch, uint32_t *caps)
{
	(void)xch;
	*caps = 0x19e;
	return 0;
}
#endif

static int size(uint32_t *nr_leaves, uint32_t *nr_msrs)
{
	*nr_leaves = MOST_LEAVES;
	*nr_msrs = MOST_MSRS;
	return 0;
}

#if RELEASE == 14
int xc_get_cpu_policy_size(void *xch, uint32_t *nr_leaves, uint32_t *nr_msrs);
int xc_get_system_cpu_policy(void *xch, uint32_t index, uint32_t *nr_leaves,
			     struct leaf *leaf, uint32_t *nr_msrs,
			     struct msr *msr);
int xc_get_domain_cpu_policy(void *xch, uint32_t domain, uint32_t *nr_leaves,
			     struct leaf *leaf, uint32_t *nr_msrs,
			     struct msr *msr);

int xc_get_cpu_policy_size(void *xch, uint32_t *nr_leaves, uint32_t *nr_msrs)
{
	(void)xch;
	return size(nr_leaves, nr_msrs);
}

static int give(const struct policy *p, uint32_t *nr_leaves, struct leaf *leaf,
		uint32_t *nr_msrs, struct msr *msr)
{
	if (*nr_leaves < p->nr_leaves || *nr_msrs < p->nr_msrs)
		return fail(ENOBUFS);
	memcpy(leaf, p->leaf, p->nr_leaves * sizeof(*leaf));
	memcpy(msr, p->msr, p->nr_msrs * sizeof(*msr));
	*nr_leaves = p->nr_leaves;
	*nr_msrs = p->nr_msrs;
	return 0;
}

int xc_get_system_cpu_policy(void *xch, uint32_t index, uint32_t *nr_leaves,
			     struct leaf *leaf, uint32_t *nr_msrs,
			     struct msr *msr)
{
	struct policy p;

	(void)xch;
	make(&p, index);
	return give(&p, nr_leaves, leaf, nr_msrs, msr);
}

int xc_get_domain_cpu_policy(void *xch, uint32_t domain, uint32_t *nr_leaves,
			     struct leaf *leaf, uint32_t *nr_msrs,
			     struct msr *msr)
{
	struct policy all[DOMAINS];

	(void)xch;
	read_domains(all);
	return give(&all[domain - 1], nr_leaves, leaf, nr_msrs, msr);
}
#else
int xc_cpu_policy_get_size(void *xch, uint32_t *nr_leaves, uint32_t *nr_msrs);
struct policy *xc_cpu_policy_init(void);
void xc_cpu_policy_destroy(struct policy *p);
int xc_cpu_policy_get_system(void *xch, unsigned index, struct policy *p);
int xc_cpu_policy_get_domain(void *xch, uint32_t domain, struct policy *p);

int xc_cpu_policy_get_size(void *xch, uint32_t *nr_leaves, uint32_t *nr_msrs)
{
	(void)xch;
	return size(nr_leaves, nr_msrs);
}

struct policy *xc_cpu_policy_init(void)
{
	return calloc(1, sizeof(struct policy));
}

void xc_cpu_policy_destroy(struct policy *p)
{
	free(p);
}

int xc_cpu_policy_get_system(void *xch, unsigned index, struct policy *p)
{
	(void)xch;
	make(p, index);
	return 0;
}

int xc_cpu_policy_get_domain(void *xch, uint32_t domain, struct policy *p)
{
	struct policy all[DOMAINS];

	(void)xch;
	read_domains(all);
	*p = all[domain - 1];
	return 0;
}
#endif

#if RELEASE == 17
int xc_cpu_policy_serialise(void *xch, const struct policy *p,
			    struct leaf *leaf, uint32_t *nr_leaves,
			    struct msr *msr, uint32_t *nr_msrs);

int xc_cpu_policy_serialise(void *xch, const struct policy *p,
			    struct leaf *leaf, uint32_t *nr_leaves,
			    struct msr *msr, uint32_t *nr_msrs)
{
	(void)xch;
	if (*nr_leaves < p->nr_leaves || *nr_msrs < p->nr_msrs)
		return fail(ENOBUFS);
	memcpy(leaf, p->leaf, p->nr_leaves * sizeof(*leaf));
	memcpy(msr, p->msr, p->nr_msrs * sizeof(*msr));
	*nr_leaves = p->nr_leaves;
	*nr_msrs = p->nr_msrs;
	return 0;
}
#elif RELEASE == 22
int xc_cpu_policy_serialise(void *xch, struct policy *p);
int xc_cpu_policy_get_leaves(void *xch, const struct policy *p,
			     const struct leaf **leaf, uint32_t *nr);
int xc_cpu_policy_get_msrs(void *xch, const struct policy *p,
			   const struct msr **msr, uint32_t *nr);

/* The name stayed and the arguments went: calling it as before is wrong. */
int xc_cpu_policy_serialise(void *xch, struct policy *p)
{
	(void)xch;
	(void)p;
	abort();
}

int xc_cpu_policy_get_leaves(void *xch, const struct policy *p,
			     const struct leaf **leaf, uint32_t *nr)
{
	(void)xch;
	*leaf = p->leaf;
	*nr = p->nr_leaves;
	return 0;
}

int xc_cpu_policy_get_msrs(void *xch, const struct policy *p,
			   const struct msr **msr, uint32_t *nr)
{
	(void)xch;
	*msr = p->msr;
	*nr = p->nr_msrs;
	return 0;
}
#endif

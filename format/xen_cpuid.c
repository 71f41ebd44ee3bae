/* SPDX-License-Identifier: MIT */
/*
 * Output of xen-cpuid on a host that runs Xen: the featuresets of "info" and
 * "detail", the policies of "-p", or one after the other.
 *
 *	Dynamic sets:
 *	HVM Max                         1fcbfbff:f7fa3223:...
 *	  [00] 0x00000001.edx     fpu vme ...
 *
 *	HVM Max policy: 120 leaves, 2 MSRs
 *	 CPUID:
 *	  leaf     subleaf  -> eax      ebx      ecx      edx
 *	  00000000:ffffffff -> 0000000d:756e6547:6c65746e:49656e69
 *	 MSRs:
 *	  index    -> value
 *	  000000ce -> 0000000080000000
 *
 * The static sets belong to the build of Xen and not to the machine.
 */
#include "xen_cpuid.h"

#include "line.h"

#include <cpulevel/xen.h>

#include <stdlib.h>

/* Xen that serialises up to here knows 7:2 and 0x80000021. */
#define LEAVES_OF_4_17 120u

enum where {
	NOWHERE,
	STATIC,
	DYNAMIC,
	LEAVES,
	MSRS,
};

struct dump {
	enum where where;
	int info, policies;          /* which heads this machine had */
	unsigned sets, seen;         /* kinds: as featureset, as policy */
	enum lvl_kind kind;          /* of the current policy */
	uint64_t max_leaves;         /* of this Xen, 0: not said */
	uint64_t nr_leaves, nr_msrs; /* of the policy, still to come */
};

static const struct {
	const char *name;
	enum lvl_kind kind;
} kinds[] = {
	{ "Raw", LVL_KIND_RAW },
	{ "Host", LVL_KIND_HOST },
	{ "PV Max", LVL_KIND_PV_MAX },
	{ "PV Default", LVL_KIND_PV_DEFAULT },
	{ "HVM Max", LVL_KIND_HVM_MAX },
	{ "HVM Default", LVL_KIND_HVM_DEFAULT },
	/* before 4.14 there was one of each kind, which guests got */
	{ "PV", LVL_KIND_PV_DEFAULT },
	{ "HVM", LVL_KIND_HVM_DEFAULT },
};

/* The kind called by the len bytes at s; 0 if there is none. */
static int find_kind(const char *s, size_t len, enum lvl_kind *kind)
{
	size_t i;

	for (i = 0; i < LVL_COUNT(kinds); i++) {
		if (strlen(kinds[i].name) != len ||
		    memcmp(kinds[i].name, s, len))
			continue;
		*kind = kinds[i].kind;
		return 1;
	}
	return 0;
}

static int bad_line(struct lvl_import *im, const char *s)
{
	return lvl_import_fail(im, LVL_E_SYNTAX,
			       "\"%.60s\" is not a line of xen-cpuid", s);
}

/* -- what is absent ------------------------------------------------------- */

/* Whether Xen serialises the leaf where it lies within the maxima. */
static int serialised(const struct lvl_leaf_words *l)
{
	uint32_t sub = l->subleaf == LVL_NO_SUBLEAF ? 0 : l->subleaf;

	switch (l->leaf) {
	case 4:
		return sub < 6;
	case 7:
		return sub < 3;
	case 0xb:
		return sub < 2;
	case 0xd:
		return sub < 63;
	}
	return !sub && (l->leaf <= 0xd ||
			(l->leaf >= 0x80000000u && l->leaf <= 0x80000021u));
}

/* Whether every Xen from 4.13 on serialises it. */
static int serialised_early(const struct lvl_leaf_words *l)
{
	return serialised(l) && !(l->leaf == 7 && l->subleaf) &&
	       l->leaf <= 0x8000001cu;
}

/*
 * A leaf of zeroes is not printed, and one beyond the maxima answers zeroes:
 * both are known.  In all policies but raw, Xen has lowered the maxima to
 * what it serialises.  In raw they are the CPU's own, and a leaf may be
 * absent because this Xen never read it.
 */
void lvl_xen_absent_is_zero(struct lvl_policy *p, int raw, uint64_t most)
{
	int all = !raw || most >= LEAVES_OF_4_17;
	unsigned i, j;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const struct lvl_leaf_words *l = &lvl_leaves[i];

		if (all ? !serialised(l) : !serialised_early(l))
			continue;
		for (j = 0; j < 4; j++)
			p->k[l->word[j]] = 0xffffffffu;
	}
}

/* -- policies ------------------------------------------------------------- */

static int end_policy(struct lvl_import *im, struct dump *d)
{
	if (d->where != LEAVES && d->where != MSRS)
		return 0;
	if (d->nr_msrs)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "%llu MSRs of the %s policy are missing",
				       (unsigned long long)d->nr_msrs,
				       lvl_kind_names[d->kind]);
	lvl_xen_absent_is_zero(im->p, d->kind == LVL_KIND_RAW, d->max_leaves);
	d->where = NOWHERE;
	return 0;
}

int lvl_xen_signature(struct lvl_import *im, int viridian)
{
	/* public/arch-x86/cpuid.h; Hyper-V TLFS 2.4.1 */
	static const uint32_t names[][3] = {
		{ 0x566e6558, 0x65584d4d, 0x4d4d566e }, /* XenVMMXenVMM */
		{ 0x7263694d, 0x666f736f, 0x76482074 }, /* Microsoft Hv */
	};
	static const unsigned fields[] = { LVL_F_HV_ID_0, LVL_F_HV_ID_1,
					   LVL_F_HV_ID_2 };
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(fields) && !rc; i++)
		rc = lvl_import_field(im, fields[i], names[viridian != 0][i]);
	/* what KVM has behind its signature is not there behind these */
	for (i = 0; i < LVL_NR_FIELDS && !rc; i++)
		if (lvl_fields[i].vendors == LVL_VENDOR_KVM)
			rc = lvl_import_field(im, i, 0);
	return rc;
}

/*
 * Of guests that it does not run, Xen prints zeroes; to the others it shows
 * its signature, which is in no policy.
 */
static int end_guests(struct lvl_import *im, enum lvl_kind kind)
{
	struct lvl_policy **p = &im->d->policy[kind];
	uint32_t any = 0;
	unsigned w;
	int rc;

	for (w = 0; *p && w < LVL_NR_WORDS; w++)
		if (lvl_words[w].place != LVL_PLACE_STATE)
			any |= (*p)->v[w];
	if (!any) {
		free(*p);
		*p = NULL;
		return 0;
	}
	rc = lvl_import_kind(im, kind);
	return rc ? rc : lvl_xen_signature(im, 0);
}

static int deliver(struct lvl_import *im, struct dump *d)
{
	static const enum lvl_kind guests[] = {
		LVL_KIND_PV_MAX,
		LVL_KIND_PV_DEFAULT,
		LVL_KIND_HVM_MAX,
		LVL_KIND_HVM_DEFAULT,
	};
	int rc = end_policy(im, d);
	int any = d->sets || d->seen;
	unsigned i;

	memset(d, 0, sizeof(*d));
	for (i = 0; !rc && any && i < LVL_COUNT(guests); i++)
		rc = end_guests(im, guests[i]);
	return rc || !any ? rc : lvl_import_done(im);
}

/* A number at *s that `end` follows; *s moves behind that. */
static int count(char **s, const char *end, uint64_t *value)
{
	size_t n = strspn(*s, "0123456789");

	if (!lvl_number(*s, n, 65536, value) || !lvl_after(*s + n, end))
		return 0;
	*s += n + strlen(end);
	return 1;
}

/* "Domain 5", what that guest sees; one description each. */
static int begin_domain(struct lvl_import *im, struct dump *d, char *id,
			size_t len)
{
	char name[32];
	int rc = 0;

	if (d->sets || d->seen)
		rc = deliver(im, d);
	if (!rc)
		rc = lvl_import_kind(im, LVL_KIND_SEEN);
	snprintf(name, sizeof(name), "%.*s", len > 20 ? 20 : (int)len, id);
	return rc ? rc : lvl_import_fact(im, "domain", name);
}

/* "HVM Max policy: 120 leaves, 2 MSRs"; rest is behind "policy: ". */
static int begin_policy(struct lvl_import *im, struct dump *d, char *s,
			char *rest)
{
	size_t len = (size_t)(rest - s) - strlen(" policy: ");
	uint64_t leaves, msrs;
	enum lvl_kind kind = LVL_KIND_SEEN;
	char *domain = lvl_after(s, "Domain ");
	int rc;

	if (!count(&rest, " leaves, ", &leaves) ||
	    !count(&rest, " MSRs", &msrs) || *rest)
		return bad_line(im, s);
	if (!domain && !find_kind(s, len, &kind))
		return lvl_import_fail(im, LVL_E_UNKNOWN_NAME,
				       "a policy called \"%.40s\" is not known",
				       s);
	rc = end_policy(im, d);
	if (!rc && domain)
		rc = begin_domain(im, d, domain, len - strlen("Domain "));
	else if (!rc && d->seen >> kind & 1)
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "the %s policy again",
				       lvl_kind_names[kind]);
	else if (!rc)
		rc = lvl_import_kind(im, kind);
	d->kind = kind;
	d->seen |= 1u << kind;
	d->where = LEAVES;
	d->nr_leaves = leaves;
	d->nr_msrs = msrs;
	return rc;
}

/* "leaf:subleaf -> eax:ebx:ecx:edx" */
static int leaf_line(struct lvl_import *im, struct dump *d, const char *s)
{
	uint32_t reg[4], leaf, sub;
	uint64_t v, w;
	unsigned i;

	if (!lvl_hex_fixed(s, 8, &v) || s[8] != ':' ||
	    !lvl_hex_fixed(s + 9, 8, &w) || strncmp(s + 17, " -> ", 4))
		return bad_line(im, s);
	leaf = (uint32_t)v;
	sub = (uint32_t)w;
	for (i = 0; i < 4; i++) {
		const char *at = s + 21 + 9 * i;

		if (!lvl_hex_fixed(at, 8, &v) || at[8] != (i < 3 ? ':' : '\0'))
			return bad_line(im, s);
		reg[i] = (uint32_t)v;
	}
	if (!d->nr_leaves)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more leaves than the policy's head "
				       "says");
	d->nr_leaves--;
	/* Xen reads 0x8000001d and the like with ECX 0, and names none. */
	if (sub == LVL_NO_SUBLEAF)
		sub = 0;
	return lvl_import_leaf(im, leaf, sub, reg);
}

/* "index -> value" */
static int msr_line(struct lvl_import *im, struct dump *d, const char *s)
{
	uint64_t index, value;

	if (!lvl_hex_fixed(s, 8, &index) || strncmp(s + 8, " -> ", 4) ||
	    !lvl_hex_fixed(s + 12, 16, &value) || s[28])
		return bad_line(im, s);
	if (!d->nr_msrs)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more MSRs than the policy's head says");
	d->nr_msrs--;
	return lvl_import_msr(im, (uint32_t)index, value);
}

/* -- featuresets ---------------------------------------------------------- */

/* At most the last n bytes. */
static const char *tail(const char *s, size_t n)
{
	size_t len = strlen(s);

	return len > n ? s + len - n : s;
}

/* "HVM Max <blanks> words"; blanks separate the two, one is in the name. */
static int featureset(struct lvl_import *im, struct dump *d, char *s)
{
	char *gap = strstr(s, "  "), *words;
	enum lvl_kind kind;
	int rc;

	if (!gap || !find_kind(s, (size_t)(gap - s), &kind))
		return bad_line(im, s);
	if (d->sets >> kind & 1)
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "the %s featureset again",
				       lvl_kind_names[kind]);
	words = lvl_skip_blanks(gap);
	d->sets |= 1u << kind;
	rc = lvl_import_kind(im, kind);
	if (rc)
		return rc;
	/* words of eight digits, and a separator between them */
	rc = (strlen(words) + 1) % 9
		     ? -LVL_E_SYNTAX
		     : lvl_featureset_parse(im->p, words, strlen(words));
	return rc ? lvl_import_fail(im, -rc,
				    "the %s featureset ends in "
				    "\"%.20s\": %s",
				    lvl_kind_names[kind], tail(words, 20),
				    lvl_strerror(rc))
		  : 0;
}

/* -- the file ------------------------------------------------------------- */

/* The heads that a machine has once: another is the next machine. */
static int begin_output(struct lvl_import *im, struct dump *d, char *s)
{
	char *leaves = lvl_after(s, "Xen reports there are maximum ");
	uint64_t n = 0, msrs;
	int rc = end_policy(im, d);

	if (!rc && (leaves ? d->policies : d->info))
		rc = deliver(im, d);
	if (rc)
		return rc;
	if (leaves && (!count(&leaves, " leaves and ", &n) ||
		       !count(&leaves, " MSRs", &msrs)))
		return bad_line(im, s);
	d->where = NOWHERE;
	d->policies |= leaves != NULL;
	d->info |= !leaves;
	if (leaves)
		d->max_leaves = n;
	return 0;
}

static int sets_begin(struct lvl_import *im, struct dump *d, char *s)
{
	int rc = end_policy(im, d);

	d->where = !strcmp(s, "Static sets:") ? STATIC : DYNAMIC;
	return rc;
}

static int in_policy(struct lvl_import *im, struct dump *d, char *s)
{
	if (!strcmp(s, "CPUID:") || lvl_after(s, "leaf     subleaf") ||
	    lvl_after(s, "index    -> value"))
		return 0;
	if (!strcmp(s, "MSRs:")) {
		d->where = MSRS;
		return 0;
	}
	return d->where == LEAVES ? leaf_line(im, d, s) : msr_line(im, d, s);
}

static int one_line(struct lvl_import *im, struct dump *d, char *line)
{
	char *s = lvl_trim(line), *rest;

	if (!*s || strstr(s, " not supported by Xen"))
		return 0;
	if (lvl_after(s, "nr_features: ") ||
	    lvl_after(s, "Xen reports there are maximum "))
		return begin_output(im, d, s);
	if (!strcmp(s, "Static sets:") || !strcmp(s, "Dynamic sets:"))
		return sets_begin(im, d, s);
	rest = strstr(s, " policy: ");
	if (rest)
		return begin_policy(im, d, s, rest + strlen(" policy: "));
	switch (d->where) {
	case LEAVES:
	case MSRS:
		return in_policy(im, d, s);
	case DYNAMIC:
		return *s == '[' ? 0 : featureset(im, d, s);
	case STATIC:
		return 0;
	case NOWHERE:
		break;
	}
	return lvl_after(s, "KEY ") ? 0 : bad_line(im, s);
}

int lvl_xen_cpuid_read(struct lvl_import *im, lvl_xen_line_fn *next)
{
	struct dump d = { 0 };
	int got, rc = 0;
	char *line;

	while ((got = next(im, &line)) > 0) {
		rc = one_line(im, &d, line);
		if (rc)
			return rc;
	}
	return got < 0 ? got : deliver(im, &d);
}

static int read_all(struct lvl_import *im)
{
	return lvl_xen_cpuid_read(im, lvl_next_line);
}

static int is_head(const char *s, size_t len)
{
	return lvl_begins(s, len, "Xen reports there are maximum ") ||
	       lvl_begins(s, len, "nr_features: ") ||
	       lvl_begins(s, len, "Raw policy: ");
}

/* "Domain 5 policy: ..." */
static int is_domain(const char *s, size_t len)
{
	size_t n = strlen("Domain ");

	if (!lvl_begins(s, len, "Domain "))
		return 0;
	while (n < len && s[n] >= '0' && s[n] <= '9')
		n++;
	return lvl_begins(s + n, len - n, " policy: ");
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, is_head) ||
			       lvl_head_any(head, len, is_domain)
		       ? 90
		       : 0;
}

const struct lvl_format lvl_format_xen_cpuid = {
	.name = "xen-cpuid",
	.what = "output of xen-cpuid: featuresets and policies",
	.probe = probe,
	.read = read_all,
};

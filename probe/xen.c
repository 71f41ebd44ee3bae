/* SPDX-License-Identifier: MIT */
#include "xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "format/arrays.h"
#include "format/xen_cpuid.h"
#include "xen-policy.h"

/* public/version.h: what xc_version() is asked, and the room it wants. */
enum { XENVER_EXTRAVERSION = 1, XENVER_COMMANDLINE = 9 };
#define EXTRAVERSION_ROOM 16
#define COMMANDLINE_ROOM 1024

/*
 * public/sysctl.h, struct xen_sysctl_physinfo: the head of it, which 4.14 to
 * 4.23 have alike, in more room than any of them has filled.
 */
#define PHYS_NR_CPUS 2
#define PHYS_CAPABILITIES 7
#define PHYS_ROOM 512
enum { PHYSCAP_HVM = 1 << 0, PHYSCAP_PV = 1 << 1, PHYSCAP_HAP = 1 << 3 };

#define MOST_WORDS 64

/*
 * Policies and featuresets: their numbers are in two different orders
 * (public/sysctl.h).  needs: what the machine must run to have it.
 */
static const struct system {
	enum lvl_kind kind;
	enum xen_system policy;
	uint32_t featureset;
	unsigned needs;
} systems[] = {
	{ LVL_KIND_RAW, XEN_RAW, 0, 0 },
	{ LVL_KIND_HOST, XEN_HOST, 1, 0 },
	{ LVL_KIND_PV_MAX, XEN_PV_MAX, 4, PHYSCAP_PV },
	{ LVL_KIND_PV_DEFAULT, XEN_PV_DEFAULT, 2, PHYSCAP_PV },
	{ LVL_KIND_HVM_MAX, XEN_HVM_MAX, 5, PHYSCAP_HVM },
	{ LVL_KIND_HVM_DEFAULT, XEN_HVM_DEFAULT, 3, PHYSCAP_HVM },
};

/* enum xc_static_cpu_featuremask of 4.14 to 4.23. */
static const char *const masks[] = {
	"known",      "special",        "pv-max",
	"pv-default", "hvm-shadow-max", "hvm-shadow-default",
	"hvm-max",    "hvm-default",
};

struct capture {
	struct xen *x;
	struct lvl_import im;
	struct probe_xen_report *report;
	struct xen_policy policy;
	struct lvl_desc *d; /* once it is complete */
	unsigned nr_cpus, can;
};

struct xen *probe_xen_begin(struct lvl_ferr *err)
{
	struct xen *x = malloc(sizeof(*x));

	if (!x) {
		xen_fail(err, LVL_E_NO_MEMORY, "out of memory");
		return NULL;
	}
	if (xen_open(x, err)) {
		free(x);
		return NULL;
	}
	return x;
}

void probe_xen_end(struct xen *x)
{
	if (!x)
		return;
	xen_close(x);
	free(x);
}

/* -- facts ----------------------------------------------------------------- */

static int fact(struct capture *c, const char *key, const char *value)
{
	return *value ? lvl_import_fact(&c->im, key, value) : 0;
}

/* "4.17.7", the platform of that name, and how Xen was started. */
static int versions(struct capture *c)
{
	struct xen *x = c->x;
	char extra[EXTRAVERSION_ROOM + 1] = "", line[COMMANDLINE_ROOM + 1] = "";
	char *version = c->report->version, platform[16];
	int rc;

	if (x->call.version(x->xch, XENVER_EXTRAVERSION, extra))
		extra[0] = '\0';
	if (x->call.version(x->xch, XENVER_COMMANDLINE, line))
		line[0] = '\0';
	snprintf(version, sizeof(c->report->version), "%u.%u%s",
		 x->version >> 16 & 0xff, x->version & 0xff, extra);
	snprintf(platform, sizeof(platform), "xen-%u.%u",
		 x->version >> 16 & 0xff, x->version & 0xff);
	rc = fact(c, "xen", version);
	if (!rc && lvl_platform_find(platform, strlen(platform)))
		rc = fact(c, "platform", platform);
	return rc ? rc : fact(c, "xen-command-line", line);
}

/* Gone with 4.22: what is not told is no fact. */
static int levelling_caps(struct capture *c)
{
	struct xen *x = c->x;
	char text[16];

	if (!x->call.levelling_caps ||
	    x->call.levelling_caps(x->xch, &c->report->caps))
		return 0;
	c->report->has_caps = 1;
	snprintf(text, sizeof(text), "0x%08x", c->report->caps);
	return fact(c, "xen-levelling-caps", text);
}

/* What this build of Xen knows, and would give at most: words of featuresets.
 */
static int static_masks(struct capture *c)
{
	struct xen *x = c->x;
	char text[32 + 9 * MOST_WORDS];
	unsigned i, w, words;
	int rc = 0;

	if (!x->call.static_mask || !x->call.featureset_size)
		return 0;
	words = x->call.featureset_size();
	for (i = 0; i < LVL_COUNT(masks) && !rc && words <= MOST_WORDS; i++) {
		const uint32_t *mask = x->call.static_mask((int)i);
		char *at = text + sprintf(text, "%s", masks[i]);

		for (w = 0; mask && w < words; w++)
			at += sprintf(at, "%c%08x", w ? ':' : ' ', mask[w]);
		if (mask)
			rc = fact(c, "xen-mask", text);
	}
	return rc;
}

static int physinfo(struct capture *c)
{
	uint32_t info[PHYS_ROOM / 4] = { 0 };
	struct xen *x = c->x;

	x->log.text[0] = '\0';
	if (x->call.physinfo(x->xch, info))
		return xen_refused(x, "Xen does not describe the machine",
				   errno, c->im.err);
	c->nr_cpus = info[PHYS_NR_CPUS];
	c->can = info[PHYS_CAPABILITIES];
	return 0;
}

/* -- policies -------------------------------------------------------------- */

/* Without hardware assisted paging its HVM guests run on shadow paging. */
static enum lvl_kind kind_of(const struct capture *c, enum lvl_kind kind)
{
	if (c->can & PHYSCAP_HAP)
		return kind;
	if (kind == LVL_KIND_HVM_MAX)
		return LVL_KIND_HVM_SHADOW_MAX;
	return kind == LVL_KIND_HVM_DEFAULT ? LVL_KIND_HVM_SHADOW_DEFAULT
					    : kind;
}

/* Does a guest read this word, or what lies beyond the policy's maxima? */
static int is_read(const struct lvl_policy *p, unsigned word)
{
	const struct lvl_word *w = &lvl_words[word];
	const struct lvl_leaf_words *l;

	if (w->place > LVL_PLACE_EDX)
		return 1;
	l = lvl_leaf_find(w->id, w->subleaf == LVL_NO_SUBLEAF ? 0 : w->subleaf);
	return lvl_leaf_in_range(p, l);
}

/* Two answers of Xen about one thing. */
static void compare_featureset(struct capture *c, const struct system *s)
{
	const struct lvl_policy *p = c->im.p;
	uint32_t word[MOST_WORDS] = { 0 }, nr = MOST_WORDS, i;
	struct xen *x = c->x;

	if (x->call.featureset(x->xch, s->featureset, &nr, word) ||
	    nr > MOST_WORDS)
		return; /* before it had that number */
	if (nr > LVL_NR_XEN_WORDS)
		nr = LVL_NR_XEN_WORDS;
	for (i = 0; i < nr; i++)
		if ((p->v[i] ^ word[i]) & p->k[i] && is_read(p, i))
			c->report->differ |= 1u << c->im.kind;
}

static int system_policy(struct capture *c, const struct system *s)
{
	int error = xen_policy_of_system(c->x, s->policy, &c->policy);
	enum lvl_kind kind = kind_of(c, s->kind);
	int rc;

	if (error == EOPNOTSUPP && s->needs)
		return 0; /* built without */
	if (error)
		return xen_refused(c->x, lvl_kind_names[kind], error,
				   c->im.err);
	rc = lvl_import_kind(&c->im, kind);
	if (!rc)
		rc = xen_policy_import(&c->im, &c->policy);
	if (!rc && s->needs)
		rc = lvl_xen_signature(&c->im, 0);
	if (rc)
		return rc;
	compare_featureset(c, s);
	c->report->policies |= 1u << kind;
	return 0;
}

static int policies(struct capture *c)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(systems) && !rc; i++)
		if ((c->can & systems[i].needs) == systems[i].needs)
			rc = system_policy(c, &systems[i]);
	return rc;
}

/* What no bit tells is the machine's, whoever runs on it. */
static int behaviour(struct capture *c)
{
	int rc = lvl_import_kind(&c->im, LVL_KIND_RAW);
	const struct lvl_policy *raw = c->im.p;
	unsigned i, k;

	if (!rc)
		rc = probe_behaviour(&c->im);
	for (i = 0; i < LVL_NR_WORDS && !rc; i++)
		for (k = LVL_KIND_HOST; k < LVL_NR_KINDS; k++) {
			struct lvl_policy *p = c->im.d->policy[k];

			if (!p || lvl_words[i].place < LVL_PLACE_STATE)
				continue;
			p->v[i] = raw->v[i];
			p->k[i] = raw->k[i];
		}
	return rc;
}

/* -- the whole ------------------------------------------------------------- */

static int keep(void *arg, struct lvl_desc *d)
{
	struct capture *c = arg;

	c->d = d;
	return 0;
}

static int describe(struct capture *c, const struct probe_options *o)
{
	int rc = physinfo(c);

	if (!rc)
		rc = policies(c);
	if (!rc)
		rc = behaviour(c);
	if (!rc)
		rc = probe_facts(&c->im, o, c->im.p, c->nr_cpus);
	if (!rc)
		rc = versions(c);
	if (!rc)
		rc = levelling_caps(c);
	if (!rc)
		rc = static_masks(c);
	return rc ? rc : lvl_import_done(&c->im);
}

int probe_xen(struct xen *x, const struct probe_options *options,
	      struct probe_xen_report *report, struct lvl_desc **d,
	      struct lvl_ferr *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int rc;

	memset(report, 0, sizeof(*report));
	if (!c)
		return xen_fail(err, LVL_E_NO_MEMORY, "out of memory");
	c->x = x;
	c->report = report;
	c->im.name = "Xen";
	c->im.err = err;
	c->im.each = keep;
	c->im.arg = c;
	rc = describe(c, options);
	if (!rc)
		*d = c->d;
	lvl_desc_free(c->im.d);
	free(c->im.cores);
	free(c);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* What a kernel or a microcode does to a CPU, from hosts that have it. */
#include "fleet_change.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int change_is_version(const char *have, const char *want)
{
	size_t n = strlen(want);

	if (!have)
		return 0;
	if (!strncasecmp(want, "0x", 2) && !strncasecmp(have, "0x", 2))
		return strtoull(have, NULL, 16) == strtoull(want, NULL, 16);
	return !strncmp(have, want, n) &&
	       (!have[n] || !isalnum((unsigned char)have[n]));
}

static int same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* "Xen 4.17" and "Xen 4.18" are of one sort. */
static int same_sort(const char *a, const char *b)
{
	size_t n = a ? strcspn(a, " -/") : 0;

	return a && b ? n == strcspn(b, " -/") && !strncasecmp(a, b, n)
		      : a == b;
}

struct looking {
	const struct store_source *like;
	enum change_how how;
	const char *version;
	int best;        /* how many other parts are the same; -1: none yet */
	int64_t profile; /* 0: several */
	int64_t source;  /* one that shows it */
	char *basis;
	char shown[300]; /* versions of hosts with this CPU */
	int more;        /* than there is room for */
};

/* Which hosts they were. */
static void note(struct looking *l, const struct store_source *s)
{
	snprintf(l->basis, 160, "as seen with %s %s, microcode %s",
		 s->kernel ? "kernel" : "unknown kernel",
		 s->kernel ? s->kernel : "",
		 s->microcode ? s->microcode : "unknown");
}

/* One more of " 5.10.255 6.1.172"; of a kernel the number is enough. */
static void add_shown(struct looking *l, const char *version)
{
	size_t n = version ? strcspn(version, "-+ ") : 0, at;
	const char *have = l->shown;

	while (n && (have = strchr(have, ' ')))
		if (!strncmp(++have, version, n) && strcspn(have, " ") == n)
			return;
	at = strlen(l->shown);
	if (n && at + n + 2 >= sizeof(l->shown))
		l->more = 1;
	else if (n)
		snprintf(l->shown + at, sizeof(l->shown) - at, " %.*s", (int)n,
			 version);
}

/*
 * Hosts with the same CPU and the version that is asked for; of these, those
 * that are most alike in the rest.  If they do not agree, nobody knows.
 */
static int look(void *arg, const struct store_source *s, int64_t profile)
{
	struct looking *l = arg;
	int kernel = l->how == CHANGE_KERNEL, alike;
	const char *has = kernel ? s->kernel : s->microcode;

	if (!profile || !same_sort(s->hypervisor, l->like->hypervisor))
		return 0;
	add_shown(l, has);
	if (!change_is_version(has, l->version))
		return 0;
	alike = 2 * (kernel ? same(s->microcode, l->like->microcode)
			    : same(s->kernel, l->like->kernel)) +
		same(s->firmware, l->like->firmware);
	if (alike < l->best)
		return 0;
	if (alike > l->best) {
		l->best = alike;
		l->profile = profile;
		l->source = s->id;
		note(l, s);
	} else if (l->profile != profile) {
		l->profile = 0;
	}
	return 0;
}

/* Why nobody knows, what is known, and what to do. */
static void say_unknown(const struct looking *l, const char *host)
{
	const char *what = change_names[l->how];

	if (!l->like->cpu)
		cli_error("%s never said what its CPU is", host);
	else if (l->best >= 0)
		cli_error("%s: hosts with this CPU and %s %s do not agree on "
			  "what they show",
			  host, what, l->version);
	else
		cli_error("%s: no host with this CPU has shown %s %s", host,
			  what, l->version);
	if (*l->shown)
		fprintf(stderr, "of %s this is known:%s%s\n", what, l->shown,
			l->more ? " ..." : "");
	fprintf(stderr,
		"of another, boot one such host, `cpulevel capture -o FILE` "
		"there,\nand ask with --upgrade %s=FILE\n",
		host);
}

int change_observed(struct fleet_view *v, const struct fleet_view_host *was,
		    const char *version, struct change_host *h,
		    int64_t *profile)
{
	struct store_source like = { 0 };
	struct looking l = { .like = &like,
			     .how = h->how,
			     .version = version,
			     .best = -1,
			     .basis = h->basis };
	int rc =
		was->source ? store_get_source(v->f->s, was->source, &like) : 0;

	if (!rc && like.cpu)
		rc = store_scan_observed(v->f->s, like.cpu, look, &l);
	if (rc)
		return rc;
	*profile = l.profile;
	h->source = l.source;
	if (l.profile)
		return 0;
	say_unknown(&l, was->name);
	return EXIT_INCOMPLETE;
}

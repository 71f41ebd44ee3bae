/* SPDX-License-Identifier: MIT */
/*
 * A log of the serial line of a host that runs Xen, with what test/xen's
 * domain 0 tells of it: facts, then the words of xen-cpuid.
 *
 *	(XEN) Xen version 4.17.7 ...
 *	xen-capture 1
 *	xen-version: 4.17.7
 *	xen-mxcsr-mask: 0x2ffff
 *	xen-levelling-caps: 0x0000019e
 *	Dynamic sets:
 *	Raw  078bfbfd:fed8320b:...
 *	Xen reports there are maximum 120 leaves and 2 MSRs
 *	Raw policy: 50 leaves, 2 MSRs
 *	...
 *	xen-capture end
 *
 * Xen's own lines may come between any two; whatever is around is skipped.
 */
#include "line.h"

#define BEGIN "xen-capture 1"
#define END "xen-capture end"

/* The next line that is not Xen's. */
static int next_line(struct lvl_import *im, char **line)
{
	int got;

	do
		got = lvl_next_line(im, line);
	while (got > 0 && lvl_after(*line, "(XEN) "));
	return got;
}

static int is_fact(const char *s)
{
	return !strncmp(s, "xen-", 4) && strstr(s, ": ");
}

static int fact(struct lvl_import *im, char *s)
{
	char *value = strstr(s, ": ");

	*value = '\0';
	if (s[strcspn(s, " \t")])
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.60s\" is no name of a fact", s);
	return lvl_import_fact(im, s, lvl_trim(value + 2));
}

/* What no leaf tells, and no guest can be shown otherwise: in every policy. */
static int machine_state(struct lvl_import *im)
{
	const char *s = lvl_desc_fact(im->d, "xen-mxcsr-mask");
	uint64_t mask;
	unsigned k;
	int rc = 0;

	if (!s)
		return 0;
	if (!lvl_number(s, strlen(s), 0xffffffffu, &mask))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "xen-mxcsr-mask is no number");
	for (k = 0; k < LVL_NR_KINDS && !rc; k++) {
		if (!im->d->policy[k])
			continue;
		rc = lvl_import_kind(im, (enum lvl_kind)k);
		if (!rc)
			rc = lvl_import_field(im, LVL_F_MXCSR_MASK, mask);
	}
	return rc;
}

/* Of a capture: facts are taken on the way, its end is the end of input. */
static int captured(struct lvl_import *im, char **line)
{
	int got, rc = 0;

	while ((got = next_line(im, line)) > 0 && is_fact(*line) && !rc)
		rc = fact(im, *line);
	if (rc || got < 0)
		return rc ? rc : got;
	if (!got || !strcmp(*line, BEGIN))
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "the capture has no end: \"" END "\"");
	if (strcmp(*line, END) != 0)
		return 1;
	return im->d ? machine_state(im) : 0;
}

static int read_all(struct lvl_import *im)
{
	unsigned before = im->machines;
	char *line;
	int got, rc = 0;

	while (!rc && (got = next_line(im, &line)) > 0)
		if (!strcmp(line, BEGIN))
			rc = lvl_xen_cpuid_read(im, captured);
	if (rc || got < 0)
		return rc ? rc : got;
	if (im->machines == before)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "no capture in this log: Xen and its "
				       "domain 0 did not come so far");
	return 0;
}

static int is_head(const char *s, size_t len)
{
	return lvl_begins(s, len, "(XEN) ") || lvl_begins(s, len, BEGIN);
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, is_head) ? 95 : 0;
}

const struct lvl_format lvl_format_xen_log = {
	.name = "xen-log",
	.what = "log of Xen's serial line with a capture of test/xen",
	.probe = probe,
	.read = read_all,
};

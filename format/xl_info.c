/* SPDX-License-Identifier: MIT */
/*
 * Output of `xl info`: its hw_caps are eight words of Xen's own view of the
 * host, in an order that changed with Xen 4.7.  Nothing on the line itself
 * tells which of the two it is; the version does.
 */
#include "line.h"

struct host {
	unsigned long line;  /* of hw_caps; 0: none yet */
	unsigned long begin; /* where it began; 0: it did not */
	char caps[72];       /* eight words */
	char name[256];
	char version[64];        /* xen_version, "4.17.0" */
	char major[8], minor[8]; /* xen_major, xen_minor */
};

struct place {
	uint32_t leaf, subleaf;
	unsigned reg;
};

#define NO_PLACE        \
	{               \
		0, 0, 4 \
	}

/*
 * 4.4 to 4.6: the words are those of the x86_capability of Linux; word 2 is
 * Transmeta's and word 3 holds flags that Linux and Xen made up.
 */
static const struct place old_layout[8] = {
	{ 1, LVL_NO_SUBLEAF, 3 },
	{ 0x80000001, LVL_NO_SUBLEAF, 3 },
	NO_PLACE,
	NO_PLACE,
	{ 1, LVL_NO_SUBLEAF, 2 },
	{ 0xc0000001, LVL_NO_SUBLEAF, 3 },
	{ 0x80000001, LVL_NO_SUBLEAF, 2 },
	{ 7, 0, 1 },
};

/* From 4.7 on: the featureset's first eight words. */
static const struct place new_layout[8] = {
	{ 1, LVL_NO_SUBLEAF, 3 },
	{ 1, LVL_NO_SUBLEAF, 2 },
	{ 0x80000001, LVL_NO_SUBLEAF, 3 },
	{ 0x80000001, LVL_NO_SUBLEAF, 2 },
	{ 0xd, 1, 0 },
	{ 7, 0, 1 },
	{ 7, 0, 2 },
	{ 0x80000007, LVL_NO_SUBLEAF, 3 },
};

/* -- a host --------------------------------------------------------------- */

/* "4" "17", or "4.17.0", "4.17.0-rc2" -> 4, 17 */
static int version(const struct host *h, uint64_t *major, uint64_t *minor)
{
	const char *v = h->version;
	size_t n = strspn(v, "0123456789");

	if (h->major[0] && h->minor[0])
		return lvl_number(h->major, strlen(h->major), 255, major) &&
		       lvl_number(h->minor, strlen(h->minor), 255, minor);
	if (v[n] != '.' || !lvl_number(v, n, 255, major))
		return 0;
	v += n + 1;
	return lvl_number(v, strspn(v, "0123456789"), 255, minor);
}

static int layout(struct lvl_import *im, const struct host *h,
		  const struct place **places)
{
	uint64_t major, minor;

	if (!version(h, &major, &minor))
		return lvl_import_fail(im, LVL_E_VERSION,
				       "the layout of hw_caps is unknown "
				       "without xen_major and xen_minor, or "
				       "xen_version");
	if (major < 4 || (major == 4 && minor < 4))
		return lvl_import_fail(im, LVL_E_VERSION,
				       "the layout of hw_caps of Xen %u.%u is "
				       "not known: 4.4 and later are",
				       (unsigned)major, (unsigned)minor);
	*places = major == 4 && minor < 7 ? old_layout : new_layout;
	return 0;
}

/* "bfebfbff:77fef3ff:..." */
static int words(struct lvl_import *im, const char *s, uint32_t word[8])
{
	uint64_t v;
	unsigned i;

	for (i = 0; i < 8; i++, s += 9) {
		if (!lvl_hex_fixed(s, 8, &v) || s[8] != (i < 7 ? ':' : '\0'))
			return lvl_import_fail(im, LVL_E_SYNTAX,
					       "hw_caps are not eight words of "
					       "eight digits");
		word[i] = (uint32_t)v;
	}
	return 0;
}

static int put_caps(struct lvl_import *im, const struct host *h)
{
	const struct place *p = NULL;
	uint32_t word[8];
	unsigned i;
	int rc = words(im, h->caps, word);

	if (!rc && !word[0])
		return lvl_import_fail(im, LVL_E_UNSUPPORTED,
				       "hw_caps are zero: not an x86 host");
	if (!rc)
		rc = layout(im, h, &p);
	if (!rc)
		rc = lvl_import_kind(im, LVL_KIND_HOST);
	for (i = 0; i < 8 && !rc; i++)
		if (p[i].reg < 4)
			rc = lvl_import_reg(im, p[i].leaf, p[i].subleaf,
					    p[i].reg, word[i]);
	return rc;
}

/* The host is complete, if one was begun. */
static int deliver(struct lvl_import *im, struct host *h)
{
	unsigned long at = im->line;
	int rc;

	if (!h->begin)
		return 0;
	if (!h->line)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "the host of line %lu has no hw_caps",
				       h->begin);
	im->line = h->line; /* what is wrong now is wrong with them */
	rc = put_caps(im, h);
	if (rc)
		return rc;
	im->line = at;
	if (h->name[0])
		rc = lvl_import_fact(im, "name", h->name);
	if (!rc && h->version[0])
		rc = lvl_import_fact(im, "xen-version", h->version);
	memset(h, 0, sizeof(*h));
	return rc ? rc : lvl_import_done(im);
}

/* -- the file ------------------------------------------------------------- */

/* Keep a value that may be there once. */
static int keep(struct lvl_import *im, const char *key, char *to, size_t room,
		const char *value)
{
	if (to[0])
		return lvl_import_fail(im, LVL_E_DUPLICATE, "%s again", key);
	if (strlen(value) >= room)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "%s has more than %u characters", key,
				       (unsigned)room - 1);
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static int take(struct lvl_import *im, struct host *h, const char *key,
		const char *value)
{
	if (!strcmp(key, "host"))
		return keep(im, key, h->name, sizeof(h->name), value);
	if (!strcmp(key, "xen_major"))
		return keep(im, key, h->major, sizeof(h->major), value);
	if (!strcmp(key, "xen_minor"))
		return keep(im, key, h->minor, sizeof(h->minor), value);
	if (!strcmp(key, "xen_version"))
		return keep(im, key, h->version, sizeof(h->version), value);
	if (strcmp(key, "hw_caps"))
		return 0;
	h->line = im->line;
	return keep(im, key, h->caps, sizeof(h->caps), value);
}

/* "key : value"; a second "host" is the next machine of the file. */
static int one_line(struct lvl_import *im, struct host *h, char *line)
{
	char *value = strchr(line, ':');
	int rc = 0;

	if (!*lvl_skip_blanks(line))
		return 0;
	if (!value)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.40s\" is not \"key : value\"",
				       line);
	*value++ = '\0';
	line = lvl_trim(line);
	if (!strcmp(line, "host") && h->name[0])
		rc = deliver(im, h);
	if (rc)
		return rc;
	h->begin = h->begin ? h->begin : im->line;
	return take(im, h, line, lvl_trim(value));
}

static int read_all(struct lvl_import *im)
{
	struct host h = { 0 };
	int got, rc = 0;
	char *line;

	while ((got = lvl_next_line(im, &line)) > 0) {
		rc = one_line(im, &h, line);
		if (rc)
			return rc;
	}
	return got < 0 ? got : deliver(im, &h);
}

static int is_caps(const char *s, size_t len)
{
	size_t n = strlen("hw_caps");

	if (!lvl_begins(s, len, "hw_caps"))
		return 0;
	while (n < len && lvl_is_blank(s[n]))
		n++;
	return n < len && s[n] == ':';
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, is_caps) ? 90 : 0;
}

const struct lvl_format lvl_format_xl_info = {
	.name = "xl-info",
	.what = "output of xl info",
	.probe = probe,
	.read = read_all,
};

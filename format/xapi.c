/* SPDX-License-Identifier: MIT */
/*
 * Featuresets as xapi and people pass them around: a bare string a line, each
 * a host of its own,
 *
 *	17cbfbff-f7fa3223-2d93fbff-00000103-00000001-...
 *
 * or labels, one a line or several between semicolons, as in the cpu_info of
 * a host; an empty line or the next host's label ends a host:
 *
 *	name-label ( RW)    : host1
 *	cpu_info (MRO): vendor: GenuineIntel; features_pv: 17cbfbff-...
 *
 * features_pv and features_hvm are maxima, features_pv_host and
 * features_hvm_host defaults.
 */
#include "line.h"

#include <cpulevel/xen.h>

struct host {
	unsigned long line; /* where it began; 0: it did not */
	unsigned kinds;     /* featuresets that it has */
	unsigned labels;    /* which of labels[] it had */
	char name[256], uuid[64], vendor[13];
};

static const struct {
	const char *name;
	enum lvl_kind kind;
} sets[] = {
	{ "features_pv", LVL_KIND_PV_MAX },
	{ "features_hvm", LVL_KIND_HVM_MAX },
	{ "features_pv_host", LVL_KIND_PV_DEFAULT },
	{ "features_hvm_host", LVL_KIND_HVM_DEFAULT },
};

/* What begins the next host where this one had it already. */
static const char *const labels[] = {
	"uuid", "name", "name-label", "name_label", "hostname", "host",
};

/* -- a host --------------------------------------------------------------- */

static int put_vendor(struct lvl_import *im, const char *vendor)
{
	static const unsigned fields[] = {
		LVL_F_VENDOR_0,
		LVL_F_VENDOR_1,
		LVL_F_VENDOR_2,
	};
	unsigned i;
	int rc = 0;

	for (i = 0; i < 3 && !rc; i++) {
		const unsigned char *s = (const void *)(vendor + 4 * i);

		rc = lvl_import_field(im, fields[i],
				      s[0] | (uint32_t)s[1] << 8 |
					      (uint32_t)s[2] << 16 |
					      (uint32_t)s[3] << 24);
	}
	return rc;
}

static int put_vendors(struct lvl_import *im, const struct host *h)
{
	unsigned kind;
	int rc = 0;

	for (kind = 0; kind < LVL_NR_KINDS && h->vendor[0] && !rc; kind++) {
		if (!(h->kinds >> kind & 1))
			continue;
		rc = lvl_import_kind(im, (enum lvl_kind)kind);
		if (!rc)
			rc = put_vendor(im, h->vendor);
	}
	return rc;
}

/* The host is complete, if one was begun. */
static int deliver(struct lvl_import *im, struct host *h)
{
	int rc;

	if (!h->line)
		return 0;
	if (!h->kinds)
		return lvl_import_fail(im, LVL_E_EMPTY,
				       "the host of line %lu has no "
				       "features_pv, features_hvm, "
				       "features_pv_host or features_hvm_host",
				       h->line);
	rc = put_vendors(im, h);
	if (!rc && h->name[0])
		rc = lvl_import_fact(im, "name", h->name);
	if (!rc && h->uuid[0])
		rc = lvl_import_fact(im, "uuid", h->uuid);
	memset(h, 0, sizeof(*h));
	return rc ? rc : lvl_import_done(im);
}

static int put_set(struct lvl_import *im, struct host *h, enum lvl_kind kind,
		   const char *s)
{
	int rc;

	if (h->kinds >> kind & 1)
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "the %s featureset again",
				       lvl_kind_names[kind]);
	rc = lvl_import_kind(im, kind);
	if (rc)
		return rc;
	h->kinds |= 1u << kind;
	rc = lvl_featureset_parse(im->p, s, strlen(s));
	return rc ? lvl_import_fail(im, -rc,
				    "\"%.60s\" is not a featureset: %s", s,
				    lvl_strerror(rc))
		  : 0;
}

/* -- labels --------------------------------------------------------------- */

static int label_number(const char *key)
{
	size_t i;

	for (i = 0; i < LVL_COUNT(labels); i++)
		if (!strcmp(key, labels[i]))
			return (int)i;
	return -1;
}

static int put_label(struct lvl_import *im, struct host *h, int label,
		     const char *value)
{
	unsigned bit = 1u << label;
	int rc = 0;

	if (h->labels & bit)
		rc = deliver(im, h);
	if (rc)
		return rc;
	h->line = h->line ? h->line : im->line;
	h->labels |= bit;
	if (!label)
		snprintf(h->uuid, sizeof(h->uuid), "%.63s", value);
	else if (!h->name[0])
		snprintf(h->name, sizeof(h->name), "%.255s", value);
	return 0;
}

static int take_vendor(struct lvl_import *im, struct host *h, const char *s)
{
	if (strlen(s) != 12 || (h->vendor[0] && strcmp(h->vendor, s)))
		return lvl_import_fail(im, LVL_E_VENDOR,
				       "vendor \"%.40s\" has not 12 characters "
				       "or is a second one",
				       s);
	h->line = h->line ? h->line : im->line;
	memcpy(h->vendor, s, sizeof(h->vendor));
	return 0;
}

/*
 * Other keys of xapi are no concern of ours.  An empty featureset says that
 * the host has no guests of the kind.
 */
static int put_key(struct lvl_import *im, struct host *h, const char *key,
		   const char *value)
{
	int label = label_number(key);
	size_t i;

	if (label >= 0)
		return put_label(im, h, label, value);
	if (!strcmp(key, "vendor"))
		return take_vendor(im, h, value);
	for (i = 0; i < LVL_COUNT(sets); i++) {
		if (strcmp(key, sets[i].name))
			continue;
		h->line = h->line ? h->line : im->line;
		return *value ? put_set(im, h, sets[i].kind, value) : 0;
	}
	return 0;
}

/* "key: value" or "key=value"; xe writes "name-label ( RW)" for the key. */
static int one_item(struct lvl_import *im, struct host *h, char *s)
{
	char *value = s + strcspn(s, ":="), *access;

	if (!*value || value == s)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.60s\" is neither a featureset nor "
				       "\"key: value\"",
				       s);
	*value++ = '\0';
	access = strchr(s, '(');
	if (access)
		*access = '\0';
	return put_key(im, h, lvl_trim(s), lvl_trim(value));
}

/* -- the file ------------------------------------------------------------- */

static int is_bare(const char *s)
{
	return *s && !s[strspn(s, "0123456789abcdefABCDEF-:")];
}

/* A bare string is what its host has, for want of a label. */
static int bare(struct lvl_import *im, struct host *h, const char *s)
{
	int rc = 0;

	if (h->kinds)
		rc = deliver(im, h);
	h->line = h->line ? h->line : im->line;
	return rc ? rc : put_set(im, h, LVL_KIND_HOST, s);
}

/*
 * Behind the first semicolon there may be words of a key that is no concern
 * of ours (tags, comments), but no featureset without its key.
 */
static int later_item(struct lvl_import *im, struct host *h, char *s)
{
	s = lvl_trim(s);
	if (!*s || (!s[strcspn(s, ":=")] && !is_bare(s)))
		return 0;
	return one_item(im, h, s);
}

static int one_line(struct lvl_import *im, struct host *h, char *line)
{
	char *s = lvl_trim(line), *next;
	int rc;

	if (!*s)
		return h->kinds ? deliver(im, h) : 0;
	if (is_bare(s))
		return bare(im, h, s);
	if (lvl_after(s, "cpu_info"))
		s += strcspn(s, ":=") + !!s[strcspn(s, ":=")];
	next = strchr(s, ';');
	if (next)
		*next++ = '\0';
	rc = one_item(im, h, s);
	while (next && !rc) {
		s = next;
		next = strchr(s, ';');
		if (next)
			*next++ = '\0';
		rc = later_item(im, h, s);
	}
	return rc;
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

/* At least two words of eight digits, and nothing else. */
static int is_set(const char *s, size_t len)
{
	uint64_t v;
	size_t i;

	if (len && s[len - 1] == '\r')
		len--;
	if (len < 17 || (len + 1) % 9)
		return 0;
	for (i = 0; i < len; i += 9)
		if (!lvl_hex_fixed(s + i, 8, &v) ||
		    (i + 8 < len && s[i + 8] != '-' && s[i + 8] != ':'))
			return 0;
	return 1;
}

static int has_set(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i + 11 < len; i++)
		if (lvl_begins(s + i, len - i, "features_pv") ||
		    lvl_begins(s + i, len - i, "features_hvm"))
			return 1;
	return 0;
}

static int probe(const char *head, size_t len)
{
	if (lvl_head_any(head, len, has_set))
		return 60;
	return lvl_head_any(head, len, is_set) ? 50 : 0;
}

const struct lvl_format lvl_format_xapi = {
	.name = "xapi",
	.what = "featureset strings of xapi, bare or labelled",
	.probe = probe,
	.read = read_all,
};

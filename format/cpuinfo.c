/* SPDX-License-Identifier: MIT */
/*
 * /proc/cpuinfo of Linux: one paragraph a logical CPU, "key<tab>: value".
 *
 * Linux lists what it found and did not switch off, so that a flag that is
 * not listed says nothing about the CPU: it stays unknown.
 */
#include "line.h"

#include <cpulevel/fields.gen.h>

struct cpu {
	int open;            /* a "processor" line began it */
	uint64_t number;     /* of it */
	unsigned long flags; /* line of its flags, 0: none yet */
	int lm;              /* long mode: there is a brand string */
	char brand[65];      /* "model name" */
};

/*
 * Flags that Linux made and that do not say which CPUID bit they came from,
 * though a bit is called the same: ibrs, ibpb, stibp and ssbd of Intel's or
 * AMD's leaf or of a model list, mba of either vendor's, vnmi of VMX as well
 * as of SVM, the rest of MSRs or model lists.
 */
static const char *const vague[] = {
	"arch_perfmon", "ibpb",       "ibrs", "intel_ppin",
	"mba",          "ring3mwait", "ssbd", "split_lock_detect",
	"stibp",        "vnmi",
};

static int is_vague(const char *flag, size_t len)
{
	size_t i;

	for (i = 0; i < LVL_COUNT(vague); i++)
		if (strlen(vague[i]) == len && !memcmp(vague[i], flag, len))
			return 1;
	return 0;
}

static int flag(struct lvl_import *im, struct cpu *c, const char *s, size_t len)
{
	int rc;

	if (len == 2 && !memcmp(s, "lm", 2))
		c->lm = 1;
	if (is_vague(s, len))
		return 0;
	rc = lvl_import_feature(im, s, len, LVL_WHO_LINUX, 1);
	/* Linux's own flags (constant_tsc, rep_good) have no CPUID bit. */
	return rc == -LVL_E_UNKNOWN_NAME || rc == -LVL_E_AMBIGUOUS ? 0 : rc;
}

static int flags(struct lvl_import *im, struct cpu *c, char *s)
{
	int rc = 0;

	if (c->flags)
		return lvl_import_fail(im, LVL_E_DUPLICATE,
				       "a second list of flags, after line %lu",
				       c->flags);
	c->flags = im->line;
	while (*s && !rc) {
		size_t len = strcspn(s, " \t");

		rc = flag(im, c, s, len);
		s = lvl_skip_blanks(s + len);
	}
	return rc;
}

/* -- identity ------------------------------------------------------------- */

static int number(struct lvl_import *im, const char *key, const char *s,
		  uint64_t max, uint64_t *value)
{
	if (lvl_number(s, strlen(s), max, value))
		return 0;
	return lvl_import_fail(im, LVL_E_RANGE,
			       "\"%s\" is \"%.40s\", not a number up to %lu",
			       key, s, (unsigned long)max);
}

/* Leaf 1 counts families from 15 on in a second field. */
static int family(struct lvl_import *im, struct cpu *c, char *s)
{
	uint64_t n;
	int rc = number(im, "cpu family", s, 15 + 255, &n);

	(void)c;
	if (!rc)
		rc = lvl_import_field(im, LVL_F_BASE_FAMILY, n < 15 ? n : 15);
	if (!rc)
		rc = lvl_import_field(im, LVL_F_EXT_FAMILY,
				      n < 15 ? 0 : n - 15);
	return rc;
}

static int model(struct lvl_import *im, struct cpu *c, char *s)
{
	uint64_t n;
	int rc = number(im, "model", s, 255, &n);

	(void)c;
	if (!rc)
		rc = lvl_import_field(im, LVL_F_BASE_MODEL, n & 15);
	if (!rc)
		rc = lvl_import_field(im, LVL_F_EXT_MODEL, n >> 4);
	return rc;
}

static int stepping(struct lvl_import *im, struct cpu *c, char *s)
{
	uint64_t n;
	int rc;

	(void)c;
	if (!strcmp(s, "unknown"))
		return 0;
	rc = number(im, "stepping", s, 15, &n);
	return rc ? rc : lvl_import_field(im, LVL_F_STEPPING, n);
}

/* Four bytes of text as a register holds them; 0 behind its end. */
static uint32_t word(const char *s, size_t len, size_t at)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < 4 && at + i < len; i++)
		v |= (uint32_t)(unsigned char)s[at + i] << 8 * i;
	return v;
}

static int vendor(struct lvl_import *im, struct cpu *c, char *s)
{
	size_t len = strlen(s);
	int rc;

	(void)c;
	if (!strcmp(s, "unknown"))
		return 0;
	if (!len || len > 12)
		return lvl_import_fail(im, LVL_E_RANGE,
				       "vendor_id \"%.40s\" is not 12 "
				       "characters",
				       s);
	rc = lvl_import_field(im, LVL_F_VENDOR_0, word(s, len, 0));
	if (!rc)
		rc = lvl_import_field(im, LVL_F_VENDOR_1, word(s, len, 4));
	if (!rc)
		rc = lvl_import_field(im, LVL_F_VENDOR_2, word(s, len, 8));
	return rc;
}

static int brand(struct lvl_import *im, struct cpu *c, char *s)
{
	if (strlen(s) > 48)
		return lvl_import_fail(im, LVL_E_RANGE,
				       "model name \"%.64s\" has more than 48 "
				       "characters",
				       s);
	snprintf(c->brand, sizeof(c->brand), "%s", s);
	return im->cpus > 1 ? 0 : lvl_import_fact(im, "model", s);
}

/*
 * Only where CPUID certainly has a brand string: for older CPUs Linux takes
 * the name from a list of its own.
 */
static int brand_words(struct lvl_import *im, const struct cpu *c)
{
	size_t len = strlen(c->brand);
	unsigned i;
	int rc = 0;

	if (!c->lm || !len || !strcmp(c->brand, "unknown"))
		return 0;
	for (i = 0; i < 12 && !rc; i++)
		rc = lvl_import_field(im, LVL_F_BRAND_STRING_0 + i,
				      word(c->brand, len, 4 * i));
	return rc;
}

static int microcode(struct lvl_import *im, struct cpu *c, char *s)
{
	(void)c;
	return im->cpus > 1 ? 0 : lvl_import_fact(im, "microcode", s);
}

/* "46 bits physical, 48 bits virtual"; the latter is derived. */
static int address_sizes(struct lvl_import *im, struct cpu *c, char *s)
{
	size_t digits = strspn(s, "0123456789");
	uint64_t bits;

	(void)c;
	if (!lvl_number(s, digits, 64, &bits) ||
	    !lvl_begins(s + digits, strlen(s + digits), " bits physical, "))
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "address sizes \"%.40s\" are not \"N "
				       "bits physical, M bits virtual\"",
				       s);
	return lvl_import_field(im, LVL_F_MAXPHYSADDR, bits);
}

/* -- paragraphs ----------------------------------------------------------- */

static int end_cpu(struct lvl_import *im, struct cpu *c)
{
	int rc;

	if (!c->open)
		return 0;
	if (!c->flags)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "processor %lu has no flags",
				       (unsigned long)c->number);
	rc = brand_words(im, c);
	memset(c, 0, sizeof(*c));
	return rc;
}

/* Processor 0 again is the next machine of the file. */
static int processor(struct lvl_import *im, struct cpu *c, char *s)
{
	uint64_t n, last = c->number;
	int rc = number(im, "processor", s, 0xffffffffu, &n);

	if (!rc)
		rc = end_cpu(im, c);
	if (!rc && !n && im->cpus)
		rc = lvl_import_done(im);
	else if (!rc && im->cpus && n <= last)
		return lvl_import_fail(im, LVL_E_ORDER,
				       "processor %lu after processor %lu",
				       (unsigned long)n, (unsigned long)last);
	if (rc)
		return rc;
	if (im->cpus == LVL_MAX_CPUS)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more than %u processors", LVL_MAX_CPUS);
	c->open = 1;
	c->number = n;
	return lvl_import_cpu(im);
}

static const struct {
	const char *name;
	int (*take)(struct lvl_import *im, struct cpu *c, char *value);
} keys[] = {
	{ "processor", processor },
	{ "vendor_id", vendor },
	{ "cpu family", family },
	{ "model", model },
	{ "model name", brand },
	{ "stepping", stepping },
	{ "microcode", microcode },
	{ "flags", flags },
	{ "address sizes", address_sizes },
};

static int one_line(struct lvl_import *im, struct cpu *c, char *line)
{
	char *key = line, *value = strchr(line, ':');
	size_t i;

	if (!*lvl_skip_blanks(line))
		return 0;
	if (!value)
		return lvl_import_fail(im, LVL_E_SYNTAX,
				       "\"%.40s\" is not \"key : value\"",
				       line);
	*value++ = '\0';
	key = lvl_trim(key);
	value += *value == ' ';
	if (!c->open && strcmp(key, "processor"))
		return lvl_import_fail(im, LVL_E_ORDER,
				       "\"%.40s\" of no processor", key);
	for (i = 0; i < LVL_COUNT(keys); i++)
		if (!strcmp(key, keys[i].name))
			return keys[i].take(im, c, value);
	return 0;
}

static int read_all(struct lvl_import *im)
{
	struct cpu c = { 0 };
	int got, rc = 0;
	char *line;

	while ((got = lvl_next_line(im, &line)) > 0) {
		rc = one_line(im, &c, line);
		if (rc)
			return rc;
	}
	if (got < 0)
		return got;
	rc = end_cpu(im, &c);
	return rc || !im->cpus ? rc : lvl_import_done(im);
}

/* "key<blanks>:" */
static int has_key(const char *s, size_t len, const char *key)
{
	size_t n = strlen(key);

	if (!lvl_begins(s, len, key))
		return 0;
	while (n < len && lvl_is_blank(s[n]))
		n++;
	return n < len && s[n] == ':';
}

static int is_processor(const char *s, size_t len)
{
	return has_key(s, len, "processor");
}

static int is_vendor(const char *s, size_t len)
{
	return has_key(s, len, "vendor_id");
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, is_processor) &&
			       lvl_head_any(head, len, is_vendor)
		       ? 95
		       : 0;
}

const struct lvl_format lvl_format_cpuinfo = {
	.name = "cpuinfo",
	.what = "/proc/cpuinfo of Linux on x86",
	.probe = probe,
	.read = read_all,
};

/* SPDX-License-Identifier: MIT */
/*
 * Registers as two tools for Linux print them.
 *
 * cpuid -r, with "CPU:" at the top where it was told to read one CPU:
 *
 *	CPU 0:
 *	   0x00000007 0x00: eax=0x00000002 ebx=... ecx=... edx=...
 *
 * kcpuid -r, which leaves out what is all zero:
 *
 *	0x00000006: EAX=0x00000077, EBX=..., ECX=..., EDX=...
 *	0x00000007: subleafs:
 *	  0: EAX=0x00000002, EBX=..., ECX=..., EDX=...
 */
#include "line.h"

struct dump {
	unsigned long cpu; /* number of the current one, plus 1 */
	unsigned leaves;   /* of it */
	int headed;        /* there was a "CPU" line */
	int in_subleaves;  /* kcpuid: of `leaf` */
	uint32_t leaf;
};

static int bad_line(struct lvl_import *im, const char *s)
{
	return lvl_import_fail(im, LVL_E_SYNTAX,
			       "\"%.60s\" is neither a leaf nor the head of a "
			       "CPU",
			       s);
}

/* "0x" and `min` to 8 hex digits: what follows them, or NULL. */
static char *hex(char *s, size_t min, uint32_t *value)
{
	uint64_t v;
	size_t n;

	if (s[0] != '0' || s[1] != 'x')
		return NULL;
	n = strspn(s + 2, "0123456789abcdefABCDEF");
	if (n < min || n > 8 || !lvl_hex_fixed(s + 2, (unsigned)n, &v))
		return NULL;
	*value = (uint32_t)v;
	return s + 2 + n;
}

/* "eax=0x... ebx=..." to the end of the line; either case, commas or not. */
static int registers(char *s, uint32_t reg[4])
{
	unsigned i;

	for (i = 0; i < 4 && s; i++) {
		while (lvl_is_blank(*s) || (i && *s == ','))
			s++;
		if ((s[0] | 0x20) != 'e' || (s[1] | 0x20) != (char)('a' + i) ||
		    (s[2] | 0x20) != 'x' || s[3] != '=')
			return 0;
		s = hex(s + 4, 8, &reg[i]);
	}
	return s && !*lvl_skip_blanks(s);
}

static int put(struct lvl_import *im, struct dump *d, uint32_t leaf,
	       uint32_t subleaf, const uint32_t reg[4])
{
	int rc = 0;

	if (!d->cpu && !d->headed)
		rc = lvl_import_cpu(im);
	if (rc)
		return rc;
	d->cpu += !d->cpu;
	d->leaves++;
	return lvl_import_leaf(im, leaf, subleaf, reg);
}

static int cpu_ends(struct lvl_import *im, const struct dump *d)
{
	if ((!d->headed && !d->cpu) || d->leaves)
		return 0;
	return lvl_import_fail(im, LVL_E_TRUNCATED,
			       "the CPU before this line has no leaves");
}

/* "CPU 12:" or, where only one was read, "CPU:"; s is behind "CPU". */
static int cpu_begins(struct lvl_import *im, struct dump *d, char *s)
{
	size_t digits = strspn(s += *s == ' ', "0123456789");
	uint64_t n = 0;
	int rc;

	if (strcmp(s + digits, ":") ||
	    (digits && !lvl_number(s, digits, 0xffffffffu, &n)))
		return bad_line(im, s);
	rc = cpu_ends(im, d);
	if (rc)
		return rc;
	if (d->cpu > n)
		return lvl_import_fail(im, LVL_E_ORDER,
				       "CPU %lu after CPU %lu: CPUs of one "
				       "machine are numbered upwards",
				       (unsigned long)n, d->cpu - 1);
	if (im->cpus == LVL_MAX_CPUS)
		return lvl_import_fail(im, LVL_E_TOO_BIG, "more than %u CPUs",
				       LVL_MAX_CPUS);
	d->cpu = (unsigned long)n + 1;
	d->headed = 1;
	d->leaves = 0;
	return lvl_import_cpu(im);
}

/* " 3: EAX=...", sub-leaf 3 of the leaf that was named before. */
static int kcpuid_subleaf(struct lvl_import *im, struct dump *d, char *s)
{
	size_t digits = strspn(s, "0123456789");
	uint32_t reg[4];
	uint64_t n;

	if (!d->in_subleaves || s[digits] != ':' ||
	    !lvl_number(s, digits, 0xffff, &n) ||
	    !registers(s + digits + 1, reg))
		return bad_line(im, s);
	return put(im, d, d->leaf, (uint32_t)n, reg);
}

static int leaf_line(struct lvl_import *im, struct dump *d, char *s)
{
	uint32_t leaf, subleaf = 0, reg[4];
	char *at = hex(s, 8, &leaf);

	if (!at)
		return kcpuid_subleaf(im, d, s);
	if (!strcmp(at, ": subleafs:")) {
		d->leaf = leaf;
		d->in_subleaves = 1;
		return 0;
	}
	d->in_subleaves = 0;
	if (lvl_is_blank(*at))
		at = hex(lvl_skip_blanks(at), 1, &subleaf);
	if (!at || *at != ':' || !registers(at + 1, reg))
		return bad_line(im, s);
	return put(im, d, leaf, subleaf, reg);
}

/* kcpuid's headings. */
static int is_heading(const char *s)
{
	return strstr(s, " Leafs :") || !strcmp(s, "CPU features:") ||
	       s[strspn(s, "=")] == '\0';
}

static int one_line(struct lvl_import *im, struct dump *d, char *s)
{
	char *rest;

	s = lvl_trim(s);
	if (is_heading(s))
		return 0;
	rest = lvl_after(s, "CPU");
	if (rest && (*rest == ':' || *rest == ' '))
		return cpu_begins(im, d, rest);
	return leaf_line(im, d, s);
}

static int read_all(struct lvl_import *im)
{
	struct dump d = { 0 };
	char *line;
	int rc = 0, got;

	while ((got = lvl_next_line(im, &line)) > 0) {
		rc = one_line(im, &d, line);
		if (rc)
			return rc;
	}
	if (got < 0)
		return got;
	rc = cpu_ends(im, &d);
	return rc || !d.cpu ? rc : lvl_import_done(im);
}

static int is_leaf(const char *line, size_t len)
{
	uint64_t n;

	if (len < 20 || memcmp(line, "0x", 2) ||
	    !lvl_hex_fixed(line + 2, 8, &n))
		return 0;
	line += 10;
	len -= 10;
	return lvl_begins(line, len, ": EAX=0x") ||
	       lvl_begins(line, len, ": subleafs:") ||
	       (len > 14 && lvl_begins(line, len, " 0x") &&
		(!memcmp(line + 5, ": eax=0x", 8) ||
		 !memcmp(line + 6, ": eax=0x", 8)));
}

static int probe(const char *head, size_t len)
{
	return lvl_head_any(head, len, is_leaf) ? 95 : 0;
}

const struct lvl_format lvl_format_cpuid_raw = {
	.name = "cpuid-raw",
	.what = "output of cpuid -r and of kcpuid -r",
	.probe = probe,
	.read = read_all,
};

/* SPDX-License-Identifier: MIT */
/*
 * What libcpuid writes (cpuid_serialize_raw_data) and keeps as its tests:
 *
 *	version=0.6.2
 *	_________________ Logical CPU #0 _________________
 *	basic_cpuid[4]=1c004121 01c0003f 0000003f 00000000
 *	intel_fn4[1]=1c004122 01c0003f 0000003f 00000000
 *
 * A test has the expected results behind a line of dashes; some tests hold a
 * dump of AIDA64 above that line instead (see instlatx64.c).
 */
#include "line.h"

struct dump {
	unsigned leaves; /* of the current CPU */
	int results;     /* behind the line of dashes */
	char version[40];
};

static int bad_line(struct lvl_import *im, const char *s)
{
	return lvl_import_fail(im, LVL_E_SYNTAX,
			       "\"%.60s\" is no array element of libcpuid", s);
}

/* The machine is complete, if one was begun. */
static int deliver(struct lvl_import *im, struct dump *d)
{
	char tool[60];
	int rc = 0;

	if (!im->cpus)
		return 0;
	if (!d->leaves)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "the last logical CPU has no leaves");
	if (d->version[0]) {
		snprintf(tool, sizeof(tool), "libcpuid %s", d->version);
		rc = lvl_import_fact(im, "tool", tool);
	}
	memset(d, 0, sizeof(*d));
	return rc ? rc : lvl_import_done(im);
}

static int begin_cpu(struct lvl_import *im, struct dump *d)
{
	int rc;

	if (im->cpus && !d->leaves)
		return lvl_import_fail(im, LVL_E_TRUNCATED,
				       "the logical CPU before this one has "
				       "no leaves");
	if (im->cpus == LVL_MAX_CPUS)
		return lvl_import_fail(im, LVL_E_TOO_BIG,
				       "more than %u logical CPUs",
				       LVL_MAX_CPUS);
	d->leaves = 0;
	rc = lvl_import_cpu(im);
	if (!rc)
		lvl_import_hint(im, LVL_HINT_32BIT);
	return rc;
}

/* "_____ Logical CPU #3 _____": s is behind the underscores and a blank. */
static int cpu_head(struct lvl_import *im, struct dump *d, const char *s)
{
	const char *at =
		lvl_begins(s, strlen(s), "Logical CPU #") ? s + 13 : "";
	size_t digits = strspn(at, "0123456789");
	uint64_t n;
	int rc = 0;

	if (!lvl_number(at, digits, 0xffffffffu, &n) || at[digits] != ' ')
		return bad_line(im, s);
	if (!n)
		rc = deliver(im, d);
	return rc ? rc : begin_cpu(im, d);
}

/* "4" and "11" are decimal, "8000001dh" is not. */
static int leaf_number(const char *s, size_t len, uint32_t *leaf)
{
	uint64_t v;
	int ok;

	if (len > 1 && len <= 9 && s[len - 1] == 'h')
		ok = lvl_hex_fixed(s, (unsigned)len - 1, &v);
	else
		ok = lvl_number(s, len, 0xffffffffu, &v);
	*leaf = ok ? (uint32_t)v : 0;
	return ok;
}

/*
 * The leaf of element 0 of an array.  basic_cpuid and ext_cpuid have one
 * leaf an element; intel_fn4, intel_fn12h, amd_fn8000001dh and the like one
 * sub-leaf.
 */
static int array_leaf(const char *name, size_t len, uint32_t *leaf, int *subs)
{
	*subs = 0;
	*leaf = 0;
	if (len == 11 && !memcmp(name, "basic_cpuid", len))
		return 1;
	*leaf = 0x80000000u;
	if (len == 9 && !memcmp(name, "ext_cpuid", len))
		return 1;
	*subs = 1;
	if (lvl_begins(name, len, "intel_fn"))
		return leaf_number(name + 8, len - 8, leaf);
	return lvl_begins(name, len, "amd_fn") &&
	       leaf_number(name + 6, len - 6, leaf);
}

static int registers(const char *s, uint32_t reg[4])
{
	uint64_t v;
	unsigned i;

	for (i = 0; i < 4; i++, s += 9) {
		if (!lvl_hex_fixed(s, 8, &v) || s[8] != (i < 3 ? ' ' : '\0'))
			return 0;
		reg[i] = (uint32_t)v;
	}
	return 1;
}

/* "name[index]=a b c d" */
static int element(struct lvl_import *im, struct dump *d, const char *s)
{
	size_t len = strcspn(s, "["), digits;
	uint32_t leaf, reg[4];
	uint64_t index;
	int subs, rc = 0;

	digits = s[len] ? strspn(s + len + 1, "0123456789") : 0;
	if (!digits || !lvl_number(s + len + 1, digits, 0xffff, &index) ||
	    strncmp(s + len + 1 + digits, "]=", 2) ||
	    !registers(s + len + digits + 3, reg))
		return bad_line(im, s);
	if (!array_leaf(s, len, &leaf, &subs))
		return lvl_import_fail(im, LVL_E_UNKNOWN_NAME,
				       "which leaf the array \"%.*s\" is, is "
				       "not known",
				       len > 40 ? 40 : (int)len, s);
	if (!im->cpus)
		rc = begin_cpu(im, d);
	if (rc)
		return rc;
	d->leaves++;
	return lvl_import_leaf(im, subs ? leaf : leaf + (uint32_t)index,
			       subs ? (uint32_t)index : 0, reg);
}

/* A line that belongs to a dump ends the results of the test before it. */
static int is_dump(const char *s, size_t len)
{
	return lvl_begins(s, len, "basic_cpuid[") ||
	       lvl_begins(s, len, "ext_cpuid[") ||
	       lvl_begins(s, len, "intel_fn") || lvl_begins(s, len, "amd_fn") ||
	       lvl_begins(s, len, "version=") || lvl_begins(s, len, "______");
}

static int one_line(struct lvl_import *im, struct dump *d, char *s)
{
	char *version;
	int rc = 0;

	s = lvl_trim(s);
	d->results = d->results && !is_dump(s, strlen(s));
	if (!*s || d->results)
		return 0;
	version = lvl_after(s, "version=");
	if (version) {
		rc = deliver(im, d);
		snprintf(d->version, sizeof(d->version), "%.39s", version);
		return rc;
	}
	if (lvl_begins(s, strlen(s), "______"))
		return cpu_head(im, d, lvl_skip_blanks(s + strspn(s, "_")));
	if (!lvl_is_ruler(s, strlen(s)))
		return element(im, d, s);
	rc = deliver(im, d);
	d->results = 1;
	return rc;
}

static int read_all(struct lvl_import *im)
{
	struct dump d = { 0 };
	int got, rc = 0;
	char *line;

	while ((got = lvl_next_line(im, &line)) > 0) {
		char *s = lvl_skip_blanks(line);
		int first = !im->cpus && !im->machines && !d.version[0];

		if (first && *s && !is_dump(s, strlen(s)))
			return lvl_instlatx64_read(im, line);
		rc = one_line(im, &d, line);
		if (rc)
			return rc;
	}
	return got < 0 ? got : deliver(im, &d);
}

static int is_array(const char *s, size_t len)
{
	return lvl_begins(s, len, "basic_cpuid[");
}

/*
 * A dump of AIDA64 is a test of libcpuid only with the results behind it; in
 * a long one they are not in sight, and the reader of such dumps stops there
 * just the same.
 */
static int probe(const char *head, size_t len)
{
	if (lvl_head_any(head, len, is_array))
		return 95;
	return lvl_head_any(head, len, lvl_is_ruler) &&
			       lvl_head_any(head, len, lvl_instlatx64_line)
		       ? 95
		       : 0;
}

const struct lvl_format lvl_format_libcpuid = {
	.name = "libcpuid",
	.what = "raw data and tests of libcpuid",
	.probe = probe,
	.read = read_all,
};

/* SPDX-License-Identifier: MIT */
/*
 * libvirt's raw form of a CPU: <cpudata arch='x86'> with one <cpuid> for each
 * leaf and one <msr> for each MSR.  A comment before it is the CPU's name.
 *
 * The tools that write it ask every leaf range, also 0x20000000 or
 * 0xc0000000 of CPUs that have none and answer with their last leaf; such
 * rows are passed on, what they are worth is decided by the RAW rules.
 */
#include "xml.h"

struct reader {
	struct lvl_import *im;
	unsigned rows;
	char name[256];
};

static int read_leaf(struct lvl_import *im, const char **attr)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	uint64_t leaf, subleaf = 0, value;
	uint32_t reg[4];
	unsigned i;
	int rc;

	/* "function" in files of libvirt 1.2 and before */
	rc = lvl_xml_number(im, attr,
			    lvl_xml_attr(attr, "function") ? "function"
							   : "eax_in",
			    UINT32_MAX, &leaf);
	if (!rc && lvl_xml_attr(attr, "ecx_in"))
		rc = lvl_xml_number(im, attr, "ecx_in", UINT32_MAX, &subleaf);
	for (i = 0; i < 4 && !rc; i++) {
		rc = lvl_xml_number(im, attr, regs[i], UINT32_MAX, &value);
		reg[i] = rc ? 0 : (uint32_t)value;
	}
	if (rc)
		return rc;
	return lvl_import_leaf(im, (uint32_t)leaf, (uint32_t)subleaf, reg);
}

static int read_msr(struct lvl_import *im, const char **attr)
{
	uint64_t index, eax, edx;
	int rc;

	rc = lvl_xml_number(im, attr, "index", UINT32_MAX, &index);
	if (!rc)
		rc = lvl_xml_number(im, attr, "eax", UINT32_MAX, &eax);
	if (!rc)
		rc = lvl_xml_number(im, attr, "edx", UINT32_MAX, &edx);
	if (rc)
		return rc;
	return lvl_import_msr(im, (uint32_t)index, edx << 32 | eax);
}

static int read_root(struct reader *r, const char **attr)
{
	const char *arch = lvl_xml_attr(attr, "arch");
	int rc;

	if (!arch || strcmp(arch, "x86"))
		return lvl_import_fail(r->im, LVL_E_UNSUPPORTED,
				       "arch='%.20s': only x86 can be levelled",
				       arch ? arch : "");
	r->rows = 0;
	rc = lvl_import_kind(r->im, LVL_KIND_RAW);
	if (!rc && r->name[0])
		rc = lvl_import_fact(r->im, "name", r->name);
	return rc;
}

static int start(void *arg, unsigned depth, const char *name, const char **attr)
{
	struct reader *r = arg;

	if (!depth && !strcmp(name, "cpudata"))
		return read_root(r, attr);
	r->rows++;
	if (depth == 1 && !strcmp(name, "cpuid"))
		return read_leaf(r->im, attr);
	if (depth == 1 && !strcmp(name, "msr"))
		return read_msr(r->im, attr);
	return lvl_xml_strange(r->im, "element", name);
}

static int end(void *arg, unsigned depth, const char *name, const char *text)
{
	struct reader *r = arg;

	(void)name;
	if (*text)
		return lvl_xml_strange(r->im, "text", text);
	if (depth)
		return 0;
	if (!r->rows)
		return lvl_import_fail(r->im, LVL_E_EMPTY,
				       "<cpudata> without a leaf or an MSR");
	r->name[0] = '\0';
	return lvl_import_done(r->im);
}

/* The last comment before a machine is its name, if it can be one. */
static int comment(void *arg, const char *text)
{
	struct reader *r = arg;
	size_t len;

	while (*text == ' ')
		text++;
	len = strlen(text);
	while (len && text[len - 1] == ' ')
		len--;
	if (len >= sizeof(r->name) || memchr(text, '\n', len))
		len = 0;
	memcpy(r->name, text, len);
	r->name[len] = '\0';
	return 0;
}

static int read_cpudata(struct lvl_import *im)
{
	static const struct lvl_xml_reader reader = {
		.start = start,
		.end = end,
		.comment = comment,
	};
	struct reader r = { .im = im };

	return lvl_xml_read(im, &reader, &r);
}

static int probe(const char *head, size_t len)
{
	return lvl_xml_root_is(head, len, "cpudata") ? 100 : 0;
}

const struct lvl_format lvl_format_libvirt_cpudata = {
	.name = "libvirt-cpudata",
	.what = "libvirt's CPUID and MSR dump (<cpudata>)",
	.probe = probe,
	.read = read_cpudata,
};

/* SPDX-License-Identifier: MIT */
/*
 * The XML of RJCP's CPUID tool: <cpuid> with one <processor> for each logical
 * CPU, and in it <register eax="LEAF" ecx="SUBLEAF">EAX,EBX,ECX,EDX</register>
 * in hex without 0x.  type="x86", where it is said, stands on either of the
 * outer elements.
 */
#include "xml.h"

struct reader {
	struct lvl_import *im;
	uint32_t leaf, subleaf;
	unsigned processors, registers;
};

/* One to eight hex digits. */
static int hex(const char *s, size_t len, uint32_t *value)
{
	char padded[9] = "00000000";
	uint64_t v;

	if (!len || len > 8)
		return 0;
	memcpy(padded + 8 - len, s, len);
	if (!lvl_hex_fixed(padded, 8, &v))
		return 0;
	*value = (uint32_t)v;
	return 1;
}

static int hex_attribute(struct reader *r, const char **attr, const char *name,
			 uint32_t *value)
{
	const char *text = lvl_xml_attr(attr, name);

	if (!text)
		return lvl_import_fail(r->im, LVL_E_SYNTAX,
				       "the attribute '%s' is missing", name);
	if (!hex(text, strlen(text), value))
		return lvl_import_fail(r->im, LVL_E_SYNTAX,
				       "%s=\"%.40s\" is not 8 hex digits", name,
				       text);
	return 0;
}

/* "A,B,C,D" */
static int read_register(struct reader *r, const char *text)
{
	const char *s = text;
	uint32_t reg[4];
	unsigned i;

	for (i = 0; i < 4; i++) {
		size_t len = strcspn(s, ",");

		if (!hex(s, len, &reg[i]) || !s[len] != (i == 3))
			return lvl_import_fail(r->im, LVL_E_SYNTAX,
					       "'%.60s' is not four registers "
					       "of 8 hex digits",
					       text);
		s += len + 1;
	}
	return lvl_import_leaf(r->im, r->leaf, r->subleaf, reg);
}

static int check_type(struct reader *r, const char **attr)
{
	const char *type = lvl_xml_attr(attr, "type");

	if (type && strcmp(type, "x86"))
		return lvl_import_fail(r->im, LVL_E_UNSUPPORTED,
				       "type=\"%.20s\": only x86 can be "
				       "levelled",
				       type);
	return 0;
}

static int start(void *arg, unsigned depth, const char *name, const char **attr)
{
	static const char *const names[] = { "cpuid", "processor", "register" };
	struct reader *r = arg;
	int rc;

	if (depth > 2 || strcmp(name, names[depth]))
		return lvl_xml_strange(r->im, "element", name);
	if (depth == 2) {
		rc = hex_attribute(r, attr, "eax", &r->leaf);
		return rc ? rc : hex_attribute(r, attr, "ecx", &r->subleaf);
	}
	rc = check_type(r, attr);
	if (rc || !depth)
		return rc;
	r->processors++;
	r->registers = 0;
	return lvl_import_cpu(r->im);
}

static int end(void *arg, unsigned depth, const char *name, const char *text)
{
	struct reader *r = arg;

	if (depth == 2) {
		r->registers++;
		return read_register(r, text);
	}
	if (*text)
		return lvl_xml_strange(r->im, "text", text);
	if (depth ? !r->registers : !r->processors)
		return lvl_import_fail(r->im, LVL_E_EMPTY,
				       "<%s> without a <%s>", name,
				       depth ? "register" : "processor");
	if (depth)
		return 0;
	r->processors = 0;
	return lvl_import_done(r->im);
}

static int read_rjcp(struct lvl_import *im)
{
	static const struct lvl_xml_reader reader = {
		.start = start,
		.end = end,
	};
	struct reader r = { .im = im };

	return lvl_xml_read(im, &reader, &r);
}

static int probe(const char *head, size_t len)
{
	return lvl_xml_root_is(head, len, "cpuid") ? 90 : 0;
}

const struct lvl_format lvl_format_rjcp = {
	.name = "rjcp",
	.what = "XML dump of RJCP's CPUID tool (<cpuid><processor>)",
	.probe = probe,
	.read = read_rjcp,
};

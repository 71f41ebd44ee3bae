/* SPDX-License-Identifier: MIT */
/*
 * QEMU: replies to query-cpu-model-expansion, alone or in a recorded QMP
 * session.  "props" is the CPU that QEMU would make, property by property.
 *
 * A property that is true or false is a bit that a guest will read as 1 or
 * 0: QEMU makes every CPUID word of a guest itself, and shows no bit that it
 * has a name for unless the property is set.  So false is known to be 0, but
 * only for what the property alone decides:
 *
 * - dynamic bits and the VM's own configuration (HTT, CMP_LEGACY, TOPOEXT)
 *   are set later, from -smp and from the guest's registers: unknown;
 * - a property that stands for two bits is true if both are set: false says
 *   about neither of them anything;
 * - a bit without a property is not in the reply: unknown.
 *
 * Properties that are no field are kept as facts "qemu-prop NAME=value".
 */
#include "jsonread.h"

#include <inttypes.h>

struct reader {
	struct lvl_json j;
	char expansion[16]; /* "full" or "static", if the session says it */
	char version[64];
};

/* -- numbers and strings -------------------------------------------------- */

static int set_number(struct lvl_json *j, unsigned field, int64_t value)
{
	if (value < 0 || value > UINT32_MAX)
		return lvl_json_fail(j, LVL_E_RANGE,
				     "%" PRId64 " does not fit %s", value,
				     lvl_field_name(field));
	return lvl_import_field(j->im, field, (uint64_t)value);
}

/* 0: as the host has it, or none. */
static int set_unless_zero(struct lvl_json *j, unsigned field, int64_t value)
{
	return value ? set_number(j, field, value) : 0;
}

/* All ones: as many leaves as the features need. */
static int set_level(struct lvl_json *j, unsigned field, int64_t value)
{
	return value == UINT32_MAX ? 0 : set_number(j, field, value);
}

/* The base part counts to 15, the rest is in the extended part. */
static int set_family(struct lvl_json *j, unsigned field, int64_t value)
{
	int64_t base = value > 15 ? 15 : value;
	int rc;

	if (value < 0 || value > 15 + 255)
		return lvl_json_fail(j, LVL_E_RANGE,
				     "no CPU has family %" PRId64, value);
	rc = set_number(j, field, base);
	return rc ? rc : set_number(j, LVL_F_EXT_FAMILY, value - base);
}

static int set_model(struct lvl_json *j, unsigned field, int64_t value)
{
	int rc;

	if (value < 0 || value > 255)
		return lvl_json_fail(j, LVL_E_RANGE,
				     "no CPU has model %" PRId64, value);
	rc = set_number(j, field, value & 15);
	return rc ? rc : set_number(j, LVL_F_EXT_MODEL, value >> 4);
}

static const struct number {
	const char *name;
	unsigned field;
	int (*set)(struct lvl_json *j, unsigned field, int64_t value);
} numbers[] = {
	{ "family", LVL_F_BASE_FAMILY, set_family },
	{ "model", LVL_F_BASE_MODEL, set_model },
	{ "stepping", LVL_F_STEPPING, set_number },
	{ "level", LVL_F_MAX_BASIC_LEAF, set_level },
	{ "xlevel", LVL_F_MAX_EXTENDED_LEAF, set_unless_zero },
	{ "xlevel2", LVL_F_MAX_CENTAUR_LEAF, set_unless_zero },
	{ "level-func7", LVL_F_MAX_SUBLEAF_7, set_number },
	{ "phys-bits", LVL_F_MAXPHYSADDR, set_unless_zero },
	{ "guest-phys-bits", LVL_F_GUEST_MAXPHYSADDR, set_unless_zero },
};

/* Bytes of a string in fields of four each; the rest is zero. */
static int set_string(struct lvl_json *j, const char *text,
		      const uint16_t *field, unsigned nr)
{
	size_t len = strlen(text), i;
	int rc = 0;

	if (len > 4 * nr)
		return lvl_json_fail(j, LVL_E_RANGE,
				     "\"%.60s\" has more than %u bytes", text,
				     4 * nr);
	for (i = 0; i < 4 * nr && !rc; i += 4) {
		uint32_t v = 0;
		size_t k;

		for (k = i; k < i + 4 && k < len; k++)
			v |= (uint32_t)(unsigned char)text[k] << 8 * (k - i);
		rc = lvl_import_field(j->im, field[i / 4], v);
	}
	return rc;
}

static int set_vendor(struct lvl_json *j, const char *text)
{
	static const uint16_t fields[] = { LVL_F_VENDOR_0, LVL_F_VENDOR_1,
					   LVL_F_VENDOR_2 };

	if (strlen(text) != 12)
		return lvl_json_fail(j, LVL_E_RANGE,
				     "a vendor has 12 bytes, not \"%.40s\"",
				     text);
	return set_string(j, text, fields, LVL_COUNT(fields));
}

static int set_brand(struct lvl_json *j, const char *text)
{
	static const uint16_t fields[] = {
		LVL_F_BRAND_STRING_0,  LVL_F_BRAND_STRING_1,
		LVL_F_BRAND_STRING_2,  LVL_F_BRAND_STRING_3,
		LVL_F_BRAND_STRING_4,  LVL_F_BRAND_STRING_5,
		LVL_F_BRAND_STRING_6,  LVL_F_BRAND_STRING_7,
		LVL_F_BRAND_STRING_8,  LVL_F_BRAND_STRING_9,
		LVL_F_BRAND_STRING_10, LVL_F_BRAND_STRING_11,
	};

	return set_string(j, text, fields, LVL_COUNT(fields));
}

/* -- features ------------------------------------------------------------- */

/* What the hypervisor fills in later. */
static int decided_later(unsigned field)
{
	unsigned rule = lvl_fields[field].rule;

	return rule == LVL_DYNAMIC || rule == LVL_FREE;
}

/* Names of two bits each: with the second one. */
static unsigned second_bit(unsigned field)
{
	if (field == LVL_F_KVMCLOCK)
		return LVL_F_KVMCLOCK_LEGACY;
	if (field == LVL_F_VMX_INVEPT_SINGLE_CONTEXT)
		return LVL_F_VMX_INVVPID_SINGLE_CONTEXT;
	return LVL_NO_FIELD;
}

static int set_bit(struct lvl_json *j, unsigned field, int on)
{
	unsigned second = second_bit(field);

	if (decided_later(field) || (second != LVL_NO_FIELD && !on))
		return 0;
	if (lvl_known(j->im->p, field) && lvl_has(j->im->p, field) != on)
		return lvl_json_fail(j, LVL_E_DUPLICATE,
				     "%s is given twice, true and false",
				     lvl_field_name(field));
	lvl_set(j->im->p, field, (uint64_t)on);
	if (second != LVL_NO_FIELD)
		lvl_set(j->im->p, second, 1);
	return 0;
}

static int keep(struct lvl_json *j, const char *name, const json_t *value)
{
	char text[512];

	if (json_is_string(value))
		snprintf(text, sizeof(text), "%.80s=%.400s", name,
			 json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, sizeof(text), "%.80s=%" JSON_INTEGER_FORMAT,
			 name, json_integer_value(value));
	else if (json_is_real(value)) /* its digits were not kept */
		snprintf(text, sizeof(text), "%.80s=(too large)", name);
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%.80s=%s", name,
			 json_is_true(value) ? "true" : "false");
	else
		return lvl_json_not(j, "a property's value");
	return lvl_import_fact(j->im, "qemu-prop", text);
}

static int read_boolean(struct lvl_json *j, const char *name,
			const json_t *value)
{
	unsigned field;

	if (lvl_field_find(name, strlen(name), LVL_WHO_QEMU | LVL_WHO_OWN,
			   &field) ||
	    lvl_fields[field].width != 1 ||
	    lvl_fields[field].word == LVL_NO_WORD)
		return keep(j, name, value);
	return set_bit(j, field, json_is_true(value));
}

static int read_integer(struct lvl_json *j, const char *name,
			const json_t *value)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(numbers); i++) {
		if (strcmp(numbers[i].name, name))
			continue;
		if (!json_is_integer(value))
			return lvl_json_not(j, "an integer that fits");
		return numbers[i].set(j, numbers[i].field,
				      json_integer_value(value));
	}
	return keep(j, name, value);
}

static int read_property(struct lvl_json *j, const char *name,
			 const json_t *value)
{
	if (json_is_boolean(value))
		return read_boolean(j, name, value);
	if (json_is_number(value))
		return read_integer(j, name, value);
	if (json_is_string(value) && !strcmp(name, "vendor"))
		return set_vendor(j, json_string_value(value));
	if (json_is_string(value) && !strcmp(name, "model-id"))
		return set_brand(j, json_string_value(value));
	return keep(j, name, value);
}

/* -- documents ------------------------------------------------------------ */

static int read_properties(struct lvl_json *j, json_t *props)
{
	const char *name;
	json_t *value;
	int rc = 0;

	lvl_json_in(j, "props");
	if (!json_is_object(props))
		return lvl_json_not(j, "an object");
	json_object_foreach(props, name, value)
	{
		lvl_json_in(j, name);
		rc = read_property(j, name, value);
		if (rc)
			return rc;
		lvl_json_out(j);
	}
	lvl_json_out(j);
	return 0;
}

static int read_model(struct reader *r, json_t *model)
{
	struct lvl_json *j = &r->j;
	const char *name;
	int rc;

	lvl_json_in(j, "return");
	lvl_json_in(j, "model");
	rc = lvl_json_string(j, model, "name", 0, &name);
	if (!rc)
		rc = lvl_import_kind(j->im, LVL_KIND_HVM_DEFAULT);
	if (!rc)
		rc = lvl_import_fact(j->im, "qemu-model", name);
	if (!rc && r->expansion[0])
		rc = lvl_import_fact(j->im, "qemu-expansion", r->expansion);
	if (!rc && r->version[0])
		rc = lvl_import_fact(j->im, "qemu", r->version);
	if (!rc)
		rc = read_properties(j, json_object_get(model, "props"));
	r->expansion[0] = '\0';
	return rc ? rc : lvl_import_done(j->im);
}

/* "arguments": {"type": ...} of the command that comes before its reply. */
static int note_command(struct reader *r)
{
	const json_t *arguments = json_object_get(r->j.root, "arguments");
	const char *type =
		json_string_value(json_object_get(arguments, "type"));

	snprintf(r->expansion, sizeof(r->expansion), "%.15s", type ? type : "");
	return 0;
}

static int note_greeting(struct reader *r, const json_t *greeting)
{
	json_t *version = json_object_get(greeting, "version");
	json_t *qemu = json_object_get(version, "qemu");
	const char *package =
		json_string_value(json_object_get(version, "package"));

	snprintf(r->version, sizeof(r->version), "%d.%d.%d %.40s",
		 (int)json_integer_value(json_object_get(qemu, "major")),
		 (int)json_integer_value(json_object_get(qemu, "minor")),
		 (int)json_integer_value(json_object_get(qemu, "micro")),
		 package ? package : "");
	return 0;
}

/* Of a session only the expansions are machines. */
static int read_document(struct reader *r)
{
	json_t *root = r->j.root, *reply, *model;

	if (!json_is_object(root))
		return lvl_json_not(&r->j, "an object");
	if (json_object_get(root, "execute"))
		return note_command(r);
	if (json_object_get(root, "QMP"))
		return note_greeting(r, json_object_get(root, "QMP"));
	reply = json_object_get(root, "return");
	if (!reply && !json_object_get(root, "error") &&
	    !json_object_get(root, "event"))
		return lvl_json_fail(&r->j, LVL_E_SYNTAX,
				     "not a message of QMP");
	model = json_object_get(reply, "model");
	return model ? read_model(r, model) : 0;
}

static int read_qemu(struct lvl_import *im)
{
	struct reader r = { .expansion = "" };
	int rc = lvl_json_open(&r.j, im);

	while (!rc && (rc = lvl_json_next(&r.j)) > 0)
		rc = read_document(&r);
	lvl_json_close(&r.j);
	return rc;
}

static int probe(const char *head, size_t len)
{
	return lvl_json_has(head, len, "\"QMP\"") ||
			       lvl_json_has(head, len, "\"execute\"") ||
			       lvl_json_has(head, len, "\"return\"")
		       ? 80
		       : 0;
}

const struct lvl_format lvl_format_qemu = {
	.name = "qemu",
	.what = "QEMU's reply to query-cpu-model-expansion (QMP)",
	.probe = probe,
	.read = read_qemu,
};

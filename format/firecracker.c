/* SPDX-License-Identifier: MIT */
/*
 * Firecracker: the fingerprint of a host, which holds what a guest without a
 * template sees there (guest_cpu_config), and that part or a custom template
 * alone.  Registers are bitmaps "0b01x..." in which x is "as the host has
 * it": unknown here.  A short bitmap is the low end of a register whose rest
 * is x; underscores only separate.
 *
 * MSRs that hold a guest's state at its first instruction are in the
 * fingerprint too; they are passed on like all others.
 */
#include "jsonread.h"

/* "0b..." of at most `bits` digits; 0 if it is none. */
static int parse_bitmap(const char *s, unsigned bits, uint64_t *value,
			uint64_t *known)
{
	unsigned digits = 0;

	*value = 0;
	*known = 0;
	if (strncmp(s, "0b", 2))
		return 0;
	for (s += 2; *s; s++) {
		if (*s == '_')
			continue;
		if (!strchr("01x", *s) || digits++ == bits)
			return 0;
		*value = *value << 1 | (*s == '1');
		*known = *known << 1 | (*s != 'x');
	}
	return digits != 0;
}

static int read_bitmap(struct lvl_json *j, const json_t *object, unsigned bits,
		       uint64_t *value, uint64_t *known)
{
	const char *text;
	int rc = lvl_json_string(j, object, "bitmap", 0, &text);

	if (rc || parse_bitmap(text, bits, value, known))
		return rc;
	lvl_json_in(j, "bitmap");
	return lvl_json_fail(j, LVL_E_SYNTAX,
			     "\"%.90s\" is not 0b and at most %u of 0, 1, x",
			     text, bits);
}

static int read_index(struct lvl_json *j, const json_t *object, const char *key,
		      uint32_t *index)
{
	const char *text;
	uint64_t v;
	int rc = lvl_json_string(j, object, key, 0, &text);

	if (rc)
		return rc;
	if (!lvl_number(text, strlen(text), UINT32_MAX, &v)) {
		lvl_json_in(j, key);
		return lvl_json_fail(j, LVL_E_RANGE,
				     "\"%s\": \"%.40s\" is no number of 32 "
				     "bits",
				     key, text);
	}
	*index = (uint32_t)v;
	return 0;
}

/* -- CPUID ---------------------------------------------------------------- */

struct leaf {
	uint32_t leaf, subleaf;
	uint32_t value[4], known[4];
	unsigned given; /* registers that were there */
};

static int read_register(struct lvl_json *j, json_t *e, void *arg)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx" };
	struct leaf *l = arg;
	uint64_t value, known;
	const char *name;
	unsigned i;
	int rc;

	if (!json_is_object(e))
		return lvl_json_not(j, "an object");
	rc = lvl_json_string(j, e, "register", 0, &name);
	if (!rc)
		rc = read_bitmap(j, e, 32, &value, &known);
	if (rc)
		return rc;
	for (i = 0; i < 4 && strcmp(names[i], name); i++)
		;
	if (i == 4)
		return lvl_json_fail(j, LVL_E_SYNTAX,
				     "no register is called '%.20s'", name);
	if (l->given & 1u << i)
		return lvl_json_fail(j, LVL_E_DUPLICATE, "%s is given twice",
				     names[i]);
	l->given |= 1u << i;
	l->value[i] = (uint32_t)value;
	l->known[i] = (uint32_t)known;
	return 0;
}

/* flags repeats which leaves have sub-leaves: the registry knows them. */
static int read_leaf(struct lvl_json *j, json_t *e, void *arg)
{
	struct leaf l = { .given = 0 };
	int rc;

	(void)arg;
	if (!json_is_object(e))
		return lvl_json_not(j, "an object");
	rc = read_index(j, e, "leaf", &l.leaf);
	if (!rc)
		rc = read_index(j, e, "subleaf", &l.subleaf);
	if (rc)
		return rc;
	lvl_json_in(j, "modifiers");
	rc = lvl_json_each(j, json_object_get(e, "modifiers"), read_register,
			   &l);
	if (rc)
		return rc;
	lvl_json_out(j);
	return lvl_json_leaf(j, l.leaf, l.subleaf, l.value, l.known);
}

/* -- the rest ------------------------------------------------------------- */

static int read_msr(struct lvl_json *j, json_t *e, void *arg)
{
	uint64_t value, known;
	uint32_t index = 0;
	int rc;

	(void)arg;
	if (!json_is_object(e))
		return lvl_json_not(j, "an object");
	rc = read_index(j, e, "addr", &index);
	if (!rc)
		rc = read_bitmap(j, e, 64, &value, &known);
	return rc ? rc : lvl_json_msr(j, index, value, known);
}

static int read_capability(struct lvl_json *j, json_t *e, void *arg)
{
	(void)arg;
	if (!json_is_string(e))
		return lvl_json_not(j, "a string");
	return lvl_import_fact(j->im, "kvm-capability", json_string_value(e));
}

/* Arm's templates have the same form and other members. */
static int refuse_arm(struct lvl_json *j, const json_t *config)
{
	static const char *const members[] = { "reg_modifiers",
					       "vcpu_features" };
	unsigned i;

	for (i = 0; i < LVL_COUNT(members); i++) {
		if (!json_array_size(json_object_get(config, members[i])))
			continue;
		lvl_json_in(j, members[i]);
		return lvl_json_fail(j, LVL_E_UNSUPPORTED,
				     "\"%s\": only x86 can be levelled",
				     members[i]);
	}
	return 0;
}

static int read_config(struct lvl_json *j, const json_t *config)
{
	static const struct {
		const char *key;
		lvl_json_fn *each;
	} parts[] = {
		{ "kvm_capabilities", read_capability },
		{ "cpuid_modifiers", read_leaf },
		{ "msr_modifiers", read_msr },
	};
	unsigned i;
	int rc;

	if (!json_is_object(config))
		return lvl_json_not(j, "an object");
	rc = refuse_arm(j, config);
	for (i = 0; i < LVL_COUNT(parts) && !rc; i++) {
		const json_t *part = json_object_get(config, parts[i].key);

		lvl_json_in(j, parts[i].key);
		if (part)
			rc = lvl_json_each(j, part, parts[i].each, NULL);
		if (!rc)
			lvl_json_out(j);
	}
	return rc;
}

static int read_facts(struct lvl_json *j)
{
	static const char *const facts[][2] = {
		{ "firecracker_version", "firecracker" },
		{ "kernel_version", "kernel" },
		{ "microcode_version", "microcode" },
		{ "bios_version", "bios" },
		{ "bios_revision", "bios-revision" },
	};
	const char *text;
	unsigned i;
	int rc = 0;

	for (i = 0; i < LVL_COUNT(facts) && !rc; i++) {
		rc = lvl_json_string(j, j->root, facts[i][0], 1, &text);
		if (!rc && text)
			rc = lvl_import_fact(j->im, facts[i][1], text);
	}
	return rc;
}

static int read_document(struct lvl_json *j)
{
	const json_t *config;
	int rc;

	if (!json_is_object(j->root))
		return lvl_json_not(j, "an object");
	config = json_object_get(j->root, "guest_cpu_config");
	if (!config && !json_object_get(j->root, "cpuid_modifiers") &&
	    !json_object_get(j->root, "msr_modifiers"))
		return lvl_json_fail(j, LVL_E_SYNTAX,
				     "neither a fingerprint nor a CPU "
				     "template");
	rc = lvl_import_kind(j->im, LVL_KIND_HVM_DEFAULT);
	if (!rc)
		rc = read_facts(j);
	if (rc)
		return rc;
	if (config) {
		lvl_json_in(j, "guest_cpu_config");
		rc = read_config(j, config);
	} else {
		rc = read_config(j, j->root);
	}
	return rc ? rc : lvl_import_done(j->im);
}

static int read_firecracker(struct lvl_import *im)
{
	struct lvl_json j;
	int rc = lvl_json_open(&j, im);

	while (!rc && (rc = lvl_json_next(&j)) > 0)
		rc = read_document(&j);
	lvl_json_close(&j);
	return rc;
}

static int probe(const char *head, size_t len)
{
	return lvl_json_has(head, len, "\"guest_cpu_config\"") ||
			       lvl_json_has(head, len, "\"cpuid_modifiers\"") ||
			       lvl_json_has(head, len, "\"msr_modifiers\"")
		       ? 90
		       : 0;
}

const struct lvl_format lvl_format_firecracker = {
	.name = "firecracker",
	.what = "Firecracker's fingerprint or CPU template (JSON)",
	.probe = probe,
	.read = read_firecracker,
};

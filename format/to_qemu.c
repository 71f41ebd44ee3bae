/* SPDX-License-Identifier: MIT */
/*
 * QEMU: -cpu, and the properties of the same CPU as a QMP command.
 *
 * A feature that QEMU has a name for is as the model and the properties say;
 * of what it has no name for in a CPUID register that it makes bit by bit, a
 * guest reads 0.  Properties that the accelerator sets behind the model
 * (x2apic, vme, ...) are always written out.  The maximum leaves and the
 * vendor are written, too: QEMU would raise the maxima to what its features
 * need, and KVM would show the vendor of the machine.
 */
#include "base.h"

#include <inttypes.h>

/* Properties that are numbers, in the order of writing. */
static const struct number {
	const char *name;
	uint16_t field;
	uint16_t high; /* what exceeds the field, or LVL_NO_FIELD */
} numbers[] = {
	{ "family", LVL_F_BASE_FAMILY, LVL_F_EXT_FAMILY },
	{ "model", LVL_F_BASE_MODEL, LVL_F_EXT_MODEL },
	{ "stepping", LVL_F_STEPPING, LVL_NO_FIELD },
	{ "level", LVL_F_MAX_BASIC_LEAF, LVL_NO_FIELD },
	{ "level-func7", LVL_F_MAX_SUBLEAF_7, LVL_NO_FIELD },
	{ "xlevel", LVL_F_MAX_EXTENDED_LEAF, LVL_NO_FIELD },
};

/* One property, as -cpu or JSON has it. */
struct form {
	void (*bit)(struct lvl_gen *g, const char *name, int on);
	void (*number)(struct lvl_gen *g, const char *name, uint64_t value);
	void (*string)(struct lvl_gen *g, const char *name, const char *value);
	const char *forbidden; /* characters that a string cannot have */
	int all;               /* all properties, not what differs */
};

/* -- numbers and strings -------------------------------------------------- */

/* No leaf below 0x80000000 is an extended one. */
static int is_worth_writing(const struct lvl_gen *g, const struct number *n)
{
	uint64_t v = lvl_get(g->p, n->field);

	if (n->field == LVL_F_MAX_EXTENDED_LEAF)
		return v >= 0x80000000u;
	if (n->field == LVL_F_MAX_SUBLEAF_7)
		return lvl_get(g->p, LVL_F_MAX_BASIC_LEAF) >= 7;
	return 1;
}

static void write_numbers(struct lvl_gen *g, const struct form *form)
{
	struct lvl_gen_signature s;
	uint64_t value;
	unsigned i;

	for (i = 0; i < LVL_COUNT(numbers); i++) {
		const struct number *n = &numbers[i];

		if (!lvl_known(g->p, n->field) ||
		    (n->high != LVL_NO_FIELD && !lvl_gen_signature(g->p, &s)))
			continue;
		value = lvl_get(g->p, n->field);
		if (n->field == LVL_F_BASE_FAMILY)
			value += lvl_get(g->p, n->high);
		else if (n->field == LVL_F_BASE_MODEL)
			value |= lvl_get(g->p, n->high) << 4;
		if (!is_worth_writing(g, n))
			continue;
		form->number(g, n->name, value);
		lvl_gen_same(g, n->field);
		if (n->high != LVL_NO_FIELD)
			lvl_gen_same(g, n->high);
	}
}

/*
 * phys-bits 0 is QEMU's own choice; guest-phys-bits says nothing where it is
 * the same, and cannot be said where phys-bits cannot.
 */
static void write_phys_bits(struct lvl_gen *g, const struct form *form,
			    const struct lvl_base *base)
{
	unsigned bits = lvl_base_phys_bits(g, base);
	uint64_t guest = lvl_get(g->p, LVL_F_GUEST_MAXPHYSADDR);

	if (!bits)
		return;
	form->number(g, "phys-bits", bits);
	if (guest && guest != bits)
		form->number(g, "guest-phys-bits", guest);
	lvl_gen_same(g, LVL_F_GUEST_MAXPHYSADDR);
}

static void write_string(struct lvl_gen *g, const struct form *form,
			 const char *name, const uint16_t *field, unsigned n)
{
	char text[49];
	int len = lvl_gen_string(g->p, field, n, text);
	unsigned i;

	/* a vendor has twelve characters, a name may have none */
	if (len < 0 || (!len && field == lvl_gen_vendor) ||
	    strpbrk(text, form->forbidden))
		return;
	form->string(g, name, text);
	for (i = 0; i < n; i++)
		lvl_gen_same(g, field[i]);
}

/* -- features ------------------------------------------------------------- */

/* What the model gives although nothing is said. */
static void note_model(struct lvl_gen *g, const struct lvl_base *base,
		       unsigned name)
{
	unsigned field = lvl_names[name].field, rule = lvl_fields[field].rule;

	if (lvl_gen_goes_with_vmx(g, field))
		lvl_gen_same(g, field);
	else if (lvl_model_set_has(base->has, field) && rule != LVL_DYNAMIC &&
		 rule != LVL_FREE && rule != LVL_PAIR)
		lvl_set(&g->given, field, 1);
}

static void write_feature(struct lvl_gen *g, const struct form *form,
			  const struct lvl_base *base, unsigned name)
{
	const struct lvl_name *n = &lvl_names[name];
	int want = base->said[name] == LVL_SAID_ON;

	if (base->said[name] == LVL_SAID_NOT) {
		note_model(g, base, name);
		return;
	}
	lvl_set(&g->given, n->field, (uint64_t)want);
	if (lvl_gen_is_repeated(LVL_TOOL_QEMU, name))
		return;
	if (form->all || n->accel ||
	    lvl_model_set_has(base->has, n->field) != want)
		form->bit(g, n->of[LVL_TOOL_QEMU], want);
}

/* Features of a CPUID register with names that have none read 0. */
static void note_nameless(struct lvl_gen *g)
{
	uint8_t named[LVL_NR_WORDS] = { 0 };
	uint32_t has[LVL_MODEL_SET] = { 0 };
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++) {
		if (!lvl_names[i].of[LVL_TOOL_QEMU])
			continue;
		named[lvl_fields[lvl_names[i].field].word] = 1;
		lvl_model_set_put(has, lvl_names[i].field, 1);
	}
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		const struct lvl_field *f = &lvl_fields[i];

		if (f->word != LVL_NO_WORD && named[f->word] &&
		    lvl_words[f->word].place <= LVL_PLACE_EDX &&
		    f->width == 1 && f->rule <= LVL_OR && lvl_known(g->p, i) &&
		    !lvl_model_set_has(has, i))
			lvl_set(&g->given, i, 0);
	}
}

static void write_features(struct lvl_gen *g, const struct form *form,
			   const struct lvl_base *base)
{
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++)
		if (lvl_names[i].of[LVL_TOOL_QEMU])
			write_feature(g, form, base, i);
	note_nameless(g);
}

static void write_properties(struct lvl_gen *g, const struct form *form,
			     const struct lvl_base *base)
{
	write_string(g, form, "vendor", lvl_gen_vendor, 3);
	write_numbers(g, form);
	write_phys_bits(g, form, base);
	write_string(g, form, "model-id", lvl_gen_brand, 12);
	write_features(g, form, base);
}

/* "base" has no vendor, family or model of its own: zeroes. */
static void be_nobody(struct lvl_gen *g)
{
	static const uint16_t identity[] = {
		LVL_F_VENDOR_0,    LVL_F_VENDOR_1,   LVL_F_VENDOR_2,
		LVL_F_BASE_FAMILY, LVL_F_EXT_FAMILY, LVL_F_BASE_MODEL,
		LVL_F_EXT_MODEL,   LVL_F_STEPPING,
	};
	unsigned i;

	for (i = 0; i < LVL_COUNT(identity); i++)
		lvl_set(&g->given, identity[i], 0);
}

/*
 * "base" has no feature at all: it does for any vendor, and where every model
 * would decide something that is not known.
 */
static int choose(struct lvl_gen *g, struct lvl_base *base, const char **name)
{
	const char *asked = g->options->model;
	int rc = asked && !strcmp(asked, "base")
			 ? -LVL_E_UNSUPPORTED
			 : lvl_base_choose(g, "qemu", LVL_TOOL_QEMU, 0, base);

	if (rc == -LVL_E_UNSUPPORTED || (!rc && !asked && base->decides)) {
		lvl_base_empty(g, LVL_TOOL_QEMU, base);
		be_nobody(g);
		rc = 0;
	}
	*name = base->model ? base->model->name : "base";
	return rc;
}

/* -- -cpu ----------------------------------------------------------------- */

static void cpu_bit(struct lvl_gen *g, const char *name, int on)
{
	fprintf(g->out, ",%c%s", on ? '+' : '-', name);
}

static void cpu_number(struct lvl_gen *g, const char *name, uint64_t value)
{
	fprintf(g->out, value < 0x80000000u ? ",%s=%" PRIu64 : ",%s=0x%" PRIx64,
		name, value);
}

static void cpu_string(struct lvl_gen *g, const char *name, const char *value)
{
	fprintf(g->out, ",%s=%s", name, value);
}

/* In quotes for the shell: a model-id has blanks. */
static int write_cpu(struct lvl_gen *g)
{
	static const struct form form = {
		.bit = cpu_bit,
		.number = cpu_number,
		.string = cpu_string,
		.forbidden = ",'",
	};
	struct lvl_base base;
	const char *name;
	int rc = choose(g, &base, &name);

	if (rc)
		return rc;
	fprintf(g->out, "-cpu '%s", name);
	write_properties(g, &form, &base);
	fputs(",enforce'\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_qemu = {
	.name = "qemu",
	.what = "QEMU's -cpu: a model and what differs",
	.write = write_cpu,
};

/* -- QMP ------------------------------------------------------------------ */

static void qmp_name(struct lvl_gen *g, const char *name)
{
	fprintf(g->out, "%s\n    \"%s\": ", g->items++ ? "," : "", name);
}

static void qmp_bit(struct lvl_gen *g, const char *name, int on)
{
	qmp_name(g, name);
	fputs(on ? "true" : "false", g->out);
}

static void qmp_number(struct lvl_gen *g, const char *name, uint64_t value)
{
	qmp_name(g, name);
	fprintf(g->out, "%" PRIu64, value);
}

static void qmp_string(struct lvl_gen *g, const char *name, const char *value)
{
	qmp_name(g, name);
	fprintf(g->out, "\"%s\"", value);
}

static int write_qmp(struct lvl_gen *g)
{
	static const struct form form = {
		.bit = qmp_bit,
		.number = qmp_number,
		.string = qmp_string,
		.forbidden = "\"\\",
		.all = 1,
	};
	struct lvl_base base;
	const char *name;
	int rc = choose(g, &base, &name);

	if (rc)
		return rc;
	fprintf(g->out,
		"{\"execute\": \"query-cpu-model-expansion\", \"arguments\": "
		"{\"type\": \"full\", \"model\": {\n"
		"  \"name\": \"%s\", \"props\": {",
		name);
	write_properties(g, &form, &base);
	fputs("\n  }}}}\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_qemu_qmp = {
	.name = "qemu-qmp",
	.what = "the same CPU property by property, as a QMP command",
	.write = write_qmp,
};

/* -- Proxmox -------------------------------------------------------------- */

/* An alias, which Proxmox lists instead of a first version ("Haswell"). */
static const char *known_name(const struct lvl_model *m)
{
	unsigned i;

	for (i = 0; i < lvl_nr_model_names; i++)
		if (&lvl_models[lvl_model_names[i].model] == m &&
		    strcmp(lvl_model_names[i].name, m->name))
			return lvl_model_names[i].name;
	return m->name;
}

static void proxmox_bit(struct lvl_gen *g, const char *name, int on)
{
	fprintf(g->out, "%s%c%s", g->items++ ? ";" : "\tflags ", on ? '+' : '-',
		name);
}

/* A section of /etc/pve/virtual-guest/cpu-models.conf. */
static int write_proxmox(struct lvl_gen *g)
{
	static const struct form form = { .bit = proxmox_bit };
	struct lvl_base base;
	unsigned bits;
	int rc = lvl_base_choose(g, "qemu", LVL_TOOL_QEMU, 0, &base);

	if (rc)
		return rc;
	fprintf(g->out, "cpu-model: %s\n",
		g->options->name ? g->options->name : "cpulevel");
	write_features(g, &form, &base);
	if (g->items)
		putc('\n', g->out);
	bits = lvl_base_phys_bits(g, &base);
	if (bits)
		fprintf(g->out, "\tphys-bits %u\n", bits);
	fprintf(g->out, "\treported-model %s\n", known_name(base.model));
	return 0;
}

const struct lvl_writer lvl_writer_proxmox = {
	.name = "proxmox",
	.what = "a custom model of Proxmox VE: cpu-models.conf",
	.write = write_proxmox,
};

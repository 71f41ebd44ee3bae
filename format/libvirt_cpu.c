/* SPDX-License-Identifier: MIT */
/*
 * libvirt's description of a CPU by model and features: <cpu>, alone, many
 * of them one after another, or within <capabilities>, <domain> or
 * <domainCapabilities> (the host-model).
 *
 * What is said and what is not:
 *
 * - a feature of the named model is present unless it is disabled;
 * - policy='disable' and 'forbid' mean absent, also in the host form, where
 *   libvirt itself ignores the policy; 'optional' says nothing;
 * - a feature that is neither in the model nor listed is unknown.  libvirt
 *   lists all that it knows, but which that are changes with its version and
 *   is not in the file;
 * - two sorts of a model's features have not always been in it (models.h):
 *   they are unknown unless the file names them, or, for those that came
 *   later, names any of that sort;
 * - leaves, sizes and all that has no feature name are unknown.
 */
#include "models.h"
#include "repeat.h"
#include "xml.h"

#include <stdio.h>
#include <stdlib.h>

enum said { NOTHING, ABSENT, PRESENT, OPTIONAL };

/* A feature name that was looked up before. */
struct seen_name {
	char name[40];
	uint16_t field;
};

struct reader {
	struct lvl_import *im;
	char domain[256];  /* <domain><name> */
	char outer[2][32]; /* the names of the elements around */

	/* the definition that is being read */
	const struct part *part; /* the element below it */
	unsigned depth;          /* of its element; NO_CPU: none */
	int guest;
	int host_model; /* of domainCapabilities */
	unsigned vendor;
	char vendor_id[13];
	const struct lvl_model *model;
	unsigned nr_said;
	uint16_t fields[LVL_NR_FIELDS]; /* those with said != NOTHING */
	uint8_t said[LVL_NR_FIELDS];

	struct seen_name cache[1024];
	struct lvl_models_met met;
	struct lvl_repeat repeat;
};

#define NO_CPU 0xffu

/* -- vendor --------------------------------------------------------------- */

static const struct vendor {
	const char *name; /* libvirt's */
	unsigned vendor;
	char id[13];
} vendors[] = {
	{ "Intel", LVL_VENDOR_INTEL, "GenuineIntel" },
	{ "AMD", LVL_VENDOR_AMD, "AuthenticAMD" },
	{ "Hygon", LVL_VENDOR_HYGON, "HygonGenuine" },
	{ "Zhaoxin CentaurHauls", LVL_VENDOR_CENTAUR, "CentaurHauls" },
};

static int set_vendor_id(struct reader *r, const char *id)
{
	static const unsigned fields[] = { LVL_F_VENDOR_0, LVL_F_VENDOR_1,
					   LVL_F_VENDOR_2 };
	unsigned i, k;
	int rc = 0;

	for (i = 0; i < 3 && !rc; i++) {
		uint32_t v = 0;

		for (k = 0; k < 4; k++)
			v |= (uint32_t)(unsigned char)id[4 * i + k] << 8 * k;
		rc = lvl_import_field(r->im, fields[i], v);
	}
	return rc;
}

static int read_vendor(struct reader *r, const char *text)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(vendors); i++) {
		if (strcmp(vendors[i].name, text))
			continue;
		r->vendor = vendors[i].vendor;
		return 0;
	}
	return lvl_import_fail(r->im, LVL_E_UNKNOWN_NAME,
			       "no vendor is called '%.60s'", text);
}

/*
 * libvirt finds a model only for a host of the model's vendor, so a host
 * without <vendor> has that of its model.  A guest does not: it sees the
 * vendor of the machine it runs on.
 */
static int apply_vendor(struct reader *r)
{
	unsigned of_model =
		!r->guest && r->model ? r->model->vendor : LVL_VENDOR_UNKNOWN;
	unsigned i;

	if (r->vendor && of_model && r->vendor != of_model)
		return lvl_import_fail(r->im, LVL_E_INVALID,
				       "the vendor is %s, but a %s is made by "
				       "%s",
				       lvl_vendor_name(r->vendor),
				       r->model->name,
				       lvl_vendor_name(of_model));
	if (r->vendor_id[0])
		return set_vendor_id(r, r->vendor_id);
	for (i = 0; i < LVL_COUNT(vendors); i++)
		if (vendors[i].vendor == (r->vendor ? r->vendor : of_model))
			return set_vendor_id(r, vendors[i].id);
	return 0;
}

/* -- features ------------------------------------------------------------- */

static unsigned hash(const char *name)
{
	unsigned h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* Files with many CPUs name the same few features again and again. */
static int find_feature(struct reader *r, const char *name, unsigned *field)
{
	struct seen_name *seen = &r->cache[hash(name) % LVL_COUNT(r->cache)];
	size_t len = strlen(name);
	int rc;

	if (len && !strcmp(seen->name, name)) {
		*field = seen->field;
		return 0;
	}
	rc = lvl_field_find(name, len, LVL_WHO_LIBVIRT | LVL_WHO_OWN, field);
	if (rc || lvl_fields[*field].width != 1)
		return lvl_import_fail(r->im, rc ? -rc : LVL_E_UNKNOWN_NAME,
				       "no feature is called '%.60s'", name);
	if (len < sizeof(seen->name)) {
		memcpy(seen->name, name, len + 1);
		seen->field = (uint16_t)*field;
	}
	return 0;
}

static int read_policy(struct reader *r, const char **attr, uint8_t *said)
{
	static const struct {
		const char *name;
		uint8_t said;
	} policies[] = {
		{ "require", PRESENT },   { "force", PRESENT },
		{ "disable", ABSENT },    { "forbid", ABSENT },
		{ "optional", OPTIONAL },
	};
	const char *policy = lvl_xml_attr(attr, "policy");
	unsigned i;

	*said = PRESENT;
	for (i = 0; policy && i < LVL_COUNT(policies); i++) {
		if (strcmp(policies[i].name, policy))
			continue;
		*said = policies[i].said;
		return 0;
	}
	if (!policy)
		return 0;
	return lvl_import_fail(r->im, LVL_E_SYNTAX,
			       "no policy is called '%.40s'", policy);
}

static int read_feature(struct reader *r, const char **attr)
{
	const char *name = lvl_xml_attr(attr, "name");
	unsigned field = 0;
	uint8_t said;
	int rc;

	if (!name)
		return lvl_import_fail(r->im, LVL_E_SYNTAX,
				       "<feature> without a name");
	rc = find_feature(r, name, &field);
	if (!rc)
		rc = read_policy(r, attr, &said);
	if (rc)
		return rc;
	if (r->said[field] == NOTHING)
		r->fields[r->nr_said++] = (uint16_t)field;
	else if (r->said[field] != said)
		return lvl_import_fail(r->im, LVL_E_DUPLICATE,
				       "'%.60s' is given twice, with another "
				       "policy",
				       name);
	r->said[field] = said;
	return 0;
}

/* Dynamic bits are never stored: they are of the moment, not of the CPU. */
static int is_stored(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->rule != LVL_DYNAMIC && f->word != LVL_NO_WORD;
}

/* The features of the model, then what the list says of them and others. */
static void apply_features(struct reader *r)
{
	const uint32_t *bits = NULL;
	struct lvl_policy *p = r->im->p;
	unsigned i;

	if (r->model)
		bits = lvl_model_bits(&r->met, r->model, r->fields, r->nr_said);
	for (i = 0; bits && i < LVL_NR_WORDS; i++) {
		p->v[i] |= bits[i];
		p->k[i] |= bits[i];
	}
	for (i = 0; i < r->nr_said; i++) {
		unsigned field = r->fields[i];

		if (r->said[field] == OPTIONAL)
			lvl_forget(p, field);
		else if (is_stored(field))
			lvl_set(p, field, r->said[field] == PRESENT);
	}
}

/* -- numbers -------------------------------------------------------------- */

static int read_signature(struct reader *r, const char **attr)
{
	uint64_t family, model, stepping, base;
	int rc;

	rc = lvl_xml_number(r->im, attr, "family", 15 + 255, &family);
	if (!rc)
		rc = lvl_xml_number(r->im, attr, "model", 255, &model);
	if (!rc)
		rc = lvl_xml_number(r->im, attr, "stepping", 15, &stepping);
	if (rc)
		return rc;
	base = family < 15 ? family : 15;
	lvl_set(r->im->p, LVL_F_BASE_FAMILY, base);
	lvl_set(r->im->p, LVL_F_EXT_FAMILY, family - base);
	lvl_set(r->im->p, LVL_F_BASE_MODEL, model & 15);
	lvl_set(r->im->p, LVL_F_EXT_MODEL, model >> 4);
	lvl_set(r->im->p, LVL_F_STEPPING, stepping);
	return 0;
}

static int fact(struct reader *r, const char *key, const char *value)
{
	return value ? lvl_import_fact(r->im, key, value) : 0;
}

static int read_microcode(struct reader *r, const char **attr)
{
	uint64_t version;
	char text[16];
	int rc;

	rc = lvl_xml_number(r->im, attr, "version", UINT32_MAX, &version);
	snprintf(text, sizeof(text), "0x%llx",
		 (unsigned long long)(rc ? 0 : version));
	return rc ? rc : fact(r, "microcode", text);
}

/*
 * Without scaling a guest's TSC must run at the host's frequency, to within
 * the 250 ppm that hypervisors tolerate.  With scaling the limit is not said.
 */
static int read_counter(struct reader *r, const char **attr)
{
	const char *name = lvl_xml_attr(attr, "name");
	const char *scaling = lvl_xml_attr(attr, "scaling");
	uint64_t hz, slack;
	char text[64];
	int rc;

	if (!name || strcmp(name, "tsc"))
		return 0;
	rc = lvl_xml_number(r->im, attr, "frequency", 1000000000000, &hz);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%llu Hz, scaling %.8s",
		 (unsigned long long)hz, scaling ? scaling : "not said");
	rc = fact(r, "tsc-frequency", text);
	if (rc || !scaling || strcmp(scaling, "no"))
		return rc;
	slack = hz / 4000;
	lvl_set(r->im->p, LVL_F_TSC_KHZ_MIN, (hz - slack + 999) / 1000);
	lvl_set(r->im->p, LVL_F_TSC_KHZ_MAX, (hz + slack) / 1000);
	return 0;
}

/*
 * emulate: so many bits.  passthrough: what the machine has, at most `limit`;
 * in a host-model the limit is what this machine has.
 */
static int read_maxphysaddr(struct reader *r, const char **attr)
{
	const char *mode = lvl_xml_attr(attr, "mode");
	int emulate = mode && !strcmp(mode, "emulate");
	const char *key = emulate ? "bits" : "limit";
	uint64_t bits;
	char text[32];
	int rc;

	if (!emulate && (!mode || strcmp(mode, "passthrough")))
		return lvl_import_fail(r->im, LVL_E_SYNTAX,
				       "maxphysaddr: no such mode '%.20s'",
				       mode ? mode : "");
	if (!lvl_xml_attr(attr, key))
		return fact(r, "maxphysaddr", mode);
	rc = lvl_xml_number(r->im, attr, key, 64, &bits);
	if (rc)
		return rc;
	if (emulate || r->host_model)
		return lvl_import_field(r->im, LVL_F_MAXPHYSADDR, bits);
	snprintf(text, sizeof(text), "passthrough, at most %u", (unsigned)bits);
	return fact(r, "maxphysaddr", text);
}

static int read_topology(struct reader *r, const char **attr)
{
	char text[200] = "";
	size_t n = 0;

	for (; attr[0] && n < sizeof(text) - 1; attr += 2)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "%s%.20s=%.20s", n ? " " : "", attr[0],
				      attr[1]);
	return fact(r, "topology", text);
}

/* -- model ---------------------------------------------------------------- */

static int note_vendor_id(struct reader *r, const char **attr)
{
	const char *id = lvl_xml_attr(attr, "vendor_id");

	if (!id)
		return 0;
	if (strlen(id) != 12)
		return lvl_import_fail(r->im, LVL_E_RANGE,
				       "a vendor_id has 12 bytes, not '%.40s'",
				       id);
	memcpy(r->vendor_id, id, sizeof(r->vendor_id));
	return 0;
}

static int read_model(struct reader *r, const char *text)
{
	if (r->model)
		return lvl_import_fail(r->im, LVL_E_DUPLICATE,
				       "a second <model>");
	if (!*text && r->guest) /* host-model before it is filled in */
		return 0;
	r->model = lvl_model_find("libvirt", text);
	if (!r->model)
		return lvl_import_fail(r->im, LVL_E_UNKNOWN_NAME,
				       "no CPU model is called '%.60s'", text);
	return fact(r, "model", text);
}

static int read_arch(struct reader *r, const char *text)
{
	if (!strcmp(text, "x86_64") || !strcmp(text, "i686"))
		return 0;
	return lvl_import_fail(r->im, LVL_E_UNSUPPORTED,
			       "arch '%.20s': only x86 can be levelled", text);
}

/* -- the definition ------------------------------------------------------- */

static const struct part {
	const char *name;
	int (*start)(struct reader *r, const char **attr);
	int (*text)(struct reader *r, const char *text);
} parts[] = {
	{ "feature", read_feature, NULL },
	{ "model", note_vendor_id, read_model },
	{ "vendor", NULL, read_vendor },
	{ "arch", NULL, read_arch },
	{ "signature", read_signature, NULL },
	{ "microcode", read_microcode, NULL },
	{ "counter", read_counter, NULL },
	{ "maxphysaddr", read_maxphysaddr, NULL },
	{ "topology", read_topology, NULL },
};

/* NULL for what says nothing about the CPU's policy: caches, pages, NUMA. */
static const struct part *find_part(const char *name)
{
	unsigned i;

	for (i = 0; i < LVL_COUNT(parts); i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];
	return NULL;
}

static void forget_definition(struct reader *r)
{
	while (r->nr_said)
		r->said[r->fields[--r->nr_said]] = NOTHING;
	r->depth = NO_CPU;
	r->model = NULL;
	r->vendor = LVL_VENDOR_UNKNOWN;
	r->vendor_id[0] = '\0';
}

static int begin_definition(struct reader *r, unsigned depth, const char **attr)
{
	static const char *const guests[] = { "mode", "match", "check" };
	unsigned i;
	int rc;

	r->depth = depth;
	r->guest = r->host_model || (depth && !strcmp(r->outer[0], "domain"));
	for (i = 0; i < LVL_COUNT(guests); i++)
		r->guest |= lvl_xml_attr(attr, guests[i]) != NULL;
	rc = lvl_import_kind(r->im,
			     r->guest ? LVL_KIND_HVM_DEFAULT : LVL_KIND_HOST);
	if (!rc && r->domain[0])
		rc = fact(r, "name", r->domain);
	if (!rc && !r->host_model)
		rc = fact(r, "libvirt-mode", lvl_xml_attr(attr, "mode"));
	if (!rc)
		rc = fact(r, "libvirt-check", lvl_xml_attr(attr, "check"));
	return rc;
}

static int end_definition(struct reader *r)
{
	int rc;

	if (!r->guest && !r->model)
		return lvl_import_fail(r->im, LVL_E_EMPTY,
				       "a host's <cpu> without a <model>");
	rc = apply_vendor(r);
	if (rc)
		return rc;
	apply_features(r);
	forget_definition(r);
	return lvl_repeat_done(&r->repeat, r->im);
}

/* Only an element that is one definition gives one machine. */
static int again(void *arg, const char *data, size_t len)
{
	struct reader *r = arg;

	if (!lvl_xml_root_is(data, len, "cpu"))
		len = 0;
	return lvl_repeat_again(&r->repeat, r->im, data, len);
}

/* -- the file ------------------------------------------------------------- */

static int within(const struct reader *r, const char *root, const char *child)
{
	return !strcmp(r->outer[0], root) && !strcmp(r->outer[1], child);
}

/* <cpu> elsewhere is a NUMA cell's or the host's topology. */
static int is_definition(struct reader *r, unsigned depth, const char *name,
			 const char **attr)
{
	const char *mode = lvl_xml_attr(attr, "name");
	const char *supported = lvl_xml_attr(attr, "supported");

	r->host_model = 0;
	if (!strcmp(name, "cpu"))
		return !depth ||
		       (depth == 1 &&
			strcmp(r->outer[0], "domainCapabilities")) ||
		       (depth == 2 && within(r, "capabilities", "host"));
	r->host_model = depth == 2 && within(r, "domainCapabilities", "cpu") &&
			!strcmp(name, "mode") && mode &&
			!strcmp(mode, "host-model") &&
			(!supported || strcmp(supported, "no"));
	return r->host_model;
}

static int start(void *arg, unsigned depth, const char *name, const char **attr)
{
	struct reader *r = arg;

	if (r->depth == NO_CPU && is_definition(r, depth, name, attr))
		return begin_definition(r, depth, attr);
	if (r->depth == NO_CPU) {
		if (depth < LVL_COUNT(r->outer))
			snprintf(r->outer[depth], sizeof(r->outer[depth]),
				 "%.31s", name);
		return 0;
	}
	if (depth != r->depth + 1)
		return 0;
	r->part = find_part(name);
	return r->part && r->part->start ? r->part->start(r, attr) : 0;
}

static int end(void *arg, unsigned depth, const char *name, const char *text)
{
	struct reader *r = arg;

	if (r->depth == NO_CPU) {
		if (depth == 1 && !strcmp(name, "name") &&
		    !strcmp(r->outer[0], "domain"))
			snprintf(r->domain, sizeof(r->domain), "%.255s", text);
		if (!depth)
			r->domain[0] = '\0';
		return 0;
	}
	if (depth == r->depth)
		return end_definition(r);
	if (depth != r->depth + 1)
		return 0;
	return r->part && r->part->text ? r->part->text(r, text) : 0;
}

static int read_cpu(struct lvl_import *im)
{
	static const struct lvl_xml_reader reader = {
		.start = start,
		.end = end,
		.again = again,
	};
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return lvl_import_fail(im, LVL_E_NO_MEMORY, "out of memory");
	r->im = im;
	r->depth = NO_CPU;
	rc = lvl_xml_read(im, &reader, r);
	lvl_repeat_free(&r->repeat);
	free(r);
	return rc;
}

static int probe(const char *head, size_t len)
{
	static const char *const roots[] = { "cpu", "cpus", "capabilities",
					     "domain", "domainCapabilities" };
	unsigned i;

	for (i = 0; i < LVL_COUNT(roots); i++)
		if (lvl_xml_root_is(head, len, roots[i]))
			return 90;
	return 0;
}

const struct lvl_format lvl_format_libvirt_cpu = {
	.name = "libvirt-cpu",
	.what = "libvirt's CPU definitions (<cpu>, capabilities, domains)",
	.probe = probe,
	.read = read_cpu,
};

/* SPDX-License-Identifier: MIT */
/*
 * libvirt: <cpu> of a domain, and <cpu> of a host as cpu-baseline and
 * cpu-compare want it.
 *
 * libvirt freezes its models, and QEMU's of the same name may have more or
 * less: what differs from either is written out.  So is what a model once
 * had, or got later, because which of them is meant depends on the version.
 */
#include "base.h"

static const struct {
	unsigned vendor;
	const char *name;
} vendors[] = {
	{ LVL_VENDOR_INTEL, "Intel" },
	{ LVL_VENDOR_AMD, "AMD" },
	{ LVL_VENDOR_HYGON, "Hygon" },
};

static void write_vendor(struct lvl_gen *g, const char *form)
{
	unsigned vendor = lvl_policy_vendor(g->p), i, k;

	for (i = 0; i < LVL_COUNT(vendors); i++) {
		if (vendors[i].vendor != vendor)
			continue;
		fprintf(g->out, form, vendors[i].name);
		for (k = 0; k < 3; k++)
			lvl_gen_same(g, lvl_gen_vendor[k]);
	}
}

static void write_phys_bits(struct lvl_gen *g, unsigned bits)
{
	if (!bits)
		return;
	fprintf(g->out, "  <maxphysaddr mode='emulate' bits='%u'/>\n", bits);
	/* QEMU says nothing of its own here: no other limit */
	if (lvl_get(g->p, LVL_F_GUEST_MAXPHYSADDR) == bits)
		lvl_gen_same(g, LVL_F_GUEST_MAXPHYSADDR);
}

static int is_in(const uint16_t *list, unsigned n, unsigned field)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (list[i] == field)
			return 1;
	return 0;
}

/* Is it one of those that the model's name has not always meant? */
static int is_doubtful(const struct lvl_model *m, unsigned field)
{
	return is_in(&lvl_model_changes[m->first_removed], m->nr_removed,
		     field) ||
	       (m->added &&
		!strncmp(lvl_field_name(field), m->added, strlen(m->added)));
}

struct names {
	struct lvl_base base;
	uint32_t qemu[LVL_MODEL_SET]; /* QEMU's model of that name */
};

static int open_names(struct lvl_gen *g, struct names *n, int subset)
{
	const struct lvl_model *m;
	int rc = lvl_base_choose(g, "libvirt", LVL_TOOL_LIBVIRT, subset,
				 &n->base);

	if (rc)
		return rc;
	m = lvl_model_find("qemu", n->base.model->name);
	if (m)
		lvl_model_features(m, n->qemu);
	else
		memcpy(n->qemu, n->base.has, sizeof(n->qemu));
	return 0;
}

/* -- <cpu> of a domain ---------------------------------------------------- */

/* One feature of a guest, as XML or YAML. */
typedef void feature_fn(struct lvl_gen *g, const char *name, int on);

static void write_guest_feature(struct lvl_gen *g, const struct names *n,
				unsigned name, feature_fn *put)
{
	unsigned field = lvl_names[name].field, rule = lvl_fields[field].rule;
	int on = lvl_model_set_has(n->base.has, field);
	int want = n->base.said[name] == LVL_SAID_ON;

	if (n->base.said[name] == LVL_SAID_NOT) {
		if (lvl_gen_goes_with_vmx(g, field))
			lvl_gen_same(g, field);
		else if (on && rule != LVL_DYNAMIC && rule != LVL_FREE &&
			 rule != LVL_PAIR && !is_doubtful(n->base.model, field))
			lvl_set(&g->given, field, 1);
		return;
	}
	lvl_set(&g->given, field, (uint64_t)want);
	if (on != want || lvl_model_set_has(n->qemu, field) != want ||
	    is_doubtful(n->base.model, field))
		put(g, lvl_names[name].of[LVL_TOOL_LIBVIRT], want);
}

static void put_xml(struct lvl_gen *g, const char *name, int on)
{
	fprintf(g->out, "  <feature policy='%s' name='%s'/>\n",
		on ? "require" : "disable", name);
}

static void each_feature(struct lvl_gen *g, const struct names *n,
			 feature_fn *put)
{
	unsigned i;

	for (i = 0; i < lvl_nr_names; i++)
		if (lvl_names[i].of[LVL_TOOL_LIBVIRT])
			write_guest_feature(g, n, i, put);
}

static int write_guest(struct lvl_gen *g)
{
	struct names n;
	int rc = open_names(g, &n, 0);

	if (rc)
		return rc;
	fprintf(g->out,
		"<cpu mode='custom' match='exact' check='full'>\n"
		"  <model fallback='forbid'>%s</model>\n",
		n.base.model->name);
	write_vendor(g, "  <vendor>%s</vendor>\n");
	write_phys_bits(g, lvl_base_phys_bits(g, &n.base));
	each_feature(g, &n, put_xml);
	/* every guest of QEMU has it, and check='full' wants all named */
	if (!lvl_has(g->p, LVL_F_HYPERVISOR))
		put_xml(g, "hypervisor", 1);
	fputs("</cpu>\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_libvirt = {
	.name = "libvirt",
	.what = "libvirt's <cpu> of a domain: custom, exact, check='full'",
	.write = write_guest,
};

/* -- <cpu> of a host ------------------------------------------------------ */

static void write_signature(struct lvl_gen *g)
{
	struct lvl_gen_signature s;

	if (!lvl_gen_signature(g->p, &s))
		return;
	fprintf(g->out, "  <signature family='%u' model='%u' stepping='%u'/>\n",
		s.family, s.model, s.stepping);
	lvl_gen_same_signature(g);
}

/* A host can only have more than its model, and has all that is listed. */
static int write_host(struct lvl_gen *g)
{
	struct names n;
	unsigned i;
	int rc = open_names(g, &n, 1);

	if (rc)
		return rc;
	fprintf(g->out, "<cpu>\n  <arch>x86_64</arch>\n  <model>%s</model>\n",
		n.base.model->name);
	write_vendor(g, "  <vendor>%s</vendor>\n");
	write_signature(g);
	lvl_gen_same(g, LVL_F_MAXPHYSADDR);
	write_phys_bits(g, (unsigned)lvl_get(&g->given, LVL_F_MAXPHYSADDR));
	for (i = 0; i < lvl_nr_names; i++) {
		const struct lvl_name *name = &lvl_names[i];

		if (n.base.said[i] == LVL_SAID_NOT)
			continue;
		lvl_set(&g->given, name->field, n.base.said[i] == LVL_SAID_ON);
		if (n.base.said[i] == LVL_SAID_ON &&
		    (!lvl_model_set_has(n.base.has, name->field) ||
		     is_doubtful(n.base.model, name->field)))
			fprintf(g->out, "  <feature name='%s'/>\n",
				name->of[LVL_TOOL_LIBVIRT]);
	}
	fputs("</cpu>\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_libvirt_host = {
	.name = "libvirt-host",
	.what = "libvirt's <cpu> of a host, for cpu-baseline and cpu-compare",
	.write = write_host,
};

/* -- KubeVirt ------------------------------------------------------------- */

static void put_yaml(struct lvl_gen *g, const char *name, int on)
{
	if (!g->items++)
		fputs("      features:\n", g->out);
	fprintf(g->out, "      - name: %s\n        policy: %s\n", name,
		on ? "require" : "disable");
}

/* Labels of nodes that have the model, and all that comes on top of it. */
static void put_label(struct lvl_gen *g, const char *name, int on)
{
	if (on)
		fprintf(g->out,
			"    cpu-feature.node.kubevirt.io/%s: \"true\"\n",
			name);
}

static int write_kubevirt(struct lvl_gen *g)
{
	struct names n;
	int rc = open_names(g, &n, 0);

	if (rc)
		return rc;
	fprintf(g->out, "spec:\n  domain:\n    cpu:\n      model: %s\n",
		n.base.model->name);
	each_feature(g, &n, put_yaml);
	fprintf(g->out,
		"  nodeSelector:\n"
		"    cpu-model.node.kubevirt.io/%s: \"true\"\n",
		n.base.model->name);
	write_vendor(g, "    cpu-vendor.node.kubevirt.io/%s: \"true\"\n");
	each_feature(g, &n, put_label);
	return 0;
}

const struct lvl_writer lvl_writer_kubevirt = {
	.name = "kubevirt",
	.what = "KubeVirt's cpu of a VM and the labels of its nodes (YAML)",
	.write = write_kubevirt,
};

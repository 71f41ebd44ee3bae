/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include "console.h"
#include "hypercall.h"

#define WORDS 64u

static void facts(void)
{
	static struct lvl_policy machine;
	struct xen_sysctl *s = sysctl_new();
	static char extra[sizeof(xen_extraversion_t)];
	static xen_commandline_t options;
	uint32_t v = xen_version();
	long rc;

	xen_told(XENVER_extraversion, extra);
	xen_told(XENVER_commandline, options);
	print("xen-version: %d.%d%s\n", (long)(v >> 16), (long)(v & 0xffff),
	      extra);
	print("xen-options: %s\n", options);
	machine_state(&machine);
	print("xen-mxcsr-mask: 0x%x\n", lvl_get(&machine, LVL_F_MXCSR_MASK));
	rc = sysctl(s, XEN_SYSCTL_get_cpu_levelling_caps);
	if (!rc)
		print("xen-levelling-caps: 0x%w\n",
		      s->u.cpu_levelling_caps.caps);
	s = sysctl_new();
	rc = sysctl(s, XEN_SYSCTL_physinfo);
	if (!rc)
		print("xen-guests:%s%s%s\nxen-khz: %d\n",
		      s->u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv ? " pv"
									 : "",
		      s->u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_hvm
			      ? " hvm"
			      : "",
		      s->u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_hap
			      ? " hap"
			      : "",
		      (long)s->u.physinfo.cpu_khz);
}

static void featureset(const char *name, unsigned index)
{
	static uint32_t word[WORDS];
	struct xen_sysctl *s = sysctl_new();
	uint32_t i, n;
	long rc;

	s->u.cpu_featureset.index = index;
	s->u.cpu_featureset.nr_features = WORDS;
	HANDLE(s->u.cpu_featureset.features, word);
	rc = sysctl(s, XEN_SYSCTL_get_cpu_featureset);
	n = s->u.cpu_featureset.nr_features;
	if (rc) {
		print("%s featureset not supported by Xen\n", name);
		return;
	}
	print("%s  ", name);
	for (i = 0; i < n; i++)
		print(i ? ":%w" : "%w", word[i]);
	print("\n");
}

static void leaf(const xen_cpuid_leaf_t *l)
{
	if (l->a | l->b | l->c | l->d)
		print("  %w:%w -> %w:%w:%w:%w\n", l->leaf, l->subleaf, l->a,
		      l->b, l->c, l->d);
}

void capture_policy(const char *head, const struct xen_policy *p)
{
	uint32_t i;

	print("%s policy: %d leaves, %d MSRs\n CPUID:\n", head,
	      (long)p->nr_leaves, (long)p->nr_msrs);
	for (i = 0; i < p->nr_leaves; i++)
		leaf(&p->leaf[i]);
	print(" MSRs:\n");
	for (i = 0; i < p->nr_msrs; i++)
		print("  %w -> %w%w\n", p->msr[i].idx,
		      (uint32_t)(p->msr[i].val >> 32), (uint32_t)p->msr[i].val);
}

static void policy(const char *name, unsigned index)
{
	static struct xen_policy p;

	if (policy_of_xen(&p, index))
		print("%s policy not supported by Xen\n", name);
	else
		capture_policy(name, &p);
}

/* How many leaves and MSRs the largest policy can have. */
static void sizes(void)
{
	struct xen_sysctl *s = sysctl_new();

	if (!sysctl(s, XEN_SYSCTL_get_cpu_policy))
		print("Xen reports there are maximum %d leaves and %d MSRs\n",
		      (long)s->u.cpu_policy.nr_leaves,
		      (long)s->u.cpu_policy.nr_msrs);
}

/* Names as xen-cpuid has them, numbers of sysctl.h. */
static const struct {
	const char *name;
	unsigned featureset, policy;
} kinds[] = {
	{ "Raw", XEN_SYSCTL_cpu_featureset_raw, XEN_SYSCTL_cpu_policy_raw },
	{ "Host", XEN_SYSCTL_cpu_featureset_host, XEN_SYSCTL_cpu_policy_host },
	{ "PV Max", XEN_SYSCTL_cpu_featureset_pv_max,
	  XEN_SYSCTL_cpu_policy_pv_max },
	{ "HVM Max", XEN_SYSCTL_cpu_featureset_hvm_max,
	  XEN_SYSCTL_cpu_policy_hvm_max },
	{ "PV Default", XEN_SYSCTL_cpu_featureset_pv,
	  XEN_SYSCTL_cpu_policy_pv_default },
	{ "HVM Default", XEN_SYSCTL_cpu_featureset_hvm,
	  XEN_SYSCTL_cpu_policy_hvm_default },
};

void capture(void)
{
	unsigned i;

	print("xen-capture 1\n");
	facts();
	print("Dynamic sets:\n");
	for (i = 0; i < LVL_COUNT(kinds); i++)
		featureset(kinds[i].name, kinds[i].featureset);
	sizes();
	for (i = 0; i < LVL_COUNT(kinds); i++)
		policy(kinds[i].name, kinds[i].policy);
	print("xen-capture end\n");
}

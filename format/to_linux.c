/* SPDX-License-Identifier: MIT */
/*
 * What the kernel of a Linux guest can be told to overlook: clearcpuid=
 * (Documentation/admin-guide/kernel-parameters.txt).  It only takes away, and
 * only from the kernel and /proc/cpuinfo: programs that execute CPUID see the
 * bit all the same.  It is for what no mask reaches.  The same as crosvm's
 * option, and what rr and Cloud Hypervisor can be told.
 */
#include "arrays.h"
#include "names.h"

/* Absent in the policy, and on a machine of this vendor it may be there. */
static int is_to_clear(const struct lvl_gen *g, unsigned field)
{
	const struct lvl_policy *host = g->options->host;
	unsigned vendor = lvl_policy_vendor(g->p);
	unsigned theirs = lvl_fields[field].vendors;

	if (!lvl_gen_says(g, field) || lvl_has(g->p, field))
		return 0;
	if (host)
		return lvl_has(host, field) || !lvl_known(host, field);
	return !vendor || !theirs || (theirs & vendor);
}

/* The guest sees the machine, but for what is cleared. */
static void see_host(struct lvl_gen *g)
{
	unsigned i;

	if (!g->options->host)
		return;
	g->given = *g->options->host;
	for (i = 0; i < LVL_NR_WORDS; i++) {
		g->given.k[i] &= g->p->k[i] & lvl_word_decided(i);
		g->given.v[i] &= g->given.k[i];
	}
}

static void write_list(struct lvl_gen *g)
{
	unsigned i;

	see_host(g);
	for (i = 0; i < lvl_nr_names; i++) {
		unsigned field = lvl_names[i].field;

		if (!lvl_names[i].of[LVL_TOOL_LINUX] || !is_to_clear(g, field))
			continue;
		fprintf(g->out, "%s%s", g->items++ ? "," : "clearcpuid=",
			lvl_names[i].of[LVL_TOOL_LINUX]);
		lvl_set(&g->given, field, 0);
	}
}

static int write_linux(struct lvl_gen *g)
{
	write_list(g);
	putc('\n', g->out);
	return 0;
}

const struct lvl_writer lvl_writer_linux_cmdline = {
	.name = "linux-cmdline",
	.what = "clearcpuid= for the kernel of a Linux guest",
	.write = write_linux,
};

/* crosvm shows the host's CPU and has no option that hides a feature. */
static int write_crosvm(struct lvl_gen *g)
{
	fputs("--params '", g->out);
	write_list(g);
	fputs("'\n", g->out);
	return 0;
}

const struct lvl_writer lvl_writer_crosvm = {
	.name = "crosvm",
	.what = "crosvm's option for the same kernel parameter",
	.write = write_crosvm,
};

/* -- rr ------------------------------------------------------------------- */

static const struct rr_option {
	const char *name;
	unsigned nr;
	struct {
		uint32_t leaf, subleaf;
		unsigned reg;
	} of[3];
} rr_options[] = {
	{ "--disable-cpuid-features", 2, { { 1, 0, 2 }, { 1, 0, 3 } } },
	{ "--disable-cpuid-features-ext",
	  3,
	  { { 7, 0, 1 }, { 7, 0, 2 }, { 7, 0, 3 } } },
	{ "--disable-cpuid-features-xsave", 1, { { 0xd, 1, 0 } } },
};

/* rr never shows these (its CPUIDBugDetector and record session). */
static const uint16_t rr_hides[] = {
	LVL_F_RDRAND,
	LVL_F_RDSEED,
	LVL_F_RTM,
	LVL_F_XSAVEOPT,
};

static uint32_t rr_mask(struct lvl_gen *g, unsigned w)
{
	uint32_t features =
		lvl_masks[LVL_MASK_FEATURE][w] | lvl_masks[LVL_MASK_OR][w];
	uint32_t off =
		features & lvl_word_decided(w) & g->p->k[w] & ~g->p->v[w];

	g->given.k[w] |= off;
	return off;
}

static int write_rr(struct lvl_gen *g)
{
	unsigned i, k;

	for (i = 0; i < LVL_COUNT(rr_options); i++) {
		const struct rr_option *o = &rr_options[i];

		fprintf(g->out, "%s%s ", i ? " " : "", o->name);
		for (k = 0; k < o->nr; k++)
			fprintf(g->out, "%s0x%x", k ? "," : "",
				rr_mask(g, lvl_word_of_leaf(o->of[k].leaf,
							    o->of[k].subleaf,
							    o->of[k].reg)));
	}
	putc('\n', g->out);
	for (i = 0; i < LVL_COUNT(rr_hides); i++)
		lvl_set(&g->given, rr_hides[i], 0);
	return 0;
}

const struct lvl_writer lvl_writer_rr = {
	.name = "rr",
	.what = "rr record's --disable-cpuid-features...",
	.write = write_rr,
};

/* -- Cloud Hypervisor ----------------------------------------------------- */

/* Its CPU profiles are compiled in: there are only the options of --cpus. */
static int write_cloud_hypervisor(struct lvl_gen *g)
{
	const char *sep = " ";

	fputs("--cpus", g->out);
	if (lvl_known(g->p, LVL_F_MAXPHYSADDR) &&
	    lvl_get(g->p, LVL_F_MAXPHYSADDR)) {
		fprintf(g->out, "%smax_phys_bits=%u", sep,
			(unsigned)lvl_get(g->p, LVL_F_MAXPHYSADDR));
		lvl_gen_same(g, LVL_F_MAXPHYSADDR);
		sep = ",";
	}
	if (lvl_has(g->p, LVL_F_AMX_TILE)) {
		fprintf(g->out, "%sfeatures=amx", sep);
		lvl_gen_same(g, LVL_F_AMX_TILE);
		sep = ",";
	} else {
		lvl_gen_same(g, LVL_F_AMX_TILE); /* off unless asked for */
	}
	putc('\n', g->out);
	return *sep == ',' ? 0 : -LVL_E_EMPTY;
}

const struct lvl_writer lvl_writer_cloud_hypervisor = {
	.name = "cloud-hypervisor",
	.what = "what --cpus of Cloud Hypervisor can say",
	.write = write_cloud_hypervisor,
};

/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "probe/kvm.h"
#include "probe/native.h"
#include "probe/xen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- what people should know: stderr -------------------------------------- */

/* "0-3,8" grows by one CPU; they come in ascending order. */
struct cpu_list {
	unsigned first, last;
	int any;
};

static void flush_range(const struct cpu_list *l, int more)
{
	if (l->any && l->first == l->last)
		fprintf(stderr, "%u%s", l->first, more ? "," : "");
	else if (l->any)
		fprintf(stderr, "%u-%u%s", l->first, l->last, more ? "," : "");
}

static void put_cpu(struct cpu_list *l, unsigned cpu)
{
	if (l->any && cpu == l->last + 1) {
		l->last = cpu;
		return;
	}
	flush_range(l, 1);
	*l = (struct cpu_list){ cpu, cpu, 1 };
}

static void tell_difference(const struct probe_report *r, unsigned field)
{
	struct cpu_list l = { 0, 0, 0 };
	size_t i;

	for (i = 0; i < r->nr_differ; i++) {
		if (r->differ[i].field != field)
			continue;
		if (!l.any)
			fprintf(stderr, "  %-26s CPU ", lvl_field_name(field));
		put_cpu(&l, r->differ[i].cpu);
	}
	if (!l.any)
		return;
	flush_range(&l, 0);
	putc('\n', stderr);
}

static void tell_cpus(const struct lvl_desc *d, const struct probe_report *r)
{
	unsigned f;
	size_t i;

	fprintf(stderr, "%s: %u CPU%s read\n", d->name, r->nr_cpus,
		r->nr_cpus == 1 ? "" : "s");
	for (i = 0; i < r->nr_refused; i++)
		cli_warn("CPU %u cannot be entered and is not described: %s",
			 r->refused[i].cpu, strerror(r->refused[i].error));
	if (r->guessed)
		cli_warn("the system does not list its online CPUs: these are "
			 "the ones that this process may use");
	if (r->nr_differ)
		fprintf(stderr,
			"Not like CPU %u, so that the machine offers what all "
			"have:\n",
			r->first);
	else if (r->nr_cpus > 1)
		fputs("All CPUs say the same.\n", stderr);
	for (f = 0; r->nr_differ && f < LVL_NR_FIELDS; f++)
		tell_difference(r, f);
}

static void tell_msrs(const struct probe_report *r)
{
	if (!r->nr_msrs && *r->msrs)
		fprintf(stderr, "MSRs: not readable (%s)\n", r->msrs);
	else
		fprintf(stderr, "MSRs: %u of %u readable%s%s%s\n", r->nr_msrs,
			(unsigned)LVL_NR_MSRS, *r->msrs ? " (" : "", r->msrs,
			*r->msrs ? ")" : "");
}

/*
 * Behaviour without a bit, and features whose data are missing; a machine does
 * not have those of hypervisors.
 */
static int stays_unknown(const struct lvl_policy *p, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	if (f->word == LVL_NO_WORD || lvl_known(p, field) ||
	    lvl_words[f->word].id >> 16 == 0x4000)
		return 0;
	return lvl_words[f->word].place == LVL_PLACE_STATE ||
	       (f->rule == LVL_AND && f->width == 1 &&
		lvl_words[f->word].place <= LVL_PLACE_EDX);
}

static void tell_unknown(const struct lvl_policy *host)
{
	struct cli_wrap w = { stderr, 2, 0 };
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!stays_unknown(host, i))
			continue;
		if (!any++) {
			fputs("Not known:\n  ", stderr);
			w.column = w.indent;
		}
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (any)
		cli_wrap_end(&w);
}

static void tell(const struct lvl_desc *d, const struct probe_report *r)
{
	tell_cpus(d, r);
	if (r->cut)
		cli_warn("CPUID has too many leaves: from 0x%x on they are not "
			 "kept",
			 r->cut);
	tell_msrs(r);
	if (d->policy[LVL_KIND_HOST])
		tell_unknown(d->policy[LVL_KIND_HOST]);
}

static void tell_xen(const struct lvl_desc *d, const struct probe_xen_report *r)
{
	struct cli_wrap w = { stderr, 2, 0 };
	unsigned k;

	fprintf(stderr, "%s: Xen %s, which told\n  ", d->name, r->version);
	w.column = w.indent;
	for (k = 0; k < LVL_NR_KINDS; k++)
		if (r->policies >> k & 1)
			cli_wrap_word(&w, lvl_kind_names[k]);
	cli_wrap_end(&w);
	if (r->has_caps)
		fprintf(stderr, "Levelling capabilities: 0x%03x\n", r->caps);
	else
		fputs("Levelling capabilities: not told\n", stderr);
	for (k = 0; k < LVL_NR_KINDS; k++)
		if (r->differ >> k & 1)
			cli_warn("%s: Xen's featureset is not that of its "
				 "policy, which is used",
				 lvl_kind_names[k]);
	if (d->policy[LVL_KIND_HOST])
		tell_unknown(d->policy[LVL_KIND_HOST]);
}

/* -- the answer ----------------------------------------------------------- */

struct options {
	const char *output;
	int json, time, kvm, xen;
};

static int write_to(const struct lvl_desc *d, const struct options *o, FILE *f)
{
	int rc = o->json ? lvl_desc_write_json(d, LVL_KIND_RAW, f)
			 : lvl_desc_write(d, f);

	if (!rc)
		return 0;
	cli_error("%s: %s", o->output ? o->output : "standard output",
		  lvl_strerror(rc));
	return EXIT_INPUT;
}

static int answer(const struct lvl_desc *d, const struct options *o)
{
	struct cli_out out;
	int rc = cli_out_open(&out, o->output);

	if (rc)
		return rc;
	return cli_out_close(&out, write_to(d, o, out.f));
}

static int native(const struct probe_options *probe, int kvm,
		  struct lvl_desc **d, int *incomplete)
{
	struct probe_report report;
	struct lvl_ferr err;
	int rc = probe_native(probe, &report, d, &err);

	if (!rc && kvm)
		rc = probe_kvm(*d, NULL, probe_kvm_platform(), &err);
	if (rc)
		cli_error("%s", err.text);
	else
		tell(*d, &report);
	*incomplete = report.nr_refused != 0;
	probe_report_free(&report);
	return rc;
}

static int below(const struct probe_options *probe, struct lvl_desc **d)
{
	struct probe_xen_report report;
	struct lvl_ferr err;
	struct xen *x = probe_xen_begin(&err);
	int rc = x ? probe_xen(x, probe, &report, d, &err) : -err.code;

	if (rc)
		cli_error("%s", err.text);
	else
		tell_xen(*d, &report);
	probe_xen_end(x);
	return rc;
}

static int capture(const struct options *o)
{
	struct probe_options probe = { .tool = "cpulevel " CPULEVEL_VERSION };
	struct lvl_desc *d = NULL;
	char text[40];
	time_t now = time(NULL);
	int rc, incomplete = 0;

	if (o->time) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
			 gmtime(&now));
		probe.time = text;
	}
	rc = o->xen ? below(&probe, &d)
		    : native(&probe, o->kvm, &d, &incomplete);
	rc = rc ? EXIT_INPUT : answer(d, o);
	lvl_desc_free(d);
	return !rc && incomplete ? EXIT_INCOMPLETE : rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "native", no_argument, NULL, 'n' },
		{ "kvm", no_argument, NULL, 'k' },
		{ "xen", no_argument, NULL, 'x' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "time", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .output = NULL };
	int c;

	while ((c = cli_getopt(argc, argv, "o:", opts)) != -1) {
		if (c == 'o')
			o.output = optarg;
		else if (c == 'j')
			o.json = 1;
		else if (c == 't')
			o.time = 1;
		else if (c == 'k')
			o.kvm = 1;
		else if (c == 'x')
			o.xen = 1;
		else if (c != 'n')
			return c == -2 ? EXIT_YES : EXIT_USAGE;
	}
	if (optind < argc)
		return cli_usage("\"%s\": capture reads this machine and takes "
				 "no file",
				 argv[optind]);
	if (o.kvm && o.xen)
		return cli_usage("--kvm and --xen: one of them is below");
	return capture(&o);
}

const struct verb verb_capture = {
	.name = "capture",
	.args = "[--native|--kvm|--xen] [-o FILE] [--json] [--time]",
	.summary = "describe this machine",
	.help = "Every online CPU is asked.  Run it as root with the msr "
		"module loaded, or what\nonly MSRs tell stays unknown.\n\n"
		"options:\n"
		"  --native        with the CPUID instruction (default)\n"
		"  --kvm           also what KVM here gives its guests: "
		"maximum "
		"and default of hvm\n"
		"  --xen           what the Xen below says, not CPUID: host, "
		"maximum and default\n"
		"                  of its guests; for domain 0, with "
		"libxenguest installed\n"
		"  -o, --output F  write the description to F, not to standard "
		"output\n"
		"  --json          a cpulevel-policy document\n"
		"  --time          say when; without it, equal machines give "
		"equal files\n\n"
		"examples:\n"
		"  cpulevel capture -o this.txt\n"
		"  cpulevel capture | cpulevel show -\n"
		"  ssh host cpulevel capture > host.txt\n"
		"  cpulevel capture --xen -o dom0.txt\n",
	.run = run,
};

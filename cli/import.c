/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <string.h>

/* -- one machine ---------------------------------------------------------- */

struct counts {
	unsigned leaves, msrs;
};

/* With data: a leaf that is known to be all zero says nothing. */
static struct counts count(const struct lvl_desc *d, enum lvl_kind kind)
{
	const struct lvl_policy *p = d->policy[kind];
	struct counts n = { (unsigned)d->extra[kind].nr_leaves,
			    (unsigned)d->extra[kind].nr_msrs };
	unsigned i;

	for (i = 0; i < LVL_NR_LEAVES; i++) {
		const uint16_t *w = lvl_leaves[i].word;

		n.leaves += (p->v[w[0]] | p->v[w[1]] | p->v[w[2]] |
			     p->v[w[3]]) != 0;
	}
	for (i = 0; i < LVL_NR_MSRS; i++)
		n.msrs +=
			(p->k[lvl_msrs[i].word] | p->k[lvl_msrs[i].high]) != 0;
	return n;
}

static void tell_policies(const struct lvl_desc *d)
{
	unsigned k;

	for (k = 0; k < LVL_NR_KINDS; k++) {
		struct counts n;

		if (!d->policy[k])
			continue;
		if (k == LVL_KIND_HOST && (d->hints & LVL_HINT_HOST_DERIVED)) {
			fputs(", host derived from it", stderr);
			continue;
		}
		n = count(d, (enum lvl_kind)k);
		fprintf(stderr, ", %s: %u leaves %u MSRs", lvl_kind_names[k],
			n.leaves, n.msrs);
	}
}

/* Facts of one key, with a word before the first. */
static void tell_facts(const struct lvl_desc *d, const char *key,
		       const char *before)
{
	size_t i;

	for (i = 0; i < d->nr_facts; i++) {
		if (strcmp(d->fact[i].key, key))
			continue;
		fprintf(stderr, "%s%s", before, d->fact[i].value);
		before = ", ";
	}
}

static int is_virtual(const struct lvl_desc *d)
{
	const struct lvl_policy *raw = d->policy[LVL_KIND_RAW];

	return raw && lvl_has(raw, LVL_F_HYPERVISOR);
}

static void tell(const struct lvl_desc *d)
{
	fprintf(stderr, "%s: %s", d->name, cli_read_as->name);
	if (d->nr_cpus)
		fprintf(stderr, ", %u CPU%s", d->nr_cpus,
			d->nr_cpus == 1 ? "" : "s");
	tell_policies(d);
	tell_facts(d, "assumed", "; assumed: ");
	tell_facts(d, "cores-differ", "; cores differ: ");
	if (is_virtual(d))
		fputs("; virtualised", stderr);
	putc('\n', stderr);
}

static int import_machine(void *arg, struct lvl_desc *d)
{
	FILE *out = arg;
	int rc = lvl_desc_write(d, out);

	if (rc)
		cli_error("%s: %s", d->name, lvl_strerror(rc));
	else
		tell(d);
	lvl_desc_free(d);
	return rc ? EXIT_INPUT : 0;
}

/* -- all of them ---------------------------------------------------------- */

static int import(char **args, int nr, const char *output)
{
	struct cli_out out;
	int rc;

	rc = cli_out_open(&out, output);
	if (rc)
		return rc;
	return cli_out_close(&out, cli_each(args, nr, import_machine, out.f));
}

static void list_formats(void)
{
	unsigned i;

	for (i = 0; lvl_formats[i]; i++)
		printf("%-16s  %s\n", lvl_formats[i]->name,
		       lvl_formats[i]->what);
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "from", required_argument, NULL, 'f' },
		{ "formats", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	int c, rc = 0, list = 0;

	while (!rc && (c = cli_getopt(argc, argv, "o:", opts)) != -1) {
		if (c == 'o')
			output = optarg;
		else if (c == 'f')
			rc = cli_set_from(optarg);
		else if (c == 'l')
			list = 1;
		else
			return c == -2 ? EXIT_YES : EXIT_USAGE;
	}
	if (rc)
		return rc;
	if (list && (optind < argc || output))
		return cli_usage("--formats stands alone");
	if (list) {
		list_formats();
		return EXIT_YES;
	}
	if (optind == argc)
		return cli_usage("which file?");
	return import(argv + optind, argc - optind, output);
}

const struct verb verb_import = {
	.name = "import",
	.args = "FILE... [-o FILE] [--from FORMAT]",
	.summary = "make descriptions of other tools' dumps",
	.help = "Writes the text form of every machine in every FILE, or "
		"nothing if one of them\ncannot be read.  A FILE is a dump, a "
		"folder of them, or - for a dump or a list of\nfiles on "
		"standard input.  One line a machine on standard error.\n\n"
		"options:\n"
		"  -o, --output F  write to F, not to standard output\n"
		"  --from FORMAT   do not detect the format\n"
		"  --formats       list the formats\n\n"
		"examples:\n"
		"  cpulevel import cpuid.txt -o clx-01.txt\n"
		"  cpulevel import dumps/ -o all.txt\n"
		"  cpuid -r | cpulevel import - > this.txt\n"
		"  cpulevel import --formats\n",
	.run = run,
};

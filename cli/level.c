/* SPDX-License-Identifier: MIT */
#include "as_model.h"
#include "fleet_levels.h"
#include "limits.h"
#include "vm.h"

#include <stdlib.h>
#include <string.h>

/* -- what the answer says ------------------------------------------------- */

int level_matters(const struct level_answer *a, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];
	unsigned guest = 1u << a->pool->select.guest;

	switch (a->pool->select.of) {
	case OF_DEFAULT:
		return (f->guests_default & guest) ||
		       cli_given(&a->pool->select, field);
	case OF_MAX:
		return (f->guests_max & guest) != 0;
	case OF_RAW:
	case OF_KIND:
		break;
	}
	return 1;
}

int level_lost(const struct level_answer *a, unsigned field)
{
	return pool_keeps(field) && lvl_fields[field].rule != LVL_OR &&
	       a->pool->lacking[field] < a->pool->nr &&
	       !lvl_has(&a->level, field);
}

/* Lost, every machine but one has it. */
static int lost_by_one(const struct level_answer *a, unsigned field)
{
	return a->pool->nr > 1 && level_lost(a, field) &&
	       a->pool->lacking[field] == 1;
}

void level_alone(const struct level_answer *a, size_t host,
		 void (*each)(void *arg, unsigned field), void *arg)
{
	unsigned i;

	if (!a->alone[host])
		return;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lost_by_one(a, i) && a->pool->lacker[i] == host)
			each(arg, i);
}

static int count_alone(struct level_answer *a)
{
	unsigned i;

	a->alone = calloc(a->pool->nr, sizeof(*a->alone));
	if (!a->alone)
		return EXIT_INPUT;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (lost_by_one(a, i))
			a->alone[a->pool->lacker[i]]++;
	return 0;
}

/* -- options -------------------------------------------------------------- */

struct options {
	struct cli_select select;
	struct limits limits;
	struct vm vm;
	const char *out, *as_model;
	int json, parity, all;
};

static const struct option opts[] = {
	CLI_OPT_OF,
	CLI_OPTS_GUEST,
	{ "cap", required_argument, NULL, 'c' },
	{ "drop", required_argument, NULL, 'd' },
	{ "keep", required_argument, NULL, 'k' },
	{ "as-model", required_argument, NULL, 'm' },
	{ "vendor-parity", no_argument, NULL, 'p' },
	{ "identity", required_argument, NULL, 'i' },
	{ "topology", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "all", no_argument, NULL, 'a' },
	{ NULL, 0, NULL, 0 },
};

static int read_options(int argc, char **argv, struct options *o)
{
	struct limits *l = &o->limits;
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "o:", opts)) != -1) {
		switch (c) {
		case 'c':
			rc = limits_add(l->cap, &l->nr_caps, optarg);
			break;
		case 'd':
			rc = limits_add(l->drop, &l->nr_drops, optarg);
			break;
		case 'k':
			rc = limits_add(l->keep, &l->nr_keeps, optarg);
			break;
		case 'm':
			rc = as_model_set(&o->as_model, optarg);
			break;
		case 'p':
			o->parity = 1;
			break;
		case 'i':
			o->vm.donor = optarg;
			break;
		case 't':
			rc = vm_set_topology(&o->vm, optarg);
			break;
		case 'o':
			o->out = optarg;
			break;
		case 'j':
			o->json = 1;
			break;
		case 'a':
			o->all = 1;
			break;
		default:
			rc = cli_select_option(&o->select, c);
		}
	}
	return rc;
}

/* What is asked of the VM must go somewhere, and mean something there. */
static int check_vm(const struct options *o)
{
	if (o->out && o->json && cli_is_stdout(o->out))
		return cli_usage("-o - and --json: standard output is for one "
				 "of them");
	if (!o->vm.donor && !o->vm.shape)
		return 0;
	if (!o->out)
		return cli_usage("--identity and --topology need -o: they are "
				 "the VM's, not the level's");
	if (o->parity)
		return cli_usage("--vendor-parity makes no policy of a VM");
	if (o->vm.shape && o->select.guest == LVL_PV)
		return cli_usage("CPUID does not tell PV guests their "
				 "topology");
	return 0;
}

/* -- the level as a file -------------------------------------------------- */

static int add_facts(const struct level_answer *a, struct lvl_desc *d)
{
	char text[64];
	int rc;

	snprintf(text, sizeof(text), "%zu", a->pool->nr);
	rc = lvl_desc_add_fact(d, "guest",
			       lvl_guest_names[a->pool->select.guest]);
	if (!rc)
		rc = lvl_desc_add_fact(d, "members", text);
	if (!rc && pool_derived(a->pool))
		rc = lvl_desc_add_fact(d, "platform",
				       cli_platform(&a->pool->select)->name);
	if (!rc && a->pool->select.with_text)
		rc = lvl_desc_add_fact(d, "with", a->pool->select.with_text);
	if (!rc && a->parity)
		rc = lvl_desc_add_fact(d, "parity",
				       "instruction set only, not for "
				       "migration");
	return rc;
}

static int write_level(const struct level_answer *a, const struct options *opt)
{
	struct lvl_desc *d = lvl_desc_new();
	struct lvl_policy *p;
	struct cli_out o;
	int rc = EXIT_INPUT;

	p = d ? lvl_desc_policy(d, LVL_KIND_LEVEL) : NULL;
	if (p && !add_facts(a, d)) {
		*p = a->level;
		rc = vm_apply(&opt->vm, &opt->select, &a->pool->fold.donor, d,
			      p);
	}
	if (!rc)
		rc = cli_out_open(&o, opt->out);
	if (!rc)
		rc = cli_out_close(&o, lvl_desc_write(d, o.f) ? EXIT_INPUT : 0);
	lvl_desc_free(d);
	return rc;
}

/* -- verdicts ------------------------------------------------------------- */

static int incomplete(const struct level_answer *a)
{
	unsigned i;

	for (i = 0; i < a->status.nr_incomplete; i++)
		if (level_matters(a, a->status.incomplete[i]))
			return 1;
	return 0;
}

/* One line a vendor: how many machines, and the first of them. */
static void refuse_vendors(const struct pool *p)
{
	struct cli_wrap w = { stderr, 0, 0 };
	unsigned seen = 0, v;
	size_t i, k, n;

	cli_error("the CPU vendors differ: no guest can move between them");
	for (i = 0; i < p->nr; i++) {
		v = p->host[i].of->vendor ? p->host[i].of->vendor : 0x80;
		if (seen & v)
			continue;
		seen |= v;
		for (n = 0, k = i; k < p->nr; k++)
			n += p->host[k].of->vendor == p->host[i].of->vendor;
		fprintf(stderr, "  %-9s  %zu machine%s, first %s\n",
			lvl_vendor_name(p->host[i].of->vendor), n,
			n == 1 ? "" : "s", p->host[i].name);
	}
	cli_wrap_text(&w, "SYSCALL and SYSENTER work differently in "
			  "compatibility mode, the XSAVE layout differs, and "
			  "kernels choose errata and mitigations by vendor.  "
			  "Level each vendor by itself; --vendor-parity gives "
			  "the common instruction set, which is not a level to "
			  "migrate with.");
	cli_wrap_end(&w);
}

static int read_level(struct level_answer *a, const struct pool *p)
{
	int rc;

	if (a->parity)
		return lvl_fold_read_parity(&p->fold, &a->level, &a->status);
	rc = lvl_fold_read(&p->fold, &a->level, NULL, &a->status);
	if (rc == -LVL_E_VENDOR)
		refuse_vendors(p);
	else if (rc == -LVL_E_CONFLICT)
		cli_error("no common level: %s differs, and nothing can be "
			  "taken away to make it agree",
			  lvl_field_name(a->status.none_field));
	else if (rc == -LVL_E_EMPTY)
		cli_error("no machine to level");
	return rc;
}

static int exit_of(int rc)
{
	switch (rc) {
	case -LVL_E_VENDOR:
		return EXIT_REFUSED;
	case -LVL_E_CONFLICT:
		return EXIT_NO;
	default:
		return EXIT_INPUT;
	}
}

/* What the answer depends on, where no hypervisor was asked. */
static void say_derived(const struct pool *p)
{
	const struct lvl_platform *on = cli_platform(&p->select);
	size_t n = pool_derived(p);

	if (n)
		fprintf(stderr,
			"cpulevel level: %zu of %zu: derived for %s (%s)\n", n,
			p->nr, on->name, on->about);
}

static int answer(const struct pool *p, const struct options *o)
{
	static struct level_answer a; /* large */
	int rc;

	a.pool = p;
	a.parity = o->parity;
	a.all = o->all;
	a.as_model = o->as_model;
	rc = read_level(&a, p);
	if (rc)
		return exit_of(rc);
	rc = limits_check(&o->limits, &a);
	if (rc)
		return rc;
	a.capabilities = pool_capabilities(&a.level);
	rc = count_alone(&a);
	say_derived(p);
	if (!rc && o->out)
		rc = write_level(&a, o);
	if (!rc && o->json)
		level_json(&a, stdout);
	else if (!rc && !(o->out && cli_is_stdout(o->out)))
		level_print(&a);
	free(a.alone);
	if (rc)
		return rc;
	return !o->parity && incomplete(&a) ? EXIT_INCOMPLETE : EXIT_YES;
}

static int run(int argc, char **argv)
{
	static struct pool p; /* large */
	struct options o = { .select.guest = LVL_HVM };
	int rc;

	if (argc > 1 && fleet_levels_is(argv[1]))
		return fleet_levels_run(argc, argv);
	rc = read_options(argc, argv, &o);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (optind == argc)
		return cli_usage("which machines?");
	rc = check_vm(&o);
	if (rc)
		return rc;
	pool_init(&p, &o.select);
	rc = cli_each(argv + optind, argc - optind, pool_add, &p);
	pool_done(&p);
	if (!rc)
		rc = limits_apply(&o.limits, &p);
	if (!rc)
		rc = answer(&p, &o);
	pool_free(&p);
	return rc;
}

const struct verb verb_level = {
	.name = "level",
	.args = "FILE... [options]",
	.summary = "what a guest can have at most on all of these machines",
	.help = "options:\n"
		"  --guest KIND      pv, hvm-shadow or hvm (default)\n"
		"  --of WHAT         default: what new guests get (default); "
		"max: "
		"what an\n"
		"                    arriving guest may have; raw: the CPUs "
		"themselves\n"
		"  --platform P      which hypervisor will run there, where "
		"none was captured:\n"
		"                    generic (default), "
		"xen-4.17, kvm-7.2, ...\n"
		"  --with LIST       give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --cap FILE        nothing that this policy says it has "
		"not; a level needs no\n"
		"                    level: before its name\n"
		"  --drop NAME,...   without these features or groups: tsx, "
		"avx512, amx, ...\n"
		"  --keep NAME,...   say 1, and which machines are in the way, "
		"rather than lose\n"
		"                    these features or a level's\n"
		"  --as-model TOOL   as a model of qemu or libvirt: the "
		"highest "
		"that fits\n"
		"                    everywhere, and what to add and remove\n"
		"  --vendor-parity   machines of several vendors: the common "
		"instruction set,\n"
		"                    not for migration\n"
		"  -o, --output F    write the level as a file; -: on standard "
		"output, and nothing else\n"
		"  --identity FILE   there, the CPU says that it is this one\n"
		"  --topology PxDxCxT\n"
		"                    there, P packages of D dies of C cores "
		"of T threads\n"
		"  --json            a cpulevel-level document\n"
		"  --all             list every machine, however many\n"
		"  --from FORMAT     do not detect the format\n\n"
		"A FILE is a description, a folder of them, - for a "
		"description or a list of\nfiles on standard input, or "
		"level:NAME, cpu:NAME, model:qemu/NAME,\nmodel:libvirt/NAME; "
		"`cpulevel show level:` lists the names.\n\n"
		"levels of the fleet, which have names and versions (a file "
		"called new is ./new):\n"
		"  level new NAME --from host:A,B|pool:P|FILE ... "
		"[--cap L] [--drop F]\n"
		"  level new NAME --follow POOL [--cap L] [--drop F]\n"
		"  level set pool|group|vm NAME LEVEL[@V]|--unset\n"
		"  level list | show NAME[@V] | lattice [POOL] [--dot]\n"
		"  they take --store, --at, --note and --dry-run; see "
		"cpulevel-level(1)\n\n"
		"examples:\n"
		"  cpulevel level clx.txt icx.txt spr.txt\n"
		"  cpulevel level hosts/ --guest pv -o pool.level\n"
		"  cpulevel level hosts/ --guest hvm --platform kvm-7.2\n"
		"  ls hosts/*.xml | cpulevel level - --json\n"
		"  cpulevel level hosts/ --cap x86-64-v3 --drop tsx --keep "
		"fma\n"
		"  cpulevel level cpu:icelake-sp cpu:sapphire-rapids\n"
		"  cpulevel level hosts/ --topology 1x1x4x2 -o vm.txt\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include "fleet_vm.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What is asked; each verb takes its part of it. */
struct order {
	const char *vm, *host, *level, *record;
	int guest; /* -1: not said */
};

/* -- boot ----------------------------------------------------------------- */

static struct check answer; /* large */

static int usable_host(struct fleet *f, const char *name, struct store_host *h)
{
	int rc = fleet_host(f, name, h);

	if (rc)
		return rc;
	if (h->state == STORE_HOST_RETIRED) {
		cli_error("%s is retired", name);
		return EXIT_REFUSED;
	}
	if (h->state == STORE_HOST_ACTIVE && h->profile)
		return 0;
	cli_error("%s %s: what guests can have there is not known", name,
		  h->profile ? "is unreachable" : "never reported");
	return EXIT_INCOMPLETE;
}

/* The row of the VM, a new one if there is none. */
static int row_of(struct fleet *f, const struct order *o,
		  const struct store_host *h, struct store_vm *v)
{
	struct store_pool p = { .guest = LVL_HVM };
	struct store_host on;
	int rc = store_find_vm(f->s, o->vm, v);

	if (!rc && v->host && v->host != h->id) {
		rc = store_get_host(f->s, v->host, &on);
		if (rc)
			return rc;
		cli_error("%s is running on %s; `cpulevel vm stop %s` first",
			  o->vm, on.name, o->vm);
		return EXIT_REFUSED;
	}
	if (rc == -LVL_E_NOT_FOUND) {
		rc = h->pool ? store_get_pool(f->s, h->pool, &p) : 0;
		*v = (struct store_vm){ .name = o->vm, .guest = p.guest };
	}
	if (!rc && o->guest >= 0)
		v->guest = o->guest;
	v->pool = h->pool;
	v->host = h->id;
	v->booted = f->now;
	return rc;
}

/* What the guest says it saw. */
static int take_record(struct fleet *f, const struct order *o,
		       struct store_vm *v)
{
	struct cli_select s = { .guest = (enum lvl_guest)v->guest };
	struct lvl_desc *d;
	const struct lvl_policy *saw;
	const char *guest;
	int rc;

	d = cli_one((char *)o->record, &rc);
	if (!d)
		return rc;
	guest = lvl_desc_fact(d, "guest");
	if (o->guest < 0 && guest && !cli_set_guest(&s, guest))
		v->guest = (int)s.guest;
	saw = cli_policy(d, &s, NULL);
	if (!saw) {
		cli_error("%s is no boot record", o->record);
		rc = EXIT_INPUT;
	} else {
		rc = store_put_policy(f->s, saw, v->guest, &v->seen);
	}
	lvl_desc_free(d);
	return rc;
}

static int take_level(struct fleet *f, const struct order *o,
		      const struct store_host *h, struct store_vm *v,
		      const char **whose)
{
	struct store_level l;
	int rc = fleet_boot_level(f, o->level, o->vm, h, &l, whose);

	if (rc)
		return rc;
	if (l.guest != v->guest) {
		cli_error("level %s is for %s guests, and %s is %s; `cpulevel "
			  "level new NAME --guest %s --follow POOL`",
			  l.name, lvl_guest_names[l.guest], o->vm,
			  lvl_guest_names[v->guest], lvl_guest_names[v->guest]);
		return EXIT_REFUSED;
	}
	v->level = l.id;
	v->seen = l.policy;
	return 0;
}

/* What does not fit must not boot; what was seen already is only told. */
static int must_fit(struct fleet *f, const struct order *o,
		    const struct store_host *h, const struct store_vm *v)
{
	const char *why;
	int rc = fleet_fits(f, v->seen, (enum lvl_guest)v->guest, h, &answer,
			    &why);

	if (rc || answer.verdict == LVL_YES) {
		check_free(&answer);
		return rc;
	}
	if (o->record) {
		cli_warn("%s saw what %s does not %sgive", o->vm, h->name,
			 answer.verdict == LVL_NO ? "" : "certainly ");
	} else {
		answer.guest_name = o->vm;
		rc = fleet_fits_say(f, &answer, why);
		f->exit = answer.verdict == LVL_NO ? EXIT_REFUSED
						   : EXIT_INCOMPLETE;
		f->undo = 1;
	}
	check_free(&answer);
	return rc;
}

static int boot_body(struct fleet *f, void *arg)
{
	const struct order *o = arg;
	struct store_host h;
	struct store_vm v;
	const char *whose = "what it saw is in its record";
	int rc = usable_host(f, o->host, &h);

	if (!rc)
		rc = row_of(f, o, &h, &v);
	if (rc)
		return rc;
	v.level = 0;
	if (o->record)
		rc = take_record(f, o, &v);
	if (!rc && (!o->record || o->level)) {
		int64_t saw = o->record ? v.seen : 0;

		rc = take_level(f, o, &h, &v, &whose);
		v.seen = saw ? saw : v.seen;
	}
	if (!rc)
		rc = must_fit(f, o, &h, &v);
	if (!rc && !f->undo)
		rc = store_put_vm(f->s, &v);
	if (rc || f->undo)
		return rc;
	if (!f->json)
		fprintf(f->out, "%s  booted: %s\n", v.name, whose);
	return fleet_vm_say(f, &v);
}

/* -- stop, remove --------------------------------------------------------- */

static int stop_body(struct fleet *f, void *arg)
{
	const struct order *o = arg;
	struct store_vm v;
	int rc = fleet_vm(f, o->vm, &v);

	if (rc)
		return rc;
	if (!v.host)
		cli_warn("%s is off already", o->vm);
	v.host = 0;
	rc = store_put_vm(f->s, &v);
	if (rc)
		return rc;
	if (!f->json)
		fprintf(f->out, "%s  stopped\n", v.name);
	return f->json ? fleet_vm_say(f, &v) : 0;
}

static int remove_body(struct fleet *f, void *arg)
{
	const struct order *o = arg;
	struct store_vm v;
	int rc = fleet_vm(f, o->vm, &v);

	if (rc)
		return rc;
	if (v.host) {
		cli_error("%s is running; `cpulevel vm stop %s` first", o->vm,
			  o->vm);
		return EXIT_REFUSED;
	}
	rc = store_drop_vm(f->s, &v);
	if (rc)
		return rc;
	if (!f->json)
		fprintf(f->out, "%s  removed\n", v.name);
	return f->json ? fleet_vm_say(f, &v) : 0;
}

/* -- move ----------------------------------------------------------------- */

static int pool_name(struct fleet *f, int64_t id, const char **name)
{
	struct store_pool p;
	int rc = id ? store_get_pool(f->s, id, &p) : 0;

	*name = id && !rc ? p.name : "no pool";
	return rc;
}

static int moved(struct fleet *f, struct store_vm *v,
		 const struct store_host *to)
{
	const char *left, *entered;
	struct store_host from;
	int other = v->pool != to->pool;
	int rc = store_get_host(f->s, v->host, &from);

	if (!rc)
		rc = pool_name(f, v->pool, &left);
	if (!rc)
		rc = pool_name(f, to->pool, &entered);
	if (rc)
		return rc;
	v->host = to->id;
	v->pool = to->pool;
	rc = store_put_vm(f->s, v);
	if (rc)
		return rc;
	if (!f->json)
		fprintf(f->out, "%s  %s -> %s%s%s%s%s\n", v->name, from.name,
			to->name, other ? ", out of " : "", other ? left : "",
			other ? " into " : "", other ? entered : "");
	return fleet_fits_say(f, &answer, NULL);
}

static int move_body(struct fleet *f, void *arg)
{
	const struct order *o = arg;
	struct store_vm v;
	struct store_host to;
	const char *why;
	int rc = fleet_vm(f, o->vm, &v);

	if (!rc)
		rc = fleet_host(f, o->host, &to);
	if (rc)
		return rc;
	if (!v.host) {
		cli_error("%s is off: `cpulevel vm boot %s --host %s`", o->vm,
			  o->vm, o->host);
		return EXIT_REFUSED;
	}
	if (v.host == to.id)
		cli_warn("%s runs on %s already", o->vm, o->host);
	rc = fleet_fits(f, v.seen, (enum lvl_guest)v.guest, &to, &answer, &why);
	if (rc)
		return rc;
	answer.guest_name = v.name;
	f->exit = cli_exit(answer.verdict);
	f->undo = answer.verdict != LVL_YES;
	rc = f->undo ? fleet_fits_say(f, &answer, why) : moved(f, &v, &to);
	if (f->undo && !f->json)
		fputs("nothing was changed\n", f->out);
	check_free(&answer);
	return rc;
}

/* -- the verb ------------------------------------------------------------- */

static int take(struct order *o, struct fleet *f, int c)
{
	struct cli_select s = { .guest = LVL_HVM };
	int rc;

	switch (c) {
	case 'H':
		o->host = optarg;
		return 0;
	case 'l':
		o->level = optarg;
		return 0;
	case 'r':
		o->record = optarg;
		return 0;
	case 'g':
		rc = cli_set_guest(&s, optarg);
		o->guest = (int)s.guest;
		return rc;
	default:
		return fleet_option(f, c);
	}
}

static int run_write(int argc, char **argv, const struct option *opts,
		     const char *form, fleet_body_fn *body, int wants_host)
{
	struct order o = { .guest = -1 };
	struct fleet f = { .store = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = take(&o, &f, c);
	if (!rc)
		rc = fleet_arguments(argc, 1, 1, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (wants_host && !o.host)
		return cli_usage("on which host?  cpulevel vm %s", form);
	if (o.record && !strcmp(o.record, "-"))
		rc = fleet_keep_stdin();
	o.vm = argv[optind];
	return rc ? rc : fleet_write(&f, body, &o);
}

static int run_boot(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "host", required_argument, NULL, 'H' },
		{ "level", required_argument, NULL, 'l' },
		{ "record", required_argument, NULL, 'r' },
		{ "guest", required_argument, NULL, 'g' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};

	return run_write(argc, argv, opts,
			 "boot NAME --host H [--level L[@V]] [--record FILE] "
			 "[--guest K]",
			 boot_body, 1);
}

static int run_move(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "to", required_argument, NULL, 'H' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};

	return run_write(argc, argv, opts, "move NAME --to HOST", move_body, 1);
}

static const struct option no_more[] = { FLEET_OPTS_WRITE,
					 { NULL, 0, NULL, 0 } };

static int run_stop(int argc, char **argv)
{
	return run_write(argc, argv, no_more, "stop NAME", stop_body, 0);
}

static int run_remove(int argc, char **argv)
{
	return run_write(argc, argv, no_more, "remove NAME", remove_body, 0);
}

static int run(int argc, char **argv)
{
	static const struct fleet_sub subs[] = {
		{ "boot", run_boot },     { "show", fleet_vm_show },
		{ "move", run_move },     { "check", fleet_vm_check },
		{ "stop", run_stop },     { "list", fleet_vm_list },
		{ "remove", run_remove },
	};

	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

const struct verb verb_vm = {
	.name = "vm",
	.args = "boot|show|move|check|stop|list|remove ...",
	.summary = "VMs: what each was promised, and where it may go",
	.help = "  vm boot NAME --host H [--level L[@V]] [--record FILE] "
		"[--guest K]\n"
		"  vm move NAME --to HOST\n"
		"  vm check NAME [--to HOST|--all]\n"
		"  vm show NAME\n"
		"  vm list [POOL] [--host H]\n"
		"  vm stop NAME\n"
		"  vm remove NAME\n\n"
		"boot writes down what the VM sees until its next power cycle: "
		"the level that is\nasked for, or that of the VM, of the "
		"host's group, of the pool (`cpulevel level\nset'), or the "
		"pool's own.  It is refused (5) where the level does not fit "
		"the host.\nmove checks first: where it does not fit (1) or "
		"nobody knows (4), nothing changes.\n\n"
		"options:\n"
		"  --host H        where it boots; of list: what runs there\n"
		"  --to HOST       where it would go\n"
		"  --all           every host of its pool\n"
		"  --level L[@V]   this level, and this version of it\n"
		"  --record FILE   what the guest saw, as a file\n"
		"  --guest K       pv, hvm-shadow or hvm; else as before, or "
		"as "
		"the pool\n" FLEET_HELP_WRITE
		"  --at TIME       show, list and check: as it was at that "
		"time\n\n"
		"examples:\n"
		"  cpulevel vm boot web-17 --host icx-01\n"
		"  cpulevel vm check web-17 --to clx-01\n"
		"  cpulevel vm move web-17 --to clx-01 --note CHG-1234\n"
		"  cpulevel vm list prod-a --json\n",
	.run = run,
};

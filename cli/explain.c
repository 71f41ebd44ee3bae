/* SPDX-License-Identifier: MIT */
#include "explain.h"
#include "fleet.h"
#include "fleet_explain.h"

#include <cpulevel/host.h>

#include "format/texts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* -- what the rules did --------------------------------------------------- */

static void keep(void *arg, const struct lvl_change *c)
{
	struct explain *e = arg;
	void *grown = cli_grow(e->change, e->nr, &e->room, sizeof(*e->change));

	if (!grown) {
		e->failed = 1;
		return;
	}
	e->change = grown;
	e->change[e->nr++] = *c;
}

/* The raw policy goes through all rules once more, watched. */
static void watch(struct explain *e)
{
	const struct lvl_trail trail = { keep, e };
	struct lvl_policy p;

	if (!e->d || !e->d->policy[LVL_KIND_RAW])
		return;
	p = *e->d->policy[LVL_KIND_RAW];
	lvl_raw_clean(&p, NULL, &trail);
	lvl_host_derive(&p, &p, &trail);
}

/* Derived fields are blanked only to be computed anew. */
static void keep_guest(void *arg, const struct lvl_change *c)
{
	if (strcmp(c->rule->name, "M.blank") != 0 ||
	    lvl_fields[c->field].rule != LVL_DERIVED)
		keep(arg, c);
}

/* From the host to the guests that are asked for, watched. */
static void watch_guest(struct explain *e, struct explain *guest)
{
	const struct lvl_platform *on = cli_platform(&e->select);
	const struct lvl_trail trail = { keep_guest, guest };
	const struct lvl_policy *host = e->d->policy[LVL_KIND_HOST];
	struct lvl_policy max, p;

	(void)lvl_derive_max(&max, host, e->select.guest, on, &trail);
	(void)lvl_derive_default(&p, host, e->select.guest, on, &trail);
	if (e->select.with_text)
		lvl_domain_apply(&p, &max, e->select.guest, &e->select.with,
				 &trail);
	e->failed |= guest->failed;
	e->guest = guest;
}

/* -- words for it --------------------------------------------------------- */

const char *explain_change(const struct lvl_change *c, char buf[EXPLAIN_TEXT])
{
	char before[CLI_VALUE], after[CLI_VALUE];

	snprintf(buf, EXPLAIN_TEXT, "%s -> %s",
		 cli_value(c->before, c->known & 1, before),
		 cli_value(c->after, c->known & 2, after));
	return buf;
}

const char *explain_value(const struct lvl_policy *p, unsigned field,
			  char buf[EXPLAIN_TEXT])
{
	return cli_value(lvl_get(p, field), lvl_known(p, field), buf);
}

const char *explain_clause(unsigned clause, char buf[EXPLAIN_CLAUSE])
{
	const struct lvl_clause *c = &lvl_clauses[clause];
	size_t n = 0;
	unsigned i;

	snprintf(buf, EXPLAIN_CLAUSE, "always");
	for (i = 0; i < c->count && n < EXPLAIN_CLAUSE; i++) {
		const struct lvl_atom *a = &lvl_atoms[c->first + i];

		n += (size_t)snprintf(buf + n, EXPLAIN_CLAUSE - n, "%s%s",
				      i ? " or " : "",
				      lvl_field_name(a->field));
		if ((a->at_least > 1 || lvl_fields[a->field].width > 1) &&
		    n < EXPLAIN_CLAUSE)
			n += (size_t)snprintf(buf + n, EXPLAIN_CLAUSE - n,
					      " >= %u", a->at_least);
	}
	return buf;
}

const char *explain_reason(const struct lvl_change *c)
{
	if (c->edge != LVL_NO_FIELD && lvl_edges[c->edge].reason)
		return lvl_edges[c->edge].reason;
	return c->rule->why;
}

/* -- the question --------------------------------------------------------- */

static int is_file(const char *name)
{
	struct stat st;

	return !strcmp(name, "-") || !stat(name, &st);
}

/* One argument is a file if there is one of that name, else a feature. */
static int split(char **arg, int nr, char **file, char **feature)
{
	*file = *feature = NULL;
	if (nr == 2) {
		*file = arg[0];
		*feature = arg[1];
	} else if (is_file(arg[0])) {
		*file = arg[0];
	} else if (strchr(arg[0], '/')) {
		cli_error("%s: there is no such file", arg[0]);
		return EXIT_INPUT;
	} else {
		*feature = arg[0];
	}
	return 0;
}

static int explain(char **arg, int nr, const struct cli_select *s, int as_json)
{
	struct explain e = { .field = LVL_NO_FIELD, .select = *s };
	struct explain guest = { .field = LVL_NO_FIELD };
	struct lvl_desc *d = NULL;
	char *file, *feature;
	int field = 0, rc = split(arg, nr, &file, &feature);

	if (!rc && feature && (field = cli_field(feature)) < 0)
		rc = EXIT_USAGE;
	if (!rc && file)
		d = cli_one(file, &rc);
	if (rc)
		return rc;
	if (feature)
		e.field = (unsigned)field;
	e.d = d;
	watch(&e);
	e.select.guest_given = 1;
	if (d && (feature || s->guest_given || s->platform))
		rc = cli_derive(d, &e.select);
	if (!rc && d && d->hints & LVL_HINT_GUESTS_DERIVED)
		watch_guest(&e, &guest);
	if (rc) {
		;
	} else if (e.failed) {
		cli_error("out of memory");
		rc = EXIT_INPUT;
	} else if (as_json) {
		explain_json(&e);
	} else {
		explain_print(&e);
	}
	free(e.change);
	free(guest.change);
	lvl_desc_free(d);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		CLI_OPTS_GUEST,
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli_select s = { .guest = LVL_HVM };
	int as_json = 0;
	int rc;

	if (argc > 1 && !strcmp(argv[1], "vm"))
		return fleet_explain(argc - 1, argv + 1);
	rc = cli_read_select(argc, argv, opts, &s, &as_json);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (argc == optind || argc - optind > 2)
		return cli_usage("a file, a feature, or a file and a feature");
	return explain(argv + optind, argc - optind, &s, as_json);
}

const struct verb verb_explain = {
	.name = "explain",
	.args = "[FILE] [FEATURE] [options] | vm NAME --to HOST [options]",
	.summary = "why a feature is as it is, or a VM cannot go to a host",
	.help = "FEATURE alone: what the registry says about it.  FILE alone: "
		"everything that a rule\nchanged on the way from what the CPU "
		"said to what the machine offers.  Both: why\nthe feature is "
		"there, or is not.  vm NAME --to HOST: what is in the way of "
		"a VM of the fleet, why,\nwhat it would do, and what helps (a "
		"file of that name is ./vm).\n\n"
		"options:\n"
		"  --guest KIND    go on to what guests of this kind see: pv, "
		"hvm-shadow or hvm\n"
		"                  (default, where a feature is asked for)\n"
		"  --platform P    which hypervisor will run there, where "
		"none was captured:\n"
		"                  generic (default), xen-4.17, kvm-7.2, ...\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --json          a cpulevel-explain document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"options of vm:\n"
		"  --to HOST       where it should go\n"
		"  --all           every finding\n" FLEET_HELP_READ "\n"
		"examples:\n"
		"  cpulevel explain avx512-vnni\n"
		"  cpulevel explain clx.txt rtm\n"
		"  cpulevel explain clx.txt amx-tile --platform xen-4.17\n"
		"  cpulevel explain clx.txt\n"
		"  cpulevel explain vm web-17 --to clx-01\n",
	.run = run,
};

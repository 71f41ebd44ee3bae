/* SPDX-License-Identifier: MIT */
/* Sub-pools that keep most features while every VM has homes enough. */
#include "fleet_say.h"

#include <stdlib.h>

/* How much is compared at most: two seconds. */
#define EFFORT 40000u

struct question {
	const char *pool;
	unsigned long groups, homes;
};

static void say_part(const struct fleet_view *v,
		     const struct lvl_fleet_split *split, size_t part,
		     const struct lvl_policy *whole, FILE *out)
{
	struct fleet_delta *d = malloc(sizeof(*d));
	struct cli_wrap w = { out, 4, 0 };
	char head[120], names[FLEET_VIEW_NAMES];
	size_t i;

	snprintf(head, sizeof(head),
		 "  %zu: %s, %u host%s, %u features:", part + 1,
		 lvl_vendor_name(lvl_policy_vendor(&split->of[part].level)),
		 split->of[part].hosts, split->of[part].hosts == 1 ? "" : "s",
		 cli_count_features(&split->of[part].level));
	cli_wrap_word(&w, head);
	for (i = 0; i < v->pool.nr_members; i++)
		if (split->part[i] == part)
			cli_wrap_text(&w, fleet_view_names(
						  v, v->pool.member[i].profile,
						  names));
	cli_wrap_end(&w);
	if (d && whole) {
		fleet_delta(whole, &split->of[part].level, d);
		fleet_say_fields(out, "    +", d->gained, d->nr_gained);
	}
	free(d);
}

/* Running VMs with fewer homes than asked for, in any one of the parts. */
static uint64_t short_of_homes(struct fleet_view *v,
			       const struct lvl_fleet_split *split,
			       unsigned long least)
{
	uint64_t vms = 0;
	size_t i, k;

	for (i = 0; i < v->pool.nr_groups; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		uint32_t homes[LVL_FLEET_PARTS] = { 0 }, most = 0;

		for (k = 0; k < v->pool.nr_members; k++) {
			const struct lvl_fleet_member *m = &v->pool.member[k];
			size_t part = split->part[k];

			if (part == LVL_FLEET_NONE ||
			    lvl_fleet_verdict(v->model, g->seen, m->profile) !=
				    LVL_YES)
				continue;
			homes[part] += m->active;
			if (homes[part] > most)
				most = homes[part];
		}
		if (most < least)
			vms += g->vms;
	}
	return vms;
}

/* Hosts of the pool that cannot be reached. */
static uint32_t away(const struct fleet_view *v)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < v->pool.nr_members; i++)
		n += v->pool.member[i].unreachable;
	return n;
}

static void say_away(const struct fleet_view *v, FILE *out)
{
	uint32_t n = away(v);

	if (n)
		fleet_say(out, 2,
			  "%u host%s cannot be reached: counted as last seen, "
			  "and nobody's home",
			  n, n == 1 ? "" : "s");
}

static void print(struct fleet_view *v, const struct lvl_fleet_split *split,
		  const struct question *q, FILE *out)
{
	unsigned vendor[LVL_FLEET_VENDORS];
	struct lvl_fleet_level *whole = malloc(sizeof(*whole));
	uint32_t hosts = lvl_fleet_pool_size(&v->pool);
	uint64_t vms = short_of_homes(v, split, q->homes);
	char number[FLEET_NUMBER];
	size_t i;

	if (whole && lvl_fleet_vendors(v->model, &v->pool, vendor) == 1)
		lvl_fleet_level(v->model, &v->pool, vendor[0], whole);
	else if (whole)
		whole->rc = -LVL_E_CONFLICT;
	fprintf(out,
		"%s%s%s  %s in %zu sub-pool%s, each of %lu or "
		"more\n",
		cli_ink(INK_BOLD), v->name, cli_ink(INK_PLAIN),
		fleet_number(hosts, "host", number), split->nr_parts,
		split->nr_parts == 1 ? "" : "s", q->homes);
	if (split->whole)
		fleet_say(out, 2,
			  "as one pool %.1f capabilities a host, so %.1f",
			  (double)split->whole / hosts,
			  (double)split->value / hosts);
	for (i = 0; i < split->nr_parts; i++)
		say_part(v, split, i,
			 whole && !whole->rc ? &whole->policy : NULL, out);
	if (vms)
		fleet_say(out, 2,
			  "%llu running VMs have fewer homes in any of them: "
			  "power-cycle them at the new level",
			  (unsigned long long)vms);
	if (split->exact)
		fleet_say(out, 2, "no other division keeps more");
	else
		fleet_say(out, 2,
			  "best found, not proven: of %zu different policies "
			  "not all divisions were compared; none keeps more "
			  "than %.1f",
			  split->nr_items, (double)split->most / hosts);
	say_away(v, out);
	free(whole);
}

static void json(struct fleet_view *v, const struct lvl_fleet_split *split,
		 const struct question *q, FILE *out)
{
	size_t i, k, n;

	fputs("{\n  \"format\": \"cpulevel-suggest\",\n  \"version\": 1,\n  ",
	      out);
	fleet_json_key(out, "pool", v->name);
	fprintf(out,
		",\n  \"exact\": %s,\n  \"policies\": %zu,\n  \"value\": "
		"%llu,\n  \"most\": %llu,\n  \"whole\": %llu,\n "
		" \"vms_short_of_homes\": %llu,\n  \"parts\": [",
		split->exact ? "true" : "false", split->nr_items,
		(unsigned long long)split->value,
		(unsigned long long)split->most,
		(unsigned long long)split->whole,
		(unsigned long long)short_of_homes(v, split, q->homes));
	for (i = 0; i < split->nr_parts; i++) {
		fprintf(out, "%s\n    {\"features\": %u, \"hosts\": [",
			i ? "," : "", cli_count_features(&split->of[i].level));
		for (k = n = 0; k < v->nr_hosts; k++) {
			size_t m = 0;

			while (m < v->pool.nr_members &&
			       v->pool.member[m].profile != v->host[k].profile)
				m++;
			if (m == v->pool.nr_members || split->part[m] != i)
				continue;
			fputs(n++ ? ", " : "", out);
			cli_json_string(out, v->host[k].name);
		}
		fputs("]}", out);
	}
	fputs("\n  ]\n}\n", out);
}

static uint32_t hosts_of(const struct fleet_view *v, unsigned vendor)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < v->pool.nr_members; i++) {
		const struct lvl_fleet_member *m = &v->pool.member[i];
		const struct lvl_fleet_profile *of =
			&v->model->profile[m->profile];

		if (of->vendor == vendor && !(of->refused >> v->pool.guest & 1))
			n += m->active;
	}
	return n;
}

/* No division makes hosts of a vendor more than they are; 1: that is said. */
static int too_few(const struct fleet_view *v, const struct question *q)
{
	unsigned vendor[LVL_FLEET_VENDORS];
	unsigned n = lvl_fleet_vendors(v->model, &v->pool, vendor), i;

	for (i = 0; i < n; i++) {
		uint32_t hosts = hosts_of(v, vendor[i]);

		if (!vendor[i] || hosts >= q->homes)
			continue;
		cli_error("%s: a sub-pool of %s has %u host%s that can be "
			  "reached: --homes %u at most",
			  v->name, lvl_vendor_name(vendor[i]), hosts,
			  hosts == 1 ? "" : "s", hosts);
		return 1;
	}
	return 0;
}

static int refuse(const struct fleet_view *v, const struct question *q, int rc)
{
	unsigned vendor[LVL_FLEET_VENDORS];
	unsigned n = lvl_fleet_vendors(v->model, &v->pool, vendor);

	if (rc == -LVL_E_INVALID) {
		cli_error("%s has hosts of which nothing is known: `cpulevel "
			  "pool show %s`",
			  v->name, v->name);
		return EXIT_INCOMPLETE;
	}
	if (rc != -LVL_E_CONFLICT && rc != -LVL_E_TOO_BIG)
		return rc;
	if (n <= q->groups && too_few(v, q))
		return EXIT_NO;
	if (rc == -LVL_E_TOO_BIG) {
		if (v->pool.nr_members > LVL_FLEET_ITEMS)
			cli_error("%s: of more than %d different policies no "
				  "division is looked for; `cpulevel level "
				  "lattice %s` shows what they have in common",
				  v->name, LVL_FLEET_ITEMS, v->name);
		else
			cli_error("%s: no division was found, and not all "
				  "were compared: fewer --homes or more "
				  "--groups",
				  v->name);
		return EXIT_INCOMPLETE;
	}
	if (n > q->groups)
		cli_error("%s has hosts of %u vendors: --groups %u at least",
			  v->name, n, n);
	else
		cli_error("%s: hosts that are alike are too few for %lu homes "
			  "in each sub-pool",
			  v->name, q->homes);
	return EXIT_NO;
}

static int body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct lvl_fleet_split *split = calloc(1, sizeof(*split));
	struct fleet_view v;
	int rc = split ? fleet_view_open(f, q->pool, &v) : -LVL_E_NO_MEMORY;

	if (rc) {
		free(split);
		return rc;
	}
	rc = fleet_view_hosts(&v);
	if (!rc) {
		rc = lvl_fleet_suggest(v.model, &v.pool, (unsigned)q->groups,
				       (uint32_t)q->homes, EFFORT, split);
		if (rc)
			rc = refuse(&v, q, rc);
		else if (f->json)
			json(&v, split, q, f->out);
		else
			print(&v, split, q, f->out);
		if (!rc && away(&v))
			f->exit = EXIT_INCOMPLETE;
	}
	lvl_fleet_split_free(split);
	free(split);
	fleet_view_close(&v);
	return rc;
}

static int number(const char *text, unsigned long most, unsigned long *n)
{
	char *end;

	*n = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || *n > most)
		return cli_usage("%s: a number from 1 to %lu", text, most);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "groups", required_argument, NULL, 'g' },
		{ "homes", required_argument, NULL, 'm' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { .homes = 2 };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'g')
			rc = number(optarg, LVL_FLEET_PARTS, &q.groups);
		else if (c == 'm')
			rc = number(optarg, 1000000, &q.homes);
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 1, 1, "POOL --groups K");
	if (!rc && !q.groups)
		rc = cli_usage("how many sub-pools at most?  --groups K");
	if (rc)
		return rc;
	q.pool = argv[optind];
	return fleet_read(&f, body, &q);
}

const struct verb verb_suggest = {
	.name = "suggest",
	.args = "POOL --groups K [--homes M] [options]",
	.summary = "sub-pools that keep most features",
	.help = "At most K sub-pools with levels of their own, so that the "
		"hosts together give guests\nthe most capabilities, and every "
		"VM that boots at one of the levels has M homes.\nHosts with "
		"the same policy stay together.  Of up to 64 different "
		"policies all divisions\nare compared; of more, or where that "
		"takes too long, it is the best that was found.\n\n"
		"options:\n"
		"  --groups K      at most so many sub-pools\n"
		"  --homes M       each of at least so many hosts "
		"(2)\n" FLEET_HELP_READ
		"\nexit: 0 there is one, 1 there is none, 4 not known of all "
		"hosts\n\n"
		"examples:\n"
		"  cpulevel suggest prod-a --groups 2\n"
		"  cpulevel suggest prod-a --groups 3 --homes 4 --json\n",
	.run = run,
};

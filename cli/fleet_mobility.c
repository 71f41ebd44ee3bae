/* SPDX-License-Identifier: MIT */
/* Where VMs may go: reachability, islands, and those who can go nowhere. */
#include "fleet_say.h"
#include "fleet_stranded.h"

#include <stdlib.h>
#include <string.h>

struct mobility {
	struct fleet *f;
	int stranded_only, all;
	/* over all pools */
	size_t nr;
	uint64_t vms, stranded, unsure;
	int incomplete;
	struct fleet_table *table; /* of --all */
	struct fleet_stranded list;
};

/* What one pool adds up to. */
struct sums {
	uint64_t vms, stranded, unsure;
	size_t islands;
};

struct islands {
	size_t *of_member, *of_group, nr;
};

static int find_islands(struct fleet_view *v, struct islands *s)
{
	s->of_member = calloc(v->pool.nr_members + 1, sizeof(size_t));
	s->of_group = calloc(v->pool.nr_groups + 1, sizeof(size_t));
	if (!s->of_member || !s->of_group)
		return -LVL_E_NO_MEMORY;
	s->nr = lvl_fleet_islands(v->model, &v->pool, s->of_member,
				  s->of_group);
	return 0;
}

static void free_islands(struct islands *s)
{
	free(s->of_member);
	free(s->of_group);
}

static void sum_up(struct fleet_view *v, struct sums *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < v->pool.nr_groups; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		struct lvl_fleet_reach r;

		if (!g->vms)
			continue;
		lvl_fleet_reach(v->model, &v->pool, g, &r);
		s->vms += g->vms;
		s->stranded += r.fate == LVL_FLEET_STRANDED ? g->vms : 0;
		s->unsure += r.fate == LVL_FLEET_UNSURE ? g->vms : 0;
	}
}

/* -- one pool ------------------------------------------------------------- */

#define NAMES 12

static void name_hosts(const struct fleet_view *v, const struct islands *s,
		       size_t island, struct cli_wrap *w)
{
	size_t i, m, n = 0;
	char more[40];

	for (i = 0; i < v->nr_hosts; i++) {
		for (m = 0; v->pool.member[m].profile != v->host[i].profile;)
			m++;
		if (v->host[i].active && s->of_member[m] == island &&
		    n++ < NAMES)
			cli_wrap_word(w, v->host[i].name);
	}
	if (n > NAMES) {
		snprintf(more, sizeof(more), "and %zu more", n - NAMES);
		cli_wrap_word(w, more);
	}
}

static void say_islands(struct fleet_view *v, const struct islands *s,
			FILE *out)
{
	size_t k, i;

	for (k = 0; s->nr > 1 && k < s->nr && k < 16; k++) {
		struct cli_wrap w = { out, 4, 0 };
		uint64_t vms = 0;
		uint32_t hosts = 0;
		char head[120], number[FLEET_NUMBER];

		for (i = 0; i < v->pool.nr_groups; i++)
			if (s->of_group[i] == k)
				vms += v->pool.group[i].vms;
		for (i = 0; i < v->pool.nr_members; i++)
			if (s->of_member[i] == k)
				hosts += v->pool.member[i].active;
		snprintf(head, sizeof(head),
			 "  island %zu, %u host%s, %s:", k + 1, hosts,
			 hosts == 1 ? "" : "s",
			 fleet_number(vms, "VM", number));
		cli_wrap_word(&w, head);
		name_hosts(v, s, k, &w);
		cli_wrap_end(&w);
	}
}

/* Hosts that are on no island: nobody can say where their VMs may go. */
static void say_away(struct fleet_view *v, const struct islands *s, FILE *out)
{
	uint32_t hosts = lvl_fleet_pool_size(&v->pool);
	size_t i;

	for (i = 0; i < v->pool.nr_members; i++)
		if (s->of_member[i] != LVL_FLEET_NONE)
			hosts -= v->pool.member[i].active;
	if (hosts)
		fleet_say(out, 2,
			  "%u host%s never reported or cannot be reached",
			  hosts, hosts == 1 ? "" : "s");
}

static int print_pool(struct mobility *m, struct fleet_view *v,
		      const struct sums *s, const struct islands *is)
{
	FILE *out = m->f->out;
	char number[FLEET_NUMBER], hosts[FLEET_NUMBER], unsure[40] = "";
	int rc;

	if (s->unsure)
		snprintf(unsure, sizeof(unsure), ", %llu not known",
			 (unsigned long long)s->unsure);
	fprintf(out, "%s%s%s\n", cli_ink(INK_BOLD), v->name,
		cli_ink(INK_PLAIN));
	fleet_number(lvl_fleet_pool_size(&v->pool), "host", hosts);
	if (!s->vms) {
		fleet_say(out, 2, "%s, no running VM", hosts);
		return 0;
	}
	fleet_say(out, 2, "%s, %s: %llu stranded%s; %zu island%s", hosts,
		  fleet_number(s->vms, "VM", number),
		  (unsigned long long)s->stranded, unsure, is->nr,
		  is->nr == 1 ? "" : "s");
	rc = fleet_say_groups(v, out);
	if (!rc && is->nr > 1)
		rc = fleet_view_hosts(v);
	if (!rc) {
		say_islands(v, is, out);
		say_away(v, is, out);
	}
	return rc;
}

/* -- JSON ----------------------------------------------------------------- */

static void json_group(struct fleet_view *v, const struct lvl_fleet_group *g,
		       size_t island, FILE *out)
{
	static const char *const words[] = { "free", "stranded", "unknown" };
	const struct lvl_fleet_seen *s = &v->model->seen[g->seen];
	struct lvl_fleet_reach r;

	lvl_fleet_reach(v->model, &v->pool, g, &r);
	fprintf(out, "{\"vms\": %u, \"features\": ", g->vms);
	if (s->policy)
		fprintf(out, "%u", cli_count_features(s->policy));
	else
		fputs("null", out);
	fprintf(out,
		", \"homes\": %u, \"others\": %u, \"unknown\": %u, "
		"\"fate\": \"%s\", \"island\": ",
		r.homes, r.others, r.unsure, words[r.fate]);
	if (island == LVL_FLEET_NONE)
		fputs("null}", out);
	else
		fprintf(out, "%zu}", island + 1);
}

static void json_pool(struct mobility *m, struct fleet_view *v,
		      const struct sums *s, const struct islands *is)
{
	FILE *out = m->f->out;
	size_t i, n = 0;

	fputs(m->nr ? ",\n    {" : "\n    {", out);
	fleet_json_key(out, "pool", v->name);
	fprintf(out,
		", \"hosts\": %u, \"vms\": %llu, \"stranded\": %llu, "
		"\"unknown\": %llu, \"islands\": %zu,\n     \"groups\": [",
		lvl_fleet_pool_size(&v->pool), (unsigned long long)s->vms,
		(unsigned long long)s->stranded, (unsigned long long)s->unsure,
		is->nr);
	for (i = 0; i < v->pool.nr_groups; i++) {
		if (!v->pool.group[i].vms)
			continue;
		fputs(n++ ? ",\n       " : "\n       ", out);
		json_group(v, &v->pool.group[i], is->of_group[i], out);
	}
	fputs("]}", out);
}

/* -- the verb ------------------------------------------------------------- */

static void row(struct mobility *m, struct fleet_view *v, const struct sums *s,
		const struct islands *is)
{
	char hosts[16], vms[24], islands[24], stranded[24], unsure[24];

	snprintf(hosts, sizeof(hosts), "%u", lvl_fleet_pool_size(&v->pool));
	snprintf(vms, sizeof(vms), "%llu", (unsigned long long)s->vms);
	snprintf(islands, sizeof(islands), "%zu", is->nr);
	snprintf(stranded, sizeof(stranded), "%llu",
		 (unsigned long long)s->stranded);
	snprintf(unsure, sizeof(unsure), "%llu", (unsigned long long)s->unsure);
	fleet_table_row(m->table, v->name, hosts, vms, islands, stranded,
			s->unsure ? unsure : NULL);
}

static int show(struct mobility *m, struct fleet_view *v, const struct sums *s)
{
	struct islands is = { 0 };
	int rc = find_islands(v, &is);

	if (rc) {
		;
	} else if (m->f->json) {
		json_pool(m, v, s, &is);
	} else if (m->table) {
		row(m, v, s, &is);
	} else {
		rc = print_pool(m, v, s, &is);
	}
	free_islands(&is);
	return rc;
}

static int one_pool(void *arg, struct fleet_view *v)
{
	struct mobility *m = arg;
	struct sums s;
	int rc;

	v->keep_located = m->stranded_only;
	rc = fleet_view_locate(v, &v->pool);
	if (rc)
		return rc;
	sum_up(v, &s);
	m->vms += s.vms;
	m->stranded += s.stranded;
	m->unsure += s.unsure;
	if (m->stranded_only && !(s.stranded + s.unsure))
		return 0;
	if (m->stranded_only)
		return m->all ? fleet_stranded_later(&m->list, v)
			      : fleet_stranded_list(&m->list, v);
	rc = show(m, v, &s);
	m->nr++;
	return rc;
}

struct question {
	const char *pool;
	int stranded, all;
};

static int all_pools(struct mobility *m)
{
	struct lvl_fleet model;
	int rc;

	lvl_fleet_init(&model);
	rc = fleet_view_each(m->f, &model, one_pool, m);
	rc = fleet_stranded_rest(&m->list, rc);
	lvl_fleet_free(&model);
	return rc;
}

static int each_pool(struct fleet *f, const struct question *q,
		     struct mobility *m)
{
	struct fleet_view v;
	int rc;

	if (q->all)
		return all_pools(m);
	rc = fleet_view_open(f, q->pool, &v);
	if (rc)
		return rc;
	rc = one_pool(m, &v);
	fleet_view_close(&v);
	return rc;
}

static void json_end(const struct mobility *m)
{
	fprintf(m->f->out, "%s],\n", m->nr ? "\n  " : "");
	fprintf(m->f->out,
		"  \"vms\": %llu,\n  \"stranded\": %llu,\n  \"unknown\": "
		"%llu\n}\n",
		(unsigned long long)m->vms, (unsigned long long)m->stranded,
		(unsigned long long)m->unsure);
}

static const struct fleet_column pool_columns[] = {
	{ "POOL", 0, 0 },    { "HOSTS", 1, 0 },    { "VMS", 1, 0 },
	{ "ISLANDS", 1, 1 }, { "STRANDED", 1, 0 }, { "UNKNOWN", 1, 2 },
};
static const struct fleet_column vm_columns[] = {
	{ "VM", 0, 0 },  { "POOL", 0, 2 },  { "RUNS ON", 0, 1 },
	{ "SAW", 1, 3 }, { "IT IS", 0, 0 },
};

static int body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct mobility m = { .f = f,
			      .stranded_only = q->stranded,
			      .all = q->all };
	struct fleet_table t;
	int rc;

	if (f->json)
		fprintf(f->out,
			"{\n  \"format\": \"cpulevel-mobility\",\n  "
			"\"version\": 1,\n  \"%s\": [",
			q->stranded ? "vms_stranded" : "pools");
	else if (q->stranded)
		fleet_table_init(m.table = &t, f->out, vm_columns,
				 LVL_COUNT(vm_columns));
	else if (q->all)
		fleet_table_init(m.table = &t, f->out, pool_columns,
				 LVL_COUNT(pool_columns));
	m.list.f = f;
	m.list.table = m.table;
	rc = each_pool(f, q, &m);
	m.nr += m.list.nr;
	if (m.table && fleet_table_end(&t) && !rc)
		rc = EXIT_INPUT;
	if (rc)
		return rc;
	if (f->json)
		json_end(&m);
	else if (m.table)
		fleet_say(
			f->out, 0,
			"%llu running VMs, %llu can go nowhere, of %llu it is "
			"not known",
			(unsigned long long)m.vms,
			(unsigned long long)m.stranded,
			(unsigned long long)m.unsure);
	f->exit = m.stranded ? EXIT_NO : m.unsure ? EXIT_INCOMPLETE : EXIT_YES;
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "stranded", no_argument, NULL, 's' },
		{ "all", no_argument, NULL, 'a' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { .pool = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 's')
			q.stranded = 1;
		else if (c == 'a')
			q.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, !q.all, !q.all, "POOL | --all");
	if (rc)
		return rc;
	q.pool = argv[optind];
	return fleet_read(&f, body, &q);
}

const struct verb verb_mobility = {
	.name = "mobility",
	.args = "POOL | --all [options]",
	.summary = "where VMs may go, and which of them can go nowhere",
	.help = "How many other hosts of its pool each group of running VMs "
		"has, and the islands:\nhosts between which some running VM "
		"may move.  A VM's own host is no other host.\n\n"
		"options:\n"
		"  --all           every pool, a line each\n"
		"  --stranded      name the VMs that can go "
		"nowhere\n" FLEET_HELP_READ
		"\nexit: 0 every VM has another host, 1 some have none, 4 not "
		"known of all\n\n"
		"examples:\n"
		"  cpulevel mobility prod-a\n"
		"  cpulevel mobility --all\n"
		"  cpulevel mobility --all --stranded\n",
	.run = run,
};

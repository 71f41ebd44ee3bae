/* SPDX-License-Identifier: MIT */
/* Who hides a feature: hosts, levels, VMs that booted without it. */
#include "fleet_say.h"

#include <stdlib.h>
#include <string.h>

struct question {
	const char *name, *pool;
	unsigned field;
};

struct blaming {
	struct fleet *f;
	unsigned field;
	int statement;
	size_t nr;   /* pools told of */
	int hidden;  /* in some pool it is */
	int unknown; /* hosts of which nobody knows */
};

/* What the hosts of one pool do to it. */
struct counts {
	uint32_t hosts, lacking, unknown;
	uint64_t vms, without, not_known;
	int in_level; /* of every vendor that is there */
	int no_level;
};

static void count_hosts(const struct fleet_view *v, unsigned field,
			struct counts *c)
{
	size_t i;

	for (i = 0; i < v->pool.nr_members; i++) {
		const struct lvl_fleet_member *m = &v->pool.member[i];
		const struct lvl_fleet_profile *p =
			&v->model->profile[m->profile];
		uint32_t n = m->active + m->unreachable;

		if (p->refused >> v->pool.guest & 1)
			continue;
		c->hosts += n;
		if (!(p->known >> v->pool.guest & 1))
			c->unknown += n;
		else if (!lvl_has(p->offers[v->pool.guest], field))
			c->lacking += n;
	}
}

static void count_vms(const struct fleet_view *v, unsigned field,
		      struct counts *c)
{
	size_t i;

	for (i = 0; i < v->pool.nr_groups; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		const struct lvl_fleet_seen *s = &v->model->seen[g->seen];

		c->vms += g->vms;
		if (!s->policy)
			c->not_known += g->vms;
		else if (!lvl_has(s->policy, field))
			c->without += g->vms;
	}
}

static void look_at_level(const struct fleet_view *v, unsigned field,
			  struct counts *c)
{
	unsigned vendor[LVL_FLEET_VENDORS], i;
	unsigned n = lvl_fleet_vendors(v->model, &v->pool, vendor);
	struct lvl_fleet_level *l = malloc(sizeof(*l));

	c->no_level = !n;
	c->in_level = l && n;
	for (i = 0; l && i < n; i++) {
		lvl_fleet_level(v->model, &v->pool, vendor[i], l);
		c->in_level &= !l->rc && lvl_has(&l->policy, field);
	}
	free(l);
}

/* -- hosts ---------------------------------------------------------------- */

static int lacks(const struct fleet_view *v, const struct fleet_view_host *h,
		 const struct blaming *b)
{
	const struct lvl_fleet_profile *p = &v->model->profile[h->profile];
	enum lvl_guest guest = v->pool.guest;

	return (p->known >> guest & 1) &&
	       lvl_has(p->offers[guest], b->field) == b->statement;
}

#define NAMES 16

static void name_hosts(const struct fleet_view *v, const struct blaming *b)
{
	struct cli_wrap w = { b->f->out, 4, 4 };
	size_t i, n = 0;
	char more[40];

	for (i = 0; i < v->nr_hosts; i++) {
		if (!lacks(v, &v->host[i], b))
			continue;
		if (!n++)
			fputs("    ", b->f->out);
		if (n <= NAMES)
			cli_wrap_word(&w, v->host[i].name);
	}
	if (n > NAMES) {
		snprintf(more, sizeof(more), "and %zu more (--json)",
			 n - NAMES);
		cli_wrap_word(&w, more);
	}
	if (n)
		cli_wrap_end(&w);
}

static const char *all_hosts(uint32_t n, char buf[FLEET_NUMBER])
{
	snprintf(buf, FLEET_NUMBER, "all %u hosts", n);
	return n == 1 ? "the only host" : buf;
}

static void say_pool(struct fleet_view *v, struct blaming *b,
		     const struct counts *c)
{
	FILE *out = b->f->out;
	uint32_t know = c->hosts - c->unknown;
	uint32_t n = b->statement ? know - c->lacking : c->lacking;
	char hosts[FLEET_NUMBER];

	fprintf(out, "%s%s%s  ", cli_ink(INK_BOLD), v->name,
		cli_ink(INK_PLAIN));
	if (b->statement)
		fprintf(out, "stated by %u of %u host%s%s\n", n, c->hosts,
			c->hosts == 1 ? "" : "s",
			n ? "; every guest is told" : "");
	else if (c->in_level && !n)
		fprintf(out, "%s %s it, and so do guests\n",
			all_hosts(c->hosts, hosts),
			c->hosts == 1 ? "has" : "have");
	else if (n == c->hosts)
		fprintf(out, "no host has it\n");
	else if (n)
		fprintf(out, "hidden by %u of %s\n", n,
			fleet_number(c->hosts, "host", hosts));
	else if (!c->no_level)
		fprintf(out, "all hosts have it, but the level cannot: what "
			     "it needs differs\n");
	else
		fprintf(out, "nothing is known of its hosts\n");
	if (n && n < c->hosts)
		name_hosts(v, b);
	if (c->unknown)
		fleet_say(out, 2, "not known of %u host%s", c->unknown,
			  c->unknown == 1 ? "" : "s");
	if (c->vms)
		fleet_say(out, 2, "%llu of %llu VMs booted without it",
			  (unsigned long long)c->without,
			  (unsigned long long)c->vms);
	if (c->not_known)
		fleet_say(out, 2, "not known of %llu VMs",
			  (unsigned long long)c->not_known);
}

static void json_pool(struct fleet_view *v, struct blaming *b,
		      const struct counts *c)
{
	FILE *out = b->f->out;
	size_t i, n = 0;

	fputs(b->nr ? ",\n    {" : "\n    {", out);
	fleet_json_key(out, "pool", v->name);
	fprintf(out,
		", \"in_level\": %s, \"hosts\": %u, \"lacking\": %u, "
		"\"unknown\": %u,\n     \"vms\": %llu, \"vms_without\": %llu, "
		"\"vms_unknown\": %llu,\n     \"who\": [",
		c->in_level ? "true" : "false", c->hosts, c->lacking,
		c->unknown, (unsigned long long)c->vms,
		(unsigned long long)c->without,
		(unsigned long long)c->not_known);
	for (i = 0; i < v->nr_hosts; i++) {
		if (!lacks(v, &v->host[i], b))
			continue;
		fputs(n++ ? ", " : "", out);
		cli_json_string(out, v->host[i].name);
	}
	fputs("]}", out);
}

static int one_pool(void *arg, struct fleet_view *v)
{
	struct blaming *b = arg;
	struct counts c = { 0 };
	int rc = 0;

	count_hosts(v, b->field, &c);
	count_vms(v, b->field, &c);
	look_at_level(v, b->field, &c);
	if (c.lacking || b->statement)
		rc = fleet_view_hosts(v);
	if (rc)
		return rc;
	b->hidden |= c.hosts && !c.in_level && !b->statement;
	b->unknown |= c.unknown != 0;
	if (b->f->json)
		json_pool(v, b, &c);
	else
		say_pool(v, b, &c);
	b->nr++;
	return 0;
}

/* -- levels --------------------------------------------------------------- */

struct named_level {
	char *name;
	int64_t version, policy;
};

struct named_levels {
	struct named_level *l;
	size_t nr, room;
};

/* Only the newest version of each counts for what boots next. */
static int keep_level(void *arg, const struct store_level *row)
{
	struct named_levels *all = arg;
	struct named_level *l;
	size_t i;

	for (i = 0; i < all->nr; i++) {
		l = &all->l[i];
		if (strcmp(l->name, row->name) != 0)
			continue;
		if (row->version > l->version) {
			l->version = row->version;
			l->policy = row->policy;
		}
		return 0;
	}
	l = cli_grow(all->l, all->nr, &all->room, sizeof(*all->l));
	if (!l)
		return -LVL_E_NO_MEMORY;
	all->l = l;
	l[all->nr] = (struct named_level){ strdup(row->name), row->version,
					   row->policy };
	all->nr += l[all->nr].name != NULL;
	return 0;
}

static int say_level(struct blaming *b, const struct named_level *l,
		     struct cli_wrap *w, size_t *n)
{
	const struct lvl_policy *p;
	char word[300];
	int rc = store_get_policy(b->f->s, l->policy, &p, NULL);

	if (rc || lvl_has(p, b->field) != b->statement)
		return rc;
	snprintf(word, sizeof(word), "%s@%lld", l->name, (long long)l->version);
	if (b->f->json) {
		fputs(*n ? ", " : "", b->f->out);
		cli_json_string(b->f->out, word);
	} else {
		if (!*n)
			cli_wrap_word(w, b->statement ? "levels that tell it:"
						      : "levels without it:");
		cli_wrap_word(w, word);
	}
	++*n;
	return 0;
}

static int say_levels(struct blaming *b)
{
	struct named_levels all = { 0 };
	struct cli_wrap w = { b->f->out, 4, 0 };
	size_t i, n = 0;
	int rc = store_scan_levels(b->f->s, keep_level, &all);

	for (i = 0; i < all.nr; i++) {
		if (!rc)
			rc = say_level(b, &all.l[i], &w, &n);
		free(all.l[i].name);
	}
	if (n && !b->f->json)
		cli_wrap_end(&w);
	free(all.l);
	return rc;
}

/* -- the verb ------------------------------------------------------------- */

static int body(struct fleet *f, void *arg)
{
	const struct question *q = arg;
	struct blaming b = { .f = f, .field = q->field };
	struct lvl_fleet model;
	struct fleet_view v;
	char place[CLI_PLACE];
	int rc;

	b.statement = fleet_is_statement(q->field);
	cli_place(q->field, place);
	if (f->json)
		fprintf(f->out,
			"{\n  \"format\": \"cpulevel-blame\",\n  \"version\": "
			"1,\n  \"feature\": \"%s\",\n  \"where\": \"%s\",\n  "
			"\"class\": \"%s\",\n  \"statement\": %s,\n  "
			"\"pools\": [",
			lvl_field_name(q->field), place,
			lvl_class_names[lvl_fields[q->field].klass],
			b.statement ? "true" : "false");
	else
		fprintf(f->out, "%s%s%s  %s  %s\n", cli_ink(INK_BOLD),
			lvl_field_name(q->field), cli_ink(INK_PLAIN), place,
			lvl_class_names[lvl_fields[q->field].klass]);
	if (q->pool) {
		rc = fleet_view_open(f, q->pool, &v);
		if (!rc) {
			rc = one_pool(&b, &v);
			fleet_view_close(&v);
		}
	} else {
		lvl_fleet_init(&model);
		rc = fleet_view_each(f, &model, one_pool, &b);
		lvl_fleet_free(&model);
	}
	if (!rc && f->json)
		fputs(b.nr ? "\n  ],\n  \"levels\": [" : "],\n  \"levels\": [",
		      f->out);
	if (!rc)
		rc = say_levels(&b);
	if (!rc && f->json)
		fputs("]\n}\n", f->out);
	f->exit = b.hidden ? EXIT_NO : b.unknown ? EXIT_INCOMPLETE : EXIT_YES;
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct question q = { .name = NULL };
	int rc = fleet_options(argc, argv, opts, &f), field;

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_arguments(argc, 1, 2, "FEATURE [POOL]");
	if (rc)
		return rc;
	field = cli_field(argv[optind]);
	if (field < 0)
		return EXIT_USAGE;
	if (!cli_is_feature((unsigned)field))
		return cli_usage("%s is no feature that a level has or has not",
				 argv[optind]);
	q.field = (unsigned)field;
	q.pool = argc - optind > 1 ? argv[optind + 1] : NULL;
	return fleet_read(&f, body, &q);
}

const struct verb verb_blame = {
	.name = "blame",
	.args = "FEATURE [POOL] [options]",
	.summary = "who hides a feature: hosts, levels, VMs",
	.help = "Which hosts of a pool, or of every pool, have not the "
		"feature and so take it from all\nguests; how many VMs booted "
		"without it; which levels are without it.  Of a statement\n"
		"(rrsba, fb-clear): which hosts make it.\n\n"
		"options:\n" FLEET_HELP_READ
		"\nexit: 0 nobody hides it, 1 somebody does, 4 not known of "
		"every host\n\n"
		"examples:\n"
		"  cpulevel blame vaes prod-a\n"
		"  cpulevel blame avx512f\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/*
 * The order of levels: which lies below which, nothing in between.  With a
 * pool, also what its sorts of hosts have in common, in every combination.
 */
#include "fleet_levels.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NODES 64

struct node {
	struct lvl_policy p;
	char names[200]; /* of the levels that are this one; may be "" */
	int64_t vms;     /* that run at such a level */
	int64_t hosts;   /* of the pool, that run such guests */
	unsigned features;
	int host; /* a sort of hosts by itself */
};

struct lattice {
	struct fleet *f;
	struct store_pool pool; /* id 0: none */
	enum lvl_guest guest;
	struct node *node[NODES];
	unsigned nr;
	int cut; /* there are more */
	uint8_t below[NODES][NODES];
};

static int same(const struct lvl_policy *a, const struct lvl_policy *b)
{
	return lvl_fits(a, b, NULL, NULL) == LVL_YES &&
	       lvl_fits(b, a, NULL, NULL) == LVL_YES;
}

/* The node of this policy, a new one if need be; NULL: there are too many. */
static struct node *node_of(struct lattice *l, const struct lvl_policy *p)
{
	unsigned i;

	for (i = 0; i < l->nr; i++)
		if (same(&l->node[i]->p, p))
			return l->node[i];
	if (l->nr == NODES) {
		l->cut = 1;
		return NULL;
	}
	l->node[l->nr] = calloc(1, sizeof(struct node));
	if (!l->node[l->nr])
		return NULL;
	l->node[l->nr]->p = *p;
	l->node[l->nr]->features = cli_count_features(p);
	return l->node[l->nr++];
}

/* -- what there is -------------------------------------------------------- */

static int add_level(void *arg, const struct store_level *v)
{
	struct lattice *l = arg;
	const struct lvl_policy *p;
	struct store_level newest;
	struct node *n;
	size_t len;
	int rc = store_find_level(l->f->s, v->name, 0, &newest);

	if (rc || newest.id != v->id || v->guest != (int)l->guest)
		return rc;
	if (l->pool.id && v->pool && v->pool != l->pool.id)
		return 0;
	rc = store_get_policy(l->f->s, v->policy, &p, NULL);
	n = rc ? NULL : node_of(l, p);
	if (!n)
		return rc;
	len = strlen(n->names);
	snprintf(n->names + len, sizeof(n->names) - len, "%s%s@%lld",
		 len ? " " : "", v->name, (long long)v->version);
	return 0;
}

static int add_hosts(void *arg, const struct store_host_count *c)
{
	struct lattice *l = arg;
	const struct store_profile *profile;
	struct lvl_policy p;
	struct lvl_fold fold;
	struct node *n;
	int rc;

	if (!c->hosts || !c->profile || c->state == STORE_HOST_RETIRED)
		return 0;
	rc = store_get_profile(l->f->s, c->profile, &profile);
	if (rc || fleet_policies(profile, l->guest, fleet_platform(&l->pool),
				 &p, NULL))
		return rc;
	lvl_fold_init(&fold);
	lvl_fold_add(&fold, &p);
	n = lvl_fold_read(&fold, &p, NULL, NULL) ? NULL : node_of(l, &p);
	if (n)
		n->host = 1;
	return 0;
}

/* Which hosts would take a guest of each level. */
static int count_hosts(void *arg, const struct store_host_count *c)
{
	struct lattice *l = arg;
	const struct store_profile *profile;
	struct lvl_policy arrival;
	unsigned i;
	int rc;

	if (!c->hosts || !c->profile || c->state != STORE_HOST_ACTIVE)
		return 0;
	rc = store_get_profile(l->f->s, c->profile, &profile);
	if (rc || fleet_policies(profile, l->guest, fleet_platform(&l->pool),
				 NULL, &arrival))
		return rc;
	for (i = 0; i < l->nr; i++)
		if (lvl_fits(&l->node[i]->p, &arrival, NULL, NULL) == LVL_YES)
			l->node[i]->hosts += c->hosts;
	return 0;
}

static int count_vms(void *arg, const struct store_vm_count *c)
{
	struct lattice *l = arg;
	const struct lvl_policy *saw;
	unsigned i;
	int rc;

	if (!c->seen || c->guest != (int)l->guest)
		return 0;
	rc = store_get_policy(l->f->s, c->seen, &saw, NULL);
	for (i = 0; i < l->nr && !rc; i++)
		if (same(&l->node[i]->p, saw)) {
			l->node[i]->vms += c->vms;
			break;
		}
	return rc;
}

/* Any two have something in common, and that is one of them. */
static void close_meets(struct lattice *l)
{
	struct lvl_policy p;
	struct lvl_fold fold;
	unsigned i, j;

	for (i = 0; i < l->nr; i++) {
		for (j = 0; j < i; j++) {
			lvl_fold_init(&fold);
			lvl_fold_add(&fold, &l->node[i]->p);
			lvl_fold_add(&fold, &l->node[j]->p);
			if (!lvl_fold_read(&fold, &p, NULL, NULL))
				(void)node_of(l, &p);
		}
	}
}

/* -- the order ------------------------------------------------------------ */

static int richer(const void *x, const void *y)
{
	const struct node *a = *(struct node *const *)x;
	const struct node *b = *(struct node *const *)y;

	if (a->features != b->features)
		return a->features < b->features ? 1 : -1;
	return strcmp(a->names, b->names);
}

/* below[i][j]: i lies directly below j. */
static void find_covers(struct lattice *l)
{
	static uint8_t under[NODES][NODES];
	unsigned i, j, k;

	qsort(l->node, l->nr, sizeof(l->node[0]), richer);
	for (i = 0; i < l->nr; i++)
		for (j = 0; j < l->nr; j++)
			under[i][j] = i != j &&
				      lvl_fits(&l->node[i]->p, &l->node[j]->p,
					       NULL, NULL) == LVL_YES;
	for (i = 0; i < l->nr; i++)
		for (j = 0; j < l->nr; j++) {
			l->below[i][j] = under[i][j];
			for (k = 0; k < l->nr; k++)
				if (under[i][k] && under[k][j])
					l->below[i][j] = 0;
		}
}

/* -- the answer ----------------------------------------------------------- */

/* "3", "prod-a@2", "a kind of host": what people may call it. */
static const char *title(const struct node *n)
{
	return *n->names ? n->names : n->host ? "(a sort of host)" : "-";
}

static void list_below(const struct lattice *l, unsigned j, char *buf,
		       size_t size)
{
	unsigned i;
	size_t n = 0;

	*buf = '\0';
	for (i = 0; i < l->nr; i++)
		if (l->below[i][j] && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%u",
					      n ? " " : "", i + 1);
}

static int as_text(struct lattice *l)
{
	static const struct fleet_column columns[] = {
		{ "", 1, 0 },      { "LEVEL", 0, 0 }, { "FEATURES", 1, 0 },
		{ "HOSTS", 1, 0 }, { "VMS", 1, 0 },   { "ABOVE", 0, 0 },
	};
	struct fleet_table t;
	char nr[16], features[16], hosts[24], vms[24], below[200];
	unsigned i;

	fleet_table_init(&t, l->f->out, columns, LVL_COUNT(columns));
	for (i = 0; i < l->nr; i++) {
		const struct node *n = l->node[i];

		snprintf(nr, sizeof(nr), "%u", i + 1);
		snprintf(features, sizeof(features), "%u", n->features);
		snprintf(hosts, sizeof(hosts), "%lld", (long long)n->hosts);
		snprintf(vms, sizeof(vms), "%lld", (long long)n->vms);
		list_below(l, i, below, sizeof(below));
		fleet_table_row(&t, nr, title(n), features,
				l->pool.id ? hosts : NULL, vms, below);
	}
	return fleet_table_end(&t);
}

static void as_dot(const struct lattice *l)
{
	FILE *out = l->f->out;
	unsigned i, j;

	fputs("digraph levels {\n\trankdir=BT;\n\tnode [shape=box];\n", out);
	for (i = 0; i < l->nr; i++) {
		const struct node *n = l->node[i];

		fprintf(out, "\tn%u [label=", i + 1);
		cli_json_string(out, title(n));
		fprintf(out, ", xlabel=\"%u features, %lld VM%s\"%s];\n",
			n->features, (long long)n->vms, n->vms == 1 ? "" : "s",
			*n->names ? ", style=bold" : "");
	}
	for (i = 0; i < l->nr; i++)
		for (j = 0; j < l->nr; j++)
			if (l->below[i][j])
				fprintf(out, "\tn%u -> n%u;\n", i + 1, j + 1);
	fputs("}\n", out);
}

static int as_json(struct lattice *l)
{
	json_t *rows = json_array();
	unsigned i, j;

	for (i = 0; i < l->nr; i++) {
		const struct node *n = l->node[i];
		json_t *above = json_array();

		for (j = 0; j < l->nr; j++)
			if (l->below[j][i])
				json_array_append_new(above,
						      json_integer(j + 1));
		json_array_append_new(
			rows,
			json_pack("{s:i, s:s, s:i, s:I, s:I, s:b, s:o}",
				  "number", (int)i + 1, "levels", n->names,
				  "feature_count", (int)n->features, "hosts",
				  (json_int_t)n->hosts, "vms",
				  (json_int_t)n->vms, "is_host", n->host,
				  "above", above));
	}
	return fleet_json(l->f, json_pack("{s:s, s:i, s:b, s:o}", "format",
					  "cpulevel-lattice", "version", 1,
					  "complete", !l->cut, "nodes", rows));
}

struct question {
	const char *pool;
	enum lvl_guest guest;
	int guest_given, dot;
};

static int load(struct lattice *l, const struct question *q)
{
	int rc = q->pool ? fleet_pool(l->f, q->pool, &l->pool) : 0;

	if (rc)
		return rc;
	l->guest = q->guest;
	if (q->pool && !q->guest_given)
		l->guest = (enum lvl_guest)l->pool.guest;
	rc = store_scan_levels(l->f->s, add_level, l);
	if (!rc && q->pool)
		rc = store_count_hosts(l->f->s, l->pool.id, add_hosts, l);
	if (rc)
		return rc;
	if (q->pool)
		close_meets(l);
	find_covers(l);
	if (q->pool)
		rc = store_count_hosts(l->f->s, l->pool.id, count_hosts, l);
	return rc ? rc : store_count_vms(l->f->s, l->pool.id, count_vms, l);
}

static int body(struct fleet *f, void *arg)
{
	static struct lattice l; /* large */
	const struct question *q = arg;
	unsigned i;
	int rc;

	memset(&l, 0, sizeof(l));
	l.f = f;
	rc = load(&l, q);
	if (!rc && q->dot)
		as_dot(&l);
	else if (!rc)
		rc = f->json ? as_json(&l) : as_text(&l);
	if (!rc && l.cut) {
		cli_warn("there are more than %d levels: only these are shown",
			 NODES);
		f->exit = EXIT_INCOMPLETE;
	}
	for (i = 0; i < l.nr; i++)
		free(l.node[i]);
	return rc;
}

int fleet_level_lattice(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "dot", no_argument, NULL, 'd' },
		{ "guest", required_argument, NULL, 'g' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct cli_select s = { .guest = LVL_HVM };
	struct question q = { NULL, LVL_HVM, 0, 0 };
	struct fleet f = { .store = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'd')
			q.dot = 1;
		else if (c == 'g')
			rc = cli_select_option(&s, c);
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, 1, "lattice [POOL] [--dot]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	q.pool = optind < argc ? argv[optind] : NULL;
	q.guest = s.guest;
	q.guest_given = s.guest_given;
	return fleet_read(&f, body, &q);
}

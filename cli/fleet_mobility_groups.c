/* SPDX-License-Identifier: MIT */
/* The VMs of a pool by what they saw, in the table of `mobility`. */
#include "fleet_say.h"

#include <stdlib.h>

static void say_group(struct fleet_view *v, const struct lvl_fleet_group *g,
		      struct fleet_table *t)
{
	const struct lvl_fleet_seen *s = &v->model->seen[g->seen];
	char vms[16], saw[16] = "?", homes[16], unsure[16], level[300] = "";
	struct lvl_fleet_reach r;
	struct store_level l;

	lvl_fleet_reach(v->model, &v->pool, g, &r);
	snprintf(vms, sizeof(vms), "%u", g->vms);
	if (s->policy)
		snprintf(saw, sizeof(saw), "%u", cli_count_features(s->policy));
	snprintf(homes, sizeof(homes), "%u", r.others);
	snprintf(unsure, sizeof(unsure), "%u", r.unsure);
	if (g->level && !store_get_level(v->f->s, g->level, &l))
		snprintf(level, sizeof(level), "%.250s@%lld", l.name,
			 (long long)l.version);
	fleet_table_row(t, vms, saw, *level ? level : NULL, homes,
			r.unsure ? unsure : NULL, fleet_fates[r.fate]);
}

/* Those in trouble first; then by how many they are. */
static struct fleet_view *sorting;

static int by_trouble(const void *x, const void *y)
{
	const struct lvl_fleet_group *a = *(struct lvl_fleet_group *const *)x;
	const struct lvl_fleet_group *b = *(struct lvl_fleet_group *const *)y;
	struct lvl_fleet_reach ra, rb;

	lvl_fleet_reach(sorting->model, &sorting->pool, a, &ra);
	lvl_fleet_reach(sorting->model, &sorting->pool, b, &rb);
	if (ra.others != rb.others)
		return ra.others < rb.others ? -1 : 1;
	if (a->vms != b->vms)
		return a->vms > b->vms ? -1 : 1;
	return (a > b) - (a < b);
}

#define GROUPS 20

int fleet_say_groups(struct fleet_view *v, FILE *out)
{
	static const struct fleet_column columns[] = {
		{ "VMS", 1, 0 },     { "SAW", 1, 0 },
		{ "LEVEL", 0, 1 },   { "OTHER HOSTS", 1, 0 },
		{ "UNKNOWN", 1, 2 }, { "THEY ARE", 0, 0 },
	};
	const struct lvl_fleet_group **g;
	struct fleet_table t;
	size_t i, n = 0;

	g = calloc(v->pool.nr_groups + 1, sizeof(*g));
	if (!g)
		return -LVL_E_NO_MEMORY;
	for (i = 0; i < v->pool.nr_groups; i++)
		if (v->pool.group[i].vms)
			g[n++] = &v->pool.group[i];
	sorting = v;
	if (n)
		qsort(g, n, sizeof(*g), by_trouble);
	fleet_table_init(&t, out, columns, LVL_COUNT(columns));
	for (i = 0; i < n && i < GROUPS; i++)
		say_group(v, g[i], &t);
	free(g);
	if (fleet_table_end(&t))
		return -LVL_E_NO_MEMORY;
	if (n > GROUPS)
		fprintf(out, "  ... and %zu more groups (--json)\n",
			n - GROUPS);
	return 0;
}

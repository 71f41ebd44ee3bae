/* SPDX-License-Identifier: MIT */
#include "fleet_stranded.h"

#include <string.h>

const char *const fleet_fates[] = { "free", "stranded", "not known" };

struct listing {
	struct fleet_stranded *s;
	struct fleet_view *v;
	const struct lvl_fleet_group *g;
	struct lvl_fleet_reach r;
	char saw[16]; /* features; the same for all of a group */
};

static void count_seen(const struct lvl_fleet_seen *s, char saw[16])
{
	snprintf(saw, 16, "?");
	if (s->policy)
		snprintf(saw, 16, "%u", cli_count_features(s->policy));
}

static int list_vm(void *arg, const struct store_vm *vm)
{
	struct listing *l = arg;
	const struct lvl_fleet_seen *s = &l->v->model->seen[l->g->seen];
	const struct fleet_view_host *h = fleet_view_host(l->v, vm->host);
	size_t on = h && h->active ? h->profile : LVL_FLEET_ELSEWHERE;
	struct fleet_stranded *out = l->s;

	if (!vm->host || vm->seen != s->id || vm->level != l->g->level ||
	    vm->guest != (int)s->guest ||
	    (l->g->on != LVL_FLEET_NONE && l->g->on != on))
		return 0;
	if (out->table) {
		fleet_table_row(out->table, vm->name, l->v->name,
				h ? h->name : NULL, l->saw,
				fleet_fates[l->r.fate]);
		return 0;
	}
	fputs(out->nr++ ? ",\n    {" : "\n    {", out->f->out);
	fleet_json_key(out->f->out, "vm", vm->name);
	fputs(", ", out->f->out);
	fleet_json_key(out->f->out, "pool", l->v->name);
	fputs(", ", out->f->out);
	fleet_json_key(out->f->out, "host", h ? h->name : NULL);
	fprintf(out->f->out, ", \"features\": %s, \"fate\": \"%s\"}",
		s->policy ? l->saw : "null",
		l->r.fate == LVL_FLEET_STRANDED ? "stranded" : "unknown");
	return 0;
}

/* Those that were located, or else those of the store. */
static int list_group(struct listing *l)
{
	struct fleet_view *v = l->v;
	const struct store_vm_filter of = {
		.pool = v->id, .seen = v->model->seen[l->g->seen].id
	};
	size_t i;
	int rc = 0;

	if (l->g->on == LVL_FLEET_NONE)
		return store_scan_vms(v->f->s, &of, list_vm, l);
	for (i = 0; !rc && i < v->located.nr; i++)
		rc = list_vm(l, &v->located.vm[i]);
	return rc;
}

/* Only pools that have some are looked at closely. */
int fleet_stranded_list(struct fleet_stranded *s, struct fleet_view *v)
{
	struct listing l = { .s = s, .v = v };
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < v->pool.nr_groups; i++) {
		l.g = &v->pool.group[i];
		if (!l.g->vms)
			continue;
		lvl_fleet_reach(v->model, &v->pool, l.g, &l.r);
		if (l.r.fate == LVL_FLEET_FREE)
			continue;
		rc = fleet_view_hosts(v);
		count_seen(&v->model->seen[l.g->seen], l.saw);
		if (!rc)
			rc = list_group(&l);
	}
	return rc;
}

/* The rows that fleet_stranded_list() will want. */
static int ask_ahead(struct fleet_stranded *s, struct fleet_view *v)
{
	const struct store_host_filter hosts = { .pool = v->id };
	size_t i;
	int rc = v->has_hosts ? 0 : store_ahead_hosts(v->f->s, &hosts);

	s->asked++;
	for (i = 0; !rc && i < v->pool.nr_groups; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		const struct store_vm_filter of = {
			.pool = v->id, .seen = v->model->seen[g->seen].id
		};
		struct lvl_fleet_reach r;

		lvl_fleet_reach(v->model, &v->pool, g, &r);
		if (!g->vms || g->on != LVL_FLEET_NONE ||
		    r.fate == LVL_FLEET_FREE)
			continue;
		s->asked++;
		rc = store_ahead_vms(v->f->s, &of);
	}
	return rc;
}

int fleet_stranded_rest(struct fleet_stranded *s, int rc)
{
	unsigned i;

	for (i = 0; i < s->nr_waiting; i++) {
		if (!rc)
			rc = fleet_stranded_list(s, &s->waiting[i]);
		fleet_view_close(&s->waiting[i]);
	}
	s->nr_waiting = s->asked = 0;
	return rc;
}

int fleet_stranded_later(struct fleet_stranded *s, struct fleet_view *v)
{
	int rc = ask_ahead(s, v);

	s->waiting[s->nr_waiting++] = *v;
	memset(v, 0, sizeof(*v));
	if (rc || s->nr_waiting == LVL_COUNT(s->waiting) ||
	    s->asked > STORE_AHEAD / 2)
		rc = fleet_stranded_rest(s, rc);
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "fleet_show.h"

#include <jansson.h>

static json_t *row_json(struct show *s, const struct show_row *r, int *rc)
{
	const struct lvl_policy *own =
		r->profile ? show_offers(s, r->at) : NULL;
	struct store_source source = { .cpu = NULL };

	if (r->source)
		*rc = store_get_source(s->f->s, r->source, &source);
	return json_pack(
		"{s:s, s:I, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:s?}", "host",
		r->name, "hosts", (json_int_t)r->hosts, "state",
		fleet_host_states[r->state], "cpu", source.cpu, "kernel",
		source.kernel, "microcode", source.microcode, "own",
		own ? json_integer(cli_count_features(own)) : json_null(),
		"hidden",
		own && !s->level.rc ? json_integer(show_beyond(s, own))
				    : json_null(),
		"drift", *r->drift ? r->drift : NULL);
}

/* Features of p; beyond: only the capabilities that the level has not. */
static json_t *names(const struct show *s, const struct lvl_policy *p,
		     int beyond)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (beyond ? show_is_beyond(s, p, i)
			   : cli_is_feature(i) && lvl_has(p, i))
			json_array_append_new(list,
					      json_string(lvl_field_name(i)));
	return list;
}

static json_t *level_json(struct show *s)
{
	if (s->level.rc)
		return json_null();
	return json_pack(
		"{s:s, s:o, s:b, s:o}", "name", s->pool.name, "version",
		s->newest.id ? json_integer(s->newest.version) : json_null(),
		"current", s->current, "features",
		names(s, &s->level.policy, 0));
}

static json_t *kept_json(struct show *s)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS && !s->level.rc; i++)
		if (show_is_kept(s, i))
			json_array_append_new(list,
					      json_string(lvl_field_name(i)));
	return list;
}

static json_t *limiting_json(struct show *s)
{
	char who[FLEET_VIEW_NAMES];

	if (s->limiting == LVL_FLEET_NONE || fleet_view_hosts(&s->view))
		return json_null();
	return json_pack("{s:s, s:o}", "hosts",
			 fleet_view_names(&s->view, s->limiting, who),
			 "features", names(s, &s->without, 1));
}

/* As the text has it where a pool has no level of its own. */
static json_t *by_vendor_json(struct show *s)
{
	static struct lvl_fleet_level level; /* large */
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < s->nr_vendors; i++) {
		lvl_fleet_level(s->view.model, &s->view.pool, s->vendor[i],
				&level);
		json_array_append_new(
			list,
			json_pack("{s:s, s:I, s:o}", "vendor",
				  lvl_vendor_name(s->vendor[i]), "hosts",
				  (json_int_t)level.hosts, "feature_count",
				  level.rc ? json_null()
					   : json_integer(cli_count_features(
						     &level.policy))));
	}
	return list;
}

/* What decides the level, and some host did not say. */
static json_t *open_json(const struct show *s)
{
	const struct lvl_status *status = &s->level.status;
	json_t *list = json_array();
	unsigned i;

	for (i = 0; !s->level.rc && i < status->nr_incomplete; i++)
		if (lvl_fleet_matters(status->incomplete[i],
				      (enum lvl_guest)s->pool.guest))
			json_array_append_new(list,
					      json_string(lvl_field_name(
						      status->incomplete[i])));
	return list;
}

static json_t *set_json(const struct show *s)
{
	const struct store_assign *a = &s->set;

	if (!a->id)
		return json_null();
	return json_pack("{s:s, s:o}", "level", a->level, "level_version",
			 a->version ? json_integer(a->version) : json_null());
}

int show_json(struct show *s)
{
	json_t *rows = json_array(), *vendors = json_array();
	size_t i;
	int rc = 0;

	for (i = 0; i < s->nr && !rc; i++)
		json_array_append_new(rows, row_json(s, &s->row[i], &rc));
	for (i = 0; i < s->nr_vendors; i++)
		json_array_append_new(
			vendors, json_string(lvl_vendor_name(s->vendor[i])));
	if (rc) {
		json_decref(rows);
		json_decref(vendors);
		return rc;
	}
	return fleet_json(
		s->f,
		json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, "
			  "s:b, s:o, s:o, "
			  "s:o, s:o, s:o, s:o, s:o, s:o}",
			  "format", "cpulevel-pool", "version", 1, "name",
			  s->pool.name, "guest", lvl_guest_names[s->pool.guest],
			  "platform", fleet_platform(&s->pool)->name, "hosts",
			  (json_int_t)lvl_fleet_pool_size(&s->view.pool), "vms",
			  (json_int_t)lvl_fleet_pool_load(&s->view.pool),
			  "unknown", (json_int_t)s->level.unknown,
			  "unreachable", (json_int_t)s->level.unreachable,
			  "without", (json_int_t)s->level.without, "incomplete",
			  s->level.incomplete, "not_known", open_json(s),
			  "vendors", vendors, "by_vendor", by_vendor_json(s),
			  "level", level_json(s), "set", set_json(s),
			  "limiting", limiting_json(s), "statements",
			  kept_json(s), "members", rows));
}

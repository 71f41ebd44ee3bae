/* SPDX-License-Identifier: MIT */
/* What has become of pools whose hosts are others now. */
#include "fleet_pool.h"

#include <jansson.h>

struct settled {
	struct store_pool pool;
	struct store_level v; /* the newest version; id 0: none yet */
	struct fleet_live l;
	int fresh; /* the version is new */
	int64_t hosts;
};

static int settle(struct fleet *f, const struct store_pool *p,
		  struct settled *s)
{
	int rc = fleet_settle(f, p, &s->v, &s->l, &s->fresh);

	s->pool = *p;
	return rc ? rc : fleet_pool_hosts(f, p->id, &s->hosts);
}

/* -- text ----------------------------------------------------------------- */

/* What new VMs get less, or more, than by the version before. */
static int say_difference(struct fleet *f, const struct store_level *v,
			  const struct lvl_policy *now)
{
	const struct lvl_policy *before;
	struct store_level old;
	int rc;

	if (v->version < 2)
		return 0;
	rc = store_find_level(f->s, v->name, v->version - 1, &old);
	if (!rc)
		rc = store_get_policy(f->s, old.policy, &before, NULL);
	if (!rc)
		fleet_say_features(before, now, f->out);
	return rc;
}

static void say_none(struct fleet *f, const struct fleet_live *l)
{
	if (l->rc == -LVL_E_VENDOR)
		fputs("  no level of its own: the CPU vendors differ\n",
		      f->out);
	else if (l->rc == -LVL_E_CONFLICT)
		fprintf(f->out, "  no level: %s differs\n",
			lvl_field_name(l->status.none_field));
}

static void say_missing(struct fleet *f, const struct fleet_live *l)
{
	if (l->unknown)
		fprintf(f->out,
			"  incomplete: %lld host%s never reported what %s "
			"guests can have there\n",
			(long long)l->unknown, l->unknown == 1 ? "" : "s",
			lvl_guest_names[l->guest]);
	if (l->incomplete && !l->unknown && !l->unreachable)
		fputs("  incomplete: the hosts did not report all that decides "
		      "it; `cpulevel pool show` has what\n",
		      f->out);
	if (l->without)
		fprintf(f->out, "  %lld host%s no %s guests\n",
			(long long)l->without,
			l->without == 1 ? " runs" : "s run",
			lvl_guest_names[l->guest]);
}

static int as_text(struct fleet *f, const struct settled *s)
{
	char size[FLEET_SIZE];

	fprintf(f->out, "%s  %lld host%s", s->pool.name, (long long)s->hosts,
		s->hosts == 1 ? "" : "s");
	if (s->v.id && !s->l.rc)
		fprintf(f->out, "  level %s@%lld  %s%s\n", s->v.name,
			(long long)s->v.version,
			fleet_say_size(&s->l.policy, size),
			s->fresh ? "" : "  unchanged");
	else
		putc('\n', f->out);
	say_none(f, &s->l);
	say_missing(f, &s->l);
	return s->fresh ? say_difference(f, &s->v, &s->l.policy) : 0;
}

/* -- JSON ----------------------------------------------------------------- */

static json_t *as_json(const struct settled *s)
{
	json_t *level = json_null();

	if (s->v.id && !s->l.rc)
		level = json_pack("{s:s, s:I, s:b, s:i}", "name", s->v.name,
				  "version", (json_int_t)s->v.version, "new",
				  s->fresh, "feature_count",
				  (int)cli_count_features(&s->l.policy));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name",
			 s->pool.name, "guest", lvl_guest_names[s->pool.guest],
			 "platform", fleet_platform(&s->pool)->name, "hosts",
			 (json_int_t)s->hosts, "unknown",
			 (json_int_t)s->l.unknown, "unreachable",
			 (json_int_t)s->l.unreachable, "without",
			 (json_int_t)s->l.without, "level", level);
}

static json_t *document(json_t *pool)
{
	json_t *d = json_pack("{s:s, s:i}", "format", "cpulevel-pool",
			      "version", 1);

	if (json_object_update(d, pool)) {
		json_decref(d);
		d = NULL;
	}
	json_decref(pool);
	return d;
}

/* -- and those that the hosts have left ----------------------------------- */

static int say_left(struct fleet *f, const struct fleet_left *left,
		    json_t *list)
{
	static struct settled s; /* large */
	struct store_pool p;
	json_t *o;
	int rc = store_get_pool(f->s, left->pool, &p);

	if (!rc)
		rc = settle(f, &p, &s);
	if (rc)
		return rc;
	if (!list) {
		fprintf(f->out, "%lld of them came from %s:\n",
			(long long)left->hosts, p.name);
		return as_text(f, &s);
	}
	o = as_json(&s);
	json_object_set_new(o, "moved", json_integer(left->hosts));
	return json_array_append_new(list, o) ? -LVL_E_NO_MEMORY : 0;
}

int fleet_settle_and_say(struct fleet *f, const struct store_pool *p,
			 const struct fleet_left *left, size_t nr)
{
	static struct settled s; /* large */
	json_t *list = f->json ? json_array() : NULL, *d = NULL;
	size_t i;
	int rc = settle(f, p, &s);

	if (!rc && f->json)
		d = document(as_json(&s));
	else if (!rc)
		rc = as_text(f, &s);
	for (i = 0; i < nr && !rc; i++)
		rc = say_left(f, &left[i], list);
	if (!rc && f->json) {
		json_object_set(d, "from", list);
		rc = fleet_json(f, d);
		d = NULL;
	}
	json_decref(d);
	json_decref(list);
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "fleet_changes.h"
#include "fleet_levels.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* -- the change that made it ---------------------------------------------- */

struct made {
	int64_t time;
	const char *actor, *note; /* of the transaction */
};

static int take(void *arg, const struct store_change *c)
{
	struct made *m = arg;

	m->time = c->time;
	m->actor = strdup(c->actor ? c->actor : "");
	m->note = c->note ? strdup(c->note) : NULL;
	return 0;
}

static int find_made(struct fleet *f, const struct store_level *v,
		     struct made *m)
{
	const struct store_change_filter just = { .since = v->rev - 1,
						  .until = v->rev,
						  .kind = -1 };

	memset(m, 0, sizeof(*m));
	return store_changes(f->s, &just, take, m);
}

/* -- where it is set ------------------------------------------------------ */

struct uses {
	const struct store_level *v;
	json_t *list;
};

static int add_use(void *arg, const struct store_assign *a)
{
	static const char *const scopes[] = { "pool", "group", "vm" };
	struct uses *u = arg;
	char text[600];

	if (strcmp(a->level, u->v->name) != 0 ||
	    (a->version && a->version != u->v->version))
		return 0;
	snprintf(text, sizeof(text), "%s %s", scopes[a->scope], a->name);
	return json_array_append_new(u->list, json_string(text));
}

static json_t *uses_of(struct fleet *f, const struct store_level *v, int *rc)
{
	struct uses u = { v, json_array() };

	*rc = store_scan_assigns(f->s, add_use, &u);
	return u.list;
}

/* -- the answer ----------------------------------------------------------- */

struct shown {
	struct store_level v;
	const struct lvl_policy *p;
	const char *follows; /* NULL: pinned */
	struct fleet_under under;
	struct made made;
	json_t *uses, *definition;
};

static int load(struct fleet *f, const char *name, struct shown *s)
{
	struct store_pool pool;
	int rc = fleet_level(f, name, &s->v);

	if (rc)
		return rc;
	rc = store_get_policy(f->s, s->v.policy, &s->p, NULL);
	if (!rc)
		rc = fleet_level_pool(f, &s->v, &pool);
	if (!rc && pool.id)
		s->follows = pool.name;
	if (!rc)
		rc = fleet_level_vms(f, &s->v, &s->under);
	if (!rc)
		rc = find_made(f, &s->v, &s->made);
	if (rc)
		return rc;
	s->uses = uses_of(f, &s->v, &rc);
	if (s->v.definition)
		s->definition = json_loads(s->v.definition, 0, NULL);
	json_object_del(s->definition, "caps");
	return rc;
}

static void line(struct fleet *f, const char *key, const json_t *list)
{
	struct cli_wrap w = { f->out, 12, 0 };
	const json_t *v;
	size_t i;

	if (!json_array_size(list))
		return;
	fprintf(f->out, "  %-8s  ", key);
	w.column = w.indent;
	json_array_foreach(list, i, v) cli_wrap_word(&w, json_string_value(v));
	cli_wrap_end(&w);
}

static void features(const struct lvl_policy *p, FILE *out)
{
	struct cli_wrap w = { out, 2, 0 };
	unsigned i;

	fputs("  ", out);
	w.column = 2;
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (cli_is_feature(i) && lvl_has(p, i))
			cli_wrap_word(&w, lvl_field_name(i));
	cli_wrap_end(&w);
}

static void as_text(struct fleet *f, const struct shown *s)
{
	char size[FLEET_SIZE], when[FLEET_TIME];

	fprintf(f->out, "%s@%lld  %s guests  %s\n", s->v.name,
		(long long)s->v.version, lvl_guest_names[s->v.guest],
		fleet_say_size(s->p, size));
	fprintf(f->out, "  %-8s  %s by ", "made",
		fleet_say_time(s->made.time, when));
	fleet_say_words(f->out, s->made.actor);
	if (s->made.note)
		fputs(": ", f->out);
	fleet_say_words(f->out, s->made.note ? s->made.note : "");
	putc('\n', f->out);
	fprintf(f->out, "  %-8s  %s\n", "follows",
		s->follows ? s->follows : "nothing: it stays as it is");
	line(f, "from", json_object_get(s->definition, "from"));
	line(f, "cap", json_object_get(s->definition, "cap"));
	line(f, "drop", json_object_get(s->definition, "drop"));
	line(f, "set for", s->uses);
	fprintf(f->out, "  %-8s  %lld run at it, %lld at other versions\n",
		"vms", (long long)s->under.now, (long long)s->under.older);
	features(s->p, f->out);
}

static int as_json(struct fleet *f, const struct shown *s)
{
	json_t *list = json_array();
	char when[FLEET_TIME], hash[LVL_HASH_HEX] = "";
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (cli_is_feature(i) && lvl_has(s->p, i))
			json_array_append_new(list,
					      json_string(lvl_field_name(i)));
	(void)lvl_policy_hash(s->p, hash);
	return fleet_json(
		f,
		json_pack(
			"{s:s, s:i, s:s, s:I, s:s, s:i, s:s?, s:s, s:s, s:s?, "
			"s:s, s:O?, s:O, s:I, s:I, s:o}",
			"format", "cpulevel-stored-level", "version", 1, "name",
			s->v.name, "level_version", (json_int_t)s->v.version,
			"guest", lvl_guest_names[s->v.guest], "feature_count",
			(int)cli_count_features(s->p), "follows", s->follows,
			"made", fleet_say_time(s->made.time, when), "actor",
			s->made.actor, "note", s->made.note, "policy", hash,
			"definition", s->definition, "set_for", s->uses, "vms",
			(json_int_t)s->under.now, "vms_older",
			(json_int_t)s->under.older, "features", list));
}

static int show_body(struct fleet *f, void *arg)
{
	struct shown s;
	int rc;

	memset(&s, 0, sizeof(s));
	rc = load(f, *(char **)arg, &s);
	if (!rc && f->json)
		rc = as_json(f, &s);
	else if (!rc)
		as_text(f, &s);
	json_decref(s.uses);
	json_decref(s.definition);
	free((char *)s.made.actor);
	free((char *)s.made.note);
	return rc;
}

int fleet_level_show(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 1, 1, "show NAME[@V]", show_body);
}

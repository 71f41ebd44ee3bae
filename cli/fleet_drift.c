/* SPDX-License-Identifier: MIT */
/* Hosts that are not what they were: what changed, and whom it strands. */
#include "fleet_changes.h"
#include "fleet_level.h"
#include "fleet_view.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* -- what changed --------------------------------------------------------- */

/* Hosts that drifted in the same way. */
struct drift {
	int64_t pool, before, after; /* profiles */
	int64_t was, is;             /* sources */
	int64_t hosts;
	char names[320]; /* of the first ones, and " ..." for the rest */
	int cut;
};

/* One change of a host; merged, one host: as it was, as it is now. */
struct host {
	int64_t id, seq, pool, before, after, was, is;
	char *name;
};

struct drifts {
	const char *since, *pool;
	struct fleet *f;
	struct host *host;
	size_t nr_hosts, host_room;
	struct drift *of;
	size_t nr, room;
	int64_t last[2]; /* profiles that were compared */
	int last_same;
	json_t *rows;
};

static int take(void *arg, const struct store_change *c)
{
	struct fleet_host_row before, after;
	struct drifts *d = arg;
	struct host *h;

	/* what came is no drift, and neither is what went */
	if (!c->before || !c->after)
		return 0;
	before = fleet_host_row(c->before);
	after = fleet_host_row(c->after);
	h = cli_grow(d->host, d->nr_hosts, &d->host_room, sizeof(*h));
	if (!h)
		return -LVL_E_NO_MEMORY;
	d->host = h;
	h[d->nr_hosts++] = (struct host){
		.id = c->id,
		.seq = c->seq,
		.pool = after.pool,
		.before = before.profile,
		.after = after.profile,
		.was = before.source,
		.is = after.source,
		.name = strdup(c->name ? c->name : "-"),
	};
	return h[d->nr_hosts - 1].name ? 0 : -LVL_E_NO_MEMORY;
}

static int by_host(const void *x, const void *y)
{
	const struct host *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* It drifts from its first report on. */
static void begin(struct host *h)
{
	if (h->before)
		return;
	h->before = h->after;
	h->was = h->is;
}

/* All changes of a host become one, from its first to its last state. */
static void merge(struct drifts *d)
{
	struct host *to = d->host, *h;

	if (!d->nr_hosts)
		return;
	qsort(d->host, d->nr_hosts, sizeof(*d->host), by_host);
	begin(to);
	for (h = d->host + 1; h < d->host + d->nr_hosts; h++) {
		if (h->id != to->id) {
			*++to = *h;
			begin(to);
			continue;
		}
		to->pool = h->pool;
		to->after = h->after;
		to->is = h->is;
		begin(to);
		free(h->name);
	}
	d->nr_hosts = (size_t)(to - d->host) + 1;
}

static void add_name(struct drift *d, const char *name)
{
	size_t n = strlen(d->names), room = sizeof(d->names) - n;

	d->hosts++;
	if (d->cut)
		return;
	d->cut = n && strlen(name) + sizeof("  ...") > room;
	snprintf(d->names + n, room, "%s%.*s", n ? " " : "",
		 (int)(room - sizeof("  ...")), d->cut ? "..." : name);
}

/* Many hosts go the same way. */
static int looks_same(struct drifts *d, const struct host *h, int *same)
{
	int rc = 0;

	if (d->last[0] != h->before || d->last[1] != h->after)
		rc = fleet_looks_same(d->f, h->before, h->after, &d->last_same);
	d->last[0] = h->before;
	d->last[1] = h->after;
	*same = d->last_same;
	return rc;
}

static int join(struct drifts *d, const struct host *h)
{
	struct drift *g;
	size_t i;
	int same, rc;

	if (!h->before)
		return 0;
	rc = looks_same(d, h, &same);
	if (rc || same)
		return rc;
	for (i = 0; i < d->nr; i++) {
		g = &d->of[i];
		if (g->pool == h->pool && g->before == h->before &&
		    g->after == h->after && g->was == h->was && g->is == h->is)
			break;
	}
	if (i == d->nr) {
		g = cli_grow(d->of, d->nr, &d->room, sizeof(*g));
		if (!g)
			return -LVL_E_NO_MEMORY;
		d->of = g;
		d->of[d->nr++] = (struct drift){
			.pool = h->pool,
			.before = h->before,
			.after = h->after,
			.was = h->was,
			.is = h->is,
		};
	}
	add_name(&d->of[i], h->name);
	return 0;
}

static int by_pool(const void *x, const void *y)
{
	const struct drift *a = x, *b = y;

	if (a->pool != b->pool)
		return a->pool < b->pool ? -1 : 1;
	if (a->hosts != b->hosts)
		return a->hosts > b->hosts ? -1 : 1;
	return a->before < b->before ? -1 : a->before > b->before;
}

static int gather(struct drifts *d)
{
	struct store_change_filter which = { .kind = STORE_KIND_HOST };
	struct store_pool p;
	size_t i;
	int rc = fleet_seq(d->f, d->since, &which.since);

	if (!rc && d->pool)
		rc = fleet_pool(d->f, d->pool, &p);
	if (!rc && d->f->at)
		rc = fleet_seq(d->f, d->f->at, &which.until);
	if (rc)
		return rc;
	which.pool = d->pool ? p.id : 0;
	rc = store_changes(d->f->s, &which, take, d);
	if (!rc)
		merge(d);
	for (i = 0; i < d->nr_hosts && !rc; i++)
		rc = join(d, &d->host[i]);
	if (d->nr)
		qsort(d->of, d->nr, sizeof(*d->of), by_pool);
	return rc;
}

/* -- whom it concerns ----------------------------------------------------- */

struct effect {
	int64_t refused;  /* VMs that could run on such a host and cannot now */
	int64_t stranded; /* of these: that certainly no other host takes */
	int64_t unsure;   /* of these: of which nobody knows */
};

/* What changed for the guests of a pool; within its view. */
static int measure(struct fleet_view *v, const struct drift *d,
		   struct effect *e)
{
	size_t before, after, i;
	int rc = fleet_view_profile(v, d->before, &before);

	memset(e, 0, sizeof(*e));
	if (!rc)
		rc = fleet_view_profile(v, d->after, &after);
	for (i = 0; i < v->pool.nr_groups && !rc; i++) {
		const struct lvl_fleet_group *g = &v->pool.group[i];
		struct lvl_fleet_reach reach;

		if (lvl_fleet_verdict(v->model, g->seen, before) != LVL_YES ||
		    lvl_fleet_verdict(v->model, g->seen, after) == LVL_YES)
			continue;
		e->refused += g->vms;
		lvl_fleet_reach(v->model, &v->pool, g, &reach);
		if (reach.fate == LVL_FLEET_STRANDED)
			e->stranded += g->vms;
		else if (reach.fate == LVL_FLEET_UNSURE)
			e->unsure += g->vms;
	}
	return rc;
}

static int effect_of(struct fleet *f, const struct drift *d, const char *pool,
		     struct effect *e)
{
	struct fleet_view v;
	int rc;

	memset(e, 0, sizeof(*e));
	if (!pool)
		return 0;
	rc = fleet_view_open(f, pool, &v);
	if (rc)
		return rc;
	rc = fleet_view_locate(&v, &v.pool);
	if (!rc)
		rc = measure(&v, d, e);
	fleet_view_close(&v);
	return rc;
}

/* -- the answer ----------------------------------------------------------- */

struct told {
	const char *pool; /* NULL: none */
	char parts[FLEET_PARTS];
	struct lvl_policy before, after;
	int known; /* both policies are */
	struct effect effect;
};

static int policies(struct fleet *f, const struct drift *d,
		    const struct store_pool *p, struct told *t)
{
	const struct store_profile *profile;
	enum lvl_guest guest = (enum lvl_guest)p->guest;
	int rc = store_get_profile(f->s, d->before, &profile);

	t->known = !rc && !fleet_policies(profile, guest, fleet_platform(p),
					  &t->before, NULL);
	if (!rc)
		rc = store_get_profile(f->s, d->after, &profile);
	t->known &= !rc && !fleet_policies(profile, guest, fleet_platform(p),
					   &t->after, NULL);
	return rc;
}

static int find_out(struct fleet *f, const struct drift *d, struct told *t)
{
	struct store_pool p = { .guest = LVL_HVM };
	int rc = d->pool ? store_get_pool(f->s, d->pool, &p) : 0;

	t->pool = d->pool ? p.name : NULL;
	if (!rc)
		rc = fleet_say_parts(f, d->was, d->is, t->parts);
	if (!rc)
		rc = policies(f, d, &p, t);
	return rc ? rc : effect_of(f, d, t->pool, &t->effect);
}

static void say_effect(struct fleet *f, const struct effect *e)
{
	fprintf(f->out,
		"  %lld VM%s that could run there cannot enter any more; %lld "
		"of them ha%s nowhere else to go",
		(long long)e->refused, e->refused == 1 ? "" : "s",
		(long long)e->stranded, e->stranded == 1 ? "s" : "ve");
	if (e->unsure)
		fprintf(f->out, ", of %lld nobody knows", (long long)e->unsure);
	putc('\n', f->out);
}

static void as_text(struct fleet *f, const struct drift *d,
		    const struct told *t)
{
	fprintf(f->out, "%s  %lld host%s: %s\n",
		t->pool ? t->pool : "in no pool", (long long)d->hosts,
		d->hosts == 1 ? "" : "s", d->names);
	fprintf(f->out, "  %s\n",
		*t->parts ? t->parts
			  : "nothing that is known of its sources changed: "
			    "firmware settings, or an option");
	if (t->known)
		fleet_say_features(&t->before, &t->after, f->out);
	if (t->known)
		fleet_say_numbers(&t->before, &t->after, f->out);
	if (t->effect.refused)
		say_effect(f, &t->effect);
}

static json_t *names(const struct lvl_policy *a, const struct lvl_policy *b)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (cli_is_feature(i) && lvl_has(b, i) && !lvl_has(a, i))
			json_array_append_new(list,
					      json_string(lvl_field_name(i)));
	return list;
}

static int as_json(struct drifts *all, const struct drift *d,
		   const struct told *t)
{
	char components[FLEET_PARTS];
	int rc = fleet_say_components(all->f, d->was, d->is, components);

	if (rc)
		return rc;
	return json_array_append_new(
		all->rows,
		json_pack("{s:s?, s:I, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I}",
			  "pool", t->pool, "hosts", (json_int_t)d->hosts,
			  "names", d->names, "components", components, "change",
			  t->parts, "gained",
			  t->known ? names(&t->before, &t->after) : json_null(),
			  "lost",
			  t->known ? names(&t->after, &t->before) : json_null(),
			  "refused", (json_int_t)t->effect.refused, "stranded",
			  (json_int_t)t->effect.stranded, "unsure",
			  (json_int_t)t->effect.unsure));
}

static int answer(struct drifts *d)
{
	static struct told t; /* large */
	size_t i;
	int rc = 0;

	for (i = 0; i < d->nr && !rc; i++) {
		rc = find_out(d->f, &d->of[i], &t);
		if (!rc && d->rows)
			rc = as_json(d, &d->of[i], &t);
		else if (!rc)
			as_text(d->f, &d->of[i], &t);
	}
	d->f->exit = d->nr ? EXIT_NO : EXIT_YES;
	if (!rc && !d->nr && !d->rows)
		fputs("no host drifted\n", d->f->out);
	if (!d->rows)
		return rc;
	if (rc) {
		json_decref(d->rows);
		return rc;
	}
	return fleet_json(d->f, json_pack("{s:s, s:i, s:o}", "format",
					  "cpulevel-drift", "version", 1,
					  "drifts", d->rows));
}

static int body(struct fleet *f, void *arg)
{
	struct drifts *d = arg;
	size_t i;
	int rc;

	d->f = f;
	d->nr = d->nr_hosts = 0;
	d->last[0] = d->last[1] = 0;
	d->last_same = 1;
	d->rows = f->json ? json_array() : NULL;
	rc = gather(d);
	if (!rc)
		rc = answer(d);
	else
		json_decref(d->rows);
	for (i = 0; i < d->nr_hosts; i++)
		free(d->host[i].name);
	d->nr_hosts = 0;
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "since", required_argument, NULL, 's' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct drifts d = { .since = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 's')
			d.since = optarg;
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, 1, "[POOL] --since TIME");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (!d.since)
		return cli_usage("since when?  --since 7d, a date, or a "
				 "change's number");
	d.pool = optind < argc ? argv[optind] : NULL;
	rc = fleet_read(&f, body, &d);
	free(d.host);
	free(d.of);
	return rc;
}

const struct verb verb_drift = {
	.name = "drift",
	.args = "[POOL] --since TIME [options]",
	.summary = "hosts that are not what they were, and whom it strands",
	.help = "Hosts that changed alike are told together: which component "
		"changed, what their\nguests gain and lose, and how many "
		"running VMs cannot enter them any more.\n0: none did; 1: "
		"some did.\n\n"
		"options:\n"
		"  --since TIME    since then: 2026-11-20, 7d, 2h, or a "
		"change's number\n" FLEET_HELP_READ "\nexamples:\n"
		"  cpulevel drift --since 7d\n"
		"  cpulevel drift prod-a --since 2026-11-01 --json\n",
	.run = run,
};

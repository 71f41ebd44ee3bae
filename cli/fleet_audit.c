/* SPDX-License-Identifier: MIT */
/* The change table: as it was (`audit`) and as it grows (`watch`). */
#include "fleet_changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- audit ---------------------------------------------------------------- */

static const struct {
	const char *name;
	enum store_kind kind;
} kinds[] = {
	{ "pool", STORE_KIND_POOL },
	{ "host", STORE_KIND_HOST },
	{ "vm", STORE_KIND_VM },
	{ "level", STORE_KIND_LEVEL },
};

struct audit {
	const char *since, *what, *name;
	long limit; /* the newest; 0: all */
	/* of one run */
	struct fleet *f;
	enum store_kind kind;
	struct store_change_filter filter; /* since and until */
	int by_name;                       /* the row is gone: its name tells */
	int64_t *seq;
	size_t nr, room;
};

static int show(void *arg, const struct store_change *c)
{
	struct audit *a = arg;

	return a->f->json ? fleet_change_json(a->f, c)
			  : fleet_change_line(a->f, c);
}

/* -- of one thing: its numbers first, since they come from several places -- */

static int keep(struct audit *a, int64_t seq)
{
	int64_t *grown = cli_grow(a->seq, a->nr, &a->room, sizeof(*grown));

	if (!grown)
		return -LVL_E_NO_MEMORY;
	a->seq = grown;
	a->seq[a->nr++] = seq;
	return 0;
}

static int of_row(void *arg, const struct store_change *c)
{
	struct audit *a = arg;

	if (a->by_name && (!c->name || strcmp(c->name, a->name) != 0))
		return 0;
	return keep(a, c->seq);
}

/* Levels that were set: for it, or it for others. */
static int of_assign(void *arg, const struct store_change *c)
{
	struct audit *a = arg;
	const char *key = a->kind == STORE_KIND_LEVEL ? "level" : "name";

	if (a->kind != STORE_KIND_LEVEL && !fleet_row_is(c, "scope", a->what))
		return 0;
	return fleet_row_is(c, key, a->name) ? keep(a, c->seq) : 0;
}

struct dropped {
	const char *name;
	int64_t id; /* the last one of that name */
};

static int is_called(void *arg, const struct store_change *c)
{
	struct dropped *d = arg;

	if (c->name && !strcmp(c->name, d->name))
		d->id = c->id;
	return 0;
}

/* Hosts and levels have the number of a pool that is not there any more. */
static int find_dropped(struct fleet *f, const struct audit *a,
			struct store_pool *p)
{
	const struct store_change_filter of = { .kind = STORE_KIND_POOL };
	struct dropped d = { a->name, 0 };
	int rc = store_changes(f->s, &of, is_called, &d);

	p->id = d.id;
	return rc ? rc : d.id ? 0 : -LVL_E_NOT_FOUND;
}

/* By its number if it is there; its name is in the changes if it is not. */
static int choose(struct fleet *f, struct audit *a,
		  struct store_change_filter *which)
{
	struct store_pool p;
	struct store_host h;
	struct store_vm v;
	int rc = -LVL_E_NOT_FOUND;

	*which = a->filter;
	which->kind = (int)a->kind;
	if (a->kind == STORE_KIND_POOL)
		rc = store_find_pool(f->s, a->name, &p);
	else if (a->kind == STORE_KIND_HOST)
		rc = store_find_host(f->s, a->name, &h);
	else if (a->kind == STORE_KIND_VM)
		rc = store_find_vm(f->s, a->name, &v);
	if (rc == -LVL_E_NOT_FOUND && a->kind == STORE_KIND_POOL)
		rc = find_dropped(f, a, &p);
	a->by_name = rc == -LVL_E_NOT_FOUND;
	if (rc)
		return a->by_name ? 0 : rc;
	if (a->kind == STORE_KIND_POOL) {
		/* and all that concerns it */
		which->kind = -1;
		which->pool = p.id;
	} else {
		which->id = a->kind == STORE_KIND_HOST ? h.id : v.id;
	}
	return 0;
}

static int by_number(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int one_by_one(struct fleet *f, struct audit *a)
{
	size_t i = 0;
	int rc = 0;

	qsort(a->seq, a->nr, sizeof(*a->seq), by_number);
	if (a->limit && a->nr > (size_t)a->limit)
		i = a->nr - (size_t)a->limit;
	for (; i < a->nr && !rc; i++) {
		const struct store_change_filter just = {
			.since = a->seq[i] - 1,
			.until = a->seq[i],
			.kind = -1,
		};

		if (!i || a->seq[i] != a->seq[i - 1])
			rc = store_changes(f->s, &just, show, a);
	}
	return rc;
}

static int of_one(struct fleet *f, struct audit *a)
{
	struct store_change_filter which, sets = a->filter;
	int rc = choose(f, a, &which);

	a->nr = 0;
	sets.kind = STORE_KIND_ASSIGN;
	if (!rc)
		rc = store_changes(f->s, &which, of_row, a);
	if (!rc && a->kind != STORE_KIND_HOST)
		rc = store_changes(f->s, &sets, of_assign, a);
	if (rc)
		return rc;
	if (a->nr)
		return one_by_one(f, a);
	cli_error("no change of a %s \"%s\"", a->what, a->name);
	return EXIT_INPUT;
}

static int audit_body(struct fleet *f, void *arg)
{
	struct audit *a = arg;
	int64_t last;
	int rc = store_last(f->s, &last);

	a->f = f;
	a->filter = (struct store_change_filter){ .kind = -1 };
	if (!rc && a->since)
		rc = fleet_seq(f, a->since, &a->filter.since);
	if (!rc && f->at)
		rc = fleet_seq(f, f->at, &a->filter.until);
	if (rc)
		return rc;
	if (a->what)
		return of_one(f, a);
	if (a->filter.until)
		last = a->filter.until;
	/* numbers have no gaps */
	if (a->limit && last - a->limit > a->filter.since)
		a->filter.since = last - a->limit;
	return store_changes(f->s, &a->filter, show, a);
}

static int set_what(struct audit *a, const char *what, const char *name)
{
	unsigned i;

	a->what = what;
	a->name = name;
	for (i = 0; i < LVL_COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, what) != 0)
			continue;
		a->kind = kinds[i].kind;
		return 0;
	}
	return cli_usage("\"%s\": pool, host, vm or level", what);
}

static int set_limit(struct audit *a, const char *text)
{
	char *end;

	errno = 0;
	a->limit = strtol(text, &end, 10);
	if (!errno && end != text && !*end && a->limit > 0)
		return 0;
	return cli_usage("--limit %s: a number from 1 on", text);
}

static int run_audit(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "since", required_argument, NULL, 's' },
		{ "limit", required_argument, NULL, 'l' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct audit a = { .since = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 's')
			a.since = optarg;
		else if (c == 'l')
			rc = set_limit(&a, optarg);
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, 2, "[pool|host|vm|level NAME]");
	if (!rc && argc - optind == 1)
		rc = cli_usage("which %s?", argv[optind]);
	if (!rc && argc - optind == 2)
		rc = set_what(&a, argv[optind], argv[optind + 1]);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	rc = fleet_read(&f, audit_body, &a);
	free(a.seq);
	return rc;
}

const struct verb verb_audit = {
	.name = "audit",
	.args = "[pool|host|vm|level NAME] [options]",
	.summary = "who changed what, when and why",
	.help = "Every change of the fleet, the newest last: its number, time, "
		"who, what, and the\n--note.  Of a pool: all that concerns "
		"it.\n\n"
		"options:\n"
		"  --since TIME    only what came after it\n"
		"  --limit N       only the newest N\n" FLEET_HELP_READ
		"\nexamples:\n"
		"  cpulevel audit vm web-17\n"
		"  cpulevel audit pool prod-a --since 7d\n"
		"  cpulevel audit --limit 20 --json\n",
	.run = run_audit,
};

/* -- watch ---------------------------------------------------------------- */

struct watch {
	const char *since, *pool;
	double timeout; /* seconds without a change; < 0: for ever */
	struct fleet *f;
	int64_t seq;  /* shown up to this one */
	int64_t next; /* and by this run of the body */
	int started;
};

static int shown(void *arg, const struct store_change *c)
{
	struct watch *w = arg;

	w->next = c->seq;
	return w->f->json ? fleet_change_json(w->f, c)
			  : fleet_change_line(w->f, c);
}

static int watch_body(struct fleet *f, void *arg)
{
	struct watch *w = arg;
	struct store_change_filter filter = { .kind = -1, .limit = 1000 };
	struct store_pool p;
	int64_t seq = w->seq, last;
	int rc = w->pool ? fleet_pool(f, w->pool, &p) : 0;

	w->f = f;
	filter.pool = rc || !w->pool ? 0 : p.id;
	if (!rc)
		rc = store_last(f->s, &last);
	if (!rc && !w->started)
		rc = w->since ? fleet_seq(f, w->since, &seq) : 0;
	if (!rc && !w->started && !w->since)
		seq = last;
	filter.since = w->next = seq;
	if (!rc)
		rc = store_changes(f->s, &filter, shown, w);
	/* those of other pools are behind us, too */
	if (!rc && filter.pool && w->next == seq)
		w->next = last;
	return rc;
}

/* 1: again; 0: enough; or an exit code, negated. */
static int rest(struct watch *w, struct fleet *f, double *waited)
{
	const int ms = 500;
	int rc = store_wait(f->s, w->seq, ms);

	if (!rc) {
		*waited = 0;
		return 1;
	}
	if (rc != -LVL_E_TIMEOUT)
		return -fleet_failed(f, rc);
	*waited += ms / 1000.0;
	return w->timeout < 0 || *waited < w->timeout;
}

static int watch(struct fleet *f, struct watch *w)
{
	double waited = 0;
	int rc = fleet_open(f, STORE_EXISTING | STORE_READ_ONLY), on = 1;

	if (rc)
		return rc;
	while (!rc && on > 0) {
		rc = fleet_transact(f, STORE_READ, watch_body, w);
		w->started = 1;
		w->seq = w->next;
		if (!rc)
			on = rest(w, f, &waited);
	}
	store_close(f->s);
	return rc ? rc : on < 0 ? -on : EXIT_YES;
}

static int set_timeout(struct watch *w, const char *text)
{
	char *end;

	w->timeout = strtod(text, &end);
	if (end != text && !*end && w->timeout >= 0)
		return 0;
	return cli_usage("--timeout %s: seconds, 0 or more", text);
}

static int run_watch(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "since", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		FLEET_OPTS,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .store = NULL };
	struct watch w = { .timeout = -1 };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 's')
			w.since = optarg;
		else if (c == 't')
			rc = set_timeout(&w, optarg);
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, 1, "[POOL] [--since SEQ]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	w.pool = optind < argc ? argv[optind] : NULL;
	return watch(&f, &w);
}

const struct verb verb_watch = {
	.name = "watch",
	.args = "[POOL] [options]",
	.summary = "changes of the fleet as they come",
	.help = "A line for each change from now on.  After an interruption "
		"--since with the last\nnumber that was seen goes on without a "
		"gap.\n\n"
		"options:\n"
		"  --since SEQ     from after this change on; a time will do\n"
		"  --timeout S     end after so many seconds without a change\n"
		"  --store URI     a file or postgres://...; else "
		"$CPULEVEL_STORE\n"
		"  --json          a cpulevel-change document a line\n\n"
		"examples:\n"
		"  cpulevel watch --json\n"
		"  cpulevel watch prod-a --since 4711\n",
	.run = run_watch,
};

/* SPDX-License-Identifier: MIT */
/* `pool show`: a pool, its level, and what it costs each host. */
#include "fleet_show.h"

#include "fleet_say.h"

#include <stdlib.h>
#include <string.h>

#define HOSTS_SHOWN 24

/* -- rows ----------------------------------------------------------------- */

static struct show_row *find_row(struct show *s, const struct show_row *r)
{
	size_t i;

	for (i = 0; i < s->nr && s->merge; i++)
		if (s->row[i].profile == r->profile &&
		    s->row[i].source == r->source &&
		    s->row[i].state == r->state &&
		    !strcmp(s->row[i].drift, r->drift))
			return &s->row[i];
	return NULL;
}

static int add_row(struct show *s, struct show_row r, const char *name)
{
	struct show_row *grown;
	int rc = fleet_view_profile(&s->view, r.profile, &r.at);

	grown = rc ? NULL : cli_grow(s->row, s->nr, &s->room, sizeof(r));
	r.name = strdup(name);
	if (!grown || !r.name) {
		free(r.name);
		return rc ? rc : -LVL_E_NO_MEMORY;
	}
	s->row = grown;
	s->row[s->nr++] = r;
	return 0;
}

static int take_host(void *arg, const struct store_host *h)
{
	struct show *s = arg;
	struct show_row *row, r = { .profile = h->profile,
				    .source = h->source,
				    .hosts = 1,
				    .state = h->state };
	char *name;
	int rc = fleet_drifted(s->f, &s->drifted, h->id, r.drift);

	if (rc)
		return rc;
	row = find_row(s, &r);
	if (!row)
		return add_row(s, r, h->name);
	row->hosts++;
	if (strcmp(h->name, row->name) >= 0)
		return 0;
	name = strdup(h->name);
	if (!name)
		return -LVL_E_NO_MEMORY;
	free(row->name);
	row->name = name;
	return 0;
}

static int take_sort(void *arg, const struct store_host_sort *h)
{
	const struct show_row r = { .profile = h->profile,
				    .source = h->source,
				    .hosts = h->hosts,
				    .state = h->state };

	return add_row(arg, r, h->name);
}

/* Where hosts alike share a row, the store puts them together: it is near. */
static int read_hosts(struct show *s)
{
	const struct store_host_filter of = { .pool = s->pool.id };

	if (s->merge && !s->drifted.nr && !s->f->at)
		return store_sort_hosts(s->f->s, s->pool.id, take_sort, s);
	return store_scan_hosts(s->f->s, &of, take_host, s);
}

const struct lvl_policy *show_offers(const struct show *s, size_t at)
{
	return s->view.model->profile[at].offers[s->pool.guest];
}

int show_is_beyond(const struct show *s, const struct lvl_policy *p,
		   unsigned field)
{
	return cli_is_feature(field) && !fleet_is_statement(field) &&
	       lvl_has(p, field) && !lvl_has(&s->level.policy, field);
}

unsigned show_beyond(const struct show *s, const struct lvl_policy *p)
{
	unsigned i, n = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		n += (unsigned)show_is_beyond(s, p, i);
	return n;
}

/* -- the level ------------------------------------------------------------ */

static int same_policy(struct show *s)
{
	const struct lvl_policy *p;
	char a[LVL_HASH_HEX], b[LVL_HASH_HEX];

	if (s->level.rc ||
	    store_get_policy(s->f->s, s->newest.policy, &p, NULL))
		return 0;
	return !lvl_policy_hash(p, a) &&
	       !lvl_policy_hash(&s->level.policy, b) && !strcmp(a, b);
}

/* The sort of hosts without which there would be most. */
static int find_limiting(struct show *s)
{
	struct lvl_fleet_sum sum;
	struct lvl_policy p;
	unsigned best = 0, n;
	size_t i;
	int rc;

	s->limiting = LVL_FLEET_NONE;
	if (s->level.rc)
		return 0;
	rc = lvl_fleet_sum_init(&sum, s->view.model, &s->view.pool,
				s->vendor[0]);
	for (i = 0; i < s->view.pool.nr_members && !rc; i++) {
		size_t at = s->view.pool.member[i].profile;

		if (lvl_fleet_sum_without(&sum, at, &p))
			continue;
		n = show_beyond(s, &p);
		if (n <= best)
			continue;
		best = n;
		s->limiting = at;
		s->without = p;
	}
	lvl_fleet_sum_free(&sum);
	return rc;
}

static int load(struct show *s)
{
	struct fleet *f = s->f;
	int rc = store_find_level(f->s, s->name, 0, &s->newest);

	if (rc == -LVL_E_NOT_FOUND)
		rc = s->newest.id = 0;
	if (!rc)
		rc = store_find_assign(f->s, STORE_SCOPE_POOL, s->name,
				       &s->set);
	if (rc == -LVL_E_NOT_FOUND)
		rc = s->set.id = 0;
	if (!rc)
		rc = fleet_view_of(f, &s->pool, &s->view);
	if (rc)
		return rc;
	s->nr_vendors =
		lvl_fleet_vendors(s->view.model, &s->view.pool, s->vendor);
	lvl_fleet_level(s->view.model, &s->view.pool,
			s->nr_vendors ? s->vendor[0] : 0, &s->level);
	if (s->nr_vendors > 1)
		s->level.rc = -LVL_E_VENDOR;
	s->current = s->newest.id && same_policy(s);
	s->merge = lvl_fleet_pool_size(&s->view.pool) > HOSTS_SHOWN && !s->all;
	if (s->newest.id)
		rc = fleet_drifted_load(f, s->pool.id, s->newest.rev,
					&s->drifted);
	if (!rc)
		rc = read_hosts(s);
	return rc ? rc : find_limiting(s);
}

/* -- text ----------------------------------------------------------------- */

static const char *const for_guests[LVL_NR_GUESTS] = { ", pv guests",
						       ", hvm-shadow guests",
						       "" };

static void say_level(struct show *s)
{
	char text[320], size[FLEET_SIZE];
	struct cli_wrap w = { s->f->out, 0, 0 };
	char id[16];
	uint32_t hosts = lvl_fleet_pool_size(&s->view.pool);
	uint64_t vms = lvl_fleet_pool_load(&s->view.pool);

	snprintf(text, sizeof(text), "%s ", s->pool.name);
	fputs(cli_ink(INK_BOLD), s->f->out);
	cli_wrap_word(&w, text);
	fputs(cli_ink(INK_PLAIN), s->f->out);
	snprintf(text, sizeof(text), "%u host%s ", hosts,
		 hosts == 1 ? "" : "s");
	cli_wrap_word(&w, text);
	w.indent = 2;
	snprintf(text, sizeof(text), "%llu VM%s%s", (unsigned long long)vms,
		 vms == 1 ? "" : "s", s->level.rc ? "" : " ");
	cli_wrap_word(&w, text);
	if (!s->level.rc) {
		snprintf(text, sizeof(text), "%s ",
			 cli_vendor(&s->level.policy, id));
		cli_wrap_word(&w, text);
		if (s->newest.id)
			snprintf(text, sizeof(text), "level %s@%lld%s ",
				 s->pool.name, (long long)s->newest.version,
				 s->current ? "" : ", changed since");
		else
			snprintf(text, sizeof(text), "level %s ", s->pool.name);
		cli_wrap_word(&w, text);
		snprintf(text, sizeof(text), "(%s%s)",
			 fleet_say_size(&s->level.policy, size),
			 s->pool.guest == LVL_HVM ? ""
						  : for_guests[s->pool.guest]);
		cli_wrap_word(&w, text);
	}
	cli_wrap_end(&w);
}

static const char *number(char buf[24], int64_t n)
{
	snprintf(buf, 24, "%lld", (long long)n);
	return buf;
}

static int say_row(struct show *s, struct fleet_table *t,
		   const struct show_row *r)
{
	const struct lvl_policy *own =
		r->profile ? show_offers(s, r->at) : NULL;
	struct store_source source = { .cpu = NULL };
	char name[300], n[24], has[24], hides[24], cpu[FLEET_CPU];
	int rc = 0;

	if (r->source)
		rc = store_get_source(s->f->s, r->source, &source);
	snprintf(name, sizeof(name), "%s%s", r->name,
		 r->hosts > 1 ? " ..." : "");
	fleet_table_row(
		t, name, number(n, r->hosts), fleet_say_cpu(source.cpu, cpu),
		source.kernel, source.microcode,
		own ? number(has, cli_count_features(own)) : "?",
		own && !s->level.rc ? number(hides, show_beyond(s, own)) : "?",
		r->state == STORE_HOST_UNREACHABLE ? "unreachable"
		: !r->profile                      ? "never reported"
						   : r->drift);
	return rc;
}

static int say_rows(struct show *s)
{
	static const struct fleet_column columns[] = {
		{ "HOST", 0, 0 },   { "HOSTS", 1, 0 },     { "CPU", 0, 1 },
		{ "KERNEL", 0, 3 }, { "MICROCODE", 0, 4 }, { "OWN", 1, 0 },
		{ "HIDDEN", 1, 0 }, { "DRIFT", 0, 0 },
	};
	struct fleet_table t;
	size_t i;
	int rc = 0;

	fleet_table_init(&t, s->f->out, columns, LVL_COUNT(columns));
	t.hide = s->merge ? 0 : 1 << 1;
	t.cut[2] = 16;
	t.cut[3] = 8;
	for (i = 0; i < s->nr && !rc; i++)
		rc = say_row(s, &t, &s->row[i]);
	return fleet_table_end(&t) ? EXIT_INPUT : rc;
}

static void say_limiting(struct show *s)
{
	char names[FLEET_VIEW_NAMES];
	unsigned n;

	if (s->limiting == LVL_FLEET_NONE || fleet_view_hosts(&s->view))
		return;
	n = show_beyond(s, &s->without);
	fprintf(s->f->out, "limiting: %s (%u feature%s)\n",
		fleet_view_names(&s->view, s->limiting, names), n,
		n == 1 ? "" : "s");
}

int show_is_kept(const struct show *s, unsigned field)
{
	size_t i;

	if (!cli_is_feature(field) || !lvl_has(&s->level.policy, field))
		return 0;
	if (!fleet_is_statement(field))
		return 0;
	for (i = 0; i < s->view.pool.nr_members; i++) {
		const struct lvl_fleet_member *m = &s->view.pool.member[i];
		const struct lvl_policy *own = show_offers(s, m->profile);

		if (own && (m->active || m->unreachable) &&
		    !lvl_has(own, field))
			return 1;
	}
	return 0;
}

static void say_begin(struct cli_wrap *w, const char *text)
{
	fputs(text, w->out);
	w->column = (unsigned)strlen(text);
}

static void say_kept(struct show *s)
{
	struct cli_wrap w = { s->f->out, 4, 0 };
	unsigned i, any = 0;

	if (s->level.rc)
		return;
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (!show_is_kept(s, i))
			continue;
		if (!any++)
			say_begin(&w, "told everywhere, although not true of "
				      "all hosts:");
		cli_wrap_word(&w, lvl_field_name(i));
	}
	if (any)
		cli_wrap_end(&w);
}

static void say_vendors(struct show *s)
{
	static struct lvl_fleet_level level; /* large */
	char size[FLEET_SIZE];
	unsigned i;

	fputs("no level of its own: no guest can move between CPU vendors\n",
	      s->f->out);
	for (i = 0; i < s->nr_vendors; i++) {
		lvl_fleet_level(s->view.model, &s->view.pool, s->vendor[i],
				&level);
		fprintf(s->f->out, "  %s%s: %u host%s, %s\n",
			lvl_vendor_name(s->vendor[i]),
			s->vendor[i] ? "" : " vendors", level.hosts,
			level.hosts == 1 ? "" : "s",
			level.rc ? "no level in common"
				 : fleet_say_size(&level.policy, size));
	}
}

static void say_conflict(struct show *s)
{
	unsigned field = s->level.status.none_field;

	if (field == LVL_F_VENDOR_0 || field == LVL_F_VENDOR_1 ||
	    field == LVL_F_VENDOR_2)
		say_vendors(s);
	else
		fprintf(s->f->out, "no level: %s differs\n",
			lvl_field_name(field));
}

/* What decides the level, and some host did not say. */
static void say_open(struct show *s)
{
	const struct lvl_status *status = &s->level.status;
	struct cli_wrap w = { s->f->out, 4, 0 };
	unsigned i;

	say_begin(&w, "INCOMPLETE: not known of all hosts:");
	for (i = 0; i < status->nr_incomplete; i++)
		if (lvl_fleet_matters(status->incomplete[i], s->pool.guest))
			cli_wrap_word(&w,
				      lvl_field_name(status->incomplete[i]));
	cli_wrap_end(&w);
}

static void say_incomplete(struct show *s)
{
	const struct lvl_fleet_level *l = &s->level;

	if (l->unknown)
		fprintf(s->f->out,
			"INCOMPLETE: %u host%s never reported what %s guests "
			"can have there\n",
			l->unknown, l->unknown == 1 ? "" : "s",
			lvl_guest_names[s->pool.guest]);
	if (l->unreachable)
		fprintf(s->f->out,
			"INCOMPLETE: %u host%s cannot be reached and count%s "
			"as last heard of\n",
			l->unreachable, l->unreachable == 1 ? "" : "s",
			l->unreachable == 1 ? "s" : "");
	if (l->incomplete && !l->unknown && !l->unreachable)
		say_open(s);
	if (l->without)
		fprintf(s->f->out, "%u host%s no %s guests\n", l->without,
			l->without == 1 ? " runs" : "s run",
			lvl_guest_names[s->pool.guest]);
}

static void say_set(struct show *s)
{
	const struct store_assign *a = &s->set;

	if (!a->id)
		return;
	fprintf(s->f->out, "next boots at level %s", a->level);
	if (a->version)
		fprintf(s->f->out, "@%lld", (long long)a->version);
	putc('\n', s->f->out);
}

static int as_text(struct show *s)
{
	int rc;

	say_level(s);
	rc = s->nr ? say_rows(s) : 0;
	if (rc)
		return rc;
	if (s->nr_vendors > 1)
		say_vendors(s);
	else if (s->level.rc == -LVL_E_CONFLICT)
		say_conflict(s);
	say_limiting(s);
	say_kept(s);
	say_incomplete(s);
	say_set(s);
	return 0;
}

/* -- the verb ------------------------------------------------------------- */

static int body(struct fleet *f, void *arg)
{
	static struct show s; /* large */
	const struct show *asked = arg;
	size_t i;
	int rc;

	memset(&s, 0, sizeof(s));
	s.f = f;
	s.name = asked->name;
	s.all = asked->all;
	rc = fleet_pool(f, s.name, &s.pool);
	if (!rc)
		rc = load(&s);
	if (!rc)
		rc = f->json ? show_json(&s) : as_text(&s);
	if (s.level.incomplete)
		f->exit = EXIT_INCOMPLETE;
	for (i = 0; i < s.nr; i++)
		free(s.row[i].name);
	free(s.row);
	fleet_drifted_free(&s.drifted);
	if (s.view.model)
		fleet_view_close(&s.view);
	return rc;
}

int fleet_pool_show(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "all", no_argument, NULL, 'a' },
		FLEET_OPTS_READ,
		{ NULL, 0, NULL, 0 },
	};
	static struct show s;
	struct fleet f = { .store = NULL };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'a')
			s.all = 1;
		else
			rc = fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 1, 1, "show NAME [--all]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	s.name = argv[optind];
	return fleet_read(&f, body, &s);
}

/* SPDX-License-Identifier: MIT */
#include "fleet_pool.h"

#include <jansson.h>
#include <string.h>

const char *const fleet_host_states[] = { "active", "unreachable", "retired" };

/* The name of a host's pool, NULL if it is in none. */
static int pool_of(struct fleet *f, int64_t id, const char **name)
{
	struct store_pool p;
	int rc = id ? store_get_pool(f->s, id, &p) : 0;

	*name = id && !rc ? p.name : NULL;
	return rc;
}

/* -- show ----------------------------------------------------------------- */

struct shown {
	struct store_host h;
	struct store_source source;
	const char *pool;
	int64_t vms, offers; /* features; -1: not known */
	uint8_t hash[STORE_HASH];
	char size[FLEET_SIZE]; /* of what it offers, in words */
};

static int count(void *arg, const struct store_vm *v)
{
	(void)v;
	++*(int64_t *)arg;
	return 0;
}

/* How many features its new guests get. */
static int offers(struct fleet *f, struct shown *s)
{
	const struct store_profile *profile;
	struct store_pool p = { .guest = LVL_HVM };
	struct lvl_policy dflt;
	int rc = 0;

	s->offers = -1;
	if (s->h.pool)
		rc = store_get_pool(f->s, s->h.pool, &p);
	if (!rc && s->h.profile)
		rc = store_get_profile(f->s, s->h.profile, &profile);
	if (rc || !s->h.profile)
		return rc;
	if (!fleet_policies(profile, (enum lvl_guest)p.guest,
			    fleet_platform(&p), &dflt, NULL)) {
		s->offers = cli_count_features(&dflt);
		fleet_say_size(&dflt, s->size);
	}
	return 0;
}

/* What `host list` has, too. */
static int describe(struct fleet *f, const struct store_host *h,
		    struct shown *s)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->h = *h;
	rc = pool_of(f, h->pool, &s->pool);
	if (!rc && h->source)
		rc = store_get_source(f->s, h->source, &s->source);
	if (!rc && h->profile)
		rc = store_object_hash(f->s, h->profile, s->hash);
	return rc;
}

static int load(struct fleet *f, const char *name, struct shown *s)
{
	struct store_vm_filter on = { .limit = 0 };
	struct store_host h;
	int rc = fleet_host(f, name, &h);

	if (!rc)
		rc = describe(f, &h, s);
	if (rc)
		return rc;
	on.host = h.id;
	rc = store_scan_vms(f->s, &on, count, &s->vms);
	return rc ? rc : offers(f, s);
}

static const char *hex(const uint8_t hash[STORE_HASH], char buf[17])
{
	unsigned i;

	for (i = 0; i < 8; i++)
		snprintf(buf + 2 * i, 3, "%02x", hash[i]);
	return buf;
}

static void line(struct fleet *f, const char *key, const char *value)
{
	fprintf(f->out, "  %-11s  %s\n", key, value && *value ? value : "-");
}

static void show_text(struct fleet *f, const struct shown *s)
{
	char text[FLEET_SIZE + 20];

	fprintf(f->out, "%s  %s%s%s\n", s->h.name, s->pool ? "in " : "",
		s->pool ? s->pool : "in no pool", s->h.state ? "" : "  active");
	if (s->h.state)
		line(f, "state", fleet_host_states[s->h.state]);
	line(f, "group", s->h.group);
	line(f, "cpu", s->source.cpu);
	line(f, "kernel", s->source.kernel);
	line(f, "microcode", s->source.microcode);
	line(f, "hypervisor", s->source.hypervisor);
	line(f, "firmware", s->source.firmware);
	if (!s->h.profile) {
		line(f, "policy",
		     "it never reported; `cpulevel publish` there");
	} else {
		char id[17];

		snprintf(text, sizeof(text), "%s", hex(s->hash, id));
		line(f, "policy", text);
	}
	if (s->offers >= 0) {
		snprintf(text, sizeof(text), "%s to new guests", s->size);
		line(f, "offers", text);
	}
	snprintf(text, sizeof(text), "%lld running", (long long)s->vms);
	line(f, "vms", text);
}

static json_t *host_json(const struct shown *s)
{
	char id[17];

	return json_pack(
		"{s:s, s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}",
		"name", s->h.name, "pool", s->pool, "state",
		fleet_host_states[s->h.state], "group", s->h.group, "cpu",
		s->source.cpu, "kernel", s->source.kernel, "microcode",
		s->source.microcode, "hypervisor", s->source.hypervisor,
		"firmware", s->source.firmware, "policy",
		s->h.profile ? hex(s->hash, id) : NULL);
}

static json_t *document(json_t *d)
{
	json_object_set_new(d, "format", json_string("cpulevel-host"));
	json_object_set_new(d, "version", json_integer(1));
	return d;
}

static int one_json(struct fleet *f, const struct store_host *h)
{
	struct shown s;
	int rc = describe(f, h, &s);

	return rc ? rc : fleet_json(f, document(host_json(&s)));
}

static int show_body(struct fleet *f, void *arg)
{
	struct shown s;
	json_t *d;
	int rc = load(f, *(char **)arg, &s);

	if (rc)
		return rc;
	if (!s.h.profile || s.h.state == STORE_HOST_UNREACHABLE)
		f->exit = EXIT_INCOMPLETE;
	if (!f->json) {
		show_text(f, &s);
		return 0;
	}
	d = host_json(&s);
	json_object_set_new(d, "vms", json_integer(s.vms));
	json_object_set_new(d, "feature_count",
			    s.offers < 0 ? json_null()
					 : json_integer(s.offers));
	return fleet_json(f, document(d));
}

static int run_show(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 1, 1, "show NAME", show_body);
}

/* -- list ----------------------------------------------------------------- */

struct list {
	struct fleet *f;
	struct fleet_table t;
	int64_t rows;
};

static int list_one(void *arg, const struct store_host *h)
{
	struct list *l = arg;
	struct shown s;
	char cpu[FLEET_CPU];
	int rc = describe(l->f, h, &s);

	if (rc)
		return rc;
	if (l->f->json) {
		fputs(l->rows++ ? ",\n    " : "\n    ", l->f->out);
		return fleet_json_part(l->f, host_json(&s));
	}
	fleet_table_row(&l->t, h->name, s.pool, fleet_host_states[h->state],
			h->group, fleet_say_cpu(s.source.cpu, cpu),
			s.source.kernel, s.source.microcode);
	return 0;
}

static int list_body(struct fleet *f, void *arg)
{
	static const struct fleet_column columns[] = {
		{ "HOST", 0, 0 },      { "POOL", 0, 0 }, { "STATE", 0, 0 },
		{ "GROUP", 0, 3 },     { "CPU", 0, 1 },  { "KERNEL", 0, 4 },
		{ "MICROCODE", 0, 5 },
	};
	static struct list l;
	const char *pool = *(char **)arg;
	struct store_host_filter which = { .pool = 0 };
	struct store_pool p;
	int rc = pool ? fleet_pool(f, pool, &p) : 0;

	if (rc)
		return rc;
	l.f = f;
	l.rows = 0;
	which.pool = pool ? p.id : 0;
	if (f->json)
		fputs("{\n  \"format\": \"cpulevel-hosts\",\n"
		      "  \"version\": 1,\n  \"hosts\": [",
		      f->out);
	else
		fleet_table_init(&l.t, f->out, columns, LVL_COUNT(columns));
	l.t.cut[4] = 16;
	l.t.cut[5] = 8;
	rc = store_scan_hosts(f->s, &which, list_one, &l);
	if (f->json)
		fputs(l.rows ? "\n  ]\n}\n" : "]\n}\n", f->out);
	else if (fleet_table_end(&l.t))
		return EXIT_INPUT;
	return rc;
}

static int run_list(int argc, char **argv)
{
	return fleet_run_read(argc, argv, 0, 1, "list [POOL]", list_body);
}

/* -- retire, set ---------------------------------------------------------- */

struct change {
	const char *name;
	const char *group; /* NULL: as it is; "": none */
	int state;         /* -1: as it is */
	int retire;
};

/* The level of its pool, now that the host has gone or is back. */
static int settle(struct fleet *f, int64_t pool)
{
	static struct fleet_live l;
	struct store_level v;
	struct store_pool p;
	int fresh, rc;

	if (!pool)
		return 0;
	rc = store_get_pool(f->s, pool, &p);
	return rc ? rc : fleet_settle(f, &p, &v, &l, &fresh);
}

static int change_body(struct fleet *f, void *arg)
{
	const struct change *c = arg;
	struct store_host h;
	int64_t pool;
	int rc = fleet_host(f, c->name, &h);

	if (!rc && c->retire)
		rc = fleet_is_busy(f, &h);
	if (rc)
		return rc;
	pool = h.pool;
	if (c->retire) {
		h.state = STORE_HOST_RETIRED;
		h.pool = 0;
	}
	if (c->state >= 0)
		h.state = (enum store_host_state)c->state;
	if (c->group)
		h.group = *c->group ? c->group : NULL;
	rc = store_put_host(f->s, &h);
	if (!rc && c->retire)
		rc = settle(f, pool);
	if (rc)
		return rc;
	if (f->json)
		return one_json(f, &h);
	fprintf(f->out, "%s  %s%s%s\n", h.name, fleet_host_states[h.state],
		h.group ? "  group " : "", h.group ? h.group : "");
	return 0;
}

static int run_retire(int argc, char **argv)
{
	static const struct option opts[] = { FLEET_OPTS_WRITE,
					      { NULL, 0, NULL, 0 } };
	struct change c = { .state = -1, .retire = 1 };
	struct fleet f = { .store = NULL };
	int rc = fleet_options(argc, argv, opts, &f);

	if (!rc)
		rc = fleet_arguments(argc, 1, 1, "retire NAME");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	c.name = argv[optind];
	return fleet_write(&f, change_body, &c);
}

static int set_state(struct change *c, const char *name)
{
	for (c->state = 0; c->state < 2; c->state++)
		if (!strcmp(fleet_host_states[c->state], name))
			return 0;
	return cli_usage("no state \"%s\": active or unreachable; `cpulevel "
			 "host retire` for good",
			 name);
}

static int set_group(struct change *c, const char *name)
{
	const char *s;

	c->group = name;
	for (s = name; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return cli_usage("a group's name has no control "
					 "characters");
	return 0;
}

static int run_set(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "group", required_argument, NULL, 'G' },
		{ "state", required_argument, NULL, 's' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};
	struct change c = { .state = -1 };
	struct fleet f = { .store = NULL };
	int o, rc = 0;

	while (!rc && (o = cli_getopt(argc, argv, "", opts)) != -1) {
		if (o == 'G')
			rc = set_group(&c, optarg);
		else if (o == 's')
			rc = set_state(&c, optarg);
		else
			rc = fleet_option(&f, o);
	}
	if (!rc)
		rc = fleet_arguments(argc, 1, 1,
				     "set NAME [--group G] [--state S]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (!c.group && c.state < 0)
		return cli_usage("set what? --group or --state");
	c.name = argv[optind];
	return fleet_write(&f, change_body, &c);
}

/* -- the verb ------------------------------------------------------------- */

static int run(int argc, char **argv)
{
	static const struct fleet_sub subs[] = { { "show", run_show },
						 { "list", run_list },
						 { "retire", run_retire },
						 { "set", run_set } };

	return fleet_dispatch(subs, LVL_COUNT(subs), argc, argv);
}

const struct verb verb_host = {
	.name = "host",
	.args = "show|list|set|retire ...",
	.summary = "the machines of the fleet",
	.help = "  host show NAME\n"
		"  host list [POOL]\n"
		"  host set NAME [--group G] [--state unreachable|active]\n"
		"  host retire NAME\n\n"
		"Hosts come by `cpulevel publish' and `cpulevel pool'.  Levels "
		"can be set for a\ngroup.  An unreachable host counts in its "
		"pool's level as it was, but nothing is\nsaid to fit there; a "
		"retired one is in no pool and kept for the record.\n\n"
		"options:\n"
		"  --group G       a label; \"\": none\n"
		"  --state S       unreachable or active\n" FLEET_HELP_WRITE
		"  --at TIME       show and list: as it was at that time\n\n"
		"examples:\n"
		"  cpulevel host show spr-07\n"
		"  cpulevel host set spr-07 --group gpu\n"
		"  cpulevel host set spr-07 --state unreachable --note "
		"\"fan, ticket 81\"\n"
		"  cpulevel host retire clx-01\n",
	.run = run,
};

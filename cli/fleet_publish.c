/* SPDX-License-Identifier: MIT */
#include "fleet_changes.h"
#include "fleet_pool.h"

#include "probe/kvm.h"
#include "probe/native.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- reports -------------------------------------------------------------- */

struct report {
	char *host; /* NULL: the description's name */
	struct lvl_desc *d;
	unsigned long line; /* of a batch */
	int differs;        /* from the store, before anything was written */
	int changed;
	/* before */
	int is_new;
	int64_t profile, source;
};

struct reports {
	struct report *of;
	size_t nr, room;
	const char *host; /* --host */
	int64_t all, changed, new;
};

static const char *host_of(const struct report *r)
{
	return r->host ? r->host : r->d->name;
}

static void clear(struct reports *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		free(r->of[i].host);
		lvl_desc_free(r->of[i].d);
	}
	r->nr = 0;
}

static struct report *append(struct reports *r)
{
	struct report *grown = cli_grow(r->of, r->nr, &r->room, sizeof(*grown));

	if (!grown) {
		cli_error("out of memory");
		return NULL;
	}
	r->of = grown;
	memset(&grown[r->nr], 0, sizeof(*grown));
	return &grown[r->nr++];
}

/* -- this machine --------------------------------------------------------- */

static int node_name(struct report *r)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) || !*name) {
		cli_error("this machine has no name: --host NAME");
		return EXIT_INPUT;
	}
	r->host = strdup(name);
	return r->host ? 0 : EXIT_INPUT;
}

/* KVM's own policies where there is a KVM, else what the CPU says. */
static int capture(struct reports *all)
{
	struct probe_options options = { .tool = NULL };
	struct probe_report report;
	struct lvl_ferr err;
	struct report *r = append(all);
	int rc;

	if (!r)
		return EXIT_INPUT;
	rc = probe_native(&options, &report, &r->d, &err);
	if (!rc) {
		rc = probe_kvm(r->d, NULL, probe_kvm_platform(), &err);
		if (rc == -LVL_E_UNSUPPORTED)
			rc = 0;
	}
	if (rc)
		cli_error("%s", err.text);
	else if (report.nr_refused)
		cli_warn("some CPUs cannot be entered and are not described");
	probe_report_free(&report);
	return rc ? EXIT_INPUT : node_name(r);
}

static int take_file(void *arg, struct lvl_desc *d)
{
	struct reports *all = arg;
	struct report *r = append(all);

	if (!r) {
		lvl_desc_free(d);
		return EXIT_INPUT;
	}
	r->d = d;
	return 0;
}

/* -- the store ------------------------------------------------------------ */

static int compare_one(struct fleet *f, struct report *r)
{
	struct store_host h;
	int rc = store_find_host(f->s, host_of(r), &h);

	r->is_new = rc == -LVL_E_NOT_FOUND;
	if (rc && !r->is_new)
		return rc;
	r->profile = r->is_new ? 0 : h.profile;
	r->source = r->is_new ? 0 : h.source;
	return fleet_report(f, host_of(r), r->d, &r->changed);
}

/* Which of them say something new?  Within a read, nobody has to wait. */
static int compare(struct fleet *f, void *arg)
{
	struct reports *all = arg;
	size_t i;
	int rc = 0;

	for (i = 0; i < all->nr && !rc; i++)
		rc = compare_one(f, &all->of[i]);
	return rc;
}

/* Compared once more: others write, too, and a host may report twice. */
static int write_changed(struct fleet *f, void *arg)
{
	struct reports *all = arg;
	size_t i;
	int rc = 0;

	for (i = 0; i < all->nr && !rc; i++)
		if (all->of[i].differs)
			rc = compare_one(f, &all->of[i]);
	return rc;
}

/* Is there anything to write?  What a host says last counts. */
static int differ(struct reports *all)
{
	size_t i, k;
	int any = 0;

	for (i = 0; i < all->nr; i++)
		all->of[i].differs = all->of[i].changed;
	for (i = 0; i < all->nr; i++) {
		if (!all->of[i].differs)
			continue;
		any = 1;
		for (k = i + 1; k < all->nr; k++)
			if (!strcmp(host_of(&all->of[k]), host_of(&all->of[i])))
				all->of[k].differs = 1;
	}
	return any;
}

static int publish(struct fleet *f, struct reports *all)
{
	size_t i;
	int rc = fleet_transact(f, STORE_READ, compare, all);

	if (!rc && differ(all)) {
		if (f->dry_run)
			fputs("dry run: nothing was changed\n", stderr);
		else
			rc = fleet_transact(f, STORE_WRITE, write_changed, all);
	}
	if (rc)
		return rc;
	all->all += (int64_t)all->nr;
	for (i = 0; i < all->nr; i++) {
		all->changed += all->of[i].changed;
		all->new += all->of[i].is_new;
	}
	return 0;
}

/* -- what has come of it -------------------------------------------------- */

/* The features that its guests lost and gained, where it is in a pool. */
static int say_features(struct fleet *f, const struct report *r,
			const struct store_host *h)
{
	const struct store_profile *p;
	struct lvl_policy before, after;
	struct store_pool pool = { .guest = LVL_HVM };
	enum lvl_guest guest;
	int rc = 0;

	if (!r->profile || r->profile == h->profile)
		return 0;
	if (h->pool)
		rc = store_get_pool(f->s, h->pool, &pool);
	guest = (enum lvl_guest)pool.guest;
	if (!rc)
		rc = store_get_profile(f->s, r->profile, &p);
	if (rc ||
	    fleet_policies(p, guest, fleet_platform(&pool), &before, NULL))
		return rc;
	rc = store_get_profile(f->s, h->profile, &p);
	if (rc || fleet_policies(p, guest, fleet_platform(&pool), &after, NULL))
		return rc;
	fleet_say_features(&before, &after, f->out);
	fleet_say_numbers(&before, &after, f->out);
	return 0;
}

static int say_changed(struct fleet *f, const struct report *r)
{
	char parts[FLEET_PARTS] = "";
	struct store_host h;
	int rc = store_find_host(f->s, host_of(r), &h);

	if (!rc)
		rc = fleet_say_parts(f, r->source, h.source, parts);
	if (rc)
		return rc;
	fprintf(f->out, "%s  changed%s%s\n", host_of(r), *parts ? ": " : "",
		parts);
	return say_features(f, r, &h);
}

static int say(struct fleet *f, void *arg)
{
	const struct reports *all = arg;
	size_t i;
	int rc = 0;

	for (i = 0; i < all->nr && !rc; i++) {
		const struct report *r = &all->of[i];

		if (!r->changed)
			fprintf(f->out, "%s  unchanged\n", host_of(r));
		else if (r->is_new)
			fprintf(f->out,
				"%s  new; `cpulevel pool add` puts it "
				"into a pool\n",
				host_of(r));
		else if (f->dry_run)
			fprintf(f->out, "%s  would change\n", host_of(r));
		else
			rc = say_changed(f, r);
	}
	return rc;
}

static int say_sum(struct fleet *f, void *arg)
{
	const struct reports *all = arg;

	if (f->json)
		return fleet_json(f, json_pack("{s:s, s:i, s:I, s:I, s:I}",
					       "format", "cpulevel-publish",
					       "version", 1, "reports",
					       (json_int_t)all->all, "changed",
					       (json_int_t)all->changed, "new",
					       (json_int_t)all->new));
	fprintf(f->out, "%lld reports: %lld changed, %lld of these new\n",
		(long long)all->all, (long long)all->changed,
		(long long)all->new);
	return 0;
}

/* -- many ----------------------------------------------------------------- */

#define BATCH 256

static int take_report(void *arg, struct lvl_desc *d)
{
	struct report *r = arg;

	if (r->d) {
		lvl_desc_free(d);
		return EXIT_INPUT;
	}
	r->d = d;
	return 0;
}

/* {"host": NAME, "report": "a description in any format"} */
static int parse_line(struct reports *all, const char *line,
		      unsigned long number)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *host = json_string_value(json_object_get(o, "host"));
	const char *text = json_string_value(json_object_get(o, "report"));
	struct report *r = append(all);
	struct lvl_ferr err = { .text = "more than one machine" };
	int rc = EXIT_INPUT;

	if (!r) {
		json_decref(o);
		return EXIT_INPUT;
	}
	r->line = number;
	if (!host || !text)
		cli_error("<stdin>:%lu: not {\"host\": NAME, \"report\": TEXT}",
			  number);
	else
		rc = lvl_import_memory(text, strlen(text), host, cli_from,
				       take_report, r, NULL, &err);
	if (rc && host && text)
		cli_error("<stdin>:%lu: %s: %s", number, host, err.text);
	r->host = host ? strdup(host) : NULL;
	json_decref(o);
	if (!rc && (!r->d || !r->host)) {
		cli_error("<stdin>:%lu: no machine", number);
		rc = EXIT_INPUT;
	}
	return rc ? EXIT_INPUT : 0;
}

static int batches(struct fleet *f, struct reports *all)
{
	char *line = NULL;
	size_t size = 0;
	unsigned long number = 0;
	int rc = 0;

	while (!rc && getline(&line, &size, stdin) >= 0) {
		number++;
		if (line[strspn(line, " \t\r\n")])
			rc = parse_line(all, line, number);
		if (!rc && all->nr == BATCH) {
			rc = publish(f, all);
			clear(all);
		}
	}
	free(line);
	if (!rc)
		rc = publish(f, all);
	if (rc && all->all)
		fprintf(stderr, "the first %lld reports were taken\n",
			(long long)all->all);
	clear(all);
	return rc ? rc : fleet_transact(f, STORE_READ, say_sum, all);
}

/* -- the verb ------------------------------------------------------------- */

static int name_one(struct reports *all)
{
	if (!all->host)
		return 0;
	if (all->nr != 1)
		return cli_usage("--host names one machine, and there are %zu",
				 all->nr);
	free(all->of[0].host);
	all->of[0].host = strdup(all->host);
	return all->of[0].host ? 0 : EXIT_INPUT;
}

static int some(struct fleet *f, struct reports *all, char **file)
{
	int rc = file ? cli_each(file, 1, take_file, all) : capture(all);

	if (!rc && !all->nr) {
		cli_error("%s: no machine", *file);
		rc = EXIT_INPUT;
	}
	if (!rc)
		rc = name_one(all);
	if (!rc)
		rc = fleet_open_write(f);
	if (rc)
		return rc;
	rc = publish(f, all);
	if (!rc)
		rc = fleet_transact(f, STORE_READ, f->json ? say_sum : say,
				    all);
	store_close(f->s);
	return rc;
}

static int many(struct fleet *f, struct reports *all)
{
	int rc = fleet_open_write(f);

	if (rc)
		return rc;
	rc = batches(f, all);
	store_close(f->s);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "host", required_argument, NULL, 'H' },
		{ "batch", no_argument, NULL, 'b' },
		{ "from", required_argument, NULL, 'f' },
		FLEET_OPTS_WRITE,
		{ NULL, 0, NULL, 0 },
	};
	struct fleet f = { .create = 1 };
	struct reports all = { .of = NULL };
	int c, batch = 0, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'H')
			all.host = optarg;
		else if (c == 'b')
			batch = 1;
		else
			rc = c == 'f' ? cli_set_from(optarg)
				      : fleet_option(&f, c);
	}
	if (!rc)
		rc = fleet_arguments(argc, 0, !batch, "[FILE|-]");
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (batch && all.host)
		return cli_usage("--batch has the names in its lines");
	rc = batch ? many(&f, &all)
		   : some(&f, &all, optind < argc ? argv + optind : NULL);
	clear(&all);
	free(all.of);
	return rc;
}

const struct verb verb_publish = {
	.name = "publish",
	.args = "[FILE|-] [options]",
	.summary = "a host tells the fleet what it is",
	.help = "Without FILE this machine is described: by KVM's own policies "
		"where there is a\nKVM, else by its CPU.  Nothing is written "
		"where nothing changed.  The systemd timer\n"
		"cpulevel-publish.timer does this at boot and once a day.\n\n"
		"options:\n"
		"  --host NAME     the host's name; else the file's, or this "
		"machine's\n"
		"  --batch         many, on standard input, a line each:\n"
		"                  {\"host\": NAME, \"report\": DESCRIPTION}\n"
		"  --from FORMAT   do not detect the format\n" FLEET_HELP_WRITE
		"\nexamples:\n"
		"  cpulevel publish --store postgres://inventory/fleet\n"
		"  ssh spr-07 cpulevel capture --kvm | cpulevel publish - "
		"--host spr-07\n"
		"  cpulevel publish --batch <reports.jsonl\n",
	.run = run,
};

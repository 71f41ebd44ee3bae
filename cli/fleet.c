/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* -- options -------------------------------------------------------------- */

int fleet_option(struct fleet *f, int c)
{
	switch (c) {
	case 'S':
		f->store = fleet_take_uri(optarg);
		return 0;
	case 'A':
		f->at = optarg;
		return 0;
	case 'N':
		f->note = optarg;
		return 0;
	case 'n':
		f->dry_run = 1;
		return 0;
	case 'j':
		f->json = 1;
		return 0;
	default:
		return c == -2 ? -1 : EXIT_USAGE;
	}
}

int fleet_options(int argc, char **argv, const struct option *opts,
		  struct fleet *f)
{
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1)
		rc = fleet_option(f, c);
	return rc;
}

int fleet_arguments(int argc, int least, int most, const char *form)
{
	int n = argc - optind;

	if (n >= least && (most < 0 || n <= most))
		return 0;
	return cli_usage("%s: cpulevel %.*s %s",
			 n < least ? "something is missing" : "too much",
			 (int)strcspn(cli_verb, " "), cli_verb, form);
}

int fleet_dispatch(const struct fleet_sub *sub, unsigned nr, int argc,
		   char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	static char verb[64];
	const char *near = NULL;
	unsigned i, best = 3;

	if (argc < 2)
		return cli_usage("what of it?");
	for (i = 0; i < nr; i++)
		if (!strcmp(sub[i].name, argv[1])) {
			snprintf(verb, sizeof(verb), "%s %s", cli_verb,
				 sub[i].name);
			cli_verb = verb;
			return sub[i].run(argc - 1, argv + 1);
		}
	if (argv[1][0] == '-')
		return cli_getopt(argc, argv, "+", none) == -2 ? EXIT_YES
							       : EXIT_USAGE;
	for (i = 0; i < nr; i++) {
		unsigned d = cli_distance(argv[1], sub[i].name);

		if (d < best) {
			best = d;
			near = sub[i].name;
		}
	}
	if (near)
		return cli_usage("no \"%s %s\"; did you mean %s?", cli_verb,
				 argv[1], near);
	return cli_usage("no \"%s %s\"", cli_verb, argv[1]);
}

/* -- the store ------------------------------------------------------------ */

const char *fleet_uri(const struct fleet *f)
{
	static char path[4096];
	const char *s = f->store ? f->store : getenv("CPULEVEL_STORE");
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (f->store || (s && *s))
		return s;
	if (!geteuid() && !(data && *data))
		return "/var/lib/cpulevel/fleet.db";
	if (data && *data)
		snprintf(path, sizeof(path), "%s/cpulevel/fleet.db", data);
	else
		snprintf(path, sizeof(path), "%s/.local/share/cpulevel/%s",
			 home ? home : "", "fleet.db");
	return path;
}

const char *fleet_say_uri(const char *uri)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s", uri);
	store_hide_password(text);
	return text;
}

/* `ps` shows everybody the arguments: from now on without the password. */
const char *fleet_take_uri(char *argument)
{
	static char taken[2][4096];
	static unsigned next;
	char *text = taken[next % 2];

	if (strlen(argument) >= sizeof(taken[0]) || !strstr(argument, "://"))
		return argument;
	next++;
	strcpy(text, argument);
	store_hide_password(argument);
	return text;
}

/* The folders of the default store are made; one that was named is not. */
static void make_folders(const char *path)
{
	char part[4096];
	const char *s;

	for (s = path + 1; (s = strchr(s, '/')) != NULL; s++) {
		snprintf(part, sizeof(part), "%.*s", (int)(s - path), path);
		(void)mkdir(part, 0755);
	}
}

/* "alice@node-3"; behind sudo who she was before. */
static int name_actor(struct fleet *f)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *sudo = getenv("SUDO_USER");
	const char *user = pw ? pw->pw_name : "unknown";
	char node[128] = "", actor[256];

	if (!geteuid() && sudo && *sudo)
		user = sudo;
	if (gethostname(node, sizeof(node) - 1))
		*node = '\0';
	snprintf(actor, sizeof(actor), "%s@%s", user, node);
	if (store_set_actor(f->s, actor, NULL))
		snprintf(actor, sizeof(actor), "user %u", (unsigned)geteuid());
	if (!store_set_actor(f->s, actor, f->note))
		return 0;
	cli_error("--note: %s", store_error(f->s));
	return EXIT_INPUT;
}

int fleet_open(struct fleet *f, unsigned flags)
{
	const char *uri = fleet_uri(f), *named = getenv("CPULEVEL_STORE");
	char err[STORE_ERROR] = "";
	int rc;

	if (!f->store && !(named && *named) && !(flags & STORE_EXISTING))
		make_folders(uri);
	rc = store_open(uri, flags, &f->s, err);
	/* what would be in a new one */
	if (rc == -LVL_E_NOT_FOUND && f->create && f->dry_run)
		rc = store_open(":memory:", 0, &f->s, err);
	if (rc == -LVL_E_NOT_FOUND)
		cli_error("%s; `cpulevel pool init NAME` makes one, --store "
			  "names another",
			  err);
	else if (rc)
		cli_error("%s", err);
	return rc ? EXIT_INPUT : 0;
}

int fleet_failed(struct fleet *f, int rc)
{
	const char *text = store_error(f->s);

	if (rc >= 0)
		return rc;
	cli_error("%s: %s", fleet_say_uri(fleet_uri(f)),
		  text && *text ? text : lvl_strerror(rc));
	if (rc == -LVL_E_REVISION)
		fputs("nothing was changed; look again, and try again\n",
		      stderr);
	return EXIT_INPUT;
}

/* -- one transaction ------------------------------------------------------ */

/* A body that succeeded and must leave no trace. */
#define NO_TRACE 0x100

struct run {
	struct fleet *f;
	enum store_mode mode;
	fleet_body_fn *body;
	void *arg;
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int go_back(struct fleet *f)
{
	int64_t seq;
	int rc = fleet_seq(f, f->at, &seq);

	if (!rc && !seq) {
		cli_error("--at %s: there was nothing yet", f->at);
		return EXIT_INPUT;
	}
	return rc ? rc : store_at(f->s, seq);
}

static int in_transaction(struct store *s, void *arg)
{
	struct run *r = arg;
	struct fleet *f = r->f;
	int rc;

	(void)s;
	rewind(f->out);
	if (ftruncate(fileno(f->out), 0)) {
		cli_error("a temporary file: %s", strerror(errno));
		return EXIT_INPUT;
	}
	f->exit = EXIT_YES;
	f->undo = 0;
	f->now = clock_ms();
	rc = f->at ? go_back(f) : 0;
	if (!rc)
		rc = r->body(f, r->arg);
	if (!rc && r->mode == STORE_WRITE && (f->dry_run || f->undo))
		return NO_TRACE;
	return rc;
}

int fleet_transact(struct fleet *f, enum store_mode mode, fleet_body_fn *body,
		   void *arg)
{
	struct run r = { f, mode, body, arg };
	const char *warning;
	struct cli_out o;
	int rc = mode == STORE_WRITE ? name_actor(f) : 0;

	if (!rc)
		rc = cli_out_open(&o, NULL);
	if (rc)
		return rc;
	f->out = o.f;
	rc = store_txn(f->s, mode, in_transaction, &r);
	warning = store_warning(f->s);
	if (warning)
		cli_warn("%s", warning);
	if (rc == NO_TRACE) {
		if (f->dry_run)
			fputs("dry run: nothing was changed\n", stderr);
		rc = 0;
	}
	rc = cli_out_close(&o, fleet_failed(f, rc));
	f->out = NULL;
	return rc ? rc : f->exit;
}

int fleet_read(struct fleet *f, fleet_body_fn *body, void *arg)
{
	int rc = fleet_open(f, STORE_EXISTING | STORE_READ_ONLY);

	if (rc)
		return rc;
	rc = fleet_transact(f, STORE_READ, body, arg);
	store_close(f->s);
	return rc;
}

int fleet_open_write(struct fleet *f)
{
	return fleet_open(f, f->create && !f->dry_run ? 0 : STORE_EXISTING);
}

int fleet_write(struct fleet *f, fleet_body_fn *body, void *arg)
{
	int rc = fleet_open_write(f);

	if (rc)
		return rc;
	rc = fleet_transact(f, STORE_WRITE, body, arg);
	store_close(f->s);
	return rc;
}

int fleet_run_read(int argc, char **argv, int least, int most, const char *form,
		   fleet_body_fn *body)
{
	static const struct option opts[] = { FLEET_OPTS_READ,
					      { NULL, 0, NULL, 0 } };
	struct fleet f = { .store = NULL };
	int rc = fleet_options(argc, argv, opts, &f);

	if (!rc)
		rc = fleet_arguments(argc, least, most, form);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	return fleet_read(&f, body, argv + optind);
}

/* -- JSON ----------------------------------------------------------------- */

static int dump(struct fleet *f, json_t *document, size_t flags)
{
	int rc = document ? json_dumpf(document, f->out, flags) : -1;

	json_decref(document);
	if (rc)
		cli_error("no JSON: out of memory, or a name that is not "
			  "UTF-8");
	return rc ? EXIT_INPUT : 0;
}

int fleet_json(struct fleet *f, json_t *document)
{
	int rc = dump(f, document, JSON_INDENT(2));

	putc('\n', f->out);
	return rc;
}

int fleet_json_line(struct fleet *f, json_t *document)
{
	int rc = dump(f, document, JSON_COMPACT);

	putc('\n', f->out);
	return rc;
}

int fleet_json_part(struct fleet *f, json_t *part)
{
	return dump(f, part, 0);
}

/* -- what a host gives its guests ----------------------------------------- */

const struct lvl_platform *fleet_platform(const struct store_pool *p)
{
	const struct lvl_platform *on = NULL;

	if (p->platform)
		on = lvl_platform_find(p->platform, strlen(p->platform));
	return on ? on : &lvl_platforms[0];
}

static void normal(struct lvl_policy *to, const struct lvl_policy *from)
{
	if (!to)
		return;
	*to = *from;
	lvl_policy_normalise(to, NULL);
}

/* A hypervisor's own: where it gave one of the two, it is both. */
static void reported(const struct store_profile *p, enum lvl_guest guest,
		     struct lvl_policy *dflt, struct lvl_policy *arrival)
{
	const struct lvl_policy *max = p->policy[LVL_KIND_PV_MAX + 2 * guest];
	const struct lvl_policy *own =
		p->policy[LVL_KIND_PV_DEFAULT + 2 * guest];
	struct lvl_policy both;

	if (!max)
		max = own;
	if (!own)
		own = max;
	normal(dflt, own);
	lvl_arrival(&both, max, own);
	normal(arrival, &both);
}

int fleet_policies(const struct store_profile *p, enum lvl_guest guest,
		   const struct lvl_platform *on, struct lvl_policy *dflt,
		   struct lvl_policy *arrival)
{
	const struct lvl_policy *host = p->policy[LVL_KIND_HOST];
	struct lvl_policy d, a;
	int rc;

	if (p->policy[LVL_KIND_PV_MAX + 2 * guest] ||
	    p->policy[LVL_KIND_PV_DEFAULT + 2 * guest]) {
		reported(p, guest, dflt, arrival);
		return 0;
	}
	if (!host)
		return -LVL_E_UNSUPPORTED;
	rc = lvl_derive_default(&d, host, guest, on, NULL);
	if (!rc)
		rc = lvl_derive_arrival(&a, host, guest, on);
	if (rc)
		return rc;
	normal(dflt, &d);
	normal(arrival, &a);
	return 0;
}

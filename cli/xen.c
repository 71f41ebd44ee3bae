/* SPDX-License-Identifier: MIT */
/* The policy of a domain of the Xen below: read it, or set it. */
#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include <cpulevel/host.h>

#include "probe/xen.h"

struct options {
	struct cli_select select;
	const char *output;
	int json, dry;
};

/* What became of it. */
enum done { DONE_REFUSED, DONE_WOULD, DONE_SET, DONE_XEN_REFUSED, DONE_BACK };

static const struct {
	const char *word, *says;
} done[] = {
	[DONE_REFUSED] = { "refused", "nothing was changed" },
	[DONE_WOULD] = { "would-set", "nothing was changed (--dry-run)" },
	[DONE_SET] = { "set", "set, read back, and Xen holds it" },
	[DONE_XEN_REFUSED] = { "refused-by-xen", "nothing was changed" },
	[DONE_BACK] = { "taken-back", "Xen said yes and held something else; "
				      "the domain has its old policy again" },
};

struct set {
	const char *name; /* of the policy */
	struct probe_domain domain;
	struct lvl_policy before, to, host;
	struct probe_xen_report xen;
	enum lvl_verdict verdict;
	struct findings all, held;
	enum done done;
	struct lvl_ferr why; /* Xen's refusal */
};

/* -- what changes ---------------------------------------------------------- */

static int changes(const struct set *s, unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->word != LVL_NO_WORD && f->rule != LVL_HIDDEN &&
	       lvl_words[f->word].place != LVL_PLACE_STATE &&
	       lvl_known(&s->domain.policy, field) &&
	       lvl_get(&s->before, field) != lvl_get(&s->to, field);
}

/* One bit that comes or goes, or a number. */
static int is_sort(const struct set *s, unsigned field, int sort)
{
	if (!changes(s, field))
		return 0;
	if (lvl_fields[field].width > 1)
		return sort == 2;
	return sort == (int)lvl_get(&s->to, field);
}

static void change(const struct set *s, unsigned field, struct cli_wrap *w)
{
	char text[128], before[CLI_VALUE], to[CLI_VALUE];

	if (lvl_fields[field].width > 1)
		snprintf(text, sizeof(text), "%s=%s(%s)", lvl_field_name(field),
			 cli_value(lvl_get(&s->to, field), 1, to),
			 cli_value(lvl_get(&s->before, field),
				   lvl_known(&s->before, field), before));
	else
		snprintf(text, sizeof(text), "%s", lvl_field_name(field));
	cli_wrap_word(w, text);
}

static void print_changes(const struct set *s)
{
	static const char *const heads[] = { "hidden", "shown", "now(before)" };
	unsigned any = 0, i;
	int sort;

	for (sort = 0; sort < 3; sort++) {
		struct cli_wrap w = { stdout, 2, 0 };
		unsigned n = 0;

		for (i = 0; i < LVL_NR_FIELDS; i++) {
			if (!is_sort(s, i, sort))
				continue;
			if (!n++) {
				printf("  %s:", heads[sort]);
				w.column = 3 + (unsigned)strlen(heads[sort]);
			}
			change(s, i, &w);
		}
		if (n)
			cli_wrap_end(&w);
		any += n;
	}
	if (!any)
		puts("  the domain has this policy already");
}

/* -- the answer ------------------------------------------------------------ */

static const char *const verdicts[] = { "yes", "no", "unknown" };

static void head(const struct set *s)
{
	static const char *const words[] = { "YES", "NO", "UNKNOWN" };
	static const enum cli_ink inks[] = { INK_GOOD, INK_BAD, INK_WARN };
	static const char *const says[] = { "fits", "does not fit",
					    "may or may not fit" };

	printf("%s%s%s  %s %s domain %u (%s) of Xen %s",
	       cli_ink(inks[s->verdict]), words[s->verdict], cli_ink(INK_PLAIN),
	       s->name, says[s->verdict], s->domain.id,
	       lvl_guest_names[s->domain.guest], s->xen.version);
	findings_counts(&s->all, stdout);
	putchar('\n');
}

static void print(const struct set *s)
{
	const struct findings_of fit = { "POLICY", "XEN", &s->to, &s->host };
	const struct findings_of held = { "POLICY", "XEN", NULL, NULL };

	head(s);
	findings_table(&s->all, &fit, stdout);
	if (s->verdict == LVL_YES)
		print_changes(s);
	findings_table(&s->held, &held, stdout);
	if (s->done == DONE_XEN_REFUSED)
		puts(s->why.text);
	puts(done[s->done].says);
}

static void json_changes(const struct set *s)
{
	char before[CLI_VALUE], to[CLI_VALUE];
	unsigned i, any = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (changes(s, i))
			printf("%s\n    {\"field\": \"%s\", \"before\": "
			       "\"%s\", "
			       "\"to\": \"%s\"}",
			       any++ ? "," : "", lvl_field_name(i),
			       cli_value(lvl_get(&s->before, i),
					 lvl_known(&s->before, i), before),
			       cli_value(lvl_get(&s->to, i),
					 lvl_known(&s->to, i), to));
	if (any)
		fputs("\n  ", stdout);
}

static void json(const struct set *s)
{
	const struct findings_of fit = { "", "", &s->to, &s->host };
	const struct findings_of held = { "", "", NULL, NULL };

	printf("{\n  \"format\": \"cpulevel-xen\",\n  \"version\": 1,\n"
	       "  \"verdict\": \"%s\",\n  \"done\": \"%s\",\n"
	       "  \"domain\": %u,\n  \"guest\": \"%s\",\n  \"xen\": ",
	       verdicts[s->verdict], done[s->done].word, s->domain.id,
	       lvl_guest_names[s->domain.guest]);
	cli_json_string(stdout, s->xen.version);
	fputs(",\n  \"policy\": ", stdout);
	cli_json_string(stdout, s->name);
	fputs(",\n  \"reason\": ", stdout);
	if (s->done == DONE_XEN_REFUSED)
		cli_json_string(stdout, s->why.text);
	else
		fputs("null", stdout);
	fputs(",\n  \"changes\": [", stdout);
	json_changes(s);
	fputs("],\n  \"findings\": [", stdout);
	findings_json(&s->all, &fit, stdout);
	fputs("],\n  \"held\": [", stdout);
	findings_json(&s->held, &held, stdout);
	puts("]\n}");
}

/* -- set ------------------------------------------------------------------- */

/* What is missing in a boot record cannot be made up for in silence. */
static void keep_requirement(void *arg, const struct lvl_finding *f)
{
	if (f->reason == LVL_R_REQUIREMENT)
		findings_keep(arg, f);
}

static int policy_of(struct set *s, struct lvl_desc *d,
		     const struct cli_select *select)
{
	enum lvl_kind kind;
	const struct lvl_policy *p;
	int rc = cli_derive(d, select);

	if (rc)
		return rc;
	p = cli_policy(d, select, &kind);
	if (!p) {
		cli_error("%s gives no such policy", d->name);
		return EXIT_INPUT;
	}
	s->name = d->name;
	lvl_valid(p, keep_requirement, &s->all);
	probe_xen_merge(&s->domain, p, &s->to);
	s->before = s->domain.policy;
	lvl_policy_normalise(&s->before, NULL);
	return 0;
}

/* What this Xen lets a guest of that kind have. */
static int limits(struct set *s, struct xen *x, struct cli_select *select)
{
	const struct probe_options none = { .tool = NULL };
	const char *platform;
	struct lvl_desc *d = NULL;
	struct lvl_ferr err;
	int rc = probe_xen(x, &none, &s->xen, &d, &err);

	if (rc) {
		cli_error("%s", err.text);
		return EXIT_INPUT;
	}
	select->guest = s->domain.guest;
	select->guest_given = 1;
	platform = lvl_desc_fact(d, "platform");
	if (platform)
		select->platform =
			lvl_platform_find(platform, strlen(platform));
	rc = cli_derive(d, select);
	if (!rc && cli_arrival(&s->host, d, select)) {
		cli_error("Xen does not say what its %s guests may have",
			  lvl_guest_names[s->domain.guest]);
		rc = EXIT_INPUT;
	}
	probe_xen_limits(&s->domain, &s->host);
	lvl_desc_free(d);
	return rc;
}

static void judge(struct set *s)
{
	int broken = s->all.nr != 0;

	s->verdict = lvl_fits(&s->to, &s->host, findings_keep, &s->all);
	if (broken)
		s->verdict = LVL_NO;
	findings_sort(&s->all);
}

/* Once it fits. */
static int give(struct set *s, struct xen *x, int dry)
{
	int rc;

	s->done = DONE_WOULD;
	if (dry)
		return EXIT_YES;
	rc = probe_xen_set(x, &s->domain, &s->to, findings_keep, &s->held,
			   &s->why);
	findings_sort(&s->held);
	s->done = !rc                     ? DONE_SET
		  : rc == -LVL_E_CONFLICT ? DONE_BACK
					  : DONE_XEN_REFUSED;
	if (rc == -LVL_E_CONFLICT)
		return EXIT_NO;
	if (rc == -LVL_E_STATE || rc == -LVL_E_INVALID)
		return EXIT_REFUSED;
	if (!rc)
		return EXIT_YES;
	cli_error("%s", s->why.text);
	return EXIT_INPUT;
}

static int set_domain(struct xen *x, unsigned id, char *file, struct options *o)
{
	static struct set s; /* large */
	struct lvl_ferr err;
	struct lvl_desc *d;
	int rc;

	if (probe_xen_domain(x, id, &s.domain, NULL, &err)) {
		cli_error("%s", err.text);
		return EXIT_INPUT;
	}
	rc = limits(&s, x, &o->select);
	if (rc)
		return rc;
	d = cli_one(file, &rc);
	if (!rc)
		rc = policy_of(&s, d, &o->select);
	if (!rc) {
		judge(&s);
		rc = s.verdict == LVL_YES ? give(&s, x, o->dry)
					  : cli_exit(s.verdict);
		if (o->json)
			json(&s);
		else
			print(&s);
	}
	findings_free(&s.all);
	findings_free(&s.held);
	lvl_desc_free(d);
	return rc;
}

/* -- get ------------------------------------------------------------------- */

static int write_to(const struct lvl_desc *d, const struct options *o)
{
	struct cli_out out;
	int rc = cli_out_open(&out, o->output);

	if (rc)
		return rc;
	rc = o->json ? lvl_desc_write_json(d, LVL_KIND_SEEN, out.f)
		     : lvl_desc_write(d, out.f);
	if (rc)
		cli_error("%s: %s", o->output ? o->output : "standard output",
			  lvl_strerror(rc));
	return cli_out_close(&out, rc ? EXIT_INPUT : 0);
}

static int get_domain(struct xen *x, unsigned id, const struct options *o)
{
	struct probe_domain domain;
	struct lvl_desc *d = NULL;
	struct lvl_ferr err;
	int rc;

	if (probe_xen_domain(x, id, &domain, &d, &err)) {
		cli_error("%s", err.text);
		return EXIT_INPUT;
	}
	rc = write_to(d, o);
	lvl_desc_free(d);
	return rc;
}

/* -- the verb -------------------------------------------------------------- */

static int is_number(const char *s, unsigned *id)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	*id = (unsigned)n;
	return *s >= '0' && *s <= '9' && !*end && n < 0x7ff0;
}

static int with_xen(char **arg, int nr, struct options *o)
{
	int set = nr && !strcmp(arg[0], "set");
	struct lvl_ferr err;
	struct xen *x;
	unsigned id;
	int rc;

	if (!nr || (!set && strcmp(arg[0], "get")))
		return cli_usage("get or set?");
	if (nr != 2 + set)
		return cli_usage(set ? "which domain, and which policy?"
				     : "which domain?");
	if (!is_number(arg[1], &id))
		return cli_usage("\"%s\" is not a domain's number; `xl domid "
				 "NAME` tells it",
				 arg[1]);
	if (set ? o->output != NULL : o->dry)
		return cli_usage(set ? "-o is for get" : "-n is for set");
	x = probe_xen_begin(&err);
	if (!x) {
		cli_error("%s", err.text);
		return EXIT_INPUT;
	}
	rc = set ? set_domain(x, id, arg[2], o) : get_domain(x, id, o);
	probe_xen_end(x);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		CLI_OPT_OF,
		{ "from", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .select.guest = LVL_HVM };
	int c, rc = 0;

	while (!rc && (c = cli_getopt(argc, argv, "no:", opts)) != -1) {
		if (c == 'j')
			o.json = 1;
		else if (c == 'n')
			o.dry = 1;
		else if (c == 'o')
			o.output = optarg;
		else
			rc = cli_select_option(&o.select, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	return with_xen(argv + optind, argc - optind, &o);
}

const struct verb verb_xen = {
	.name = "xen",
	.args = "get DOMAIN [-o FILE] | set DOMAIN POLICY [-n]",
	.summary = "the CPU policy of a domain of this Xen: read or set it",
	.help = "get writes what the domain's guest is shown, as a boot "
		"record.  set compares POLICY\nwith what this Xen lets guests "
		"of the domain's kind have; where it does not fit it\nsays "
		"why and changes nothing.  Xen itself says yes to nearly "
		"anything and keeps what\nit likes, so that the policy is read "
		"back and compared, and taken back where it is\nnot what was "
		"asked for.  Topology stays the domain's, unless POLICY has "
		"one.\n\n"
		"A policy can be set until the domain runs for the first time: "
		"`xl create -p`,\n`cpulevel xen set`, `xl unpause`.  For "
		"domain 0, with libxenguest installed.\n\n"
		"options:\n"
		"  -o, --output F  write to F, not to standard output (get)\n"
		"  -n, --dry-run   compare, say what would change, change "
		"nothing (set)\n"
		"  --of WHAT       POLICY is a machine: default, max or a "
		"kind of policy (set)\n"
		"  --json          a cpulevel-xen document; get: "
		"cpulevel-policy\n"
		"  --from FORMAT   do not detect POLICY's format\n\n"
		"examples:\n"
		"  cpulevel xen get 3 -o web-17.txt\n"
		"  cpulevel xen set 4 pool.level -n\n"
		"  cpulevel xen set \"$(xl domid web-17)\" web-17.txt\n\n"
		"Exit: 0 set, 1 it does not fit or Xen held something else, "
		"4 not known,\n5 Xen refuses.\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/* Inside a guest: is this what was promised, and what works that is hidden? */
#include "cli.h"

#include "core/clause.h"
#include "probe/isa.h"
#include "probe/native.h"

#include <string.h>

enum status {
	AS_PROMISED,
	MISSING,      /* promised, and not shown */
	UNASKED,      /* shown, and not promised */
	DIFFERENT,    /* a number, or identity */
	FAULTS,       /* shown, and it raises an exception */
	WORKS_HIDDEN, /* neither promised nor shown, and it works */
	BLOCKED,      /* neither promised nor shown, and it does not work */
	NOT_READ,     /* one of the two is not known */
	NR_STATUS
};

static const struct {
	const char *word, *what;
	enum cli_ink ink;
} says[NR_STATUS] = {
	{ "as-promised", "as promised", INK_GOOD },
	{ "missing", "promised, not shown", INK_BAD },
	{ "not-promised", "shown, not promised", INK_BAD },
	{ "different", "not as promised: seen(promised)", INK_BAD },
	{ "faults", "shown, and it faults", INK_BAD },
	{ "hidden-works", "hidden, and it works all the same", INK_WARN },
	{ "hidden-blocked", "hidden and blocked", INK_GOOD },
	{ "not-read", "not known", INK_DIM },
};

struct verify {
	const struct lvl_desc *promise, *here;
	struct lvl_policy p, seen;
	uint8_t status[LVL_NR_FIELDS]; /* NR_STATUS: not spoken of */
	unsigned count[NR_STATUS];
};

/* -- each field ------------------------------------------------------------ */

/* Not what a policy decides, or what no guest reads. */
static int spoken_of(unsigned field)
{
	const struct lvl_field *f = &lvl_fields[field];

	return f->word != LVL_NO_WORD && f->rule != LVL_FREE &&
	       f->rule != LVL_DYNAMIC && f->rule != LVL_HIDDEN &&
	       lvl_words[f->word].place != LVL_PLACE_STATE;
}

static enum status compare(const struct verify *v, unsigned field)
{
	uint64_t promised = lvl_get(&v->p, field);
	uint64_t seen = lvl_get(&v->seen, field);

	if (!lvl_known(&v->p, field) || !lvl_known(&v->seen, field))
		return NOT_READ;
	if (promised == seen)
		return AS_PROMISED;
	if (lvl_fields[field].width > 1)
		return DIFFERENT;
	return promised ? MISSING : UNASKED;
}

/* CPUID is one thing, what the CPU does another. */
static enum status try(const struct verify *v, unsigned field, enum status s)
{
	int shown = lvl_has(&v->seen, field);
	enum isa_result r = probe_isa(field);

	if (r == ISA_NOT_TRIED || s == NOT_READ)
		return s;
	if (shown)
		return r == ISA_BLOCKED ? FAULTS : s;
	if (s != AS_PROMISED)
		return s;
	return r == ISA_BLOCKED ? BLOCKED : WORKS_HIDDEN;
}

static void look(struct verify *v)
{
	unsigned i;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		enum status s;

		v->status[i] = NR_STATUS;
		if (!spoken_of(i) ||
		    (!lvl_carried_(&v->p, i) && !lvl_carried_(&v->seen, i)))
			continue;
		s = try(v, i, compare(v, i));
		v->status[i] = (uint8_t)s;
		v->count[s]++;
	}
}

static int good(const struct verify *v)
{
	return !v->count[MISSING] && !v->count[UNASKED] &&
	       !v->count[DIFFERENT] && !v->count[FAULTS];
}

/* -- text ------------------------------------------------------------------ */

static void word_of(const struct verify *v, unsigned field, struct cli_wrap *w)
{
	char text[128], seen[CLI_VALUE], promised[CLI_VALUE];

	if (v->status[field] == DIFFERENT)
		snprintf(text, sizeof(text), "%s=%s(%s)", lvl_field_name(field),
			 cli_value(lvl_get(&v->seen, field), 1, seen),
			 cli_value(lvl_get(&v->p, field), 1, promised));
	else
		snprintf(text, sizeof(text), "%s", lvl_field_name(field));
	cli_wrap_word(w, text);
}

static void group(const struct verify *v, enum status s)
{
	struct cli_wrap w = { stdout, 4, 4 };
	unsigned i;

	if (!v->count[s])
		return;
	printf("  %s%s%s: %u\n", cli_ink(says[s].ink), says[s].what,
	       cli_ink(INK_PLAIN), v->count[s]);
	if (s == AS_PROMISED || s == NOT_READ)
		return;
	fputs("    ", stdout);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (v->status[i] == s)
			word_of(v, i, &w);
	cli_wrap_end(&w);
}

static void print(const struct verify *v)
{
	unsigned s;

	printf("%s%s%s  %s sees %s %s was promised\n",
	       cli_ink(good(v) ? INK_GOOD : INK_BAD), good(v) ? "YES" : "NO",
	       cli_ink(INK_PLAIN), v->here->name,
	       good(v) ? "what" : "something else than what", v->promise->name);
	for (s = 0; s < NR_STATUS; s++)
		group(v, (enum status)s);
}

/* -- JSON ------------------------------------------------------------------ */

static void json(const struct verify *v)
{
	char seen[CLI_VALUE], promised[CLI_VALUE];
	unsigned i, any = 0;

	printf("{\n  \"format\": \"cpulevel-verify\",\n  \"version\": 1,\n"
	       "  \"verdict\": \"%s\",\n  \"policy\": ",
	       good(v) ? "yes" : "no");
	cli_json_string(stdout, v->promise->name);
	fputs(",\n  \"guest\": ", stdout);
	cli_json_string(stdout, v->here->name);
	fputs(",\n  \"fields\": [", stdout);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (v->status[i] == NR_STATUS)
			continue;
		printf("%s\n    {\"field\": \"%s\", \"status\": \"%s\", "
		       "\"promised\": \"%s\", \"seen\": \"%s\"}",
		       any++ ? "," : "", lvl_field_name(i),
		       says[v->status[i]].word,
		       cli_value(lvl_get(&v->p, i), lvl_known(&v->p, i),
				 promised),
		       cli_value(lvl_get(&v->seen, i), lvl_known(&v->seen, i),
				 seen));
	}
	puts("\n  ]\n}");
}

/* -- the question ---------------------------------------------------------- */

/* All vCPUs; where they differ none of it is what was promised. */
static int read_guest(struct verify *v, struct lvl_desc **here)
{
	const struct probe_options options = { .tool = NULL };
	struct probe_report report;
	struct lvl_ferr err;
	int rc = probe_native(&options, &report, here, &err);

	if (rc)
		cli_error("%s", err.text);
	else if (report.nr_differ)
		cli_warn("the vCPUs are not alike: `cpulevel capture` says in "
			 "what");
	probe_report_free(&report);
	if (rc)
		return EXIT_INPUT;
	v->here = *here;
	v->seen = *(*here)->policy[LVL_KIND_RAW];
	return 0;
}

static int verify(char *file, const struct cli_select *s, int as_json)
{
	static struct verify v; /* large */
	const struct lvl_policy *p;
	struct lvl_desc *here = NULL, *d;
	enum lvl_kind kind = LVL_KIND_RAW;
	int rc;

	d = cli_one(file, &rc);
	if (!rc)
		rc = cli_derive(d, s);
	p = rc ? NULL : cli_policy(d, s, &kind);
	if (!rc && !p) {
		cli_error("%s gives no such policy", d->name);
		rc = EXIT_INPUT;
	}
	if (!rc)
		rc = read_guest(&v, &here);
	if (!rc) {
		v.promise = d;
		v.p = *p;
		if (kind != LVL_KIND_RAW) /* that is what a CPU said */
			lvl_policy_normalise(&v.p, NULL);
		look(&v);
		if (as_json)
			json(&v);
		else
			print(&v);
		rc = good(&v) ? EXIT_YES : EXIT_NO;
	}
	lvl_desc_free(d);
	lvl_desc_free(here);
	return rc;
}

static int run(int argc, char **argv)
{
	static const struct option opts[] = {
		CLI_OPT_OF,
		CLI_OPTS_GUEST,
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli_select s = { .guest = LVL_HVM };
	int c, rc = 0, as_json = 0;

	while (!rc && (c = cli_getopt(argc, argv, "", opts)) != -1) {
		if (c == 'j')
			as_json = 1;
		else
			rc = cli_select_option(&s, c);
	}
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (argc - optind != 1)
		return cli_usage("which policy was promised?");
	return verify(argv[optind], &s, as_json);
}

const struct verb verb_verify = {
	.name = "verify",
	.args = "POLICY [--of WHAT] [--guest KIND] [--json]",
	.summary = "inside a guest: is this what was promised, and what leaks",
	.help = "Executes CPUID on all vCPUs and compares with POLICY, a "
		"level, a boot record or a\npolicy of a machine.  Then one "
		"instruction of each feature is tried: a hidden one\nmay work "
		"all the same, where the CPU has nothing to stop it.\n\n"
		"options:\n"
		"  --of WHAT       of a machine: default, max or a kind of "
		"policy\n"
		"  --guest KIND    of a machine: pv, hvm-shadow or hvm "
		"(default)\n"
		"  --platform P    derive what guests see for this "
		"hypervisor\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --json          a cpulevel-verify document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel verify web-17.txt\n"
		"  cpulevel verify pool.level --json | jq .verdict\n\n"
		"Exit: 0 as promised, 1 not; what works though hidden does not "
		"count.\n",
	.run = run,
};

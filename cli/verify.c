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
	UNLIKE,       /* not alike on all vCPUs */
	FAULTS,       /* shown, and it raises an exception */
	WORKS_HIDDEN, /* neither promised nor shown, and it works */
	BLOCKED,      /* neither promised nor shown, and it does not work */
	NOT_READ,     /* promised, and it could not be read */
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
	{ "vcpus-differ", "not alike on all vCPUs", INK_BAD },
	{ "faults", "shown, and it faults", INK_BAD },
	{ "hidden-works", "hidden, and it works all the same", INK_WARN },
	{ "hidden-blocked", "hidden and blocked", INK_GOOD },
	{ "not-read", "not read", INK_WARN },
};

struct verify {
	const struct lvl_desc *promise, *here;
	struct lvl_policy p, seen;
	/* features whose registers the guest's own kernel has not enabled */
	struct lvl_policy off;
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

	if (!lvl_known(&v->p, field))
		return NR_STATUS; /* nothing was promised */
	if (!lvl_known(&v->seen, field))
		return NOT_READ;
	if (promised == seen)
		return AS_PROMISED;
	if (lvl_fields[field].width > 1)
		return DIFFERENT;
	return promised ? MISSING : UNASKED;
}

/* Of all features, those that fall with this one. */
static void fall_with(struct lvl_policy *off, unsigned feature)
{
	struct lvl_policy all, without;
	unsigned i;

	lvl_policy_zero(&all);
	for (i = 0; i < LVL_NR_WORDS; i++)
		all.v[i] = lvl_masks[LVL_MASK_FEATURE][i];
	lvl_interior(&all, NULL);
	without = all;
	lvl_set(&without, feature, 0);
	lvl_interior(&without, NULL);
	for (i = 0; i < LVL_NR_WORDS; i++)
		off->v[i] |= all.v[i] & ~without.v[i];
}

/* That these fault says nothing of the CPU. */
static void not_enabled(struct verify *v)
{
	static const struct {
		uint16_t feature;
		uint16_t xcr0; /* SDM v1 13.1 */
	} needs[] = {
		{ LVL_F_XSAVE, 0x03 },
		{ LVL_F_AVX, 0x07 },
		{ LVL_F_AVX512F, 0xe7 },
	};
	uint64_t xcr0 = probe_isa_xcr0();
	unsigned i;

	for (i = 0; i < LVL_COUNT(needs); i++)
		if (needs[i].xcr0 & ~xcr0)
			fall_with(&v->off, needs[i].feature);
	if (lvl_has(&v->seen, LVL_F_XSAVE) && lvl_has(&v->off, LVL_F_XSAVE))
		cli_warn("this kernel has not enabled XSAVE: what needs it is "
			 "not tried");
}

/* CPUID is one thing, what the CPU does another. */
static enum status try(const struct verify *v, unsigned field, enum status s)
{
	int shown = lvl_has(&v->seen, field);
	enum isa_result r = ISA_NOT_TRIED;

	if (!lvl_has(&v->off, field))
		r = probe_isa(field);
	if (r == ISA_NOT_TRIED || s == NOT_READ || s == NR_STATUS)
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

	not_enabled(v);
	for (i = 0; i < LVL_NR_FIELDS; i++) {
		v->status[i] = NR_STATUS;
		if (!spoken_of(i) ||
		    (!lvl_carried_(&v->p, i) && !lvl_carried_(&v->seen, i)))
			continue;
		v->status[i] = (uint8_t)try(v, i, compare(v, i));
	}
}

/* What one vCPU has and another has not was promised of none. */
static void look_at_vcpus(struct verify *v, const struct probe_report *r)
{
	size_t i;

	for (i = 0; i < r->nr_differ; i++)
		if (v->status[r->differ[i].field] != NR_STATUS)
			v->status[r->differ[i].field] = UNLIKE;
}

/* What is computed from other fields follows from those. */
static int is_promise(const struct verify *v, unsigned field)
{
	return lvl_fields[field].rule != LVL_DERIVED &&
	       lvl_get(&v->p, field) != 0;
}

static enum lvl_verdict judge(struct verify *v)
{
	unsigned i, unread = 0;

	for (i = 0; i < LVL_NR_FIELDS; i++) {
		if (v->status[i] == NR_STATUS)
			continue;
		v->count[v->status[i]]++;
		unread += v->status[i] == NOT_READ && is_promise(v, i);
	}
	if (v->count[MISSING] || v->count[UNASKED] || v->count[DIFFERENT] ||
	    v->count[UNLIKE] || v->count[FAULTS])
		return LVL_NO;
	return unread ? LVL_UNKNOWN : LVL_YES;
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
	if (s == AS_PROMISED)
		return;
	fputs("    ", stdout);
	for (i = 0; i < LVL_NR_FIELDS; i++)
		if (v->status[i] == s && (s != NOT_READ || is_promise(v, i)))
			word_of(v, i, &w);
	cli_wrap_end(&w);
}

static void print(const struct verify *v, enum lvl_verdict verdict)
{
	static const struct {
		const char *word, *what;
		enum cli_ink ink;
	} heads[] = {
		[LVL_YES] = { "YES", "sees what", INK_GOOD },
		[LVL_NO] = { "NO", "sees something else than what", INK_BAD },
		[LVL_UNKNOWN] = { "UNKNOWN", "may or may not see what",
				  INK_WARN },
	};
	unsigned s;

	printf("%s%s%s  %s %s %s was promised\n", cli_ink(heads[verdict].ink),
	       heads[verdict].word, cli_ink(INK_PLAIN), v->here->name,
	       heads[verdict].what, v->promise->name);
	for (s = 0; s < NR_STATUS; s++)
		group(v, (enum status)s);
	if (verdict == LVL_UNKNOWN)
		puts("To know: run it as root, with the msr module loaded.");
}

/* -- JSON ------------------------------------------------------------------ */

static void json(const struct verify *v, enum lvl_verdict verdict)
{
	static const char *const words[] = {
		[LVL_YES] = "yes", [LVL_NO] = "no", [LVL_UNKNOWN] = "unknown"
	};
	char seen[CLI_VALUE], promised[CLI_VALUE];
	unsigned i, any = 0;

	printf("{\n  \"format\": \"cpulevel-verify\",\n  \"version\": 1,\n"
	       "  \"verdict\": \"%s\",\n  \"policy\": ",
	       words[verdict]);
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

static enum lvl_verdict answer(struct verify *v, const struct probe_report *r,
			       int as_json)
{
	enum lvl_verdict verdict;

	look(v);
	look_at_vcpus(v, r);
	verdict = judge(v);
	if (as_json)
		json(v, verdict);
	else
		print(v, verdict);
	return verdict;
}

static int verify(const struct lvl_desc *d, const struct lvl_policy *p,
		  int as_json)
{
	static struct verify v; /* large */
	const struct probe_options options = { .tool = NULL };
	struct probe_report report;
	struct lvl_desc *here = NULL;
	struct lvl_ferr err;
	int rc = probe_native(&options, &report, &here, &err);

	if (rc) {
		cli_error("%s", err.text);
		rc = EXIT_INPUT;
	} else {
		v.promise = d;
		v.here = here;
		v.p = *p;
		v.seen = *here->policy[LVL_KIND_RAW];
		rc = cli_exit(answer(&v, &report, as_json));
	}
	probe_report_free(&report);
	lvl_desc_free(here);
	return rc;
}

static int with_policy(char *file, const struct cli_select *s, int as_json)
{
	enum lvl_kind kind = LVL_KIND_RAW;
	const struct lvl_policy *found;
	struct lvl_policy p;
	struct lvl_desc *d;
	int rc;

	d = cli_one(file, &rc);
	if (!rc)
		rc = cli_derive(d, s);
	found = rc ? NULL : cli_policy(d, s, &kind);
	if (!rc && !found) {
		cli_error("%s gives no such policy", d->name);
		rc = EXIT_INPUT;
	}
	if (!rc) {
		p = *found;
		if (kind != LVL_KIND_RAW) /* that is what a CPU said */
			lvl_policy_normalise(&p, NULL);
		rc = verify(d, &p, as_json);
	}
	lvl_desc_free(d);
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
	int as_json = 0;
	int rc = cli_read_select(argc, argv, opts, &s, &as_json);

	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (argc - optind != 1)
		return cli_usage("which policy was promised?");
	return with_policy(argv[optind], &s, as_json);
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
		"  cpulevel verify web-17.rec\n"
		"  cpulevel verify pool.level --json | jq .verdict\n\n"
		"Exit: 0 as promised, 1 not, 4 if something that was promised "
		"could not be read;\nwhat works though hidden does not "
		"count.\n",
	.run = run,
};

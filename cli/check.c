/* SPDX-License-Identifier: MIT */
#include "check.h"

/* -- text ----------------------------------------------------------------- */

static const struct {
	const char *word;
	enum cli_ink ink;
} verdicts[] = {
	[LVL_YES] = { "YES", INK_GOOD },
	[LVL_NO] = { "NO", INK_BAD },
	[LVL_UNKNOWN] = { "UNKNOWN", INK_WARN },
};

static void head(const struct check *a, FILE *out)
{
	static const char *const says[] = {
		[LVL_YES] = "can run on",
		[LVL_NO] = "cannot run on",
		[LVL_UNKNOWN] = "may or may not run on",
	};
	fprintf(out, "%s%s%s  %s %s %s", cli_ink(verdicts[a->verdict].ink),
		verdicts[a->verdict].word, cli_ink(INK_PLAIN), a->guest_name,
		says[a->verdict], a->host_name);
	findings_counts(&a->all, out);
	putc('\n', out);
}

static struct findings_of sides(const struct check *a)
{
	const struct findings_of of = { "GUEST", "HOST", &a->guest, &a->host };

	return of;
}

/* What a level has to be like that fits, by the reasons why this one does not.
 */
enum ask { ASK_WITHOUT, ASK_OTHER, ASK_TOLD, ASK_NONE, ASKS };

static enum ask asks(const struct lvl_finding *f)
{
	if (f->severity > LVL_SECURITY || !f->sure)
		return ASKS;
	switch (f->reason) {
	case LVL_R_MISSING:
		return ASK_WITHOUT;
	case LVL_R_UNTOLD:
		return ASK_TOLD;
	case LVL_R_DIFFERS: /* of another vendor there is none */
		return f->field >= LVL_F_VENDOR_0 && f->field <= LVL_F_VENDOR_1
			       ? ASK_NONE
			       : ASK_OTHER;
	default:
		return ASK_OTHER;
	}
}

static void advise(const struct check *a, FILE *out)
{
	static const char *const titles[] = {
		"without:", "with less, or other values, of:", "that tells:"
	};
	unsigned kind, said = 0;
	size_t i, n;

	for (kind = ASK_WITHOUT; kind <= ASK_TOLD; kind++) {
		struct cli_wrap w = { out, 4, 0 };

		for (i = n = 0; i < a->all.nr; i++) {
			if (asks(&a->all.f[i]) != kind)
				continue;
			if (!n++) {
				fprintf(out, "%s %s",
					said++ ? "and"
					       : "It would fit after a power "
						 "cycle at a level",
					titles[kind]);
				w.column = cli_width();
			}
			cli_wrap_word(&w, lvl_field_name(a->all.f[i].field));
			/* the name of the hazard; guests see one of two bits */
			if (a->all.f[i].field == LVL_F_RET_ALTERNATE)
				cli_wrap_word(&w, "(rsba or rrsba)");
		}
		if (n)
			cli_wrap_end(&w);
	}
}

/* What would make it possible; is it a level? */
static int advice(const struct check *a, FILE *out)
{
	size_t i;

	if (a->verdict == LVL_YES)
		return 0;
	if (a->verdict == LVL_UNKNOWN) {
		fprintf(out,
			"To know: describe both with `cpulevel capture` where "
			"they run, as root, so that MSRs are read.\n");
		return 0;
	}
	for (i = 0; i < a->all.nr; i++)
		if (asks(&a->all.f[i]) == ASK_NONE) {
			fprintf(out, "No level fits both: their CPUs are of "
				     "different vendors.\n");
			return 0;
		}
	advise(a, out);
	return 1;
}

void check_findings(const struct check *a, FILE *out)
{
	const struct findings_of of = sides(a);

	head(a, out);
	if (a->derived)
		fprintf(out, "what %s lets in was derived for %s\n",
			a->host_name, a->derived);
	findings_table(&a->all, &of, out);
}

int check_print(const struct check *a, FILE *out)
{
	check_findings(a, out);
	return advice(a, out);
}

/* -- JSON ----------------------------------------------------------------- */

void check_json(const struct check *a, FILE *out)
{
	static const char *const words[] = { "yes", "no", "unknown" };
	const struct findings_of of = sides(a);

	fprintf(out,
		"{\n  \"format\": \"cpulevel-check\",\n  \"version\": 1,\n"
		"  \"verdict\": \"%s\",\n  \"platform\": ",
		words[a->verdict]);
	if (a->derived)
		cli_json_string(out, a->derived);
	else
		fputs("null", out);
	fputs(",\n  \"findings\": [", out);
	findings_json(&a->all, &of, out);
	fputs("]\n}\n", out);
}

/* -- the answer ----------------------------------------------------------- */

int check_run(struct check *a)
{
	lvl_policy_normalise(&a->guest, NULL);
	lvl_policy_normalise(&a->host, NULL);
	a->verdict = lvl_fits(&a->guest, &a->host, findings_keep, &a->all);
	findings_sort(&a->all);
	if (a->all.failed)
		cli_error("out of memory");
	return a->all.failed ? EXIT_INPUT : 0;
}

void check_free(struct check *a)
{
	findings_free(&a->all);
}

/* -- the question --------------------------------------------------------- */

int cli_arrival(struct lvl_policy *to, const struct lvl_desc *d,
		const struct cli_select *s)
{
	struct cli_select max = *s, dflt = *s;
	const struct lvl_policy *m, *states;

	if (d->hints & LVL_HINT_GUESTS_DERIVED)
		return lvl_derive_arrival(to, d->policy[LVL_KIND_HOST],
					  s->guest, cli_platform(s));
	if (s->of == OF_DEFAULT)
		max.of = OF_MAX;
	m = cli_policy(d, &max, NULL);
	states = cli_policy(d, &dflt, NULL);
	if (!m || !states)
		return -1;
	lvl_arrival(to, m, states);
	return 0;
}

static int ask(struct check *a, struct lvl_desc *guest, struct lvl_desc *host,
	       struct cli_select *s)
{
	const struct lvl_policy *g;
	int rc;

	cli_follow(s, guest);
	rc = cli_derive(guest, s);
	if (!rc)
		rc = cli_derive(host, s);
	if (rc)
		return rc;
	if (host->hints & LVL_HINT_GUESTS_DERIVED)
		a->derived = cli_platform(s)->name;
	g = cli_policy(guest, s, NULL);
	if (!g) {
		cli_error("%s gives no such policy", guest->name);
		return EXIT_INPUT;
	}
	if (cli_arrival(&a->host, host, s)) {
		cli_error("%s gives no such policy", host->name);
		return EXIT_INPUT;
	}
	a->guest = *g;
	a->guest_name = guest->name;
	a->host_name = host->name;
	return check_run(a);
}

static int check(char **file, struct cli_select *s, int as_json)
{
	static struct check a; /* large */
	struct lvl_desc *guest, *host;
	int rc = cli_two(file, &guest, &host);

	if (!rc)
		rc = ask(&a, guest, host, s);
	if (!rc && as_json)
		check_json(&a, stdout);
	else if (!rc && check_print(&a, stdout))
		puts("`cpulevel level` with both files, and -o FILE, makes "
		     "that level.");
	lvl_desc_free(guest);
	lvl_desc_free(host);
	check_free(&a);
	return rc ? rc : cli_exit(a.verdict);
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
	if (argc - optind != 2)
		return cli_usage("a guest and a host are needed");
	return check(argv + optind, &s, as_json);
}

const struct verb verb_check = {
	.name = "check",
	.args = "GUEST HOST [options]",
	.summary = "may this guest run there, and if not, why",
	.help = "GUEST is a level, a boot record, or a machine: then it is a "
		"guest that booted\nthere with what new guests get.  HOST is a "
		"machine or a level.\n\n"
		"options:\n"
		"  --guest KIND    pv, hvm-shadow or hvm (default)\n"
		"  --of WHAT       policy of GUEST: default, max, raw, ...\n"
		"  --platform P    which hypervisor will run there, where none "
		"was captured:\n"
		"                  generic (default), "
		"xen-4.17, kvm-7.2, ...\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --json          a cpulevel-check document\n"
		"  --from FORMAT   do not detect the format\n\n"
		"examples:\n"
		"  cpulevel check web-17.txt clx-01.txt\n"
		"  cpulevel check pool.level new-host.txt && echo welcome\n"
		"  cpulevel check icx.txt clx.txt --json\n"
		"  cpulevel check icx.txt clx.txt --guest pv --platform "
		"xen-4.17\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <cpulevel/gen.h>
#include <cpulevel/host.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct losses {
	struct lvl_loss of[LVL_NR_FIELDS];
	unsigned nr;
};

static void keep(void *arg, const struct lvl_loss *loss)
{
	struct losses *all = arg;

	all->of[all->nr++] = *loss;
}

struct gen {
	const struct lvl_writer *writer;
	struct lvl_gen_options options;
	struct cli_select select;
	const char *host, *output;
	int strict, as_json;

	struct lvl_policy p, host_policy;
	FILE *text; /* what the writer writes */
	struct losses losses;
};

/* -- losses for people ---------------------------------------------------- */

/* No more names of one group than these, where the values are not wrong. */
#define NAMES_MAX 12

static const char *const kinds[LVL_NR_LOST] = {
	[LVL_LOST_DIFFERS] = "not as the policy has it",
	[LVL_LOST_DECIDED] = "decided without knowing",
	[LVL_LOST_LEFT] = "left to the stack",
	[LVL_LOST_UNKNOWN] = "not known, not written",
};

static int same_group(const struct lvl_loss *a, const struct lvl_loss *b)
{
	return a->lost == b->lost && a->reason == b->reason;
}

static void group_word(struct cli_wrap *w, const struct lvl_loss *l)
{
	char text[128], want[CLI_VALUE], given[CLI_VALUE];

	if (l->lost == LVL_LOST_DIFFERS)
		snprintf(text, sizeof(text), "%s=%s(%s)",
			 lvl_field_name(l->field), cli_value(l->want, 1, want),
			 cli_value(l->given, 1, given));
	else
		snprintf(text, sizeof(text), "%s", lvl_field_name(l->field));
	cli_wrap_word(w, text);
}

static void group(const struct losses *all, unsigned first)
{
	const struct lvl_loss *l = &all->of[first];
	struct cli_wrap w = { stderr, 4, 0 };
	unsigned most = l->lost <= LVL_LOST_DECIDED ? ~0u : NAMES_MAX;
	unsigned i, n = 0;
	char more[40];

	for (i = first; i < all->nr; i++)
		n += (unsigned)same_group(&all->of[i], l);
	fprintf(stderr, "  %s: %u: %s\n    ", kinds[l->lost], n, l->reason);
	w.column = 4;
	for (i = first, n = 0; i < all->nr; i++)
		if (same_group(&all->of[i], l) && n++ < most)
			group_word(&w, &all->of[i]);
	if (n > most) {
		snprintf(more, sizeof(more), "and %u more", n - most);
		cli_wrap_word(&w, more);
	}
	cli_wrap_end(&w);
}

/* Worst class first; within a class by reason, as they first occur. */
static void tell_losses(const struct gen *g)
{
	const struct losses *all = &g->losses;
	unsigned i, k;

	if (!all->nr)
		return;
	fprintf(stderr, "cpulevel gen: %u field%s that --for %s cannot say:\n",
		all->nr, all->nr == 1 ? "" : "s", g->writer->name);
	for (i = 0; i < all->nr; i++) {
		for (k = 0; k < i && !same_group(&all->of[k], &all->of[i]); k++)
			;
		if (k == i)
			group(all, i);
	}
}

/* -- JSON ----------------------------------------------------------------- */

static void json_text(const struct gen *g, FILE *out)
{
	char buf[4096];
	size_t n, i;

	fputs(g->writer->binary ? "  \"hex\": \"" : "  \"text\": \"", out);
	rewind(g->text);
	while ((n = fread(buf, 1, sizeof(buf), g->text)) > 0) {
		for (i = 0; i < n; i++) {
			unsigned char c = (unsigned char)buf[i];

			if (g->writer->binary)
				fprintf(out, "%02x", c);
			else if (c == '"' || c == '\\')
				fprintf(out, "\\%c", c);
			else if (c < 0x20)
				fprintf(out, "\\u%04x", c);
			else
				putc(c, out);
		}
	}
	fputs("\",\n", out);
}

static void json_value(FILE *out, const char *key, uint64_t v, int there)
{
	fprintf(out, ", \"%s\": ", key);
	if (there)
		fprintf(out, "\"%llu\"", (unsigned long long)v);
	else
		fputs("null", out);
}

static void json(const struct gen *g, FILE *out)
{
	char place[CLI_PLACE];
	unsigned i;

	fprintf(out,
		"{\n  \"format\": \"cpulevel-gen\",\n  \"version\": 1,\n"
		"  \"for\": \"%s\",\n",
		g->writer->name);
	json_text(g, out);
	fputs("  \"losses\": [", out);
	for (i = 0; i < g->losses.nr; i++) {
		const struct lvl_loss *l = &g->losses.of[i];

		fprintf(out,
			"%s\n    {\"lost\": \"%s\", \"severity\": \"%s\", "
			"\"field\": \"%s\", \"where\": \"%s\"",
			i ? "," : "", lvl_lost_names[l->lost],
			lvl_severity_names[l->severity],
			lvl_field_name(l->field), cli_place(l->field, place));
		json_value(out, "policy", l->want,
			   l->lost == LVL_LOST_DIFFERS ||
				   l->lost == LVL_LOST_LEFT);
		json_value(out, "given", l->given, l->lost <= LVL_LOST_DECIDED);
		fprintf(out, ", \"reason\": \"%s\"}", l->reason);
	}
	fputs(i ? "\n  ]\n}\n" : "]\n}\n", out);
}

/* -- the answer ----------------------------------------------------------- */

/* For which guests it is, if that was said: options.guest. */
static unsigned for_guests(const struct gen *g, const struct lvl_desc *d)
{
	const char *said = lvl_desc_fact(d, "guest");
	unsigned i;

	if (g->select.guest_given)
		return (unsigned)g->select.guest + 1;
	for (i = 0; said && i < LVL_NR_GUESTS; i++)
		if (!strcmp(said, lvl_guest_names[i]))
			return i + 1;
	return 0;
}

/* Of a description, the policy that was asked for, normalised. */
static int get_policy(struct gen *g, char *file, struct lvl_policy *p)
{
	const struct lvl_policy *found;
	struct lvl_desc *d;
	int rc;

	d = cli_one(file, &rc);
	if (!d)
		return rc;
	cli_follow(&g->select, d);
	if (p == &g->p)
		g->options.guest = for_guests(g, d);
	rc = cli_derive(d, &g->select);
	found = rc ? NULL : cli_policy(d, &g->select, NULL);
	if (found) {
		*p = *found;
		lvl_policy_normalise(p, NULL);
	} else if (!rc) {
		cli_error("%s gives no such policy", d->name);
		rc = EXIT_INPUT;
	}
	lvl_desc_free(d);
	return rc;
}

static void is_shown(void *arg, const struct lvl_unreached *u)
{
	struct lvl_policy *there = arg;

	if (u->instance)
		return;
	if (u->sure)
		lvl_set(there, u->field, u->shown);
	else
		lvl_forget(there, u->field);
}

/* What a PV guest with this policy is shown on the host, masks or not. */
static int shown_to_pv(struct gen *g)
{
	struct lvl_msr_mask mask[LVL_NR_LCAPS];
	static struct native on; /* large */
	struct lvl_desc *d;
	unsigned n;
	int rc;

	d = cli_one((char *)g->host, &rc);
	if (d && !rc)
		rc = native_of(&on, d);
	lvl_desc_free(d);
	if (rc)
		return rc;
	n = lvl_msr_masks(&on.caps, &g->p, &on.p, NULL, mask);
	g->host_policy = g->p;
	(void)lvl_reach(&on.caps, &g->p, &on.p, mask, n, is_shown,
			&g->host_policy);
	return 0;
}

static int get_host(struct gen *g)
{
	int rc = g->select.guest == LVL_PV
			 ? shown_to_pv(g)
			 : get_policy(g, (char *)g->host, &g->host_policy);

	g->options.host = &g->host_policy;
	return rc;
}

static int explain_failure(const struct gen *g, int rc)
{
	if (rc == -LVL_E_UNKNOWN_NAME)
		return cli_usage("--for %s has no base model \"%s\"",
				 g->writer->name, g->options.model);
	if (rc == -LVL_E_UNSUPPORTED)
		cli_error("--for %s: no base model fits this policy",
			  g->writer->name);
	else
		cli_error("--for %s: %s", g->writer->name, lvl_strerror(rc));
	return rc == -LVL_E_IO ? EXIT_INPUT : EXIT_REFUSED;
}

/* The text itself, or a document that has it. */
static int write_text(struct gen *g, FILE *out)
{
	int rc;

	g->text = g->as_json ? tmpfile() : out;
	if (!g->text) {
		cli_error("a temporary file: %s", strerror(errno));
		return EXIT_INPUT;
	}
	rc = lvl_gen_write(g->writer, &g->p, &g->options, g->text, keep,
			   &g->losses, NULL);
	if (rc)
		rc = explain_failure(g, rc);
	else if (g->as_json)
		json(g, out);
	if (g->as_json)
		fclose(g->text);
	return rc;
}

static int generate(struct gen *g, char *file)
{
	struct cli_out out;
	int rc = get_policy(g, file, &g->p);

	if (!rc && g->host)
		rc = get_host(g);
	if (rc)
		return rc;
	if (g->writer->binary && !g->as_json && !g->output &&
	    isatty(STDOUT_FILENO))
		return cli_usage("--for %s is binary: -o FILE, or a pipe",
				 g->writer->name);
	rc = cli_out_open(&out, g->output);
	if (!rc)
		rc = cli_out_close(&out, write_text(g, out.f));
	if (rc)
		return rc;
	if (!g->as_json)
		tell_losses(g);
	return g->strict && g->losses.nr ? EXIT_NO : EXIT_YES;
}

/* -- the command line ----------------------------------------------------- */

static void list_writers(void)
{
	unsigned i;

	for (i = 0; lvl_writers[i]; i++)
		printf("%-18s  %s\n", lvl_writers[i]->name,
		       lvl_writers[i]->what);
}

static int set_writer(struct gen *g, const char *name)
{
	g->writer = lvl_writer_find(name);
	return g->writer ? 0
			 : cli_usage("no stack \"%s\"; `cpulevel gen --list` "
				     "lists them",
				     name);
}

/* In a file of sections, or a label: no other characters everywhere. */
static int set_name(struct gen *g, const char *name)
{
	if (!*name || strlen(name) > 63 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			      "WXYZ0123456789-_.")])
		return cli_usage("--name: letters, digits and -_. only");
	g->options.name = name;
	return 0;
}

static const struct option opts[] = {
	{ "for", required_argument, NULL, 'F' },
	CLI_OPT_OF,
	CLI_OPTS_GUEST,
	{ "host", required_argument, NULL, 'H' },
	{ "json", no_argument, NULL, 'j' },
	{ "list", no_argument, NULL, 'l' },
	{ "model", required_argument, NULL, 'm' },
	{ "name", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "strict", no_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

static int option(struct gen *g, int c, int *list)
{
	switch (c) {
	case 'F':
		return set_writer(g, optarg);
	case 'H':
		g->host = optarg;
		return 0;
	case 'j':
		return !(g->as_json = 1);
	case 'l':
		return !(*list = 1);
	case 'm':
		g->options.model = optarg;
		return 0;
	case 'n':
		return set_name(g, optarg);
	case 'o':
		g->output = optarg;
		return 0;
	case 's':
		return !(g->strict = 1);
	default:
		return cli_select_option(&g->select, c);
	}
}

static int run(int argc, char **argv)
{
	static struct gen g; /* large */
	int c, rc = 0, list = 0;

	g.select.guest = LVL_HVM;
	while (!rc && (c = cli_getopt(argc, argv, "o:", opts)) != -1)
		rc = option(&g, c, &list);
	if (rc)
		return rc < 0 ? EXIT_YES : rc;
	if (list && (optind < argc || g.writer))
		return cli_usage("--list stands alone");
	if (list) {
		list_writers();
		return EXIT_YES;
	}
	if (!g.writer)
		return cli_usage("for which stack?  --for STACK; --list lists "
				 "them");
	if (optind + 1 != argc)
		return cli_usage("one policy is needed");
	return generate(&g, argv[optind]);
}

const struct verb verb_gen = {
	.name = "gen",
	.args = "POLICY --for STACK [-o FILE] [--model M] [--strict] [--json]",
	.summary = "configuration for a hypervisor, and what it cannot say",
	.help = "Writes POLICY as configuration to paste.  What the stack "
		"cannot be told goes to\nstandard error, worst class first, "
		"and a bit that POLICY does not know is never\nwritten.  "
		"POLICY is a level, a boot record or a machine.\n\n"
		"options:\n"
		"  --for STACK     what to write; --list lists them\n"
		"  --list          list the stacks\n"
		"  -o, --output F  write to F, not to standard output\n"
		"  --strict        exit with 1 if anything is lost\n"
		"  --json          the text and every loss as JSON\n"
		"  --model M       the base model (qemu, libvirt); not the "
		"nearest one\n"
		"  --name N        what to call it, where the form has names\n"
		"  --host F        the machine that guests run on: what it has "
		"not need not\n"
		"                  be switched off (linux-cmdline)\n"
		"  --guest KIND    pv, hvm-shadow or hvm (the default)\n"
		"  --of WHAT       default, max, raw or a kind of policy\n"
		"  --platform P    which hypervisor will run there, where "
		"none was\n"
		"                  captured (generic)\n"
		"  --with LIST     give guests nested, vpmu, 32bit (pv), "
		"itsc=KHZ\n"
		"  --from FORMAT   do not detect the format of the input\n\n"
		"examples:\n"
		"  cpulevel level hosts/ -o pool.level\n"
		"  cpulevel gen pool.level --for qemu\n"
		"  cpulevel gen pool.level --for libvirt -o cpu.xml\n"
		"  cpulevel gen pool.level --for record -o web-17.rec\n"
		"  cpulevel gen pool.level --for libvirt --strict --json\n"
		"  cpulevel gen icx.txt --guest hvm --platform xen-4.17 "
		"--for xl\n"
		"  cpulevel gen --list\n",
	.run = run,
};

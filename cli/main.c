/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdlib.h>

#include <string.h>
#include <unistd.h>

static const struct verb *const verbs[] = {
	&verb_capture, &verb_import, &verb_show,    &verb_level,
	&verb_check,   &verb_diff,   &verb_explain, &verb_gen,
	&verb_caps,    &verb_mask,   &verb_verify,  &verb_xen,
};

static const struct verb *const fleet_verbs[] = {
	&verb_pool,
	&verb_host,
	&verb_vm,
	&verb_publish,
	&verb_drift,
	&verb_watch,
	&verb_audit,
	&verb_store,
	/* questions about a fleet */
	&verb_whatif,
	&verb_place,
	&verb_blame,
	&verb_mobility,
	&verb_suggest,
	&verb_rehearse,
	&verb_why_not,
};

static void list(FILE *out, const struct verb *const *v, unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr; i++)
		fprintf(out, "  %s%-8s%s  %s\n", cli_ink(INK_BOLD), v[i]->name,
			cli_ink(INK_PLAIN), v[i]->summary);
}

static void help(FILE *out)
{
	fprintf(out,
		"%susage:%s cpulevel VERB [ARGUMENTS]\n\n"
		"Which CPU may a virtual machine see, so that it can move "
		"between machines\nthat are not alike?\n\n",
		cli_ink(INK_BOLD), cli_ink(INK_PLAIN));
	list(out, verbs, LVL_COUNT(verbs));
	fputs("\nthe fleet, kept in a store:\n", out);
	list(out, fleet_verbs, LVL_COUNT(fleet_verbs));
	fputs("\nexamples:\n"
	      "  cpulevel capture -o this.txt           describe this machine\n"
	      "  cpulevel level hosts/                  what can a guest have "
	      "on all of them\n"
	      "  cpulevel check guest.txt host.txt      may it run there, and "
	      "if not, why\n\n"
	      "`cpulevel VERB --help` tells more.  Exit: 0 yes, 1 no, 2 usage, "
	      "3 input,\n4 incomplete knowledge, 5 refused, 70 a bug.\n",
	      out);
}

/* The verb of this name, which may have one of its own behind it. */
static const struct verb *find(const char *name)
{
	size_t n = strcspn(name, " ");
	unsigned i;

	for (i = 0; i < LVL_COUNT(verbs); i++)
		if (!strncmp(verbs[i]->name, name, n) && !verbs[i]->name[n])
			return verbs[i];
	for (i = 0; i < LVL_COUNT(fleet_verbs); i++)
		if (!strncmp(fleet_verbs[i]->name, name, n) &&
		    !fleet_verbs[i]->name[n])
			return fleet_verbs[i];
	return NULL;
}

static void verb_help(const struct verb *v)
{
	printf("%susage:%s cpulevel %s %s\n\n%s\n\n%s", cli_ink(INK_BOLD),
	       cli_ink(INK_PLAIN), v->name, v->args, v->summary, v->help);
}

int cli_getopt(int argc, char **argv, const char *shorts,
	       const struct option *opts)
{
	struct option all[32];
	unsigned n = 0;
	int c;

	while (opts[n].name) {
		all[n] = opts[n];
		n++;
	}
	all[n++] = (struct option){ "help", no_argument, NULL, 'h' };
	memset(&all[n], 0, sizeof(all[n]));
	opterr = 0;
	c = getopt_long(argc, argv, shorts, all, NULL);
	if (c == 'h') {
		verb_help(find(cli_verb));
		return -2;
	}
	if (c == '?') {
		if (optopt && optopt < 128)
			cli_usage("option -%c needs a value or does not exist",
				  optopt);
		else
			cli_usage("no option %s, or its value is missing",
				  argv[optind - 1]);
	}
	return c;
}

/* As it was typed: getopt_long() puts options first. */
static char **command_of(int argc, char **argv)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	if (words)
		memcpy(words, argv, (size_t)argc * sizeof(*words));
	return words;
}

int main(int argc, char **argv)
{
	const struct verb *v;
	int rc;

	cli_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		help(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_YES;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("cpulevel " CPULEVEL_VERSION);
		return EXIT_YES;
	}
	v = strchr(argv[1], ' ') ? NULL : find(argv[1]);
	if (!v) {
		fprintf(stderr,
			"cpulevel: no verb \"%s\"; `cpulevel --help` "
			"lists them\n",
			argv[1]);
		return EXIT_USAGE;
	}
	cli_verb = v->name;
	cli_command = command_of(argc - 1, argv + 1);
	rc = v->run(argc - 1, argv + 1);
	free(cli_command);
	if (fflush(stdout) || ferror(stdout)) {
		cli_error("cannot write the answer");
		return EXIT_INPUT;
	}
	return rc;
}

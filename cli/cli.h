/* SPDX-License-Identifier: MIT */
/* What the verbs of the command line share. */
#ifndef LVL_CLI_H
#define LVL_CLI_H

#include <cpulevel/check.h>
#include <cpulevel/derive.h>
#include <cpulevel/desc.h>
#include <cpulevel/import.h>
#include <cpulevel/level.h>

#include <getopt.h>
#include <stdio.h>

/* The contract of doc/design.md, section 5. */
enum cli_exit {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_INPUT = 3,
	EXIT_INCOMPLETE = 4,
	EXIT_REFUSED = 5,
	EXIT_BUG = 70
};

struct verb {
	const char *name;
	const char *args;    /* "GUEST HOST [--guest K]" */
	const char *summary; /* one line */
	const char *help;    /* options and examples, for --help */
	int (*run)(int argc, char **argv); /* argv[0]: the verb */
};
extern const struct verb verb_capture, verb_import, verb_show, verb_level,
	verb_check, verb_diff, verb_explain, verb_gen, verb_caps, verb_mask,
	verb_verify, verb_xen;
extern const struct verb verb_whatif, verb_why_not, verb_blame, verb_mobility,
	verb_suggest, verb_place, verb_rehearse;
/* of the fleet: fleet.h */
extern const struct verb verb_pool, verb_host, verb_vm, verb_publish,
	verb_drift, verb_watch, verb_audit, verb_store;

/* -- messages: stderr, "cpulevel VERB: ..." ------------------------------- */

extern const char *cli_verb; /* "level", and of those with verbs "pool show" */
extern char **cli_command;   /* the arguments from the verb on, to a NULL */

void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The message and "see `cpulevel VERB --help`"; returns EXIT_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The command to try: as typed, but with `files` behind this argument. */
void cli_say_command(const char *arg, const char *files);

/*
 * getopt_long for a verb: --help prints and returns -2, a bad option prints
 * and returns '?'.  opts ends with zeroes; --help is added here.
 */
int cli_getopt(int argc, char **argv, const char *shorts,
	       const struct option *opts);

/* -- output --------------------------------------------------------------- */

/* Colour only on a terminal, never with NO_COLOR (no-color.org). */
extern int cli_colour;
enum cli_ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GOOD, INK_BAD, INK_WARN };
const char *cli_ink(enum cli_ink ink); /* "" without colour */

/* Width of the terminal, or 100. */
unsigned cli_width(void);

/* Words separated by spaces, wrapped at the width, indented. */
struct cli_wrap {
	FILE *out;
	unsigned indent, column;
};
/* How many columns a text takes: one for each character of UTF-8. */
unsigned cli_columns(const char *text);
void cli_wrap_word(struct cli_wrap *w, const char *word);
void cli_wrap_end(struct cli_wrap *w);
/* Each word of a text. */
void cli_wrap_text(struct cli_wrap *w, const char *text);

/* A JSON string with its quotes. */
void cli_json_string(FILE *out, const char *s);

/* A value as people read it: small ones decimal; "?" where nobody knows. */
#define CLI_VALUE 24
const char *cli_value(uint64_t v, int known, char buf[CLI_VALUE]);

/* "7:0.ebx[5]", "msr 0x10a[4]", "state": where a field is. */
#define CLI_PLACE 32
const char *cli_place(unsigned field, char buf[CLI_PLACE]);

/*
 * Output that appears whole or, on failure, not at all: a file is written
 * beside itself and renamed when complete; for standard output (no name, or
 * -) it is kept until then.
 */
int cli_is_stdout(const char *name);
struct cli_out {
	const char *name;
	char *temporary;
	FILE *f;
};
int cli_out_open(struct cli_out *o, const char *name);
int cli_out_close(struct cli_out *o, int failed);

/* -- input ---------------------------------------------------------------- */

/*
 * Call each() with every machine of every argument: a path, - (a
 * description or a list of paths on stdin), a folder, level:NAME, cpu:NAME,
 * model:SOURCE/NAME.  Progress on a
 * terminal for anything over a second.  Returns 0, or EXIT_INPUT after
 * saying what is wrong, or what each() returned.
 */
int cli_each(char **args, int nr, lvl_desc_fn *each, void *arg);

/* Exactly one machine; the caller frees it. */
struct lvl_desc *cli_one(char *arg, int *rc);

/* Two, each exactly one machine; 0, or neither is there. */
int cli_two(char **arg, struct lvl_desc **a, struct lvl_desc **b);

/*
 * Room for one more element of an array that grows: its new place, or NULL
 * without memory; the old one is then as it was.
 */
void *cli_grow(void *array, size_t nr, size_t *room, size_t each);

/* 0, 1 or 4: what a verdict is to the shell. */
int cli_exit(enum lvl_verdict verdict);

/* The reader to use for all input; NULL: detect (option --from). */
extern const struct lvl_format *cli_from;
int cli_set_from(const char *name);

/* The format of the machine that cli_each() is handing over. */
extern const struct lvl_format *cli_read_as;

/* -- which policy of a description ---------------------------------------- */

enum cli_of { OF_DEFAULT, OF_MAX, OF_RAW, OF_KIND };
struct cli_select {
	enum lvl_guest guest;
	enum cli_of of;
	enum lvl_kind kind; /* with OF_KIND */
	int guest_given;    /* --guest: what is not there is derived */
	int of_given;
	struct lvl_domain with; /* --with: what the guests are given */
	const char *with_text;  /* as it was given, or NULL */
	const struct lvl_platform *platform; /* --platform, or NULL */
};
int cli_set_guest(struct cli_select *s, const char *name);
int cli_set_of(struct cli_select *s, const char *name);
int cli_set_platform(struct cli_select *s, const char *name);

/*
 * The options that choose a policy, for a verb's table, and what takes them:
 * 0, EXIT_USAGE, or -1 after --help.
 */
/* clang-format off */
#define CLI_OPT_OF { "of", required_argument, NULL, 'O' }
#define CLI_OPTS_ON { "platform", required_argument, NULL, 'P' }, \
		    { "with", required_argument, NULL, 'W' },     \
		    { "from", required_argument, NULL, 'f' }
#define CLI_OPTS_GUEST { "guest", required_argument, NULL, 'g' }, CLI_OPTS_ON
/* clang-format on */
int cli_select_option(struct cli_select *s, int c);

/*
 * The command line of a verb that has no other options but these and --json.
 * 0; -1 after --help; or EXIT_USAGE.
 */
int cli_read_select(int argc, char **argv, const struct option *opts,
		    struct cli_select *s, int *as_json);

/* "nested,vpmu,32bit,itsc=KHZ", any of them. */
int cli_set_with(struct cli_select *s, const char *list);

/* Is the field of what --with gives? */
int cli_given(const struct cli_select *s, unsigned field);

/* --platform, or generic. */
const struct lvl_platform *cli_platform(const struct cli_select *s);

/*
 * Where a kind of guest is asked for and the description brings neither its
 * maximum nor its default: derive both from the host, add them, and say so
 * in the provenance (LVL_HINT_GUESTS_DERIVED).  With --with, the default is
 * then that of guests that are given these.  Returns 0 or an exit code.
 */
int cli_derive(struct lvl_desc *d, const struct cli_select *s);

/*
 * What a host lets in: its maximum, and what it states itself.  Non-zero: the
 * description does not give it.
 */
int cli_arrival(struct lvl_policy *to, const struct lvl_desc *d,
		const struct cli_select *s);

/* A level that was derived says for which guests and which platform. */
void cli_follow(struct cli_select *s, const struct lvl_desc *level);

/* The options of verbs that show policies; a guest is HVM unless told. */
struct cli_view {
	struct cli_select select;
	int raw, all, json;
};
/* 0; -1 after --help; or EXIT_USAGE.  has_all: --all too. */
int cli_read_view(int argc, char **argv, int has_all, struct cli_view *v);

/*
 * The policy that a description gives for this use: the hypervisor's own
 * default (or maximum) where it has one, else the cleaned host; a level or
 * a boot record is itself.  NULL: it gives none (never RAW by accident).
 * *kind receives which it is.
 */
const struct lvl_policy *cli_policy(const struct lvl_desc *d,
				    const struct cli_select *s,
				    enum lvl_kind *kind);

/* A field by any name, with "did you mean"; -1 after an error message. */
int cli_field(const char *name);
/* How many letters differ. */
unsigned cli_distance(const char *a, const char *b);
/* The name that is nearest to an unknown one, or NULL. */
const char *cli_nearest(const char *name);

/* -- features ------------------------------------------------------------- */

/* Is the field a feature that a level lists and counts? */
int cli_is_feature(unsigned field);
unsigned cli_count_features(const struct lvl_policy *p);

/* The 12 bytes of leaf 0, "GenuineIntel"; "unknown" where they are not
 * known or no text. */
const char *cli_vendor(const struct lvl_policy *p, char buf[16]);

/* "family 0x6 model 0x6a stepping 6", or that nobody knows. */
#define CLI_CPU 48
const char *cli_cpu(const struct lvl_policy *p, char buf[CLI_CPU]);

/* "x86-64-v3": the highest psABI level that p has, 0 for none; *count: how
 * many features the level has. */
unsigned cli_psabi(const struct lvl_policy *p, unsigned *count);

#endif

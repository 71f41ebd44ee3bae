/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of the fleet share: the store that is meant, names and
 * times, one transaction with an answer that appears when it has succeeded.
 *
 *	struct fleet f = { .store = NULL };
 *	options: fleet_option(&f, c)
 *	return fleet_read(&f, body, arg);
 */
#ifndef LVL_CLI_FLEET_H
#define LVL_CLI_FLEET_H

#include "cli.h"
#include "store/store.h"

struct fleet {
	/* what the options say */
	const char *store; /* --store, or NULL */
	const char *at;    /* --at, or NULL: now */
	const char *note;  /* --note, or NULL */
	int dry_run, json;
	int create; /* for the verb to set: a store that is not there is made */
	/* for the body */
	struct store *s;
	FILE *out;   /* the answer */
	int exit;    /* what the answer is to the shell; 0 at its beginning */
	int undo;    /* show the answer but change nothing: a refusal */
	int64_t now; /* ms since 1970 at the body's beginning */
};

/* For a verb's table; what takes them is fleet_option(). */
/* clang-format off */
#define FLEET_OPTS { "store", required_argument, NULL, 'S' }, \
		   { "json", no_argument, NULL, 'j' }
#define FLEET_OPTS_READ { "at", required_argument, NULL, 'A' }, FLEET_OPTS
#define FLEET_OPTS_WRITE { "note", required_argument, NULL, 'N' },  \
			 { "dry-run", no_argument, NULL, 'n' }, \
			 FLEET_OPTS
/* clang-format on */
/* 0; EXIT_USAGE; or -1 after --help. */
int fleet_option(struct fleet *f, int c);
/* All options of a verb that has no others: the same. */
int fleet_options(int argc, char **argv, const struct option *opts,
		  struct fleet *f);

/* For help texts. */
#define FLEET_HELP_READ                                                    \
	"  --at TIME       as it was then: 2026-11-20T08:00, 7d, 2h ago, " \
	"or a change's number\n"                                           \
	"  --store URI     a file, postgres://..., or a folder; else "     \
	"$CPULEVEL_STORE\n"                                                \
	"  --json          as JSON\n"
#define FLEET_HELP_WRITE                                               \
	"  --note TEXT     why, for `cpulevel audit`\n"                \
	"  --dry-run       say what would happen and change nothing\n" \
	"  --store URI     a file or postgres://...; else "            \
	"$CPULEVEL_STORE\n"                                            \
	"  --json          as JSON\n"

/*
 * Run the body as one transaction and show what it wrote to f->out.  It
 * returns 0, an exit code after saying why, or a negative code of the store,
 * which is then said here.  Not 0: nothing is shown and nothing changed.  It
 * may be run more than once: it must set what it changes in *arg anew.
 * Returns an exit code: f->exit where the body succeeded.
 */
typedef int fleet_body_fn(struct fleet *f, void *arg);
int fleet_read(struct fleet *f, fleet_body_fn *body, void *arg);
int fleet_write(struct fleet *f, fleet_body_fn *body, void *arg);
/* The same on a store that fleet_open() has opened. */
int fleet_transact(struct fleet *f, enum store_mode mode, fleet_body_fn *body,
		   void *arg);
/*
 * A whole verb that takes FLEET_OPTS_READ and this many arguments; the body
 * gets them as a char **, which ends with NULL.
 */
int fleet_run_read(int argc, char **argv, int least, int most, const char *form,
		   fleet_body_fn *body);

/* Where the store is: --store, CPULEVEL_STORE, or the default. */
const char *fleet_uri(const struct fleet *f);
/* The same without a password. */
const char *fleet_say_uri(const char *uri);
/* A URI that is an argument, which shows no password from now on. */
const char *fleet_take_uri(char *argument);
/* Open it, outside of fleet_read(); 0 or an exit code after saying why. */
int fleet_open(struct fleet *f, unsigned flags);
/* To change it, as fleet_write() does. */
int fleet_open_write(struct fleet *f);
/* Say what the store said; EXIT_INPUT, or the code itself if it is > 0. */
int fleet_failed(struct fleet *f, int rc);

extern const char *const fleet_host_states[]; /* enum store_host_state */

/* store:LEVEL[@V] where a file is asked for: as a description, or NULL. */
int fleet_stored_is(const char *arg);
struct lvl_desc *fleet_stored(const char *arg, int *rc);

/* -- names and times, within a body --------------------------------------- */

/* The row of that name, or EXIT_INPUT after "did you mean". */
int fleet_pool(struct fleet *f, const char *name, struct store_pool *v);
int fleet_host(struct fleet *f, const char *name, struct store_host *v);
int fleet_vm(struct fleet *f, const char *name, struct store_vm *v);
/* NAME or NAME@VERSION; without one the newest. */
int fleet_level(struct fleet *f, const char *name, struct store_level *v);

/*
 * A name that --at and --since take: ISO 8601 (UTC unless it says otherwise),
 * "7d" or "2h ago", as ms since 1970.  EXIT_USAGE.
 */
int fleet_time(const char *text, int64_t now, int64_t *ms);
/*
 * The same, or the number of a change: the newest change of then, 0 if there
 * was none yet.  EXIT_INPUT for what has not come yet.
 */
int fleet_seq(struct fleet *f, const char *text, int64_t *seq);
#define FLEET_TIME 32
const char *fleet_say_time(int64_t ms, char buf[FLEET_TIME]);

/*
 * For a column: a CPU that has no name but its numbers as microcode is named
 * for it, "Intel 06-8f-08"; any other as it is.
 */
#define FLEET_CPU 64
const char *fleet_say_cpu(const char *cpu, char buf[FLEET_CPU]);
/* What somebody wrote: on one line, and it cannot move the cursor. */
void fleet_say_words(FILE *out, const char *text);

/* -- what a host gives its guests ----------------------------------------- */

/* The platform of a pool's row, generic where it names none or no known one. */
const struct lvl_platform *fleet_platform(const struct store_pool *p);

/*
 * Of a host with this profile: what new guests of the kind get, and what an
 * arriving guest is compared with; either may be NULL.  Normalised.
 * -LVL_E_UNSUPPORTED: the profile does not say, or it runs no such guests.
 */
int fleet_policies(const struct store_profile *p, enum lvl_guest guest,
		   const struct lvl_platform *on, struct lvl_policy *dflt,
		   struct lvl_policy *arrival);

/* -- JSON ----------------------------------------------------------------- */

/* Print a document (freed, NULL: no memory) as the answer; 0 or an exit code.
 */
struct json_t;
int fleet_json(struct fleet *f, struct json_t *document);
/* The same in one line; and as a part of a document, without its end. */
int fleet_json_line(struct fleet *f, struct json_t *document);
int fleet_json_part(struct fleet *f, struct json_t *part);

/* -- verbs that have verbs of their own: `pool init` ---------------------- */

struct fleet_sub {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0]: the name */
};
int fleet_dispatch(const struct fleet_sub *sub, unsigned nr, int argc,
		   char **argv);

/* The arguments that are left: this many, or EXIT_USAGE with the form. */
int fleet_arguments(int argc, int least, int most, const char *form);

/* -- tables --------------------------------------------------------------- */

/*
 * Columns are as wide as they must be; where all do not fit, the widest of
 * those that may be cut are; then those with the highest `drop` go, and at
 * last the first one is cut.
 */
struct fleet_column {
	const char *head;
	int right; /* numbers */
	int drop;  /* 0: never */
};
#define FLEET_COLUMNS 12
struct fleet_table {
	FILE *out;
	const struct fleet_column *column;
	unsigned nr;
	char **cell; /* rows that wait until the widths are known */
	size_t rows, room;
	int width[FLEET_COLUMNS];
	/* to be set after fleet_table_init() */
	int cut[FLEET_COLUMNS]; /* to no less than this; 0: never */
	unsigned hide;          /* 1 << column: not shown */
	int streaming;          /* the widths are fixed */
	int failed;
};
void fleet_table_init(struct fleet_table *t, FILE *out,
		      const struct fleet_column *column, unsigned nr);
/* A row of nr strings, copied; NULL: "-". */
void fleet_table_row(struct fleet_table *t, ...);
/* Print what waits and free; EXIT_INPUT without memory. */
int fleet_table_end(struct fleet_table *t);

#endif

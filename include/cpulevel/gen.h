/* SPDX-License-Identifier: MIT */
/*
 * cpulevel/gen.h: write a policy as other programs' configuration.
 *
 * Hosted.  No stack can be told a whole policy: each writer also works out
 * what a guest would get from its text, and everything in which that is not
 * the policy is reported, field by field, with the reason.  A bit that the
 * policy does not know is never written as 0 or 1.
 */
#ifndef CPULEVEL_GEN_H
#define CPULEVEL_GEN_H

#include <stdio.h>

#include <cpulevel/check.h>
#include <cpulevel/policy.h>

LVL_BEGIN

/* How a field is lost, worst first. */
enum lvl_lost {
	LVL_LOST_DIFFERS, /* the guest will read another value */
	LVL_LOST_DECIDED, /* not known, and the form decides it all the same */
	LVL_LOST_LEFT,    /* known, and left to the stack or the machine */
	LVL_LOST_UNKNOWN, /* not known: nothing is written about it */
	LVL_NR_LOST
};

struct lvl_loss {
	enum lvl_lost lost;
	enum lvl_severity severity; /* what it may mean to a guest */
	unsigned field;
	uint64_t want;      /* the policy's value; 0 where it is not known */
	uint64_t given;     /* what the text gives; 0 where it says nothing */
	const char *reason; /* static storage */
};

typedef void lvl_loss_fn(void *arg, const struct lvl_loss *loss);

/* All may be NULL. */
struct lvl_gen_options {
	const char *model; /* base model, for those writers that have one */
	const char *name;  /* what the configuration is to be called */
	/*
	 * Of the machines that guests run on: what none of them has need not
	 * be switched off (linux-cmdline).
	 */
	const struct lvl_policy *host;
	/* A record's: enum lvl_guest + 1; 0: not for one kind of guests. */
	unsigned guest;
};

struct lvl_gen; /* a writer at work: format/gen.h */

struct lvl_writer {
	const char *name; /* "libvirt", for --for and messages */
	const char *what; /* one line for people */
	int binary;       /* not for a terminal */
	int (*write)(struct lvl_gen *g);
};
extern const struct lvl_writer *const lvl_writers[]; /* ends with NULL */

/* NULL if there is no writer of that name. */
const struct lvl_writer *lvl_writer_find(const char *name);

/*
 * Write a normalised policy (host.h) to `out`, the same bytes for the same
 * policy and options, and report every loss: the worst class first, then in
 * registry order.  `each` and `options` may be NULL; *given, if not NULL,
 * receives what a guest would get as far as the text decides it.
 * -LVL_E_UNKNOWN_NAME: no such base model; -LVL_E_UNSUPPORTED: no base model
 * of this form fits the policy; -LVL_E_EMPTY: nothing that the form could say
 * is known; -LVL_E_NO_MEMORY; -LVL_E_IO.  Something may have been written then.
 */
int lvl_gen_write(const struct lvl_writer *writer, const struct lvl_policy *p,
		  const struct lvl_gen_options *options, FILE *out,
		  lvl_loss_fn *each, void *arg, struct lvl_policy *given);

/* "differs", "decided", "left", "unknown". */
extern const char *const lvl_lost_names[LVL_NR_LOST];

LVL_END

#endif /* CPULEVEL_GEN_H */

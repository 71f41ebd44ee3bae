/* SPDX-License-Identifier: MIT */
/* What a host controls: what `caps` and `mask` share. */
#ifndef LVL_CLI_CAPS_H
#define LVL_CLI_CAPS_H

#include "cli.h"

#include <cpulevel/caps.h>

/* A host as a PV guest's instructions find it. */
struct native {
	struct lvl_policy p; /* RAW, and what HOST knows beside it */
	struct lvl_caps caps;
	struct lvl_measured measured; /* where caps.measured is set */
	int virtualised;              /* KVM or Xen runs HVM guests there */
};

/* EXIT_INPUT after a message if the description is of no machine. */
int native_of(struct native *n, const struct lvl_desc *d);

/* Does the host have it: LVL_YES, LVL_NO, or not known. */
enum lvl_verdict native_has(const struct native *n, unsigned field);

/* "from MSR 0xce", "by its model", ...: what tells of a capability. */
const char *cap_told(const struct native *n, enum lvl_lcap cap, char buf[32]);

/* "yes", "no", "unknown". */
extern const char *const verdict_words[];

/* Text, wrapped and indented; column: where the line is already. */
void caps_say(unsigned indent, unsigned column, const char *text);

/* "0x1.ecx", "0x7:0.ebx": a register; LVL_NO_WORD: "-". */
const char *cap_register(unsigned word, char buf[CLI_PLACE]);

/* -- the answer of caps ---------------------------------------------------- */

struct caps_answer {
	const char *name;
	struct native host;
	unsigned guests; /* 1 << enum lvl_guest */
	int all;         /* --verbose */
	int measure;     /* --measure */
	const char *output;
	unsigned count[LVL_NR_GUESTS][LVL_NR_CLASSES][LVL_NR_CONTROLS];
	unsigned sum[LVL_NR_GUESTS][LVL_NR_CONTROLS];
	unsigned unread; /* fields of which the host says nothing */
};

/* Is the field one that `caps` speaks of, and the host has it? */
int caps_counts(const struct caps_answer *a, unsigned field);

/* Leaves with features that leak to PV guests: "7, 0xd"; the number. */
unsigned caps_leaves(const struct caps_answer *a, char *buf, size_t size);

/* One line about a kind of guest. */
void caps_verdict(const struct caps_answer *a, enum lvl_guest guest, char *buf,
		  size_t size);

/*
 * Measure here what the description d says of this machine, and note it there.
 * 0 or an exit code.
 */
int caps_measure(struct lvl_desc *d);

/* What was measured, for people. */
void caps_measured_text(const struct lvl_measured *m);

void caps_text(const struct caps_answer *a);
void caps_json(const struct caps_answer *a);

#endif

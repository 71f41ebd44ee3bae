/* SPDX-License-Identifier: MIT */
/* One VM and the hosts of its pool: what `explain vm`, `place` and `why-not`
 * begin with. */
#ifndef LVL_CLI_FLEET_ASK_H
#define LVL_CLI_FLEET_ASK_H

#include "fleet_say.h"

/* What stands between a VM and a host. */
struct ask_findings {
	struct lvl_finding *f;
	size_t nr, room;
	unsigned missing; /* features and statements, whatever they matter */
	unsigned blocks;  /* findings that make the verdict no */
	unsigned unsure;
	int failed;
};

struct ask {
	struct fleet_view v;
	char *vm;
	int64_t host;  /* where it runs; 0: it is off */
	int64_t level; /* 0: none */
	int64_t booted;
	size_t seen;
	const struct lvl_policy *saw; /* NULL: not known */
	char level_name[300];         /* "gold@3", or "" */
};

/* The VM, its pool and its hosts.  0, a code of the store, or an exit code
 * after saying why. */
int ask_open(struct fleet *f, const char *vm, struct ask *a);
void ask_close(struct ask *a);

/* All findings, worst first. */
enum lvl_verdict ask_fits(struct ask *a, size_t profile,
			  struct ask_findings *to);
void ask_findings_free(struct ask_findings *f);

/* One of the words that tell who made the CPU. */
int ask_is_vendor(unsigned field);

/* Names of hosts of the pool that admit it, its own apart; how many. */
size_t ask_homes(struct ask *a, FILE *out, const char *title);

/* Why a host with this profile and source does not show the field. */
#define ASK_WHY 160
enum ask_part { ASK_KERNEL, ASK_MICROCODE, ASK_HYPERVISOR, ASK_FIRMWARE };
#define ASK_PARTS 4
struct ask_observed {
	int64_t source, profile;
	char *version[ASK_PARTS];
	unsigned differs; /* a bit for each part that is another one */
};
struct ask_cpu {
	const struct store_source *like;
	struct ask_observed *seen; /* of hosts with the same CPU */
	size_t nr, room;
};
int ask_cpu_open(struct fleet_view *v, int64_t source,
		 struct store_source *like, struct ask_cpu *cpu);
void ask_cpu_close(struct ask_cpu *cpu);
const char *ask_why(struct fleet_view *v, struct ask_cpu *cpu, size_t profile,
		    enum lvl_guest guest, unsigned field, char buf[ASK_WHY]);
/* "kernel 6.1" or "microcode 0x2b" that the observed one differs by alone, or
 * the settings, where no version does; NULL: by more than one. */
const char *ask_differs(const struct ask_observed *o, char buf[ASK_WHY]);

#endif

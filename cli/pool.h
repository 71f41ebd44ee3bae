/* SPDX-License-Identifier: MIT */
/* The machines of one `level`: enough of each to say what it costs. */
#ifndef LVL_CLI_POOL_H
#define LVL_CLI_POOL_H

#include "cli.h"

/*
 * Capabilities are what a level takes away or leaves: `and` rows, and RTM,
 * which is derived from a number.  Statements are `or` rows.
 */
struct pool_kind {
	unsigned offers; /* features it shows, statements included */
	unsigned capabilities;
	unsigned vendor;    /* LVL_VENDOR_..., 0: not known */
	enum lvl_kind kind; /* which policy was taken */
	int derived;        /* from the host, for a platform */
	char *cpu;          /* brand string or signature */
	char *kernel, *microcode;
	size_t first, times; /* machines of this kind */
	uint32_t has[];      /* capabilities and statements, by word */
};

/* Machines that are alike in all that is said of them share one kind. */
struct pool_host {
	char *name;
	const struct pool_kind *of;
};

struct pool {
	struct cli_select select;
	struct lvl_fold fold;
	struct pool_host *host;
	size_t nr, room;
	struct pool_kind **kind; /* distinct ones, in order of appearance */
	size_t nr_kinds, kind_room;
	size_t *slot; /* hash table: number of a kind + 1 */
	size_t slots;
	struct {
		unsigned long twin;
		struct pool_kind *of;
	} twin[64];
	/* leak rows: the first value; 1: seen, 2: others differ */
	uint64_t leak[LVL_NR_FIELDS];
	uint8_t leak_state[LVL_NR_FIELDS];
	/* after pool_done: how many machines lack a capability, one of them */
	size_t lacking[LVL_NR_FIELDS];
	size_t lacker[LVL_NR_FIELDS];
};

void pool_init(struct pool *p, const struct cli_select *select);
void pool_free(struct pool *p);

/* An lvl_desc_fn: takes the machine into the pool and frees it. */
int pool_add(void *pool, struct lvl_desc *d);

/* All machines are there: count who lacks what. */
void pool_done(struct pool *p);

/* Is it a capability or a statement?  Then: does the machine have it? */
int pool_keeps(unsigned field);
int pool_has(const struct pool_host *h, unsigned field);

/* How many machines' policies were derived for the platform. */
size_t pool_derived(const struct pool *p);

/* How many capabilities a policy has. */
unsigned pool_capabilities(const struct lvl_policy *p);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The fleet as questions are asked of it: pools of hosts and the VMs that run
 * there, on counts.
 *
 * Hosts that are alike share a profile, VMs that saw the same share a `seen`;
 * both are kept once for all pools.  A pool is how many hosts have which
 * profile and how many VMs saw what.  So that no answer costs more than the
 * distinct policies that it is about, however many hosts and VMs there are.
 *
 * What is not known is never a yes: a host that did not report or cannot be
 * reached is no home for a VM, and makes a level incomplete.
 *
 * No I/O.  Functions return 0 or -LVL_E_NO_MEMORY unless they say more; the
 * structures are the caller's to read, and to change by these functions only.
 */
#ifndef LVL_POOL_FLEET_H
#define LVL_POOL_FLEET_H

#include <cpulevel/check.h>
#include <cpulevel/level.h>

#define LVL_FLEET_NONE ((size_t)-1)
#define LVL_FLEET_HOME ((size_t)-3)      /* on some host that admits it */
#define LVL_FLEET_ELSEWHERE ((size_t)-2) /* on a host that is nobody's home */

/* What hosts of one sort give to guests and let in. */
struct lvl_fleet_profile {
	int64_t id;      /* the caller's; 0: hosts that never reported */
	int64_t variant; /* the caller's: what it was derived for */
	unsigned vendor; /* LVL_VENDOR_...; 0: not known */
	uint8_t known;   /* 1 << enum lvl_guest: the policies are there */
	uint8_t refused; /* 1 << enum lvl_guest: it runs no such guests */
	struct lvl_policy *offers[LVL_NR_GUESTS]; /* what new guests get */
	struct lvl_policy *admits[LVL_NR_GUESTS]; /* lvl_arrival() */
};

/* What guests of one sort saw when they booted. */
struct lvl_fleet_seen {
	int64_t id; /* the caller's; 0: no boot record */
	enum lvl_guest guest;
	struct lvl_policy *policy; /* NULL: not known */
	uint8_t *verdict;          /* by profile: 1 + enum lvl_verdict */
	size_t nr_verdicts;
};

struct lvl_fleet_index {
	size_t *slot; /* number + 1 */
	size_t slots;
};

struct lvl_fleet {
	struct lvl_fleet_profile *profile;
	size_t nr_profiles, profile_room;
	struct lvl_fleet_seen *seen;
	size_t nr_seen, seen_room;
	struct lvl_fleet_index profiles, seens;
};

void lvl_fleet_init(struct lvl_fleet *f);
void lvl_fleet_free(struct lvl_fleet *f);

/* The number of this profile; new ones know and refuse nothing. */
int lvl_fleet_profile(struct lvl_fleet *f, int64_t id, int64_t variant,
		      size_t *at);
/* What it gives guests of a kind (copied, normalised policies). */
int lvl_fleet_offer(struct lvl_fleet *f, size_t profile, enum lvl_guest guest,
		    const struct lvl_policy *offers,
		    const struct lvl_policy *admits);
/* It certainly runs no guests of this kind. */
void lvl_fleet_refuse(struct lvl_fleet *f, size_t profile,
		      enum lvl_guest guest);

/* The number of what was seen; *fresh: it is new, and its policy unknown. */
int lvl_fleet_seen(struct lvl_fleet *f, int64_t id, enum lvl_guest guest,
		   size_t *at, int *fresh);
/* Copied and normalised. */
int lvl_fleet_saw(struct lvl_fleet *f, size_t seen,
		  const struct lvl_policy *policy);

/*
 * May a guest that saw this run on a host of that profile?  Found out once;
 * LVL_UNKNOWN where either is not known or there is no memory.
 */
enum lvl_verdict lvl_fleet_verdict(struct lvl_fleet *f, size_t seen,
				   size_t profile);

/* The capabilities of a word: all that is no mere statement. */
uint32_t lvl_fleet_capabilities(unsigned word);
/* How many a has that b (NULL: none) has not. */
unsigned lvl_fleet_more(const struct lvl_policy *a, const struct lvl_policy *b);

/* -- pools ---------------------------------------------------------------- */

struct lvl_fleet_member {
	size_t profile;
	uint32_t active;
	uint32_t unreachable; /* counted in levels, but nobody's home */
};

struct lvl_fleet_group {
	size_t seen;
	int64_t level; /* the caller's: what they booted under */
	size_t on;     /* the profile where they run, or one of the above;
			     LVL_FLEET_NONE: not said */
	size_t then;   /* the profile that their hosts become in a change,
			  LVL_FLEET_ELSEWHERE: they go; LVL_FLEET_NONE: they
			  stay what they are */
	uint32_t vms;
};

struct lvl_fleet_pool {
	enum lvl_guest guest; /* of its own level */
	/* what such guests boot at instead, or NULL; the caller's */
	const struct lvl_policy *set;
	struct lvl_fleet_member *member;
	size_t nr_members, member_room;
	struct lvl_fleet_group *group;
	size_t nr_groups, group_room;
};

void lvl_fleet_pool_init(struct lvl_fleet_pool *p, enum lvl_guest guest);
void lvl_fleet_pool_free(struct lvl_fleet_pool *p);
int lvl_fleet_pool_copy(struct lvl_fleet_pool *to,
			const struct lvl_fleet_pool *from);

/*
 * That many more or fewer hosts; -LVL_E_RANGE: fewer than none (nothing is
 * changed).  A member of which no host is left stays, with 0.
 */
int lvl_fleet_pool_hosts(struct lvl_fleet_pool *p, size_t profile,
			 int64_t active, int64_t unreachable);
/* That many more or fewer VMs; like groups become one. */
int lvl_fleet_pool_vms(struct lvl_fleet_pool *p, size_t seen, int64_t level,
		       size_t on, int64_t vms);
/* The same of VMs whose hosts are going to change. */
int lvl_fleet_pool_vms_then(struct lvl_fleet_pool *p, size_t seen,
			    int64_t level, size_t on, size_t then, int64_t vms);

uint32_t lvl_fleet_pool_size(const struct lvl_fleet_pool *p); /* hosts */
uint64_t lvl_fleet_pool_load(const struct lvl_fleet_pool *p); /* VMs */

/* -- levels --------------------------------------------------------------- */

struct lvl_fleet_level {
	int rc; /* 0; -LVL_E_EMPTY: no host; -LVL_E_CONFLICT: none in common */
	unsigned vendor;
	struct lvl_policy policy; /* where rc is 0 */
	struct lvl_status status;
	uint32_t hosts;       /* whose policies made it */
	uint32_t unreachable; /* of these */
	uint32_t unknown;     /* hosts of the pool of which nothing is known */
	uint32_t without;     /* hosts of the pool that run no such guests */
	/* what is not known could make it lower: a level may not be promised */
	int incomplete;
};

/* The vendors of the members, ascending; how many (at most 8). */
#define LVL_FLEET_VENDORS 8
unsigned lvl_fleet_vendors(const struct lvl_fleet *f,
			   const struct lvl_fleet_pool *p,
			   unsigned vendor[LVL_FLEET_VENDORS]);

/* The level of the members of one vendor: vendors have none in common. */
void lvl_fleet_level(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		     unsigned vendor, struct lvl_fleet_level *level);

/* The same for another kind of guests. */
void lvl_fleet_level_for(const struct lvl_fleet *f,
			 const struct lvl_fleet_pool *p, enum lvl_guest guest,
			 unsigned vendor, struct lvl_fleet_level *level);

/*
 * May a guest that boots at this level run on hosts of that profile?
 * LVL_UNKNOWN also where there is no such level, or of hosts that never
 * reported: nothing boots then.
 */
enum lvl_verdict lvl_fleet_boots(const struct lvl_fleet *f,
				 const struct lvl_fleet_level *level,
				 enum lvl_guest guest, size_t profile);

/* Would guests of this kind be told of the field? */
int lvl_fleet_matters(unsigned field, enum lvl_guest guest);

/*
 * The members of one vendor, counted (lvl_count): a profile comes or goes,
 * and the level is read, in time that does not depend on how many there are.
 * The identity stays that of the members at first.
 */
struct lvl_fleet_sum {
	const struct lvl_fleet *f;
	enum lvl_guest guest;
	unsigned vendor;
	struct lvl_count count;
	struct lvl_policy donor;
	uint32_t *hosts; /* by profile; of those that there were at first */
	size_t nr_hosts;
	int folds; /* more different numbers than counts hold */
};
int lvl_fleet_sum_init(struct lvl_fleet_sum *s, const struct lvl_fleet *f,
		       const struct lvl_fleet_pool *p, unsigned vendor);
void lvl_fleet_sum_free(struct lvl_fleet_sum *s);
/* Hosts come (> 0) or go; profiles of other vendors count for nothing. */
int lvl_fleet_sum_hosts(struct lvl_fleet_sum *s, size_t profile, int64_t hosts);
/* As lvl_fold_read(). */
int lvl_fleet_sum_read(const struct lvl_fleet_sum *s, struct lvl_policy *level,
		       struct lvl_status *status);
/* What the level would be without all hosts of that profile. */
int lvl_fleet_sum_without(struct lvl_fleet_sum *s, size_t profile,
			  struct lvl_policy *level);

/* -- mobility ------------------------------------------------------------- */

enum lvl_fleet_fate {
	LVL_FLEET_FREE,     /* there is another host for it */
	LVL_FLEET_STRANDED, /* certainly none */
	LVL_FLEET_UNSURE    /* none that is known to be one */
};

struct lvl_fleet_reach {
	uint32_t homes;  /* active hosts that admit it, its own included */
	uint32_t others; /* without its own */
	uint32_t unsure; /* hosts of which nobody knows */
	enum lvl_fleet_fate fate;
};

/*
 * Where may VMs of this group go?  A VM's own host is no other home.  Where it
 * is not said on which they run (`on`), they run on one that admits them; a
 * single home is then LVL_FLEET_UNSURE.
 */
void lvl_fleet_reach(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		     const struct lvl_fleet_group *g,
		     struct lvl_fleet_reach *reach);

/*
 * Islands: hosts that are alike, or between which some running VM may move,
 * and the VMs that may be there.  of_member and of_group (each as long as the
 * pool's) receive the number of the island, from 0; LVL_FLEET_NONE: a VM that
 * no host admits, a member of which no host can be reached or none ever
 * reported.  Returns how many.
 */
size_t lvl_fleet_islands(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
			 size_t *of_member, size_t *of_group);

/* -- what if -------------------------------------------------------------- */

/* Hosts of one profile become another; LVL_FLEET_NONE: outside of the pool. */
struct lvl_fleet_change {
	size_t from, to;
	uint32_t hosts;
	int unreachable; /* they could not be reached before */
};
int lvl_fleet_apply(struct lvl_fleet_pool *p, const struct lvl_fleet_change *c,
		    size_t nr);

/* What becomes of one group. */
struct lvl_fleet_turn {
	struct lvl_fleet_reach before, after;
	int stranded; /* it was free and is not any more */
	/* the level of its vendor, of its own kind of guests, after a power
	 * cycle: has more than it saw, or less */
	int gains, loses;
};

struct lvl_fleet_effect {
	struct lvl_fleet_turn *turn; /* by group of the pool */
	size_t nr;
	uint64_t stranded, unsure; /* VMs: newly so */
	uint64_t stuck;            /* VMs that were stranded before, too */
	uint64_t gain, lose;       /* VMs: after a power cycle */
};
/*
 * The same VMs in two pools; e is freed with lvl_fleet_effect_free().  Whoever
 * ran on a host that admits it still does: who must leave goes to another.  So
 * does who runs on a host that changes, which is empty meanwhile.
 */
int lvl_fleet_effect(struct lvl_fleet *f, const struct lvl_fleet_pool *before,
		     const struct lvl_fleet_pool *after,
		     struct lvl_fleet_effect *e);
void lvl_fleet_effect_free(struct lvl_fleet_effect *e);

/*
 * Is there a way back from the change?  LVL_NO: what boots after it, at the
 * level there is then, does not run on hosts as they were.
 */
enum lvl_verdict lvl_fleet_way_back(const struct lvl_fleet *f,
				    const struct lvl_fleet_pool *after,
				    const struct lvl_fleet_change *c);

/*
 * In which order to change hosts, one after another with its VMs elsewhere
 * meanwhile, so that every VM that has a home has one all the time.  order
 * receives the numbers of the changes.  *nr_blocked: those for which there is
 * no such moment, at the end of order; *exact 0: not all orders were tried.
 */
#define LVL_FLEET_EXACT 16 /* changes of which all orders are tried */
int lvl_fleet_order(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		    const struct lvl_fleet_change *c, size_t nr, size_t *order,
		    size_t *nr_blocked, int *exact);

/* -- suggestions ---------------------------------------------------------- */

#define LVL_FLEET_PARTS 16
#define LVL_FLEET_ITEMS 2048 /* different policies */
#define LVL_FLEET_DIVIDED 64 /* of which all divisions are compared */
struct lvl_fleet_split {
	size_t *part; /* by member of the pool; LVL_FLEET_NONE: no host */
	size_t nr_parts;
	struct {
		uint32_t hosts;
		struct lvl_policy level;
	} of[LVL_FLEET_PARTS];
	size_t nr_items; /* different policies */
	uint64_t value;  /* capabilities times hosts */
	uint64_t whole;  /* the same of the pool as one; 0: it has no level */
	uint64_t most;   /* no division is worth more */
	int exact;       /* value is the most; 0: not proven */
};
/*
 * At most `parts` sub-pools (up to LVL_FLEET_PARTS) with the most capabilities
 * over all hosts, each of at least `homes` hosts that can be reached; hosts
 * that give guests the same stay together.  Up to LVL_FLEET_DIVIDED different
 * policies all divisions are compared, as far as the effort goes (levels that
 * may be read; 4,000 times as many policies are compared with a part); of more
 * it is the best that joining and moving found.  -LVL_E_CONFLICT: there is none
 * (more vendors than parts, or too few hosts); -LVL_E_INVALID: hosts of which
 * nothing is known; -LVL_E_TOO_BIG: more than LVL_FLEET_ITEMS different
 * policies, or none was found.
 */
int lvl_fleet_suggest(const struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		      unsigned parts, uint32_t homes, uint64_t effort,
		      struct lvl_fleet_split *split);
void lvl_fleet_split_free(struct lvl_fleet_split *split);

/* -- placing -------------------------------------------------------------- */

struct lvl_fleet_place {
	size_t member;
	unsigned unreachable; /* 1: those of its hosts; never a yes */
	enum lvl_verdict verdict;
	unsigned fatal, security, leaks, slow; /* findings that are sure */
	unsigned unsure;
	unsigned spare; /* features of the host that the guest does not see */
};
/*
 * Every member with hosts, best first: those that admit it, with the fewest
 * remarks, then those that have the least to spare, so that the others are
 * left to VMs that need them; then those of which nobody knows.  place has
 * room for twice the members.
 */
size_t lvl_fleet_place(struct lvl_fleet *f, const struct lvl_fleet_pool *p,
		       size_t seen, struct lvl_fleet_place *place);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The inventory: pools, hosts, VMs, levels, and every change to them.
 *
 * One interface, whatever engine keeps it: SQLite (a path), PostgreSQL
 * (postgres://...), or a folder of host descriptions (read only).
 *
 *	rc = store_open(uri, flags, &s, &err);
 *	rc = store_txn(s, STORE_WRITE, body, arg);
 *	store_close(s);
 *
 * Policies are content-addressed: an object is bytes with their SHA-256, kept
 * once, never changed.  A host points at a profile (an object that holds one
 * record per kind of policy), a VM at what it saw when it booted, a level at
 * its policy.
 *
 * Every put and drop appends one row to the change table, in the same
 * transaction: the state before and after, who, when, why.  Its numbers have
 * no gaps and its times never go back.  Rows are found again as they were at
 * any time (store_at()).
 *
 * Functions return 0 or -LVL_E...; store_error() has the text of the last
 * failure.  Everything but open, close, error and wait happens within
 * store_txn(); what a get hands out lives until the transaction ends, what a
 * scan hands out until its callback returns.  A store belongs to one thread.
 */
#ifndef LVL_STORE_H
#define LVL_STORE_H

#include <cpulevel/desc.h>

struct store;

/* Do not make what is not there; never write. */
#define STORE_EXISTING 0x1u
#define STORE_READ_ONLY 0x2u

/*
 * -LVL_E_IO, _VERSION (a newer schema), _NOT_FOUND (with STORE_EXISTING),
 * _UNSUPPORTED (an engine that is not built in, or that there is none of),
 * _SYNTAX (no URI that is clear).  err: what went wrong and
 * what to try next; on failure *s is untouched.
 */
#define STORE_ERROR 512
int store_open(const char *uri, unsigned flags, struct store **s,
	       char err[STORE_ERROR]);
void store_close(struct store *s);
/* Dots instead of each password in a URI, in place: it gets no longer. */
void store_hide_password(char *uri);
const char *store_error(const struct store *s);
/* "sqlite", "postgresql", or "folder". */
const char *store_engine_name(const struct store *s);

/*
 * Who changes things, and why (may be NULL); copied, for what follows.
 * -LVL_E_RANGE: not UTF-8, or above 255 bytes and 1 MiB.
 */
int store_set_actor(struct store *s, const char *actor, const char *note);

/*
 * NULL, or what should be said although nothing failed: the clock of this
 * machine is more than a second behind the newest change, whose time was
 * then taken again.  Lives until the store is closed.
 */
const char *store_warning(const struct store *s);

/* Milliseconds since 1970, instead of the system's clock. */
typedef int64_t store_clock_fn(void *arg);
void store_set_clock(struct store *s, store_clock_fn *clock, void *arg);

/* -- transactions --------------------------------------------------------- */

enum store_mode { STORE_READ, STORE_WRITE };
typedef int store_body_fn(struct store *s, void *arg);

/*
 * Run body as one transaction: what it did is there whole when 0 is
 * returned, and not at all otherwise.  A read sees one state throughout.
 * Where the engine asks for it (40001, 40P01, a lost connection before the
 * commit was sent) body is run again: it must be able to.
 * -LVL_E_UNCERTAIN: the connection broke while the commit was under way and
 * it could not be found out whether it happened (found out by the change
 * table wherever that can be reached again).
 * -LVL_E_TIMEOUT: others have written for a minute.  -LVL_E_STATE: within
 * another transaction, and what any other function returns outside of one.
 * A write that failed fails the whole transaction, whatever body returns.
 */
int store_txn(struct store *s, enum store_mode mode, store_body_fn *body,
	      void *arg);

/* -- objects -------------------------------------------------------------- */

/* The id of these bytes, kept if they are new. */
int store_put_object(struct store *s, const void *data, size_t len,
		     int64_t *id);
int store_get_object(struct store *s, int64_t id, const void **data,
		     size_t *len);
/*
 * These will be asked for: where each would be a round trip, they come
 * together.  More than STORE_AHEAD come in vain.
 */
#define STORE_AHEAD 128
int store_read_ahead(struct store *s, const int64_t *id, size_t nr);
#define STORE_HASH 32
int store_object_hash(struct store *s, int64_t id, uint8_t hash[STORE_HASH]);

/*
 * Policies as objects, decoded ones kept in a cache of bounded size until
 * the store is closed or 256 others were asked for.
 * A profile is what a description says of a host but its name and facts.
 */
struct store_profile {
	int64_t id;
	unsigned hints;                          /* LVL_HINT_... */
	struct lvl_policy *policy[LVL_NR_KINDS]; /* NULL: not there */
};
int store_put_profile(struct store *s, const struct lvl_desc *d, int64_t *id);
int store_get_profile(struct store *s, int64_t id,
		      const struct store_profile **p);
/* One policy, as the wire record of cpulevel/record.h. */
int store_put_policy(struct store *s, const struct lvl_policy *p, int guest,
		     int64_t *id);
int store_get_policy(struct store *s, int64_t id, const struct lvl_policy **p,
		     int *guest);

/*
 * Where a host's profile comes from: "cpu", "kernel", "microcode",
 * "hypervisor", "firmware"; each may be NULL, which "" means as well, and is
 * UTF-8 of at most 500 bytes (-LVL_E_RANGE).  Kept once per distinct value.
 */
struct store_source {
	int64_t id;
	const char *cpu, *kernel, *microcode, *hypervisor, *firmware;
};
int store_put_source(struct store *s, const struct store_source *v,
		     int64_t *id);
int store_get_source(struct store *s, int64_t id, struct store_source *v);

/*
 * Which profiles were ever seen with which source of that CPU: what a kernel
 * or a microcode does to it, known from hosts that have it.
 */
typedef int store_observed_fn(void *arg, const struct store_source *source,
			      int64_t profile);
int store_scan_observed(struct store *s, const char *cpu,
			store_observed_fn *each, void *arg);

/* -- rows ----------------------------------------------------------------- */

/*
 * id 0: new; put() fills id and rev.  rev: the number of the change that made
 * the row what it is; put() and drop() fail with -LVL_E_REVISION unless it is
 * still so.  Names are unique per table, 1 to 255 bytes of UTF-8 without
 * control characters (-LVL_E_RANGE), -LVL_E_DUPLICATE.  An id is never used
 * again.  find: -LVL_E_NOT_FOUND; so does a put of what refers to a row that
 * is not there.  drop of what others refer to: -LVL_E_STATE.
 * A put that changes nothing writes nothing.
 */
struct store_pool {
	int64_t id, rev;
	const char *name;
	int guest;            /* enum lvl_guest of its own level */
	const char *platform; /* what derives guests' policies, or NULL */
};

enum store_host_state {
	STORE_HOST_ACTIVE,
	STORE_HOST_UNREACHABLE, /* counted, but what it is now is unknown */
	STORE_HOST_RETIRED      /* kept for the record, in no pool */
};
struct store_host {
	int64_t id, rev;
	const char *name;
	int64_t pool;    /* 0: none */
	int64_t profile; /* 0: never reported */
	int64_t source;  /* 0: not said */
	enum store_host_state state;
	const char *group; /* a label that levels can be set for, or NULL */
};

struct store_vm {
	int64_t id, rev;
	const char *name;
	int64_t pool;
	int64_t host;   /* 0: off */
	int64_t seen;   /* its boot record (an object); 0: never booted */
	int64_t level;  /* that it booted under; 0: none */
	int64_t booted; /* ms since 1970; 0: never */
	int guest;      /* enum lvl_guest */
};

/* One version of a level; versions are never changed, only added. */
struct store_level {
	int64_t id, rev;
	const char *name;
	int64_t version;        /* 1, 2, ... within the name */
	int64_t pool;           /* whose members it follows; 0: pinned */
	int64_t policy;         /* an object */
	int guest;              /* enum lvl_guest */
	const char *definition; /* how it was made, JSON */
};

/* Which level the next boot gets: a VM's before its group's before its pool's.
 */
enum store_scope { STORE_SCOPE_POOL, STORE_SCOPE_GROUP, STORE_SCOPE_VM };
struct store_assign {
	int64_t id, rev;
	enum store_scope scope;
	const char *name;  /* of the pool, the group or the VM */
	const char *level; /* name of the level */
	int64_t version;   /* 0: always the newest */
};

int store_find_pool(struct store *s, const char *name, struct store_pool *v);
int store_get_pool(struct store *s, int64_t id, struct store_pool *v);
int store_put_pool(struct store *s, struct store_pool *v);
int store_drop_pool(struct store *s, const struct store_pool *v);
typedef int store_pool_fn(void *arg, const struct store_pool *v);
int store_scan_pools(struct store *s, store_pool_fn *each, void *arg);

int store_find_host(struct store *s, const char *name, struct store_host *v);
int store_get_host(struct store *s, int64_t id, struct store_host *v);
int store_put_host(struct store *s, struct store_host *v);
int store_drop_host(struct store *s, const struct store_host *v);
typedef int store_host_fn(void *arg, const struct store_host *v);
/* Each 0 or NULL: any.  In the order of ids; after: beyond this id. */
struct store_host_filter {
	int64_t pool, profile, after;
	const char *group;
	int64_t limit;
};
int store_scan_hosts(struct store *s, const struct store_host_filter *f,
		     store_host_fn *each, void *arg);
/* It will be asked for: as store_read_ahead(), and of the same STORE_AHEAD. */
int store_ahead_hosts(struct store *s, const struct store_host_filter *f);

int store_find_vm(struct store *s, const char *name, struct store_vm *v);
int store_get_vm(struct store *s, int64_t id, struct store_vm *v);
int store_put_vm(struct store *s, struct store_vm *v);
int store_drop_vm(struct store *s, const struct store_vm *v);
typedef int store_vm_fn(void *arg, const struct store_vm *v);
struct store_vm_filter {
	int64_t pool, host, seen, after;
	int64_t limit;
};
int store_scan_vms(struct store *s, const struct store_vm_filter *f,
		   store_vm_fn *each, void *arg);
int store_ahead_vms(struct store *s, const struct store_vm_filter *f);

/* version 0: the newest.  put: version 0: the next one. */
int store_find_level(struct store *s, const char *name, int64_t version,
		     struct store_level *v);
int store_get_level(struct store *s, int64_t id, struct store_level *v);
int store_put_level(struct store *s, struct store_level *v); /* new ones */
typedef int store_level_fn(void *arg, const struct store_level *v);
int store_scan_levels(struct store *s, store_level_fn *each, void *arg);

int store_find_assign(struct store *s, enum store_scope scope, const char *name,
		      struct store_assign *v);
int store_put_assign(struct store *s, struct store_assign *v);
int store_drop_assign(struct store *s, const struct store_assign *v);
typedef int store_assign_fn(void *arg, const struct store_assign *v);
int store_scan_assigns(struct store *s, store_assign_fn *each, void *arg);

/* -- counts --------------------------------------------------------------- */

/*
 * Kept with every change, never counted when asked: how many hosts of a pool
 * have a profile (0: never reported) in a state, and how many VMs that run
 * saw the same.  pool 0: of all pools, pool by pool, and of what is in none.
 */
struct store_host_count {
	int64_t pool, profile;
	enum store_host_state state;
	int64_t hosts;
};
typedef int store_host_count_fn(void *arg, const struct store_host_count *c);
int store_count_hosts(struct store *s, int64_t pool, store_host_count_fn *each,
		      void *arg);
/*
 * Hosts of a pool that are alike in all that a table shows, and the first of
 * them by name; by the order in which they came.  Not of the past.
 */
struct store_host_sort {
	int64_t profile, source;
	enum store_host_state state;
	int64_t hosts;
	const char *name;
};
typedef int store_host_sort_fn(void *arg, const struct store_host_sort *h);
int store_sort_hosts(struct store *s, int64_t pool, store_host_sort_fn *each,
		     void *arg);

struct store_vm_count {
	int64_t pool, seen, level;
	int guest;
	int64_t vms;
};
typedef int store_vm_count_fn(void *arg, const struct store_vm_count *c);
int store_count_vms(struct store *s, int64_t pool, store_vm_count_fn *each,
		    void *arg);

/* -- publishing ----------------------------------------------------------- */

/*
 * A host says what it is: its row gets this profile and source and is
 * active.  Reads first and writes only what is new; *changed says whether it
 * wrote.  A host that is not in the table is added without a pool.  Within a
 * read *changed says whether it would write.
 */
int store_publish(struct store *s, const char *host, const struct lvl_desc *d,
		  int *changed);

/* -- changes -------------------------------------------------------------- */

enum store_kind {
	STORE_KIND_POOL,
	STORE_KIND_HOST,
	STORE_KIND_VM,
	STORE_KIND_LEVEL,
	STORE_KIND_ASSIGN,
	STORE_KIND_BULK, /* many new rows at once: id is how many */
	STORE_NR_KINDS
};
extern const char *const store_kind_names[STORE_NR_KINDS];

struct store_change {
	int64_t seq;  /* 1, 2, 3, ... without gaps */
	int64_t time; /* ms since 1970, never less than the one before */
	const char *actor, *note;
	enum store_kind kind;
	int64_t id;
	int64_t pool;               /* the new one, or that it left; 0: none */
	const char *name;           /* of the row, as it was before */
	const char *before, *after; /* the row as JSON; NULL: not there */
	int64_t txn; /* random, the same within one transaction */
};
typedef int store_change_fn(void *arg, const struct store_change *c);
struct store_change_filter {
	int64_t since; /* numbers above this one */
	int64_t until; /* up to this one; 0: all */
	int64_t pool;  /* 0: any */
	int kind;      /* -1: any */
	int64_t id;    /* 0: any */
	int64_t limit; /* 0: none */
};
/* In order. */
int store_changes(struct store *s, const struct store_change_filter *f,
		  store_change_fn *each, void *arg);
/*
 * The newest number, 0 if there is none; and the newest of those up to a
 * time (-LVL_E_NOT_FOUND: nothing is that old; -LVL_E_RANGE: what may be was
 * taken away).
 */
int store_last(struct store *s, int64_t *seq);
/*
 * The oldest number that is still there: above 1 when somebody has taken old
 * changes away (doc/store.md).  0: there is none.
 */
int store_first(struct store *s, int64_t *seq);
int store_seq_at(struct store *s, int64_t time, int64_t *seq);

/*
 * Outside of transactions: wait until there is a number above seq, at most
 * so long.  0: there is; -LVL_E_TIMEOUT.
 */
int store_wait(struct store *s, int64_t seq, int timeout_ms);

/*
 * Time travel: from now on, all gets, finds, scans and counts answer as if
 * change `seq` had been the last one, and writes are refused
 * (-LVL_E_READ_ONLY).  0: the present again.  Objects and sources are not
 * rows and always there.  -LVL_E_RANGE from those if the change that followed
 * was taken away.
 */
int store_at(struct store *s, int64_t seq);

/* -- much at once --------------------------------------------------------- */

/*
 * Add many rows within one write transaction, with one row in the change
 * table for each call.  next() fills *v and returns 1, 0 at the end, or a
 * negative code that ends it all; v->id is what the row will get.  Their rev
 * is that change's number.  That what they refer to is there is not looked
 * up for each: store_check() does.
 */
typedef int store_next_host_fn(void *arg, struct store_host *v);
typedef int store_next_vm_fn(void *arg, struct store_vm *v);
int store_bulk_hosts(struct store *s, store_next_host_fn *next, void *arg);
int store_bulk_vms(struct store *s, store_next_vm_fn *next, void *arg);

/*
 * Everything of one store into another, which must be empty: rows, objects,
 * the whole change table with its numbers.  Lossless, also between engines.
 */
int store_copy(struct store *from, struct store *to);

/*
 * Is everything as it must be: numbers without gaps, times that never go
 * back, each row what its change says, changes that continue one another,
 * counts those of the rows, objects those of their hashes, references that
 * lead somewhere.  Every problem by the callback, which returns 0 to go on.
 * Within a read transaction.  0: all looked at; *nr: how many problems.
 */
typedef int store_problem_fn(void *arg, const char *text);
int store_check(struct store *s, store_problem_fn *each, void *arg,
		int64_t *nr);

#endif

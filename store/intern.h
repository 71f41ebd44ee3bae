/* SPDX-License-Identifier: MIT */
/* What the files of the store share, above the engines. */
#ifndef LVL_STORE_INTERN_H
#define LVL_STORE_INTERN_H

#include "db.h"

#include <stdarg.h>

struct store_cache;
struct store_sources;

/* Memory until the transaction ends. */
struct store_chunk {
	struct store_chunk *next;
	size_t used, size;
	max_align_t data[];
};

struct store {
	struct db *db;
	const struct db_engine *engine;
	unsigned flags;
	char error[STORE_ERROR];
	char warning[STORE_ERROR];
	char *actor, *note;
	store_clock_fn *clock;
	void *clock_arg;
	int64_t at; /* time travel; 0: the present */

	int folder; /* read from one, and in memory only */

	/* of the transaction */
	int active;
	enum store_mode mode;
	int broken;        /* what failed: it cannot be committed */
	int64_t seq, time; /* the newest change, once head_known */
	int head_known;
	int64_t txn;    /* its random number */
	int64_t wrote;  /* the last change of this transaction, or 0 */
	int64_t kept;   /* the newest change that was acknowledged here */
	int64_t seen;   /* the past that was found to be there, or 0 */
	int64_t backed; /* the clock was that far behind, ms */
	struct store_chunk *chunk;

	struct store_cache *cache;
	struct store_sources *sources;
};

/* -- open.c --------------------------------------------------------------- */

/* Say why; returns -code. */
int store_fail(struct store *s, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern const char *const store_no_memory;

/* -- txn.c ---------------------------------------------------------------- */

/* Is this allowed now: within a transaction, and one that writes? */
int store_may_read(struct store *s);
int store_may_write(struct store *s);

/* One statement, with the error of the engine as ours. */
int store_run(struct store *s, const char *sql, const struct db_value *arg,
	      unsigned nr, db_row_fn *row, void *row_arg);
/* That SELECT will be run, before anything is written. */
int store_ahead(struct store *s, const char *sql, const struct db_value *arg,
		unsigned nr);
int store_bulk(struct store *s, const char *table, const char *const *column,
	       unsigned nr, db_next_fn *next, void *arg);
/* The one number that it asks for; *found 0: there is no row. */
int store_number(struct store *s, const char *sql, const struct db_value *arg,
		 unsigned nr, int64_t *value, int *found);

/* NULL: no memory, and that is said. */
void *store_alloc(struct store *s, size_t size);
const void *store_keep(struct store *s, const void *data, size_t size);
const char *store_keep_text(struct store *s, const char *text);

/* Gives back what was handed out since the mark. */
struct store_mark {
	struct store_chunk *chunk;
	size_t used;
};
struct store_mark store_mark(const struct store *s);
void store_release(struct store *s, const struct store_mark *mark);

static inline struct db_value db_int(int64_t i)
{
	struct db_value v = { DB_INT, i, NULL, 0 };

	return v;
}

static inline struct db_value db_text(const char *s)
{
	struct db_value v = { s ? DB_TEXT : DB_NULL, 0, s, 0 };

	return v;
}

static inline struct db_value db_blob(const void *p, size_t len)
{
	struct db_value v = { DB_BLOB, 0, p ? p : "", len };

	return v;
}

/* -- rows.c: what a row of each table is ---------------------------------- */

enum column_type {
	COLUMN_INT64,
	COLUMN_INT,   /* an int, one of names[] */
	COLUMN_TEXT,  /* or NULL */
	COLUMN_LABEL, /* the same, no more than 255 bytes */
	COLUMN_NAME   /* 1 to 255 bytes */
};

struct column {
	const char *name; /* in JSON */
	size_t offset;
	enum column_type type;
	const char *const *names; /* of COLUMN_INT */
	unsigned nr_names;
};

#define STORE_MAX_COLUMNS 9

/* The columns of each table, in the order of its struct rows. */
#define STORE_POOL "id, rev, name, guest, platform"
#define STORE_HOST "id, rev, name, pool, profile, source, state, grp"
#define STORE_VM "id, rev, name, pool, host, seen, level, booted, guest"
#define STORE_LEVEL "id, rev, name, version, pool, policy, guest, definition"
#define STORE_ASSIGN "id, rev, name, scope, level, version"

/*
 * A table of rows.  The first columns are id, rev and name; the texts of SQL
 * take and give the columns in this order.
 */
struct rows {
	enum store_kind kind;
	const char *table;
	size_t size; /* of its struct */
	const struct column *column;
	unsigned nr;
	size_t pool; /* offset of the pool that it concerns; 0: none */

	const char *const *sql_columns;
	const char *get;    /* by id */
	const char *find;   /* by the key */
	const char *insert; /* all columns */
	const char *update; /* all columns but the id, then the id */
	const char *remove; /* by the id */
	const char *new_id; /* how many */

	/* The values of the key, as find takes them; how many. */
	unsigned (*key)(const void *row, struct db_value *v);
	/* Refers only to what is there; NULL: refers to nothing. */
	int (*refers)(struct store *s, const void *row, const void *old);
	/* Nothing refers to it; NULL: nothing can. */
	int (*unused)(struct store *s, const void *row);
};
extern const struct rows store_rows_pool, store_rows_host, store_rows_vm,
	store_rows_level, store_rows_assign;
/* By enum store_kind; NULL for STORE_KIND_BULK. */
extern const struct rows *const store_rows[STORE_NR_KINDS];

/* Any row. */
union any_row {
	struct store_pool pool;
	struct store_host host;
	struct store_vm vm;
	struct store_level level;
	struct store_assign assign;
};

static inline int64_t row_number(const void *row, size_t offset)
{
	return *(const int64_t *)((const char *)row + offset);
}

static inline void row_set_number(void *row, size_t offset, int64_t v)
{
	*(int64_t *)((char *)row + offset) = v;
}

static inline int64_t row_id(const struct rows *r, const void *row)
{
	return row_number(row, r->column[0].offset);
}

static inline int64_t row_rev(const struct rows *r, const void *row)
{
	return row_number(row, r->column[1].offset);
}

const char *row_name(const struct rows *r, const void *row);

/* Between a row, its columns in the database, and JSON. */
void row_to_values(const struct rows *r, const void *row, struct db_value *v);
/* Texts are those of v. */
int row_from_values(struct store *s, const struct rows *r,
		    const struct db_value *v, void *row);
int row_equal(const struct rows *r, const void *a, const void *b);
/* All texts become the transaction's. */
int row_keep(struct store *s, const struct rows *r, void *row);
/* The text is the transaction's. */
int row_to_json(struct store *s, const struct rows *r, const void *row,
		const char **json);
/* Texts become the transaction's. */
int row_from_json(struct store *s, const struct rows *r, const char *json,
		  void *row);
/*
 * UTF-8 of so many bytes?  PostgreSQL takes no other, and in an index a few
 * thousand bytes; whatever the engine, a store can be copied to it.
 */
#define STORE_MOST_TEXT (1u << 20)
int store_valid_text(const char *text, size_t most);
/* Are all values what they may be? */
int row_valid(struct store *s, const struct rows *r, const void *row);

/* -- get.c, put.c --------------------------------------------------------- */

int row_get(struct store *s, const struct rows *r, int64_t id, void *row);
int row_ahead(struct store *s, const struct rows *r, const struct db_value *key,
	      unsigned nr);
int row_find(struct store *s, const struct rows *r, const struct db_value *key,
	     unsigned nr, void *row);
int row_put(struct store *s, const struct rows *r, void *row);
int row_drop(struct store *s, const struct rows *r, const void *row);
/* Is the row there; says so if not. */
int row_there(struct store *s, const struct rows *r, int64_t id);

/* -- change.c ------------------------------------------------------------- */

/* The number and time of the next change. */
int change_ahead(struct store *s);
int change_next(struct store *s, int64_t *seq, int64_t *time);
/* Write it; seq and time as change_next() gave them. */
int change_write(struct store *s, const struct store_change *c);

/* -- past.c --------------------------------------------------------------- */

int past_get(struct store *s, const struct rows *r, int64_t id, void *row);
int past_find(struct store *s, const struct rows *r, const struct db_value *key,
	      unsigned nr, void *row);

/* Rows that have changed since, as they were, by ids. */
struct past_row {
	int64_t id;
	char *json;
};
struct past {
	struct past_row *row;
	size_t nr, size;
};
int past_load(struct store *s, const struct rows *r, struct past *p);
void past_free(struct past *p);

/* -- profile.c ------------------------------------------------------------ */

void store_cache_free(struct store_cache *c);
/* A transaction that wrote has ended: what it made is there, or is not. */
void store_cache_settle(struct store_cache *c, int committed);
/* The bytes of a profile, the transaction's. */
int profile_encode(struct store *s, const struct lvl_desc *d,
		   const uint8_t **data, size_t *len);

/* -- object.c ------------------------------------------------------------- */

void store_sha256(const void *data, size_t len, uint8_t hash[STORE_HASH]);
void store_sources_free(struct store_sources *c);
/* The id, or 0 if there is no such object. */
/* It will be asked for, before anything is written. */
int store_ahead_object(struct store *s, const uint8_t hash[STORE_HASH]);
int store_ahead_source(struct store *s, const struct store_source *v);
int store_find_object(struct store *s, const uint8_t hash[STORE_HASH],
		      int64_t *id);
/* cpu, kernel, microcode, hypervisor and firmware, as columns have them. */
int store_source_values(struct store *s, const struct store_source *v,
			struct db_value to[5]);
int store_find_source(struct store *s, const struct store_source *v,
		      int64_t *id);
int store_observe(struct store *s, int64_t source, int64_t profile);

/* -- folder.c ------------------------------------------------------------- */

/* Fill an empty store with the descriptions of a folder. */
int store_fill(struct store *s, const char *folder);

#endif

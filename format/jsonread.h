/* SPDX-License-Identifier: MIT */
/*
 * JSON for the readers that need it: one document or many, one after another,
 * with the line of every value that is wrong.
 */
#ifndef LVL_FORMAT_JSONREAD_H
#define LVL_FORMAT_JSONREAD_H

#include "import.h"

#include <jansson.h>

/* A document is held in memory as a whole. */
#define LVL_JSON_MAX (64u << 20)
#define LVL_JSON_DEPTH 8

/* A way down from the root: a key, or (key NULL) an index. */
struct lvl_json_step {
	const char *key;
	size_t index;
};

struct lvl_json {
	struct lvl_import *im;
	char *data;
	size_t size, len, pos;                   /* allocated, end, next byte */
	json_t *root;                            /* the current document */
	size_t start;                            /* of it in data */
	struct lvl_json_step at[LVL_JSON_DEPTH]; /* where the reader is */
	unsigned depth;
};

/* Read all of the input.  lvl_json_close() also after an error. */
int lvl_json_open(struct lvl_json *j, struct lvl_import *im);
void lvl_json_close(struct lvl_json *j);

/* The next document: 1: j->root; 0: no more; negative: error. */
int lvl_json_next(struct lvl_json *j);

/* Go down to a member or an element, and up again. */
void lvl_json_in(struct lvl_json *j, const char *key);
void lvl_json_in_index(struct lvl_json *j, size_t index);
void lvl_json_out(struct lvl_json *j);

/* Set the message with the line of the value where the reader is. */
int lvl_json_fail(struct lvl_json *j, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The value has another type than the format says; what: "a string". */
int lvl_json_not(struct lvl_json *j, const char *what);

/*
 * A member that must be a string, or may be missing if `optional` (*text is
 * then NULL).
 */
int lvl_json_string(struct lvl_json *j, const json_t *object, const char *key,
		    int optional, const char **text);

/* Do `each` with all elements of an array, going down to each. */
typedef int lvl_json_fn(struct lvl_json *j, json_t *element, void *arg);
int lvl_json_each(struct lvl_json *j, const json_t *array, lvl_json_fn *each,
		  void *arg);

/*
 * A leaf or an MSR of which only the `known` bits are; as lvl_import_leaf()
 * and lvl_import_msr() do.  What is known in part and what the registry does
 * not have becomes a fact.
 */
int lvl_json_leaf(struct lvl_json *j, uint32_t leaf, uint32_t subleaf,
		  const uint32_t value[4], const uint32_t known[4]);
int lvl_json_msr(struct lvl_json *j, uint32_t index, uint64_t value,
		 uint64_t known);

/* The same of one word of the registry. */
int lvl_json_word(struct lvl_json *j, unsigned word, uint32_t value,
		  uint32_t known);

/* For probe(): does the text begin an object or array, with this in it? */
int lvl_json_has(const char *head, size_t len, const char *string);

#endif

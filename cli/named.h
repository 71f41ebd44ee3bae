/* SPDX-License-Identifier: MIT */
/*
 * Arguments that name what comes with the program: level:NAME and cpu:NAME
 * are files, model:SOURCE/NAME is a row of the table of models.
 */
#ifndef LVL_CLI_NAMED_H
#define LVL_CLI_NAMED_H

#include "cli.h"

/* Does the argument begin with level:, cpu: or model:? */
int named_is(const char *arg);

/* Only "level:", "cpu:", "model:" or "model:SOURCE/": a list is asked for. */
int named_is_list(const char *arg);

/*
 * The path of a level or CPU (freed by the caller), or the model that is
 * meant, as a description.  0, or EXIT_INPUT after saying what is wrong and
 * which name is near.
 */
struct named {
	char *path;            /* NULL: a model */
	struct lvl_desc *desc; /* NULL: a file */
};
int named_find(const char *arg, struct named *n);

/* What cli_read_as says of a model: no file was read. */
extern const struct lvl_format named_model_format;

/* Is there a level of this name?  What --cap takes without a prefix. */
int named_is_level(const char *name);

/* "level:x86-64-v3" for "x86-64-v3"; NULL: nothing is called so. */
char *named_hint(const char *name);

/* Print all names, each with a line about it.  0 or EXIT_INPUT. */
int named_list(const char *arg, int json);

#endif

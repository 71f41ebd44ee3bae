/* SPDX-License-Identifier: MIT */
/* What a store's name says, and what of it nobody else should read. */
#ifndef LVL_STORE_URI_H
#define LVL_STORE_URI_H

#include "store.h"

/* PostgreSQL's, and no path? */
int uri_is_postgres(const char *uri);

/*
 * 0, or a code with the reason in err, in which nothing of a password is:
 * what is neither a path nor PostgreSQL's, or a password that was not
 * written as URIs want it, of which libpq would print the pieces.
 */
int uri_check(const char *uri, char err[STORE_ERROR]);

/*
 * The path that a store of SQLite's has, as SQLite takes it: to it "file:x"
 * and ":memory:" are no paths.  -LVL_E_TOO_BIG.
 */
int uri_path(const char *uri, char *path, size_t size);

#endif

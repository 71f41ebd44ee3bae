/* SPDX-License-Identifier: MIT */
#define LIBPQ_ITSELF
#include "libpq.h"

#include "db.h"
#include "format/dlopen-note.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define SONAME "libpq.so.5"

DLOPEN_NOTE(libpq_note, "[{\"feature\":\"postgres\","
			"\"description\":\"inventories on PostgreSQL\","
			"\"priority\":\"suggested\","
			"\"soname\":[\"" SONAME "\"]}]");

struct libpq libpq;

#define LIBPQ_NAME(result, name, args) { #name, offsetof(struct libpq, name) },
static const struct {
	const char *name;
	size_t offset;
} functions[] = { LIBPQ_FUNCTIONS(LIBPQ_NAME) };

int libpq_open(char *err)
{
	struct libpq found;
	void *lib, *f;
	unsigned i;

	if (libpq.PQclear)
		return 0;
	lib = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL);
	if (!lib) {
		snprintf(err, STORE_ERROR,
			 "PostgreSQL needs its client library (libpq5): %.300s",
			 dlerror());
		return -LVL_E_UNSUPPORTED;
	}
	for (i = 0; i < LVL_COUNT(functions); i++) {
		f = dlsym(lib, functions[i].name);
		if (!f) {
			snprintf(err, STORE_ERROR,
				 "%s is too old: it has no %s", SONAME,
				 functions[i].name);
			return -LVL_E_UNSUPPORTED;
		}
		memcpy((char *)&found + functions[i].offset, &f, sizeof(f));
	}
	libpq = found; /* stays open until the process ends */
	return 0;
}

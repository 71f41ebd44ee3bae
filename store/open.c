/* SPDX-License-Identifier: MIT */
/* Which engine keeps a store, and what a store has without one. */
#include "intern.h"
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

const char *const store_no_memory = "out of memory";

const char *const store_kind_names[STORE_NR_KINDS] = {
	"pool", "host", "vm", "level", "assign", "bulk"
};

/* NULL: not built in. */
#ifdef CPULEVEL_SQLITE
static const struct db_engine *const sqlite = &db_sqlite;
#else
static const struct db_engine *const sqlite = NULL;
#endif
#ifdef CPULEVEL_POSTGRES
static const struct db_engine *const postgres = &db_postgres;
#else
static const struct db_engine *const postgres = NULL;
#endif

static int is_folder(const char *uri)
{
	struct stat st;

	return !stat(uri, &st) && S_ISDIR(st.st_mode);
}

static int no_engine(const char *name, const char *needs, char *err)
{
	snprintf(err, STORE_ERROR,
		 "this cpulevel was built without %s; build it with %s "
		 "installed",
		 name, needs);
	return -LVL_E_UNSUPPORTED;
}

static int find_engine(const char *uri, const struct db_engine **e, char *err)
{
	int is_postgres = uri_is_postgres(uri);

	*e = is_postgres ? postgres : sqlite;
	if (*e)
		return 0;
	return is_postgres ? no_engine("PostgreSQL", "libpq", err)
			   : no_engine("SQLite", "sqlite3", err);
}

static int64_t system_clock(void *arg)
{
	struct timespec t;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fill(struct store *s, const char *folder, char *err)
{
	int rc = store_fill(s, folder);

	if (rc)
		snprintf(err, STORE_ERROR, "%s", s->error);
	s->flags |= STORE_READ_ONLY;
	s->folder = 1;
	return rc;
}

/* What the engine is to open, and whether that is filled from a folder. */
static int find(struct store *n, const char *uri, char path[4096], int *folder,
		char *err)
{
	int rc = uri_check(uri, err);

	if (!rc)
		rc = find_engine(uri, &n->engine, err);
	if (rc || uri_is_postgres(uri))
		return rc;
	rc = uri_path(uri, path, 4096);
	if (rc)
		snprintf(err, STORE_ERROR, "%.100s...: too long", uri);
	*folder = !rc && is_folder(path);
	return rc;
}

int store_open(const char *uri, unsigned flags, struct store **s,
	       char err[STORE_ERROR])
{
	char path[4096] = "";
	int folder = 0, rc;
	struct store *n = calloc(1, sizeof(*n));

	if (!n) {
		snprintf(err, STORE_ERROR, "%s", store_no_memory);
		return -LVL_E_NO_MEMORY;
	}
	n->clock = system_clock;
	rc = find(n, uri, path, &folder, err);
	n->flags = folder ? 0 : flags;
	if (!rc)
		rc = n->engine->open(folder  ? ":memory:"
				     : *path ? path
					     : uri,
				     n->flags, &n->db, err);
	if (!rc && folder)
		rc = fill(n, path, err);
	if (rc)
		store_close(n);
	else
		*s = n;
	return rc;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_cache_free(s->cache);
	store_sources_free(s->sources);
	if (s->db)
		s->engine->close(s->db);
	free(s->actor);
	free(s->note);
	free(s);
}

const char *store_error(const struct store *s)
{
	return s->error;
}

const char *store_warning(const struct store *s)
{
	return s->warning[0] ? s->warning : NULL;
}

const char *store_engine_name(const struct store *s)
{
	return s->folder ? "folder" : s->engine->name;
}

int store_fail(struct store *s, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->error, sizeof(s->error), format, ap);
	va_end(ap);
	return -code;
}

void store_set_clock(struct store *s, store_clock_fn *clock, void *arg)
{
	s->clock = clock;
	s->clock_arg = arg;
}

static int copy_text(char **to, const char *from)
{
	char *copy = from ? strdup(from) : NULL;

	if (from && !copy)
		return -LVL_E_NO_MEMORY;
	free(*to);
	*to = copy;
	return 0;
}

int store_set_actor(struct store *s, const char *actor, const char *note)
{
	int rc;

	if ((actor && !store_valid_text(actor, 255)) ||
	    (note && !store_valid_text(note, STORE_MOST_TEXT)))
		return store_fail(s, LVL_E_RANGE,
				  "who changes things, and why, is UTF-8 and "
				  "not that long");
	rc = copy_text(&s->actor, actor);
	if (!rc)
		rc = copy_text(&s->note, note);
	return rc ? store_fail(s, LVL_E_NO_MEMORY, "%s", store_no_memory) : 0;
}

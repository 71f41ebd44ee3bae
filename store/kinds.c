/* SPDX-License-Identifier: MIT */
/* The five tables of rows: their columns, their SQL, what refers to what. */
#include "intern.h"

#define NAMES(list) (list), LVL_COUNT(list)

static const char *const states[] = { "active", "unreachable", "retired" };
static const char *const scopes[] = { "pool", "group", "vm" };

/* The number that every new row of a table gets, and never again. */
#define NEW_ID(table)                                                 \
	"INSERT INTO counter (name, value) VALUES ('" table "', $1) " \
	"ON CONFLICT (name) DO UPDATE "                               \
	"SET value = counter.value + excluded.value RETURNING value"

static int some(struct store *s, const char *sql, int64_t id, int *yes)
{
	const struct db_value v = db_int(id);
	int64_t n;

	return store_number(s, sql, &v, 1, &n, yes);
}

static const char object_is[] = "SELECT id FROM object WHERE id = $1";
static const char source_is[] = "SELECT id FROM source WHERE id = $1";

static int object_there(struct store *s, int64_t id)
{
	int yes, rc = some(s, object_is, id, &yes);

	if (!rc && !yes)
		rc = store_fail(s, LVL_E_NOT_FOUND, "there is no object %lld",
				(long long)id);
	return rc;
}

/* -- pools ---------------------------------------------------------------- */

static const char *const pool_names[] = { "id", "rev", "name", "guest",
					  "platform" };
static const struct column pool_columns[] = {
	{ "id", offsetof(struct store_pool, id), COLUMN_INT64, NULL, 0 },
	{ "rev", offsetof(struct store_pool, rev), COLUMN_INT64, NULL, 0 },
	{ "name", offsetof(struct store_pool, name), COLUMN_NAME, NULL, 0 },
	{ "guest", offsetof(struct store_pool, guest), COLUMN_INT,
	  NAMES(lvl_guest_names) },
	{ "platform", offsetof(struct store_pool, platform), COLUMN_TEXT, NULL,
	  0 },
};

static unsigned pool_key(const void *row, struct db_value *v)
{
	v[0] = db_text(((const struct store_pool *)row)->name);
	return 1;
}

static int pool_unused(struct store *s, const void *row)
{
	const struct store_pool *p = row;
	int hosts, vms = 0, rc;

	rc = some(s, "SELECT id FROM host WHERE pool = $1 LIMIT 1", p->id,
		  &hosts);
	if (!rc)
		rc = some(s, "SELECT id FROM vm WHERE pool = $1 LIMIT 1", p->id,
			  &vms);
	if (!rc && (hosts || vms))
		rc = store_fail(s, LVL_E_STATE, "pool %s still has %s", p->name,
				hosts ? "hosts" : "VMs");
	return rc;
}

const struct rows store_rows_pool = {
	.kind = STORE_KIND_POOL,
	.table = "pool",
	.size = sizeof(struct store_pool),
	.column = pool_columns,
	.nr = LVL_COUNT(pool_columns),
	.pool = offsetof(struct store_pool, id),
	.sql_columns = pool_names,
	.get = "SELECT " STORE_POOL " FROM pool WHERE id = $1",
	.find = "SELECT " STORE_POOL " FROM pool WHERE name = $1",
	.insert =
		"INSERT INTO pool (" STORE_POOL ") VALUES ($1, $2, $3, $4, $5)",
	.update = "UPDATE pool SET rev = $1, name = $2, guest = $3, "
		  "platform = $4 WHERE id = $5",
	.remove = "DELETE FROM pool WHERE id = $1",
	.new_id = NEW_ID("pool"),
	.key = pool_key,
	.unused = pool_unused,
};

/* -- hosts ---------------------------------------------------------------- */

static const char *const host_names[] = { "id",      "rev",    "name",  "pool",
					  "profile", "source", "state", "grp" };
static const struct column host_columns[] = {
	{ "id", offsetof(struct store_host, id), COLUMN_INT64, NULL, 0 },
	{ "rev", offsetof(struct store_host, rev), COLUMN_INT64, NULL, 0 },
	{ "name", offsetof(struct store_host, name), COLUMN_NAME, NULL, 0 },
	{ "pool", offsetof(struct store_host, pool), COLUMN_INT64, NULL, 0 },
	{ "profile", offsetof(struct store_host, profile), COLUMN_INT64, NULL,
	  0 },
	{ "source", offsetof(struct store_host, source), COLUMN_INT64, NULL,
	  0 },
	{ "state", offsetof(struct store_host, state), COLUMN_INT,
	  NAMES(states) },
	{ "group", offsetof(struct store_host, group), COLUMN_LABEL, NULL, 0 },
};

static unsigned host_key(const void *row, struct db_value *v)
{
	v[0] = db_text(((const struct store_host *)row)->name);
	return 1;
}

static int host_refers(struct store *s, const void *row, const void *old)
{
	const struct store_host *h = row, *o = old;
	const struct db_value source = db_int(h->source);
	int new_source = h->source && (!o || o->source != h->source);
	int yes = 1, rc = 0;

	if (new_source)
		rc = store_ahead(s, source_is, &source, 1);
	if (!rc && h->pool && (!o || o->pool != h->pool))
		rc = row_there(s, &store_rows_pool, h->pool);
	if (!rc && h->profile && (!o || o->profile != h->profile))
		rc = object_there(s, h->profile);
	if (!rc && new_source)
		rc = some(s, source_is, h->source, &yes);
	if (!rc && !yes)
		rc = store_fail(s, LVL_E_NOT_FOUND, "there is no source %lld",
				(long long)h->source);
	return rc;
}

static int host_unused(struct store *s, const void *row)
{
	const struct store_host *h = row;
	int yes, rc;

	rc = some(s, "SELECT id FROM vm WHERE host = $1 LIMIT 1", h->id, &yes);
	if (!rc && yes)
		rc = store_fail(s, LVL_E_STATE, "host %s still runs VMs",
				h->name);
	return rc;
}

const struct rows store_rows_host = {
	.kind = STORE_KIND_HOST,
	.table = "host",
	.size = sizeof(struct store_host),
	.column = host_columns,
	.nr = LVL_COUNT(host_columns),
	.pool = offsetof(struct store_host, pool),
	.sql_columns = host_names,
	.get = "SELECT " STORE_HOST " FROM host WHERE id = $1",
	.find = "SELECT " STORE_HOST " FROM host WHERE name = $1",
	.insert = "INSERT INTO host (" STORE_HOST ") "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	.update = "UPDATE host SET rev = $1, name = $2, pool = $3, "
		  "profile = $4, source = $5, state = $6, grp = $7 "
		  "WHERE id = $8",
	.remove = "DELETE FROM host WHERE id = $1",
	.new_id = NEW_ID("host"),
	.key = host_key,
	.refers = host_refers,
	.unused = host_unused,
};

/* -- VMs ------------------------------------------------------------------ */

static const char *const vm_names[] = { "id",    "rev",    "name",
					"pool",  "host",   "seen",
					"level", "booted", "guest" };
static const struct column vm_columns[] = {
	{ "id", offsetof(struct store_vm, id), COLUMN_INT64, NULL, 0 },
	{ "rev", offsetof(struct store_vm, rev), COLUMN_INT64, NULL, 0 },
	{ "name", offsetof(struct store_vm, name), COLUMN_NAME, NULL, 0 },
	{ "pool", offsetof(struct store_vm, pool), COLUMN_INT64, NULL, 0 },
	{ "host", offsetof(struct store_vm, host), COLUMN_INT64, NULL, 0 },
	{ "seen", offsetof(struct store_vm, seen), COLUMN_INT64, NULL, 0 },
	{ "level", offsetof(struct store_vm, level), COLUMN_INT64, NULL, 0 },
	{ "booted", offsetof(struct store_vm, booted), COLUMN_INT64, NULL, 0 },
	{ "guest", offsetof(struct store_vm, guest), COLUMN_INT,
	  NAMES(lvl_guest_names) },
};

static unsigned vm_key(const void *row, struct db_value *v)
{
	v[0] = db_text(((const struct store_vm *)row)->name);
	return 1;
}

static int vm_refers(struct store *s, const void *row, const void *old)
{
	const struct store_vm *v = row, *o = old;
	int rc = 0;

	if (v->pool && (!o || o->pool != v->pool))
		rc = row_there(s, &store_rows_pool, v->pool);
	if (!rc && v->host && (!o || o->host != v->host))
		rc = row_there(s, &store_rows_host, v->host);
	if (!rc && v->level && (!o || o->level != v->level))
		rc = row_there(s, &store_rows_level, v->level);
	if (!rc && v->seen && (!o || o->seen != v->seen))
		rc = object_there(s, v->seen);
	return rc;
}

const struct rows store_rows_vm = {
	.kind = STORE_KIND_VM,
	.table = "vm",
	.size = sizeof(struct store_vm),
	.column = vm_columns,
	.nr = LVL_COUNT(vm_columns),
	.pool = offsetof(struct store_vm, pool),
	.sql_columns = vm_names,
	.get = "SELECT " STORE_VM " FROM vm WHERE id = $1",
	.find = "SELECT " STORE_VM " FROM vm WHERE name = $1",
	.insert = "INSERT INTO vm (" STORE_VM ") "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	.update = "UPDATE vm SET rev = $1, name = $2, pool = $3, host = $4, "
		  "seen = $5, level = $6, booted = $7, guest = $8 "
		  "WHERE id = $9",
	.remove = "DELETE FROM vm WHERE id = $1",
	.new_id = NEW_ID("vm"),
	.key = vm_key,
	.refers = vm_refers,
};

/* -- levels --------------------------------------------------------------- */

static const char *const level_names[] = { "id",      "rev",       "name",
					   "version", "pool",      "policy",
					   "guest",   "definition" };
static const struct column level_columns[] = {
	{ "id", offsetof(struct store_level, id), COLUMN_INT64, NULL, 0 },
	{ "rev", offsetof(struct store_level, rev), COLUMN_INT64, NULL, 0 },
	{ "name", offsetof(struct store_level, name), COLUMN_NAME, NULL, 0 },
	{ "version", offsetof(struct store_level, version), COLUMN_INT64, NULL,
	  0 },
	{ "pool", offsetof(struct store_level, pool), COLUMN_INT64, NULL, 0 },
	{ "policy", offsetof(struct store_level, policy), COLUMN_INT64, NULL,
	  0 },
	{ "guest", offsetof(struct store_level, guest), COLUMN_INT,
	  NAMES(lvl_guest_names) },
	{ "definition", offsetof(struct store_level, definition), COLUMN_TEXT,
	  NULL, 0 },
};

/* Version 0 is the newest: no version is newer than it. */
static unsigned level_key(const void *row, struct db_value *v)
{
	const struct store_level *l = row;

	v[0] = db_text(l->name);
	v[1] = db_int(l->version);
	return 2;
}

static int level_refers(struct store *s, const void *row, const void *old)
{
	const struct store_level *l = row;
	int rc = l->pool ? row_there(s, &store_rows_pool, l->pool) : 0;

	(void)old;
	return rc ? rc : object_there(s, l->policy);
}

const struct rows store_rows_level = {
	.kind = STORE_KIND_LEVEL,
	.table = "level",
	.size = sizeof(struct store_level),
	.column = level_columns,
	.nr = LVL_COUNT(level_columns),
	.pool = offsetof(struct store_level, pool),
	.sql_columns = level_names,
	.get = "SELECT " STORE_LEVEL " FROM level WHERE id = $1",
	.find = "SELECT " STORE_LEVEL " FROM level WHERE name = $1 "
		"AND ($2 = 0 OR version = $2) ORDER BY version DESC LIMIT 1",
	.insert = "INSERT INTO level (" STORE_LEVEL ") "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	.new_id = NEW_ID("level"),
	.key = level_key,
	.refers = level_refers,
};

/* -- assignments ---------------------------------------------------------- */

static const char *const assign_names[] = { "id",    "rev",   "name",
					    "scope", "level", "version" };
static const struct column assign_columns[] = {
	{ "id", offsetof(struct store_assign, id), COLUMN_INT64, NULL, 0 },
	{ "rev", offsetof(struct store_assign, rev), COLUMN_INT64, NULL, 0 },
	{ "name", offsetof(struct store_assign, name), COLUMN_NAME, NULL, 0 },
	{ "scope", offsetof(struct store_assign, scope), COLUMN_INT,
	  NAMES(scopes) },
	{ "level", offsetof(struct store_assign, level), COLUMN_NAME, NULL, 0 },
	{ "version", offsetof(struct store_assign, version), COLUMN_INT64, NULL,
	  0 },
};

static unsigned assign_key(const void *row, struct db_value *v)
{
	const struct store_assign *a = row;

	v[0] = db_text(a->name);
	v[1] = db_int((int64_t)a->scope);
	return 2;
}

static int assign_refers(struct store *s, const void *row, const void *old)
{
	const struct store_assign *a = row;
	const struct store_level l = { .name = a->level,
				       .version = a->version };
	struct store_level found;
	struct db_value key[2];
	int rc;

	(void)old;
	level_key(&l, key);
	rc = row_find(s, &store_rows_level, key, 2, &found);
	if (rc == -LVL_E_NOT_FOUND)
		store_fail(s, LVL_E_NOT_FOUND,
			   a->version ? "there is no level %s version %lld"
				      : "there is no level %s",
			   a->level, (long long)a->version);
	return rc;
}

const struct rows store_rows_assign = {
	.kind = STORE_KIND_ASSIGN,
	.table = "assign",
	.size = sizeof(struct store_assign),
	.column = assign_columns,
	.nr = LVL_COUNT(assign_columns),
	.sql_columns = assign_names,
	.get = "SELECT " STORE_ASSIGN " FROM assign WHERE id = $1",
	.find = "SELECT " STORE_ASSIGN
		" FROM assign WHERE name = $1 AND scope = $2",
	.insert = "INSERT INTO assign (" STORE_ASSIGN ") "
		  "VALUES ($1, $2, $3, $4, $5, $6)",
	.update = "UPDATE assign SET rev = $1, name = $2, scope = $3, "
		  "level = $4, version = $5 WHERE id = $6",
	.remove = "DELETE FROM assign WHERE id = $1",
	.new_id = NEW_ID("assign"),
	.key = assign_key,
	.refers = assign_refers,
};

const struct rows *const store_rows[STORE_NR_KINDS] = {
	[STORE_KIND_POOL] = &store_rows_pool,
	[STORE_KIND_HOST] = &store_rows_host,
	[STORE_KIND_VM] = &store_rows_vm,
	[STORE_KIND_LEVEL] = &store_rows_level,
	[STORE_KIND_ASSIGN] = &store_rows_assign,
};

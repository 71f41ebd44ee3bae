/* SPDX-License-Identifier: MIT */
/*
 * The schema in SQLite's dialect, version by version.  A version that was
 * ever released is never edited: the next one changes it.
 *
 * Numbers of rows of each kind are kept by triggers, so that no writer can
 * forget them.  A host or VM that is in no pool counts as in pool 0.
 */
#include "sqlite.h"

/* clang-format off */
static const char *const version_1[] = {
	"CREATE TABLE object (id INTEGER PRIMARY KEY, "
	"hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL)",

	"CREATE TABLE source (id INTEGER PRIMARY KEY, "
	"cpu TEXT NOT NULL, kernel TEXT NOT NULL, microcode TEXT NOT NULL, "
	"hypervisor TEXT NOT NULL, firmware TEXT NOT NULL, "
	"UNIQUE (cpu, kernel, microcode, hypervisor, firmware))",

	"CREATE TABLE observed (source INTEGER NOT NULL, "
	"profile INTEGER NOT NULL, PRIMARY KEY (source, profile)) "
	"WITHOUT ROWID",

	"CREATE TABLE counter (name TEXT PRIMARY KEY, "
	"value INTEGER NOT NULL) WITHOUT ROWID",

	"CREATE TABLE pool (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, "
	"name TEXT NOT NULL, guest INTEGER NOT NULL, platform TEXT)",
	"CREATE UNIQUE INDEX pool_name ON pool (name)",

	"CREATE TABLE host (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, "
	"name TEXT NOT NULL, pool INTEGER NOT NULL, "
	"profile INTEGER NOT NULL, source INTEGER NOT NULL, "
	"state INTEGER NOT NULL, grp TEXT)",
	"CREATE UNIQUE INDEX host_name ON host (name)",
	"CREATE INDEX host_pool ON host (pool)",
	"CREATE INDEX host_profile ON host (profile)",
	"CREATE INDEX host_grp ON host (grp) WHERE grp IS NOT NULL",

	"CREATE TABLE vm (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, "
	"name TEXT NOT NULL, pool INTEGER NOT NULL, host INTEGER NOT NULL, "
	"seen INTEGER NOT NULL, level INTEGER NOT NULL, "
	"booted INTEGER NOT NULL, guest INTEGER NOT NULL)",
	"CREATE UNIQUE INDEX vm_name ON vm (name)",
	"CREATE INDEX vm_pool ON vm (pool)",
	"CREATE INDEX vm_seen ON vm (pool, seen)",
	"CREATE INDEX vm_host ON vm (host)",

	"CREATE TABLE level (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, "
	"name TEXT NOT NULL, version INTEGER NOT NULL, "
	"pool INTEGER NOT NULL, policy INTEGER NOT NULL, "
	"guest INTEGER NOT NULL, definition TEXT)",
	"CREATE UNIQUE INDEX level_name ON level (name, version)",

	"CREATE TABLE assign (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, "
	"name TEXT NOT NULL, scope INTEGER NOT NULL, level TEXT NOT NULL, "
	"version INTEGER NOT NULL)",
	"CREATE UNIQUE INDEX assign_name ON assign (name, scope)",

	"CREATE TABLE change (seq INTEGER PRIMARY KEY, "
	"time INTEGER NOT NULL, txn INTEGER NOT NULL, actor TEXT NOT NULL, "
	"note TEXT, kind INTEGER NOT NULL, id INTEGER NOT NULL, "
	"pool INTEGER NOT NULL, name TEXT, before TEXT, after TEXT)",
	"CREATE INDEX change_row ON change (kind, id, seq)",
	"CREATE INDEX change_pool ON change (pool, seq)",

	"CREATE TABLE host_count (pool INTEGER NOT NULL, "
	"profile INTEGER NOT NULL, state INTEGER NOT NULL, "
	"hosts INTEGER NOT NULL, PRIMARY KEY (pool, profile, state)) "
	"WITHOUT ROWID",

	"CREATE TABLE vm_count (pool INTEGER NOT NULL, "
	"seen INTEGER NOT NULL, level INTEGER NOT NULL, "
	"guest INTEGER NOT NULL, vms INTEGER NOT NULL, "
	"PRIMARY KEY (pool, seen, level, guest)) WITHOUT ROWID",

	"CREATE TRIGGER host_in AFTER INSERT ON host BEGIN "
	"INSERT INTO host_count VALUES "
	"(new.pool, new.profile, new.state, 1) "
	"ON CONFLICT DO UPDATE SET hosts = hosts + 1; END",

	"CREATE TRIGGER host_out AFTER DELETE ON host BEGIN "
	"UPDATE host_count SET hosts = hosts - 1 WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state; "
	"DELETE FROM host_count WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state AND hosts = 0; END",

	"CREATE TRIGGER host_is AFTER UPDATE OF pool, profile, state ON host "
	"WHEN (old.pool, old.profile, old.state) <> "
	"(new.pool, new.profile, new.state) BEGIN "
	"INSERT INTO host_count VALUES "
	"(new.pool, new.profile, new.state, 1) "
	"ON CONFLICT DO UPDATE SET hosts = hosts + 1; "
	"UPDATE host_count SET hosts = hosts - 1 WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state; "
	"DELETE FROM host_count WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state AND hosts = 0; END",

	"CREATE TRIGGER vm_in AFTER INSERT ON vm WHEN new.host <> 0 BEGIN "
	"INSERT INTO vm_count VALUES "
	"(new.pool, new.seen, new.level, new.guest, 1) "
	"ON CONFLICT DO UPDATE SET vms = vms + 1; END",

	"CREATE TRIGGER vm_out AFTER DELETE ON vm WHEN old.host <> 0 BEGIN "
	"UPDATE vm_count SET vms = vms - 1 WHERE pool = old.pool "
	"AND seen = old.seen AND level = old.level AND guest = old.guest; "
	"DELETE FROM vm_count WHERE pool = old.pool AND seen = old.seen "
	"AND level = old.level AND guest = old.guest AND vms = 0; END",

	"CREATE TRIGGER vm_on AFTER UPDATE OF pool, host, seen, level, guest "
	"ON vm WHEN new.host <> 0 AND (old.host = 0 OR "
	"(old.pool, old.seen, old.level, old.guest) <> "
	"(new.pool, new.seen, new.level, new.guest)) BEGIN "
	"INSERT INTO vm_count VALUES "
	"(new.pool, new.seen, new.level, new.guest, 1) "
	"ON CONFLICT DO UPDATE SET vms = vms + 1; END",

	"CREATE TRIGGER vm_off AFTER UPDATE OF pool, host, seen, level, guest "
	"ON vm WHEN old.host <> 0 AND (new.host = 0 OR "
	"(old.pool, old.seen, old.level, old.guest) <> "
	"(new.pool, new.seen, new.level, new.guest)) BEGIN "
	"UPDATE vm_count SET vms = vms - 1 WHERE pool = old.pool "
	"AND seen = old.seen AND level = old.level AND guest = old.guest; "
	"DELETE FROM vm_count WHERE pool = old.pool AND seen = old.seen "
	"AND level = old.level AND guest = old.guest AND vms = 0; END",
	NULL,
};

const char *const *const sqlite_schema[] = { version_1 };
const unsigned sqlite_schema_version = LVL_COUNT(sqlite_schema);

const struct sqlite_recount sqlite_recounts[] = {
	{ "host", "INSERT INTO host_count SELECT pool, profile, state, "
		  "count(*) FROM host GROUP BY 1, 2, 3" },
	{ "vm", "INSERT INTO vm_count SELECT pool, seen, level, guest, "
		"count(*) FROM vm WHERE host <> 0 GROUP BY 1, 2, 3, 4" },
	{ NULL, NULL },
};
/* clang-format on */

/* SPDX-License-Identifier: MIT */
/*
 * The schema in PostgreSQL's dialect, version by version: the tables and
 * columns of schema_sqlite.c.  A version that was ever released is never
 * edited: the next one changes it.
 *
 * Numbers of rows of each kind are kept by triggers, so that no writer can
 * forget them; they run as the owner of the schema, so that no writer can
 * falsify them.  Rows are added by the thousand: those are counted by
 * statement.  A host or VM that is in no pool counts as in pool 0.
 *
 * Names compare byte by byte, as in SQLite.  Columns are in an order that
 * wastes no room for alignment: there are millions of VMs.
 */
#include "postgres.h"

#define TRIGGER                              \
	" RETURNS trigger LANGUAGE plpgsql " \
	"SECURITY DEFINER SET search_path = cpulevel, pg_temp AS "

/* clang-format off */
static const char *const version_1[] = {
	/* Who writes has its lock; see postgres.h. */
	"CREATE TABLE writer (settled bigint NOT NULL)",
	"INSERT INTO writer VALUES (0)",

	"CREATE TABLE object (id integer PRIMARY KEY, "
	"hash bytea NOT NULL UNIQUE, data bytea NOT NULL, "
	"CHECK (hash = sha256(data)))",

	"CREATE TABLE source (id integer PRIMARY KEY, "
	"cpu text COLLATE \"C\" NOT NULL, "
	"kernel text COLLATE \"C\" NOT NULL, "
	"microcode text COLLATE \"C\" NOT NULL, "
	"hypervisor text COLLATE \"C\" NOT NULL, "
	"firmware text COLLATE \"C\" NOT NULL, "
	"UNIQUE (cpu, kernel, microcode, hypervisor, firmware))",

	"CREATE TABLE observed (source integer NOT NULL, "
	"profile integer NOT NULL, PRIMARY KEY (source, profile))",

	"CREATE TABLE counter (name text COLLATE \"C\" PRIMARY KEY, "
	"value bigint NOT NULL) WITH (fillfactor = 50)",

	"CREATE TABLE pool (id integer PRIMARY KEY, guest smallint NOT NULL, "
	"rev bigint NOT NULL, name text COLLATE \"C\" NOT NULL, "
	"platform text COLLATE \"C\")",
	"CREATE UNIQUE INDEX pool_name ON pool (name)",

	"CREATE TABLE host (id integer PRIMARY KEY, pool integer NOT NULL, "
	"rev bigint NOT NULL, profile integer NOT NULL, "
	"source integer NOT NULL, state smallint NOT NULL, "
	"name text COLLATE \"C\" NOT NULL, grp text COLLATE \"C\")",
	"CREATE UNIQUE INDEX host_name ON host (name)",
	"CREATE INDEX host_pool ON host (pool, id)",
	"CREATE INDEX host_profile ON host (profile, id)",
	"CREATE INDEX host_grp ON host (grp, id) WHERE grp IS NOT NULL",

	/* ids ascend */
	"CREATE TABLE vm (id integer PRIMARY KEY WITH (fillfactor = 100), "
	"pool integer NOT NULL, rev bigint NOT NULL, booted bigint NOT NULL, "
	"host integer NOT NULL, seen integer NOT NULL, "
	"level integer NOT NULL, guest smallint NOT NULL, "
	"name text COLLATE \"C\" NOT NULL)",
	"CREATE UNIQUE INDEX vm_name ON vm (name)",
	"CREATE INDEX vm_pool ON vm (pool, id)",
	"CREATE INDEX vm_seen ON vm (pool, seen)",
	"CREATE INDEX vm_host ON vm (host)",

	"CREATE TABLE level (id integer PRIMARY KEY, pool integer NOT NULL, "
	"rev bigint NOT NULL, version integer NOT NULL, "
	"policy integer NOT NULL, guest smallint NOT NULL, "
	"name text COLLATE \"C\" NOT NULL, definition text)",
	"CREATE UNIQUE INDEX level_name ON level (name, version)",

	"CREATE TABLE assign (id integer PRIMARY KEY, "
	"scope smallint NOT NULL, rev bigint NOT NULL, "
	"version integer NOT NULL, name text COLLATE \"C\" NOT NULL, "
	"level text COLLATE \"C\" NOT NULL)",
	"CREATE UNIQUE INDEX assign_name ON assign (name, scope)",

	"CREATE TABLE change (seq bigint PRIMARY KEY, "
	"time bigint NOT NULL, txn bigint NOT NULL, id bigint NOT NULL, "
	"pool integer NOT NULL, kind smallint NOT NULL, "
	"actor text NOT NULL, note text, name text COLLATE \"C\", "
	"before text, after text)",
	"CREATE INDEX change_row ON change (kind, id, seq)",
	"CREATE INDEX change_pool ON change (pool, seq)",

	"CREATE TABLE host_count (pool integer NOT NULL, "
	"profile integer NOT NULL, state smallint NOT NULL, "
	"hosts bigint NOT NULL, PRIMARY KEY (pool, profile, state)) "
	"WITH (fillfactor = 70)",

	"CREATE TABLE vm_count (pool integer NOT NULL, "
	"seen integer NOT NULL, level integer NOT NULL, "
	"guest smallint NOT NULL, vms bigint NOT NULL, "
	"PRIMARY KEY (pool, seen, level, guest)) WITH (fillfactor = 70)",

	/* -- hosts -- */

	"CREATE FUNCTION host_in()" TRIGGER "$$ BEGIN "
	"INSERT INTO host_count SELECT pool, profile, state, count(*) "
	"FROM added GROUP BY pool, profile, state "
	"ON CONFLICT (pool, profile, state) "
	"DO UPDATE SET hosts = host_count.hosts + excluded.hosts; "
	"RETURN NULL; END $$",

	"CREATE FUNCTION host_out()" TRIGGER "$$ BEGIN "
	"DELETE FROM host_count WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state AND hosts = 1; "
	"IF NOT FOUND THEN "
	"UPDATE host_count SET hosts = hosts - 1 WHERE pool = old.pool "
	"AND profile = old.profile AND state = old.state; END IF; "
	"RETURN NULL; END $$",

	"CREATE FUNCTION host_on()" TRIGGER "$$ BEGIN "
	"INSERT INTO host_count VALUES "
	"(new.pool, new.profile, new.state, 1) "
	"ON CONFLICT (pool, profile, state) "
	"DO UPDATE SET hosts = host_count.hosts + 1; "
	"RETURN NULL; END $$",

	"CREATE TRIGGER host_in AFTER INSERT ON host "
	"REFERENCING NEW TABLE AS added EXECUTE FUNCTION host_in()",
	"CREATE TRIGGER host_out AFTER DELETE ON host "
	"FOR EACH ROW EXECUTE FUNCTION host_out()",
	"CREATE TRIGGER host_is_not AFTER UPDATE ON host FOR EACH ROW "
	"WHEN ((old.pool, old.profile, old.state) <> "
	"(new.pool, new.profile, new.state)) "
	"EXECUTE FUNCTION host_out()",
	"CREATE TRIGGER host_is AFTER UPDATE ON host FOR EACH ROW "
	"WHEN ((old.pool, old.profile, old.state) <> "
	"(new.pool, new.profile, new.state)) "
	"EXECUTE FUNCTION host_on()",

	/* -- VMs that run -- */

	"CREATE FUNCTION vm_in()" TRIGGER "$$ BEGIN "
	"INSERT INTO vm_count SELECT pool, seen, level, guest, count(*) "
	"FROM added WHERE host <> 0 GROUP BY pool, seen, level, guest "
	"ON CONFLICT (pool, seen, level, guest) "
	"DO UPDATE SET vms = vm_count.vms + excluded.vms; "
	"RETURN NULL; END $$",

	"CREATE FUNCTION vm_out()" TRIGGER "$$ BEGIN "
	"DELETE FROM vm_count WHERE pool = old.pool AND seen = old.seen "
	"AND level = old.level AND guest = old.guest AND vms = 1; "
	"IF NOT FOUND THEN "
	"UPDATE vm_count SET vms = vms - 1 WHERE pool = old.pool "
	"AND seen = old.seen AND level = old.level "
	"AND guest = old.guest; END IF; "
	"RETURN NULL; END $$",

	"CREATE FUNCTION vm_on()" TRIGGER "$$ BEGIN "
	"INSERT INTO vm_count VALUES "
	"(new.pool, new.seen, new.level, new.guest, 1) "
	"ON CONFLICT (pool, seen, level, guest) "
	"DO UPDATE SET vms = vm_count.vms + 1; "
	"RETURN NULL; END $$",

	"CREATE TRIGGER vm_in AFTER INSERT ON vm "
	"REFERENCING NEW TABLE AS added EXECUTE FUNCTION vm_in()",
	"CREATE TRIGGER vm_out AFTER DELETE ON vm FOR EACH ROW "
	"WHEN (old.host <> 0) EXECUTE FUNCTION vm_out()",
	"CREATE TRIGGER vm_off AFTER UPDATE ON vm FOR EACH ROW "
	"WHEN (old.host <> 0 AND (new.host = 0 OR "
	"(old.pool, old.seen, old.level, old.guest) <> "
	"(new.pool, new.seen, new.level, new.guest))) "
	"EXECUTE FUNCTION vm_out()",
	"CREATE TRIGGER vm_on AFTER UPDATE ON vm FOR EACH ROW "
	"WHEN (new.host <> 0 AND (old.host = 0 OR "
	"(old.pool, old.seen, old.level, old.guest) <> "
	"(new.pool, new.seen, new.level, new.guest))) "
	"EXECUTE FUNCTION vm_on()",
	NULL,
};
/* clang-format on */

const char *const *const pg_schema[] = { version_1 };
const unsigned pg_schema_version = LVL_COUNT(pg_schema);

-- SPDX-License-Identifier: MIT
--
-- Who may do what with an inventory in PostgreSQL (doc/store.md).
--
--	psql -f postgres-roles.sql postgres://...
--
-- Run by the owner of the schema, who may create roles, after the inventory
-- was made and after each upgrade of its schema; running it again does no
-- harm.  It makes three roles that nobody logs in as, to be granted to those
-- who do:
--
--	cpulevel_reader     reads everything
--	cpulevel_operator   changes pools, hosts, VMs and levels; what was
--	                    written to the change table stays as it is
--	cpulevel_publisher  a host: says what it is, of itself alone.  Its login
--	                    is its name, or stands in the table publisher:
--	                    INSERT INTO cpulevel.publisher VALUES (login, host)

DO $$
DECLARE r text;
BEGIN
	FOREACH r IN ARRAY ARRAY['reader', 'operator', 'publisher'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles
			       WHERE rolname = 'cpulevel_' || r) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN',
				       'cpulevel_' || r);
		END IF;
	END LOOP;
END $$;

BEGIN;
SET LOCAL search_path = cpulevel, pg_temp;
SET LOCAL client_min_messages = warning;

-- Nothing that an earlier run granted is left.
REVOKE ALL ON SCHEMA cpulevel FROM PUBLIC, cpulevel_reader,
	cpulevel_operator, cpulevel_publisher;
REVOKE ALL ON ALL TABLES IN SCHEMA cpulevel FROM PUBLIC, cpulevel_reader,
	cpulevel_operator, cpulevel_publisher;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cpulevel FROM PUBLIC,
	cpulevel_reader, cpulevel_operator, cpulevel_publisher;

CREATE TABLE IF NOT EXISTS publisher (
	login text NOT NULL,
	host text COLLATE "C" NOT NULL,
	PRIMARY KEY (login, host)
);

-- -- what everybody needs, and what is refused to all of them ---------------

GRANT USAGE ON SCHEMA cpulevel
	TO cpulevel_reader, cpulevel_operator, cpulevel_publisher;
GRANT SELECT ON ALL TABLES IN SCHEMA cpulevel
	TO cpulevel_reader, cpulevel_operator;

-- The lock of those who write.
GRANT SELECT, UPDATE ON writer TO cpulevel_operator, cpulevel_publisher;

-- Bodies that are not strings mean what they meant here, whatever the
-- search_path of who calls them.
CREATE OR REPLACE FUNCTION is_operator() RETURNS boolean
LANGUAGE sql STABLE
	RETURN pg_has_role(current_user, 'cpulevel_operator', 'USAGE');
CREATE OR REPLACE FUNCTION is_publisher() RETURNS boolean
LANGUAGE sql STABLE
	RETURN pg_has_role(current_user, 'cpulevel_publisher', 'USAGE')
	AND NOT pg_has_role(current_user, 'cpulevel_operator', 'USAGE');

-- Who has logged in, whatever SET ROLE said since.
CREATE OR REPLACE FUNCTION publishes(name text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = cpulevel, pg_temp AS $$
	SELECT name = session_user OR EXISTS (SELECT FROM publisher p
		WHERE p.login = session_user AND p.host = name)
$$;

CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE insufficient_privilege USING MESSAGE = TG_ARGV[0];
END $$;

-- Numbers without gaps, times that never go back.  A time far in the future
-- would be that of all changes to come: only the owner may write one.
CREATE OR REPLACE FUNCTION follows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cpulevel, pg_temp AS $$
DECLARE last record;
BEGIN
	SELECT seq, time INTO last FROM change ORDER BY seq DESC LIMIT 1;
	IF new.seq <> last.seq + 1 -- of a copy the first may be any
	   OR new.time < coalesce(last.time, 0) THEN
		RAISE insufficient_privilege
			USING MESSAGE = 'changes follow one another';
	END IF;
	IF new.time > greatest(last.time,
		extract(epoch FROM clock_timestamp()) * 1000 + 600000)
	   AND NOT pg_has_role(session_user, current_user, 'MEMBER') THEN
		RAISE 'this clock is more than ten minutes ahead of the server''s';
	END IF;
	RETURN new;
END $$;
CREATE OR REPLACE TRIGGER change_follows BEFORE INSERT ON change
	FOR EACH ROW WHEN (is_operator() OR is_publisher())
	EXECUTE FUNCTION follows();

-- The same of the ids of objects and sources.
CREATE OR REPLACE FUNCTION next_id() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = cpulevel, pg_temp AS $$
DECLARE last integer;
BEGIN
	EXECUTE format('SELECT max(id) FROM %I', TG_TABLE_NAME) INTO last;
	IF new.id <> coalesce(last, 0) + 1 THEN
		RAISE insufficient_privilege
			USING MESSAGE = 'ids follow one another';
	END IF;
	RETURN new;
END $$;
CREATE OR REPLACE TRIGGER object_next BEFORE INSERT ON object
	FOR EACH ROW WHEN (is_publisher()) EXECUTE FUNCTION next_id();
CREATE OR REPLACE TRIGGER source_next BEFORE INSERT ON source
	FOR EACH ROW WHEN (is_publisher()) EXECUTE FUNCTION next_id();

-- What is shown to others stays on its line and moves no cursor.
CREATE OR REPLACE TRIGGER source_plain BEFORE INSERT ON source
	FOR EACH ROW WHEN (is_publisher() AND concat(new.cpu, new.kernel,
		new.microcode, new.hypervisor, new.firmware) ~ '[[:cntrl:]]')
	EXECUTE FUNCTION refuse('a source has no control characters');

CREATE OR REPLACE TRIGGER counter_grows BEFORE UPDATE ON counter
	FOR EACH ROW WHEN (new.name <> old.name OR new.value < old.value OR
			   (is_publisher() AND (new.name <> 'host' OR
						new.value > old.value + 1)))
	EXECUTE FUNCTION refuse('counters only grow');
CREATE OR REPLACE TRIGGER counter_begins BEFORE INSERT ON counter
	FOR EACH ROW WHEN (is_publisher() AND
			   (new.name <> 'host' OR new.value > 1))
	EXECUTE FUNCTION refuse('counters begin with 1');

-- What a change says of a host, as the program reads it.
CREATE OR REPLACE FUNCTION host_in_change(j jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
	RETURN jsonb_build_array(j -> 'id', j -> 'rev', j -> 'name',
		j -> 'pool', j -> 'profile', j -> 'source', j -> 'state',
		j -> 'group');

-- Is what was before what the change before made?  Of a host that was loaded
-- with many others there is none.  Of other hosts it says nothing.
CREATE OR REPLACE FUNCTION continues(host bigint, number bigint, was jsonb)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = cpulevel, pg_temp AS $$
	SELECT EXISTS (SELECT FROM host h
		WHERE h.id = continues.host AND publishes(h.name))
	AND coalesce(
		(SELECT host_in_change(was) = host_in_change(c.after::jsonb)
		 FROM change c WHERE c.kind = 1 AND c.id = continues.host
		 AND c.seq < number ORDER BY c.seq DESC LIMIT 1),
		was IS NULL OR (was ->> 'id' = continues.host::text
		AND (was ->> 'rev')::bigint < number
		AND (was ->> 'pool')::bigint >= 0
		AND (was ->> 'profile')::bigint >= 0
		AND (was ->> 'source')::bigint >= 0
		AND was ->> 'name' <> ''
		AND was ->> 'state' IN ('active', 'unreachable')
		AND jsonb_typeof(was -> 'group') IN ('null', 'string')),
		false)
$$;

-- A function that is somebody's trigger runs on their tables, as its owner
-- if it says so: nobody gets more than what rules below call.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cpulevel FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_operator, is_publisher
	TO cpulevel_reader, cpulevel_operator, cpulevel_publisher;
GRANT EXECUTE ON FUNCTION publishes, host_in_change, continues
	TO cpulevel_publisher;

-- -- operators --------------------------------------------------------------

GRANT INSERT, UPDATE, DELETE ON pool, host, vm, assign TO cpulevel_operator;
GRANT INSERT, UPDATE ON counter TO cpulevel_operator;
GRANT INSERT ON object, source, observed, level, change TO cpulevel_operator;

-- -- publishers -------------------------------------------------------------

GRANT SELECT ON schema, object, source, observed, counter, host, pool
	TO cpulevel_publisher;
GRANT SELECT (seq, time, txn) ON change TO cpulevel_publisher;
GRANT INSERT ON object, source, observed, change TO cpulevel_publisher;
GRANT INSERT, UPDATE ON host, counter TO cpulevel_publisher;

-- Its pool and group are for others to say, and so is that it has retired.
CREATE OR REPLACE TRIGGER host_stays BEFORE UPDATE ON host
	FOR EACH ROW WHEN (is_publisher() AND
		((old.id, old.name, old.pool, old.grp) IS DISTINCT FROM
		 (new.id, new.name, new.pool, new.grp) OR
		 new.state <> 0 OR old.state = 2))
	EXECUTE FUNCTION refuse('a host says what it is, and nothing else');

-- -- rows -------------------------------------------------------------------

ALTER TABLE host ENABLE ROW LEVEL SECURITY;
ALTER TABLE change ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS host_operator ON host;
DROP POLICY IF EXISTS host_reader ON host;
DROP POLICY IF EXISTS host_look ON host;
DROP POLICY IF EXISTS host_come ON host;
DROP POLICY IF EXISTS host_publish ON host;
CREATE POLICY host_operator ON host TO cpulevel_operator USING (true);
CREATE POLICY host_reader ON host FOR SELECT TO cpulevel_reader USING (true);
CREATE POLICY host_look ON host FOR SELECT TO cpulevel_publisher
	USING (publishes(name));
CREATE POLICY host_come ON host FOR INSERT TO cpulevel_publisher
	WITH CHECK (publishes(name) AND pool = 0 AND grp IS NULL AND state = 0
		AND id = (SELECT value FROM counter c WHERE c.name = 'host'));
CREATE POLICY host_publish ON host FOR UPDATE TO cpulevel_publisher
	USING (publishes(name)) WITH CHECK (publishes(name));

-- A publisher adds the change that made its host what it is now.
DROP POLICY IF EXISTS change_operator ON change;
DROP POLICY IF EXISTS change_reader ON change;
DROP POLICY IF EXISTS change_look ON change;
DROP POLICY IF EXISTS change_publish ON change;
CREATE POLICY change_operator ON change TO cpulevel_operator USING (true);
CREATE POLICY change_reader ON change FOR SELECT TO cpulevel_reader
	USING (true);
CREATE POLICY change_look ON change FOR SELECT TO cpulevel_publisher
	USING (true);
CREATE POLICY change_publish ON change FOR INSERT TO cpulevel_publisher
	WITH CHECK (kind = 1 AND continues(id, seq, before::jsonb)
		AND EXISTS (SELECT FROM host h
		WHERE h.id = change.id AND h.rev = change.seq
		AND h.name = change.name AND h.pool = change.pool
		AND host_in_change(after::jsonb) =
			jsonb_build_array(h.id, h.rev, h.name, h.pool,
			h.profile, h.source, 'active', h.grp)));

COMMIT;

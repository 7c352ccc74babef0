-- What somebody hangs on the objects of pg_respond, changes or takes away is noticed, and the remedy undoes it.
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT no_plan();

CREATE ROLE manifest_eve;
CREATE SCHEMA eve;
CREATE FUNCTION eve.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION eve.holds(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION eve.value() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$;
CREATE TYPE eve.pair AS (a text, b text);
CREATE DOMAIN eve.checked AS text CHECK (eve.holds(VALUE));
CREATE FUNCTION pg_temp.partition(name text) RETURNS text LANGUAGE sql AS $$
	SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'respond_internal'::regnamespace AND c.relispartition AND c.relname LIKE name || '\_2%' ORDER BY 1 LIMIT 1
$$;
CREATE TEMP TABLE plant (number integer GENERATED ALWAYS AS IDENTITY, statement text, object text, waits boolean);
INSERT INTO plant (statement, object, waits) VALUES
	('CREATE TRIGGER evil BEFORE INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f()', 'trigger evil on respond.ticket', true),
	('CREATE TRIGGER evil AFTER UPDATE ON respond.delivery FOR EACH ROW EXECUTE FUNCTION eve.f()', 'trigger evil on respond.delivery', true),
	('CREATE TRIGGER evil AFTER INSERT ON respond_internal.requeue FOR EACH STATEMENT EXECUTE FUNCTION eve.f()', 'trigger evil on respond_internal.requeue', true),
	(format('CREATE TRIGGER evil BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION eve.f()', pg_temp.partition('event')), 'trigger evil on respond_internal.event_', true),
	('CREATE TRIGGER quiet BEFORE UPDATE ON respond.ticket FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'trigger quiet on respond.ticket', false),
	('CREATE TRIGGER quiet BEFORE UPDATE ON respond.ticket FOR EACH ROW WHEN (eve.holds(NEW.subject)) EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'trigger quiet on respond.ticket', true),
	('DROP TRIGGER rule_validate ON respond.rule', 'trigger rule_validate on respond.rule is missing', false),
	('ALTER TABLE respond.rule DISABLE TRIGGER rule_validate', 'firing rule_validate on respond.rule', false),
	('ALTER TABLE respond.channel ENABLE TRIGGER channel_validate', 'firing channel_validate on respond.channel', false),
	('ALTER TABLE respond.ticket DISABLE TRIGGER ALL', 'firing ticket_', false),
	(format('ALTER TABLE %s DISABLE TRIGGER USER', pg_temp.partition('audit_log')), 'firing audit_guard_', false),
	('CREATE OR REPLACE TRIGGER mute_validate BEFORE INSERT ON respond.mute FOR EACH ROW EXECUTE FUNCTION respond_internal.mute_validate()', 'trigger mute_validate on respond.mute was changed', false),
	('CREATE RULE evil AS ON INSERT TO respond.comment DO ALSO SELECT eve.value()', 'rule evil on respond.comment', true),
	('CREATE RULE evil AS ON DELETE TO respond.rule DO INSTEAD NOTHING', 'rule evil on respond.rule', true),
	('CREATE OR REPLACE VIEW respond.rule_stats WITH (security_invoker = true) AS SELECT r.name AS rule, r.folder, r.enabled, 0::bigint AS matched, 0::bigint AS succeeded, 0::bigint AS failed, 0::bigint AS shadow, 0::bigint AS suppressed, now() AS last_at, now() AS since, 0::float8 AS latency_p50, 0::float8 AS latency_p99, 0::float8 AS duration_p50, 0::float8 AS duration_p99, 0::bigint AS waiting, now() AS oldest_wait FROM respond.rule AS r', 'view respond.rule_stats was changed', false),
	('CREATE POLICY evil ON respond.ticket USING (true)', 'policy evil on respond.ticket', false),
	('CREATE POLICY evil ON respond.ticket USING (eve.holds(subject))', 'policy evil on respond.ticket', true),
	('ALTER TABLE respond.event ENABLE ROW LEVEL SECURITY', 'row security respond.event', false),
	('ALTER TABLE respond.event FORCE ROW LEVEL SECURITY', 'row security respond.event', false),
	('ALTER TABLE respond.ticket ADD CONSTRAINT evil CHECK (eve.holds(subject))', 'constraint evil on respond.ticket', true),
	('ALTER TABLE respond.ticket ADD CONSTRAINT short CHECK (length(subject) < 1000)', 'constraint short on respond.ticket', false),
	('ALTER TABLE respond.ticket DROP CONSTRAINT ticket_valid', 'constraint ticket_valid on respond.ticket is missing', false),
	('ALTER TABLE respond.ticket ALTER COLUMN description SET DEFAULT eve.value()', 'default description of respond.ticket', true),
	('ALTER TABLE respond.ticket ALTER COLUMN created_by SET DEFAULT eve.value()', 'default created_by of respond.ticket was changed, and its code', true),
	('ALTER TABLE respond.ticket ALTER COLUMN created_by DROP DEFAULT', 'default created_by of respond.ticket is missing', false),
	('ALTER TABLE respond.ticket ADD COLUMN mine text DEFAULT eve.value()', 'default mine of respond.ticket', true),
	('ALTER TABLE respond.ticket ADD COLUMN mine eve.checked', 'column mine of respond.ticket', true),
	('ALTER TABLE respond.ticket ADD COLUMN mine eve.checked[]', 'column mine of respond.ticket', true),
	('ALTER TABLE respond.ticket ADD COLUMN mine eve.pair', 'column mine of respond.ticket', true),
	('CREATE OR REPLACE TRIGGER mute_validate BEFORE INSERT ON respond.mute FOR EACH ROW EXECUTE FUNCTION eve.f()', 'trigger mute_validate on respond.mute was changed, and its code', true),
	('ALTER TABLE respond.ticket DROP CONSTRAINT ticket_valid; ALTER TABLE respond.ticket ADD CONSTRAINT ticket_valid CHECK (eve.holds(subject))', 'constraint ticket_valid on respond.ticket was changed, and its code', true),
	('CREATE STATISTICS eve.evil ON (eve.holds(subject)) FROM respond.ticket', 'statistics eve.evil on respond.ticket', true),
	(format('CREATE STATISTICS eve.evil ON (eve.holds(source)) FROM %s', pg_temp.partition('event')), 'statistics eve.evil on respond_internal.event_', true),
	('CREATE FUNCTION respond_internal.audit(text, text, text, jsonb, text) RETURNS void LANGUAGE sql AS ''SELECT''; REVOKE ALL ON FUNCTION respond_internal.audit(text, text, text, jsonb, text) FROM PUBLIC', 'function respond_internal.audit(text,text,text,jsonb,text)', true),
	('ALTER SCHEMA respond OWNER TO manifest_eve', 'owner schema respond was changed', false),
	('CREATE INDEX evil ON respond.ticket (eve.holds(subject))', 'index respond.evil', true),
	('CREATE INDEX evil ON respond.ticket (id) WHERE eve.holds(subject)', 'index respond.evil', true),
	('DROP INDEX respond.ticket_open_key_idx', 'index respond.ticket_open_key_idx is missing', false),
	('DROP INDEX respond.ticket_open_key_idx; CREATE INDEX ticket_open_key_idx ON respond.ticket (key)', 'index respond.ticket_open_key_idx was changed', false),
	('DROP INDEX respond.event_default_xid_id_idx', 'index respond.event_default_xid_id_idx is missing', false),
	('ALTER TABLE respond.mute SET UNLOGGED', 'persistence respond.mute was changed', false),
	(format('ALTER TABLE %s SET UNLOGGED', pg_temp.partition('run')), 'persistence respond_internal.run_', false),
	('ALTER TABLE respond.ticket ALTER COLUMN subject DROP NOT NULL', 'not null subject of respond.ticket was changed', false),
	('ALTER TABLE respond.ticket ALTER COLUMN requester SET NOT NULL', 'not null requester of respond.ticket was changed', false),
	('ALTER TABLE respond.event DISABLE TRIGGER ALL', 'firing event_row on respond.event', false),
	('ALTER TABLE respond.audit_log DISABLE TRIGGER USER; ALTER TABLE respond.ticket DISABLE TRIGGER USER; ALTER TABLE respond.channel DISABLE TRIGGER USER; ALTER TABLE respond.rule DISABLE TRIGGER ALL', ' and ', false),
	('CREATE POLICY evil ON respond.rule FOR SELECT TO respond_admin USING (false); ALTER TABLE respond.rule ENABLE ROW LEVEL SECURITY', 'policy evil on respond.rule', false),
	('CREATE TABLE eve.child () INHERITS (respond.ticket)', 'inheritance eve.child', false),
	('ALTER TABLE respond.ticket OWNER TO manifest_eve', 'owner respond.ticket', false),
	('ALTER FUNCTION respond_internal.hold(text) OWNER TO manifest_eve', 'owner respond_internal.hold(text)', false),
	('ALTER FUNCTION respond_internal.hold(text) SECURITY INVOKER', 'function respond_internal.hold(text) was changed', false),
	('ALTER FUNCTION respond_internal.hold(text) RESET search_path', 'function respond_internal.hold(text) was changed', false),
	('CREATE OR REPLACE FUNCTION respond_internal.check_primary(what text) RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS ''BEGIN END''', 'function respond_internal.check_primary(text) was changed', false),
	('CREATE OR REPLACE FUNCTION respond_internal.rule_validate() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END''', 'function respond_internal.rule_validate() was changed', false),
	('GRANT TRIGGER ON respond.ticket TO manifest_eve', 'privilege TRIGGER on respond.ticket for manifest_eve', false),
	('GRANT ALL ON respond.team TO PUBLIC', 'privilege TRIGGER on respond.team for PUBLIC', false),
	('GRANT UPDATE ON respond_internal.state TO manifest_eve', 'privilege UPDATE on respond_internal.state', false),
	('GRANT EXECUTE ON FUNCTION respond_internal.audit(text, text, text, jsonb, jsonb) TO PUBLIC', 'privilege EXECUTE on respond_internal.audit', false),
	('GRANT CREATE ON SCHEMA respond TO manifest_eve', 'privilege CREATE on schema respond', false),
	('GRANT respond_worker TO manifest_eve', 'membership manifest_eve in respond_worker', false),
	('GRANT pg_read_server_files TO respond_worker', 'membership respond_worker in pg_read_server_files', false),
	('ALTER ROLE respond_worker CREATEROLE', 'attributes respond_worker', false);

CREATE FUNCTION pg_temp.health() RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN ok THEN 'ok' ELSE message END FROM respond.health() WHERE "check" = 'manifest' $$;
CREATE FUNCTION pg_temp.remedy() RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(remedy, '^as a superuser: ', '') FROM respond.health() WHERE "check" = 'manifest' $$;

-- What is planted, what health() says, and what it says when its remedy was followed; undone.
CREATE FUNCTION pg_temp.try(statement text, OUT message text, OUT after text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	message := pg_temp.health();
	EXECUTE coalesce(pg_temp.remedy(), 'SELECT 1');
	after := pg_temp.health();
	RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
	NULL;
END
$$;

SELECT is(pg_temp.health(), 'ok', 'nothing is wrong at first');
SELECT ok(strpos(t.message, p.object) > 0 AND (t.message LIKE 'the workers wait: %') = p.waits AND t.after = 'ok', p.statement)
	|| CASE WHEN t.after = 'ok' AND strpos(t.message, p.object) > 0 AND (t.message LIKE 'the workers wait: %') = p.waits THEN '' ELSE E'\n# ' || coalesce(t.message, 'NULL') || ' -> ' || coalesce(t.after, 'NULL') END
  FROM (SELECT * FROM plant ORDER BY number) AS p CROSS JOIN LATERAL pg_temp.try(p.statement) AS t;

-- What people may do with their own.
CREATE TEMP TABLE own (statement text);
INSERT INTO own VALUES
	('ALTER TABLE respond.ticket ADD COLUMN mine text'),
	('ALTER TABLE respond.ticket ADD COLUMN mine timestamptz DEFAULT now()'),
	('CREATE INDEX mine ON respond.ticket (requester)'),
	('CREATE INDEX mine ON respond.ticket (lower(requester)) WHERE status <> ''closed'''),
	('GRANT SELECT, INSERT, UPDATE ON respond.ticket TO manifest_eve'),
	('GRANT respond_admin TO manifest_eve'),
	('CREATE TABLE eve.mine (ticket bigint REFERENCES respond.ticket)'),
	('CREATE VIEW eve.tickets AS SELECT * FROM respond.ticket'),
	('INSERT INTO respond.rule (name, event_type) VALUES (''manifest'', ''x'')'),
	('ANALYZE respond.ticket'),
	('CREATE PUBLICATION mine FOR ALL TABLES'),
	('COMMENT ON TABLE respond.ticket IS ''ours''');
SELECT is(t.message, 'ok', o.statement) FROM own AS o CROSS JOIN LATERAL pg_temp.try(o.statement || '; SELECT 1') AS t;

-- Two tables with the same columns have other names: each is told of with a table of its own.
ALTER TABLE respond_internal.progress_0 RENAME TO away_0;
ALTER TABLE respond_internal.progress_1 RENAME TO away_1;
SELECT is((SELECT string_agg(remedy, '; ' ORDER BY name) FROM respond_internal.missing_table()),
	'ALTER TABLE respond_internal.away_0 RENAME TO progress_0; ALTER TABLE respond_internal.away_1 RENAME TO progress_1', 'two renamed tables are told apart');
ALTER TABLE respond_internal.away_0 RENAME TO progress_0;
SELECT is((SELECT string_agg(remedy, '; ' ORDER BY name) FROM respond_internal.missing_table()),
	'ALTER TABLE respond_internal.away_1 RENAME TO progress_1', 'and the second one without the first');
ALTER TABLE respond_internal.away_1 RENAME TO progress_1;
SELECT is_empty('SELECT name FROM respond_internal.missing_table()', 'until each has its name again');

SELECT * FROM finish();
ROLLBACK;

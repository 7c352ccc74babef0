-- 60_audit.sql: the audit log.

CREATE TABLE respond.audit_log (
	id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	action text NOT NULL,
	object_type text NOT NULL,
	object_id text,
	event_id bigint,
	run_id bigint,
	rule text,
	old jsonb,
	new jsonb,
	session_actor text DEFAULT respond_internal.session_actor(),
	salt uuid
) PARTITION BY RANGE (at);
COMMENT ON TABLE respond.audit_log IS 'who did what, when and why; append-only for everybody';
COMMENT ON COLUMN respond.audit_log.id IS 'number of the row';
COMMENT ON COLUMN respond.audit_log.at IS 'when it was done';
COMMENT ON COLUMN respond.audit_log.actor IS 'who did it: a role, or rule:NAME';
COMMENT ON COLUMN respond.audit_log.action IS 'what was done, for example ticket.created or rule.updated';
COMMENT ON COLUMN respond.audit_log.object_type IS 'kind of object';
COMMENT ON COLUMN respond.audit_log.object_id IS 'which one';
COMMENT ON COLUMN respond.audit_log.event_id IS 'event that led to it';
COMMENT ON COLUMN respond.audit_log.run_id IS 'run that did it';
COMMENT ON COLUMN respond.audit_log.rule IS 'rule that did it';
COMMENT ON COLUMN respond.audit_log.old IS 'what was there before; for a changed object, the values that changed';
COMMENT ON COLUMN respond.audit_log.new IS 'what is there now; for a changed object, the values that changed';
COMMENT ON COLUMN respond.audit_log.session_actor IS 'who was logged in, if SET ROLE made the actor another role; NULL: the actor';
COMMENT ON COLUMN respond.audit_log.salt IS 'random; keeps what is erased from the row from being guessed by its digest';

CREATE TABLE respond.audit_log_default PARTITION OF respond.audit_log DEFAULT;
CREATE UNIQUE INDEX audit_log_default_id_idx ON respond.audit_log_default (id);
ALTER TABLE respond.audit_log_default REPLICA IDENTITY USING INDEX audit_log_default_id_idx;
COMMENT ON TABLE respond.audit_log_default IS 'audit rows for whose time there is no partition yet';
COMMENT ON INDEX respond.audit_log_default_id_idx IS 'finds an audit row by its number';

CREATE FUNCTION respond_internal.audit_guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_guard';
COMMENT ON FUNCTION respond_internal.audit_guard() IS 'trigger: refuses to change the audit log';

-- The trigger for each row is inherited by partitions, the one for each
-- statement is not; it covers TRUNCATE, and INSERT without a cost per row.
-- ALWAYS: session_replication_role does not switch them off.
CREATE FUNCTION respond_internal.guard_audit_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE pg_catalog.format('CREATE TRIGGER audit_guard_statement BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
		FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_guard()', partition);
	EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_guard_statement', partition);
END
$$;
COMMENT ON FUNCTION respond_internal.guard_audit_partition(regclass) IS 'makes a new partition of the audit log append-only';

CREATE TRIGGER audit_guard_row BEFORE UPDATE OR DELETE ON respond.audit_log
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_guard();
ALTER TABLE respond.audit_log ENABLE ALWAYS TRIGGER audit_guard_row;
COMMENT ON TRIGGER audit_guard_row ON respond.audit_log IS 'keeps the rows of the audit log as they are, in partitions too';
SELECT respond_internal.guard_audit_partition('respond.audit_log');
SELECT respond_internal.guard_audit_partition('respond.audit_log_default');
COMMENT ON TRIGGER audit_guard_statement ON respond.audit_log IS 'keeps the audit log append-only';
COMMENT ON TRIGGER audit_guard_statement ON respond.audit_log_default IS 'keeps the audit log append-only';

CREATE FUNCTION respond_internal.audit(action text, object_type text, object_id text, old jsonb, new jsonb) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_record';
COMMENT ON FUNCTION respond_internal.audit(text, text, text, jsonb, jsonb) IS 'appends one row to the audit log; for functions of pg_respond';

CREATE FUNCTION respond_internal.audit_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_row';
COMMENT ON FUNCTION respond_internal.audit_row() IS 'trigger: records what happened to a row in the audit log; argument: kind of the object, by default the name of the table';

CREATE TRIGGER team_audit AFTER INSERT OR UPDATE OR DELETE ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_audit ON respond.team IS 'records changes to teams in the audit log';
CREATE TRIGGER comment_audit AFTER UPDATE OR DELETE ON respond.comment
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER comment_audit ON respond.comment IS 'records changes to comments in the audit log';
CREATE TRIGGER team_audit_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_audit_truncate ON respond.team IS 'records the removal of all teams in the audit log';
CREATE TRIGGER ticket_audit_truncate AFTER TRUNCATE ON respond.ticket
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER ticket_audit_truncate ON respond.ticket IS 'records the removal of all tickets in the audit log';
CREATE TRIGGER comment_audit_truncate AFTER TRUNCATE ON respond.comment
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER comment_audit_truncate ON respond.comment IS 'records the removal of all comments in the audit log';

CREATE TRIGGER producer_audit AFTER INSERT OR UPDATE OR DELETE ON respond.producer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER producer_audit ON respond.producer IS 'records changes to producers in the audit log';
CREATE TRIGGER producer_audit_truncate AFTER TRUNCATE ON respond.producer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER producer_audit_truncate ON respond.producer IS 'records the removal of all producers in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_default', '');
COMMENT ON SEQUENCE respond.audit_log_id_seq IS 'numbers of rows of the audit log';
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_id_seq', '');

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
	new jsonb
) PARTITION BY RANGE (at);
COMMENT ON TABLE respond.audit_log IS 'who did what, when and why; append-only for everybody';

CREATE TABLE respond.audit_log_default PARTITION OF respond.audit_log DEFAULT;
CREATE UNIQUE INDEX audit_log_default_id_idx ON respond.audit_log_default (id);
COMMENT ON TABLE respond.audit_log_default IS 'audit rows for whose time there is no partition yet';

SELECT pg_catalog.pg_extension_config_dump('respond.audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_id_seq', '');

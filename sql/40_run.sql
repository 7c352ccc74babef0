-- 40_run.sql: runs, one for each rule that an event fired.

CREATE SEQUENCE respond.run_id_seq;
COMMENT ON SEQUENCE respond.run_id_seq IS 'numbers of runs';

CREATE TABLE respond.run (
	id bigint NOT NULL DEFAULT nextval('respond.run_id_seq'),
	rule text NOT NULL,
	rule_version integer NOT NULL,
	event_id bigint,
	status text NOT NULL CHECK (status IN ('running', 'waiting', 'succeeded', 'failed', 'cancelled', 'shadow', 'suppressed')),
	step text,
	state respond.private_jsonb NOT NULL DEFAULT '{}',
	error respond.private_text,
	replay boolean NOT NULL DEFAULT false,
	started_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	resume_at timestamptz
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE respond.run IS 'one row for each rule that fired for an event';
COMMENT ON COLUMN respond.run.id IS 'number of the run';
COMMENT ON COLUMN respond.run.rule IS 'name of the rule';
COMMENT ON COLUMN respond.run.rule_version IS 'version of the rule that this run began with';
COMMENT ON COLUMN respond.run.event_id IS 'event that fired the rule; NULL if it was started by hand without one';
COMMENT ON COLUMN respond.run.status IS 'running, waiting, succeeded, failed, cancelled, shadow (matched, did nothing) or suppressed (the state says why)';
COMMENT ON COLUMN respond.run.step IS 'step that the run is at or failed in: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.run.state IS 'outputs of the steps that have a name, by name; lines of the log under "_log"; for a shadow run, what it would have done under "shadow"; for a suppressed one, why under "suppressed". Only the owner of the rule and superusers see what its SQL returned';
COMMENT ON COLUMN respond.run.error IS 'why the run failed; for a run that succeeded, the failure that on_failure of its rule handled. Only the owner of the rule and superusers see the message; others see place and class';
COMMENT ON COLUMN respond.run.replay IS 'whether the event was run again by replay()';
COMMENT ON COLUMN respond.run.started_at IS 'when its first step began';
COMMENT ON COLUMN respond.run.finished_at IS 'when it ended; NULL while it runs or waits';
COMMENT ON COLUMN respond.run.resume_at IS 'when a waiting run resumes';

CREATE TABLE respond.run_default PARTITION OF respond.run DEFAULT;
CREATE UNIQUE INDEX run_default_id_idx ON respond.run_default (id);
ALTER TABLE respond.run_default REPLICA IDENTITY USING INDEX run_default_id_idx;
CREATE INDEX run_default_event_id_idx ON respond.run_default (event_id);
COMMENT ON INDEX respond.run_default_id_idx IS 'finds a run by its number';
COMMENT ON INDEX respond.run_default_event_id_idx IS 'finds the runs of an event';
COMMENT ON TABLE respond.run_default IS 'runs for whose time there is no partition yet';

SELECT pg_catalog.pg_extension_config_dump('respond.run', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_id_seq', '');

CREATE FUNCTION respond_internal.check_steps(steps jsonb, on_failure jsonb DEFAULT NULL) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_check_steps';
COMMENT ON FUNCTION respond_internal.check_steps(jsonb, jsonb) IS 'true if a rule of the current user may have these steps; else the error that saving it would raise';

-- A run in parts.  Nobody is granted these: they act as the owner of any rule,
-- and whoever has a saved run has all that its owner may see.
CREATE FUNCTION respond_internal.begin_run(rule text, rule_version integer, event_id bigint, attempts integer DEFAULT NULL) RETURNS jsonb
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_begin_run';
COMMENT ON FUNCTION respond_internal.begin_run(text, integer, bigint, integer) IS
	'begins a run of a version of a rule for an event (NULL: none) and saves it after so many attempts of steps (NULL: runs it to its end); returns the saved run, NULL if it ended';

CREATE FUNCTION respond_internal.continue_run(saved jsonb, attempts integer DEFAULT NULL) RETURNS jsonb
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_continue_run';
COMMENT ON FUNCTION respond_internal.continue_run(jsonb, integer) IS
	'continues a saved run, and saves it again after so many attempts of steps (NULL: runs it to its end); returns what begin_run() returns';

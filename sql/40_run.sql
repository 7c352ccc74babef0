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
	resume_at timestamptz,
	waits_for text,
	key text,
	parent_id bigint,
	paused_at timestamptz,
	saved respond.private_jsonb,
	waiting_since timestamptz,
	waiting respond.private_jsonb
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
COMMENT ON COLUMN respond.run.resume_at IS 'until when a waiting run waits; NULL: without a limit';
COMMENT ON COLUMN respond.run.waits_for IS 'what a waiting run waits for: event, time, answer, callback, approval, run, retry, place or turn';
COMMENT ON COLUMN respond.run.key IS 'name that start() gave to the run';
COMMENT ON COLUMN respond.run.parent_id IS 'run that called this one and waits for it';
COMMENT ON COLUMN respond.run.paused_at IS 'when pause_run() stopped it; NULL: it is not paused';
COMMENT ON COLUMN respond.run.saved IS 'all that a run needs to continue which is under way, failed or was cancelled; only the owner of the rule and superusers see it';
COMMENT ON COLUMN respond.run.waiting_since IS 'since when a waiting run waits';
COMMENT ON COLUMN respond.run.waiting IS 'what a waiting run waits for, see view waiting; only the owner of the rule and superusers see the key';

CREATE TABLE respond.run_default PARTITION OF respond.run DEFAULT;
CREATE UNIQUE INDEX run_default_id_idx ON respond.run_default (id);
ALTER TABLE respond.run_default REPLICA IDENTITY USING INDEX run_default_id_idx;
CREATE INDEX run_default_event_id_idx ON respond.run_default (event_id);
CREATE INDEX run_default_parent_id_idx ON respond.run_default (parent_id) WHERE parent_id IS NOT NULL AND status IN ('running', 'waiting');
CREATE INDEX run_default_under_way_idx ON respond.run_default (rule, key, id) WHERE status IN ('running', 'waiting');
COMMENT ON INDEX respond.run_default_id_idx IS 'finds a run by its number';
COMMENT ON INDEX respond.run_default_event_id_idx IS 'finds the runs of an event';
COMMENT ON INDEX respond.run_default_parent_id_idx IS 'finds the runs under way that a run has called';
COMMENT ON INDEX respond.run_default_under_way_idx IS 'finds the runs of a rule that are under way';
COMMENT ON TABLE respond.run_default IS 'runs for whose time there is no partition yet';

SELECT pg_catalog.pg_extension_config_dump('respond.run', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_id_seq', '');

CREATE VIEW respond.waiting WITH (security_invoker = true) AS
SELECT r.id AS run_id, r.rule, r.rule_version, r.step,
	CASE WHEN r.status = 'waiting' THEN COALESCE(r.waiting::jsonb ->> 'for', r.waits_for)
		WHEN r.error IS NOT NULL THEN 'the dispatcher, to run what follows a cancellation'
		ELSE 'the dispatcher, to continue' END AS waits_for,
	r.waiting::jsonb ->> 'key' AS key, r.waiting_since AS since, r.resume_at AS due_at, r.paused_at, r.event_id, r.started_at
  FROM respond.run AS r
 WHERE r.status IN ('running', 'waiting');
COMMENT ON VIEW respond.waiting IS 'runs that are under way, and what each waits for';
COMMENT ON COLUMN respond.waiting.run_id IS 'number of the run';
COMMENT ON COLUMN respond.waiting.rule IS 'its rule';
COMMENT ON COLUMN respond.waiting.rule_version IS 'the version of the rule that it runs';
COMMENT ON COLUMN respond.waiting.step IS 'the step that it is at: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.waiting.waits_for IS 'what it waits for, in words';
COMMENT ON COLUMN respond.waiting.key IS 'what the event that it waits for has to have in its key; only the owner of the rule and superusers see it';
COMMENT ON COLUMN respond.waiting.since IS 'since when';
COMMENT ON COLUMN respond.waiting.due_at IS 'until when; NULL: without a limit';
COMMENT ON COLUMN respond.waiting.paused_at IS 'when pause_run() stopped it; NULL: it is not paused';
COMMENT ON COLUMN respond.waiting.event_id IS 'event that fired the rule';
COMMENT ON COLUMN respond.waiting.started_at IS 'when the run started';

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

-- What others have to tell of runs that wait: answers, signals, decisions.  The
-- first dispatcher deletes the rows in the transaction that acts on them.
CREATE TABLE respond_internal.run_inbox (
	id bigint GENERATED BY DEFAULT AS IDENTITY,
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	kind text NOT NULL,
	pause integer,
	step text,
	event_id bigint,
	data jsonb,
	actor text,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation()
);
ALTER TABLE respond_internal.run_inbox REPLICA IDENTITY FULL;
CREATE INDEX run_inbox_id_idx ON respond_internal.run_inbox (id);
COMMENT ON TABLE respond_internal.run_inbox IS 'what runs that wait are to be told';
COMMENT ON COLUMN respond_internal.run_inbox.kind IS 'continue (a run that another dispatcher began), answer, decision, signal, ended (a run that it called), turn (others had theirs), place (one may be free among the runs of a rule), cancelled, retry or resume';
COMMENT ON COLUMN respond_internal.run_inbox.pause IS 'number of the pause of the run that is meant; NULL: whichever';
COMMENT ON COLUMN respond_internal.run_inbox.actor IS 'who said it; NULL: a worker';
COMMENT ON COLUMN respond_internal.run_inbox.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON INDEX respond_internal.run_inbox_id_idx IS 'gives the rows in their order';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.run_inbox
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.run_inbox ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.run_inbox IS 'pauses the workers when a row comes from elsewhere';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_inbox', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_inbox_id_seq', '');
COMMENT ON SEQUENCE respond_internal.run_inbox_id_seq IS 'numbers of rows of run_inbox';

CREATE TABLE respond_internal.run_name (
	rule text NOT NULL,
	key text NOT NULL,
	run_id bigint NOT NULL,
	PRIMARY KEY (rule, key)
);
CREATE INDEX run_name_run_id_idx ON respond_internal.run_name (run_id);
COMMENT ON TABLE respond_internal.run_name IS 'keys that start() gave to runs; one whose run is not under way is free';
COMMENT ON COLUMN respond_internal.run_name.run_id IS 'number of the run, which may not have begun yet';
COMMENT ON INDEX respond_internal.run_name_run_id_idx IS 'finds the key of a run';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_name', '');

CREATE TABLE respond_internal.run_place (
	run_id bigint PRIMARY KEY,
	run_started_at timestamptz NOT NULL,
	rule text NOT NULL,
	key text NOT NULL,
	held boolean NOT NULL,
	ordinal bigint NOT NULL
);
CREATE INDEX run_place_rule_key_held_ordinal_idx ON respond_internal.run_place (rule, key, held, ordinal);
COMMENT ON TABLE respond_internal.run_place IS 'runs of rules with a limit of runs at once (rule.concurrency): those that have a place, and those that wait for one';
COMMENT ON COLUMN respond_internal.run_place.run_started_at IS 'finds the partition of the run';
COMMENT ON COLUMN respond_internal.run_place.key IS 'runs with the same key are counted together; empty: the rule has no key';
COMMENT ON COLUMN respond_internal.run_place.held IS 'whether the run has a place; else it is in the queue';
COMMENT ON COLUMN respond_internal.run_place.ordinal IS 'order among those with a place, and in the queue';
COMMENT ON INDEX respond_internal.run_place_rule_key_held_ordinal_idx IS 'counts the runs with a place, and finds the next in the queue';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_place', '');

CREATE TABLE respond_internal.loop_items (
	run_id bigint NOT NULL,
	loop bigint NOT NULL,
	first bigint NOT NULL,
	items respond.private_jsonb NOT NULL
);
CREATE UNIQUE INDEX loop_items_run_id_loop_first_idx ON respond_internal.loop_items (run_id, loop, first);
ALTER TABLE respond_internal.loop_items REPLICA IDENTITY USING INDEX loop_items_run_id_loop_first_idx;
COMMENT ON TABLE respond_internal.loop_items IS 'what runs have still to go through in a loop, when it is much: a row for each piece; a row goes when its items are done';
COMMENT ON COLUMN respond_internal.loop_items.run_id IS 'the run';
COMMENT ON COLUMN respond_internal.loop_items.loop IS 'how many loops of the run are around this one';
COMMENT ON COLUMN respond_internal.loop_items.first IS 'number of the first item in the piece, from 0';
COMMENT ON COLUMN respond_internal.loop_items.items IS 'array of items; only the owner of the rule and superusers see it';
COMMENT ON INDEX respond_internal.loop_items_run_id_loop_first_idx IS 'finds the items of a loop, in order';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.loop_items', '');

-- The hash of a key is as good as the key for whoever guesses, so the view leaves it out.
CREATE TABLE respond_internal.wait_decision (
	run_id bigint NOT NULL,
	rule text NOT NULL,
	rule_version integer NOT NULL,
	step text NOT NULL,
	outcome text NOT NULL,
	event_id bigint,
	key_hash bigint,
	since timestamptz NOT NULL,
	due_at timestamptz,
	decided_at timestamptz NOT NULL
) PARTITION BY RANGE (decided_at);
COMMENT ON TABLE respond_internal.wait_decision IS 'respond.wait_decision, with what nobody but the workers reads';
COMMENT ON COLUMN respond_internal.wait_decision.key_hash IS 'hash of the key that it waited for, by which explain() finds events that came late; NULL: no key';
CREATE TABLE respond_internal.wait_decision_default PARTITION OF respond_internal.wait_decision DEFAULT;
ALTER TABLE respond_internal.wait_decision_default REPLICA IDENTITY FULL;
CREATE INDEX wait_decision_default_run_id_idx ON respond_internal.wait_decision_default (run_id);
CREATE INDEX wait_decision_default_event_id_idx ON respond_internal.wait_decision_default (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX wait_decision_default_key_idx ON respond_internal.wait_decision_default (key_hash) WHERE key_hash IS NOT NULL;
COMMENT ON TABLE respond_internal.wait_decision_default IS 'decisions for whose time there is no partition yet';
COMMENT ON INDEX respond_internal.wait_decision_default_run_id_idx IS 'finds the decisions of a run';
COMMENT ON INDEX respond_internal.wait_decision_default_event_id_idx IS 'finds the waits that an event ended';
COMMENT ON INDEX respond_internal.wait_decision_default_key_idx IS 'finds the waits that an event came too late for';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait_decision', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait_decision_default', '');

CREATE VIEW respond.wait_decision WITH (security_invoker = true) AS
SELECT d.run_id, d.rule, d.rule_version, d.step, d.outcome, d.event_id, d.since, d.due_at, d.decided_at
  FROM respond_internal.wait_decision AS d;
COMMENT ON VIEW respond.wait_decision IS 'how each wait of a run ended; a wait for several keys has a row for each';
COMMENT ON COLUMN respond.wait_decision.run_id IS 'the run';
COMMENT ON COLUMN respond.wait_decision.rule IS 'its rule';
COMMENT ON COLUMN respond.wait_decision.rule_version IS 'the version of the rule that it began with';
COMMENT ON COLUMN respond.wait_decision.step IS 'the step that waited: its name, or its place';
COMMENT ON COLUMN respond.wait_decision.outcome IS 'event, timeout, signal, answer, callback, decision, run, retry or cancelled; collected: it had heard this event before it ended';
COMMENT ON COLUMN respond.wait_decision.event_id IS 'the event that ended it, if one did';
COMMENT ON COLUMN respond.wait_decision.since IS 'since when it waited';
COMMENT ON COLUMN respond.wait_decision.due_at IS 'until when; NULL: without a limit';
COMMENT ON COLUMN respond.wait_decision.decided_at IS 'when it ended';

-- 63_delivery.sql: what leaves the database: the outbox, and each try.

CREATE SEQUENCE respond.delivery_id_seq;
COMMENT ON SEQUENCE respond.delivery_id_seq IS 'numbers of deliveries';

CREATE TABLE respond.delivery (
	id bigint NOT NULL DEFAULT nextval('respond.delivery_id_seq'),
	key uuid NOT NULL DEFAULT gen_random_uuid(),
	channel text NOT NULL,
	rule text,
	run_id bigint,
	event_id bigint,
	ticket_id bigint,
	subject text,
	status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead', 'cancelled')),
	attempts integer NOT NULL DEFAULT 0,
	next_attempt_at timestamptz,
	last_status integer,
	last_error text,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	attempts_before integer NOT NULL DEFAULT 0,
	due_since timestamptz,
	depth integer NOT NULL DEFAULT 0,
	url text,
	headers jsonb,
	recipients text[],
	body text,
	html text,
	secret_mark text,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	channel_id uuid,
	definition text,
	method text,
	deadline timestamptz,
	attempt_timeout interval,
	max_attempts integer,
	max_body integer,
	expect integer[],
	run_started_at timestamptz,
	step text,
	retry_after interval,
	callback_mark text,
	CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE respond.delivery IS 'one row for each message that leaves the database; written before anything is sent';
COMMENT ON COLUMN respond.delivery.id IS 'number of the delivery';
COMMENT ON COLUMN respond.delivery.key IS 'random and constant over all tries; receivers recognize repeats by it (webhook-id, Message-ID)';
COMMENT ON COLUMN respond.delivery.channel IS 'name of the channel; of a request without one, the scheme, name and port of the host';
COMMENT ON COLUMN respond.delivery.rule IS 'rule that asked for it; NULL: send_test()';
COMMENT ON COLUMN respond.delivery.run_id IS 'run that asked for it';
COMMENT ON COLUMN respond.delivery.event_id IS 'event that led to it';
COMMENT ON COLUMN respond.delivery.ticket_id IS 'ticket that the run opened or is about, if any';
COMMENT ON COLUMN respond.delivery.subject IS 'subject of the event; ordered channels go by it';
COMMENT ON COLUMN respond.delivery.status IS 'pending, delivered, dead (last_error says why) or cancelled';
COMMENT ON COLUMN respond.delivery.attempts IS 'tries so far';
COMMENT ON COLUMN respond.delivery.next_attempt_at IS 'when it is tried next; NULL once it ended';
COMMENT ON COLUMN respond.delivery.last_status IS 'HTTP or SMTP status of the last answer; NULL: no answer';
COMMENT ON COLUMN respond.delivery.last_error IS 'what went wrong last, or why it was given up; for a delivered one, a remark';
COMMENT ON COLUMN respond.delivery.created_at IS 'when it was recorded';
COMMENT ON COLUMN respond.delivery.finished_at IS 'when it ended';
COMMENT ON COLUMN respond.delivery.attempts_before IS 'tries before it was restarted with retry()';
COMMENT ON COLUMN respond.delivery.due_since IS 'when it was restarted with retry(); NULL: never';
COMMENT ON COLUMN respond.delivery.depth IS 'number of events that caused each other before it';
COMMENT ON COLUMN respond.delivery.url IS 'where it goes, if that depends on the event; NULL: to the url of the channel';
COMMENT ON COLUMN respond.delivery.headers IS 'HTTP headers, or From, To, Cc, Reply-To and Subject of a mail';
COMMENT ON COLUMN respond.delivery.recipients IS 'addresses that a mail goes to; the channel to LISTEN on when a step has named one';
COMMENT ON COLUMN respond.delivery.body IS 'request body; for a mail, its text';
COMMENT ON COLUMN respond.delivery.html IS 'for a mail, its HTML part';
COMMENT ON COLUMN respond.delivery.secret_mark IS 'where this stands in url, headers and body, the secret of the channel is put in when the request is sent; NULL: nowhere';
COMMENT ON COLUMN respond.delivery.channel_id IS 'id of the channel; the delivery goes through no other channel, even one of the same name';
COMMENT ON COLUMN respond.delivery.definition IS 'with secret_mark: which kind filled in the request, and a digest of what said where the secret goes';

COMMENT ON COLUMN respond.delivery.method IS 'of a request: GET, POST, PUT, PATCH, DELETE or HEAD; NULL: that of the kind';
COMMENT ON COLUMN respond.delivery.deadline IS 'of a request: when it ends, whatever it waits for';
COMMENT ON COLUMN respond.delivery.attempt_timeout IS 'of a request: how long a try may take; NULL: the timeout of the channel';
COMMENT ON COLUMN respond.delivery.max_attempts IS 'of a request: tries before it is dead; NULL: those of the channel';
COMMENT ON COLUMN respond.delivery.max_body IS 'of a request: bytes that the body of the answer may have';
COMMENT ON COLUMN respond.delivery.expect IS 'of a request: statuses of answers that are no failure; NULL: 200 to 299';
COMMENT ON COLUMN respond.delivery.run_started_at IS 'when the run started that waits for the answer; NULL: no run waits for one';
COMMENT ON COLUMN respond.delivery.step IS 'the step of the run that waits for the answer';
COMMENT ON COLUMN respond.delivery.retry_after IS 'of a request: pause before the second try, twice as long before each one after it; NULL: as the channel has it';
COMMENT ON COLUMN respond.delivery.callback_mark IS 'of a request that asks to be called back: where this stands in url, headers and body, what is secret in the url is put in when the request is sent; NULL: nowhere';
COMMENT ON COLUMN respond.delivery.incarnation IS 'mark of the database that recorded it; one from elsewhere is not sent before release()';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond.delivery
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond.delivery ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond.delivery IS 'pauses the workers when a row comes from elsewhere';

CREATE TABLE respond.delivery_default PARTITION OF respond.delivery DEFAULT;
CREATE UNIQUE INDEX delivery_default_id_idx ON respond.delivery_default (id);
ALTER TABLE respond.delivery_default REPLICA IDENTITY USING INDEX delivery_default_id_idx;
CREATE INDEX delivery_default_event_id_idx ON respond.delivery_default (event_id);
CREATE INDEX delivery_default_pending_idx ON respond.delivery_default (channel_id, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX delivery_default_subject_idx ON respond.delivery_default (channel_id, (coalesce(subject, '')), id) WHERE status = 'pending';
CREATE INDEX delivery_default_dead_idx ON respond.delivery_default (channel_id, id) WHERE status = 'dead';
COMMENT ON INDEX respond.delivery_default_id_idx IS 'finds a delivery by its number';
COMMENT ON INDEX respond.delivery_default_event_id_idx IS 'finds the deliveries of an event';
COMMENT ON INDEX respond.delivery_default_pending_idx IS 'finds pending deliveries for the courier in the order in which they are due';
COMMENT ON INDEX respond.delivery_default_subject_idx IS 'finds the first pending delivery of each subject in an ordered channel';
COMMENT ON INDEX respond.delivery_default_dead_idx IS 'finds dead letters';
COMMENT ON TABLE respond.delivery_default IS 'deliveries for whose time there is no partition yet';

CREATE TABLE respond.attempt (
	delivery_id bigint NOT NULL,
	number integer NOT NULL,
	at timestamptz NOT NULL,
	duration interval NOT NULL,
	status integer,
	error text,
	response text
) PARTITION BY RANGE (at);
COMMENT ON TABLE respond.attempt IS 'one row for each try of a delivery';
COMMENT ON COLUMN respond.attempt.delivery_id IS 'the delivery';
COMMENT ON COLUMN respond.attempt.number IS 'counted from 1 for each delivery';
COMMENT ON COLUMN respond.attempt.at IS 'when the request was sent';
COMMENT ON COLUMN respond.attempt.duration IS 'from the sending to the end of the answer';
COMMENT ON COLUMN respond.attempt.status IS 'HTTP or SMTP status of the answer; NULL: there was none';
COMMENT ON COLUMN respond.attempt.error IS 'what went wrong; NULL: nothing';
COMMENT ON COLUMN respond.attempt.response IS 'the beginning of the answer';

CREATE TABLE respond.attempt_default PARTITION OF respond.attempt DEFAULT;
-- Nobody changes these rows, so it costs nothing.
ALTER TABLE respond.attempt_default REPLICA IDENTITY FULL;
CREATE INDEX attempt_default_delivery_id_idx ON respond.attempt_default (delivery_id);
COMMENT ON INDEX respond.attempt_default_delivery_id_idx IS 'finds the tries of a delivery';
COMMENT ON TABLE respond.attempt_default IS 'tries for whose time there is no partition yet';

-- Deliveries that a courier sends alone because one before it died, and the couriers themselves.  Written and committed before
-- the delivery is touched again.
CREATE TABLE respond_internal.suspect_delivery (
	delivery_id bigint PRIMARY KEY,
	created_at timestamptz NOT NULL,
	tries integer NOT NULL,
	vanished integer NOT NULL,
	life bigint NOT NULL,
	alone boolean NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE respond_internal.suspect_delivery IS 'deliveries that are sent one by one because a courier died; one over which too many couriers died is given up';
COMMENT ON COLUMN respond_internal.suspect_delivery.delivery_id IS 'the delivery; 0: the courier itself, whatever it sends';
COMMENT ON COLUMN respond_internal.suspect_delivery.created_at IS 'that of the delivery';
COMMENT ON COLUMN respond_internal.suspect_delivery.tries IS 'how often it was touched, not counting tries that were ended from outside; of the courier, how often one after the other died';
COMMENT ON COLUMN respond_internal.suspect_delivery.vanished IS 'how often the whole server vanished during a try; three of them count as one try';
COMMENT ON COLUMN respond_internal.suspect_delivery.life IS 'process that touched it last, by the number of its life';
COMMENT ON COLUMN respond_internal.suspect_delivery.alone IS 'whether it was the only one under way then and since';
COMMENT ON COLUMN respond_internal.suspect_delivery.at IS 'when it was touched last';

-- Steps that wait for a call, each until it ends.
CREATE TABLE respond_internal.callback (
	delivery_id bigint PRIMARY KEY,
	hash bytea NOT NULL,
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	step text NOT NULL,
	due_at timestamptz NOT NULL,
	called_at timestamptz,
	data jsonb
);
CREATE UNIQUE INDEX callback_hash_idx ON respond_internal.callback (hash);
CREATE INDEX callback_run_id_idx ON respond_internal.callback (run_id);
COMMENT ON TABLE respond_internal.callback IS 'steps that wait until the url is called that their request has named; a row goes when its step ends';
COMMENT ON COLUMN respond_internal.callback.delivery_id IS 'the request';
COMMENT ON COLUMN respond_internal.callback.hash IS 'SHA-256 of what is secret in the url, which is nowhere';
COMMENT ON COLUMN respond_internal.callback.run_id IS 'the run that waits';
COMMENT ON COLUMN respond_internal.callback.run_started_at IS 'finds the partition of the run';
COMMENT ON COLUMN respond_internal.callback.step IS 'the step that waits';
COMMENT ON COLUMN respond_internal.callback.due_at IS 'calls that come later are refused';
COMMENT ON COLUMN respond_internal.callback.called_at IS 'when it was called; NULL: not yet';
COMMENT ON COLUMN respond_internal.callback.data IS 'what the call brought, until the step takes it';
COMMENT ON INDEX respond_internal.callback_hash_idx IS 'finds the step that a call is for';
COMMENT ON INDEX respond_internal.callback_run_id_idx IS 'finds what a run waits for that ends';

SELECT pg_catalog.pg_extension_config_dump('respond.delivery', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.callback', '');

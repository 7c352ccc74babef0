-- What people would write themselves, to compare with: a bare event table, a plpgsql trigger that captures changes,
-- and a job table worked off with SKIP LOCKED.

CREATE SCHEMA bench;

CREATE TABLE bench.bare_event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	type text NOT NULL,
	source text NOT NULL DEFAULT '/bench',
	subject text,
	"time" timestamptz NOT NULL DEFAULT now(),
	data jsonb NOT NULL DEFAULT '{}',
	key text,
	cause bigint,
	depth integer NOT NULL DEFAULT 0,
	actor text NOT NULL DEFAULT 'postgres',
	recorded_at timestamptz NOT NULL DEFAULT now(),
	xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

-- Three tables of the same shape: without a trigger, with ours, with a plpgsql trigger.
CREATE TABLE bench.plain (id integer PRIMARY KEY, status text NOT NULL, counter integer NOT NULL DEFAULT 0, note text) WITH (fillfactor = 50);
INSERT INTO bench.plain SELECT n, 'new', 0, repeat('x', 60) FROM generate_series(1, 10000) AS n;
CREATE TABLE bench.captured (LIKE bench.plain INCLUDING ALL) WITH (fillfactor = 50);
INSERT INTO bench.captured SELECT * FROM bench.plain;
CREATE TABLE bench.trigger_written (LIKE bench.plain INCLUDING ALL) WITH (fillfactor = 50);
INSERT INTO bench.trigger_written SELECT * FROM bench.plain;

CREATE FUNCTION bench.capture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.bare_event (type, data)
	VALUES ('row.updated', jsonb_build_object('op', TG_OP, 'table', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
		'new', to_jsonb(NEW), 'old', to_jsonb(OLD),
		'changed', (SELECT jsonb_agg(n.key) FROM jsonb_each(to_jsonb(NEW)) AS n JOIN jsonb_each(to_jsonb(OLD)) AS o USING (key)
			WHERE n.value IS DISTINCT FROM o.value)));
	RETURN NULL;
END
$$;
CREATE TRIGGER capture AFTER UPDATE ON bench.trigger_written FOR EACH ROW EXECUTE FUNCTION bench.capture();

-- The job table: an event is a job, a worker takes a hundred, matches them, writes ticket, run and audit row, deletes them.
CREATE TABLE bench.job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, type text NOT NULL, subject text, data jsonb NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE bench.job_rule (name text PRIMARY KEY, event_type text NOT NULL, pattern jsonb NOT NULL);
CREATE TABLE bench.job_ticket (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, event_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE bench.job_run (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, rule text NOT NULL, event_id bigint NOT NULL, status text NOT NULL, finished_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE bench.job_audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), action text NOT NULL, event_id bigint NOT NULL, new jsonb);
INSERT INTO bench.job_rule VALUES ('order', 'bench.order', '{"status": "failed"}');

CREATE PROCEDURE bench.work_off(INOUT done bigint DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
	batch bigint;
BEGIN
	LOOP
		WITH taken AS (
			SELECT id, type, data FROM bench.job ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
		), matched AS (
			SELECT t.id, r.name, t.data FROM taken AS t JOIN bench.job_rule AS r ON r.event_type = t.type AND t.data @> r.pattern
		), tickets AS (
			INSERT INTO bench.job_ticket (subject, event_id) SELECT 'Order ' || (data ->> 'id') || ' failed', id FROM matched RETURNING event_id
		), runs AS (
			INSERT INTO bench.job_run (rule, event_id, status) SELECT name, id, 'succeeded' FROM matched
		), audits AS (
			INSERT INTO bench.job_audit (action, event_id, new) SELECT 'ticket.create', id, data FROM matched
		)
		DELETE FROM bench.job AS j USING taken AS t WHERE j.id = t.id;
		GET DIAGNOSTICS batch = ROW_COUNT;
		done := done + batch;
		COMMIT;
		EXIT WHEN batch = 0;
	END LOOP;
END
$$;

-- The floor of latency: a trigger opens the ticket and notifies in the producer's own transaction.
CREATE TABLE bench.direct (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text);
CREATE FUNCTION bench.direct() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.job_ticket (subject, event_id) VALUES ('probe', NEW.id);
	PERFORM pg_notify('probe', NEW.id::text);
	RETURN NULL;
END
$$;
CREATE TRIGGER direct AFTER INSERT ON bench.direct FOR EACH ROW EXECUTE FUNCTION bench.direct();

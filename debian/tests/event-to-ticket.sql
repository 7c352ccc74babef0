-- A row of a watched table, a rule, and the ticket that the workers open.  Ends with an error if there is none.
CREATE DATABASE desk;
\c desk
CREATE EXTENSION pg_respond;
CREATE TABLE payment (id bigint PRIMARY KEY, status text);
INSERT INTO payment VALUES (42, 'new');
SELECT respond.watch('payment');
INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES (
	'failed payment', 'payment.updated', '{"data": {"new": {"status": ["failed"]}}}',
	'[{"action": "ticket", "subject": "Payment {{data.new.id}} failed"}]');
UPDATE payment SET status = 'failed' WHERE id = 42;
SELECT respond.settle('60 seconds');
DO $$
BEGIN
	ASSERT (SELECT count(*) FROM respond.ticket WHERE subject = 'Payment 42 failed') = 1, 'no ticket';
	ASSERT (SELECT count(*) FROM respond.run WHERE status = 'succeeded') = 1, 'no run';
END
$$;
SELECT version, subject FROM respond.ticket, (SELECT extversion AS version FROM pg_extension WHERE extname = 'pg_respond') AS e;

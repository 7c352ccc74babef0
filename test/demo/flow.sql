-- A flow that waits: for the customer's answer, for a service that reads it, and for a person who decides.
-- :receiver comes from the demo.  Roles belong to the cluster, so that of an earlier demo may be there.

SET client_min_messages = warning;
DROP ROLE IF EXISTS demo_ann;
CREATE ROLE demo_ann LOGIN IN ROLE respond_agent;
INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'demo_ann');
INSERT INTO respond.team_member (team, agent) VALUES ('billing', 'Ann');
CREATE TABLE public.refund (parcel integer PRIMARY KEY, amount numeric(12, 2));

INSERT INTO respond.channel (name, kind, url, description) VALUES
	('reader', 'webhook', :'receiver' || '/read', 'says what the text of a mail asks for');

INSERT INTO respond.rule (name, folder, description, event_type, steps) VALUES (
	'lost parcel', 'shop', 'what becomes of a parcel that is lost: its customer and somebody of billing decide', 'parcel.lost', $$[
	{"action": "email", "channel": "mail", "to": "{{data.email}}", "subject": "Your parcel {{data.parcel}}",
	 "text": "It is lost. Do you want another one, or your money back?"},
	{"action": "wait", "name": "answer", "event_type": "mail.received", "key": "{{data.email}}", "event_key": "data.from",
	 "for": "2 days", "on_timeout": "again"},
	{"action": "request", "name": "reading", "channel": "reader", "body": {"text": "{{steps.answer.data.text}}"},
	 "expect": {"body": {"wants": ["refund", "parcel"]}}, "on_failure": "by_hand"},
	{"action": "log", "message": "the customer wants another one", "if": "{{steps.reading.body.wants}} = 'parcel'", "on_success": "again"},
	{"action": "approve", "name": "ask", "question": "Refund {{data.amount}} EUR to {{data.email}}?",
	 "context": {"answer": "{{steps.answer.data.text}}"}, "approvers": ["team:billing"], "for": "3 days",
	 "on_approve": "refund", "on_reject": "by_hand", "on_timeout": "by_hand"},
	{"action": "sql", "name": "refund", "sql": "INSERT INTO public.refund VALUES ({{data.parcel}}, {{data.amount}})", "on_success": "stop"},
	{"action": "emit", "name": "again", "type": "parcel.due", "data": {"parcel": "{{data.parcel}}"}, "on_success": "stop"},
	{"action": "ticket", "name": "by_hand", "team": "billing", "subject": "Parcel {{data.parcel}} is lost"}]$$);

-- Routes: what is refused.  What they send is proved in test/t.
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('', 'ro', 'c');
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('ro', '', 'c');
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('ro', repeat('x', 10000), 'c');
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('ro', 'ro', '');
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('ro', 'ro', repeat('c', 64));
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('ro', 'ro', NULL);
INSERT INTO respond.route (name, event_type, pattern, notify_channel) VALUES ('ro', 'ro', '{"data": 1}', 'c');
INSERT INTO respond.route (name, event_type, notify_channel, payload) VALUES ('ro', 'ro', 'c', '{{#data}}');
INSERT INTO respond.route (name, event_type, notify_channel, payload) VALUES ('ro', 'ro.*', repeat('c', 63), '{"id": {{id}}, "subject": "{{subject}}"}');
UPDATE respond.route SET payload = '{{' WHERE name = 'ro';
UPDATE respond.route SET enabled = false WHERE name = 'ro';
DELETE FROM respond.route WHERE name = 'ro';
SELECT action, object_id, new ->> 'enabled' AS enabled FROM respond.audit_log WHERE object_type = 'route' AND object_id = 'ro' ORDER BY id;

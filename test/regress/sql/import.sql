-- export_rules() and import_rules(): rules under version control.
CREATE ROLE import_test_admin IN ROLE respond_admin;
CREATE ROLE import_test_other;
SELECT respond.import_rules('[
	{"name": "im a", "folder": "im", "event_type": "im.*", "pattern": {"data": {"a": [1, null, {"exists": true}]}}, "steps": [{"action": "log", "text": "{{data.a}}"}]},
	{"name": "im b", "folder": "im/sub", "event_type": "im.b", "priority": -3, "shadow": true, "enabled": false, "condition": "data ? ''a''", "on_failure": [{"action": "stop"}], "description": null},
	{"name": "im c", "folder": "import", "event_type": "im.c", "correlate": null, "pattern": null, "steps": null}]');
SELECT name, version, folder, enabled, shadow, priority, pattern, condition, steps, on_failure, owner = current_user AS own FROM respond.rule WHERE name LIKE 'im %' ORDER BY name;

-- again: nothing changes
SELECT respond.import_rules(respond.export_rules('im'));
SELECT respond.import_rules(respond.export_rules());
SELECT name, version FROM respond.rule WHERE name LIKE 'im %' ORDER BY name;

-- a folder and those below it
SELECT r ->> 'name' AS name FROM jsonb_array_elements(respond.export_rules('im')) AS r;
SELECT respond.export_rules('im/sub') #- '{0,owner}' AS rules;
SELECT respond.export_rules('no such folder');

-- what is different is changed, what is not named stays
SELECT respond.import_rules('[{"name": "im a", "folder": "im", "event_type": "im.*", "steps": []}, {"name": "im d", "event_type": "d"}]');
SELECT name, version, pattern, steps FROM respond.rule WHERE name LIKE 'im %' ORDER BY name;

-- a dropped rule comes back as it was
SELECT respond.export_rules() AS saved \gset
DELETE FROM respond.rule WHERE name LIKE 'im %';
SELECT respond.import_rules(:'saved');
SELECT respond.export_rules() = :'saved' AS same;
-- a single rule needs no array
SELECT respond.import_rules('{"name": "im d", "event_type": "d", "description": "single"}');

-- all or nothing, and the place is named
SELECT respond.import_rules('[{"name": "im e", "event_type": "e"}, {"name": "im f", "event_type": "f", "evnt_type": "x"}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e"}, {"name": "im f", "event_type": "f", "condition": "nonsense("}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "steps": [{"action": "log", "text": "a"}, {"action": "nonsense"}]}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "pattern": {"a": 1}}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "correlate": {"count": 2}}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "enabled": "yes"}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "priority": 1.5}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "priority": 1e99}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "version": 3}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e", "owner": "import_test_nobody"}]');
SELECT respond.import_rules('[{"name": "im e"}]');
SELECT respond.import_rules('[{"event_type": "e"}]');
SELECT respond.import_rules('[{"name": "im e", "event_type": "e"}, {"name": "im e", "event_type": "f"}]');
SELECT respond.import_rules('[[]]');
SELECT respond.import_rules('"x"');
SELECT count(*) FROM respond.rule WHERE name IN ('im e', 'im f');

-- rights are those of the caller
UPDATE respond.rule SET owner = 'import_test_other' WHERE name = 'im a';
SET ROLE import_test_admin;
SELECT respond.import_rules('[{"name": "im g", "event_type": "g"}]');
SELECT owner FROM respond.rule WHERE name = 'im g';
SELECT respond.import_rules('[{"name": "im g", "event_type": "g", "owner": "respond_worker"}]');
SELECT respond.import_rules('[{"name": "im a", "event_type": "other"}]');
RESET ROLE;
DELETE FROM respond.rule WHERE name LIKE 'im %';
DROP ROLE import_test_admin, import_test_other;

-- 99_manifest.sql: takes down what was installed; after everything else, and again at the end of each update script.

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal[.][a-z_]+_[0-9]{8}_[0-9]{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';

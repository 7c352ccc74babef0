-- 67_mask.sql: fields that are kept out of the audit log and of what leaves the database.

CREATE TABLE respond.mask (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	path text NOT NULL,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mask IS 'fields of events whose values reach neither the audit log nor a delivery; *** stands in their place';
COMMENT ON COLUMN respond.mask.id IS 'number of the mask';
COMMENT ON COLUMN respond.mask.event_type IS 'type of the events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.mask.path IS 'the field in data: names separated by dots, such as card.number; "*" stands for any one name, arrays are searched';
COMMENT ON COLUMN respond.mask.reason IS 'why';
COMMENT ON COLUMN respond.mask.actor IS 'who created the mask';

CREATE FUNCTION respond_internal.mask_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_mask_validate';
COMMENT ON FUNCTION respond_internal.mask_validate() IS 'trigger: refuses masks that name nothing';
CREATE FUNCTION respond_internal.masks_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_masks_changed';
COMMENT ON FUNCTION respond_internal.masks_changed() IS 'trigger: makes sessions and workers reload the masks after the commit';

CREATE TRIGGER mask_validate BEFORE INSERT OR UPDATE ON respond.mask
	FOR EACH ROW EXECUTE FUNCTION respond_internal.mask_validate();
COMMENT ON TRIGGER mask_validate ON respond.mask IS 'refuses masks that name nothing';
CREATE TRIGGER masks_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.mask
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.masks_changed();
COMMENT ON TRIGGER masks_changed ON respond.mask IS 'makes sessions and workers reload the masks';
CREATE TRIGGER mask_audit AFTER INSERT OR UPDATE OR DELETE ON respond.mask
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mask_audit ON respond.mask IS 'records changes to masks in the audit log';
CREATE TRIGGER mask_audit_truncate AFTER TRUNCATE ON respond.mask
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mask_audit_truncate ON respond.mask IS 'records the removal of all masks in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.mask', '');
COMMENT ON SEQUENCE respond.mask_id_seq IS 'numbers of masks';
SELECT pg_catalog.pg_extension_config_dump('respond.mask_id_seq', '');

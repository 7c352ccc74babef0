-- 71_rule_audit.sql: changes of rules, mutes and routes on record.

CREATE TRIGGER rule_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit ON respond.rule IS 'puts changes of rules on record';
CREATE TRIGGER rule_audit_truncate AFTER TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit_truncate ON respond.rule IS 'puts the removal of all rules on record';
CREATE TRIGGER mute_audit AFTER INSERT OR UPDATE OR DELETE ON respond.mute
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit ON respond.mute IS 'puts changes of mutes on record';
CREATE TRIGGER mute_audit_truncate AFTER TRUNCATE ON respond.mute
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit_truncate ON respond.mute IS 'puts the removal of all mutes on record';
CREATE TRIGGER route_audit AFTER INSERT OR UPDATE OR DELETE ON respond.route
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit ON respond.route IS 'puts changes of routes on record';
CREATE TRIGGER route_audit_truncate AFTER TRUNCATE ON respond.route
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit_truncate ON respond.route IS 'puts the removal of all routes on record';

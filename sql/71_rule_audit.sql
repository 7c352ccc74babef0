-- 71_rule_audit.sql: changes of rules, mutes and routes on record.

CREATE TRIGGER rule_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit ON respond.rule IS 'records changes to rules in the audit log';
CREATE TRIGGER rule_audit_truncate AFTER TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit_truncate ON respond.rule IS 'records the removal of all rules in the audit log';
CREATE TRIGGER mute_audit AFTER INSERT OR UPDATE OR DELETE ON respond.mute
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit ON respond.mute IS 'records changes to mutes in the audit log';
CREATE TRIGGER mute_audit_truncate AFTER TRUNCATE ON respond.mute
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit_truncate ON respond.mute IS 'records the removal of all mutes in the audit log';
CREATE TRIGGER route_audit AFTER INSERT OR UPDATE OR DELETE ON respond.route
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit ON respond.route IS 'records changes to routes in the audit log';
CREATE TRIGGER route_audit_truncate AFTER TRUNCATE ON respond.route
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit_truncate ON respond.route IS 'records the removal of all routes in the audit log';

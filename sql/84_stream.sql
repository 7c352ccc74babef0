-- 84_stream.sql: streams, which outlive changes of the tokens that they were opened with.

CREATE FUNCTION respond_internal.api_tokens_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_api_tokens_changed';
COMMENT ON FUNCTION respond_internal.api_tokens_changed() IS 'trigger: makes workers look at the tokens of open streams after the commit';
CREATE TRIGGER api_tokens_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF name, hash, db_role, scopes, expires_at, allow_networks, enabled
	ON respond.api_token FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.api_tokens_changed();
COMMENT ON TRIGGER api_tokens_changed ON respond.api_token IS 'makes workers look at the tokens of open streams';
ALTER TABLE respond.api_token ENABLE ALWAYS TRIGGER api_tokens_changed;

-- 67_rest.sql: who may use the REST interface.

CREATE TABLE respond.api_token (
	name text PRIMARY KEY,
	hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
	db_role name NOT NULL,
	scopes text[] NOT NULL DEFAULT '{*}',
	expires_at timestamptz,
	allow_networks cidr[],
	enabled boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL DEFAULT respond_internal.actor(),
	used_at timestamptz,
	used_from inet,
	role_id oid,
	role_system bigint,
	role_login boolean NOT NULL DEFAULT true,
	for_superuser boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE respond.api_token IS 'tokens of the REST interface and of streams, each for one role; create_token() makes them';
COMMENT ON COLUMN respond.api_token.name IS 'name of the token';
COMMENT ON COLUMN respond.api_token.hash IS 'SHA-256 of the token; the token itself is nowhere';
COMMENT ON COLUMN respond.api_token.db_role IS 'role that its requests run as';
COMMENT ON COLUMN respond.api_token.scopes IS 'what it may be used for: *, read, write, an area such as tickets, or one kind of use of it, such as tickets:read';
COMMENT ON COLUMN respond.api_token.expires_at IS 'until when it can be used; NULL: without a limit';
COMMENT ON COLUMN respond.api_token.allow_networks IS 'networks that it can be used from; NULL: from everywhere';
COMMENT ON COLUMN respond.api_token.enabled IS 'whether it can be used at all';
COMMENT ON COLUMN respond.api_token.created_at IS 'when it was created';
COMMENT ON COLUMN respond.api_token.created_by IS 'who created it';
COMMENT ON COLUMN respond.api_token.used_at IS 'when it was last used, give or take five minutes';
COMMENT ON COLUMN respond.api_token.used_from IS 'address that it was used from then; NULL: a Unix socket';
COMMENT ON COLUMN respond.api_token.role_id IS 'number of db_role, kept by pg_respond: the token stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.api_token.role_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';
COMMENT ON COLUMN respond.api_token.role_login IS 'whether the role could log in when it got the token: then the token is of no use once the role cannot';
COMMENT ON COLUMN respond.api_token.for_superuser IS 'whether the role was a superuser when a superuser gave it the token: only then the token can act as a superuser';

CREATE FUNCTION respond_internal.api_token_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_api_token_validate';
COMMENT ON FUNCTION respond_internal.api_token_validate() IS 'trigger: refuses tokens that could do nothing, keeps the numbers of their roles';
CREATE TRIGGER api_token_validate BEFORE INSERT OR UPDATE OF name, db_role, scopes ON respond.api_token
	FOR EACH ROW EXECUTE FUNCTION respond_internal.api_token_validate();
COMMENT ON TRIGGER api_token_validate ON respond.api_token IS 'refuses tokens that could do nothing, keeps the numbers of their roles';

-- Not each use.
CREATE TRIGGER api_token_audit AFTER INSERT OR DELETE OR UPDATE OF name, hash, db_role, scopes, expires_at, allow_networks, enabled ON respond.api_token
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER api_token_audit ON respond.api_token IS 'records changes to tokens in the audit log';
CREATE TRIGGER api_token_audit_truncate AFTER TRUNCATE ON respond.api_token
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER api_token_audit_truncate ON respond.api_token IS 'records the removal of all tokens in the audit log';

CREATE FUNCTION respond.create_token(name text, db_role text, scopes text[] DEFAULT '{*}', expires_at timestamptz DEFAULT NULL,
	allow_networks text[] DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_create_token';
COMMENT ON FUNCTION respond.create_token(text, text, text[], timestamptz, text[]) IS
	'creates a token whose requests run as a role that the caller can SET ROLE to, and returns it; nobody can read it again';

SELECT pg_catalog.pg_extension_config_dump('respond.api_token', '');

-- Written by C code alone: src/rest/idempotency.c.  Not dumped: an answer is kept for a day.
CREATE TABLE respond_internal.idempotency (
	token_hash bytea NOT NULL,
	key text NOT NULL,
	fingerprint bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	status integer,
	fields text[],
	body bytea,
	PRIMARY KEY (token_hash, key)
);
CREATE INDEX idempotency_created_at_idx ON respond_internal.idempotency (created_at);
COMMENT ON INDEX respond_internal.idempotency_created_at_idx IS 'finds answers that need not be kept any longer';
COMMENT ON TABLE respond_internal.idempotency IS 'answers to requests with an Idempotency-Key, for those who send them again';
COMMENT ON COLUMN respond_internal.idempotency.token_hash IS 'hash of the token that the request brought';
COMMENT ON COLUMN respond_internal.idempotency.key IS 'the key';
COMMENT ON COLUMN respond_internal.idempotency.fingerprint IS 'SHA-256 of method, address, body, If-Match and fields of CloudEvents of the request';
COMMENT ON COLUMN respond_internal.idempotency.created_at IS 'when it was answered';
COMMENT ON COLUMN respond_internal.idempotency.status IS 'status of the answer';
COMMENT ON COLUMN respond_internal.idempotency.fields IS 'names and values of its fields';
COMMENT ON COLUMN respond_internal.idempotency.body IS 'its body';

CREATE FUNCTION respond_internal.health_tokens(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	orphans text;
	expired text;
BEGIN
	SELECT string_agg(format('"%s" (role %s)', t.name, t.db_role), ', ' ORDER BY t.name) FILTER (WHERE NOT EXISTS (SELECT FROM pg_roles AS r
				WHERE CASE WHEN t.role_system = (SELECT c.system_identifier FROM pg_control_system() AS c)
					THEN r.oid = t.role_id ELSE r.rolname = t.db_role END)),
			string_agg(format('"%s"', t.name), ', ' ORDER BY t.name) FILTER (WHERE t.expires_at <= respond_internal.clock_start())
	  INTO orphans, expired FROM respond.api_token AS t WHERE t.enabled;
	ok := orphans IS NULL AND expired IS NULL;
	message := CASE WHEN ok THEN 'every token can be used'
		ELSE concat_ws('; ', 'tokens of no use because their role was dropped: ' || orphans, 'tokens that have expired: ' || expired) END;
	remedy := CASE WHEN NOT ok THEN 'DELETE FROM respond.api_token WHERE name = ''...''; if it is still needed, respond.create_token() makes a new one' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_tokens() IS 'health(): tokens that cannot be used because of their role or their age';

-- 62_secret.sql: secrets of channels.

-- Written by C code alone: set_secret() and the trigger of respond.channel.
CREATE TABLE respond_internal.channel_secret (
	channel text NOT NULL,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text,
	channel_id uuid PRIMARY KEY,
	kind_id uuid NOT NULL,
	definition bytea NOT NULL,
	host text NOT NULL
);
COMMENT ON TABLE respond_internal.channel_secret IS 'secrets of channels, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.channel_secret.channel IS 'name of the channel';
COMMENT ON COLUMN respond_internal.channel_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM; the channel''s id, kind_id, definition and host are authenticated with it, so it is of no use anywhere else';
COMMENT ON COLUMN respond_internal.channel_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.channel_secret.set_by IS 'who set it: a role, or rule:NAME';
COMMENT ON COLUMN respond_internal.channel_secret.channel_id IS 'the channel';
COMMENT ON COLUMN respond_internal.channel_secret.kind_id IS 'the kind that the channel had when it was set';
COMMENT ON COLUMN respond_internal.channel_secret.definition IS 'SHA-256 of what said then where in a request the secret goes';
COMMENT ON COLUMN respond_internal.channel_secret.host IS 'scheme, host and port that the channel led to then';

CREATE FUNCTION respond.set_secret(channel text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_secret';
COMMENT ON FUNCTION respond.set_secret(text, text) IS 'sets the secret of a channel, NULL removes it; needs the right to update channels';

CREATE FUNCTION respond.rotate_secrets() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rotate_secrets';
COMMENT ON FUNCTION respond.rotate_secrets() IS 'encrypts all secrets with the first key of pg_respond.secret_key_file; returns how many were under another key';

CREATE FUNCTION respond_internal.secret_key_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_secret_key_status_sql';
COMMENT ON FUNCTION respond_internal.secret_key_status() IS 'why no secret can be encrypted or decrypted now; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.secret_fault(channel text) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_secret_fault';
COMMENT ON FUNCTION respond_internal.secret_fault(text) IS 'why the secret of a channel cannot be used where the channel leads now; NULL: it can, or there is none';

-- A dump holds what is sealed; without the key file it is of no use.
SELECT pg_catalog.pg_extension_config_dump('respond_internal.channel_secret', '');

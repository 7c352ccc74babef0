-- 62_secret.sql: secrets of channels.

-- Written by C code alone: set_secret() and the trigger of respond.channel.
CREATE TABLE respond_internal.channel_secret (
	channel text PRIMARY KEY,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text
);
COMMENT ON TABLE respond_internal.channel_secret IS 'secrets of channels, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.channel_secret.channel IS 'name of the channel; part of what is sealed, so a row is of no use to another channel';
COMMENT ON COLUMN respond_internal.channel_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM';
COMMENT ON COLUMN respond_internal.channel_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.channel_secret.set_by IS 'who set it: a role, or rule:NAME';

CREATE FUNCTION respond.set_secret(channel text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_secret';
COMMENT ON FUNCTION respond.set_secret(text, text) IS 'sets the secret of a channel, NULL removes it; needs the right to update channels';

CREATE FUNCTION respond.rotate_secrets() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rotate_secrets';
COMMENT ON FUNCTION respond.rotate_secrets() IS 'encrypts all secrets with the first key of pg_respond.secret_key_file; returns how many were under another key';

CREATE FUNCTION respond_internal.secret_key_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_secret_key_status_sql';
COMMENT ON FUNCTION respond_internal.secret_key_status() IS 'why no secret can be encrypted or decrypted now; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.secret_fault(channel text, sealed bytea) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_secret_fault';
COMMENT ON FUNCTION respond_internal.secret_fault(text, bytea) IS 'why the secret of a channel cannot be decrypted; NULL: it can';

-- A dump holds what is sealed; without the key file it is of no use.
SELECT pg_catalog.pg_extension_config_dump('respond_internal.channel_secret', '');

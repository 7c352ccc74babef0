-- Tokens of the REST interface: who may make which, and what is kept of them.
\set VERBOSITY terse
CREATE ROLE token_maker;
CREATE ROLE token_member LOGIN;
CREATE ROLE token_stranger LOGIN;
GRANT respond_admin, token_member TO token_maker;
CREATE ROLE token_super SUPERUSER;
GRANT token_super TO token_maker;

SET ROLE token_maker;
CREATE TEMP TABLE made AS SELECT respond.create_token('first', 'token_member') AS token;
SELECT token ~ '^prt_[0-9a-f]{72}$' AS is_token FROM made;
SELECT name, db_role, scopes, expires_at, allow_networks, enabled, created_by, used_at, role_id = 'token_member'::regrole AS role, role_login, for_superuser
  FROM respond.api_token;
SELECT t.hash = pg_catalog.sha256(m.token::bytea) AS hash_alone FROM respond.api_token AS t, made AS m;
SELECT respond.create_token(name => 'second', db_role => 'token_member', scopes => '{tickets:read,events}', expires_at => now() + interval '1 day',
	allow_networks => '{10.0.0.0/8,::1}') IS NOT NULL AS made;
SELECT scopes, expires_at > now() AS later, allow_networks FROM respond.api_token WHERE name = 'second';

-- What is refused.
SELECT respond.create_token('first', 'token_member');
SELECT respond.create_token('x', 'token_stranger');
SELECT respond.create_token('x', 'token_super');
SELECT respond.create_token('x', 'no_such_role');
SELECT respond.create_token('x', 'token_member', '{}');
SELECT respond.create_token('x', 'token_member', '{tickets:read,tickets:delete}');
SELECT respond.create_token('x', 'token_member', '{NULL}');
SELECT respond.create_token('x', 'token_member', NULL);
SELECT respond.create_token(NULL, 'token_member');
SELECT respond.create_token('x', NULL);
SELECT respond.create_token('', 'token_member');
SELECT respond.create_token('x', 'token_member', expires_at => now());
SELECT respond.create_token('x', 'token_member', allow_networks => '{10.0.0.1/8}');
SELECT respond.create_token('x', 'token_member', allow_networks => '{NULL}');
SELECT count(*) FROM respond.api_token;

-- Nobody makes one by hand, changes whose it is, or takes another's hash.
INSERT INTO respond.api_token (name, hash, db_role) VALUES ('x', sha256('x'), 'token_member');
UPDATE respond.api_token SET hash = sha256('x');
UPDATE respond.api_token SET db_role = 'token_super';
UPDATE respond.api_token SET for_superuser = true;
UPDATE respond.api_token SET scopes = '{all}';
UPDATE respond.api_token SET scopes = '{read}', enabled = false WHERE name = 'second';
RESET ROLE;
SET ROLE token_member;
SELECT respond.create_token('x', 'token_member');
SELECT count(*) FROM respond.api_token;
RESET ROLE;
GRANT respond_auditor TO token_stranger;
SET ROLE token_stranger;
SELECT name FROM respond.api_token ORDER BY name;
DELETE FROM respond.api_token;
RESET ROLE;

-- Superusers may lend what they are.
SELECT respond.create_token('super', 'token_super') IS NOT NULL AS made;
SELECT name, for_superuser, role_login FROM respond.api_token WHERE name = 'super';

-- The audit log has what was done, and no token.
SELECT action, object_id, CASE actor WHEN current_user THEN 'me' ELSE actor END AS actor, new - '{hash,created_at,created_by,role_id,role_system,expires_at}'::text[] AS new
  FROM respond.audit_log WHERE object_type = 'api_token' ORDER BY id;
SELECT count(*) AS leaks FROM respond.audit_log AS a, made AS m WHERE a::text LIKE '%' || m.token || '%';

-- A token whose role is gone, one that has expired.
DELETE FROM respond.api_token WHERE name = 'super';
DROP ROLE token_super;
DROP OWNED BY token_member;
CREATE ROLE token_gone;
SELECT respond.create_token('gone', 'token_gone', expires_at => now() + interval '1 hour') IS NOT NULL AS made;
SELECT ok, message FROM respond.health() WHERE "check" = 'tokens';
DROP ROLE token_gone;
UPDATE respond.api_token SET expires_at = now() WHERE name = 'first';
SELECT ok, message, remedy FROM respond.health() WHERE "check" = 'tokens';
UPDATE respond.api_token SET enabled = false;
SELECT ok, message FROM respond.health() WHERE "check" = 'tokens';

DROP TABLE made;
DELETE FROM respond.api_token;
REVOKE respond_admin, token_member FROM token_maker;
REVOKE respond_auditor FROM token_stranger;
DROP ROLE token_maker, token_member, token_stranger;

-- 31_matches.sql: patterns.

CREATE FUNCTION respond.matches(pattern jsonb, document jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_matches';
COMMENT ON FUNCTION respond.matches(jsonb, jsonb) IS 'does the document match the event pattern: the same code that matches events with rules; raises an error that names the place when the pattern is invalid';

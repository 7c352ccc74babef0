-- 31_matches.sql: patterns.

CREATE FUNCTION respond.matches(pattern jsonb, document jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_matches';
COMMENT ON FUNCTION respond.matches(jsonb, jsonb) IS 'whether the document matches the event pattern, by the code that matches events with rules; an invalid pattern raises an error that names the place';

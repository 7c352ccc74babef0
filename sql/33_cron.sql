-- 33_cron.sql: times that repeat.

CREATE FUNCTION respond.cron_next(cron text, timezone text DEFAULT 'UTC', after timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cron_next_sql';
COMMENT ON FUNCTION respond.cron_next(text, text, timestamptz) IS 'the first time after another at which a cron expression fires in a time zone; NULL if it never does; an invalid expression raises an error that names the field';

-- 32_render.sql: templates.

CREATE FUNCTION respond.render(template text, context jsonb, escape text DEFAULT 'none') RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_render';
COMMENT ON FUNCTION respond.render(text, jsonb, text) IS 'renders a Mustache template over a context; escape is applied to the values of tags: none, html, json, slack or url';

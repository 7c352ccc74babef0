-- 32_render.sql: templates.

CREATE FUNCTION respond.render(template text, context jsonb, escape text DEFAULT 'none') RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_render';
COMMENT ON FUNCTION respond.render(text, jsonb, text) IS 'renders a Mustache template over a context; escape is applied to the values of tags: none, html, json, markdown, slack or url';

CREATE FUNCTION respond_internal.text_size(document jsonb) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_text_size';
COMMENT ON FUNCTION respond_internal.text_size(jsonb) IS 'bytes of the document as text, counted without writing it';

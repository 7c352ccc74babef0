-- 12_private.sql: values of which not every reader sees everything.

CREATE TYPE respond.private_text;
CREATE FUNCTION respond_internal.private_text_in(cstring) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_in';
COMMENT ON FUNCTION respond_internal.private_text_in(cstring) IS 'input of type private_text';
CREATE FUNCTION respond_internal.private_text_out(respond.private_text) RETURNS cstring
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_out';
COMMENT ON FUNCTION respond_internal.private_text_out(respond.private_text) IS 'output of type private_text: what the current user may see';
CREATE FUNCTION respond_internal.private_text_recv(internal) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_recv';
COMMENT ON FUNCTION respond_internal.private_text_recv(internal) IS 'binary input of type private_text';
CREATE FUNCTION respond_internal.private_text_send(respond.private_text) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_send';
COMMENT ON FUNCTION respond_internal.private_text_send(respond.private_text) IS 'binary output of type private_text: what the current user may see';
CREATE TYPE respond.private_text (INPUT = respond_internal.private_text_in, OUTPUT = respond_internal.private_text_out, RECEIVE = respond_internal.private_text_recv, SEND = respond_internal.private_text_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'S');
COMMENT ON TYPE respond.private_text IS 'text that members of its owner and superusers see whole, and others only as far as everybody may see it; is converted to text automatically';
CREATE FUNCTION respond_internal.to_text(respond.private_text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_to_text';
COMMENT ON FUNCTION respond_internal.to_text(respond.private_text) IS 'what the current user may see of the value';
CREATE FUNCTION respond_internal.from_text(text) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_from_text';
COMMENT ON FUNCTION respond_internal.from_text(text) IS 'a value that everybody sees whole';
CREATE CAST (respond.private_text AS text) WITH FUNCTION respond_internal.to_text(respond.private_text) AS IMPLICIT;
COMMENT ON CAST (respond.private_text AS text) IS 'what the current user may see';
CREATE CAST (text AS respond.private_text) WITH FUNCTION respond_internal.from_text(text) AS ASSIGNMENT;
COMMENT ON CAST (text AS respond.private_text) IS 'a value that everybody sees whole';

CREATE TYPE respond.private_jsonb;
CREATE FUNCTION respond_internal.private_jsonb_in(cstring) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_in';
COMMENT ON FUNCTION respond_internal.private_jsonb_in(cstring) IS 'input of type private_jsonb';
CREATE FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb) RETURNS cstring
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_out';
COMMENT ON FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb) IS 'output of type private_jsonb: what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_recv(internal) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_recv';
COMMENT ON FUNCTION respond_internal.private_jsonb_recv(internal) IS 'binary input of type private_jsonb';
CREATE FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_send';
COMMENT ON FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb) IS 'binary output of type private_jsonb: what the current user may see';
CREATE TYPE respond.private_jsonb (INPUT = respond_internal.private_jsonb_in, OUTPUT = respond_internal.private_jsonb_out, RECEIVE = respond_internal.private_jsonb_recv, SEND = respond_internal.private_jsonb_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended);
COMMENT ON TYPE respond.private_jsonb IS 'jsonb that members of its owner and superusers see whole, and others only as far as everybody may see it; is converted to jsonb automatically';
CREATE FUNCTION respond_internal.to_jsonb(respond.private_jsonb) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_to_jsonb';
COMMENT ON FUNCTION respond_internal.to_jsonb(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE FUNCTION respond_internal.from_jsonb(jsonb) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_from_jsonb';
COMMENT ON FUNCTION respond_internal.from_jsonb(jsonb) IS 'a value that everybody sees whole';
CREATE CAST (respond.private_jsonb AS jsonb) WITH FUNCTION respond_internal.to_jsonb(respond.private_jsonb) AS IMPLICIT;
COMMENT ON CAST (respond.private_jsonb AS jsonb) IS 'what the current user may see';
CREATE CAST (jsonb AS respond.private_jsonb) WITH FUNCTION respond_internal.from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS respond.private_jsonb) IS 'a value that everybody sees whole';
CREATE FUNCTION respond_internal.to_json(respond.private_jsonb) RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_to_json';
COMMENT ON FUNCTION respond_internal.to_json(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE CAST (respond.private_jsonb AS json) WITH FUNCTION respond_internal.to_json(respond.private_jsonb) AS ASSIGNMENT;
COMMENT ON CAST (respond.private_jsonb AS json) IS 'what the current user may see';

-- For ORDER BY, GROUP BY and DISTINCT.
CREATE FUNCTION respond_internal.private_text_cmp(respond.private_text, respond.private_text) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_cmp';
COMMENT ON FUNCTION respond_internal.private_text_cmp(respond.private_text, respond.private_text) IS 'order of what the current user may see';
CREATE FUNCTION respond_internal.private_text_lt(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_lt';
COMMENT ON FUNCTION respond_internal.private_text_lt(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_le(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_le';
COMMENT ON FUNCTION respond_internal.private_text_le(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_eq(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_eq';
COMMENT ON FUNCTION respond_internal.private_text_eq(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_ne(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_ne';
COMMENT ON FUNCTION respond_internal.private_text_ne(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_ge(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_ge';
COMMENT ON FUNCTION respond_internal.private_text_ge(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_gt(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_gt';
COMMENT ON FUNCTION respond_internal.private_text_gt(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.< (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_lt,
	COMMUTATOR = OPERATOR(respond_internal.>), NEGATOR = OPERATOR(respond_internal.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR respond_internal.< (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_le,
	COMMUTATOR = OPERATOR(respond_internal.>=), NEGATOR = OPERATOR(respond_internal.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR respond_internal.<= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_eq,
	COMMUTATOR = OPERATOR(respond_internal.=), NEGATOR = OPERATOR(respond_internal.<>), RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR respond_internal.= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<> (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_ne,
	COMMUTATOR = OPERATOR(respond_internal.<>), NEGATOR = OPERATOR(respond_internal.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR respond_internal.<> (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.>= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_ge,
	COMMUTATOR = OPERATOR(respond_internal.<=), NEGATOR = OPERATOR(respond_internal.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR respond_internal.>= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.> (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_gt,
	COMMUTATOR = OPERATOR(respond_internal.<), NEGATOR = OPERATOR(respond_internal.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR respond_internal.> (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR CLASS respond_internal.private_text_ops DEFAULT FOR TYPE respond.private_text USING btree AS
	OPERATOR 1 respond_internal.<, OPERATOR 2 respond_internal.<=, OPERATOR 3 respond_internal.=, OPERATOR 4 respond_internal.>=, OPERATOR 5 respond_internal.>,
	FUNCTION 1 respond_internal.private_text_cmp(respond.private_text, respond.private_text);
COMMENT ON OPERATOR CLASS respond_internal.private_text_ops USING btree IS 'order of what the current user may see';
COMMENT ON OPERATOR FAMILY respond_internal.private_text_ops USING btree IS 'order of what the current user may see';

CREATE FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_cmp';
COMMENT ON FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb) IS 'order of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_lt';
COMMENT ON FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_le';
COMMENT ON FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_eq';
COMMENT ON FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_ne';
COMMENT ON FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_ge';
COMMENT ON FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_gt';
COMMENT ON FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.< (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_lt,
	COMMUTATOR = OPERATOR(respond_internal.>), NEGATOR = OPERATOR(respond_internal.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR respond_internal.< (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_le,
	COMMUTATOR = OPERATOR(respond_internal.>=), NEGATOR = OPERATOR(respond_internal.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR respond_internal.<= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_eq,
	COMMUTATOR = OPERATOR(respond_internal.=), NEGATOR = OPERATOR(respond_internal.<>), RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR respond_internal.= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<> (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_ne,
	COMMUTATOR = OPERATOR(respond_internal.<>), NEGATOR = OPERATOR(respond_internal.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR respond_internal.<> (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.>= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_ge,
	COMMUTATOR = OPERATOR(respond_internal.<=), NEGATOR = OPERATOR(respond_internal.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR respond_internal.>= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.> (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_gt,
	COMMUTATOR = OPERATOR(respond_internal.<), NEGATOR = OPERATOR(respond_internal.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR respond_internal.> (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR CLASS respond_internal.private_jsonb_ops DEFAULT FOR TYPE respond.private_jsonb USING btree AS
	OPERATOR 1 respond_internal.<, OPERATOR 2 respond_internal.<=, OPERATOR 3 respond_internal.=, OPERATOR 4 respond_internal.>=, OPERATOR 5 respond_internal.>,
	FUNCTION 1 respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb);
COMMENT ON OPERATOR CLASS respond_internal.private_jsonb_ops USING btree IS 'order of what the current user may see';
COMMENT ON OPERATOR FAMILY respond_internal.private_jsonb_ops USING btree IS 'order of what the current user may see';

-- 73_merge.sql: tickets that become one.

CREATE FUNCTION respond.merge(from_ticket bigint, into_ticket bigint) RETURNS bigint
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'respond_merge';
COMMENT ON FUNCTION respond.merge(bigint, bigint) IS
	'closes the first ticket, whose comments and tags go to the second and whose number leads there; returns how many comments moved';

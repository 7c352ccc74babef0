-- 84_gateway.sql: what the gateway of the cluster listens to.

CREATE FUNCTION respond_internal.gateway_addresses(OUT address text, OUT fault text) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_gateway_addresses';
COMMENT ON FUNCTION respond_internal.gateway_addresses() IS 'addresses of the gateway, and why one is not listened to; from shared memory';

CREATE FUNCTION respond_internal.gateway_program(OUT pid integer, OUT started_at timestamptz, OUT starts bigint, OUT connections bigint,
	OUT accepted bigint, OUT refused bigint, OUT certificate_fault text, OUT certificate_until timestamptz) RETURNS record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_gateway_program';
COMMENT ON FUNCTION respond_internal.gateway_program() IS 'how the program of the gateway is; from shared memory';

CREATE VIEW respond.gateway WITH (security_invoker = true) AS
SELECT a.address, a.fault IS NULL AS listening, a.fault, p.pid, p.started_at, p.starts, p.connections, p.accepted, p.refused, p.certificate_fault,
	p.certificate_until
  FROM respond_internal.gateway_addresses() AS a
 CROSS JOIN respond_internal.gateway_program() AS p;
COMMENT ON VIEW respond.gateway IS 'what the gateway of the cluster listens to, one row for each address of pg_respond.gateway_listen';
COMMENT ON COLUMN respond.gateway.address IS 'as in pg_respond.gateway_listen';
COMMENT ON COLUMN respond.gateway.listening IS 'whether requests can come there';
COMMENT ON COLUMN respond.gateway.fault IS 'why not';
COMMENT ON COLUMN respond.gateway.pid IS 'process of the program that listens; NULL if it does not run';
COMMENT ON COLUMN respond.gateway.started_at IS 'when it started';
COMMENT ON COLUMN respond.gateway.starts IS 'how often the program was started since the server was';
COMMENT ON COLUMN respond.gateway.connections IS 'connections that are open, of all addresses together';
COMMENT ON COLUMN respond.gateway.accepted IS 'connections accepted since started_at';
COMMENT ON COLUMN respond.gateway.refused IS 'connections and requests that the program itself refused since started_at';
COMMENT ON COLUMN respond.gateway.certificate_fault IS 'what is wrong with pg_respond.gateway_certificate or pg_respond.gateway_key; NULL: nothing';
COMMENT ON COLUMN respond.gateway.certificate_until IS 'when the certificate in use ends; NULL: none is in use';

CREATE FUNCTION respond_internal.health_gateway(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	is_off CONSTANT boolean := NOT current_setting('pg_respond.enabled')::boolean OR current_setting('pg_respond.gateway_listen') = '';
	state record;
	ends boolean;
BEGIN
	SELECT string_agg(g.address, ', ') FILTER (WHERE g.listening) AS open,
		string_agg(format('%s: %s', g.address, g.fault), '; ') FILTER (WHERE NOT g.listening) AS closed,
		bool_and(g.pid IS NOT NULL) AS has_program, max(g.connections) AS connections, max(g.certificate_fault) AS certificate_fault,
		max(g.certificate_until) AS certificate_until,
		string_agg(DISTINCT CASE
			WHEN g.listening OR g.pid IS NULL THEN NULL
			WHEN g.fault ~ 'there is no certificate$' THEN CASE WHEN g.certificate_fault IS NULL
				THEN 'set pg_respond.gateway_certificate and pg_respond.gateway_key with ALTER SYSTEM, then SELECT pg_reload_conf(); or listen to 127.0.0.1 and put a proxy in front' END
			WHEN g.fault ~ 'Permission denied$' AND g.address ~ '^unix:' THEN format('let the user of the server write to the folder of %s', g.address)
			WHEN g.fault ~ 'No such file or directory$' THEN format('create the folder of %s, and let the user of the server write to it', g.address)
			WHEN g.fault ~ 'Permission denied$'
				THEN 'use a port from 1024 on: set pg_respond.gateway_listen with ALTER SYSTEM, then SELECT pg_reload_conf()'
			ELSE 'free the address, or set pg_respond.gateway_listen to others with ALTER SYSTEM, then SELECT pg_reload_conf()' END, '; ') AS remedy
	  INTO state FROM respond.gateway AS g;
	ends := coalesce(state.certificate_until < now() + interval '14 days', false);
	ok := is_off OR (state.closed IS NULL AND state.certificate_fault IS NULL AND NOT ends);
	message := CASE
		WHEN is_off THEN 'the gateway is off'
		WHEN ok THEN format('the gateway listens to %s; open connections: %s', state.open, state.connections)
		ELSE concat_ws('; ',
			'the gateway does not listen to ' || state.closed,
			'certificate of the gateway: ' || state.certificate_fault,
			CASE WHEN ends THEN format('the certificate of the gateway %s at %s',
				CASE WHEN state.certificate_until < now() THEN 'ended' ELSE 'ends' END, state.certificate_until) END) END;
	remedy := CASE WHEN NOT ok THEN concat_ws('; ',
		CASE WHEN state.closed IS NOT NULL AND NOT state.has_program
			THEN 'it is started again by itself; if it keeps ending, the server log says why, look for pg_respond_gateway' END,
		state.remedy,
		CASE WHEN state.certificate_fault IS NOT NULL OR ends
			THEN 'put a certificate that is valid and its key into the files that pg_respond.gateway_certificate and pg_respond.gateway_key name, in PEM, then SELECT pg_reload_conf()' END) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_gateway() IS 'health(): whether the gateway listens where it is to';

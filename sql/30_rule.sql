-- 30_rule.sql: rules, their versions, and silence.

CREATE TABLE respond.rule (
	name text PRIMARY KEY,
	folder text,
	description text,
	enabled boolean NOT NULL DEFAULT true,
	shadow boolean NOT NULL DEFAULT false,
	priority integer NOT NULL DEFAULT 0,
	event_type text NOT NULL,
	pattern jsonb,
	condition text,
	correlate jsonb,
	steps jsonb NOT NULL DEFAULT '[]',
	on_failure jsonb,
	owner name NOT NULL DEFAULT current_user,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.rule IS 'what is to be done when an event matches';

CREATE TABLE respond.mute (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	pattern jsonb,
	from_time timestamptz NOT NULL DEFAULT now(),
	until_time timestamptz,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mute IS 'events that no rule is applied to for a time';

SELECT pg_catalog.pg_extension_config_dump('respond.rule', '');
SELECT pg_catalog.pg_extension_config_dump('respond.mute', '');
SELECT pg_catalog.pg_extension_config_dump('respond.mute_id_seq', '');

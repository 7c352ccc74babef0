-- 73_rule_import.sql: rules under version control.

-- The fields of a rule that are its own, and not of the database it is in.
CREATE FUNCTION respond_internal.rule_document(rule respond.rule) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.jsonb_object_agg(f.key, f.value)
	  FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb($1) - ARRAY['version', 'created_at', 'updated_at', 'owner_id', 'start_role_ids', 'owner_system']) AS f
	 WHERE f.value <> 'null'
$$;
COMMENT ON FUNCTION respond_internal.rule_document(respond.rule) IS 'a rule as export_rules() writes it: fields that are NULL are left out';

CREATE FUNCTION respond.export_rules(folder text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT COALESCE(pg_catalog.jsonb_agg(respond_internal.rule_document(r) ORDER BY r.name COLLATE "C"), '[]')
	  FROM respond.rule AS r
	 WHERE $1 IS NULL OR r.folder = $1 OR pg_catalog.starts_with(r.folder, $1 || '/')
$$;
COMMENT ON FUNCTION respond.export_rules(text) IS 'all rules, or those of a folder and the folders below it, as a JSON array for import_rules()';

-- One rule, read and checked as far as the table itself does not check it.
CREATE FUNCTION respond_internal.read_rule(document jsonb) RETURNS respond.rule
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	field record;
	result respond.rule;
	known CONSTANT jsonb := '{"name": "string", "folder": "string", "description": "string", "enabled": "boolean",
		"shadow": "boolean", "priority": "number", "event_type": "string", "pattern": "object", "condition": "string",
		"correlate": "object", "steps": "array", "on_failure": "array", "owner": "string", "start_roles": "array",
		"timezone": "string", "concurrency": "object", "cancel_on": "object", "on_cancel": "array"}';
	required text;
BEGIN
	IF pg_catalog.jsonb_typeof(document) <> 'object' THEN
		RAISE EXCEPTION 'it is not an object' USING ERRCODE = 'RS001',
			HINT = 'A rule is an object such as {"name": "...", "event_type": "...", "steps": [...]}.';
	END IF;
	FOR field IN SELECT f.key, pg_catalog.jsonb_typeof(f.value) AS kind FROM pg_catalog.jsonb_each(document) AS f LOOP
		IF NOT known ? field.key THEN
			RAISE EXCEPTION '%: there is no such field', field.key USING ERRCODE = 'RS001',
				HINT = 'Fields are: ' || (SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) FROM pg_catalog.jsonb_object_keys(known) AS k) || '.';
		ELSIF field.kind NOT IN (known ->> field.key, 'null') AND NOT (field.key = 'cancel_on' AND field.kind = 'array') THEN
			RAISE EXCEPTION '%: it must be of type %, but is of type %', field.key, known ->> field.key, field.kind
				USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	FOREACH required IN ARRAY ARRAY['name', 'event_type'] LOOP
		IF document ->> required IS NULL THEN
			RAISE EXCEPTION '%: it is missing', required USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	IF (document ->> 'priority')::numeric <> pg_catalog.trunc((document ->> 'priority')::numeric)
		OR pg_catalog.abs((document ->> 'priority')::numeric) > 2147483647 THEN
		RAISE EXCEPTION 'priority: it is not an integer' USING ERRCODE = 'RS001';
	END IF;
	IF pg_catalog.octet_length(document ->> 'owner') > 63 THEN
		RAISE EXCEPTION 'owner: no role has such a long name' USING ERRCODE = 'RS001';
	END IF;
	result := pg_catalog.jsonb_populate_record(NULL::respond.rule, document);
	-- a JSON null is a field that was not given
	result.pattern := NULLIF(result.pattern, 'null');
	result.correlate := NULLIF(result.correlate, 'null');
	result.on_failure := NULLIF(result.on_failure, 'null');
	result.on_cancel := NULLIF(result.on_cancel, 'null');
	result.concurrency := NULLIF(result.concurrency, 'null');
	result.cancel_on := NULLIF(result.cancel_on, 'null');
	result.steps := COALESCE(NULLIF(result.steps, 'null'), '[]');
	result.enabled := COALESCE(result.enabled, true);
	result.shadow := COALESCE(result.shadow, false);
	result.priority := COALESCE(result.priority, 0);
	RETURN result;
END
$$;
COMMENT ON FUNCTION respond_internal.read_rule(jsonb) IS 'a rule from what export_rules() writes; fields that are missing have their defaults, an owner that is missing stays NULL';

-- Runs with the rights of whoever calls it: the table's grants and checks hold.
CREATE FUNCTION respond.import_rules(rules jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	documents jsonb := CASE pg_catalog.jsonb_typeof(rules) WHEN 'object' THEN pg_catalog.jsonb_build_array(rules) ELSE rules END;
	wanted respond.rule;
	present respond.rule;
	names text[] := '{}';
	current_rule text;
	changed integer := 0;
	message text;
	code text;
	hint_text text;
BEGIN
	PERFORM respond_internal.check_primary('import_rules()');
	IF pg_catalog.jsonb_typeof(documents) <> 'array' THEN
		RAISE EXCEPTION 'rules must be an array of rules' USING ERRCODE = 'RS001', HINT = 'export_rules() returns one.';
	END IF;
	FOR place IN 0 .. pg_catalog.jsonb_array_length(documents) - 1 LOOP
		current_rule := pg_catalog.format('rules[%s]', place);
		wanted := respond_internal.read_rule(documents -> place);
		current_rule := current_rule || pg_catalog.format(' "%s"', wanted.name);
		IF wanted.name = ANY (names) THEN
			RAISE EXCEPTION 'name: "%" is the name of two rules', wanted.name USING ERRCODE = 'RS001';
		END IF;
		names := names || wanted.name;
		SELECT * INTO present FROM respond.rule AS r WHERE r.name = wanted.name FOR UPDATE;
		IF NOT FOUND THEN
			INSERT INTO respond.rule (name, folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles,
				timezone, concurrency, cancel_on, on_cancel)
			VALUES (wanted.name, wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
				wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, COALESCE(wanted.owner, current_user), wanted.start_roles,
				wanted.timezone, wanted.concurrency, wanted.cancel_on, wanted.on_cancel);
			changed := changed + 1;
			CONTINUE;
		END IF;
		wanted.owner := COALESCE(wanted.owner, present.owner);
		IF respond_internal.rule_document(wanted) <> respond_internal.rule_document(present) THEN
			UPDATE respond.rule AS r
			   SET (folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles,
					timezone, concurrency, cancel_on, on_cancel)
				 = (wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
					wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, wanted.owner, wanted.start_roles,
					wanted.timezone, wanted.concurrency, wanted.cancel_on, wanted.on_cancel)
			 WHERE r.name = wanted.name;
			changed := changed + 1;
		END IF;
	END LOOP;
	RETURN changed;
	-- which of the rules it was
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, code = RETURNED_SQLSTATE, hint_text = PG_EXCEPTION_HINT;
	message := COALESCE(current_rule || ': ', '') || message;
	IF hint_text <> '' THEN
		RAISE EXCEPTION '%', message USING ERRCODE = code, HINT = hint_text;
	END IF;
	RAISE EXCEPTION '%', message USING ERRCODE = code;
END
$$;
COMMENT ON FUNCTION respond.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none. Rules that match already keep their version; rules that are not in the array stay. Returns how many were created or changed';

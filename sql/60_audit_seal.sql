-- 60_audit_seal.sql: seals of the audit log, a chain of blocks in which nothing can be changed unnoticed.

-- Rows become visible in another order than that of their ids.  A block covers the ids that were given out since the last one, and
-- says which of them had a row; those of transactions that were open then come with a later block.
CREATE TABLE respond.audit_seal (
	block bigint PRIMARY KEY CHECK (block > 0),
	kind text NOT NULL CHECK (kind IN ('rows', 'erased', 'dropped')),
	sealed_at timestamptz NOT NULL,
	from_id bigint NOT NULL,
	to_id bigint NOT NULL,
	ids int8multirange NOT NULL,
	row_count bigint NOT NULL,
	min_at timestamptz,
	max_at timestamptz,
	snapshot pg_snapshot NOT NULL,
	next_xid xid8 NOT NULL,
	incarnation bigint NOT NULL,
	digests bytea NOT NULL,
	previous bytea NOT NULL,
	hash bytea NOT NULL
);
COMMENT ON TABLE respond.audit_seal IS 'the audit log in hash-chained blocks; verify_audit() compares';
COMMENT ON COLUMN respond.audit_seal.block IS 'number of the block, from 1, without gaps';
COMMENT ON COLUMN respond.audit_seal.kind IS 'rows (of the audit log), erased (rows that a person was erased from), dropped (rows that left with their partition)';
COMMENT ON COLUMN respond.audit_seal.sealed_at IS 'when it was made';
COMMENT ON COLUMN respond.audit_seal.from_id IS 'ids above this one had not been looked at before';
COMMENT ON COLUMN respond.audit_seal.to_id IS 'last id that was looked at';
COMMENT ON COLUMN respond.audit_seal.ids IS 'ids of the rows that it is about';
COMMENT ON COLUMN respond.audit_seal.row_count IS 'how many they are';
COMMENT ON COLUMN respond.audit_seal.min_at IS 'earliest time of these rows';
COMMENT ON COLUMN respond.audit_seal.max_at IS 'latest time of these rows';
COMMENT ON COLUMN respond.audit_seal.snapshot IS 'which transactions were open: their rows come with later blocks';
COMMENT ON COLUMN respond.audit_seal.next_xid IS 'ids up to to_id were given to transactions before this one';
COMMENT ON COLUMN respond.audit_seal.incarnation IS 'of the database that made it; in another one the numbers of transactions say nothing';
COMMENT ON COLUMN respond.audit_seal.digests IS 'for each row, in the order of ids, the first 16 bytes of its digest; for an erased row its 32 bytes of commitment and then those';
COMMENT ON COLUMN respond.audit_seal.previous IS 'hash of the block before; for the first one 32 zero bytes';
COMMENT ON COLUMN respond.audit_seal.hash IS 'SHA-256 of all other columns';

CREATE FUNCTION respond_internal.audit_commitment(salt uuid, actor text, object_id text, old jsonb, new jsonb, session_actor text) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_audit_commitment';
COMMENT ON FUNCTION respond_internal.audit_commitment(uuid, text, text, jsonb, jsonb, text) IS 'SHA-256 of what of a row of the audit log may name a person';
CREATE FUNCTION respond_internal.audit_digest(id bigint, at timestamptz, action text, object_type text, event_id bigint, run_id bigint, rule text, commitment bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_audit_digest';
COMMENT ON FUNCTION respond_internal.audit_digest(bigint, timestamptz, text, text, bigint, bigint, text, bytea) IS 'SHA-256 of a row of the audit log, whose other values are in the commitment';

CREATE FUNCTION respond_internal.audit_row_digest(a respond.audit_log) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT substr(respond_internal.audit_digest(a.id, a.at, a.action, a.object_type, a.event_id, a.run_id, a.rule,
		respond_internal.audit_commitment(a.salt, a.actor, a.object_id, a.old, a.new, a.session_actor)), 1, 16)
$$;
COMMENT ON FUNCTION respond_internal.audit_row_digest(respond.audit_log) IS 'what a seal holds of a row of the audit log';

-- The text does not depend on DateStyle, TimeZone or bytea_output.
CREATE FUNCTION respond_internal.seal_hash(s respond.audit_seal) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT sha256(convert_to(format('pg_respond audit seal 1|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|', s.block, s.kind, extract(epoch FROM s.sealed_at),
		s.from_id, s.to_id, s.ids, s.row_count, extract(epoch FROM s.min_at), extract(epoch FROM s.max_at), s.snapshot, s.next_xid, s.incarnation), 'UTF8') || s.previous || s.digests)
$$;
COMMENT ON FUNCTION respond_internal.seal_hash(respond.audit_seal) IS 'SHA-256 of a block of seals: of all its columns but hash';

-- What is given out in the place of the columns that follow from the chain.
CREATE FUNCTION respond_internal.add_seal(new_seal respond.audit_seal) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last record;
BEGIN
	SELECT s.block, s.hash INTO last FROM respond.audit_seal AS s ORDER BY s.block DESC LIMIT 1;
	new_seal.block := coalesce(last.block, 0) + 1;
	new_seal.sealed_at := clock_timestamp();
	new_seal.next_xid := pg_current_xact_id();
	new_seal.incarnation := respond_internal.incarnation();
	new_seal.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
	new_seal.hash := respond_internal.seal_hash(new_seal);
	INSERT INTO respond.audit_seal SELECT new_seal.*;
END
$$;
COMMENT ON FUNCTION respond_internal.add_seal(respond.audit_seal) IS 'appends a block to the seals';

CREATE FUNCTION respond_internal.seal_waits(snapshot pg_snapshot, before xid8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_snapshot_xmax(snapshot) < before OR EXISTS (SELECT FROM pg_snapshot_xip(snapshot) AS x WHERE x < before)
$$;
COMMENT ON FUNCTION respond_internal.seal_waits(pg_snapshot, xid8) IS 'whether transactions before that one may be open in the snapshot';

-- The newest id is read first, and writers have their transaction's number before they take an id.  So an id up to that one belongs
-- to a row that is seen, or to none that will ever be, or to a transaction that is open in the snapshot: one of those that it lists, or
-- one from its xmax on and before the number that the transaction of the seal itself is given after all that.
CREATE FUNCTION respond_internal.seal_block(max_ids integer, OUT sealed bigint, OUT more boolean, OUT waits boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last respond.audit_seal;
	wide respond.audit_seal;
	next respond.audit_seal;
	earlier record;
	newest bigint;
	current pg_snapshot;
	ended xid8;
	late int8multirange := '{}';
	taken int8multirange := '{}';
BEGIN
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction', MESSAGE = 'the audit log can be sealed only in a transaction with isolation level READ COMMITTED',
			HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED as the first statement of the transaction.';
	END IF;
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO last FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LIMIT 1;
	SELECT s.* INTO wide FROM respond.audit_seal AS s WHERE s.kind = 'rows' AND s.to_id > s.from_id ORDER BY s.block DESC LIMIT 1;
	newest := coalesce(pg_sequence_last_value('respond.audit_log_id_seq'), 0);
	current := pg_current_snapshot();

	next.kind := 'rows';
	next.from_id := coalesce(last.to_id, 0);
	next.to_id := greatest(next.from_id, least(newest, next.from_id + max_ids));
	next.snapshot := current;
	more := newest > next.to_id;

	-- the earliest of the transactions that were open, could have had ids by then, and may have ended since
	IF last.incarnation = respond_internal.incarnation() THEN
		SELECT x INTO ended FROM pg_snapshot_xip(last.snapshot) AS x
		 WHERE x < wide.next_xid AND pg_visible_in_snapshot(x, current) ORDER BY x LIMIT 1;
		IF ended IS NULL AND pg_snapshot_xmax(last.snapshot) < wide.next_xid AND pg_snapshot_xmax(last.snapshot) < pg_snapshot_xmax(current) THEN
			ended := pg_snapshot_xmax(last.snapshot);
		END IF;
	END IF;
	IF ended IS NOT NULL THEN
		FOR earlier IN SELECT s.from_id, s.ids, s.next_xid, s.incarnation FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LOOP
			EXIT WHEN earlier.incarnation <> last.incarnation OR earlier.next_xid <= ended;
			taken := taken + earlier.ids;
			late := int8multirange(int8range(earlier.from_id, next.from_id, '(]'));
		END LOOP;
		late := late - taken;
	ELSIF next.to_id = next.from_id THEN
		sealed := 0;
		waits := respond_internal.seal_waits(last.snapshot, wide.next_xid);
		RETURN;
	END IF;

	SELECT coalesce(range_agg(int8range(r.id, r.id, '[]')), '{}'), count(*), min(r.at), max(r.at), coalesce(string_agg(r.digest, '' ORDER BY r.id), '')
	  INTO next.ids, next.row_count, next.min_at, next.max_at, next.digests
	  FROM (SELECT DISTINCT ON (a.id) a.id, a.at, respond_internal.audit_row_digest(a) AS digest
			  FROM unnest(late + int8multirange(int8range(next.from_id, next.to_id, '(]'))) AS part
			  JOIN respond.audit_log AS a ON a.id >= lower(part) AND a.id < upper(part)
			 ORDER BY a.id, a.at) AS r;
	PERFORM respond_internal.add_seal(next);
	sealed := next.row_count;
	waits := respond_internal.seal_waits(current, CASE WHEN next.to_id > next.from_id THEN pg_current_xact_id() ELSE wide.next_xid END);
END
$$;
COMMENT ON FUNCTION respond_internal.seal_block(integer, OUT bigint, OUT boolean, OUT boolean) IS
	'seals the rows of the next ids of the audit log, at most so many; more: there are further ids; waits: a transaction is open whose rows are to come';

CREATE FUNCTION respond.seal_audit() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	block record;
	rows bigint := 0;
BEGIN
	LOOP
		SELECT b.sealed, b.more INTO block FROM respond_internal.seal_block(20000) AS b;
		rows := rows + block.sealed;
		EXIT WHEN NOT block.more;
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION respond.seal_audit() IS 'seals now what is in the audit log; returns how many rows; the clock does it by itself every pg_respond.audit_seal_interval';

CREATE FUNCTION respond.audit_head() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s:%s', s.block, encode(s.hash, 'hex')) FROM respond.audit_seal AS s ORDER BY s.block DESC LIMIT 1
$$;
COMMENT ON FUNCTION respond.audit_head() IS 'number and hash of the newest block of seals, to be kept elsewhere; verify_audit(head) tells whether the log still leads to it; NULL: nothing is sealed yet';

-- Before a partition is dropped: its rows are gone for a reason.
CREATE FUNCTION respond_internal.seal_dropped(partition regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dropped respond.audit_seal;
BEGIN
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	IF NOT EXISTS (SELECT FROM respond.audit_seal) THEN
		RETURN;
	END IF;
	PERFORM respond.seal_audit();
	EXECUTE format('SELECT range_agg(int8range(a.id, a.id, ''[]'')), count(*), min(a.at), max(a.at) FROM %s AS a', partition)
		INTO dropped.ids, dropped.row_count, dropped.min_at, dropped.max_at;
	IF dropped.row_count > 0 THEN
		dropped.kind := 'dropped';
		dropped.from_id := 0;
		dropped.to_id := 0;
		dropped.snapshot := pg_current_snapshot();
		dropped.digests := '';
		PERFORM respond_internal.add_seal(dropped);
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.seal_dropped(regclass) IS 'puts on record that the rows of a partition of the audit log leave with it';

CREATE FUNCTION respond_internal.overwrite_audit(ids bigint[], names text[]) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_overwrite_audit';
COMMENT ON FUNCTION respond_internal.overwrite_audit(bigint[], text[]) IS 'for erase_audit(): replaces values and names in rows of the audit log; returns how many rows';

CREATE FUNCTION respond_internal.erase_audit(ids bigint[], names text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	erased respond.audit_seal;
	kept bytea[];
	place integer := 0;
	digest bytea;
BEGIN
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	PERFORM respond.seal_audit();
	erased.kind := 'erased';
	erased.from_id := 0;
	erased.to_id := 0;
	erased.snapshot := pg_current_snapshot();
	SELECT range_agg(int8range(a.id, a.id, '[]')), count(*), min(a.at), max(a.at),
		array_agg(respond_internal.audit_commitment(a.salt, a.actor, a.object_id, a.old, a.new, a.session_actor) ORDER BY a.id)
	  INTO erased.ids, erased.row_count, erased.min_at, erased.max_at, kept
	  FROM respond.audit_log AS a WHERE a.id = ANY (erase_audit.ids) AND a.id <@ (SELECT range_agg(u) FROM respond.audit_seal AS s, unnest(s.ids) AS u WHERE s.kind = 'rows');
	IF erased.row_count = 0 THEN
		RETURN 0;
	END IF;
	PERFORM respond_internal.overwrite_audit(ids, names);
	erased.digests := '';
	FOR digest IN SELECT respond_internal.audit_row_digest(a) FROM respond.audit_log AS a WHERE a.id = ANY (erase_audit.ids) AND a.id <@ erased.ids ORDER BY a.id LOOP
		place := place + 1;
		erased.digests := erased.digests || kept[place] || digest;
	END LOOP;
	PERFORM respond_internal.add_seal(erased);
	RETURN erased.row_count;
END
$$;
COMMENT ON FUNCTION respond_internal.erase_audit(bigint[], text[]) IS
	'erases old and new of rows of the audit log, and these names of people where they are actor, session_actor or object_id; the log still verifies; returns how many rows';

CREATE FUNCTION respond_internal.verify_block(s respond.audit_seal) RETURNS TABLE (audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found bytea;
BEGIN
	SELECT coalesce(string_agg(respond_internal.audit_row_digest(a), '' ORDER BY a.id), '') INTO found
	  FROM unnest(s.ids) AS part JOIN respond.audit_log AS a ON a.id >= lower(part) AND a.id < upper(part)
	 WHERE a.at BETWEEN s.min_at AND s.max_at;
	IF found = s.digests THEN
		RETURN;
	END IF;
	-- which of them
	RETURN QUERY
	WITH expected AS (
		SELECT e.id, substr(s.digests, 16 * (row_number() OVER (ORDER BY e.id))::integer - 15, 16) AS digest
		  FROM unnest(s.ids) AS part, generate_series(lower(part), upper(part) - 1) AS e (id)),
	erased AS (
		SELECT x.block, x.id, substr(x.digests, 48 * x.place - 47, 32) AS commitment, substr(x.digests, 48 * x.place - 15, 16) AS digest
		  FROM (SELECT z.block, z.digests, e.id, (row_number() OVER (PARTITION BY z.block ORDER BY e.id))::integer AS place
				  FROM respond.audit_seal AS z, unnest(z.ids) AS part, generate_series(lower(part), upper(part) - 1) AS e (id)
				 WHERE z.kind = 'erased' AND z.ids && s.ids) AS x
		 WHERE x.id <@ s.ids),
	present AS (
		SELECT a.id, respond_internal.audit_row_digest(a) AS digest,
			   substr(respond_internal.audit_digest(a.id, a.at, a.action, a.object_type, a.event_id, a.run_id, a.rule,
				(SELECT z.commitment FROM erased AS z WHERE z.id = a.id ORDER BY z.block LIMIT 1)), 1, 16) AS digest_before,
			   (SELECT z.digest FROM erased AS z WHERE z.id = a.id ORDER BY z.block DESC LIMIT 1) AS erased_digest
		  FROM respond.audit_log AS a WHERE a.id >= lower(s.ids) AND a.id < upper(s.ids) AND a.id <@ s.ids),
	judged AS (
		SELECT e.id, count(p.id) AS rows,
			   bool_or(CASE WHEN p.erased_digest IS NULL THEN p.digest = e.digest ELSE p.digest = p.erased_digest AND p.digest_before = e.digest END) AS good
		  FROM expected AS e LEFT JOIN present AS p ON p.id = e.id GROUP BY e.id)
	SELECT j.id, CASE WHEN j.rows = 0 THEN 'removed' ELSE 'altered' END,
		   CASE WHEN j.rows = 0 THEN 'there is no row with this id' ELSE 'the row is not the one that was sealed' END
	  FROM judged AS j
	 WHERE (j.rows = 0 AND NOT EXISTS (SELECT FROM respond.audit_seal AS z WHERE z.kind = 'dropped' AND j.id <@ z.ids))
		OR NOT j.good
	 ORDER BY j.id;
END
$$;
COMMENT ON FUNCTION respond_internal.verify_block(respond.audit_seal) IS 'rows that are not as a block of seals says';

-- Rows that no block knows.
CREATE FUNCTION respond_internal.verify_unsealed() RETURNS TABLE (audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	sealed int8multirange;
	last respond.audit_seal;
	newest CONSTANT bigint := coalesce(pg_sequence_last_value('respond.audit_log_id_seq'), 0);
BEGIN
	SELECT coalesce(range_agg(u), '{}') INTO sealed FROM respond.audit_seal AS s, unnest(s.ids) AS u WHERE s.kind = 'rows';
	SELECT s.* INTO last FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LIMIT 1;
	RETURN QUERY
	SELECT a.id, 'inserted', CASE WHEN a.id > newest THEN 'this id has not been assigned yet' ELSE 'no block has this id' END
	  FROM respond.audit_log AS a
	 WHERE (a.id <= last.to_id AND NOT a.id <@ sealed
			-- a transaction that was open when its time was sealed, and still was with the last block
			AND NOT EXISTS (SELECT FROM respond.audit_seal AS s
				WHERE s.kind = 'rows' AND s.from_id < a.id AND a.id <= s.to_id AND s.incarnation = last.incarnation
				  AND respond_internal.seal_waits(last.snapshot, s.next_xid) AND last.incarnation = respond_internal.incarnation()))
		OR (a.id > newest AND last.incarnation = respond_internal.incarnation())
	 ORDER BY a.id;
	-- a second row with an id lies in another partition, where the time of its block does not lead
	IF (SELECT count(*) FROM respond.audit_log AS a WHERE a.id <@ sealed)
		<> (SELECT coalesce(sum(CASE s.kind WHEN 'rows' THEN s.row_count WHEN 'dropped' THEN -s.row_count END), 0) FROM respond.audit_seal AS s) THEN
		RETURN QUERY
		SELECT a.id, 'inserted', 'there are several rows with this id' FROM respond.audit_log AS a WHERE a.id <@ sealed GROUP BY a.id HAVING count(*) > 1 ORDER BY a.id;
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.verify_unsealed() IS 'rows of the audit log whose id was sealed as one without a row, or was never given out';

CREATE FUNCTION respond.verify_audit(head text DEFAULT NULL) RETURNS TABLE (block bigint, audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s respond.audit_seal;
	wanted bigint := 1;
	previous bytea := decode(repeat('00', 32), 'hex');
	head_block CONSTANT bigint := CASE WHEN head ~ '^[0-9]{1,18}:[0-9a-f]{64}$' THEN split_part(head, ':', 1) END;
	head_hash CONSTANT bytea := CASE WHEN head_block IS NOT NULL THEN decode(split_part(head, ':', 2), 'hex') END;
BEGIN
	IF head IS NOT NULL AND head_block IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'head must be what audit_head() returned: the number of a block, a colon, and 64 digits';
	END IF;
	FOR s IN SELECT z.* FROM respond.audit_seal AS z ORDER BY z.block LOOP
		audit_id := NULL;
		IF s.block > wanted THEN
			block := wanted;
			fault := 'seal removed';
			detail := CASE WHEN s.block = wanted + 1 THEN 'this block is missing' ELSE format('blocks %s to %s are missing', wanted, s.block - 1) END;
			RETURN NEXT;
		END IF;
		block := s.block;
		IF s.hash <> respond_internal.seal_hash(s) THEN
			fault := 'seal altered';
			detail := 'its hash is not that of its columns';
			RETURN NEXT;
		ELSIF s.block = wanted AND s.previous <> previous THEN
			fault := 'seal altered';
			detail := 'it does not follow on the block before';
			RETURN NEXT;
		END IF;
		IF s.block = head_block AND s.hash <> head_hash THEN
			fault := 'seal altered';
			detail := 'it had another hash when the head was exported';
			RETURN NEXT;
		END IF;
		IF s.kind = 'rows' THEN
			FOR audit_id, fault, detail IN SELECT v.audit_id, v.fault, v.detail FROM respond_internal.verify_block(s) AS v LOOP
				RETURN NEXT;
			END LOOP;
		END IF;
		wanted := s.block + 1;
		previous := s.hash;
	END LOOP;
	audit_id := NULL;
	IF head_block >= wanted THEN
		block := wanted;
		fault := 'seal removed';
		detail := CASE WHEN head_block = wanted THEN 'this block is missing' ELSE format('blocks %s to %s are missing', wanted, head_block) END;
		RETURN NEXT;
	END IF;
	block := NULL;
	FOR audit_id, fault, detail IN SELECT v.audit_id, v.fault, v.detail FROM respond_internal.verify_unsealed() AS v LOOP
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.verify_audit(text) IS
	'compares the audit log with its seals: one row for each that was altered, removed or inserted, also by a superuser; none: all is as it was sealed. head: what audit_head() returned earlier';

SELECT pg_catalog.pg_extension_config_dump('respond.audit_seal', '');

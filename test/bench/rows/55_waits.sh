# Flows: steps, runs that are laid down and continue, and how long an event and a deadline take with few and with many that wait.
# The floors do by SQL what has to be written at least: a row for the run and one for the wait, and both changed when the answer is there.
runs=$((BENCH_EVENTS / 5))
many=${BENCH_WAITING:-1000000}
passed=${BENCH_PASSED:-200000}
sql <<'END'
INSERT INTO respond.rule (name, event_type, steps) VALUES
	('steps', 'bench.steps', (SELECT jsonb_agg('{"action": "set", "values": {"id": "{{data.id}}"}}'::jsonb) FROM generate_series(1, 20))),
	('answer', 'bench.ask', '[{"action": "wait", "name": "w", "event_type": "bench.answer", "for": "30 days"}, {"action": "log", "message": "{{steps.w.id}}"}]'),
	('deadline', 'bench.limit', '[{"action": "wait", "name": "w", "until": "{{data.at}}"}, {"action": "log", "message": "over"}]'),
	('late', 'bench.late', '[{"action": "wait", "name": "n", "event_type": "bench.number"}, {"action": "wait", "name": "w", "event_type": "bench.passes", "key": "{{steps.n.data.k}}"}]'),
	('many', 'bench.many', '[{"action": "wait", "name": "w", "event_type": "bench.nothing", "for": "90 days"}]');
CREATE TABLE bench.run (id bigint PRIMARY KEY, status text, saved jsonb);
CREATE TABLE bench.wait (run_id bigint, key text, due_at timestamptz);
CREATE INDEX ON bench.wait (key);
CREATE PROCEDURE bench.answer(many integer) LANGUAGE plpgsql AS $$
DECLARE
	woken bigint;
BEGIN
	FOR i IN 1 .. many LOOP
		DELETE FROM bench.wait WHERE key = 'ask/' || i RETURNING run_id INTO woken;
		UPDATE bench.run SET status = 'succeeded', saved = NULL WHERE id = woken;
		IF i % 1000 = 0 THEN COMMIT; END IF;
	END LOOP;
END $$;
CREATE PROCEDURE bench.compute(many integer) LANGUAGE plpgsql AS $$
DECLARE
	state jsonb;
BEGIN
	FOR i IN 1 .. many LOOP
		state := jsonb_build_object('id', to_jsonb(i));
	END LOOP;
END $$;
CREATE PROCEDURE bench.talk(many integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. many LOOP
		INSERT INTO respond.event (type, subject) VALUES ('bench.answer', 'talk/' || i);
		COMMIT;
		PERFORM pg_sleep(0.002);
	END LOOP;
END $$;
END

# seconds SQL: how long it takes.
seconds()
{
	local before
	before=$(server_time)
	sql -c "$1" > /dev/null
	calc "$(server_time) - $before" %.4f
}

: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	ours=$(drain $runs "INSERT INTO respond.event (type, subject, data) SELECT 'bench.steps', 's/' || n, jsonb_build_object('id', n) FROM generate_series(1, $runs) AS n")
	floor=$(seconds "CALL bench.compute($((runs * 20)))")
	echo "$(calc "$runs * 20 / $ours") $(calc "$runs * 20 / $floor")" >> "$BENCH_DIR/pairs"
done
row "steps/s of flows that stay in the database" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") plpgsql" "$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 100,000"

: > "$BENCH_DIR/armed"
: > "$BENCH_DIR/woken"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	ours=$(drain $runs "INSERT INTO respond.event (type, subject) SELECT 'bench.ask', 'ask/' || n FROM generate_series(1, $runs) AS n")
	sql -c 'TRUNCATE bench.run, bench.wait'
	floor=$(seconds "INSERT INTO bench.run SELECT n, 'waiting', jsonb_build_object('id', n) FROM generate_series(1, $runs) AS n;
		INSERT INTO bench.wait SELECT n, 'ask/' || n, now() + interval '30 days' FROM generate_series(1, $runs) AS n")
	echo "$(calc "$runs / $ours") $(calc "$runs / $floor")" >> "$BENCH_DIR/armed"
	ours=$(drain $runs "INSERT INTO respond.event (type, subject) SELECT 'bench.answer', 'ask/' || n FROM generate_series(1, $runs) AS n")
	floor=$(seconds "CALL bench.answer($runs)")
	echo "$(calc "$runs / $ours") $(calc "$runs / $floor")" >> "$BENCH_DIR/woken"
done
row "waits armed/s" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/armed" | middle)")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/armed" | middle)") two INSERTs" "$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/armed" | middle)")" ">= 10,000"
row "runs continued/s by an event" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/woken" | middle)")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/woken" | middle)") plpgsql" "$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/woken" | middle)")" ">= 10,000"

sql -c "INSERT INTO respond.event (type, subject, data) SELECT 'bench.limit', 'l/' || n, jsonb_build_object('at', now() + interval '5 s') FROM generate_series(1, $runs) AS n"
wait_until "SELECT count(*) = $runs FROM respond.run WHERE rule = 'deadline' AND status = 'succeeded'" 0.5
due=$(sql -c "SELECT $runs / extract(epoch FROM max(decided_at) - greatest(max(due_at), min(decided_at))) FROM respond.wait_decision WHERE rule = 'deadline'")
row "runs continued/s by a deadline" "$(number "$due")" "$(number "$(awk '{ print $2 }' "$BENCH_DIR/woken" | middle)") plpgsql" \
	"$(calc "$due / $(awk '{ print $2 }' "$BENCH_DIR/woken" | middle)")" ">= 10,000"

# A wait whose key comes from the step before it: what an event costs that passes it, and how long it takes to find the answer among what has passed.
late_delays()
{
	local since
	since=$(sql -c 'SELECT clock_timestamp()')
	sql -c "CALL bench.tell('$1')"
	wait_until "SELECT count(*) = 200 FROM respond.run AS r WHERE r.rule = 'late' AND r.finished_at > '$since'"
	late=$(sql -c "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM r.finished_at - e.recorded_at))
		FROM respond.run AS r JOIN respond.wait_decision AS d ON d.run_id = r.id JOIN respond.event AS e ON e.id = d.event_id
		WHERE r.rule = 'late' AND d.step = 'n' AND d.outcome = 'event' AND d.decided_at > '$since'" | tr -d '{}')
}

begin_late()
{
	sql -c "INSERT INTO respond.event (type, subject) SELECT 'bench.late', '$1/' || n FROM generate_series(1, 200) AS n"
	wait_until "SELECT count(*) = 200 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.step = 'n' AND r.status = 'waiting' AND e.subject LIKE '$1/%'"
	sql -c "INSERT INTO respond.event (type, subject) SELECT 'bench.passes', '$1' || n FROM generate_series(1, 200) AS n"
}

pass="INSERT INTO respond.event (type, subject) SELECT 'bench.passes', 'nobody/' || n FROM generate_series(1, $passed) AS n"
sql <<'END'
CREATE PROCEDURE bench.tell(run text) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 200 LOOP
		INSERT INTO respond.event (type, subject, data) VALUES ('bench.number', run || '/' || i, jsonb_build_object('k', run || i));
		COMMIT;
		PERFORM pg_sleep(0.002);
	END LOOP;
END $$;
END
begin_late few
late_delays few
few_late=$late
floor=$(drain $passed "$pass")
begin_late many
ours=$(drain $passed "$pass")
late_delays many
row "events/s that pass waits without a key" "$(number "$(calc "$passed / $ours")")" "$(number "$(calc "$passed / $floor")") no such wait" \
	"$(calc "$floor / $ours")" "-"

# Times of commits are those of the server, taken before the WAL flush: from one commit to another there is the first one's flush.
sql -c "ALTER SYSTEM SET track_commit_timestamp = on" > /dev/null
node_stop bench > /dev/null
node_start bench > /dev/null
wait_until "SELECT count(*) >= 2 FROM respond.worker WHERE state = 'idle' AND kind <> 'launcher'"

# delays: p50 and p99, in ms, from the commit of an event, and from a deadline, to the commit in which the run continued.  Nothing is
# asked while they are measured: a session that asks takes one of the cores.
delays()
{
	local since decided last
	sql -c "INSERT INTO respond.event (type, subject) SELECT 'bench.ask', 'talk/' || n FROM generate_series(1, 500) AS n"
	wait_until "SELECT count(*) = 500 FROM respond.run WHERE rule = 'answer' AND status = 'waiting'"
	since=$(sql -c 'SELECT clock_timestamp()')
	decided="FROM respond_internal.wait_decision AS d WHERE d.decided_at > '$since' AND d.rule"
	sql -c 'CALL bench.talk(500)'
	wait_until "SELECT count(*) = 500 $decided = 'answer'"
	answered=$(sql -F' ' -c "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM pg_xact_commit_timestamp(d.xmin) - pg_xact_commit_timestamp(e.xid::text::xid)))
		FROM respond_internal.wait_decision AS d JOIN respond.event AS e ON e.id = d.event_id WHERE d.rule = 'answer' AND d.decided_at > '$since'" | tr -d '{}')
	last=$(sql -c "INSERT INTO respond.event (type, subject, data) SELECT 'bench.limit', 'd/' || n, jsonb_build_object('at', now() + interval '2 s' + n * interval '4 ms') FROM generate_series(1, 500) AS n" \
		-c "SELECT now() + interval '4 s'")
	sql -c "SELECT pg_sleep_until('$last')" > /dev/null
	wait_until "SELECT count(*) = 500 $decided = 'deadline'"
	due=$(sql -F' ' -c "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM pg_xact_commit_timestamp(d.xmin) - d.due_at)) $decided = 'deadline'" | tr -d '{}')
}

two()
{
	awk -v pair="$1" 'BEGIN { split(pair, v, ","); printf "%.2f / %.2f", v[1], v[2] }'
}

row "key known -> answer found, $(number "$passed") passed, p50 / p99 (ms)" "$(two "$late")" "$(two "$few_late") none" \
	"$(calc "$(cut -d, -f1 <<< "$late") / $(cut -d, -f1 <<< "$few_late")")" "<= 2 / 10, 1.2"

delays
few_answered=$answered few_due=$due
sql -c "INSERT INTO respond.event (type, subject) VALUES ('bench.many', 'many')"
wait_until "SELECT EXISTS (SELECT FROM respond.run WHERE rule = 'many' AND status = 'waiting')"
sql <<END
CREATE TEMPORARY TABLE copy AS SELECT n, nextval('respond.run_id_seq') AS id FROM generate_series(1, $many) AS n;
INSERT INTO respond.run SELECT c.id, r.rule, r.rule_version, r.event_id, r.status, r.step, r.state, r.error, r.replay, r.started_at, r.finished_at, r.resume_at,
	r.waits_for, r.key, r.parent_id, r.paused_at, r.saved FROM respond.run AS r, copy AS c WHERE r.rule = 'many';
INSERT INTO respond_internal.wait SELECT (jsonb_populate_record(w, jsonb_build_object('run_id', c.id, 'key', 'many/' || c.n, 'key_hash', c.n::bigint * 7919))).*
	FROM respond_internal.wait AS w, copy AS c WHERE w.rule = 'many';
INSERT INTO respond_internal.timer SELECT (jsonb_populate_record(t, jsonb_build_object('id', nextval('respond_internal.timer_id_seq'), 'run_id', c.id))).*
	FROM respond_internal.timer AS t, copy AS c WHERE t.due_at > now() + interval '80 days';
END
sql -c 'VACUUM ANALYZE respond.run' -c 'VACUUM ANALYZE respond_internal.wait' -c 'VACUUM ANALYZE respond_internal.timer' -c 'CHECKPOINT'
delays
row "event -> run continued, $(number "$many") waiting, p50 / p99 (ms)" "$(two "$answered")" "$(two "$few_answered") none" \
	"$(calc "$(cut -d, -f1 <<< "$answered") / $(cut -d, -f1 <<< "$few_answered")")" "<= 2 / 10, 1.2"
row "deadline -> run continued, the same (ms)" "$(two "$due")" "$(two "$few_due") none" \
	"$(calc "$(cut -d, -f1 <<< "$due") / $(cut -d, -f1 <<< "$few_due")")" "<= 2 / 10, 1.2"
sql -c "ALTER SYSTEM RESET track_commit_timestamp" > /dev/null
before=$(server_time)
node_stop bench > /dev/null
node_start bench > /dev/null
sql -c "INSERT INTO respond.event (type, subject) VALUES ('bench.steps', 'awake')"
wait_until "SELECT EXISTS (SELECT FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.subject = 'awake')"
row "restart with them, until an event is handled (s)" "$(calc "$(server_time) - $before")" "-" "-" "-"

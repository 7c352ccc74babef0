# From commit to the request at the receiver, one event at a time, idle; and for channels beside one that hangs.  The time of the commit is
# that of the server (track_commit_timestamp), taken before its WAL flush, so the figure holds that flush as well.
samples=${LATENCY_SAMPLES:-1000}
[ -x "$BENCH_DIR/receiver" ] || cc -O2 -o "$BENCH_DIR/receiver" test/stub/receiver*.c -lssl -lcrypto
rm -f "$BENCH_DIR/latency.port" "$BENCH_DIR/latency.log"
"$BENCH_DIR/receiver" --listen 127.0.0.1:0 --log "$BENCH_DIR/latency.log" --port-file "$BENCH_DIR/latency.port" > /dev/null &
until [ -s "$BENCH_DIR/latency.port" ]; do sleep 0.01; done
url=http://127.0.0.1:$(cat "$BENCH_DIR/latency.port")
chmod a+r "$BENCH_DIR/latency.log"
sql -c "ALTER SYSTEM SET pg_respond.allowed_networks = '127.0.0.0/8'" -c "ALTER SYSTEM SET track_commit_timestamp = on" > /dev/null
node_stop bench
node_start bench
wait_until "SELECT count(*) >= 3 FROM respond.worker WHERE state = 'idle' AND kind <> 'launcher'"

# arrivals NAME PATTERN: p50 and p99 in microseconds from commit to arrival of requests whose path matches.
arrivals()
{
	sql -c 'SET client_min_messages = warning' -c "DROP TABLE IF EXISTS bench.arrival" -c "CREATE TABLE bench.arrival (line jsonb)" \
		-c "COPY bench.arrival FROM '$BENCH_DIR/latency.log' WITH (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')" \
		-c "SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)) || ' ' || round(percentile_cont(0.99) WITHIN GROUP (ORDER BY us))
			  FROM (SELECT ((a.line ->> 't')::numeric - extract(epoch FROM pg_xact_commit_timestamp(e.xid::text::xid))) * 1000000 AS us
					  FROM bench.arrival AS a
					  JOIN respond.delivery AS d ON d.key = (a.line #>> '{headers,webhook-id}')::uuid
					  JOIN respond.event AS e ON e.id = d.event_id
					 WHERE a.line ->> 'path' ~ '$1') AS s"
}

# emit_each TYPE: single events, one after the other, each with a pause that lets the one before arrive.
emit_each()
{
	echo "INSERT INTO respond.event (type, subject) VALUES ('$1', 'probe');" > "$BENCH_DIR/emit.sql"
	"$BIN/pgbench" -n -M prepared -c 1 -j 1 -t "$samples" --rate=400 -f "$BENCH_DIR/emit.sql" bench >> "$BENCH_DIR/pgbench.log" 2>&1
	wait_until "SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending' AND channel NOT LIKE 'hanging%'"
}

sql -c "INSERT INTO respond.channel (name, kind, url) VALUES ('fast', 'webhook', '$url/ok')" \
	-c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('fast', 'bench.fast', '[{\"action\": \"notify\", \"channel\": \"fast\"}]')"
emit_each bench.fast
read -r p50 p99 < <(arrivals '^/ok$')
row "commit -> request at the receiver, idle, p50 / p99 (us)" "$p50 / $p99" "-" "" "<= 2,000 / 10,000"

# 200 channels that answer, each event through one of them; then the same beside a channel that hangs with all the requests it may have.
sql -c "INSERT INTO respond.channel (name, kind, url) SELECT 'many ' || n, 'webhook', '$url/ok/' || n FROM generate_series(0, 199) AS n" \
	-c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('many', 'bench.many', '[{\"action\": \"notify\", \"channel\": \"many {{data.n}}\"}]')"
many()
{
	echo "\\set n random(0, 199)
INSERT INTO respond.event (type, data) VALUES ('bench.many', jsonb_build_object('n', :n::int));" > "$BENCH_DIR/many.sql"
	: > "$BENCH_DIR/latency.log"
	"$BIN/pgbench" -n -M prepared -c 4 -j 1 -t "$((samples / 2))" --rate=1000 -f "$BENCH_DIR/many.sql" bench >> "$BENCH_DIR/pgbench.log" 2>&1
	wait_until "SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending' AND channel LIKE 'many%'"
	arrivals '^/ok/'
}
read -r alone50 alone99 < <(many)
sql -c "INSERT INTO respond.channel (name, kind, url, timeout) VALUES ('hanging', 'webhook', '$url/hang', '60 s')" \
	-c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('hanging', 'bench.hanging', '[{\"action\": \"notify\", \"channel\": \"hanging\"}]')" \
	-c "INSERT INTO respond.event (type) SELECT 'bench.hanging' FROM generate_series(1, 1000)"
wait_until "SELECT count(*) = 1000 FROM respond.delivery WHERE channel = 'hanging'"
read -r beside50 beside99 < <(many)
row "200 fast channels beside a hanging one, p99 (us), against without it" "$beside99" "$alone99" "$(calc "$beside99 / $alone99")" "< 2"

# answers: p50 and p99 in microseconds from the end of a request, as the courier saw it, to the commit in which its run continued.
answers()
{
	local since
	since=$(sql -c 'SELECT clock_timestamp()')
	emit_each bench.ask
	wait_until "SELECT count(*) = $samples FROM respond.run WHERE rule = 'ask' AND status = 'succeeded' AND started_at > '$since'" 0.5
	sql -c "SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)) || ' / ' || round(percentile_cont(0.99) WITHIN GROUP (ORDER BY us))
			  FROM (SELECT extract(epoch FROM pg_xact_commit_timestamp(d.xmin) - (a.at + a.duration)) * 1000000 AS us
					  FROM respond_internal.wait_decision AS d
					  JOIN respond.delivery AS s ON s.run_id = d.run_id
					  JOIN respond.attempt AS a ON a.delivery_id = s.id
					 WHERE d.rule = 'ask' AND d.decided_at > '$since') AS s"
}

sql -c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('ask', 'bench.ask', '[{\"action\": \"request\", \"channel\": \"fast\", \"timeout\": \"10 min\"}]')"
beside=$(answers)
sql -c "UPDATE respond.channel SET enabled = false WHERE name = 'hanging'" -c "SELECT respond.discard(id) FROM respond.delivery WHERE channel = 'hanging' AND status = 'pending'" > /dev/null
node_stop bench
node_start bench
wait_until "SELECT count(*) >= 3 FROM respond.worker WHERE state = 'idle' AND kind <> 'launcher'"
row "request answered -> run continued, beside hanging ones, p50 / p99 (us)" "$beside" "$(answers) idle" "" "<= 2,000 / 10,000"

# From the acknowledged COMMIT to the visible ticket, idle and with producers at half of what the workers can take.
# The floor is a trigger that opens the ticket and notifies within the producer's transaction: nothing is left to do after commit
# but to hear of it.  The ratio is that of the times from sending COMMIT, since the floor's from its acknowledgement are near zero.
sql -c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('latency probe', 'probe.latency', '[{\"action\": \"ticket\", \"subject\": \"probe {{id}}\"}]'),
	('order', 'bench.order', '[{\"action\": \"ticket\", \"subject\": \"Order {{data.id}} failed\"}]')" \
	-c "INSERT INTO respond.route (name, event_type, notify_channel, payload) VALUES ('latency probe', 'probe.latency', 'probe', '{{id}}')" \
	-c "CREATE INDEX IF NOT EXISTS bench_ticket_event ON respond.ticket (event_id)" -c "CREATE INDEX ON bench.job_ticket (event_id)"
samples=${LATENCY_SAMPLES:-1000}

# latency ARGUMENT...: sets p50, p99 and the other names that the probe prints.
latency()
{
	local line
	line=$("$BENCH_DIR/probe" "$@") || die "the latency probe failed: $line"
	eval "${line// /;}"
}

latency "$samples" 500 "INSERT INTO bench.direct (subject) VALUES ('probe') RETURNING id" \
	'SELECT count(*) FROM bench.job_ticket WHERE event_id = $1::bigint'
floor="$p50 / $p99" floor_p50=$sent_p50
latency "$samples" 500
row "commit -> ticket visible, idle, p50 / p99 (us)" "$p50 / $p99" "$floor NOTIFY only" "$(calc "$sent_p50 / $floor_p50")" "<= 1,000 / 5,000"

rate=$(calc "${FULL_LOAD:-10000} / 2 / 10" %.0f)
echo "INSERT INTO respond.event (type, subject, data) SELECT 'bench.order', 'order/' || n, jsonb_build_object('id', n) FROM generate_series(1, 10) AS n;" > "$BENCH_DIR/produce.sql"
"$BIN/pgbench" -n -M prepared -c 2 -j 1 -T 60 --rate="$rate" -f "$BENCH_DIR/produce.sql" bench >> "$BENCH_DIR/pgbench.log" 2>&1 &
load=$!
wait_until "SELECT count(*) > 1000 FROM respond.run"
latency "$samples" 500
kill "$load" 2> /dev/null || true
wait "$load" 2> /dev/null || true
row "the same at half load ($(number "$((rate * 10))") events/s)" "$p50 / $p99" "$floor NOTIFY only" "$(calc "$sent_p50 / $floor_p50")" "<= 1,000 / 5,000"

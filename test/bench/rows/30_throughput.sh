# Events through match, ticket, run and audit, one dispatcher: a backlog worked off, and with producers running.
# Beside it the SKIP LOCKED job table that does the same in plpgsql.
events=$((BENCH_EVENTS / 4))
sql -c "INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('order', 'bench.order', '{\"data\": {\"status\": [\"failed\"]}}',
	'[{\"action\": \"ticket\", \"subject\": \"Order {{data.id}} failed\"}]')"
order="'bench.order', 'order/' || n, jsonb_build_object('id', n, 'status', 'failed') FROM generate_series(1, $events) AS n"

: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	ours=$(drain $events "INSERT INTO respond.event (type, subject, data) SELECT $order")
	sql -c "INSERT INTO bench.job (type, subject, data) SELECT $order" -c 'CHECKPOINT'
	before=$(server_time)
	sql -c 'CALL bench.work_off()' > /dev/null
	echo "$(calc "$events / $ours") $(calc "$events / ($(server_time) - $before)")" >> "$BENCH_DIR/pairs"
done
FULL_LOAD=$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)
row "events/s through match, ticket, run, audit: backlog of $events" "$(number "$FULL_LOAD")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") SKIP LOCKED" \
	"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 10,000"

# Producers record a hundred events in each transaction, faster than they are handled; what counts is what was handled in that time.
echo "INSERT INTO respond.event (type, subject, data) SELECT 'bench.order', 'order/' || n, jsonb_build_object('id', n, 'status', 'failed')
	FROM generate_series(1, 100) AS n;" | tr '\n' ' ' > "$BENCH_DIR/produce.sql"
first=$(sql -c "SELECT count(*) FROM respond.run")
before=$(server_time)
produced=$("$BIN/pgbench" -n -M prepared -c 2 -j 1 -T $((BENCH_SECONDS * 2)) -f "$BENCH_DIR/produce.sql" bench 2>> "$BENCH_DIR/pgbench.log" |
	sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p')
last=$(sql -c "SELECT count(*) FROM respond.run")
row "the same while 2 clients produce ($(number "$((produced * 100 / (BENCH_SECONDS * 2)))") recorded/s)" \
	"$(number "$(calc "($last - $first) / ($(server_time) - $before)")")" "-" "-" ">= 10,000"

# Throughput with a forgotten transaction that holds an old snapshot, and a backlog, against without.  Tickets are opened for one in ten.
# The SKIP LOCKED job table shows what such a snapshot does to a table whose rows are deleted.
sql -c "INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('order', 'bench.order', '{\"data\": {\"status\": [\"failed\"]}}',
	'[{\"action\": \"ticket\", \"subject\": \"Order {{data.id}} failed\"}]')"
order="'bench.order', 'order/' || n, jsonb_build_object('id', n, 'status', CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'paid' END)"
jobs=$((BENCH_EVENTS / 10))

# work_off: events/s of ours and jobs/s of the stand-in.
work_off()
{
	local ours before
	ours=$(drain $BENCH_EVENTS "INSERT INTO respond.event (type, subject, data) SELECT $order FROM generate_series(1, $BENCH_EVENTS) AS n")
	sql -c "INSERT INTO bench.job (type, subject, data) SELECT $order FROM generate_series(1, $jobs) AS n"
	before=$(server_time)
	sql -c 'CALL bench.work_off()' > /dev/null
	echo "$(calc "$BENCH_EVENTS / $ours") $(calc "$jobs / ($(server_time) - $before)")"
}

work_off > /dev/null
: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	fresh=$(work_off)
	coproc HOLDER { "$BIN/psql" -XqAt 2>&1; }
	holder=$HOLDER_PID
	echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'held' FROM respond.event LIMIT 1;" >&"${HOLDER[1]}"
	read -r _ <&"${HOLDER[0]}"
	work_off > /dev/null
	echo "$(work_off) $fresh" >> "$BENCH_DIR/pairs"
	echo 'ROLLBACK; \q' >&"${HOLDER[1]}"
	wait "$holder" || true
	sql -c 'VACUUM bench.job'
done
row "events/s, old snapshot held, backlog of $BENCH_EVENTS, against fresh" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
	"$(number "$(awk '{ print $3 }' "$BENCH_DIR/pairs" | middle)") fresh" "$(calc "$(awk '{ print $1 / $3 }' "$BENCH_DIR/pairs" | middle)")" ">= 0.95"
row "    the same for the SKIP LOCKED job table" "$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)")" \
	"$(number "$(awk '{ print $4 }' "$BENCH_DIR/pairs" | middle)") fresh" "$(calc "$(awk '{ print $2 / $4 }' "$BENCH_DIR/pairs" | middle)")" "-"

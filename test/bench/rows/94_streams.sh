# Streams of events: from commit to a client that follows one, as 82_delivery_latency has it, and memory that belongs to the program and
# to the worker alone with BENCH_STREAMS streams open, less what they had before.  Then the same with so many streams open, each with a type
# of its own, of which one wants the event; and until all have it that follow the same.
samples=${LATENCY_SAMPLES:-1000}
streams=${BENCH_STREAMS:-10000}
gcc -O2 -o "$BENCH_DIR/stream_load" test/bench/stream_load.c
stream_port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
stream_dir=$(mktemp -d --tmpdir=/tmp --suffix=.pg_respond)
sql -c "ALTER SYSTEM SET track_commit_timestamp = on" -c "ALTER SYSTEM SET pg_respond.gateway_listen = '127.0.0.1:$stream_port'" \
	-c "ALTER SYSTEM SET pg_respond.gateway_max_connections = $((streams + 100))" > /dev/null
node_stop bench
node_start bench
wait_until "SELECT coalesce(bool_and(listening), false) FROM respond.gateway"
wait_until "SELECT count(*) >= 3 FROM respond.worker WHERE state = 'idle' AND kind <> 'launcher'"
stream_token=$(sql -c "SELECT respond.create_token('bench', 'respond_auditor', '{stream}')")
mkfifo "$stream_dir/end"

# stream_follow NUMBER [OTHER]: so many streams are followed when it returns; the events of the first one go to a file.
stream_follow()
{
	"$BENCH_DIR/stream_load" "$stream_port" "/bench/v1/stream?type=bench.stream" "$stream_token" "$@" \
		< "$stream_dir/end" > "$stream_dir/came" &
	stream_pid=$!
	exec 7> "$stream_dir/end"
	for ((tries = 0; tries < 12000; tries++)); do
		! grep -q ready "$stream_dir/came" || return 0
		kill -0 "$stream_pid" || die "the streams did not begin"
		sleep 0.01
	done
	die "waited two minutes for streams"
}

stream_leave()
{
	exec 7>&-
	wait "$stream_pid"
}

# stream_memory PID...: kB that no other process shares.
stream_memory()
{
	for pid in "$@"; do
		cat "/proc/$pid/smaps_rollup"
	done | awk '/^Private/ { kb += $2 } END { print kb }'
}

# The gateway may answer later than it listens.
for ((tries = 0; tries < 1000; tries++)); do
	! perl -MHTTP::Tiny -e 'exit(HTTP::Tiny->new->get($ARGV[0])->{status} == 401 ? 0 : 1)' "http://127.0.0.1:$stream_port/bench/v1/stream" || break
	sleep 0.01
done

echo "INSERT INTO respond.event (type, subject) VALUES ('bench.stream', 'probe');" > "$BENCH_DIR/stream.sql"
chmod a+rx "$stream_dir"

# stream_latency: events, one after the other; prints the middle one and the 99th of a hundred in us.
stream_latency()
{
	"$BIN/pgbench" -n -M prepared -c 1 -j 1 -t "$samples" --rate=400 -f "$BENCH_DIR/stream.sql" bench >> "$BENCH_DIR/pgbench.log" 2>&1
	for ((tries = 0; tries < 3000; tries++)); do
		[ "$(grep -c '^[0-9]*-' "$stream_dir/came")" -lt "$samples" ] || break
		sleep 0.01
	done
	sed -n 's/^\([0-9]*\)-[0-9a-f]* /\1 /p' "$stream_dir/came" > "$stream_dir/times"
	chmod a+r "$stream_dir/times"
	sql -c 'DROP TABLE IF EXISTS bench.came' -c 'CREATE TABLE bench.came (id bigint, t numeric)' \
		-c "COPY bench.came FROM '$stream_dir/times' WITH (DELIMITER ' ')" 2>> "$BENCH_DIR/pgbench.log"
	[ "$(sql -c 'SELECT count(DISTINCT id) FROM bench.came')" = "$samples" ] || die "not each event came"
	sql -c "
	SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)) || ' / ' || round(percentile_cont(0.99) WITHIN GROUP (ORDER BY us))
	  FROM (SELECT (c.t - extract(epoch FROM pg_xact_commit_timestamp(e.xid::text::xid))) * 1000000 AS us
			  FROM bench.came AS c
			  JOIN respond.event AS e USING (id)) AS s"
}

stream_follow 1
row "commit -> client of a stream, idle, p50 / p99 (us)" "$(stream_latency)" "-" "" "p50 <= 2,000"
stream_leave

stream_pids=$(sql -c "SELECT pid FROM respond.gateway WHERE pid IS NOT NULL UNION ALL
	SELECT pid FROM respond.worker WHERE kind = 'gateway' AND coalesce(lane, 1) = 1")
# shellcheck disable=SC2086
stream_before=$(stream_memory $stream_pids)
stream_follow "$streams"
# until all have each of some events, in ms
for ((event = 1; event <= 11; event++)); do
	sql -f "$BENCH_DIR/stream.sql"
	for ((tries = 0; tries < 6000; tries++)); do
		[ "$(grep -c '^all' "$stream_dir/came")" -lt "$event" ] || break
		sleep 0.01
	done
done
stream_all=$(sql -c "SELECT extract(epoch FROM pg_xact_commit_timestamp(xid::text::xid)) FROM respond.event WHERE type = 'bench.stream' ORDER BY id DESC LIMIT 11" |
	sort -g | paste -d' ' - <(sed -n 's/^all //p' "$stream_dir/came") | awk '{ printf "%.1f\n", ($2 - $1) * 1000 }' | middle)
# shellcheck disable=SC2086
stream_after=$(stream_memory $stream_pids)
stream_leave
row "memory of program and worker, $(number "$streams") streams (MB)" "$(calc "($stream_after - $stream_before) / 1024" %.1f)" \
	"$(calc "$stream_before / 1024" %.1f) without any" "$(calc "($stream_after - $stream_before) / $streams" %.1f) kB" "< 100 for 10,000"

stream_follow "$streams" "/bench/v1/stream?type=bench.other.%d"
row "the same beside $(number "$streams") streams of other types (us)" "$(stream_latency)" "-" "" "p50 <= 2,000"
stream_leave
stream_bare=$(for _ in 1 2 3 4 5; do "$BENCH_DIR/stream_load" floor "$streams" 420; done | middle)
row "commit -> all of $(number "$streams") streams that want it (ms, median)" "$stream_all" "$stream_bare bare sends" "$(calc "$stream_all / $stream_bare")" "-"
sql -c 'ALTER SYSTEM RESET pg_respond.gateway_listen' -c 'ALTER SYSTEM RESET pg_respond.gateway_max_connections' -c 'SELECT pg_reload_conf()' > /dev/null
rm -rf "$stream_dir"

# What leaves the database: a receiver of our own on the same machine (test/stub/receiver.c), beside a bare libcurl loop at the same
# concurrency against the same receiver.  The deliveries are recorded first, with the channel disabled; then it is enabled.
deliveries=${BENCH_DELIVERIES:-40000}
cc -O2 -o "$BENCH_DIR/receiver" test/stub/receiver*.c -lssl -lcrypto
cc -O2 -o "$BENCH_DIR/curl_loop" test/bench/curl_loop.c -lcurl
rm -f "$BENCH_DIR/receiver.port"
"$BENCH_DIR/receiver" --listen 127.0.0.1:0 --quiet --port-file "$BENCH_DIR/receiver.port" > /dev/null &
until [ -s "$BENCH_DIR/receiver.port" ]; do sleep 0.01; done
url=http://127.0.0.1:$(cat "$BENCH_DIR/receiver.port")
sql -c "ALTER SYSTEM SET pg_respond.allowed_networks = '127.0.0.0/8'" -c 'SELECT pg_reload_conf()' > /dev/null

# record_deliveries COUNT: so many pending deliveries of channel "bench", which is disabled.
record_deliveries()
{
	sql -c "UPDATE respond.channel SET enabled = false WHERE name = 'bench'" \
		-c "INSERT INTO respond.event (type, subject, data) SELECT 'bench.deliver', 'order/' || n, jsonb_build_object('id', n, 'text', repeat('x', 250)) FROM generate_series(1, $1) AS n"
	wait_until "SELECT count(*) = $1 FROM respond.delivery WHERE status = 'pending'"
	sql -c 'CHECKPOINT'
}

# send_deliveries COUNT: enables the channel; prints deliveries per second until the last outcome.
send_deliveries()
{
	local since
	since=$(sql -c "UPDATE respond.channel SET enabled = true WHERE name = 'bench'" -c 'SELECT clock_timestamp()')
	wait_until "SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending'"
	sql -c "SELECT $1 / extract(epoch FROM max(finished_at) - '$since') FROM respond.delivery WHERE finished_at > '$since'"
}

loop_rate()
{
	"$BENCH_DIR/curl_loop" "$url/ok" "$1" 64 | sed -n 's/.*rate=\([0-9.]*\).*/\1/p'
}

sql -c "INSERT INTO respond.channel (name, kind, url, concurrency, enabled) VALUES ('bench', 'webhook', '$url/ok', 64, false)" \
	-c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('deliver', 'bench.deliver', '[{\"action\": \"notify\", \"channel\": \"bench\", \"text\": \"Order {{data.id}}\"}]')"
: > "$BENCH_DIR/ratios"
for _ in $(seq "$BENCH_REPEAT"); do
	record_deliveries "$deliveries"
	ours=$(send_deliveries "$deliveries")
	floor=$(loop_rate "$deliveries")
	echo "$(calc "$ours / $floor") $ours $floor" >> "$BENCH_DIR/ratios"
done
read -r ratio ours floor < <(sort -g "$BENCH_DIR/ratios" | awk '{ v[NR] = $0 } END { print v[int((NR + 1) / 2)] }')
row "deliveries/s with recorded outcome, 64 at a time, one channel" "$(number "$ours")" "$(number "$floor") bare libcurl" "$ratio" ">= 10,000, >= 0.5"

# Events through match, run and delivery with the workers running and the receiver answering.
sql -c "UPDATE respond.channel SET enabled = true WHERE name = 'bench'"
before=$(server_time)
sql -c "INSERT INTO respond.event (type, subject, data) SELECT 'bench.deliver', 'order/' || n, jsonb_build_object('id', n, 'text', repeat('x', 250)) FROM generate_series(1, $deliveries) AS n"
wait_until "SELECT sum(events) = 0 FROM respond.lag"
wait_until "SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending'"
after=$(sql -c "SELECT extract(epoch FROM max(finished_at)) FROM respond.delivery")
delivered=$(calc "$deliveries / ($after - $before)")
row "events/s through match, run, delivery and recorded outcome" "$(number "$delivered")" "-" "" ">= 10,000"

# Runs that ask and continue with the answer: recorded, sent, answered, and the run's next step done.
sql -c "INSERT INTO respond.channel (name, kind, url, concurrency) VALUES ('ask', 'webhook', '$url/ok', 64)" \
	-c "INSERT INTO respond.rule (name, event_type, steps) VALUES ('ask', 'bench.request', '[{\"action\": \"request\", \"name\": \"r\", \"channel\": \"ask\", \"body\": {\"id\": \"{{data.id}}\"}, \"timeout\": \"10 min\"}, {\"action\": \"log\", \"message\": \"{{steps.r.status}}\"}]')"
before=$(server_time)
sql -c "INSERT INTO respond.event (type, subject, data) SELECT 'bench.request', 'order/' || n, jsonb_build_object('id', n, 'text', repeat('x', 250)) FROM generate_series(1, $deliveries) AS n"
wait_until "SELECT sum(events) = 0 FROM respond.lag"
wait_until "SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending'"
wait_until "SELECT count(*) = $deliveries FROM respond.run WHERE rule = 'ask' AND status = 'succeeded'" 0.5
after=$(sql -c "SELECT extract(epoch FROM max(finished_at)) FROM respond.run WHERE rule = 'ask'")
asked=$(calc "$deliveries / ($after - $before)")
row "requests/s: run begun, laid down, answered, continued" "$(number "$asked")" "$(number "$delivered") events delivered" "$(calc "$asked / $delivered")" "as deliveries/s"

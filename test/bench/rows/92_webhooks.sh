# Signed webhooks through the gateway: accepted, and on disk before they are answered.  Beside nginx, which answers 204 and keeps
# nothing, and beside a bare INSERT of such rows: one in each transaction of 64 clients, and 64 in each transaction of one client, as
# the worker writes what came at once.  All share the machine with their callers.
gcc -O2 -o "$BENCH_DIR/web_load" test/bench/web_load.c -lcrypto
hook_dir=$(mktemp -d --tmpdir=/tmp --suffix=.pg_respond)
chmod 711 "$hook_dir"
read -r hook_port nginx_port < <(perl -MIO::Socket::INET -e '
	my @sockets = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 2;
	print join(" ", map { $_->sockport } @sockets), "\n"')
cat > "$hook_dir/nginx.conf" <<-END
	worker_processes 1; daemon off; pid $hook_dir/nginx.pid; error_log /dev/null;
	events { worker_connections 4096; }
	http {
		access_log off; keepalive_requests 1000000000;
		server { listen 127.0.0.1:$nginx_port; location / { return 204; } }
	}
END
nginx -e /dev/null -c "$hook_dir/nginx.conf" &
nginx_pid=$!
hook_secret=whsec_$(printf 'bench%.0s' {1..6} | base64)
printf '0123456789abcdef%.0s' {1..4} > "$hook_dir/key"
chmod 600 "$hook_dir/key"
chown --reference="$(sql -c 'SHOW data_directory')" "$hook_dir/key"
sql -c "ALTER SYSTEM SET pg_respond.secret_key_file = '$hook_dir/key'" \
	-c "ALTER SYSTEM SET pg_respond.gateway_listen = '127.0.0.1:$hook_port'" -c 'SELECT pg_reload_conf()' > /dev/null
wait_until "SELECT setting <> '' FROM pg_settings WHERE name = 'pg_respond.secret_key_file'"
sql -c "INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('bench', 'standard_webhooks', '$hook_secret')"
for ((tries = 0; tries < 1000; tries++)); do
	! "$BENCH_DIR/web_load" "$hook_port" /bench/in/bench 1 0.01 0 "$hook_secret" > /dev/null 2>&1 ||
		! "$BENCH_DIR/web_load" "$nginx_port" / 1 0.01 > /dev/null 2>&1 || break
	sleep 0.01
done

# hooks CONNECTIONS: "rate p50 p99 failed" of signed requests; the bench ends when one is not accepted.
hooks()
{
	"$BENCH_DIR/web_load" "$hook_port" /bench/in/bench "$1" "$BENCH_SECONDS" 0 "$hook_secret" || die "not all webhooks were accepted"
}

hook_row="'order.created', '/bench', gen_random_uuid()::text, jsonb_build_object('type', 'order.created', 'data', jsonb_build_object('id', 1, 'note', repeat('x', 970)))"
sql -c 'CREATE UNIQUE INDEX bare_event_key ON bench.bare_event (source, key)'
echo "INSERT INTO bench.bare_event (type, source, key, data) VALUES ($hook_row);" > "$BENCH_DIR/hook_one.sql"
echo "INSERT INTO bench.bare_event (type, source, key, data) SELECT $hook_row FROM generate_series(1, 64);" > "$BENCH_DIR/hook_many.sql"
: > "$BENCH_DIR/hooks"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	read -r ours _ < <(hooks 64)
	read -r empty _ < <("$BENCH_DIR/web_load" "$nginx_port" / 64 "$BENCH_SECONDS" 0 "$hook_secret")
	one=$(tps 64 "$BENCH_DIR/hook_one.sql")
	many=$(calc "64 * $(tps 1 "$BENCH_DIR/hook_many.sql")")
	echo "$ours $empty $one $many" >> "$BENCH_DIR/hooks"
done

# hook_row_of WHAT COLUMN NAME GOAL: ours beside that column.
hook_row_of()
{
	row "$1" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/hooks" | middle)")" \
		"$(number "$(awk -v n="$2" '{ print $n }' "$BENCH_DIR/hooks" | middle)") $3" \
		"$(calc "$(awk -v n="$2" '{ print $1 / $n }' "$BENCH_DIR/hooks" | middle)")" "$4"
}

hook_row_of "webhooks accepted and on disk, 64 connections (requests/s)" 2 "nginx, 204" ">= 20,000"
hook_row_of "the same beside rows inserted by 64 clients" 3 "bare INSERT" ">= 1"
hook_row_of "the same beside rows inserted 64 at a time" 4 "bare INSERT" "-"
: > "$BENCH_DIR/hooks"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	hooks 1 >> "$BENCH_DIR/hooks"
done
hook_median=$(awk '{ print $2 }' "$BENCH_DIR/hooks" | middle)
insert_median=$(calc "1000 / $(tps 1 "$BENCH_DIR/hook_one.sql")" %.3f)
row "one connection: until it is answered, p50 / p99 (ms)" "$hook_median / $(awk '{ print $3 }' "$BENCH_DIR/hooks" | middle)" \
	"$insert_median bare INSERT, mean" "$(calc "$hook_median / $insert_median")" "<= 1.5"
sql -c 'ALTER SYSTEM RESET pg_respond.gateway_listen' -c 'ALTER SYSTEM RESET pg_respond.secret_key_file' -c 'SELECT pg_reload_conf()' > /dev/null
kill "$nginx_pid" 2> /dev/null || true
wait "$nginx_pid" 2> /dev/null || true
rm -rf "$hook_dir"

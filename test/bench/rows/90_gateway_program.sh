# The program that meets callers, with a worker that answers at once, against nginx that answers 204 itself: requests with bodies of
# 1 kB on connections that stay; and the same beside 1,000 callers that send a byte now and then.  The machine is shared with the
# callers, so both figures are far below what a server alone would show.
gcc -O2 -o "$BENCH_DIR/web_load" test/bench/web_load.c -lcrypto
gcc -O2 -Isrc -o "$BENCH_DIR/web_worker" test/bench/web_worker.c src/companion/frame.c src/companion/frame_socket.c
version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" pg_respond.control)
read -r gateway_port nginx_port < <(perl -MIO::Socket::INET -e '
	my @sockets = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. 2;
	print join(" ", map { $_->sockport } @sockets), "\n"')
web_dir=$(mktemp -d --tmpdir=/tmp --suffix=.pg_respond)
cat > "$web_dir/nginx.conf" <<-END
	worker_processes 1; daemon off; pid $web_dir/nginx.pid; error_log /dev/null;
	events { worker_connections 4096; }
	http {
		access_log off; keepalive_requests 1000000000;
		server { listen 127.0.0.1:$nginx_port; location / { return 204; } }
	}
END
nginx -e /dev/null -c "$web_dir/nginx.conf" &
web_pids=$!
mkfifo "$web_dir/end"
"$BENCH_DIR/web_worker" "$PKGLIB/pg_respond_gateway" "$version" "$gateway_port" "$web_dir" < "$web_dir/end" > "$web_dir/ready" &
web_pids="$web_pids $!"
exec 7> "$web_dir/end"
for ((tries = 0; tries < 1000; tries++)); do
	[ ! -s "$web_dir/ready" ] || ! "$BENCH_DIR/web_load" "$nginx_port" / 1 0.01 > /dev/null 2>&1 || break
	sleep 0.01
done

# web_pairs CONNECTIONS: lines "rate p50 p99" of ours, and of nginx, into files.
web_pairs()
{
	: > "$BENCH_DIR/web_ours"
	: > "$BENCH_DIR/web_floor"
	for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
		"$BENCH_DIR/web_load" "$gateway_port" /bench/in/x "$1" "$BENCH_SECONDS" >> "$BENCH_DIR/web_ours"
		"$BENCH_DIR/web_load" "$nginx_port" / "$1" "$BENCH_SECONDS" >> "$BENCH_DIR/web_floor"
	done
}

# column FILE NUMBER: its middle.
column()
{
	awk -v n="$2" '{ print $n }' "$BENCH_DIR/$1" | middle
}

web_pairs 64
row "gateway program, 64 connections (requests/s)" "$(number "$(column web_ours 1)")" "$(number "$(column web_floor 1)") nginx" \
	"$(calc "$(column web_ours 1) / $(column web_floor 1)")" ">= 0.7"
web_pairs 1
row "gateway program, one connection (ms, median)" "$(column web_ours 2)" "$(column web_floor 2) nginx" \
	"$(calc "$(column web_ours 2) / $(column web_floor 2)")" "<= 4"
: > "$BENCH_DIR/web_alone"
: > "$BENCH_DIR/web_slow"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	"$BENCH_DIR/web_load" "$gateway_port" /bench/in/x 16 "$BENCH_SECONDS" >> "$BENCH_DIR/web_alone"
	"$BENCH_DIR/web_load" "$gateway_port" /bench/in/x 16 "$BENCH_SECONDS" 1000 >> "$BENCH_DIR/web_slow"
done
row "the same beside 1,000 slow callers (ms, 99 of 100)" "$(column web_slow 3)" "$(column web_alone 3) alone" \
	"$(calc "$(column web_slow 3) / $(column web_alone 3)")" "<= 1.5"
exec 7>&-
# shellcheck disable=SC2086
kill $web_pids 2> /dev/null || true
# shellcheck disable=SC2086
wait $web_pids 2> /dev/null || true
rm -rf "$web_dir"

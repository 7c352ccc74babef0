# One INSERT into respond.event, against the same into a bare table of the same columns with its primary key.
# The workers run, so the CPU they take counts against us.
columns="(type, subject, data) VALUES ('order.created', 'order/' || :n, '{\"id\": 1, \"status\": \"new\", \"customer\": {\"name\": \"Ada\", \"mail\": \"ada@example.org\"}}')"
printf '%s\n' '\set n random(1, 1000000)' "INSERT INTO respond.event $columns;" > "$BENCH_DIR/insert_ours.sql"
printf '%s\n' '\set n random(1, 1000000)' "INSERT INTO bench.bare_event $columns;" > "$BENCH_DIR/insert_bare.sql"

for clients in 1 8 32; do
	: > "$BENCH_DIR/pairs"
	for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
		echo "$(tps $clients "$BENCH_DIR/insert_ours.sql") $(tps $clients "$BENCH_DIR/insert_bare.sql")" >> "$BENCH_DIR/pairs"
	done
	row "INSERT into event, $clients clients (rows/s)" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
		"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") bare table" \
		"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 0.9"
done

bulk="(type, subject, data) SELECT 'order.created', 'order/' || n, '{\"id\": 1, \"status\": \"new\"}' FROM generate_series(1, 1000) AS n"
echo "INSERT INTO respond.event $bulk;" > "$BENCH_DIR/insert_ours.sql"
echo "INSERT INTO bench.bare_event $bulk;" > "$BENCH_DIR/insert_bare.sql"
: > "$BENCH_DIR/pairs"
sql -c "SELECT respond.hold('bench')" > /dev/null
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	echo "$(tps 1 "$BENCH_DIR/insert_ours.sql") $(tps 1 "$BENCH_DIR/insert_bare.sql")" >> "$BENCH_DIR/pairs"
done
row "INSERT of 1,000 rows into event, workers held (rows/s)" "$(number "$(calc "1000 * $(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")")" \
	"$(number "$(calc "1000 * $(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)")") bare table" \
	"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 0.9"

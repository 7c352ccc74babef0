# Events that match none of 1,000 rules: half of the rules are for other types, half share the type and differ in a value.
# The floor is one session reading the same events.
sql -c "INSERT INTO respond.rule (name, event_type, pattern, steps)
	SELECT 'rule ' || n, CASE WHEN n % 2 = 0 THEN 'other.type' || n ELSE 'bench.quiet' END,
		jsonb_build_object('data', jsonb_build_object('status', jsonb_build_array('status ' || n), 'region', jsonb_build_array('north'))),
		'[{\"action\": \"log\", \"text\": \"never\"}]' FROM generate_series(1, 1000) AS n"
quiet="INSERT INTO respond.event (type, subject, data)
	SELECT 'bench.quiet', 'order/' || n, jsonb_build_object('id', n, 'status', 'status x', 'region', 'north', 'note', repeat('x', 100))
	FROM generate_series(1, $BENCH_EVENTS) AS n"
: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	ours=$(drain $BENCH_EVENTS "$quiet")
	floor=$(sql -c '\timing on' -c "SELECT count(*), max(id), max(length(data ->> 'status')) FROM (SELECT * FROM respond.event ORDER BY id DESC LIMIT $BENCH_EVENTS) AS e" |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')
	echo "$(calc "$BENCH_EVENTS / $ours") $(calc "$BENCH_EVENTS * 1000 / $floor")" >> "$BENCH_DIR/pairs"
done
row "events/s that match nothing, 1,000 rules, one dispatcher" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") bare scan" \
	"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 150,000"

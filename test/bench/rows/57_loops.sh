# Loops: items that emit. The floor inserts the same events by one statement for each.
items=$BENCH_EVENTS
sql <<'SQL'
INSERT INTO respond.rule (name, event_type, steps) VALUES
	('loop', 'bench.loop', '[{"action": "foreach", "query": "SELECT g AS n FROM generate_series(1, {{data.items}}) AS g", "steps": [{"action": "emit", "type": "bench.item", "data": {"n": "{{item.n}}"}}]}]');
CREATE PROCEDURE bench.emit(many integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. many LOOP
		INSERT INTO respond.event (type, data) VALUES ('bench.floor', jsonb_build_object('n', i));
		IF i % 1000 = 0 THEN COMMIT; END IF;
	END LOOP;
END $$;
SQL

: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	before=$(server_time)
	sql -c "INSERT INTO respond.event (type, data) VALUES ('bench.loop', jsonb_build_object('items', $items))"
	wait_until "SELECT count(*) = $turn + 1 FROM respond.run WHERE rule = 'loop' AND status = 'succeeded'"
	ours=$(calc "$(server_time) - $before" %.4f)
	before=$(server_time)
	sql -c "CALL bench.emit($items)" > /dev/null
	floor=$(calc "$(server_time) - $before" %.4f)
	echo "$(calc "$items / $ours") $(calc "$items / $floor")" >> "$BENCH_DIR/pairs"
done
row "items/s of a loop that emit" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") plpgsql" "$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" ">= 50,000"

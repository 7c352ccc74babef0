# What capture() adds to an UPDATE, against a plpgsql trigger that inserts the same into a bare table.  The time that a
# trigger adds is its transaction's time less that of the same UPDATE without a trigger.  Without waiting for the WAL flush,
# which would drown the difference; the workers are held, since only the producer's cost is asked for.
sql -c "SELECT respond.watch('bench.captured', 'row.updated', operations => '{UPDATE}')" -c "SELECT respond.hold('bench')" > /dev/null
for table in plain captured trigger_written; do
	printf '%s\n' '\set n random(1, 10000)' "UPDATE bench.$table SET counter = counter + 1 WHERE id = :n;" > "$BENCH_DIR/$table.sql"
	echo "UPDATE bench.$table SET counter = counter + 1 WHERE id <= 5000;" > "$BENCH_DIR/bulk_$table.sql"
done

# added PREFIX: one line for each turn: microseconds added by ours, by plpgsql, of the bare UPDATE.
added()
{
	local turn
	for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
		echo "$(tps 1 "$BENCH_DIR/$1captured.sql") $(tps 1 "$BENCH_DIR/$1plain.sql") $(tps 1 "$BENCH_DIR/$1trigger_written.sql")" |
			awk '{ bare = 1e6 / $2; print 1e6 / $1 - bare, 1e6 / $3 - bare, bare }'
	done > "$BENCH_DIR/pairs"
}

export PGOPTIONS='-c synchronous_commit=off'
added ''
row "capture() of one UPDATE adds (us)" "$(calc "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)" %.1f)" \
	"$(calc "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)" %.1f) plpgsql trigger" \
	"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" "<= 0.4"
added bulk_
row "capture() of an UPDATE of 5,000 rows adds (us per row)" "$(calc "$(awk '{ print $1 / 5000 }' "$BENCH_DIR/pairs" | middle)" %.2f)" \
	"$(calc "$(awk '{ print $2 / 5000 }' "$BENCH_DIR/pairs" | middle)" %.2f) plpgsql trigger" \
	"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" "<= 0.4"
unset PGOPTIONS

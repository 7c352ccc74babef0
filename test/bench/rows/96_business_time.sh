# Counting in business time over a year, in one query over many rows and in a query each; the floor is the same with a sum of times.
calls=$((BENCH_EVENTS < 100000 ? 100000 : BENCH_EVENTS))
sql <<-'END'
	INSERT INTO respond.calendar (name, timezone, hours) SELECT 'bench', 'Europe/Berlin',
		(SELECT jsonb_object_agg(d, '[["09:00", "12:00"], ["13:00", "17:30"]]'::jsonb) FROM unnest(ARRAY['mon', 'tue', 'wed', 'thu', 'fri']) AS d);
	INSERT INTO respond.calendar_exception (calendar, from_date, yearly) SELECT 'bench', date '2020-01-01' + 30 * n, true FROM generate_series(0, 11) AS n;
END
# us QUERY: microseconds a call.  The first query of a session reads the calendar.
us()
{
	sql -c "SELECT respond.business_add('bench', '2026-01-01', '1900 hours')" -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1 |
		awk -v calls="$calls" '{ print $1 * 1000 / calls }'
}
from="FROM generate_series(1, $calls) AS n"
: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	echo "$(us "SELECT count(respond.business_add('bench', timestamptz '2026-01-01 00:00+00' + n * interval '1 minute', interval '1900 hours')) $from")" \
		"$(us "SELECT count(timestamptz '2026-01-01 00:00+00' + n * interval '1 minute' + interval '1900 hours') $from")" >> "$BENCH_DIR/pairs"
done
row "business_add() over a year, many rows of a query (us a call)" "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)" \
	"$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle) a sum of times" "-" "< 20"

# a statement, and so a snapshot, for each call
echo "SELECT respond.business_add('bench', timestamptz '2026-01-01 00:00+00' + random() * interval '300 days', interval '1900 hours');" > "$BENCH_DIR/business_ours.sql"
echo "SELECT timestamptz '2026-01-01 00:00+00' + random() * interval '300 days' + interval '1900 hours';" > "$BENCH_DIR/business_bare.sql"
: > "$BENCH_DIR/pairs"
for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
	echo "$(tps 1 "$BENCH_DIR/business_ours.sql") $(tps 1 "$BENCH_DIR/business_bare.sql")" >> "$BENCH_DIR/pairs"
done
row "business_add() over a year, a query each (us more than without)" "$(awk '{ print 1000000 / $1 - 1000000 / $2 }' "$BENCH_DIR/pairs" | middle)" \
	"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)")/s a sum of times" "-" "< 20"
sql -c "DELETE FROM respond.calendar WHERE name = 'bench'"

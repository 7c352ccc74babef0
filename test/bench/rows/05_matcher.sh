# The matcher alone, on one core, from the stored form of an event: its own program prints one line for each shape and number of
# rules.  The floor is reading the event without matching it; the goals are those of the design for the two shapes that it names.
matcher_program()
{
	local links
	links=$(perl -0777 -ne 'print join(" ", split(" ", $1)) if m{/\*\s*links:(.*?)\*/}s' test/bench/bench_matcher.c)
	# shellcheck disable=SC2086
	gcc -O2 -Isrc -Itest/unit -Itest/bench -I"$("$PG_CONFIG" --includedir-server)" -o "$BENCH_DIR/bench_matcher" \
		test/bench/bench_matcher.c $links -lm
}

matcher_program
# Not through a pipe: the rows must be written by this shell.
"$BENCH_DIR/bench_matcher" 0.3 > "$BENCH_DIR/matcher"
while read -r shape rules rate read_only _; do
	[[ $rules =~ ^[0-9]+$ ]] || continue
	case $shape in
		hard) goal=">= 200,000" ;;
		*) goal=">= 400,000" ;;
	esac
	row "matching alone, shape \"$shape\", $(number "$rules") rules (events/s)" "$(number "$rate")" "$(number "$read_only") read only" \
		"$(calc "$rate / $read_only")" "$goal"
done < "$BENCH_DIR/matcher"

# Matching alone, one core: events of about 700 bytes read from stored jsonb and matched, no server (bench_matcher.c says
# what is in it). The floor is the same without the matching; for sizes, ten rules of the same shape.
# shellcheck disable=SC2046
gcc -O2 -Isrc -Itest/unit -Itest/bench -I"$("$PG_CONFIG" --includedir-server)" -o "$BENCH_DIR/matcher" test/bench/bench_matcher.c \
	$(perl -0777 -ne 'print join(" ", split(" ", $1)) if m{/\*\s*links:(.*?)\*/}s' test/bench/bench_matcher.c) -lm

# matcher_row WHAT SHAPE RULES GOAL: beside reading alone.
matcher_row()
{
	local turn
	: > "$BENCH_DIR/pairs"
	for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
		"$BENCH_DIR/matcher" 0.3 "$2" "$3" | awk '{ print $3, $4 }' >> "$BENCH_DIR/pairs"
	done
	row "$1" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
		"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") reading alone" \
		"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" "$4"
}

# matcher_growth WHAT SHAPE GOAL: 100,000 rules beside 10.
matcher_growth()
{
	local turn
	: > "$BENCH_DIR/pairs"
	for ((turn = 0; turn < BENCH_REPEAT; turn++)); do
		echo "$("$BENCH_DIR/matcher" 0.3 "$2" 100000 | awk '{ print $3 }') $("$BENCH_DIR/matcher" 0.3 "$2" 10 | awk '{ print $3 }')" >> "$BENCH_DIR/pairs"
	done
	row "$1" "$(number "$(awk '{ print $1 }' "$BENCH_DIR/pairs" | middle)")" \
		"$(number "$(awk '{ print $2 }' "$BENCH_DIR/pairs" | middle)") with 10 rules" \
		"$(calc "$(awk '{ print $1 / $2 }' "$BENCH_DIR/pairs" | middle)")" "$3"
}

matcher_growth "events/s matched alone, 100,000 rules of type and value" exact ">= 400,000, ratio >= 0.75"
matcher_growth "the same, mix of exact, prefix, range, wildcard, anything-but" mix ">= 400,000"
matcher_row "the same, type exact, field absent, common suffix, 10,000 rules" hard 10000 ">= 200,000"
matcher_row "the same, all rules of one type, 10,000 rules" one-type 10000 ">= 200,000"

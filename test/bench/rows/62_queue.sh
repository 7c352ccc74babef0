# An agent's page of a queue of a million tickets, under row level security, beside the same query of a superuser.
tickets=${BENCH_TICKETS:-1000000}
sql -c "SELECT FROM respond.hold('bench')" -c 'SET client_min_messages = warning' -c 'DROP ROLE IF EXISTS bench_agent' -c 'CREATE ROLE bench_agent LOGIN IN ROLE respond_agent' \
	-c "INSERT INTO respond.team (name) SELECT 'team' || i FROM generate_series(1, 10) AS i" \
	-c "INSERT INTO respond.agent (name, db_role) VALUES ('Agent', 'bench_agent')" \
	-c "INSERT INTO respond.team_member (team, agent) SELECT 'team' || i, 'Agent' FROM generate_series(1, 3) AS i" \
	-c 'ALTER TABLE respond.ticket DISABLE TRIGGER ALL' \
	-c "INSERT INTO respond.ticket (subject, description, team, priority, key, run_id, event_id, created_by, status, updated_at)
		SELECT 'ticket ' || i, repeat('text ', 20), 'team' || (1 + i % 10), 'normal', 'key' || i, i, i, 'rule:x',
			(ARRAY['new', 'open', 'open', 'pending', 'on_hold', 'solved', 'closed', 'closed', 'closed', 'closed'])[1 + i / 7 % 10], now() - (abs(hashint4(i)::bigint) / 500) * interval '1 second'
		  FROM generate_series(1, $tickets) AS i" \
	-c 'VACUUM ANALYZE respond.ticket' -c 'ANALYZE respond.team_member' -c 'ANALYZE respond.agent'
columns='SELECT t.id, t.subject, t.status, t.priority, t.assignee, t.updated_at'

# page NAME QUERY
page()
{
	local agents=() floors=() ratios=() agent floor
	echo "$2" > "$BENCH_DIR/queue.sql"
	for ((i = 0; i < BENCH_REPEAT; i++)); do
		agent=$(calc "1000 / $(tps 1 "$BENCH_DIR/queue.sql" -U bench_agent)" %.3f)
		floor=$(calc "1000 / $(tps 1 "$BENCH_DIR/queue.sql")" %.3f)
		agents+=("$agent")
		floors+=("$floor")
		ratios+=("$(calc "$agent / $floor" %.1f)")
	done
	row "an agent's page of $(number "$tickets") tickets: $1" "$(printf '%s\n' "${agents[@]}" | middle) ms" \
		"superuser: $(printf '%s\n' "${floors[@]}" | middle) ms" "$(printf '%s\n' "${ratios[@]}" | middle)" '< 5 ms'
}
page 'newest' "$columns FROM respond.ticket AS t ORDER BY t.id DESC LIMIT 50"
page 'of a team, last changed' "$columns FROM respond.ticket AS t WHERE t.team = 'team2' AND t.status = 'open' ORDER BY t.updated_at DESC LIMIT 50"
page 'of their teams, last changed' "SELECT t.* FROM respond.team_member AS m CROSS JOIN LATERAL ($columns FROM respond.ticket AS t
	WHERE t.team = m.team AND t.status NOT IN ('solved', 'closed') ORDER BY t.updated_at DESC LIMIT 50) AS t WHERE m.agent = 'Agent' ORDER BY t.updated_at DESC LIMIT 50"

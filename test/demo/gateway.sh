# Sourced by the demo: callers of the gateway, with curl.  GATEWAY is where it listens; TOKEN acts as Ann, WATCHER
# as somebody who may read the log.

GATEWAY=
TOKEN=
WATCHER=
follower=

# Somebody else may take the port meanwhile; then the gateway says so, and another one is tried.
open_gateway()
{
	local try port
	for try in 1 2 3 4 5; do
		port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		sql -d postgres -o /dev/null -c "ALTER SYSTEM SET pg_respond.gateway_listen = '127.0.0.1:$port'" -c 'SELECT pg_reload_conf()'
		wait_until demo "SELECT count(*) = 1 FROM respond.gateway WHERE address = '127.0.0.1:$port' AND (listening OR fault <> '')"
		if [ "$(sql -At -d demo -c 'SELECT listening FROM respond.gateway')" = t ]; then
			GATEWAY=http://127.0.0.1:$port/demo
			wait_until demo "SELECT count(*) >= 2 FROM respond.worker WHERE database = 'demo' AND kind = 'gateway' AND pid IS NOT NULL"
			return
		fi
	done
	die "the gateway found no port: $(sql -At -d demo -c 'SELECT fault FROM respond.gateway')"
}

# call PATH ARGUMENT...: shows the request and its answer.
call()
{
	local path=$1 answer
	shift
	answer=$(curl -sS -w '\n%{http_code}' "$@" "$GATEWAY$path") || die "curl failed for $GATEWAY$path"
	printf '%s\n    %s %s\n' "$path" "$(tail -n 1 <<< "$answer")" "$(sed '$d' <<< "$answer" | cut -c 1-200)"
}

# as_github DELIVERY SECRET: posts the payload on standard input as GitHub does.
as_github()
{
	local body signature
	body=$(cat)
	signature=$(printf '%s' "$body" | openssl dgst -sha256 -hmac "$2" | sed 's/.*= //')
	call /in/github -H 'Content-Type: application/json' -H 'X-GitHub-Event: issues' -H "X-GitHub-Delivery: $1" \
		-H "X-Hub-Signature-256: sha256=$signature" --data-binary "$body"
}

issue()
{
	cat <<-'END'
		{"action": "opened", "issue": {"number": 7, "title": "Parcels vanish", "body": "Three of them since Monday.", "user": {"login": "eve"}},
		 "repository": {"full_name": "shop/parcels"}, "sender": {"login": "eve", "type": "User"}}
	END
}

# alert ACTION: as a tool does that knows PagerDuty's Events API v2.
alert()
{
	call /v2/enqueue -H 'Content-Type: application/json' --data-binary "{\"routing_key\": \"$(as_user cat "$PEERS/secrets/routing_key")\",
		\"event_action\": \"$1\", \"dedup_key\": \"disk/db1\", \"payload\": {\"summary\": \"The disk of db1 is full\", \"source\": \"db1\", \"severity\": \"critical\"}}"
}

# wait_followed PATTERN: until the stream has shown it.
wait_followed()
{
	local end=$((SECONDS + 60))
	until grep -q "$1" "$DEMO/followed"; do
		kill -0 "$follower" 2>/dev/null || die "the stream ended: $(cat "$DEMO/followed")"
		[ $SECONDS -lt $end ] || die "the stream did not show $1: $(cat "$DEMO/followed")"
		sleep 0.05
	done
}

# What is recorded from now on is written into a file.
start_follower()
{
	: > "$DEMO/followed"
	curl -sSfN -H "Authorization: Bearer $WATCHER" "$GATEWAY/v1/stream?type=ticket.*" > "$DEMO/followed" 2>&1 &
	follower=$!
	wait_followed .
}

stop_follower()
{
	if [ -n "$follower" ]; then
		kill "$follower" 2>/dev/null || true
		wait "$follower" 2>/dev/null || true
		follower=
	fi
}

meet_callers()
{
	local secret ticket
	open_gateway
	secret=$(as_user cat "$PEERS/secrets/github")
	SECRETS=$PEERS/secrets sql -d demo -f test/demo/gateway.sql
	TOKEN=$(sql -At -d demo -c "SELECT respond.create_token('ann', 'demo_ann')")
	WATCHER=$(sql -At -d demo -c "SELECT respond.create_token('watcher', 'demo_watcher', '{stream,metrics}')")
	start_follower
	echo "GitHub's webhook, then once more, then with a signature that is wrong:"
	issue | as_github d-1 "$secret"
	issue | as_github d-1 "$secret"
	issue | as_github d-2 'not the secret'
	sql -d demo -c "SELECT source, reason, path, peer, headers ->> 'x-hub-signature-256' AS signature FROM respond.inbound_reject"
	echo "An alert, from a tool that speaks to PagerDuty:"
	alert trigger
	wait_idle
	sql -d demo -c "SELECT id AS ticket, status, priority, team, subject FROM respond.ticket WHERE key IN ('shop/parcels#7', 'disk/db1') ORDER BY id"
	ticket=$(sql -At -d demo -c "SELECT id FROM respond.ticket WHERE key = 'shop/parcels#7'")
	echo "Ann answers the issue over HTTP, and the alert ends:"
	call "/v1/tickets/$ticket" -X PATCH -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"status": "pending"}'
	alert resolve
	wait_until demo "SELECT count(*) = 1 FROM respond.ticket WHERE key = 'disk/db1' AND status = 'solved'"
	wait_followed 'disk/db1.*"solved"'
	stop_follower
	echo "What curl -N heard of the stream meanwhile:"
	cut -c 1-150 "$DEMO/followed"
	echo "And what a monitor reads:"
	curl -sS "$GATEWAY/metrics" | grep '^pg_respond_inbound_requests_total.* [1-9]'
}

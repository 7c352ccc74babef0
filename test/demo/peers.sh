# Sourced by the demo: the receivers of its deliveries, as processes of the server's user.
#
#	nginx        TLS and HTTP/2 on a free port of 127.0.0.1; hands requests on to the receiver
#	receiver     receiver.py: checks signatures, prints what came
#	mail         mail.py: a mail server (aiosmtpd) with STARTTLS and a password
#
# All they read and write lies in PEERS: programs, configuration, certificates, secrets, logs.  NAME.process holds the
# process of each.  They end with the demo; what a demo left that was killed is ended by the next one.

PEERS=
PYTHON=/usr/bin/python3		# that of the system, which python3-aiosmtpd is installed for
[ -x "$PYTHON" ] || PYTHON=python3

peers_prepare()
{
	mkdir -p "$DEMO/peers"
	PEERS=$(cd "$DEMO/peers" && pwd -P)
	[ "$(id -u)" -ne 0 ] || chown "$SERVER_USER" "$PEERS"
	peers_end
	command -v nginx > /dev/null || die "the demo needs nginx (\"make setup\" installs it)"
	as_user "$PYTHON" -c 'import aiosmtpd.smtp' 2> /dev/null ||
		die "the demo needs aiosmtpd for $PYTHON (\"make setup\" installs it)"
	as_user rm -f "$PEERS"/*.{port,log,out,pid} "$PEERS"/arrivals
	cp test/demo/receiver.py test/demo/mail.py test/stub/certificates.sh "$PEERS/"
	as_user mkdir -p "$PEERS/tmp"
	as_user bash "$PEERS/certificates.sh" "$PEERS/certificates"
	peers_make_secrets
}

# The key and the secrets stay: what an earlier demo encrypted can still be read.
peers_make_secrets()
{
	# shellcheck disable=SC2016
	as_user sh -ec '
		umask 077
		mkdir -p "$1"
		cd "$1"
		keep()
		{
			[ -s "$1" ] && return
			echo "$2$(openssl rand "$3" "$4")" > new
			mv new "$1"
		}
		keep key "" -hex 32
		keep mail "" -hex 12
		keep billing "" -hex 12
		keep github "" -hex 20
		keep routing_key "" -hex 16
		for name in ledger warehouse partner partner.old probe; do
			keep "$name" whsec_ -base64 32
		done' sh "$PEERS/secrets"
}

# peer_start NAME COMMAND...: starts it in the folder.  It has the place of the shell that notes its process.
peer_start()
{
	local name=$1
	shift
	# shellcheck disable=SC2016
	as_user sh -c 'cd "$1" && echo $$ > "$2.process" && shift 2 && exec "$@"' sh "$PEERS" "$name" "$@" \
		> "$PEERS/$name.out" 2>&1 < /dev/null &
	disown
}

peer_process()
{
	local process
	process=$(cat "$PEERS/$1.process" 2> /dev/null) || return 1
	# The number may belong to somebody else by now.
	[ -n "$process" ] && [ "$(readlink "/proc/$process/cwd")" = "$PEERS" ] && echo "$process"
}

# peer_wait NAME FILE: until it has written the file; false when it ended or is too slow.
peer_wait()
{
	local end=$((SECONDS + 20))
	until [ -s "$PEERS/$2" ]; do
		[ $SECONDS -lt $end ] || return 1
		[ ! -s "$PEERS/$1.process" ] || peer_process "$1" > /dev/null || return 1
		sleep 0.05
	done
}

peer_end()
{
	local process end=$((SECONDS + 5))
	process=$(peer_process "$1") || process=
	if [ -n "$process" ]; then
		kill "$process" 2> /dev/null || true
		while peer_process "$1" > /dev/null; do
			[ $SECONDS -lt $end ] || kill -9 "$process" 2> /dev/null || true
			sleep 0.02
		done
	fi
	as_user rm -f "$PEERS/$1.process"
}

peer_failed()
{
	tail -n 20 "$PEERS/$1.out" "$PEERS/$1.log" >&2 2> /dev/null || true
	die "the demo's $1 did not start (what it said is above)"
}

# nginx wants to be told a port, and somebody else may take it meanwhile.
start_nginx()
{
	local try port
	for try in 1 2 3 4 5; do
		port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		sed -e "s/@PORT@/$port/" -e "s/@CHECKER_PORT@/$(cat "$PEERS/receiver.port")/" test/demo/nginx.conf > "$PEERS/nginx.conf"
		peer_start nginx nginx -p "$PEERS" -c nginx.conf -e nginx.log
		if peer_wait nginx nginx.pid; then
			RECEIVER=https://127.0.0.1:$port
			return
		fi
		peer_end nginx
	done
	peer_failed nginx
}

# peers_start: sets RECEIVER and MAIL_SERVER.
peers_start()
{
	peer_start receiver "$PYTHON" receiver.py --port-file receiver.port --log receiver.log --arrivals arrivals --secrets secrets
	peer_start mail "$PYTHON" mail.py --port-file mail.port --log mail.log --certificate certificates/server.pem \
		--key certificates/server.key --user shop --password-file secrets/mail
	peer_wait receiver receiver.port || peer_failed receiver
	peer_wait mail mail.port || peer_failed mail
	start_nginx
	MAIL_SERVER=smtp://127.0.0.1:$(cat "$PEERS/mail.port")
}

peers_end()
{
	local name
	[ -n "$PEERS" ] || return 0
	for name in nginx receiver mail; do
		peer_end "$name"
	done
}

# show_requests PATH COUNT: the first requests for a path (a regular expression), their bodies cut to a line.
show_requests()
{
	awk -v path=" $1 " -v most="$2" '
		!/^    / { wanted = $0 ~ path && ++seen <= most }
		wanted { print (length($0) > 160 ? substr($0, 1, 157) "..." : $0) }' "$PEERS/receiver.log"
}

# Shared by the scripts beside it: where things are, and who runs the server.
# Sourced by bash with the working directory anywhere; leaves it at the top of the clone.
#
# PostgreSQL refuses to run as root.  When we are root, servers and their tests run as an unprivileged
# user.  That user must be able to reach the files: a clone below a closed folder (say /root) cannot
# serve, so then everything that the server touches lies in a folder under /var/tmp whose name is
# remembered in build/runtime.  When the clone is reachable, that folder is build/ itself.

set -euo pipefail
umask 022
# LANG too: PostgreSQL's Perl modules drop LC_ALL, and initdb then goes by the rest.
export LC_ALL=C.UTF-8 LANG=C.UTF-8
unset LANGUAGE LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP"
: "${MAKE:=make}" "${PG_CONFIG:=pg_config}"
# Resolved before the copy comes first in PATH, for us and for the scripts that we start.
PG_CONFIG=$(command -v "$PG_CONFIG" || echo "$PG_CONFIG")
export PG_CONFIG
JOBS=$(nproc)

# A psql of ours must not be led astray by the caller's settings.
unset PGHOST PGPORT PGUSER PGDATABASE PGSERVICE PGPASSWORD PGOPTIONS PGDATA PGSSLMODE PGHOSTADDR MAKEFLAGS MAKELEVEL

die()
{
	echo "error: $*" >&2
	exit 1
}

# server_user: who runs servers.  The first of these accounts that this machine can switch to.
server_user()
{
	local user
	if [ "$(id -u)" -ne 0 ]; then
		id -un
		return
	fi
	for user in postgres nobody; do
		if setpriv --reuid="$user" --regid="$(id -g "$user" 2>/dev/null)" --clear-groups true 2>/dev/null; then
			echo "$user"
			return
		fi
	done
	die "found no unprivileged user to run the server as; create one named \"postgres\""
}

# as_user COMMAND...: runs it as the server's user, in the runtime folder.
as_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		(cd "$RUNTIME" && "$@")
	else
		(cd "$RUNTIME" && HOME=$RUNTIME/home USER=$SERVER_USER LOGNAME=$SERVER_USER \
			setpriv --reuid="$SERVER_USER" --regid="$(id -g "$SERVER_USER")" --clear-groups "$@")
	fi
}

# find_runtime: sets SERVER_USER and RUNTIME, and makes the latter's folders.
find_runtime()
{
	SERVER_USER=$(server_user)
	mkdir -p build
	RUNTIME=$TOP/build
	if [ "$(id -u)" -eq 0 ]; then
		if ! (RUNTIME=/; as_user test -x "$TOP/build") || [ "${#TOP}" -gt 200 ]; then
			RUNTIME=$(cat build/runtime 2>/dev/null || true)
			if [ -z "$RUNTIME" ] || [ ! -d "$RUNTIME" ]; then
				RUNTIME=$(mktemp -d --tmpdir=/var/tmp --suffix=.pg_respond)
				chmod 755 "$RUNTIME"
			fi
		fi
	fi
	echo "$RUNTIME" > build/runtime
	mkdir -p "$RUNTIME/home" "$RUNTIME/run"
	if [ "$(id -u)" -eq 0 ]; then
		chown "$SERVER_USER" "$RUNTIME/home" "$RUNTIME/run"
	fi
}

# find_server: sets where the private copy of the server is.  Call find_runtime first.
find_server()
{
	COPY=$RUNTIME/pg
	# In a shell that has what "cluster env" printed, PATH leads to the copy's pg_config.
	PG_CONFIG=${PG_CONFIG#"$COPY"}
	PG_MAJOR=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	BIN=$COPY$("$PG_CONFIG" --bindir)
	PKGLIB=$COPY$("$PG_CONFIG" --pkglibdir)
	SHARE=$COPY$("$PG_CONFIG" --sharedir)
	PGXS_TEST=$PKGLIB/pgxs/src/test
	export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

# memory_folder: makes a folder in memory for what ends with the process $$, and prints its name.  None where memory is scarce or programs
# cannot be run from it.  What processes left there that are gone is removed.
memory_folder()
{
	local folder=/dev/shm/pg_respond.$$ other gigabytes=8
	for other in /dev/shm/pg_respond.*; do
		[ ! -d "$other" ] || [ -d "/proc/${other##*.}" ] || rm -rf "$other" 2> /dev/null || true
	done
	[ "${TEST_MEMORY:-yes}" = yes ] && [ "$(stat -f -c %T /dev/shm 2> /dev/null)" = tmpfs ] || return 0
	[ "$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)" -ge "$gigabytes" ] || return 0
	[ "$(df -P -k /dev/shm | awk 'NR == 2 { print int($4 / 1048576) }')" -ge "$gigabytes" ] || return 0
	mkdir "$folder" 2> /dev/null || return 0
	[ "$(id -u)" -ne 0 ] || chown "$SERVER_USER" "$folder"
	if cp /bin/true "$folder/true" && "$folder/true" 2> /dev/null; then
		rm "$folder/true"
		echo "$folder"
	else
		rm -rf "$folder"
	fi
}

# copy_tests: a copy of test/ that the server's user can read, whatever the clone's permissions are, with expected/ where
# every release's pg_regress looks for it, and in test/pages the documentation, whose examples are tried.
copy_tests()
{
	rm -rf "$RUNTIME/test"
	cp -R test "$RUNTIME/test"
	cp -R expected "$RUNTIME/test/regress/"
	cp -R expected "$RUNTIME/test/isolation/"
	mkdir "$RUNTIME/test/pages"
	cp README.md docs/*.md "$RUNTIME/test/pages/"
	chmod -R a+rX "$RUNTIME/test"
}

# socket_dir NAME: a short path (a socket's path is limited to 107 bytes), remembered in the runtime folder.
socket_dir()
{
	local memo=$RUNTIME/run/$1.socket_dir dir
	dir=$(cat "$memo" 2>/dev/null || true)
	if [ -z "$dir" ] || [ ! -d "$dir" ]; then
		dir=$(as_user mktemp -d --tmpdir=/tmp --suffix=.pg_respond)
		as_user chmod 755 "$dir"
		echo "$dir" > "$memo"
	fi
	echo "$dir"
}

# node_create NAME [LINE...]: a stopped cluster RUNTIME/run/NAME with the given lines of configuration.
node_create()
{
	local name=$1 data=$RUNTIME/run/$1 sockets
	shift
	if [ ! -f "$data/PG_VERSION" ]; then
		# Under another name until it is complete: whoever interrupts us must not leave a cluster with defaults.
		as_user rm -rf "$data" "$data.new"
		as_user "$BIN/initdb" -D "$data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync > "$RUNTIME/run/$name.initdb.log" ||
			die "initdb failed, see $RUNTIME/run/$name.initdb.log"
		echo "include 'pg_respond.conf'" | as_user sh -c 'cat >> "$1/postgresql.conf" && mv "$1" "$2"' sh "$data.new" "$data"
	fi
	sockets=$(socket_dir "$name")
	{
		printf "%s = '%s'\n" listen_addresses '' unix_socket_directories "$sockets" shared_preload_libraries pg_respond \
			log_line_prefix '%m [%p] %b %q%a ' log_timezone UTC timezone UTC
		printf '%s\n' 'port = 5432' 'max_worker_processes = 32' "$@"
	} | as_user sh -c 'cat > "$1/pg_respond.conf"' sh "$data"
}

# node_start NAME: starts it unless it runs, and says why when it does not.
node_start()
{
	local name=$1 data=$RUNTIME/run/$1
	node_running "$name" && return
	as_user "$BIN/pg_ctl" -D "$data" -l "$RUNTIME/run/$name.log" -w -t 120 start > /dev/null ||
		{ tail -n 20 "$RUNTIME/run/$name.log" "$data"/log/postgresql 2>/dev/null >&2; die "the private cluster did not start"; }
}

node_running()
{
	[ -f "$RUNTIME/run/$1/PG_VERSION" ] && as_user "$BIN/pg_ctl" -D "$RUNTIME/run/$1" status > /dev/null 2>&1
}

# node_stop NAME [MODE]
node_stop()
{
	node_running "$1" || return 0
	as_user "$BIN/pg_ctl" -D "$RUNTIME/run/$1" -m "${2:-fast}" -w -t 120 stop > /dev/null
}

# node_remove NAME
node_remove()
{
	local memo=$RUNTIME/run/$1.socket_dir
	node_stop "$1" immediate
	[ -f "$memo" ] && rm -rf "$(cat "$memo")"
	rm -rf "$RUNTIME/run/$1" "$RUNTIME/run/$1.new" "$memo" "$RUNTIME/run/$1.log" "$RUNTIME/run/$1.initdb.log"
}

# node_env NAME: lets libpq programs reach the node.
node_env()
{
	PGHOST=$(socket_dir "$1") PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	export PGHOST PGPORT PGUSER PGDATABASE
}

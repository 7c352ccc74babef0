#!/bin/bash
# The harness finds the same server in a shell that has what "cluster env" printed.
. "$(dirname "$0")/tap.bash"

places='. test/harness/lib.sh; find_runtime; find_server; echo "$BIN $PKGLIB $SHARE"'
found=$(bash -c "$places")
check "the private copy's pg_config in PATH leads to the same folders" "$(
	diff <(echo "$found") <(PG_CONFIG=pg_config PATH=${found%% *}:$PATH bash -c "$places" 2>&1))"
finish

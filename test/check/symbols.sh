#!/bin/bash
# Every global symbol of the library begins with our prefix, or is one that PostgreSQL asks for by name:
# two libraries in one server must not meet in a name.  A program has a main().  Read from the objects, so static linking is covered too.
. "$(dirname "$0")/tap.bash"

check "global symbols have our prefix" "$(find src -name '*.o' -exec nm -g --defined-only {} + | awk 'NF == 3 { print $3 }' |
	grep -vE '^(respond_|pg_finfo_respond_|_PG_init$|_PG_fini$|Pg_magic_func$|main$)' | sort -u)"
check "the library exports something" "$(nm -g --defined-only pg_respond.so | grep -q respond_ || echo "no symbol begins with respond_")"
finish

#!/bin/bash
# Every global symbol of the library begins with our prefix, or is one that PostgreSQL asks for by name:
# two libraries in one server must not meet in a name.  Read from the objects, so static linking is covered too.
alien=$(find src -name '*.o' -exec nm -g --defined-only {} + | awk 'NF == 3 { print $3 }' |
	grep -vE '^(respond_|pg_finfo_respond_|_PG_init$|_PG_fini$|Pg_magic_func$)' | sort -u)
echo 1..2
if [ -z "$alien" ]; then
	echo "ok 1 - global symbols have our prefix"
else
	echo "not ok 1 - global symbols have our prefix"
	sed 's/^/# /' <<< "$alien"
fi
if nm -g --defined-only pg_respond.so | grep -q respond_; then
	echo "ok 2 - the library exports something"
else
	echo "not ok 2 - the library exports something"
fi

#!/bin/bash
# Habits that a program can check: no notes of unfinished work, files of a readable length, no output without its test.
. "$(dirname "$0")/tap.bash"

# The words are split so that this file does not find itself.
words="TO""DO|FIX""ME|XX""X|HA""CK|not imple""mented|for n""ow"
check "no notes of unfinished work" "$(grep -rnwE "$words" src sql test Makefile --include='*' 2>/dev/null |
	grep -vE '^test/(unit|fuzz)/[^:]*(suite|data|seeds|spec)[^:]*:|mktemp')"
check "no source file is longer than 700 lines" "$(find src sql -path sql/updates -prune -o -name '*.[ch]' -print -o -name '*.sql' -print | xargs -r wc -l |
	awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }')"
check "every expected output has its test" "$(
	for file in expected/*.out; do
		name=$(basename "$file" .out)
		ls test/regress/sql/{"$name","${name%_[0-9]}"}.sql test/isolation/specs/{"$name","${name%_[0-9]}"}.spec 2> /dev/null |
			grep -q . || echo "$file"
	done)"
check "every file of test/t has a number of its own and a name that says what it tests" "$(
	ls test/t/*.pl | sed -E 's#^test/t/([0-9]+)_.*#\1#' | sort | uniq -d
	ls test/t/*.pl | grep -vE '^test/t/[0-9]{3}(_[a-z0-9]{2,})+\.pl$')"
check "every test program names what it links" "$(grep -L 'links:' $(grep -lE 'main\(|LLVMFuzzerTestOneInput\(const' \
	test/unit/*.c test/fuzz/*.c 2>/dev/null | grep -v fuzz/driver.c) /dev/null | grep -v /dev/null)"
check "callbacks of the relation cache, of which a process has ten, go through relation_change.h" "$(
	grep -rn 'CacheRegisterRelcacheCallback(' src --include='*.c' | grep -v '^src/common/relation_change.c:')"
check "the release of the server is asked for in pg_compat.h alone" "$(
	grep -rn 'PG_VERSION_NUM\|PG_MAJORVERSION' src --include='*.[ch]' | grep -v '^src/common/pg_compat\.')"
check "no line of C is wider than 120 columns" "$(
	find src -name '*.[ch]' | sort | while read -r file; do
		expand -t 4 "$file" | LC_ALL=C.UTF-8 grep -nE '^.{121,}' | sed "s|^|$file:|"
	done)"
finish

#!/bin/bash
# What goes into packages, Debian's and PGXN's, says the same as the tree.
here=$(dirname "$0")
. "$here/tap.bash"

version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" pg_respond.control)
check "META.json fits PGXN and the control file" "$(python3 "$here/meta.py" 2>&1)"
check "changelogs, README and SECURITY.md name the version of the control file" "$(
	grep -q "^## \[.*$version" CHANGELOG.md || echo "CHANGELOG.md has no section $version"
	found=$(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' debian/changelog)
	[ "$found" = "$version" ] || echo "debian/changelog begins with version $found"
	grep -noE '\b[Vv]ersion [0-9]+\.[0-9]+\.[0-9]+' README.md SECURITY.md | grep -v "ersion $version\$")"
check "debian/control is debian/control.in for PostgreSQL 15" "$(diff <(sed 's/PGVERSION/15/g' debian/control.in) debian/control)"
check "debian/copyright has the text of LICENSE" "$(
	diff <(sed '1,4d' LICENSE) <(sed -n '/^License: PostgreSQL$/,$s/^ //p' debian/copyright | sed 's/^\.$//'))"
finish

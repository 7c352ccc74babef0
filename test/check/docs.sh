#!/bin/bash
# The pages that users read and the extension agree on what there is; see docs.py.
here=$(dirname "$0")
. "$here/tap.bash"

check "every setting, function, view and table is named in a page" "$(python3 "$here/docs.py" missing 2>&1)"
check "pages name no setting and no object that does not exist" "$(python3 "$here/docs.py" invented 2>&1)"
check "links between pages lead somewhere" "$(python3 "$here/docs.py" astray 2>&1)"
check "the README is short enough to be read" "$(awk 'END { if (NR >= 500) print NR " lines" }' README.md)"
finish

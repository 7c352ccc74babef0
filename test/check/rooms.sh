#!/bin/bash
# The order of rooms is a law: a file includes its own room and those above it in the table of src/README.md, nothing else,
# and declares nothing of other files by itself.
# There are no exceptions.
. "$(dirname "$0")/tap.bash"

check "files include their own room and rooms above it" "$(python3 "$(dirname "$0")/rooms.py" 2>&1)"
finish

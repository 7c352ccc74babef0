#!/bin/bash
# What is linked keeps the order of rooms too, and no files of a room form a circle.
faults=$(python3 "$(dirname "$0")/circles.py" 2>&1)
if [ -z "$faults" ]; then
	echo "ok 1 - symbols are of a file's own room or of rooms above it, without circles"
else
	echo "not ok 1 - symbols are of a file's own room or of rooms above it, without circles"
	sed 's/^/# /' <<< "$faults"
fi
echo "1..1"

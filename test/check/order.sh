#!/bin/bash
# In a file, helpers stand before their callers.
. "$(dirname "$0")/tap.bash"

check "only recursive functions are declared ahead" "$(python3 "$(dirname "$0")/order.py" 2>&1)"
finish

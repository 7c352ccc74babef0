# What the scripts beside it share: assertions of TAP.  Sourced; finish prints the plan.
count=0

# check NAME FAULTS: holds when there are no faults, which are shown otherwise.
check()
{
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		head -n 30 <<< "$2" | sed 's/^/# /'
	fi
}

finish()
{
	echo "1..$count"
}

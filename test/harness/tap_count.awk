# Counts the top-level results of one TAP stream, and holds it to its plan.
# Output: "PASSED FAILED SKIPPED".  A missing or broken plan counts as one failure, unless a failure is counted already.
/^ok/ && /# *[Ss][Kk][Ii][Pp]/ { seen++; skipped++; next }
/^ok/          { seen++; passed++ }
/^not ok/      { seen++; failed++ }
/^Bail out!/   { failed++ }
/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; has_plan = 1; if (/# *[Ss][Kk][Ii][Pp]/) skipped++ }
END {
	if (failed == 0 && (!has_plan || planned != seen))
		failed++
	print passed + 0, failed + 0, skipped + 0
}

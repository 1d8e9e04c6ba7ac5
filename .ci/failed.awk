# What the tests that failed said, each in one piece, of a log of `go test -v` in which
# those that run at once are mixed: read twice, the first time for their names.
/^=== (RUN|CONT|NAME|PAUSE) / { name = $3; next }
FNR == NR { if ($1 == "---" && $2 == "FAIL:") failed[$3] = 1; next }
FNR == 1 { name = "" }
/^ *--- / { next }
/^(ok|FAIL|PASS|panic:)/ { name = "" }
name in failed { if (name != last) { print "=== " name; last = name } print substr($0, 1, 1500) }

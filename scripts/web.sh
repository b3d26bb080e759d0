#!/bin/sh
# web.sh: builds what browsers get, ui/web/dist, unless it is newer than everything that it is made of.
set -eu
cd "$(dirname "$0")/../ui/web"
built=dist/.built
if [ -e $built ]; then
    newer=$(find . -mindepth 1 \( -name node_modules -o -path ./dist -o -path ./tests \) -prune -o -newer $built -print -quit)
    [ -n "$newer" ] || exit 0
fi
# As old as the sources were when the build began, so that what is changed meanwhile is built the next time.
mkdir -p dist
stamp=$(mktemp)
trap 'rm -f "$stamp"' EXIT
node build.mjs
cp -p "$stamp" $built

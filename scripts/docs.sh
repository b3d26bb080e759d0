#!/bin/sh
# docs.sh: builds the documentation, ui/docs/dist, unless it is newer than everything that it is made of.
# docs.sh if-possible: the same, but where it cannot be built that is said, and is no failure.
set -eu
cd "$(dirname "$0")/.."

site=ui/docs/dist
built=$site/.built
if [ "${1:-}" = if-possible ]; then
    if ! command -v python3 >/dev/null 2>&1; then
        # What is there is shown, however old.
        [ -e $built ] || echo "there will be no documentation on port 5006: its build needs Python 3 with pip (https://www.python.org)" >&2
    elif ! "$0"; then
        echo "the documentation on port 5006 is not a new one, as it says above; everything else goes on" >&2
    fi
    exit 0
fi

if [ -e $built ]; then
    newer=$(find docs CHANGELOG.md bench/RESULTS.md ui/docs ui/web/design/icon.svg scripts/docs.sh \
        \( -name node_modules -o -name __pycache__ -o -path $site \) -prune -o -newer $built -type f -print -quit)
    [ -n "$newer" ] || exit 0
fi
scripts/need.sh python3
scripts/setup-docs.sh
# As old as the sources were when the build began, so that what is changed meanwhile is built the next time.
stamp=$(mktemp)
said=$(mktemp)
new=$(mktemp -d .tools/site.XXXXXX)
trap 'rm -rf "$stamp" "$said" "$new"' EXIT
# The theme would advertise its successor in every build. Not --quiet: then no warning would be a failure.
NO_MKDOCS_2_WARNING=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=.tools/docs python3 -m mkdocs build --strict \
    --config-file ui/docs/mkdocs.yml --site-dir "$PWD/$new" >"$said" 2>&1 || {
    grep -v '^INFO' "$said" >&2
    exit 1
}
cp -p "$stamp" "$new/.built"
chmod 755 "$new"
rm -rf $site
mv "$new" $site # one step, so that nobody ever finds half of it

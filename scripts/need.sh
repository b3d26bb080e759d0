#!/bin/sh
# need.sh TOOL…: says in one line each which tools are missing and what to do, and fails when any is.
missing=0
for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 && continue
    missing=1
    case $tool in
        cargo) hint='install Rust 1.95 or newer (https://rustup.rs)' ;;
        node | npm) hint='install Node.js 20.19 or newer, which brings npm (https://nodejs.org)' ;;
        python3) hint='install Python 3 with pip (https://www.python.org)' ;;
        *) hint='install it' ;;
    esac
    echo "missing: $tool; $hint, then run make again" >&2
done
exit $missing

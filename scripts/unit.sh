#!/bin/sh
# All Rust tests: with cargo-nextest where it is, else with cargo itself.
set -eu
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace "$@"
    cargo test --workspace --doc --quiet # which nextest does not run
else
    cargo test --workspace "$@"
fi

#!/bin/sh
# Puts an S3 server for the tests at .tools/bin/s3s-fs: the pinned release from crates.io, built here.
# Does nothing when it is there already.
set -eu
cd "$(dirname "$0")/.."

pinned=0.14.1 # the newest that the Rust of this workspace builds, and one with conditional writes
server=.tools/bin/s3s-fs
building=.tools/s3-building # stays after an interruption, so that the next run goes on from there

[ "$("$server" --version 2>/dev/null)" = "s3s-fs $pinned" ] && exit 0

echo "building an S3 server for the tests, once: s3s-fs $pinned, a minute or two"
# Built fast, not to be fast: optimising takes twice the time. Checksums alone would be felt, in tests with large objects.
CARGO_TARGET_DIR=$building CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install s3s-fs --version "$pinned" --features binary --locked --root .tools --no-track --force --quiet \
    --config 'profile.release.package.sha2.opt-level=3' --config 'profile.release.package.md-5.opt-level=3' || {
    echo "missing: s3s-fs; cargo could not build s3s-fs $pinned, as it says above: put that right, then run make again" >&2
    exit 1
}
rm -rf "$building"
echo "$("$server" --version) in .tools/bin"

#!/bin/sh
# Brings nginx, which the bench holds the CDN against, and wrk, which loads both: Debian's packages, where that is possible.
# Does nothing when they are there already. nginx is only there to be run by the bench: it is not started as a service, now or at boot.
set -eu
PATH=$PATH:/usr/sbin:/sbin # where Debian has nginx, and not everybody's PATH goes

# Prints which of the two programs are not there, as `nginx, wrk`.
absent() {
    list=
    for tool in nginx wrk; do
        command -v "$tool" >/dev/null 2>&1 || list="${list:+$list, }$tool"
    done
    echo "$list"
}

missing() {
    echo "missing: $(absent); install $1, then run make again: without, the bench cannot judge the CDN" >&2
    exit 1
}

wanted=$(absent)
[ -n "$wanted" ] || exit 0
packages=$(echo "$wanted" | tr -d ,)
command -v apt-get >/dev/null 2>&1 || missing "with your package manager"
[ "$(id -u)" = 0 ] || missing "with: sudo apt-get install $packages"

echo "installing Debian's $wanted" >&2
log=$(mktemp)
policy=/usr/sbin/policy-rc.d # what packages ask whether they may start a service; most machines have none, and then they may
mine=
finish() {
    rm -f "$log" $mine
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$policy" ]; then
    mine=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # two words, two packages
if ! { apt-get update && apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    missing "by hand (apt-get could not: its last lines are above)"
fi
case $packages in
    *nginx*) update-rc.d nginx disable >/dev/null 2>&1 || true ;; # there is nothing to disable where nothing starts services
esac
[ -z "$(absent)" ] || missing "by hand (apt-get brought packages without the programs)"

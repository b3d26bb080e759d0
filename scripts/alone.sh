#!/bin/sh
# alone.sh COMMAND…: runs it with a network of its own that has nothing but this machine, where the system lets us: then the usual ports are free whatever
# else runs here, and nothing outside can be reached. Elsewhere it runs as it is.
if [ "$(uname)" = Linux ] && unshare --map-root-user --net ip link set lo up 2>/dev/null; then
    exec unshare --map-root-user --net sh -c 'ip link set lo up && exec "$@"' alone "$@"
fi
echo "no network of its own: the usual ports (5003 to 5010, 4222) must be free" >&2
exec "$@"

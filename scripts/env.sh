#!/bin/sh
# Makes .env for compose.yaml out of .env.example, each password in it a random one. When there is one already, it changes nothing and looks at
# what Compose and the images of others would complain of without its name: ports, sizes, times, addresses, passwords. The settings of our own
# roles are looked at when the stack starts.
#
#   scripts/env.sh values    looks at such values in the environment instead: what the container `values` of the stack does before anything starts
set -eu
cd "$(dirname "$0")/.."

random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
make() {
    umask 077
    while IFS= read -r line; do
        case $line in
            *_PASSWORD= | STORE_SECRET= | STORE_KEY=) printf '%s%s\n' "$line" "$(random)" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <.env.example >.env
    echo "made .env, which nobody else can read, with passwords of its own"
}

wrong=0
complain() {
    printf '.env: %s\n' "$1" >&2
    wrong=1
}
# Whether a value is as an extended regular expression wants it, as a whole.
is() { printf '%s' "$1" | grep -Eqx -- "$2"; }
ports=' '
grace=20s drain=5000
byte='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
check() { # name value
    shown="$1 is \`$2\`, which"
    case $1 in
        STORE_KEY | STORE_SECRET)
            # Not shown. Those of a store elsewhere may have signs of Base64.
            is "$2" '[A-Za-z0-9+/=_.-]+' || complain "$1 must be letters, digits and + / = _ . -, and not be empty"
            return
            ;;
        *_PASSWORD)
            # Not shown.
            is "$2" '[A-Za-z0-9_-]+' || complain "$1 must be letters, digits, - and _, and not be empty"
            return
            ;;
    esac
    # What is empty has its default.
    [ -n "$2" ] || return 0
    case $1 in
        *_PORT)
            if ! is "$2" '[1-9][0-9]{0,4}' || [ "$2" -gt 65535 ]; then
                complain "$shown is no port; it must be 1 to 65535"
            fi
            case $ports in
                *" $2="*) complain "$1 is $2, and another port is that too" ;;
            esac
            ports="$ports$2=$1 "
            ;;
        *_MEMORY) is "$2" '[1-9][0-9]*[kmg]b?' || complain "$shown is no size; it must look like 512m or 2g" ;;
        EDGE_STOP_GRACE)
            if is "$2" '([1-9][0-9]{0,2}m)?([1-9][0-9]{0,4}s)?'; then grace=$2; else complain "$shown is no time; it must look like 20s or 1m30s"; fi
            ;;
        EDGE_DRAIN_TIMEOUT_MS) if is "$2" '[1-9][0-9]{0,6}'; then drain=$2; fi ;;
        PROMETHEUS_RETENTION) is "$2" '([1-9][0-9]*[smhdwy])+' || complain "$shown is no time; it must look like 7d" ;;
        *BIND | BALANCER_RESOLVER)
            is "$2" "$byte(\\.$byte){3}"'|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]*\]?' ||
                complain "$shown is no IP address; it must look like 127.0.0.1"
            ;;
        EDGE_REPLICAS | STORE_VOLUMES) is "$2" '[1-9][0-9]{0,3}' || complain "$shown is no number from 1 to 9999" ;;
        CDN_STORE) is "$2" 's3://.+' || complain "$shown is no bucket; it must look like s3://grouploop" ;;
        APPS) is "$2" '(/|\./|\.\./|~/).*' || complain "$shown is no folder; it must begin with / or ./" ;;
    esac
}
# What fits nothing alone, and no other.
check_together() {
    minutes=0 seconds=${grace#*m}
    case $grace in *m*) minutes=${grace%%m*} ;; esac
    seconds=${seconds%s}
    [ $(((minutes * 60 + ${seconds:-0}) * 1000)) -gt $((drain + 8000)) ] ||
        complain "EDGE_STOP_GRACE is \`$grace\`, and an edge may take as long to end: 8 s more than EDGE_DRAIN_TIMEOUT_MS, which is $drain"
}

# Those who run in the containers are nobody here.
check_readable() {
    for path in $(find nats deploy/balancer deploy/monitoring scripts/env.sh .env.example \( -type f ! -perm -o=r \) -o \( -type d ! -perm -o=rx \) 2>/dev/null | head -n 1); do
        printf '%s: the users of the containers cannot read it; chmod -R o+rX nats deploy scripts .env.example\n' "$path" >&2
        wrong=1
    done
}

if [ "${1-}" = values ]; then
    for name in $(sed -n 's/^#\{0,1\}\([A-Z_]*\)=.*/\1/p' .env.example); do
        eval "value=\${$name-not there}"
        [ "$value" = 'not there' ] || check "$name" "$value"
    done
    check_together
    exit $wrong
fi
[ -e .env ] || {
    make
    check_readable
    exit $wrong
}
# Ports that .env does not name have their defaults.
for line in $(sed -n 's/^#\([A-Z]*_PORT=[0-9]*\)$/\1/p' .env.example); do
    grep -q "^${line%%=*}=." .env || ports="$ports${line#*=}=${line%%=*} "
done
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
        # Some are for Compose and Docker themselves.
        '' | '#'* | COMPOSE_*=* | DOCKER_*=* | BUILDKIT_*=*) continue ;;
        *=*) ;;
        *)
            complain "\`$line\` is no line of the form NAME=value"
            continue
            ;;
    esac
    name=${line%%=*} value=${line#*=}
    case $line in
        CDN_TOKEN=\'*) ;;
        CDN_TOKEN=*\$*) complain "CDN_TOKEN has a \$ in it, and Compose takes what follows for the name of a variable; put ' before and after the value" ;;
    esac
    case $value in
        \"*\" | \'*\') value=${value#?} value=${value%?} ;;
        *) value=${value%% #*} ;;
    esac
    if grep -Eq "^#?$name=" .env.example; then
        check "$name" "$value"
    else
        complain "there is no variable $name; .env.example has all that there are"
    fi
done <.env
for name in $(sed -n 's/^\([A-Z_]*\)=$/\1/p' .env.example); do
    [ "$name" = CDN_TOKEN ] || grep -q "^$name=" .env || complain "$name is missing; .env.example tells what it is"
done
check_together
check_readable
[ $wrong -eq 0 ] && echo ".env is there already, and nothing in it is wrong at first sight; what it has not keeps its default"
exit $wrong

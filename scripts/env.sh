#!/bin/sh
# Makes .env for compose.yaml out of .env.example, each password in it a random one. Does nothing when there is one already.
set -eu
cd "$(dirname "$0")/.."

if [ -e .env ]; then
    echo ".env is there already; what .env.example has and it has not keeps its default" >&2
    exit 0
fi
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
umask 077
while IFS= read -r line; do
    case $line in
        *_PASSWORD= | STORE_SECRET= | STORE_KEY=) printf '%s%s\n' "$line" "$(random)" ;;
        *) printf '%s\n' "$line" ;;
    esac
done <.env.example >.env
echo "made .env, which nobody else can read, with passwords of its own"

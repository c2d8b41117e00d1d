#!/bin/sh
# Run by `make demo`; $1 is the spongewatch command. Each exit status is printed and compared with the expected one.
set -eu
command=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
service=
trap 'test -z "$service" || kill "$service" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
export CLOUDSPONGE_DOMAIN_KEY=demo-key CLOUDSPONGE_DOMAIN_PASSWORD=demo-password
cp -R "$(dirname "$0")/traces" "$work"
cd "$work"

show() {
    expected=$1
    meaning=$2
    shift 2
    status=0
    printf '\n$ spongewatch %s\n' "$*"
    "$command" "$@" || status=$?
    printf 'exit status %s: %s\n' "$status" "$meaning"
    test "$status" -eq "$expected"
}

serve() {
    test -z "$service" || kill "$service"
    : >url
    "$command" simulate "$1" >url 2>/dev/null &
    service=$!
    while ! grep -q http url; do
        kill -0 "$service"
        sleep 0.1
    done
    url=$(cat url)
}

echo "1. Replay three recorded imports at eight times their speed"
show 0 completed replay traces/completes.jsonl --speed 8
show 4 abandoned replay traces/abandoned.jsonl --speed 8
show 3 failed replay traces/fails.jsonl --speed 8

printf '\n2. Watch two imports over HTTP at a simulated service\n'
serve completes
show 0 completed watch 1126 --base-url "$url" --record import.jsonl
serve abandoned
show 4 abandoned watch 1126 --base-url "$url"

printf '\n3. Draw a timeline of the recording made in step 2\n'
show 0 drawn timeline import.jsonl

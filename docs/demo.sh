#!/bin/sh
# Prints the output of `make demo`. $1 is the spongewatch command. Exit statuses are part of the output, so each is
# compared with the expected one.
set -eu
command=$1
traces=$(dirname "$0")/traces
work=$(mktemp -d)
service=
trap 'test -z "$service" || kill "$service" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
export CLOUDSPONGE_DOMAIN_KEY=demo-key CLOUDSPONGE_DOMAIN_PASSWORD=demo-password

show() {
    expected=$1
    shift
    status=0
    printf '\n$ spongewatch %s\n' "$*"
    "$command" "$@" || status=$?
    printf 'exit status %s\n' "$status"
    test "$status" -eq "$expected"
}

serve() {
    test -z "$service" || kill "$service"
    : >"$work/url"
    "$command" simulate "$1" >"$work/url" 2>/dev/null &
    service=$!
    while ! grep -q http "$work/url"; do
        kill -0 "$service"
        sleep 0.1
    done
    url=$(cat "$work/url")
}

echo "1. Recorded imports, replayed eight times as fast"
show 0 replay "$traces/completes.jsonl" --speed 8
show 4 replay "$traces/abandoned.jsonl" --speed 8
show 3 replay "$traces/fails.jsonl" --speed 8

printf '\n2. Imports of a simulated service, watched over HTTP\n'
serve completes
show 0 watch 1126 --base-url "$url" --record "$work/import.jsonl"
serve abandoned
show 4 watch 1126 --base-url "$url"

printf '\n3. The first import of step 2, replayed from its recording\n'
show 0 replay "$work/import.jsonl"

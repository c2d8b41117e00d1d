#!/bin/sh
# What `make demo` shows: an import that completes, one that is abandoned and one that fails, replayed.
# $1 is the command. An exit status is part of what is shown, so it is compared, not passed on.
set -eu
traces=$(dirname "$0")/traces

show() {
    expected=$1
    trace=$2
    status=0
    printf '\n$ spongewatch replay docs/traces/%s --speed 8\n' "$trace"
    "$command" replay "$traces/$trace" --speed 8 || status=$?
    printf 'exit status %s\n' "$status"
    test "$status" -eq "$expected"
}

command=$1
show 0 completes.jsonl
show 4 abandoned.jsonl
show 3 fails.jsonl

#!/bin/sh
# Run by `make demo`; $1 is the spongewatch command. Imports invented contacts from a simulated service.
set -eu
bin=$(cd "$(dirname "$1")" && pwd)
PATH=$bin:$PATH
work=$(mktemp -d)
service=
trap 'test -z "$service" || kill "$service" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
export CLOUDSPONGE_DOMAIN_KEY=demo-key CLOUDSPONGE_DOMAIN_PASSWORD=demo-password
cd "$work"

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

spongewatch simulate >url 2>/dev/null &
service=$!
while ! grep -qs http url; do
    kill -0 "$service"
    sleep 0.1
done
url=$(cat url)

echo "1. Begin an import"
show spongewatch begin gmail --base-url "$url" 2>/dev/null | tee begun
id=$(sed -n 's/^import id *//p' begun)
page=$(sed -n 's/^consent page *//p' begun)

printf '\n2. Watch it; after three seconds, the person clicks Allow on the consent page\n'
(sleep 3 && "$bin/python" -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], b"decision=allow")' "$page") &
show spongewatch watch "$id" --base-url "$url" --record import.jsonl

printf '\n3. Download the contacts\n'
show spongewatch contacts "$id" --base-url "$url" --output contacts.csv
show head -n 4 contacts.csv

printf '\n4. Draw a timeline of the recorded watch\n'
show spongewatch timeline import.jsonl

printf '\n"spongewatch import gmail" does steps 1 to 3 in one command.\n'

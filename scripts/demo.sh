#!/usr/bin/env bash
# A first tour on real data: the languages, countries and subdivisions of Debian's iso-codes. Prints each command before
# it runs it, and ends by proving that what was restored equals the original.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/build/release:$PATH PARQUEDB_OWNER=demo PARQUEDB_OPERATOR=ann
source=$PWD/scripts/iso_codes.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
# Prints the command as one would type it, then runs it.
run() {
  local word line=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:,=+-]+$ ]] || word="'$word'"
    line+=" $word"
  done
  printf '\n$%s\n' "$line"
  "$@"
}

say "Real data: ISO countries and their subdivisions, linked, and languages"
python3 "$source" . && ls -l ./*.ndjson | awk '{print $5, $9}'
run parquedb init shop --name world
export PARQUEDB_PATH=$work/shop
run parquedb import --file countries.ndjson
run parquedb import --file subdivisions.ndjson
run parquedb import --file languages.ndjson --namespace languages --id-field alpha_3
run parquedb checkpoint

say "Query it"
run parquedb query subdivisions --filter '{"type":"Republic","code":{"$gte":"RU"}}' --fields name --limit 3
run parquedb query countries --filter '{"$or":[{"alpha_2":"NO"},{"numeric":"578"}]}'

say "Back it up"
run parquedb push --to "$work/backups"

say "An accident: mallory deletes every Norwegian county, and one country"
run parquedb delete subdivisions --filter '{"country":"NO"}' --confirm --operator mallory
run parquedb delete countries/NO --operator mallory

say "Find it in the event trail"
run parquedb events --filter '{"op":"DELETE"}' --namespace countries
before=$(parquedb events --filter '{"op":"DELETE"}' --limit 1 --format ndjson | python3 -c 'import json,sys; print("lsn:%d" % (json.loads(sys.stdin.readline())["lsn"] - 1))')

say "Look at the moment before"
run parquedb query subdivisions --at "$before" --filter '{"country":"NO"}' --count

say "Bring the country back, then the whole namespace"
run parquedb restore --entity countries/NO --at "$before"
run parquedb restore --namespace subdivisions --at "$before" --confirm

say "Restore the backup elsewhere, and prove that it equals what is here"
run parquedb pull "$work/backups" --directory restored
run parquedb verify restored --compare shop
run parquedb stats restored
[[ $(parquedb export --at "$before" | sha256sum) == $(parquedb export | sha256sum) ]] || { echo "the restored data differs" >&2; exit 1; }
say "The restored data equals the original: every record, version, time and link"

#!/usr/bin/env bash
# Provides spire-server and spire-agent for the end-to-end tests, in bin/spire/: built once from the Go module beside this
# file. What SPIRE_ASSETS has already is left to it. Runs side by side wait for each other.
set -euo pipefail
cd "$(dirname "$0")"

out=$(cd ../.. && pwd)/bin/spire
# What is there was made from other versions when this differs.
stamp=$(cat go.mod go.sum | cksum)

say() { echo "spire-assets: $*"; }
fail() { echo "spire-assets: $*" >&2; exit 1; }

mkdir -p "$out"
if command -v flock >/dev/null; then
  exec 9>"$out/.lock"
  flock -n 9 || { say 'another run is at it, waiting for it'; flock 9; }
fi
if [ "$(cat "$out/made-from" 2>/dev/null)" != "$stamp" ]; then
  rm -f "$out"/spire-{server,agent}
  echo "$stamp" >"$out/made-from"
fi
has() { [ -x "$out/$1" ] || { [ -n "${SPIRE_ASSETS:-}" ] && [ -x "$SPIRE_ASSETS/$1" ]; }; }

for name in spire-server spire-agent; do
  has "$name" && continue
  command -v go >/dev/null ||
    fail 'needs Go 1.26 or newer (https://go.dev/dl), or both binaries in the folder that SPIRE_ASSETS names'
  command -v "${CC:-cc}" >/dev/null || fail 'needs a C compiler: the server keeps its entries in SQLite'
  began=$SECONDS
  say "building $name (both take minutes the first time, and are kept)"
  # On the same file system, so that a binary appears whole or not at all.
  CGO_ENABLED=1 GOWORK=off go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' \
    -o "$out/.$name" "github.com/spiffe/spire/cmd/$name" 2> >(grep -v '^go: downloading ' >&2 || true)
  mv "$out/.$name" "$out/$name"
  say "built $name in $((SECONDS - began)) s"
done
version=$(awk '$1 == "github.com/spiffe/spire" {print $2; exit}' go.mod)
say "SPIRE $version is in ${SPIRE_ASSETS:+$SPIRE_ASSETS and }$out"

#!/usr/bin/env bash
# Provides prometheus and promtool for the tests of alerts and dashboards, in bin/prometheus/: built once from the Go module
# beside this file, without the web pages and without service discovery in clouds. What PROMETHEUS_ASSETS has already is left
# to it. Runs side by side wait for each other.
set -euo pipefail
cd "$(dirname "$0")"

out=$(cd ../.. && pwd)/bin/prometheus
# What is there was made from other versions when this differs.
stamp=$(cat go.mod go.sum | cksum)

say() { echo "prometheus-assets: $*"; }
fail() { echo "prometheus-assets: $*" >&2; exit 1; }

mkdir -p "$out"
if command -v flock >/dev/null; then
  exec 9>"$out/.lock"
  flock -n 9 || { say 'another run is at it, waiting for it'; flock 9; }
fi
if [ "$(cat "$out/made-from" 2>/dev/null)" != "$stamp" ]; then
  rm -f "$out"/prom{etheus,tool}
  echo "$stamp" >"$out/made-from"
fi
has() { [ -x "$out/$1" ] || { [ -n "${PROMETHEUS_ASSETS:-}" ] && [ -x "$PROMETHEUS_ASSETS/$1" ]; }; }

for name in promtool prometheus; do
  has "$name" && continue
  command -v go >/dev/null ||
    fail 'needs Go 1.26 or newer (https://go.dev/dl), or both binaries in the folder that PROMETHEUS_ASSETS names'
  began=$SECONDS
  say "building $name (both take minutes the first time, and are kept)"
  # On the same file system, so that a binary appears whole or not at all.
  CGO_ENABLED=0 GOWORK=off go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' -tags remove_all_sd \
    -o "$out/.$name" "github.com/prometheus/prometheus/cmd/$name" 2> >(grep -v '^go: downloading ' >&2 || true)
  mv "$out/.$name" "$out/$name"
  say "built $name in $((SECONDS - began)) s"
done
version=$(awk '$1 == "github.com/prometheus/prometheus" {print $2; exit}' go.mod)
say "Prometheus $version is in ${PROMETHEUS_ASSETS:+$PROMETHEUS_ASSETS and }$out"
